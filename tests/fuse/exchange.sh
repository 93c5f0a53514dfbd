# SPDX-License-Identifier: GPL-2.0-or-later
#
# A medium that is exchanged while it is mounted: nothing of a title is read any more,
# from the page cache neither, until it is mounted anew.

. tests/tap.sh

WHO=root
# shellcheck source=tests/fuse/lib.sh
. tests/fuse/lib.sh

is_root || tap_skip_all "only root may exchange the medium of a loop device"

mkdir -p "$W/tree" "$W/medium" "$M"
head -c 300000 /dev/urandom >"$W/tree/f"
truncate -s 32M "$W/image"
mke2fs -q -F -t ext4 "$W/image" || tap_bail "no image"
mount -o loop "$W/image" "$W/medium" || tap_bail "no loop device"
medium medium t="$W/tree"
echo plain >"$W/medium/plain"
umount "$W/medium"
cp "$W/image" "$W/other"

loop=$(losetup --find --show --read-only "$W/image")
at_end "umount -l '$M' '$W/medium' 2>/dev/null; losetup -d $loop"
mount -o ro,noload "$loop" "$W/medium" || tap_bail "the image cannot be mounted"
mount_fuse "$W/medium" "$M" || tap_bail "cannot mount"
tap_ok "before" cmp "$M/t/f" "$W/tree/f"
hold "$M/t/f"
exec 6<"$M/t/f"
perl -e 'my ($loop, $file) = @ARGV; open(L, "<", $loop) or die; open(F, "<", $file) or die;
	ioctl(L, 0x4c06, fileno(F)) or die "$!\n"' "$loop" "$W/other" ||
	tap_bail "the loop device does not let its medium be exchanged"

call "open" EMEDIUMTYPE open "$M/t/f" r
cannot_read() { ! dd bs=1 count=1 <&6; }
tap_ok "a file that was open cannot be read, either" poll 10 cannot_read
call "open again" EMEDIUMTYPE open "$M/t/f" r
exec 6<&-
let_go
tap_match "though it was in the page cache" \
	"$(cat "$W/error")" "Wrong medium type"
tap_is "nothing came out of it" "$(stat -c %s "$T/read")" 0
tap_match "the log says so, once" "$(grep -c exchanged "$M.log")" '^1$'
unmount "$M"
umount "$W/medium"
mount -o ro,noload "$loop" "$W/medium" || tap_bail "the other image cannot be mounted"
mount_fuse "$W/medium" "$M" || tap_bail "cannot mount"
tap_ok "a new mount judges anew" cmp "$M/t/f" "$W/tree/f"
