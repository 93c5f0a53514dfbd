# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-exchange.sh - a medium that is exchanged while it is mounted: nothing of a title is read
# any more, from the page cache neither, until it is mounted anew.

# shellcheck source=tests/fuse/lib.sh
. tests/fuse/lib.sh

is_root || tap_skip_all "only root may exchange the medium of a loop device"

who mkdir -p "$W/tree" "$W/medium"
who sh -c 'head -c 300000 /dev/urandom >"$1/f"' sh "$W/tree"
truncate -s 32M "$W/image"
mke2fs -q -F -t ext4 "$W/image" || tap_bail "no image"
mount -o loop "$W/image" "$W/medium" || tap_bail "no loop device"
[ "$WHO" = root ] || user_dir "$W/medium"
medium medium t="$W/tree"
umount "$W/medium"
cp "$W/image" "$W/image2"

loop=$(losetup --find --show --read-only "$W/image")
at_end "umount -l '$M' '$W/medium' 2>/dev/null; losetup -d $loop"
mount -o ro,noload "$loop" "$W/medium" || tap_bail "the image cannot be mounted"
mounted "$W/medium"
tap_ok "before" who cmp "$M/t/f" "$W/tree/f"
hold "$M/t/f"
# A second one, read once the medium is another: over when it cannot be.
who sh -c 'exec 3<"$1" && : >"$2/open" || exit
	until [ -e "$2/other" ]; do sleep 0.05; done
	while [ -e "$2/other" ] && dd bs=1 count=1 <&3; do sleep 0.05; done
	: >"$2/over"' sh "$M/t/f" "$W" >"$T/dd.out" 2>&1 &
reader=$!
poll 60 test -e "$W/open" || tap_bail "the file cannot be held open"
perl -e 'my ($loop, $file) = @ARGV; open(L, "<", $loop) or die; open(F, "<", $file) or die;
	ioctl(L, 0x4c06, fileno(F)) or die "$!\n"' "$loop" "$W/image2" ||
	tap_bail "the loop device does not let its medium be exchanged"

call "open" EMEDIUMTYPE open "$M/t/f" r
who touch "$W/other"
tap_ok "a file that was open cannot be read, either" poll 10 test -e "$W/over"
call "open again" EMEDIUMTYPE open "$M/t/f" r
rm "$W/other"
wait $reader
let_go
tap_match "though it was in the page cache" \
	"$(cat "$W/error")" "Wrong medium type"
tap_is "nothing came out of it" "$(stat -c %s "$T/read")" 0
tap_match "the log says so, once" "$(grep -c exchanged "$M.log")" '^1$'
unmount "$M"
umount "$W/medium"
mount -o ro,noload "$loop" "$W/medium" || tap_bail "the other image cannot be mounted"
mounted "$W/medium"
tap_ok "a new mount judges anew" who cmp "$M/t/f" "$W/tree/f"
