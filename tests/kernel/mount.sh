# SPDX-License-Identifier: GPL-2.0-or-later
#
# mount.sh - mount -t mclicfs of every kind of source: disks and partitions with identifiers of
# their own, images, directories; what each shows, and that nothing is left behind.

. tests/tap.sh
# shellcheck source=tests/kernel/lib.sh
. tests/kernel/lib.sh
# shellcheck source=tests/kernel/lib-mount.sh
. tests/kernel/lib-mount.sh

# ---- disks and partitions, with real identifiers ----

first=1
for kind in mo sd nvme usb virtio disk; do
	disk "$kind"
	filled "$DATA" title="$t" own="$t",personal
	before
	tap_ok "$kind: mount the disk" mount -t mclicfs "$DISK" "$D"
	tap_cmp "$kind: it shows a title" "$D/title/f" "$t/f"
	tap_cmp "$kind: and one of a personal licence, with the user's key" "$D/own/f" "$t/f"
	tap_is "$kind: it is known by the disk" "$(source_of "$D")" "$DISK"
	tap_match "$kind: its area is the partition" "$(mount_of "$D")" "area=$AREA(,|\$)"
	tap_match "$kind: nobody's programs are root's" "$(mount_of "$D")" "nosuid,nodev"
	tap_status "$kind: what is below is seen nowhere" 1 findmnt -n -S "$DATA"
	tap_is "$kind: the kernel names the medium as the tools do" \
		"$(mclic info --json "$D" | jq -r .medium.mid)" \
		"$(mclic info --json "$DISK" | jq -r .medium.mid)"
	tap_is "$kind: and the licences hold" \
		"$(mclic list --json "$D" | jq -r '[.licences[].state]|join(" ")')" "valid valid"
	tap_ok "$kind: every file can be read" mclic verify "$D"
	tap_ok "$kind: unmount" umount "$D"
	[ "$first" = 1 ] || clean "$kind: nothing is left behind"
	first=0
	before
	tap_ok "$kind: mount the partition" mount -t mclicfs "$DATA" "$D"
	tap_cmp "$kind: it shows the title, too" "$D/title/f" "$t/f"
	tap_match "$kind: with the same area" "$(mount_of "$D")" "area=$AREA(,|\$)"
	umount "$D"
	clean "$kind: nothing is left behind of the partition"
done

# The last disk has the medium that the rest is about.
tap_is "the certificate of the center is in the kernel" \
	"$(state | grep -c 'asymmetri mclic center')" 1

for fs in vfat udf; do
	disk mo "$fs"
	filled "$DATA" title="$t"
	before
	tap_ok "2048-byte sectors with $fs: mount" mount -t mclicfs "$DISK" "$D"
	tap_cmp "2048-byte sectors with $fs: it shows the title" "$D/title/f" "$t/f"
	umount "$D"
	clean "2048-byte sectors with $fs: nothing is left behind"
done
disk disk
filled "$DATA" title="$t" own="$t",personal gone="$t",revoked

before
tap_ok "a revocation list counts from the first open" mount -t mclicfs "$DISK" "$D"
call "a licence on it is refused" EKEYREVOKED open "$D/gone/f" r
umount "$D"

# ---- images ----

mclic format "$W/image" --size 32M >"$W/format"
loop=$(losetup -fP --show "$W/image")
filled "${loop}p2" title="$t"
losetup -d "$loop"
before
tap_ok "an image of a disk" mount -t mclicfs "$W/image" "$D"
tap_cmp "shows the title" "$D/title/f" "$t/f"
tap_is "is known by its file" "$(source_of "$D")" "$W/image"
tap_ok "a second mount of it" mount -t mclicfs "$W/image" "$W/dir2"
tap_cmp "shows the title, too" "$W/dir2/title/f" "$t/f"
tap_is "and uses the same loop device" "$(losetup -nO NAME -j "$W/image" | wc -l)" 1
umount "$D"
tap_cmp "which stays for it" "$W/dir2/title/f" "$t/f"
umount "$W/dir2"
clean "nothing is left behind of an image"

truncate -s 32M "$W/plain"
mkfs.ext4 -q "$W/plain"
loop=$(losetup -f --show "$W/plain")
filled "$loop" title="$t"
losetup -d "$loop"
before
tap_ok "an image without partitions" mount -t mclicfs "$W/plain" "$D"
tap_cmp "has its area in a file" "$D/title/f" "$t/f"
umount "$D"
clean "nothing is left behind of that"

sum=$(cksum <"$W/plain")
tap_ok "read-only" mount -t mclicfs -o ro "$W/plain" "$D"
tap_cmp "it shows the title" "$D/title/f" "$t/f"
umount "$D"
tap_is "and does not change a byte of the image" "$(cksum <"$W/plain")" "$sum"
mkdir "$W/locked"
mount --bind "$W" "$W/locked" && mount -o remount,bind,ro "$W/locked"
before
tap_ok "an image that cannot be written" mount -t mclicfs "$W/locked/plain" "$D"
tap_cmp "is mounted read-only below" "$D/title/f" "$t/f"
umount "$D"
clean "nothing is left behind of that one"
umount "$W/locked"

cp "$W/image" "$W/sectors"
disk mo
dd if="$DISK" of="$W/sectors" bs=1M status=none
before
tap_ok "an image of a disk with 2048-byte sectors" mount -t mclicfs "$W/sectors" "$D"
umount "$D"
clean "nothing is left behind of that image"

# ---- directories ----

medium lower title="$t" own="$t",personal
before
tap_ok "a directory" mount -t mclicfs "$W/lower" "$D"
tap_cmp "shows the title" "$D/title/f" "$t/f"
tap_nomatch "has no options that nobody gave" "$(mount_of "$D")" "nosuid|nodev"
umount "$D"
clean "nothing is left behind of a directory"
mkdir "$W/strict"
mount -t tmpfs -o nosuid,nodev,noexec tmpfs "$W/strict"
cp "$(command -v id)" "$W/strict/sid" && chmod 4755 "$W/strict/sid"
mknod -m 666 "$W/strict/null" c 1 3
chmod 755 "$W" "$D"
for option in ro suid,dev,exec; do
	tap_ok "a directory of a mount that refuses a lot, with $option" \
		mount -t mclicfs -o "$option" "$W/strict" "$D"
	tap_match "$option: as much is refused" "$(mount_of "$D")" "nosuid,nodev,noexec"
	tap_is "$option: a device does not open" "$(fscall open "$D/null" r)" EACCES
	tap_status "$option: a program does not run" 126 as_user "$D/sid" -u
	umount "$D"
done
mount -o remount,nosuid,nodev,exec "$W/strict"
tap_ok "a directory of a mount that refuses less" \
	mount -t mclicfs -o suid,dev "$W/strict" "$D"
tap_is "programs run as who runs them" "$(as_user "$D/sid" -u)" "$(as_user id -u)"
umount "$D"
mount -o remount,suid,dev,exec "$W/strict"
tap_ok "a directory of a mount that refuses nothing" mount -t mclicfs "$W/strict" "$D"
tap_is "devices open" "$(fscall open "$D/null" r)" ok
tap_is "programs run as who owns them" "$(as_user "$D/sid" -u)" 0
umount "$D"
umount "$W/strict"
tap_ok "a directory over itself" mount -t mclicfs "$W/lower" "$W/lower"
tap_cmp "shows the title in its place" "$W/lower/title/f" "$t/f"
tap_status "mclic copy names the directory below" 1 mclic copy x.iso x "$W/lower"
umount "$W/lower"
tap_isnt "and is as it was" "$(cksum <"$W/lower/title/f")" "$(cksum <"$t/f")"
clean "nothing is left behind of that mount"
tap_status "a mount of mclicfs below another" 32 \
	sh -c 'mount -t mclicfs "$1" "$2" && mount -t mclicfs "$2" "$3"' sh "$W/lower" "$D" "$W/dir2"
umount "$D"
clean "is refused and leaves nothing"
