# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib.sh - what the suites of mclicfs-fuse share. Source it after tests/tap.sh, with WHO set
# to root (whoever runs the suite) or user (an ordinary user, whoever runs it).
#
#   W			folder of this suite that WHO may write to
#   who CMD...		as WHO
#   medium NAME TITLE=TREE[,FLAG...]...	mkmedium $W/NAME ..., as WHO
#   mounted LOWER	mount it on $W/mnt (which is M), as WHO
#   unmounted		and take it away, which must go well
#   call NAME WANT CALL ARG...	fscall prints WANT
#   same NAME CALL ARG...	fscall prints the same for $A, an ordinary directory, as for
#			the mount; @ in arguments stands for the directory
#   sum_of FILE OFF LEN	what fscall pread says of a plain file

W=$T/w
M=$W/mnt
A=$W/ordinary
if [ "$WHO" = user ]; then
	user_dir "$W"
	who() { as_user "$@"; }
else
	mkdir -p "$W"
	who() { "$@"; }
fi

# An ordinary user may not reach the build folder.
mkdir -p "$T/tools"
cp "$B/tests/tools/fscall" "$B/tests/tools/twin" "$B/tests/tools/mkmedium" "$T/tools/" ||
	tap_bail "the tools of the suites are not built (make tools)"
PATH=$T/tools:$PATH
export PATH

medium() {
	_medium=$W/$1
	shift
	who mkmedium --center "$W/center" "$_medium" "$@" ||
		tap_bail "the medium cannot be made"
}

mounted() {
	who mkdir -p "$M"
	if [ "$WHO" = user ]; then
		as_user mount_fuse "$@" "$M"
	else
		mount_fuse "$@" "$M"
	fi || tap_bail "the medium cannot be mounted"
}

unmounted() {
	tap_ok "unmount, and the file system ends well" unmount "$M"
	tap_nomatch "no sanitizer found anything" "$(cat "$M.log")" "Sanitizer|runtime error"
}

call() {
	_name=$1
	_want=$2
	shift 2
	tap_is "$_name" "$(who fscall "$@" 2>&1)" "$_want"
}

in_dir() {
	_dir=$1
	shift
	_n=$#
	while [ "$_n" -gt 0 ]; do
		_arg=$1
		shift
		case $_arg in
		@*) set -- "$@" "$_dir${_arg#@}" ;;
		*) set -- "$@" "$_arg" ;;
		esac
		_n=$((_n - 1))
	done
	who fscall "$@" 2>&1
}

same() {
	_name=$1
	shift
	tap_is "$_name" "$(in_dir "$M" "$@")" "$(in_dir "$A" "$@")"
}

sum_of() {
	fscall pread "$1" "$2" "$3"
}

# hold FILE: open it as WHO, in the background, and wait until it is open; let_go: read it
# to its end into $T/read, what is said about that into $W/error
hold() {
	rm -f "$W/held" "$W/go"
	# shellcheck disable=SC2016 # the inner shell expands it
	who sh -c 'exec 3<"$1" 2>"$2/error" && : >"$2/held" || exit 1
		until [ -e "$2/go" ]; do sleep 0.05; done
		exec cat <&3 2>"$2/error"' sh "$1" "$W" >"$T/read" &
	holder=$!
	poll 10 test -e "$W/held" || tap_diag "$1 cannot be held open: $(cat "$W/error")"
}

let_go() {
	who touch "$W/go"
	wait "$holder"
}
