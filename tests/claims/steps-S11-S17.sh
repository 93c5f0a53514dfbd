# SPDX-License-Identifier: GPL-2.0-or-later
# Steps S11 to S17 of FIG. 7: the second embodiment, with conversion keys.

. tests/media/fake-sysfs.sh
media_enter "$0" "$@"
. tests/tap.sh
. tests/claims/lib-scene.sh

scene
tap_ok "mclic copy --trace ends well" mclic copy --trace "$MASTER" "$TITLE1" "$MEDIUM"
cp "$ERR" "$T/trace"
licensed || tap_bail "no licence on the medium"
step() {
	grep "^$1 " "$T/trace"
}

tap_match "S11: Mid and DID go to the center" "$(step S11)" "DID=$DID1 MID=$MID"
tap_match "S12: the center looks whether DID is registered" "$(step S12)" "$DID1"
tap_is "S13: Ku is made from KM and Mid, and from the title" \
	"$(gcm_ctr "$(kdf "$KU" "mclic EMid" "$MID$T_HASH")" "$(hex "$SLOT" 336 32)")" "$MEDIUM_KEY"
tap_isnt "S14: EMid(Ku,Ka) comes back" "$(step S14)" ""
tap_is "S14: and the licence is billed, once" \
	"$(mclicctl --data "$CENTER" ledger list --json | jq '.entries|length')" 1
tap_isnt "S15: the two keys are unwrapped with Mid" "$(step S15)" ""
curl -sf --cacert "$CENTER_CA" --data-binary "@$(echo "$XDG_STATE_HOME"/mclic/licences/*)" \
	-H 'Content-Type: application/vnd.mclic.request' -o "$T/answer" "$CENTER_URL/v1/licences"
tap_is "S15: EMid(Ku) lies on the medium as it came" "$(hex "$SLOT" 336 48)" \
	"$(hex "$T/answer" 352 48)"

# S16 and S17, on the first block of a file
SEALED="$MEDIUM/$TITLE1/charts/relief.bin"
first_block() {
	_len=$(stat -c %s "$1")
	_salt=$(hex "$1" $((_len - 68)) 16)
	_id=$(hex "$1" $((_len - 88)) 16)
	gcm_ctr "$(kdf "$2" "mclic file" "$DID1$_id$_salt")" "$(hex "$1" 0 4096)"
}
PLAIN=$(hex "$TREE1/charts/relief.bin" 0 4096)
xorriso -osirrox on -indev "$MASTER" -extract "/$TITLE1/charts/relief.bin" "$T/master.bin" \
	>"$T/xorriso.log" 2>&1
tap_isnt "S16: EKa(Data) is opened" "$(step S16)" ""
tap_is "S16: what lies on the master is the data under Ka" \
	"$(first_block "$T/master.bin" "$MASTER_KEY")" "$PLAIN"
tap_isnt "S17: EKu(Data) is written" "$(step S17)" ""
tap_is "S17: what lies on the target is the data under Ku" \
	"$(first_block "$SEALED" "$MEDIUM_KEY")" "$PLAIN"
tap_isnt "S17: and Ka opens it no more" "$(first_block "$SEALED" "$MASTER_KEY")" "$PLAIN"
tap_is "S11 to S17 happen in this order" \
	"$(grep -Eo '^S1[1-7] ' "$T/trace" | awk '!seen[$1]++ { printf "%s ", $1 }')" \
	"S11 S12 S13 S14 S15 S16 S17 "

# S12, the other way: a DID nobody registered. Elements 32, 33, 34.
tap_status "S12: an unknown title is not found" 22 \
	curl -sf --cacert "$CENTER_CA" "$CENTER_URL/v1/products/$(id16 00)"
