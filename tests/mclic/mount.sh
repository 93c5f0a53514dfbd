# SPDX-License-Identifier: GPL-2.0-or-later
# mount.mclicfs, mclic unlock and lock where there is no module: what they say, and what they
# leave, which is nothing. tests/kernel has the rest.

. tests/tap.sh

mkdir "$T/lower" "$T/mnt"
mclic format --area-file "$T/lower" >"$T/log"

for line in "" "$T/lower" "$T/lower $T/mnt x" "-q $T/lower $T/mnt" "$T/lower $T/mnt -o lower=/"; do
	# shellcheck disable=SC2086 # words
	tap_status "usage: mount.mclicfs $(echo "$line" | sed "s|$T|.|g")" 1 mount.mclicfs $line
done
tap_ok "--help" mount.mclicfs --help
tap_out "... tells what SOURCE is" "SOURCE is a directory of the medium"
tap_ok "--version" mount.mclicfs --version
tap_status "only root may" 1 as_user mount.mclicfs "$T/lower" "$T/mnt"
tap_err "... and who may not is told what else there is" "mclicfs-fuse"
tap_status "an option twice over is no mistake" 32 mount.mclicfs -r -w -n -s -v -t mclicfs \
	"$T/nothing" "$T/mnt" -o ro,nofail -o rw,fail
tap_err "but no source is" "$T/nothing: No such file"
tap_ok "unless it may be missing" mount.mclicfs "$T/nothing" "$T/mnt" -o nofail
tap_status "a file to mount on" 32 mount.mclicfs "$T/lower" "$T/log"
tap_status "unlock of what is no mount" 1 mclic unlock "$T/mnt"
tap_err "... is said" "not a mount of the kernel's mclicfs"
tap_status "unlock without keys" 3 mclic unlock
tap_err "... tells where they come from" "mclic enrol"
tap_ok "trust list says nothing of the kernel" mclic trust list --json
tap_is "... where there is none" "$(cat "$OUT")" "[]"

if ! is_root; then
	tap_skip "the rest" "mounting needs root"
	exit 0
fi
mkdir -p "$XDG_CONFIG_HOME/mclic/user-keys"
CENTER_ID=ffeeddccbbaa99887766554433221100
head -c 32 /dev/urandom \
	>"$XDG_CONFIG_HOME/mclic/user-keys/$CENTER_ID-00112233445566778899aabbccddeeff-7.key"
chmod 600 "$XDG_CONFIG_HOME/mclic/user-keys/"*
tap_ok "unlock" mclic unlock
tap_out "... gives the key to the keyring" "1 user key given to your keyring"
tap_match "... as the kernel's mclicfs looks for it" "$(cat /proc/keys)" \
	"logon +mclic:00112233445566778899aabbccddeeff:7: 32"
tap_ok "lock" mclic lock --json
tap_is "... takes it out" "$(jq -c . "$OUT")" '{"keys":1,"mounts":[]}'
tap_nomatch "... where nobody finds it any more" "$(grep -v revoked /proc/keys)" \
	"logon +mclic:00112233445566778899aabbccddeeff:7: 32"
tap_ok "-f" mount.mclicfs -f -v "$T/lower" "$T/mnt"
tap_out "... says what would be done" "would be mounted on $T/mnt"

if grep -qw mclicfs /proc/filesystems || modinfo mclicfs >/dev/null 2>&1; then
	tap_skip "a kernel without the module" "this one has it"
	exit 0
fi
truncate -s 8M "$T/image"
mkfs.ext4 -q "$T/image"
cat /proc/self/mounts >"$T/before"
tap_status "a directory" 32 mount.mclicfs "$T/lower" "$T/mnt"
tap_err "... needs the module" "no mclicfs: the module"
tap_status "an image" 32 mount.mclicfs "$T/image" "$T/mnt"
tap_err "... too" "no mclicfs: the module"
tap_is "no loop device is left" "$(losetup -j "$T/image")" ""
tap_is "no mount is left" "$(cat /proc/self/mounts)" "$(cat "$T/before")"
