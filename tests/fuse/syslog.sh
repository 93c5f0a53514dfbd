# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a mount in the background writes to the system's log: one clean line a message,
# whatever files are called. The log is one of our own, in a /dev of our own.

. tests/tap.sh

WHO=root
# shellcheck source=tests/fuse/lib.sh
. tests/fuse/lib.sh

is_root || tap_skip_all "only root may have a /dev of his own"

name=$(printf 'f\033]0;owned\007\nforged: line')
mkdir -p "$W/tree" "$M"
echo plaintext >"$W/tree/$name"
medium lower t="$W/tree"
flip "$W/lower/t/$name" "$(($(stat -c %s "$W/lower/t/$name") - 1))"

cat >"$T/in-dev.sh" <<'END'
mkdir "$2/dev" && mount -t tmpfs none "$2/dev" && cp -a /dev/null /dev/fuse /dev/urandom "$2/dev" &&
	mount --move "$2/dev" /dev || exit 1
perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "/dev/log")
	or die; while (defined $s->recv($m, 8192)) { $m =~ s/\n/<newline>/g; $m =~ s/\0//g;
	syswrite(STDOUT, "$m\n") }' >"$2/log" &
listener=$!
until [ -S /dev/log ]; do sleep 0.05; done
mclicfs-fuse "$3" "$4" || exit 1
cat "$4/t/"f* 2>"$2/said"
umount "$4"
tries=100
until grep -q trailer "$2/log" || grep -q damaged "$2/log" || [ $((tries -= 1)) = 0 ]; do
	sleep 0.05
done
kill $listener
END
tap_ok "a damaged file is opened" unshare -m sh "$T/in-dev.sh" - "$T" "$W/lower" "$M"
tap_match "it cannot be read" "$(cat "$T/said")" "Bad message"
tap_match "the system's log tells of it" "$(cat "$T/log")" "mclicfs-fuse.*damaged"
tap_is "without a control character" "$(tr -d '[:print:]\n' <"$T/log" | od -An -c)" ""
tap_nomatch "in one line" "$(cat "$T/log")" "<newline>"
