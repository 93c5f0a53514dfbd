# SPDX-License-Identifier: GPL-2.0-or-later
# Claim 4: the method, nine steps in order, each by its own command over any channel, so
# that each can be seen to need the one before.

. tests/media/fake-sysfs.sh
media_enter "$0" "$@"
. tests/tap.sh
. tests/claims/lib-scene.sh

scene
tap_status "nothing is copied before there is a licence" 3 \
	mclic install "$MASTER" "$TITLE1" "$MEDIUM"
tap_ok "... not one byte" nothing_copied

tap_ok "1: identifiers and request are written for the center" \
	mclic request "$MASTER" "$TITLE1" "$MEDIUM" -o "$T/r.mclreq"
tap_is "... with the contents identifier" "$(hex "$T/r.mclreq" 16 16)" "$DID1"
tap_is "... and the medium's" "$(hex "$T/r.mclreq" 32 16)" "$MID"
tap_ok "2, 3, 4: the center makes CS and EKU(KEYc) and sends them" \
	curl -sf --cacert "$CENTER_CA" --data-binary "@$T/r.mclreq" \
	-H 'Content-Type: application/vnd.mclic.request' -o "$T/r.mclres" \
	"$CENTER_URL/v1/licences"
tap_ok "... nothing is copied by that" nothing_copied
tap_ok "5: they are written to the target; 6, 7, 8: KEYc decrypted from there, CS' made and compared" \
	mclic import --trace "$T/r.mclres" "$MEDIUM"
tap_is "... in this order" "$(grep -Eo '^S[3-5] ' "$ERR" | tr -d '\n')" "S3 S4 S5 "
tap_ok "... still nothing is copied" nothing_copied
tap_ok "9: now the data file is" mclic install "$MASTER" "$TITLE1" "$MEDIUM"
licensed
tap_is "5: what was written is what the center sent" "$(hex "$T/r.mclres" 16 904)" \
	"$(hex "$SLOT" 0 904)"
tap_ok "the copy is whole" mclic verify "$MEDIUM" "$TITLE1"
