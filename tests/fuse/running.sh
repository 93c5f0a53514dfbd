# SPDX-License-Identifier: GPL-2.0-or-later
#
# Use by many at once, mounted by whoever runs this.

. tests/tap.sh

WHO=root
. tests/fuse/lib-running.sh
