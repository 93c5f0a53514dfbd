# SPDX-License-Identifier: GPL-2.0-or-later
#
# Files outside products, mounted by an ordinary user.

. tests/tap.sh

WHO=user
. tests/fuse/lib-plain.sh
