/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where kernels differ. Kbuild includes this in front of every file and sets the
 * MCLICFS_HAVE_* that it finds in the kernel's headers; no other file asks.
 */
#ifndef MCLICFS_COMPAT_H
#define MCLICFS_COMPAT_H

#include <linux/fs.h>
#include <linux/mnt_idmapping.h>
#include <linux/pagemap.h>
#include <linux/posix_acl.h>
#include <linux/splice.h>
#include <linux/xattr.h>
#ifdef MCLICFS_HAVE_LOCK_CORE
#include <linux/filelock.h>
#endif

/* Who maps user ids: a user namespace in earlier kernels, an idmap of its own later. */
#ifdef MCLICFS_HAVE_IDMAP
#define mclicfs_idmap	struct mnt_idmap
#define mclicfs_noidmap	(&nop_mnt_idmap)
#else
#define mclicfs_idmap	struct user_namespace
#define mclicfs_noidmap	(&init_user_ns)
#endif

/* A super block's table of extended attribute handlers is constant only later. */
#ifdef MCLICFS_HAVE_CONST_XATTR
#define mclicfs_xattr_table	const struct xattr_handler *const
#else
#define mclicfs_xattr_table	const struct xattr_handler *
#endif

/* The operation that reads an ACL into an inode's cache, and its caller, have one name. */
#ifdef MCLICFS_HAVE_INODE_ACL
#define mclicfs_get_acl		get_inode_acl
#else
#define mclicfs_get_acl		get_acl
#endif

#ifndef MCLICFS_HAVE_INODE_MTIME
static inline struct timespec64 inode_get_atime(const struct inode *inode)
{
	return inode->i_atime;
}

static inline struct timespec64 inode_get_mtime(const struct inode *inode)
{
	return inode->i_mtime;
}

static inline struct timespec64 inode_set_atime_to_ts(struct inode *inode, struct timespec64 ts)
{
	inode->i_atime = ts;
	return ts;
}

static inline struct timespec64 inode_set_mtime_to_ts(struct inode *inode, struct timespec64 ts)
{
	inode->i_mtime = ts;
	return ts;
}
#endif

/* Splice out of the page cache; and out of another file, whatever it does for that. */
#ifdef MCLICFS_HAVE_FILEMAP_SPLICE
#define mclicfs_splice_read	filemap_splice_read
#define mclicfs_splice_from	vfs_splice_read
#else
#define mclicfs_splice_read	generic_file_splice_read

static inline ssize_t mclicfs_splice_from(struct file *lower, loff_t *pos,
					  struct pipe_inode_info *pipe, size_t len,
					  unsigned int flags)
{
	if (!lower->f_op->splice_read)
		return -EINVAL;
	return lower->f_op->splice_read(lower, pos, pipe, len, flags);
}
#endif

/* A lock on a whole file that belongs to its open file, as fcntl(F_OFD_SETLK) makes them. */
static inline void mclicfs_ofd_lock(struct file_lock *lock, struct file *file, int type)
{
#ifdef MCLICFS_HAVE_LOCK_CORE
	lock->c.flc_owner = file;
	lock->c.flc_file = file;
	lock->c.flc_pid = -1;
	lock->c.flc_flags = FL_POSIX | FL_OFDLCK;
	lock->c.flc_type = type;
#else
	lock->fl_owner = file;
	lock->fl_file = file;
	lock->fl_pid = -1;
	lock->fl_flags = FL_POSIX | FL_OFDLCK;
	lock->fl_type = type;
#endif
	lock->fl_end = OFFSET_MAX;
}

/* From now on a mapping gets single pages only; others may be using it meanwhile. */
static inline void mclicfs_mapping_small_folios(struct address_space *mapping)
{
#ifdef MCLICFS_HAVE_ORDER_RANGE
	unsigned int bit;

	for (bit = 0; bit < AS_FOLIO_ORDER_BITS; bit++)
		clear_bit(AS_FOLIO_ORDER_MAX + bit, &mapping->flags);
#else
	clear_bit(AS_LARGE_FOLIO_SUPPORT, &mapping->flags);
#endif
}

#endif /* MCLICFS_COMPAT_H */
