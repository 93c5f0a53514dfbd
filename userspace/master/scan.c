// SPDX-License-Identifier: GPL-2.0-or-later
/* What a title holds: one row for each file, directory and symbolic link. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master.h"

#define WARNINGS_MAX	20
#define SPECIAL_BITS	(S_ISUID | S_ISGID | S_ISVTX)

struct scan {
	struct title *title;
	size_t room;		/* rows allocated */
	size_t refused;
};

static void refuse(struct scan *s, const char *path, const char *why)
{
	if (s->refused++ < WARNINGS_MAX)
		mclic_warn("%s/%s %s", s->title->path, path, why);
}

/* A zeroed row that owns @path; NULL without memory. */
static struct mclic_entry *add_row(struct scan *s, char *path)
{
	struct mclic_manifest *m = &s->title->manifest;
	struct mclic_entry *e = m->entries;

	if (m->count == s->room) {
		s->room = s->room ? 2 * s->room : 256;
		e = realloc(e, s->room * sizeof(*e));
		if (!e) {
			free(path);
			return NULL;
		}
		m->entries = e;
	}
	e += m->count++;
	*e = (struct mclic_entry){ .path = path };
	return e;
}

static const char *special_kind(mode_t mode)
{
	if (S_ISFIFO(mode))
		return "is a FIFO; a title holds files, directories and links only: remove it";
	if (S_ISSOCK(mode))
		return "is a socket; a title holds files, directories and links only: remove it";
	return "is a device; a title holds files, directories and links only: remove it";
}

static int add_link(struct scan *s, int dir, const char *name, struct mclic_entry *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof(target));

	if (n < 0)
		return mclic_fail(errno, "%s/%s: %s", s->title->path, e->path, strerror(errno));
	if (n == sizeof(target) || mclic_link_check(e->path, strlen(e->path), target, (size_t)n))
		refuse(s, e->path,
		       "is a symbolic link that leaves the title; let it point inside, by a relative path");
	e->type = MCLIC_ENTRY_LINK;
	e->mode = 0777;
	e->target = strndup(target, (size_t)n);
	return e->target ? 0 : mclic_fail(ENOMEM, "not enough memory");
}

static int add_child(struct scan *s, int dir, const char *name, char *path)
{
	struct mclic_manifest *m = &s->title->manifest;
	struct mclic_entry *e;
	struct stat st;

	if (mclic_path_check(path, strlen(path))) {
		refuse(s, path,
		       "has a name that a product cannot hold (it must be UTF-8 without control characters, at most 255 bytes, in a path of at most 4095, and not .mclic or .mclic-product); rename it");
		free(path);
		return 0;
	}
	e = add_row(s, path);
	if (!e)
		return mclic_fail(ENOMEM, "not enough memory");
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return mclic_fail(errno, "%s/%s: %s", s->title->path, path, strerror(errno));
	if (S_ISLNK(st.st_mode))
		return add_link(s, dir, name, e);

	e->mode = st.st_mode & 0777;
	if (S_ISDIR(st.st_mode)) {
		e->type = MCLIC_ENTRY_DIR;
	} else if (S_ISREG(st.st_mode)) {
		if (faccessat(dir, name, R_OK, AT_EACCESS) && errno == EACCES)
			refuse(s, path, "cannot be read; make it readable for whoever builds the master");
		e->type = MCLIC_ENTRY_FILE;
		e->size = (__u64)st.st_size;
		m->total += e->size;
	} else {
		refuse(s, path, special_kind(st.st_mode));
		return 0;
	}
	if (st.st_mode & SPECIAL_BITS)
		refuse(s, path,
		       "has the set-user-ID, set-group-ID or sticky bit, which no title carries; take it away with chmod u-s,g-s,-t");
	return 0;
}

static int add_children(struct scan *s, DIR *dir, const char *parent)
{
	const struct dirent *d;
	char *path;
	int err;

	for (;;) {
		errno = 0;
		d = readdir(dir);
		if (!d)
			return errno ? mclic_fail(errno, "%s/%s cannot be listed: %s",
						  s->title->path, parent, strerror(errno)) : 0;
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (asprintf(&path, "%s%s%s", parent, *parent ? "/" : "", d->d_name) < 0)
			return mclic_fail(ENOMEM, "not enough memory");
		err = add_child(s, dirfd(dir), d->d_name, path);
		if (err)
			return err;
	}
}

/* One directory open at a time, whatever the depth. @path: "" for the title's own. */
static int scan_dir(struct scan *s, const char *path)
{
	int fd, err;
	DIR *dir;

	fd = mclic_open_beneath(s->title->fd, *path ? path : ".",
				O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return mclic_fail(-fd, "%s/%s cannot be opened: %s", s->title->path, path,
				  strerror(-fd));
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return mclic_fail(ENOMEM, "not enough memory");
	}
	err = add_children(s, dir, path);
	closedir(dir);
	return err;
}

static int by_path(const void *a, const void *b)
{
	const struct mclic_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

int scan_title(struct title *t)
{
	struct mclic_manifest *m = &t->manifest;
	struct scan s = { .title = t };
	size_t i;
	int err;

	t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->fd < 0)
		return mclic_fail(errno, "%s: %s", t->path, strerror(errno));
	err = scan_dir(&s, "");
	/* The rows are the queue of the directories that are still to be looked at. */
	for (i = 0; !err && i < m->count; i++)
		if (m->entries[i].type == MCLIC_ENTRY_DIR)
			err = scan_dir(&s, m->entries[i].path);
	if (err)
		return err;
	if (s.refused)
		return mclic_fail(EINVAL, "%zu of the names below %s cannot be part of a title; mend them and start again",
				  s.refused, t->path);
	/* Byte order puts parents before their children. */
	qsort(m->entries, m->count, sizeof(*m->entries), by_path);
	err = mclic_manifest_check(m);
	return err == -EBADMSG ? mclic_fail(EINVAL, "%s: %s", t->path, mclic_message()) : err;
}
