# SPDX-License-Identifier: GPL-2.0-or-later
#
# The command line.

. tests/tap.sh

WHO=root
. tests/fuse/lib-mount.sh
