// SPDX-License-Identifier: GPL-2.0-only
/* Open directories: what the lower one lists, without the marker. */
#include <linux/module.h>

#include "mclicfs.h"

/**
 * struct listing - a dir_context of ours around the reader's
 * @ctx: what the lower file system fills
 * @to: the reader's
 * @hidden: entries left out
 * @shown: entries handed on
 */
struct listing {
	struct dir_context ctx;
	struct dir_context *to;
	unsigned int hidden;
	unsigned int shown;
};

static bool emit(struct dir_context *ctx, const char *name, int len, loff_t pos, u64 ino,
		 unsigned int type)
{
	struct listing *l = container_of(ctx, struct listing, ctx);

	if (mclicfs_marker_name(name, len)) {
		l->hidden++;
		return true;
	}
	l->shown++;
	l->to->pos = pos;
	return l->to->actor(l->to, name, len, pos, ino, type);
}

static int mclicfs_iterate(struct file *file, struct dir_context *to)
{
	struct file *lower = file->private_data;
	struct listing l = { .ctx = { .actor = emit }, .to = to };
	const struct cred *old;
	int err = mclicfs_medium_same(mclicfs_fs(file_inode(file)->i_sb));

	if (err)
		return err;
	old = mclicfs_become(file_inode(file)->i_sb);
	lower->f_pos = to->pos;
	do {
		l.hidden = 0;
		err = iterate_dir(lower, &l.ctx);
		/* Nothing but the marker in this part must not look like the end. */
	} while (!err && l.hidden && !l.shown);
	to->pos = lower->f_pos;
	revert_creds(old);
	return err;
}

static int mclicfs_dir_open(struct inode *inode, struct file *file)
{
	struct file *lower = mclicfs_lower_open(file_dentry(file), O_RDONLY | O_DIRECTORY);

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	file->private_data = lower;
	return 0;
}

static int mclicfs_dir_release(struct inode *inode, struct file *file)
{
	fput(file->private_data);
	return 0;
}

const struct file_operations mclicfs_dir_fops = {
	.owner = THIS_MODULE,
	.open = mclicfs_dir_open,
	.release = mclicfs_dir_release,
	.read = generic_read_dir,
	.iterate_shared = mclicfs_iterate,
	.llseek = mclicfs_lower_llseek,
	.fsync = noop_fsync,
	.setlease = simple_nosetlease,
	.unlocked_ioctl = mclicfs_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl = mclicfs_compat_ioctl,
#endif
};
