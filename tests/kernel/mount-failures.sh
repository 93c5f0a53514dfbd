# SPDX-License-Identifier: GPL-2.0-or-later
#
# mount-failures.sh - mount -t mclicfs fails at each of its steps, or is killed, and nothing is
# left behind.

. tests/tap.sh
# shellcheck source=tests/kernel/lib.sh
. tests/kernel/lib.sh
# shellcheck source=tests/kernel/lib-mount.sh
. tests/kernel/lib-mount.sh

# ---- what fails ----

# fails NAME STATUS TEXT SOURCE DIR [ARG...]
fails() {
	_what=$1
	_status=$2
	_text=$3
	shift 3
	tap_status "$_what: refused" "$_status" mount.mclicfs "$@"
	tap_err "$_what: said" "$_text"
	clean "$_what: nothing is left behind"
}

mclic format "$W/image" --size 32M >"$W/format"
disk mo
other=$AREA
disk disk
filled "$DATA" title="$t"
mount -t mclicfs "$DISK" "$D" && umount "$D"
: >"$W/file"
truncate -s 8M "$W/zeroes"
head -c 100 /dev/urandom >"$W/short"
before
fails "no such source" 32 "No such file" "$W/nothing" "$D"
fails "no such directory" 32 "No such file" "$DISK" "$W/nothing"
fails "a file to mount on" 32 "Not a directory" "$DISK" "$W/file"
fails "a character device" 32 "neither a directory" /dev/null "$D"
fails "an image without a file system" 32 "no file system" "$W/zeroes" "$D"
fails "an image that is too short" 32 "." "$W/short" "$D"
fails "the area for the data" 32 "no file system" "$AREA" "$D"
fails "an area of another disk" 32 "area" "$DISK" "$D" -o "area=$other"
fails "an area that is not there" 32 "area" "$DISK" "$D" -o area=/nothing
fails "a key that is not there" 32 "key" "$DISK" "$D" -o key=123456
fails "a key that is another's" 32 "key" "$DISK" "$D" -o "key=$(keyctl id %:.mclic)"
fails "too much readahead" 32 "readahead" "$DISK" "$D" -o readahead=99999999

# From here on the disk is spoiled, one step after the other.
dd if="$DATA" of="$W/saved" bs=1M count=1 status=none
dd if=/dev/urandom of="$DATA" bs=1 seek=1124 count=300 conv=notrunc,fsync status=none
blockdev --flushbufs "$DATA"
fails "a file system that is damaged" 32 "." "$DISK" "$D"
dd if="$W/saved" of="$DATA" bs=1M conv=notrunc,fsync status=none
printf 'garbage' >"$XDG_STATE_HOME/mclic/revocations/garbage.mclrev"
tap_ok "a revocation list that is damaged" mount -t mclicfs "$DISK" "$D"
tap_err "... is told" "garbage"
umount "$D"
rm "$XDG_STATE_HOME/mclic/revocations/garbage.mclrev"

mv "$XDG_CONFIG_HOME/mclic/centers" "$XDG_CONFIG_HOME/mclic/centers.away"
keyctl clear %:.mclic
mkdir "$XDG_CONFIG_HOME/mclic/centers"
tap_ok "without the center's certificate" mount -t mclicfs "$DISK" "$D"
call "... no title opens" ENOKEY open "$D/title/f" r
rmdir "$XDG_CONFIG_HOME/mclic/centers"
mv "$XDG_CONFIG_HOME/mclic/centers.away" "$XDG_CONFIG_HOME/mclic/centers"
tap_status "with it, a mount that fails" 32 mount.mclicfs "$DISK" "$W/dir2" -o key=123456
call "... leaves it to the other" ok open "$D/title/f" r
umount "$D"

# In a partition table with two file systems nobody knows which is meant.
two=$(readlink -f /dev/media/mo)
printf 'label: gpt\nsize=16M\nsize=16M\n' | sfdisk -q "$two" >"$W/log" 2>&1
mkfs.ext4 -qF "$(partition "$two" 1)"
mkfs.ext4 -qF "$(partition "$two" 2)"
before
fails "two file systems on a disk" 32 "more than one" "$two" "$D"
tap_ok "but each alone" mount -t mclicfs "$(partition "$two" 2)" "$D"
umount "$D"

# ---- killed ----

before
i=0
while [ $i -lt 12 ]; do
	i=$((i + 1))
	mount.mclicfs "$W/image" "$D" >/dev/null 2>&1 &
	pid=$!
	# spread over the time that a mount takes
	perl -e 'select undef, undef, undef, $ARGV[0] * 0.02' "$i"
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	! is_mclicfs "$D" || umount "$D"
done
# A certificate that was given stays: it is the system's, not the mount's.
grep -v asymmetri "$W/before" >"$W/x" && mv "$W/x" "$W/before"
as_before() {
	state | grep -v asymmetri | cmp -s - "$W/before"
}
clean "a mount that is killed at any time leaves nothing but a certificate"

at_end "sh tests/qemu/load"
tap_ok "the module can be unloaded" rmmod mclicfs
tap_status "without it a mount fails" 32 mount -t mclicfs "$DISK" "$D"
tap_err "... and it is said why" "no mclicfs: the module"
