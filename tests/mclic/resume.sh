# SPDX-License-Identifier: GPL-2.0-or-later
# mclic copy interrupted: killed before and after every call that changes storage, stopped
# by the user, stopped by a full disk. Nothing lost, nothing billed twice.

. tests/tap.sh
. tests/mclic/lib-shop.sh

scene
KILLAT=$B/tests/tools/killat
cp -r "$MEDIUM" "$T/blank"
again() {	# as fresh, but without the flushes of a new area
	rm -rf "$MEDIUM" "$XDG_STATE_HOME/mclic/requests" "$XDG_STATE_HOME/mclic/licences"
	cp -r "$T/blank" "$MEDIUM"
}
kept() {
	find "$XDG_STATE_HOME/mclic/requests" -name '*.mclre[qs]' 2>/dev/null
}

# Between a kill and the next run: what bears its final name is whole, nothing is plain.
half_ok() {
	[ ! -e "$MEDIUM/$1" ] || mclic verify "$MEDIUM" "$1" >"$T/half.out" 2>&1 || return 1
	mclic info "$MEDIUM" --json >"$T/half.json" 2>&1 || return 1
	[ "$(jq .area.used "$T/half.json")" -le 1 ] && ! grep -rqF "$PLAIN" "$MEDIUM"
}
PLAIN=$(grep -m 1 "licenses for most software" COPYING)
tap_isnt "the plaintext looked for is something" "$PLAIN" ""

# TITLE FLAGS: every call of a copy in turn, on a machine and medium that never had it.
# Killed after a call is killed before the next, but for what goes over the line between
# them: so with -a, until the licence stands.
kill_everywhere() {
	_n=1
	_bad=
	_before=$(bills)
	while :; do
		again
		# shellcheck disable=SC2086 # none or one flag
		"$KILLAT" $2 "$_n" mclic copy "$MASTER" "$1" "$MEDIUM" >"$T/kill.out" 2>&1
		_status=$?
		[ $_status = 0 ] || break
		[ -z "$2" ] || [ "$(mclic info "$MEDIUM" --json | jq .area.used)" = 0 ] || break
		half_ok "$1" || _bad="$_bad $_n:half"
		mclic copy "$MASTER" "$1" "$MEDIUM" >"$T/again.out" 2>&1 ||
			_bad="$_bad $_n:again($(cat "$T/again.out"))"
		whole "$MEDIUM" "$1" || _bad="$_bad $_n:whole"
		[ -z "$(kept)" ] || _bad="$_bad $_n:left"
		_n=$((_n + 1))
	done
	[ -n "$2" ] || tap_is "killat: the last run is not interrupted" "$_status" 10
	tap_ok "killat $2: there were many calls ($_n)" test "$_n" -gt 15
	tap_is "killat $2: after each, the same command goes on to the end" "$_bad" ""
	tap_is "killat $2: each copy was billed once" "$(bills)" $((_before + _n))
}
kill_everywhere "$TITLE1" ""
kill_everywhere "$TITLE2" -a
again
copy >"$T/copy.out" 2>&1

# ---- renew and return, killed everywhere ----

tap_ok "a licence to renew" sh -c 'mclic list "$1" --json | jq -e ".licences|length == 1"' - "$MEDIUM"
sequence() {
	mclic list "$MEDIUM" --json | jq '[.licences[].sequence]|max'
}
n=1
bad=
while "$KILLAT" $n mclic renew "$TITLE1" "$MEDIUM" >"$T/kill.out" 2>&1; do
	# One whose answer was put on the medium is done; another is taken up again.
	was=$(sequence)
	mclic verify "$MEDIUM" "$TITLE1" >"$T/half.out" 2>&1 || bad="$bad $n:unlicensed"
	if [ -n "$(kept)" ]; then
		mclic renew "$TITLE1" "$MEDIUM" >"$T/again.out" 2>&1 || bad="$bad $n:again"
		now=$(sequence)
		[ $((now - was)) -le 1 ] || bad="$bad $n:twice"
	fi
	n=$((n + 1))
done
tap_is "renew killed at each of its calls goes on" "$bad" ""
tap_is "... and every sequence number was billed once" \
	"$(mclicctl --data "$CENTER" ledger list --json |
		jq '[.entries[]|select(.operation=="renew")|[.licence,.sequence]]|length == (unique|length)')" true
n=1
bad=
while :; do
	"$KILLAT" $n mclic return "$TITLE1" "$MEDIUM" >"$T/kill.out" 2>&1
	status=$?
	[ $status = 0 ] || break
	if mclic list "$MEDIUM" --json | jq -e '.licences|length == 1' >"$T/out"; then
		mclic return "$TITLE1" "$MEDIUM" >"$T/again.out" 2>&1 ||
			bad="$bad $n:again($(cat "$T/again.out"))"
	fi
	mclic list "$MEDIUM" --json | jq -e '.licences|length == 0' >"$T/out" || bad="$bad $n:there"
	again
	copy >"$T/copy.out" 2>&1 || bad="$bad $n:copy"
	n=$((n + 1))
done
tap_is "return killed at each of its calls goes on" "$bad" ""
tap_is "... to its end" "$status" 10

# ---- resumes by file ----

again
n=1
while "$KILLAT" $n mclic copy "$MASTER" "$TITLE1" "$MEDIUM" >"$T/kill.out" 2>&1; do
	NEW=$(find "$MEDIUM" -maxdepth 1 -name '.mclic-new-*')
	[ -z "$NEW" ] || [ ! -s "$NEW/charts/relief.bin" ] || break
	[ -z "$NEW" ] || find "$NEW" -type f | sort >"$T/files"
	rm -rf "$NEW"
	n=$((n + 1))
done
INODE=$(stat -c %i "$NEW/charts/relief.bin")
SALT=$(tail -c 68 "$NEW/charts/relief.bin" | head -c 16 | od -An -tx1)
tap_isnt "a file is finished, the title is not" "$NEW" ""
tap_ok "copy again" copy
tap_is "... keeps the finished file" "$(stat -c %i "$MEDIUM/$TITLE1/charts/relief.bin")" "$INODE"
tap_is "... as it was sealed" \
	"$(tail -c 68 "$MEDIUM/$TITLE1/charts/relief.bin" | head -c 16 | od -An -tx1)" "$SALT"
tap_ok "whole" whole "$MEDIUM"

# ---- goes on from an answer that is kept ----

again
n=1
while "$KILLAT" $n mclic copy "$MASTER" "$TITLE1" "$MEDIUM" >"$T/kill.out" 2>&1; do
	! kept | grep -q 'mclres$' || break
	again
	n=$((n + 1))
done
tap_match "the answer came, and was not put to use" "$(kept)" 'mclres$'
stop_center
tap_ok "copy again needs no center" copy
tap_ok "whole" whole "$MEDIUM"
