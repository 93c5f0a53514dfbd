# SPDX-License-Identifier: GPL-2.0-or-later
#
# The command line, used by an ordinary user.

. tests/tap.sh

WHO=user
. tests/fuse/lib-mount.sh
