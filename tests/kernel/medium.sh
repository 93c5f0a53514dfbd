# SPDX-License-Identifier: GPL-2.0-or-later
#
# medium.sh - the medium's identifier, read by the kernel: on every kind of device, whole or
# partitioned, it is the one that user space reads; and a medium that was exchanged.

# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/kernel/lib.sh
. tests/kernel/lib.sh

mkdir "$W/tree" "$W/lower"
head -c 300000 /dev/urandom >"$W/tree/f"
L=$W/lower

# What mclic info says of $L, in the words of "mntctl medium".
user_space() {
	mclic info --json "$L" >"$W/info" || return
	for _kind in emulated sd scsi vpd nvme usb virtio serial; do
		echo "$_kind"
	done | grep -nx "$(jq -r .medium.kind "$W/info")" | cut -d: -f1 | tr -d '\n'
	jq -r '" \(.medium.class) \(if .medium.names_drive then 1 else 0 end) \(.area.slots) " +
		"\(.medium.mid) \(.area.area_id) \(.medium.raw_hex)"' "$W/info"
}

# compare NAME KIND CLASS NAMES-DRIVE: of what is mounted on $L
compare() {
	disk=$1
	kind=$2
	expected="^ok $2 $3 $4 256 "
	mclic format --area-file "$L" >"$OUT" || tap_bail "no area on $L"
	mounted "$L"
	got=$(mntctl "$M" medium)
	tap_match "$disk: kind, class, and whether it names the drive" "$got" "$expected"
	tap_is "$disk: user space reads the same" "$got" "ok $(user_space)"
	tap_is "$disk: also when asked for that kind" "$(mntctl "$M" medium "$kind")" "$got"
	unmounted
}

# A fresh data file system on a device, on $L.
data_on() {
	mkfs.ext4 -q -F "$1" || tap_bail "no file system on $1"
	mount "$1" "$L" || tap_bail "$1 cannot be mounted"
}

whole_disk() {
	data_on "/dev/media/$1"
	compare "$1" "$2" "$3" "$4"
	umount "$L"
}

partitioned() {
	wipefs -qa "/dev/media/$1"
	printf 'label: gpt\n,16MiB\n,\n' | sfdisk -q "/dev/media/$1" ||
		tap_bail "no partitions on $1"
	_part=$(partition "/dev/media/$1" 2)
	poll 30 test -b "$_part"
	data_on "$_part"
	compare "$1, partition" "$2" "$3" "$4"
	umount "$L"
}

both() {
	whole_disk "$@"
	partitioned "$@"
}

# kind, class, names the drive
both mo 3 1 1
both disk 3 2 0
both sd 2 3 0
both nvme 5 2 0
both usb 6 1 1
both virtio 7 0 0

modprobe loop
truncate -s 64M "$W/image"
loop=$(losetup -P -f --show "$W/image") || tap_bail "no loop device"
ln -s "$loop" /dev/media/loop
at_end "rm -f /dev/media/loop; losetup -d $loop"
both loop 1 0 0

# ---- an area in a partition of its own ----

# The licences that are in the file go there, and the file goes away.
title_on_lower() {
	mkmedium --center "$W/center" "$L" title="$W/tree" || tap_bail "no title on $L"
}

wipefs -qa /dev/media/mo
printf 'label: gpt\n,16MiB\n,\n' | sfdisk -q /dev/media/mo || tap_bail "no partitions on mo"
area=$(partition /dev/media/mo 1)
data=$(partition /dev/media/mo 2)
poll 30 test -b "$data"
data_on "$data"
title_on_lower
trust "$W/center/center.pem" >"$OUT"
dd if="$L/.mclic/area" of="$area" bs=1M conv=fsync status=none
cp "$L/.mclic/area" "$W/area"

refused() {
	_name=$1
	shift
	tap_status "$_name" 32 mount -i -t mclicfs "$@" "$L" "$M"
}
refused "an area on another disk" -o area=/dev/media/disk
refused "an area in another file" -o area="$W/area"
refused "an area that is not there" -o area=/dev/media/none
refused "an area that is a directory" -o area="$L"
mounted "$L" -o area="$L/.mclic/area"
tap_cmp "the area's file may be named" "$M/title/f" "$W/tree/f"
unmounted
rm -r "$L/.mclic"
mounted "$L"
call "without the file no title can be opened" EACCES open "$M/title/f" r
mkdir "$L/.mclic"
cp "$W/area" "$L/.mclic/area.new"
mv "$L/.mclic/area.new" "$L/.mclic/area"
tap_cmp "an area file that appears is used" "$M/title/f" "$W/tree/f"
dd if=/dev/zero of="$L/.mclic/area.new" bs=4096 count=256 status=none
mv "$L/.mclic/area.new" "$L/.mclic/area"
call "one that is no area is not" EACCES open "$M/title/f" r
cp "$W/area" "$L/.mclic/area"
tap_cmp "until it is one" "$M/title/f" "$W/tree/f"
dd if=/dev/zero of="$L/.mclic/area" bs=4096 count=1 conv=notrunc status=none
unmounted
mounted "$L"
tap_cmp "where the header is damaged its copy counts" "$M/title/f" "$W/tree/f"
mv "$L/.mclic/area" "$L/area"
ln -s ../area "$L/.mclic/area"
call "a symbolic link does not count" EACCES open "$M/title/f" r
unmounted
rm -r "$L/.mclic"
sfdisk -q --part-type /dev/media/mo 1 7ab331e2-4bdd-4eaf-9cfe-4ee575a11d1e --no-reread 2>"$ERR" ||
	tap_bail "the type cannot be set: $(cat "$ERR")"
mounted "$L" -o area="$area"
tap_is "partition: user space reads the same" "$(mntctl "$M" medium)" "ok $(user_space)"
tap_cmp "partition: the title is read" "$M/title/f" "$W/tree/f"
slot=$(mntctl "$M" list | cut -d' ' -f1)
tap_isnt "partition: a licence is listed" "$slot" ""
dd if=/dev/zero of="$area" bs=4096 seek="$slot" count=1 conv=fsync status=none
call "partition: a licence that goes is noticed" EACCES open "$M/title/f" r
dd if="$W/area" of="$area" bs=4096 skip="$slot" seek="$slot" count=1 conv=fsync status=none
tap_cmp "partition: and one that comes" "$M/title/f" "$W/tree/f"

# ---- another medium ----

# gone CALL...: fscall on the mount says EMEDIUMTYPE, by and by
gone() {
	[ "$(fscall "$@")" = EMEDIUMTYPE ]
}

# Nothing is left to be written to it.
dd if=/dev/urandom of="$area" bs=4096 seek=9 count=1 conv=fsync status=none
mount -o remount,ro "$L" || tap_bail "$L cannot be made read-only"
ioc "where the data may not be written, the area may not either" EROFS remove 9
mount -o remount,rw "$L" && ioc "else it may" ok remove 9
echo plain >"$L/plain"
mount -o remount,ro "$L" || tap_bail "$L cannot be made read-only"
hold "$M/title/f"
exec 7<"$M/title/f" 8<"$M/plain"
tap_match "an open file can be mapped" "$(fscall resident 7)" "^ok"
tests/qemu/medium insert mo other || tap_bail "the medium cannot be changed"
tap_ok "the medium is exchanged: open says so" poll 60 gone open "$M/title/f" r
let_go
tap_match "a file that was open is read no further" "$(cat "$W/error")" "Wrong medium type"
tap_is "... not from memory either" "$(wc -c <"$T/read")" 0
call "... nor mapped" EMEDIUMTYPE resident 7
tap_status "nor is a plain file that was open" 1 sh -c "exec cat <&8"
tap_err "... with the same reason" "Wrong medium type"
exec 7<&- 8<&-
call "and one that was not" EMEDIUMTYPE open "$M/plain" r
tap_status "no directory is listed" 2 ls "$M"
ioc "GET_MEDIUM says so" EMEDIUMTYPE medium
ioc "LIST_LICENCES says so" EMEDIUMTYPE list
tests/qemu/medium insert mo mo || tap_bail "the medium cannot be changed back"
call "the old medium is back: still" EMEDIUMTYPE open "$M/title/f" r
umount "$M"
umount "$L"
# Before a drive is read again the kernel looks whether there is another medium.
poll 60 mount "$data" "$L" || tap_bail "the medium cannot be mounted again"
mounted "$L" -o area="$area"
tap_cmp "a new mount reads it" "$M/title/f" "$W/tree/f"
unmounted
umount "$L"
