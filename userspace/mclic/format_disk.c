// SPDX-License-Identifier: GPL-2.0-or-later
/* Formatting a disk or image as a licensed medium. */

#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <blkid/blkid.h>
#include <linux/fs.h>

#include "format.h"

#define EDGE	(1 << 20)

/* ---- may it be erased? ---- */

/* An image behind a loop device is in use, though nobody holds the file's name. */
static int check_loops(const char *path)
{
	MCLIC_AUTO_FREE char *real = realpath(path, NULL);
	glob_t g = { 0 };
	int err = 0;
	size_t i;

	if (!real || glob("/sys/block/loop*/loop/backing_file", 0, NULL, &g))
		return 0;
	for (i = 0; !err && i < g.gl_pathc; i++) {
		MCLIC_AUTO_FREE void *data = NULL;
		size_t len;

		if (mclic_read_file(AT_FDCWD, g.gl_pathv[i], 1 << 16, &data, &len))
			continue;
		((char *)data)[strcspn(data, "\n")] = '\0';
		if (!strcmp(data, real))
			err = mclic_fail(EBUSY, "%s is in use by a loop device; detach it first (losetup -d)",
					 path);
	}
	globfree(&g);
	return err;
}

static int is_zero_at(int fd, off_t off, bool *zero)
{
	MCLIC_AUTO_FREE __u8 *buf = malloc(EDGE);
	ssize_t n;

	if (!buf)
		return mclic_fail(ENOMEM, "not enough memory");
	n = mclic_pread_full(fd, buf, EDGE, off);
	if (n < 0)
		return (int)n;
	*zero = *zero && mclic_is_zero(buf, (size_t)n);
	return 0;
}

/* What libblkid knows is named; anything else shows in the first or last MiB. */
static int check_empty(const struct format_job *job, int fd, off_t size)
{
	blkid_probe pr = blkid_new_probe();
	const char *what = NULL;
	bool zero = true;
	int err;

	if (!pr)
		return mclic_fail(ENOMEM, "not enough memory");
	if (!blkid_probe_set_device(pr, fd, 0, 0)) {
		blkid_probe_enable_partitions(pr, 1);
		blkid_do_fullprobe(pr);
		if (blkid_probe_lookup_value(pr, "TYPE", &what, NULL))
			blkid_probe_lookup_value(pr, "PTTYPE", &what, NULL);
	}
	err = is_zero_at(fd, 0, &zero);
	if (!err && size > EDGE)
		err = is_zero_at(fd, size - EDGE, &zero);
	if (!err && (what || !zero))
		err = mclic_fail(EEXIST, "%s is not empty (%s); --force erases what is on it", job->path,
				 what ? what : "unknown data");
	blkid_free_probe(pr);
	return err;
}

static int make_image(const struct format_job *job)
{
	MCLIC_AUTO_CLOSE int fd = open(job->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST)
		return mclic_fail(EEXIST, "%s exists already; leave --size out to format it",
				  job->path);
	if (fd < 0)
		return mclic_fail(errno, "%s: cannot make it: %s", job->path, strerror(errno));
	if (ftruncate(fd, (off_t)job->size)) {
		int err = errno;

		unlink(job->path);
		return mclic_fail(err, "%s: cannot give it its size: %s", job->path, strerror(err));
	}
	return 0;
}

/*
 * O_EXCL on a block device: nobody else, also no mount of a partition of it, holds it.
 * It is not kept, because mkfs asks for the same.
 */
static int check_unused(const struct format_job *job, const struct stat *st)
{
	MCLIC_AUTO_CLOSE int fd = -1;

	if (S_ISREG(st->st_mode))
		return check_loops(job->path);
	fd = open(job->path, O_RDONLY | O_EXCL | O_CLOEXEC);
	if (fd < 0 && errno == EBUSY)
		return mclic_fail(EBUSY, "%s is in use (mounted, swap, or part of another device); unmount it first",
				  job->path);
	return fd < 0 ? mclic_fail(errno, "%s: cannot open it: %s", job->path, strerror(errno)) : 0;
}

static int open_device(const struct format_job *job, int *fd, struct stat *st)
{
	int err;

	if (stat(job->path, st))
		return mclic_fail(errno, "%s: %s%s", job->path, strerror(errno),
				  errno == ENOENT ? "; --size makes an image" : "");
	if (!S_ISBLK(st->st_mode) && !S_ISREG(st->st_mode))
		return mclic_fail(EINVAL, "%s is neither a block device nor an image; for a directory use --area-file",
				  job->path);
	err = check_unused(job, st);
	if (err)
		return err;
	*fd = open(job->path, O_RDWR | O_CLOEXEC);
	return *fd < 0 ? mclic_fail(errno, "%s: cannot open it: %s", job->path, strerror(errno)) : 0;
}

/* ---- doing it ---- */

/* A hardware identifier needs no emulated one; loop devices and images have none. */
static int needs_emulated(const struct stat *st, bool *emulated)
{
	struct mclic_medium m;
	int err = S_ISBLK(st->st_mode) ? mclic_medium_read(st->st_rdev, NULL, 0, &m) : -ENODEV;

	*emulated = err == -ENODEV;
	return *emulated ? 0 : err;
}

/* Partition nodes, and nothing stale in the page caches behind them. */
static void reread(const struct format_job *job, int fd)
{
	ioctl(fd, BLKFLSBUF);
	if (ioctl(fd, BLKRRPART) && errno != EINVAL)
		mclic_warn("%s: the kernel has not read the new partition table (%s); take the medium out and put it in again",
			   job->path, strerror(errno));
}

static int is_whole_disk(const struct format_job *job, const struct stat *st)
{
	dev_t disk;

	if (S_ISREG(st->st_mode))
		return 0;
	if (blkid_devno_to_wholedisk(st->st_rdev, NULL, 0, &disk) || disk != st->st_rdev)
		return mclic_fail(EINVAL, "%s is not a whole disk; name the disk, not a partition",
				  job->path);
	return 0;
}

static int format_open(const struct format_job *job, int fd, const struct stat *st, bool *emulated)
{
	off_t size = lseek(fd, 0, SEEK_END);
	struct layout l;
	int err;

	if (size < 0)
		return mclic_fail(errno, "%s: cannot learn its size: %s", job->path, strerror(errno));
	err = is_whole_disk(job, st);
	if (!err && !job->force)
		err = check_empty(job, fd, size);
	if (!err)
		err = needs_emulated(st, emulated);
	if (!err)
		err = format_table(job, fd, &l);
	if (!err)
		err = format_data(job, fd, &l);
	/* The area last: with it the medium is formatted. */
	if (!err)
		err = mclic_area_create(fd, (off_t)l.area, MCLIC_AREA_SLOTS, *emulated,
					job->label ? job->label : "");
	if (!err && fsync(fd))
		err = mclic_fail(errno, "%s: cannot write it: %s", job->path, strerror(errno));
	return err;
}

int format_disk(const struct format_job *job, bool *emulated)
{
	MCLIC_AUTO_CLOSE int fd = -1;
	struct stat st;
	int err = job->size ? make_image(job) : 0;

	if (err)
		return err;
	err = open_device(job, &fd, &st);
	if (!err)
		err = format_open(job, fd, &st, emulated);
	if (!err && S_ISBLK(st.st_mode))
		reread(job, fd);
	if (err && job->size)
		unlink(job->path);
	return err;
}
