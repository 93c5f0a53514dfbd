# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every error type of Documentation/protocol.rst, "Errors": provoked, with its status and
# its form. Nothing is billed by any of them.

. tests/tap.sh
. tests/center/lib-center.sh

set_scene
query "$T/good"
ask "$T/good"
expect_ok "a licence to start from"
LICENCE=$(opened "$BODY" "$T/good" | jq -r .licence)
lines=$(ledger_lines)

# It takes its time, in the background: a body of which the rest never comes.
{
	printf '{'
	sleep 30
} | {
	BODY=$T/slow.body HEAD=$T/slow.head
	api /v1/enrol -H "Content-Type: $JSON" -X POST -T -
	echo "$STATUS" >"$T/slow.status"
} &
slow=$!

# bad NAME TYPE STATUS FIELD...: a request that is refused
bad() {
	_claim=$1
	_kind=$2
	_code=$3
	shift 3
	query "$T/bad" "$@"
	ask "$T/bad"
	expect "$_claim" "$_kind" "$_code"
}

# enrol NAME TYPE STATUS FIELD...
enrol() {
	_claim=$1
	_kind=$2
	_code=$3
	_key=$4
	shift 4
	mclreq enrol "$T/$_key.pem" "$T/$_key.box" "$@" center="$IDC" >"$T/bad"
	post $JSON /v1/enrol "$T/bad"
	expect "$_claim" "$_kind" "$_code"
}

# register NAME TYPE STATUS TOKEN KEY FIELD...
register() {
	_claim=$1
	_kind=$2
	_code=$3
	_token=$4
	_key=$5
	shift 5
	mclreq register "$T/$_key.pem" "$T/$_key.box" "$@" center="$IDC" >"$T/bad"
	post $JSON /v1/products "$T/bad" -H "Authorization: Bearer $_token"
	expect "$_claim" "$_kind" "$_code"
}

ZERO=00000000000000000000000000000000
ONE=11111111111111111111111111111111

# ---- the message itself ----

head -c 255 "$T/good" >"$T/short"
ask "$T/short"
expect "a request of 255 bytes" bad-request 400
: >"$T/empty"
ask "$T/empty"
expect "an empty request" bad-request 400
bad "another suite" bad-request 400 suite=2
bad "an operation nobody knows" bad-request 400 op=4
bad "a kind nobody knows" bad-request 400 kind=3
bad "no medium" bad-request 400 mid=$ZERO
bad "a new licence with an id" bad-request 400 licence=$ONE
bad "a renewal without one" bad-request 400 op=2 sequence=1
bad "a renewal from sequence 0" bad-request 400 op=2 licence="$LICENCE"
bad "a class that the kind never has" bad-request 400 medium_kind=1 medium_class=3
bad "a class nobody knows" bad-request 400 medium_kind=2 medium_class=4

# ---- who asks ----

bad "another center" unknown-center 404 center=$ONE
bad "a device that never enrolled" unknown-device 403 device=$ONE
bad "a user that the device is not of" unknown-device 403 user=$ONE
bad "a spoiled signature" bad-signature 403 sign=no
ctl user add bob >/dev/null
new_device bob bob
BOB=$(ctl user show bob --json | jq -r .user)
mclreq request "$T/bob.pem" center="$IDC" user="$USER" did="$DID" >"$T/bad"
ask "$T/bad"
expect "bob's device for alice" unknown-device 403
mclreq request "$T/bob.pem" center="$IDC" user="$BOB" did="$DID" op=2 licence="$LICENCE" \
	sequence=1 >"$T/bad"
ask "$T/bad"
expect "bob renews what is alice's" unknown-licence 404

# ---- the nonce ----

nonce=$(od -An -v -tx1 -j96 -N16 "$T/good" | tr -d ' \n')
bad "another request under the nonce" nonce-reused 409 nonce="$nonce" kind=1
bad "also a renewal" nonce-reused 409 nonce="$nonce" op=2 licence="$LICENCE" sequence=1
ask "$T/good"
expect_ok "the nonce's own request still has its answer"
mclreq request "$T/bob.pem" center="$IDC" user="$BOB" did="$DID" nonce="$nonce" >"$T/q"
ask "$T/q"
expect_ok "another user may use the same nonce"
lines=$((lines + 1))

# ---- what is asked for ----

bad "a title nobody registered" unknown-title 404 did=$ONE
bad "a version nobody registered" unknown-version 404 version=2
bad "a marker of another key generation" wrong-generation 409 km_generation=2
bad "a clock that is a day and more ahead" clock 409 created_at=$(($(date +%s) + 90000))
query "$T/q" created_at=$(($(date +%s) + 80000)) mid=random
ask "$T/q"
expect_ok "a clock that is less than a day ahead"
query "$T/q" created_at=0 mid=random
ask "$T/q"
expect_ok "a clock that stands still since 1970"
lines=$((lines + 2))
ctl product set "$DID" --kinds personal >/dev/null
bad "portable, where only personal is sold" kind-not-allowed 403 kind=1
ctl product set "$DID" --kinds portable >/dev/null
bad "personal, where only portable is sold" kind-not-allowed 403 kind=2
ctl product set "$DID" --kinds portable,personal --lowest-class 2 >/dev/null
bad "a medium of too low a class" class-too-low 403
query "$T/q" medium_kind=5 medium_class=2 mid=random
ask "$T/q"
expect_ok "a medium of the lowest class"
lines=$((lines + 1))
ctl product set "$DID" --lowest-class 0 >/dev/null
ctl product withdraw "$DID" >/dev/null
bad "a title that was withdrawn" withdrawn 409
query "$T/q" op=2 licence="$LICENCE" sequence=1
ask "$T/q"
expect_ok "its licences are renewed nevertheless"
lines=$((lines + 1))
ctl product sell "$DID" >/dev/null

# ---- renewals and returns ----

bad "no such licence" unknown-licence 404 op=2 licence=$ONE sequence=1
bad "a renewal for another medium" wrong-terms 409 op=2 licence="$LICENCE" sequence=2 mid=$ONE
bad "a renewal as another kind" wrong-terms 409 op=2 licence="$LICENCE" sequence=2 kind=1
bad "a renewal as a medium of another kind" wrong-terms 409 op=2 licence="$LICENCE" sequence=2 \
	medium_kind=5 medium_class=2
new_title Other
bad "a renewal for another title" wrong-terms 409 op=2 licence="$LICENCE" sequence=2 did="$DID"
DID=$(ctl product show Title --json | jq -r .did)
new_title Title 2
bad "a renewal for another version" wrong-terms 409 op=2 licence="$LICENCE" sequence=2 version=2
bad "a renewal with another key generation" wrong-generation 409 op=2 licence="$LICENCE" \
	sequence=2 km_generation=7
bad "a renewal of an old sequence number" stale-sequence 409 op=2 licence="$LICENCE" sequence=1
bad "a renewal of one that is not there yet" stale-sequence 409 op=2 licence="$LICENCE" \
	sequence=3
bad "a return for another medium" wrong-terms 409 op=3 licence="$LICENCE" sequence=2 mid=$ONE
bad "a return as a medium of another kind" wrong-terms 409 op=3 licence="$LICENCE" sequence=2 \
	medium_kind=5 medium_class=2
bad "a return of an old sequence number" stale-sequence 409 op=3 licence="$LICENCE" sequence=1
query "$T/q" op=3 licence="$LICENCE" sequence=2
ask "$T/q"
expect_ok "the licence is returned"
lines=$((lines + 1))
bad "a return of what was returned" licence-returned 410 op=3 licence="$LICENCE" sequence=3
query "$T/q" mid=random
ask "$T/q"
expect_ok "another licence"
lines=$((lines + 1))
SECOND=$(opened "$BODY" "$T/q" | jq -r .licence)
ctl licence revoke "$SECOND" --reason "for the test" >/dev/null
ask "$T/q"
expect "its request again, after it was revoked" licence-revoked 410
mid=$(od -An -v -tx1 -j32 -N16 "$T/q" | tr -d ' \n')
bad "a renewal of what was revoked" licence-revoked 410 op=2 licence="$SECOND" sequence=1 \
	mid="$mid"
bad "a return of what was revoked" licence-revoked 410 op=3 licence="$SECOND" sequence=1 \
	mid="$mid"

# ---- enrolment ----

enrol "no token, and never enrolled" unknown-device 403 carol
enrol "a token that is none" bad-token 401 carol token=mclic-u-nonsense
tap_match "a 401 says how to authenticate" "$(cat "$HEAD")" '^[Ww][Ww][Ww]-[Aa]uthenticate: Bearer'
enrol "a token nobody made" bad-token 401 carol token="mclic-u-$IDC-$ONE"
enrol "a publisher's token" bad-token 401 carol token="$PRESS"
enrol "a token of another center" unknown-center 404 carol token="mclic-u-$ONE-$ONE"
mislaid=$(ctl user token alice --json | jq -r .token)
token=$(ctl user token alice --json | jq -r .token)
ctl user token bob >/dev/null		# voids bob's alone
enrol "a token that was not used before the next one was made" bad-token 401 carol \
	token="$mislaid"
enrol "a spoiled signature" bad-signature 403 carol token="$token" sign=no
enrol "a signature for another center" bad-signature 403 carol token="$token" center=$ONE
enrol "bob's device with alice's token" device-taken 403 bob token="$token"
enrol "an exchange key that nothing can be sealed to" bad-json 400 carol token="$token" \
	exchange=zero
tap_is "no device is left of it" \
	"$(sql "SELECT count(*) FROM devices WHERE hex(device_id) = upper('$(mclreq id "$T/carol.pem")')")" 0
mclreq enrol "$T/carol.pem" "$T/carol.box" center="$IDC" token="$token" >"$T/carol.enrol"
post $JSON /v1/enrol "$T/carol.enrol"
expect_ok "none of these used the token up"
enrol "but now another device cannot" token-used 403 dave token="$token"
post $JSON /v1/enrol "$T/carol.enrol"
expect_ok "the same device again can"
mclreq enrol "$T/carol.pem" "$T/carol.box" center="$IDC" >"$T/bad"
post $JSON /v1/enrol "$T/bad"
expect_ok "also without the token"
ctl device revoke "$(mclreq id "$T/carol.pem")" >/dev/null
enrol "a revoked device" device-revoked 403 carol
enrol "a revoked device with its token" device-revoked 403 carol token="$token"
mclreq request "$T/carol.pem" center="$IDC" user="$USER" did="$DID" >"$T/q"
ask "$T/q"
expect "a revoked device asks for a licence" device-revoked 403
ctl user disable bob >/dev/null
enrol "a disabled user's device" user-disabled 403 bob
token=$(ctl user token bob --json | jq -r .token)
enrol "a disabled user's token" user-disabled 403 erin token="$token"
mclreq request "$T/bob.pem" center="$IDC" user="$BOB" did="$DID" >"$T/q"
ask "$T/q"
expect "a disabled user asks for a licence" user-disabled 403
ctl user enable bob >/dev/null
ask "$T/q"
expect_ok "enabled again: the same request is served"
lines=$((lines + 1))

# ---- registering ----

mclreq register "$T/press.pem" "$T/press.box" center="$IDC" >"$T/bad"
post $JSON /v1/products "$T/bad"
expect "no token" bad-token 401
register "a token nobody made" bad-token 401 "mclic-p-$IDC-$ONE" press
register "a user's token" bad-token 401 "$token" press
register "a token of another center" unknown-center 404 "mclic-p-$ONE-$ONE" press
register "a spoiled signature" bad-signature 403 "$PRESS" press sign=no
register "a signature for another center" bad-signature 403 "$PRESS" press center=$ONE
register "another key of the publisher" publisher-key 403 "$PRESS" press2
rival=$(ctl publisher add rival --json | jq -r .token)
register "the key of another publisher" publisher-key 403 "$rival" press
register "an exchange key that nothing can be sealed to" bad-json 400 "$PRESS" press title=Sealed \
	exchange=zero
tap_is "and none of these left a title" "$(ctl product list --json | jq '.products | length')" 2
fresh=$(ctl publisher token press --json | jq -r .token)
register "a token that was replaced" bad-token 401 "$PRESS" press
PRESS=$fresh
new_title Other
tap_is "the new token serves the same publisher" \
	"$(ctl product show Other --json | jq -r .did)" "$DID"
mclreq register "$T/rival.pem" "$T/rival.box" center="$IDC" title=Other >"$T/q"
post $JSON /v1/products "$T/q" -H "Authorization: Bearer $rival"
tap_isnt "another publisher's title of the same name is another title" \
	"$(jq -r '.registration | fromjson | .did' "$BODY")" "$DID"
DID=$(ctl product show Title --json | jq -r .did)

# ---- JSON ----

# tests/vectors/json/ENDPOINT/TYPE--NAME: a body that must be refused with that type.
for body in tests/vectors/json/*/*; do
	name=${body##*/}
	endpoint=${body%/*}
	post $JSON "/v1/${endpoint##*/}" "$body" -H "Authorization: Bearer $PRESS"
	expect "${endpoint##*/}: ${name#*--}" "${name%%--*}" "$(sed -n \
		"s/^\`\`${name%%--*}\`\` *\([45][0-9][0-9]\) .*/\1/p" Documentation/protocol.rst)"
done
jq '.more = [1, {"x": null}]' "$T/alice.enrol" >"$T/q"
post $JSON /v1/enrol "$T/q"
expect_ok "members that nobody knows are ignored"
awk 'BEGIN { for (i = 0; i < 30000; i++) printf "["; for (i = 0; i < 30000; i++) printf "]" }' \
	>"$T/bad"
post $JSON /v1/enrol "$T/bad"
expect "30000 levels" bad-json 400

# ---- addresses, methods, types, sizes ----

for path in / /v1 /v2/status /v1/status/ /v1/licences/x /v1/products/a/b /%2e%2e/etc/passwd; do
	api "$path"
	expect "GET $path" not-found 404
done
api /v1/products/
expect "a title without a DID" not-found 404
api "/v1/products/$ONE"
expect "GET of a title nobody registered" unknown-title 404
api "/v1/products/%27%20OR%201=1--"
expect "SQL for a DID" unknown-title 404
api "/v1/revocations/$ONE"
expect "the list of another center" unknown-center 404
for method in GET PUT DELETE PATCH OPTIONS; do
	api /v1/licences -X $method
	expect "$method of licences" method-not-allowed 405
done
tap_match "Allow names the method" "$(cat "$HEAD")" '^[Aa]llow: POST.?$'
api /v1/products -X DELETE
expect "DELETE of products" method-not-allowed 405
tap_match "Allow names each" "$(cat "$HEAD")" '^[Aa]llow: GET, HEAD, POST.?$'
api /v1/status -X POST -d x
expect "POST of the status" method-not-allowed 405
tap_match "Allow names HEAD" "$(cat "$HEAD")" '^[Aa]llow: GET, HEAD.?$'
api /v1/status --head
tap_is "HEAD of the status" "$STATUS" 200
post text/plain /v1/licences "$T/good"
expect "a request as text" unsupported-type 415
tap_is "the detail is a sentence" "$(jq -r .detail "$BODY")" \
	"This address takes a body of type $REQUEST"
post "$REQUEST" /v1/enrol "$T/alice.enrol"
expect "an enrolment as a request" unsupported-type 415
post "application/json; charset=utf-8" /v1/enrol "$T/alice.enrol"
expect_ok "parameters of a type do not matter"
head -c 65537 /dev/zero >"$T/large"
ask "$T/large"
expect "65537 bytes" too-large 413
post $JSON /v1/enrol "$T/large" -H 'Transfer-Encoding: chunked'
expect "the same in chunks" too-large 413
for size in 1100K 20M; do
	truncate -s $size "$T/huge"
	post $JSON /v1/enrol "$T/huge" -H 'Transfer-Encoding: chunked'
	expect "$size in chunks" too-large 413
done
head -c 65536 /dev/zero >"$T/large"
post $JSON /v1/enrol "$T/large"
expect "65536 bytes are read" bad-json 400
truncate -s 3G "$T/huge"
api /v1/enrol -X POST -H "Content-Type: $JSON" -T "$T/huge"
expect "3 GiB are refused at once" too-large 413

# ---- what the server cannot do ----

# Another writer holds the database for longer than mclicd waits.
mkfifo "$T/hold"
sqlite3 -batch "$CENTER/center.db" <"$T/hold" >"$T/held" &
exec 9>"$T/hold"
echo 'BEGIN IMMEDIATE; SELECT 1;' >&9
poll 10 test -s "$T/held"
query "$T/q" mid=random
ask "$T/q"
expect "the database is locked" busy 503
tap_match "a 503 says when to come again" "$(cat "$HEAD")" '^[Rr]etry-[Aa]fter: 1'
api /v1/products
expect_ok "reading goes on"
echo 'ROLLBACK;' >&9
exec 9>&-
wait $!
ask "$T/q"
expect_ok "the same request afterwards"
lines=$((lines + 1))
api /metrics
tap_match "it was counted" "$(cat "$BODY")" '^mclicd_database_busy_total 1$'
tap_match "as an outcome" "$(cat "$BODY")" \
	'^mclicd_licences_total\{op="new",outcome="busy"\} 1$'

# A key that is gone while it is needed: the operator's log has the reason, nobody else.
ctl key rotate >/dev/null
mv "$CENTER/keys/km-2.key" "$T/km-2.key"
query "$T/q" mid=random
ask "$T/q"
expect "a master key is missing" internal 500
tap_nomatch "the client is not told where it was" "$(cat "$BODY")" 'km-2'
tap_match "the log tells" "$(tail -n 2 "$CENTER_LOG")" 'km-2.key: cannot open it'
mclreq register "$T/press.pem" "$T/press.box" center="$IDC" title=Unsealed >"$T/bad"
post $JSON /v1/products "$T/bad" -H "Authorization: Bearer $PRESS"
expect "a title cannot get its key" internal 500
tap_is "and is not registered" "$(sql "SELECT count(*) FROM products WHERE title = 'Unsealed'")" 0
ctl user rotate-key alice >/dev/null
token=$(ctl user token alice --json | jq -r .token)
enrol "a device cannot get its keys" internal 500 frank token="$token"
mv "$T/km-2.key" "$CENTER/keys/km-2.key"
mclreq enrol "$T/grace.pem" "$T/grace.box" center="$IDC" token="$token" >"$T/q1"
post $JSON /v1/enrol "$T/q1"
expect_ok "and its token is good for another"
ask "$T/q"
expect_ok "the same request afterwards is served"
lines=$((lines + 1))
ask "$T/q"
expect_ok "and again"

# ---- the whole table ----

tap_is "nothing was billed for what was refused" "$(ledger_lines)" "$lines"
tap_is "and nothing half made was left" "$(sql "
	SELECT count(*) FROM licences WHERE licence_id NOT IN (SELECT licence_id FROM issues);
	SELECT count(*) FROM issues WHERE NOT EXISTS (SELECT 1 FROM ledger
		WHERE ledger.licence_id = issues.licence_id AND ledger.sequence = issues.sequence);
	PRAGMA foreign_key_check; PRAGMA integrity_check" | tr '\n' ' ')" "0 0 ok "
wait "$slow"
STATUS=$(cat "$T/slow.status") BODY=$T/slow.body HEAD=$T/slow.head
expect "a body of which the rest never comes" too-slow 408
HEAD=$T/head BODY=$T/body
long=$(head -c 40000 /dev/zero | tr '\0' a)
api /v1/status -H 'Host:'
expect "no host" bad-http 400
api /v1/status -H "X-Long: $long"
expect "a long head" head-too-large 431
api "/v1/$long"
expect "a long address" uri-too-long 414
printf 'GET /v1/status HTTP/3.0\r\nHost: a\r\n\r\n' | say_tls "$T/said"
heard "$T/said"
expect "another HTTP" http-version 505
tap_is "every type of the table in protocol.rst was provoked" \
	"$(sort -u "$T/problems" | tr '\n' ' ')" \
	"$(sed -n 's/^``\([a-z-]*\)`` *[45][0-9][0-9] .*/\1/p' Documentation/protocol.rst |
		sort -u | tr '\n' ' ')"
cp "$CENTER_LOG" "$T/log"
tap_is "the log is JSON to its end" "$(jq -c . "$T/log" | wc -l)" "$(wc -l <"$T/log")"
tap_nomatch "and holds no token and no key" "$(cat "$T/log")" \
	"mclic-[up]-[0-9a-f]{32}-|$KU"
