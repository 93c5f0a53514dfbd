// SPDX-License-Identifier: GPL-2.0-or-later
/* Files read whole, and written whole or not at all. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libmclic.h"

#define READ_STEP	65536

int mclic_random(void *p, size_t n)
{
	__u8 *at = p;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return mclic_fail(errno, "no random bytes: %s", strerror(errno));
		at += got;
		n -= (size_t)got;
	}
	return 0;
}

/* ---- reading ---- */

/* Grow *@data, wiping what is left behind: it may hold a key. */
static int grow(__u8 **data, size_t *size, size_t used)
{
	size_t more = *size * 2;
	__u8 *p = malloc(more);

	if (!p)
		return -ENOMEM;
	memcpy(p, *data, used);
	mclic_wipe(*data, used);
	free(*data);
	*data = p;
	*size = more;
	return 0;
}

/* Room for the whole file where its size is known, for a first step where it is not. */
static size_t first_size(int fd, size_t max)
{
	struct stat st;

	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size >= 0 &&
	    (__u64)st.st_size <= max)
		return (size_t)st.st_size + 2;
	return READ_STEP;
}

static int read_all(int fd, size_t max, __u8 **data, size_t *len)
{
	size_t size = first_size(fd, max);
	size_t used = 0;

	*data = malloc(size);
	if (!*data)
		return -ENOMEM;
	for (;;) {
		ssize_t got;

		if (used + 1 >= size && grow(data, &size, used))
			return -ENOMEM;
		got = read(fd, *data + used, size - 1 - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		used += (size_t)got;
		if (used > max)
			return -EFBIG;
		if (!got)
			break;
	}
	(*data)[used] = '\0';
	*len = used;
	return 0;
}

int mclic_read_fd(int fd, const char *name, size_t max, void **data, size_t *len)
{
	__u8 *p = NULL;
	int err;

	*data = NULL;
	*len = 0;
	if (max > SSIZE_MAX / 2)
		max = SSIZE_MAX / 2;
	err = read_all(fd, max, &p, len);
	if (!err) {
		*data = p;
		return 0;
	}
	free(p);
	if (err == -EFBIG)
		return mclic_fail(EFBIG, "%s: larger than the %zu bytes it may have", name, max);
	return mclic_fail(-err, "%s: cannot read it: %s", name, strerror(-err));
}

int mclic_read_file(int dirfd, const char *path, size_t max, void **data, size_t *len)
{
	MCLIC_AUTO_CLOSE int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	*data = NULL;
	*len = 0;
	if (fd < 0)
		return mclic_fail(errno, "%s: cannot open it: %s", path, strerror(errno));
	return mclic_read_fd(fd, path, max, data, len);
}

ssize_t mclic_pread_full(int fd, void *buf, size_t len, off_t off)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got = pread(fd, (__u8 *)buf + done, len - done, off + (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return mclic_fail(errno, "cannot read: %s", strerror(errno));
		if (!got)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

/* ---- writing ---- */

int mclic_pwrite_full(int fd, const void *buf, size_t len, off_t off)
{
	size_t done = 0;

	while (done < len) {
		ssize_t put = pwrite(fd, (const __u8 *)buf + done, len - done,
				     off + (off_t)done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return mclic_fail(errno, "cannot write: %s", strerror(errno));
		if (!put)
			return mclic_fail(EIO, "cannot write: the device takes no more bytes");
		done += (size_t)put;
	}
	return 0;
}

/* The directory that holds @path; *@name gets what follows the last slash. */
static int open_parent(int dirfd, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	MCLIC_AUTO_FREE char *dir = NULL;
	int fd;

	*name = slash ? slash + 1 : path;
	if (!**name)
		return -EISDIR;
	if (!slash)
		dir = strdup(".");
	else
		dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (!dir)
		return -ENOMEM;
	fd = openat(dirfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int mclic_flush_dir(int fd)
{
	return fsync(fd) && errno != EINVAL ? -errno : 0;
}

int mclic_set_mode(int fd, mode_t mode)
{
	if (!fchmod(fd, mode) || errno == EPERM || errno == EOPNOTSUPP)
		return 0;
	return mclic_fail(errno, "cannot set the mode %04o: %s", mode, strerror(errno));
}

static int put_bytes(int fd, const void *data, size_t len)
{
	int err = mclic_pwrite_full(fd, data, len, 0);

	if (!err && fsync(fd))
		err = -errno;
	return err;
}

#define TEMPORARY	".mclic-"	/* and TEMPORARY_DIGITS hexadecimal digits */
#define TEMPORARY_DIGITS	16
#define TEMPORARY_TRIES		16

/*
 * A temporary is locked as long as it is written. One of ours whose lock can be taken was
 * left behind by a writer that was killed, and it may hold a key.
 */
static void remove_if_stale(int parent, const char *name)
{
	MCLIC_AUTO_CLOSE int fd = -1;
	struct stat st;

	if (strncmp(name, TEMPORARY, strlen(TEMPORARY)) ||
	    strlen(name) != strlen(TEMPORARY) + TEMPORARY_DIGITS ||
	    strspn(name + strlen(TEMPORARY), "0123456789abcdef") != TEMPORARY_DIGITS)
		return;
	fd = openat(parent, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    !flock(fd, LOCK_EX | LOCK_NB))
		unlinkat(parent, name, 0);
}

static void remove_stale(int parent)
{
	int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		mclic_close_fd(&fd);
		return;
	}
	while ((e = readdir(d)))
		remove_if_stale(parent, e->d_name);
	closedir(d);
}

/* Locked, unless somebody took it for a stale one in the moment before it was: -EAGAIN. */
static int make_temporary(int parent, char name[static sizeof(TEMPORARY) + TEMPORARY_DIGITS],
			  mode_t mode)
{
	__u8 random[TEMPORARY_DIGITS / 2];
	struct stat st;
	int fd, err;

	err = mclic_random(random, sizeof(random));
	if (err)
		return err;
	mclic_hex(random, sizeof(random), stpcpy(name, TEMPORARY));
	fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	/* Where there are no locks, nobody can take one to remove it either. */
	if ((flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) || fstat(fd, &st) ||
	    !st.st_nlink) {
		unlinkat(parent, name, 0);
		close(fd);
		return -EAGAIN;
	}
	return fd;
}

/* @flags: of renameat2() */
static int write_whole(int parent, const char *name, const void *data, size_t len,
		       mode_t mode, unsigned int flags)
{
	char temporary[sizeof(TEMPORARY) + TEMPORARY_DIGITS];
	int tries = TEMPORARY_TRIES;
	int fd, err;

	remove_stale(parent);
	do
		fd = make_temporary(parent, temporary, mode);
	while (fd == -EAGAIN && --tries > 0);
	if (fd < 0)
		return fd;
	err = mclic_set_mode(fd, mode);
	if (!err)
		err = put_bytes(fd, data, len);
	if (!err && renameat2(parent, temporary, parent, name, flags))
		err = -errno;
	if (err)
		unlinkat(parent, temporary, 0);
	/* With it the lock ends. */
	close(fd);
	return err ? err : mclic_flush_dir(parent);
}

static int write_file(int dirfd, const char *path, const void *data, size_t len, mode_t mode,
		      unsigned int flags)
{
	const char *name;
	MCLIC_AUTO_CLOSE int parent = open_parent(dirfd, path, &name);
	int err = parent;

	if (parent >= 0)
		err = write_whole(parent, name, data, len, mode, flags);
	if (err < 0)
		return mclic_fail(-err, "%s: cannot write it: %s", path, strerror(-err));
	return 0;
}

int mclic_write_file(int dirfd, const char *path, const void *data, size_t len, mode_t mode)
{
	return write_file(dirfd, path, data, len, mode, 0);
}

int mclic_create_file(int dirfd, const char *path, const void *data, size_t len, mode_t mode)
{
	return write_file(dirfd, path, data, len, mode, RENAME_NOREPLACE);
}

/* ---- directories ---- */

int mclic_mkdirs(const char *path, mode_t mode)
{
	MCLIC_AUTO_FREE char *part = strdup(path);
	struct stat st;
	char *at;

	if (!part)
		return mclic_fail(ENOMEM, "%s: not enough memory", path);
	for (at = part; *at; at++) {
		char kept = at[1];

		if (*at == '/' || (kept && kept != '/'))
			continue;
		at[1] = '\0';
		if (mkdir(part, mode) && errno != EEXIST)
			return mclic_fail(errno, "%s: cannot make the directory: %s", part,
					  strerror(errno));
		at[1] = kept;
	}
	if (stat(path, &st))
		return mclic_fail(errno, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return mclic_fail(ENOTDIR, "%s: is there, but is not a directory", path);
	return 0;
}

int mclic_open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (__u64)(unsigned int)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	int tries = 16;
	long fd;

	/* EAGAIN: somebody renamed a directory meanwhile */
	do
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || (errno == EAGAIN && --tries > 0)));
	if (fd < 0)
		return mclic_fail(errno, "%s: cannot open it: %s", path, strerror(errno));
	return (int)fd;
}
