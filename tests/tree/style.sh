# SPDX-License-Identifier: GPL-2.0-or-later
#
# The form of the sources. Every complaint is FILE:LINE: what is wrong.

. tests/tap.sh

files() {
	find . -path ./.git -prune -o -path './build*' -prune -o -type f -print |
		sed 's|^\./||' | grep -E "$1" | sort
}

# complain NAME FILES PROGRAM: an awk program that prints what is wrong.
complain() {
	# shellcheck disable=SC2086 # names without spaces
	_found=$(awk -v max=100 "
		function columns(s,   n, i) {
			n = 0
			for (i = 1; i <= length(s); i++)
				n += substr(s, i, 1) == \"\\t\" ? 8 - n % 8 : 1
			return n
		}
		function say(what) { print FILENAME \":\" FNR \": \" what }
		$3" $2 2>&1) || _found="awk failed: $_found"
	tap_is "$1" "$_found" ""
}

c=$(files '\.[ch]$')
scripts='\.sh$|^\.ci/run$|^tests/(run|install-packages|(fuzz|bench)/run|tree/check)$'
shell=$(files "$scripts")
docs=$(files '\.(rst|md|[158])$')
text="$c $shell $docs Makefile tests/packages"

complain "the licence is named on top of every source" "$c $shell Makefile tests/packages" '
	FNR == 1 { seen = 0; want = FILENAME ~ /^kmod\// ? "only" : "or-later" }
	FNR <= 2 && $0 ~ "SPDX-License-Identifier: GPL-2\\.0-" want { seen = 1 }
	FNR == 2 && !seen { say("no SPDX line") }'

complain "no trailing white space, no carriage return" "$text" '
	/[ \t\r]$/ { say("trailing white space") }'

# A sentence for people stays on one line, so that it can be searched for.
complain "at most 100 columns" "$c $shell Makefile" '
	columns($0) > max && !/"/ { say("line of " columns($0) " columns") }'

complain "under 900 lines a file" "$c $shell Makefile" '
	FNR == 900 { say("a file of 900 lines or more") }'

complain "C is indented with tabs" "$c" '
	/^ +[^ *]/ || /^\t*        / { say("indented with spaces") }'

complain "C keywords, braces and comments stand as in the kernel" "$c" '
	/(^|[^A-Za-z0-9_])(if|for|while|switch|return)\(/ { say("no space behind the keyword") }
	/(if|for|while|switch) \(.*\)\{$/ { say("no space before the brace") }
	FNR > 1 && !/".*\/\// && /(^|[ \t;{}])\/\// { say("comment of C++") }
	/^\t+\{$/ && prev ~ /(if|for|while|switch) \(.*\)$/ { say("brace on a line of its own") }
	{ prev = $0 }'

complain "nothing is left to do" "$text" '
	/(TO)(DO)|(FIX)(ME)/ { say("unfinished") }'

complain "headers guard themselves" "$(files '\.h$')" '
	FNR == 1 && name && !guarded { print name ": no include guard" }
	FNR == 1 { name = FILENAME; guarded = 0 }
	/^#ifndef _?[A-Z0-9_]+_H_?$/ { guarded = 1 }
	/^#if !defined\(_?[A-Z0-9_]+_H_?\) \|\| defined\(TRACE_HEADER_MULTI_READ\)$/ { guarded = 1 }
	END { if (name && !guarded) print name ": no include guard" }'

for f in $shell; do
	case $(sed -n 1p "$f") in
	'#!/bin/sh' | '# SPDX'*) ;;
	*) tap_fail "$f is a POSIX shell script" ;;
	esac
	sh -n "$f" 2>"$ERR" || tap_fail "$f can be parsed" "$(cat "$ERR")"
done
tap_pass "the scripts are POSIX shell"
