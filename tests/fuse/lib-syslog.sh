# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-syslog.sh - what a mount in the background writes to the system's log: one clean line a
# message, whatever files are called. The suites run in a mount namespace of their own: here
# they get a /dev, with a log that is theirs.

# shellcheck source=tests/fuse/lib.sh
. tests/fuse/lib.sh

is_root || tap_skip_all "only root may have a /dev of his own"

name=$(printf 'f\033]0;owned\007\nforged: line')
who mkdir -p "$W/tree" "$M"
who sh -c 'echo plaintext >"$1"' sh "$W/tree/$name"
medium lower t="$W/tree"
flip "$W/lower/t/$name" "$(($(stat -c %s "$W/lower/t/$name") - 1))"

mkdir "$T/dev" && mount -t tmpfs none "$T/dev" &&
	cp -a /dev/null /dev/fuse /dev/urandom "$T/dev" && mount --move "$T/dev" /dev ||
	tap_bail "no /dev of our own"
perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "/dev/log")
	or die; chmod 0666, "/dev/log"; while (defined $s->recv($m, 8192)) {
	$m =~ s/\n/<newline>/g; $m =~ s/\0//g; syswrite(STDOUT, "$m\n") }' >"$T/log" &
at_end "kill $!"
log_there() { [ "$(stat -c %a /dev/log)" = 666 ]; }
poll 10 log_there || tap_bail "no log of our own"

tap_ok "mount in the background" who mclicfs-fuse "$W/lower" "$M"
who sh -c 'cat "$1"/f* 2>"$2"' sh "$M/t" "$W/said"
lib_umount "$M"
tap_match "a damaged file cannot be read" "$(cat "$W/said")" "Bad message"
tap_ok "the system's log tells of it" poll 10 grep -q "mclicfs-fuse.*damaged" "$T/log"
tap_is "without a control character" "$(tr -d '[:print:]\n' <"$T/log" | od -An -c)" ""
tap_nomatch "in one line" "$(cat "$T/log")" "<newline>"
