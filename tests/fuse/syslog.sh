# SPDX-License-Identifier: GPL-2.0-or-later
#
# The system's log, of a mount by root.

if [ "$(id -u)" = 0 ] && [ -z "${SYSLOG_DEV:-}" ]; then
	SYSLOG_DEV=1
	export SYSLOG_DEV
	exec unshare -m sh "$0"
fi

. tests/tap.sh

WHO=root
. tests/fuse/lib-syslog.sh
