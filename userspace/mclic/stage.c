// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A title being built in a staging directory at the target's root, or mended where it stands.
 *
 * Unfinished files are kept in the staging directory's folder .mclic, a name that no manifest
 * can have, and move to their own names when they are whole. Whatever else lies in a staging
 * directory that is taken up again was not put there by us, and is removed.
 */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "mclic.h"

#define STAGE_PREFIX	".mclic-new-"
#define OLD_PREFIX	".mclic-old-"

static int fail_at(const struct stage *s, const char *what)
{
	return mclic_fail(errno, "%s/%s: %s", s->name, what, strerror(errno));
}

/*
 * Whoever else may write to it could put links and other files in the place of ours, or made
 * the directory, with something in it, before we did.
 */
static int is_ours(const struct stage *s)
{
	struct stat st;

	if (fstat(s->fd, &st))
		return mclic_fail(errno, "%s: %s", s->name, strerror(errno));
	if (!tree_has_modes(s->fd) || (st.st_uid == geteuid() && !(st.st_mode & 022)))
		return 0;
	return mclic_fail(EPERM, "%s at the target is another user's, or others may write to it; remove it, then the same command begins anew",
			  s->name);
}

/* Lock it, and see that it still is what bears the name. */
static int lock(struct stage *s)
{
	struct stat a, b;

	if (flock(s->fd, LOCK_EX | LOCK_NB))
		return mclic_fail(errno == EWOULDBLOCK ? EBUSY : errno,
				  "%s: another mclic is copying it to this medium", s->title->name);
	if (fstat(s->fd, &a) || fstatat(s->rootfd, s->name, &b, AT_SYMLINK_NOFOLLOW) ||
	    a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return mclic_fail(EBUSY, "%s: another mclic has just finished it; run again",
				  s->title->name);
	return 0;
}

bool stage_is(const char *name)
{
	return !strncmp(name, STAGE_PREFIX, strlen(STAGE_PREFIX)) ||
	       !strncmp(name, OLD_PREFIX, strlen(OLD_PREFIX));
}

static int open_tree(struct stage *s, enum standing how)
{
	s->treefd = s->fd;
	if (how != STANDS_SAME)
		return 0;
	s->treefd = mclic_open_beneath(s->rootfd, s->title->name, O_RDONLY | O_DIRECTORY, 0);
	if (s->treefd < 0)
		return s->treefd;
	if (fchmod(s->treefd, 0755) && tree_has_modes(s->treefd))
		return mclic_fail(errno, "%s: cannot set its mode: %s", s->title->name,
				  strerror(errno));
	return 0;
}

int stage_open(struct stage *s, int rootfd, const __u8 licence_id[MCLIC_ID_SIZE],
	       const struct title *title, enum standing how)
{
	char hex[2 * MCLIC_ID_SIZE + 1];
	int err;

	s->rootfd = rootfd;
	s->title = title;
	snprintf(s->name, sizeof(s->name), STAGE_PREFIX "%s",
		 mclic_hex(licence_id, MCLIC_ID_SIZE, hex));
	if (mkdirat(rootfd, s->name, 0700) && errno != EEXIST)
		return mclic_fail(errno, "cannot make the staging directory %s at the target: %s",
				  s->name, strerror(errno));
	s->fd = mclic_open_beneath(rootfd, s->name, O_RDONLY | O_DIRECTORY, 0);
	if (s->fd < 0)
		return mclic_fail(-s->fd, "%s at the target is not a directory of ours; remove it",
				  s->name);
	err = is_ours(s);
	if (!err)
		err = lock(s);
	if (err)
		return err;
	if (fchmod(s->fd, 0700) && tree_has_modes(s->fd))
		return fail_at(s, ".");
	err = tree_remove(s->fd, MCLIC_AREA_DIR);
	if (err)
		return err;
	if (mkdirat(s->fd, MCLIC_AREA_DIR, 0700))
		return fail_at(s, MCLIC_AREA_DIR);
	s->partfd = mclic_open_beneath(s->fd, MCLIC_AREA_DIR, O_RDONLY | O_DIRECTORY, 0);
	return s->partfd < 0 ? s->partfd : open_tree(s, how);
}

void stage_close(struct stage *s)
{
	mclic_close_fd(&s->partfd);
	if (s->treefd != s->fd)
		mclic_close_fd(&s->treefd);
	mclic_close_fd(&s->fd);
	s->treefd = -1;
}

void stage_discard(int rootfd, const __u8 licence_id[MCLIC_ID_SIZE])
{
	char hex[2 * MCLIC_ID_SIZE + 1], name[64];
	MCLIC_AUTO_CLOSE int fd = -1;

	snprintf(name, sizeof(name), STAGE_PREFIX "%s", mclic_hex(licence_id, MCLIC_ID_SIZE, hex));
	fd = openat(rootfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB) && tree_remove(rootfd, name))
		mclic_warn("%s", mclic_message());
}

/* ---- directories and symlinks ---- */

static int remove_extra(void *ctx, int dirfd, const char *name, const char *path)
{
	(void)ctx;
	return strcmp(path, MCLIC_AREA_DIR) ? tree_remove(dirfd, name) : 0;
}

/* Directories are writable while they are filled. */
static int make_dir(int parent, const char *name, __u32 mode)
{
	MCLIC_AUTO_CLOSE int fd = -1;

	if (mkdirat(parent, name, 0700) && errno != EEXIST)
		return -errno;
	fd = mclic_open_beneath(parent, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	if (fchmod(fd, 0700 | mode) && tree_has_modes(fd))
		return -errno;
	return 0;
}

static int make_entry(struct stage *s, const struct mclic_entry *e)
{
	const char *name, *why;
	MCLIC_AUTO_CLOSE int parent = parent_beneath(s->treefd, e->path, &name);
	struct stat st = { 0 };
	int err;

	if (parent < 0)
		return parent;
	err = tree_entry(s->treefd, e, &why, &st);
	/* What stands there is not the manifest's; a file takes the name of all but a directory. */
	if (err && (e->type != MCLIC_ENTRY_FILE || S_ISDIR(st.st_mode))) {
		err = tree_remove(parent, name);
		if (err)
			return err;
	}
	if (e->type == MCLIC_ENTRY_DIR) {
		err = make_dir(parent, name, e->mode);
	} else if (e->type == MCLIC_ENTRY_LINK && tree_entry(s->treefd, e, &why, &st)) {
		err = symlinkat(e->target, parent, name) ? -errno : 0;
	} else {
		err = 0;
	}
	if (err == -EPERM && e->type == MCLIC_ENTRY_LINK)
		return mclic_fail(EPERM, "%s: the file system of the target has no symbolic links; use another",
				  e->path);
	return err ? mclic_fail(-err, "%s: cannot make it at the target: %s", e->path,
				strerror(-err)) : 0;
}

int stage_skeleton(struct stage *s)
{
	const struct mclic_manifest *m = s->title->product->manifest;
	size_t i;
	int err = 0;

	for (i = 0; !err && i < m->count; i++)
		err = make_entry(s, &m->entries[i]);
	return err || s->treefd != s->fd ? err : tree_extras(s->fd, m, remove_extra, NULL);
}

/* ---- publishing ---- */

/* Modes and flush of a directory whose entries are complete. */
static int finish_dir(int dirfd, const char *path, __u32 mode)
{
	MCLIC_AUTO_CLOSE int fd = mclic_open_beneath(dirfd, path, O_RDONLY | O_DIRECTORY, 0);
	int err;

	if (fd < 0)
		return fd;
	if (fchmod(fd, mode) && tree_has_modes(fd))
		return mclic_fail(errno, "%s: cannot set its mode: %s", path, strerror(errno));
	err = mclic_flush_dir(fd);
	return err ? mclic_fail(-err, "%s: cannot flush it: %s", path, strerror(-err)) : 0;
}

static int write_marker(struct stage *s)
{
	const struct mclic_product *p = s->title->product;
	int err;

	mclic_close_fd(&s->partfd);
	err = tree_remove(s->fd, MCLIC_AREA_DIR);
	if (!err)
		err = mclic_write_file(s->fd, MCLIC_MARKER_NAME, p->bytes, p->len, 0644);
	return err;
}

static int finish_tree(struct stage *s)
{
	const struct mclic_manifest *m = s->title->product->manifest;
	size_t i;
	int err = 0;

	/* Children stand behind their parents in a manifest. */
	for (i = m->count; !err && i > 0; i--)
		if (m->entries[i - 1].type == MCLIC_ENTRY_DIR)
			err = finish_dir(s->treefd, m->entries[i - 1].path, m->entries[i - 1].mode);
	/* A title that stands has its marker. */
	if (!err && s->treefd == s->fd)
		err = write_marker(s);
	return err ? err : finish_dir(s->treefd, ".", 0755);
}

static void old_name(const struct stage *s, char old[sizeof(s->name)])
{
	snprintf(old, sizeof(s->name), OLD_PREFIX "%s", s->name + strlen(STAGE_PREFIX));
}

/* For file systems that cannot exchange names: a cut in between leaves the old name gone. */
static int replace_in_two(struct stage *s)
{
	char old[sizeof(s->name)];

	old_name(s, old);
	if (tree_remove(s->rootfd, old))
		return -EIO;
	if (renameat(s->rootfd, s->title->name, s->rootfd, old))
		return -errno;
	if (renameat(s->rootfd, s->name, s->rootfd, s->title->name)) {
		int err = -errno;

		renameat(s->rootfd, old, s->rootfd, s->title->name);
		return err;
	}
	return 0;
}

static int replace(struct stage *s)
{
	if (!renameat2(s->rootfd, s->name, s->rootfd, s->title->name, RENAME_EXCHANGE))
		return tree_remove(s->rootfd, s->name);
	return errno == EINVAL || errno == ENOSYS ? replace_in_two(s) : -errno;
}

static int give_name(struct stage *s)
{
	struct stat st;

	if (!renameat2(s->rootfd, s->name, s->rootfd, s->title->name, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (!fstatat(s->rootfd, s->title->name, &st, AT_SYMLINK_NOFOLLOW))
		return -EEXIST;
	return renameat(s->rootfd, s->name, s->rootfd, s->title->name) ? -errno : 0;
}

/* What replace_in_two() put aside, now or before a cut; the new title stands. */
static void drop_old(const struct stage *s)
{
	char old[sizeof(s->name)];

	old_name(s, old);
	if (tree_remove(s->rootfd, old))
		mclic_warn("%s", mclic_message());
}

int stage_publish(struct stage *s, enum standing how)
{
	int err = finish_tree(s);

	if (err)
		return err;
	if (how == STANDS_SAME) {
		if (tree_remove(s->rootfd, s->name))
			mclic_warn("%s", mclic_message());
		return 0;
	}
	err = how == STANDS_NOT ? give_name(s) : replace(s);
	if (!err)
		err = mclic_flush_dir(s->rootfd);
	if (!err)
		drop_old(s);
	return err ? mclic_fail(-err, "%s: cannot give the copy its name: %s; it stands complete in %s, the same command goes on from there",
				s->title->name, strerror(-err), s->name) : 0;
}
