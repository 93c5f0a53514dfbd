// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fscall - make system calls on files and say how each ended, for the file system suites.
 *
 *	fscall CALL ARG... [, CALL ARG...]...
 *
 * For each CALL one line: "ok", "ok VALUE", or the name of the errno. Numbers are read as
 * in C. Calls on data: pread and mread (the same through mmap) print the bytes' sum as
 * "LENGTH:FNV", so that files can be compared piece by piece; mread prints SIGBUS too.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ARGS_MAX	6
#define DATA_MAX	(4u << 20)

static char value[512];
static sigjmp_buf bus;

static long long num(const char *s)
{
	return strtoll(s, NULL, 0);
}

/* Open for one call; what is returned is -1 or the call's result. */
#define WITH(fd, path, flags, call) __extension__ ({	\
	int fd = open(path, flags, 0644);		\
	long long result_ = -1;				\
	int err_;					\
	if (fd >= 0)					\
		result_ = (call);			\
	err_ = errno;					\
	if (fd >= 0)					\
		close(fd);				\
	errno = err_;					\
	result_;					\
})

static void sum(const uint8_t *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	snprintf(value, sizeof(value), "%zu:%016llx", n, (unsigned long long)h);
}

static long long call_open(char **a)
{
	static const struct {
		const char *name;
		int flag;
	} words[] = {
		{ "r", O_RDONLY }, { "w", O_WRONLY }, { "rw", O_RDWR }, { "trunc", O_TRUNC },
		{ "creat", O_CREAT }, { "excl", O_EXCL }, { "append", O_APPEND },
		{ "direct", O_DIRECT }, { "tmpfile", O_TMPFILE }, { "nofollow", O_NOFOLLOW },
		{ "dir", O_DIRECTORY }, { "noatime", O_NOATIME },
	};
	char *list = a[1], *word;
	int flags = 0;
	size_t i;

	while ((word = strsep(&list, "|")))
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (!strcmp(word, words[i].name))
				flags |= words[i].flag;
	return WITH(fd, a[0], flags, 0);
}

static long long call_pread(char **a)
{
	int direct = a[3] && !strcmp(a[3], "direct") ? O_DIRECT : 0;
	size_t len = (size_t)num(a[2]);
	static uint8_t buf[DATA_MAX] __attribute__((aligned(4096)));
	long long n;

	n = WITH(fd, a[0], O_RDONLY | direct,
		 pread(fd, buf, len < DATA_MAX ? len : DATA_MAX, num(a[1])));
	if (n >= 0)
		sum(buf, (size_t)n);
	return n < 0 ? -1 : 0;
}

/* Pages in memory of the file that descriptor a[0] has open. */
static long long call_resident(char **a)
{
	static uint8_t pages[DATA_MAX / 4096];
	long long count = 0;
	struct stat st;
	void *map;
	size_t i;

	if (fstat((int)num(a[0]), &st))
		return -1;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, (int)num(a[0]), 0);
	if (map == MAP_FAILED || st.st_size > DATA_MAX ||
	    mincore(map, (size_t)st.st_size, pages))
		return -1;
	for (i = 0; i < ((size_t)st.st_size + 4095) / 4096; i++)
		count += pages[i] & 1;
	munmap(map, (size_t)st.st_size);
	snprintf(value, sizeof(value), "%lld", count);
	return 0;
}

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(bus, 1);
}

static bool copied(uint8_t *to, const uint8_t *from, size_t len)
{
	signal(SIGBUS, on_bus);
	if (sigsetjmp(bus, 1))
		return false;
	memcpy(to, from, len);
	return true;
}

static long long call_mread(char **a)
{
	static uint8_t buf[DATA_MAX];
	long long off = num(a[1]), len = num(a[2]);
	int fd = open(a[0], O_RDONLY);
	uint8_t *map = MAP_FAILED;
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st))
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return -1;
	if (off + len > st.st_size)
		len = st.st_size - off;
	if (copied(buf, map + off, (size_t)len))
		sum(buf, (size_t)len);
	else
		snprintf(value, sizeof(value), "SIGBUS");
	return munmap(map, (size_t)st.st_size);
}

static long long call_mwrite(char **a)
{
	int fd = open(a[0], O_RDWR);
	void *map;

	if (fd < 0)
		return -1;
	map = mmap(NULL, strlen(a[2]), PROT_READ | PROT_WRITE, MAP_SHARED, fd, num(a[1]));
	close(fd);
	if (map == MAP_FAILED)
		return -1;
	memcpy(map, a[2], strlen(a[2]));
	return munmap(map, strlen(a[2]));
}

static long long call_pwrite(char **a)
{
	int direct = a[3] && !strcmp(a[3], "direct") ? O_DIRECT : 0;

	return WITH(fd, a[0], O_WRONLY | direct,
		    pwrite(fd, a[2], strlen(a[2]), num(a[1])) == (ssize_t)strlen(a[2]) ? 0 : -1);
}

/* LENGTH bytes, all of them BYTE, aligned: for direct I/O too. */
static long long call_fill(char **a)
{
	int direct = a[4] && !strcmp(a[4], "direct") ? O_DIRECT : 0;
	static uint8_t buf[DATA_MAX] __attribute__((aligned(4096)));
	size_t len = (size_t)num(a[2]);

	memset(buf, (int)num(a[3]), sizeof(buf));
	return WITH(fd, a[0], O_WRONLY | O_CREAT | direct,
		    pwrite(fd, buf, len, num(a[1])) == (ssize_t)len ? 0 : -1);
}

static long long call_append(char **a)
{
	return WITH(fd, a[0], O_WRONLY | O_APPEND,
		    write(fd, a[1], strlen(a[1])) == (ssize_t)strlen(a[1]) ? 0 : -1);
}

static long long call_stat(char **a)
{
	struct stat st;

	if (lstat(a[0], &st))
		return -1;
	snprintf(value, sizeof(value), "%o %lld %u %u %u", st.st_mode, (long long)st.st_size,
		 (unsigned int)st.st_nlink, st.st_uid, st.st_gid);
	return 0;
}

static long long call_list(char **a)
{
	DIR *dir = opendir(a[0]);
	struct dirent *e;
	int count = 0;

	if (!dir)
		return -1;
	errno = 0;
	while ((e = readdir(dir)))
		count++;
	closedir(dir);
	snprintf(value, sizeof(value), "%d", count);
	return errno ? -1 : 0;
}

static long long call_rename(char **a)
{
	static const char *const names[] = { "noreplace", "exchange", "whiteout" };
	unsigned int flags = 0, i;

	for (i = 0; a[2] && i < 3; i++)
		if (!strcmp(a[2], names[i]))
			flags = 1u << i;
	return renameat2(AT_FDCWD, a[0], AT_FDCWD, a[1], flags);
}

static long long call_getxattr(char **a)
{
	ssize_t n = lgetxattr(a[0], a[1], value, sizeof(value) - 1);

	if (n >= 0)
		value[n] = '\0';
	return n < 0 ? -1 : 0;
}

static long long call_copy(char **a)
{
	int out = open(a[1], O_WRONLY | O_CREAT | O_TRUNC, 0644);
	long long n, total = 0;

	if (out < 0)
		return -1;
	n = WITH(in, a[0], O_RDONLY, ({
		ssize_t one;

		while ((one = copy_file_range(in, NULL, out, NULL, 1 << 30, 0)) > 0)
			total += one;
		one;
	}));
	close(out);
	snprintf(value, sizeof(value), "%lld", total);
	return n;
}

static long long call_seek(char **a)
{
	int whence = !strcmp(a[1], "data") ? SEEK_DATA : SEEK_HOLE;
	long long at = WITH(fd, a[0], O_RDONLY, lseek(fd, num(a[2]), whence));

	snprintf(value, sizeof(value), "%lld", at);
	return at < 0 ? -1 : 0;
}

static long long call_mknod(char **a)
{
	mode_t type = !strcmp(a[1], "fifo") ? S_IFIFO : !strcmp(a[1], "sock") ? S_IFSOCK :
		      !strcmp(a[1], "chr") ? S_IFCHR : S_IFREG;

	return mknod(a[0], type | 0644, type == S_IFCHR ? 0x103 : 0);
}

static long long call_utimes(char **a)
{
	struct timespec tv[2] = { { .tv_sec = num(a[1]) }, { .tv_sec = num(a[1]) } };

	return utimensat(AT_FDCWD, a[0], tv, AT_SYMLINK_NOFOLLOW);
}

static long long call_statfs(char **a)
{
	struct statvfs st;

	if (statvfs(a[0], &st))
		return -1;
	snprintf(value, sizeof(value), "%lu %llu", st.f_namemax, (unsigned long long)st.f_blocks);
	return 0;
}

static long long call_readlink(char **a)
{
	ssize_t n = readlink(a[0], value, sizeof(value) - 1);

	if (n >= 0)
		value[n] = '\0';
	return n < 0 ? -1 : 0;
}

/* Does a second open file description get what the first one holds? */
static long long call_locks(char **a)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };
	int one = open(a[0], O_RDWR), two = open(a[0], O_RDWR);
	long long err = -1;

	if (one >= 0 && two >= 0 && !flock(one, LOCK_EX) && flock(two, LOCK_EX | LOCK_NB) &&
	    !flock(one, LOCK_UN) && !flock(two, LOCK_EX | LOCK_NB) &&
	    !fcntl(one, F_OFD_SETLK, &lock) && fcntl(two, F_OFD_SETLK, &lock)) {
		lock.l_type = F_UNLCK;
		err = fcntl(one, F_OFD_SETLK, &lock);
	}
	close(one);
	close(two);
	return err;
}

/* Unlinked while it is open: its bytes stay. */
static long long call_orphan(char **a)
{
	static uint8_t buf[DATA_MAX];
	long long n = WITH(fd, a[0], O_RDONLY, unlink(a[0]) ? -1 : pread(fd, buf, DATA_MAX, 0));

	if (n >= 0)
		sum(buf, (size_t)n);
	return n < 0 ? -1 : 0;
}

#define SIMPLE(name, expr)	static long long name(char **a) { return (expr); }
SIMPLE(call_mkdir, mkdir(a[0], 0755))
SIMPLE(call_rmdir, rmdir(a[0]))
SIMPLE(call_unlink, unlink(a[0]))
SIMPLE(call_symlink, symlink(a[0], a[1]))
SIMPLE(call_link, link(a[0], a[1]))
SIMPLE(call_chmod, chmod(a[0], (mode_t)num(a[1])))
SIMPLE(call_chown, lchown(a[0], (uid_t)num(a[1]), (gid_t)num(a[2])))
SIMPLE(call_truncate, truncate(a[0], num(a[1])))
SIMPLE(call_ftruncate, WITH(fd, a[0], O_WRONLY, ftruncate(fd, num(a[1]))))
SIMPLE(call_access, access(a[0], (int)num(a[1])))
SIMPLE(call_setxattr, lsetxattr(a[0], a[1], a[2], strlen(a[2]), 0))
SIMPLE(call_removexattr, lremovexattr(a[0], a[1]))
SIMPLE(call_listxattr, llistxattr(a[0], value, sizeof(value)) < 0 ? -1 : 0)
SIMPLE(call_fallocate, WITH(fd, a[0], O_WRONLY, fallocate(fd, (int)num(a[1]), num(a[2]),
							 num(a[3]))))
SIMPLE(call_fsync, WITH(fd, a[0], O_RDONLY, fsync(fd)))

static const struct {
	const char *name;
	int args;	/* at least */
	long long (*call)(char **a);
} calls[] = {
	{ "open", 2, call_open }, { "pread", 3, call_pread }, { "mread", 3, call_mread },
	{ "resident", 1, call_resident },
	{ "pwrite", 3, call_pwrite }, { "mwrite", 3, call_mwrite }, { "fill", 4, call_fill },
	{ "append", 2, call_append }, { "stat", 1, call_stat }, { "list", 1, call_list },
	{ "mkdir", 1, call_mkdir }, { "rmdir", 1, call_rmdir }, { "mknod", 2, call_mknod },
	{ "unlink", 1, call_unlink }, { "symlink", 2, call_symlink }, { "link", 2, call_link },
	{ "readlink", 1, call_readlink }, { "rename", 2, call_rename },
	{ "chmod", 2, call_chmod }, { "chown", 3, call_chown }, { "utimes", 2, call_utimes },
	{ "truncate", 2, call_truncate }, { "ftruncate", 2, call_ftruncate },
	{ "access", 2, call_access }, { "setxattr", 3, call_setxattr },
	{ "getxattr", 2, call_getxattr }, { "removexattr", 2, call_removexattr },
	{ "listxattr", 1, call_listxattr }, { "fallocate", 4, call_fallocate },
	{ "copy", 2, call_copy }, { "seek", 3, call_seek }, { "fsync", 1, call_fsync },
	{ "statfs", 1, call_statfs }, { "locks", 1, call_locks }, { "orphan", 1, call_orphan },
};

static bool run(int argc, char **argv)
{
	char *args[ARGS_MAX + 1] = { NULL };
	size_t i;
	int n;

	for (n = 0; n + 1 < argc && n < ARGS_MAX; n++)
		args[n] = argv[n + 1];
	for (i = 0; argc > 0 && i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(argv[0], calls[i].name))
			continue;
		if (n < calls[i].args)
			break;
		value[0] = '\0';
		errno = 0;
		if (calls[i].call(args) < 0)
			printf("%s\n", errno ? strerrorname_np(errno) : "wrong");
		else
			printf("ok%s%s\n", *value ? " " : "", value);
		return true;
	}
	fprintf(stderr, "fscall: %s: no such call, or too few arguments\n",
		argc > 0 ? argv[0] : "");
	return false;
}

int main(int argc, char **argv)
{
	int i = 1, end;

	while (i < argc) {
		for (end = i; end < argc && strcmp(argv[end], ","); end++)
			;
		if (!run(end - i, argv + i))
			return 2;
		i = end + 1;
	}
	return 0;
}
