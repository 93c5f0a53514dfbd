# SPDX-License-Identifier: GPL-2.0-or-later
#
# lock.sh - mclic unlock, lock and trust: user keys and certificates into the kernel and out of
# it, with files that are in use.

. tests/tap.sh
# shellcheck source=tests/kernel/lib.sh
. tests/kernel/lib.sh

mkdir "$W/tree"
head -c 200000 /dev/urandom >"$W/tree/f"
t=$W/tree
medium lower own="$t",personal own2="$t",personal free="$t" gone="$t",revoked
L=$W/lower
keyctl clear @u
mv "$XDG_STATE_HOME"/mclic/revocations/*.mclrev "$W/list"
center=$(mclic trust list --json | jq -r '.[0].center')
tap_ok "trust add tells the kernel, too" mclic trust add "$W/center/center.pem"
tap_is "and list says that it knows" "$(mclic trust list --json | jq '.[0].kernel')" true
mounted "$L"

user_keys_in() {
	keyctl rlist "$1" | tr ' ' '\n' | while read -r _key; do
		keyctl rdescribe "$_key" 2>/dev/null
	done | grep -c '^logon;.*;mclic:'
}

# ---- one mount ----

call "without a key a personal title is closed" ENOKEY open "$M/own/f" r
call "and a portable one open" ok open "$M/free/f" r
tap_ok "unlock the mount" mclic unlock "$M"
tap_out "... says so" "1 user key given to $M"
tap_cmp "the title is open" "$M/own/f" "$t/f"
tap_is "no keyring has the key" "$(user_keys_in @u)" 0
tap_ok "unlock it once more" mclic unlock "$M"
tap_ok "lock the mount" mclic lock "$M"
tap_out "... says so" "^$M: locked\$"
call "the title is closed again" ENOKEY open "$M/own/f" r
tap_is "no file has a key in memory" "$(stat_of sealed)" 0
tap_ok "lock what is locked" mclic lock "$M"

# ---- files in use ----

tap_ok "unlock" mclic unlock "$M" --json
tap_is "... in JSON" "$(jq -c . "$OUT")" "{\"keys\":1,\"mount\":\"$M\"}"
hold "$M/own/f"
fscall open "$M/own2/f" r >"$W/out"
tap_status "lock with an open file" 1 mclic lock "$M"
tap_err "... counts it, and says what to do" "1 file is still open.*run this again"
call "it cannot be opened once more" ENOKEY open "$M/own/f" r
call "nor can the title that was not in use" ENOKEY open "$M/own2/f" r
tap_status "in JSON" 1 mclic lock "$M" --json
tap_is "... the count is the answer" "$(jq -c .mounts "$OUT")" "[{\"busy\":1,\"mount\":\"$M\"}]"
let_go
tap_cmp "who had it open reads on" "$T/read" "$t/f"
tap_ok "now it can be locked" mclic lock "$M"
tap_is "no key is left" "$(stat_of sealed)" 0

# ---- the user's keyring ----

tap_ok "unlock for every mount" mclic unlock
tap_out "... says so" "1 user key given to your keyring"
tap_is "the keyring has the key" "$(user_keys_in @u)" 1
tap_cmp "the title is open by it" "$M/own/f" "$t/f"
hold "$M/own/f"
tap_status "lock everything with an open file" 1 mclic lock
tap_out "... the keyring" "1 user key taken from your keyring"
tap_out "... and the mount" "^$M: locked, but for files that are open"
tap_is "the keyring has no key" "$(user_keys_in @u)" 0
call "no title opens" ENOKEY open "$M/own2/f" r
let_go
tap_cmp "what was open is read to its end" "$T/read" "$t/f"
tap_ok "lock everything" mclic lock
tap_ok "unlock for every mount, and lock one" sh -c 'mclic unlock && mclic lock "$1"' sh "$M"
tap_err "... it is said that it finds the keys again" "^mclic: warning: $M: .*keyring.*mclic lock\$"
call "... as it does" ok open "$M/own/f" r
tap_ok "lock everything, and one mount once more" sh -c 'mclic lock && mclic lock "$1"' sh "$M"
tap_nomatch "... nothing is said" "$(cat "$ERR")" "keyring"

# ---- whose ----

tap_status "another user does not lock the mount" 3 as_user mclic lock "$M"
tap_err "... and is told who may" "owner of the medium's root directory, or root"
tap_ok "unlock it again" mclic unlock "$M"
tap_status "another user locks what is that user's" 1 as_user mclic lock
tap_nomatch "... not this mount" "$(cat "$OUT")" "$M"
tap_err "... which is said, for it may hold that user's keys" "$M: not yours.*as root: mclic lock $M"
tap_status "... in JSON" 1 as_user mclic lock --json
tap_is "... nothing is known of it" "$(jq -c .mounts "$OUT")" "[{\"busy\":null,\"mount\":\"$M\"}]"
call "the title is still open" ok open "$M/own/f" r
tap_status "what is no mount" 1 mclic lock "$L"
tap_err "... is said to be none" "not a mount of the kernel's mclicfs"
mv "$XDG_CONFIG_HOME/mclic/user-keys" "$XDG_CONFIG_HOME/mclic/none"
tap_status "who has no keys" 3 mclic unlock "$M"
tap_err "... is told where they come from" "mclic enrol"
mv "$XDG_CONFIG_HOME/mclic/none" "$XDG_CONFIG_HOME/mclic/user-keys"

# ---- trust ----

tap_ok "trust remove" mclic trust remove "$center"
call "closes what the center licensed, at once" ENOKEY open "$M/free/f" r
tap_ok "trust add" mclic trust add "$W/center/center.pem"
call "opens it again" ok open "$M/free/f" r
call "also what is revoked, as long as there is no list" ok open "$M/gone/f" r
tap_status "trust remove of one that is in no folder and not in the kernel" 1 \
	mclic trust remove 00112233445566778899aabbccddeeff
tap_err "... says where to look" "mclic trust list"
rm "$XDG_CONFIG_HOME"/mclic/centers/*.pem
tap_ok "trust remove of one that only the kernel has" mclic trust remove "$center"
call "... closes what it licensed, too" ENOKEY open "$M/free/f" r
mv "$W/list" "$XDG_STATE_HOME/mclic/revocations/$center.mclrev"
tap_ok "trust add with a list" mclic trust add "$W/center/center.pem"
call "... tells it what is mounted" EKEYREVOKED open "$M/gone/f" r
tap_ok "as another user" as_user mclic trust add "$W/center/center.pem"
tap_is "it is not known what the kernel knows" \
	"$(as_user mclic trust list --json | jq '.[0].kernel')" null

unmounted
poll 20 sh -c "! grep -q 'logon .*mclic:' /proc/keys"
tap_nomatch "no user key outlives the mount" "$(cat /proc/keys)" "logon .*mclic:"
