# SPDX-License-Identifier: GPL-2.0-or-later
# Steps S1 to S7 of FIG. 2: the first embodiment, as they happen in "mclic copy".

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

tap_match "S1: the title's and the medium's identifier go to the center" "$(step S1)" \
	"DID=$DID1 MID=$MID"
tap_match "S2: CS comes with EKU(KEYc) and IDc" "$(step S2)" \
	"CS=$(hex "$SLOT" 272 16).*IDc=$(hex "$SLOT" 48 16)"
tap_is "S2: CS is the CMAC under KEYc of the title's and the medium's identifier" \
	"$(hex "$SLOT" 272 16)" "$(cmac "$KEYC" "$T_HEX")"
WRAP=$(kdf "$KU" "mclic EKU" "$MID$T_HASH")
tap_is "S2: EKU(KEYc) is KEYc encrypted with the user key" \
	"$(gcm_ctr "$WRAP" "$(hex "$SLOT" 288 32)")" "$KEYC"
tap_isnt "S3: it is written to the medium's reserved region" "$(step S3)" ""
tap_isnt "S4: CS' is computed from what is read back" "$(step S4)" ""
tap_isnt "S5: CS and CS' are compared" "$(step S5)" ""
tap_isnt "S7: and the title copied" "$(step S7)" ""
tap_is "S1 to S7 happen in this order" \
	"$(grep -Eo '^S[1-7] ' "$T/trace" | awk '!seen[$1]++ { printf "%s ", $1 }')" \
	"S1 S2 S3 S4 S5 S7 "

# S6: the medium gives back other bytes than were written. A licence is asked for and
# answered for one medium, and imported where the identifier has changed since.
mkdir "$T/second"
mclic format --area-file "$T/second"
tap_ok "a request for a second medium" \
	mclic request "$MASTER" "$TITLE2" "$T/second" -o "$T/second.mclreq"
tap_ok "is answered by the center" \
	curl -sf --cacert "$CENTER_CA" --data-binary "@$T/second.mclreq" \
	-H 'Content-Type: application/vnd.mclic.request' -o "$T/second.mclres" \
	"$CENTER_URL/v1/licences"
# ... where CS is not what CS' comes to, though the center signed it
cp "$T/second.mclres" "$T/forged.mclres"
flip "$T/forged.mclres" 288
resign "$T/forged.mclres" || tap_bail "cannot sign"
tap_status "S6: a CS that is not CS' is refused" 3 \
	mclic import --trace "$T/forged.mclres" "$T/second"
tap_err "S4: after CS' was computed from what was read back" "^S4 CS' computed"
tap_err "S5: and found to be another" "^S5 the licence does not hold: its certificate code"
tap_err "S6: the copy ends there" "^S6 stopped: nothing is copied"
tap_is "S6: and the reserved region is as it was before" \
	"$(tail -c +4097 "$T/second/.mclic/area" | head -c 1040384 | tr -d '\0' | wc -c)" 0
rm -r "$T/second/.mclic"
mclic format --area-file "$T/second"
tap_status "S6: on another medium the answer is refused" 3 \
	mclic import "$T/second.mclres" "$T/second"
tap_err "S6: and the reason is the medium" "medium"
tap_is "S6: the reserved region is as it was before" \
	"$(tail -c +4097 "$T/second/.mclic/area" | head -c 1040384 | tr -d '\0' | wc -c)" 0
tap_status "S6: nothing can be copied then" 3 mclic install "$MASTER" "$TITLE2" "$T/second"
MEDIUM=$T/second
tap_ok "S6: and not one byte was" nothing_copied
