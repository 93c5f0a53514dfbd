# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-kill.sh - mclicd killed at each call that changes storage, $WHEN the call (before or
# after), while a device enrols, gets a licence, renews and returns it. Who asks again gets
# the same, and is billed once.

. tests/center/lib-center.sh

in_memory

# ---- a center to start from, and four requests ----

set_scene --rsa-bits 2048
token=$(ctl user token alice --json | jq -r .token)
mclreq enrol "$T/new.pem" "$T/new.box" center="$IDC" token="$token" >"$T/1.in"
new() {
	mclreq request "$T/new.pem" center="$IDC" user="$USER" did="$DID" "$@"
}
new nonce=00000000000000000000000000000001 >"$T/2.in"
LICENCE=$({
	printf 'mclic licence id'
	printf %s "${IDC}${USER}00000000000000000000000000000001" |
		perl -ne 'print pack "H*", $_'
} | sha256sum | cut -c 1-32)
new op=2 licence="$LICENCE" sequence=1 >"$T/3.in"
new op=3 licence="$LICENCE" sequence=2 >"$T/4.in"
stop_center
cp -a "$CENTER" "$T/base"

# all SUFFIX: the four requests, in order; answers to 1.SUFFIX to 4.SUFFIX where there are any
all() {
	for _n in 1 2 3 4; do
		rm -f "$T/$_n.$1"
		_to=/v1/licences
		_as=$REQUEST
		[ $_n != 1 ] || {
			_to=/v1/enrol
			_as=$JSON
		}
		_code=$(curl -s --max-time 30 --cacert "$CENTER_CA" -o "$T/answer" -w '%{http_code}' \
			-H "Content-Type: $_as" --data-binary "@$T/$_n.in" "$CENTER_URL$_to")
		[ "$_code" != 200 ] || mv "$T/answer" "$T/$_n.$1"
	done
}

served() {
	[ -s "$CENTER/listen" ] || ! kill -0 "$1"
}

# killed FLAG N: serve from the base and answer the four, killed at that step
killed() {
	rm -rf "$CENTER"
	cp -a "$T/base" "$CENTER"
	# shellcheck disable=SC2086 # no flag is no argument
	killat $1 -v "$2" mclicd --data "$CENTER" --listen 127.0.0.1:0 >"$T/killed.log" 2>&1 &
	_pid=$!
	poll 30 served $_pid
	CENTER_URL=$(cat "$CENTER/listen" 2>/dev/null)
	rm -f "$T"/?.first
	[ -z "$CENTER_URL" ] || all first
	kill -TERM $_pid 2>/dev/null
	wait $_pid
}

# What a client can see after it has asked for everything again
judge() {
	_bad=
	for _n in 2 3 4; do
		# the answers that were had before the kill; of the last, also again
		[ ! -s "$T/$_n.first" ] || [ ! -s "$T/$_n.again" ] ||
			cmp -s "$T/$_n.first" "$T/$_n.again" || _bad="$_bad differs:$_n"
	done
	[ -s "$T/1.again" ] && [ -s "$T/4.again" ] || _bad="$_bad refused"
	_keys=$(mclreq unbox "$T/new.pem" "$T/new.box" "$T/1.again" | jq -r '.keys[0].key')
	[ "$_keys" = "$KU" ] || _bad="$_bad ku"
	_ledger=$(sql "SELECT group_concat(sequence || ':' || operation || ':' || amount)
		FROM (SELECT * FROM ledger ORDER BY sequence)")
	[ "$_ledger" = "1:1:1999,2:2:1999,3:3:0" ] || _bad="$_bad ledger=$_ledger"
	[ "$(sql 'SELECT count(*) FROM issues') $(sql 'SELECT count(*) FROM requests') $(
		sql 'SELECT count(*) FROM revocations') $(sql 'SELECT count(*) FROM devices')" = \
		"3 3 1 2" ] || _bad="$_bad rows"
	[ "$(sql 'PRAGMA integrity_check; PRAGMA foreign_key_check')" = ok ] || _bad="$_bad damaged"
	echo "$_bad"
}

flag=
[ "$WHEN" = before ] || flag=-a
n=1
bad=
lost=0
while :; do
	killed "$flag" $n
	ended=$?
	[ $ended = 0 ] || break
	start_center
	all again
	[ -s "$T/4.first" ] || lost=$((lost + 1))
	found=$(judge)
	[ -z "$found" ] || bad="$bad step $n:$found"
	kill_center
	n=$((n + 1))
done
tap_diag "$((n - 1)) steps, in $lost of them an answer was lost"
tap_is "killed $WHEN each step: it came to its end" "$ended" 10
tap_ok "some answers were lost" test "$lost" -gt 50
tap_is "killed $WHEN each step: nothing lost, nothing billed twice" "$bad" ""
