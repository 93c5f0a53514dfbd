# SPDX-License-Identifier: GPL-2.0-or-later
#
# Damage, mounted by whoever runs this.

. tests/tap.sh

WHO=root
. tests/fuse/lib-damage.sh
