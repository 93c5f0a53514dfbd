// SPDX-License-Identifier: GPL-2.0-or-later
/* Attributes, ordinary and extended. */
#include <fcntl.h>
#include <limits.h>
#include <linux/xattr.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "mclicfs.h"

static void reply_attr(fuse_req_t req, struct node *n)
{
	double seconds;
	struct stat st;
	int err = node_stat(n, &st, &seconds);

	if (err)
		fuse_reply_err(req, -err);
	else
		fuse_reply_attr(req, &st, seconds);
}

void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)fi;
	reply_attr(req, node_of(ino));
}

/* ---- changing ---- */

static int set_mode(const struct node *n, mode_t mode)
{
	char path[32];

	return chmod(node_path(n, path), mode) ? -errno : 0;
}

static int set_owner(const struct node *n, const struct stat *attr, int to_set)
{
	uid_t uid = to_set & FUSE_SET_ATTR_UID ? attr->st_uid : (uid_t)-1;
	gid_t gid = to_set & FUSE_SET_ATTR_GID ? attr->st_gid : (gid_t)-1;

	return fchownat(n->fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) ? -errno : 0;
}

static int set_size(const struct node *n, int fd, off_t size)
{
	char path[32];

	if (fd >= 0)
		return ftruncate(fd, size) ? -errno : 0;
	return truncate(node_path(n, path), size) ? -errno : 0;
}

static struct timespec time_to_set(int to_set, int set, int now, struct timespec value)
{
	if (to_set & now)
		return (struct timespec){ .tv_nsec = UTIME_NOW };
	return to_set & set ? value : (struct timespec){ .tv_nsec = UTIME_OMIT };
}

static int set_times(const struct node *n, const struct stat *attr, int to_set)
{
	struct timespec tv[2] = {
		time_to_set(to_set, FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_ATIME_NOW, attr->st_atim),
		time_to_set(to_set, FUSE_SET_ATTR_MTIME, FUSE_SET_ATTR_MTIME_NOW, attr->st_mtim),
	};

	return utimensat(n->fd, "", tv, AT_EMPTY_PATH) ? -errno : 0;
}

static int set_attr(const struct node *n, int fd, const struct stat *attr, int to_set)
{
	int err = rule_change(n);

	if (!err && to_set & FUSE_SET_ATTR_MODE)
		err = set_mode(n, attr->st_mode);
	if (!err && to_set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
		err = set_owner(n, attr, to_set);
	if (!err && to_set & FUSE_SET_ATTR_SIZE)
		err = set_size(n, fd, attr->st_size);
	if (!err && to_set & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME |
			      FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MTIME_NOW))
		err = set_times(n, attr, to_set);
	return err;
}

void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		struct fuse_file_info *fi)
{
	struct node *n = node_of(ino);
	int err = set_attr(n, fi ? file_of(fi)->fd : -1, attr, to_set);

	if (err)
		fuse_reply_err(req, -err);
	else
		reply_attr(req, n);
}

void op_access(fuse_req_t req, fuse_ino_t ino, int mask)
{
	struct node *n = node_of(ino);
	int err = mask & W_OK ? rule_change(n) : 0;
	char path[32];

	if (!err && faccessat(AT_FDCWD, node_path(n, path), mask, AT_EACCESS))
		err = -errno;
	fuse_reply_err(req, -err);
}

void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	char target[PATH_MAX + 1];
	ssize_t n = readlinkat(node_of(ino)->fd, "", target, sizeof(target) - 1);

	if (n < 0) {
		fuse_reply_err(req, errno);
		return;
	}
	target[n] = '\0';
	fuse_reply_readlink(req, target);
}

void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct statvfs st;

	if (fstatvfs(node_of(ino)->fd, &st))
		fuse_reply_err(req, errno);
	else
		fuse_reply_statfs(req, &st);
}

/* ---- extended attributes: through /proc, for an O_PATH descriptor will not do ---- */

void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
		 size_t size, int flags)
{
	struct node *n = node_of(ino);
	int err = rule_change(n);
	char path[32];

	if (!err && setxattr(node_path(n, path), name, value, size, flags))
		err = -errno;
	fuse_reply_err(req, -err);
}

void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct node *n = node_of(ino);
	int err = rule_change(n);
	char path[32];

	if (!err && removexattr(node_path(n, path), name))
		err = -errno;
	fuse_reply_err(req, -err);
}

/* @n bytes of @value, or their number where that was the question. */
static void reply_xattr(fuse_req_t req, size_t size, ssize_t n, const char *value)
{
	if (n < 0)
		fuse_reply_err(req, errno);
	else if (!size)
		fuse_reply_xattr(req, (size_t)n);
	else
		fuse_reply_buf(req, value, (size_t)n);
}

/*
 * A label or an ACL that a file of a product lacks cannot be given to it either. "ls -l" asks
 * every file for them where they are supported, and asks no more where one file says they are
 * not. Where the kernel judges permissions it asks for ACLs itself, and keeps the answers.
 */
static bool not_supported(const struct node *n, const char *name)
{
	if (errno != ENODATA || !n->product)
		return false;
	return !strcmp(name, XATTR_NAME_SELINUX) ||
	       (!mnt.shared && (!strcmp(name, XATTR_NAME_POSIX_ACL_ACCESS) ||
				!strcmp(name, XATTR_NAME_POSIX_ACL_DEFAULT)));
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	MCLIC_AUTO_FREE char *value = malloc(size + 1);
	struct node *n = node_of(ino);
	char path[32];
	ssize_t len;

	if (!value) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	len = getxattr(node_path(n, path), name, value, size);
	if (len < 0 && not_supported(n, name))
		errno = EOPNOTSUPP;
	reply_xattr(req, size, len, value);
}

/* The names of @list, @len bytes, without those that only root is shown; their bytes. */
static ssize_t without_trusted(char *list, ssize_t len)
{
	ssize_t at, n, left = 0;

	for (at = 0; at < len; at += n) {
		n = (ssize_t)strlen(list + at) + 1;
		if (!strncmp(list + at, XATTR_TRUSTED_PREFIX, XATTR_TRUSTED_PREFIX_LEN))
			continue;
		memmove(list + left, list + at, (size_t)n);
		left += n;
	}
	return left;
}

void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	MCLIC_AUTO_FREE char *list = malloc(XATTR_LIST_MAX);
	char path[32];
	ssize_t len;

	if (!list) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	len = listxattr(node_path(node_of(ino), path), list, XATTR_LIST_MAX);
	if (len > 0 && fuse_req_ctx(req)->uid)
		len = without_trusted(list, len);
	if (size && len > (ssize_t)size)
		fuse_reply_err(req, ERANGE);
	else
		reply_xattr(req, size, len, list);
}
