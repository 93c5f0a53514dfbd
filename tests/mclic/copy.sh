# SPDX-License-Identifier: GPL-2.0-or-later
# mclic copy, renew and return against a real center and a real master.

. tests/tap.sh
. tests/mclic/lib-shop.sh

scene
state() {	# how many requests and responses are kept
	find "$XDG_STATE_HOME/mclic/requests" "$XDG_STATE_HOME/mclic/licences" -type f 2>/dev/null |
		sed 's/.*\.//' | sort | uniq -c | awk '{ printf "%s%s ", $2, $1 }'
}
lose_slots() {
	dd if=/dev/zero of="$MEDIUM/.mclic/area" bs=4096 seek=1 count=254 conv=notrunc status=none
}
mount_and_compare() {
	mount_fuse "$MEDIUM" "$MNT" || return 1
	diff -r --no-dereference "$TREE1" "$MNT/$TITLE1"
	_status=$?
	unmount "$MNT"
	return $_status
}

# ---- what is refused before anything is bought ----

tap_status "a title that is not on the master" 1 mclic copy "$MASTER" "Moon Charts" "$MEDIUM"
tap_err "... is named" "Moon Charts"
tap_status "an image is no target" 1 mclic copy "$MASTER" "$TITLE1" "$MASTER"
mkdir "$T/bare"
tap_status "a target without an area" 1 mclic copy "$MASTER" "$TITLE1" "$T/bare"
mkdir "$MEDIUM/$TITLE2"
: >"$MEDIUM/$TITLE2/mine"
tap_status "a name that is taken by something else" 1 mclic copy "$MASTER" "$TITLE2" "$MEDIUM"
tap_err "... is named" "move it away"
tap_ok "... and stays" test -e "$MEDIUM/$TITLE2/mine"
rm -r "${MEDIUM:?}/$TITLE2"
mclicctl --data "$CENTER" product withdraw "$TITLE1" >"$T/withdraw.out"
tap_status "a withdrawn title is not sold" 3 copy
tap_err "... which is said" "sale"
mclicctl --data "$CENTER" product sell "$TITLE1" >"$T/sell.out"
mclicctl --data "$CENTER" product set "$TITLE1" --kinds personal >"$T/kinds.out"
tap_status "a kind that is not allowed" 3 copy --kind portable
tap_ok "not one byte is copied by any of these" nothing_copied

# ---- the copy ----

BILLS=$(bills)
tap_ok "copy, after those refusals" copy --json
tap_is "... tells whose title was bought, and for how much" "$(jq -c .offer "$OUT")" \
	"{\"currency\":\"EUR\",\"price\":1999,\"publisher\":\"Hydrographic\",\"title\":\"$TITLE1\"}"
tap_is "... is a personal licence" "$(jq -r .licence.kind "$OUT")" personal
LICENCE=$(jq -r .licence.licence "$OUT")
tap_is "... is billed" "$(bills)" $((BILLS + 1))
tap_ok "the copy is whole" whole "$MEDIUM"
tap_is "the marker is the master's, byte for byte" \
	"$(xorriso -osirrox on -indev "$MASTER" -extract "/$TITLE1/.mclic-product" "$T/marker" \
		>"$T/xorriso.log" 2>&1; cmp "$T/marker" "$MEDIUM/$TITLE1/.mclic-product" && echo same)" same
tap_is "modes are the manifest's" "$(stat -c %a "$MEDIUM/$TITLE1/bin/say")" \
	"$(stat -c %a "$TREE1/bin/say")"
tap_is "symbolic links too" "$(readlink "$MEDIUM/$TITLE1/latest")" charts/baltic.txt
tap_ok "empty directories too" test -d "$MEDIUM/$TITLE1/charts/empty"
tap_ok "it reads back as it was" mount_and_compare
# A refused request and the one that was answered
tap_match "the response is forgotten, the request kept" "$(state)" '^mclreq[0-9]+ $'
KEEP=$(find "$XDG_STATE_HOME" -name "$LICENCE.mclreq")
tap_isnt "... under its licence" "$KEEP" ""
tap_is "... for its owner alone" "$(stat -c %a "$KEEP")" 600

tap_ok "copy again" copy
tap_out "... says it is installed already" "already installed"
tap_ok "copy by DID, as JSON" mclic copy "$MASTER" "$DID1" "$MEDIUM" --json
tap_is "... says so too" "$(jq .already_installed "$OUT")" true
tap_is "... and that nothing was bought" "$(jq .offer "$OUT")" null
rm "$MEDIUM/$TITLE1/charts/baltic.txt"
tap_ok "copy after a file was lost" copy
tap_ok "... makes it whole" whole "$MEDIUM"
truncate -s 5000 "$MEDIUM/$TITLE1/charts/relief.bin"
tap_ok "copy after a file was cut short" copy
tap_ok "... makes it whole" whole "$MEDIUM"
: >"$MEDIUM/$TITLE1/mine"
SAY=$(stat -c %i "$MEDIUM/$TITLE1/bin/say")
flip "$MEDIUM/$TITLE1/charts/relief.bin" 5000
tap_ok "copy after a block was damaged" copy
tap_out "... says that it was, and is mended" "mended: 1 of [0-9]+ entries were missing or damaged"
tap_ok "... makes it whole" whole "$MEDIUM"
tap_is "... the good files are left alone" "$(stat -c %i "$MEDIUM/$TITLE1/bin/say")" "$SAY"
tap_ok "... and what is the user's" test -e "$MEDIUM/$TITLE1/mine"
rm "$MEDIUM/$TITLE1/mine" "$MEDIUM/$TITLE1/latest"
ln -s bin "$MEDIUM/$TITLE1/latest"
rm -r "$MEDIUM/$TITLE1/charts"
: >"$MEDIUM/$TITLE1/charts"
chmod 600 "$MEDIUM/$TITLE1/bin/say"
chmod 500 "$MEDIUM/$TITLE1/bin"
tap_ok "copy after links, directories and modes were changed" copy --json
tap_is "... counts them" "$(jq -c '[.already_installed, .mended > 5]' "$OUT")" '[false,true]'
tap_ok "... makes it whole" whole "$MEDIUM"
tap_is "... the good files are left alone" "$(stat -c %i "$MEDIUM/$TITLE1/bin/say")" "$SAY"
flip "$MEDIUM/$TITLE1/bin/say" 10
tap_status "install mends as well, if the state is there" 0 mclic install "$MASTER" "$TITLE1" "$MEDIUM"
tap_ok "... makes it whole" whole "$MEDIUM"
rm -r "${MEDIUM:?}/$TITLE1"
tap_ok "copy after the title was deleted" copy
tap_ok "... makes it whole" whole "$MEDIUM"
cp "$MEDIUM/.mclic/area" "$T/area"
lose_slots
tap_ok "copy after the licence was lost from the area" copy
tap_cmp "... restores it, byte for byte" "$T/area" "$MEDIUM/.mclic/area"
tap_is "none of that was billed" "$(bills)" $((BILLS + 1))

# Another machine of the same user: it has the keys, but never asked.
mv "$XDG_STATE_HOME" "$T/state"
tap_ok "a machine that did not ask finds it installed" copy
rm -r "${MEDIUM:?}/$TITLE1"
tap_status "but cannot copy it once more" 3 copy
tap_err "... and says what to do" "mclic renew|renew the licence"
tap_is "... and buys nothing by itself" "$(bills)" $((BILLS + 1))
rm -rf "$XDG_STATE_HOME"
mv "$T/state" "$XDG_STATE_HOME"
tap_ok "the one that asked can" copy

# ---- renew ----

tap_ok "renew" mclic renew "$TITLE1" "$MEDIUM" --json
tap_is "... tells for how much" "$(jq .offer.price "$OUT")" 1999
tap_is "... raises the sequence number" "$(jq .licence.sequence "$OUT")" 2
tap_is "... of the same licence" "$(jq -r .licence.licence "$OUT")" "$LICENCE"
tap_is "... is billed" "$(bills)" $((BILLS + 2))
tap_is "... and the older slot is gone" "$(mclic list "$MEDIUM" --json | jq '.licences|length')" 1
tap_ok "the files can be read under it" mount_and_compare
tap_status "renew of what is not there" 3 mclic renew "$TITLE2" "$MEDIUM"
rm -r "${MEDIUM:?}/$TITLE1"
tap_ok "copy under a renewed licence" copy
tap_is "... is not billed" "$(bills)" $((BILLS + 2))
tap_is "... and leaves the renewal in force" \
	"$(mclic list "$MEDIUM" --json | jq '.licences[0].sequence')" 2
lose_slots
tap_ok "copy after the renewed licence was lost from the area" copy --json
tap_is "... restores the renewal" "$(jq .licence.sequence "$OUT")" 2
tap_is "... without a bill" "$(bills)" $((BILLS + 2))
tap_ok "... so that it can be renewed again" mclic renew "$TITLE1" "$MEDIUM" --json
tap_is "... from there" "$(jq .licence.sequence "$OUT")" 3

tap_ok "and again" mclic renew "$TITLE1" "$MEDIUM"
tap_out "... which says first what it costs" "^renewal of \"$TITLE1\" by Hydrographic: 19.99 EUR$"

# A renewal that is carried, and never reaches the medium, which loses what it had as well
mclic renew "$TITLE1" "$MEDIUM" -o "$T/again.mclreq" >"$T/again.out"
BILLS=$(bills)
rm "$MEDIUM/$TITLE1/bin/say"
tap_ok "copy while a renewal waits to be carried" copy
tap_is "... does not buy it" "$(bills)" "$BILLS"
tap_ok "... and it can be carried" ask "$T/again.mclreq" "$T/again.mclres"
KEEP=$(find "$XDG_STATE_HOME/mclic/requests" -type f -exec cmp -s {} "$T/again.mclreq" \; -print)
tap_isnt "... for it is kept" "$KEEP" ""
cp "$T/again.mclres" "${KEEP%.mclreq}.mclres"
lose_slots
tap_ok "copy after an answered renewal and the slots were lost" copy
tap_is "... puts the renewal there" \
	"$(mclic list "$MEDIUM" --json | jq '.licences[0].sequence')" 5
tap_ok "... settled" test ! -e "$KEEP"

# ---- return ----

cp "$MEDIUM/.mclic/area" "$T/area"
tap_ok "return" mclic return "$LICENCE" "$MEDIUM" --json
tap_is "... is done" "$(jq -r .done "$OUT")" returned
tap_is "... the slot is empty" "$(mclic list "$MEDIUM" --json | jq '.licences|length')" 0
tap_is "... nothing is kept about it" "$(find "$XDG_STATE_HOME" -name "$LICENCE*")" ""
tap_ok "... the files stay" test -e "$MEDIUM/$TITLE1/bin/say"
tap_status "... unreadable" 3 mclic verify "$MEDIUM" "$TITLE1"
tap_status "return again" 3 mclic return "$TITLE1" "$MEDIUM"
tap_ok "update fetches the list" mclic update
cp "$T/area" "$MEDIUM/.mclic/area"
tap_status "the old slot, put back, is revoked" 3 mclic install "$MASTER" "$TITLE1" "$MEDIUM"
tap_err "... which is said" "revoked"
tap_status "and verify says so" 3 mclic verify "$MEDIUM" "$TITLE1"
BILLS=$(bills)
tap_ok "copy buys a new licence" copy
tap_out "... and says first what it costs" "^licence of \"$TITLE1\" by Hydrographic: 19.99 EUR$"
tap_is "... billed once" "$(bills)" $((BILLS + 1))
tap_ok "... and whole" whole "$MEDIUM"
tap_ok "return --delete" mclic return "$TITLE1" "$MEDIUM" --delete --trace
tap_err "... traces the receipt" "^return receipt received"
tap_nomatch "... and no keys that came" "$(cat "$ERR")" "^S(2|13|14) "
tap_out "... says so" "files are deleted"
tap_ok "... and removes the files as well" test ! -e "$MEDIUM/$TITLE1"
tap_ok "copy once more" copy --json
perl -e 'chdir shift or die; for (1 .. 300) {
	mkdir "d" or die; open my $f, ">", "f" or die; mkdir ".mclic-$_"; chdir "d" or die }
	chmod 0500, "../../d"' "$MEDIUM/$TITLE1/charts" || tap_bail "no deep directories"
tap_ok "return --delete by the licence id" \
	prlimit --nofile=100 mclic return "$(jq -r .licence.licence "$OUT")" "$MEDIUM" --delete
tap_ok "... finds the files too, however deep" test ! -e "$MEDIUM/$TITLE1"

# ---- two titles of one name ----

fresh "$MEDIUM"
mkdir "$T/tree3"
: >"$T/tree3/x"
mclicctl --data "$CENTER" publisher add Imitator --json | jq -r .token >"$T/imitator.token"
XDG_CONFIG_HOME=$T/imitator mclic-master build --center "$CENTER_URL" --cacert "$CENTER_CA" \
	--token "@$T/imitator.token" --title "$TITLE1=$T/tree3" -o "$T/alike.iso" \
	>"$T/alike.out" 2>&1 || tap_bail "no second title of that name: $(cat "$T/alike.out")"
ALIKE=$(mclic list "$T/alike.iso" --json | jq -r '.titles[0].did')
mclicctl --data "$CENTER" product set "$ALIKE" --price 1 --currency EUR >"$T/set.out"
mclicctl --data "$CENTER" product sell "$ALIKE" >"$T/sell.out"
tap_ok "copy of the one" copy --json
LICENCE=$(jq -r .licence.licence "$OUT")
mclic request "$T/alike.iso" "$TITLE1" "$MEDIUM" -o "$T/alike.mclreq" >"$T/request.out"
ask "$T/alike.mclreq" "$T/alike.mclres"
tap_ok "licence of the other" mclic import "$T/alike.mclres" "$MEDIUM" --json
OTHER=$(jq -r .licence.licence "$OUT")
mclicctl --data "$CENTER" licence revoke "$LICENCE" >"$T/revoke.out"
mclic update >"$T/update.out"
tap_status "return --delete means the title that is on the medium" 3 \
	mclic return "$TITLE1" "$MEDIUM" --delete
tap_is "... not the other's licence" "$(mclic list "$MEDIUM" --json |
	jq -r ".licences[]|select(.licence==\"$OTHER\").state")" valid
tap_ok "... and the files stay" test -e "$MEDIUM/$TITLE1/bin/say"
mv "$MEDIUM/$TITLE1" "$T/aside"
tap_status "without it the name can mean both" 1 mclic return "$TITLE1" "$MEDIUM"
tap_err "... which are named" "$ALIKE"
tap_err "... by their DIDs" "$DID1"
mv "$T/aside" "$MEDIUM/$TITLE1"
tap_ok "a DID means one" mclic return "$ALIKE" "$MEDIUM" --delete --json
tap_is "... which is returned" "$(jq -r .licence.licence "$OUT")" "$OTHER"
tap_err "... and has no files there" "no files are removed"
tap_ok "... but the other has" test -e "$MEDIUM/$TITLE1/bin/say"

# ---- revoked by the operator ----

fresh "$MEDIUM"
tap_ok "one more copy" copy --json
LICENCE=$(jq -r .licence.licence "$OUT")
mclicctl --data "$CENTER" licence revoke "$LICENCE" >"$T/revoke.out"
tap_ok "is good until the list is fetched" whole "$MEDIUM"
tap_ok "the list" mclic update
tap_status "then it is revoked" 3 mclic verify "$MEDIUM"
tap_status "and cannot be renewed" 3 mclic renew "$TITLE1" "$MEDIUM"
tap_err "... which is said" "revoked"

# ---- two at once: the other has finished between this one's look and its request ----

fresh "$MEDIUM"
cp -r "$MEDIUM" "$T/blank"
tap_ok "one copy" copy
SETTLED=$(ls "$XDG_STATE_HOME"/mclic/licences/*.mclreq)
mv "$SETTLED" "$T/settled"
rm -r "$MEDIUM"
cp -r "$T/blank" "$MEDIUM"
BILLS=$(bills)
mkfifo "$T/go"
flock "$XDG_STATE_HOME/mclic/requests" cat "$T/go" &
exec 5>"$T/go"
poll 10 grep -q "FLOCK .* $! " /proc/locks
mclic copy "$MASTER" "$TITLE1" "$MEDIUM" >"$T/second.out" 2>&1 5>&- &
SECOND=$!
tap_ok "another waits to ask" poll 20 grep -q -e "-> FLOCK .* $SECOND " /proc/locks
mv "$T/settled" "$SETTLED"
exec 5>&-
wait $SECOND
tap_is "it buys nothing" "$? $(bills)" "1 $BILLS"
tap_match "... and says why" "$(cat "$T/second.out")" "another mclic .* run again"
tap_ok "run again it goes on with that licence" copy
tap_is "... unbilled" "$(bills)" "$BILLS"

# ---- what is said of time ----

tap_ok "list" mclic list "$MEDIUM"
tap_out "a licence without an end has none" "issued .*, no end$"
"$B/tests/tools/mkmedium" --center "$T/other" "$T/old" t="$TREE1,expired" ||
	tap_bail "the medium cannot be made"
tap_ok "list" mclic list "$T/old"
tap_out "one with an end says when" "issued .*, until 20.* UTC$"
tap_status "verify" 3 mclic verify "$T/old" --json
tap_out "says when it expired" "expired on 20"
tap_status "rescue" 3 mclic rescue "$T/old/t/charts/baltic.txt" -o "$T/rescued"
tap_err "too" "expired on 20"
