# SPDX-License-Identifier: GPL-2.0-or-later
#
# verdict.sh - each reason to refuse a title on a mount of the module, in their order, with
# the tracepoint that tells it; and what changes a verdict while the medium is mounted.

# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/kernel/lib.sh
. tests/kernel/lib.sh

mkdir "$W/tree"
head -c 9000 /dev/urandom >"$W/tree/f"
t=$W/tree
medium lower good="$t" personal="$t",personal expired="$t",expired future="$t",future \
	other="$t",other-medium class="$t",low-class nocert="$t",no-cert forged="$t",forged \
	nokey="$t",no-user-key crc="$t",bad-crc flags="$t",bad-flags cs="$t",bad-cs \
	eku="$t",bad-eku emid="$t",bad-emid revoked="$t",revoked old="$t",old-terms \
	none="$t",no-licence ka="$t",under-ka generation="$t",generation=2 two="$t",expired
medium lower two=,seq=2
# Wrong in two ways: the one that is looked at first counts.
medium lower crc-other="$t",bad-crc,other-medium other-class="$t",other-medium,low-class \
	other-nocert="$t",other-medium,no-cert class-nocert="$t",low-class,no-cert \
	nocert-forged="$t",no-cert,forged forged-nokey="$t",forged,no-user-key \
	nokey-eku="$t",no-user-key,bad-eku eku-cs="$t",bad-eku,bad-cs cs-emid="$t",bad-cs,bad-emid \
	emid-expired="$t",bad-emid,expired expired-old="$t",expired,old-terms \
	future-old="$t",future,old-terms
# Two licences that are wrong: the one that came furthest counts.
medium lower far="$t",expired,seq=3 far2="$t",other-medium
medium lower far=,other-medium,seq=4 far2=,forged,seq=2
L=$W/lower

keys=$(user_keys)
cert=$(trust "$W/center/center.pem")
mounted "$L"
TRACE=/sys/kernel/tracing
echo 1 >$TRACE/events/mclicfs/enable
at_end "echo 0 >$TRACE/events/mclicfs/enable"

# judged NAME TITLE WANT WHY [CACHED]: open says WANT, the tracepoint WHY and whether it was known
judged() {
	echo >$TRACE/trace
	_got=$(fscall open "$M/$2/f" r)
	_why=$(grep -o 'mclicfs_verdict: .*' $TRACE/trace |
		sed -n 's/.* why=\([^ ]*\) err=[-0-9]* cached=\([01]\)$/\1 \2/p')
	tap_is "$1" "$_got, $_why" "$3, $4 ${5:-0}"
}

# ---- each reason ----

judged "a licence in force" good ok ok
tap_cmp "opens the title" "$M/good/f" "$t/f"
judged "the second time it is known" good ok ok 1
judged "a personal licence with its user key" personal ok ok
tap_cmp "opens the title, too" "$M/personal/f" "$t/f"
judged "the second time that is known, too" personal ok ok 1
judged "of another medium" other EMEDIUMTYPE other-medium
judged "of a better medium" class EMEDIUMTYPE low-class
judged "of an unknown center" nocert ENOKEY no-certificate
judged "signed by somebody else" forged EKEYREJECTED bad-sig
judged "with a damaged EKU(KEYc)" eku EKEYREJECTED bad-eku
judged "with another certificate code" cs EKEYREJECTED bad-cs
judged "with a damaged EMid(Ku)" emid EKEYREJECTED bad-emid
judged "expired" expired EKEYEXPIRED expired
judged "not begun" future EKEYEXPIRED not-yet
judged "for older versions" old EACCES old-terms
judged "no licence" none EACCES no-licence
judged "with a damaged CRC" crc EACCES no-licence
judged "with an unknown critical flag" flags EACCES no-licence
judged "one expired, one in force" two ok ok
call "sealed under the master's key" EBADMSG open "$M/ka/f" r
call "sealed under another generation" EBADMSG open "$M/generation/f" r
for title in expired other forged none; do
	call "without a licence the title still lists ($title)" "ok 3" list "$M/$title"
	call "and shows its sizes ($title)" "$(fscall stat "$t/f")" stat "$M/$title/f"
done

# ---- their order ----

judged "CRC before medium" crc-other EACCES no-licence
judged "medium before class" other-class EMEDIUMTYPE other-medium
judged "medium before certificate" other-nocert EMEDIUMTYPE other-medium
judged "class before certificate" class-nocert EMEDIUMTYPE low-class
judged "certificate before SIG" nocert-forged ENOKEY no-certificate
judged "EKU before CS" eku-cs EKEYREJECTED bad-eku
judged "CS before EMid" cs-emid EKEYREJECTED bad-cs
judged "EMid before time" emid-expired EKEYREJECTED bad-emid
judged "time before version" expired-old EKEYEXPIRED expired
judged "time before version, not begun" future-old EKEYEXPIRED not-yet
judged "of two, the one that came further: time" far EKEYEXPIRED expired
judged "of two, the one that came further: SIG" far2 EKEYREJECTED bad-sig
for key in $keys; do
	keyctl unlink "$key" @u >/dev/null
done
judged "SIG before user key" forged-nokey EKEYREJECTED bad-sig
judged "user key before EKU" nokey-eku ENOKEY no-user-key
judged "no user key" nokey ENOKEY no-user-key
judged "a user key that is unlinked is noticed" personal ENOKEY no-user-key

# ---- user keys ----

key=$(user_keys)
judged "a user key that comes is noticed" personal ok ok
tap_isnt "what was opened is kept" "$(stat_of sealed)" 0
before=$(stat_of sealed)
keyctl revoke "$key"
judged "a user key that is revoked is noticed" personal ENOKEY no-user-key
tap_is "and the plaintext is given up" "$(stat_of sealed)" $((before - 1))
judged "a portable licence needs none" good ok ok 1
key=$(user_keys)
judged "another key of that name" personal ok ok
keyctl clear @u
judged "keys cleared away" personal ENOKEY no-user-key

# Of a session that only whoever adds it can see
# shellcheck disable=SC2016 # the inner shell expands it
key=$(keyctl session - sh -c '_name=$(basename "$1" .key)
	_name=${_name#*-}
	key=$(keyctl padd logon "mclic:${_name%-*}:${_name##*-}" @s <"$1") || exit 1
	mntctl "$2" add-key "$key" >&2 && echo "$key"' \
	sh "$(ls "$XDG_CONFIG_HOME"/mclic/user-keys/*.key)" "$M" 2>"$ERR")
tap_is "ADD_KEY" "$(grep -v '^Joined' "$ERR")" ok
judged "with the key of the mount" personal ok ok
hold "$M/personal/f"
ioc "REMOVE_KEY with a file in use says so" "ok 1" remove-key "$key"
judged "without the key of the mount" personal ENOKEY no-user-key
ioc "REMOVE_KEY of a key that is not there" ENOKEY remove-key "$key"
let_go
tap_cmp "the file in use is read to its end" "$T/read" "$t/f"
tap_is "and gives its key up with the last close" "$(stat_of open)" 0
judged "after that, too" personal ENOKEY no-user-key
ioc "ADD_KEY of something else" EINVAL add-key "$(keyctl add user mclic:0:1 x @u)"
ioc "ADD_KEY of nothing" ENOKEY add-key 2147483647

# ---- revocation ----

list=$(ls "$XDG_STATE_HOME"/mclic/revocations/*)
judged "revoked, but nobody has said so" revoked ok ok
hold "$M/revoked/f"
cp "$list" "$W/list"
flip "$W/list" 70
ioc "SET_REVOCATIONS of a list that somebody changed" EKEYREJECTED revocations "$W/list"
head -c 100 "$list" >"$W/list"
ioc "of a part of it" EBADMSG revocations "$W/list"
judged "that changes nothing" revoked ok ok 1
ioc "of the list" ok revocations "$list"
judged "it counts from the next open on" revoked EKEYREVOKED revoked
judged "and for those on it" good ok ok
ioc "again" ok revocations "$list"
cp "$list" "$W/older"
medium lower later=,no-licence,revoked
ioc "of the next list" ok revocations "$list"
judged "which has it no more" revoked ok ok
ioc "of the older list" ESTALE revocations "$W/older"
judged "which changes nothing" revoked ok ok 1
let_go
tap_cmp "what was open was read through all that" "$T/read" "$t/f"
tap_is "SET_REVOCATIONS is for root" "$(as_user mntctl "$M" revocations "$W/older")" EPERM

# ---- slots that change ----

slot_of() { echo $((4096 * $1)); }
for at in $SLOT_FIELDS; do
	flip "$L/.mclic/area" $(($(slot_of 1) + at))
	judged "byte $at of the slot changed" good EACCES no-licence
	flip "$L/.mclic/area" $(($(slot_of 1) + at))
done
judged "the slot as it was" good ok ok
dd if="$L/.mclic/area" of="$T/slot" bs=4096 skip=1 count=1 status=none
dd if=/dev/zero of="$L/.mclic/area" bs=4096 seek=1 count=1 conv=notrunc status=none
judged "the slot zeroed" good EACCES no-licence
dd if="$T/slot" of="$L/.mclic/area" bs=4096 seek=200 count=1 conv=notrunc status=none
judged "the licence in another slot" good ok ok
tap_match "which the tracepoint names" "$(cat $TRACE/trace)" "mclicfs_verdict: .* slot=200 why=ok"
tap_match "and each slot that was judged" "$(cat $TRACE/trace)" "mclicfs_slot: .* slot=200 why=ok$"
tap_match "also for other titles" "$(cat $TRACE/trace)" "mclicfs_slot: .* slot=2 why=other-title$"
dd if=/dev/zero of="$L/.mclic/area" bs=4096 seek=200 count=1 conv=notrunc status=none
dd if="$T/slot" of="$L/.mclic/area" bs=4096 seek=1 count=1 conv=notrunc status=none
judged "the licence back in its slot" good ok ok

mv "$L/.mclic/area" "$L/.mclic/kept"
judged "the area gone" good EACCES no-licence
mv "$L/.mclic/kept" "$L/.mclic/area"
judged "the area back" good ok ok
cp -r "$L/.mclic" "$W/copy"
dd if=/dev/zero of="$W/copy/area" bs=4096 seek=1 count=1 conv=notrunc status=none
mv "$L/.mclic" "$W/away"
mv "$W/copy" "$L/.mclic"
judged "another area, without the licence" good EACCES no-licence
rm -r "$L/.mclic"
mv "$W/away" "$L/.mclic"
judged "and the first one again" good ok ok

# ---- certificates ----

keyctl unlink "$cert" %:.mclic
judged "the certificate gone" good ENOKEY no-certificate
cert=$(trust "$W/center/center.pem")
judged "the certificate back" good ok ok

# ---- trailers ----

end=$(stat -c %s "$L/good/f")
for at in 0 8 10 12 13 14 16 24 40 56 60 76 80 112 127; do
	flip "$L/good/f" $((end - 128 + at))
	call "byte $at of the trailer changed" EBADMSG open "$M/good/f" r
	flip "$L/good/f" $((end - 128 + at))
done
call "the trailer as it was" ok open "$M/good/f" r
tap_cmp "opens the file" "$M/good/f" "$t/f"
cp "$L/good/f" "$W/whole"
for length in 0 1 127 $((end - 1)) $((end + 1)) $((end - 4096)); do
	truncate -s "$length" "$L/good/f"
	call "a length of $length" EBADMSG open "$M/good/f" r
	cp "$W/whole" "$L/good/f"
done
cp "$L/two/f" "$L/good/f"
call "a file of another title" EBADMSG open "$M/good/f" r
cp "$W/whole" "$L/good/f"
tap_cmp "the file as it was" "$M/good/f" "$t/f"

# ---- time ----

medium lower window="$t",window=3600
judged "a licence that ends in an hour" window ok ok
hold "$M/window/f"
tomorrow() { date -s "@$(($(date +%s) + $1 * 86400))" >/dev/null; }
tomorrow 1
judged "on the next day" window EKEYEXPIRED expired
judged "on which a licence begins" future ok ok
let_go
tap_cmp "what was open is read to its end" "$T/read" "$t/f"
judged "and cannot be opened again" window EKEYEXPIRED expired
tomorrow -1
judged "with the clock set back" window ok ok
judged "what was to begin has not" future EKEYEXPIRED not-yet
tap_is "opens that found a verdict" "$([ "$(stat_of cached)" -ge 6 ] && echo some)" some
tap_is "verdicts that fell out badly" "$([ "$(stat_of failed)" -ge 60 ] && echo some)" some
unmounted

# ---- a medium without an area ----

mv "$L/.mclic" "$W/away"
mounted "$L"
judged "no area: no licence" good EACCES no-licence
mv "$W/away" "$L/.mclic"
judged "an area that comes is found" good ok ok
unmounted
