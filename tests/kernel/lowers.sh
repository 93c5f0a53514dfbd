# SPDX-License-Identifier: GPL-2.0-or-later
#
# lowers.sh - lower file systems that have own ideas of names: vfat, UDF, ISO 9660.

# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/kernel/lib.sh
. tests/kernel/lib.sh
# shellcheck source=tests/kernel/lib-lower.sh
. tests/kernel/lib-lower.sh

# own_names NAME: on a lower that compares names in its own way, and cannot be asked for less
own_names() {
	tap_ok "$1: mount" mount -i -t mclicfs "$W/$1" "$M"
	tap_is "$1: read" "$(cat "$M/Dir/File.txt")" text
	tap_is "$1: in another case" "$(fscall pread "$M/dir/FILE.TXT" 0 10)" \
		"$(fscall pread "$W/$1/dir/FILE.TXT" 0 10)"
	tap_is "$1: back again" "$(cat "$M/Dir/File.txt")" text
	tap_is "$1: list" "$(ls "$M/Dir")" "$(ls "$W/$1/Dir")"
}
vfat_changes() {
	call "vfat: not there" ENOENT stat "$M/Dir/new"
	echo new >"$W/vfat/Dir/NEW"
	tap_is "vfat: made in another case" "$(cat "$M/Dir/new")" new
	rm "$W/vfat/Dir/new"
	call "vfat: removed" ENOENT stat "$M/Dir/new"
	echo x >"$W/vfat/Dir/.MCLIC-product"
	call "vfat: a marker in another case" EBADMSG open "$M/Dir/File.txt" r
	call "vfat: which nobody sees" ENOENT stat "$M/Dir/.mclic-product"
	call "vfat: also by a name with dots at its end" ENOENT stat "$M/Dir/.mclic-product.."
	tap_is "vfat: nor in the listing" "$(ls -A "$M/Dir")" File.txt
	rm "$W/vfat/Dir/.mclic-product"
	tap_is "vfat: it goes" "$(cat "$M/Dir/File.txt")" text
	mv "$W/vfat/Dir" "$W/vfat/Other"
	call "vfat: renamed" ENOENT stat "$M/Dir"
	tap_is "vfat: to another name" "$(cat "$M/other/file.TXT")" text
	tap_ok "vfat: unmount" umount "$M"
	tap_ok "vfat: and the lower" umount "$W/vfat"
}
modprobe -q vfat
image vfat 32 mkfs.vfat
mkdir "$W/vfat/Dir" && echo text >"$W/vfat/Dir/File.txt"
own_names vfat
vfat_changes

modprobe -qa udf isofs
image udf 32 mkudffs --utf8
mkdir "$W/udf/Dir" && echo text >"$W/udf/Dir/File.txt"
tap_ok "udf: mount" mount -i -t mclicfs "$W/udf" "$M"
tap_is "udf: read" "$(cat "$M/Dir/File.txt")" text
mv "$W/udf/Dir" "$W/udf/Other"
tap_is "udf: renamed" "$(cat "$M/Other/File.txt" "$M/Dir/File.txt" 2>/dev/null)" text
tap_ok "udf: unmount" umount "$M" "$W/udf"

mkdir -p "$W/tree/Dir"
echo text >"$W/tree/Dir/File.txt"
iso() {
	# shellcheck disable=SC2086 # words
	xorriso -as mkisofs -quiet -o "$2" $1 "$W/tree"
}
mkdir "$W/iso"
for kind in "-R" "-J -joliet-long" ""; do
	iso "$kind" "$W/iso.img" >/dev/null 2>&1
	options=loop,ro,norock
	[ "$kind" != -R ] || options=loop,ro
	mount -o $options "$W/iso.img" "$W/iso" || tap_bail "no ISO 9660"
	if [ -n "$kind" ]; then
		own_names iso
	else
		tap_ok "iso, short names: mount" mount -i -t mclicfs "$W/iso" "$M"
		tap_is "iso, short names: read" "$(cat "$M"/[Dd][Ii][Rr]/[Ff]*)" text
	fi
	tap_ok "iso: unmount" umount "$M" "$W/iso"
done

# ---- the same times, other bytes ----

# vfat keeps times in steps of two seconds, and counts no changes.
mkdir "$W/pair"
head -c 50000 /dev/urandom >"$W/pair/one"
head -c 50000 /dev/urandom >"$W/pair/two"
image vfat2 32 mkfs.vfat
medium vfat2 p="$W/pair"
trust "$W/center/center.pem" >"$OUT"
mounted "$W/vfat2"
P=$W/vfat2/p
cp "$P/one" "$T/one" && cp "$P/two" "$T/two" || tap_bail "no title"
for try in 1 2 3 4 5 6 7 8 9 10; do
	cat "$T/one" >"$P/one"
	cat "$M/p/one" >"$T/read" || tap_bail "it cannot be read: try $try"
	before=$(stat -c '%s %y %z' "$P/one")
	cat "$T/two" >"$P/one"
	[ "$before" != "$(stat -c '%s %y %z' "$P/one")" ] || break
done
tap_is "vfat: a file is sealed anew, and looks the same" "$(stat -c '%s %y %z' "$P/one")" "$before"
tap_cmp "vfat: what was read before" "$T/read" "$W/pair/one"
tap_cmp "vfat: what is read now" "$M/p/one" "$W/pair/two"
tap_ok "vfat: unmount" umount "$M" "$W/vfat2"
