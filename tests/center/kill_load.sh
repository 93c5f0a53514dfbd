# SPDX-License-Identifier: GPL-2.0-or-later
#
# mclicd killed at random under load: who has no answer asks again.

. tests/tap.sh
. tests/center/lib-center.sh

in_memory
set_scene --rsa-bits 2048
stop_center
mkdir "$T/load"
for i in $(seq 150); do
	query "$T/load/$i.in" mid=random
done
# ask_all: those that have no answer yet
ask_all() {
	: >"$T/load.curl"
	for _in in "$T"/load/*.in; do
		[ ! -s "${_in%.in}.out" ] || continue
		{
			[ ! -s "$T/load.curl" ] || echo next
			echo "url = \"$CENTER_URL/v1/licences\""
			echo "cacert = \"$CENTER_CA\""
			echo "header = \"Content-Type: $REQUEST\""
			echo "data-binary = \"@$_in\""
			echo "output = \"${_in%.in}.part\""
			echo 'fail'
			echo 'silent'
		} >>"$T/load.curl"
	done
	curl -Z --parallel-max 16 -K "$T/load.curl" 2>/dev/null
	for _part in "$T"/load/*.part; do
		[ "$(stat -c %s "$_part" 2>/dev/null)" != 1024 ] || mv "$_part" "${_part%.part}.out"
	done
	rm -f "$T"/load/*.part
}
served_more() {
	[ "$(grep -c /v1/licences "$CENTER_LOG")" -gt "$1" ]
}
for round in 1 2 3 4 5 6; do
	start_center
	served=$(grep -c /v1/licences "$CENTER_LOG")
	ask_all &
	asking=$!
	poll 10 served_more $((served + 11 * round % 17))
	kill_center
	wait $asking
done
tap_diag "$(find "$T/load" -name '*.out' | wc -l) of 150 had their answer in six rounds"
start_center
for i in $(seq 150); do
	mv "$T/load/$i.out" "$T/load/$i.had" 2>/dev/null
done
ask_all
tap_is "at last each has an answer" "$(find "$T/load" -name '*.out' | wc -l)" 150
changed=0
for i in $(seq 150); do
	[ ! -s "$T/load/$i.had" ] || cmp -s "$T/load/$i.had" "$T/load/$i.out" ||
		changed=$((changed + 1))
done
tap_is "and who had one before has the same" "$changed" 0
tap_is "each is billed once" "$(sql 'SELECT count(*), count(DISTINCT licence_id) FROM ledger')" \
	"150|150"
tap_is "the database is whole" "$(sql 'PRAGMA integrity_check')" ok
