# SPDX-License-Identifier: GPL-2.0-or-later
#
# fuse.sh - mclicfs-fuse where only root of a test machine can take it: over lower file systems
# that have own ideas of names and times, on kernels with coarse times.

. tests/tap.sh

WHO=root
# shellcheck source=tests/fuse/lib.sh
. tests/fuse/lib.sh
# shellcheck source=tests/kernel/lib-lower.sh
. tests/kernel/lib-lower.sh

modprobe -qa fuse vfat nls_cp437 nls_iso8859_1 nls_ascii nls_utf8 isofs
# As tests/kernel/lib.sh has it
mkdir -p /run/mclicfs-center
ln -s /run/mclicfs-center "$W/center"

mkdir "$W/tree"
echo one >"$W/tree/one"

# ---- vfat: one file has many names ----

image vfat 32 mkfs.vfat
L=$W/vfat
medium vfat t="$W/tree"
mkdir "$L/d"
echo x >"$L/x"
mounted "$L"
tap_cmp "vfat: a title" "$M/t/one" "$W/tree/one"
before=$(cd "$L" && find . | sort)
sum=$(sha256sum <"$L/.mclic/area")
for area in .mclic .MCLIC .mclic. .mclic... MCLIC~1 mclic~1; do
	call "vfat: $area is the area" "ok 3" list "$M/$area"
	call "vfat: $area: open it for writing" EPERM open "$M/$area/area" rw
	call "vfat: $area: truncate it" EPERM truncate "$M/$area/area" 0
	call "vfat: $area: remove it" EPERM unlink "$M/$area/area"
	call "vfat: $area: a file beside it" EPERM open "$M/$area/new" "w|creat"
	call "vfat: $area: a folder beside it" EPERM mkdir "$M/$area/new"
	call "vfat: $area: a file over it" EPERM rename "$M/x" "$M/$area/area"
	call "vfat: $area: remove the folder" EPERM rmdir "$M/$area"
	call "vfat: $area: rename the folder" EPERM rename "$M/$area" "$M/y"
	call "vfat: $area: rename over the folder" EPERM rename "$M/d" "$M/$area"
	call "vfat: $area: exchange the folder" EPERM rename "$M/d" "$M/$area" exchange
done
for short in MCLIC-~1 MCLIC-~2 MCLIC-~3; do
	[ ! -e "$L/t/$short" ] || break
done
tap_ok "vfat: the marker has a short name" test -e "$L/t/$short"
for marker in .mclic-product .MCLIC-PRODUCT .mclic-product. .mclic-product... "$short"; do
	call "vfat: $marker is not there" ENOENT stat "$M/t/$marker"
	call "vfat: $marker is not opened" ENOENT open "$M/t/$marker" r
	call "vfat: $marker is not removed" ENOENT unlink "$M/t/$marker"
	call "vfat: $marker is not renamed" ENOENT rename "$M/t/$marker" "$M/t/z"
	call "vfat: nothing is renamed to $marker" EPERM rename "$M/t/one" "$M/t/$marker"
	[ "$marker" != "$short" ] || break
	call "vfat: $marker is not made" EPERM open "$M/d/$marker" "w|creat"
	call "vfat: $marker is no directory" EPERM mkdir "$M/d/$marker"
	call "vfat: and no link" EPERM symlink x "$M/d/$marker"
	call "vfat: nothing outside is renamed to $marker" EPERM rename "$M/x" "$M/d/$marker"
done
tap_is "vfat: all is as it was" "$(cd "$L" && find . | sort)" "$before"
tap_is "vfat: the area, too" "$(sha256sum <"$L/.mclic/area")" "$sum"
tap_is "vfat: nor is the marker listed" "$(ls -A "$M/t")" one
echo x >"$L/d/.MCLIC-product"
call "vfat: a product that nothing is in" ok rmdir "$M/d"
tap_status "vfat: goes with its marker" 1 test -e "$L/d"
unmounted
cp -r "$L" "$W/kept"
umount "$L"

# ---- ISO 9660, its Joliet names ----

mkdir "$W/iso"
xorriso -as mkisofs -quiet -o "$W/iso.img" -J -joliet-long "$W/kept" >"$OUT" 2>&1
mount -o loop,ro,norock "$W/iso.img" "$W/iso" || tap_bail "no ISO 9660"
mounted "$W/iso"
call "iso: a title lists" "ok 3" list "$M/t"
for marker in .mclic-product .MCLIC-PRODUCT .mclic-product. ".mclic-product;1"; do
	call "iso: $marker is not there" ENOENT stat "$M/t/$marker"
done
for area in .mclic .MCLIC .mclic.; do
	call "iso: $area is the area" EPERM open "$M/$area/area" rw
done
unmounted
umount "$W/iso"

# ---- the same times, other bytes ----

mkdir "$W/pair"
head -c 9000 /dev/urandom >"$W/pair/one"
head -c 9000 /dev/urandom >"$W/pair/two"

# rewritten LOWER SHOWN: the two contents into LOWER by turns, read through the mount each time
rewritten() {
	perl -e 'my ($lower, $shown, @in) = @ARGV;
		sub whole { open my $f, "<:raw", $_[0] or return ""; local $/; my $all = <$f>;
			defined $all ? $all : "" }
		my @in_it = map { whole($_) } @in;
		my $wrong = 0;
		for my $i (0 .. 199) {
			open my $f, "+<:raw", $lower or die;
			syswrite $f, $in_it[$i % 2];
			close $f;
			$wrong++ if whole($shown) ne $in_it[2 + $i % 2];
		}
		print $wrong' "$@"
}
image vfat2 32 mkfs.vfat
for L in "$W/lower" "$W/vfat2"; do
	name=${L##*/}
	medium "$name" p="$W/pair"
	cp "$L/p/one" "$L/p/two" "$T/" && cp "$W/pair/one" "$L/plain" || tap_bail "no title"
	mounted "$L"
	tap_is "$name: a plain file rewritten in place is read as it is" \
		"$(rewritten "$L/plain" "$M/plain" "$W/pair/one" "$W/pair/two" "$W"/pair/*)" 0
	tap_is "$name: so is a sealed one" \
		"$(rewritten "$L/p/one" "$M/p/one" "$T/one" "$T/two" "$W"/pair/*)" 0
	unmounted
done
