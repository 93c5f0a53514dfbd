# SPDX-License-Identifier: GPL-2.0-or-later
#
# Verdicts, mounted by whoever runs this.

. tests/tap.sh

WHO=root
. tests/fuse/lib-verdicts.sh
