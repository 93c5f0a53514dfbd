# SPDX-License-Identifier: GPL-2.0-or-later
# What a center that is none, or is broken, says of a title: nothing is asked for then.

. tests/tap.sh
. tests/mclic/lib-shop.sh

scene
curl -sf --cacert "$CENTER_CA" -o "$T/good.json" "$CENTER_URL/v1/products/$DID1" ||
	tap_bail "no offer"
cat >"$T/center.pl" <<-'END'
	use IO::Socket::INET;
	my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
	open my $p, ">", "$ARGV[0]/port.new" or die;
	print $p $s->sockport;
	close $p;
	rename "$ARGV[0]/port.new", "$ARGV[0]/port";
	while (my $c = $s->accept) {
		my $what = <$c>;
		open my $asked, ">>", "$ARGV[0]/asked" or die;
		print $asked $what;
		close $asked;
		while (<$c>) {
			last if $_ eq "\r\n";
		}
		open my $f, "<:raw", "$ARGV[0]/offer.json" or die;
		my $json = do { local $/; <$f> };
		printf $c "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
			length $json, $json;
		close $c;
	}
	END
perl "$T/center.pl" "$T" 2>"$T/center.err" &
at_end "kill $!"
poll 10 test -s "$T/port" || tap_bail "no center"
sed -i "s|https://[^\"]*|http://127.0.0.1:$(cat "$T/port")|" "$XDG_CONFIG_HOME"/mclic/accounts/*.json

bad() {	# NAME JQ-PROGRAM: the offer changed so is refused
	jq -c "$2" "$T/good.json" >"$T/offer.json"
	tap_status "an offer $1 is refused" 1 copy
	tap_err "... as that" "says of the title is not usable; nothing was asked for"
}
for member in publisher price title publisher_name currency; do
	bad "without $member" "del(.$member)"
	bad "with a list for $member" ".$member = []"
done
bad "of a publisher that is no id" '.publisher = "press"'
for member in title publisher_name currency; do
	bad "with orders to the terminal in $member" ".$member = \"\\u001b[2J\""
done
bad "with a price that is a text" '.price = "1999"'
bad "with half a price" '.price = 19.5'
bad "that is a list" '[.]'
echo "{" >"$T/offer.json"
tap_status "what is no JSON is refused" 1 copy
tap_err "... as that" "is not usable"
jq -c '.publisher = "00112233445566778899aabbccddeeff"' "$T/good.json" >"$T/offer.json"
tap_status "an offer of another publisher is refused" 3 copy
tap_err "... as that" "another publisher"
tap_is "the title was looked up, and nothing else" "$(cut -d ' ' -f 1,2 "$T/asked" | sort -u)" \
	"GET /v1/products/$DID1"
tap_ok "not one byte is copied" nothing_copied
