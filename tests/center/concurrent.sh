# SPDX-License-Identifier: GPL-2.0-or-later
#
# Many at once: the same request, different ones, and the operator beside them.

. tests/tap.sh
. tests/center/lib-center.sh

set_scene

# at_once NAME: POST each $T/NAME.in.* , all at the same time; answers to $T/NAME.out.*
at_once() {
	: >"$T/$1.curl"
	for _in in "$T/$1".in.*; do
		{
			[ ! -s "$T/$1.curl" ] || echo next
			echo "url = \"$CENTER_URL/v1/licences\""
			echo "cacert = \"$CENTER_CA\""
			echo "header = \"Content-Type: $REQUEST\""
			echo "data-binary = \"@$_in\""
			echo "output = \"$T/$1.out.${_in##*.}\""
			echo 'write-out = "%{http_code}\n"'
			echo silent
			echo 'max-time = 60'
		} >>"$T/$1.curl"
	done
	curl -Z --parallel-immediate --parallel-max 64 -K "$T/$1.curl" >"$T/$1.status" \
		2>"$T/$1.err"
}

statuses() {
	sort "$T/$1.status" | uniq -c | awk '{ print $2 "x" $1 }' | tr '\n' ' '
}

# ---- the same request, 32 times at once ----

for round in 1 2 3 4; do
	query "$T/one" mid=random
	for i in $(seq 32); do
		cp "$T/one" "$T/same.in.$i"
	done
	lines=$(ledger_lines)
	at_once same
	tap_is "round $round: 32 answers" "$(statuses same)" "200x32 "
	tap_is "round $round: the same bytes" "$(sha256sum "$T"/same.out.* | cut -c 1-64 |
		sort -u | wc -l)" 1
	tap_is "round $round: one ledger line" "$(ledger_lines)" "$((lines + 1))"
	rm -f "$T"/same.*
done
# A request is logged when its answer has gone out.
poll 20 sh -c "[ \$(grep -c /v1/licences '$CENTER_LOG') = 128 ]"
tap_is "the log says which was the first" \
	"$(jq -r 'select(.path == "/v1/licences") | .repeated' "$CENTER_LOG" | sort | uniq -c |
		awk '{ print $2 "x" $1 }' | tr '\n' ' ')" "falsex4 truex124 "

# ---- renewals of one licence: only one of them can be the next ----

query "$T/first" mid=random
ask "$T/first"
LICENCE=$(opened "$BODY" "$T/first" | jq -r .licence)
mid=$(od -An -v -tx1 -j32 -N16 "$T/first" | tr -d ' \n')
for i in $(seq 16); do
	query "$T/renew.in.$i" mid="$mid" op=2 licence="$LICENCE" sequence=1
done
lines=$(ledger_lines)
at_once renew
tap_is "16 different renewals at once: one is granted" "$(statuses renew)" "200x1 409x15 "
tap_is "one ledger line" "$(ledger_lines)" "$((lines + 1))"

# ---- a return against renewals ----

rm -f "$T"/renew.*
for i in $(seq 8); do
	query "$T/renew.in.$i" mid="$mid" op=2 licence="$LICENCE" sequence=2
	query "$T/renew.in.r$i" mid="$mid" op=3 licence="$LICENCE" sequence=2
done
lines=$(ledger_lines)
at_once renew
tap_is "8 returns and 8 renewals at once: one of them is granted" \
	"$(grep -c 200 "$T/renew.status")" 1
tap_is "one ledger line" "$(ledger_lines)" "$((lines + 1))"

# ---- the same device enrols many times at once; a token enrols one device ----

token=$(ctl user token alice --json | jq -r .token)
for i in $(seq 12); do
	mclreq enrol "$T/race.$i.pem" "$T/race.$i.box" center="$IDC" token="$token" >"$T/race.$i"
	curl -sS --cacert "$CENTER_CA" -o "$T/race.$i.answer" -w '%{http_code}\n' \
		-H "Content-Type: $JSON" --data-binary "@$T/race.$i" "$CENTER_URL/v1/enrol" \
		>"$T/race.$i.status" &
	racers="${racers:-} $!"
done
# shellcheck disable=SC2086 # numbers
wait $racers
tap_is "12 devices with one token at once: one is enrolled" \
	"$(cat "$T"/race.*.status | sort | uniq -c | awk '{ print $2 "x" $1 }' | tr '\n' ' ')" \
	"200x1 403x11 "
tap_is "it is the user's second" "$(ctl user list --json | jq '.users[0].devices')" 2

# ---- the operator beside many clients ----

for i in $(seq 100); do
	query "$T/mix.in.$i" mid=random
done
lines=$(ledger_lines)
at_once mix &
mix=$!
for i in 1 2 3 4 5 6 7 8 9 10; do
	ctl user add "user $i" >/dev/null || echo bad >>"$T/mix.bad"
	ctl key rotate >/dev/null || echo bad >>"$T/mix.bad"
	ctl ledger balance >/dev/null || echo bad >>"$T/mix.bad"
done
wait $mix
tap_is "100 requests beside an operator: all are granted" "$(statuses mix)" "200x100 "
tap_is "100 ledger lines" "$(ledger_lines)" "$((lines + 100))"
tap_ok "none of the operator's commands failed" test ! -e "$T/mix.bad"
generations=$(for i in $(seq 100); do
	opened "$T/mix.out.$i" "$T/mix.in.$i" | jq -r '"\(.licence_open) \(.master_key_open)"'
done | sort | uniq -c | awk '{ print $1, $2, $3 }')
tap_is "each opens" "$generations" "100 ok ok"

# ---- a restart in the middle ----

rm -f "$T"/mix.*
for i in $(seq 200); do
	query "$T/mix.in.$i" mid=random
done
lines=$(ledger_lines)
at_once mix &
mix=$!
poll 20 sh -c "[ \$(grep -c /v1/licences '$CENTER_LOG') -gt $(($(grep -c /v1/licences "$CENTER_LOG") + 20)) ]"
stop_center
tap_is "SIGTERM in the middle of it: a clean end" "$CENTER_STATUS" 0
wait $mix
got=$(grep -c 200 "$T/mix.status")
tap_diag "$got of 200 were answered before"
tap_is "who got an answer got a whole one" "$(find "$T" -name 'mix.out.*' -size 1024c | wc -l)" \
	"$got"
start_center
for i in $(seq 200); do
	mv "$T/mix.out.$i" "$T/before.$i" 2>/dev/null
done
at_once mix
tap_is "all of them again: all are granted" "$(statuses mix)" "200x200 "
tap_is "200 ledger lines, not one more" "$(ledger_lines)" "$((lines + 200))"
changed=0
for i in $(seq 200); do
	[ ! -s "$T/before.$i" ] || cmp -s "$T/before.$i" "$T/mix.out.$i" ||
		changed=$((changed + 1))
done
tap_is "the same bytes for who had an answer" "$changed" 0
