# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-demo.sh - how the demos tell their story. Source it behind tests/lib.sh.

if [ -t 1 ]; then
	bold=$(printf '\033[1m')
	dim=$(printf '\033[2m')
	green=$(printf '\033[32m')
	plain=$(printf '\033[0m')
else
	bold='' dim='' green='' plain=''
fi
checks=0

chapter() {
	printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

tell() {
	printf '%s\n' "$*" | fold -s -w 88
}

# show CMD...: print a command as a reader would type it.
show() {
	_line=
	for _word; do
		case $_word in
		*' '*) _line="$_line \"$_word\"" ;;
		*) _line="$_line $_word" ;;
		esac
	done
	_line=$(printf '%s\n' "${_line# }" | sed "s|$B/||g; s|$T/||g")
	printf '%s  $ %s%s\n' "$dim" "$_line" "$plain"
}

indented() {
	sed "s|$T/||g; s/^/    /" "$1"
}

# run CMD...: it has to succeed; its output is shown.
run() {
	show "$@"
	"$@" >"$T/out" 2>&1 </dev/null || {
		indented "$T/out"
		die "that should have worked"
	}
	indented "$T/out"
}

# brief LINES CMD...: likewise, only the lines that match are shown.
brief() {
	_lines=$1
	shift
	show "$@"
	"$@" >"$T/all" 2>&1 </dev/null || {
		indented "$T/all"
		die "that should have worked"
	}
	grep -E "$_lines" "$T/all" >"$T/out"
	indented "$T/out"
}

# refused STATUS CMD...: it has to end with this status; its output is shown.
refused() {
	_want=$1
	shift
	show "$@"
	"$@" >"$T/out" 2>&1 </dev/null
	_got=$?
	indented "$T/out"
	[ "$_got" = "$_want" ] || die "it ended with status $_got, not $_want"
}

# check WHAT CMD...: a claim of the demo.
check() {
	_what=$1
	shift
	"$@" >"$T/checked" 2>&1 </dev/null || {
		indented "$T/checked"
		die "not so: $_what"
	}
	checks=$((checks + 1))
	printf '  %s✓ %s%s\n' "$green" "$_what" "$plain"
}

not() {
	! "$@"
}

# The titles through the mount are the same, byte for byte, as the publisher's.
same_tree() {
	diff -r --no-dereference "$1" "$2"
}

# admit KIND NAME FILE: a publisher or a user of the center, whose token goes into FILE
admit() {
	show mclicctl --data "$CENTER" "$1" add "$2"
	mclicctl --data "$CENTER" "$1" add "$2" --json >"$T/out" || die "no $1"
	sed -n 's/.*"token": *"\([^"]*\)".*/\1/p' "$T/out" >"$3"
}

# all_steps: "mclic copy --trace" was run, and told each step of the patent
all_steps() {
	for _step in S1 S2 S3 S4 S5 S7 S11 S12 S13 S14 S15 S16 S17; do
		grep -Eq "^$_step " "$T/out" || die "step $_step is missing"
	done
}
