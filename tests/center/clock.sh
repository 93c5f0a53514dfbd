# SPDX-License-Identifier: GPL-2.0-or-later
#
# The center's clock jumps while it runs. libfaketime moves it, and leaves the time since the
# machine started alone, as a jump of the real clock does.

. tests/tap.sh
. tests/center/lib-center.sh

jump() {
	echo "$1" >"$T/jump"
}

mkdir "$T/bin"
cat >"$T/bin/mclicd" <<EOF
#!/bin/sh
ASAN_OPTIONS=\$ASAN_OPTIONS:verify_asan_link_order=0 FAKETIME_NO_CACHE=1 \\
	FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_TIMESTAMP_FILE='$T/jump' \\
	LD_PRELOAD=$(find /usr/lib -name libfaketime.so.1 | head -n 1) exec '$B/mclicd' "\$@"
EOF
chmod +x "$T/bin/mclicd"
PATH=$T/bin:$PATH
jump +0
set_scene --rsa-bits 2048
query "$T/q0"
ask "$T/q0"
expect_ok "a licence"
list() {
	api "/v1/revocations/$IDC"
}
list
expect_ok "a list"
cp "$BODY" "$T/list"
clock() {
	sql 'SELECT clock, list_number, list_issued_at, list_next_issue FROM center'
}
before=$(clock)
rows() {
	sql 'SELECT (SELECT count(*) FROM ledger), (SELECT count(*) FROM devices),
		(SELECT count(*) FROM products), (SELECT count(*) FROM audit)'
}
token=$(ctl user token alice --json | jq -r .token)
mclreq enrol "$T/other.pem" "$T/other.box" center="$IDC" token="$token" >"$T/enrol"
mclreq register "$T/press.pem" "$T/press.box" center="$IDC" title=Later >"$T/register"
rows=$(rows)

# refused NAME: nothing that writes a time is done
refused() {
	query "$T/q" mid=random
	ask "$T/q"
	expect "$1: a licence" clock 409
	ask "$T/q0"
	expect "$1: the same again" clock 409
	post $JSON /v1/enrol "$T/enrol"
	expect "$1: an enrolment" clock 409
	post $JSON /v1/products "$T/register" -H "Authorization: Bearer $PRESS"
	expect "$1: a title" clock 409
	list
	expect "$1: a list" clock 409
	tap_match "$1: the operator is told" "$(jq -r .detail "$BODY")" "put ahead by $2 days"
	tap_is "$1: no row is made" "$(rows)" "$rows"
	tap_is "$1: no time is recorded" "$(clock)" "$before"
	api /v1/products
	expect_ok "$1: titles can be read"
}
jump +800d
refused "800 days ahead" 800
jump +2d
refused "2 days ahead" 2

jump +0
ask "$T/q0"
expect_ok "set right: the same request"
ask "$T/q"
expect_ok "another"
list
tap_cmp "the list is as it was" "$BODY" "$T/list"
jump +1h
query "$T/q" mid=random
ask "$T/q"
expect_ok "an hour ahead is taken for right"
at=$(sql 'SELECT clock FROM center')
jump -800d
query "$T/q" mid=random created_at=0
ask "$T/q"
expect_ok "800 days back: a licence"
tap_is "its time does not go back" "$(sql 'SELECT clock FROM center')" "$at"
ask "$T/q0"
expect_ok "the first again"
list
tap_cmp "the list is as it was" "$BODY" "$T/list"
stop_center
tap_is "it ends cleanly" "$CENTER_STATUS" 0

# One that starts so knows no other time.
jump +2d
start_center
ask "$T/q0"
expect_ok "started again, the clock is taken for right"
stop_center
tap_is "the database is whole" "$(sql 'PRAGMA integrity_check; PRAGMA foreign_key_check')" ok
