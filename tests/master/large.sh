#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mclic-master build: a file over 4 GiB (several extents on the disc), many small files, and
# memory that grows with neither. What is on the disc is judged by copying it: every block
# is opened, every SHA-256 compared.

. tests/tap.sh
. tests/master/lib-master.sh

LARGE=4400000000	# over 4 GiB; mostly a hole here, but not on the disc
SMALL=5000
TINY=60000

center_with_publisher
mkdir -p "$T/large" "$T/small" "$T/tiny" "$T/out"
echo start >"$T/large/data"
truncate -s $LARGE "$T/large/data"
echo end | dd of="$T/large/data" bs=1 seek=4294967290 conv=notrunc 2>/dev/null
i=0
while [ $i -lt $SMALL ]; do
	[ $((i % 500)) = 0 ] && mkdir "$T/small/d$((i / 500))"
	echo "number $i" >"$T/small/d$((i / 500))/f$i"
	i=$((i + 1))
done

perl -e 'for (0 .. $ARGV[1] - 1) { $d = "$ARGV[0]/d" . int($_ / 500); mkdir $d unless $_ % 500;
	open my $f, ">", "$d/f$_" or die; print $f $_; }' "$T/tiny" $TINY

# Ends with the program's status; its largest resident set, in KiB, in $T/peak.
measured() {
	/usr/bin/time -f %M -o "$T/time" "$@"
	_measured=$?
	tail -n 1 "$T/time" >"$T/peak"
	return $_measured
}

# The sanitizers keep shadows of all memory: their limit is another.
limit=65536
grep -q __asan_init "$B/mclic-master" && limit=1048576

build_measured() {
	measured mclic-master build --center "$CENTER_URL" --cacert "$CENTER_CA" --token "@$TOKEN" "$@"
}

tap_ok "a file over 4 GiB, and many small ones" build_measured --title "Large=$T/large" \
	--title "Small=$T/small" --title "Tiny=$T/tiny" -o "$T/out/m.iso"
tap_diag "largest resident set: $(cat "$T/peak") KiB"
tap_ok "in less than 64 MiB of memory" [ "$(cat "$T/peak")" -lt $limit ]
tap_is "nothing else is left" "$(ls -A "$T/out")" "m.iso"

on_disc "$T/out/m.iso" >"$T/seen"
blocks=$(((LARGE + 4095) / 4096))
tap_match "an independent program sees its length" "$(cat "$T/seen")" \
	"^-[rw-]* 0 0 $((LARGE + 16 * blocks + 128)) /Large/data\$"
tap_is "and every small file" "$(grep -c '^-.* 0 0 [0-9]* /Small/d[0-9]/f[0-9]*$' "$T/seen")" $SMALL
tap_is "and every tiny one" "$(grep -c '^-.* 0 0 [0-9]* /Tiny/d[0-9]*/f[0-9]*$' "$T/seen")" $TINY

# Copied to a medium: the reader of the image, and every byte.
offer_on_medium Large Small
tap_ok "many small files are copied" mclic copy "$T/out/m.iso" Small "$T/medium"
tap_ok "a file over 4 GiB is copied" measured mclic copy "$T/out/m.iso" Large "$T/medium"
tap_diag "largest resident set: $(cat "$T/peak") KiB"
rm "$T/out/m.iso"
tap_is "with its length" "$(find "$T/medium" -name data -printf %s)" $((LARGE + 16 * blocks + 128))
