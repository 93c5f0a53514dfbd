# SPDX-License-Identifier: GPL-2.0-or-later
# mclic install: hostile masters and targets, newer versions, full disks, the user's stop,
# two at once, and what must never be on a medium.

. tests/tap.sh
. tests/mclic/lib-shop.sh

scene
staging() {
	find "$MEDIUM" -maxdepth 1 -name '.mclic-new-*'
}
# A staging directory with something in it: killed when FILE there has its name
half_copied() {
	_n=1
	while "$B/tests/tools/killat" $_n mclic copy "$MASTER" "$TITLE1" "$MEDIUM" \
		>"$T/kill.out" 2>&1; do
		[ -z "$(staging)" ] || [ ! -e "$(staging)/$1" ] || return 0
		_n=$((_n + 1))
	done
	return 1
}

# ---- masters of somebody else ----

master_dir "$T/forged"
RESIGN=$B/tests/tools/resign
MARKER=$T/forged/$TITLE1/.mclic-product
cp "$MARKER" "$T/marker"
tail -c +193 "$T/marker" >"$T/manifest"
BILLS=$(bills)
tap_ok "the master as a directory copies like the image" \
	mclic copy "$T/forged" "$TITLE1" "$MEDIUM"
tap_ok "whole" whole "$MEDIUM"
rm -r "${MEDIUM:?}/$TITLE1"
flip "$MARKER" 140
tap_status "a marker with a bad signature is refused" 4 mclic copy "$T/forged" "$TITLE1" "$MEDIUM"
tap_err "... with the title, and what to do" "^mclic: $TITLE1: the master is damaged: .*; copy from"
"$RESIGN" "$T/marker" "$MARKER" || tap_bail "cannot forge"
tap_status "a marker of another publisher is refused" 3 \
	mclic copy "$T/forged" "$TITLE1" "$MEDIUM"
tap_err "... as that" "another publisher"
tap_ok "not one byte is copied" nothing_copied
tap_is "and nothing billed" "$(bills)" $((BILLS + 1))
mkdir "$T/unlicensed"
mclic format --area-file "$T/unlicensed" >"$T/format.out"
# As if never asked: two folders may be one medium, whose licence would only be restored.
tap_status "nor where there is no licence yet" 3 env XDG_STATE_HOME="$T/unasked" \
	mclic copy "$T/forged" "$TITLE1" "$T/unlicensed"
tap_err "... for the same reason" "another publisher"
tap_is "... and nothing billed" "$(bills)" $((BILLS + 1))

hostile() {	# NAME JQ-PROGRAM: the manifest changed so is refused
	jq -c "$2" "$T/manifest" >"$T/manifest.bad"
	"$RESIGN" "$T/marker" "$MARKER" "$T/manifest.bad" || tap_bail "cannot forge"
	tap_status "a manifest with $1 is refused" 4 mclic copy "$T/forged" "$TITLE1" "$MEDIUM"
	tap_ok "... and nothing written" nothing_copied
}
first='(.entries|map(.type)|index("file")) as $i|.entries[$i]'
hostile "a path above the product" "$first.path = \"../escaped\""
hostile "an absolute path" "$first.path = \"/tmp/escaped\""
hostile "a path through nothing" "$first.path = \"bin//say\""
hostile "the marker's name as a file" "$first.path = \".Mclic-Product\""
hostile "the area's name as a file" "$first.path = \".mclic\""
hostile "two names that differ by case" '.entries += [.entries[]|select(.path=="latest")|.path="LATEST"]'
hostile "a file below a link" '.entries += [.entries[]|select(.path=="bin/say")|.path="latest/say"]'
hostile "a link that leaves the product" '(.entries[]|select(.path=="latest").target) = "../../x"'
hostile "an absolute link" '(.entries[]|select(.path=="latest").target) = "/etc/passwd"'
hostile "a setuid file" '(.entries[]|select(.path=="bin/say").mode) = 2541'
hostile "a device" '(.entries[]|select(.path=="bin/say").type) = "device"'
cp "$T/marker" "$MARKER"

# Data that is not what the manifest says
damage() {	# NAME [WHY]: the forged master's relief.bin was changed; its copy must fail
	tap_status "$1 is refused" 4 mclic copy "$T/forged" "$TITLE1" "$MEDIUM"
	tap_err "... naming the file${2:+, and that $2}" "relief.bin.*${2:-}"
	tap_err "... the title, and what to do" "^mclic: $TITLE1: the master is damaged: .*; copy from"
	tap_ok "... and has no name at the target" \
		sh -c '! find "$1" -name relief.bin | grep -q .' - "$MEDIUM"
	tap_ok "... nor has the title" test ! -e "$MEDIUM/$TITLE1"
}
RELIEF=$T/forged/$TITLE1/charts/relief.bin
cp "$RELIEF" "$T/relief"
flip "$RELIEF" 1500000
damage "a damaged block on the master"
cp "$T/relief" "$RELIEF"
truncate -s -1 "$RELIEF"
damage "a file cut short on the master"
cp "$T/forged/$TITLE1/charts/baltic.txt" "$RELIEF"
damage "another file in its place"
rm "$RELIEF"
mkfifo "$RELIEF"
damage "a pipe in its place"
rm "$RELIEF"
cp "$T/relief" "$RELIEF"
jq -c '(.entries[]|select(.path=="charts/relief.bin").sha256) |=
	(if test("^0") then "1" else "0" end) + .[1:]' "$T/manifest" >"$T/manifest.bad"
"$RESIGN" "$T/marker" "$MARKER" "$T/manifest.bad" "$XDG_CONFIG_HOME/mclic/publisher.key" ||
	tap_bail "cannot sign"
damage "a file whose SHA-256 is not the one that its publisher signed" "its SHA-256 differs"
cp "$T/marker" "$MARKER"
tap_ok "the good master goes on from there" mclic copy "$T/forged" "$TITLE1" "$MEDIUM"
tap_ok "whole" whole "$MEDIUM"

# ---- what somebody planted at the target ----

mkdir "$T/outside"
planted() {	# NAME: the next copy of a half copied title is whole, $T/outside untouched
	tap_ok "$1: copy goes on" copy
	tap_ok "$1: whole" whole "$MEDIUM"
	tap_is "$1: nothing is written elsewhere" "$(ls -A "$T/outside")" ""
	rm -rf "${MEDIUM:?}/$TITLE1"
}
rm -rf "${MEDIUM:?}/$TITLE1"
half_copied bin/say || tap_bail "no half copy"
NEW=$(staging)
cp "$T/marker" "$NEW/.mclic-product"
tap_ok "an unfinished copy is no title, also with a marker" mclic list "$MEDIUM" --json
tap_is "... it is not listed" "$(jq '.titles|length' "$OUT")" 0
rm -rf "$NEW/charts"
ln -s "$T/outside" "$NEW/charts"
planted "a link in the place of a directory"
half_copied bin/say
rm -f "$NEW/bin/say"
ln -s "$T/outside/say" "$NEW/bin/say"
planted "a link in the place of a file"
half_copied bin/say
: >"$T/victim"
rm -f "$NEW/bin/say"
ln "$T/victim" "$NEW/bin/say"
planted "a hard link in the place of a file"
tap_is "... the file it was linked to is empty still" "$(stat -c %s "$T/victim")" 0
half_copied bin/say
rm -rf "$NEW/.mclic"
ln -s "$T/outside" "$NEW/.mclic"
planted "a link in the place of the folder of unfinished files"
half_copied bin/say
mkfifo "$NEW/charts/fifo"
mkdir -p "$NEW/more/and/more"
ln -s "$T/outside" "$NEW/more/link"
cp COPYING "$NEW/plain"
planted "files that the manifest does not have"
half_copied bin/say
flip "$NEW/bin/say" $(($(stat -c %s "$NEW/bin/say") - 20))
planted "a finished file whose trailer was changed"
ln -s "$T/outside" "$MEDIUM/$(basename "$NEW")"
tap_status "a link in the place of the staging directory is refused" 1 copy
tap_is "... nothing is written through it" "$(ls -A "$T/outside")" ""
rm "$MEDIUM/$(basename "$NEW")"
mkdir -m 777 "$MEDIUM/$(basename "$NEW")"
tap_status "a staging directory that others may write to is refused" 3 copy
tap_err "... with the remedy" "others may write to it; remove it"
rmdir "$MEDIUM/$(basename "$NEW")"
if is_root; then
	mkdir -m 700 "$MEDIUM/$(basename "$NEW")"
	: >"$MEDIUM/$(basename "$NEW")/theirs"
	chown -R nobody "$MEDIUM/$(basename "$NEW")"
	tap_status "a staging directory of another user is refused" 3 copy
	tap_ok "... and left alone" test -e "$MEDIUM/$(basename "$NEW")/theirs"
	rm -r "${MEDIUM:?}/$(basename "$NEW")"
else
	tap_skip "a staging directory of another user" "needs root"
fi
ln -s "$T/outside" "$MEDIUM/$TITLE1"
tap_status "a link that bears the title's name is refused" 1 copy
tap_is "... nothing is written through it" "$(ls -A "$T/outside")" ""
rm "$MEDIUM/$TITLE1"

# ---- the user's stop; two at once ----

half_copied bin/say
mclic copy "$MASTER" "$TITLE1" "$MEDIUM" >"$T/one.out" 2>"$T/one.err" &
one=$!
mclic copy "$MASTER" "$TITLE1" "$MEDIUM" >"$T/two.out" 2>"$T/two.err"
two=$?
wait $one
one=$?
tap_ok "of two at once one succeeds" test $one = 0 -o $two = 0
tap_nomatch "and the other, if it fails, says that it is not alone" \
	"$([ $one = 0 ] || cat "$T/one.err"; [ $two = 0 ] || cat "$T/two.err")" \
	"^mclic: .*(directory|denied|damaged)"
tap_ok "whole" whole "$MEDIUM"
(
	flock -n 9
	mclic copy "$MASTER" "$TITLE2" "$MEDIUM" >"$T/busy.out" 2>&1
) 9<"$MEDIUM"
tap_ok "a lock on the target's own directory does not matter" whole "$MEDIUM" "$TITLE2"
rm -rf "${MEDIUM:?}/$TITLE2"

head -c 400000000 /dev/zero >"$TREE2/large"
mclic-master build --center "$CENTER_URL" --cacert "$CENTER_CA" --token "@$T/publisher.token" \
	--version-number 2 --title "$TITLE1=$TREE2" -o "$T/master2.iso" 2>"$T/master.err" ||
	tap_bail "no second version: $(cat "$T/master.err")"
stoppable() {
	test -s "$(staging)/.mclic/0" || test -s "$(staging)/.mclic/1"
}
stop_with() {	# SIGNAL
	env --default-signal mclic copy "$T/master2.iso" "$TITLE1" "$MEDIUM" \
		>"$T/stop.out" 2>"$T/stop.err" &
	_pid=$!
	poll 20 stoppable
	kill "-$1" $_pid
	wait $_pid
	tap_is "SIG$1 ends the copy" $? 1
	tap_match "... which says how to go on" "$(cat "$T/stop.err")" "same command goes on"
	tap_ok "... the old version stands" whole_old
	tap_is "... no half file is left" "$(find "$(staging)/.mclic" -type f)" ""
}
whole_old() {
	cmp "$T/marker" "$MEDIUM/$TITLE1/.mclic-product" &&
		mclic verify "$MEDIUM" "$TITLE1" >"$T/verify.out"
}
stop_with INT
stop_with TERM

# ---- a newer version ----

tap_ok "copy of the newer version" mclic copy "$T/master2.iso" "$TITLE1" "$MEDIUM"
tap_ok "whole" whole "$MEDIUM"
tap_is "... the files are the new version's" "$(ls "$MEDIUM/$TITLE1")" "large
lesson"
tap_status "the older version does not replace it" 1 copy
tap_err "... and says why" "version 2"
tap_ok "the newer one stands" whole "$MEDIUM"

# ---- what must not be on a medium ----

PLAIN=$(grep -m 1 "licenses for most software" COPYING)
tap_status "no plaintext" 1 grep -rqF "$PLAIN" "$MEDIUM"
licensed
tap_ok "no key on the medium nor in the state, but where the patent wants it wrapped" \
	"$B/tests/tools/keyscan" "$CENTER/keys/km-1.key" "$USER" 1 "$DID1" 1 "$MID" "$SLOT" \
	"$MEDIUM" "$XDG_STATE_HOME"

# ---- a mount of mclicfs is no target ----

mount_fuse "$MEDIUM" "$MNT"
tap_status "a mount of mclicfs is refused" 1 mclic copy "$MASTER" "$TITLE2" "$MNT"
tap_err "... and the directory to name is named" "name the directory.*$MEDIUM"
unmount "$MNT"

# ---- full disks ----

if is_root; then
	mkdir "$T/small"
	mount -t tmpfs -o size=6m none "$T/small"
	mclic format --area-file "$T/small" >"$T/format.out"
	BILLS=$(bills)
	tap_status "a target too small" 1 mclic copy "$T/master2.iso" "$TITLE1" "$T/small"
	tap_err "... is told, with the bytes" "needs [0-9]+ bytes more, [0-9]+ are free"
	tap_is "... before anything is bought" "$(bills)" "$BILLS"
	# Bytes enough, but not enough inodes: that shows while the copy is under way.
	mount -o remount,size=20m,nr_inodes=10 "$T/small"
	MEDIUM=$T/small
	tap_status "a disk that is full before the end" 1 copy
	tap_err "... is told, and that the same command goes on" "no room left.*goes on"
	tap_ok "... nothing bears the title's name" test ! -e "$T/small/$TITLE1"
	tap_isnt "... what is done is kept" "$(staging)" ""
	mount -o remount,size=20m,nr_inodes=100 "$T/small"
	tap_ok "with room again the same command goes on" copy
	tap_ok "whole" whole "$T/small"
	tap_is "... billed once" "$(bills)" $((BILLS + 1))
else
	tap_skip "full disks" "tmpfs needs root"
fi

# ---- an ordinary user ----

user_dir "$T/users"
MEDIUM=$T/users
mclicctl --data "$CENTER" user add carol --json | jq -r .token >"$T/carol.token"
chmod 644 "$T/carol.token" "$CENTER_CA"
chmod 755 "$CENTER"
as_user mclic enrol "$CENTER_URL" --cacert "$CENTER_CA" --token "@$T/carol.token" \
	>"$T/enrol.out" 2>&1 || tap_bail "carol cannot enrol: $(cat "$T/enrol.out")"
as_user mclic format --area-file "$MEDIUM" >"$T/format.out"
tap_ok "an ordinary user copies" as_user mclic copy "$MASTER" "$TITLE1" "$MEDIUM"
tap_ok "... and verifies" as_user mclic verify "$MEDIUM"
rm -rf "${MEDIUM:?}/$TITLE1"
tap_ok "under a narrow umask" as_user sh -c 'umask 077; mclic copy "$@"' - "$MASTER" "$TITLE1" "$MEDIUM"
tap_is "... others can read the marker still" \
	"$(stat -c %a "$MEDIUM/$TITLE1/.mclic-product" "$MEDIUM/$TITLE1")" "644
755"

# A title whose directories may not be written, as package managers leave them
chmod 444 "$TREE1/bin/say" "$TREE1/charts/baltic.txt"
chmod 555 "$TREE1/bin" "$TREE1/charts/empty" "$TREE1/charts"
mclic-master build --center "$CENTER_URL" --cacert "$CENTER_CA" --token "@$T/publisher.token" \
	--version-number 3 --title "$TITLE1=$TREE1" -o "$T/master3.iso" 2>"$T/master.err" ||
	tap_bail "no third version: $(cat "$T/master.err")"
chmod -R u+w "$TREE1"
tap_ok "read-only directories are copied over the older version" \
	as_user mclic copy "$T/master3.iso" "$TITLE1" "$MEDIUM"
tap_ok "whole" as_user mclic verify "$MEDIUM"
tap_is "... with their modes" "$(stat -c %a "$MEDIUM/$TITLE1/charts")" 555
as_user chmod u+w "$MEDIUM/$TITLE1/charts"
as_user rm -f "$MEDIUM/$TITLE1/charts/baltic.txt"
tap_ok "and again after a loss" as_user mclic copy "$T/master3.iso" "$TITLE1" "$MEDIUM"
tap_ok "whole" as_user mclic verify "$MEDIUM"
tap_ok "and removed" as_user mclic return --delete "$TITLE1" "$MEDIUM"
tap_is "... all of it" "$(ls -A "$MEDIUM")" .mclic
