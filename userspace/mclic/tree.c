// SPDX-License-Identifier: GPL-2.0-or-later
/* Trees of products at a target, looked at without ever leaving them. */

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "mclic.h"

#define EXFAT_MAGIC	0x2011BAB0
#define NTFS3_MAGIC	0x7366746E

bool tree_has_modes(int dirfd)
{
	struct statfs fs;

	if (fstatfs(dirfd, &fs))
		return true;
	switch (fs.f_type) {
	case MSDOS_SUPER_MAGIC:
	case EXFAT_MAGIC:
	case NTFS3_MAGIC:
	case UDF_SUPER_MAGIC:	/* desktops mount it with one owner for everything */
	case FUSE_SUPER_MAGIC:	/* exFAT and NTFS in user space; who knows */
		return false;
	default:
		return true;
	}
}

static int link_entry(int fd, const struct mclic_entry *e, const char **why)
{
	char target[4096];
	ssize_t n = readlinkat(fd, "", target, sizeof(target));

	if (n < 0 || (size_t)n != strlen(e->target) || memcmp(target, e->target, (size_t)n)) {
		*why = "the symbolic link points elsewhere";
		return -EBADMSG;
	}
	return 0;
}

static int judge_entry(int fd, const struct mclic_entry *e, const char **why, struct stat *st)
{
	if (fstat(fd, st)) {
		*why = strerror(errno);
		return -errno;
	}
	switch (e->type) {
	case MCLIC_ENTRY_DIR:
		*why = "not a directory";
		return S_ISDIR(st->st_mode) ? 0 : -EBADMSG;
	case MCLIC_ENTRY_LINK:
		*why = "not a symbolic link";
		return S_ISLNK(st->st_mode) ? link_entry(fd, e, why) : -EBADMSG;
	default:
		break;
	}
	*why = "not a regular file";
	if (!S_ISREG(st->st_mode))
		return -EBADMSG;
	*why = "its length is not that of the sealed file";
	return (__u64)st->st_size == mclic_sealed_len(e->size) ? 0 : -EBADMSG;
}

int tree_entry(int dirfd, const struct mclic_entry *e, const char **why, struct stat *st)
{
	MCLIC_AUTO_CLOSE int fd = mclic_open_beneath(dirfd, e->path, O_PATH | O_NOFOLLOW, 0);

	if (fd < 0) {
		*why = fd == -ENOENT ? "missing" : "cannot be reached without following a link";
		return fd == -ENOENT ? -ENOENT : -EBADMSG;
	}
	return judge_entry(fd, e, why, st);
}

/* ---- what else lies in a tree ---- */

struct extras {
	const struct mclic_manifest *m;
	const struct mclic_entry **index;
	int (*extra)(void *ctx, int dirfd, const char *name, const char *path);
	void *ctx;
};

/* @path: of the directory in the product, "" for the product itself */
static int extras_in(const struct extras *x, int fd, const char *path)
{
	struct dirent *d;
	int err = 0;
	DIR *dir = fdopendir(fd);

	if (!dir) {
		close(fd);
		return mclic_fail(ENOMEM, "not enough memory");
	}
	while (!err && (d = readdir(dir))) {
		MCLIC_AUTO_FREE char *whole = NULL;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (asprintf(&whole, "%s%s%s", path, *path ? "/" : "", d->d_name) < 0) {
			whole = NULL;
			err = mclic_fail(ENOMEM, "not enough memory");
		} else if (!mclic_manifest_find(x->m, x->index, whole)) {
			err = x->extra(x->ctx, dirfd(dir), d->d_name, whole);
		}
	}
	closedir(dir);
	return err;
}

int tree_extras(int dirfd, const struct mclic_manifest *m,
		int (*extra)(void *ctx, int dirfd, const char *name, const char *path), void *ctx)
{
	MCLIC_AUTO_FREE const struct mclic_entry **index = mclic_manifest_sort(m);
	struct extras x = { .m = m, .index = index, .extra = extra, .ctx = ctx };
	int fd, err;
	size_t i;

	if (!index)
		return -ENOMEM;
	fd = mclic_open_beneath(dirfd, ".", O_RDONLY | O_DIRECTORY, 0);
	err = fd < 0 ? fd : extras_in(&x, fd, "");
	for (i = 0; !err && i < m->count; i++) {
		if (m->entries[i].type != MCLIC_ENTRY_DIR)
			continue;
		fd = mclic_open_beneath(dirfd, m->entries[i].path, O_RDONLY | O_DIRECTORY, 0);
		/* One that is missing or no directory is tree_entry()'s to report. */
		if (fd >= 0)
			err = extras_in(&x, fd, m->entries[i].path);
	}
	return err;
}

/* ---- removing ---- */

static int cannot_remove(const char *name, int err)
{
	return mclic_fail(err, "%s: cannot remove it: %s", name, strerror(err));
}

/**
 * struct removal - a tree being removed, however deep, with a few descriptors
 * @top: the tree
 * @lifted: directories that were moved up to it so far
 * @again: something may have been moved there since it was read
 */
struct removal {
	int top;
	unsigned int lifted;
	bool again;
};

/* Directories of a title may be without write permission for their owner. */
static int open_writable(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return cannot_remove(name, errno == ENOTDIR ? EPERM : errno);
	fchmod(fd, 0700);
	return fd;
}

/* Remove what @fd holds, and close it; @directory is called for each directory in it. */
static int remove_in(struct removal *r, int fd,
		     int (*directory)(struct removal *r, int fd, const char *name))
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	int err = 0;

	if (fd < 0)
		return fd;
	if (!dir) {
		close(fd);
		return mclic_fail(ENOMEM, "not enough memory");
	}
	while (!err && (d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..") ||
		    !unlinkat(dirfd(dir), d->d_name, 0) || errno == ENOENT)
			continue;
		err = errno == EISDIR || errno == EPERM ?
			directory(r, dirfd(dir), d->d_name) : cannot_remove(d->d_name, errno);
	}
	closedir(dir);
	return err;
}

/* Move a directory up, to a name that no other has there. */
static int lift(struct removal *r, int fd, const char *name)
{
	MCLIC_AUTO_CLOSE int writable = open_writable(fd, name);
	char to[32];

	if (writable < 0)
		return writable;
	do {
		snprintf(to, sizeof(to), ".mclic-%u", r->lifted++);
		if (!renameat(fd, name, r->top, to))
			return 0;
	} while (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR);
	/* Of a lower layer of overlayfs, or with another project's quota */
	return errno == EXDEV ? tree_remove(fd, name) : cannot_remove(name, errno);
}

static int remove_dir(struct removal *r, int fd, const char *name)
{
	int err = remove_in(r, open_writable(fd, name), lift);

	r->again = true;
	return !err && unlinkat(fd, name, AT_REMOVEDIR) ? cannot_remove(name, errno) : err;
}

int tree_remove(int dirfd, const char *name)
{
	MCLIC_AUTO_CLOSE int top = -1;
	struct removal r = { 0 };
	int err;

	if (!unlinkat(dirfd, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return cannot_remove(name, errno);
	top = open_writable(dirfd, name);
	if (top < 0)
		return top;
	r.top = top;
	do {
		r.again = false;
		err = remove_in(&r, mclic_open_beneath(top, ".", O_RDONLY | O_DIRECTORY, 0),
				remove_dir);
	} while (!err && r.again);
	return !err && unlinkat(dirfd, name, AT_REMOVEDIR) ? cannot_remove(name, errno) : err;
}

/* ---- standing ---- */

/* *@bytes is NULL where there is no marker. */
static int marker_of(int fd, const char *name, void **bytes, size_t *len)
{
	MCLIC_AUTO_CLOSE int mfd = mclic_open_beneath(fd, MCLIC_MARKER_NAME,
						      O_RDONLY | O_NONBLOCK, 0);
	struct stat st;

	*bytes = NULL;
	if (mfd == -ENOENT)
		return 0;
	if (mfd < 0)
		return mfd;
	if (fstat(mfd, &st) || !S_ISREG(st.st_mode) ||
	    st.st_size > (off_t)(sizeof(struct mclic_marker) + MCLIC_MANIFEST_MAX))
		return mclic_fail(EBADMSG, "%s: its marker is damaged; remove the directory", name);
	*bytes = malloc((size_t)st.st_size + 1);
	if (!*bytes)
		return mclic_fail(ENOMEM, "not enough memory");
	*len = (size_t)st.st_size;
	return mclic_pread_full(mfd, *bytes, *len, 0) == st.st_size ? 0 :
		mclic_fail(EIO, "%s: cannot read its marker", name);
}

static int other_marker(const struct title *title, const void *bytes, size_t len)
{
	const struct mclic_marker *m = bytes;

	if (len < sizeof(*m) || mclic_marker_check(m, sizeof(*m)))
		return mclic_fail(EBADMSG, "%s: its marker at the target is damaged; remove the directory and copy again",
				  title->name);
	if (memcmp(m->did, title->id.did, MCLIC_ID_SIZE))
		return mclic_fail(EEXIST, "%s: the target has another title of this name; move it away first",
				  title->name);
	if (mclic_get32(m->content_version) > title->id.content_version)
		return mclic_fail(EEXIST, "%s: the target has version %u, the master only version %u; remove the newer one first if that is meant",
				  title->name, mclic_get32(m->content_version),
				  title->id.content_version);
	return 0;
}

int tree_standing(int dirfd, const struct title *title, enum standing *how)
{
	MCLIC_AUTO_CLOSE int fd = mclic_open_beneath(dirfd, title->name,
						     O_RDONLY | O_DIRECTORY, 0);
	const struct mclic_product *p = title->product;
	MCLIC_AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	int err;

	*how = STANDS_NOT;
	if (fd == -ENOENT)
		return 0;
	if (fd == -ENOTDIR || fd == -ELOOP)
		return mclic_fail(EEXIST, "%s: the target has something of this name that is no directory; move it away first",
				  title->name);
	if (fd < 0)
		return fd;
	err = marker_of(fd, title->name, &bytes, &len);
	if (err)
		return err;
	if (!bytes)
		return mclic_fail(EEXIST, "%s: the target has a directory of this name that is no title; move it away first",
				  title->name);
	*how = STANDS_SAME;
	if (len == p->len && !memcmp(bytes, p->bytes, len))
		return 0;
	*how = STANDS_OTHERWISE;
	return other_marker(title, bytes, len);
}
