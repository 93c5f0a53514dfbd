# SPDX-License-Identifier: GPL-2.0-or-later
#
# Products, mounted by whoever runs this.

. tests/tap.sh

WHO=root
. tests/fuse/lib-products.sh
