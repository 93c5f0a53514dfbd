// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fewer inodes. Each that the kernel remembers costs a descriptor, and the kernel forgets
 * only when memory is short. Before descriptors are, it is told to forget names; with the
 * last name of a file that nobody uses goes its inode.
 */
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "mclicfs.h"

/* Where a lower file lies, relative to LOWER; NULL if it is not there any more. */
static char *relative(const struct node *n, char *buf)
{
	const char *path = log_name(n->fd, buf);
	size_t len = strlen(mnt.source);

	if (len == 1)	/* LOWER is the root */
		len = 0;
	if (strncmp(path, mnt.source, len) || path[len] != '/')
		return NULL;
	return buf + len + 1;
}

static void forget(struct node *n)
{
	char buf[PATH_MAX], *path, *name;
	struct node *dir;

	if (S_ISDIR(n->type))
		return;
	path = relative(n, buf);
	if (!path)
		return;
	name = strrchr(path, '/');
	if (name)
		*name++ = '\0';
	dir = node_at(name ? path : "", n->product, n->area);
	if (!dir)
		return;
	if (!name)
		name = path;
	fuse_lowlevel_notify_inval_entry(mnt.se, node_ino(dir), name, strlen(name));
	node_put(dir, 1);
}

void trim_nodes(void)
{
	if (node_count() > mnt.nodes_max)
		node_each(NULL, forget);
}
