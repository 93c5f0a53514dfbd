# SPDX-License-Identifier: GPL-2.0-or-later
#
# mclicctl: what it does, prints and refuses, with JSON everywhere; and strings that a
# database might trip over, from operator and clients alike.

. tests/tap.sh
. tests/center/lib-center.sh

set_scene

# ---- users and devices ----

tap_ok "a user with an address" ctl user add bob --email bob@example.org
tap_out "the token is printed" "^token: mclic-u-$IDC-[0-9a-f]{32}\$"
tap_status "a user of that name is there" 1 ctl user add bob
tap_err "and says so" 'bob: there is a user of this name'
tap_ok "users, as a table" ctl user list
tap_out "with a head" '^USER +NAME +EMAIL'
tap_out "and bob" 'bob +bob@example.org'
to_full() { ctl "$@" >/dev/full; }
tap_status "users, to a disk that is full" 1 to_full user list
tap_err "is no success" "cannot write to standard output"
tap_is "users, as JSON" "$(ctl user list --json | jq -c '[.users[].name]')" '["alice","bob"]'
tap_is "a user by id" "$(ctl user show "$USER" --json | jq -r .name)" alice
tap_status "no such user" 1 ctl user show nobody
tap_err "and how to find one" 'mclicctl user list'
tap_is "an error as JSON" "$(ctl user show nobody --json | jq -c '.error | [.errno, .status]')" \
	'["ENOENT",1]'
tap_ok "devices of a user" ctl device list --user alice
tap_out "the one enrolled" "^$(mclreq id "$T/alice.pem") +alice"
tap_is "none of the other" "$(ctl device list --user bob --json | jq -c .devices)" '[]'
tap_status "no such device" 1 ctl device revoke "$IDC"
tap_status "no device at all" 2 ctl device revoke xyz
tap_ok "a device is revoked" ctl device revoke "$(mclreq id "$T/alice.pem")"
tap_isnt "and that is shown" "$(ctl device list --json | jq .devices[0].revoked_at)" null
lines=$(ctl audit list --json | jq '.entries | length')
tap_status "a device is revoked once" 1 ctl device revoke "$(mclreq id "$T/alice.pem")"
tap_err "and says so" 'is revoked already'
tap_is "and is in the audit log once" "$(ctl audit list --json | jq '.entries | length')" "$lines"
sql "UPDATE devices SET revoked_at = NULL"

# ---- titles and money ----

tap_ok "a price" ctl product set Title --price 19.99 --currency EUR
tap_out "is shown as money" '^price: 19.99 EUR$'
tap_is "and is an integer" "$(ctl product show Title --json | jq .price)" 1999
tap_ok "yen have no decimal places" ctl product set Title --price 1500 --currency JPY
tap_is "1500 yen" "$(ctl product show Title --json | jq -c '[.price, .currency]')" '[1500,"JPY"]'
tap_ok "dinars of Kuwait have three" ctl product set Title --price 1.234 --currency KWD
tap_is "1234 fils" "$(ctl product show Title --json | jq .price)" 1234
for price in 1.2345 -1 1e3 1,50 abc ''; do
	tap_status "no price: '$price'" 2 ctl product set Title "--price=$price"
done
tap_status "no currency" 2 ctl product set Title --price 1 --currency XXX
tap_status "a currency without a price" 2 ctl product set Title --currency EUR
tap_is "nothing of that was recorded" "$(ctl product show Title --json |
	jq -c '[.price, .currency]')" '[1234,"KWD"]'
tap_status "nothing to set" 2 ctl product set Title
for class in 4 9 -1 x ''; do
	tap_status "a class that is none: '$class'" 2 ctl product set Title --lowest-class "$class"
done
tap_status "also where no title is" 2 ctl product set Nothing --lowest-class 9
for period in -1 36501 1y 1.5; do
	tap_status "a period that is none: '$period'" 2 ctl product set Title --period-days "$period"
done
tap_is "as JSON" "$(ctl product set Title --lowest-class 9 --json | jq .error.status)" 2
tap_status "a kind that is none" 2 ctl product set Title --kinds transferable
tap_ok "everything at once" ctl product set "$DID" --price 5 --currency EUR --period-days 7 \
	--lowest-class 3 --kinds personal --json
tap_is "is shown to clients" "$(api "/v1/products/$DID"; jq -c \
	'[.price, .currency, .period_days, .lowest_class, .kinds, .on_sale]' "$BODY")" \
	'[500,"EUR",7,3,["personal"],true]'
tap_is "the list of clients" "$(api /v1/products; jq -c '[.products[].title]' "$BODY")" '["Title"]'
tap_ok "a second version" new_title Title 2
ctl product set "$DID" --kinds personal,portable >/dev/null
tap_ok "titles, as a table" ctl product list
tap_out "kinds are words" ' portable,personal +yes$'
tap_ok "a title, for people" ctl product show Title
tap_out "kinds are words there too" '^kinds: portable,personal$'
tap_is "versions are a list" "$(grep -c '^versions:$' "$OUT") $(
	grep -c '^  - content_version: [12]$' "$OUT") $(
	grep -c '^    km_generation: 1$' "$OUT")" "1 2 2"
tap_ok "withdrawn" ctl product withdraw Title
tap_is "it is not in their list" "$(api /v1/products; jq -c .products "$BODY")" '[]'
tap_is "but has its address" "$(api "/v1/products/$DID"; jq -c .on_sale "$BODY")" false
tap_status "no such title" 1 ctl product sell Nothing
rival=$(ctl publisher add rival --json | jq -r .token)
mclreq register "$T/rival.pem" "$T/rival.box" center="$IDC" title=Title >"$T/q"
post $JSON /v1/products "$T/q" -H "Authorization: Bearer $rival"
tap_status "a title that two publishers have" 1 ctl product sell Title
tap_err "is named by its DID" 'several publishers'
tap_ok "then it is one" ctl product sell "$DID"
ctl product set "$DID" --lowest-class 0 --kinds portable,personal >/dev/null

# ---- licences ----

query "$T/q"
ask "$T/q"
LICENCE=$(opened "$BODY" "$T/q" | jq -r .licence)
tap_ok "licences of a user" ctl licence list --user alice
tap_out "the one issued" "^$LICENCE +alice +Title +personal +1 .* issued\$"
tap_is "none of the other" "$(ctl licence list --user bob --json | jq -c .licences)" '[]'
before=$(api "/v1/revocations/$IDC"; mclreq list "$BODY" "$CERT" | jq .number)
tap_ok "a licence, for people" ctl licence show "$LICENCE"
tap_out "one of a week ends" '^    not_after: 2[0-9]{3}-'
ctl product set "$DID" --period-days 0 >/dev/null
query "$T/q" mid=random
ask "$T/q"
tap_ok "one for ever" ctl licence show "$(opened "$BODY" "$T/q" | jq -r .licence)"
tap_out "does not" '^    not_after: -$'
tap_ok "revoked, with a reason" ctl licence revoke "$LICENCE" --reason "chargeback, 2nd"
api "/v1/revocations/$IDC"
tap_is "the list has it, under the next number" \
	"$(mclreq list "$BODY" "$CERT" | jq -c '[.number, .entries[0].licence, .entries[0].reason,
		.entries[0].lowest_good]')" "[$((before + 1)),\"$LICENCE\",1,2]"
tag=$(sed -n 's/^[Ee][Tt]ag: *\(".*"\).*/\1/p' "$HEAD")
api "/v1/revocations/$IDC" -H "If-None-Match: $tag"
tap_is "unchanged: 304" "$STATUS" 304
api "/v1/revocations/$IDC" -H 'If-None-Match: *'
tap_is "any will do: 304" "$STATUS" 304
api "/v1/revocations/$IDC" -H 'If-None-Match: "0"'
tap_is "changed: 200" "$STATUS" 200
tap_status "revoked once" 1 ctl licence revoke "$LICENCE"
tap_err "and says so" 'is revoked already'
tap_status "no such licence" 1 ctl licence revoke "$IDC"
tap_match "the audit log has the reason" "$(ctl audit list)" \
	"operator .* +licence revoked +$LICENCE +.*chargeback, 2nd"
tap_match "and who asked for the licence" "$(ctl audit list)" \
	"$(mclreq id "$T/alice.pem") +licence issued +$LICENCE"
tap_match "and who enrolled" "$(ctl audit list)" \
	"$(mclreq id "$T/alice.pem") +device enrolled +$USER"

# ---- the command line ----

tap_status "no command" 2 ctl
tap_status "one word" 2 ctl user
tap_status "no such command" 2 ctl user delete
tap_status "an argument that is missing" 2 ctl user add
tap_status "one too many" 2 ctl user list alice
tap_status "an option of another command" 2 ctl user list --price 1
tap_status "no directory" 2 mclicctl user list
tap_status "a directory without a center" 1 mclicctl --data "$T" user list
tap_err "says what to do" 'start mclicd'
tap_ok "--help" mclicctl --help
tap_out "lists the commands" '^  key +rotate'
tap_ok "--version" mclicctl --version
tap_out "and its name" '^mclicctl [0-9]'

# ---- strings ----

# Each is a name, a title and a token; none may be more than that.
n=0
tables=$(sql "SELECT group_concat(name) FROM sqlite_master ORDER BY name")
while read -r evil; do
	n=$((n + 1))
	tap_ok "user $n: $evil" ctl user add "$evil" --email "$evil"
	tap_is "user $n is what was typed" "$(ctl user show "$evil" --json |
		jq -r '.name + "/" + .email')" "$evil/$evil"
	tap_ok "token of user $n" ctl user token "$evil"
	ctl publisher add "$evil" >/dev/null
	tap_is "publisher $n" "$(ctl publisher list --json | jq -r --arg n "$evil" \
		'.publishers[] | select(.name == $n).name')" "$evil"
	mclreq register "$T/press.pem" "$T/press.box" center="$IDC" title="$evil" >"$T/q"
	post $JSON /v1/products "$T/q" -H "Authorization: Bearer $PRESS"
	tap_is "title $n" "$(jq -r '.registration | fromjson | .title' "$BODY")" "$evil"
	tap_ok "title $n is found by its name" ctl product sell "$evil"
	mclreq enrol "$T/x.pem" "$T/x.box" center="$IDC" token="$evil" >"$T/q"
	post $JSON /v1/enrol "$T/q"
	expect "token $n" bad-token 401
	api /v1/products -X POST -H "Authorization: Bearer $evil" -H "Content-Type: $JSON" \
		--data-binary "@$T/register"
	expect "bearer $n" bad-token 401
done <<'STRINGS'
'; DROP TABLE users; --
" OR ""=""
x' UNION SELECT token_hash FROM publishers --
%s%n%x
\'; SELECT 1
../../etc/passwd
${HOME} $(id) `id`
Ünïcödé ☃ 書
<script>alert(1)</script>
NULL
?1
STRINGS
tap_is "all tables are there" "$(sql "SELECT group_concat(name) FROM sqlite_master ORDER BY name")" \
	"$tables"
tap_status "a licence that is none" 2 ctl licence show xyz
tap_status "a name with a control character" 2 ctl user add "$(printf 'a\033[31m')"
tap_status "a name that is not UTF-8" 2 ctl user add "$(printf 'a\377')"
tap_status "an empty name" 2 ctl user add ''
tap_status "a name without end" 2 ctl user add "$(head -c 200 /dev/zero | tr '\0' a)"

# ---- while mclicd runs, and beside another ----

for i in 1 2 3 4 5 6 7 8; do
	ctl key rotate --json >"$T/rotate.$i" &
	rotating="${rotating:-} $!"
done
# shellcheck disable=SC2086 # numbers
wait $rotating
tap_is "eight rotations at once: eight generations" \
	"$(cat "$T"/rotate.* | jq .generation | sort -n | tr '\n' ' ')" "2 3 4 5 6 7 8 9 "
tap_is "each with a key of its own" "$(cat "$CENTER"/keys/km-*.key | wc -c) $(
	sha256sum "$CENTER"/keys/km-*.key | cut -c 1-64 | sort -u | wc -l)" "288 9"
tap_is "key list" "$(ctl key list --json | jq -c '[.keys[].generation | numbers]')" \
	'[1,2,3,4,5,6,7,8,9]'
tap_ok "key list, for people" ctl key list
tap_out "names the center" "^signing .* $IDC\$"
stop_center
start_center
api /healthz
expect_ok "and it starts again with all of them"
