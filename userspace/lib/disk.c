// SPDX-License-Identifier: GPL-2.0-or-later
/* Whole disks and their partitions, as sysfs shows them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "disk.h"
#include "libmclic.h"

ssize_t mclic_sysfs_read(int dirfd, const char *name, void *buf, size_t size)
{
	MCLIC_AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t done = 0;
	char more;

	if (fd < 0)
		return -errno;
	while (done <= size) {
		ssize_t n = done < size ? read(fd, (char *)buf + done, size - done) :
					  read(fd, &more, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return (ssize_t)done;
		done += (size_t)n;
	}
	return -EFBIG;
}

/* A number as sysfs prints it, or @otherwise. */
static long sysfs_number(int dirfd, const char *name, long otherwise)
{
	char text[32];
	ssize_t n = mclic_sysfs_read(dirfd, name, text, sizeof(text) - 1);
	char *end;
	long value;

	if (n <= 0)
		return otherwise;
	text[n] = '\0';
	value = strtol(text, &end, 10);
	return end == text ? otherwise : value;
}

static int sysfs_dev(int dirfd, dev_t *dev)
{
	unsigned long major, minor;
	char text[32], *end;
	ssize_t n = mclic_sysfs_read(dirfd, "dev", text, sizeof(text) - 1);

	if (n <= 0)
		return -ENODEV;
	text[n] = '\0';
	major = strtoul(text, &end, 10);
	if (end == text || *end != ':')
		return -ENODEV;
	minor = strtoul(end + 1, NULL, 10);
	*dev = makedev((unsigned int)major, (unsigned int)minor);
	return 0;
}

/* DEVNAME of the uevent file: the name below /dev, which sysfs may spell with a '!'. */
static void sysfs_devname(int dirfd, char *name, size_t size)
{
	char text[4096];
	ssize_t n = mclic_sysfs_read(dirfd, "uevent", text, sizeof(text) - 1);
	char *line, *save = NULL;

	name[0] = '\0';
	if (n <= 0)
		return;
	text[n] = '\0';
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "DEVNAME=", 8) || strlen(line + 8) >= size)
			continue;
		snprintf(name, size, "%s", line + 8);
		return;
	}
}

int mclic_disk_open(dev_t dev, struct mclic_disk *d)
{
	char path[64];

	memset(d, 0, sizeof(*d));
	d->fd = -1;
	/* Anonymous device numbers (btrfs, overlay, tmpfs, FUSE) have no entry there. */
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd < 0)
		return -ENODEV;
	if (!faccessat(d->fd, "partition", F_OK, 0)) {
		int whole = openat(d->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		close(d->fd);
		d->fd = whole;
		if (whole < 0)
			return -ENODEV;
	}
	if (sysfs_dev(d->fd, &d->dev))
		d->dev = dev;
	sysfs_devname(d->fd, d->name, sizeof(d->name));
	d->hardware = !faccessat(d->fd, "device", F_OK, 0);
	d->removable = sysfs_number(d->fd, "removable", 0) == 1;
	return 0;
}

void mclic_disk_close(struct mclic_disk *d)
{
	mclic_close_fd(&d->fd);
}

/* Fill @p if directory entry @name of the disk is a partition. */
static bool part_read(int disk, const char *name, struct mclic_part *p)
{
	MCLIC_AUTO_CLOSE int fd = openat(disk, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return false;
	p->number = (int)sysfs_number(fd, "partition", 0);
	if (p->number <= 0 || sysfs_dev(fd, &p->dev))
		return false;
	sysfs_devname(fd, p->name, sizeof(p->name));
	return true;
}

int mclic_disk_parts(const struct mclic_disk *d, struct mclic_part **parts)
{
	int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *e;
	int count = 0;
	DIR *dir;

	*parts = NULL;
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((e = readdir(dir))) {
		struct mclic_part p, *more;

		if (e->d_name[0] == '.' || e->d_type == DT_REG || e->d_type == DT_LNK ||
		    !part_read(d->fd, e->d_name, &p))
			continue;
		more = reallocarray(*parts, (size_t)count + 1, sizeof(p));
		if (!more) {
			free(*parts);
			*parts = NULL;
			count = -ENOMEM;
			break;
		}
		*parts = more;
		more[count++] = p;
	}
	closedir(dir);
	return count;
}
