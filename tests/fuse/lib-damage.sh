# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-damage.sh - a byte changed anywhere in a sealed file: its errno, every other block
# still there, and never a wrong byte.

# shellcheck source=tests/fuse/lib.sh
. tests/fuse/lib.sh

SIZE=1400000			# 342 blocks, the last one short; two groups
who mkdir -p "$W/tree"
who sh -c 'head -c "$2" /dev/urandom >"$1/f"; printf xyz >"$1/small"; : >"$1/empty"' sh \
	"$W/tree" $SIZE
medium lower t="$W/tree"
L=$W/lower/t
mounted "$W/lower"
F=$M/t/f
BLOCKS=$(((SIZE + 4095) / 4096))
LEN=$(stat -c %s "$L/f")

# every CALL FILE: what CALL says of each block, one after the other
every() {
	_call=$1
	_file=$2
	set --
	_i=0
	while [ $_i -lt $BLOCKS ]; do
		set -- "$@" $_call "$_file" $((_i * 4096)) 4096 ,
		_i=$((_i + 1))
	done
	who fscall "$@"
}
every pread "$W/tree/f" >"$T/pread"
every mread "$W/tree/f" >"$T/mread"
every pread "$F" >"$T/got"
tap_cmp "undamaged, block by block" "$T/got" "$T/pread"

# block N damaged, by a byte changed at OFFSET of the sealed file
damaged() {
	flip "$L/f" "$2"
	sed "$(($1 + 1))s/.*/EBADMSG/" "$T/pread" >"$T/want"
	tap_status "$3: reading it all fails" 2 who cmp "$F" "$W/tree/f"
	every pread "$F" >"$T/got"
	tap_cmp "$3: that block fails, every other is read" "$T/got" "$T/want"
	sed "$(($1 + 1))s/.*/ok SIGBUS/" "$T/mread" >"$T/want"
	every mread "$F" >"$T/got"
	tap_cmp "$3: and mapped" "$T/got" "$T/want"
	_good=$(($1 * 4096))
	[ $_good -le 1048576 ] || _good=1048576
	call "$3: a direct read stops in front of it" \
		"$([ $_good = 0 ] && echo EBADMSG || who fscall pread "$W/tree/f" 0 $_good)" \
		pread "$F" 0 1048576 direct
	call "$3: and goes on behind it" \
		"$(who fscall pread "$W/tree/f" $((($1 + 1) * 4096)) 20000)" \
		pread "$F" $((($1 + 1) * 4096)) 20000 direct
	flip "$L/f" "$2"
	tap_ok "$3: mended" who cmp "$F" "$W/tree/f"
}
last=$((BLOCKS - 1))
group2=$((1048576 + 4096))	# where the second group stands
tags2=$((group2 + SIZE - 1048576))
damaged 0 0 "first byte"
damaged 0 4095 "last byte of the first block"
damaged 1 5000 "second block"
damaged 100 $((100 * 4096 + 17)) "block 100"
damaged 255 $((255 * 4096)) "last block of a group"
damaged 256 $group2 "first block of a group"
damaged $last $((tags2 - 1)) "last byte of the last block"
damaged 0 1048576 "first tag"
damaged 7 $((1048576 + 7 * 16 + 15)) "a tag"
damaged 255 $((1048576 + 4095)) "last tag of a group"
damaged 256 $tags2 "first tag of the last group"
damaged $last $((LEN - 129)) "last tag"
tap_match "the log names file and block" "$(cat "$M.log")" "/f: block 0 .*damaged"

# Several damaged blocks leave the others.
flip "$L/f" 40960
flip "$L/f" 49152
flip "$L/f" $((200 * 4096))
sed -e 11s/.*/EBADMSG/ -e 13s/.*/EBADMSG/ -e 201s/.*/EBADMSG/ "$T/pread" >"$T/want"
who sh -c 'cat "$1" >/dev/null 2>&1; dd if="$1" of=/dev/null bs=1M 2>/dev/null; :' sh "$F"
every pread "$F" >"$T/got"
tap_cmp "three damaged blocks: every other is read" "$T/got" "$T/want"
flip "$L/f" 40960
flip "$L/f" 49152
flip "$L/f" $((200 * 4096))

# ---- the trailer, every field ----

for at in 0 7 8 10 12 13 14 16 23 24 39 40 55 56 60 75 76 80 111 112 127; do
	flip "$L/f" $((LEN - 128 + at))
	call "byte $at of the trailer: open" EBADMSG open "$F" r
	flip "$L/f" $((LEN - 128 + at))
	call "byte $at of the trailer mended: open" ok open "$F" r
done
for file in small empty; do
	flip "$L/$file" "$(($(stat -c %s "$L/$file") - 1))"
	call "trailer of $file: open" EBADMSG open "$M/t/$file" r
	flip "$L/$file" "$(($(stat -c %s "$L/$file") - 1))"
	call "mended" ok open "$M/t/$file" r
done
flip "$L/small" 0
call "damaged small file: open" ok open "$M/t/small" r
call "damaged small file: read" EBADMSG pread "$M/t/small" 0 3
call "damaged small file: map" "ok SIGBUS" mread "$M/t/small" 0 3
flip "$L/small" 0
call "mended" "$(who fscall pread "$W/tree/small" 0 9)" pread "$M/t/small" 0 9

# ---- lengths ----

cp "$L/f" "$T/f"
restore() { who cp "$T/f" "$L/f"; }
chmod 644 "$T/f"
for len in 0 1 16 127 128 129 144 145 4095 4096 4240 4241 1048576 $group2 $tags2 \
	$((tags2 + 16)) $((LEN - 4240)) $((LEN - 4112)) $((LEN - 4096)) $((LEN - 129)) \
	$((LEN - 128)) $((LEN - 127)) $((LEN - 17)) $((LEN - 16)) $((LEN - 1)); do
	who truncate -s "$len" "$L/f"
	call "cut to $len bytes: open" EBADMSG open "$F" r
	restore
	call "restored" ok open "$F" r
done
for more in 1 15 16 17 127 128 129 4096 4112 4224 1052672; do
	who truncate -s $((LEN + more)) "$L/f"
	call "longer by $more bytes: open" EBADMSG open "$F" r
	restore
	call "restored" ok open "$F" r
	who sh -c 'tail -c "$2" "$1" >"$3/more"; cat "$3/more" >>"$1"; rm "$3/more"' sh "$L/f" \
		$more "$W"
	call "longer by its last $more bytes: open" EBADMSG open "$F" r
	restore
done

# A file cut or changed while it is open is not read wrong.
hold "$F"
who truncate -s 600000 "$L/f"
let_go
tap_match "cut while it is open, it fails to read" "$(cat "$W/error")" "Bad message"
tap_ok "no wrong byte" cmp -n "$(stat -c %s "$T/read")" "$T/read" "$W/tree/f"
restore
call "restored" ok open "$F" r

# A sealed file in the place of another, or of another product.
who cp "$L/small" "$L/f"
call "another file's bytes under this name read as that file" \
	"$(who fscall pread "$W/tree/small" 0 9)" pread "$F" 0 9
restore
unmounted
