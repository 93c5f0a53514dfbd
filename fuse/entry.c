// SPDX-License-Identifier: GPL-2.0-or-later
/* Names: looking them up, making, renaming and removing them. */
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "mclicfs.h"

void entry_fill(const struct found *f, struct fuse_entry_param *e)
{
	*e = (struct fuse_entry_param){
		.ino = node_ino(f->n),
		.attr = f->st,
		.attr_timeout = f->attr_for,
		.entry_timeout = f->name_for,
	};
}

/* Answer with the entry @name of @dir, which is there (by now). */
static void reply_entry(fuse_req_t req, struct node *dir, const char *name)
{
	struct fuse_entry_param e;
	struct found f;
	int err = node_lookup(dir, name, &f);

	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	entry_fill(&f, &e);
	if (fuse_reply_entry(req, &e) == -ENOENT)
		node_put(f.n, 1);
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	reply_entry(req, node_of(parent), name);
}

void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
	node_put(node_of(ino), count);
	fuse_reply_none(req);
}

void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	size_t i;

	for (i = 0; i < count; i++)
		node_put(node_of(forgets[i].ino), forgets[i].nlookup);
	fuse_reply_none(req);
}

/* ---- making ---- */

struct making {
	mode_t mode;
	dev_t rdev;
	const char *target;
};

static int make(int dir, const char *name, const struct making *m)
{
	if (S_ISDIR(m->mode))
		return mkdirat(dir, name, m->mode);
	if (S_ISLNK(m->mode))
		return symlinkat(m->target, dir, name);
	return mknodat(dir, name, m->mode, m->rdev);
}

static void reply_made(fuse_req_t req, fuse_ino_t parent, const char *name,
		       const struct making *m)
{
	struct node *dir = node_of(parent);
	int err = rule_create(dir, name);

	if (!err) {
		err = worker_become(req);
		if (!err && make(dir->fd, name, m))
			err = -errno;
		worker_return();
	}
	if (err)
		fuse_reply_err(req, -err);
	else
		reply_entry(req, dir, name);
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	reply_made(req, parent, name, &(struct making){ .mode = mode, .rdev = rdev });
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	reply_made(req, parent, name, &(struct making){ .mode = mode | S_IFDIR });
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	reply_made(req, parent, name, &(struct making){ .mode = S_IFLNK, .target = target });
}

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname)
{
	struct node *dir = node_of(newparent), *n = node_of(ino);
	int err = rule_link(n, dir, newname);
	char path[32];

	if (!err && linkat(AT_FDCWD, node_path(n, path), dir->fd, newname, AT_SYMLINK_FOLLOW))
		err = -errno;
	if (err)
		fuse_reply_err(req, -err);
	else
		reply_entry(req, dir, newname);
}

/* Open a new file as its owner; then it is looked up like any other. */
static int create(fuse_req_t req, struct node *dir, const char *name, mode_t mode, int flags,
		  struct found *f)
{
	int fd, err;

	err = worker_become(req);
	fd = err ? err : openat(dir->fd, name,
				node_flags(flags) | O_CREAT | (flags & O_EXCL) | O_NOFOLLOW, mode);
	if (!err && fd < 0)
		fd = -errno;
	worker_return();
	if (fd < 0)
		return fd;
	err = node_lookup(dir, name, f);
	if (!err) {
		struct stat opened;

		/* Somebody put another file there meanwhile: the kernel asks again. */
		if (fstat(fd, &opened) || opened.st_ino != f->n->ino ||
		    opened.st_dev != f->n->dev) {
			node_put(f->n, 1);
			err = -ESTALE;
		}
	}
	if (err)
		close(fd);
	return err ? err : fd;
}

void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	       struct fuse_file_info *fi)
{
	struct node *dir = node_of(parent);
	struct fuse_entry_param e;
	struct found found;
	struct file *f;
	int fd, err = rule_create(dir, name);

	fd = err ? err : create(req, dir, name, mode, fi->flags, &found);
	if (fd < 0) {
		fuse_reply_err(req, -fd);
		return;
	}
	f = file_new(found.n, fd);
	if (!f) {
		close(fd);
		node_put(found.n, 1);
		fuse_reply_err(req, ENOMEM);
		return;
	}
	fi->fh = (uintptr_t)f;
	entry_fill(&found, &e);
	if (fuse_reply_create(req, &e, fi) == -ENOENT) {
		file_put(f);
		node_put(found.n, 1);
	}
}

/* ---- renaming and removing ---- */

void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
	       const char *newname, unsigned int flags)
{
	struct node *dir = node_of(parent), *newdir = node_of(newparent);
	int err = rule_rename(dir, name, newdir, newname, flags);

	if (!err && renameat2(dir->fd, name, newdir->fd, newname, flags))
		err = -errno;
	fuse_reply_err(req, -err);
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct node *dir = node_of(parent);
	int err = rule_remove(dir, name);

	if (!err && unlinkat(dir->fd, name, 0))
		err = -errno;
	fuse_reply_err(req, -err);
}

/*
 * Known by its inode: the marker's name in another case is the marker's on some lower file
 * systems, and another file's on others.
 */
static bool is_file(int dir, const char *name, const struct stat *file)
{
	struct stat st;

	return !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) && st.st_ino == file->st_ino &&
	       st.st_dev == file->st_dev;
}

static bool only_marker(int fd, const struct stat *marker)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	unsigned int seen = 0;
	bool only = true;

	if (!dir) {
		mclic_close_fd(&copy);
		return false;
	}
	while (only && (e = readdir(dir)))
		only = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		       (is_file(fd, e->d_name, marker) && !seen++);
	closedir(dir);
	return only;
}

/*
 * Nobody sees the marker, so a product without another entry looks empty and can be
 * removed; unless the removal of the directory is going to fail, which would leave it
 * without its marker.
 */
static void remove_marker(const struct node *dir, const char *name)
{
	MCLIC_AUTO_CLOSE int fd = openat(dir->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW |
					 O_CLOEXEC);
	char path[32];
	struct stat marker;

	if (fd < 0 || marker_stat(fd, &marker) || !only_marker(fd, &marker))
		return;
	if (!faccessat(AT_FDCWD, node_path(dir, path), W_OK | X_OK, AT_EACCESS))
		unlinkat(fd, MCLIC_MARKER_NAME, 0);
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct node *dir = node_of(parent);
	int err = rule_remove(dir, name);

	if (!err) {
		remove_marker(dir, name);
		if (unlinkat(dir->fd, name, AT_REMOVEDIR))
			err = -errno;
	}
	fuse_reply_err(req, -err);
}
