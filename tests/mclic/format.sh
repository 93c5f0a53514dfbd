# SPDX-License-Identifier: GPL-2.0-or-later
# mclic format and info: directories, images, devices, and what they refuse.

. tests/tap.sh

# ---- a directory ----

mkdir "$T/dir"
tap_ok "info without an area" mclic info "$T/dir"
tap_out "... says how to make one" "mclic format"
tap_ok "format --area-file" mclic format --area-file "$T/dir" --label "My medium"
tap_is "the area has 256 slots" "$(stat -c %s "$T/dir/.mclic/area")" 1048576
tap_ok "info" mclic info "$T/dir" --json
tap_is "... has the label" "$(jq -r .area.label "$OUT")" "My medium"
tap_is "... all slots free" "$(jq .area.free "$OUT")" 254
tap_match "... and a MID" "$(jq -r .medium.mid "$OUT")" '^[0-9a-f]{32}$'
cp "$T/dir/.mclic/area" "$T/before"
tap_status "a second area is refused" 1 mclic format --area-file "$T/dir"
tap_cmp "... and the first is as it was" "$T/before" "$T/dir/.mclic/area"
tap_status "a label that is too long" 2 mclic format --area-file "$T" \
	--label "0123456789012345678901234567890123456789012345678901234567890123"
tap_ok "... leaves nothing" test ! -e "$T/.mclic/area"

# A damaged header is told, and what stands in slots that are not licences.
flip "$T/dir/.mclic/area" 20
flip "$T/dir/.mclic/area" 4096
tap_ok "info of an area with a damaged header" mclic info "$T/dir" --json
tap_match "... warns" "$(jq -r .area.warning "$OUT")" "damaged"
tap_is "... and counts the damaged slot" "$(jq .area.damaged "$OUT")" 1
tap_status "verify finds it damaged" 4 mclic verify "$T/dir"

# ---- images ----

data_at() {	# IMAGE FILE: its data partition
	dd if="$1" of="$2" bs=1M skip=2 status=none
}
tap_status "an image that is not there" 1 mclic format "$T/none.img"
tap_err "... and how to make it" "\-\-size"
tap_ok "an ext4 image" mclic format "$T/ext4.img" --size 32M --label Disk
sfdisk -d "$T/ext4.img" >"$T/table"
tap_match "... has the area partition at 1 MiB, 1 MiB long" "$(cat "$T/table")" \
	"start= *2048, size= *2048, type=7AB331E2-4BDD-4EAF-9CFE-4EE575A11D1E"
tap_match "... and the data behind it, aligned to 1 MiB" "$(cat "$T/table")" "start= *4096, "
data_at "$T/ext4.img" "$T/ext4.data"
tap_is "... with ext4 on it" "$(blkid -p -s TYPE -o value "$T/ext4.data")" ext4
tap_ok "... that is sound" e2fsck -fn "$T/ext4.data"
tap_ok "info of the image" mclic info "$T/ext4.img" --json
tap_is "... finds the area in it" "$(jq -r .area.label "$OUT")" Disk
tap_is "... with an emulated identifier" "$(jq -r .medium.kind "$OUT")" emulated
tap_ok "list of the image" mclic list "$T/ext4.img" --json
tap_is "... has no licence yet" "$(jq '.licences|length' "$OUT")" 0
tap_ok "a vfat image" mclic format "$T/vfat.img" --size 32M --fs vfat
data_at "$T/vfat.img" "$T/vfat.data"
tap_is "... has vfat on it" "$(blkid -p -s TYPE -o value "$T/vfat.data")" vfat
tap_ok "... that is sound" fsck.vfat -n "$T/vfat.data"
tap_ok "a udf image" mclic format "$T/udf.img" --size 32M --fs udf
data_at "$T/udf.img" "$T/udf.data"
tap_is "... has udf on it" "$(blkid -p -s TYPE -o value "$T/udf.data")" udf

cp "$T/ext4.img" "$T/copy.img"
tap_status "what is formatted is not formatted again" 1 mclic format "$T/ext4.img"
tap_err "... because of the partition table" "gpt"
tap_cmp "... and it stays as it was" "$T/ext4.img" "$T/copy.img"
tap_ok "but with --force" mclic format "$T/ext4.img" --force
tap_status "--size does not overwrite" 1 mclic format "$T/ext4.img" --size 32M --force
tap_status "an image too small" 1 mclic format "$T/small.img" --size 8M
tap_ok "... is not left behind" test ! -e "$T/small.img"
cp COPYING "$T/thesis"
tap_status "a file that is no image" 1 mclic format "$T/thesis"
tap_cmp "... is left alone" COPYING "$T/thesis"
tap_status "a directory is not formatted" 1 mclic format "$T/dir"
truncate -s 32M "$T/empty.img"
tap_ok "an empty image is" mclic format "$T/empty.img"

# ---- devices ----

if is_root && L=$(losetup -f --show "$T/copy.img" 2>/dev/null); then
	at_end "losetup -d $L 2>/dev/null"
	tap_status "an image behind a loop device is in use" 1 mclic format "$T/copy.img" --force
	tap_err "... which is said" "loop"
	tap_status "a device with a partition table is not empty" 1 mclic format "$L"
	tap_ok "a loop device can be formatted" mclic format "$L" --force --label Loop --json
	tap_is "... and gets an emulated identifier" "$(jq .emulated_id "$OUT")" true
	tap_ok "info of it" mclic info "$L" --json
	tap_is "... finds the area" "$(jq -r .area.label "$OUT")" Loop
	losetup -d "$L"
	mkdir "$T/mnt"
	L=$(losetup -f --show -o 2097152 "$T/copy.img")
	at_end "losetup -d $L 2>/dev/null"
	tap_ok "its data file system can be mounted" mount "$L" "$T/mnt"
	tap_status "a mounted device is not formatted, force or not" 1 mclic format "$L" --force
	tap_err "... because it is in use" "in use"
	umount "$T/mnt"
else
	tap_skip "devices" "loop devices need root"
fi
