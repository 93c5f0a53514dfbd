# SPDX-License-Identifier: GPL-2.0-or-later
#
# commands.sh - mclic on a mount of the module, with a real license center: a licence comes and
# goes through the kernel; what the kernel names and lists; what damage it finds.

. tests/tap.sh
# shellcheck source=tests/kernel/lib.sh
. tests/kernel/lib.sh
# shellcheck source=tests/kernel/lib-mount.sh
. tests/kernel/lib-mount.sh

# ---- a center, a master, a user, a disk ----

token() {
	mclicctl --data "$CENTER" "$1" add "$2" --json | jq -r .token >"$W/$2.token"
}

# ask FILE ANSWER: carry a request to the center by hand
ask() {
	curl -sf --cacert "$CENTER_CA" --data-binary "@$1" -o "$2" \
		-H 'Content-Type: application/vnd.mclic.request' "$CENTER_URL/v1/licences"
}

start_center
{
	token publisher Press && token user alice &&
		mclic-master build --center "$CENTER_URL" --cacert "$CENTER_CA" \
			--token "@$W/Press.token" --title "Atlas=$t" -o "$W/master.iso" &&
		mclicctl --data "$CENTER" product set Atlas --price 5 --currency EUR &&
		mclicctl --data "$CENTER" product sell Atlas &&
		mclic enrol "$CENTER_URL" --cacert "$CENTER_CA" --token "@$W/alice.token"
} >"$W/log" 2>&1 || tap_bail "the scene does not stand: $(tail -n 3 "$W/log")"
disk disk
mkdir "$W/lower"
mount "$DATA" "$W/lower"
tap_ok "mount the disk" mount -t mclicfs "$DISK" "$D"

# ---- a licence through the kernel ----

tap_ok "ask" mclic request "$W/master.iso" Atlas "$W/lower" -o "$W/ask"
tap_ok "the center answers" ask "$W/ask" "$W/answer"
flip "$W/answer" 310
tap_status "an answer that was changed" 3 mclic import "$W/answer" "$D"
tap_is "... leaves no licence" "$(mclic list --json "$D" | jq '.licences|length')" 0
flip "$W/answer" 310
tap_ok "import through the mount" mclic import "$W/answer" "$D"
tap_out "... stands in a slot" "Atlas.* stands in slot 1"
tap_ok "once more" mclic import "$W/answer" "$D"
tap_is "... it is still one" "$(mclic list --json "$D" | jq '.licences|length')" 1
tap_is "the kernel and the tools agree about it" \
	"$(mclic list --json "$D" | jq -cS .licences)" \
	"$(mclic list --json "$W/lower" | jq -cS .licences)"
tap_status "a title is not copied through the mount" 1 mclic install "$W/master.iso" Atlas "$D"
tap_err "... which says where to" "mount the data file system of $DISK itself elsewhere"
tap_ok "but to the lower directory" mclic install "$W/master.iso" Atlas "$W/lower"
name=$(mclic list --json "$W/lower" | jq -r '.titles[0].directory')
tap_cmp "through the mount it is plain" "$D/$name/f" "$t/f"

# ---- what is said ----

tap_ok "info" mclic info "$D" --json
tap_is "... one licence" "$(jq .area.used "$OUT")" 1
tap_is "... one verdict that was not refused" \
	"$(jq '.stats.verdicts - .stats.verdicts_failed > 0' "$OUT")" true
tap_is "... and the medium as the tools name it" "$(jq -r .medium.mid "$OUT")" \
	"$(mclic info --json "$W/lower" | jq -r .medium.mid)"
tap_ok "info in words" mclic info "$D"
tap_out "... the slots" "1 used, 253 free"
tap_status "info by another user" 3 as_user mclic info "$D"
tap_ok "verify" mclic verify "$D"
tap_ok "verify a title" mclic verify "$D" "$name"
tap_status "verify what is elsewhere" 1 mclic verify "$D" ../x

# ---- damage ----

flip "$W/lower/$name/f" 50000
tap_status "verify with a damaged block" 4 mclic verify "$D" --json
tap_is "... names it" "$(jq -c '.titles[0].problems[0]|[.path,.block,.offset]' "$OUT")" \
	"[\"$name/f\",12,49152]"
tap_status "in words" 4 mclic verify "$D"
tap_out "... too" "$name/f: block 12 .offset 49152. is damaged"
flip "$W/lower/$name/f" 50000
tap_ok "mended" mclic verify "$D"

# ---- the end of a licence ----

tap_ok "ask to return it" mclic return Atlas "$W/lower" -o "$W/back"
tap_ok "the center answers that, too" ask "$W/back" "$W/receipt"
tap_ok "import the receipt through the mount" mclic import "$W/receipt" "$D"
tap_is "... takes the licence away" "$(mclic list --json "$D" | jq '.licences|length')" 0
call "and closes the title" EACCES open "$D/$name/f" r
tap_status "verify" 3 mclic verify "$D"
umount "$D"
umount "$W/lower"
