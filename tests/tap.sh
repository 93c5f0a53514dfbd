# SPDX-License-Identifier: GPL-2.0-or-later
#
# tap.sh - helpers for the shell suites. Source it from the top of the tree:
#
#	. tests/tap.sh
#
# POSIX sh. A suite is run as "sh tests/x/name.sh" with B naming the build folder
# (default: build), as root or not, and prints TAP. The plan is printed when the
# script ends; a script that ends with another status than 0, or that ran no test,
# has failed. Suites do not use set -e: a failed check goes on to the next.
#
# tests/lib.sh says what else there is: T (temporary folder), B, poll, at_end, is_root,
# as_user, user_dir, start_center, stop_center, kill_center, mount_fuse, unmount.
#
#   OUT, ERR	files with what the last tap_ok/tap_status command printed
#   TAP_NO_SKIP=1 in the environment turns every skip into a failure
#
# Checks (each is one test; NAME says what is claimed)
#   tap_ok NAME CMD...		CMD ends with status 0
#   tap_status NAME WANT CMD...	CMD ends with status WANT
#   tap_is NAME GOT WANT	two strings are the same
#   tap_isnt NAME GOT OTHER	two strings differ
#   tap_match NAME TEXT ERE	TEXT has a line that matches ERE
#   tap_nomatch NAME TEXT ERE	it has none
#   tap_out NAME ERE		what the last command printed on standard output matches
#   tap_err NAME ERE		the same for standard error
#   tap_cmp NAME FILE FILE	two files hold the same bytes
#   tap_pass NAME / tap_fail NAME [WHY]
#   tap_skip NAME WHY		cannot run here (a failure where TAP_NO_SKIP=1)
#   tap_skip_all WHY		nothing of this suite can run here; does not return
#   tap_bail WHY		the machine or the build is broken; ends the whole run
#   tap_diag TEXT		a comment in the output

# shellcheck source=tests/lib.sh
. tests/lib.sh

mkdir -p "$T/.tap"
OUT=$T/.tap/out
ERR=$T/.tap/err
: >"$OUT"
: >"$ERR"

tap_count=0
tap_failed=0
tap_skipped_all=
tap_bailed=

# ---- results ----

tap_diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

tap_pass() {
	tap_count=$((tap_count + 1))
	printf 'ok %d - %s\n' "$tap_count" "$1"
}

tap_fail() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	printf 'not ok %d - %s\n' "$tap_count" "$1"
	[ $# -lt 2 ] || tap_diag "$2"
	return 1
}

tap_skip() {
	if [ "${TAP_NO_SKIP:-0}" = 1 ]; then
		tap_fail "$1" "skipped where nothing may be skipped: $2"
		return 1
	fi
	tap_count=$((tap_count + 1))
	printf 'ok %d - %s # SKIP %s\n' "$tap_count" "$1" "$2"
}

tap_skip_all() {
	if [ "${TAP_NO_SKIP:-0}" = 1 ]; then
		tap_fail "this suite runs here" "skipped where nothing may be skipped: $1"
		exit 1
	fi
	tap_skipped_all=1
	printf '1..0 # SKIP %s\n' "$1"
	exit 0
}

tap_bail() {
	tap_bailed=1
	printf 'Bail out! %s\n' "$*"
	exit 1
}

tap_show() {
	sed 's/^/#   out: /' "$OUT" | head -n 40
	sed 's/^/#   err: /' "$ERR" | head -n 40
}

tap_run() {
	"$@" >"$OUT" 2>"$ERR" </dev/null
}

tap_status() {
	_name=$1
	_want=$2
	shift 2
	tap_run "$@"
	_got=$?
	if [ "$_got" = "$_want" ]; then
		tap_pass "$_name"
		return 0
	fi
	tap_fail "$_name" "$* ended with status $_got, not $_want"
	tap_show
	return 1
}

tap_ok() {
	_name=$1
	shift
	tap_status "$_name" 0 "$@"
}

tap_is() {
	if [ "$2" = "$3" ]; then
		tap_pass "$1"
	else
		tap_fail "$1" "got:  $2
want: $3"
	fi
}

tap_isnt() {
	if [ "$2" != "$3" ]; then
		tap_pass "$1"
	else
		tap_fail "$1" "both are: $2"
	fi
}

tap_match() {
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		tap_pass "$1"
	else
		tap_fail "$1" "no line matches $3 in:
$2"
	fi
}

tap_nomatch() {
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		tap_fail "$1" "a line matches $3 in:
$2"
	else
		tap_pass "$1"
	fi
}

tap_out() {
	tap_match "$1" "$(cat "$OUT")" "$2"
}

tap_err() {
	tap_match "$1" "$(cat "$ERR")" "$2"
}

tap_cmp() {
	tap_ok "$1" cmp "$2" "$3"
}

die() {
	tap_bail "$@"
}

tap_exit() {
	_status=$?
	trap - EXIT
	lib_cleanup || _status=1
	if [ -n "$tap_bailed" ]; then
		exit 1
	fi
	if [ -z "$tap_skipped_all" ]; then
		if [ "$tap_count" = 0 ]; then
			tap_fail "the suite runs a test" "it ended before the first"
			_status=1
		fi
		printf '1..%d\n' "$tap_count"
		[ "$tap_failed" = 0 ] || _status=1
	fi
	exit "$_status"
}
trap tap_exit EXIT
