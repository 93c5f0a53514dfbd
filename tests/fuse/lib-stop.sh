# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-stop.sh - a signal ends the file system while it gives the kernel what lies around a
# read, and somebody waits for a page of that.

# shellcheck source=tests/fuse/lib.sh
. tests/fuse/lib.sh

is_root || tap_skip_all "the library that slows the program down is loaded as root"
command -v cc >/dev/null || tap_skip_all "there is no compiler"
[ "$(stat -f -c %T "$W")" != tmpfs ] || tap_skip_all "what is in memory is never waited for"

# Reads that must not wait for a disk are those for ahead.c: they wait for a file here.
cat >"$T/slow.c" <<'EOF'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t preadv64v2(int fd, const struct iovec *v, int n, off64_t at, int flags)
{
	ssize_t (*next)(int, const struct iovec *, int, off64_t, int);

	if (flags & RWF_NOWAIT) {
		close(open(BEGUN, O_CREAT | O_WRONLY, 0644));
		while (access(GO, F_OK))
			usleep(10000);
	}
	next = dlsym(RTLD_NEXT, "preadv64v2");
	return next(fd, v, n, at, flags);
}

ssize_t preadv2(int fd, const struct iovec *v, int n, off_t at, int flags)
{
	return preadv64v2(fd, v, n, at, flags);
}
EOF
tap_ok "make the library" cc -shared -fPIC -DBEGUN="\"$W/begun\"" -DGO="\"$T/go\"" \
	-o "$T/slow.so" "$T/slow.c" -ldl

who mkdir "$W/tree" "$M"
who sh -c 'head -c 1000000 /dev/urandom >"$1/big"' sh "$W/tree"
medium lower t="$W/tree"
LD_PRELOAD=$T/slow.so ASAN_OPTIONS=verify_asan_link_order=0 mounted "$W/lower"
daemon=$(pgrep -f "mclicfs-fuse.*$M\$")
threads=$(ls "/proc/$daemon/task")

# Reads block 161, says so, and then its neighbours when told.
who perl -e 'open(F, "<:raw", "$ARGV[0]/t/big") or die; my $x;
	sysseek(F, 161 * 4096, 0); sysread(F, $x, 1);
	sleep 1 until -e $ARGV[1];
	for (162 .. 175) { sysseek(F, $_ * 4096, 0); sysread(F, $x, 1) or last }
	open(O, ">", $ARGV[2])' "$M" "$W/read" "$W/done" &
reader=$!
tap_ok "reading begins, and what is around is being fetched" poll 10 test -e "$W/begun"

a_thread_ended() {
	for _thread in $threads; do
		[ -d "/proc/$daemon/task/$_thread" ] || return 0
	done
	return 1
}
kill -TERM "$daemon"
poll 10 a_thread_ended
: >"$W/read"
poll 5 test -e "$W/done"
: >"$T/go"
ended() { [ ! -e "/proc/$daemon" ] || grep -q "^State:.Z" "/proc/$daemon/status"; }
tap_ok "the file system ends" poll 20 ended
# What would hang is let go.
umount -f "$M" 2>/dev/null || umount -l "$M" 2>/dev/null
wait "$reader" "$(cat "$M.pid")"
tap_nomatch "it is not mounted any more" "$(cat /proc/self/mounts)" " $M "
