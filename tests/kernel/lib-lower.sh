# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-lower.sh - lower file systems to look through, for suites of the kernel module. Source
# it after tests/kernel/lib.sh.
#
#   image NAME MIB MKFS...	make and format $W/NAME.img, and mount it on $W/NAME
#   same NAME CALL ARG...	fscall prints the same for $L, the lower directory, as for $M;
#			@ in arguments stands for the directory

image() {
	_image=$W/$1
	_mib=$2
	shift 2
	modprobe -q loop
	truncate -s "${_mib}M" "$_image.img"
	"$@" "$_image.img" >"$OUT" 2>&1 || tap_bail "$* failed: $(cat "$OUT")"
	mkdir -p "$_image"
	mount -o loop "$_image.img" "$_image" || tap_bail "$* gave nothing that can be mounted"
}

# in_dir DIR CALL ARG...: fscall, with @ in arguments for DIR
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
	fscall "$@" 2>&1
}

same() {
	_name=$1
	shift
	tap_is "$_name" "$(in_dir "$M" "$@")" "$(in_dir "$L" "$@")"
}
