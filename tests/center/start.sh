# SPDX-License-Identifier: GPL-2.0-or-later
#
# The data directory: first start, second start, restart, and what is refused.

. tests/tap.sh
. tests/center/lib-center.sh

refused() {
	_name=$1
	_want=$2
	_words=$3
	shift 3
	tap_status "$_name" "$_want" mclicd "$@"
	tap_err "$_name, and says so" "$_words"
}

hex() {
	od -An -v -tx1 | tr -d ' \n'
}

mode() {
	stat -c %a "$1"
}

set_scene --name "Center of the test"

# ---- what the first start makes ----

tap_is "only the owner may enter the data directory" "$(mode "$CENTER")" 700
tap_is "KM of generation 1: mode" "$(mode "$CENTER/keys/km-1.key")" 600
tap_is "KM of generation 1: 32 bytes" "$(stat -c %s "$CENTER/keys/km-1.key")" 32
tap_is "the signing key is named after IDc" "$(mode "$CENTER/keys/signing-$IDC.key")" 600
tap_is "the signing certificate: mode" "$(mode "$CENTER/keys/signing-$IDC.pem")" 600
tap_is "the database is the owner's" "$(mode "$CENTER/center.db")" 600
tap_is "the key for TLS is the owner's" "$(mode "$CENTER/tls-key.pem")" 600
tap_cmp "the status shows the certificate that is in keys/" \
	"$CENTER/keys/signing-$IDC.pem" "$CERT"
tap_is "IDc is the certificate's Subject Key Identifier" \
	"$(openssl x509 -in "$CERT" -noout -ext subjectKeyIdentifier | tail -n 1 |
		tr -d ' :' | tr A-F a-f)" "$IDC"
tap_is "IDc is the hash of the key" \
	"$({
		printf 'mclic center id v1'
		openssl x509 -in "$CERT" -noout -pubkey | openssl pkey -pubin -outform DER
	} | sha256sum | cut -c 1-32)" "$IDC"
tap_match "3072 bits unless told otherwise" \
	"$(openssl x509 -in "$CERT" -noout -text)" 'Public-Key: \(3072 bit\)'
api /v1/status
tap_is "the status tells the name" "$(jq -r .name "$BODY")" "Center of the test"
for name in localhost 127.0.0.1 ::1; do
	tap_ok "the self-made certificate for TLS is for $name" \
		openssl verify -CAfile "$CENTER_CA" \
		"$(case $name in localhost) echo -verify_hostname ;; *) echo -verify_ip ;; esac)" \
		"$name" "$CENTER_CA"
done
tap_nomatch "no key is in the database" \
	"$(cat "$CENTER/center.db" "$CENTER/center.db-wal" | hex)" \
	"$(head -c 8 "$CENTER/keys/km-1.key" | hex)"
tap_is "no token is in the database" \
	"$(cat "$CENTER/center.db" "$CENTER/center.db-wal" | grep -c -a -F -e "$PRESS" \
		-e "$(jq -r .token "$T/alice.json")")" 0

# ---- a second start ----

refused "a second start on the same directory" 1 'another mclicd serves' \
	--data "$CENTER" --listen 127.0.0.1:0
api /healthz
expect_ok "the first goes on"
tap_is "and says it is well" "$(cat "$BODY")" ok
refused "an address that is taken" 1 'cannot listen' --data "$T/other" \
	--listen "${CENTER_URL#https://}"
tap_ok "and makes no data directory" test ! -e "$T/other"

# ---- restart ----

km=$(sha256sum <"$CENTER/keys/km-1.key")
query "$T/q"
ask "$T/q"
cp "$BODY" "$T/r"
stop_center
tap_is "SIGTERM ends it with status 0" "$CENTER_STATUS" 0
tap_ok "the URL is gone then" test ! -e "$CENTER/listen"
tap_ok "the write-ahead log is written back" test ! -s "$CENTER/center.db-wal"
tap_match "the signal is in the log" "$(cat "$CENTER_LOG")" '"event":"stopping"'
tap_match "the end is in the log, after all that it still answered" \
	"$(tail -n 1 "$CENTER_LOG")" '"event":"stopped"'
tap_is "every line of the log is JSON" "$(jq -c . "$CENTER_LOG" | wc -l)" \
	"$(wc -l <"$CENTER_LOG")"
tap_nomatch "no token is in the log" "$(cat "$CENTER_LOG")" 'mclic-[up]-[0-9a-f]{32}-'
tap_is "without mclicd, mclicctl works too" "$(ctl user list --json | jq -r '.users[0].name')" \
	alice
start_center
tap_is "KM is the same after a restart" "$(sha256sum <"$CENTER/keys/km-1.key")" "$km"
api /v1/status
tap_is "so is the center" "$(jq -r .center "$BODY")" "$IDC"
tap_is "and its name" "$(jq -r .name "$BODY")" "Center of the test"
ask "$T/q"
tap_cmp "a request from before gets the same answer" "$BODY" "$T/r"
stop_center

# ---- keys that are missing or not the right ones ----

mv "$CENTER/keys/km-1.key" "$T/km-1.key"
refused "KM is missing" 1 'km-1.key: cannot open it' --data "$CENTER" --listen 127.0.0.1:0
tap_ok "and no other is made in its place" test ! -e "$CENTER/keys/km-1.key"
head -c 32 /dev/urandom >"$CENTER/keys/km-1.key"
chmod 600 "$CENTER/keys/km-1.key"
refused "KM is another one" 4 'not the key that this database was made with' \
	--data "$CENTER" --listen 127.0.0.1:0
cp "$T/km-1.key" "$CENTER/keys/km-1.key"
chmod 644 "$CENTER/keys/km-1.key"
refused "others may read KM" 3 'chmod 600' --data "$CENTER" --listen 127.0.0.1:0
chmod 600 "$CENTER/keys/km-1.key"
mv "$CENTER/keys/signing-$IDC.key" "$T/signing.key"
refused "the signing key is missing" 1 "signing-$IDC.key" --data "$CENTER" \
	--listen 127.0.0.1:0
mv "$T/signing.key" "$CENTER/keys/signing-$IDC.key"
mv "$CENTER/center.db" "$T/center.db"
refused "the database is missing" 1 'center.db: missing, .*restore it from a backup' \
	--data "$CENTER" --listen 127.0.0.1:0
tap_ok "and no other is made in its place" test ! -e "$CENTER/center.db"
: >"$CENTER/center.db"
refused "the database is empty" 1 'center.db: empty, .*restore it from a backup' \
	--data "$CENTER" --listen 127.0.0.1:0
tap_ok "it stays so" test "$(sql 'SELECT count(*) FROM sqlite_master')" = 0
mv "$T/center.db" "$CENTER/center.db"
chmod 755 "$CENTER"
refused "others may look into the directory" 3 'chmod 700' --data "$CENTER" \
	--listen 127.0.0.1:0
chmod 700 "$CENTER"
sql 'PRAGMA user_version = 99' >/dev/null
refused "a database of a later release" 1 'version 99' --data "$CENTER" --listen 127.0.0.1:0
tap_status "mclicctl refuses it too" 1 ctl user list
sql 'PRAGMA user_version = 1' >/dev/null

# ---- how it is told to serve ----

refused "plain HTTP for everybody" 3 'only on a loopback address' --data "$T/none" \
	--plain-http --listen 0.0.0.0:0
refused "plain HTTP for everybody, IPv6" 3 'only on a loopback address' --data "$T/none" \
	--plain-http --listen '[::]:0'
refused "no directory" 2 'data DIR is needed' --listen 127.0.0.1:0
for address in nonsense 127.0.0.1 127.0.0.1: 127.0.0.1:x 127.0.0.1:70000 :80 ::1:80; do
	refused "no address: '$address'" 2 'ADDR:PORT' --data "$T/none" --listen "$address"
done
refused "a name that is none" 2 'control characters' --data "$T/none" --listen 127.0.0.1:0 \
	--name "$(printf 'a\tb')"
for bits in 1024 8192 2049 x ''; do
	refused "a key of '$bits' bits" 2 'rsa-bits' --data "$T/none" --rsa-bits "$bits"
done
refused "half a pair for TLS" 2 'CERT,KEY' --data "$T/none" --tls "$CENTER_CA"
tap_ok "none of these makes a data directory" test ! -e "$T/none"
refused "a pair that is none" 1 'is not the key of' --data "$T/other" --listen 127.0.0.1:0 \
	--tls "$CENTER_CA,$CENTER/keys/signing-$IDC.key"
refused "a pair that is not there" 1 'No such file' --data "$T/other" --listen 127.0.0.1:0 \
	--tls "$T/no.pem,$T/no.key"
tap_ok "and neither makes a data directory" test ! -e "$T/other"

start_center --plain-http
tap_match "plain HTTP on loopback, when asked" "$CENTER_URL" '^http://127\.0\.0\.1:[0-9]+$'
api /healthz
expect_ok "it serves"
stop_center

for address in 127.9.8.7 0.0.0.0; do
	CENTER=$T/$address
	start_center --rsa-bits 2048 --listen $address:0
	stop_center
done
tap_ok "the self-made certificate names the address it listens on" \
	openssl verify -CAfile "$T/127.9.8.7/tls-cert.pem" -verify_ip 127.9.8.7 \
	"$T/127.9.8.7/tls-cert.pem"
tap_nomatch "but not the wildcard" "$(openssl x509 -in "$T/0.0.0.0/tls-cert.pem" -noout -text)" \
	'IP Address:0\.0\.0\.0'
CENTER=$T/center

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/own.key" -out "$T/own.pem" -days 2 \
	-subj /CN=own -addext subjectAltName=IP:127.0.0.1 2>/dev/null
start_center --tls "$T/own.pem,$T/own.key"
CENTER_CA=$T/own.pem
api /healthz
expect_ok "the operator's own pair for TLS"
tap_nomatch "TLS 1.1 is refused" "$(echo | openssl s_client -tls1_1 -cipher DEFAULT@SECLEVEL=0 \
	-connect "${CENTER_URL#https://}" 2>&1)" 'Protocol *: TLSv1.1.*Cipher *: [A-Z]+-'
tap_match "TLS 1.3 is served" "$(echo | openssl s_client -tls1_3 \
	-connect "${CENTER_URL#https://}" 2>&1)" 'TLSv1.3'
stop_center
