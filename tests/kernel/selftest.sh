# SPDX-License-Identifier: GPL-2.0-or-later
#
# selftest.sh - the module loads alone and unloads, leaving nothing; the same known answers
# come out of the kernel's ciphers through AF_ALG as out of OpenSSL.

# shellcheck source=tests/tap.sh
. tests/tap.sh

loaded() {
	grep -q '^mclicfs ' /proc/modules
}

known() {
	grep -qw mclicfs /proc/filesystems
}

tap_ok "the module is loaded" loaded
tap_ok "its file system is known" known
tap_is "it depends on no other module" "$(modinfo -F depends "$MCLICFS_KO")" ""
tap_ok "it unloads" rmmod mclicfs
tap_status "its file system is gone" 1 known
tap_nomatch "no slab of it is left" "$(cat /proc/slabinfo)" '^mclicfs'
tap_nomatch "no keyring of it is left" "$(cat /proc/keys)" '\.mclic:'
tap_status "mount says that there is no such file system" 32 mount -i -t mclicfs /tmp /mnt
tap_err "and names it" mclicfs
tap_ok "it loads again" sh tests/qemu/load
tap_ok "and is known again" known
n=0
while [ "$n" -lt 20 ] && rmmod mclicfs && insmod "$MCLICFS_KO"; do
	n=$((n + 1))
done
tap_is "it loads and unloads 20 times" "$n" 20

tap_ok "the ciphers give the known answers" mclic selftest --crypto kcapi
tap_out "those of the kernel too, through AF_ALG" '^kcapi: good'
