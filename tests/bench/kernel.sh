# SPDX-License-Identifier: GPL-2.0-or-later
#
# make bench-kernel: mclicfs.ko against ext4 itself, eCryptfs, fscrypt and dm-crypt, in one
# guest per kernel whose clock counts instructions. Prints the tables of
# Documentation/performance.rst and leaves them in $B/bench-kernel with the figures.
#
#   KERNELS=LIST	the kernels, as tests/qemu/kernel knows them
#   BENCH_MIB=N		size of the big file (default 16)
#   BENCH_FILES=N	files of the tree (default 200)
#   BENCH_FS=LIST	file systems (default: ext4 mclicfs ecryptfs fscrypt dmcrypt)

B=${B:-build}
BENCH_MIB=${BENCH_MIB:-16}
BENCH_FILES=${BENCH_FILES:-200}
BENCH_FS=${BENCH_FS:-ext4 mclicfs ecryptfs fscrypt dmcrypt}
results=$B/bench-kernel
mkdir -p "$results" || exit 1

for kernel in ${KERNELS:?names the kernels}; do
	echo "Measuring on $kernel; counting instructions takes its time ..." >&2
	if ! tests/qemu/boot -k "$kernel" -m virtio -t 7200 -l "$results/$kernel.log" -i env \
		BENCH_MIB="$BENCH_MIB" BENCH_FILES="$BENCH_FILES" BENCH_FS="$BENCH_FS" \
		sh tests/bench/kernel-guest.sh >"$results/$kernel.out" 2>&1; then
		tail -n 20 "$results/$kernel.out" >&2
		exit 1
	fi
	awk -v kernel="$kernel" -v mib="$BENCH_MIB" -v files="$BENCH_FILES" \
		-f tests/bench/kernel.awk "$results/$kernel.out" | tee "$results/$kernel.rst"
done
