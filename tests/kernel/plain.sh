# SPDX-License-Identifier: GPL-2.0-or-later
#
# plain.sh - what lies outside products is the lower file system's own, to read and not to
# write; and the mount says what it is.

# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/kernel/lib.sh
. tests/kernel/lib.sh
# shellcheck source=tests/kernel/lib-lower.sh
. tests/kernel/lib-lower.sh

image lower 64 mkfs.ext4 -q
L=$W/lower
A=$L

# ---- a tree ----

mkdir -p "$L/d/e" "$L/many" "$L/title"
seq 100000 >"$L/f"
cp "$(command -v busybox)" "$L/d/busybox"
ln -s d/e/deep "$L/link"
ln -s nowhere "$L/dangling"
echo deep >"$L/d/e/deep"
ln "$L/f" "$L/hard"
mkfifo "$L/fifo"
mknod "$L/null" c 1 3
mknod "$L/block" b 7 200
chmod 4750 "$L/d/e/deep"
chown 123:456 "$L/d/e/deep"
setfattr -n user.mine -v yes "$L/f"
setfattr -n trusted.root -v only "$L/f"
setfacl -m d:u:nobody:rwx "$L/d"
echo secret >"$L/acl"
chmod 600 "$L/acl"
setfacl -m u:nobody:r "$L/acl"
truncate -s 1M "$L/sparse"
printf tail >>"$L/sparse"
(cd "$L/many" && seq 3000 | sed 's/^/name-that-is-not-very-short-/' | xargs touch)
touch "$L/$(printf '%0255d' 1)" "$L/many/.mclic-product" "$L/.MCLIC-Product"

# ---- mounting ----

tap_status "a source that is not there" 32 mount -i -t mclicfs "$W/none" "$M"
tap_status "a file as source" 32 mount -i -t mclicfs "$L/f" "$M"
tap_status "an unknown option" 32 mount -i -t mclicfs -o nonsense "$L" "$M"
tap_status "a readahead that is none" 32 mount -i -t mclicfs -o readahead=0 "$L" "$M"
tap_status "a readahead beyond sense" 32 mount -i -t mclicfs -o readahead=1000000 "$L" "$M"
tap_status "a key that is not there" 32 mount -i -t mclicfs -o key=123456789 "$L" "$M"
tap_status "an area that is not there" 32 mount -i -t mclicfs -o area="$W/none" "$L" "$M"
tap_status "an area that is some file" 32 mount -i -t mclicfs -o area="$L/f" "$L" "$M"
tap_is "nothing of all that is mounted" "$(mount_of "$M")" ""

tap_ok "mount" mount -i -t mclicfs "$L" "$M"
tap_is "it is named after the source, and read-only" "$(mount_of "$M")" "mclicfs $L rw,relatime ro"
tap_is "its type" "$(stat -f -c %t "$M")" 4d434c46
tap_status "mclicfs on mclicfs is refused" 32 mount -i -t mclicfs "$M" "$W/mnt"
tap_status "below its root, too" 32 mount -i -t mclicfs "$M/d" "$W/mnt"
tap_status "remounting for writing is refused" 32 mount -i -o remount,rw "$M"
tap_match "and it stays" "$(mount_of "$M")" " ro$"
tap_ok "remounting read-only with another readahead" mount -i -o remount,ro,readahead=64 "$M"
tap_is "which is shown" "$(mount_of "$M")" "mclicfs $L ro,relatime ro,readahead=64"
tap_status "remounting with another area" 32 mount -i -o remount,ro,area=/x "$M"
tap_is "and used" "$(cat /sys/class/bdi/mclicfs-*/read_ahead_kb)" 64
tap_ok "remounting with the options there are" mount -i -o remount,ro "$M"
tap_is "keeps them" "$(mount_of "$M")" "mclicfs $L ro,relatime ro,readahead=64"

# ---- reading ----

same "attributes of a file" stat @/f
same "of a directory" stat @/d
same "of the root" stat @/
same "of a file with setuid" stat @/d/e/deep
same "of a link" stat @/link
same "of a FIFO, a device" stat @/fifo , stat @/null , stat @/block
same "what is not there" stat @/none
same "a name below a file" stat @/f/x
same "a long name" stat "@/$(printf '%0255d' 1)" , stat "@/$(printf '%0256d' 1)"
tap_is "inode numbers and times are the lower file's" "$(stat -c '%i %X %Y %Z' "$M/f")" \
	"$(stat -c '%i %X %Y %Z' "$L/f")"
tap_isnt "the device is not" "$(stat -c %d "$M/f")" "$(stat -c %d "$L/f")"
same "read" pread @/f 5000 9000 , pread @/f 0 0
same "read past the end" pread @/f 2000000 10 , pread @/f 588890 10
same "read directly" pread @/f 4096 4096 direct , pread @/f 585728 8192 direct
same "read through a mapping" mread @/f 0 588895 , mread @/f 4096 100
same "find holes" seek @/sparse hole 0 , seek @/sparse data 0 , seek @/sparse data 2000000
same "follow a link" pread @/link 0 10 , readlink @/link , open @/dangling r
same "open a file as a directory, a link without following" open @/f "r|dir" , open @/link "r|nofollow"
same "fsync" fsync @/f , fsync @/
same "the size of the file system" statfs @/
same "attributes with names" getxattr @/f user.mine , getxattr @/f user.none , listxattr @/f
same "of a link, of a directory" getxattr @/link user.mine , listxattr @/d
tap_is "ACLs" "$(cd "$M" && getfacl -n d acl f)" "$(cd "$L" && getfacl -n d acl f)"
tap_is "names that only root may see" \
	"$(getfattr -d -m - "$M/f" | grep -v '^#')" "$(getfattr -d -m - "$L/f" | grep -v '^#')"
as_user true
tap_is "an ordinary user does not see them" \
	"$(as_user getfattr -m - "$M/f" 2>/dev/null | grep -v '^#')" user.mine
tap_status "an ordinary user reads what he may" 0 as_user cat "$M/f"
tap_status "and nothing else" 1 as_user cat "$M/d/e/deep"
tap_status "or what an ACL gives him" 0 as_user cat "$M/acl"
tap_cmp "a copy" "$M/d/busybox" "$L/d/busybox"
tap_is "a program runs" "$("$M/d/busybox" echo ran)" ran
tap_is "sendfile" "$(busybox cat "$M/f" | md5sum)" "$(md5sum <"$L/f")"
tap_is "a device is the device" "$(head -c 3 "$M/null" | wc -c)" 0
touch -a -d @1000 "$L/f" "$L/d"
cat "$M/hard" "$(ls "$M/d" >/dev/null)" >/dev/null 2>&1
tap_is "times of access stay" "$(stat -c %X "$L/f" "$L/d" | tr '\n' ' ')" "1000 1000 "

# ---- listing ----

listing() {
	ls -lR --time-style=full-iso "$1" | sed "s|^$1||" | grep -v '^total '
}
rm "$L/many/.mclic-product" "$L/.MCLIC-Product"
tap_is "the tree lists alike" "$(listing "$M" | md5sum)" "$(listing "$L" | md5sum)"
touch "$L/many/.mclic-product" "$L/title/.mclic-product" "$L/.MCLIC-Product"
tap_is "markers are hidden, of products" "$(ls -A "$M/title")" ""
tap_is "also among many names" "$(ls -A "$M/many" | wc -l)" 3000
tap_nomatch "and outside them" "$(ls -A "$M")" "[Mm][Cc][Ll][Ii][Cc]-"
call "nor are they there for who asks" ENOENT stat "$M/title/.mclic-product"
call "in any case" ENOENT stat "$M/.MCLIC-Product"
call "or spelling" ENOENT stat "$M/d/.mclic-PRODUCT"
tap_is "types are told without a look" \
	"$(find "$M" -maxdepth 1 \( -type p -o -type c -o -type b \) | wc -l)" 3
rm "$L/many/.mclic-product" "$L/title/.mclic-product" "$L/.MCLIC-Product"

# ---- writing ----

refuses() {
	_what=$1
	shift
	call "$_what: read-only" EROFS "$@"
}
refuses "open for writing" open "$M/f" w
refuses "open for both" open "$M/f" rw
refuses "truncate at open" open "$M/f" "r|trunc"
refuses "create" open "$M/new" "w|creat"
refuses "create exclusively" open "$M/new" "w|creat|excl"
refuses "create a marker" open "$M/d/.mclic-product" "w|creat"
refuses "temporary file" open "$M" "rw|tmpfile"
refuses "truncate" truncate "$M/f" 0
refuses "mkdir" mkdir "$M/new"
refuses "rmdir" rmdir "$M/title"
refuses "mknod" mknod "$M/new" fifo
refuses "unlink" unlink "$M/f"
refuses "symlink" symlink f "$M/new"
refuses "link" link "$M/f" "$M/new"
refuses "rename" rename "$M/f" "$M/new"
refuses "exchange" rename "$M/f" "$M/hard" exchange
refuses "chmod" chmod "$M/f" 0600
refuses "chown" chown "$M/f" 1 1
refuses "utimes" utimes "$M/f" 0
refuses "access for writing" access "$M/f" 2
refuses "setxattr" setxattr "$M/f" user.a v
refuses "removexattr" removexattr "$M/f" user.mine
tap_status "setting an ACL: read-only" 1 setfacl -m u:nobody:r "$M/f"
tap_status "chattr" 1 chattr +i "$M/f"
same "and nothing has changed" stat @/f , list @/

tap_ok "unmount" umount "$M"
tap_ok "and the lower" umount "$L"
