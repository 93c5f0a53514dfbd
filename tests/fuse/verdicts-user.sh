# SPDX-License-Identifier: GPL-2.0-or-later
#
# Verdicts, mounted by an ordinary user.

. tests/tap.sh

WHO=user
. tests/fuse/lib-verdicts.sh
