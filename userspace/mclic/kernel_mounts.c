// SPDX-License-Identifier: GPL-2.0-or-later
/* The mounts of the kernel's mclicfs that there are. */

#include <unistd.h>

#include <libmount/libmount.h>

#include "kernel.h"

static int visit(struct libmnt_fs *fs, int (*each)(void *ctx, int fd, const char *path),
		 void *ctx)
{
	const char *path = mnt_fs_get_target(fs);
	MCLIC_AUTO_CLOSE int fd = -1;

	/* One that this user cannot look into, or that lies below another, is left alone. */
	if (mnt_fs_match_fstype(fs, MCLICFS_NAME))
		fd = mclic_kernel_open(path);
	return fd >= 0 ? each(ctx, fd, path) : 0;
}

int kernel_mounts(int (*each)(void *ctx, int fd, const char *path), void *ctx)
{
	struct libmnt_table *table = mnt_new_table();
	struct libmnt_iter *at = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	int err = 0;

	if (!table || !at)
		err = mclic_fail(ENOMEM, "not enough memory");
	else if (mnt_table_parse_file(table, "/proc/self/mountinfo"))
		err = mclic_fail(ENOENT, "/proc/self/mountinfo cannot be read: mount /proc");
	while (!err && !mnt_table_next_fs(table, at, &fs))
		err = visit(fs, each, ctx);
	mnt_free_iter(at);
	mnt_unref_table(table);
	return err;
}

static int set_lists(void *ctx, int fd, const char *path)
{
	return mclic_kernel_lists(fd, path, ctx);
}

int kernel_lists(struct mclic_trust *t)
{
	return geteuid() ? 0 : kernel_mounts(set_lists, t);
}
