# SPDX-License-Identifier: GPL-2.0-or-later
#
# mclicd killed before each call that changes storage.

. tests/tap.sh

WHEN=before
. tests/center/lib-kill.sh
