# SPDX-License-Identifier: GPL-2.0-or-later
#
# Files outside products, mounted by whoever runs this.

. tests/tap.sh

WHO=root
. tests/fuse/lib-plain.sh
