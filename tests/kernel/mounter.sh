# SPDX-License-Identifier: GPL-2.0-or-later
#
# mounter.sh - what mount -t mclicfs takes from the user who calls it by sudo: keys and lists,
# but no centers of that user's own.

. tests/tap.sh
# shellcheck source=tests/kernel/lib.sh
. tests/kernel/lib.sh
# shellcheck source=tests/kernel/lib-mount.sh
. tests/kernel/lib-mount.sh

# ---- two centers: one for everybody, and one that a user alone trusts ----

# The folders of the system are in a layer of this machine's own.
modprobe overlay
mkdir "$W/up" "$W/work"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$W/up,workdir=$W/work" /etc ||
	tap_bail "/etc cannot be covered"
at_end "umount /etc"
home=$T/home-of-nobody
sed -i "s,^\(nobody:.*:\)[^:]*:\([^:]*\)\$,\1$home:\2," /etc/passwd

# for_user CMD...: root's programs with the user's folders
for_user() {
	env XDG_CONFIG_HOME="$home/.config" XDG_STATE_HOME="$home/.local/state" "$@"
}

disk disk
filled "$DATA" title="$t" own="$t",personal gone="$t",revoked
mount "$DATA" "$W/fill" || tap_bail "the disk cannot be mounted"
for_user mkmedium --center "$W/center/stranger" "$W/fill" strange="$t" bad="$t",revoked ||
	tap_bail "the disk cannot be filled"
umount "$W/fill"
cp -R "$XDG_CONFIG_HOME/mclic/user-keys" "$home/.config/mclic/"
cp "$XDG_STATE_HOME"/mclic/revocations/* "$home/.local/state/mclic/revocations/"
chown -R nobody "$home"
strange=$(for_user mclic trust list --json | jq -r '.[0].center')

by_sudo() {
	env SUDO_UID="$(id -u nobody)" "$@"
}

# ---- certificates ----

tap_ok "a center for everybody" mclic trust add --system "$W/center/center.pem"
rm -r "$XDG_CONFIG_HOME/mclic/centers"
before
tap_ok "a user mounts by sudo" by_sudo mount -t mclicfs "$DISK" "$D"
tap_err "... a center of that user's own is named, with the remedy" \
	"only one user trusts.*mclic trust add --system $home/.config/mclic/centers/$strange.pem"
call "... and the kernel does not believe it" ENOKEY open "$D/strange/f" r
tap_cmp "... but the one that is everybody's" "$D/title/f" "$t/f"
tap_cmp "... with the user's key" "$D/own/f" "$t/f"
call "... and the user's lists, of which one is of nobody the kernel knows" \
	EKEYREVOKED open "$D/gone/f" r
umount "$D"
clean "no certificate came into the kernel"
tap_ok "root lets everybody trust it" \
	mclic trust add --system "$home/.config/mclic/centers/$strange.pem"
tap_ok "the user mounts again" by_sudo mount -t mclicfs "$DISK" "$D"
tap_nomatch "... nobody is named" "$(cat "$ERR")" "trust"
tap_cmp "... the title is open" "$D/strange/f" "$t/f"
call "... and the user's list of it is in force" EKEYREVOKED open "$D/bad/f" r
tap_ok "root trusts it no more" mclic trust remove --system "$strange"
call "... and nobody does" ENOKEY open "$D/strange/f" r
umount "$D"
tap_ok "root's own center" mclic trust add "$home/.config/mclic/centers/$strange.pem"
keyctl clear %:.mclic
tap_ok "root mounts" mount -t mclicfs "$DISK" "$D"
tap_cmp "... it is believed, for root says so" "$D/strange/f" "$t/f"
umount "$D"

# ---- keys ----

for key in "$home"/.config/mclic/user-keys/*.key; do
	for generation in $(seq 2 40); do
		cp "$key" "${key%-*}-$generation.key"
	done
done
chown -R nobody "$home/.config/mclic/user-keys"
before
tap_ok "a user with the keys of 40 generations mounts" by_sudo mount -t mclicfs "$DISK" "$D"
tap_cmp "... and the title opens" "$D/own/f" "$t/f"
umount "$D"
clean "... and none of them is left"

# ---- whose ----

for uid in 54321 4294967296 nobody ""; do
	tap_status "SUDO_UID=$uid is nobody: refused" 32 \
		env SUDO_UID="$uid" mount.mclicfs "$DISK" "$D"
	tap_err "... and it is said why" "SUDO_UID=$uid: there is no such user"
done
clean "... and nothing is left behind"

# ---- the process, when it is mounted ----

# Until it is ended it stays where it says that it is done.
mkfifo "$W/pipe"
exec 3<>"$W/pipe"
perl -MFcntl -e 'sysopen my $f, $ARGV[0], O_WRONLY | O_NONBLOCK or die;
	1 while defined syswrite $f, "x" x 4096' "$W/pipe"
echo 1 >/proc/sys/fs/suid_dumpable
at_end "echo 0 >/proc/sys/fs/suid_dumpable"
env SUDO_UID="$(id -u nobody)" setpriv --bounding-set -sys_ptrace \
	stdbuf -o0 mount.mclicfs -v "$DISK" "$D" >&3 3>&- &
helper=$!
poll 20 is_mclicfs "$D" || tap_bail "the disk is not mounted"
tap_is "the helper is there" "$(cat "/proc/$helper/comm")" mount.mclicfs
tap_status "what it has in memory is closed to others of its user" 1 \
	setpriv --bounding-set -sys_ptrace cat "/proc/$helper/environ"
kill -KILL $helper
wait $helper 2>/dev/null
tap_cmp "killed as soon as it is mounted, the title is open" "$D/own/f" "$t/f"
tap_ok "the mount can be locked" mclic lock "$D"
call "... and has no key any more" ENOKEY open "$D/own/f" r
umount "$D"
exec 3>&-
