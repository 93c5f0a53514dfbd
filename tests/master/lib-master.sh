# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-master.sh - a license center with a publisher, for the suites of mclic-master. Source
# it behind tests/tap.sh.
#
#   center_with_publisher	start both; TOKEN is the file with the publisher's token
#   build ARGS...		mclic-master build with center, certificate and token
#   offer_on_medium TITLE...	put these on sale; a user enrols, and formats $T/medium (two tests)
#   on_disc IMAGE		what an independent program sees: lines of mode, size, path,
#				"-> target" behind a link's
#   leftovers DIR		what mclic-master left in DIR besides images

center_with_publisher() {
	start_center
	mclicctl --data "$CENTER" publisher add Hydrographic --json >"$T/publisher.json" ||
		tap_bail "the center's operator cannot add a publisher"
	TOKEN=$T/publisher.token
	jq -r .token "$T/publisher.json" >"$TOKEN"
}

build() {
	mclic-master build --center "$CENTER_URL" --cacert "$CENTER_CA" --token "@$TOKEN" "$@"
}

offer_on_medium() {
	mclicctl --data "$CENTER" user add alice --json | jq -r .token >"$T/user.token"
	for _title; do
		mclicctl --data "$CENTER" product set "$_title" --price 1 --currency EUR
		mclicctl --data "$CENTER" product sell "$_title"
	done >"$T/sell.out"
	mkdir "$T/medium"
	tap_ok "a user enrols" \
		mclic enrol "$CENTER_URL" --cacert "$CENTER_CA" --token "@$T/user.token"
	tap_ok "and has a medium" mclic format --area-file "$T/medium"
}

# Mode, size and path from xorriso's "ls -l" lines, their quotes taken away.
on_disc() {
	xorriso -indev "$1" -find / -exec lsdl 2>/dev/null |
		sed "s/^\([^ ]*\) *[^ ]* *\([^ ]*\) *\([^ ]*\) *\([0-9]*\) [A-Z][a-z][a-z] *[0-9]* *[0-9:]* /\1 \2 \3 \4 /; s/'//g"
}

leftovers() {
	find "$1" -mindepth 1 -maxdepth 1 ! -name '*.iso' | sort
}
