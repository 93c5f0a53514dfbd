# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-lower.sh - lower file systems to look through, for suites of the kernel module. Source
# it after tests/kernel/lib.sh.
#
#   image NAME MIB MKFS...	make and format $W/NAME.img, and mount it on $W/NAME

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
