// SPDX-License-Identifier: GPL-2.0-only
/*
 * The identifier burned into the medium, and whether it is still the medium that was mounted.
 *
 * Core has the table of what is read. It is read from sysfs, through a mount that nobody else
 * sees: so kernel and user space read the same bytes, whatever driver has them.
 */
#include <linux/blkdev.h>
#include <linux/slab.h>

#include "mclicfs.h"

static struct vfsmount *sysfs;

int mclicfs_medium_init(void)
{
	struct file_system_type *type = get_fs_type("sysfs");

	if (!type)
		return -ENODEV;
	sysfs = kern_mount(type);
	return PTR_ERR_OR_ZERO(sysfs);
}

void mclicfs_medium_exit(void)
{
	kern_unmount(sysfs);
}

static struct gendisk *disk_of(const struct mclicfs_fs *fs)
{
	return fs->disk_bdev ? fs->disk_bdev->bd_disk : NULL;
}

/* A whole attribute of at most @size bytes; its length or a negative errno. */
static int read_attribute(void *ctx, const char *name, void *buf, size_t size)
{
	const struct gendisk *disk = ctx;
	const struct path root = { .mnt = sysfs, .dentry = sysfs->mnt_root };
	dev_t dev = disk->part0->bd_dev;
	struct file *file;
	char path[192], more;
	size_t done = 0;
	loff_t pos = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "dev/block/%u:%u/%s", MAJOR(dev), MINOR(dev), name);
	file = file_open_root(&root, path, O_RDONLY | O_LARGEFILE, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	do {
		n = done < size ? kernel_read(file, buf + done, size - done, &pos) :
				  kernel_read(file, &more, 1, &pos);
		if (n > 0)
			done += n;
	} while (n > 0 && done <= size);
	fput(file);
	if (n < 0)
		return n;
	return done > size ? -EFBIG : done;
}

int mclicfs_medium_read(struct mclicfs_fs *fs, u8 kind, struct mclic_medium *m)
{
	const struct mclic_area_header *h = fs->area ? mclicfs_area_header(fs->area) : NULL;
	struct gendisk *disk = disk_of(fs);
	const struct mclic_hardware hw = {
		.ctx = disk,
		/* What has no device (loop, dm, md) has no hardware of its own. */
		.read = disk && disk_to_dev(disk)->parent ? read_attribute : NULL,
		.removable = disk && (disk->flags & GENHD_FL_REMOVABLE),
	};
	const struct cred *old = mclicfs_become(fs->sb);
	int err = mclic_medium_find(&mclicfs_crypto, &hw, h, kind, m);

	revert_creds(old);
	return err;
}

/* ---- the same medium? ---- */

void mclicfs_medium_start(struct mclicfs_fs *fs)
{
	/* The lower super block keeps it, and we keep that. */
	fs->disk_bdev = fs->lower.mnt->mnt_sb->s_bdev;
	if (fs->disk_bdev)
		fs->diskseq = disk_of(fs)->diskseq;
}

int mclicfs_medium_same(const struct mclicfs_fs *fs)
{
	const struct gendisk *disk = disk_of(fs);

	/* The number only rises, and a disk that is gone does not come back as this one. */
	if (disk && (READ_ONCE(disk->diskseq) != fs->diskseq ||
		     test_bit(GD_DEAD, &disk->state)))
		return -EMEDIUMTYPE;
	return 0;
}
