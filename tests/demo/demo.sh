# SPDX-License-Identifier: GPL-2.0-or-later
#
# make demo: the whole job of the patent on real input, told step by step. It works as
# root and as an ordinary user (fusermount3), needs no network but loopback, leaves
# nothing behind, and ends with an error at the first thing that is not as it should be.

# shellcheck source=tests/lib.sh
. tests/lib.sh

# shellcheck source=tests/demo/lib-demo.sh
. tests/demo/lib-demo.sh

# ---- two real titles, out of packages of Debian ----

unix=$T/unix
world=$T/world

make_titles() {
	mkdir -p "$unix/bin" "$unix/doc" "$world"
	cp /bin/busybox "$unix/bin/busybox"
	for applet in sh date cal ls; do
		ln -s busybox "$unix/bin/$applet"
	done
	cp -L /usr/share/common-licenses/GPL-2 "$unix/doc/"
	cp -RL /usr/share/zoneinfo "$world/zoneinfo"
	rm -rf "$world/zoneinfo/localtime" "$world/zoneinfo/right" "$world/zoneinfo/posix"
	# shellcheck disable=SC2016 # for the program on the medium
	printf '%s\n' '#!/bin/sh' \
		'for zone in Europe/Paris America/New_York Asia/Tokyo; do' \
		'	echo "$(TZ=$zone date "+%a %H:%M %Z") $zone"' \
		'done' >"$unix/bin/clocks"
	chmod 755 "$unix/bin/clocks"
	chmod -R u+w "$unix" "$world"
}

# A folder on some medium that has another identity than $T's.
other_folder() {
	if [ -d /dev/shm ] && [ -w /dev/shm ] && other=$(mktemp -d /dev/shm/mclic.XXXXXX); then
		at_end 'rm -rf "$other"'
	else
		other=$T/other
		mkdir "$other"
	fi
}

# ---- the story ----

chapter "1. A license center starts"
start_center --name "Demo center"
tell "mclicd made a master key KM, a signing key and a certificate for TLS, and serves" \
	"$CENTER_URL. Its operator admits a publisher and a user; each gets a token."
admit publisher "Demo Press" "$T/press.token"
admit user alice "$T/alice.token"
check "both got a token" test -s "$T/press.token" -a -s "$T/alice.token"

chapter "2. A publisher presses two real titles into one master"
make_titles
tell "\"Pocket Unix\" is Debian's busybox with a script and a text; \"World Time\" is the time" \
	"zone database. The master is the same for everybody: every file is sealed under the" \
	"title's key Ka."
run mclic-master build --center "$CENTER_URL" --cacert "$CENTER_CA" \
	--token "@$T/press.token" --title "Pocket Unix=$unix" --title "World Time=$world" \
	-o "$T/master.iso"
show mclicctl --data "$CENTER" product set "Pocket Unix" --price 19.99 --currency EUR
mclicctl --data "$CENTER" product set "Pocket Unix" --price 19.99 --currency EUR >"$T/out" ||
	die "no price"
show mclicctl --data "$CENTER" product set "World Time" --price 5.00 --currency EUR
mclicctl --data "$CENTER" product set "World Time" --price 5.00 --currency EUR >"$T/out" ||
	die "no price"
brief 'title:|price:|on_sale:' mclicctl --data "$CENTER" product sell "Pocket Unix"
brief 'title:|price:|on_sale:' mclicctl --data "$CENTER" product sell "World Time"
check "the master holds no plaintext of them" not grep -aq "GNU GENERAL PUBLIC" "$T/master.iso"

chapter "3. A user enrols, and prepares a medium"
run mclic enrol "$CENTER_URL" --cacert "$CENTER_CA" --token "@$T/alice.token"
mkdir "$T/medium" "$T/mnt"
run mclic format --area-file "$T/medium"
run mclic info "$T/medium"

chapter "4. She licenses the titles for this one medium, and copies them"
tell "The steps are those of the patent: S1 to S7 write the certificate code CS, read it back" \
	"and check it before a byte is copied; S11 to S17 turn EKa(Data) into EKu(Data)."
run mclic copy --trace "$T/master.iso" "Pocket Unix" "$T/medium"
all_steps
run mclic copy "$T/master.iso" "World Time" "$T/medium"
run mclic copy "$T/master.iso" "World Time" "$T/medium"
run mclicctl --data "$CENTER" ledger list
check "asking twice was billed once" \
	test "$(mclicctl --data "$CENTER" ledger list --json | grep -c '"amount"')" = 2
run mclic list "$T/medium"
check "the medium holds the titles" test -s "$T/medium/Pocket Unix/bin/busybox"
check "but not in the clear" \
	not cmp -s "$unix/doc/GPL-2" "$T/medium/Pocket Unix/doc/GPL-2"
check "not a line of it" not grep -raq "GNU GENERAL PUBLIC" "$T/medium"
stop_center
check "the center ended cleanly; from here on nobody asks it" test "$CENTER_STATUS" = 0

chapter "5. Mounted, the titles are plain, and a program runs from the mount"
show mclicfs-fuse "$T/medium" "$T/mnt"
mount_fuse "$T/medium" "$T/mnt" || die "cannot mount"
run ls -l "$T/mnt/Pocket Unix/bin"
run env "TZDIR=$T/mnt/World Time/zoneinfo" "PATH=$T/mnt/Pocket Unix/bin" \
	"$T/mnt/Pocket Unix/bin/sh" "$T/mnt/Pocket Unix/bin/clocks"
check "the program that ran is the one on the medium" \
	grep -q "Asia/Tokyo" "$T/out"
check "Pocket Unix is what the publisher pressed, byte for byte" \
	same_tree "$unix" "$T/mnt/Pocket Unix"
check "World Time too, $(find "$world" -type f | wc -l) files" \
	same_tree "$world" "$T/mnt/World Time"
check "a title cannot be changed through the mount" \
	not sh -c 'echo x >"$1"' sh "$T/mnt/Pocket Unix/doc/GPL-2"
unmount "$T/mnt"
run mclic verify "$T/medium"

chapter "6. The same bytes on another medium are refused"
other_folder
run mclic format --area-file "$other"
tell "Every file is copied over, and every licence, slot by slot, into the area of the other" \
	"medium. Only what tells the two media apart is not: the identifier."
(cd "$T/medium" && tar -c --exclude=./.mclic -f - .) | tar -x -f - -C "$other" ||
	die "cannot copy"
dd if="$T/medium/.mclic/area" of="$other/.mclic/area" bs=4096 skip=1 seek=1 count=254 \
	conv=notrunc status=none || die "cannot copy the slots"
check "the files are the same" same_tree "$T/medium/Pocket Unix" "$other/Pocket Unix"
refused 3 mclic verify "$other"
mount_fuse "$other" "$T/mnt" || die "cannot mount"
show "$T/mnt/Pocket Unix/bin/busybox"
if "$T/mnt/Pocket Unix/bin/busybox" >"$T/out" 2>&1; then
	die "the program ran from a medium that it is not licensed for"
fi
indented "$T/out"
check "nothing ran, and not a byte was given out" \
	not cat "$T/mnt/Pocket Unix/doc/GPL-2"
unmount "$T/mnt"

medium_class=$(mclic info --json "$T/medium" | sed -n 's/.*"class": *\([0-9]*\).*/\1/p')
printf '\n'
if [ "$medium_class" = 0 ]; then
	tell "Honestly: this medium is of class 0. Its identity is that of a virtual disk, set by" \
		"whoever configures the machine, or a random number in the licence area, where no" \
		"disk has one. Somebody who copies that too has copied the medium. On an SD card" \
		"or an NVMe, SATA or USB disk the identifier is in the hardware; then a copy of" \
		"every byte is refused too. Documentation/security.rst says what each class" \
		"protects."
else
	tell "This medium is of class $medium_class: its identifier is in the hardware, and no" \
		"copy of bytes brings it along. Documentation/security.rst says what each class" \
		"protects."
fi
printf '\n%s%sThe demo is done: %d claims checked.%s\n' "$bold" "$green" "$checks" "$plain"
