# SPDX-License-Identifier: GPL-2.0-or-later
#
# Ending by a signal while pages are given to the kernel: a mount of an ordinary user.

. tests/tap.sh

WHO=user
. tests/fuse/lib-stop.sh
