#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mclic-master build: what it refuses, by which name, with which remedy; nothing is left then.

. tests/tap.sh
. tests/master/lib-master.sh

center_with_publisher
mkdir -p "$T/out"

# refused NAME STATUS MESSAGE ARGS...: build ends so, says so, and leaves nothing.
refused() {
	_what=$1 _status=$2 _says=$3
	shift 3
	tap_status "$_what is refused" "$_status" build "$@"
	tap_err "$_what: the message" "$_says"
	tap_is "$_what: nothing is left" "$(ls -A "$T/out")" ""
}

# tree: a fresh directory with one good file
tree() {
	rm -rf "$T/tree"
	mkdir -p "$T/tree/sub"
	echo good >"$T/tree/sub/good"
}

# in_tree NAME MESSAGE: what stands in the tree now is refused
in_tree() {
	refused "$1" 1 "$2" --title "T=$T/tree" -o "$T/out/x.iso"
}

tree
mkfifo "$T/tree/sub/pipe"
in_tree "a FIFO" "tree/sub/pipe is a FIFO.*remove it"

tree
perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => shift, Listen => 1) or die' "$T/tree/sock"
in_tree "a socket" "tree/sock is a socket"

if is_root && mknod "$T/tree/null" c 1 3 2>/dev/null; then
	rm "$T/tree/sock"
	in_tree "a device" "tree/null is a device"
fi

tree
chmod 000 "$T/tree/sub/good"
if is_root; then	# but not one that may read everything
	mkdir "$T/bin"
	cat >"$T/bin/mclic-master" <<-EOF
		#!/bin/sh
		exec setpriv --bounding-set -dac_override,-dac_read_search '$B/mclic-master' "\$@"
	EOF
	chmod +x "$T/bin/mclic-master"
fi
PATH=$T/bin:$PATH
in_tree "a file that cannot be read" "tree/sub/good cannot be read; make it readable"
PATH=${PATH#*:}
tap_is "... before its title is registered" "$(sqlite3 "$CENTER/center.db" \
	"SELECT count(*) FROM products")" 0

tree
chmod 4755 "$T/tree/sub/good"
in_tree "a set-user-ID file" "tree/sub/good has the set-user-ID.*chmod"

tree
chmod 1777 "$T/tree/sub"
in_tree "a sticky directory" "tree/sub has the set-user-ID, set-group-ID or sticky bit"

tree
ln -s /etc/passwd "$T/tree/sub/abs"
in_tree "an absolute link" "tree/sub/abs is a symbolic link that leaves the title"

tree
ln -s ../../x "$T/tree/sub/up"
in_tree "a link that climbs out" "tree/sub/up is a symbolic link that leaves the title"

tree
: >"$T/tree/sub/.MCLIC-product"
in_tree "a marker's name" "has a name that a product cannot hold.*rename it"

tree
: >"$(printf '%s/tree/bad\nname' "$T")"
in_tree "a control character" "tree/bad name has a name that a product cannot hold"

tree
: >"$(printf '%s/tree/\377\376' "$T")"
in_tree "a name that is not UTF-8" "has a name that a product cannot hold"

tree
: >"$T/tree/Read.me"
: >"$T/tree/READ.ME"
in_tree "a pair that differs by case" "READ.ME. and .Read.me. have the same name|Read.me. and .READ.ME. have the same name"

tree
mkfifo "$T/tree/one" "$T/tree/two"
ln -s / "$T/tree/three"
in_tree "many at once" "^mclic-master: 3 of the names below .*/tree cannot be part of a title"
tap_is "many at once: each is named" "$(grep -c 'warning: ' "$ERR")" 3

tree
refused "a name without a title" 2 "NAME=DIR" --title "=$T/tree" -o "$T/out/x.iso"
refused "a title without a directory" 2 "NAME=DIR" --title "T=" -o "$T/out/x.iso"
refused "a directory that is not there" 1 "absent: No such file" --title "T=$T/absent" -o "$T/out/x.iso"
refused "a file in place of a directory" 1 "Not a directory" --title "T=$T/tree/sub/good" -o "$T/out/x.iso"
refused "a title that is too long" 2 "1 to 63 bytes" \
	--title "$(printf 'x%.0s' $(seq 64))=$T/tree" -o "$T/out/x.iso"
refused "a title that is not UTF-8" 2 "1 to 63 bytes of UTF-8" \
	--title "$(printf 'a\377')=$T/tree" -o "$T/out/x.iso"
refused "the same title twice" 2 "same folder on the disc" \
	--title "Same=$T/tree" --title "SAME=$T/tree" -o "$T/out/x.iso"
refused "two titles with one folder" 2 "same folder on the disc" \
	--title "a/b=$T/tree" --title "a_b=$T/tree" -o "$T/out/x.iso"
refused "a title named as the manager" 2 "name of a file that --with-manager adds" \
	--title "MCLIC=$T/tree" --with-manager -o "$T/out/x.iso"
refused "no title" 2 "title is missing" -o "$T/out/x.iso"
refused "no output" 2 "-o is missing" --title "T=$T/tree"
refused "a version of zero" 2 "content version" --title "T=$T/tree" --version-number 0 -o "$T/out/x.iso"
refused "a version that is too large" 2 "content version" \
	--title "T=$T/tree" --version-number 4294967296 -o "$T/out/x.iso"
refused "a version that is no number" 2 "content version" \
	--title "T=$T/tree" --version-number 1x -o "$T/out/x.iso"
refused "a label in small letters" 2 "A-Z, 0-9 and _" --title "T=$T/tree" --volume abc -o "$T/out/x.iso"
refused "an argument too many" 2 "one argument too many" --title "T=$T/tree" -o "$T/out/x.iso" more
refused "an output in no folder" 1 "No such file" --title "T=$T/tree" -o "$T/none/x.iso"
refused "a folder as output" 1 "not the name of a file" --title "T=$T/tree" -o "$T/out"
refused "an output inside of the title" 1 "lies inside of" --title "T=$T/tree" -o "$T/tree/sub/x.iso"
refused "a missing key file" 1 "absent.key" --title "T=$T/tree" --key "$T/absent.key" -o "$T/out/x.iso"

# The token.
echo "mclic-u-$(cut -c 9- "$TOKEN")" >"$T/user.token"
TOKEN=$T/user.token refused "a user's token" 1 "not a publisher's token" --title "T=$T/tree" -o "$T/out/x.iso"
sed 's/.$/z/' "$TOKEN" >"$T/odd.token"
TOKEN=$T/odd.token refused "an odd token" 1 "not a publisher's token" --title "T=$T/tree" -o "$T/out/x.iso"
{
	cut -c 1-41 "$TOKEN" | tr -d '\n'
	echo 00112233445566778899aabbccddeeff
} >"$T/unknown.token"
TOKEN=$T/unknown.token refused "a token nobody gave" 3 "token" --title "T=$T/tree" -o "$T/out/x.iso"
id=$(cut -c 9-40 "$TOKEN")
sed "s/$id/00112233445566778899aabbccddeeff/" "$TOKEN" >"$T/alien.token"
TOKEN=$T/alien.token refused "another center's token" 3 "center" --title "T=$T/tree" -o "$T/out/x.iso"

# The center.
tap_status "a certificate that TLS does not know is refused" 3 mclic-master build \
	--center "$CENTER_URL" --token "@$TOKEN" --title "T=$T/tree" -o "$T/out/x.iso"
stop_center
refused "a center that does not answer" 1 "$CENTER_URL" --title "T=$T/tree" -o "$T/out/x.iso"

# The rest of the command line.
for url in nonsense https:// 'https://:1'; do
	tap_status "no address: '$url'" 2 mclic-master build --center "$url" --token "@$TOKEN" \
		--title "T=$T/tree" -o "$T/out/x.iso"
done
tap_status "no command" 2 mclic-master
tap_status "an unknown command" 2 mclic-master press
tap_ok "--help" mclic-master --help
tap_ok "build --help" mclic-master build --help
tap_out "build --help names the options" "--with-manager"
tap_ok "--version" mclic-master --version
tap_out "--version says which" "^mclic-master [0-9]"
