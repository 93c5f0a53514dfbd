# SPDX-License-Identifier: GPL-2.0-or-later
# Claim 5: the system with conversion keys. Ku from Mid, Ka from DID at the center (31, 35,
# 36); EMid(Ku) in the target's region (41); Data taken from the master with Ka and put on
# the target under Ku (51, 52, 53); executed from there (54, 55).

. tests/media/fake-sysfs.sh
media_enter "$0" "$@"
. tests/tap.sh
. tests/claims/lib-scene.sh

scene
tap_ok "the title is copied" mclic copy "$MASTER" "$TITLE1" "$MEDIUM"
licensed || tap_bail "no licence on the medium"
tap_is "EMid(Ku) stands in the region and opens with Mid (54)" \
	"$(gcm_ctr "$(kdf "$KU" "mclic EMid" "$MID$T_HASH")" "$(hex "$SLOT" 336 32)")" "$MEDIUM_KEY"
for f in bin/say charts/baltic.txt charts/relief.bin; do
	tap_isnt "$f lies encrypted on the target" \
		"$(hex "$MEDIUM/$TITLE1/$f" 0 64)" "$(hex "$TREE1/$f" 0 64)"
done
mount_fuse "$MEDIUM" "$MNT"
tap_ok "it is decrypted as it is read (55)" diff -r --no-dereference "$TREE1" "$MNT/$TITLE1"
tap_is "and executed" "$("$MNT/$TITLE1/bin/say" from the medium)" "from the medium"
unmount "$MNT"

# Keys in the wrong places: on the target, on the master, in the user's files
"$B/tests/tools/keyscan" "$CENTER/keys/km-1.key" "$USER" 1 "$DID1" 1 "$MID" "$SLOT" \
	"$CENTER" >"$T/found"
tap_match "the key scanner finds KM where it belongs" "$(cat "$T/found")" "^KM .*km-1.key"
tap_ok "no Ka, Ku, KEYc or plain KU on target, master or in the state" \
	"$B/tests/tools/keyscan" "$CENTER/keys/km-1.key" "$USER" 1 "$DID1" 1 "$MID" "$SLOT" \
	"$MEDIUM" "$MASTER" "$XDG_STATE_HOME"
plain=$(hex "$TREE1/charts/relief.bin" 1000000 24)
tap_is "no plaintext on the target, nor anywhere else but where it came from" \
	"$(find "$T" -type f -exec perl -e 'my $plain = pack "H*", shift; local $/;
		for (@ARGV) { open my $f, "<:raw", $_ or die; print if index(<$f>, $plain) >= 0 }' \
		"$plain" {} +)" "$TREE1/charts/relief.bin"
