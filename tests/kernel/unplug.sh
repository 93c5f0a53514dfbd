# SPDX-License-Identifier: GPL-2.0-or-later
#
# unplug.sh - a stick that is pulled out while it is mounted. Nothing plugs it in again, so
# this comes, by its name, after all suites that use it.

# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/kernel/lib.sh
. tests/kernel/lib.sh

L=$W/lower
mkdir "$W/tree" "$L"
head -c 300000 /dev/urandom >"$W/tree/f"

# gone CALL...: fscall on the mount says EMEDIUMTYPE, by and by
gone() {
	[ "$(fscall "$@")" = EMEDIUMTYPE ]
}

wipefs -qa /dev/media/usb
mkfs.ext4 -qF /dev/media/usb || tap_bail "no file system on usb"
mount /dev/media/usb "$L" || tap_bail "the stick cannot be mounted"
mclic format --area-file "$L" >"$OUT" || tap_bail "no area on $L"
mkmedium --center "$W/center" "$L" title="$W/tree" || tap_bail "no title on $L"
trust "$W/center/center.pem" >"$OUT"
mounted "$L"
tap_cmp "a stick" "$M/title/f" "$W/tree/f"
# Nothing is left to be written to it.
mount -o remount,ro "$L" || tap_bail "$L cannot be made read-only"
tests/qemu/medium unplug usb || tap_bail "the stick cannot be unplugged"
tap_ok "is unplugged: open says so" poll 60 gone open "$M/title/f" r
umount "$M"
umount "$L"
