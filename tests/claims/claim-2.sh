# SPDX-License-Identifier: GPL-2.0-or-later
# Claim 2: the center. CS by encrypting both identifiers with KEYc (14, 21, 22), and KEYc
# encrypted with the user key KU (15). Everything recomputed with the openssl command.

. tests/media/fake-sysfs.sh
media_enter "$0" "$@"
. tests/tap.sh
. tests/claims/lib-scene.sh

scene
tap_ok "a request" mclic request "$MASTER" "$TITLE1" "$MEDIUM" -o "$T/r.mclreq"
tap_ok "is answered" curl -sf --cacert "$CENTER_CA" --data-binary "@$T/r.mclreq" \
	-H 'Content-Type: application/vnd.mclic.request' -o "$T/r.mclres" \
	"$CENTER_URL/v1/licences"
tap_ok "with a response" mclic import "$T/r.mclres" "$MEDIUM"
licensed || tap_bail "no licence on the medium"
R=$T/r.mclres
tap_is "the response carries the slot" "$(hex "$R" 16 904)" "$(hex "$SLOT" 0 904)"
tap_is "the first identifier is the title's" "$(hex "$R" 32 16)" "$DID1"
tap_is "the second is bound in by its tag" "$(hex "$R" 48 16)" \
	"$(id16 "$(text_hex "mclic medium tag v1")$MID")"
tap_is "CS is made with KEYc from both" "$(hex "$R" 288 16)" "$(cmac "$KEYC" "$T_HEX")"

# The loop of FIG. 5 with its XOR (21) and its encryption unit (22), block by block
ecb() {
	unhex "$2" >"$T/ecb.in"
	openssl enc -aes-256-ecb -nopad -K "$1" -in "$T/ecb.in" | od -An -v -tx1 | tr -d ' \n'
}
xor() {
	perl -e 'print unpack q(H*), pack(q(H*), $ARGV[0]) ^ pack(q(H*), $ARGV[1])' "$1" "$2"
}
double() {
	perl -e '
		my $b = unpack q(B*), pack q(H*), shift;
		my $d = pack q(B*), substr($b, 1) . "0";
		vec($d, 15, 8) ^= 0x87 if $b =~ /^1/;
		print unpack q(H*), $d' "$1"
}
SUBKEY=$(double "$(ecb "$KEYC" 00000000000000000000000000000000)")
LOOP=00000000000000000000000000000000
for n in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	block=$(printf '%s' "$T_HEX" | cut -c $((n * 32 + 1))-$((n * 32 + 32)))
	[ $n != 15 ] || block=$(xor "$block" "$SUBKEY")
	LOOP=$(ecb "$KEYC" "$(xor "$LOOP" "$block")")
done
tap_is "SIDi is the first block of FIG. 5's loop, IDk the second" \
	"$(printf '%s' "$T_HEX" | cut -c 1-64)" "$DID1$MID"
tap_is "and the loop, block by block, ends in CS" "$LOOP" "$(hex "$R" 288 16)"

WRAP=$(kdf "$KU" "mclic EKU" "$MID$T_HASH")
tap_is "KEYc comes encrypted with KU" "$(gcm_ctr "$WRAP" "$(hex "$R" 304 32)")" "$KEYC"
tap_nomatch "and never bare" "$(hex "$R" 0 1024)" "$KEYC"
