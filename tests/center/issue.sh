# SPDX-License-Identifier: GPL-2.0-or-later
#
# New, renew, return: what is granted, billed and answered, and answered again.

. tests/tap.sh
. tests/center/lib-center.sh

set_scene

said() {
	jq -r ".$1" "$T/said"
}

# ---- new ----

query "$T/q1"
ask "$T/q1"
expect_ok "a licence is issued"
cp "$BODY" "$T/r1"
tap_is "the response has 1024 bytes" "$(stat -c %s "$T/r1")" 1024
tap_match "and its own type" "$(cat "$HEAD")" \
	'^[Cc]ontent-[Tt]ype: application/vnd.mclic.response'
tap_ok "it is signed, and is the answer to this request" \
	sh -c 'mclreq open "$1" "$2" "$3" "$4" >"$5"' - "$T/r1" "$T/q1" "$CERT" "$KU" "$T/said"
tap_is "CS is right, EMid(Ku) opens" "$(said licence_open)" ok
tap_is "EMid(Ka) opens" "$(said master_key_open)" ok
tap_is "Ka is the one the publisher got" "$(said master_medium_key)" \
	"$(jq -r '.keys[0].key' "$T/title.keys")"
tap_is "sequence number 1" "$(said sequence)" 1
tap_is "the user of a personal licence" "$(said user)" "$USER"
tap_is "the publisher that the center knows" "$(said publisher)" \
	"$(jq -r .publisher "$T/title.keys")"
tap_is "the title" "$(said title)" Title
tap_is "for ever, as the title says" "$(said not_after)" 0
tap_is "the licence id is the hash of center, user and nonce" "$(said licence)" \
	"$({
		printf 'mclic licence id'
		{
			printf %s "$IDC$USER"
			od -An -v -tx1 -j96 -N16 "$T/q1" | tr -d ' \n'
		} | perl -ne 'print pack "H*", $_'
	} | sha256sum | cut -c 1-32)"
LICENCE=$(said licence)
tap_is "one ledger line" "$(ledger_lines)" 1
tap_is "of the price" "$(ctl ledger list --json |
	jq -c '.entries[0] | [.amount, .currency, .operation, .user_name, .licence]')" \
	"[1999,\"EUR\",\"new\",\"alice\",\"$LICENCE\"]"
ask "$T/q1"
tap_cmp "the same request: the same bytes" "$BODY" "$T/r1"
tap_is "and no second line" "$(ledger_lines)" 1
# A request is logged when its answer has gone out.
tap_ok "the log says that it was repeated" \
	poll 20 sh -c "tail -n 1 '$CENTER_LOG' | grep -q '\"repeated\":true'"
query "$T/portable" kind=1
ask "$T/portable"
expect_ok "a portable licence"
opened "$BODY" "$T/portable" >"$T/said"
tap_is "names nobody" "$(said user)" 00000000000000000000000000000000
tap_is "and opens without KU" "$(KU=$(printf '%064d' 0) opened "$BODY" "$T/portable" |
	jq -r .licence_open)" ok
tap_is "but Ka needs KU" "$(KU=$(printf '%064d' 0) opened "$BODY" "$T/portable" |
	jq -r .master_key_open)" bad-emid
tap_is "two lines now" "$(ledger_lines)" 2

# ---- terms follow the title ----

ctl product set Title --price 5 --period-days 30 >/dev/null
query "$T/q" mid=random
ask "$T/q"
opened "$BODY" "$T/q" >"$T/said"
tap_is "thirty days" "$(($(said not_after) - $(said issued_at)))" 2592000
tap_is "the new price" "$(ctl ledger list --json | jq -c '.entries[-1].amount')" 500

# ---- renew ----

query "$T/q2" op=2 licence="$LICENCE" sequence=1
ask "$T/q2"
expect_ok "a renewal"
cp "$BODY" "$T/r2"
opened "$T/r2" "$T/q2" >"$T/said"
tap_is "the same licence" "$(said licence)" "$LICENCE"
tap_is "sequence number 2" "$(said sequence)" 2
tap_is "it opens" "$(said licence_open) $(said master_key_open)" "ok ok"
tap_is "a new period" "$(($(said not_after) - $(said issued_at)))" 2592000
tap_is "Ku is the same: the files on the medium stay readable" "$(said medium_key)" \
	"$(opened "$T/r1" "$T/q1" | jq -r .medium_key)"
tap_is "billed" "$(ctl ledger list --json |
	jq -c '.entries[-1] | [.amount, .operation, .sequence]')" '[500,"renew",2]'
ask "$T/q2"
tap_cmp "the renewal again: the same bytes" "$BODY" "$T/r2"
ask "$T/q1"
tap_cmp "the first request again: still the first answer" "$BODY" "$T/r1"
tap_is "four lines" "$(ledger_lines)" 4

# ---- the class that was judged stays ----

# A fixed disk's class, which a client claims for what it has, and brings down by a renewal.
ctl product set Title --lowest-class 2 >/dev/null
mid=$(od -An -v -tx1 -N16 /dev/urandom | tr -d ' \n')
query "$T/q" medium_kind=6 medium_class=2 mid="$mid"
ask "$T/q"
opened "$BODY" "$T/q" >"$T/said"
FIXED=$(said licence)
for medium in "medium_kind=1 medium_class=0" "medium_kind=6 medium_class=1"; do
	# shellcheck disable=SC2086 # two fields
	query "$T/q" op=2 licence="$FIXED" sequence=1 mid="$mid" $medium
	ask "$T/q"
	expect "a renewal as $medium" wrong-terms 409
done
ctl product set Title --lowest-class 3 >/dev/null
query "$T/q" op=2 licence="$FIXED" sequence=1 mid="$mid" medium_kind=6 medium_class=2
ask "$T/q"
expect_ok "the same medium, whatever the title's lowest class is now"
opened "$BODY" "$T/q" >"$T/said"
tap_is "and the terms still name its class" "$(said medium_kind) $(said medium_class)" "6 2"
ctl product set Title --lowest-class 0 >/dev/null

# ---- generations of KM and KU ----

ctl key rotate >/dev/null
tap_is "the next KM" "$(stat -c '%a %s' "$CENTER/keys/km-2.key")" "600 32"
query "$T/q3" op=2 licence="$LICENCE" sequence=2
ask "$T/q3"
expect_ok "a renewal after the rotation, without a restart"
opened "$BODY" "$T/q3" >"$T/said"
tap_is "keeps KM generation 1" "$(said km_generation)" 1
tap_is "and Ku" "$(said medium_key)" "$(opened "$T/r1" "$T/q1" | jq -r .medium_key)"
query "$T/q"
ask "$T/q"
opened "$BODY" "$T/q" >"$T/said"
tap_is "a second licence for the same medium and title keeps it too" "$(said km_generation)" 1
query "$T/q" mid=000102030405060708090a0b0c0d0e0f
ask "$T/q"
opened "$BODY" "$T/q" >"$T/said"
tap_is "another medium: KM generation 2" "$(said km_generation)" 2
tap_is "with Ka of generation 1, as the marker says" "$(said master_medium_key)" \
	"$(jq -r '.keys[0].key' "$T/title.keys")"
ask "$T/q1"
tap_cmp "what was issued before has the same bytes" "$BODY" "$T/r1"
tap_is "KU stays of KM generation 1" "$(ctl user show alice --json | jq -c \
	'[.keys[] | [.generation, .km_generation]]')" '[[1,1]]'
ctl user rotate-key alice >/dev/null
mclreq enrol "$T/alice.pem" "$T/alice.box" center="$IDC" >"$T/again"
post $JSON /v1/enrol "$T/again"
expect_ok "the device fetches the next KU"
mclreq unbox "$T/alice.pem" "$T/alice.box" "$BODY" >"$T/alice.keys"
tap_is "it gets both" "$(jq -c '[.keys[] | [.number, .km_generation]]' "$T/alice.keys")" \
	'[[1,1],[2,2]]'
tap_is "the first is what it was" "$(jq -r '.keys[0].key' "$T/alice.keys")" "$KU"
query "$T/q"
ask "$T/q"
tap_is "a licence issued now needs the new one" "$(opened "$BODY" "$T/q" | jq -c \
	'[.ku_generation, .licence_open]')" '[2,"bad-eku"]'
KU=$(jq -r '.keys[1].key' "$T/alice.keys")
tap_is "and opens with it" "$(opened "$BODY" "$T/q" | jq -r .licence_open)" ok
new_title Title 2
tap_is "a new version: its Ka is of KM generation 2" \
	"$(jq -c '[.keys[0] | .number, .km_generation]' "$T/title.keys")" '[2,2]'

# ---- return ----

lines=$(ledger_lines)
query "$T/q4" op=3 licence="$LICENCE" sequence=3
ask "$T/q4"
expect_ok "a return"
cp "$BODY" "$T/receipt"
opened "$T/receipt" "$T/q4" >"$T/said"
tap_is "a receipt: sequence + 1" "$(said sequence)" 4
tap_is "that ends when it was issued" "$(said not_after)" "$(said issued_at)"
tap_is "and opens nothing" "$(said licence_open) $(said master_key_open)" "bad-eku bad-emid"
tap_is "CS and the wrapped keys are zero" \
	"$(dd if="$T/receipt" bs=1 skip=288 count=112 status=none | tr -d '\0' | wc -c)" 0
tap_is "EMid(Ka) too" \
	"$(dd if="$T/receipt" bs=1 skip=920 count=48 status=none | tr -d '\0' | wc -c)" 0
tap_is "a line of nothing" "$(ctl ledger list --json |
	jq -c '.entries[-1] | [.amount, .operation]')" '[0,"return"]'
ask "$T/q4"
tap_cmp "the return again: the same receipt" "$BODY" "$T/receipt"
tap_is "and one line" "$(ledger_lines)" "$((lines + 1))"
for q in q1 q2 q3; do
	ask "$T/$q"
	expect "what the licence was before ($q)" licence-returned 410
done
query "$T/q" op=3 licence="$LICENCE" sequence=4
ask "$T/q"
expect "another return" licence-returned 410
query "$T/q" op=2 licence="$LICENCE" sequence=4
ask "$T/q"
expect "a renewal of what was returned" licence-returned 410
api "/v1/revocations/$IDC"
tap_is "it is on the revocation list" "$(mclreq list "$BODY" "$CERT" | jq -c '.entries[]')" \
	"$(jq -n -c --arg l "$LICENCE" '{licence: $l, lowest_good: 4, reason: 2}')"

# ---- after a restart ----

query "$T/q5" mid=00112233445566778899aabbccddeeff
ask "$T/q5"
cp "$BODY" "$T/r5"
lines=$(ledger_lines)
kill_center
start_center
ask "$T/q5"
tap_cmp "after SIGKILL: the same bytes" "$BODY" "$T/r5"
ask "$T/q4"
tap_cmp "the same receipt" "$BODY" "$T/receipt"
tap_is "and the same ledger" "$(ledger_lines)" "$lines"
tap_is "the books are balanced: a line for every answer" \
	"$(sql 'SELECT count(*) FROM issues')" "$lines"
tap_is "the ledger can only be appended to" \
	"$(sql 'DELETE FROM ledger' 2>&1 | grep -c append-only)" 1
tap_is "what it says cannot be changed" \
	"$(sql 'UPDATE ledger SET amount = 0' 2>&1 | grep -c append-only)" 1
tap_is "nor the audit log" \
	"$(sql "UPDATE audit SET actor = 'x'" 2>&1 | grep -c append-only)" 1
tap_is "balance" "$(ctl ledger balance --json | jq -c \
	'[.balances[] | [.user_name, .amount, .currency]]')" \
	"[[\"alice\",$(sql 'SELECT sum(amount) FROM ledger'),\"EUR\"]]"
tap_match "the licence as the operator sees it" "$(ctl licence show "$LICENCE")" \
	'^state: returned$'
tap_is "with each sequence number" "$(ctl licence show "$LICENCE" --json |
	jq -c '[.issues[] | [.sequence, .operation]]')" \
	'[[1,"new"],[2,"renew"],[3,"renew"],[4,"return"]]'
