# SPDX-License-Identifier: GPL-2.0-or-later
#
# Keys in memory, of a mount by an ordinary user.

. tests/media/fake-sysfs.sh
media_enter "$0" "$@"
. tests/tap.sh

WHO=user
. tests/fuse/lib-keys.sh
