/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk.c: whole disks and their partitions, as sysfs shows them. Private to libmclic. */
#ifndef MCLIC_DISK_H
#define MCLIC_DISK_H

#include "libmclic.h"

/**
 * struct mclic_disk - a whole disk
 * @fd: its directory in sysfs
 * @dev: its device number
 * @name: as below /dev, e.g. "sda"
 * @hardware: there is a device behind it (not loop, dm, md, zram, ...)
 * @removable: what sysfs says
 */
struct mclic_disk {
	int fd;
	dev_t dev;
	char name[MCLIC_DISK_NAME];
	bool hardware;
	bool removable;
};

/** struct mclic_part - one partition that the kernel knows */
struct mclic_part {
	int number;
	dev_t dev;
	char name[64];
};

/**
 * mclic_disk_open() - the whole disk that a device number lies on
 * @dev: a disk, a partition, or a file system's st_dev
 * @d: gets it; close with mclic_disk_close()
 *
 * Return: 0; -ENODEV where there is no disk (anonymous device numbers, no sysfs).
 */
int mclic_disk_open(dev_t dev, struct mclic_disk *d);
void mclic_disk_close(struct mclic_disk *d);

/** mclic_disk_parts() - partitions of @d in *@parts (free() it); their number or -errno */
int mclic_disk_parts(const struct mclic_disk *d, struct mclic_part **parts);

/* area_find.c */

/** mclic_disk_node() - device node of @dev, called @name below /dev; free() it. 0 or -errno */
int mclic_disk_node(const char *name, dev_t dev, char **path);

/* disk.c */

/** mclic_sysfs_read() - a small attribute; its length, or -errno (-EFBIG if longer than @size) */
ssize_t mclic_sysfs_read(int dirfd, const char *name, void *buf, size_t size);

#endif /* MCLIC_DISK_H */
