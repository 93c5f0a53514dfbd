# SPDX-License-Identifier: GPL-2.0-or-later
# mclic request, import and install over any channel, and what import refuses.

. tests/tap.sh
. tests/mclic/lib-shop.sh

scene
request() {
	mclic request "$MASTER" "$TITLE1" "$MEDIUM" -o "$@"
}
slots() {
	tail -c +4097 "$1/.mclic/area" | head -c 1040384
}

# ---- the same bytes both ways ----

tap_ok "request" request "$T/r.mclreq" --json
tap_is "... for this title" "$(jq -r .did "$OUT")" "$DID1"
tap_is "... and medium" "$(jq -r .mid "$OUT")" "$MID"
tap_is "... by name" "$(jq -r .title "$OUT")" "$TITLE1"
tap_is "is 256 bytes" "$(stat -c %s "$T/r.mclreq")" 256
tap_ok "request again" request "$T/again.mclreq"
tap_cmp "... is the same request" "$T/r.mclreq" "$T/again.mclreq"
tap_is "nothing is billed by asking" "$(bills)" 0
untouched() {	# NAME FILE COMMAND...: -o FILE is refused, and FILE is what it was
	stat -c '%F %t %T %i' "$2" >"$T/was"
	tap_status "$1 is no place for a request" 1 "$3" "$2"
	tap_err "... which is said" "$2 is not the name of a file"
	tap_is "... and it stays" "$(stat -c '%F %t %T %i' "$2")" "$(cat "$T/was")"
}
: >"$T/plain"
ln -s plain "$T/link"
mkfifo "$T/fifo"
untouched "a link" "$T/link" request
untouched "a pipe" "$T/fifo" request
if is_root && mknod "$T/node" c 1 3; then
	untouched "a device" "$T/node" request
else
	tap_skip "a device" "mknod needs root"
fi
tap_is "... and nothing is written through the link" "$(stat -c %s "$T/plain")" 0
tap_ok "carried to the center" ask "$T/r.mclreq" "$T/r.mclres"
tap_ok "carried once more" ask "$T/r.mclreq" "$T/twice.mclres"
tap_cmp "... the answer is the same" "$T/r.mclres" "$T/twice.mclres"
cp -r "$XDG_STATE_HOME" "$T/state"
cp -r "$MEDIUM" "$T/online"
tap_ok "import" mclic import "$T/r.mclres" "$MEDIUM"
tap_ok "import of the same again" mclic import "$T/r.mclres" "$MEDIUM"
stop_center
tap_ok "install needs no center" mclic install "$MASTER" "$TITLE1" "$MEDIUM"
tap_ok "the copy is whole" whole "$MEDIUM"
tap_is "the answer is no more kept" "$(find "$XDG_STATE_HOME" -name '*.mclres')" ""
start_center

# What "mclic copy" sends and gets is what was carried: it takes up the kept request.
sed -i "s|https://[^\"]*|$CENTER_URL|" "$XDG_CONFIG_HOME"/mclic/accounts/*.json
mv "$XDG_STATE_HOME" "$T/state.offline"
mv "$T/state" "$XDG_STATE_HOME"
tap_ok "the same copied over the line" mclic copy "$MASTER" "$TITLE1" "$T/online"
tap_is "... puts the same bytes on the medium" "$(slots "$T/online" | md5sum)" \
	"$(slots "$MEDIUM" | md5sum)"
tap_is "... and is billed once in all" "$(bills)" 1
rm -r "$XDG_STATE_HOME"
mv "$T/state.offline" "$XDG_STATE_HOME"

# ---- renew and return by hand ----

renew_to() {
	mclic renew "$TITLE1" "$MEDIUM" -o "$1"
}
return_to() {
	mclic return "$TITLE1" "$MEDIUM" -o "$1"
}
untouched "a pipe" "$T/fifo" renew_to
untouched "a link" "$T/link" return_to
tap_ok "renew -o" mclic renew "$TITLE1" "$MEDIUM" -o "$T/n.mclreq"
tap_ok "... carried" ask "$T/n.mclreq" "$T/n.mclres"
tap_ok "... imported" mclic import "$T/n.mclres" "$MEDIUM" --json
tap_is "... sequence 2" "$(jq .licence.sequence "$OUT")" 2
tap_status "the older answer is out of date now" 1 mclic import "$T/r.mclres" "$MEDIUM"
tap_is "... and changes nothing" "$(mclic list "$MEDIUM" --json | jq '.licences[0].sequence')" 2
tap_ok "return -o" mclic return "$TITLE1" "$MEDIUM" -o "$T/x.mclreq"
tap_is "... the licence stands until the receipt" \
	"$(mclic list "$MEDIUM" --json | jq '.licences|length')" 1
tap_ok "... carried" ask "$T/x.mclreq" "$T/x.mclres"
openssl genrsa -out "$T/stranger.key" 3072 2>"$T/genrsa.out"
no_receipt() {	# NAME STATUS FILE
	tap_status "$1 is refused" "$2" mclic import "$3" "$MEDIUM"
	tap_is "... and the licence stays" \
		"$(mclic list "$MEDIUM" --json | jq -r '.licences[0].state')" valid
}
cp "$T/x.mclres" "$T/forged.mclres"
resign "$T/forged.mclres" "$T/stranger.key" || tap_bail "cannot sign"
no_receipt "a receipt signed by somebody else" 3 "$T/forged.mclres"
for at in 288 304 352; do	# CS, EKU, EMid
	cp "$T/x.mclres" "$T/forged.mclres"
	flip "$T/forged.mclres" $at
	resign "$T/forged.mclres" || tap_bail "cannot sign"
	no_receipt "an answer that holds keys (byte $at)" 1 "$T/forged.mclres"
done
cp "$T/x.mclres" "$T/forged.mclres"
flip "$T/forged.mclres" 80
resign "$T/forged.mclres" || tap_bail "cannot sign"
no_receipt "the receipt of another licence" 1 "$T/forged.mclres"
tap_ok "... imported" mclic import "$T/x.mclres" "$MEDIUM" --json
tap_is "... returned" "$(jq -r .done "$OUT")" returned
tap_is "... and gone" "$(mclic list "$MEDIUM" --json | jq '.licences|length')" 0
tap_is "new, renewed, returned: three lines" "$(bills)" 3
tap_status "the first answer again, after the return" 1 mclic import "$T/r.mclres" "$MEDIUM"
tap_err "... fits no request any more" "no request"

# ---- a clock that goes wrong ----

fresh "$MEDIUM"
MID=$(mclic info "$MEDIUM" --json | jq -r .medium.mid)
KEPT=$XDG_STATE_HOME/mclic/requests/kept.mclreq
dated() {	# SECONDS: keep a request of this machine dated so far ahead of its clock
	mkdir -p "$XDG_STATE_HOME/mclic/requests"
	"$B/tests/tools/mclreq" request "$XDG_CONFIG_HOME/mclic/device.key" did="$DID1" mid="$MID" \
		user="$USER" created_at=$(($(date +%s) + $1)) \
		medium_kind=0x"$(hex "$T/n.mclreq" 14 1)" medium_class=0x"$(hex "$T/n.mclreq" 15 1)" \
		center="$(jq -r .center "$XDG_CONFIG_HOME"/mclic/accounts/*.json)" >"$KEPT"
}
BILLS=$(bills)
dated 200000
tap_ok "a request dated two days ahead is written once more" request "$T/d.mclreq"
tap_err "... with a warning" "dated .* remove .*kept.mclreq"
tap_cmp "... as it is" "$T/d.mclreq" "$KEPT"
sqlite3 "$CENTER/center.db" "UPDATE center SET clock = $(($(date +%s) + 200000))"
tap_ok "granted while the clocks were so" ask "$T/d.mclreq" "$T/d.mclres"
tap_ok "the clock put back, copy goes on with it" mclic copy "$MASTER" "$TITLE1" "$MEDIUM"
tap_is "... billed once" "$(bills)" $((BILLS + 1))
fresh "$MEDIUM"
MID=$(mclic info "$MEDIUM" --json | jq -r .medium.mid)
dated 400000
tap_status "one that the center's clock refuses" 1 mclic copy "$MASTER" "$TITLE1" "$MEDIUM"
tap_err "... says so" "clock"
tap_ok "... is not sent again" mclic copy "$MASTER" "$TITLE1" "$MEDIUM"
tap_is "... and was not billed" "$(bills)" $((BILLS + 2))

# ---- what import refuses ----

fresh "$MEDIUM"
tap_ok "a request" request "$T/r.mclreq" --kind portable
tap_ok "... answered" ask "$T/r.mclreq" "$T/r.mclres"
slots "$MEDIUM" >"$T/before"
refused() {	# NAME STATUS FILE
	tap_status "$1" "$2" mclic import "$3" "$MEDIUM"
	slots "$MEDIUM" >"$T/after"
	tap_cmp "... and the area is as it was" "$T/before" "$T/after"
}
spoil() {	# OFFSET: the answer with one bit changed
	cp "$T/r.mclres" "$T/bad.mclres"
	flip "$T/bad.mclres" "$1"
}
refused "a request is not an answer" 4 "$T/r.mclreq"
refused "a file that is not there" 1 "$T/none.mclres"
head -c 1023 "$T/r.mclres" >"$T/short.mclres"
refused "an answer cut short" 4 "$T/short.mclres"
(cat "$T/r.mclres"; echo) >"$T/long.mclres"
refused "an answer with more behind it" 1 "$T/long.mclres"
refused "the answer to another request" 1 "$T/n.mclres"
# magic, DID, medium tag, IDc, licence id, sequence, times, kind, request hash, title
for at in 0 32 48 64 80 108 120 144 152 184; do
	spoil $at
	tap_isnt "byte $at changed is refused" \
		"$(mclic import "$T/bad.mclres" "$MEDIUM" >"$T/out" 2>&1; echo $?)" 0
done
slots "$MEDIUM" >"$T/after"
tap_cmp "... and the area is as it was" "$T/before" "$T/after"
for at in 288 304 352 408 660; do	# CS, EKU, EMid, SIG
	spoil $at
	refused "byte $at (keys, SIG) changed" 3 "$T/bad.mclres"
done
cp "$T/r.mclres" "$T/bad.mclres"
resign "$T/bad.mclres" "$T/stranger.key" || tap_bail "cannot sign"
tap_status "an answer signed by somebody else" 3 mclic import --trace "$T/bad.mclres" "$MEDIUM"
tap_nomatch "... is refused before it is written" "$(cat "$ERR")" "^S3 "
mclic trust remove "$(jq -r .center "$XDG_CONFIG_HOME"/mclic/accounts/*.json)" >"$T/removed"
refused "an answer of a center that is not trusted" 3 "$T/r.mclres"
mclic enrol --refresh >"$T/refresh.out"
tap_ok "and then the good one" mclic import "$T/r.mclres" "$MEDIUM"
tap_ok "installs" mclic install "$MASTER" "$TITLE1" "$MEDIUM"
tap_ok "whole" whole "$MEDIUM"
