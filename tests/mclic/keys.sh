# SPDX-License-Identifier: GPL-2.0-or-later
# mclic across generations of keys, with portable licences, with several centers, and with
# a master in a drive.

. tests/tap.sh
. tests/mclic/lib-shop.sh

scene
operator() {
	mclicctl --data "$CENTER" "$@" >"$T/operator.out" 2>&1 || tap_bail "$(cat "$T/operator.out")"
}

# ---- KU: the operator opened the user's next generation, this machine does not know ----

operator user rotate-key alice
BILLS=$(bills)
tap_ok "a licence under a user key that is not here" mclic copy "$MASTER" "$TITLE1" "$MEDIUM"
tap_ok "... whole: the key was fetched with it" whole "$MEDIUM"
tap_is "... billed once" "$(bills)" $((BILLS + 1))
operator user rotate-key alice
tap_ok "so does a renewal" mclic renew "$TITLE1" "$MEDIUM"
tap_ok "... whole" whole "$MEDIUM"
tap_is "... billed once" "$(bills)" $((BILLS + 2))
KEYS=$XDG_CONFIG_HOME/mclic/user-keys
tap_is "every generation is kept" "$(ls "$KEYS" | wc -l)" 3
rm "${MEDIUM:?}/$TITLE1/bin/say" "$KEYS"/*-1.key "$KEYS"/*-2.key
tap_ok "a lost key is fetched when a title is mended" mclic copy "$MASTER" "$TITLE1" "$MEDIUM"
tap_ok "... whole" whole "$MEDIUM"
tap_is "... without a bill" "$(bills)" $((BILLS + 2))

# ---- KM: a newer version of the title under the next generation ----

operator key rotate
cp "$TREE1/charts/baltic.txt" "$TREE1/charts/newer.txt"
mclic-master build --center "$CENTER_URL" --cacert "$CENTER_CA" --token "@$T/publisher.token" \
	--version-number 2 --title "$TITLE1=$TREE1" -o "$T/master2.iso" 2>"$T/master.err" ||
	tap_bail "no second version: $(cat "$T/master.err")"
tap_ok "a newer version, under the next KM" mclic copy "$T/master2.iso" "$TITLE1" "$MEDIUM" --json
tap_is "... a licence that covers it" "$(jq .licence.content_version "$OUT")" 2
tap_is "... which keeps the KM generation of the first" "$(jq .licence.km_generation "$OUT")" 1
tap_ok "whole" whole "$MEDIUM"
mount_fuse "$MEDIUM" "$MNT"
tap_ok "readable" diff -r --no-dereference "$TREE1" "$MNT/$TITLE1"
unmount "$MNT"
tap_ok "renew of it" mclic renew "$TITLE1" "$MEDIUM" --json
tap_is "... keeps the generation" "$(jq .licence.km_generation "$OUT")" 1
tap_ok "whole" whole "$MEDIUM"
rm -r "${MEDIUM:?}/$TITLE1"
BILLS=$(bills)
tap_ok "copied once more" mclic copy "$T/master2.iso" "$TITLE1" "$MEDIUM"
tap_is "... without a bill" "$(bills)" "$BILLS"

# ---- portable: read where nobody is enrolled ----

fresh "$MEDIUM"
tap_ok "a portable licence" mclic copy --kind portable "$MASTER" "$TITLE2" "$MEDIUM" --json
tap_is "... is portable" "$(jq -r .licence.kind "$OUT")" portable
tap_is "... and names no user" "$(jq -r .licence.user "$OUT")" 00000000000000000000000000000000
tap_ok "... the copy can be had again" sh -c 'rm -r "$1/$2" && mclic copy "$3" "$2" "$1"' - \
	"$MEDIUM" "$TITLE2" "$MASTER"
PEM=$(echo "$XDG_CONFIG_HOME"/mclic/centers/*.pem)
cp "$PEM" "$T/center.pem"
mine=$XDG_CONFIG_HOME
XDG_CONFIG_HOME=$T/stranger
tap_status "elsewhere the center must be trusted first" 3 mclic verify "$MEDIUM"
tap_err "... which is said" "no licence|refused"
tap_ok "trust add" mclic trust add "$T/center.pem"
tap_ok "then it can be read" mclic verify "$MEDIUM"
XDG_CONFIG_HOME=$mine

# ---- a master in a drive ----

if is_root && L=$(losetup -r -f --show "$MASTER" 2>/dev/null); then
	at_end "losetup -d $L"
	tap_ok "a drive with the master in it" mclic list "$L" --json
	tap_is "... shows its titles" "$(jq '.titles|length' "$OUT")" 2
	fresh "$MEDIUM"
	tap_ok "... and can be copied from" mclic copy "$L" "$TITLE1" "$MEDIUM"
	tap_ok "whole" whole "$MEDIUM"
else
	tap_skip "a master in a drive" "loop devices need root"
fi

# ---- enrolled at two centers ----

first=$(basename "$PEM" .pem)
CENTER=$T/center2
start_center
mclicctl --data "$CENTER" user add bob --json | jq -r .token >"$T/bob.token"
tap_ok "enrolled at a second center" \
	mclic enrol "$CENTER_URL" --cacert "$CENTER_CA" --token "@$T/bob.token" --json
second=$(jq -r .center "$OUT")
fresh "$MEDIUM"
tap_status "then copy asks which" 1 mclic copy "$MASTER" "$TITLE1" "$MEDIUM"
tap_err "... naming the option" "\-\-center"
tap_status "the second does not know the title" 1 \
	mclic copy --center "$second" "$MASTER" "$TITLE1" "$MEDIUM"
tap_status "what is no center" 2 mclic copy --center nonsense "$MASTER" "$TITLE1" "$MEDIUM"
tap_ok "the first sells it" mclic copy --center "$first" "$MASTER" "$TITLE1" "$MEDIUM"
tap_ok "a renewal knows its center by itself" mclic renew "$TITLE1" "$MEDIUM"
tap_ok "update asks both" mclic update --json
tap_is "... of them" "$(jq length "$OUT")" 2
kill_center
tap_status "update while one does not answer" 1 mclic update
tap_ok "... fetches the other's list nevertheless" mclic trust list
