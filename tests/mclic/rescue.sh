# SPDX-License-Identifier: GPL-2.0-or-later
# mclic verify and rescue: every kind of damage is found, named and got around.

. tests/tap.sh

MKMEDIUM=$B/tests/tools/mkmedium
M=$T/medium
TREE=$T/tree
mkdir -p "$TREE/deep/er"
cp COPYING "$TREE/text"
: >"$TREE/nothing"
head -c 3000000 /dev/urandom >"$TREE/deep/er/data"
head -c 4096 /dev/urandom >"$TREE/block"
ln -s deep/er/data "$TREE/link"
made() {	# FLAGS: a fresh medium with the title "Title"
	rm -rf "$M" "$M.center" "$XDG_CONFIG_HOME" "$XDG_STATE_HOME"
	"$MKMEDIUM" "$M" "Title=$TREE$1" || tap_bail "no medium"
}
problem() {	# of the last verify --json: JQ EXPRESSION over its first problem
	jq -r ".titles[0].problems[0]$1" "$OUT"
}
DATA=$M/Title/deep/er/data

# ---- good ----

made ""
tap_ok "verify of a good medium" mclic verify "$M" --json
tap_is "... finds it good" "$(jq -r '.titles[0].state' "$OUT")" good
tap_is "... without problems" "$(jq '.titles[0].problems|length' "$OUT")" 0
tap_ok "verify of one title" mclic verify "$M" Title
tap_status "verify of a title that is not there" 1 mclic verify "$M" Nothing
for f in text nothing deep/er/data block; do
	rm -f "$T/out"
	tap_ok "rescue of the good file $f" mclic rescue "$M/Title/$f" -o "$T/out"
	tap_cmp "... is all of it" "$T/out" "$TREE/$f"
done
tap_is "what is rescued is for its owner alone" "$(stat -c %a "$T/out")" 600
tap_status "what exists is not overwritten" 1 mclic rescue "$M/Title/text" -o "$T/out"
tap_cmp "... and stays" "$T/out" "$TREE/block"
rm "$T/out"
for to in "$M/out" "$M/Title/out" "$M/Title/deep/out" "$M/.mclic/out"; do
	tap_status "plaintext is not written to the medium ($to)" 1 \
		mclic rescue "$M/Title/text" -o "$to"
	tap_ok "... nothing is" test ! -e "$to"
done
ln -s "$M" "$T/alias"
tap_status "... nor by another name" 1 mclic rescue "$M/Title/text" -o "$T/alias/out"
tap_ok "a file named by a relative path" sh -c 'cd "$1/Title/deep/er" && mclic rescue data -o "$2"' - \
	"$M" "$T/out"
tap_cmp "... is rescued as well" "$T/out" "$TREE/deep/er/data"
rm "$T/out"
tap_status "what is no file of a title" 1 mclic rescue "$TREE/text" -o "$T/out"
tap_status "a directory" 1 mclic rescue "$M/Title/deep" -o "$T/out"
tap_status "the marker is no sealed file" 4 mclic rescue "$M/Title/.mclic-product" -o "$T/out"
tap_ok "nothing is left of all these" test ! -e "$T/out"

# ---- names of somebody else's making ----

NAME=$(printf 'x\033]0;pwned\007\377y')
: >"$M/Title/$NAME"
tap_ok "verify of a medium with orders to the terminal in a name" mclic verify "$M"
tap_is "... passes none on" "$(tr -d '[:print:]\n' <"$OUT")" ""
tap_out "... and tells of the file" "^Title: x\?\]0;pwned\?\?y: not in the manifest"
tap_ok "as JSON" mclic verify "$M" --json
tap_is "... nothing is left out" "$(problem .path)" "x?]0;pwned??y"
rm "$M/Title/$NAME"

# ---- damaged blocks ----

flip "$DATA" 0				# block 0
flip "$DATA" 1048575			# block 255
flip "$DATA" $((1048576 + 4096 + 5))	# block 256, behind the first group's tags
flip "$DATA" $((1048576 + 16 * 7))	# the tag of block 7
tap_status "verify of damaged blocks" 4 mclic verify "$M" --json
tap_is "... finds each" "$(jq -c '[.titles[0].problems[].block]|sort' "$OUT")" "[0,7,255,256]"
tap_is "... names the file" "$(jq -r '[.titles[0].problems[].path]|unique[]' "$OUT")" deep/er/data
tap_is "... the place in it" \
	"$(jq '.titles[0].problems[]|select(.block==256).offset' "$OUT")" 1048576
tap_is "... and in the sealed file" \
	"$(jq '.titles[0].problems[]|select(.block==256).sealed_offset' "$OUT")" 1052672
tap_status "verify for people" 4 mclic verify "$M"
tap_out "... says the same" "deep/er/data: block 7 is damaged: bytes 28672 to 32767"
tap_status "rescue" 4 mclic rescue "$DATA" -o "$T/out" --json
tap_is "... lists what is lost" "$(jq -c '[.losses[]|[.start,.end]]' "$OUT")" \
	"[[0,4096],[28672,32768],[1044480,1052672]]"
tap_is "... and how much" "$(jq .lost "$OUT")" 16384
perl -e 'local $/; open my $f, "<:raw", $ARGV[0]; my $d = <$f>;
	substr($d, $_ * 4096, 4096) = "\0" x 4096 for 0, 7, 255, 256; print $d' \
	"$TREE/deep/er/data" >"$T/want"
tap_cmp "all else is there, zeros for the rest" "$T/out" "$T/want"
rm "$T/out"

if is_root; then
	mkdir "$T/small"
	mount -t tmpfs -o size=256k none "$T/small"
	tap_status "rescue to a full disk" 1 mclic rescue "$DATA" -o "$T/small/out"
	tap_err "... is told, with the file" "$T/small/out: cannot write: No space left"
	tap_is "... and leaves nothing" "$(ls -A "$T/small")" ""
	umount "$T/small"
fi

# ---- everything else ----

damaged() {	# NAME ERE: verify finds it, and says so
	tap_status "$1" 4 mclic verify "$M" --json
	tap_match "... is named" "$(jq -r '.titles[].problems[]|"\(.path): \(.what)"' "$OUT")" "$2"
}
L=$(stat -c %s "$DATA")
made ""
flip "$DATA" $((L - 1))
damaged "a damaged trailer" "^deep/er/data: "
tap_status "... cannot be rescued" 4 mclic rescue "$DATA" -o "$T/out"
tap_err "... because the key is lost" "trailer"
tap_ok "... so nothing is written" test ! -e "$T/out"
made ""
truncate -s $((L - 1)) "$DATA"
damaged "a file one byte short" "^deep/er/data: .*length"
made ""
echo >>"$DATA"
damaged "a file with more behind it" "^deep/er/data: .*length"
made ""
rm "$M/Title/text"
damaged "a missing file" "^text: missing"
made ""
rm "$M/Title/text"
mkdir "$M/Title/text"
damaged "a directory in the place of a file" "^text: not a regular file"
made ""
rm "$M/Title/link"
ln -s text "$M/Title/link"
damaged "a link that points elsewhere" "^link: .*elsewhere"
made ""
mv "$M/Title/deep" "$T/moved"
ln -s "$T/moved" "$M/Title/deep"
damaged "a link in the place of a directory" "^deep/er/data: "
rm -r "$T/moved"
made ""
chmod 777 "$M/Title/text"
damaged "another mode" "^text: its mode is 0777"
made ""
cp "$M/Title/block" "$T/sealed"
cp "$M/Title/text" "$M/Title/block"
damaged "one file in the place of another" "^block: "
made ""
flip "$M/Title/.mclic-product" 150
damaged "a damaged signature of the marker" "^.mclic-product: "
made ""
flip "$M/Title/.mclic-product" 300
damaged "a damaged manifest" "^.mclic-product: "
tap_ok "... keeps no file from being rescued" mclic rescue "$M/Title/text" -o "$T/out"
tap_cmp "... whole" "$T/out" "$TREE/text"
rm "$T/out"
made ""
flip "$M/Title/.mclic-product" 20
damaged "another DID in the marker" "^.mclic-product: "
made ""
: >"$M/Title/deep/stranger"
tap_ok "a file that is not in the manifest does no harm" mclic verify "$M" --json
tap_match "... but is named" "$(problem .path)" "deep/stranger"

# ---- no licence: 3, unless something is damaged as well ----

for flag in expired future other-medium no-cert forged bad-cs bad-eku bad-emid old-terms revoked \
	no-licence low-class personal,no-user-key; do
	made ",$flag"
	tap_status "$flag: verify refuses" 3 mclic verify "$M"
	tap_status "$flag: rescue refuses" 3 mclic rescue "$M/Title/text" -o "$T/out"
	tap_ok "$flag: and writes nothing" test ! -e "$T/out"
done
made ",bad-crc"
tap_status "bad-crc: the slot is damaged" 4 mclic verify "$M"
made ",under-ka"
tap_status "sealed under Ka instead of Ku" 4 mclic verify "$M"
made ",generation=2"
tap_status "sealed under another generation" 4 mclic verify "$M"
made ",personal"
tap_ok "personal: good" mclic verify "$M"
