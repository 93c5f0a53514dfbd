# SPDX-License-Identifier: GPL-2.0-or-later
# Claim 7: the method with conversion keys, step by step, and what it is for: the same bytes
# on a medium with another identifier are worth nothing, also to a program that ignores
# every check.

. tests/media/fake-sysfs.sh
media_enter "$0" "$@"
. tests/tap.sh
. tests/claims/lib-scene.sh

scene
MID1=$MID
tap_ok "identifiers to the center, Ku and Ka made, EMid(Ku,Ka) back, EMid(Ku) stored, EKa(Data) opened, EKu(Data) written" \
	mclic copy --trace --kind portable "$MASTER" "$TITLE1" "$MEDIUM"
tap_is "in this order" \
	"$(grep -Eo '^S1[1-7] ' "$ERR" | awk '!seen[$1]++ { printf "%s ", $1 }')" \
	"S11 S12 S13 S14 S15 S16 S17 "
mkdir "$T/personal"
mclic format --area-file "$T/personal"
tap_ok "and once more as a personal licence" mclic copy "$MASTER" "$TITLE1" "$T/personal"
MID2=$(mclic info "$T/personal" --json | jq -r .medium.mid)

# A medium with another identifier, onto which every byte of the first is copied. These are
# media without hardware identity: theirs is the factory id in the area's header, which no
# copy of slots and files may bring along.
another() {
	mkdir "$2"
	mclic format --area-file "$2"
	cp -r "$1/$TITLE1" "$2/"
	dd if="$1/.mclic/area" of="$2/.mclic/area" bs=4096 skip=1 seek=1 count=254 \
		conv=notrunc status=none
}
another "$MEDIUM" "$T/copy"
mount_fuse "$T/copy" "$MNT"
tap_status "on another medium every open fails" 1 cat "$MNT/$TITLE1/charts/baltic.txt"
tap_err "... with EMEDIUMTYPE" "Wrong medium type"
unmount "$MNT"
tap_status "mclic verify says why" 3 mclic verify "$T/copy" "$TITLE1"
tap_match "... it is another medium" "$(cat "$OUT" "$ERR")" "another medium"

another "$T/personal" "$T/copy2"
KU=$(echo "$XDG_CONFIG_HOME"/mclic/user-keys/*.key)
pirate="$B/tests/tools/pirate"
OTHER=$(mclic info "$T/copy" --json | jq -r .medium.mid)
OTHER2=$(mclic info "$T/copy2" --json | jq -r .medium.mid)
FILE=$TITLE1/charts/baltic.txt
tap_status "who ignores every check gets nothing from the copy" 1 \
	"$pirate" "$T/copy" "$T/copy/$FILE" "$KU" -- "$OTHER"
tap_status "... nor from the personal one, though he has KU" 1 \
	"$pirate" "$T/copy2" "$T/copy2/$FILE" "$KU" -- "$OTHER2"
tap_status "... nor from the personal one with its medium but without KU" 1 \
	"$pirate" "$T/copy2" "$T/copy2/$FILE" -- "$MID2"
tap_ok "(the pirate knows his trade: with medium and KU he reads it)" \
	"$pirate" "$T/copy2" "$T/copy2/$FILE" "$KU" -- "$MID2"
tap_ok "(a portable licence is as strong as its medium's identifier is hard to come by)" \
	"$pirate" "$T/copy" "$T/copy/$FILE" -- "$MID1"

# Media with an identity burned in: here the copy is byte for byte, the area included.
set_medium sd "$CID_A" "$T"
mkdir "$T/card"
mclic format --area-file "$T/card"
tap_is "an SD card has an identity of its own" \
	"$(mclic info "$T/card" --json | jq -r .medium.kind)" sd
tap_ok "a title is copied to it" mclic copy "$MASTER" "$TITLE1" "$T/card"
mount_fuse "$T/card" "$MNT"
tap_ok "and can be read" diff -r --no-dereference "$TREE1" "$MNT/$TITLE1"
unmount "$MNT"
CARD=$(mclic info "$T/card" --json | jq -r .medium.mid)
cp -a "$T/card" "$T/clone"
set_medium sd "$CID_B" "$T"
mount_fuse "$T/clone" "$MNT"
tap_status "its bytes on another card cannot" 1 cat "$MNT/$TITLE1/charts/baltic.txt"
tap_err "... with EMEDIUMTYPE" "Wrong medium type"
unmount "$MNT"
CLONE=$(mclic info "$T/clone" --json | jq -r .medium.mid)
tap_isnt "the cards' identifiers differ" "$CARD" "$CLONE"
tap_status "who ignores every check gets nothing from them, KU or not" 1 \
	"$pirate" "$T/clone" "$T/clone/$FILE" "$KU" -- "$CLONE"
tap_ok "(with the first card's identifier he would)" \
	"$pirate" "$T/clone" "$T/clone/$FILE" "$KU" -- "$CARD"
tap_status "the first card's identifier is nowhere in what was copied" 1 \
	grep -rqaP "$(printf '%s' "$CARD" | sed 's/../\\x&/g')" "$T/clone"
