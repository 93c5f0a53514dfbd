/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs of this folder share. Each prints KTAP, with its plan first, and ends
 * with 0 if all went well, else 1. They run inside a test machine, on a mount of the
 * kernel's mclicfs that tests/kernel/kselftest.sh made.
 */
#ifndef KTAP_H
#define KTAP_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "userspace/lib/libmclic.h"
#include "uapi/mclicfs.h"

static struct {
	FILE *text;
	char *buf;
	size_t len;
	unsigned int count, failed;
} ktap;

static inline void ktap_die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static inline void ktap_start(void)
{
	ktap.text = open_memstream(&ktap.buf, &ktap.len);
	if (!ktap.text)
		ktap_die("memory");
}

/* One result; the text says what is claimed. */
static inline bool __attribute__((format(printf, 2, 3))) ktap_ok(bool good, const char *fmt, ...)
{
	va_list ap;

	fprintf(ktap.text, "%s %u ", good ? "ok" : "not ok", ++ktap.count);
	va_start(ap, fmt);
	vfprintf(ktap.text, fmt, ap);
	va_end(ap);
	fputc('\n', ktap.text);
	ktap.failed += !good;
	return good;
}

/* An errno (0: none) is the one that is wanted. */
static inline bool __attribute__((format(printf, 3, 4))) ktap_errno(int got, int want,
								     const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (ktap_ok(got == want, "%s: %s", text, want ? mclic_errno_name(want) : "done"))
		return true;
	fprintf(ktap.text, "# got %s\n", got ? mclic_errno_name(got) : "no error");
	return false;
}

/* A number is the one that is wanted. */
static inline bool ktap_is(unsigned long long got, unsigned long long want, const char *text)
{
	if (ktap_ok(got == want, "%s: %llu", text, want))
		return true;
	fprintf(ktap.text, "# got %llu\n", got);
	return false;
}

static inline int ktap_end(void)
{
	fclose(ktap.text);
	printf("KTAP version 1\n1..%u\n%s", ktap.count, ktap.buf);
	free(ktap.buf);
	return ktap.failed || !ktap.count;
}

/* ---- calls: 0 or a positive errno ---- */

static inline int call(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? errno : 0;
}

static inline int open_errno(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static inline int open_mount(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		ktap_die(path);
	return fd;
}

/* Every slot in use; their number. */
static inline unsigned int list_all(int fd, struct mclicfs_ioc_licence *all, unsigned int room)
{
	struct mclicfs_ioc_list list = {
		.version = MCLICFS_IOC_VERSION,
		.count = room,
		.licences = (__u64)(uintptr_t)all,
	};

	if (ioctl(fd, MCLICFS_IOC_LIST_LICENCES, &list) || list.next)
		ktap_die("LIST_LICENCES");
	return list.count;
}

static inline const struct mclic_terms *terms_of(const struct mclicfs_ioc_licence *l)
{
	return (const struct mclic_terms *)l->terms;
}

/* The slot of a title, or NULL. */
static inline const struct mclicfs_ioc_licence *find_title(const struct mclicfs_ioc_licence *all,
							   unsigned int n, const char *title)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (all[i].valid &&
		    !strncmp((const char *)terms_of(&all[i])->title, title, MCLIC_TITLE_SIZE))
			return &all[i];
	return NULL;
}

#endif /* KTAP_H */
