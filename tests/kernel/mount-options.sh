# SPDX-License-Identifier: GPL-2.0-or-later
#
# mount-options.sh - the options of mount -t mclicfs, as people, fstab and systemd write them; and
# whose keys it takes.

. tests/tap.sh
# shellcheck source=tests/kernel/lib.sh
. tests/kernel/lib.sh
# shellcheck source=tests/kernel/lib-mount.sh
. tests/kernel/lib-mount.sh

# ---- options ----

disk disk
filled "$DATA" title="$t" own="$t",personal
# The certificate stays in the kernel once there was a mount.
mount -t mclicfs "$DISK" "$D" && umount "$D"
before
tap_ok "every generic option" mount -t mclicfs "$DISK" "$D" -o \
	"user,ro,noexec,suid,dev,noatime,nodiratime,nofail,noauto,_netdev,comment=x,x-systemd.automount,x-y"
for word in ro suid dev noexec nodiratime; do
	case $word in
	suid | dev) tap_nomatch "... $word" "$(mount_of "$D")" "no$word" ;;
	*) tap_match "... $word" "$(mount_of "$D")" "(^|[ ,])$word([ ,]|\$)" ;;
	esac
done
umount "$D"
tap_ok "SELinux's without SELinux" mount -t mclicfs "$DISK" "$D" \
	-o 'context="system_u:object_r:removable_t:s0:c1,c2",rootcontext=x,defcontext=y'
umount "$D"
tap_ok "readahead" mount -t mclicfs "$DISK" "$D" -o readahead=64
tap_match "... is shown" "$(mount_of "$D")" "readahead=64"
tap_ok "remount" mount -o remount,noexec,strictatime,readahead=256 "$D"
tap_match "... changes the mount" "$(mount_of "$D")" "noexec"
tap_match "... and the super block" "$(mount_of "$D")" "readahead=256"
tap_cmp "... and the title is still there" "$D/title/f" "$t/f"
tap_status "remount for writing" 32 mount.mclicfs "$DISK" "$D" -o remount,rw
tap_err "... says why not" "read-only"
for way in mount.mclicfs "mount -t mclicfs"; do
	# shellcheck disable=SC2086 # words
	tap_status "remount with another area by $way" 32 $way "$DISK" "$D" -o remount,ro,area=/dev/null
	tap_err "... says that it cannot be" "area= cannot be changed"
done
tap_ok "remount with the same area" mount.mclicfs "$DISK" "$D" -o "remount,area=$AREA,readahead=128"
tap_match "... is obeyed" "$(mount_of "$D")" "readahead=128"
tap_ok "remount without one, which mount(8) adds" mount -o remount,noexec "$D"
tap_ok "remount without one" mount.mclicfs "$DISK" "$D" -o remount,noatime
tap_match "... keeps the one it has" "$(mount_of "$D")" "area=$AREA(,|\$)"
umount "$D"
tap_status "an unknown option" 32 mount -t mclicfs "$DISK" "$D" -o flavour=mint
tap_err "... is named, in the kernel's words or ours" "flavour"
clean "... and leaves nothing"
tap_ok "with -s it passes" mount -s -t mclicfs "$DISK" "$D" -o flavour=mint
umount "$D"
tap_ok "-f does all but the mount" mount.mclicfs -f -v "$DISK" "$D"
tap_out "... and -v says so" "$DISK .*would be mounted on $D, licence area $AREA"
tap_status "... and it is not mounted" 1 is_mclicfs "$D"
tap_ok "-n -r -w and -t are accepted" mount.mclicfs -n -w -r -t mclicfs "$DISK" "$D"
umount "$D"
for line in "" "$DISK" "$DISK $D $D" "-q $DISK $D" "$DISK $D -o lower=/"; do
	# shellcheck disable=SC2086 # words
	tap_status "usage: mount.mclicfs $line" 1 mount.mclicfs $line
done
tap_status "an ordinary user may not" 1 as_user "$SBIN/mount.mclicfs" "$DISK" "$D"
clean "nothing is left behind of all that"

# ---- keys ----

key=$(user_keys)
before
tap_ok "key=" mount -t mclicfs "$DISK" "$D" -o "key=$key"
tap_cmp "... opens the personal title" "$D/own/f" "$t/f"
umount "$D"
clean "... and the key is where it was"
keyctl revoke "$key"
keyctl clear @u
poll 20 sh -c '! keyctl describe "$1"' sh "$key"
before
call_with() {
	env SUDO_UID="$1" mount -t mclicfs "$DISK" "$D" || return 1
	fscall open "$D/own/f" r
	umount "$D"
}
tap_is "under sudo the keys are those of the one who called it" \
	"$(call_with "$(id -u nobody)")" ENOKEY
tap_is "... and root's where root did" "$(call_with 0)" ok
clean "... and no key is left"

# ---- fstab ----

{
	echo "$DISK $D mclicfs ro,nofail,x-systemd.device-timeout=5s 0 0"
	echo "/dev/no-such-disk $W/dir2 mclicfs ro,nofail 0 0"
} >"$W/fstab"
before
tap_ok "fstab, with a medium that is not there" mount -T "$W/fstab" -a
tap_cmp "mounts the one that is" "$D/title/f" "$t/f"
tap_ok "once more" mount -T "$W/fstab" -a
tap_is "mounts nothing twice" "$(findmnt -nro TARGET -t mclicfs | wc -l)" 1
tap_ok "umount by the device" umount "$DISK"
clean "nothing is left behind of fstab"
