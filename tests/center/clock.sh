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
cp "$BODY" "$T/r0"
list() {
	api "/v1/revocations/$IDC"
}
list
expect_ok "a list"
cp "$BODY" "$T/list"
logged() {
	jq -c 'select(.event == "clock") | [.level, (.seconds / 86400 + 0.5 | floor)]' "$CENTER_LOG"
}
token=$(ctl user token alice --json | jq -r .token)
mclreq enrol "$T/other.pem" "$T/other.box" center="$IDC" token="$token" >"$T/enrol"
mclreq register "$T/press.pem" "$T/press.box" center="$IDC" title=Later >"$T/register"
mclreq request "$T/alice.pem" center="$IDC" user="$USER" did="$DID" mid=random \
	created_at=$(($(date +%s) + 69120000)) >"$T/future"

# not_followed NAME: all is served, by the time that was right
not_followed() {
	query "$T/q" mid=random
	ask "$T/q"
	expect_ok "$1: a licence"
	ask "$T/q0"
	expect_ok "$1: the first again"
	tap_cmp "$1: the same bytes" "$BODY" "$T/r0"
	post $JSON /v1/enrol "$T/enrol"
	expect_ok "$1: an enrolment"
	post $JSON /v1/products "$T/register" -H "Authorization: Bearer $PRESS"
	expect_ok "$1: a title"
	list
	tap_cmp "$1: the list is as it was" "$BODY" "$T/list"
	ask "$T/future"
	expect "$1: what comes from that future" clock 409
	api /v1/status
	tap_ok "$1: its time is right" near "$(jq .time "$BODY")"
	tap_ok "$1: what it records is" near "$(sql 'SELECT max(clock) FROM center')"
	tap_ok "$1: and the ledger" near "$(sql 'SELECT max(time) FROM ledger')"
}
near() {
	[ "$1" -le $(($(date +%s) + 100)) ] && [ "$1" -ge $(($(date +%s) - 100)) ]
}
jump +800d
not_followed "800 days ahead"
tap_is "the operator is told, once" "$(logged)" '["error",800]'
jump +2d
not_followed "2 days ahead"

jump +0
query "$T/q" mid=random
ask "$T/q"
expect_ok "set right: another"
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
