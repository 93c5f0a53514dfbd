// SPDX-License-Identifier: GPL-2.0-or-later
/* An open licence area: its header, reading slots, the lock between writers. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "area.h"

#define LOCK_PAUSE_MS		5
#define LOCK_PATIENCE_MS	30000

void mclic_area_warn(struct mclic_area *a, const char *fmt, ...)
{
	char *text = NULL, *both = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text && a->warning && asprintf(&both, "%s; %s", a->warning, text) >= 0) {
		free(text);
		text = both;
	}
	if (!text)
		return;
	free(a->warning);
	a->warning = text;
}

/*
 * Writers hold the lock for the time of some flushes. Whoever may read the area can lock
 * it too, and for ever: so there is an end to the patience.
 */
static int set_lock(struct mclic_area *a, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };
	struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000L };
	int tries = LOCK_PATIENCE_MS / LOCK_PAUSE_MS;

	while (fcntl(a->fd, F_OFD_SETLK, &lock)) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EACCES)
			return mclic_fail(errno, "%s: cannot be locked: %s", a->where, strerror(errno));
		if (!tries--)
			return mclic_fail(EBUSY, "%s: another program has had the licence area locked for "
					  "%d seconds; end it (lslocks shows which), then try again",
					  a->where, LOCK_PATIENCE_MS / 1000);
		nanosleep(&pause, NULL);
	}
	return 0;
}

int mclic_area_lock(struct mclic_area *a)
{
	int err;

	pthread_mutex_lock(&a->writer);
	err = set_lock(a, a->write ? F_WRLCK : F_RDLCK);
	if (err)
		pthread_mutex_unlock(&a->writer);
	return err;
}

void mclic_area_unlock(struct mclic_area *a)
{
	set_lock(a, F_UNLCK);
	pthread_mutex_unlock(&a->writer);
}

static off_t offset_of(const struct mclic_area *a, __u32 index)
{
	return a->start + (off_t)index * MCLIC_SLOT_SIZE;
}

static int read_slot(struct mclic_area *a, __u32 index, void *slot)
{
	ssize_t n = mclic_pread_full(a->fd, slot, MCLIC_SLOT_SIZE, offset_of(a, index));

	if (n == MCLIC_SLOT_SIZE)
		return 0;
	return mclic_fail(n < 0 ? (int)-n : EIO, "%s: cannot read slot %u: %s", a->where, index,
			  n < 0 ? strerror((int)-n) : "it ends too early");
}

int mclic_area_read_back(struct mclic_area *a, __u32 index, void *slot)
{
	__u8 buf[MCLIC_SLOT_SIZE] __attribute__((aligned(MCLIC_SLOT_SIZE)));
	off_t off = offset_of(a, index);

	if (a->direct >= 0 && pread(a->direct, buf, sizeof(buf), off) == (ssize_t)sizeof(buf)) {
		memcpy(slot, buf, sizeof(buf));
		return 0;
	}
	/* No direct I/O here (some file systems, an odd offset): drop the flushed pages first. */
	posix_fadvise(a->fd, off & ~(off_t)(MCLIC_SLOT_SIZE - 1), 2 * MCLIC_SLOT_SIZE,
		      POSIX_FADV_DONTNEED);
	return read_slot(a, index, slot);
}

int mclic_area_write(struct mclic_area *a, __u32 index, const void *slot)
{
	int err = mclic_pwrite_full(a->fd, slot, MCLIC_SLOT_SIZE, offset_of(a, index));

	if (!err && fsync(a->fd))
		err = -errno;
	if (err)
		return mclic_fail(-err, "%s: cannot write slot %u: %s", a->where, index,
				  strerror(-err));
	return 0;
}

/* A header that is good, and counts slots that there is room for. */
static bool header_good(const struct mclic_area *a, const struct mclic_area_header *h)
{
	__u64 bytes;

	if (mclic_area_header_check(mclic_openssl(), h) != MCLIC_OK)
		return false;
	bytes = (__u64)mclic_get32(h->slots) * MCLIC_SLOT_SIZE;
	return a->exact ? bytes == a->size : bytes <= a->size;
}

/*
 * Look for the copy where the header is damaged: a slot that says it is the last. One
 * read in an area of full size; a partition may be larger than the area in it.
 */
static int find_copy(struct mclic_area *a, struct mclic_area_header *copy)
{
	__u64 fit = a->size / MCLIC_SLOT_SIZE;
	__u32 i = fit > MCLIC_AREA_SLOTS ? MCLIC_AREA_SLOTS : (__u32)fit;
	int err;

	for (; i >= MCLIC_AREA_SLOTS_MIN; i--) {
		err = read_slot(a, i - 1, copy);
		if (err)
			return err;
		if (header_good(a, copy) && mclic_get32(copy->slots) == i)
			return 0;
	}
	return mclic_fail(EBADMSG, "%s: the header of the licence area and its copy are both damaged, "
			  "or it was never formatted; see mclic format", a->where);
}

static int repair(struct mclic_area *a, __u32 index, const char *which)
{
	if (!a->write) {
		mclic_area_warn(a, "%s: %s is damaged; the next writer mends it", a->where, which);
		return 0;
	}
	mclic_area_warn(a, "%s: %s was damaged and has been mended", a->where, which);
	return mclic_area_write(a, index, &a->head);
}

static int load_header(struct mclic_area *a)
{
	struct mclic_area_header copy;
	__u32 last;
	int err;

	err = read_slot(a, 0, &a->head);
	if (err)
		return err;
	if (!header_good(a, &a->head)) {
		err = find_copy(a, &a->head);
		return err ? err : repair(a, 0, "the header");
	}
	last = mclic_get32(a->head.slots) - 1;
	err = read_slot(a, last, &copy);
	if (err)
		return err;
	return memcmp(&copy, &a->head, sizeof(copy)) ? repair(a, last, "the copy of the header") : 0;
}

bool mclic_area_changed(struct mclic_area *a)
{
	struct mclic_area_header now;

	return !read_slot(a, 0, &now) && header_good(a, &now) &&
	       memcmp(&now, &a->head, sizeof(now));
}

static void open_direct(struct mclic_area *a)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", a->fd);
	a->direct = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
}

/* @dir: of @target, or -1 */
static int area_open(int dir, const char *target, bool write, struct mclic_area **area)
{
	struct mclic_area *a = calloc(1, sizeof(*a));
	int err;

	*area = NULL;
	if (!a)
		return mclic_fail(ENOMEM, "not enough memory");
	a->direct = -1;
	a->write = write;
	pthread_mutex_init(&a->writer, NULL);
	err = dir < 0 ? mclic_area_find(target, write, a) :
			mclic_area_find_dir(dir, target, write, a);
	if (err)
		goto out;
	open_direct(a);
	/* A header is whole to a reader unless it is being mended: then wait for that. */
	err = mclic_area_lock(a);
	if (err)
		goto out;
	err = load_header(a);
	mclic_area_unlock(a);
out:
	if (err)
		mclic_area_close(a);
	else
		*area = a;
	return err;
}

int mclic_area_open(const char *target, bool write, struct mclic_area **area)
{
	return area_open(-1, target, write, area);
}

int mclic_area_open_dir(int dir, const char *name, struct mclic_area **area)
{
	return area_open(dir, name, false, area);
}

void mclic_area_close(struct mclic_area *a)
{
	if (!a)
		return;
	mclic_close_fd(&a->fd);
	mclic_close_fd(&a->direct);
	pthread_mutex_destroy(&a->writer);
	free(a->where);
	free(a->warning);
	free(a);
}

const struct mclic_area_header *mclic_area_head(const struct mclic_area *a)
{
	return &a->head;
}

__u32 mclic_area_slots(const struct mclic_area *a)
{
	return mclic_get32(a->head.slots);
}

const char *mclic_area_where(const struct mclic_area *a)
{
	return a->where;
}

const char *mclic_area_warning(const struct mclic_area *a)
{
	return a->warning;
}

dev_t mclic_area_dev(const struct mclic_area *a)
{
	return a->dev;
}

int mclic_area_read(struct mclic_area *a, __u32 index, struct mclic_slot *s)
{
	enum mclic_why why;
	int err;

	if (index < 1 || index >= mclic_area_slots(a) - 1)
		return mclic_fail(EINVAL, "%s has no licence slot %u", a->where, index);
	err = read_slot(a, index, s);
	if (err)
		return err;
	why = mclic_slot_check(mclic_openssl(), s);
	if (why != MCLIC_BAD_CRC && why != MCLIC_BAD_MAGIC)
		return 0;
	/* Damaged, or caught while it was being written: read again with no writer about. */
	err = mclic_area_lock(a);
	if (err)
		return err;
	err = read_slot(a, index, s);
	mclic_area_unlock(a);
	return err;
}

bool mclic_area_same(struct mclic_area *a, __u32 index, const struct mclic_slot *s)
{
	struct mclic_slot now;

	return !read_slot(a, index, &now) && !memcmp(&now, s, sizeof(now));
}
