# SPDX-License-Identifier: GPL-2.0-or-later
#
# Clients that are rude or many; and a disk that is full. slow.sh has the slow ones.

. tests/tap.sh
. tests/center/lib-center.sh

# ---- what is hardly HTTP; without TLS, to say it by hand ----

SAY=say
start_center --plain-http
PORT=${CENTER_URL##*:}

alive() {
	api /healthz
	[ "$STATUS" = 200 ]
}

say() {
	dribble -m 40 "$PORT" >"$T/said" 2>"$T/dribble"
}
say_slowly_tls() {
	{
		cat
		sleep 1
	} | say_tls "$T/said"
}

# garbage NAME TYPE STATUS BYTES: that problem comes back
garbage() {
	printf '%b' "$4" | $SAY
	heard "$T/said"
	expect "$1" "$2" "$3"
	tap_is "$1: one answer" "$(statuses "$T/said")" "$3 "
	whole "$1"
	tap_ok "$1: the center goes on" alive
}
POST='POST /v1/enrol HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n'
long() {
	head -c 70000 /dev/zero | tr '\0' "$1"
}
GET='GET /v1/status HTTP/1.1\r\nHost: a\r\n'
garbage "no HTTP" bad-http 400 'hello\r\n\r\n'
garbage "binary" bad-http 400 '\0377\0376\0000\0001\r\n\r\n'
garbage "a TLS hello" bad-http 400 \
	'\0026\0003\0001\0002\0000\0001\0000\0001\0374\0003\0003\r\n\r\n'
garbage "no host" bad-http 400 'GET /v1/status HTTP/1.1\r\n\r\n'
garbage "no version" bad-http 400 'GET /v1/status\r\n\r\n'
garbage "a space in the path" bad-http 400 'GET /v1/ status HTTP/1.1\r\nHost: a\r\n\r\n'
garbage "a header that is none" bad-http 400 "${GET}hello\r\n\r\n"
garbage "HTTP of the past" http-version 505 'GET /v1/status HTTP/0.9\r\nHost: a\r\n\r\n'
garbage "HTTP of the future" http-version 505 'GET /v1/status HTTP/9.9\r\nHost: a\r\n\r\n'
garbage "a length that is none" bad-http 400 "${POST}Content-Length: -5\r\n\r\n{}"
garbage "a length that overflows" too-large 413 \
	"${POST}Content-Length: 99999999999999999999\r\n\r\n{}"
garbage "a chunk that overflows" too-large 413 \
	"${POST}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n"
garbage "a chunk that is none" bad-http 400 \
	"${POST}Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n"
garbage "a line behind the chunks that is none" bad-http 400 \
	"${POST}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nhello\r\n\r\n"
garbage "a body without an end" bad-http 400 "${POST}Transfer-Encoding: gzip\r\n\r\nxyz"
garbage "a body in two codings" bad-http 400 \
	"${POST}Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nxyz\r\n"
garbage "two lengths" bad-http 400 "${POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"
garbage "a length and chunks" bad-http 400 \
	"${POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
garbage "two hosts" bad-http 400 "${POST}Host: b\r\nContent-Length: 2\r\n\r\n{}"
garbage "a blank before a colon" bad-http 400 "${POST}Content-Length : 2\r\n\r\n{}"
garbage "a tab before it" bad-http 400 \
	"${POST}Content-Length: 2\r\nTransfer-Encoding\t: chunked\r\n\r\n{}"
garbage "a line that goes on" bad-http 400 \
	"${POST}Transfer-Encoding:\r\n chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
garbage "a head without end" head-too-large 431 "GET / HTTP/1.1\r\nHost: a\r\nX: $(long a)"
garbage "a cookie that is large" head-too-large 431 \
	"${GET}Cookie: $(long a | head -c 20000)\r\n\r\n"
garbage "a path without end" uri-too-long 414 "GET /$(long a) HTTP/1.1\r\nHost: a\r\n\r\n"
garbage "a method without end" uri-too-long 414 "$(long A) / HTTP/1.1\r\nHost: a\r\n\r\n"
garbage "many arguments" head-too-large 431 \
	"GET /?$(long '&' | head -c 20000) HTTP/1.1\r\nHost: a\r\n\r\n"
garbage "bad UTF-8 in the path" not-found 404 \
	'GET /\0377\0376 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
garbage "a terminal's commands in the path" not-found 404 \
	'GET /%1b[31m%0d%0ax HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
garbage "a whole one, to compare" bad-json 400 "${POST}Content-Length: 2\r\n\r\n{}"
printf '%b' "$GET\r\nhello\r\n" | say
tap_is "what is no HTTP, behind an answer" "$(statuses "$T/said")" "200 400 "
tap_match "has the same type" "$(cat "$T/said")" 'urn:mclic:problem:bad-http'

printf '%b' "${GET}Connection: keep-alive\r\nConnection: close\r\n\r\nhello\r\n" | say
tap_is "behind the last answer there is none" "$(statuses "$T/said")" "200 "

# A client that does not read before it has sent all of it.
blind() {
	perl -MIO::Socket::INET -e '$SIG{PIPE} = "IGNORE";
		my $s = IO::Socket::INET->new("127.0.0.1:$ARGV[0]") or die;
		syswrite $s, $ARGV[1] =~ s/\\r\\n/\r\n/gr;
		$n = syswrite $s, "x" x 1000000 and $sent += $n for 1 .. 40;
		$sent == 40000000 or die "$sent bytes were taken\n"; print <$s>' \
		"$PORT" "$1" >"$T/said" 2>"$T/blind"
	heard "$T/said"
}
blind "${POST}Content-Length: 40000000\r\n\r\n"
expect "40 MB of body, from who does not listen meanwhile" too-large 413
blind 'GET / HTTP/1.1\r\nHost: a\r\nX: '
expect "40 MB of head" head-too-large 431

cp "$CENTER_LOG" "$T/log"
tap_is "the log is JSON, whatever was asked for" "$(jq -c . "$T/log" | wc -l)" \
	"$(wc -l <"$T/log")"
tap_is "every refusal is in it" "$(jq -r 'select(.status >= 400) | .problem' "$T/log" | sort |
	uniq -c | awk '{ print $1 ":" $2 }' | tr '\n' ' ')" \
	"19:bad-http 1:bad-json 4:head-too-large 2:http-version 2:not-found 3:too-large 2:uri-too-long "
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

# ---- a center that may open few files ----

cores=$(getconf _NPROCESSORS_ONLN)
[ "$cores" -ge 4 ] || cores=4
files=$((8 * cores + 220))
mclicd() {
	exec prlimit --nofile="$files" "$B/mclicd" "$@"
}
# Refused ones that stay, more idle ones than there is room for; some of these ask then.
crowd() {
	perl -MIO::Socket::INET -e 'alarm 60; my ($port, $ask) = (shift, shift =~ s/\\r\\n/\r\n/gr);
		sub dial {
			IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port",
				LocalAddr => shift) or die $!;
		}
		for (1 .. 128) {
			push @refused, my $s = dial("127.0.0.2");
			syswrite $s, "hello\r\n";
			<$s>;
		}
		push @idle, dial("127.0.0." . (3 + $_ % 4)) for 1 .. 300;
		for my $s (@idle[0 .. 11]) {
			syswrite $s, $ask;
			print((split / /, <$s>)[1], "\n");
		}' "$PORT" "$1" | sort | uniq -c | awk '{ print $1 ":" $2 }'
}
CENTER=$T/few
start_center --plain-http
PORT=${CENTER_URL##*:}
tap_is "the database is not short of files, whoever connects or lingers" \
	"$(crowd 'GET /v1/products HTTP/1.1\r\nHost: a\r\n\r\n')" "12:200"
stop_center
unset -f mclicd
tap_status "with fewer still it does not start" 1 prlimit --nofile=$((8 * cores + 20)) \
	mclicd --data "$CENTER" --listen 127.0.0.1:0 --plain-http
tap_err "and says what to do" 'too few, [0-9]+ are the least; raise the limit \(ulimit -n\)'
rm -rf "$CENTER"

# ---- over TLS ----

SAY=say_slowly_tls
CENTER=$T/secure
start_center
PORT=${CENTER_URL##*:}
garbage "TLS: no HTTP" bad-http 400 'hello\r\n\r\n'
garbage "TLS: a length that overflows" too-large 413 \
	"${POST}Content-Length: 99999999999999999999\r\n\r\n{}"
garbage "TLS: many arguments" head-too-large 431 \
	"GET /?$(long '&' | head -c 20000) HTTP/1.1\r\nHost: a\r\n\r\n"
begin=$(date +%s)
stop_center
tap_ok "it does not wait for one of them" [ $(($(date +%s) - begin)) -lt 10 ]
tap_is "and ends cleanly" "$CENTER_STATUS" 0
tap_is "nothing but these refusals and /healthz is in the log" \
	"$(jq -r 'select(.event == "request") | "\(.path) \(.status)"' "$CENTER_LOG" | sort |
		uniq -c | awk '{ print $1 ":" $2 ":" $3 }' | tr '\n' ' ')" \
	"1:400: 1:413: 1:431: 3:/healthz:200 "
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
