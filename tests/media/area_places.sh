# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where a licence area lies: a partition of the disk (also of 2048-byte sectors, also seen
# by a user who may not read the disk), a partition inside an image, a file. The same
# bytes must be found along every way. Needs loop devices, so root.

. tests/media/fake-sysfs.sh
media_enter "$0" "$@"
. tests/tap.sh

is_root || tap_skip_all "loop devices need root"
PATH=$B/tests/tools:$PATH
TYPE=7ab331e2-4bdd-4eaf-9cfe-4ee575a11d1e

# image FILE [SECTOR_SIZE]: GPT with a partition before, the area, and a file system
image() {
	truncate -s 64M "$1"
	_loop=$(losetup -f --show -b "${2:-512}" "$1") || return 1
	_s=$((1048576 / ${2:-512}))
	sfdisk -q "$_loop" >/dev/null 2>&1 <<-TABLE
		label: gpt
		start=$_s, size=$_s
		start=$((2 * _s)), size=$((2 * _s)), type=$TYPE
		start=$((4 * _s)), size=$((50 * _s))
	TABLE
	losetup -d "$_loop"
	# the partition has room for more than the area: 2 MiB for 100 slots
	areactl make "$1" 2097152 100
}

# attach IMAGE [SECTOR_SIZE]: LOOP, with its partitions (partx: also for kernels that do
# not read GPT themselves)
attach() {
	LOOP=$(losetup -f --show -b "${2:-512}" "$1") || return 1
	at_end "partx -d $LOOP 2>/dev/null; losetup -d $LOOP 2>/dev/null"
	partx -a "$LOOP" && poll 5 test -b "${LOOP}p3"
}

detach() {
	partx -d "$LOOP"
	losetup -d "$LOOP"
}

# ---- an image ----

image "$T/image"
tap_ok "an image's area is found" areactl where "$T/image"
tap_out "... in its partition" '^.*/image \(partition 2\): 100 slots$'
tap_ok "a licence is put into it" areactl put "$T/image" 1 1
tap_ok "and listed" areactl list "$T/image"
tap_out "... in the first slot" '^1: licence 1 sequence 1$'
tap_is "it lies at the partition's offset" \
	"$(dd if="$T/image" bs=4096 skip=513 count=1 2>/dev/null | head -c 7)" MCLLICN
cp "$T/image" "$T/short"
truncate -s 3M "$T/short"
tap_status "an image cut short has no area" 1 areactl where "$T/short"
cp "$T/image" "$T/broken"
printf 'x' | dd of="$T/broken" bs=1 seek=2097160 conv=notrunc 2>/dev/null
tap_ok "a damaged header is found again from its copy" areactl where "$T/broken"
tap_out "... and that is said" 'partition 2\): 100 slots; .*the header is damaged'
truncate -s 8M "$T/empty"
tap_status "an image without a partition table has none" 1 areactl where "$T/empty"
tap_err "... and the message says how to make one" 'mclic format'

# ---- a disk with partitions ----

attach "$T/image" || tap_bail "no loop device with partitions"
mkfs.ext4 -q "${LOOP}p3" && mkdir "$T/disk" && mount "${LOOP}p3" "$T/disk"
for target in "$LOOP" "${LOOP}p1" "${LOOP}p2" "${LOOP}p3" "$T/disk"; do
	tap_ok "the area is found through $(basename "$target")" areactl where "$target"
	tap_out "... as a partition" "^${LOOP}p2 \\(partition\\): 100 slots$"
done
tap_is "it holds the licence that was put into the image" "$(areactl list "$T/disk")" \
	"1: licence 1 sequence 1"
tap_ok "a renewal through the directory" areactl put "$T/disk" 1 2
tap_is "is seen through the disk" "$(areactl list "$LOOP")" "2: licence 1 sequence 2"
sync "$T/image"
tap_is "and in the image" "$(areactl list "$T/image")" "2: licence 1 sequence 2"

tap_status "no area file is made beside a partition" 1 areactl create "$T/disk"
tap_err "... and the message names the partition" "${LOOP}p2"
mkdir "$T/disk/.mclic"
areactl make "$T/disk/.mclic/area" 0 8
tap_is "a file beside the partition is not looked at" "$(areactl where "$T/disk")" \
	"${LOOP}p2 (partition): 100 slots"
partx -d --nr 2 "$LOOP"
tap_status "a partition that the kernel does not know is an error" 1 areactl where "$T/disk"
tap_err "... and the message says what to do" 'partition 2 yet.*partx -u'
partx -a --nr 2 "$LOOP"
dd if=/dev/zero of="${LOOP}p2" bs=4096 count=512 conv=fsync 2>/dev/null
tap_status "a partition that is no area is an error" 4 areactl where "$T/disk"
tap_err "... not a reason to look for the file" "${LOOP}p2 \\(partition\\).*never formatted"
areactl make "${LOOP}p2" 0 100
areactl put "$T/disk" 3 1 >/dev/null

# ---- a user who may not read the disk ----

# What udev would have noted; a plain copy of sysfs has no database.
chmod 755 "$T" "$T/disk"
chmod 600 "$LOOP" "${LOOP}p"[0-9]*
tap_ok "who can learn nothing of the partitions gets the file" as_user areactl where "$T/disk"
tap_out "... and is told" "/disk/.mclic/area: 8 slots; the types of the disk's partitions"
mv "$T/disk/.mclic/area" "$T/disk/.mclic/away"
tap_status "without a file there is none to be seen" 1 as_user areactl where "$T/disk"
tap_err "... and the message says that too" 'only known to root'
mv "$T/disk/.mclic/away" "$T/disk/.mclic/area"
mount -t tmpfs -o mode=755 run /run && mkdir -p /run/udev/data && : >/run/udev/control
at_end "umount /run 2>/dev/null"
for n in 1 2 3; do
	number=$(stat -c %Hr:%Lr "${LOOP}p$n")
	type=0fc63daf-8483-4772-8e79-3d69d8477de4
	[ $n != 2 ] || type=$TYPE
	printf 'I:1\nE:ID_PART_ENTRY_TYPE=%s\n' $type >"/run/udev/data/b$number"
done
tap_status "through udev a user learns that a partition is the area" 3 \
	as_user areactl where "$T/disk"
tap_err "... and that it takes root" "${LOOP}p2, which you may not read"
chown nobody "${LOOP}p2"
tap_ok "a user who may open the partition needs no more" as_user areactl where "$T/disk"
tap_out "... and gets it" "^${LOOP}p2 \\(partition\\): 100 slots$"
tap_ok "and writes to it" as_user areactl put "$T/disk" 4 1
chown root "${LOOP}p2"
umount /run
umount "$T/disk"
detach

# ---- a disk whose partitions the kernel was not told of ----

LOOP=$(losetup -f --show "$T/image")
tap_ok "an unscanned disk's area is found" areactl where "$LOOP"
tap_out "... inside the disk" "^$LOOP \\(partition 2\\): 100 slots$"
tap_ok "and written" areactl put "$LOOP" 5 1
losetup -d "$LOOP"
tap_match "to the same place" "$(areactl list "$T/image")" 'licence 5 sequence 1'

# ---- 2048-byte sectors, as magneto-optical disks have ----

image "$T/mo" 2048
attach "$T/mo" 2048 || tap_bail "no loop device with 2048-byte sectors"
tap_ok "an area on 2048-byte sectors is found" areactl where "$LOOP"
tap_out "... as a partition" "^${LOOP}p2 \\(partition\\): 100 slots$"
tap_ok "and written" areactl put "$LOOP" 1 1
tap_is "and read back" "$(areactl list "${LOOP}p3")" "1: licence 1 sequence 1"
detach

# ---- a file ----

loop_medium "$T/stick" 16
tap_ok "an area file is made on a whole-disk file system" areactl create "$T/stick"
tap_ok "and found" areactl where "$T/stick"
tap_out "... at its place" "^$T/stick/.mclic/area: 256 slots$"
tap_is "its owner and mode" "$(stat -c '%a %U' "$T/stick/.mclic/area")" "644 root"
tap_ok "root writes it" areactl put "$T/stick" 1 1
tap_ok "a user reads it" as_user areactl list "$T/stick"
tap_status "but may not write it" 3 as_user areactl put "$T/stick" 2 1
tap_err "... and hears which file" '\.mclic/area: cannot be opened for writing'
mount -o remount,ro "$T/stick"
tap_ok "read-only, it is read" areactl list "$T/stick"
tap_status "but not written" 1 areactl put "$T/stick" 2 1
tap_err "... and hears why" 'Read-only file system'
mount -o remount,rw "$T/stick"
rm -r "$T/stick/.mclic"
fallocate -l 16M "$T/stick/filler" 2>/dev/null || dd if=/dev/zero of="$T/stick/filler" bs=64k \
	2>/dev/null
dd if=/dev/zero of="$T/stick/filler2" bs=4k 2>/dev/null
tap_status "a full file system gets no half an area" 1 areactl create "$T/stick"
tap_err "... and the message says so" 'No space left'
tap_is "nothing is left of it" "$(find "$T/stick/.mclic" -type f 2>/dev/null)" ""
rm "$T/stick/filler" "$T/stick/filler2"
tap_ok "with room again there is one" areactl create "$T/stick"

# ---- what is read back comes from the medium, not from the page cache ----

# sectors TARGET: read from devices while a licence is put into its only slot. All was read
# before, so whatever comes from a device was asked for there: the slot, before and after.
sectors() {
	areactl list "$1" >/dev/null &&
		/usr/bin/time -f %I -o "$T/time" areactl put "$1" 1 1 >/dev/null &&
		tail -n 1 "$T/time"
}
only_slot() {
	mkdir -p "$(dirname "$1")" && areactl make "$1" 0 3
}
rm -r "$T/stick/.mclic"
only_slot "$T/stick/.mclic/area"
tap_ok "a slot is read back from the medium" [ "$(sectors "$T/stick")" -ge 16 ]
umount "$T/stick"

# With sectors of 4096 bytes, at an odd one of 512: there is no direct I/O.
truncate -s 64M "$T/wide.img"
LOOP=$(losetup -f --show -b 4096 "$T/wide.img")
at_end "losetup -d $LOOP"
mkfs.ext4 -q "$LOOP" && mkdir "$T/wide" && mount "$LOOP" "$T/wide"
truncate -s 4M "$T/wide/image"
sfdisk -q "$T/wide/image" >/dev/null 2>&1 <<TABLE
label: gpt
start=2049, size=24, type=$TYPE
TABLE
areactl make "$T/wide/image" $((2049 * 512)) 3
tap_match "(an area where there is no direct I/O)" \
	"$(dd if="$T/wide/image" bs=512 skip=2049 count=1 iflag=direct 2>&1)" 'Invalid argument'
tap_ok "nor is it from the cache without direct I/O" [ "$(sectors "$T/wide/image")" -ge 16 ]
umount "$T/wide"
