# SPDX-License-Identifier: GPL-2.0-or-later
#
# SIGTERM while clients come and go: a clean end. Each change of what a thread waits for is
# made to last, so that the end and a client's coming happen at once.

. tests/tap.sh
. tests/center/lib-center.sh

mkdir "$T/bin"
cat >"$T/bin/mclicd" <<EOF
#!/bin/sh
ASAN_OPTIONS=\$ASAN_OPTIONS:detect_leaks=0 exec strace -f -qq -o '$T/calls' -e trace=epoll_ctl \\
	-e inject=epoll_ctl:delay_enter=100000 '$B/mclicd' "\$@"
EOF
chmod +x "$T/bin/mclicd"
PATH=$T/bin:$PATH

come_and_go() {
	while curl -s -o /dev/null "$CENTER_URL/healthz"; do
		:
	done
}
for i in 1 2 3 4; do
	start_center --plain-http --rsa-bits 2048
	come_and_go &
	clients=$!
	poll 30 grep -q '"path":"/healthz"' "$CENTER_LOG"
	pkill -TERM -P "$CENTER_PID"
	wait "$CENTER_PID"
	tap_is "it ends cleanly ($i)" "$?" 0
	wait $clients
	tap_is "and says so" "$(tail -n 1 "$CENTER_LOG" | jq -r .event)" stopped
	rm "$CENTER_LOG"
done

# Many requests that the HTTP library refuses, just then.
refused() {
	perl -MIO::Socket::INET -e 'alarm 60; $SIG{PIPE} = "IGNORE";
		push @s, IO::Socket::INET->new("127.0.0.1:$ARGV[0]") || die for 1 .. 100;
		$| = 1;
		print "connected\n";
		<STDIN>;
		for my $s (@s) { syswrite $s, "GET / HTTP/3.0\r\n\r\n" }' "$1"
}
PATH=${PATH#"$T/bin:"}
for i in 1 2 3 4 5 6; do
	start_center --plain-http --rsa-bits 2048
	mkfifo "$T/go"
	refused "${CENTER_URL##*:}" <"$T/go" >"$T/connected" &
	clients=$!
	exec 9>"$T/go"
	poll 30 test -s "$T/connected"
	echo go >&9
	stop_center
	tap_is "it ends cleanly while many are refused ($i)" "$CENTER_STATUS" 0
	exec 9>&-
	wait $clients
	rm "$T/go" "$T/connected" "$CENTER_LOG"
done
