# SPDX-License-Identifier: GPL-2.0-or-later
#
# How each file system is filled and mounted: as its own documentation says, with its
# defaults. Sourced by bench.sh. $who is root or user, $T/plain holds the files.
#
#   fs_prepare FS	fill $T/FS as the ordinary user
#   fs_mount FS		mount it as $who and set M, where the files are to be seen
#   fs_memory		peak resident memory of the daemon, MiB
#   fs_raise_readahead	of the mount to 4 MiB (root); 1 where sysfs cannot be written
#   fs_unmount

password=correct-horse

as_bench() {
	if [ "$who" = root ]; then
		env HOME="$T/user" XDG_CONFIG_HOME="$T/user/.config" \
			XDG_STATE_HOME="$T/user/.local/state" "$@"
	else
		as_user "$@"
	fi
}

fs_daemon() {
	_lower=$T/$1
	case $1 in
	mclicfs)
		as_bench mclicfs-fuse -f "$_lower" "$T/mnt"
		;;
	gocryptfs)
		as_bench gocryptfs -q -fg -passfile "$T/password" "$_lower" "$T/mnt"
		;;
	encfs)
		as_bench encfs -f -S --standard "$_lower" "$T/mnt" <"$T/password"
		;;
	securefs)
		as_bench securefs mount --pass "$password" "$_lower" "$T/mnt"
		;;
	cryfs)
		as_bench env CRYFS_FRONTEND=noninteractive CRYFS_NO_UPDATE_CHECK=true \
			cryfs -f "$_lower" "$T/mnt" <"$T/password"
		;;
	esac
}

fs_settled() {
	is_mounted "$T/mnt" || ! kill -0 "$fs_pid"
}

fs_mount() {
	if [ "$1" = below ]; then
		M=$T/plain
		fs_pid=
		return
	fi
	user_dir "$T/mnt"
	fs_daemon "$1" >"$T/daemon.log" 2>&1 &
	fs_pid=$!
	lib_pids="$lib_pids $fs_pid"
	poll 60 fs_settled
	is_mounted "$T/mnt" || {
		cat "$T/daemon.log" >&2
		die "$1 cannot be mounted as $who"
	}
	M=$T/mnt
	[ "$1" != mclicfs ] || M=$T/mnt/files
}

fs_unmount() {
	[ -n "$fs_pid" ] || return 0
	poll 10 lib_umount "$T/mnt" || die "cannot unmount $T/mnt"
	wait "$fs_pid"
	fs_pid=
}

fs_memory() {
	_pid=$fs_pid
	while :; do
		_child=$(lib_children "$_pid" | head -n 1)
		[ -n "$_child" ] || break
		_pid=$_child
	done
	awk '/^VmHWM/ { printf "%.0f\n", $2 / 1024 }' "/proc/$_pid/status"
}

fs_raise_readahead() {
	_device=$(awk -v d="$T/mnt" '$5 == d { print $3 }' /proc/self/mountinfo)
	echo 4096 2>/dev/null >"/sys/class/bdi/$_device/read_ahead_kb"
}

fs_prepare() {
	user_dir "$T/$1"
	echo "$password" >"$T/password"
	chmod 644 "$T/password"
	case $1 in
	mclicfs)
		cp "$B/tests/tools/mkmedium" "$T/mkmedium"
		as_bench "$T/mkmedium" --center "$T/user/center" "$T/mclicfs" \
			"files=$T/plain" || die "no medium"
		return
		;;
	gocryptfs)
		as_bench gocryptfs -q -init -passfile "$T/password" "$T/gocryptfs"
		;;
	securefs)
		as_bench securefs create --pass "$password" "$T/securefs" >/dev/null
		;;
	esac
	fs_mount "$1"
	as_bench cp -r "$T/plain/." "$M/" || die "$1 cannot be filled"
	fs_unmount
}
