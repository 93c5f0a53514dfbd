# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib-mount.sh - the command line: mounting, refusing to, options, the background, ending.

# shellcheck source=tests/fuse/lib.sh
. tests/fuse/lib.sh

who mkdir -p "$W/tree" "$M"
who sh -c 'echo plaintext >"$1/f"' sh "$W/tree"
medium lower t="$W/tree"
L=$W/lower
who sh -c 'echo plain >"$1/plain"' sh "$L"

tap_ok "--help" who mclicfs-fuse --help
tap_out "names the arguments" "LOWER DIR"
tap_out "explains the mount options" "nofail"
tap_ok "--version" who mclicfs-fuse --version
tap_out "says it" "^mclicfs-fuse [0-9]"
tap_status "no arguments" 2 who mclicfs-fuse
tap_status "one argument" 2 who mclicfs-fuse "$L"
tap_status "three arguments" 2 who mclicfs-fuse "$L" "$M" "$M"
tap_status "an unknown option" 2 who mclicfs-fuse --nonsense "$L" "$M"
tap_status "LOWER does not exist" 1 who mclicfs-fuse "$W/none" "$M"
tap_err "is named" "$W/none"
tap_status "LOWER is a file" 1 who mclicfs-fuse "$L/plain" "$M"
tap_status "DIR does not exist" 1 who mclicfs-fuse "$L" "$W/none"
tap_err "is named, too" "$W/none"
tap_status "DIR is a file" 1 who mclicfs-fuse "$L" "$L/plain"
tap_status "requests of another size" 2 who mclicfs-fuse -o max_read=4096 "$L" "$M"
tap_err "are refused by name" "max_read"
tap_status "a remount" 2 who mclicfs-fuse -o remount,ro "$L" "$M"
tap_err "says how" "mount -i"
tap_status "an unknown mount option, in the foreground" 2 who mclicfs-fuse -f -o bogus "$L" "$M"
tap_status "an unknown mount option" 2 who mclicfs-fuse -o no_such_option "$L" "$M"
tap_err "says so" "mount options"

# mount_line: the options that /proc lists
mount_line() {
	awk -v d="$M" '$2 == d { print $1, $3, $4 }' /proc/self/mounts
}
# daemon: the process that serves $M
daemon() {
	pgrep -f "mclicfs-fuse.*$M\$"
}
gone() { ! daemon >/dev/null; }

tap_ok "mounts, and goes to the background" who mclicfs-fuse "$L" "$M"
tap_is "the mount is there when it has" "$(who cat "$M/t/f" "$M/plain")" "plaintext
plain"
tap_match "it is named after LOWER" "$(mount_line)" "^$L fuse.mclicfs-fuse "
tap_match "set-user-id programs and devices are off" "$(mount_line)" "nosuid,nodev"
pid=$(daemon)
tap_is "one process serves it" "$(echo "$pid" | wc -w)" 1
tap_is "its working directory is no mount" "$(readlink "/proc/$pid/cwd")" /
tap_is "nor is the terminal held" "$(readlink "/proc/$pid/fd/0" "/proc/$pid/fd/1" \
	"/proc/$pid/fd/2" | sort -u)" /dev/null
tap_is "it dumps no core" "$(awk '/^Max core/ { print $5, $6 }' "/proc/$pid/limits")" "0 0"
tap_is "memory belongs to root alone" "$(stat -c %u "/proc/$pid/mem")" 0
if [ "$WHO" = user ]; then
	for part in mem environ maps; do
		tap_status "not even its user may look into its $part" 2 \
			who sh -c ': <"/proc/$1/$2"' sh "$pid" "$part"
	done
elif is_root; then
	bdi=/sys/class/bdi/$(mountpoint -d "$M")
	tap_is "the readahead is raised" "$(cat "$bdi/read_ahead_kb")" 4096
fi
tap_status "mclicfs on mclicfs is refused" 1 who mclicfs-fuse "$M" "$W/tree"
tap_err "with the reason" "shown by mclicfs already"
tap_status "also of a directory in it" 1 who mclicfs-fuse "$M/t" "$W/tree"
tap_ok "a second mount elsewhere" \
	who sh -c 'mkdir "$2" && mclicfs-fuse "$1" "$2"' sh "$L" "$W/second"
tap_is "reads the same" "$(who cat "$W/second/t/f")" plaintext
lib_umount "$W/second"
tap_ok "unmount" lib_umount "$M"
tap_ok "ends the process" poll 10 gone

tap_ok "generic options, as fstab has them" who mclicfs-fuse "$L" "$M" -o \
	rw,noauto,user,nofail,_netdev,x-systemd.automount,x-systemd.idle-timeout=5,noatime \
	-o relatime,silent
tap_match "take effect where they are the mount's" "$(mount_line)" "noatime"
lib_umount "$M"
poll 10 gone
tap_ok "ro" who mclicfs-fuse -o ro,noexec "$L" "$M"
tap_match "is the mount's" "$(mount_line)" "[ ,]ro[, ]"
call "nothing is written then" EROFS open "$M/plain" w
call "titles are read" "$(who fscall pread "$W/tree/f" 0 99)" pread "$M/t/f" 0 99
lib_umount "$M"
poll 10 gone

if [ "$WHO" = root ] && is_root; then
	if [ -x /sbin/mount.fuse3 ]; then
		tap_ok "mount -t fuse.mclicfs-fuse" env PATH="$B:$PATH" \
			/sbin/mount.fuse3 "$L" "$M" -t fuse.mclicfs-fuse -o rw,nofail
		tap_is "reads" "$(cat "$M/t/f")" plaintext
		umount "$M"
		poll 10 gone
		# from_fstab OPTION: mounted so, what /proc says of it. mount(8) keeps PATH to
		# itself, so the program is named.
		from_fstab() {
			echo "$B/mclicfs-fuse#$L $M fuse $1 0 0" >"$T/fstab"
			mount -T "$T/fstab" "$M" && mount_line | cut -d " " -f 2- && umount "$M" &&
				poll 10 gone
		}
		as_ever=$(from_fstab defaults)
		tap_match "from fstab" "$as_ever" "^fuse.mclicfs-fuse rw,relatime,"
		for option in auto noauto nofail user,suid,dev,exec nousers noowner nogroup \
			_netdev silent loud iversion noiversion mand nomand relatime norelatime \
			strictatime nostrictatime atime diratime nodiratime lazytime nolazytime \
			async symfollow x-systemd.automount comment=x subtype=foo; do
			tap_is "with $option" "$(from_fstab "$option" 2>&1)" "$as_ever"
		done
		for option in ro noexec noatime sync dirsync nosymfollow; do
			tap_match "with $option, which counts" "$(from_fstab "$option" 2>&1)" \
				"[ ,]${option}[, ]"
		done
		tap_ok "mounted by a name of its own" mclicfs-fuse -o subtype=foo "$L" "$M"
		tap_is "it reads ahead like any other" \
			"$(cat "/sys/class/bdi/$(mountpoint -d "$M")/read_ahead_kb")" 4096
		lib_umount "$M"
		poll 10 gone
	fi

	# Others, in root's mount
	as_user true
	chmod 755 "$W" "$L"
	echo secret >"$L/secret"
	chmod 600 "$L/secret"
	mkdir -m 1777 "$L/all"
	mkdir -m 2775 "$L/group"
	chgrp nogroup "$L/group"
	mkdir -m 700 "$L/closed"
	: >"$L/closed/in"
	mount_fuse "$L" "$M" || tap_bail "cannot mount"
	tap_is "others read what they may" "$(as_user cat "$M/plain" "$M/t/f")" "plain
plaintext"
	tap_is "and not what they may not" "$(as_user fscall open "$M/secret" r)" EACCES
	tap_is "nor look into closed directories" "$(as_user fscall stat "$M/closed/in")" EACCES
	cat "$M/closed/in"
	tap_is "also when root has just been there" "$(as_user fscall stat "$M/closed/in")" EACCES
	tap_is "nor write" "$(as_user fscall open "$M/plain" w)" EACCES
	tap_is "nor make files" "$(as_user fscall mkdir "$M/new")" EACCES
	as_user sh -c 'umask 027; : >"$1/f"; mkdir "$1/d"; ln -s f "$1/l"; mkfifo "$1/p"' sh "$M/all"
	tap_is "what they make is theirs" \
		"$(cd "$L/all" && stat -c '%n %U %a' f d l p | tr '\n' ' ')" \
		"f nobody 640 d nobody 750 l nobody 777 p nobody 640 "
	touch "$M/all/root"
	tap_is "what root makes is root's" "$(stat -c %U "$L/all/root")" root
	tap_is "sticky directories protect what is another's" \
		"$(as_user fscall unlink "$M/all/root")" EPERM
	as_user sh -c ': >"$1/f"' sh "$M/group"
	tap_is "a set-group-id directory hands its group on" "$(stat -c %G "$L/group/f")" nogroup
	tap_is "chown is root's" "$(as_user fscall chown "$M/all/f" 0 0)" EPERM
	setpriv --reuid nobody --regid 12345 --groups 65534 sh -c ': >"$1/by-group"' sh "$M/group"
	tap_is "supplementary groups count" "$(stat -c %U "$L/group/by-group" 2>/dev/null)" nobody
	tap_ok "an access control list is made" setfacl -m u:nobody:r "$L/secret"
	tap_is "and counts" "$(as_user fscall open "$M/secret" r)" ok
	cp /bin/cat "$M/all/suid" && chmod 4755 "$M/all/suid"
	tap_is "set-user-id bits can be set" "$(stat -c %a "$L/all/suid")" 4755
	chmod 4777 "$M/all/suid"
	as_user sh -c 'echo x >>"$1/suid"' sh "$M/all"
	tap_is "and go when another writes" "$(stat -c %a "$L/all/suid")" 777
	chmod 6777 "$M/all/suid"
	as_user sh -c ': >"$1/suid"' sh "$M/all"
	tap_is "or truncates at open" "$(stat -c "%a %s" "$L/all/suid")" "777 0"
	setfattr -n trusted.secret -v x "$L/all/suid"
	setfattr -n user.plain -v x "$L/all/suid"
	tap_is "root sees all extended attributes" \
		"$(getfattr -m - --absolute-names "$M/all/suid" | sort | xargs)" \
		"# file: $M/all/suid trusted.secret user.plain"
	tap_is "others not those that are root's" \
		"$(as_user getfattr -m - --absolute-names "$M/all/suid" | xargs)" \
		"# file: $M/all/suid user.plain"
	setfattr -x user.plain "$L/all/suid"
	tap_is "nor any where there are no more" \
		"$(as_user getfattr -m - --absolute-names "$M/all/suid")" ""
	unmount "$M"

	# A medium that may not make anybody root, nor run anything
	strict=$W/strict
	mkdir "$strict"
	mount -t tmpfs -o nosuid,nodev,noexec tmpfs "$strict" || tap_bail "no tmpfs"
	cp "$(command -v id)" "$strict/sid"
	chmod 4755 "$strict/sid"
	mknod -m 666 "$strict/null" c 1 3
	# runs_as: for whom the user runs a set-user-id program of root's in the mount
	runs_as() { as_user "$M/sid" -u 2>/dev/null || echo nobody; }
	for option in defaults suid,dev,exec auto_unmount,suid,dev,exec; do
		mount_fuse "$strict" "$M" -o "$option" || tap_bail "cannot mount"
		tap_match "$option: what LOWER's mount refuses is refused" "$(mount_line)" \
			"nosuid,nodev,noexec"
		tap_is "$option: a device does not open" "$(fscall open "$M/null" w)" EACCES
		tap_is "$option: a program does not run" "$(runs_as)" nobody
		unmount "$M"
	done
	mount -o remount,nosuid,nodev,exec "$strict"
	mount_fuse "$strict" "$M" -o suid,dev || tap_bail "cannot mount"
	tap_nomatch "where programs may run they do" "$(mount_line)" "noexec"
	tap_is "as the one who runs them" "$(runs_as)" "$(as_user id -u)"
	unmount "$M"
	if [ -x /sbin/mount.fuse3 ]; then
		echo "$B/mclicfs-fuse#$strict $M fuse ro,nofail 0 0" >"$T/fstab"
		mount -T "$T/fstab" "$M"
		tap_match "also from fstab" "$(mount_line)" "nosuid,nodev"
		tap_is "as whom programs run" "$(runs_as)" "$(as_user id -u)"
		tap_is "where devices do not open" "$(fscall open "$M/null" r)" EACCES
		umount "$M"
		poll 10 gone
	fi
	mount -o remount,suid,dev,exec "$strict"
	mount_fuse "$strict" "$M" -o suid,dev || tap_bail "cannot mount"
	tap_is "what LOWER's mount allows can be asked for" "$(runs_as)" 0
	tap_is "and devices" "$(fscall open "$M/null" w)" ok
	unmount "$M"
	mount -o remount,nosuid,nodev,noexec "$strict"
	mkdir "$T/user/mnt" && chown nobody "$T/user/mnt"
	as_user mount_fuse "$strict" "$T/user/mnt" || tap_bail "a user cannot mount"
	tap_status "a user's mount refuses it, too" 126 as_user "$T/user/mnt/sid" -u
	unmount "$T/user/mnt"
	umount "$strict"
fi

# However it ends, the mount goes.
mounted "$L"
kill -TERM "$(daemon)"
not_mounted() { ! is_mounted "$M"; }
tap_ok "SIGTERM unmounts" poll 10 not_mounted
wait "$(cat "$M.pid")"
tap_is "and ends well" $? 0
mounted "$L"
hold "$M/t/f"
pid=$(daemon)
kill -INT "$pid"
kill -TERM "$pid"
tap_ok "also while a file is open" poll 10 not_mounted
let_go
