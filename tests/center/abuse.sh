# SPDX-License-Identifier: GPL-2.0-or-later
#
# Clients that are rude or many; and a disk that is full. slow.sh has the slow ones.

. tests/tap.sh
. tests/center/lib-center.sh

# ---- what is hardly HTTP; without TLS, to say it by hand ----

start_center --plain-http
PORT=${CENTER_URL##*:}

alive() {
	api /healthz
	[ "$STATUS" = 200 ]
}

# garbage NAME ERE BYTES: the first line that comes back matches ERE
garbage() {
	printf '%b' "$3" | dribble -m 40 "$PORT" >"$T/said" 2>"$T/dribble"
	tap_match "$1" "$(head -n 1 "$T/said" | tr -d '\r')" "$2"
	tap_ok "$1: the center goes on" alive
}
POST='POST /v1/enrol HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n'
long() {
	head -c 70000 /dev/zero | tr '\0' "$1"
}
refused='^(HTTP/1\.1 (4|5)[0-9][0-9] .*)?$'
garbage "no HTTP" "$refused" 'hello\r\n\r\n'
garbage "binary" "$refused" '\0377\0376\0000\0001\r\n\r\n'
garbage "a TLS hello" "$refused" '\0026\0003\0001\0002\0000\0001\0000\0001\0374\0003\0003\r\n\r\n'
garbage "no host" "$refused" 'GET /v1/status HTTP/1.1\r\n\r\n'
garbage "HTTP of the future" "$refused" 'GET /v1/status HTTP/9.9\r\nHost: a\r\n\r\n'
garbage "a length that is none" "$refused" "${POST}Content-Length: -5\r\n\r\n{}"
garbage "a length that overflows" "$refused" "${POST}Content-Length: 99999999999999999999\r\n\r\n{}"
garbage "a chunk that overflows" "$refused" \
	"${POST}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n"
garbage "a chunk that is none" "$refused" "${POST}Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n"
garbage "a head without end" "$refused" "GET / HTTP/1.1\r\nHost: a\r\nX: $(long a)"
garbage "a path without end" "$refused" "GET /$(long a) HTTP/1.1\r\nHost: a\r\n\r\n"
garbage "a method without end" "$refused" "$(long A) / HTTP/1.1\r\nHost: a\r\n\r\n"
garbage "bad UTF-8 in the path" '^HTTP/1.1 404 ' \
	'GET /\0377\0376 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
garbage "a terminal's commands in the path" '^HTTP/1.1 404 ' \
	'GET /%1b[31m%0d%0ax HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
garbage "a whole one, to compare" '^HTTP/1.1 400 ' "${POST}Content-Length: 2\r\n\r\n{}"
cp "$CENTER_LOG" "$T/log"
tap_is "the log is JSON, whatever was asked for" "$(jq -c . "$T/log" | wc -l)" \
	"$(wc -l <"$T/log")"
tap_is "in ASCII" "$(LC_ALL=C tr -d '[:print:]\n' <"$T/log" | wc -c)" 0

# Gone in the middle of a body, many times.
printf '%b' "${POST}Content-Length: 1000\r\n\r\n{\"token\": " >"$T/half"
for i in $(seq 30); do
	dribble -m 0.05 "$PORT" <"$T/half" >/dev/null 2>&1
done
tap_ok "clients that go away in the middle of a body" alive

# ---- more of one address than it may have ----
dribble -n 400 -m 60 -s 127.0.0.5 "$PORT" </dev/null >/dev/null 2>"$T/greedy" &
greedy=$!
limited() {
	api /metrics
	_open=$(sed -n 's/^mclicd_connections //p' "$BODY")
	[ "$_open" -ge 120 ] && [ "$_open" -le 130 ]
}
tap_ok "one address gets 128 connections" poll 10 limited
tap_ok "and others are served" alive
wait $greedy
stop_center
tap_is "the center ends cleanly after all this" "$CENTER_STATUS" 0
rm -rf "$CENTER"

# ---- a disk that is full ----

small_disk() {
	mkdir -p "$T/small"
	mount -t tmpfs -o size=2m tmpfs "$T/small"
}
fill() {
	cat /dev/zero >"$T/small/filler" 2>/dev/null
	[ "$(df --output=avail "$T/small" | tail -n 1)" = 0 ]
}

if ! is_root || ! small_disk; then
	tap_skip "a full disk" "only root can mount a small one"
else
	CENTER=$T/small/center
	fill
	tap_status "a first start on a full disk fails" 1 mclicd --data "$CENTER" --listen 127.0.0.1:0
	tap_err "and says why" 'No space left|is full'
	rm "$T/small/filler"
	set_scene --rsa-bits 2048
	tap_pass "with room it succeeds"
	query "$T/q0"
	ask "$T/q0"
	cp "$BODY" "$T/r0"
	fill
	# the write-ahead log has some room of its own
	n=0
	STATUS=200
	while [ "$STATUS" = 200 ] && [ $n -lt 300 ]; do
		n=$((n + 1))
		query "$T/q" mid=random
		ask "$T/q"
	done
	expect "licence $n on a full disk" busy 503
	mclreq enrol "$T/late.pem" "$T/late.box" center="$IDC" \
		token="$(jq -r .token "$T/alice.json")" >"$T/late"
	lines=$(ledger_lines)
	ask "$T/q"
	expect "it stays refused" busy 503
	tap_is "nothing is billed" "$(ledger_lines)" "$lines"
	ask "$T/q0"
	[ "$STATUS" != 200 ] || tap_cmp "what was issued is answered again" "$BODY" "$T/r0"
	api /v1/products
	expect_ok "titles can be read"
	tap_status "a rotation fails" 1 ctl key rotate
	tap_err "and says why" 'No space left|is full'
	tap_is "without a half key" "$(find "$CENTER/keys" -name 'km-2*' -size -1 | wc -l)" 0
	tap_status "a user cannot be made" 1 ctl user add carol
	kill_center
	rm "$T/small/filler"
	start_center
	ask "$T/q"
	expect_ok "with room, and after SIGKILL: the same request is granted"
	ask "$T/q0"
	tap_cmp "and the first has its answer" "$BODY" "$T/r0"
	tap_is "one line for each" "$(ledger_lines)" "$((lines + 1))"
	tap_is "the database is whole" "$(sql 'PRAGMA integrity_check; PRAGMA foreign_key_check')" ok
	tap_ok "the rotation" ctl key rotate
	stop_center
fi
