#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Clients that send a byte now and then, for ever, or nothing any more: they are told 408
# and cut off, and the others are served meanwhile.

. tests/tap.sh
. tests/center/lib-center.sh

POST='POST /v1/enrol HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'

# told NAME FILE: FILE is the whole answer 408, and its body the problem
told() {
	sed '1,/^\r$/d' "$2" >"$T/problem"
	tap_is "$1: the status" "$(head -n 1 "$2" | tr -d '\r')" "HTTP/1.1 408 Request Timeout"
	tap_is "$1: the problem" "$(jq -c '[.type, .status]' "$T/problem")" \
		'["urn:mclic:problem:too-slow",408]'
	tap_is "$1: its length" "$(sed -n 's/^Content-Length: \([0-9]*\)\r$/\1/p' "$2")" \
		"$(wc -c <"$T/problem")"
	tap_match "$1: its type" "$(tr -d '\r' <"$2")" '^Content-Type: application/problem\+json$'
	tap_match "$1: it is the last" "$(tr -d '\r' <"$2")" '^Connection: close$'
}

# logged NAME WHAT: one line says [method, path, status, problem]
logged() {
	jq -c 'select(.event == "request") | [.method, .path, .status, .problem]' \
		"$CENTER_LOG" >"$T/lines"
	tap_ok "$1" grep -qxF "$2" "$T/lines"
}

# ---- without TLS, and many ----

start_center --plain-http
PORT=${CENTER_URL##*:}
alive() {
	api /healthz
	[ "$STATUS" = 200 ]
}
memory() {
	awk '/^VmRSS/ { print $2 }' "/proc/$CENTER_PID/status"
}
before=$(memory)
{
	printf 'GET /v1/'
	head -c 10000 /dev/zero | tr '\0' a
} | dribble -n 120 -b 1 -t 500 -m 100 -s 127.0.0.2 "$PORT" >"$T/said.line" 2>"$T/slow.line" &
lines=$!
{
	printf 'GET /v1/status HTTP/1.1\r\nX-Slow: '
	head -c 60000 /dev/zero | tr '\0' a
} | dribble -n 60 -b 100 -t 500 -m 100 -s 127.0.0.3 "$PORT" >"$T/said.head" 2>"$T/slow.head" &
heads=$!
{
	printf '%b' "${POST}Content-Length: 60000\r\n\r\n"
	head -c 60000 /dev/zero
} | dribble -n 60 -b 300 -t 500 -m 100 -s 127.0.0.3 "$PORT" >"$T/said.body" 2>"$T/slow.body" &
bodies=$!
{
	printf '%b' "${POST}Transfer-Encoding: chunked\r\n\r\n4000000\r\n"
	cat /dev/zero
} | dribble -b 70000 -t 500 -m 100 -s 127.0.0.3 "$PORT" >"$T/said.flood" 2>"$T/slow.flood" &
flood=$!
printf '%b' "${POST}Content-Length: 60000\r\n\r\n{" |
	dribble -m 100 -s 127.0.0.3 "$PORT" >"$T/said.rest" 2>"$T/slow.rest" &
rest=$!
dribble -n 120 -m 100 -s 127.0.0.4 "$PORT" </dev/null >"$T/said.idle" 2>"$T/slow.idle" &
idle=$!

# ---- with TLS ----

# by a center of its own
secure() {
	CENTER=$T/secure
	start_center
	{
		printf '%b' "${POST}Content-Length: 60000\r\n\r\n"
		while printf x; do
			sleep 0.5
		done
	} | openssl s_client -quiet -connect "127.0.0.1:${CENTER_URL##*:}" >"$T/said.tls.body" \
		2>/dev/null &
	tls_body=$!
	{
		printf 'GET /v1/status HTTP/1.1\r\n'
		while printf 'X-Slow: x\r\n'; do
			sleep 0.5
		done
	} | openssl s_client -quiet -connect "127.0.0.1:${CENTER_URL##*:}" >"$T/said.tls.head" \
		2>/dev/null &
	wait "$tls_body" $!
	stop_center
	echo "$CENTER_STATUS" >"$T/secure.status"
}
secure &
secure=$!

# ---- what they get ----

many() {
	api /metrics
	[ "$(sed -n 's/^mclicd_connections //p' "$BODY")" -gt 300 ]
}
tap_ok "360 slow clients are connected" poll 10 many
for i in 1 2 3 4 5; do
	tap_ok "others are served meanwhile ($i)" alive
done
for i in "$lines" "$heads" "$bodies" "$flood" "$rest" "$idle" "$secure"; do
	wait "$i"
	tap_is "they are cut off" "$?" 0
done
told "a head that comes slowly" "$T/said.head"
told "a body" "$T/said.body"
told "one that comes fast, but does not end" "$T/said.flood"
told "one of which the rest never comes" "$T/said.rest"
logged "the log has heads" '["","",408,"too-slow"]'
logged "and bodies" '["POST","/v1/enrol",408,"too-slow"]'
tap_is "who has not said what is asked for gets no answer" "$(cat "$T/said.line" "$T/said.idle")" ""
tap_diag "$(cat "$T"/slow.*)"
few() {
	api /metrics
	[ "$(sed -n 's/^mclicd_connections //p' "$BODY")" -lt 10 ]
}
tap_ok "their connections are free again" poll 10 few
tap_match "the metrics count them" "$(cat "$BODY")" \
	'^mclicd_requests_total\{endpoint="enrol",status="408"\} 62$'
tap_diag "resident: $before KiB before, $(memory) KiB after"
stop_center
tap_is "the center ends cleanly after all this" "$CENTER_STATUS" 0

told "a head over TLS" "$T/said.tls.head"
told "a body over TLS" "$T/said.tls.body"
tap_is "that center ends cleanly, too" "$(cat "$T/secure.status")" 0
