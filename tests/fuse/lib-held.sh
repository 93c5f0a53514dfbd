# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-held.sh - the file system ends while files are held open: the kernel does not get to say
# that they are closed, and all the same nothing of them is left.

# shellcheck source=tests/fuse/lib.sh
. tests/fuse/lib.sh

command -v cc >/dev/null || tap_skip_all "there is no compiler"

# Says at the very end what the program has open still.
cat >"$T/left.c" <<'EOF'
#include <stdio.h>
#include <unistd.h>

__attribute__((destructor)) static void left(void)
{
	char name[32], path[4096];
	ssize_t n;
	int fd;

	for (fd = 0; fd < 1024; fd++) {
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		n = readlink(name, path, sizeof(path) - 1);
		if (n > 0)
			dprintf(2, "left open: %.*s\n", (int)n, path);
	}
	dprintf(2, "the end\n");
}
EOF
tap_ok "make the library" cc -shared -fPIC -o "$T/left.so" "$T/left.c"

who mkdir -p "$W/tree" "$M"
who sh -c 'head -c 9000 /dev/urandom >"$1/sealed"' sh "$W/tree"
medium lower t="$W/tree"
who mkdir "$W/lower/dir"
LD_PRELOAD=$T/left.so ASAN_OPTIONS=verify_asan_link_order=0 mounted "$W/lower"

who sh -c 'exec 3<"$1/t/sealed" 4>"$1/plain" 5<"$1/dir" || exit 1
	head -c 1 <&3 >/dev/null
	: >"$2/held"
	until [ -e "$2/go" ]; do sleep 0.05; done' sh "$M" "$W" &
holder=$!
tap_ok "a sealed file, a plain one and a directory are open" poll 10 test -e "$W/held"
kill -TERM "$(pgrep -f "mclicfs-fuse.*$M\$")"
wait "$(cat "$M.pid")"
tap_is "a signal ends the file system well" $? 0
tap_ok "while they are held" kill -0 $holder
tap_match "it comes to its end" "$(cat "$M.log")" "^the end$"
tap_nomatch "with none of them open" "$(cat "$M.log")" "^left open: $W/lower/(t/sealed|plain|dir)"
tap_nomatch "and no memory lost" "$(cat "$M.log")" "Sanitizer|runtime error"
who touch "$W/go"
wait $holder
