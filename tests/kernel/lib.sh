# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib.sh - what the suites of the kernel module share; source it after tests/tap.sh. They run
# as root in a test machine with the module loaded (tests/qemu/run). It has all of
# tests/lib-view.sh, too.
#
#   W			folder of this suite
#   M			where it mounts, $W/mnt
#   trust CERT		put a center's certificate (PEM) into the keyring .mclic; prints its
#			serial number
#   user_keys		put the user keys that mkmedium made into the user's keyring; prints
#			their serial numbers
#   mounted LOWER [OPTIONS]	mount it on $M with the module
#   unmounted		and take it away, which must go well
#   mount_of DIR		type, source, options of the mount, and of its super block
#   ioc NAME WANT CALL [ARG]	mntctl $M prints WANT
#   stat_of NAME	number of that name in the statistics of $M

W=$T/w
M=$W/mnt
PATH=$B/tests/tools:$PATH
mkdir -p "$W" "$M"

[ -d /sys/module/mclicfs ] || tap_bail "mclicfs.ko is not loaded; see tests/qemu/run"

# Everything is root's here.
who() {
	"$@"
}

# shellcheck source=tests/lib-view.sh
. tests/lib-view.sh

trust() {
	openssl x509 -in "$1" -outform der | keyctl padd asymmetric "" %:.mclic ||
		tap_bail "the certificate cannot be added"
}

# One center for all suites of a test machine, where it takes long to make keys for RSA. Each
# suite begins without its certificate and without user keys.
mkdir -p /run/mclicfs-center
ln -s /run/mclicfs-center "$W/center"
keyctl clear %:.mclic || tap_bail "there is no keyring .mclic"
keyctl clear @u

user_keys() {
	for _key in "$XDG_CONFIG_HOME"/mclic/user-keys/*.key; do
		_name=$(basename "$_key" .key)
		_name=${_name#*-}
		keyctl padd logon "mclic:${_name%-*}:${_name##*-}" @u <"$_key" ||
			tap_bail "the user key cannot be added"
	done
}

mounted() {
	_lower=$1
	shift
	mount -i -t mclicfs "$@" "$_lower" "$M" || tap_bail "the medium cannot be mounted"
}

unmounted() {
	tap_ok "unmount" umount "$M"
}

mount_of() {
	findmnt -nro FSTYPE,SOURCE,VFS-OPTIONS,FS-OPTIONS --mountpoint "$1" | tail -n 1
}

ioc() {
	_name=$1
	_want=$2
	shift 2
	tap_is "$_name" "$(mntctl "$M" "$@" 2>&1)" "$_want"
}

stat_of() {
	mntctl "$M" stats | tr ' ' '\n' | sed -n "s/^$1=//p"
}
