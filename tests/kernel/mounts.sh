# SPDX-License-Identifier: GPL-2.0-or-later
#
# mounts.sh - how a mount ends: while files are open, and without leaving anything, a thousand
# times.

# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/kernel/lib.sh
. tests/kernel/lib.sh
# shellcheck source=tests/kernel/lib-lower.sh
. tests/kernel/lib-lower.sh

image lower 64 mkfs.ext4 -q
L=$W/lower
seq 100000 >"$L/f"
mounted "$L"

# ---- the end of a mount ----

exec 3<"$M/f"
tap_status "a mount with an open file is busy" 32 umount "$M"
tap_ok "but can be detached" umount -l "$M"
tap_ok "and so can the lower" umount "$L"
in_use() { [ -n "$(losetup -j "$W/lower.img")" ]; }
not_in_use() { ! in_use; }
tap_ok "its file system is in use" in_use
tap_is "the file is read on" "$(head -n 1 <&3)" 1
exec 3<&-
tap_ok "until it is closed" poll 10 not_in_use
mount -o loop "$W/lower.img" "$L" || tap_bail "the lower file system is broken"

# ---- many mounts ----

slabs() {
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^Slab:/ { print $2 }' /proc/meminfo
}
# By programs that lie in memory: what is measured is not the reading of programs.
cp "$(command -v busybox)" "$T/busybox"
mounts() {
	for _i in $(seq "$1"); do
		"$T/busybox" mount -i -t mclicfs "$L" "$M" && "$T/busybox" head -c 10 "$M/f" >/dev/null &&
			"$T/busybox" umount "$M" || return 1
	done
}
no_inodes() {
	[ "$(awk '$1 == "mclicfs_inode" { print $2 }' /proc/slabinfo)" -lt 100 ]
}
tap_ok "a hundred mounts" mounts 100
before=$(slabs)
tap_ok "a thousand mounts" mounts 1000
after=$(slabs)
tap_diag "slab: $before kB, then $after kB"
tap_ok "leave nothing in the slab" test $((after - before)) -lt 1000
tap_ok "no inode" poll 30 no_inodes
tap_ok "the lower is free" umount "$L"
tap_ok "the module goes" poll 10 rmmod mclicfs
tap_ok "and comes back" sh tests/qemu/load
