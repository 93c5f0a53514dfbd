# SPDX-License-Identifier: GPL-2.0-or-later
#
# What core computes, computed again by the openssl command: SHA-256, AES-256-CMAC,
# AES-256-GCM, the key schedule's KDF (SP 800-108) and, from them, the certificate code of a
# licence.

. tests/tap.sh

compute=$B/tests/vectors/compute
message=6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51
message=${message}30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710
key=603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4
zeros=0000000000000000000000000000000000000000000000000000000000000000

lower() {
	tr -d ':\n' | tr A-F a-f
}

unhex() {
	printf '%s' "$1" | perl -ne 'print pack("H*", $_)'
}

openssl_sha256() {
	unhex "$1" | openssl dgst -sha256 -r | cut -d' ' -f1
}

openssl_cmac() {
	unhex "$2" >"$T/data"
	openssl mac -cipher AES-256-CBC -macopt "hexkey:$1" -in "$T/data" CMAC | lower
}

openssl_kdf() {
	openssl kdf -keylen 32 -kdfopt mac:CMAC -kdfopt cipher:AES-256-CBC \
		-kdfopt "hexkey:$1" -kdfopt "salt:$2" -kdfopt "hexinfo:$3" KBKDF | lower
}

# The command has no GCM but its two halves: the tag of an empty text, and counter mode,
# which starts from 2 (SP 800-38D, 7.1).
openssl_gmac() {
	unhex "$3" >"$T/data"
	openssl mac -cipher AES-256-GCM -macopt "hexkey:$1" -macopt "hexiv:$2" \
		-in "$T/data" GMAC | lower
}

openssl_ctr() {
	unhex "$3" | openssl enc -aes-256-ctr -K "$1" -iv "${2}00000002" | od -An -v -tx1 | tr -d ' \n'
}

# Around a block's edges: nothing, a block less one, a block, a block and one, ...
for len in 0 1 15 16 17 31 32 40 48 63 64; do
	data=
	[ $len = 0 ] || data=$(printf '%s' "$message" | cut -c1-$((len * 2)))
	tap_is "SHA-256 of $len bytes" "$("$compute" sha256 "$data")" "$(openssl_sha256 "$data")"
	tap_is "CMAC of $len bytes" "$("$compute" cmac $key "$data")" "$(openssl_cmac $key "$data")"
done

# Published: SP 800-38B, D.3, examples 9 to 12
tap_is "SP 800-38B, no bytes" "$("$compute" cmac $key "")" 028962f61b7bf89efc6b551f4667d983
tap_is "SP 800-38B, 16 bytes" "$("$compute" cmac $key "$(echo $message | cut -c1-32)")" \
	28a7023f452e8f82bd4bf28d8c37c35c
tap_is "SP 800-38B, 40 bytes" "$("$compute" cmac $key "$(echo $message | cut -c1-80)")" \
	aaf3d8f1de5640c232f5b169b9c911e6
tap_is "SP 800-38B, 64 bytes" "$("$compute" cmac $key $message)" e1992190549f6ed5696a2c056c315410

# Nonces as wraps and blocks have them, and all ones; additional data up to the terms' 256
aad=$message$message$message$message
for k in $zeros $key; do
	for nonce in 000000000000000000000000 000000000000000000000001 cafebabefacedbaddecaf888 \
		ffffffffffffffffffffffff; do
		for len in 0 1 15 16 17 48 255 256; do
			data=
			[ $len = 0 ] || data=$(printf '%s' "$aad" | cut -c1-$((len * 2)))
			tap_is "GCM of $len bytes beside no text, key $(echo $k | cut -c1-4), nonce $nonce" \
				"$("$compute" seal $k $nonce "$data" "")" "$(openssl_gmac $k $nonce "$data")"
		done
		tap_is "GCM's text, key $(echo $k | cut -c1-4), nonce $nonce" \
			"$("$compute" seal $k $nonce "$aad" $message | cut -c1-128)" \
			"$(openssl_ctr $k $nonce $message)"
	done
done

# Every label of the key schedule, with contexts as long as it uses
for label in "mclic KU" "mclic Ka" "mclic Ku" "mclic KEYc" "mclic EKU" "mclic EMid" \
	"mclic EMid Ka" "mclic file" "mclic file mac"; do
	for len in 20 32 48; do
		context=$(printf '%s' "$message" | cut -c1-$((len * 2)))
		tap_is "KDF \"$label\", context of $len bytes" \
			"$("$compute" kdf $key "$label" "$context")" \
			"$(openssl_kdf $key "$label" "$context")"
	done
done
tap_is "KDF under a key of zeros" "$("$compute" kdf $zeros "mclic EKU" $message)" \
	"$(openssl_kdf $zeros "mclic EKU" $message)"

# The certificate code of world.h's licence: KM is 0x11 + 7 i, the licence id 0x88 + 7 i
series() {
	perl -e 'printf "%02x", ($ARGV[0] + 7 * $_) % 256 for 0 .. $ARGV[1] - 1' "$1" "$2"
}
for kind in 1 2; do
	"$compute" licence $kind >"$T/licence"
	read -r terms cs <"$T/licence"
	keyc=$(openssl_kdf "$(series 17 32)" "mclic KEYc" "$(series 136 16)01000000")
	tap_is "CS of a licence of kind $kind" "$cs" "$(openssl_cmac "$keyc" "$terms")"
done
