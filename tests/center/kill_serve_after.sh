# SPDX-License-Identifier: GPL-2.0-or-later
#
# mclicd killed after each call that changes storage: an answer that follows the call is
# lost. Killed before the next call, it would have been sent.

. tests/tap.sh

WHEN=after
. tests/center/lib-kill.sh
