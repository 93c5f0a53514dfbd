# SPDX-License-Identifier: GPL-2.0-or-later
#
# A user's mount that lets others in: what they may is what the lower file grants them, its
# access control list included.

# Users may share their mounts only where /etc/fuse.conf says so: here it will, for us alone.
if [ "$(id -u)" = 0 ] && [ -z "${SHARED_CONF:-}" ]; then
	SHARED_CONF=1
	export SHARED_CONF
	exec unshare -m sh "$0"
fi

. tests/tap.sh

WHO=user
# shellcheck source=tests/fuse/lib.sh
. tests/fuse/lib.sh

is_root || tap_skip_all "it takes other users"
echo user_allow_other >"$T/fuse.conf"
[ -e /etc/fuse.conf ] || tap_skip_all "fuse3 has no configuration here"
mount --bind "$T/fuse.conf" /etc/fuse.conf || tap_bail "no /etc/fuse.conf of our own"
at_end 'umount /etc/fuse.conf'

who mkdir -p "$W/tree" "$M"
who sh -c 'echo plaintext >"$1/f"' sh "$W/tree"
medium lower t="$W/tree"
L=$W/lower
ACL=0x0200000001000600ffffffff02000400e903000004000000ffffffff10000400ffffffff20000000ffffffff
listed() {	# FILE: user 1001 reads; its group 1234 does not, though the mode looks so
	echo "a secret" >"$1"
	chown nobody:1234 "$1"
	chmod 600 "$1"
	setfattr -n system.posix_acl_access -v "$ACL" "$1"
}
listed "$L/secret"
by() {	# UID GROUPS CMD...
	_uid=$1
	_groups=$2
	shift 2
	setpriv --reuid "$_uid" --regid "$_uid" --groups "$_groups" "$@"
}
mount_shared() {
	as_user mclicfs-fuse -o allow_other "$L" "$M"
}
tap_ok "a shared mount" mount_shared
tap_is "the mode looks as if the group could read" "$(stat -c %A "$M/secret")" "-rw-r-----"
tap_is "who is on the list reads" "$(by 1001 1001 cat "$M/secret" 2>&1)" "a secret"
tap_status "the group does not" 1 by 1002 1234 cat "$M/secret"
tap_status "nor does anybody else" 1 by 1003 1003 cat "$M/secret"
tap_status "nobody else writes" 2 by 1003 1003 sh -c ": >'$M/new'"
tap_is "a title is open to whom its modes admit" "$(by 1003 1003 cat "$M/t/f")" plaintext
chmod 600 "$L/t/f"
gone() { ! by 1003 1003 cat "$M/t/f"; }
tap_ok "and to nobody else" poll 90 gone
tap_ok "unmounted" as_user fusermount3 -u "$M"
