# SPDX-License-Identifier: GPL-2.0-or-later
#
# killat, which the tests of interruption stand on: it must kill at the call it says,
# count all threads and children, and leave nobody behind.

. tests/tap.sh

PATH=$B/tests/tools:$PATH

# At the N-th of: create x, write, open x (O_CREAT), write, rename, create x, write
work='echo a >x; echo b >>x; mv x y; echo c >x'
at() {
	rm -rf "$T/w" && mkdir "$T/w" && (cd "$T/w" && killat "$@" sh -c "$work" 2>&1)
	_status=$?
	printf ' %s x=%s y=%s' "$_status" "$(tr '\n' ' ' 2>/dev/null <"$T/w/x")" \
		"$(tr '\n' ' ' 2>/dev/null <"$T/w/y")"
}

tap_is "before the first there is nothing" "$(at 1 2>/dev/null)" " 0 x= y="
tap_is "after it, an empty file" "$(at -a 1 2>/dev/null; ls "$T/w")" " 0 x= y=x"
tap_is "before the write it is still empty" "$(at 2 2>/dev/null)" " 0 x= y="
tap_is "after the write it is not" "$(at -a 2 2>/dev/null)" " 0 x=a  y="
tap_is "before the second write" "$(at 4 2>/dev/null)" " 0 x=a  y="
tap_is "before the rename" "$(at 5 2>/dev/null)" " 0 x=a b  y="
tap_is "after the rename" "$(at -a 5 2>/dev/null)" " 0 x= y=a b "
tap_is "past the last it ends by itself" "$(at 8 2>/dev/null)" " 10 x=c  y=a b "
tap_match "it says which call it was" "$(at -v 5 2>/dev/null)" 'killat: 5: before rename'

tap_status "a command that fails says so" 11 killat 1 false
tap_status "no number is a usage error" 2 killat 0 true
tap_status "neither is a word one" 2 killat x true
tap_ok "reading changes no storage" sh -c 'killat 1 cat /etc/passwd >/dev/null; [ $? = 10 ]'
tap_ok "neither does writing to a pipe" sh -c '{ killat 1 echo x; echo $? >'"$T/s"'; } | cat
	[ "$(cat '"$T/s"')" = 10 ]'

# children of children, in the background too: all must be gone when killat is
echo 'sleep 1000 & echo $! >pid; sh -c "sleep 1000 & echo \$! >pid2; wait" & wait' >"$T/tree.sh"
tap_ok "it kills at a child's call" sh -c "cd '$T' && killat -a 4 sh tree.sh"
tap_ok "and leaves no child behind" sh -c "test -s '$T/pid' && ! kill -0 \$(cat '$T/pid')"
