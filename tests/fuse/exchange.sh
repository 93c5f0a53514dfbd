# SPDX-License-Identifier: GPL-2.0-or-later
#
# A medium that is exchanged, mounted by whoever runs this.

. tests/tap.sh

WHO=root
. tests/fuse/lib-exchange.sh
