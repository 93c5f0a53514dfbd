# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-view.sh - looking through a mount: what the suites of mclicfs-fuse and of the kernel
# module share. Their lib.sh source it, which say what W, M and who are.
#
#   medium NAME TITLE=TREE[,FLAG...]...	mkmedium $W/NAME ...
#   call NAME WANT CALL ARG...	fscall prints WANT
#   in_dir DIR CALL ARG...	fscall, with @ in arguments for DIR
#   same NAME CALL ARG...	fscall prints the same for $A, an ordinary directory that the
#			suite names, as for the mount; @ in arguments stands for the directory
#   hold FILE		open FILE in the background and wait until it is open
#   let_go		read it to its end into $T/read, and close it; what is said about
#			that is in $W/error
#   SLOT_FIELDS		where each field of a licence slot begins, and the tag of EKU and EMid

SLOT_FIELDS="0 8 10 12 16 32 48 64 80 96 100 104 108 112 120 128 136 144 145 146 147 148 152 184 \
248 264 268 272 288 320 336 368 384 386 388 392 904 4092"

medium() {
	_medium=$W/$1
	shift
	who mkmedium --center "$W/center" "$_medium" "$@" ||
		tap_bail "the medium cannot be made"
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

hold() {
	rm -f "$W/held" "$W/go"
	# shellcheck disable=SC2016 # the inner shell expands it
	who sh -c 'exec 3<"$1" 2>"$2/error" && : >"$2/held" || exit 1
		until [ -e "$2/go" ]; do sleep 0.05; done
		exec cat <&3 2>"$2/error"' sh "$1" "$W" >"$T/read" &
	holder=$!
	poll 60 test -e "$W/held" || tap_diag "$1 cannot be held open: $(cat "$W/error")"
}

let_go() {
	who touch "$W/go"
	wait "$holder"
}
