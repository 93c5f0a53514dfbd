# SPDX-License-Identifier: GPL-2.0-or-later
#
# Writing a licence, and making an area, cut at every step: before and after each call
# that changes storage. At any moment the area holds the old licence, both, or the new
# one; what went before is never lost, and going on afterwards ends well.

. tests/tap.sh

PATH=$B/tests/tools:$PATH

# each FLAG PREPARE JUDGE NAME CMD...: kill CMD at every step, from the same beginning
each() {
	_flag=$1
	_prepare=$2
	_judge=$3
	_title=$4
	shift 4
	_n=1
	_bad=
	while :; do
		$_prepare
		killat $_flag $_n "$@" >"$T/out" 2>&1
		_status=$?
		[ $_status = 0 ] || break
		$_judge || _bad="$_bad step $_n: $(tr '\n' ';' <"$T/list")"
		_n=$((_n + 1))
	done
	tap_is "$_title: runs to its end after $((_n - 1)) steps" "$_status" 10
	tap_is "$_title: every cut leaves something good" "$_bad" ""
	# a command with no step at all would prove nothing
	tap_ok "$_title: has steps" test "$_n" -gt "$LEAST"
}

# ---- renewals ----

mkdir -p "$T/disk" "$T/base"
areactl make "$T/base/area" 0 8
mkdir "$T/disk/.mclic"

renewable() {
	cp "$T/base/area" "$T/disk/.mclic/area"
}
renewable
areactl put "$T/disk" 7 1 >/dev/null
areactl put "$T/disk" 1 1 >/dev/null
areactl put "$T/disk" 8 5 >/dev/null
cp "$T/disk/.mclic/area" "$T/base/area"

old_both_or_new() {
	areactl list "$T/disk" >"$T/list" 2>&1 || return 1
	case $(grep 'licence 1 ' "$T/list" | sed 's/.*sequence //' | tr '\n' ' ') in
	"1 " | "1 2 " | "2 ") ;;
	*) return 1 ;;
	esac
	[ "$(grep -c -e 'licence 7 sequence 1$' -e 'licence 8 sequence 5$' "$T/list")" = 2 ] ||
		return 1
	! grep -q bad- "$T/list" || return 1
	# going on: the same again ends with the new one alone
	areactl put "$T/disk" 1 2 >/dev/null 2>"$T/list" &&
		areactl list "$T/disk" >"$T/list" &&
		[ "$(grep 'licence 1 ' "$T/list" | sed 's/.*sequence //')" = 2 ]
}

LEAST=4
each "" renewable old_both_or_new "renewal, cut before each step" areactl put "$T/disk" 1 2
each -a renewable old_both_or_new "renewal, cut after each step" areactl put "$T/disk" 1 2

# ---- a licence that the check refuses ----

old_stays() {
	areactl list "$T/disk" >"$T/list" 2>&1 || return 1
	grep -q 'licence 1 sequence 1$' "$T/list" && ! grep -q bad- "$T/list"
}

LEAST=4
n=1
bad=
while renewable; killat $n areactl refuse "$T/disk" 1 2 >"$T/out" 2>&1; do
	old_stays || bad="$bad step $n"
	n=$((n + 1))
done
tap_is "a refused licence, cut at each of $((n - 1)) steps, costs no old one" "$bad" ""
tap_ok "it has steps" test "$n" -gt "$LEAST"
renewable
tap_status "refused, it is not done" 3 areactl refuse "$T/disk" 1 2
tap_match "and nothing of it is left" "$(areactl list "$T/disk" | grep -c .)" '^3$'

# ---- a power cut in the middle of a slot: some of its sectors new, some old ----

# sectors FROM SLOT FIRST COUNT: into the area, of 512 bytes
sectors() {
	dd if="$1" of="$T/disk/.mclic/area" bs=512 skip=$(($2 * 8 + $3)) seek=$(($2 * 8 + $3)) \
		count="$4" conv=notrunc 2>/dev/null
}
torn_ends_well() {
	grep -q "licence 1 sequence $1\$" "$T/list" &&
		areactl put "$T/disk" 1 2 >/dev/null 2>>"$T/list" &&
		areactl list "$T/disk" >"$T/list" 2>&1 &&
		[ "$(grep 'licence 1 ' "$T/list" | sed 's/.*sequence //')" = 2 ]
}
renewable
new=$(areactl put "$T/disk" 1 2)
cp "$T/disk/.mclic/area" "$T/after"
renewable
old=$(areactl list "$T/disk" | sed -n 's/: licence 1 .*//p')
bad=
for i in 1 2 3 4 5 6 7; do
	renewable
	sectors "$T/after" "$new" 0 "$i"
	areactl list "$T/disk" >"$T/list" 2>&1
	torn_ends_well 1 || bad="$bad first $i sectors of the new;"
	renewable
	sectors "$T/after" "$new" "$i" $((8 - i))
	areactl list "$T/disk" >"$T/list" 2>&1
	torn_ends_well 1 || bad="$bad last $i sectors of the new;"
	cp "$T/after" "$T/disk/.mclic/area"
	sectors "$T/base/area" "$old" 0 "$i"
	areactl list "$T/disk" >"$T/list" 2>&1
	torn_ends_well 2 || bad="$bad first $i sectors of the old;"
	cp "$T/after" "$T/disk/.mclic/area"
	sectors "$T/base/area" "$old" "$i" $((8 - i))
	areactl list "$T/disk" >"$T/list" 2>&1
	torn_ends_well 2 || bad="$bad last $i sectors of the old;"
done
tap_is "torn writes of the new slot and of zeroing the old one end well" "$bad" ""
tap_isnt "(the two lie in different slots)" "$old" "$new"

# ---- mending a header ----

bad_header() {
	cp "$T/base/area" "$T/disk/.mclic/area"
	printf 'xx' | dd of="$T/disk/.mclic/area" bs=1 seek=40 conv=notrunc 2>/dev/null
}

header_mends() {
	areactl where "$T/disk" >"$T/list" 2>&1 && areactl put "$T/disk" 1 2 >>"$T/list" 2>&1 &&
		areactl where "$T/disk" >"$T/list" 2>&1 && ! grep -q damaged "$T/list"
}
LEAST=2
each "" bad_header header_mends "a damaged header, cut while it is mended" areactl clear "$T/disk" 6

# ---- making one ----

no_area() {
	rm -rf "$T/disk/.mclic"
}

whole_or_absent() {
	if [ -e "$T/disk/.mclic/area" ]; then
		areactl where "$T/disk" >"$T/list" 2>&1 && ! grep -q damaged "$T/list"
	else
		areactl create "$T/disk" >"$T/list" 2>&1
	fi && ls -A "$T/disk/.mclic" >"$T/list" && [ "$(cat "$T/list")" = area ]
}
LEAST=4
each "" no_area whole_or_absent "making an area, cut before each step" areactl create "$T/disk"
each -a no_area whole_or_absent "making an area, cut after each step" areactl create "$T/disk"

# Where another user owns the directory, a name may be his symlink a moment later.
no_area
n=1
calls=
while killat -v $n areactl create "$T/disk" >"$T/out" 2>&1; do
	calls="$calls $(sed -n 's/^killat: .* before //p' "$T/out")"
	no_area
	n=$((n + 1))
done
tap_match "making an area sets modes" "$calls" ' fchmod '
tap_nomatch "... of what is open, not of a name" "$calls" 'chmodat|chown'
