// SPDX-License-Identifier: GPL-2.0-or-later
/* What SOURCE is: a lower directory, a block device, an image. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "mount.h"

static __u64 refused(unsigned long flags)
{
	return (flags & ST_NOSUID ? MOUNT_ATTR_NOSUID : 0) |
	       (flags & ST_NODEV ? MOUNT_ATTR_NODEV : 0) |
	       (flags & ST_NOEXEC ? MOUNT_ATTR_NOEXEC : 0);
}

static int use_directory(struct source *s, const struct stat *st)
{
	struct statvfs fs;
	int ret;

	s->dir = open(s->name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0 || fstatvfs(s->dir, &fs))
		return mclic_fail(errno, "%s: %s", s->name, strerror(errno));
	s->refused = refused(fs.f_flag);
	ret = mclic_area_device(st->st_dev, &s->device.area);
	return ret < 0 ? ret : 0;
}

static int use_image(struct source *s, bool read_only)
{
	MCLIC_AUTO_FREE char *device = NULL;
	struct stat st;
	int err;

	err = loop_attach(s->name, &read_only, &s->loop, &device);
	if (err)
		return err;
	s->write_protected = read_only;
	if (fstat(s->loop, &st))
		return mclic_fail(errno, "%s: %s", device, strerror(errno));
	return mclic_device_find(device, st.st_rdev, &s->device);
}

int source_open(struct source *s, const char *path, bool read_only)
{
	struct stat st;

	s->name = realpath(path, NULL);
	if (!s->name)
		return mclic_fail(errno, "%s: %s", path, strerror(errno));
	if (stat(s->name, &st))
		return mclic_fail(errno, "%s: %s", s->name, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return use_directory(s, &st);
	if (S_ISBLK(st.st_mode))
		return mclic_device_find(s->name, st.st_rdev, &s->device);
	if (S_ISREG(st.st_mode))
		return use_image(s, read_only);
	return mclic_fail(EINVAL, "%s: neither a directory, nor a block device, nor an image", s->name);
}

void source_close(struct source *s)
{
	mclic_device_free(&s->device);
	mclic_close_fd(&s->dir);
	mclic_close_fd(&s->loop);
	free(s->name);
	*s = (struct source)SOURCE_INIT;
}
