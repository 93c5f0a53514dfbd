# SPDX-License-Identifier: GPL-2.0-or-later
#
# fake-sysfs.sh - media with chosen hardware identities, for tests. Source it from the
# top of the tree, before tests/tap.sh (or tests/lib.sh) where media_enter is used. The
# programs run unchanged: in a mount namespace of their own, /sys/dev/block is covered
# by a copy in which one device shows what a test wants it to. Works as root and, through
# a user namespace, as an ordinary user.
#
# One suite with media that change:
#
#	. tests/media/fake-sysfs.sh
#	media_enter "$0" "$@"		# the script starts again inside a namespace
#	. tests/tap.sh
#	set_medium sd "$CID_A"		# from here on, also for programs that run already
#	set_medium scsi,removable naa.5000cca264eb01d7 "$T/disk"
#
# One command:
#
#	with_medium KIND ID CMD [ARG...]
#
#   set_medium KIND [ID [DIR]]	the device of DIR (default: $MEDIUM_DIR, else $T, else .)
#				shows that identity. It is the device that changes: every
#				directory on the same file system shows it
#   with_medium KIND ID CMD...	the same for one program, in a namespace of its own. What
#				it mounts is seen by it and its children only
#   loop_medium DIR [MIB]	root: make an ext4 file system in DIR.img and mount it on DIR,
#				so that DIR is a device of its own. lib.sh unmounts it
#
# KIND, with ",removable" behind it where sysfs is to say so:
#   sd, mmc	ID: the CID, 32 hexadecimal digits
#   nvme, scsi	ID: the wwid
#   vpd		ID: the serial number of VPD page 0x80
#   usb		ID: VENDOR:PRODUCT:SERIAL, or VENDOR:PRODUCT for a device without one
#   virtio	ID: the serial number
#   plain	a disk with a device but no identifier
#   none	no disk at all

# Some identities to test with
CID_A=275048534433324760a1b2c3d4013200
CID_B=275048534433324760a1b2c3d5013200
WWID_A=naa.5000cca264eb01d7
WWID_B=naa.5000cca264eb01d8

media_unshare() {
	if [ "$(id -u)" = 0 ]; then
		unshare -m "$@"
	else
		unshare -rm "$@"
	fi
}

media_enter() {
	[ -z "${MEDIA_NAMESPACE:-}" ] || return 0
	MEDIA_NAMESPACE=1
	export MEDIA_NAMESPACE
	media_unshare sh "$@"
	exit
}

# Cover /sys/dev/block with links to where its own lead; theirs are relative.
media_cover() {
	! mountpoint -q /sys/dev/block || return 0
	_links=$(mktemp -d) || return 1
	cp -P /sys/dev/block/* "$_links/" &&
		mount -t tmpfs -o mode=755 fake /sys/dev/block &&
		cp -P "$_links"/* /sys/dev/block/ && mkdir /sys/dev/block/.fake
	_status=$?
	rm -r "$_links"
	return $_status
}

media_file() {
	mkdir -p "$(dirname "$1")" && printf '%s\n' "$2" >"$1"
}

# media_fill DISK DEVICE KIND ID: the attributes of one kind
media_fill() {
	case $3 in
	sd)
		media_file "$2/cid" "$4" && media_file "$2/type" SD
		;;
	mmc)
		media_file "$2/cid" "$4" && media_file "$2/type" MMC
		;;
	nvme)
		media_file "$1/wwid" "$4"
		;;
	scsi)
		media_file "$2/wwid" "$4"
		;;
	vpd)
		# shellcheck disable=SC2059 # the length is an escape in the format
		printf "\\000\\200\\000\\$(printf %03o ${#4})%s" "$4" >"$2/vpd_pg80"
		;;
	usb)
		_usb=$2/../../..
		# above it a hub, whose serial number nothing may take for the disk's
		media_file "$_usb/../idVendor" 1d6b
		media_file "$_usb/../idProduct" 0002
		media_file "$_usb/../serial" 0000:00:14.0
		media_file "$_usb/idVendor" "${4%%:*}"
		_rest=${4#*:}
		media_file "$_usb/idProduct" "${_rest%%:*}"
		case $_rest in
		*:*) media_file "$_usb/serial" "${_rest#*:}" ;;
		esac
		;;
	virtio)
		media_file "$1/serial" "$4"
		;;
	plain) ;;
	*)
		echo "set_medium: unknown kind $3" >&2
		return 1
		;;
	esac
}

set_medium() {
	_kind=${1%,removable}
	_dir=${3:-${MEDIUM_DIR:-${T:-.}}}
	media_cover || return 1
	_number=$(stat -c %Hd:%Ld "$_dir") || return 1
	if [ "$_kind" = none ]; then
		rm -f "/sys/dev/block/$_number"
		return
	fi
	_bus=$(mktemp -d /sys/dev/block/.fake/XXXXXX) && chmod 755 "$_bus" || return 1
	_device=$_bus/port/host/target/device
	_disk=$_device/block/fake0
	mkdir -p "$_disk" && ln -s ../.. "$_disk/device" || return 1
	media_file "$_disk/dev" "$_number"
	printf 'MAJOR=%s\nMINOR=%s\nDEVNAME=fake0\nDEVTYPE=disk\n' "${_number%:*}" \
		"${_number#*:}" >"$_disk/uevent"
	case $1 in
	*,removable) media_file "$_disk/removable" 1 ;;
	*) media_file "$_disk/removable" 0 ;;
	esac
	media_fill "$_disk" "$_device" "$_kind" "${2:-}" || return 1
	ln -s "$_disk" "$_bus/link" && mv -T "$_bus/link" "/sys/dev/block/$_number"
}

with_medium() {
	media_unshare sh -c '. tests/media/fake-sysfs.sh
		set_medium "$1" "$2" && shift 2 && exec "$@"' with_medium "$@"
}

loop_medium() {
	mkdir -p "$1" && truncate -s "${2:-64}M" "$1.img" && mkfs.ext4 -q "$1.img" &&
		mount -o loop "$1.img" "$1"
}
