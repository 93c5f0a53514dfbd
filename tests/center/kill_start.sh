# SPDX-License-Identifier: GPL-2.0-or-later
#
# The first start of a center, killed before each call that changes storage: the next start
# goes on from there, with the keys that are there. Nobody is answered yet, so killed after
# a call is killed before the next.

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

# first_start N: killed there, or stopped when it serves; the status of killat
first_start() {
	rm -rf "$CENTER"
	killat "$1" mclicd --data "$CENTER" --listen 127.0.0.1:0 --rsa-bits 2048 \
		>"$T/killed.log" 2>&1 &
	_pid=$!
	poll 30 ended $_pid
	# once it serves, the steps of its end are counted too
	kill -TERM $_pid 2>/dev/null
	wait $_pid
}

n=1
bad=
while :; do
	first_start $n
	ended=$?
	[ $ended = 0 ] || break
	before=$(find "$CENTER/keys" -name '*.key' 2>/dev/null | sort)
	sums=$(fingerprint)
	start_center --rsa-bits 2048
	api /healthz
	stop_center
	[ "$STATUS $CENTER_STATUS" = "200 0" ] || bad="$bad $n:serve:$STATUS:$CENTER_STATUS"
	whole || bad="$bad $n:whole"
	case $(echo "$before" | grep -c .) in
	2) [ "$sums" = "$(fingerprint)" ] || bad="$bad $n:keys" ;;
	esac
	n=$((n + 1))
done
tap_diag "$((n - 1)) steps"
tap_is "killed before each step: it came to its end" "$ended" 10
tap_ok "which took some steps" test "$n" -gt 20
tap_is "killed before each step: the next start goes on" "$bad" ""

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
