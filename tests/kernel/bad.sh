# SPDX-License-Identifier: GPL-2.0-or-later
#
# bad.sh - damaged media, and lower devices that fail: clean errors, and never a wrong byte.

# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/kernel/lib.sh
. tests/kernel/lib.sh

MEDIA=312
SEED=809244

mkdir -p "$W/tree/sub" "$W/more"
: >"$W/tree/empty"
printf x >"$W/tree/one"
head -c 4096 /dev/urandom >"$W/tree/block"
head -c 9000 /dev/urandom >"$W/tree/sub/f"
head -c 70000 /dev/urandom >"$W/tree/sub/g"
cp -r "$W/tree/." "$W/more"
head -c 1100000 /dev/urandom >"$W/more/groups"

# ---- damaged media ----

medium lower a="$W/tree" b="$W/tree",personal c="$W/more"
user_keys >/dev/null
trust "$W/center/center.pem" >/dev/null
tap_ok "$MEDIA damaged media: clean errors, no wrong byte" \
	badmedia "$W/lower" "$M" $SEED $MEDIA a="$W/tree" b="$W/tree" c="$W/more"
tap_out "all of them were tried, and some refused" "^$MEDIA media: [1-9][0-9]* .* [1-9][0-9]* times a block; 0 "
tap_diag "$(cat "$OUT")"

# ---- devices that fail ----

modprobe -aq loop ext4 dm-mod dm-flakey
DM=mclicfs-bad
dmsetup="dmsetup --noudevsync --noudevrules"	# nobody answers for udev here
truncate -s 48M "$W/disk"
loop=$(losetup --find --show "$W/disk") || tap_bail "no loop device"
at_end "losetup -d $loop"
sectors=$((48 * 2048))

# table TABLE: what the device is from now on
table() {
	if ! { echo "$1" | $dmsetup reload $DM && $dmsetup suspend --nolockfs $DM &&
		$dmsetup resume $DM; }; then
		tap_bail "the device cannot be: $1"
	fi
}

linear="0 $sectors linear $loop 0"
echo "$linear" | $dmsetup create $DM || tap_bail "no device mapper"
at_end "$dmsetup remove --retry $DM"
$dmsetup mknodes
D=$W/data
mkdir "$D"
mkfs.ext4 -q -F /dev/mapper/$DM || tap_bail "no ext4"
mount /dev/mapper/$DM "$D" || tap_bail "no ext4"
at_end "umount $D"
medium data c="$W/more"
sync "$D"
mounted "$D"

# What the file systems know of their files they may keep; what is in the files they may not.
forget() {
	ls -lR "$M" >/dev/null
	sync
	echo 1 >/proc/sys/vm/drop_caches
}

whole() {
	tap_ok "$1" diff -r "$W/more" "$M/c"
}

whole "a device that is well"
forget
table "0 $sectors error"
call "a device that answers with errors: open" EIO open "$M/c/groups" r
call "which lists" "$(fscall list "$W/more")" list "$M/c"
table "$linear"
whole "well again, it is read again"
exec 7<"$M/c/groups"
cat "$M/c/one" >/dev/null
forget
table "0 $sectors error"
dd bs=4096 skip=9 count=1 <&7 >"$OUT" 2>"$ERR"
tap_err "errors under an open file: read" "Input/output error"
tap_is "and no byte" "$(wc -c <"$OUT")" 0
table "$linear"
tap_is "well again, the open file is read on" \
	"$(dd bs=4096 count=1 <&7 2>/dev/null | cksum)" \
	"$(dd bs=4096 skip=9 count=1 if="$W/more/groups" 2>/dev/null | cksum)"
exec 7<&-
whole "well again, it is read again after that, too"

# sector_of SLOT: where the device has it
sector_of() {
	filefrag -v -b512 "$D/.mclic/area" | tr -d .: | awk -v at=$(($1 * 8)) '
		$1 ~ /^[0-9]+$/ && $2 <= at && at <= $3 { print $4 + at - $2 }'
}
at=$(sector_of 200)
tap_match "a slot of the area lies on the device" "$at" "^[0-9]+$"
unmounted
forget
table "0 $at linear $loop 0
$at 8 error
$((at + 8)) $((sectors - at - 8)) linear $loop $((at + 8))"
mounted "$D"
tap_status "a slot that cannot be read" 1 dd if="$D/.mclic/area" bs=4096 skip=200 count=1 of=/dev/null
whole "... is not that of the licence, which counts"
unmounted
table "$linear"
mounted "$D"

# corrupt WHERE: one byte of all that is read is another
for byte in 1 100 2048 4096; do
	forget
	table "0 $sectors flakey $loop 0 0 1000 5 corrupt_bio_byte $byte r 170 0"
	for file in one block sub/f sub/g groups; do
		cmp "$M/c/$file" "$W/more/$file" >"$OUT" 2>"$ERR"
		tap_nomatch "a device that changes byte $byte of what is read: $file" \
			"$(cat "$OUT" "$ERR")" "differ|EOF|Input/output"
	done
	table "$linear"
done
forget
whole "well again, all of it is there"
unmounted
