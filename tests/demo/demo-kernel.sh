# SPDX-License-Identifier: GPL-2.0-or-later
#
# make demo-kernel: the patent's scenario on a stock kernel of Debian, in QEMU: a CD-ROM as the
# master, a removable SCSI disk with 2048-byte sectors as the MO disc, and then an SD card. It
# ends with an error at the first thing that is not as it should be.
#
#   KERNEL=NAME	the kernel, as tests/qemu/kernel knows it (default: 6.1)

# On the host: the same script again, in a machine with these media.
if [ ! -c /dev/media/port-control ]; then
	exec tests/qemu/boot -k "${KERNEL:-6.1}" -m "mo disk cd sd nvme" -t 3000 \
		sh tests/demo/demo-kernel.sh
fi

# shellcheck source=tests/lib.sh
. tests/lib.sh
# shellcheck source=tests/demo/lib-demo.sh
. tests/demo/lib-demo.sh

dev() {
	readlink -f "/dev/media/$1"
}

# every_open_fails DIR: each file of a title, and each in the same way
every_open_fails() {
	find "$1/Pocket Unix" -type f >"$T/files"
	[ -s "$T/files" ] || return 1
	while IFS= read -r file; do
		echo "$file: $(fscall open "$file" r)"
	done <"$T/files" >"$T/opened"
	! grep -v ': EMEDIUMTYPE$' "$T/opened"
}

# copy_to DISK: license Pocket Unix for this medium, and copy it there
copy_to() {
	run mount "$(partition "$1" 2)" "$T/lower"
	run mclic copy --trace "$(dev cd)" "Pocket Unix" "$T/lower"
	all_steps
	check "what lies on the medium is not in the clear" \
		not grep -raq "GNU GENERAL PUBLIC" "$T/lower"
	run umount "$T/lower"
}

# use DISK: mount it, and run a program from it
use() {
	run mount -v -t mclicfs "$1" /mnt/titles
	run ls -l "/mnt/titles/Pocket Unix/bin"
	run "/mnt/titles/Pocket Unix/bin/sh" "/mnt/titles/Pocket Unix/bin/hello"
	check "the program ran from the medium" grep -q "^Hello from" "$T/out"
	check "the title is what the publisher pressed, byte for byte" \
		same_tree "$unix" "/mnt/titles/Pocket Unix"
	check "it cannot be changed" \
		not sh -c 'echo x >"$1"' sh "/mnt/titles/Pocket Unix/doc/GPL-2"
	run mclic info /mnt/titles
	run umount /mnt/titles
	check "unmounted, nothing is left of it" not grep -q "$1" /proc/self/mounts
}

# refuse DISK: the same bytes on another medium
refuse() {
	run mount -v -t mclicfs "$1" /mnt/titles
	show "/mnt/titles/Pocket Unix/bin/busybox"
	if "/mnt/titles/Pocket Unix/bin/busybox" >"$T/out" 2>&1; then
		die "the program ran from a medium that it is not licensed for"
	fi
	indented "$T/out"
	check "every open fails with EMEDIUMTYPE, all $(find "$unix" -type f | wc -l) of them" \
		every_open_fails /mnt/titles
	run mclic list /mnt/titles
	run umount /mnt/titles
}

# ---- the machine ----

PATH=$B/tests/tools:$PATH
# shellcheck disable=SC2119 # no arguments
sh tests/qemu/load || die "the module does not load"
sh tests/kernel/install-helper || die "mount.mclicfs cannot be installed"
modprobe -a ext4 isofs
mkdir -p "$T/lower" /mnt/titles
unix=$T/unix
mkdir -p "$unix/bin" "$unix/doc"
cp /bin/busybox "$unix/bin/busybox"
ln -s busybox "$unix/bin/sh"
cp -L /usr/share/common-licenses/GPL-2 "$unix/doc/"
# shellcheck disable=SC2016 # for the program on the medium
printf '%s\n' 'echo "Hello from $0"' >"$unix/bin/hello"
chmod -R u+w "$unix"

# ---- the story ----

chapter "1. A stock kernel, and a license center"
run uname -sr
run modinfo -F description "$MCLICFS_KO"
start_center --name "Demo center"
admit publisher "Demo Press" "$T/press.token"
admit user alice "$T/alice.token"
check "a publisher and a user got a token" test -s "$T/press.token" -a -s "$T/alice.token"

chapter "2. A publisher presses a master, and it lies in the CD-ROM drive"
run mclic-master build --center "$CENTER_URL" --cacert "$CENTER_CA" \
	--token "@$T/press.token" --title "Pocket Unix=$unix" -o "$T/master.iso"
brief 'title:|on_sale:' mclicctl --data "$CENTER" product set "Pocket Unix" --price 19.99 \
	--currency EUR
brief 'title:|on_sale:' mclicctl --data "$CENTER" product sell "Pocket Unix"
cp "$T/master.iso" /run/host/images/master || die "the disc cannot be pressed"
sh tests/qemu/medium insert cd master || die "the disc cannot be put in"
poll 60 mclic list "$(dev cd)" || die "the drive does not notice the disc"
run mclic list "$(dev cd)"

chapter "3. A user enrols, and prepares an MO disc: removable, 2048-byte sectors"
run mclic enrol "$CENTER_URL" --cacert "$CENTER_CA" --token "@$T/alice.token"
mo=$(dev mo)
run lsblk -dno NAME,RM,PHY-SEC,LOG-SEC,TYPE "$mo"
run mclic format "$mo"
run mclic info "$mo"

chapter "4. She licenses the title for this one disc, and copies it"
copy_to "$mo"

chapter "5. Mounted by the kernel, a program runs from it"
use "$mo"

chapter "6. The same bytes on another disk are refused"
disk=$(dev disk)
tell "Another disk gets partitions like the disc's, and then every byte of the licence area and" \
	"of the data file system."
run mclic format "$disk"
for n in 1 2; do
	run dd if="$(partition "$mo" "$n")" of="$(partition "$disk" "$n")" bs=1M conv=fsync \
		status=none
done
refuse "$disk"

chapter "7. Again, with an SD card"
sd=$(dev sd)
run mclic format "$sd"
run mclic info "$sd"
copy_to "$sd"
run mclicctl --data "$CENTER" ledger list
check "two media are two licences" \
	test "$(mclicctl --data "$CENTER" ledger list --json | grep -c '"amount"')" = 2
stop_center
check "the center ended cleanly; from here on nobody asks it" test "$CENTER_STATUS" = 0
use "$sd"
nvme=$(dev nvme)
tell "Now the whole card, partition table and all, onto an NVMe disk."
run dd if="$sd" of="$nvme" bs=1M conv=fsync status=none
blockdev --rereadpt "$nvme" || die "the copy cannot be read"
poll 20 test -b "$(partition "$nvme" 2)"
refuse "$nvme"
check "the card itself still opens" sh -c \
	'mount -t mclicfs "$1" /mnt/titles && cat "/mnt/titles/Pocket Unix/doc/GPL-2" && umount /mnt/titles' \
	sh "$sd"

printf '\n%s%sThe demo is done: %d claims checked, on %s.%s\n' "$bold" "$green" "$checks" \
	"$(uname -r)" "$plain"
