#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mclic-master build: what is on the disc, seen by an independent program, and whose it is.

. tests/tap.sh
. tests/master/lib-master.sh

SECRET="the reef at 54 degrees north is not on any other chart"

center_with_publisher
mkdir -p "$T/a/bin" "$T/a/ünï code/deeper" "$T/a/empty dir" "$T/b" "$T/out"
echo "$SECRET" >"$T/a/bin/note"
yes "$SECRET" | head -c 3000000 >"$T/a/ünï code/deeper/long"
: >"$T/a/nothing"
cp /bin/echo "$T/a/bin/say"
head -c 4096 /dev/zero >"$T/a/one block"
head -c 1048577 /dev/zero >"$T/a/one group and a byte"
ln -s "bin/say" "$T/a/start"
ln -s "../one block" "$T/a/bin/up"
far=$(printf 'a/%.0s' $(seq 900))end
ln -s "$far" "$T/a/far"
deep=d/d/d/d/d/d/d/d/d/d/d
mkdir -p "$T/a/$deep"
echo deep >"$T/a/$deep/file"
long=$(printf 'n%.0s' $(seq 250))
echo long >"$T/a/$long"
chmod 755 "$T/a" "$T/a/bin" "$T/a/bin/say"
chmod 600 "$T/a/bin/note"
chmod 444 "$T/a/nothing"
chmod 700 "$T/a/empty dir"
echo "second title" >"$T/b/lesson"

tap_ok "two titles become one disc" \
	build --title "Sea Charts=$T/a" --title "Course/ware=$T/b" -o "$T/out/m.iso" --json
cp "$OUT" "$T/result.json"
tap_is "nothing but the disc is left" "$(leftovers "$T/out")" ""

on_disc "$T/out/m.iso" >"$T/seen"
expect() {
	tap_match "$1" "$(cat "$T/seen")" "^$2\$"
}
expect "a mode is kept" "-rwxr-xr-x 0 0 [0-9]+ /Sea Charts/bin/say"
expect "what only its owner could read, everybody may copy" \
	"-rw-r--r-- 0 0 [0-9]+ /Sea Charts/bin/note"
expect "an empty file is a trailer" "-r--r--r-- 0 0 128 /Sea Charts/nothing"
expect "one block, its tag, a trailer" "-rw-r--r-- 0 0 4240 /Sea Charts/one block"
expect "257 tags for one group and a byte" \
	"-rw-r--r-- 0 0 $((1048577 + 257 * 16 + 128)) /Sea Charts/one group and a byte"
expect "3 MB in three groups" \
	"-rw-r--r-- 0 0 $((3000000 + 733 * 16 + 128)) /Sea Charts/ünï code/deeper/long"
expect "an empty directory is kept" "drwxr-xr-x 0 0 0 /Sea Charts/empty dir"
expect "a symbolic link is kept" "lrwxrwxrwx 0 0 0 /Sea Charts/start -> bin/say"
expect "one that goes up is kept" "lrwxrwxrwx 0 0 0 /Sea Charts/bin/up -> ../one block"
expect "deep directories stay where they are" "-rw-r--r-- 0 0 149 /Sea Charts/$deep/file"
expect "a long name is kept" "-rw-r--r-- 0 0 149 /Sea Charts/$long"
expect "a slash in a title's name becomes a line" "-rw-r--r-- 0 0 157 /Course_ware/lesson"
tap_is "nothing else is on the disc, but a link too long for it" "$(wc -l <"$T/seen")" \
	"$(($(find "$T/a" "$T/b" | wc -l) + 1 + 2 - 1))"

tap_status "no plaintext is on the disc" 1 grep -q "reef at 54" "$T/out/m.iso"

# The manifest, behind the marker's 192 bytes.
xorriso -osirrox on -indev "$T/out/m.iso" -extract "/Sea Charts/.mclic-product" "$T/marker" \
	>/dev/null 2>&1
tail -c +193 "$T/marker" >"$T/manifest"
entry() {
	jq -r ".entries[] | select(.path == \"$1\") | $2" "$T/manifest"
}
tap_is "the manifest has the title" "$(jq -r .title "$T/manifest")" "Sea Charts"
tap_is "the manifest has the mode as it was" "$(entry bin/note .mode)" 0600
tap_is "the manifest has a directory's mode" "$(entry 'empty dir' .mode)" 0700
tap_is "the manifest has the plaintext's size" "$(entry 'ünï code/deeper/long' .size)" 3000000
tap_is "the manifest has the plaintext's SHA-256" "$(entry bin/say .sha256)" \
	"$(sha256sum <"$T/a/bin/say" | cut -d' ' -f1)"
tap_is "the manifest has a link's target" "$(entry bin/up .target)" "../one block"
tap_is "the manifest has a link that is too long for the disc" "$(entry far .target)" "$far"
tap_is "every file has its own id" "$(jq -r '.entries[].file_id // empty' "$T/manifest" | sort -u | wc -l)" \
	"$(find "$T/a" -type f | wc -l)"

# The publisher's signature, by the openssl command.
head -c 128 "$T/marker" >"$T/head"
{
	printf 'mclic product v1'
	cat "$T/head"
	openssl dgst -sha256 -binary "$T/manifest"
} >"$T/signed"
tail -c +129 "$T/marker" | head -c 64 >"$T/sig"
openssl pkey -in "$XDG_CONFIG_HOME/mclic/publisher.key" -pubout -out "$T/public.pem"
tap_ok "the publisher key signed it" openssl pkeyutl -verify -pubin -inkey "$T/public.pem" -rawin \
	-in "$T/signed" -sigfile "$T/sig"
tap_is "the publisher key is its owner's alone" \
	"$(stat -c %a "$XDG_CONFIG_HOME/mclic/publisher.key")" 600

# The center knows what was registered.
did=$(jq -r '.titles[] | select(.title == "Sea Charts") | .did' "$T/result.json")
tap_is "the marker has the DID" "$(od -An -v -tx1 -j16 -N16 "$T/marker" | tr -d ' \n')" "$did"
tap_ok "the center knows the title" mclicctl --data "$CENTER" --json product show "Sea Charts"
tap_match "by the same DID" "$(cat "$OUT")" "\"did\": \"$did\""
tap_ok "our own reader lists it" mclic list "$T/out/m.iso" --json
tap_is "and both titles" "$(jq -r '.titles[].title' "$OUT" | sort | tr '\n' '|')" \
	"Course/ware|Sea Charts|"

# A disc in a drive: a loop device stands for one, where we may make one.
if is_root; then
	loop=$(losetup --find --show --read-only "$T/out/m.iso") || tap_bail "no loop device"
	at_end "losetup -d $loop 2>/dev/null"
	tap_ok "a drive is read without mounting" mclic list "$loop" --json
	tap_is "and shows the same titles" "$(jq -r '.titles[].title' "$OUT" | sort | tr '\n' '|')" \
		"Course/ware|Sea Charts|"
	losetup -d "$loop"
fi

# Again: the same DID, another sealing.
tap_ok "the same title again" build --title "Sea Charts=$T/a" -o "$T/out/again.iso" --json
tap_is "keeps its DID" "$(jq -r '.titles[0].did' "$OUT")" "$did"
tap_ok "a new version" build --title "Sea Charts=$T/a" --version-number 2 -o "$T/out/again.iso" --json
tap_is "keeps its DID too" "$(jq -r '.titles[0].did' "$OUT")" "$did"
tap_is "and has its number" "$(jq -r '.titles[0].content_version' "$OUT")" 2

# The manager.
tap_ok "with the manager, and a label" \
	build --title "T=$T/b" --with-manager --volume CHARTS_2 -o "$T/out/mgr.iso"
tap_out "says what was made" "T: DID [0-9a-f]{32}, version 1, 1 files, 13 bytes"
on_disc "$T/out/mgr.iso" >"$T/seen"
expect "the manager is on the disc" "-rwxr-xr-x 0 0 $(stat -c %s "$B/mclic") /mclic"
expect "and a word about it" "-rw-r--r-- 0 0 [0-9]+ /README.txt"
tap_match "the label is on the disc" \
	"$(xorriso -indev "$T/out/mgr.iso" -pvd_info 2>/dev/null)" "^Volume Id *: CHARTS_2"
xorriso -osirrox on -indev "$T/out/mgr.iso" -extract /mclic "$T/mclic" >/dev/null 2>&1
tap_cmp "it is the program" "$T/mclic" "$B/mclic"
xorriso -osirrox on -indev "$T/out/mgr.iso" -extract /README.txt "$T/README" >/dev/null 2>&1
tap_match "the word is there" "$(cat "$T/README")" "^This disc holds encrypted titles"

# The order on the disc is the manifest's: a drive that is copied from never goes back.
xorriso -indev "$T/out/m.iso" -find "/Sea Charts" -exec report_lba 2>/dev/null |
	sed -n "s/^File data lba: *[0-9]* , *\([0-9]*\) .*'\/Sea Charts\/\(.*\)'\$/\1 \2/p" |
	sort -n | cut -d' ' -f2- | sed 1d >"$T/order"
jq -r '.entries[] | select(.type == "file") | .path' "$T/manifest" >"$T/wanted"
tap_cmp "files lie in the manifest's order" "$T/order" "$T/wanted"

# Another publisher key, kept elsewhere, is another publisher.
openssl genpkey -algorithm ED25519 -out "$T/other.key" 2>/dev/null
tap_status "another key under the same token is refused" 3 \
	build --title "T=$T/b" --key "$T/other.key" -o "$T/out/other.iso"
tap_is "and nothing is left" "$(leftovers "$T/out"; ls "$T/out" | grep other)" ""
