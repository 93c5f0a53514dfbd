# SPDX-License-Identifier: GPL-2.0-or-later
#
# kselftest.sh - the ioctls of the module: the programs of tests/kselftest on mounts that
# are made for them.

# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/kernel/lib.sh
. tests/kernel/lib.sh

PATH=$B/tests/kselftest:$PATH
OWNER=1000
OTHER=1001

# ktap PROGRAM ARG...: its results become ours
ktap() {
	"$@" >"$T/ktap" 2>"$ERR"
	ktap_status=$?
	while IFS= read -r ktap_line; do
		case $ktap_line in
		"ok "*) tap_pass "$1: ${ktap_line#ok * }" ;;
		"not ok "*) tap_fail "$1: ${ktap_line#not ok * }" ;;
		"# "*) printf '%s\n' "$ktap_line" ;;
		esac
	done <"$T/ktap"
	if [ "$ktap_status" != 0 ]; then
		tap_fail "$1 ends well" "status $ktap_status: $(cat "$ERR")"
	fi
}

# slot_of TITLE FILE: copy the slot of a title in the area below $L
slot_of() {
	dd if="$L/.mclic/area" of="$2" bs=4096 skip="$(index_of "$1")" count=1 status=none
}

index_of() {
	mclic list --json "$L" | jq -r --arg t "$1" '[.licences[] | select(.title == $t) | .slot][0]'
}

tap_ok "the structures are the same for 32 bits" \
	gcc -m32 -fsyntax-only -I. -I"/usr/include/$(gcc -dumpmachine)" -include stddef.h \
	-x c tests/kselftest/layout.h

mkdir "$W/tree"
head -c 20000 /dev/urandom >"$W/tree/f"
t=$W/tree

# ---- the interface ----

L=$W/abi
medium abi one="$t" two="$t",personal
trust "$W/center/center.pem" >"$OUT"
echo plain >"$L/plain"
chown $OWNER "$L"
mounted "$L"
ktap abi "$M" "$M" "$M/plain" "$M/one" "$M/one/f" "$M/.mclic" "$M/.mclic/area"
tap_cmp "a title is still read" "$M/one/f" "$t/f"
unmounted

# ---- who may ----

medium abi gone="$t",revoked
mounted "$L"
ktap permission "$M" $OWNER $OTHER "$XDG_STATE_HOME"/mclic/revocations/*.mclrev
call "the list that root set is in force" EKEYREVOKED open "$M/gone/f" r
unmounted

# ---- the state of each licence ----

L=$W/states
medium states good="$t" personal="$t",personal expired="$t",expired future="$t",future \
	other="$t",other-medium class="$t",low-class nocert="$t",no-cert forged="$t",forged \
	flags="$t",bad-flags cs="$t",bad-cs eku="$t",bad-eku emid="$t",bad-emid \
	old="$t",old-terms none="$t",no-licence crc="$t",bad-crc
mounted "$L"
ktap verdicts "$M" f good=0:ok personal=ENOKEY:no-user-key expired=EKEYEXPIRED:expired \
	future=EKEYEXPIRED:not-yet other=EMEDIUMTYPE:other-medium \
	class=EMEDIUMTYPE:low-class nocert=ENOKEY:no-certificate forged=EKEYREJECTED:bad-sig \
	cs=EKEYREJECTED:bad-cs eku=EKEYREJECTED:bad-eku emid=EKEYREJECTED:bad-emid \
	old=EACCES none=EACCES flags=EACCES crc=EACCES
unmounted

# ---- keys ----

L=$W/keys
medium keys personal="$t",personal portable="$t"
# A session of its own: the key is the mount's by its number, not found in a keyring.
tap_ok "mount without a key" keyctl session - mount -i -t mclicfs "$L" "$M"
ktap lock "$M" "$(user_keys)" personal/f portable/f
unmounted

# ---- licences put and removed ----

medium old good=
L=$W/old
slot_of good "$W/slot.old"
L=$W/put
medium put good="$t",seq=2 personal="$t",personal forgery=,forged crc="$t",bad-crc
slot_of forgery "$W/slot.forged"
dd if=/dev/zero of="$L/.mclic/area" bs=4096 seek="$(index_of forgery)" count=1 conv=notrunc \
	status=none
tap_ok "mount without a key" keyctl session - mount -i -t mclicfs "$L" "$M"
ktap put "$M" "$L/.mclic/area" good/f "$W/slot.old" "$W/slot.forged"
unmounted

# ---- a lower file system that cannot be written ----

mkdir "$W/ro"
mount -t tmpfs tmpfs "$W/ro"
L=$W/ro/medium
medium ro/medium good="$t"
slot_of good "$W/slot.good"
mounted "$L"
tap_ok "the lower file system can be made read-only under a mount" mount -o remount,ro "$W/ro"
tap_cmp "a title is still read" "$M/good/f" "$t/f"
ktap put "$M" "$W/slot.good"
unmounted
