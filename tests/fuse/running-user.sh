# SPDX-License-Identifier: GPL-2.0-or-later
#
# Use by many at once, mounted by an ordinary user.

. tests/tap.sh

WHO=user
. tests/fuse/lib-running.sh
