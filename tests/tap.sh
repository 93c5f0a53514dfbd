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
# Variables it sets
#   T		temporary folder of this suite, removed at the end; what is mounted
#		below it is unmounted first, what was started is ended first
#   B		build folder, absolute; PATH starts with it
#   TAP_NO_SKIP=1 in the environment turns every skip into a failure
#   TOP		top of the tree, absolute
#   HOME, XDG_CONFIG_HOME, XDG_STATE_HOME	below $T, empty
#   OUT, ERR	files with what the last tap_ok/tap_status command printed
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
#
# Doing things
#   poll SECONDS CMD...		run CMD until it is true; 1 when time is up. Never sleep
#				for timing, poll for the condition
#   at_end CMD			a shell command to run before the clean-up (last first)
#   is_root			are we root?
#   as_user CMD...		run as an ordinary user: "nobody" when we are root (with an
#				own HOME, $T/user), else as we are
#   user_dir DIR		make DIR (below $T) and give it to that user
#
# A license center of this suite (TLS with a self-made certificate, loopback, free port)
#
#   start_center [ARGS...]	mclicd --data $CENTER --listen 127.0.0.1:0 ARGS; returns when
#				it serves. May be called again after stop_center. Sets
#				CENTER_URL, CENTER_PID, CENTER_CA (TLS certificate, for
#				--cacert)
#   stop_center			SIGTERM and wait; its exit status in CENTER_STATUS
#   kill_center			SIGKILL and wait
#   CENTER			its data folder, $T/center unless set before
#   CENTER_LOG			its log, $CENTER.log
#
# The file system
#   mount_fuse LOWER DIR [ARGS...]	mclicfs-fuse in the background; returns when mounted
#   as_user mount_fuse ...		works too
#   unmount DIR			and wait until the daemon is gone

TOP=$(pwd)
[ -f "$TOP/tests/tap.sh" ] || {
	echo "Bail out! run the suites from the top of the tree"
	exit 1
}
B=${B:-build}
case $B in
/*) ;;
*) B=$TOP/$B ;;
esac
PATH=$B:$PATH:/usr/sbin:/sbin
LC_ALL=C.UTF-8
export TOP B PATH LC_ALL

T=$(mktemp -d "${TMPDIR:-/tmp}/mclic-test.XXXXXX") || {
	echo "Bail out! no temporary folder"
	exit 1
}
chmod 755 "$T"
HOME=$T/home
XDG_CONFIG_HOME=$HOME/.config
XDG_STATE_HOME=$HOME/.local/state
mkdir -p "$HOME" "$T/.tap"
export T HOME XDG_CONFIG_HOME XDG_STATE_HOME
OUT=$T/.tap/out
ERR=$T/.tap/err
: >"$OUT"
: >"$ERR"
CENTER=${CENTER:-$T/center}

tap_count=0
tap_failed=0
tap_skipped_all=
tap_bailed=
tap_at_end=
tap_pids=
tap_mount_by=

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

# ---- doing things ----

poll() {
	_tries=$(($1 * 20))
	shift
	while ! "$@" >/dev/null 2>&1; do
		_tries=$((_tries - 1))
		[ "$_tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

at_end() {
	tap_at_end="$1
$tap_at_end"
}

is_root() {
	[ "$(id -u)" = 0 ]
}

# nobody may not reach a tree below /root, so the programs are copied where it must be.
tap_user_setup() {
	[ ! -d "$T/user" ] || return 0
	mkdir -p "$T/user"
	TAP_USER_B=$B
	if is_root; then
		chown nobody "$T/user"
		if ! setpriv --reuid nobody --regid nogroup --clear-groups \
			test -x "$B/mclic" 2>/dev/null; then
			mkdir -p "$T/bin"
			find "$B" -maxdepth 1 -type f -perm -100 -exec cp {} "$T/bin/" \;
			TAP_USER_B=$T/bin
		fi
	fi
}

as_user() {
	tap_user_setup
	case $1 in
	mount_fuse)
		shift
		tap_mount_by=as_user
		mount_fuse "$@"
		_status=$?
		tap_mount_by=
		return $_status
		;;
	esac
	if is_root; then
		setpriv --reuid nobody --regid nogroup --clear-groups env HOME="$T/user" \
			XDG_CONFIG_HOME="$T/user/.config" \
			XDG_STATE_HOME="$T/user/.local/state" PATH="$TAP_USER_B:$PATH" "$@"
	else
		env HOME="$T/user" XDG_CONFIG_HOME="$T/user/.config" \
			XDG_STATE_HOME="$T/user/.local/state" "$@"
	fi
}

user_dir() {
	mkdir -p "$1"
	! is_root || chown nobody "$1"
}

# ---- a license center ----

center_log_tail() {
	tail -n 20 "$CENTER_LOG" | sed 's/^/#   mclicd: /'
}

start_center() {
	CENTER_LOG=$CENTER.log
	rm -f "$CENTER/listen"
	mclicd --data "$CENTER" --listen 127.0.0.1:0 "$@" >>"$CENTER_LOG" 2>&1 </dev/null &
	CENTER_PID=$!
	tap_pids="$tap_pids $CENTER_PID"
	if ! poll 30 tap_center_settled; then
		center_log_tail
		tap_bail "mclicd did not start within 30 seconds"
	fi
	if [ ! -s "$CENTER/listen" ]; then
		center_log_tail
		tap_bail "mclicd ended instead of serving"
	fi
	CENTER_URL=$(cat "$CENTER/listen")
	CENTER_CA=$CENTER/tls.crt
}

tap_center_settled() {
	[ -s "$CENTER/listen" ] || ! kill -0 "$CENTER_PID"
}

stop_center() {
	kill -TERM "$CENTER_PID" 2>/dev/null
	wait "$CENTER_PID"
	CENTER_STATUS=$?
	return 0
}

kill_center() {
	kill -KILL "$CENTER_PID" 2>/dev/null
	wait "$CENTER_PID" 2>/dev/null
	return 0
}

# ---- the file system ----

mount_fuse() {
	_lower=$1
	_dir=$2
	shift 2
	: >"$_dir.log"
	$tap_mount_by mclicfs-fuse -f "$@" "$_lower" "$_dir" >>"$_dir.log" 2>&1 </dev/null &
	_pid=$!
	tap_pids="$tap_pids $_pid"
	poll 20 tap_mount_settled "$_dir" "$_pid"
	if mountpoint -q "$_dir"; then
		echo "$_pid" >"$_dir.pid"
		return 0
	fi
	sed 's/^/#   mclicfs-fuse: /' "$_dir.log"
	return 1
}

tap_mount_settled() {
	mountpoint -q "$1" || ! kill -0 "$2"
}

tap_umount() {
	if is_root; then
		umount "$@"
	else
		case $1 in
		-l) fusermount3 -u -z "$2" ;;
		*) fusermount3 -u "$1" ;;
		esac
	fi
}

unmount() {
	tap_umount "$1" || return 1
	[ ! -s "$1.pid" ] || wait "$(cat "$1.pid")"
}

# ---- the end ----

tap_cleanup() {
	_status=$?
	trap - EXIT
	trap '' HUP INT TERM
	cd "$TOP" || exit 1
	[ -z "$tap_at_end" ] || eval "$tap_at_end"
	# shellcheck disable=SC2086
	for _pid in $tap_pids; do
		kill -TERM "$_pid" 2>/dev/null
	done
	awk -v t="$T/" 'index($2, t) == 1 { print $2 }' /proc/self/mounts | sort -r |
		while read -r _dir; do
			_dir=$(printf '%b' "$_dir")
			tap_umount "$_dir" 2>/dev/null || tap_umount -l "$_dir"
		done
	for _pid in $tap_pids; do
		wait "$_pid" 2>/dev/null
	done
	rm -rf "$T" || _status=1
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
trap tap_cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
