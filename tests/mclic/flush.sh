# SPDX-License-Identifier: GPL-2.0-or-later
#
# The order of a copy's calls: no file gets its name before it is flushed, and no title
# before its directories are. After a power cut, what bears its name is whole; killing mclic
# cannot show that, for the kernel writes on.

. tests/tap.sh
. tests/mclic/lib-shop.sh

scene

writes=write,writev,pwrite64,pwritev,pwritev2,copy_file_range,sendfile,ftruncate,fallocate

# ordered CMD...: run it, print "named PATH" for each file that is renamed below MEDIUM,
# without the directory of the title, and what was out of order.
ordered() {
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 strace -f -qq -y -s 4096 -o "$T/calls" \
		-e "trace=openat,openat2,mkdirat,unlinkat,fchmod,$writes,fsync,fdatasync,/^rename" \
		"$@" >"$T/ordered.out" 2>&1 ||
		echo "failed: $(cat "$T/ordered.out")"
	perl -ne '
		BEGIN { $medium = shift @ARGV }
		s/^(\d+) +//;
		my $pid = $1;
		if (s/ <unfinished \.\.\.>\n//) {
			$begun{$pid} = $_;
			next;
		}
		s/^<\.\.\. \w+ resumed>/delete $begun{$pid}/e;
		next if / = -1 /;
		# %dirty was not flushed since it changed, the directory of %entry since it is there
		if (/^openat2?\(.*O_CREAT.* = \d+<(.*)>$/) {
			$dirty{$1} = $entry{$1} = 1;
		} elsif (/^mkdirat\(\S+?<(.*?)>, "(.*?)"/) {
			$entry{"$1/$2"} = 1;
		} elsif (/^unlinkat\(\S+?<(.*?)>, "(.*?)"/) {
			delete $dirty{"$1/$2"};
			delete $entry{"$1/$2"};
		} elsif (/^f(?:data)?sync\(\d+<(.*?)>/) {
			delete $dirty{$1};
			delete @entry{grep m{^\Q$1\E/[^/]+$}, keys %entry};
		} elsif (/^rename\w*\(\S+?<(.*?)>, "(.*?)", \S+?<(.*?)>, "(.*?)"/) {
			my ($from, $to) = ("$1/$2", "$3/$4");
			next if index($to, "$medium/");
			for (sort keys %dirty, grep m{^\Q$from\E/}, keys %entry) {
				print "$to before $_\n" if m{^\Q$from\E(/|$)};
			}
			delete $entry{$from};
			$entry{$to} = 1;
			print "named $1\n" if $to =~ m{^\Q$medium\E/[^/]+/(.+)};
		} elsif (/^\w+\(\d+<(.*?)>/) {
			$dirty{$1} = 1;
		}
		END { print "$_ never flushed\n" for grep m{^\Q$medium\E/}, keys %dirty, keys %entry }
		' "$(realpath "$MEDIUM")" "$T/calls" | sort
}
files() {
	(cd "$MEDIUM/$TITLE1" && find . -type f -printf 'named %P\n' | sort)
}

ordered mclic copy "$MASTER" "$TITLE1" "$MEDIUM" >"$T/order"
tap_ok "the copy is whole" whole "$MEDIUM"
tap_is "each of its files was flushed, then named; each directory flushed behind that" \
	"$(cat "$T/order")" "$(files)"

flip "$MEDIUM/$TITLE1/charts/relief.bin" 5000
ordered mclic copy "$MASTER" "$TITLE1" "$MEDIUM" >"$T/order"
tap_ok "mended it is whole" whole "$MEDIUM"
tap_is "a file that is mended is flushed like that, too" "$(cat "$T/order")" \
	"named charts/relief.bin"
