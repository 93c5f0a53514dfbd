/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block devices of a medium, for mount.mclicfs. The rules of libmclic.h hold. */
#ifndef MCLIC_DEVICE_H
#define MCLIC_DEVICE_H

#include "libmclic.h"

/**
 * struct mclic_device - what is to be mounted of a medium
 * @data: device that holds the data file system
 * @type: of that file system, as libblkid names it
 * @area: partition that is the licence area, or NULL where there is none
 */
struct mclic_device {
	char *data;
	char *type;
	char *area;
};

/* ---- data_find.c ---- */

/**
 * mclic_device_find() - look at a disk or partition
 * @target: its device node
 * @dev: its device number
 * @m: gets it; mclic_device_free() it
 *
 * Of a disk, the one partition that holds a file system and is not the licence area, or
 * the disk itself where it has no partitions.
 */
int mclic_device_find(const char *target, dev_t dev, struct mclic_device *m);
void mclic_device_free(struct mclic_device *m);

/* ---- area_find.c ---- */

/** mclic_area_device() - area partition of the disk of @dev: 1 with *@path, 0 none, -errno */
int mclic_area_device(dev_t dev, char **path);

#endif /* MCLIC_DEVICE_H */
