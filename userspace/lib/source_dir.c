// SPDX-License-Identifier: GPL-2.0-or-later
/* A source that is a directory: a mounted master, a medium, or a tree on a disk. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source.h"

struct dir_source {
	struct mclic_source source;
	int fd;
};

struct dir_file {
	struct mclic_source_file file;
	int fd;
};

/* File systems that do not say the type in a directory are asked by lstat. */
static bool is_dir(int fd, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_DIR;
	return !fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);
}

static int list_dirs(DIR *dir, char ***names)
{
	const struct dirent *d;
	size_t n = 0;
	int err;

	for (;;) {
		errno = 0;
		d = readdir(dir);
		if (!d)
			return errno ? mclic_fail(errno, "cannot list the source: %s",
						  strerror(errno)) : 0;
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..") ||
		    !is_dir(dirfd(dir), d))
			continue;
		err = mclic_strv_add(names, &n, d->d_name);
		if (err)
			return err;
	}
}

static int dir_dirs(struct mclic_source *source, char ***names)
{
	struct dir_source *s = (struct dir_source *)source;
	DIR *dir = NULL;
	int fd, err;

	*names = calloc(1, sizeof(**names));
	/* A description of its own: two threads listing do not share a position. */
	fd = openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		dir = fdopendir(fd);
	if (!*names || !dir) {
		err = mclic_fail(errno, "%s: %s", source->path, strerror(errno));
		if (fd >= 0)
			close(fd);
		goto fail;
	}
	err = list_dirs(dir, names);
	closedir(dir);
	if (!err)
		return 0;
fail:
	mclic_strv_free(*names);
	*names = NULL;
	return err;
}

static int dir_open(struct mclic_source *source, const char *path,
		    struct mclic_source_file **file, __u64 *len)
{
	struct dir_source *s = (struct dir_source *)source;
	struct dir_file *f;
	struct stat st;
	int fd, err;

	/* O_NONBLOCK: a FIFO in its place must not hold us up. */
	fd = mclic_open_beneath(s->fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return -ENOENT;
	if (fd == -ELOOP || fd == -EXDEV || fd == -ENXIO)
		return -EINVAL;
	if (fd < 0)
		return mclic_fail(-fd, "%s/%s: %s", source->path, path, strerror(-fd));
	if (fstat(fd, &st)) {
		err = mclic_fail(errno, "%s/%s: %s", source->path, path, strerror(errno));
		goto fail;
	}
	if (!S_ISREG(st.st_mode)) {
		err = -EINVAL;
		goto fail;
	}
	f = malloc(sizeof(*f));
	if (!f) {
		err = mclic_fail(ENOMEM, "not enough memory");
		goto fail;
	}
	f->file.ops = source->ops;
	f->fd = fd;
	*file = &f->file;
	*len = (__u64)st.st_size;
	return 0;
fail:
	close(fd);
	return err;
}

static ssize_t dir_pread(struct mclic_source_file *file, void *buf, size_t len, __u64 off)
{
	const struct dir_file *f = (const struct dir_file *)file;
	ssize_t n = mclic_pread_full(f->fd, buf, len, (off_t)off);

	if (n < 0)
		return mclic_fail((int)-n, "cannot read the source: %s", strerror((int)-n));
	return n;
}

static void dir_close_file(struct mclic_source_file *file)
{
	struct dir_file *f = (struct dir_file *)file;

	close(f->fd);
	free(f);
}

static void dir_close(struct mclic_source *source)
{
	struct dir_source *s = (struct dir_source *)source;

	close(s->fd);
	free(s);
}

static const struct source_ops dir_ops = {
	.dirs = dir_dirs,
	.open = dir_open,
	.pread = dir_pread,
	.close_file = dir_close_file,
	.close = dir_close,
};

int mclic_source_dir_new(int fd, struct mclic_source **source)
{
	struct dir_source *s = calloc(1, sizeof(*s));

	if (!s)
		return mclic_fail(ENOMEM, "not enough memory");
	s->source.ops = &dir_ops;
	s->fd = fd;
	*source = &s->source;
	return 0;
}
