/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MCLIC_FORMAT_H
#define MCLIC_FORMAT_H

#include "mclic.h"

/**
 * struct format_job - a disk or image to format
 * @path: block device or image file
 * @size: of an image to be made, or 0
 * @fs: "ext4", "vfat" or "udf"
 * @label: of area and file system, or NULL
 * @force: also where something is on it
 */
struct format_job {
	const char *path;
	__u64 size;
	const char *fs;
	const char *label;
	bool force;
};

/** format_disk() - GPT, licence area, data file system; *@emulated: it got an emulated id */
int format_disk(const struct format_job *job, bool *emulated);

/**
 * struct layout - where the partitions lie, in bytes
 * @area: start of the licence area
 * @data: start of the data file system
 * @data_size: bytes of it
 * @sector: bytes of a logical sector of the medium
 */
struct layout {
	__u64 area;
	__u64 data;
	__u64 data_size;
	unsigned int sector;
};

/** format_table() - write a GPT with the two partitions */
int format_table(const struct format_job *job, int fd, struct layout *l);

/** format_data() - run mkfs for the data partition of @fd */
int format_data(const struct format_job *job, int fd, const struct layout *l);

#endif /* MCLIC_FORMAT_H */
