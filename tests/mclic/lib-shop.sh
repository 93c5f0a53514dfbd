# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-shop.sh - what the suites of mclic share, on top of the scene of the claims. Source
# it behind tests/tap.sh.
#
#   bills			how many lines the center's ledger has
#   ask FILE ANSWER		carry a request to the center by hand (curl)
#   copy [OPTION...]		mclic copy of TITLE1 from MASTER to MEDIUM
#   fresh DIR			a formatted medium in a new folder, and an empty STATE, as on
#				a machine that never asked; keys and accounts stay
#   whole DIR [TITLE]		the title (TITLE1) on DIR is complete and good, nothing is left over
#   master_dir DIR		the master as a directory that can be changed

. tests/claims/lib-scene.sh

bills() {
	mclicctl --data "$CENTER" ledger list --json | jq '.entries|length'
}

ask() {
	curl -sf --cacert "$CENTER_CA" --data-binary "@$1" -o "$2" \
		-H 'Content-Type: application/vnd.mclic.request' "$CENTER_URL/v1/licences"
}

copy() {
	mclic copy "$MASTER" "$TITLE1" "$MEDIUM" "$@"
}

fresh() {
	rm -rf "$1" "$XDG_STATE_HOME/mclic/requests" "$XDG_STATE_HOME/mclic/licences"
	mkdir "$1"
	mclic format --area-file "$1" >"$T/format.out"
}

whole() {
	mclic verify "$1" "${2:-$TITLE1}" >"$T/whole.out" 2>&1 &&
		! ls -A "$1" | grep -q '^\.mclic-'
}

master_dir() {
	xorriso -osirrox on -indev "$MASTER" -extract / "$1" >"$T/xorriso.log" 2>&1
	chmod -R u+w "$1"
}
