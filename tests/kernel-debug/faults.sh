# SPDX-License-Identifier: GPL-2.0-or-later
#
# faults.sh - memory that runs out, at every allocation of mounting, walking, opening and
# reading in turn. For a kernel that injects faults: tests/qemu/debug.config.

# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/kernel/lib.sh
. tests/kernel/lib.sh

inject=/sys/kernel/debug
for kind in failslab fail_page_alloc; do
	[ -d $inject/$kind ] || tap_bail "this kernel has no $kind; see tests/qemu/debug.config"
	echo N >$inject/$kind/ignore-gfp-wait
	echo 0 >$inject/$kind/verbose
done
echo N >$inject/fail_page_alloc/ignore-gfp-highmem
echo 0 >$inject/fail_page_alloc/min-order

mkdir -p "$W/tree/sub"
head -c 70000 /dev/urandom >"$W/tree/sub/f"
medium lower portable="$W/tree" personal="$W/tree",personal
user_keys >/dev/null
trust "$W/center/center.pem" >/dev/null

for title in portable personal; do
	tap_ok "each allocation fails once: success or ENOMEM ($title)" \
		failnth "$W/lower" "$M" "$title/sub/f" "$W/tree/sub/f"
	tap_diag "$(cat "$OUT")"
	for op in mount walk open LIST_LICENCES; do
		tap_out "some of them ended $op" "^$op: [1-9][0-9]* allocations, [1-9]"
	done
	# These have a reserve.
	for op in read mmap; do
		tap_out "none of them ended $op" "^$op: [1-9][0-9]* allocations, 0 of them"
	done
done
