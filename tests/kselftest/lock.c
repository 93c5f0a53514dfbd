// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lock MOUNT KEY PERSONAL PORTABLE - taking a user key away while files are open. KEY is the
 * serial number of the logon key that the file MOUNT/PERSONAL needs; MOUNT/PORTABLE needs
 * none. The mount has no key when this starts, nor when it ends.
 */
#include <sys/mman.h>

#include "ktap.h"

static int mount_fd;

static int key_call(unsigned long cmd, int serial, __u32 *busy)
{
	struct mclicfs_ioc_key k = { .version = MCLICFS_IOC_VERSION, .serial = serial };
	int err = call(mount_fd, cmd, &k);

	if (busy)
		*busy = k.busy;
	return err;
}

static void take_away(int serial, __u32 want, const char *what)
{
	__u32 busy = 77;

	ktap_errno(key_call(MCLICFS_IOC_REMOVE_KEY, serial, &busy), 0, "REMOVE_KEY, %s", what);
	ktap_is(busy, want, "... files are in use");
}

static __u32 sealed_with_key(void)
{
	struct mclicfs_ioc_stats s = { .version = MCLICFS_IOC_VERSION };

	if (call(mount_fd, MCLICFS_IOC_GET_STATS, &s))
		ktap_die("GET_STATS");
	return s.sealed;
}

static int must_open(const char *path)
{
	int fd = openat(mount_fd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		ktap_die(path);
	return fd;
}

static bool reads(int fd, off_t at)
{
	char byte;

	return pread(fd, &byte, 1, at) == 1;
}

static void without(const char *personal, const char *portable)
{
	ktap_errno(open_errno(mount_fd, personal), ENOKEY, "open without the key");
	ktap_errno(open_errno(mount_fd, portable), 0, "open of a portable title");
}

static void busy_file(int key, const char *personal, const char *portable)
{
	int file, again;

	ktap_errno(key_call(MCLICFS_IOC_ADD_KEY, key, NULL), 0, "ADD_KEY");
	file = must_open(personal);
	again = must_open(personal);
	take_away(key, 1, "a file is open twice");
	ktap_errno(open_errno(mount_fd, personal), ENOKEY, "open it once more");
	ktap_ok(reads(file, 0) && reads(again, 8192), "it is read on");
	ktap_errno(open_errno(mount_fd, portable), 0, "open of a portable title");
	close(again);
	take_away(0, 1, "open once");
	close(file);
	take_away(0, 0, "closed");
	ktap_is(sealed_with_key(), 0, "sealed files keep a key");
	without(personal, portable);
}

/* A mapping is use, whether the file is open or not. */
static void mapped_file(int key, const char *personal)
{
	const size_t size = 2 * MCLIC_BLOCK_SIZE;
	char bytes[2 * MCLIC_BLOCK_SIZE];
	int file;
	void *p;

	ktap_errno(key_call(MCLICFS_IOC_ADD_KEY, key, NULL), 0, "ADD_KEY");
	file = must_open(personal);
	p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
	if (p == MAP_FAILED || pread(file, bytes, size, 0) != (ssize_t)size)
		ktap_die("mmap");
	close(file);
	take_away(key, 1, "a file is mapped");
	ktap_ok(!memcmp(p, bytes, size), "it is read on");
	munmap(p, size);
	take_away(0, 0, "unmapped");
	ktap_errno(open_errno(mount_fd, personal), ENOKEY, "open without the key");
}

static void portable_file(const char *portable)
{
	int file = must_open(portable);

	take_away(0, 1, "a portable title's file is open");
	ktap_ok(reads(file, 0), "it is read on");
	ktap_errno(open_errno(mount_fd, portable), 0, "open it again: it needs no key");
	close(file);
	take_away(0, 0, "closed");
}

int main(int argc, char **argv)
{
	int key;

	if (argc != 5)
		return 2;
	key = atoi(argv[2]);
	ktap_start();
	mount_fd = open_mount(argv[1]);
	without(argv[3], argv[4]);
	busy_file(key, argv[3], argv[4]);
	mapped_file(key, argv[3]);
	portable_file(argv[4]);
	close(mount_fd);
	return ktap_end();
}
