# SPDX-License-Identifier: GPL-2.0-or-later
# mclic's command line: help, version, usage errors, exit status, JSON errors.

. tests/tap.sh

COMMANDS="enrol trust info format list copy request import install renew return update verify
	rescue selftest"

tap_status "no command: usage" 2 mclic
tap_status "an unknown command: usage" 2 mclic frobnicate
tap_err "... named" "frobnicate"
tap_ok "--help" mclic --help
for c in $COMMANDS; do
	tap_match "--help lists $c" "$(cat "$OUT")" "^  $c "
done
tap_ok "--version" mclic --version
tap_out "... is the release" "^mclic [0-9]"
for c in $COMMANDS; do
	tap_ok "$c --help" mclic "$c" --help
	tap_out "... shows its usage" "^Usage: mclic $c"
	tap_status "$c with an unknown option" 2 mclic "$c" --no-such-option
done
for c in info list copy request import install renew return verify rescue enrol trust format; do
	tap_status "$c without arguments" 2 mclic "$c"
done
tap_status "copy with one argument too many" 2 mclic copy a b c d
tap_status "copy of an unknown kind" 2 mclic copy --kind rented a b c
tap_status "request without -o" 2 mclic request a b c
tap_status "rescue without -o" 2 mclic rescue a
tap_status "enrol without a token" 2 mclic enrol http://127.0.0.1:1
tap_status "trust with an unknown verb" 2 mclic trust forget
tap_status "trust add without a certificate" 2 mclic trust add
tap_status "format with neither device nor directory" 2 mclic format
tap_status "format with both" 2 mclic format --area-file "$T" "$T/x"
for option in --force "--size 16M" "--fs vfat"; do
	# shellcheck disable=SC2086 # several words
	tap_status "format --area-file $option" 2 mclic format --area-file "$T" $option
	tap_err "... which is for disks" "for a device or image"
done
tap_ok "... makes no area" test ! -e "$T/.mclic"
for size in x 0 5Q -1 99999999999999999999 9999999999999T 5KK; do
	tap_status "format --size $size" 2 mclic format --size "$size" "$T/x"
done
for label in "$(head -c 64 /dev/zero | tr '\0' x)" "$(printf 'a\tb')" "$(printf 'a\377')"; do
	tap_status "a label that is none" 2 mclic format --size 16M --label "$label" "$T/x"
done
tap_ok "... before an image is made" test ! -e "$T/x"
for url in nonsense https:// "https://a b/" 'https://:8443'; do
	tap_status "enrol at '$url'" 2 mclic enrol "$url" --token t
done

mkdir "$T/plain"
tap_status "a source that is not there" 1 mclic copy "$T/none" title "$T/plain"
tap_err "... is named" "$T/none"
tap_status "a target that is not there" 1 mclic verify "$T/none"
tap_status "a target without an area" 1 mclic verify "$T/plain"
tap_err "... and how to make one" "mclic format"
tap_status "errors as JSON" 1 mclic verify --json "$T/plain"
tap_is "... with an errno" "$(jq -r .error.errno "$OUT")" ENOENT
tap_is "... and the status" "$(jq -r .error.status "$OUT")" 1
tap_status "update without an account" 1 mclic update
tap_err "... says to enrol" "enrol"
: >"$T/file"
tap_status "a home that is no directory" 1 env HOME="$T/file" XDG_CONFIG_HOME= mclic update
tap_err "... is named" "$T/file"
tap_nomatch "... and HOME is not said to be missing" "$(cat "$ERR")" "set HOME|not set"
tap_status "no home at all" 1 env -u HOME -u XDG_CONFIG_HOME mclic update
tap_err "... is told" "set HOME"
tap_status "enrol with what is no token" 1 mclic enrol https://127.0.0.1:1 --token nonsense
tap_nomatch "... the token is not shown" "$(cat "$ERR")" "nonsense"

printed_to_full() {
	mclic "$@" >/dev/full
}
for c in --help --version selftest "selftest --json" "info $T/plain"; do
	# shellcheck disable=SC2086 # several words
	tap_status "$c to a disk that is full" 1 printed_to_full $c
	tap_err "... is no success" "cannot write to standard output"
done

tap_ok "selftest" mclic selftest
tap_out "... OpenSSL's answers are known" "^openssl: good"
tap_ok "selftest --crypto openssl --json" mclic selftest --crypto openssl --json
tap_is "... as JSON" "$(jq -r .openssl "$OUT")" good
tap_ok "selftest --crypto kcapi" mclic selftest --crypto kcapi
tap_match "... through the kernel, or it says that OpenSSL is used" "$(cat "$OUT" "$ERR")" \
	"kcapi: good|OpenSSL is used"
tap_status "selftest of unknown cryptography" 2 mclic selftest --crypto rot13
