// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What may be changed through the mount: anything outside products but the licence
 * area; inside a product only which names there are.
 */
#include <fcntl.h>

#include "mclicfs.h"

/* Are both names of one file in @dir? */
static bool same_file(const struct node *dir, const char *name, const char *other)
{
	struct stat a, b;

	return !fstatat(dir->fd, name, &a, AT_SYMLINK_NOFOLLOW) &&
	       !fstatat(dir->fd, other, &b, AT_SYMLINK_NOFOLLOW) &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

bool rule_area(const struct node *dir, const char *name)
{
	return node_ino(dir) == FUSE_ROOT_ID &&
	       (mclic_is_area(name, strlen(name)) || same_file(dir, name, MCLIC_AREA_DIR));
}

bool rule_hidden(const struct node *dir, const char *name)
{
	return dir->product && marker_name(name);
}

static bool is_marker(const struct node *dir, const char *name)
{
	return marker_name(name) || (dir->product && same_file(dir, name, MCLIC_MARKER_NAME));
}

int rule_change(const struct node *n)
{
	if (n->area)
		return -EPERM;
	return n->product ? -EROFS : 0;
}

int rule_create(const struct node *dir, const char *name)
{
	if (marker_name(name) || rule_area(dir, name))
		return -EPERM;
	return rule_change(dir);
}

int rule_remove(const struct node *dir, const char *name)
{
	if (dir->area || rule_area(dir, name))
		return -EPERM;
	return dir->product && is_marker(dir, name) ? -ENOENT : 0;
}

int rule_link(const struct node *n, const struct node *dir, const char *name)
{
	if (n->area || dir->area || marker_name(name) || rule_area(dir, name))
		return -EPERM;
	if (n->product != dir->product)
		return -EXDEV;
	return rule_change(dir);
}

int rule_rename(const struct node *dir, const char *from, const struct node *newdir,
		const char *to, unsigned int flags)
{
	int err = rule_remove(dir, from);

	if (err)
		return err;
	if (newdir->area || is_marker(newdir, to) || rule_area(newdir, to))
		return -EPERM;
	if (dir->product != newdir->product)
		return -EXDEV;
	/* Leaves a device node behind, which is a new file. */
	return flags & RENAME_WHITEOUT ? rule_change(dir) : 0;
}
