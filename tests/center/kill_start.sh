# SPDX-License-Identifier: GPL-2.0-or-later
#
# The first start of a center, killed before and after each call that changes storage:
# the next start goes on from there, with the keys that are there. Of the many pages that
# SQLite writes in a row, every seventh is tried; KILL_EACH=1 tries all.

. tests/tap.sh
. tests/center/lib-center.sh

in_memory

fingerprint() {
	cat "$CENTER"/keys/km-1.key "$CENTER"/keys/signing-*.key 2>/dev/null | sha256sum
}

# The center is whole: one KM, one signing key, which the database names.
whole() {
	[ "$(find "$CENTER/keys" -name 'km-*' | wc -l)" = 1 ] &&
		[ "$(stat -c '%a %s' "$CENTER/keys/km-1.key")" = "600 32" ] &&
		[ "$(find "$CENTER/keys" -name 'signing-*.key' | wc -l)" = 1 ] &&
		[ "$(sql 'SELECT count(*) FROM center, km_generations')" = 1 ] &&
		[ -s "$CENTER/keys/signing-$(sql 'SELECT lower(hex(center_id)) FROM center').key" ] &&
		[ -z "$(find "$CENTER" -name '.mclic-*')" ]
}

ended() {
	[ -s "$CENTER/listen" ] || ! kill -0 "$1"
}

# After a kill at a write, how far to the next
STEP=7
[ "${KILL_EACH:-0}" = 0 ] || STEP=1

# first_start FLAG N: killed there, or stopped when it serves; the status of killat
first_start() {
	rm -rf "$CENTER"
	# shellcheck disable=SC2086 # no flag is no argument
	killat $1 -v "$2" mclicd --data "$CENTER" --listen 127.0.0.1:0 --rsa-bits 2048 \
		>"$T/killed.log" 2>&1 &
	_pid=$!
	poll 30 ended $_pid
	# once it serves, the steps of its end are counted too
	kill -TERM $_pid 2>/dev/null
	wait $_pid
}

for flag in '' -a; do
	when=before
	[ -z "$flag" ] || when=after
	n=1
	tried=0
	bad=
	while :; do
		first_start "$flag" $n
		ended=$?
		[ $ended = 0 ] || break
		tried=$((tried + 1))
		before=$(find "$CENTER/keys" -name '*.key' 2>/dev/null | sort)
		sums=$(fingerprint)
		start_center --rsa-bits 2048
		api /healthz
		stop_center
		[ "$STATUS $CENTER_STATUS" = "200 0" ] ||
			bad="$bad $n:serve:$STATUS:$CENTER_STATUS"
		whole || bad="$bad $n:whole"
		case $(echo "$before" | grep -c .) in
		2) [ "$sums" = "$(fingerprint)" ] || bad="$bad $n:keys" ;;
		esac
		! grep -q "^killat: .* pwrite64" "$T/killed.log" || n=$((n + STEP - 1))
		n=$((n + 1))
	done
	tap_diag "$tried steps of $((n - 1))"
	tap_is "killed $when each step: it came to its end" "$ended" 10
	tap_ok "which took some steps" test "$tried" -gt 20
	tap_is "killed $when each step: the next start goes on" "$bad" ""
done

# A start that was killed with KM made, but nothing else, keeps that KM.
rm -rf "$CENTER"
mkdir -m 700 "$CENTER" "$CENTER/keys"
head -c 32 /dev/urandom >"$CENTER/keys/km-1.key"
chmod 600 "$CENTER/keys/km-1.key"
km=$(sha256sum <"$CENTER/keys/km-1.key")
: >"$CENTER/keys/.mclic-0123456789abcdef"
start_center --rsa-bits 2048
tap_is "KM of a killed start is kept" "$(sha256sum <"$CENTER/keys/km-1.key")" "$km"
tap_ok "its temporary files are not" test ! -e "$CENTER/keys/.mclic-0123456789abcdef"
stop_center
