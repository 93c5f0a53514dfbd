# SPDX-License-Identifier: GPL-2.0-or-later
# Claim 1: the system. Elements 1 to 9 and 11: a master with several titles, identifiers
# read from both media, the signature made at the center, written to the target, made
# again at the user's and compared; data copied only when they are the same.

. tests/media/fake-sysfs.sh
media_enter "$0" "$@"
. tests/tap.sh
. tests/claims/lib-scene.sh

scene
tap_ok "the master holds several titles (1, 11)" \
	test "$(mclic list "$MASTER" --json | jq '.titles|length')" = 2
tap_match "the first identifier is read from the master (2)" "$DID1" '^[0-9a-f]{32}$'
tap_match "the second identifier is read from the target (4)" "$MID" '^[0-9a-f]{32}$'
tap_ok "the title is copied" mclic copy "$MASTER" "$TITLE1" "$MEDIUM"
licensed || tap_bail "no licence on the medium"
tap_is "the center's signature (5, 6) stands in the target's region (7, 41)" \
	"$(hex "$SLOT" 272 16)" "$(cmac "$KEYC" "$T_HEX")"
tap_is "the user is a licensee in the center's database (13)" \
	"$(mclicctl --data "$CENTER" licence list --json | jq -r '.licences[0].licence')" "$LICENCE"
mount_fuse "$MEDIUM" "$MNT"
tap_ok "signatures identical: the copied data (9) can be read" \
	diff -r --no-dereference "$TREE1" "$MNT/$TITLE1"
tap_is "and a program runs from it (25, 26)" "$("$MNT/$TITLE1/bin/say" hello)" hello
unmount "$MNT"

# Another first signature: one bit of CS, the CRC made good again.
tap_ok "a medium whose CS differs" cp -r "$MEDIUM" "$T/forged"
i=4096
while [ "$(hex "$T/forged/.mclic/area" $i 8)" = 0000000000000000 ]; do i=$((i + 4096)); done
perl -e '
	use Compress::Raw::Zlib;
	open my $f, "+<:raw", $ARGV[0] or die; seek $f, $ARGV[1], 0;
	read $f, my $s, 4096;
	vec($s, 272, 8) ^= 1;
	substr($s, 4092, 4) = pack "V", Compress::Raw::Zlib::crc32(substr $s, 0, 4092);
	seek $f, $ARGV[1], 0; print $f $s or die;' "$T/forged/.mclic/area" "$i"
mount_fuse "$T/forged" "$MNT"
tap_status "signatures not identical: it cannot be read" 1 cat "$MNT/$TITLE1/charts/baltic.txt"
tap_err "and the reason is the key" "Key was rejected by service"
unmount "$MNT"
rm -r "$T/forged/$TITLE1"
MEDIUM=$T/forged
tap_status "nor can it be copied there" 3 mclic install "$MASTER" "$TITLE1" "$MEDIUM"
tap_ok "not one byte of it" nothing_copied
