# SPDX-License-Identifier: GPL-2.0-or-later
# mclic enrol, trust and update: whom this machine believes, and what it keeps.

. tests/tap.sh

start_center
operator() {
	mclicctl --data "$CENTER" "$@"
}
operator user add alice --json >"$T/alice.json" || tap_bail "no user"
TOKEN=$(jq -r .token "$T/alice.json")
IDC=$(printf '%s' "$TOKEN" | cut -c 9-40)
printf '%s\n' "$TOKEN" >"$T/token"
CONF=$XDG_CONFIG_HOME/mclic
enrol() {
	mclic enrol "$CENTER_URL" --cacert "$CENTER_CA" --token "$@"
}
another_machine() {
	HOME=$T/$1
	XDG_CONFIG_HOME=$HOME/.config
	XDG_STATE_HOME=$HOME/.local/state
	export HOME XDG_CONFIG_HOME XDG_STATE_HOME
	mkdir -p "$HOME"
}

# ---- refused ----

OTHER=$(printf '%s' "$TOKEN" | sed "s/$IDC/00112233445566778899aabbccddeeff/")
tap_status "a token of another center is refused" 3 enrol "$OTHER"
tap_err "... because this is not its center" "another license center"
tap_status "an unknown token is refused" 3 \
	enrol "mclic-u-$IDC-00112233445566778899aabbccddeeff"
tap_status "TLS is checked" 3 mclic enrol "$CENTER_URL" --token "@$T/token"
tap_status "plain HTTP to elsewhere is refused" 3 mclic enrol http://192.0.2.1 --token "@$T/token"
tap_ok "nothing of that is kept" test ! -e "$CONF/accounts/$IDC.json"
tap_ok "... also no user key" sh -c '! ls "$1" 2>/dev/null | grep -q .' - "$CONF/user-keys"

# ---- enrolled ----

tap_ok "a token from a file" enrol "@$T/token" --json
tap_is "the user is the token's" "$(jq -r .user_name "$OUT")" alice
tap_is "the center is pinned" "$(jq -r .center "$OUT")" "$IDC"
USER=$(jq -r .user "$OUT")
for f in "device.key" "user-keys/$IDC-$USER-1.key" "accounts/$IDC.json"; do
	tap_is "$f is for its owner alone" "$(stat -c %a "$CONF/$f")" 600
done
KEY=$(od -An -v -tx1 "$CONF/user-keys/$IDC-$USER-1.key" | tr -d ' \n')
tap_is "the user key is 32 bytes" ${#KEY} 64
tap_nomatch "the account holds no token" "$(cat "$CONF/accounts/$IDC.json")" "$TOKEN"
tap_ok "the TLS certificate is kept" cmp "$CENTER_CA" "$CONF/cacerts/$IDC.pem"
tap_ok "the center's certificate is trusted" mclic trust list --json
tap_is "... under its id" "$(jq -r '.[0].center' "$OUT")" "$IDC"
tap_ok "the same token again on the same machine" enrol "@$T/token"
tap_is "... gets the same user key" \
	"$(od -An -v -tx1 "$CONF/user-keys/$IDC-$USER-1.key" | tr -d ' \n')" "$KEY"
tap_ok "--token -" sh -c 'mclic enrol "$1" --cacert "$2" --token - <"$3"' - \
	"$CENTER_URL" "$CENTER_CA" "$T/token"

# The token must not stand in the process list while the center takes its time.
tap_is "no file of mclic is half written" "$(find "$HOME" -name '.mclic-*' -o -name '*.pem' -path '*enrol-*')" ""

# ---- refresh ----

tap_ok "refresh without a token" mclic enrol --refresh --json
tap_is "... nothing newer yet" "$(jq .ku_generation "$OUT")" 1
operator user rotate-key alice >"$T/rotated" || tap_bail "no rotation"
tap_ok "refresh after the operator opened the next generation" mclic enrol --refresh --json
tap_is "... gets it" "$(jq .ku_generation "$OUT")" 2
tap_ok "... the older key stays" test -s "$CONF/user-keys/$IDC-$USER-1.key"
tap_ok "... beside the newer" test -s "$CONF/user-keys/$IDC-$USER-2.key"

# ---- a center that is none: it has the certificate, and an answer to somebody else's request ----

"$B/tests/tools/mclreq" enrol "$CONF/device.key" "$T/box" center="$IDC" >"$T/ask.json" ||
	tap_bail "no request"
curl -sf --cacert "$CENTER_CA" -H 'Content-Type: application/json' --data-binary "@$T/ask.json" \
	-o "$T/replay.json" "$CENTER_URL/v1/enrol" || tap_bail "no answer to replay"
curl -sf --cacert "$CENTER_CA" -o "$T/status.json" "$CENTER_URL/v1/status"
cat >"$T/impostor.pl" <<-'END'
	use IO::Socket::INET;
	my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
	open my $p, ">", "$ARGV[0]/port.new" or die;
	print $p $s->sockport;
	close $p;
	rename "$ARGV[0]/port.new", "$ARGV[0]/port";
	while (my $c = $s->accept) {
		my ($what, $len) = (scalar <$c>, 0);
		while (<$c>) {
			last if $_ eq "\r\n";
			$len = $1 if /^content-length: (\d+)/i;
		}
		read $c, my $body, $len;
		my $file = $what =~ /status/ ? "status" : "replay";
		open my $f, "<:raw", "$ARGV[0]/$file.json" or die;
		my $json = do { local $/; <$f> };
		printf $c "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
			length $json, $json;
		close $c;
	}
	END
perl "$T/impostor.pl" "$T" 2>"$T/impostor.err" &
at_end "kill $!"
poll 10 test -s "$T/port" || tap_bail "no impostor"
tap_status "an answer made for another exchange is refused" 1 \
	mclic enrol --refresh "http://127.0.0.1:$(cat "$T/port")"
tap_err "... as that" "another enrolment"
jq -c '.enrolment |= sub("alice"; "mallory")' "$T/replay.json" >"$T/changed.json"
mv "$T/changed.json" "$T/replay.json"
tap_status "an answer that was changed is refused" 3 \
	mclic enrol --refresh "http://127.0.0.1:$(cat "$T/port")"
tap_err "... as not the center's" "not signed by the license center"
tap_match "nothing of it is kept" "$(cat "$CONF/accounts/$IDC.json")" "\"$CENTER_URL\""

# ---- update ----

tap_ok "update" mclic update --json
tap_is "... stores a list" "$(jq -r '.[0].newer' "$OUT")" true
tap_ok "update again" mclic update --json
tap_is "... nothing newer" "$(jq -r '.[0].newer' "$OUT")" false
tap_ok "trust list shows it" mclic trust list
tap_out "... with its number" "revocation list [0-9]+ of"

# ---- trust ----

cp "$CONF/centers/$IDC.pem" "$T/center.pem"
tap_ok "trust remove" mclic trust remove "$IDC"
tap_ok "... then none is trusted" mclic trust list --json
tap_is "... at all" "$(jq length "$OUT")" 0
tap_is "... its revocation list is gone too" "$(ls "$XDG_STATE_HOME/mclic/revocations")" ""
tap_is "... so there is nothing to warn about" "$(cat "$ERR")" ""
tap_status "trust remove of one that is not there" 1 mclic trust remove "$IDC"
tap_status "trust remove of what is no id" 2 mclic trust remove center
tap_ok "trust add" mclic trust add "$T/center.pem"
tap_out "... says which center" "added $IDC"
tap_status "trust add of another certificate" 1 mclic trust add "$CENTER_CA"
tap_status "trust add of no certificate" 1 mclic trust add COPYING
tap_ok "... they are not trusted" mclic trust list --json
tap_is "... only the center is" "$(jq length "$OUT")" 1
cp COPYING "$CONF/centers/text.pem"
tap_ok "a file that is no certificate" mclic trust list --json
tap_err "... is named" "text.pem: no X.509 certificate"
tap_is "... and passed over" "$(jq length "$OUT")" 1
rm "$CONF/centers/text.pem"
tap_ok "without it" mclic trust list
tap_is "... there is nothing to warn about" "$(cat "$ERR")" ""

# ---- for all users of a machine, in /etc (an empty one, seen by these commands alone) ----

if is_root; then
	cat >"$T/system.sh" <<-'END'
		mount -t tmpfs none /etc && unset HOME XDG_CONFIG_HOME XDG_STATE_HOME
		HOME=$1/nobody
		export HOME
		mkdir "$HOME"
		mclic trust add --system "$1/center.pem" && mclic trust list --json &&
			mclic trust remove --system "$2" && mclic trust list --json
		END
	tap_ok "trust add and remove --system" unshare --mount sh "$T/system.sh" "$T" "$IDC"
	tap_match "... in /etc, for every user" "$(cat "$OUT")" '"path": "/etc/mclicfs/centers.d/'
	tap_match "... and gone again" "$(tail -n 1 "$OUT")" '^\[\]'
else
	tap_status "trust add --system needs root" 3 mclic trust add --system "$T/center.pem"
fi

# ---- another machine ----

another_machine second
tap_status "the same token on another machine is refused" 3 enrol "@$T/token"
tap_err "... because it is used" "token"
tap_status "refresh where nobody is enrolled" 1 mclic enrol --refresh
operator user token alice --json >"$T/second.json"
tap_ok "with a token of its own it is enrolled" enrol "$(jq -r .token "$T/second.json")"
tap_cmp "... and has the same user key" "$T/home/.config/mclic/user-keys/$IDC-$USER-1.key" \
	"$XDG_CONFIG_HOME/mclic/user-keys/$IDC-$USER-1.key"
DEVICE=$(operator device list --json | jq -r '.devices[-1].device')
operator device revoke "$DEVICE" >"$T/revoked"
tap_status "a revoked device is refused" 3 mclic enrol --refresh
tap_err "... and told so" "revoked"
