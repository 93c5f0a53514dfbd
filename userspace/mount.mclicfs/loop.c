// SPDX-License-Identifier: GPL-2.0-or-later
/* Images: a loop device with partitions, which the kernel detaches when its last user goes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mount.h"

#define TRIES		16	/* others may take the number that was free just now */
#define GPT_MAGIC	"EFI PART"

/* Sectors of the medium that this is an image of: its GPT begins with the second. */
static __u32 sector_size(int image)
{
	static const __u32 sizes[] = { 512, 2048, 4096 };
	char magic[sizeof(GPT_MAGIC) - 1];
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (pread(image, magic, sizeof(magic), sizes[i]) == (ssize_t)sizeof(magic) &&
		    !memcmp(magic, GPT_MAGIC, sizeof(magic)))
			return sizes[i];
	return 0;
}

static int open_node(int number, int flags, char **device)
{
	if (asprintf(device, "/dev/loop%d", number) < 0) {
		*device = NULL;
		errno = ENOMEM;
		return -1;
	}
	return open(*device, flags | O_CLOEXEC);
}

/* ---- an image that is attached already ---- */

/* Is loop device @fd the image @st, or a part of it? 1 the whole of it, 0 not, -errno. */
static int shows(int fd, const struct stat *st, const char *path, const char *device)
{
	struct loop_info64 info;

	if (ioctl(fd, LOOP_GET_STATUS64, &info) || info.lo_inode != st->st_ino ||
	    info.lo_device != st->st_dev)
		return 0;
	if (!info.lo_offset && !info.lo_sizelimit && info.lo_flags & LO_FLAGS_PARTSCAN)
		return 1;
	return mclic_fail(EBUSY, "%s is in use as %s, but not as a disk with partitions; detach it first (losetup -d %s)",
			  path, device, device);
}

static int find_attached(const char *path, const struct stat *st, bool read_only, int *fd,
			 char **device)
{
	DIR *dir = opendir("/sys/block");
	struct dirent *e;
	int number, ret = 0;

	while (dir && !ret && (e = readdir(dir))) {
		if (sscanf(e->d_name, "loop%d", &number) != 1)
			continue;
		*fd = open_node(number, read_only ? O_RDONLY : O_RDWR, device);
		ret = *fd < 0 ? 0 : shows(*fd, st, path, *device);
		if (ret == 1)
			break;
		mclic_close_fd(fd);
		free(*device);
		*device = NULL;
	}
	if (dir)
		closedir(dir);
	return ret;
}

/* ---- attaching ---- */

static int attach_once(int control, const struct loop_config *config, int *fd, char **device)
{
	int number = ioctl(control, LOOP_CTL_GET_FREE);
	int err;

	if (number < 0)
		return mclic_fail(errno, "no loop device is free: %s", strerror(errno));
	*fd = open_node(number, config->info.lo_flags & LO_FLAGS_READ_ONLY ? O_RDONLY : O_RDWR,
			device);
	if (*fd >= 0 && !ioctl(*fd, LOOP_CONFIGURE, config))
		return 0;
	err = errno;
	mclic_close_fd(fd);
	mclic_fail(err, "%s cannot be used: %s", *device ? *device : "a loop device", strerror(err));
	free(*device);
	*device = NULL;
	return -err;
}

static int attach(int image, const char *path, bool read_only, int *fd, char **device)
{
	MCLIC_AUTO_CLOSE int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	struct loop_config config = {
		.fd = (__u32)image,
		.block_size = sector_size(image),
		.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_PARTSCAN |
				 (read_only ? LO_FLAGS_READ_ONLY : 0),
	};
	int err, tries;

	if (control < 0)
		return mclic_fail(errno, "no loop devices for an image: /dev/loop-control: %s",
				  strerror(errno));
	strncpy((char *)config.info.lo_file_name, path, LO_NAME_SIZE - 1);
	for (tries = 0; tries < TRIES; tries++) {
		err = attach_once(control, &config, fd, device);
		if (err != -EBUSY)
			return err;
	}
	return err;
}

int loop_attach(const char *path, bool *read_only, int *fd, char **device)
{
	MCLIC_AUTO_CLOSE int image = open(path, (*read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	struct stat st;
	int ret;

	if (image < 0 && !*read_only && (errno == EROFS || errno == EACCES || errno == EPERM)) {
		*read_only = true;
		image = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (image < 0 || fstat(image, &st))
		return mclic_fail(errno, "%s: %s", path, strerror(errno));
	ret = find_attached(path, &st, *read_only, fd, device);
	if (ret)
		return ret < 0 ? ret : 0;
	return attach(image, path, *read_only, fd, device);
}
