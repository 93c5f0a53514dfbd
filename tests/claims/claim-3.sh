# SPDX-License-Identifier: GPL-2.0-or-later
# Claim 3: the user. EKU(KEYc) opened with the registered KU (16), CS' made (17), CS and
# CS' compared (18), and only then the data (19).

. tests/media/fake-sysfs.sh
media_enter "$0" "$@"
. tests/tap.sh
. tests/claims/lib-scene.sh

scene
tap_ok "the title is copied" mclic copy "$MASTER" "$TITLE1" "$MEDIUM"
licensed || tap_bail "no licence on the medium"
tap_is "the user's KU is the one the center registered" \
	"$(hex "$(echo "$XDG_CONFIG_HOME"/mclic/user-keys/*.key)" 0 32)" "$KU"
read_title() {
	mount_fuse "$MEDIUM" "$MNT" || return 1
	cmp "$TREE1/charts/baltic.txt" "$MNT/$TITLE1/charts/baltic.txt"
	_status=$?
	unmount "$MNT"
	return $_status
}
tap_ok "with KU, KEYc is decrypted, CS' is CS, and the data is there" read_title

KEYFILE=$(echo "$XDG_CONFIG_HOME"/mclic/user-keys/*.key)
cp "$KEYFILE" "$T/ku"
head -c 32 /dev/urandom >"$KEYFILE"
tap_status "with another KU it is not" 2 read_title
tap_err "and the key is rejected" "Key was rejected by service"
tap_status "mclic verify says so as well" 3 mclic verify "$MEDIUM" "$TITLE1"
rm "$KEYFILE"
tap_status "without KU it is not either" 2 read_title
tap_err "and the key is missing" "Required key not available"
install -m 600 "$T/ku" "$KEYFILE"
tap_ok "with KU again, it is" read_title
