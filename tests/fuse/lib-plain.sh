# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-plain.sh - files outside products behave as the lower file system's own do: every
# call is made there and through the mount, and must end alike.

# shellcheck source=tests/fuse/lib.sh
. tests/fuse/lib.sh

A=$W/ordinary
who mkdir -p "$W/lower" "$A"
mounted "$W/lower"

same "create and write" fill @/f 0 10000 65 , stat @/f
same "create again, exclusively" open @/f "rw|creat|excl"
same "read" pread @/f 5000 9000
same "read past the end" pread @/f 20000 10
same "write in the middle" pwrite @/f 4095 "across a page" , pread @/f 0 10000
same "write far behind the end" pwrite @/f 1000000 tail , stat @/f , pread @/f 990000 10004
same "append" append @/f end , append @/f again , stat @/f , pread @/f 999000 2000
same "direct write" fill @/direct 0 8192 7 direct , pread @/direct 0 8192
same "direct read" pread @/direct 4096 4096 direct
same "direct read across the end" pread @/direct 4096 8192 direct
same "write through a mapping" mwrite @/f 0 "mapped bytes" , pread @/f 0 100
same "read through a mapping" mread @/f 0 5000
same "truncate shorter" truncate @/f 3000 , stat @/f , pread @/f 0 9000
same "truncate longer" ftruncate @/f 70000 , stat @/f , pread @/f 0 70000
same "truncate at open" open @/f "w|trunc" , stat @/f
same "open what is not there" open @/none r
same "open a file as a directory" open @/f "r|dir"
same "allocate" fallocate @/f 0 0 50000 , stat @/f
same "allocate and keep the size" fallocate @/f 1 50000 50000 , stat @/f
same "punch a hole" fill @/hole 0 65536 1 , fallocate @/hole 3 8192 16384 , pread @/hole 0 65536
same "find holes" seek @/hole hole 0 , seek @/hole data 8192 , seek @/hole data 70000
same "copy_file_range" copy @/hole @/copied , pread @/copied 0 65536
same "fsync" fsync @/f , fsync @/
same "locks" locks @/f

same "mkdir" mkdir @/d , mkdir @/d , stat @/d
same "mkdir below a file" mkdir @/f/d
same "symlink" symlink f @/l , readlink @/l , stat @/l , pread @/l 0 10
same "open a symlink without following" open @/l "r|nofollow"
same "dangling symlink" symlink nowhere @/dangling , open @/dangling r , open @/dangling "w|creat"
same "FIFO, socket" mknod @/fifo fifo , stat @/fifo , mknod @/sock sock , stat @/sock
same "device node" mknod @/chr chr
same "mknod of a file" mknod @/file reg , stat @/file
same "hard link" link @/f @/hard , stat @/f , stat @/hard , pwrite @/hard 0 both , pread @/f 0 4
same "hard link to a symlink" link @/l @/hardlink , readlink @/hardlink , stat @/l
same "hard link over a name" link @/f @/d
same "long name" mkdir "@/$(printf '%0255d' 1)" , mkdir "@/$(printf '%0256d' 1)"

same "rename" rename @/f @/g , stat @/f , stat @/g
same "rename over a file" rename @/g @/hole , stat @/g , pread @/hole 0 10
same "rename over a hard link of itself" rename @/hole @/hard , stat @/hole , stat @/hard
same "rename into a directory" rename @/hard @/d/g , list @/d
same "rename without replacing" rename @/copied @/d/g noreplace
same "rename, exchanging" rename @/copied @/d/g exchange , pread @/copied 0 10 , pread @/d/g 0 10
same "rename a directory below itself" rename @/d @/d/e
same "rename a file over a directory" rename @/copied @/d
same "rename a full directory over another" mkdir @/e , rename @/d @/e , list @/e
same "rename over a full directory" mkdir @/d , rename @/d @/e
same "unlink" unlink @/copied , stat @/copied , unlink @/copied , unlink @/e
same "rmdir" rmdir @/e , rmdir @/d , stat @/d , rmdir @/direct
same "unlink an open file" fill @/orphan 0 9000 3 , orphan @/orphan , stat @/orphan

same "chmod" fill @/m 0 10 1 , chmod @/m 0640 , stat @/m , chmod @/m 04755 , stat @/m
same "setuid goes at a write" pwrite @/m 0 x , stat @/m
same "chown to oneself" chown @/m "$(who id -u)" "$(who id -g)" , stat @/m
same "chown to another" chown @/m 12345 12345 , stat @/m
same "utimes" utimes @/m 1000000 , stat @/m
same "access" chmod @/m 0444 , access @/m 4 , access @/m 2 , access @/m 1 , access @/none 0
same "user attributes" setxattr @/m user.a value , getxattr @/m user.a
same "user attributes of a file one may write" chmod @/m 0644 , setxattr @/m user.a value , \
	getxattr @/m user.a , listxattr @/m , removexattr @/m user.a , getxattr @/m user.a
same "attributes of a symlink" setxattr @/l user.a value
same "statfs" statfs @/

tap_is "times are the lower file's" "$(who stat -c %Y "$M/m")" "$(who stat -c %Y "$W/lower/m")"
tap_is "inode numbers are the lower file's" "$(who stat -c %i "$M/m")" \
	"$(who stat -c %i "$W/lower/m")"
who setfattr -n user.copied -v yes "$M/m"
tap_is "attributes arrive below" \
	"$(who getfattr --only-values -n user.copied "$W/lower/m" 2>/dev/null)" yes

# Names in any number: listing goes on where it stopped.
who mkdir -p "$W/lower/many"
who sh -c 'cd "$1" && seq 3000 | sed s/^/name-that-is-not-very-short-/ | xargs touch' sh \
	"$W/lower/many"
tap_is "a large directory lists whole" "$(who ls -f "$M/many" | sort | md5sum)" \
	"$(who ls -f "$W/lower/many" | sort | md5sum)"
tap_is "a large directory lists whole, with attributes" \
	"$(who ls -ln --time-style=full-iso "$M/many" | md5sum)" \
	"$(who ls -ln --time-style=full-iso "$W/lower/many" | md5sum)"
tap_ok "a large directory goes" who rm -r "$M/many"

# What is changed below is seen above.
who sh -c 'echo old > "$1/below"' sh "$W/lower"
tap_is "a file below appears" "$(who cat "$M/below")" old
who sh -c 'echo newer > "$1/below"' sh "$W/lower"
tap_is "a file changed below is read anew" "$(who cat "$M/below")" newer
who sh -c 'echo replaced > "$1/other" && mv "$1/other" "$1/below"' sh "$W/lower"
reads_replaced() { [ "$(who cat "$M/below")" = replaced ]; }
tap_ok "a file replaced below is noticed" poll 10 reads_replaced
who rm "$W/lower/below"
is_gone() { ! who test -e "$M/below"; }
tap_ok "a file removed below goes" poll 10 is_gone

who sh -c 'umask 077; : > "$1/private"; umask 002; : > "$1/shared"; umask 000; : > "$1/open"' \
	sh "$M"
tap_is "the umask is the caller's" \
	"$(who stat -c %a "$M/private" "$M/shared" "$M/open" | tr '\n' ' ')" "600 664 666 "

# Random sequences, with files held open, mappings and copies among them.
for seed in 11 12 13; do
	who mkdir "$A/twin$seed" "$M/twin$seed"
	tap_ok "random calls, seed $seed" who twin $seed 6000 "$A/twin$seed" "$M/twin$seed"
	tap_is "the same files are left, seed $seed" \
		"$(who sh -c 'cd "$1" && find . -type f -exec md5sum {} + | sort' sh "$M/twin$seed")" \
		"$(who sh -c 'cd "$1" && find . -type f -exec md5sum {} + | sort' sh "$A/twin$seed")"
done

unmounted
