# SPDX-License-Identifier: GPL-2.0-or-later
#
# Clients that send a byte now and then, for ever, or nothing any more: they are told 408
# and cut off, and the others are served all the while.

. tests/tap.sh
. tests/center/lib-center.sh

POST='POST /v1/enrol HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'

# One center without TLS, one with it.
CENTER=$T/plain
start_center --plain-http
PLAIN_URL=$CENTER_URL
PLAIN_PID=$CENTER_PID
PLAIN_LOG=$CENTER_LOG
PORT=${CENTER_URL##*:}
CENTER=$T/secure
set_scene --rsa-bits 2048

# ---- without TLS, and many ----

slowly() {
	_slowly=$1
	shift
	dribble -m 90 "$@" "$PORT" >"$T/said.$_slowly" 2>"$T/ended.$_slowly"
}
{
	printf 'GET /v1/'
	head -c 10000 /dev/zero | tr '\0' a
} | slowly lines -n 120 -b 1 -t 500 -s 127.0.0.2 &
{
	printf 'GET /v1/status HTTP/1.1\r\nX-Slow: '
	head -c 60000 /dev/zero | tr '\0' a
} | slowly heads -n 60 -b 100 -t 500 -s 127.0.0.3 &
{
	printf '%b' "${POST}Content-Length: 60000\r\n\r\n"
	head -c 60000 /dev/zero
} | slowly bodies -n 60 -b 300 -t 500 -s 127.0.0.3 &
{
	printf '%b' "${POST}Transfer-Encoding: chunked\r\n\r\n4000000\r\n"
	cat /dev/zero
} | slowly flood -b 70000 -t 500 -s 127.0.0.3 &
printf '%b' "${POST}Content-Length: 60000\r\n\r\n{" | slowly rest -s 127.0.0.3 &
printf 'GET /v1/' | slowly part -s 127.0.0.3 &
printf 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /v1/' | slowly second -b 38 -s 127.0.0.3 &
printf 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n' | slowly kept-alive -s 127.0.0.3 &
slowly idle -n 120 -s 127.0.0.4 </dev/null &

# ---- over TLS ----

secure=

while printf x; do
	sleep 0.5
done | say_tls "$T/said.secure-line" &
secure="$secure $!"
{
	printf 'GET /v1/status HTTP/1.1\r\n'
	while printf 'X-Slow: x\r\n'; do
		sleep 0.5
	done
} | say_tls "$T/said.secure-head" &
secure="$secure $!"
{
	printf '%b' "${POST}Content-Length: 60000\r\n\r\n"
	while printf x; do
		sleep 0.5
	done
} | say_tls "$T/said.secure-body" &
secure="$secure $!"

{
	printf 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /v1/status HTTP/1.1\r\n'
	while printf 'X-Slow: x\r\n'; do
		sleep 0.5
	done
} | say_tls "$T/said.secure-second" &
secure="$secure $!"
{
	printf 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'
	sleep 30
} | say_tls "$T/said.secure-kept-alive" &
secure="$secure $!"
sleep 30 | say_tls "$T/said.secure-idle" &
secure="$secure $!"
while printf xxxx; do
	sleep 0.4
done | curl -sS -m 90 -o "$T/curl.body" -D "$T/curl.head" -X POST -H "Content-Type: $JSON" -T - \
	"$PLAIN_URL/v1/enrol" 2>"$T/curl.slow" &
curl=$!

# One that is just in time, and has to wait until the time is over, for the database.
mkfifo "$T/hold"
sqlite3 -batch "$CENTER/center.db" <"$T/hold" >"$T/held" &
exec 9>"$T/hold"
echo 'BEGIN IMMEDIATE; SELECT 1;' >&9
poll 10 test -s "$T/held"
query "$T/q"
{
	printf '%b' "POST /v1/licences HTTP/1.1\r\nHost: a\r\nContent-Type: $REQUEST\r\n"
	printf 'Content-Length: %u\r\n\r\n' "$(wc -c <"$T/q")"
	head -c 100 "$T/q"
	sleep 8
	tail -c +101 "$T/q" | head -c 100
	sleep 9
	tail -c +201 "$T/q"
	sleep 9
	printf 'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
} | say_tls "$T/said.kept" &
kept=$!

# ---- what they get ----

# told NAME CLIENT: the whole answer is a 408
told() {
	heard "$T/said.$2"
	expect "$1" too-slow 408
	whole "$1"
}

# ended NAME CLIENT SECONDS: all were closed, the last after so long
ended() {
	_ended=$(sed -n 's/^closed \([0-9]*\) of \1, last after \([0-9]*\) s$/\2/p' "$T/ended.$2")
	tap_ok "$1: closed, and not before $3 s are over (${_ended:-never})" \
		[ "${_ended:-0}" -ge "$3" ]
}

alive() {
	curl -sSf --max-time 60 "$PLAIN_URL/healthz" >/dev/null
}
# dribble takes a connection that it did not get for one that was closed, so they are counted.
connections() {
	curl -sS "$PLAIN_URL/metrics" | sed -n 's/^mclicd_connections //p'
}
many() {
	[ "$(connections)" -gt 364 ]
}
few() {
	[ "$(connections)" -lt 10 ]
}
all_ended() {
	for _client in lines part second kept-alive heads bodies flood rest idle; do
		[ -s "$T/ended.$_client" ] || return 1
	done
}
tap_ok "366 slow clients are connected" poll 10 many
missed=0
while ! all_ended; do
	alive || missed=$((missed + 1))
	sleep 1
done
tap_is "others are served all the while" "$missed" 0
ended "a request line that comes slowly" lines 20
told "it" lines
ended "a request line of which the rest never comes" part 14
told "it" part
ended "another, behind an answer" second 14
tap_is "it is told, too" "$(statuses "$T/said.second")" "200 408 "
ended "who is silent after an answer" kept-alive 14
tap_is "and gets no other" "$(statuses "$T/said.kept-alive")" "200 "
ended "heads" heads 20
told "a head" heads
ended "bodies" bodies 20
told "a body" bodies
ended "a body that comes fast, but does not end" flood 20
told "it" flood
ended "a body of which the rest never comes" rest 14
told "it" rest
ended "who says nothing" idle 14
tap_is "and gets no answer" "$(cat "$T/said.idle")" ""
wait "$curl"
tap_match "curl gets it, too" "$(tr -d "\\r" <"$T/curl.head")" "^HTTP/1.1 408 "
tap_ok "their connections are free again" poll 10 few
curl -sS "$PLAIN_URL/metrics" >"$T/metrics"
tap_is "the metrics count them, the flood, the rest and curl with the bodies" \
	"$(grep 'status="408"' "$T/metrics" | sort)" \
	'mclicd_requests_total{endpoint="enrol",status="408"} 63
mclicd_requests_total{endpoint="other",status="408"} 182'
tap_is "the log has them" "$(jq -r 'select(.status == 408) | "\(.method) \(.path) \(.problem)"' \
	"$PLAIN_LOG" | sort | uniq -c | awk '{ $1 = $1; print }')" \
	'182 too-slow
63 POST /v1/enrol too-slow'

# shellcheck disable=SC2086 # several
wait "$kept" $secure
echo 'ROLLBACK;' >&9
exec 9>&-
told "a request line over TLS" secure-line
told "who says nothing over TLS, where the handshake said something" secure-idle
tap_is "who is silent over TLS after an answer gets no other" \
	"$(statuses "$T/said.secure-kept-alive")" "200 "
told "a head over TLS" secure-head
told "a body over TLS" secure-body
tap_is "a head over TLS, behind an answer" \
	"$(statuses "$T/said.secure-second")" "200 408 "
tap_is "who was in time is answered late, and heard again" \
	"$(statuses "$T/said.kept")" "503 200 "

stop_center
tap_is "the center ends cleanly after all this" "$CENTER_STATUS" 0
CENTER_PID=$PLAIN_PID
stop_center
tap_is "and the one without TLS" "$CENTER_STATUS" 0
