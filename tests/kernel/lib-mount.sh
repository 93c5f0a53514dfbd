# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-mount.sh - what the suites of mount.mclicfs(8) share. Source it behind tests/kernel/lib.sh.
# mount(8) hides HOME from its helpers, so what the mounter has is found by XDG_CONFIG_HOME and
# XDG_STATE_HOME, which tests/lib.sh sets.
#
#   state		all that a mount could leave behind
#   before		remember it
#   clean NAME		it is as it was
#   disk MEDIUM [FS]	format /dev/media/MEDIUM, and sets DISK, AREA and DATA to its devices
#   filled DEVICE TITLE=TREE[,FLAG...]...	mkmedium on the file system of DEVICE
#   is_mclicfs DIR
#   source_of DIR
#   t			a folder with a file f, to make titles of
#   D			a folder to mount on

SBIN=$(readlink -f /sbin)
t=$W/tree
D=$W/dir
mkdir "$t" "$D" "$W/dir2"
head -c 300000 /dev/urandom >"$t/f"
umask 022

modprobe -aq loop ext4 vfat udf nls_ascii nls_utf8
sh tests/kernel/install-helper || tap_bail "mount.mclicfs cannot be installed"

# Namespaces that somebody is in, keys, mounts, loop devices, and folders of our own.
state() {
	readlink /proc/[0-9]*/ns/mnt 2>/dev/null | sort -u | wc -l
	awk '$8 == "logon" && $9 ~ /^mclic:/ || $8 == "asymmetri" && $9 == "mclic" ||
		$8 == "keyring" && $9 ~ /^_pid/ { print $8, $9, $10, $11 }' /proc/keys | sort
	cat /proc/self/mounts
	losetup -a
	ls -A /run /mnt
}

before() {
	state >"$W/before"
}

as_before() {
	state | cmp -s - "$W/before"
}

# Keys whose last user is gone are collected a moment later.
clean() {
	if poll 5 as_before; then
		tap_pass "$1"
	else
		state >"$W/after"
		tap_fail "$1" "$(diff "$W/before" "$W/after")"
	fi
}

disk() {
	DISK=$(readlink -f "/dev/media/$1")
	mclic format "$DISK" --force --fs "${2:-ext4}" >"$W/format" 2>&1 ||
		tap_bail "$1 cannot be formatted: $(cat "$W/format")"
	AREA=$(partition "$DISK" 1)
	DATA=$(partition "$DISK" 2)
}

filled() {
	_device=$1
	shift
	mkdir -p "$W/fill"
	mount "$_device" "$W/fill" || tap_bail "$_device cannot be mounted"
	mkmedium --center "$W/center" "$W/fill" "$@" || tap_bail "$_device cannot be filled"
	umount "$W/fill"
}

is_mclicfs() {
	[ "$(findmnt -nro FSTYPE --mountpoint "$1" | tail -n 1)" = mclicfs ]
}

source_of() {
	findmnt -nro SOURCE --mountpoint "$1" | tail -n 1
}
