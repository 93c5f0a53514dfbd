# SPDX-License-Identifier: GPL-2.0-or-later
#
# Ending by a signal while files are open: a mount of an ordinary user.

. tests/tap.sh

WHO=user
. tests/fuse/lib-held.sh
