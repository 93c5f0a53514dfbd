// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mntctl - ioctls on a mount of mclicfs.ko, for the suites of the module.
 *
 *	mntctl PATH medium [KIND]	"ok KIND CLASS NAMES-DRIVE SLOTS MID AREA-ID RAW"
 *	mntctl PATH list		a line "SLOT WHY ERRNO" for each slot that is not free
 *	mntctl PATH add-key SERIAL	"ok"
 *	mntctl PATH remove-key SERIAL	"ok BUSY"
 *	mntctl PATH revocations FILE	"ok"
 *	mntctl PATH remove SLOT		"ok"; only of a damaged slot
 *	mntctl PATH stats		"ok NAME=NUMBER..."
 *
 * PATH is any file or directory of the mount. Prints the name of the errno where the ioctl
 * fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "uapi/mclicfs.h"

#define LICENCES	32

static void print_hex(const __u8 *p, size_t n)
{
	size_t i;

	putchar(' ');
	for (i = 0; i < n; i++)
		printf("%02x", p[i]);
}

static int get_medium(int fd, const char *kind)
{
	struct mclicfs_ioc_medium m = {
		.version = MCLICFS_IOC_VERSION,
		.kind = kind ? (__u8)atoi(kind) : 0,
	};

	if (ioctl(fd, MCLICFS_IOC_GET_MEDIUM, &m))
		return -1;
	printf("ok %u %u %u %u", m.kind, m.medium_class, m.names_drive, m.slots);
	print_hex(m.mid, sizeof(m.mid));
	print_hex(m.area_id, sizeof(m.area_id));
	print_hex(m.raw, m.raw_len);
	putchar('\n');
	return 0;
}

static int list(int fd)
{
	struct mclicfs_ioc_licence l[LICENCES];
	struct mclicfs_ioc_list arg = { .version = MCLICFS_IOC_VERSION };
	__u32 i;

	do {
		arg.count = LICENCES;
		arg.licences = (__u64)(unsigned long)l;
		if (ioctl(fd, MCLICFS_IOC_LIST_LICENCES, &arg))
			return -1;
		for (i = 0; i < arg.count; i++)
			printf("%u %s %s\n", l[i].slot, l[i].why,
			       l[i].error ? strerrorname_np((int)l[i].error) : "ok");
	} while (arg.next);
	return 0;
}

static int change_key(int fd, unsigned long request, const char *serial)
{
	struct mclicfs_ioc_key k = { .version = MCLICFS_IOC_VERSION, .serial = atoi(serial) };

	if (ioctl(fd, request, &k))
		return -1;
	if (request == MCLICFS_IOC_REMOVE_KEY)
		printf("ok %u\n", k.busy);
	else
		puts("ok");
	return 0;
}

static int remove_slot(int fd, const char *slot)
{
	struct mclicfs_ioc_remove r = { .version = MCLICFS_IOC_VERSION, .slot = (__u32)atoi(slot) };

	if (ioctl(fd, MCLICFS_IOC_REMOVE_LICENCE, &r))
		return -1;
	puts("ok");
	return 0;
}

static int set_revocations(int fd, const char *name)
{
	struct mclicfs_ioc_revocations r = { .version = MCLICFS_IOC_VERSION };
	int from = open(name, O_RDONLY), result = -1;
	struct stat st;
	void *p;

	if (from < 0 || fstat(from, &st))
		return -1;
	p = malloc((size_t)st.st_size + 1);
	if (p && read(from, p, (size_t)st.st_size) == st.st_size) {
		r.len = (__u32)st.st_size;
		r.list = (__u64)(unsigned long)p;
		result = ioctl(fd, MCLICFS_IOC_SET_REVOCATIONS, &r);
	}
	if (!result)
		puts("ok");
	free(p);
	close(from);
	return result;
}

static int get_stats(int fd)
{
	struct mclicfs_ioc_stats s = { .version = MCLICFS_IOC_VERSION };

	if (ioctl(fd, MCLICFS_IOC_GET_STATS, &s))
		return -1;
	printf("ok sealed=%u open=%u verdicts=%llu cached=%llu failed=%llu blocks=%llu bad=%llu "
	       "bytes=%llu\n", s.sealed, s.open, s.verdicts, s.verdicts_cached,
	       s.verdicts_failed, s.blocks, s.blocks_bad, s.bytes_read);
	return 0;
}

static int run(int fd, const char *call, const char *arg)
{
	if (!strcmp(call, "medium"))
		return get_medium(fd, arg);
	if (!strcmp(call, "list"))
		return list(fd);
	if (!strcmp(call, "stats"))
		return get_stats(fd);
	if (arg && !strcmp(call, "add-key"))
		return change_key(fd, MCLICFS_IOC_ADD_KEY, arg);
	if (arg && !strcmp(call, "remove-key"))
		return change_key(fd, MCLICFS_IOC_REMOVE_KEY, arg);
	if (arg && !strcmp(call, "revocations"))
		return set_revocations(fd, arg);
	if (arg && !strcmp(call, "remove"))
		return remove_slot(fd, arg);
	fprintf(stderr, "mntctl: see the top of tests/tools/mntctl.c\n");
	exit(2);
}

int main(int argc, char **argv)
{
	int fd;

	if (argc < 3)
		return 2;
	fd = open(argv[1], O_RDONLY | O_NONBLOCK);
	if (fd < 0 || run(fd, argv[2], argv[3]))
		printf("%s\n", strerrorname_np(errno));
	return 0;
}
