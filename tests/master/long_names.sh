#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mclic-master build: many names that no directory record has room for, in several directories
# and titles, with plain files behind them all.

. tests/tap.sh
. tests/master/lib-master.sh

# names DIR COUNT LENGTH: so many files whose names have so many bytes
names() {
	mkdir -p "$1"
	perl -e '($dir, $count, $len) = @ARGV;
		for (1 .. $count) {
			$name = substr("$_ " . "карта " x 30, 0, $len);
			$name =~ s/[\xc0-\xff]?[ ]?\z/x/;
			open my $f, ">", "$dir/$name" or die;
			print $f "$dir $_";
		}' "$1" "$2" "$3"
}

center_with_publisher
for length in 90 115 130 190 250; do
	names "$T/one/d$length" 300 $length
	names "$T/two/deep/er/d$length" 70 $length
	ln -s "$(printf 'l%*s' $((length * 3)) '' | tr ' ' l)" "$T/two/deep/l$length"
	ln -s "$(printf 'p%*s' $((length * 3)) '' | sed 's, \{20\},/ppp,g; s, ,p,g')" "$T/two/deep/p$length"
done
tap_ok "long names are laid out" build --title "One=$T/one" --title "Two=$T/two" \
	--with-manager -o "$T/m.iso"
on_disc "$T/m.iso" | sed 's/^[^ ]* 0 0 [0-9]* //' >"$T/seen"
(cd "$T/one" && find . -type f -printf '/One/%P\n') >"$T/files"
(cd "$T/two" && find . -type f -printf '/Two/%P\n') >>"$T/files"
tap_is "there are 1850" "$(wc -l <"$T/files")" 1850
tap_is "an independent program sees every one of them" "$(grep -cxFf "$T/files" "$T/seen")" 1850
tap_ok "and reads the manager, which lies behind them" \
	xorriso -osirrox on -indev "$T/m.iso" -extract /mclic "$T/mclic"
tap_cmp "whole" "$T/mclic" "$B/mclic"

offer_on_medium One Two
for title in One Two; do
	tap_ok "$title is copied" mclic copy "$T/m.iso" $title "$T/medium"
done
tap_is "every name is there" \
	"$(cd "$T/medium" && find One Two -type f ! -name '.mclic-*' | sed 's,^,/,' | sort)" \
	"$(sort "$T/files")"
tap_is "and every link" "$(cd "$T/medium/Two/deep" && ls -l [lp]* | sed 's/.* -> //')" \
	"$(cd "$T/two/deep" && ls -l [lp]* | sed 's/.* -> //')"
stop_center
