# SPDX-License-Identifier: GPL-2.0-or-later
#
# mclicctl killed before and after each call that changes storage: all of a command is
# recorded or nothing, and the same command again ends well.

. tests/tap.sh
. tests/center/lib-center.sh

in_memory

set_scene --rsa-bits 2048
query "$T/q"
ask "$T/q"
LICENCE=$(opened "$BODY" "$T/q" | jq -r .licence)
stop_center
cp -a "$CENTER" "$T/base"

# each NAME CHECK AGAIN COMMAND...: kill it at every step. CHECK judges what was left;
# AGAIN, what is there when the command was given again
each() {
	_title=$1
	_left=$2
	_then=$3
	shift 3
	for _flag in '' -a; do
		_n=1
		_bad=
		while :; do
			rm -rf "$CENTER"
			cp -a "$T/base" "$CENTER"
			# shellcheck disable=SC2086 # no flag is no argument
			killat $_flag $_n mclicctl --data "$CENTER" "$@" >"$T/out" 2>&1
			_code=$?
			[ $_code = 0 ] || break
			[ "$(sql 'PRAGMA integrity_check; PRAGMA foreign_key_check')" = ok ] ||
				_bad="$_bad $_n:damaged"
			$_left || _bad="$_bad $_n:left"
			ctl "$@" >"$T/out" 2>&1
			$_then || _bad="$_bad $_n:again"
			_n=$((_n + 1))
		done
		tap_diag "$((_n - 1)) steps"
		tap_is "$_title: it came to its end" "$_code" 10
		tap_ok "$_title: which took some steps" test "$_n" -gt 3
		tap_is "$_title: all or nothing ${_flag:-before}" "$_bad" ""
	done
}

# A user comes with key, token and two lines of the audit log.
user_rows() {
	sql "SELECT count(*) || ' ' || (SELECT count(*) FROM user_keys JOIN users USING (user_id)
		WHERE name = 'bob') || ' ' || (SELECT count(*) FROM enrolment_tokens JOIN users
		USING (user_id) WHERE name = 'bob') FROM users WHERE name = 'bob'"
}
user_left() {
	case $(user_rows) in "0 0 0" | "1 1 1") ;; *) return 1 ;; esac
}
user_then() {
	[ "$(user_rows)" = "1 1 1" ]
}
each "user add" user_left user_then user add bob

# Every generation of the database has its key; one that it does not have is used next.
keys_whole() {
	for _g in $(sql 'SELECT generation FROM km_generations'); do
		[ "$(stat -c '%a %s' "$CENTER/keys/km-$_g.key")" = "600 32" ] || return 1
	done
}
rotate_left() {
	sha256sum "$CENTER"/keys/km-2.key >"$T/km" 2>/dev/null || : >"$T/km"
	keys_whole
}
rotate_then() {
	keys_whole && [ "$(sql 'SELECT max(generation) FROM km_generations')" -ge 2 ] &&
		{ [ ! -s "$T/km" ] || sha256sum --quiet -c "$T/km"; }
}
each "key rotate" rotate_left rotate_then key rotate

revoke_rows() {
	sql "SELECT (SELECT count(*) FROM revocations) || ' ' || (SELECT count(*) FROM licences
		WHERE revoked_at IS NOT NULL) || ' ' || (SELECT list_number FROM center)"
}
revoke_left() {
	case $(revoke_rows) in "0 0 1" | "1 1 2") ;; *) return 1 ;; esac
}
revoke_then() {
	[ "$(revoke_rows)" = "1 1 2" ]
}
each "licence revoke" revoke_left revoke_then licence revoke "$LICENCE"

# The center starts with what a killed rotation left.
rm -rf "$CENTER"
cp -a "$T/base" "$CENTER"
head -c 32 /dev/urandom >"$CENTER/keys/km-2.key"
chmod 600 "$CENTER/keys/km-2.key"
sum=$(sha256sum <"$CENTER/keys/km-2.key")
start_center
ctl key rotate >/dev/null
tap_is "the key of a rotation that was cut is the next generation's" \
	"$(sha256sum <"$CENTER/keys/km-2.key") $(sql 'SELECT max(generation) FROM km_generations')" \
	"$sum 2"
query "$T/q2" mid=random
ask "$T/q2"
tap_is "and it is used" "$(opened "$BODY" "$T/q2" | jq -c '[.km_generation, .licence_open]')" \
	'[2,"ok"]'
stop_center
