#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mclic-master build: ended early, by a signal, by a file that changes, by a full disk. The
# output is there whole or not at all, and its work folder goes too.

. tests/tap.sh
. tests/master/lib-master.sh

center_with_publisher
mkdir -p "$T/out" "$T/tree"
# Holes cost no disk here; sealed they cost a second or two, which is enough to be caught.
truncate -s 1000M "$T/tree/a-large"
echo last >"$T/tree/z-last"

start_build() {
	mclic-master build --center "$CENTER_URL" --cacert "$CENTER_CA" --token "@$TOKEN" \
		--title "T=$T/tree" -o "$T/out/x.iso" >"$T/build.out" 2>"$T/build.err" </dev/null &
	build_pid=$!
}

end_build() {
	wait "$build_pid"
	build_status=$?
}

ended() {
	! kill -0 "$build_pid" 2>/dev/null
}

# ended_or CONDITION: so that a build that ends too soon fails a check instead of hanging
ended_or() {
	"$@" || ended
}

# The image has begun to be laid out.
laying_out() {
	[ -n "$(find "$T/out" -path '*.work-*/image' -size +0 2>/dev/null)" ]
}

# The large file's room is being filled.
sealing() {
	[ -n "$(dd if="$(echo "$T"/out/.x.iso.work-*/image)" bs=1M skip=5 count=1 2>/dev/null |
		tr -d '\0' | head -c 1 | od -An -tx1)" ]
}

for signal in INT TERM; do
	for moment in laying_out sealing; do
		rm -f "$T/out/x.iso"
		start_build
		poll 60 ended_or $moment
		kill -$signal "$build_pid"
		end_build
		tap_is "SIG$signal while $moment: status" "$build_status" 1
		tap_match "SIG$signal while $moment: it says so" "$(cat "$T/build.err")" "interrupted"
		tap_is "SIG$signal while $moment: nothing is left" "$(ls -A "$T/out")" ""
	done
done

for moment in laying_out sealing; do
	start_build
	poll 60 ended_or $moment
	kill -KILL "$build_pid"
	end_build
	tap_is "SIGKILL while $moment: no image" "$(ls "$T/out")" ""
	tap_is "SIGKILL while $moment: one work folder, only its owner's" \
		"$(find "$T/out" -mindepth 1 -maxdepth 1 -name '.x.iso.work-*' -printf '%m ')" "700 "
	rm -rf "$T/out"
	mkdir "$T/out"
done

# An older image stays as it is until the new one is whole.
echo "the old image" >"$T/out/x.iso"
start_build
poll 60 ended_or sealing
kill -TERM "$build_pid"
end_build
tap_is "an older image survives" "$(head -c 100 "$T/out/x.iso" | tr -d '\0')" "the old image"
rm "$T/out/x.iso"

# A file that changes meanwhile.
start_build
poll 60 ended_or sealing
echo more >>"$T/tree/a-large"
end_build
tap_is "a file that grows: status" "$build_status" 1
tap_match "a file that grows: it is named" "$(cat "$T/build.err")" "tree/a-large was changed while"
tap_is "a file that grows: nothing is left" "$(ls -A "$T/out")" ""
truncate -s 1000M "$T/tree/a-large"

start_build
poll 60 ended_or sealing
truncate -s 300M "$T/tree/a-large"
end_build
tap_is "a file that shrinks: status" "$build_status" 1
tap_match "a file that shrinks: it is named" "$(cat "$T/build.err")" \
	"a-large. became shorter while|a-large was changed while"
tap_is "a file that shrinks: nothing is left" "$(ls -A "$T/out")" ""
truncate -s 1000M "$T/tree/a-large"

# A disk that is too small, and one with room for the image but not much more. In a mount
# namespace, so that an ordinary user can make such a disk, too.
apart=-m
is_root || apart=-rm
export T CENTER_URL CENTER_CA TOKEN
on_disk_of() {
	unshare $apart sh -c '
		mount -t tmpfs -o "size=$1" tmpfs "$T/out" || exit 1
		. tests/master/lib-master.sh
		build --title "T=$T/tree" -o "$T/out/x.iso" >"$T/small.out" 2>"$T/small.err"
		echo $? >"$T/small.status"
		ls -A "$T/out" >"$T/small.left"' sh "$1"
}

on_disk_of 300m
tap_is "a disk that is too small: status" "$(cat "$T/small.status")" 1
tap_match "a disk that is too small: it says so" "$(cat "$T/small.err")" "no room left"
tap_is "a disk that is too small: nothing is left" "$(cat "$T/small.left")" ""
on_disk_of 1020m
tap_is "a disk with room for the image: status" "$(cat "$T/small.status")" 0
tap_is "a disk with room for the image: it is there" "$(cat "$T/small.left")" x.iso

tap_ok "and undisturbed it is done" build --title "T=$T/tree" -o "$T/out/x.iso"
tap_is "with nothing beside it" "$(ls -A "$T/out")" "x.iso"
