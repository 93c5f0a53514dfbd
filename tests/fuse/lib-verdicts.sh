# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-verdicts.sh - each reason to refuse a title, when it is mounted and while it is.

# shellcheck source=tests/fuse/lib.sh
. tests/fuse/lib.sh

who mkdir -p "$W/tree"
who sh -c 'head -c 9000 /dev/urandom >"$1/f"' sh "$W/tree"
medium lower good="$W/tree" personal="$W/tree",personal expired="$W/tree",expired \
	future="$W/tree",future other="$W/tree",other-medium class="$W/tree",low-class \
	nocert="$W/tree",no-cert forged="$W/tree",forged crc="$W/tree",bad-crc \
	flags="$W/tree",bad-flags cs="$W/tree",bad-cs eku="$W/tree",bad-eku \
	emid="$W/tree",bad-emid revoked="$W/tree",revoked old="$W/tree",old-terms \
	none="$W/tree",no-licence ka="$W/tree",under-ka generation="$W/tree",generation=2 \
	two="$W/tree",expired later="$W/tree"
medium lower two=,seq=2
L=$W/lower
mounted "$L"

verdict() {
	call "$1" "$3" open "$M/$2/f" r
}
verdict "a licence in force" good ok
tap_ok "opens the title" who cmp "$M/good/f" "$W/tree/f"
verdict "a personal licence with its user key" personal ok
verdict "expired" expired EKEYEXPIRED
verdict "not begun" future EKEYEXPIRED
verdict "of another medium" other EMEDIUMTYPE
verdict "of a better medium" class EMEDIUMTYPE
verdict "of an unknown center" nocert ENOKEY
verdict "signed by somebody else" forged EKEYREJECTED
verdict "with a damaged CRC" crc EACCES
verdict "with an unknown critical flag" flags EACCES
verdict "with another certificate code" cs EKEYREJECTED
verdict "with a damaged EKU(KEYc)" eku EKEYREJECTED
verdict "with a damaged EMid(Ku)" emid EKEYREJECTED
verdict "revoked" revoked EKEYREVOKED
verdict "for older versions" old EACCES
verdict "no licence" none EACCES
verdict "sealed under the master's key" ka EBADMSG
verdict "sealed under another generation" generation EBADMSG
verdict "one expired, one in force" two ok
for title in expired other forged revoked none; do
	call "without a licence the title still lists ($title)" "ok 3" list "$M/$title"
	call "and shows its sizes ($title)" "$(who fscall stat "$W/tree/f")" stat "$M/$title/f"
done
tap_match "the log names the title and the reason" "$(cat "$M.log")" "/expired: .*expired"
tap_match "and the remedy" "$(cat "$M.log")" "/none: .*mclic copy"

# ---- what changes while it is mounted ----

# slot_of N: where the Nth licence stands
slot_of() { echo $((4096 * $1)); }
tap_ok "before the slot is changed" who cmp "$M/good/f" "$W/tree/f"
for at in $SLOT_FIELDS; do
	flip "$L/.mclic/area" $(($(slot_of 1) + at))
	verdict "byte $at of the slot changed" good EACCES
	flip "$L/.mclic/area" $(($(slot_of 1) + at))
	verdict "byte $at of the slot restored" good ok
done
dd if="$L/.mclic/area" of="$T/slot" bs=4096 skip=1 count=1 status=none
dd if=/dev/zero of="$L/.mclic/area" bs=4096 seek=1 count=1 conv=notrunc status=none
verdict "the slot zeroed" good EACCES
dd if="$T/slot" of="$L/.mclic/area" bs=4096 seek=200 count=1 conv=notrunc status=none
verdict "the licence in another slot" good ok
dd if=/dev/zero of="$L/.mclic/area" bs=4096 seek=200 count=1 conv=notrunc status=none
dd if="$T/slot" of="$L/.mclic/area" bs=4096 seek=1 count=1 conv=notrunc status=none
verdict "the licence back in its slot" good ok
"$B/tests/tools/areactl" hold "$L" >"$T/held" &
holder=$!
poll 60 grep -qx held "$T/held"
touch "$L/.mclic/area"
verdict "while somebody writes to the area" good ok
kill $holder

who mv "$L/.mclic/area" "$L/.mclic/kept"
verdict "the area gone" good EACCES
who mv "$L/.mclic/kept" "$L/.mclic/area"
verdict "the area back" good ok

keys=$(who sh -c 'echo "$XDG_CONFIG_HOME/mclic/user-keys"')
who cp -r "$keys" "$keys.away"
verdict "before its user key goes" personal ok
who sh -c 'rm "$1"/*' sh "$keys"
verdict "the user key gone" personal ENOKEY
verdict "a portable licence needs none" good ok
who sh -c 'cp -p "$2"/* "$1"/' sh "$keys" "$keys.away"
verdict "the user key back" personal ok

# version N: the marker is of that content version; licences and sealed files are of version 2.
version() {
	perl -e 'open my $f, "+<:raw", $ARGV[0] or die; seek $f, 12, 0;
		print $f pack("V", $ARGV[1]); close $f or die' "$L/good/.mclic-product" "$1"
}
verdict "before the marker is of another version" good ok
version 1
verdict "a file of another version than the marker's, which was open before" good EBADMSG
version 2
verdict "of the same again" good ok

# A marker that was written anew, but says the same, is read again; the verdict stands, and so
# nobody who opens a file meanwhile finds it gone.
touched() {
	who sh -c 'cd "$1" && exec 3<f && cat <&3 >/dev/null && fscall resident 3
		for i in 1 2 3; do
			touch "$2" && fscall open f r && fscall resident 3
		done' sh "$M/good" "$L/good/.mclic-product" | tr '\n' ' '
}
tap_is "a marker touched: what was read stays" "$(touched)" "ok 3 ok ok 3 ok ok 3 ok ok 3 "

# The directory is held, so that it goes on being looked at as the product that it was.
marked() {
	who sh -c 'cd "$1" && exec 3<f && cat <&3 >/dev/null && fscall resident 3 &&
		printf X | dd of="$2" conv=notrunc status=none && fscall open f r
		i=0
		while [ "$(fscall resident 3)" != "ok 0" ] && [ $i -lt 100 ]; do
			sleep 0.05
			i=$((i + 1))
		done
		fscall resident 3' sh "$M/good" "$L/good/.mclic-product" | tr '\n' ' '
}
tap_is "a marker damaged: what was read leaves the memory" "$(marked)" "ok 3 EBADMSG ok 0 "
printf M | dd of="$L/good/.mclic-product" conv=notrunc status=none

# Read on after the verdict fell, through one of two descriptors; that is closed then.
rest() {
	who sh -c 'cd "$1" && exec 3<f 4<f && cat <&3 >/dev/null && fscall resident 3 &&
		dd if=/dev/zero of="$2" bs=4096 seek=1 count=1 conv=notrunc status=none &&
		fscall open f r
		gone() {
			i=0
			while [ "$(fscall resident 4)" != "ok 0" ] && [ $i -lt 100 ]; do
				sleep 0.05
				i=$((i + 1))
			done
			fscall resident 4
		}
		gone && cat <&4 >/dev/null && fscall resident 4 && exec 3<&- && gone' \
		sh "$M/good" "$L/.mclic/area" | tr '\n' ' '
}
tap_is "what is read after that leaves it with the file" "$(rest)" "ok 3 EACCES ok 0 ok 3 ok 0 "
dd if="$T/slot" of="$L/.mclic/area" bs=4096 seek=1 count=1 conv=notrunc status=none

opens() { [ "$(who fscall open "$M/$1/f" r)" = "$2" ]; }
verdict "before its revocation" later ok
medium lower later=,no-licence,revoked
tap_ok "a revocation list that arrives is heeded" poll 10 opens later EKEYREVOKED
tap_ok "and so is what it lists no more" poll 10 opens revoked ok

centers=$(who sh -c 'echo "$XDG_CONFIG_HOME/mclic/centers"')
who mv "$centers" "$centers.away"
tap_ok "the certificate gone" poll 10 opens good ENOKEY
who mv "$centers.away" "$centers"
tap_ok "the certificate back" poll 10 opens good ok

# Opened in time, it is read on after the licence has ended.
medium late window="$W/tree",window=8
unmounted
mounted "$W/late"
hold "$M/window/f"
tap_ok "a licence ends while a file is open" poll 30 opens window EKEYEXPIRED
let_go
tap_cmp "which is read on" "$T/read" "$W/tree/f"
unmounted

# ---- a medium without an area ----

who cp -r "$L" "$W/bare"
who rm -r "$W/bare/.mclic"
mounted "$W/bare"
verdict "no area" good EACCES
tap_match "is warned about" "$(cat "$M.log")" "no licence area"
who touch "$W/bare/x"
for area in .mclic .MCLIC .mclic.; do
	call "no $area is made" EPERM mkdir "$M/$area"
	call "nor a file of that name" EPERM open "$M/$area" "w|creat"
	call "nor a link" EPERM link "$M/x" "$M/$area"
	call "nor is anything renamed to it" EPERM rename "$M/x" "$M/$area"
done
who cp -r "$L/.mclic" "$W/bare/"
verdict "an area that comes later" good ok
for slot in 0 255; do
	flip "$W/bare/.mclic/area" $((4096 * slot + 20))
done
unmounted
mounted "$W/bare"
verdict "an area whose header and copy are damaged" good EACCES
tap_match "is warned about, too" "$(cat "$M.log")" "$W/bare/.mclic/area: .*damaged"
tap_nomatch "by the name that the user gave" "$(cat "$M.log")" "/proc/self"
flip "$W/bare/.mclic/area" $((4096 * 255 + 20))
verdict "and used once its copy is mended" good ok
cp "$W/bare/.mclic/area" "$T/area"
head -c 8192 "$T/area" >"$W/bare/.mclic/area"
verdict "an area of which a part is there" good EACCES
cat "$T/area" >"$W/bare/.mclic/area"
verdict "and then the whole" good ok
unmounted
mounted "$W/bare"
verdict "an area with a good copy of its header" good ok
unmounted

# ---- more keys than memory may be locked ----

who mkdir "$W/keys"
who sh -c 'cd "$1" && seq 2600 | while read -r i; do echo "$i" >"f$i"; done' sh "$W/keys"
medium crowd keys="$W/keys",personal
prlimit --pid $$ --memlock=65536:65536
mounted "$W/crowd"
tap_ok "more files than keys find room" who diff -r "$W/keys" "$M/keys"
tap_ok "and again" who diff -r "$W/keys" "$M/keys"
unmounted
