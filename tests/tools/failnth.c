// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * failnth - let each allocation of memory fail in turn while a medium is mounted and read.
 *
 *	failnth LOWER MOUNT NAME PLAIN
 *
 * NAME is a sealed file below LOWER, and PLAIN what is in it. For each operation, the first
 * allocation that it makes in the kernel fails, in the next run the second, and so on until
 * a run ends before the one that was to fail (/proc/thread-self/fail-nth; failslab and
 * fail_page_alloc are set up by the caller). The operation must succeed, with the right
 * bytes, or say ENOMEM; after each run it must succeed without a failure.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "uapi/mclicfs.h"

#define SIZE_MAX_READ	(2u << 20)
#define RUNS_MAX	5000

static const char *lower, *dir, *name;
static char path[PATH_MAX];
/* Touched before a failure is asked for: a fault of ours must not be what fails. */
static unsigned char plain[SIZE_MAX_READ], buf[SIZE_MAX_READ];
static size_t size;
static int nth, fd = -1;
static unsigned char *map;
static sigjmp_buf bus;

static void die(const char *what)
{
	fprintf(stderr, "failnth: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int result(int ret)
{
	return ret < 0 ? -errno : 0;
}

/* ---- the operations; what comes before and after is not made to fail ---- */

static int do_mount(void)
{
	return result(mount(lower, dir, "mclicfs", MS_RDONLY, NULL));
}

static void mounted(void)
{
	if (do_mount())
		die("mount");
}

static void unmount(void)
{
	if (fd >= 0)
		close(fd);
	fd = -1;
	if (umount(dir) && errno != EINVAL)
		die("umount");
}

static int do_walk(void)
{
	struct stat st;
	int err = result(lstat(path, &st));

	if (!err && (size_t)st.st_size != size)
		return -EPROTO;
	return err;
}

static int do_list(void)
{
	int err, n, at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (at < 0)
		return -errno;
	do
		n = (int)syscall(SYS_getdents64, at, buf, 4096);
	while (n > 0);
	err = result(n);
	close(at);
	return err;
}

static void walked(void)
{
	mounted();
	if (do_walk())
		die("walk");
}

static int do_open(void)
{
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return result(fd);
}

static int do_licences(void)
{
	static struct mclicfs_ioc_licence l[8];
	struct mclicfs_ioc_list list = {
		.version = MCLICFS_IOC_VERSION,
		.count = 8,
		.licences = (__u64)(unsigned long)l,
	};

	return result(ioctl(fd, MCLICFS_IOC_LIST_LICENCES, &list));
}

static void root_opened(void)
{
	mounted();
	fd = open(dir, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("open");
}

static void opened(void)
{
	mounted();
	if (do_open())
		die("open");
}

static int do_read(void)
{
	ssize_t n;
	size_t at = 0;

	while (at < size) {
		n = pread(fd, buf + at, size - at, (off_t)at);
		if (n < 0)
			return -errno;
		if (!n)
			return -EPROTO;
		at += (size_t)n;
	}
	return memcmp(buf, plain, size) ? -EPROTO : 0;
}

static void on_bus(int sig)
{
	siglongjmp(bus, sig);
}

static void mapped(void)
{
	opened();
	map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("mmap");
}

static int do_map(void)
{
	if (sigsetjmp(bus, 1))
		return -ENOMEM;
	return memcmp(map, plain, size) ? -EPROTO : 0;
}

static void unmapped(void)
{
	munmap(map, size);
	unmount();
}

static const struct {
	const char *name;
	void (*before)(void);
	int (*run)(void);
	void (*after)(void);
} ops[] = {
	{ "mount", NULL, do_mount, unmount },
	{ "walk", mounted, do_walk, unmount },
	{ "list", mounted, do_list, unmount },
	{ "open", walked, do_open, unmount },
	{ "LIST_LICENCES", root_opened, do_licences, unmount },
	{ "read", opened, do_read, unmount },
	{ "mmap", mapped, do_map, unmapped },
};

/* ---- runs ---- */

static void fail(int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	if (pwrite(nth, text, (size_t)len, 0) != len)
		die("fail-nth");
}

/* Has the failure happened? */
static bool failed(void)
{
	char text[16] = "";

	if (pread(nth, text, sizeof(text) - 1, 0) <= 0)
		die("fail-nth");
	return atoi(text) == 0;
}

static int once(size_t op, int n, bool *happened)
{
	int err;

	if (ops[op].before)
		ops[op].before();
	if (n)
		fail(n);
	err = ops[op].run();
	*happened = n && failed();
	fail(0);
	ops[op].after();
	return err;
}

static int run(size_t op)
{
	int n, err, bad = 0, refused = 0;
	bool happened = true, none;

	for (n = 1; happened && n < RUNS_MAX; n++) {
		err = once(op, n, &happened);
		refused += err == -ENOMEM;
		if (err && (err != -ENOMEM || !happened)) {
			printf("%s, allocation %d: %s\n", ops[op].name, n, strerrorname_np(-err));
			bad++;
		}
		err = once(op, 0, &none);
		if (err) {
			printf("%s, after allocation %d had failed: %s\n", ops[op].name, n,
			       strerrorname_np(-err));
			bad++;
		}
	}
	printf("%s: %d allocations, %d of them ended it\n", ops[op].name, n - 2, refused);
	return bad || n < 4 || n == RUNS_MAX;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_bus };
	int in, bad = 0;
	ssize_t n;
	size_t op;

	if (argc != 5)
		return 2;
	lower = argv[1];
	dir = argv[2];
	name = argv[3];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	in = open(argv[4], O_RDONLY | O_CLOEXEC);
	n = in < 0 ? -1 : read(in, plain, sizeof(plain));
	if (n <= 0)
		die(argv[4]);
	size = (size_t)n;
	memset(buf, 1, sizeof(buf));
	sigaction(SIGBUS, &sa, NULL);
	nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth < 0)
		die("/proc/thread-self/fail-nth");
	for (op = 0; op < sizeof(ops) / sizeof(ops[0]); op++)
		bad |= run(op);
	return bad;
}
