# SPDX-License-Identifier: GPL-2.0-or-later
#
# Products, mounted by an ordinary user.

. tests/tap.sh

WHO=user
. tests/fuse/lib-products.sh
