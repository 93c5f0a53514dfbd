# SPDX-License-Identifier: GPL-2.0-or-later
#
# make bench: mclicfs-fuse against gocryptfs, encfs, securefs and cryfs on the same files
# and the same lower file system, and mclic copy against the cipher it uses. Prints the
# tables of Documentation/performance.rst and leaves them in $B/bench with the figures.
#
#   BENCH_ROUNDS=N	rounds (default 5); the order of the file systems turns in each
#   BENCH_MIB=N		size of the big file (default 512)
#   BENCH_FS=LIST	file systems (default: all)
#   BENCH_WHO=LIST	"root user" (default; only user where we are not root)

BENCH_ROUNDS=${BENCH_ROUNDS:-5}
BENCH_MIB=${BENCH_MIB:-512}
BENCH_FS=${BENCH_FS:-mclicfs gocryptfs encfs securefs cryfs}

# In memory where there is room, so that the disk is not what is measured.
room=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)
if [ "${room:-0}" -gt $((BENCH_MIB * 1024 * 8)) ]; then
	TMPDIR=/dev/shm
	export TMPDIR
fi

# shellcheck source=tests/lib.sh
. tests/lib.sh
# shellcheck source=tests/bench/peers.sh
. tests/bench/peers.sh
# shellcheck source=tests/bench/copy.sh
. tests/bench/copy.sh

results=$B/bench
mkdir -p "$results"
lib_user_setup
cp tests/bench/measure "$T/measure"

say() {
	printf '%s\n' "$*" >&2
}

# The files: one big, and the headers of this machine as some thousand small ones.
make_files() {
	mkdir -p "$T/plain/tree"
	openssl enc -aes-128-ctr -pass pass:files -nosalt -pbkdf2 </dev/zero 2>/dev/null |
		head -c "$((BENCH_MIB << 20))" >"$T/plain/big"
	(cd /usr/include && find . -type f -size -256k | sort | head -n 4000 |
		tar -c -f - -T -) | tar -x -f - -C "$T/plain/tree"
	chmod -R a+rX "$T/plain"
	say "$(find "$T/plain/tree" -type f | wc -l) small files," \
		"$(du -sm "$T/plain/tree" | cut -f1) MiB; a file of $BENCH_MIB MiB;" \
		"below: $(stat -f -c %T "$T")"
}

# value METRIC ARGS...: measure and note one value.
value() {
	_metric=$1
	shift
	_value=$(as_bench sh "$T/measure" "$@") || die "$fs: cannot measure $_metric"
	printf '%s\t%s\t%s\n' "$fs" "$_metric" "$_value" >>"$raw"
}

measure_one() {
	fs=$1
	say "  round $round, as $who: $fs"
	fs_mount "$fs"
	value seq-cold seq "$M"
	value seq-again seq "$M"
	value rand1-again rand "$M" 1
	value rand4-again rand "$M" 4
	[ "$fs" = below ] ||
		printf '%s\tmemory\t%s\n' "$fs" "$(fs_memory)" >>"$raw"
	fs_unmount
	for jobs in 1 4; do
		fs_mount "$fs"
		value rand$jobs-cold rand "$M" $jobs
		fs_unmount
	done
	fs_mount "$fs"
	value tree-cold tree "$M"
	value tree-again tree "$M"
	value ls ls "$M"
	fs_unmount
	if [ "$who" = root ] && [ "$fs" != below ]; then
		fs_mount "$fs"
		fs_raise_readahead && value seq-raised seq "$M"
		fs_unmount
	fi
}

measure_all() {
	who=$1
	raw=$results/$who.tsv
	: >"$raw"
	# shellcheck disable=SC2086 # a list of words
	set -- below $BENCH_FS
	round=1
	while [ "$round" -le "$BENCH_ROUNDS" ]; do
		for one; do
			measure_one "$one"
		done
		first=$1
		shift
		set -- "$@" "$first"
		round=$((round + 1))
	done
	awk -v format=json -v who="$who" -f tests/bench/table.awk "$raw" >"$results/$who.json"
	awk -v format=rst -v who="$who" -f tests/bench/table.awk "$raw" | tee "$results/$who.rst"
}

if is_root; then
	BENCH_WHO=${BENCH_WHO:-root user}
else
	BENCH_WHO=user
fi

make_files
who=user
for fs in $BENCH_FS; do
	say "  preparing $fs"
	fs_prepare "$fs"
done
for who in $BENCH_WHO; do
	measure_all "$who"
done
measure_copy
