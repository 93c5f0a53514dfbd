# SPDX-License-Identifier: GPL-2.0-or-later
# What mclic prints of names that others chose: whatever a terminal would obey is replaced.

. tests/tap.sh
. tests/mclic/lib-shop.sh

# Titles are text, which may turn the order around that letters are shown in. File systems
# take any byte in a name.
BACK=$(printf '\342\200\256')
DIR=x${BACK}y
FILE=$(printf 'x\033]0;pwned\007\377y')
TITLE1=Sea${BACK}Charts
scene
master_dir "$T/master"
MASTER=$T/master
mv "$MASTER/$TITLE1" "$MASTER/$DIR"
rm -r "$MEDIUM"
MEDIUM=$T/$FILE
mkdir "$MEDIUM"
mclic format --area-file "$MEDIUM" --label "My${BACK}medium" >"$T/format.out"

says() {	# NAME ERE COMMAND...: COMMAND ends well, and prints such a line and clean ones
	_says=$1
	_ere=$2
	shift 2
	tap_ok "$_says" "$@"
	tap_is "... is clean" "$(cat "$OUT" "$ERR" | tr -d '[:print:]\n')" ""
	tap_match "... and tells" "$(cat "$OUT" "$ERR")" "$_ere"
}
X='x\?y'
F='x\?\]0;pwned\?\?y'
S='Sea\?Charts'

# ---- text ----

says "info: the label" "^label:   My\?medium$" mclic info "$MEDIUM"
says "info: where the area is" "^area:    $T/$F/" mclic info "$MEDIUM"
says "list of the master" "^$X: \"$S\" version 1, " mclic list "$MASTER"
says "request" "about \"$S\"; carry" mclic request "$MASTER" "$DIR" "$MEDIUM" -o "$T/r.mclreq"
says "copy: the offer" "^licence of \"$S\" by Hydrographic: 19.99 EUR$" \
	mclic copy "$MASTER" "$DIR" "$MEDIUM" --trace
tap_err "... the trace" "^S7 the licence holds: copying $X$"
tap_out "... the result" "^$X: \"$S\" version 1 is installed"
says "copy again" "^$X: already installed" mclic copy "$MASTER" "$DIR" "$MEDIUM"
rm "$MEDIUM/$DIR/bin/say"
says "copy after a loss" "^$X: mended: 1 of" mclic copy "$MASTER" "$DIR" "$MEDIUM"
says "list of the medium" "^slot 1: \"$S\" valid$" mclic list "$MEDIUM"
says "verify: the slot" "^slot 1: $S, valid$" mclic verify "$MEDIUM"
tap_out "... the title" "^$X: \"$S\" version 1 is good"
says "renew" "^licence .* of \"$S\", sequence 2, stands" mclic renew "$DIR" "$MEDIUM"
: >"$MEDIUM/$DIR/$FILE"
says "verify: a file" "^$X: $F: not in the manifest" mclic verify "$MEDIUM"

# ---- JSON ----

json() {	# NAME JQ-EXPRESSION COMMAND...: COMMAND prints the directory's name there
	_json=$1
	_jq=$2
	shift 2
	tap_ok "$_json as JSON" "$@" --json
	tap_is "... leaves the name" "$(jq -r "$_jq" "$OUT")" 'x?y'
}
json "verify" '.titles[0].directory' mclic verify "$MEDIUM"
json "list" '.titles[0].directory' mclic list "$MEDIUM"
json "copy" .directory mclic copy "$MASTER" "$DIR" "$MEDIUM"

# ---- what is damaged; what is given back ----

flip "$MASTER/$DIR/.mclic-product" 140
says "list of a damaged title" "^$X: .*signature" mclic list "$MASTER"
json "list of a damaged title" '.titles[]|select(.error).directory' mclic list "$MASTER"
says "return" "^licence .* of \"$S\" is returned" mclic return "$DIR" "$MEDIUM"

flip "$MEDIUM/.mclic/area" 20
says "info: a warning" "^warning: $T/$F/.* is damaged" mclic info "$MEDIUM"

# ---- a user ----

mclicctl --data "$CENTER" user add "al${BACK}ice" --json | jq -r .token >"$T/token"
says "enrol" "^enrolled as \"al\?ice\" at" env XDG_CONFIG_HOME="$T/config" \
	mclic enrol "$CENTER_URL" --cacert "$CENTER_CA" --token "@$T/token"
