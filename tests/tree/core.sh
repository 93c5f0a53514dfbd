# SPDX-License-Identifier: GPL-2.0-or-later
#
# core/ can be compiled into a kernel: it calls nothing but itself, memcpy, memcmp,
# memset and memmove, and each function needs less than 1 KiB of stack.

. tests/tap.sh

cc=${CC:-cc}
objects=
for source in core/*.c; do
	object=$T/$(basename "$source" .c).o
	tap_ok "$source compiles freestanding, without floating point, in 1 KiB of stack" \
		$cc -std=gnu11 -O2 -Wall -Wextra -Werror -Wvla -Wframe-larger-than=1024 \
		-ffreestanding -fno-stack-protector -mgeneral-regs-only -I. \
		-c -o "$object" "$source"
	objects="$objects $object"
done

# shellcheck disable=SC2086 # a list of words
foreign() {
	$cc -r -nostdlib -o "$T/core.o" $objects
	nm --undefined-only "$T/core.o" | awk '{ print $2 }' |
		grep -vxE 'memcpy|memcmp|memset|memmove'
}
tap_is "core calls nothing from outside" "$(foreign)" ""
