// SPDX-License-Identifier: GPL-2.0-or-later
/* File system contexts: the kernel's way to mount that says in words what is wrong. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "mount.h"

#define LOG_SIZE	512
#define VALUE_MAX	255	/* longer ones the kernel does not take */

/* The kernel's last error about a context, without "e " in front; "" if it said none. */
static const char *kernel_said(int context, char log[LOG_SIZE])
{
	char line[LOG_SIZE];
	ssize_t n;

	log[0] = '\0';
	while ((n = read(context, line, sizeof(line) - 1)) > 0) {
		line[n] = '\0';
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "e ", 2))
			memcpy(log, line + 2, strlen(line + 2) + 1);
	}
	return log;
}

static int failed(int context, int err, const char *what, const char *doing)
{
	char log[LOG_SIZE];

	if (*kernel_said(context, log))
		return mclic_fail(err, "%s: %s: %s (%s)", what, doing, log, strerror(err));
	return mclic_fail(err, "%s: %s: %s", what, doing, strerror(err));
}

int context_open(const char *type)
{
	int fd = fsopen(type, FSOPEN_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == ENODEV && !strcmp(type, MCLICFS_NAME))
		return mclic_fail(ENODEV, "this kernel has no mclicfs: the module is not installed for it (make install-module, or dkms), or may not be loaded; mclicfs-fuse does without");
	if (errno == ENODEV)
		return mclic_fail(ENODEV, "this kernel cannot read file systems of type %s; load its module",
				  type);
	if (errno == EPERM)
		return mclic_fail(EPERM, "only root may mount; mclicfs-fuse is for everybody");
	return mclic_fail(errno, "file system %s: %s", type, strerror(errno));
}

int context_set(int context, const char *type, const char *key, const char *value)
{
	enum fsconfig_command command = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
	char log[LOG_SIZE];
	int err;

	if (!fsconfig(context, command, key, value, 0))
		return 0;
	err = errno;
	if (value && strlen(value) > VALUE_MAX)
		return mclic_fail(ENAMETOOLONG, "option %s=%.40s...: longer than %d bytes, which is what the kernel takes",
				  key, value, VALUE_MAX);
	if (*kernel_said(context, log))
		return mclic_fail(err, "%s (%s)", log, strerror(err));
	if (value)
		return mclic_fail(err, "%s: option %s=%s: %s", type, key, value, strerror(err));
	return mclic_fail(err, "%s: option %s: %s", type, key, strerror(err));
}

int context_create(int context, const char *type, const char *what)
{
	char doing[64];

	if (!fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return 0;
	snprintf(doing, sizeof(doing), "cannot be mounted as %s", type);
	return failed(context, errno, what, doing);
}

int context_mount(int context, const char *what, __u64 attributes)
{
	int fd = fsmount(context, FSMOUNT_CLOEXEC, (unsigned int)attributes);

	return fd >= 0 ? fd : failed(context, errno, what, "cannot be mounted");
}

/* ---- remount ---- */

static int set_params(int context, const struct options *o)
{
	int err = 0;
	size_t i;

	if (o->set & MOUNT_ATTR_RDONLY)
		err = context_set(context, MCLICFS_NAME, "ro", NULL);
	else if (o->clear & MOUNT_ATTR_RDONLY)
		err = context_set(context, MCLICFS_NAME, "rw", NULL);
	for (i = 0; !err && i < o->count; i++)
		err = context_set(context, MCLICFS_NAME, o->params[i].key, o->params[i].value);
	return err;
}

int context_remount(const char *dir, const struct options *o)
{
	struct mount_attr attr = { .attr_set = o->set, .attr_clr = o->clear };
	MCLIC_AUTO_CLOSE int context = fspick(AT_FDCWD, dir, FSPICK_CLOEXEC);
	int err;

	if (context < 0)
		return mclic_fail(errno, "%s: cannot be mounted anew: %s", dir, strerror(errno));
	err = set_params(context, o);
	if (err)
		return err;
	if (fsconfig(context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0))
		return failed(context, errno, dir, "cannot be mounted anew");
	if (mount_setattr(AT_FDCWD, dir, 0, &attr, sizeof(attr)))
		return mclic_fail(errno, "%s: its options cannot be changed: %s", dir, strerror(errno));
	return 0;
}
