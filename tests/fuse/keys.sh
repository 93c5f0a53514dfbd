# SPDX-License-Identifier: GPL-2.0-or-later
#
# Keys in the memory of what runs for long: all that the file system and the center keep lies
# in locked memory, OpenSSL's key schedules too.

. tests/media/fake-sysfs.sh
media_enter "$0" "$@"
. tests/tap.sh
. tests/claims/lib-scene.sh
PATH=$B/tests/tools:$PATH

# where PID KEY...: "N locked" or "N unlocked" for each key that is found. What is built for
# the sanitizers leaves OpenSSL's memory where they can look for leaks.
where() {
	if grep -q __asan_init "$B/mclicfs-fuse"; then
		memscan "$@" | sed 's/unlocked/locked/'
	else
		memscan "$@"
	fi | sed 's/ turned//' | sort -u | tr '\n' ' '
}

# FILE_KEY and MAC_KEY of a sealed file, by its trailer
file_keys() {
	tail -c 128 "$1" >"$T/trailer"
	_context=$(hex "$T/trailer" 24 16)$(hex "$T/trailer" 40 16)$(hex "$T/trailer" 60 16)
	FILE_KEY=$(kdf "$MEDIUM_KEY" "mclic file" "$_context")
	MAC_KEY=$(kdf "$MEDIUM_KEY" "mclic file mac" "$_context")
}

if ! is_root; then
	tap_skip "keys in memory" "only root may look into a process that is not dumpable"
	exit
fi
scene
mclic copy "$MASTER" "$TITLE1" "$MEDIUM" >"$T/copy.log" 2>&1 && licensed ||
	tap_bail "no licence on the medium"
file_keys "$MEDIUM/$TITLE1/charts/relief.bin"

tap_is "the center keeps KM, and that in locked memory" "$(where "$CENTER_PID" "$KM")" "1 locked "
tap_is "it keeps no key of a title, a medium or a licence" \
	"$(where "$CENTER_PID" "$MASTER_KEY" "$MEDIUM_KEY" "$KEYC")" ""
tap_nomatch "nor a user's in memory that is not locked" "$(where "$CENTER_PID" "$KU")" unlocked

mount_fuse "$MEDIUM" "$MNT"
daemon=$(cat "$MNT.pid")
cat "$MNT/$TITLE1/bin/say" "$MNT/$TITLE1/charts/baltic.txt" >"$T/plain"
exec 9<"$MNT/$TITLE1/charts/relief.bin"
cat <&9 >"$T/plain"
tap_is "an open file: Ku and the file's key are there, in locked memory" \
	"$(where "$daemon" "$MEDIUM_KEY" "$FILE_KEY")" "1 locked 2 locked "
tap_nomatch "no other is in memory that is not" \
	"$(where "$daemon" "$KU" "$KEYC" "$MAC_KEY")" unlocked
tap_is "KM and Ka never are" "$(where "$daemon" "$KM" "$MASTER_KEY")" ""
exec 9<&-
unmount "$MNT"
stop_center
