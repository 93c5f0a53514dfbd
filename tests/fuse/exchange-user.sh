# SPDX-License-Identifier: GPL-2.0-or-later
#
# A medium that is exchanged, mounted by an ordinary user.

. tests/tap.sh

WHO=user
. tests/fuse/lib-exchange.sh
