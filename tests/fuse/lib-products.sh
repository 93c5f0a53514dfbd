# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-products.sh - products read in the clear, and every way to change them that is refused.

# shellcheck source=tests/fuse/lib.sh
. tests/fuse/lib.sh

who mkdir -p "$W/tree/sub/deep" "$W/tree/bin"
who sh -c 'head -c 3333333 /dev/urandom >"$1/big"; : >"$1/empty"; printf x >"$1/sub/one"
	head -c 4096 /dev/urandom >"$1/sub/block"; head -c 1048576 /dev/urandom >"$1/sub/group"
	head -c 1048577 /dev/urandom >"$1/sub/deep/over"; cp /bin/cat "$1/bin/cat"
	ln -s ../sub/one "$1/bin/link"; chmod 640 "$1/sub/one"; chmod 755 "$1/bin/cat"' sh "$W/tree"
medium lower title="$W/tree" other="$W/tree" spare="$W/tree"
L=$W/lower
P=$M/title
mounted "$L"

# ---- reading ----

listing() {
	(cd "$1" && find . -printf '%P %y %m %l ' -type f -printf '%s' -printf '\n' | sort)
}
if [ "$WHO" = user ]; then
	list_of() { who sh -c 'cd "$1" && find . -printf "%P %y %m %l " -type f -printf "%s" \
		-printf "\n" | sort' sh "$1"; }
else
	list_of() { listing "$1"; }
fi
tap_is "a product shows the names, modes, links and sizes of the title" \
	"$(list_of "$P" | sed 's/^ d [0-7]*/ d/')" "$(list_of "$W/tree" | sed 's/^ d [0-7]*/ d/')"
tap_ok "and its contents" who diff -r "$W/tree" "$P"
tap_ok "also again, from the page cache" who diff -r "$W/tree" "$P"
tap_nomatch "the marker is not listed" "$(who ls -a "$P")" mclic-product
call "nor found by name" ENOENT stat "$P/.mclic-product"
call "in any case" ENOENT stat "$P/.MCLIC-Product"
call "nor opened" ENOENT open "$P/.mclic-product" r
call "nor removed" ENOENT unlink "$P/.mclic-product"
call "nor renamed" ENOENT rename "$P/.mclic-product" "$P/x"
tap_isnt "below it is sealed" "$(sum_of "$L/title/big" 0 4096)" "$(sum_of "$W/tree/big" 0 4096)"
for at in 0 1 4095 4096 100000 1044480 1048575 1048576 2097151 3333000 3333332 3333333; do
	for len in 1 4096 5000 1048576 1052672; do
		want=$(who fscall pread "$W/tree/big" $at $len)
		call "read of $len at $at" "$want" pread "$P/big" $at $len
		call "direct read of $len at $at" "$want" pread "$P/big" $at $len direct
	done
done
call "mapping" "$(who fscall mread "$W/tree/big" 0 3333333)" mread "$P/big" 0 3333333
call "SEEK_DATA" "ok 5" seek "$P/big" data 5
call "SEEK_HOLE" "ok 3333333" seek "$P/big" hole 5
call "SEEK_DATA behind the end" ENXIO seek "$P/big" data 3333333
call "copy_file_range out of a product" "ok 3333333" copy "$P/big" "$M/copied"
tap_ok "copies the plaintext" who cmp "$W/tree/big" "$M/copied"
tap_is "a program runs from the mount" "$(who "$P/bin/cat" "$P/bin/link")" x

# ---- nothing in a product changes ----

f=$P/sub/block
call "open for writing" EROFS open "$f" w
call "open for reading and writing" EROFS open "$f" rw
call "open for appending" EROFS open "$f" "w|append"
call "O_TRUNC" EROFS open "$f" "r|trunc"
call "O_CREAT of a new file" EROFS open "$P/new" "w|creat"
call "O_CREAT of a file that is there, to read it" ok open "$f" "r|creat"
call "truncate" EROFS truncate "$f" 10
call "mkdir" EROFS mkdir "$P/new"
call "mknod" EROFS mknod "$P/new" fifo
call "mknod of a file" EROFS mknod "$P/sub/new" reg
call "symlink" EROFS symlink x "$P/new"
call "link" EROFS link "$f" "$P/new"
call "chmod" EROFS chmod "$f" 0600
call "chmod of a directory" EROFS chmod "$P/sub" 0700
call "chmod of the product itself" EROFS chmod "$P" 0700
call "chown" EROFS chown "$f" "$(who id -u)" "$(who id -g)"
call "utimes" EROFS utimes "$f" 1000
call "utimes of a directory" EROFS utimes "$P/sub" 1000
call "utimes of a symlink" EROFS utimes "$P/bin/link" 1000
call "setxattr" EROFS setxattr "$f" user.a b
call "removexattr" EROFS removexattr "$f" user.a
call "getxattr of a label that cannot be given" EOPNOTSUPP getxattr "$f" security.selinux
# Where the kernel judges permissions it asks for ACLs itself, and wants the answer.
[ "$WHO" = user ] && acl=EOPNOTSUPP || acl=ENODATA
call "getxattr of an ACL that cannot be given" $acl getxattr "$f" system.posix_acl_access
call "... of a directory" $acl getxattr "$P/sub" system.posix_acl_default
tap_ok "cp -a takes a product as one without ACLs" who cp -a "$P" "$W/archive"
tap_match "so does getfacl" "$(who getfacl -cp "$f")" '^user::rw-'
call "copy_file_range into a product" EROFS copy "$M/copied" "$f"
# libfuse has no such call, and the kernel then says so for every directory.
call "O_TMPFILE" EOPNOTSUPP open "$P" "rw|tmpfile"
if [ "$WHO" = user ]; then
	call "access for writing" EROFS access "$f" 2
	call "access for reading" ok access "$f" 4
fi

call "link out of a product" EXDEV link "$f" "$M/out"
call "link into a product" EXDEV link "$M/copied" "$P/in"
call "link between products" EXDEV link "$f" "$M/other/in"
call "rename out of a product" EXDEV rename "$f" "$M/out"
call "rename into a product" EXDEV rename "$M/copied" "$P/in"
call "rename between products" EXDEV rename "$f" "$M/other/in"
call "rename of a directory out of a product" EXDEV rename "$P/sub" "$M/out"
call "exchange across the edge" EXDEV rename "$f" "$M/copied" exchange
call "rename of a product into another" EXDEV rename "$M/other" "$P/other"

for name in .mclic-product .MCLIC-PRODUCT .Mclic-product; do
	call "create $name" EPERM open "$M/$name" "w|creat"
	call "mkdir $name" EPERM mkdir "$M/$name"
	call "mknod $name" EPERM mknod "$M/$name" reg
	call "symlink $name" EPERM symlink x "$M/$name"
	call "link to $name" EPERM link "$M/copied" "$M/$name"
	call "rename to $name" EPERM rename "$M/copied" "$M/$name"
	call "rename to $name in a product" EPERM rename "$f" "$P/$name"
	call "create $name in a product" EPERM open "$P/$name" "w|creat"
done

area=$M/.mclic/area
call "the area can be read" "$(who fscall pread "$L/.mclic/area" 0 8192)" pread "$area" 0 8192
call "and its folder listed" "ok 3" list "$M/.mclic"
call "open the area for writing" EPERM open "$area" rw
call "truncate the area" EPERM truncate "$area" 0
call "remove the area" EPERM unlink "$area"
call "rename the area" EPERM rename "$area" "$M/area"
call "link the area" EPERM link "$area" "$M/area"
call "chmod the area" EPERM chmod "$area" 0666
call "utimes of the area" EPERM utimes "$area" 1
call "attributes of the area" EPERM setxattr "$area" user.a b
call "a file beside the area" EPERM open "$M/.mclic/new" "w|creat"
call "a file over the area" EPERM rename "$M/copied" "$area"
call "remove the area's folder" EPERM rmdir "$M/.mclic"
call "rename the area's folder" EPERM rename "$M/.mclic" "$M/x"
call "rename over the area's folder" EPERM rename "$M/title" "$M/.mclic"
call "exchange the area's folder" EPERM rename "$M/title" "$M/.mclic" exchange
call "chmod the area's folder" EPERM chmod "$M/.mclic" 0700
tap_ok "nothing of that happened" who diff -r "$W/tree" "$P"

# ---- what may happen to a product ----

tap_ok "a whole product may be renamed" who mv "$M/title" "$M/renamed"
tap_ok "and is read under its new name" who diff -r "$W/tree" "$M/renamed"
tap_ok "and into a plain directory" who sh -c 'mkdir "$1/dir" && mv "$1/renamed" "$1/dir/title"' \
	sh "$M"
P=$M/dir/title
tap_ok "where it is read, too" who diff -r "$W/tree" "$P"
call "rename within a product" ok rename "$P/sub/one" "$P/first"
call "reads the same" "$(who fscall pread "$W/tree/sub/one" 0 9)" pread "$P/first" 0 9
call "unlink" ok unlink "$P/first"
call "it is gone below" ENOENT stat "$L/dir/title/first"
call "rmdir of a directory that is not empty" ENOTEMPTY rmdir "$P/sub/deep"
call "rmdir of a product that is not empty" ENOTEMPTY rmdir "$P"
call "its marker is still there" "$(who fscall stat "$L/spare/.mclic-product")" \
	stat "$L/dir/title/.mclic-product"
who mkdir "$L/twice"
who touch "$L/twice/.mclic-product" "$L/twice/.MCLIC-PRODUCT"
call "rmdir of a product with another file of the marker's name" ENOTEMPTY rmdir "$M/twice"
tap_is "which stays a product" "$(who ls -A "$L/twice" | sort | tr '\n' ' ')" \
	".MCLIC-PRODUCT .mclic-product "
who rm "$L/twice/.MCLIC-PRODUCT"
who ln "$L/twice/.mclic-product" "$L/twice/x"
call "... with another name of the marker" ENOTEMPTY rmdir "$M/twice"
tap_is "... which stays one, too" "$(who ls -A "$L/twice" | sort | tr '\n' ' ')" \
	".mclic-product x "
who rm -r "$L/twice"
who mkdir "$L/never"
who touch "$L/never/.MCLIC-PRODUCT" "$L/never/.Mclic-Product"
call "a file with the marker's name in another case makes no product" ok \
	rename "$M/never/.MCLIC-PRODUCT" "$M/never/x"
call "and can be removed" ok unlink "$M/never/.Mclic-Product"
who rm -r "$L/never"
tap_ok "a product can be removed file by file" who rm -r "$P"
call "with its marker" ENOENT stat "$L/dir/title"

# ---- damaged and misplaced markers ----

P=$M/other
is_plain() { who fscall pread "$P/sub/one" 0 1 | grep -q EBADMSG; }
is_clear() { who cmp -s "$P/sub/one" "$W/tree/sub/one"; }
tap_ok "before" is_clear
cp "$L/other/.mclic-product" "$T/marker"
# verified WORDS: status and those of what mclic verify says of the product, which lies below
verified() {
	who mclic verify "$L" other >"$T/verify" 2>&1
	echo "$? $(grep -oE "$1" "$T/verify" | head -n 1)"
}
tap_is "before: verify" "$(verified "is good")" "0 is good"
right=$(who fscall pread "$W/tree/sub/one" 0 1)

# Every field: its first and last byte, what a mount says at open, and what mclic verify says.
# The publisher and the manifest are nothing to a mount: what a file needs is in its trailer.
size=$(stat -c %s "$T/marker")
while read -r first last want field says; do
	field=$(echo "$field" | tr _ ' ')
	for at in $first $last; do
		[ "$want" = ok ] && bytes=$right || bytes=$want
		flip "$L/other/.mclic-product" "$at"
		call "marker's $field changed (byte $at): open" "$want" open "$P/sub/one" r
		call "... read" "$bytes" pread "$P/sub/one" 0 1 direct
		call "... list" "ok 6" list "$P"
		tap_is "... verify" "$(verified "$says")" "4 $says"
		flip "$L/other/.mclic-product" "$at"
		call "... mended: open" ok open "$P/sub/one" r
	done
done <<-TABLE
	0 7 EBADMSG magic it does not start with its magic number
	8 9 EBADMSG version a format version that this program does not know
	10 11 EBADMSG suite a cipher suite that this program does not know
	12 15 EACCES content_version signature does not match
	16 31 EACCES DID signature does not match
	32 47 ok publisher_id another publisher than its key
	48 51 EBADMSG length_of_the_manifest its length is wrong
	52 55 EBADMSG length_of_the_manifest a size that no writer produces
	56 59 ok KM_generation signature does not match
	60 63 EBADMSG reserved a reserved field is not zero
	64 95 ok public_key another publisher than its key
	96 127 EBADMSG reserved a reserved field is not zero
	128 191 ok signature signature does not match
	192 $((size - 1)) ok manifest signature does not match
TABLE
for len in 0 127 191 192; do
	who truncate -s $len "$L/other/.mclic-product"
	call "marker of $len bytes: open" EBADMSG open "$P/sub/one" r
	who cp "$T/marker" "$L/other/.mclic-product"
done
call "marker mended" ok open "$P/sub/one" r
who cp "$T/marker" "$L/other/sub/.mclic-product"
bad_nested() { who fscall open "$P/sub/one" r | grep -q EBADMSG; }
tap_ok "nested marker: open" poll 10 bad_nested
call "nested marker: below it, too" EBADMSG open "$P/sub/deep/over" r
call "nested marker: list" "ok 6" list "$P/sub"
call "nested marker: hidden" ENOENT stat "$P/sub/.mclic-product"
call "nested marker: outside of it" ok open "$P/big" r
call "nested marker: across its edge" EXDEV rename "$P/big" "$P/sub/big"
call "nested marker: unlink" ok unlink "$P/sub/group"
who rm "$L/other/sub/.mclic-product"
tap_ok "nested marker gone" poll 10 is_clear
who rm "$L/other/.mclic-product"
tap_ok "without a marker it is a plain directory of sealed files" \
	poll 10 who cmp -s "$P/sub/one" "$L/other/sub/one"
call "which can be written" ok open "$P/sub/one" rw
who cp "$T/marker" "$L/other/.mclic-product"
tap_ok "with the marker again, a product" poll 10 is_clear
who rm "$L/other/.mclic-product"
who mkdir "$L/other/.mclic-product"
tap_ok "a directory for a marker: open" poll 10 is_plain
call "a directory for a marker: list" "ok 6" list "$P"
who rmdir "$L/other/.mclic-product"
who cp "$T/marker" "$L/other/.mclic-product"
tap_ok "marker mended again" poll 10 is_clear

# ---- impossible sizes ----

for len in 0 1 127 129 144; do
	who truncate -s $len "$L/other/sub/deep/over"
	shows_empty() { who fscall stat "$P/sub/deep/over" | grep -q '^ok 100644 0 '; }
	tap_ok "length $len: stat" poll 10 shows_empty
	call "length $len: open" EBADMSG open "$P/sub/deep/over" r
	call "length $len: list" "ok 3" list "$P/sub/deep"
done
call "impossible length: unlink" ok unlink "$P/sub/deep/over"

tap_match "the marker's damage was told" "$(cat "$M.log")" "marker is damaged"
unmounted

# ---- what is told of markers, by a log that has not said much yet ----

mounted "$L"
damaged() {	# The directory is held, so that it goes on being looked at as the same product.
	who sh -c 'cd "$1" && fscall open sub/one r && printf X | dd of="$2" conv=notrunc status=none &&
		fscall open sub/one r' sh "$P" "$L/other/.mclic-product" | tr '\n' ' '
}
tap_is "a marker damaged while its product is in use" "$(damaged)" "ok EBADMSG "
tap_match "is told" "$(cat "$M.log")" "/other/.mclic-product: the marker is damaged"
who cp "$T/marker" "$L/other/.mclic-product"
who cp "$T/marker" "$L/other/sub/.mclic-product"
tap_ok "a marker in a product" poll 10 bad_nested
tap_match "is told, too" "$(cat "$M.log")" "/other/sub: products do not nest"
who rm "$L/other/sub/.mclic-product"
unmounted

# ---- the product as LOWER, and LOWER as the place of the mount ----

who cp -r "$L/.mclic" "$L/spare/"
mounted "$L/spare"
tap_ok "LOWER may be a product itself" who cmp "$M/big" "$W/tree/big"
call "and is not written then" EROFS mkdir "$M/new"
call "but its area stays an area" EPERM open "$M/.mclic/area" rw
unmounted
who rm -r "$L/spare/.mclic"
M=$L
mounted "$L"
tap_ok "a medium may be mounted over itself" who diff -r "$W/tree" "$L/spare"
unmounted
