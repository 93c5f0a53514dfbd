# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-running.sh - many readers, programs, and changes below while files are in use.

# shellcheck source=tests/fuse/lib.sh
. tests/fuse/lib.sh

who mkdir -p "$W/tree/bin" "$W/tree/many"
who sh -c 'head -c 30000001 /dev/urandom >"$1/big"; cp /bin/busybox "$1/bin/" 2>/dev/null ||
	cp /bin/ls "$1/bin/busybox"; cp "$2" "$1/bin/fscall"; chmod 755 "$1"/bin/*
	cd "$1/many" && seq 500 | xargs -n 1 sh -c "seq \$0 1000 >f\$0"' sh "$W/tree" \
	"$T/tools/fscall"
medium lower t="$W/tree"
L=$W/lower/t
P=$M/t
mounted "$W/lower"

# eight CMD...: eight times at once; all must succeed
eight() {
	_pids=
	for _i in 1 2 3 4 5 6 7 8; do
		who "$@" >"$T/eight.$_i" 2>&1 &
		_pids="$_pids $!"
	done
	_all=0
	for _pid in $_pids; do
		wait "$_pid" || _all=1
	done
	return $_all
}
tap_ok "eight readers of one file" eight cmp "$P/big" "$W/tree/big"
tap_ok "eight readers of a tree" eight diff -r "$W/tree" "$P"
if is_root; then
	sync
	echo 3 >/proc/sys/vm/drop_caches
fi
tap_ok "eight readers with cold caches" eight cmp "$P/big" "$W/tree/big"
random_reads() {
	who perl -e 'my ($a, $b, $seed) = @ARGV; srand($seed); my $size = -s $a;
		open(A, "<:raw", $a) or die; open(B, "<:raw", $b) or die;
		for (1 .. 3000) {
			my $most = rand() < 0.1 ? 300000 : 9000;
			my ($at, $len) = (int(rand($size)), 1 + int(rand($most)));
			my ($x, $y); seek(A, $at, 0); seek(B, $at, 0);
			my $n = read(A, $x, $len); my $m = read(B, $y, $len);
			die "at $at, $len\n" if $n != $m || $x ne $y; }' "$P/big" "$W/tree/big" "$1"
}
tap_ok "random reads" random_reads 1
tap_ok "a program runs from the mount" who "$P/bin/fscall" stat "$P/big"
tap_ok "eight times at once" eight "$P/bin/fscall" mread "$P/big" 0 4000000
tap_is "all read the same" "$(cat "$T"/eight.? | sort -u)" \
	"$(who fscall mread "$W/tree/big" 0 4000000)"

# resident_after FILE: pages of it in memory when it was read, and opened again
resident_after() {
	who sh -c 'exec 3<"$1" && cat <&3 >/dev/null && fscall open "$1" r && fscall resident 3' \
		sh "$1" | tr '\n' ' '
}
who sh -c 'head -c 20000 "$1/big" >"$2/plain"' sh "$W/tree" "$W/lower"
tap_is "what was read of a title stays for the next open" \
	"$(resident_after "$P/many/f500")" "ok $(who sh -c 'exec 3<"$1" && cat <&3 >/dev/null &&
		fscall resident 3' sh "$P/many/f500") "
settled() { [ "$(resident_after "$M/plain")" = "ok ok 5 " ]; }
tap_ok "and so it does of a plain file" poll 10 settled

# ---- changes through the mount while a file is read ----

hold "$P/many/f1"
call "rename a file that is open" ok rename "$P/many/f1" "$P/many/moved"
let_go
tap_cmp "it is read on" "$T/read" "$W/tree/many/f1"
hold "$P/many/f2"
call "unlink a file that is open" ok unlink "$P/many/f2"
let_go
tap_cmp "it is read on, too" "$T/read" "$W/tree/many/f2"
call "and is gone" ENOENT stat "$P/many/f2"
hold "$P/many/f3"
call "rename its product" ok rename "$P" "$M/elsewhere"
let_go
tap_cmp "read on while its product moved" "$T/read" "$W/tree/many/f3"
call "and back" ok rename "$M/elsewhere" "$P"

# Events come in order: that of the new file behind those of the rename.
in_it() {
	who sh -c 'cd "$1/many" && mv "$1/many" "$1/moved" && touch "$2/moved/late" || exit 1
		i=0
		until [ -e late ] || [ $i -ge 100 ]; do
			sleep 0.05
			i=$((i + 1))
		done
		readlink /proc/self/cwd; cat f5 >/dev/null && mv "$1/moved" "$1/many" &&
			rm "$2/many/late"' sh "$P" "$L"
}
tap_is "a directory renamed under somebody who works in it" "$(in_it)" "$P/moved"

# Readers go on while everything around them is renamed.
who sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	mv "$1/many" "$1/much" && mv "$1/much" "$1/many" || exit 1; done' sh "$P" &
mover=$!
tap_ok "readers while directories are renamed" eight cmp "$P/big" "$W/tree/big"
tap_ok "the renames" wait $mover

# ---- changes below ----

hold "$P/many/f4"
who sh -c 'cp "$1/many/f5" "$1/many/new" && mv "$1/many/new" "$1/many/f4"' sh "$L"
let_go
tap_cmp "a lower file replaced while it is open: the old one is read" "$T/read" \
	"$W/tree/many/f4"
now_f5() { who cmp -s "$P/many/f4" "$W/tree/many/f5"; }
tap_ok "then the new one" poll 10 now_f5
now_size() { [ "$(who stat -c %s "$P/many/f4")" = "$(stat -c %s "$W/tree/many/f5")" ]; }
tap_ok "with its size" poll 10 now_size
tap_ok "read, and cached" who cmp "$P/many/f6" "$W/tree/many/f6"
who cp "$L/many/f7" "$L/many/f6"
tap_ok "a lower file overwritten is read anew at the next open" \
	who cmp "$P/many/f6" "$W/tree/many/f7"
who rm "$L/many/f8"
is_gone() { ! who test -e "$P/many/f8"; }
tap_ok "a lower file removed goes" poll 10 is_gone
who cp -r "$L/many" "$L/copy"
is_there() { who test -e "$P/copy/f9"; }
tap_ok "a directory that appears below is seen" poll 10 is_there
tap_ok "and read" who cmp "$P/copy/f9" "$W/tree/many/f9"
who mv "$L/copy" "$L/other"
moved() { who test -e "$P/other/f9" && ! who test -e "$P/copy"; }
tap_ok "one renamed below moves" poll 10 moved
who mv "$W/lower/t" "$W/lower/u"
moved() { who test -e "$M/u/big" && ! who test -e "$M/t"; }
tap_ok "so does a product" poll 10 moved
tap_ok "and is read" who cmp "$M/u/big" "$W/tree/big"
who sh -c 'cp -r "$1/u" "$1/v" && rm -r "$1/u"' sh "$W/lower"
moved() { who test -e "$M/v/big" && ! who test -e "$M/u"; }
tap_ok "a copy of a product on its medium" poll 10 moved
tap_ok "is one, too" who cmp "$M/v/big" "$W/tree/big"

unmounted

# ---- more files than descriptors (root takes as many as it wants) ----

who mkdir "$W/lower/lots"
who sh -c 'cd "$1" && seq 9000 | xargs touch' sh "$W/lower/lots"
prlimit --pid $$ --nofile=4000:4000
mounted "$W/lower"
tap_is "a directory of more files than descriptors lists" "$(who ls "$M/lots" | wc -l)" 9000
tap_is "with attributes" "$(who ls -l "$M/lots" | grep -c ^-)" 9000
all_there() { who sh -c 'cd "$1" && seq 9000 | xargs stat' sh "$M/lots"; }
tap_ok "and each can be looked at" all_there
tap_ok "titles are read meanwhile" who diff -r "$W/tree/bin" "$M/v/bin"
unmounted
