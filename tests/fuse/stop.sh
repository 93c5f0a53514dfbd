# SPDX-License-Identifier: GPL-2.0-or-later
#
# Ending by a signal while pages are given to the kernel.

. tests/tap.sh

WHO=root
. tests/fuse/lib-stop.sh
