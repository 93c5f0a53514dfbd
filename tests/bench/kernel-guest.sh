# SPDX-License-Identifier: GPL-2.0-or-later
#
# What "make bench-kernel" runs in each guest: mclicfs and others on ext4 on a RAM disk, one
# after the other, in a clock that counts instructions. One line a value, "value FS METRIC
# NUMBER", times in ns; everything else goes to standard error.

. tests/lib.sh

MIB=$BENCH_MIB
FILES=$BENCH_FILES
READS=2000
FS=$BENCH_FS

kbench=$T/kbench
W=$T/w

say() {
	printf '%s\n' "$*" >&2
}

has() {
	case " $FS " in
	*" $1 "*) ;;
	*) return 1 ;;
	esac
}

# Programs that are measured lie in memory, where no cache is dropped.
prepare() {
	cp "$B/tests/bench/kbench" "$kbench" || die "kbench is not built (make tools)"
	cp "$(command -v busybox)" "$T/busybox"
	mkdir -p "$W/plain/tree" "$W/disk" "$W/crypt" "$W/ext4"
	openssl enc -aes-128-ctr -pass pass:files -nosalt -pbkdf2 </dev/zero 2>/dev/null |
		head -c "$((MIB << 20))" >"$W/plain/big"
	find /usr/include -type f -size -64k | LC_ALL=C sort | head -n "$FILES" |
		tar -c -f - -T - 2>/dev/null | tar -x -f - -C "$W/plain/tree"
	modprobe brd rd_nr=2 rd_size=$(((MIB * 5 + 64) << 10)) || die "no RAM disks"
	modprobe ext4
	mkfs.ext4 -q -b 4096 -O encrypt /dev/ram0
	mount /dev/ram0 "$W/disk" || die "no file system on the RAM disk"
}

# setup_FS: mount it on $dir, with the files in it
#
# Modules are loaded beforehand, and their self-tests waited for: while the kernel waits, the
# clock leaps, and whoever asked for a cipher gives up.
load() {
	modprobe -a "$@" || return 1
	while grep -q 'selftest *: unknown' /proc/crypto; do sleep 1; done
}

setup_ext4() {
	dir=$W/disk/ext4
	mkdir "$dir" && cp -a "$W/plain/." "$dir"
}

setup_mclicfs() {
	load gcm cmac aesni_intel
	insmod "$MCLICFS_KO" || return 1
	mkdir "$W/mclicfs"
	"$B/tests/tools/mkmedium" --center "$T/center" "$W/disk/mclicfs" t="$W/plain" || return 1
	find "$HOME" -name '*.pem' -exec openssl x509 -in {} -outform DER \; |
		keyctl padd asymmetric "" %:.mclic || return 1
	mount -i -t mclicfs "$W/disk/mclicfs" "$W/mclicfs" || return 1
	dir=$W/mclicfs/t
}

setup_ecryptfs() {
	dir=$W/ecryptfs
	mkdir "$dir" "$W/disk/ecryptfs"
	load ecryptfs ecb cbc md5 aesni_intel
	_sig=$("$kbench" ecryptfs) || return 1
	mount -i -t ecryptfs -o "ecryptfs_sig=$_sig,ecryptfs_cipher=aes,ecryptfs_key_bytes=32" \
		"$W/disk/ecryptfs" "$dir" && cp -a "$W/plain/." "$dir"
}

setup_fscrypt() {
	dir=$W/disk/fscrypt
	load xts cts cbc aesni_intel
	mkdir "$dir" && "$kbench" fscrypt "$dir" && cp -a "$W/plain/." "$dir"
}

setup_dmcrypt() {
	dir=$W/crypt
	load dm_crypt xts aesni_intel
	_table="crypt aes-xts-plain64 $(printf '%0128d' 7) 0 /dev/ram1 0"
	dmsetup create --noudevsync --noudevrules bench --table \
		"0 $(((MIB * 3 / 2 + 32) << 11)) $_table" || return 1
	dmsetup mknodes
	mkfs.ext4 -q -b 4096 /dev/mapper/bench && mount /dev/mapper/bench "$dir" &&
		cp -a "$W/plain/." "$dir"
}

value() {
	_metric=$1
	shift
	_value=$("$kbench" "$@") || die "$fs: $_metric cannot be measured"
	printf 'value %s %s %s\n' "$fs" "$_metric" "$_value"
}

measure() {
	cmp "$dir/big" "$W/plain/big" || die "$fs: wrong bytes"
	value cold cold "$dir/big"
	value again again "$dir/big"
	value mapped mapped "$dir/big"
	value random random "$dir/big" $READS
	value pages pages "$dir/big"
	# shellcheck disable=SC2016 # the inner shell expands it
	set -- "$T/busybox" sh -c 'find "$1" -type f | xargs "$0" md5sum' "$T/busybox" "$dir/tree"
	value md5-cold cold-run "$@"
	value md5-again again-run "$@"
	# Names of users and the time zone would come from files of the host.
	value ls-cold cold-run "$T/busybox" env TZ=UTC0 "$T/busybox" ls -lnR "$dir/tree"
	value ls-again again-run "$T/busybox" env TZ=UTC0 "$T/busybox" ls -lnR "$dir/tree"
}

# The ciphers alone: 4 KiB at a time, keys of 256 bits (XTS: twice that)
ciphers() {
	modprobe -a aesni_intel gcm cbc xts 2>/dev/null
	dmesg -C
	modprobe tcrypt mode=211 sec=0 2>/dev/null
	modprobe tcrypt mode=500 sec=0 2>/dev/null
	dmesg | awk -v mib="$MIB" '
		/testing speed of/ { on = /decryption/; name = "" }
		on && /speed of (sync |async )?gcm\(aes\)/ { name = "gcm"; bits = 256 }
		on && /speed of (sync |async )?cbc\(aes\)/ { name = "cbc"; bits = 256 }
		on && /speed of (sync |async )?xts\(aes\)/ { name = "xts"; bits = 512 }
		name && index($0, "(" bits " bit key, 4096 byte blocks)") { here = 1 }
		here && match($0, /in [0-9]+ cycles/) {
			printf "value %s cipher %.0f\n", name,
				substr($0, RSTART + 3, RLENGTH - 10) * mib * 256
			name = here = ""
		}'
}

prepare
ciphers
for fs in $FS; do
	"setup_$fs" >&2 || die "$fs cannot be set up"
	measure
done
