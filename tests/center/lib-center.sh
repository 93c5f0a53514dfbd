# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-center.sh - what the suites of the center share. Source it after tests/tap.sh.
#
#   ctl ARGS...			mclicctl on this suite's center
#   api PATH [CURL ARGS...]	curl; the status to $STATUS, the body to $BODY, the head to $HEAD
#   post TYPE PATH FILE [ARGS]	the same with FILE as body
#   ask FILE			POST /v1/licences
#   heard FILE			an answer that was heard in another way: to $STATUS, $BODY and $HEAD
#   whole NAME			it has the length that its head says, and is the last (two tests)
#   statuses FILE		of all the answers that were heard
#   say_tls FILE		standard input to the center over TLS; what it says to FILE
#   expect NAME TYPE STATUS	the last answer is the problem TYPE (one test)
#   expect_ok NAME		the last answer has status 200 (one test)
#   sql STATEMENT		asks the database behind the center's back
#   set_scene			a center that serves; user alice (device $T/alice.pem, $KU) and a
#				title on sale ($DID, "Title", version 1). Sets $IDC, $USER, $CERT
#   new_device NAME USER	enrols $T/NAME.pem with a new token of USER
#   query FILE FIELD...		makes a request of alice's for the title; mclreq's FIELDs change it
#   in_memory			put the data directory into memory: SIGKILL loses nothing that was
#				written, flushed or not, so these suites need no slow disk

PATH=$B/tests/tools:$PATH
BODY=$T/body
HEAD=$T/head
JSON=application/json
REQUEST=application/vnd.mclic.request

ctl() {
	mclicctl --data "$CENTER" "$@"
}

api() {
	_api_path=$1
	shift
	STATUS=$(curl -sS --max-time 60 --cacert "$CENTER_CA" -o "$BODY" -D "$HEAD" \
		-w '%{http_code}' "$@" "$CENTER_URL$_api_path" 2>"$T/curl.err")
}

post() {
	_post_type=$1
	_post_path=$2
	_post_file=$3
	shift 3
	: >"$BODY"
	api "$_post_path" -H "Content-Type: $_post_type" --data-binary "@$_post_file" "$@"
}

ask() {
	post "$REQUEST" /v1/licences "$1"
}

heard() {
	sed '/^\r$/q' "$1" >"$HEAD"
	sed '1,/^\r$/d' "$1" >"$BODY"
	STATUS=$(sed -n '1s,^HTTP/1\.1 \([0-9]*\) .*,\1,p' "$HEAD")
}

whole() {
	tap_is "$1: its length" "$(sed -n 's/^Content-Length: \([0-9]*\)\r$/\1/p' "$HEAD")" \
		"$(wc -c <"$BODY")"
	tap_match "$1: no other follows" "$(tr -d '\r' <"$HEAD")" '^Connection: close$'
}

statuses() {
	grep -ao 'HTTP/1\.1 [0-9][0-9]*' "$1" | sed 's/.* //' | tr '\n' ' '
}

say_tls() {
	timeout 90 openssl s_client -quiet -connect "${CENTER_URL#https://}" >"$1" 2>"$T/s_client"
}

problem() {
	jq -r '"\(.type) \(.status)"' "$BODY" 2>/dev/null
}

expect() {
	if [ "$STATUS" = "$3" ] && [ "$(problem)" = "urn:mclic:problem:$2 $3" ] &&
		grep -qi '^content-type: application/problem+json' "$HEAD" &&
		[ -n "$(jq -r '.title // empty' "$BODY")" ] &&
		[ -n "$(jq -r '.detail // empty' "$BODY")" ]; then
		tap_pass "$1: $2"
		echo "$2" >>"$T/problems"
	else
		tap_fail "$1: $2" "got $STATUS $(head -c 400 "$BODY" | tr -cd '[:print:]')"
	fi
}

expect_ok() {
	if [ "$STATUS" = 200 ]; then
		tap_pass "$1"
	else
		tap_fail "$1" "got $STATUS $(head -c 400 "$BODY" | tr -cd '[:print:]')"
	fi
}

sql() {
	sqlite3 -batch -noheader "$CENTER/center.db" "$1"
}

center_id() {
	api /v1/status
	IDC=$(jq -r .center "$BODY")
	CERT=$T/signing.pem
	jq -j .certificate "$BODY" >"$CERT"
}

# new_device NAME USER: the answer stays in $T/NAME.answer, opened in $T/NAME.keys
new_device() {
	_token=$(ctl user token "$2" --json | jq -r .token)
	mclreq enrol "$T/$1.pem" "$T/$1.box" center="$IDC" token="$_token" >"$T/$1.enrol"
	post $JSON /v1/enrol "$T/$1.enrol"
	cp "$BODY" "$T/$1.answer"
	mclreq unbox "$T/$1.pem" "$T/$1.box" "$T/$1.answer" >"$T/$1.keys"
}

# new_title NAME [VERSION]: registered by the publisher "press"; its DID to $DID
new_title() {
	mclreq register "$T/press.pem" "$T/press.box" center="$IDC" title="$1" \
		version="${2:-1}" >"$T/register"
	post $JSON /v1/products "$T/register" -H "Authorization: Bearer $PRESS"
	mclreq unbox "$T/press.pem" "$T/press.box" "$BODY" >"$T/title.keys"
	DID=$(jq -r .did "$T/title.keys")
}

set_scene() {
	start_center "$@"
	center_id
	ctl user add alice --json >"$T/alice.json"
	USER=$(jq -r .user "$T/alice.json")
	new_device alice alice
	KU=$(jq -r '.keys[0].key' "$T/alice.keys")
	PRESS=$(ctl publisher add press --json | jq -r .token)
	new_title Title
	ctl product set "$DID" --price 19.99 --currency EUR >/dev/null
	ctl product sell "$DID" >/dev/null
	[ -n "$KU" ] && [ -n "$DID" ] || tap_bail "the scene is not set"
}

query() {
	_out=$1
	shift
	# the first of two fields counts
	mclreq request "$T/alice.pem" "$@" center="$IDC" user="$USER" did="$DID" >"$_out"
}

# opened RESPONSE REQUEST: what it says, checked as a client does
opened() {
	mclreq open "$1" "$2" "$CERT" "$KU"
}

in_memory() {
	_shm=$(mktemp -d /dev/shm/mclic.XXXXXX) || return 0
	at_end "rm -rf '$_shm'"
	CENTER=$_shm/center
}

ledger_lines() {
	ctl ledger list --json | jq '.entries | length'
}
