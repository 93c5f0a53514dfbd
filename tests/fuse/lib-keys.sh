# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-keys.sh - keys in the memory of what runs for long: all that the file system and the
# center keep lies in locked memory, OpenSSL's key schedules too, and what they keep no more
# is wiped. The suites run in a namespace of tests/media/fake-sysfs.sh.

# shellcheck source=tests/fuse/lib.sh
. tests/fuse/lib.sh
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

is_root || tap_skip_all "only root may look into a process that is not dumpable"
scene
mclic copy "$MASTER" "$TITLE1" "$MEDIUM" >"$T/copy.log" 2>&1 && licensed ||
	tap_bail "no licence on the medium"
file_keys "$MEDIUM/$TITLE1/charts/relief.bin"

tap_is "the center keeps KM, and that in locked memory" "$(where "$CENTER_PID" "$KM")" "1 locked "
tap_is "it keeps no key of a title, a medium or a licence" \
	"$(where "$CENTER_PID" "$MASTER_KEY" "$MEDIUM_KEY" "$KEYC")" ""
tap_nomatch "nor a user's in memory that is not locked" "$(where "$CENTER_PID" "$KU")" unlocked

if [ "$WHO" = user ]; then
	as_user true && cp -r "$HOME/." "$T/user/" && chown -R nobody "$T/user" ||
		tap_bail "no trust for the user"
fi
mounted "$MEDIUM"
daemon=$(pgrep -f "mclicfs-fuse.*$M\$")
TITLE=$M/$TITLE1
who cat "$TITLE/bin/say" "$TITLE/charts/baltic.txt" "$TITLE/charts/relief.bin" >"$T/plain"
hold "$TITLE/charts/relief.bin"
tap_is "an open file: Ku and the file's key are there, in locked memory" \
	"$(where "$daemon" "$MEDIUM_KEY" "$FILE_KEY")" "1 locked 2 locked "
tap_nomatch "no other is in memory that is not" \
	"$(where "$daemon" "$KU" "$KEYC" "$MAC_KEY")" unlocked
tap_is "KM and Ka never are" "$(where "$daemon" "$KM" "$MASTER_KEY")" ""
let_go
tap_cmp "which was the right one" "$T/read" "$TREE1/charts/relief.bin"
unmounted

# ---- wiped ----

# Of what is read, the threads' ciphers keep the key until they need another.
mounted "$MEDIUM"
daemon=$(pgrep -f "mclicfs-fuse.*$M\$")
call "a file that is opened and not read" ok open "$TITLE/charts/relief.bin" r
tap_is "its key and Ku are there" "$(where "$daemon" "$MEDIUM_KEY" "$FILE_KEY")" \
	"1 locked 2 locked "
cp "$MEDIUM/$TITLE1/charts/baltic.txt" "$MEDIUM/$TITLE1/charts/relief.bin"
call "another in its place" ok open "$TITLE/charts/relief.bin" r
tap_is "its key is gone" "$(where "$daemon" "$MEDIUM_KEY" "$FILE_KEY")" "1 locked "
mv "$MEDIUM/.mclic" "$T/away"
call "no licence any more" EACCES open "$TITLE/charts/relief.bin" r
tap_is "Ku is gone" "$(where "$daemon" "$MEDIUM_KEY" "$FILE_KEY")" ""
unmounted
stop_center
