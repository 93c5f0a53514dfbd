// SPDX-License-Identifier: GPL-2.0-or-later
/* A medium, its licence area, and what this machine believes. */

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <libmount/libmount.h>

#include "mclic.h"

static int refused(const char *path, const char *source)
{
	struct stat st;

	if (source && !stat(source, &st) && !S_ISDIR(st.st_mode))
		return mclic_fail(EINVAL, "%s is a mount of mclicfs, through which titles cannot be written; mount the data file system of %s itself elsewhere (mount -t ext4, for example) and name that directory",
				  path, source);
	return mclic_fail(EINVAL, "%s is a mount of mclicfs; name the directory that is mounted there, %s",
			  path, source ? source : "the lower one");
}

/* Through mclicfs the licence area cannot be written, and titles are read in the clear. */
static int refuse_mclicfs(const char *path)
{
	struct libmnt_table *table = mnt_new_table();
	MCLIC_AUTO_FREE char *real = realpath(path, NULL);
	struct libmnt_fs *fs = NULL;
	const char *type;
	int err = 0;

	if (table && real && !mnt_table_parse_mtab(table, NULL))
		fs = mnt_table_find_mountpoint(table, real, MNT_ITER_BACKWARD);
	type = fs ? mnt_fs_get_fstype(fs) : NULL;
	if (type && (!strncmp(type, "fuse.mclicfs", 12) || !strcmp(type, "mclicfs")))
		err = refused(path, mnt_fs_get_source(fs));
	mnt_unref_table(table);
	return err;
}

static int use_area(struct target *t, bool write)
{
	int err = mclic_area_open(t->path, write, &t->area);

	if (err)
		return err;
	if (mclic_area_warning(t->area))
		mclic_warn("%s", mclic_area_warning(t->area));
	t->judge.area = t->area;
	return 0;
}

static int open_target(struct target *t)
{
	int err = refuse_mclicfs(t->path);

	if (!err)
		err = use_area(t, false);
	if (err)
		return err;
	err = mclic_trust_load(&t->trust);
	if (err)
		return err;
	t->judge.trust = t->trust;
	mclic_judge_sources(&t->judge, &t->sources);
	return mclic_medium_read(mclic_area_dev(t->area), mclic_area_head(t->area), 0, &t->medium);
}

int target_peek(struct target *t, const char *path)
{
	t->path = path;
	t->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->dirfd < 0 && errno != ENOTDIR)
		return mclic_fail(errno, "%s: cannot open it: %s", path, strerror(errno));
	return open_target(t);
}

int target_open(struct target *t, const char *path)
{
	t->path = path;
	t->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->dirfd < 0 && errno == ENOTDIR)
		return mclic_fail(ENOTDIR, "%s: not a directory; mount the medium and name the directory",
				  path);
	if (t->dirfd < 0)
		return mclic_fail(errno, "%s: cannot open it: %s", path, strerror(errno));
	return open_target(t);
}

int target_writable(struct target *t)
{
	if (t->writable)
		return 0;
	mclic_area_close(t->area);
	t->area = NULL;
	t->writable = true;
	return use_area(t, true);
}

void target_close(struct target *t)
{
	mclic_area_close(t->area);
	mclic_trust_free(t->trust);
	mclic_close_fd(&t->dirfd);
	t->area = NULL;
	t->trust = NULL;
}

int parent_beneath(int dirfd, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	MCLIC_AUTO_FREE char *parent = NULL;
	int fd;

	*name = slash ? slash + 1 : path;
	parent = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
	if (!parent)
		return mclic_fail(ENOMEM, "not enough memory");
	fd = mclic_open_beneath(dirfd, parent, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return mclic_fail(-fd, "%s: cannot open its directory: %s", path, strerror(-fd));
	return fd;
}

int verdict_new(struct target *t, const struct mclic_title *id, struct mclic_verdict **v)
{
	*v = mclic_secret_alloc(sizeof(**v));
	if (!*v)
		return mclic_fail(ENOMEM, "not enough locked memory for keys");
	return mclic_judge_title(&t->judge, id, *v);
}

void verdict_free(struct mclic_verdict **v)
{
	if (*v)
		mclic_secret_free(*v, sizeof(**v));
	*v = NULL;
}
