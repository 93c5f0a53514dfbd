/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The licence area inside libmclic: area_find.c, area.c, area_put.c, area_make.c. */
#ifndef MCLIC_AREA_H
#define MCLIC_AREA_H

#include <pthread.h>

#include "libmclic.h"

/**
 * struct mclic_area - an open licence area
 * @fd: buffered reads, writes, the lock between writers
 * @direct: O_DIRECT reads past the page cache, or -1 where that is not to be had
 * @start: where the area begins in @fd
 * @size: bytes there are for it
 * @exact: it is a file of its own, so @size must be that of its slots
 * @write: opened for writing
 * @dev: device number whose whole disk names the medium
 * @where: for people
 * @warning: NULL, or what could be worked around
 * @writer: one writer among the threads of this process (the lock is per open file)
 * @head: the header that counts
 */
struct mclic_area {
	int fd;
	int direct;
	off_t start;
	__u64 size;
	bool exact;
	bool write;
	dev_t dev;
	char *where;
	char *warning;
	pthread_mutex_t writer;
	struct mclic_area_header head;
};

/* area_find.c */

/** mclic_area_find() - fill fd, start, size, exact, dev and where of a zeroed @a */
int mclic_area_find(const char *target, bool write, struct mclic_area *a);

/** mclic_area_find_dir() - the same for directory @dir, which people know as @target */
int mclic_area_find_dir(int dir, const char *target, bool write, struct mclic_area *a);

/** mclic_area_partition() - is a partition the area of the medium of @dir? 1, 0 or -errno */
int mclic_area_partition(int dir, char **where);

/* area.c */

/** mclic_area_warn() - add to the area's warning */
void mclic_area_warn(struct mclic_area *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/** mclic_area_lock() - wait for other writers; undo with mclic_area_unlock() */
int mclic_area_lock(struct mclic_area *a);
void mclic_area_unlock(struct mclic_area *a);
/** mclic_area_write() - 4096 bytes to slot @index, flushed to the device */
int mclic_area_write(struct mclic_area *a, __u32 index, const void *slot);
/** mclic_area_read_back() - slot @index as the device has it, not the page cache */
int mclic_area_read_back(struct mclic_area *a, __u32 index, void *slot);

#endif /* MCLIC_AREA_H */
