# SPDX-License-Identifier: GPL-2.0-or-later
#
# Reading sealed files through the kernel module, on ext4: every way to read, sizes around
# every boundary of the format, damage, several readers at once while caches are dropped,
# one cached copy, and what is refused.
# shellcheck disable=SC2016 # inner shells expand it

# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/kernel/lib.sh
. tests/kernel/lib.sh

D=$W/disk
mkdir -p "$W/tree" "$D"
modprobe -aq ext4 loop
truncate -s 96M "$T/disk"
mkfs.ext4 -q -b 4096 "$T/disk"
mount -o loop "$T/disk" "$D" || tap_bail "ext4 cannot be mounted"

G=1048576		# a group
EDGES="4095 4096 8192 65536 $((G - 4096)) $((G - 1)) $G $((G + 1)) $((2 * G - 1)) $((2 * G))
	$((3 * G - 4097)) $((3 * G))"
WAYS="0 1 4097 $((G + 4096)) $((2 * G + 1)) $((3 * G + 5000))"
head -c $((5 * G)) /dev/urandom >"$W/tree/big"
for size in $EDGES $WAYS; do
	head -c "$size" "$W/tree/big" >"$W/tree/s$size"
done
cp "$(command -v busybox)" "$W/tree/busybox"
medium disk/lower t="$W/tree"
trust "$W/center/center.pem" >/dev/null
L=$D/lower/t

drop_caches() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
}

# ---- names, sizes and times alone ----

drop_caches
mounted "$D/lower"
tap_ok "stat and readdir" sh -c 'ls -lR "$1" && stat "$1"/t/*' sh "$M"
tap_match "... decrypt nothing" "$(mntctl "$M" stats)" "sealed=0 .*verdicts=0 .*blocks=0 .*bytes=0$"
exec 7<"$L/s65536"
call "... and read no file below" "ok 0" resident 7
exec 7<&-
unmounted

# ---- every size, every way ----

mounted "$D/lower"
for size in $EDGES $WAYS; do
	tap_is "stat: $size bytes" "$(stat -c %s "$M/t/s$size")" "$size"
	tap_ok "$size bytes: the right ones" cmp "$M/t/s$size" "$W/tree/s$size"
done
for size in $WAYS; do
	tap_ok "$size bytes: every way to read" readways "$M/t/s$size" "$W/tree/s$size"
done
drop_caches
for size in $EDGES; do
	tap_ok "$size bytes after caches were dropped" cmp "$M/t/s$size" "$W/tree/s$size"
done
tap_is "a program runs" "$("$M/t/busybox" echo it runs)" "it runs"
unmounted

for ra in 4 64 4096; do
	mounted "$D/lower" -o readahead=$ra
	tap_ok "readahead of $ra KiB: every way to read" \
		readways "$M/t/s$((G + 4096))" "$W/tree/s$((G + 4096))"
	tap_ok "readahead of $ra KiB: five groups" cmp "$M/t/big" "$W/tree/big"
	unmounted
done
mounted "$D/lower"

# ---- one cached copy ----

# ciphertext pages of the file in memory, before and after the plaintext was read
tap_is "the lower file is not cached twice" "$(
	drop_caches
	cat "$M/t/big" >/dev/null
	fincore -n -b -o PAGES "$L/big" | awk '{ print $1 <= 16 ? "few" : $1 }'
)" few
drop_caches
cat "$L/big" >/dev/null
before=$(fincore -n -o PAGES "$L/big" | tr -d ' ')
cat "$M/t/big" >/dev/null
tap_is "what somebody else had cached stays cached" \
	"$(fincore -n -o PAGES "$L/big" | tr -d ' ')" "$before"
tap_is "and the plaintext is cached whole" \
	"$(fincore -n -o PAGES "$M/t/big" | tr -d ' ')" $((5 * 256))

# ---- damage: only what is damaged cannot be read ----

# hurt NAME OFFSET BLOCK: change the byte at OFFSET of the sealed file, which damages BLOCK
F=s$((3 * G + 5000))
BLOCKS=$(((3 * G + 5000 + 4095) / 4096))
every_block() {
	_file=$1
	set --
	_i=0
	while [ $_i -lt $BLOCKS ]; do
		set -- "$@" pread "$_file" $((_i * 4096)) 4096 ,
		_i=$((_i + 1))
	done
	fscall "$@"
}
every_block "$W/tree/$F" >"$T/plain"

hurt() {
	flip "$L/$F" "$2"
	drop_caches
	tap_status "$1: reading it all fails" 1 sh -c 'cat "$1" >/dev/null' sh "$M/t/$F"
	tap_err "$1: and says so" "Bad message"
	every_block "$M/t/$F" >"$T/got"
	sed "$(($3 + 1))s/.*/EBADMSG/" "$T/plain" >"$T/want"
	tap_cmp "$1: that block alone cannot be read" "$T/got" "$T/want"
	tap_is "$1: mapped it is SIGBUS" "$(fscall mread "$M/t/$F" $(($3 * 4096)) 100)" "ok SIGBUS"
	tap_match "$1: the kernel names it" "$(dmesg)" "$F.*block $3 .*damaged"
	dmesg -C
	flip "$L/$F" "$2"
	tap_ok "$1: mended" cmp "$M/t/$F" "$W/tree/$F"
}
dmesg -C
hurt "first byte" 0 0
hurt "middle of the first group" $((100 * 4096 + 7)) 100
hurt "last block of a group" $((255 * 4096 + 4095)) 255
hurt "first tag" $G 0
hurt "last tag of a group" $((G + 4095)) 255
hurt "first block of the second group" $((G + 4096)) 256
hurt "last block" $((3 * (G + 4096) + 4096)) $((BLOCKS - 1))
len=$(stat -c %s "$L/$F")
hurt "last tag" $((len - 129)) $((BLOCKS - 1))

flip "$L/$F" $((len - 1))
tap_status "the trailer: it cannot be opened" 1 cat "$M/t/$F"
tap_err "and why" "Bad message"
flip "$L/$F" $((len - 1))
tap_ok "mended" cmp "$M/t/$F" "$W/tree/$F"
cp "$L/$F" "$W/sealed"
for cut in 1 128 129 4096 $G $((len - 100)); do
	truncate -s $((len - cut)) "$L/$F"
	tap_is "cut by $cut bytes" "$(fscall open "$M/t/$F" r)" EBADMSG
	cp "$W/sealed" "$L/$F"
	tap_ok "whole again" cmp "$M/t/$F" "$W/tree/$F"
done

# ---- while it is open ----

exec 3<"$M/t/$F"
tap_is "the lower file cannot be written" "$(fscall open "$L/$F" rw)" ETXTBSY
tap_is "nor cut" "$(fscall truncate "$L/$F" 5)" ETXTBSY
tap_ok "it reads as before" cmp /proc/self/fd/3 "$W/tree/$F"
mv "$L/$F" "$L/other"
rm "$L/other"
drop_caches
tap_is "its name is gone" "$(fscall open "$M/t/$F" r)" ENOENT
tap_ok "but open it reads on" sh -c 'cat <&3 | cmp - "$1"' sh "$W/tree/$F"
exec 3<&-
cp "$W/sealed" "$L/$F"
tap_ok "a new file under its name" cmp "$M/t/$F" "$W/tree/$F"
cp "$L/s4097" "$L/s8192"
tap_ok "another file's bytes under a name are that file" cmp "$M/t/s8192" "$W/tree/s4097"
tap_is "nothing opens it for writing" \
	"$(fscall open "$M/t/$F" rw , open "$M/t/$F" 'r|trunc' , truncate "$M/t/$F" 5 | tr '\n' ' ')" \
	"EROFS EROFS EROFS "

# ---- many readers at once, while caches are dropped ----

reader() {
	_k=0
	while [ $_k -lt 4 ]; do
		cmp "$M/t/big" "$W/tree/big" && cmp "$M/t/busybox" "$W/tree/busybox" &&
			cmp "$M/t/s$((2 * G + 1))" "$W/tree/s$((2 * G + 1))" || return 1
		_k=$((_k + 1))
	done >>"$T/readers" 2>&1
}
readers=
for reader in 1 2 3 4 5 6 7 8; do
	reader &
	readers="$readers $!"
done
alive() {
	for _reader in $readers; do
		! kill -0 "$_reader" 2>/dev/null || return 0
	done
	return 1
}
dropped=0
while alive; do
	echo 3 >/proc/sys/vm/drop_caches
	dropped=$((dropped + 1))
	sleep 0.05
done
bad=0
for reader in $readers; do
	wait "$reader" || bad=$((bad + 1))
done
tap_is "eight readers and $dropped times without caches: nobody reads anything wrong" $bad 0
[ $bad = 0 ] || tap_diag "$(head "$T/readers")"

# ---- below another ----

echo plain >"$D/lower/plain"
mkdir "$T/upper" "$T/work" "$T/over"
modprobe -q overlay
mount -t overlay -o "lowerdir=$M,upperdir=$T/upper,workdir=$T/work" overlay "$T/over" ||
	tap_bail "overlayfs cannot be mounted"
tap_cmp "overlayfs above: a sealed file" "$T/over/t/big" "$W/tree/big"
tap_is "a program" "$("$T/over/t/busybox" echo it runs)" "it runs"
tap_is "a plain file" "$(cat "$T/over/plain")" plain
tap_is "a directory" "$(ls "$T/over/t")" "$(ls "$W/tree")"
tap_ok "unmount it" umount "$T/over"

unmounted
tap_ok "the lower file system is free" umount "$D"
