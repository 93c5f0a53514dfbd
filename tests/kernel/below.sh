# SPDX-License-Identifier: GPL-2.0-or-later
#
# below.sh - what changes in the lower file system under a mount is seen: files and directories
# come, go and change places, and directories become products or cease to be.

# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/kernel/lib.sh
. tests/kernel/lib.sh
# shellcheck source=tests/kernel/lib-lower.sh
. tests/kernel/lib-lower.sh

image lower 64 mkfs.ext4 -q
L=$W/lower
seq 100000 >"$L/f"
mkdir "$L/title"
mounted "$L"

# ---- files and directories ----

echo old >"$L/below"
call "a file appears" "ok 100644 4 1 0 0" stat "$M/below"
echo newer >"$L/below"
tap_is "is written" "$(cat "$M/below")" newer
echo replaced >"$L/other" && mv "$L/other" "$L/below"
tap_is "is replaced" "$(cat "$M/below")" replaced
mv "$L/below" "$L/moved"
call "is renamed away" ENOENT stat "$M/below"
tap_is "and there" "$(cat "$M/moved")" replaced
exec 3<"$M/moved"
rm "$L/moved"
call "is removed" ENOENT stat "$M/moved"
tap_is "while somebody reads it" "$(cat <&3)" replaced
exec 3<&-
chmod 600 "$L/f"
tap_status "loses its permission" 1 as_user cat "$M/f"
chmod 644 "$L/f"
tap_status "and gets it back" 0 as_user cat "$M/f"

mkdir -p "$L/dir/sub"
echo 1 >"$L/dir/sub/file"
tap_is "a directory appears" "$(cat "$M/dir/sub/file")" 1
here=$(cd "$M/dir/sub" && mv "$L/dir" "$L/dir2" && cat file && cat "$M/dir2/sub/file" && /bin/pwd)
tap_is "is renamed while somebody works in it" "$here" "1
1
$M/dir2/sub"
call "and is gone from its place" ENOENT stat "$M/dir/sub"
mkdir "$L/dir" && echo 2 >"$L/dir/file"
tap_is "another takes its place" "$(cat "$M/dir/file")" 2
fscall rename "$L/dir" "$L/dir2" exchange >/dev/null
tap_is "both change places" "$(cat "$M/dir/sub/file" "$M/dir2/file")" "1
2"
rm -r "$L/dir" "$L/dir2"
call "both are gone" "ENOENT
ENOENT" stat "$M/dir/sub/file" , stat "$M/dir2"
cd "$M/title" || tap_bail "no directory"
rmdir "$L/title"
call "a directory that somebody is in goes" ENOENT stat "$M/title"
call "and is empty for him" ENOENT stat file
cd "$TOP" || tap_bail "no directory"

# ---- markers ----

mkdir "$L/title" && echo plain >"$L/title/f"
tap_is "plain, as long as there is no marker" "$(cat "$M/title/f")" plain
touch "$L/title/.mclic-product"
call "a marker appears: a damaged product" EBADMSG open "$M/title/f" r
tap_is "that can be listed" "$(ls "$M/title")" f
mv "$L/title" "$L/renamed"
call "it is renamed" EBADMSG open "$M/renamed/f" r
rm "$L/renamed/.mclic-product"
tap_is "the marker goes: plain again" "$(cat "$M/renamed/f")" plain
touch "$L/marker" && mv "$L/marker" "$L/renamed/.mclic-product"
call "a marker is moved in" EBADMSG open "$M/renamed/f" r
mv "$L/renamed/.mclic-product" "$L/marker"
tap_is "and out" "$(cat "$M/renamed/f")" plain
mkdir "$L/renamed/inner" && echo plain >"$L/renamed/inner/f"
tap_is "deeper down, too" "$(cat "$M/renamed/inner/f")" plain
mv "$L/marker" "$L/renamed/.mclic-product"
call "a product is all that lies in it" EBADMSG open "$M/renamed/inner/f" r
call "whose sizes are those of the plaintext" "ok 100644 0 1 0 0" stat "$M/renamed/inner/f"
rm "$L/renamed/.mclic-product"
tap_is "and nothing when it is none" "$(cat "$M/renamed/inner/f")" plain

touch "$L/.mclic-product"
call "a marker in the root" "ok 100644 588895 1 0 0" stat "$M/f"
call "which nobody sees" ENOENT stat "$M/.mclic-product"
call "does not count in a mount that there is" ok open "$M/f" r
unmounted
mounted "$L"
call "but in the next" EBADMSG open "$M/f" r
rm "$L/.mclic-product"
call "where it counts to the end, also when it is gone" ESTALE open "$M/f" r
unmounted
mounted "$L"

# ---- all at once ----

# Somebody changes the names below all the time that others look at them.
churn() {
	for _i in $(seq 40); do
		echo "$_i" >"$L/churn/t" && mv "$L/churn/t" "$L/churn/f"
		mkdir "$L/churn/d$_i" && mv "$L/churn/d$_i" "$L/churn/d" && touch "$L/churn/d/.mclic-product"
		rm -r "$L/churn/d" "$L/churn/f"
	done
}
look() {
	while [ -e "$W/churning" ]; do
		ls -lR "$M/churn"
		cat "$M/churn/f" "$M/churn/d/.mclic-product" "$M/churn/d/none"
		[ ! -w /proc/sys/vm/drop_caches ] || [ -z "$1" ] || echo 2 >/proc/sys/vm/drop_caches
	done >/dev/null 2>&1
}
mkdir "$L/churn"
touch "$W/churning"
look "" &
one=$!
look drop &
two=$!
churn
rm "$W/churning"
wait "$one" "$two"
tap_is "after many changes below, with readers: what there is" "$(ls -A "$M/churn")" ""

unmounted
tap_ok "and the lower" umount "$L"
