# SPDX-License-Identifier: GPL-2.0-or-later
#
# The vectors in the tree are those that the generator writes: a change of a format, of a
# key label or of a reason's name shows here.

. tests/tap.sh

mkdir "$T/vectors"
tap_ok "the vectors are written" "$B/tests/vectors/generate" "$T/vectors"
for folder in good should-fail; do
	tap_ok "$folder is what lies in the tree" \
		diff -r "$T/vectors/$folder" "tests/vectors/$folder"
done
tap_status "a second time into the same folder is refused" 1 \
	"$B/tests/vectors/generate" "$T/vectors"
