# SPDX-License-Identifier: GPL-2.0-or-later
#
# mclic copy on one processor, against that processor's rate of AES-256-GCM: each byte
# is opened once (EKa) and sealed once (EKu). Sourced by bench.sh.

# cipher_rate: MB/s of opening and sealing one after the other, in blocks of 4096 bytes
cipher_rate() {
	for way in "" -decrypt; do
		# shellcheck disable=SC2086 # a word or none
		taskset -c 0 openssl speed -elapsed -mr -seconds 2 -bytes 4096 \
			-evp aes-256-gcm $way 2>/dev/null
	done | awk -F: '/^\+F/ { t += 1 / $NF } END { printf "%.0f\n", 1 / t / 1e6 }'
}

measure_copy() {
	who=user
	say "  mclic copy, one processor"
	start_center
	token=$(mclicctl --data "$CENTER" user add reader | grep -o 'mclic-u-[0-9a-f-]*')
	publisher=$(mclicctl --data "$CENTER" publisher add press | grep -o 'mclic-p-[0-9a-f-]*')
	mkdir -p "$T/title"
	cp "$T/plain/big" "$T/title/big"
	mclic-master build --center "$CENTER_URL" --cacert "$CENTER_CA" --token "$publisher" \
		--title "Big=$T/title" -o "$T/big.iso" || die "no master"
	mclicctl --data "$CENTER" product list --json >"$T/products"
	mclicctl --data "$CENTER" product sell \
		"$(jq -r '.products[0].did' "$T/products")" || die "not for sale"
	mclic enrol "$CENTER_URL" --cacert "$CENTER_CA" --token "$token" || die "not enrolled"

	raw=$results/copy.tsv
	: >"$raw"
	round=1
	while [ "$round" -le "$BENCH_ROUNDS" ]; do
		mkdir "$T/copy$round"
		mclic format --area-file "$T/copy$round" >/dev/null || die "no area"
		start=$(date +%s%N)
		taskset -c 0 mclic copy "$T/big.iso" Big "$T/copy$round" >/dev/null 2>&1 ||
			die "mclic copy failed"
		end=$(date +%s%N)
		rm -rf "$T/copy$round"
		awk -v n="$((BENCH_MIB << 20))" -v t=$((end - start)) -v c="$(cipher_rate)" \
			'BEGIN { printf "%.1f\t%s\t%.3f\n", n * 1000 / t, c, n * 1000 / t / c }' \
			>>"$raw"
		round=$((round + 1))
	done
	stop_center
	sort -k3,3n "$raw" | awk -F'\t' '
		{ copy[NR] = $1; cipher[NR] = $2; share[NR] = $3 }
		END {
			m = int((NR + 1) / 2)
			printf "{\"copy\": %s, \"cipher\": %s, \"share\": %s, \"rounds\": %d}\n",
				copy[m], cipher[m], share[m], NR
		}' >"$results/copy.json"
	jq -r '"mclic copy: \(.copy) MB/s on one processor; the cipher alone, open and seal:",
		"\(.cipher) MB/s; share \(.share)"' "$results/copy.json" | tee "$results/copy.txt"
}
