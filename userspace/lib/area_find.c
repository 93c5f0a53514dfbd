// SPDX-License-Identifier: GPL-2.0-or-later
/* Finding the licence area of a medium: a partition of its own, else a file. */
#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "area.h"
#include "device.h"
#include "disk.h"

#define SECTOR	512	/* the unit of libblkid's numbers, whatever the medium's sectors are */

/* An area partition in a partition table. */
struct found {
	int number;
	__u64 start;
	__u64 size;
};

/* Look through the partition table of a disk or image: 1 found, 0 none, -errno. */
static int probe_table(int fd, struct found *f)
{
	blkid_probe pr = blkid_new_probe();
	blkid_partlist list;
	int i, n, ret = 0;

	if (!pr)
		return -ENOMEM;
	if (blkid_probe_set_device(pr, fd, 0, 0)) {
		ret = errno == EIO ? -EIO : 0;
		goto out;
	}
	blkid_probe_enable_partitions(pr, 1);
	list = blkid_probe_get_partitions(pr);
	n = list ? blkid_partlist_numof_partitions(list) : 0;
	for (i = 0; i < n && !ret; i++) {
		blkid_partition p = blkid_partlist_get_partition(list, i);
		const char *type = p ? blkid_partition_get_type_string(p) : NULL;

		if (!type || strcasecmp(type, MCLIC_AREA_PARTITION))
			continue;
		f->number = blkid_partition_get_partno(p);
		f->start = (__u64)blkid_partition_get_start(p) * SECTOR;
		f->size = (__u64)blkid_partition_get_size(p) * SECTOR;
		ret = 1;
	}
out:
	blkid_free_probe(pr);
	return ret;
}

/* What udev noted of a partition's type: 1 the area's, 0 another, -ENOENT not known. */
static int udev_type(dev_t dev)
{
	struct udev *udev = udev_new();
	struct udev_device *d = udev ? udev_device_new_from_devnum(udev, 'b', dev) : NULL;
	const char *type = d ? udev_device_get_property_value(d, "ID_PART_ENTRY_TYPE") : NULL;
	int ret = type ? !strcasecmp(type, MCLIC_AREA_PARTITION) : -ENOENT;

	udev_device_unref(d);
	udev_unref(udev);
	return ret;
}

int mclic_disk_node(const char *name, dev_t dev, char **path)
{
	struct stat st;

	if (asprintf(path, "/dev/%s", name) < 0) {
		*path = NULL;
		return -ENOMEM;
	}
	if (stat(*path, &st) || !S_ISBLK(st.st_mode) || st.st_rdev != dev) {
		free(*path);
		*path = blkid_devno_to_devname(dev);
	}
	return *path ? 0 : -ENXIO;
}

/* Open the node of a block device, sure that it is that device. */
static int open_node(const char *name, dev_t dev, int flags, char **path)
{
	struct stat st;
	int fd = mclic_disk_node(name, dev, path);

	if (fd)
		return fd;
	fd = open(*path, flags | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISBLK(st.st_mode) || st.st_rdev != dev) {
		close(fd);
		return -ENXIO;
	}
	return fd;
}

/*
 * Which partition of the disk is the area? 1 with *@part, 0 none, -errno. *@unknown is
 * set when this user can learn nothing about the partitions there are.
 */
static int find_part(const struct mclic_disk *d, struct mclic_part *part, bool *unknown)
{
	MCLIC_AUTO_FREE struct mclic_part *parts = NULL;
	MCLIC_AUTO_FREE char *path = NULL;
	MCLIC_AUTO_CLOSE int fd = -1;
	struct found f = { 0 };
	int i, n, ret;

	*unknown = false;
	n = mclic_disk_parts(d, &parts);
	if (n <= 0)
		return n;
	fd = open_node(d->name, d->dev, O_RDONLY | O_NONBLOCK, &path);
	if (fd >= 0) {
		ret = probe_table(fd, &f);
		if (ret < 0)
			return mclic_fail(-ret, "%s: cannot read the partition table: %s", path,
					  strerror(-ret));
		if (!ret)
			return 0;
	}
	for (i = 0; i < n; i++) {
		ret = fd >= 0 ? parts[i].number == f.number : udev_type(parts[i].dev);
		if (ret < 0)
			*unknown = true;
		if (ret <= 0)
			continue;
		*part = parts[i];
		*unknown = false;
		return 1;
	}
	if (f.number)
		return mclic_fail(ENXIO, "%s: the kernel does not know partition %d yet, which is the "
				  "licence area; tell it with \"partx -u %s\", or plug the medium in "
				  "again", path, f.number, path);
	return 0;
}

/* Use partition @p as the area. */
static int use_part(const struct mclic_part *p, bool write, struct mclic_area *a)
{
	MCLIC_AUTO_FREE char *path = NULL;
	off_t size;

	a->fd = open_node(p->name, p->dev, write ? O_RDWR : O_RDONLY, &path);
	if (a->fd == -EACCES || a->fd == -EPERM)
		return mclic_fail(EACCES, "the licence area is the partition %s, which you may not "
				  "%s; do this as root", path, write ? "write" : "read");
	if (a->fd < 0)
		return mclic_fail(-a->fd, "the licence area is the partition %s, which cannot be "
				  "opened: %s", path ? path : p->name, strerror(-a->fd));
	size = lseek(a->fd, 0, SEEK_END);
	if (size < 0)
		return mclic_fail(errno, "%s: cannot learn its size: %s", path, strerror(errno));
	a->size = (__u64)size;
	if (asprintf(&a->where, "%s (partition)", path) < 0) {
		a->where = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	return 0;
}

static int use_file(int dir, const char *target, bool write, bool unknown, struct mclic_area *a)
{
	const char *slash = target[strlen(target) - 1] == '/' ? "" : "/";
	struct stat st;

	if (asprintf(&a->where, "%s%s%s", target, slash, MCLIC_AREA_FILE) < 0) {
		a->where = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	a->fd = mclic_open_beneath(dir, MCLIC_AREA_FILE,
				   (write ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC, 0);
	if (a->fd == -ENOENT)
		return mclic_fail(ENOENT, "%s has no licence area%s; make one with \"mclic format "
				  "--area-file %s\"", target,
				  unknown ? " that you can see (its disk's partitions are only "
				  "known to root)" : "", target);
	if (a->fd == -ELOOP)
		return mclic_fail(ELOOP, "%s: a symbolic link is not a licence area; remove it",
				  a->where);
	if (a->fd < 0)
		return mclic_fail(-a->fd, "%s: cannot be opened for %s: %s", a->where,
				  write ? "writing" : "reading", strerror(-a->fd));
	if (fstat(a->fd, &st))
		return mclic_fail(errno, "%s: %s", a->where, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return mclic_fail(EBADMSG, "%s: not a regular file; remove it", a->where);
	if (st.st_size % MCLIC_SLOT_SIZE || st.st_size < MCLIC_AREA_SLOTS_MIN * MCLIC_SLOT_SIZE ||
	    st.st_size > MCLIC_AREA_SLOTS * MCLIC_SLOT_SIZE)
		return mclic_fail(EBADMSG, "%s: %lld bytes is no length of a licence area; restore it "
				  "from a backup, or remove it and format anew", a->where,
				  (long long)st.st_size);
	a->size = (__u64)st.st_size;
	a->exact = true;
	if (unknown)
		mclic_area_warn(a, "the types of the disk's partitions cannot be read, so %s is taken "
				"for the licence area", a->where);
	return 0;
}

int mclic_area_find_dir(int dir, const char *target, bool write, struct mclic_area *a)
{
	bool unknown = false;
	struct mclic_part part = { 0 };
	struct mclic_disk d;
	struct stat st;
	int ret = 0;

	a->fd = -1;
	if (fstat(dir, &st))
		return mclic_fail(errno, "%s: %s", target, strerror(errno));
	a->dev = st.st_dev;
	if (!mclic_disk_open(st.st_dev, &d)) {
		ret = find_part(&d, &part, &unknown);
		mclic_disk_close(&d);
	}
	if (ret < 0)
		return ret;
	return ret ? use_part(&part, write, a) : use_file(dir, target, write, unknown, a);
}

int mclic_area_device(dev_t dev, char **path)
{
	struct mclic_part part = { 0 };
	struct mclic_disk d;
	bool unknown;
	int err, ret;

	*path = NULL;
	if (mclic_disk_open(dev, &d))
		return 0;
	ret = find_part(&d, &part, &unknown);
	mclic_disk_close(&d);
	if (ret <= 0)
		return ret;
	err = mclic_disk_node(part.name, part.dev, path);
	return err ? mclic_fail(-err, "/dev/%s, the licence area, has no device node", part.name) : 1;
}

int mclic_area_partition(int dir, char **where)
{
	struct stat st;

	if (fstat(dir, &st))
		return mclic_fail(errno, "cannot look at the directory: %s", strerror(errno));
	return mclic_area_device(st.st_dev, where);
}

/* A partition inside @fd that the kernel has no device for: an image, an unscanned disk. */
static int use_inside(int fd, const char *target, struct mclic_area *a)
{
	struct found f = { 0 };
	off_t size = lseek(fd, 0, SEEK_END);
	int ret = probe_table(fd, &f);

	if (ret < 0 || size < 0)
		return mclic_fail(ret < 0 ? -ret : errno, "%s: cannot be read", target);
	if (!ret)
		return mclic_fail(ENOENT, "%s has no licence area partition; make one with \"mclic "
				  "format %s\" (which erases it), or, where the area is the file %s "
				  "in a file system, mount that and give its directory", target,
				  target, MCLIC_AREA_FILE);
	if (f.start > (__u64)size || f.size > (__u64)size - f.start)
		return mclic_fail(EBADMSG, "%s: its licence area partition reaches past its end; the "
				  "image is cut short", target);
	a->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (a->fd < 0)
		return mclic_fail(errno, "%s: %s", target, strerror(errno));
	a->start = (off_t)f.start;
	a->size = f.size;
	if (asprintf(&a->where, "%s (partition %d)", target, f.number) < 0) {
		a->where = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	return 0;
}

static int find_block(const char *target, dev_t dev, bool write, struct mclic_area *a)
{
	MCLIC_AUTO_FREE char *path = NULL;
	MCLIC_AUTO_CLOSE int fd = -1;
	struct mclic_part part = { 0 };
	struct mclic_disk d;
	bool unknown;
	int ret;

	a->dev = dev;
	ret = mclic_disk_open(dev, &d);
	if (ret)
		return mclic_fail(ENODEV, "%s: the kernel knows no such disk", target);
	a->dev = d.dev;
	ret = find_part(&d, &part, &unknown);
	if (ret > 0) {
		ret = use_part(&part, write, a);
		goto out;
	}
	if (ret < 0)
		goto out;
	fd = open_node(d.name, d.dev, write ? O_RDWR : O_RDONLY, &path);
	if (fd < 0)
		ret = mclic_fail(-fd, "%s: cannot be opened for %s: %s", path ? path : target,
				 write ? "writing" : "reading", strerror(-fd));
	else
		ret = use_inside(fd, path, a);
out:
	mclic_disk_close(&d);
	return ret;
}

int mclic_area_find(const char *target, bool write, struct mclic_area *a)
{
	MCLIC_AUTO_CLOSE int fd = -1;
	struct stat st;

	a->fd = -1;
	if (stat(target, &st))
		return mclic_fail(errno, "%s: %s", target, strerror(errno));
	if (S_ISBLK(st.st_mode))
		return find_block(target, st.st_rdev, write, a);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return mclic_fail(EINVAL, "%s: neither a directory, nor a block device, nor an image",
				  target);
	fd = open(target, S_ISDIR(st.st_mode) ? O_RDONLY | O_DIRECTORY | O_CLOEXEC :
		  (write ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return mclic_fail(errno, "%s: %s", target, strerror(errno));
	return S_ISDIR(st.st_mode) ? mclic_area_find_dir(fd, target, write, a) :
				     use_inside(fd, target, a);
}
