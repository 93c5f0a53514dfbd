# SPDX-License-Identifier: GPL-2.0-or-later
#
# Ending by a signal while files are open.

. tests/tap.sh

WHO=root
. tests/fuse/lib-held.sh
