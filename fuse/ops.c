// SPDX-License-Identifier: GPL-2.0-or-later
/* The table that libfuse calls, and what is agreed with the kernel. */
#include "mclicfs.h"

static void set(struct fuse_conn_info *conn, unsigned int cap, bool on)
{
	if (on && conn->capable & cap)
		conn->want |= cap;
	else
		conn->want &= ~cap;
}

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	conn->max_write = REQUEST_MAX;	/* libfuse derives the pages of a read from it, too */
	conn->max_background = 64;
	conn->time_gran = 1;
	/* The umask is applied where a default ACL may replace it: by the lower file system. */
	set(conn, FUSE_CAP_DONT_MASK, true);
	/* Root's writes keep setuid bits; so the kernel takes them off, as the caller. */
	set(conn, FUSE_CAP_HANDLE_KILLPRIV, false);
	set(conn, FUSE_CAP_ATOMIC_O_TRUNC, false);
	set(conn, FUSE_CAP_CACHE_SYMLINKS, true);
	set(conn, FUSE_CAP_SPLICE_WRITE, true);
	set(conn, FUSE_CAP_SPLICE_MOVE, true);
	/* Costs a system call on every small request, and gains on no sealed file. */
	set(conn, FUSE_CAP_SPLICE_READ, false);
	/* The kernel judges permissions for others, and must know ACLs then. */
	set(conn, FUSE_CAP_POSIX_ACL, mnt.shared);
}

const struct fuse_lowlevel_ops mclicfs_ops = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.readlink = op_readlink,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.symlink = op_symlink,
	.rename = op_rename,
	.link = op_link,
	.create = op_create,
	.open = op_open,
	.read = op_read,
	.write = op_write,
	.flush = op_flush,
	.release = op_release,
	.fsync = op_fsync,
	.fallocate = op_fallocate,
	.copy_file_range = op_copy_file_range,
	.lseek = op_lseek,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
	.releasedir = op_releasedir,
	.fsyncdir = op_fsyncdir,
	.statfs = op_statfs,
	.setxattr = op_setxattr,
	.getxattr = op_getxattr,
	.listxattr = op_listxattr,
	.removexattr = op_removexattr,
	.access = op_access,
};
