# SPDX-License-Identifier: GPL-2.0-or-later
#
# Some thousand requests: all are served, each is billed once. The throughput is told,
# not judged.

. tests/tap.sh
. tests/center/lib-center.sh

REQUESTS=${REQUESTS:-1500}

set_scene
mkdir "$T/load"
query "$T/load/1.in" mid=random
i=1
while [ $i -le "$REQUESTS" ]; do
	query "$T/load/$i.in" mid=random
	{
		[ $i = 1 ] || echo next
		echo "url = \"$CENTER_URL/v1/licences\""
		echo "cacert = \"$CENTER_CA\""
		echo "header = \"Content-Type: $REQUEST\""
		echo "data-binary = \"@$T/load/$i.in\""
		echo "output = \"$T/load/$i.out\""
		echo 'silent'
	} >>"$T/load.curl"
	i=$((i + 1))
done

# run NAME: ask for all of them, and say how fast that was
run() {
	_from=$(date +%s%N)
	curl -Z --parallel-max 32 -K "$T/load.curl" 2>/dev/null
	_to=$(date +%s%N)
	tap_diag "$1: $((REQUESTS * 1000000000 / (_to - _from))) requests a second"
	tap_is "$1: each has its answer" \
		"$(find "$T/load" -name '*.out' -size 1024c | wc -l)" "$REQUESTS"
}

run "new licences"
tap_is "each is billed once" "$(sql 'SELECT count(*), count(DISTINCT licence_id) FROM ledger')" \
	"$REQUESTS|$REQUESTS"
cat "$T"/load/*.out | sha256sum >"$T/first"
rm -f "$T"/load/*.out
run "the same again"
tap_is "the same bytes" "$(cat "$T"/load/*.out | sha256sum)" "$(cat "$T/first")"
tap_is "and no further line" "$(ledger_lines)" "$REQUESTS"
api /metrics
tap_match "the metrics agree: issued" "$(cat "$BODY")" \
	"^mclicd_licences_total\{op=\"new\",outcome=\"issued\"\} $REQUESTS\$"
tap_match "the metrics agree: repeated" "$(cat "$BODY")" \
	"^mclicd_licences_total\{op=\"new\",outcome=\"repeated\"\} $REQUESTS\$"
tap_diag "$(grep -F 'duration_seconds_sum{endpoint="licences"}' "$BODY") seconds in all"
