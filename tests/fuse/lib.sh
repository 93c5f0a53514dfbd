# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib.sh - what the suites of mclicfs-fuse share. Source it after tests/tap.sh, with WHO set
# to root (whoever runs the suite) or user (an ordinary user, whoever runs it). It has all of
# tests/lib-view.sh, too.
#
#   W			folder of this suite that WHO may write to
#   who CMD...		as WHO
#   mounted LOWER	mount it on $W/mnt (which is M), as WHO
#   unmounted		and take it away, which must go well
#   sum_of FILE OFF LEN	what fscall pread says of a plain file

W=${T:?source tests/tap.sh first}/w
M=$W/mnt
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

# shellcheck source=tests/lib-view.sh
. tests/lib-view.sh

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

sum_of() {
	fscall pread "$1" "$2" "$3"
}
