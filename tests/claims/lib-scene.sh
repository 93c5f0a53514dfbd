# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-scene.sh - the patent's scene, for the suites of claims and steps: a license center,
# a publisher's master with two titles, an enrolled user, a formatted medium. Source it
# behind tests/media/fake-sysfs.sh (media_enter) and tests/tap.sh. Media have no hardware
# identity until a suite gives them one, so that each folder is a medium of its own.
#
#   scene			all of it; then the variables below are set
#   MASTER MEDIUM MNT		master.iso, target medium, an empty folder to mount on
#   TREE1 TREE2			the two titles' plaintext; titles "Sea Charts", "Courseware"
#   KM				KM as the center keeps it, 64 hex digits
#   DID1 DID2 MID USER		identifiers, hex
#   licensed			a slot's facts, after a copy: SLOT (file), T_HEX, KU, KEYC,
#				MEDIUM_KEY (Ku), MASTER_KEY (Ka), all hex
#   resign RESPONSE [KEY]	sign a response anew: with the center's key, or that one
#
# The cryptography is recomputed from Documentation/format.rst and keys.rst with the
# openssl command alone; none of our code takes part.
#
#   hex FILE OFFSET LENGTH	bytes of a file as hex
#   unhex HEX			the bytes
#   kdf KEY LABEL CONTEXT	KDF of keys.rst; key and context in hex
#   cmac KEY HEX		AES-256-CMAC, lower case
#   id16 HEX			first 16 bytes of SHA-256
#   gcm_ctr KEY HEX [NONCE]	what GCM does to a text, without its tag (counter from 2)
#   le32 N			four bytes, little-endian, hex

TITLE1="Sea Charts"
TITLE2="Courseware"

hex() {
	od -An -v -tx1 -j "$2" -N "$3" "$1" | tr -d ' \n'
}

unhex() {
	perl -e "print pack q(H*), shift" "$1"
}

le32() {
	printf '%02x%02x%02x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) \
		$(($1 >> 24 & 255))
}

text_hex() {
	printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'
}

kdf() {
	openssl kdf -keylen 32 -kdfopt mac:CMAC -kdfopt cipher:AES-256-CBC -kdfopt "hexkey:$1" \
		-kdfopt "hexsalt:$(text_hex "$2")" -kdfopt "hexinfo:$3" KBKDF |
		tr -d ':\n' | tr 'A-F' 'a-f'
}

cmac() {
	unhex "$2" >"$T/cmac.in"
	openssl mac -cipher AES-256-CBC -macopt "hexkey:$1" -in "$T/cmac.in" CMAC |
		tr -d '\n' | tr 'A-F' 'a-f'
}

sha256() {
	unhex "$1" | openssl dgst -sha256 -r | cut -c 1-64
}

id16() {
	sha256 "$1" | cut -c 1-32
}

gcm_ctr() {
	unhex "$2" >"$T/ctr.in"
	openssl enc -aes-256-ctr -K "$1" -iv "${3:-000000000000000000000000}00000002" \
		-in "$T/ctr.in" | od -An -v -tx1 | tr -d ' \n'
}

scene() {
	set_scene >"$T/scene.log" 2>&1 || tap_bail "the scene does not stand: $(tail -n 3 "$T/scene.log")"
}

set_scene() {
	TREE1=$T/tree1
	TREE2=$T/tree2
	MASTER=$T/master.iso
	MEDIUM=$T/medium
	MNT=$T/mnt
	mkdir -p "$TREE1/bin" "$TREE1/charts/empty" "$TREE2" "$MEDIUM" "$MNT"
	cp /bin/echo "$TREE1/bin/say"
	cp "$TOP/COPYING" "$TREE1/charts/baltic.txt"
	: >"$TREE1/charts/nothing"
	ln -s charts/baltic.txt "$TREE1/latest"
	head -c 3000000 /dev/urandom >"$TREE1/charts/relief.bin"
	cp "$TOP/COPYING" "$TREE2/lesson"
	set_medium none
	start_center
	mclicctl --data "$CENTER" publisher add Hydrographic --json >"$T/publisher.json" &&
		mclicctl --data "$CENTER" user add alice --json >"$T/user.json" &&
		jq -r .token "$T/publisher.json" >"$T/publisher.token" &&
		jq -r .token "$T/user.json" >"$T/user.token" &&
		mclic-master build --center "$CENTER_URL" --cacert "$CENTER_CA" \
			--token "@$T/publisher.token" --title "$TITLE1=$TREE1" \
			--title "$TITLE2=$TREE2" -o "$MASTER" &&
		mclicctl --data "$CENTER" product set "$TITLE1" --price 19.99 --currency EUR &&
		mclicctl --data "$CENTER" product sell "$TITLE1" &&
		mclicctl --data "$CENTER" product set "$TITLE2" --price 5 --currency EUR &&
		mclicctl --data "$CENTER" product sell "$TITLE2" &&
		mclic enrol "$CENTER_URL" --cacert "$CENTER_CA" --token "@$T/user.token" &&
		mclic format --area-file "$MEDIUM" || return 1
	KM=$(hex "$CENTER/keys/km-1.key" 0 32)
	MID=$(mclic info "$MEDIUM" --json | jq -r .medium.mid)
	mclic list "$MASTER" --json >"$T/master.json"
	DID1=$(jq -r ".titles[]|select(.title==\"$TITLE1\").did" "$T/master.json")
	DID2=$(jq -r ".titles[]|select(.title==\"$TITLE2\").did" "$T/master.json")
	USER=$(jq -r .user "$XDG_CONFIG_HOME"/mclic/accounts/*.json)
}

# The first slot of the area that is not free, and what keys.rst makes of it
licensed() {
	SLOT=$T/slot
	_at=4096
	while [ "$(hex "$MEDIUM/.mclic/area" $_at 8)" = 0000000000000000 ]; do
		_at=$((_at + 4096))
		[ $_at -lt 1044480 ] || return 1
	done
	dd if="$MEDIUM/.mclic/area" of="$SLOT" bs=4096 skip=$((_at / 4096)) count=1 status=none
	LICENCE=$(hex "$SLOT" 64 16)
	T_HEX=$(hex "$SLOT" 16 16)$MID$(hex "$SLOT" 48 224)
	T_HASH=$(sha256 "$T_HEX")
	KU=$(kdf "$KM" "mclic KU" "$USER$(le32 1)")
	KEYC=$(kdf "$KM" "mclic KEYc" "$LICENCE$(hex "$SLOT" 108 4)")
	MEDIUM_KEY=$(kdf "$KM" "mclic Ku" "$MID$(hex "$SLOT" 16 16)")
	MASTER_KEY=$(kdf "$KM" "mclic Ka" "$(hex "$SLOT" 16 16)$(le32 1)")
}

resign() {
	{
		printf 'mclic licence v1'
		tail -c +17 "$1" | head -c 384
	} >"$T/resign.in"
	openssl dgst -sha256 -sign "${2:-$(echo "$CENTER"/keys/signing-*.key)}" \
		-out "$T/resign.sig" "$T/resign.in" &&
		dd if="$T/resign.sig" of="$1" bs=1 seek=408 conv=notrunc status=none
}

# No name and no byte of a title on the medium
nothing_copied() {
	[ -z "$(find "$MEDIUM" -mindepth 1 ! -path "$MEDIUM/.mclic*" -print)" ]
}
