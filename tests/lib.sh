# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib.sh - what the suites, the demo and the measurements share. Source it from the
# top of the tree (suites source tests/tap.sh, which has all of this too). POSIX sh.
#
# Variables it sets
#   T		temporary folder, removed at the end; what is mounted below it is unmounted
#		first, what was started is ended first
#   B		build folder, absolute (default: build); PATH starts with it
#   TOP		top of the tree, absolute
#   HOME, XDG_CONFIG_HOME, XDG_STATE_HOME	below $T, empty
#
#   die WHY			end with an error
#   poll SECONDS CMD...		run CMD until it is true; 1 when time is up. Never sleep
#				for timing, poll for the condition
#   at_end CMD			a shell command to run before the clean-up (last first)
#   flip FILE OFFSET		change one bit of that byte
#   partition DISK N		the device of that partition
#   is_root			are we root?
#   as_user CMD...		run as an ordinary user: "nobody" when we are root (with an
#				own HOME, $T/user), else as we are
#   user_dir DIR		make DIR (below $T) and give it to that user
#
# A license center (loopback, free port, TLS with a self-made certificate; once it
# serves, mclicd writes its URL to DATA/listen and keeps that certificate in DATA/tls-cert.pem)
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
#   is_mounted DIR		also of a mount that only another user may look into

TOP=$(pwd)
B=${B:-build}
case $B in
/*) ;;
*) B=$TOP/$B ;;
esac
PATH=$B:$PATH:/usr/sbin:/sbin
LC_ALL=C.UTF-8
export TOP B PATH LC_ALL

die() {
	printf '%s: %s\n' "$0" "$*" >&2
	exit 1
}

[ -f "$TOP/tests/lib.sh" ] || die "run this from the top of the tree"

# Small systems and containers lack what udev and systemd provide elsewhere: a /dev/fuse that
# everybody can open, and the /etc/mtab that fusermount3 reads. Root runs this script in a
# mount namespace that has both; the system's own are left alone.
lib_as_nobody() {
	setpriv --reuid nobody --regid nogroup --clear-groups "$@"
}

lib_lacks_fuse() {
	[ -c /dev/fuse ] && ! lib_as_nobody test -w /dev/fuse
}

lib_lacks_mtab() {
	[ ! -e /etc/mtab ]
}

if [ "$(id -u)" = 0 ] && [ -z "${LIB_NAMESPACE:-}" ] && { lib_lacks_fuse || lib_lacks_mtab; }; then
	LIB_NAMESPACE=1
	export LIB_NAMESPACE
	exec unshare --mount sh "$0" "$@"
fi

T=$(mktemp -d "${TMPDIR:-/tmp}/mclic.XXXXXX") || die "no temporary folder"
chmod 755 "$T"
HOME=$T/home
XDG_CONFIG_HOME=$HOME/.config
XDG_STATE_HOME=$HOME/.local/state
mkdir -p "$HOME"
export T HOME XDG_CONFIG_HOME XDG_STATE_HOME
CENTER=${CENTER:-$T/center}

if [ -n "${LIB_NAMESPACE:-}" ]; then
	if lib_lacks_fuse; then
		mknod -m 666 "$T/fuse" c 10 229
		mount --bind "$T/fuse" /dev/fuse || die "no /dev/fuse that everybody can open"
	fi
	if lib_lacks_mtab; then
		cp -a /etc "$T/etc" && ln -sf ../proc/self/mounts "$T/etc/mtab" &&
			mount --bind "$T/etc" /etc || die "no /etc with an mtab"
	fi
fi

lib_at_end=
lib_pids=
lib_mount_by=

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
	lib_at_end="$1
$lib_at_end"
}

flip() {
	perl -e 'open my $f, "+<:raw", $ARGV[0] or die; seek $f, $ARGV[1], 0;
		read $f, my $b, 1; seek $f, $ARGV[1], 0; print $f $b ^ "\1"; close $f or die' \
		"$1" "$2"
}

partition() {
	lsblk -nrpo NAME "$1" | sed -n "$(($2 + 1))p"
}

is_root() {
	[ "$(id -u)" = 0 ]
}

# ---- an ordinary user ----

# nobody may not reach a tree below /root, so the programs are copied where it must be.
lib_user_setup() {
	[ ! -d "$T/user" ] || return 0
	mkdir -p "$T/user"
	LIB_USER_B=$B
	if is_root; then
		chown nobody "$T/user"
		if ! lib_as_nobody test -x "$B/mclic" 2>/dev/null; then
			mkdir -p "$T/bin"
			find "$B" "$B/tests/tools" -maxdepth 1 -type f -perm -100 \
				-exec cp {} "$T/bin/" \; 2>/dev/null
			LIB_USER_B=$T/bin
		fi
	fi
}

as_user() {
	lib_user_setup
	case $1 in
	mount_fuse)
		shift
		lib_mount_by=as_user
		mount_fuse "$@"
		_status=$?
		lib_mount_by=
		return $_status
		;;
	esac
	if is_root; then
		lib_as_nobody env HOME="$T/user" XDG_CONFIG_HOME="$T/user/.config" \
			XDG_STATE_HOME="$T/user/.local/state" PATH="$LIB_USER_B:$PATH" "$@"
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

lib_center_log() {
	tail -n 20 "$CENTER_LOG" | sed 's/^/#   mclicd: /'
}

lib_center_settled() {
	[ -s "$CENTER/listen" ] || ! kill -0 "$CENTER_PID"
}

start_center() {
	CENTER_LOG=$CENTER.log
	rm -f "$CENTER/listen"
	mclicd --data "$CENTER" --listen 127.0.0.1:0 "$@" >>"$CENTER_LOG" 2>&1 </dev/null &
	CENTER_PID=$!
	lib_pids="$lib_pids $CENTER_PID"
	if ! poll 30 lib_center_settled; then
		lib_center_log
		die "mclicd did not start within 30 seconds"
	fi
	if [ ! -s "$CENTER/listen" ]; then
		lib_center_log
		die "mclicd ended instead of serving"
	fi
	CENTER_URL=$(cat "$CENTER/listen")
	CENTER_CA=$CENTER/tls-cert.pem
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

# Root may not look into a mount of another user, but /proc lists it.
is_mounted() {
	awk -v d="$1" '$2 == d { found = 1 } END { exit !found }' /proc/self/mounts
}

lib_mount_settled() {
	is_mounted "$1" || ! kill -0 "$2"
}

mount_fuse() {
	_lower=$1
	_dir=$2
	shift 2
	: >"$_dir.log"
	$lib_mount_by mclicfs-fuse -f "$@" "$_lower" "$_dir" >>"$_dir.log" 2>&1 </dev/null &
	_pid=$!
	lib_pids="$lib_pids $_pid"
	poll 20 lib_mount_settled "$_dir" "$_pid"
	if is_mounted "$_dir"; then
		echo "$_pid" >"$_dir.pid"
		return 0
	fi
	sed 's/^/#   mclicfs-fuse: /' "$_dir.log"
	return 1
}

lib_umount() {
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
	lib_umount "$1" || return 1
	[ ! -s "$1.pid" ] || wait "$(cat "$1.pid")"
}

# ---- the end ----

# A daemon that was started as another user is the child of a shell that waits for it.
lib_children() {
	awk -v parent="$1" '$4 == parent { print $1 }' /proc/[0-9]*/stat 2>/dev/null
}

lib_end() {
	for _child in $(lib_children "$1"); do
		kill -TERM "$_child" 2>/dev/null
	done
	kill -TERM "$1" 2>/dev/null
}

# lib_cleanup: undo everything; called once, at the end.
lib_cleanup() {
	trap '' HUP INT PIPE TERM
	cd "$TOP" || return 1
	[ -z "$lib_at_end" ] || eval "$lib_at_end"
	for _pid in $lib_pids; do
		lib_end "$_pid"
	done
	awk -v t="$T/" 'index($2, t) == 1 { print $2 }' /proc/self/mounts | sort -r |
		while read -r _dir; do
			_dir=$(printf '%b' "$_dir")
			lib_umount "$_dir" 2>/dev/null || lib_umount -l "$_dir" 2>/dev/null
		done
	for _pid in $lib_pids; do
		wait "$_pid" 2>/dev/null
	done
	rm -rf --one-file-system "$T"
}

lib_exit() {
	_status=$?
	trap - EXIT
	lib_cleanup || _status=1
	exit "$_status"
}

trap lib_exit EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM
