# SPDX-License-Identifier: GPL-2.0-or-later
#
# flatten.sh - what a test machine prints becomes an honest TAP stream: nothing that went
# wrong in it may look well.

# shellcheck source=tests/tap.sh
. tests/tap.sh

# flat NAME TEXT: flatten TEXT
flat() {
	printf '%s\n' "$2" >"$T/in"
	tap_ok "$1" sh -c "sh tests/qemu/flatten <'$T/in'"
}

good='
##suite a.sh
ok 1 - one
# a comment
ok 2 - two # SKIP why
1..2

##end 0'

flat "two good tests" "$good

##done"
tap_out "are two tests" '^ok 1 - a.sh: one$'
tap_out "a skip stays one" '^ok 2 - a.sh: two # SKIP why$'
tap_out "and a plan" '^1\.\.2$'
tap_is "nothing is complained of" "$(cat "$ERR")" ""

flat "a guest that ends between two suites" "$good"
tap_nomatch "has no plan" "$(cat "$OUT")" '^1\.\.'

flat "a guest that ends in a suite" "$good

##suite b.sh
ok 1 - one
Segmentation fault"
tap_nomatch "has no plan" "$(cat "$OUT")" '^1\.\.'
tap_out "and a failure" '^not ok 4 - b.sh: the guest stopped in this suite'
tap_err "with what was printed" 'Segmentation fault'

flat "a failed test" '##suite c.sh
not ok 1 - one
# got: 1
# want: 2
ok 2 - two
1..2

##end 1
##done'
tap_out "is one" '^not ok 1 - c.sh: one$'
tap_out "and the others count on" '^1\.\.2$'
tap_err "it is explained" '^# want: 2'

# one_more NAME TEXT: flatten finds a failure that TEXT does not speak of
one_more() {
	flat "$1" "##suite d.sh
$2
##done"
	tap_out "$1: a failure" '^not ok [0-9]+ - d.sh: '
}

one_more "a suite without a plan" 'ok 1 - one
##end 0'
one_more "a plan of more tests than ran" 'ok 1 - one
1..2
##end 0'
one_more "a suite that ends with another status" 'ok 1 - one
1..1
##end 3'
one_more "a suite that is ended" 'ok 1 - one
1..1
##end 124'
one_more "a failed suite that ends well" 'not ok 1 - one
1..1
##end 0'
one_more "an empty suite" '##end 0'
one_more "a bail-out" 'Bail out! no disk
##end 1'
