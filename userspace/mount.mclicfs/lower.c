// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The data file system below, mounted where nobody else sees it: in a mount namespace that
 * this process makes and leaves again. mclicfs clones the mount, which must be attached for
 * that; when the process leaves or ends, the clone is all that is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "mount.h"

#define LOWER_ATTRIBUTES	(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

static int enter(struct lower *l)
{
	l->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	l->cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	l->namespace = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (l->root < 0 || l->cwd < 0 || l->namespace < 0)
		return mclic_fail(errno, "/proc must be mounted: %s", strerror(errno));
	if (unshare(CLONE_NEWNS)) {
		int err = errno;

		mclic_close_fd(&l->namespace);
		return mclic_fail(err, "no mount namespace can be made: %s", strerror(err));
	}
	/* What is mounted here must not appear there. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return mclic_fail(errno, "the root directory is no mount point, so nothing can be mounted privately: %s",
				  strerror(errno));
	return 0;
}

static int create(const struct source *s, bool read_only)
{
	int context = context_open(s->device.type), err;

	if (context < 0)
		return context;
	err = context_set(context, s->device.type, "source", s->device.data);
	if (!err && read_only)
		err = context_set(context, s->device.type, "ro", NULL);
	if (!err)
		err = context_create(context, s->device.type, s->device.data);
	if (!err)
		return context;
	close(context);
	return err;
}

/* As mount(8): a medium that is write-protected is mounted read-only. */
static int create_either(const struct source *s, bool read_only)
{
	int context = create(s, read_only);

	if (read_only || (context != -EROFS && context != -EACCES))
		return context;
	mclic_warn("%s: write-protected, so it is mounted read-only", s->name);
	return create(s, true);
}

int lower_open(struct lower *l, const struct source *s, const struct options *o)
{
	__u64 attributes = LOWER_ATTRIBUTES | (o->set & MOUNT_ATTR__ATIME);
	MCLIC_AUTO_CLOSE int context = -1;
	int err;

	if (s->dir >= 0) {
		l->dir = fcntl(s->dir, F_DUPFD_CLOEXEC, 0);
		return l->dir < 0 ? mclic_fail(errno, "%s: %s", s->name, strerror(errno)) : 0;
	}
	err = enter(l);
	if (err)
		return err;
	context = create_either(s, o->set & MOUNT_ATTR_RDONLY || s->write_protected);
	if (context < 0)
		return context;
	l->dir = context_mount(context, s->device.data, attributes);
	if (l->dir < 0)
		return l->dir;
	/* Over everything, for want of a directory of our own: no path is looked up there. */
	if (move_mount(l->dir, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH))
		return mclic_fail(errno, "%s: cannot be mounted privately: %s", s->device.data,
				  strerror(errno));
	return 0;
}

static int leave(const struct lower *l)
{
	if (setns(l->namespace, CLONE_NEWNS) || fchdir(l->root) || chroot(".") || fchdir(l->cwd))
		return mclic_fail(errno, "cannot go back to the mount namespace of before: %s",
				  strerror(errno));
	return 0;
}

int lower_close(struct lower *l)
{
	int err = 0;

	mclic_close_fd(&l->dir);
	if (l->namespace >= 0)
		err = leave(l);
	mclic_close_fd(&l->namespace);
	mclic_close_fd(&l->root);
	mclic_close_fd(&l->cwd);
	*l = (struct lower)LOWER_INIT;
	return err;
}
