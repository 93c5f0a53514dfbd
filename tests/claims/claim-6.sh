# SPDX-License-Identifier: GPL-2.0-or-later
# Claim 6: the center with conversion keys. Ku = E_KM(Mid), Ka = E_KM(DID), and both
# encrypted with Mid (31 to 36); an unregistered DID gets nothing (32, 33, 34).

. tests/media/fake-sysfs.sh
media_enter "$0" "$@"
. tests/tap.sh
. tests/claims/lib-scene.sh

scene
tap_ok "a request" mclic request "$MASTER" "$TITLE1" "$MEDIUM" -o "$T/r.mclreq"
ask() {
	curl -s --cacert "$CENTER_CA" --data-binary "@$1" -o "$2" -w '%{http_code}' \
		-H 'Content-Type: application/vnd.mclic.request' "$CENTER_URL/v1/licences"
}
tap_is "is answered" "$(ask "$T/r.mclreq" "$T/r.mclres")" 200
tap_ok "and fits the medium" mclic import "$T/r.mclres" "$MEDIUM"
licensed || tap_bail "no licence on the medium"
R=$T/r.mclres
tap_is "EMid(Ku): Ku is made from KM and Mid" \
	"$(gcm_ctr "$(kdf "$KU" "mclic EMid" "$MID$T_HASH")" "$(hex "$R" 352 32)")" "$MEDIUM_KEY"
tap_is "EMid(Ka): Ka is made from KM and DID" \
	"$(gcm_ctr "$(kdf "$KU" "mclic EMid Ka" "$MID$T_HASH")" "$(hex "$R" 920 32)")" "$MASTER_KEY"
tap_isnt "another Mid does not open them" \
	"$(gcm_ctr "$(kdf "$KU" "mclic EMid" "$DID1$T_HASH")" "$(hex "$R" 352 32)")" "$MEDIUM_KEY"
tap_nomatch "neither key is sent bare" "$(hex "$R" 0 1024)" "$MEDIUM_KEY|$MASTER_KEY"
tap_is "the user is billed once" \
	"$(mclicctl --data "$CENTER" ledger list --json | jq '.entries|length')" 1
tap_is "the same request again gets the same bytes" "$(ask "$T/r.mclreq" "$T/again")" 200
tap_cmp "... every one" "$T/r.mclres" "$T/again"
tap_is "and is not billed again" \
	"$(mclicctl --data "$CENTER" ledger list --json | jq '.entries|length')" 1

# A master of a center that knows the title, brought to one that does not
CENTER=$T/other-center
start_center
mclicctl --data "$CENTER" user add bob --json | jq -r .token >"$T/bob.token"
HOME=$T/bob
XDG_CONFIG_HOME=$HOME/.config
XDG_STATE_HOME=$HOME/.local/state
export HOME XDG_CONFIG_HOME XDG_STATE_HOME
mkdir "$HOME" "$T/bobs"
mclic enrol "$CENTER_URL" --cacert "$CENTER_CA" --token "@$T/bob.token" 2>"$T/enrol.err"
mclic format --area-file "$T/bobs"
tap_ok "a request for a title this center never registered" \
	mclic request "$MASTER" "$TITLE1" "$T/bobs" -o "$T/bob.mclreq"
tap_is "is refused" "$(ask "$T/bob.mclreq" "$T/bob.problem")" 404
tap_is "... as unknown" "$(jq -r .type "$T/bob.problem")" "urn:mclic:problem:unknown-title"
tap_is "and nothing is billed" \
	"$(mclicctl --data "$CENTER" ledger list --json | jq '.entries|length')" 0
tap_is "nor any licence kept" \
	"$(mclicctl --data "$CENTER" licence list --json | jq '.licences|length')" 0
