// SPDX-License-Identifier: GPL-2.0-only
/* Plain files, those outside products: every call goes to the lower file. */
#include <linux/fadvise.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/uio.h>

#include "mclicfs.h"

struct file *mclicfs_lower_open(const struct dentry *dentry, int flags)
{
	struct path path = mclicfs_lower_path(dentry);
	const struct cred *old;
	struct file *lower;
	int err;

	err = mclicfs_medium_same(mclicfs_fs(dentry->d_sb));
	if (err)
		return ERR_PTR(err);
	if (d_inode(path.dentry) != mclicfs_lower_inode(d_inode(dentry)))
		return ERR_PTR(-ESTALE);
	old = mclicfs_become(dentry->d_sb);
	lower = dentry_open(&path, flags | O_LARGEFILE, current_cred());
	revert_creds(old);
	return lower;
}

loff_t mclicfs_lower_llseek(struct file *file, loff_t pos, int whence)
{
	struct file *lower = file->private_data;
	const struct cred *old = mclicfs_become(file_inode(file)->i_sb);

	lower->f_pos = file->f_pos;
	pos = vfs_llseek(lower, pos, whence);
	if (pos >= 0)
		file->f_pos = pos;
	revert_creds(old);
	return pos;
}

static int mclicfs_file_open(struct inode *inode, struct file *file)
{
	struct file *lower = mclicfs_lower_open(file_dentry(file), file->f_flags &
						(O_ACCMODE | O_DIRECT | O_NONBLOCK));

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	mclicfs_refresh(inode);
	file->private_data = lower;
	file->f_mode |= lower->f_mode & (FMODE_CAN_ODIRECT | FMODE_NOWAIT);
	return 0;
}

static int mclicfs_file_release(struct inode *inode, struct file *file)
{
	fput(file->private_data);
	return 0;
}

static int mclicfs_file_flush(struct file *file, fl_owner_t id)
{
	struct file *lower = file->private_data;
	const struct cred *old;
	int err;

	if (!lower->f_op->flush)
		return 0;
	old = mclicfs_become(file_inode(file)->i_sb);
	err = lower->f_op->flush(lower, id);
	revert_creds(old);
	return err;
}

/* Finished when it returns, whether the reader could wait or not. */
static ssize_t mclicfs_file_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	const struct cred *old;
	struct kiocb lower;
	ssize_t n;

	if (!iov_iter_count(to))
		return 0;
	n = mclicfs_medium_same(mclicfs_fs(file_inode(file)->i_sb));
	if (n)
		return n;
	kiocb_clone(&lower, iocb, file->private_data);
	lower.ki_flags &= IOCB_DIRECT | IOCB_NOWAIT | IOCB_NOIO;
	old = mclicfs_become(file_inode(file)->i_sb);
	n = vfs_iocb_iter_read(file->private_data, &lower, to);
	revert_creds(old);
	iocb->ki_pos = lower.ki_pos;
	return n;
}

static ssize_t mclicfs_file_splice_read(struct file *file, loff_t *pos,
					struct pipe_inode_info *pipe, size_t len,
					unsigned int flags)
{
	ssize_t n = mclicfs_medium_same(mclicfs_fs(file_inode(file)->i_sb));
	const struct cred *old;

	if (n)
		return n;
	old = mclicfs_become(file_inode(file)->i_sb);
	n = mclicfs_splice_from(file->private_data, pos, pipe, len, flags);
	revert_creds(old);
	return n;
}

/* The mapping is one of the lower file: its pages, once in memory. */
static int mclicfs_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct file *lower = file->private_data;
	const struct cred *old;
	int err = mclicfs_medium_same(mclicfs_fs(file_inode(file)->i_sb));

	if (err)
		return err;
	if (!lower->f_op->mmap)
		return -ENODEV;
	vma_set_file(vma, lower);
	old = mclicfs_become(file_inode(file)->i_sb);
	err = call_mmap(lower, vma);
	revert_creds(old);
	return err;
}

static int mclicfs_file_fadvise(struct file *file, loff_t pos, loff_t len, int advice)
{
	struct file *lower = file->private_data;
	const struct cred *old = mclicfs_become(file_inode(file)->i_sb);
	int err;

	if (lower->f_op->fadvise)
		err = lower->f_op->fadvise(lower, pos, len, advice);
	else
		err = generic_fadvise(lower, pos, len, advice);
	revert_creds(old);
	return err;
}

const struct file_operations mclicfs_file_fops = {
	.owner = THIS_MODULE,
	.open = mclicfs_file_open,
	.flush = mclicfs_file_flush,
	.release = mclicfs_file_release,
	.read_iter = mclicfs_file_read_iter,
	.splice_read = mclicfs_file_splice_read,
	.mmap = mclicfs_file_mmap,
	.llseek = mclicfs_lower_llseek,
	.fadvise = mclicfs_file_fadvise,
	.fsync = noop_fsync,
	.setlease = simple_nosetlease,
	.unlocked_ioctl = mclicfs_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl = mclicfs_compat_ioctl,
#endif
};
