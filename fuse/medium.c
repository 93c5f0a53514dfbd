// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is it still the same medium? The kernel numbers media as they come into drives (disk
 * sequence number); once it changes, what is mounted here is gone for good.
 */
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "mclicfs.h"

static struct {
	int fd;			/* sysfs attribute, or -1 */
	char first[32];		/* what it said at the mount */
	atomic_bool exchanged;
} medium = { .fd = -1 };

static ssize_t sequence(char text[32])
{
	ssize_t n = pread(medium.fd, text, 31, 0);

	if (n > 0)
		text[n] = '\0';
	return n;
}

void medium_start(dev_t dev)
{
	MCLIC_AUTO_CLOSE int dir = -1;
	char path[64];

	if (!major(dev))
		return;
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return;
	medium.fd = openat(dir, "diskseq", O_RDONLY | O_CLOEXEC);
	if (medium.fd < 0)	/* a partition: its disk is the folder above */
		medium.fd = openat(dir, "../diskseq", O_RDONLY | O_CLOEXEC);
	if (medium.fd >= 0 && sequence(medium.first) <= 0) {
		close(medium.fd);
		medium.fd = -1;
	}
}

bool medium_watched(void)
{
	return medium.fd >= 0;
}

int medium_same(void)
{
	char now[32];

	if (medium.fd < 0)
		return 0;
	if (atomic_load(&medium.exchanged))
		return -EMEDIUMTYPE;
	if (sequence(now) > 0 && !strcmp(now, medium.first))
		return 0;
	if (!atomic_exchange(&medium.exchanged, true)) {
		log_limited("%s: the medium was exchanged or removed; unmount %s, and mount it again "
			    "with the medium in place", mnt.source, mnt.dir);
		notify_evict(NULL);
	}
	return -EMEDIUMTYPE;
}
