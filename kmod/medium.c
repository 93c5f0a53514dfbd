// SPDX-License-Identifier: GPL-2.0-only
/*
 * The identifier burned into the medium, as the table of Documentation/format.rst has it,
 * and whether it is still the medium that was mounted.
 *
 * The identifiers come from sysfs, through a mount that nobody else sees: so kernel and
 * user space read the same bytes, whatever driver has them.
 */
#include <linux/blkdev.h>
#include <linux/slab.h>

#include "mclicfs.h"

#define ID_MAX		1024	/* longer than any id that core accepts */
#define USB_DEPTH_MAX	32	/* directories between a disk and its USB device */

static struct vfsmount *sysfs;

/* The first kind that answers is the medium's. */
static const u8 order[] = {
	MCLIC_MEDIUM_SD, MCLIC_MEDIUM_NVME, MCLIC_MEDIUM_SCSI, MCLIC_MEDIUM_VPD,
	MCLIC_MEDIUM_USB, MCLIC_MEDIUM_VIRTIO, MCLIC_MEDIUM_EMULATED,
};

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

/* ---- sysfs ---- */

static struct gendisk *disk_of(const struct mclicfs_fs *fs)
{
	return fs->disk_bdev ? fs->disk_bdev->bd_disk : NULL;
}

static struct file *open_attribute(struct dentry *dir, const char *name, int flags)
{
	const struct path path = { .mnt = sysfs, .dentry = dir };

	return file_open_root(&path, name, flags | O_LARGEFILE, 0);
}

/* A whole attribute of at most @size bytes; its length or a negative errno. */
static ssize_t read_attribute(struct dentry *dir, const char *name, char *buf, size_t size)
{
	struct file *file = open_attribute(dir, name, O_RDONLY);
	size_t done = 0;
	loff_t pos = 0;
	ssize_t n;
	char more;

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

/* The same of the whole disk. */
static ssize_t read_disk(struct gendisk *disk, const char *name, char *buf, size_t size)
{
	dev_t dev = disk->part0->bd_dev;
	char path[64];

	snprintf(path, sizeof(path), "dev/block/%u:%u/%s", MAJOR(dev), MINOR(dev), name);
	return read_attribute(sysfs->mnt_root, path, buf, size);
}

/* The disk's device; what has none (loop, dm, md) has no hardware of its own. */
static struct dentry *disk_device(struct gendisk *disk)
{
	dev_t dev = disk->part0->bd_dev;
	struct dentry *dentry;
	struct file *file;
	char path[64];

	snprintf(path, sizeof(path), "dev/block/%u:%u/device", MAJOR(dev), MINOR(dev));
	file = open_attribute(sysfs->mnt_root, path, O_RDONLY | O_DIRECTORY);
	if (IS_ERR(file))
		return NULL;
	dentry = dget(file->f_path.dentry);
	fput(file);
	return dentry;
}

static bool has_device(struct gendisk *disk)
{
	struct dentry *dentry = disk_device(disk);

	dput(dentry);
	return dentry;
}

/* ---- one kind after the other ---- */

static ssize_t read_sd(struct gendisk *disk, char *buf, size_t size)
{
	char type[16];
	ssize_t n = read_disk(disk, "device/type", type, sizeof(type) - 1);

	if (n <= 0)
		return -ENODEV;
	type[n] = '\0';
	type[strcspn(type, "\n")] = '\0';
	if (strcmp(type, "SD") && strcmp(type, "MMC"))
		return -ENODEV;
	return read_disk(disk, "device/cid", buf, size);
}

/* Add the text of an attribute without its newline. */
static int usb_text(struct dentry *dir, const char *name, char *buf, size_t size)
{
	ssize_t n = read_attribute(dir, name, buf, size - 1);

	if (n <= 0)
		return -ENODEV;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

/* The nearest directory above a disk's device that has an idVendor is the USB device. */
static struct dentry *usb_device(struct gendisk *disk, char *vendor, size_t size)
{
	struct dentry *dir = disk_device(disk), *up;
	int depth;

	for (depth = 0; dir && depth < USB_DEPTH_MAX && !IS_ROOT(dir); depth++) {
		if (!usb_text(dir, "idVendor", vendor, size))
			return dir;
		up = dget_parent(dir);
		dput(dir);
		dir = up;
	}
	dput(dir);
	return NULL;
}

/* One without a serial number does not answer, and the hub above it must not in its stead. */
static ssize_t read_usb(struct gendisk *disk, char *buf, size_t size)
{
	char vendor[16], product[16], *serial = NULL;
	struct dentry *dir = usb_device(disk, vendor, sizeof(vendor));
	ssize_t n = -ENODEV;

	if (!dir)
		return -ENODEV;
	if (usb_text(dir, "idProduct", product, sizeof(product)))
		goto out;
	n = -ENOMEM;
	serial = kmalloc(256, GFP_KERNEL);
	if (!serial)
		goto out;
	n = usb_text(dir, "serial", serial, 256);
	if (!n)
		n = snprintf(buf, size, "%s:%s:%s", vendor, product, serial);
	if (n > 0 && n >= size)
		n = -EFBIG;
out:
	kfree(serial);
	dput(dir);
	return n;
}

/* What the hardware says under @kind, as sysfs shows it; its length or a negative errno. */
static ssize_t read_kind(struct gendisk *disk, u8 kind, char *buf, size_t size)
{
	switch (kind) {
	case MCLIC_MEDIUM_SD:
		return read_sd(disk, buf, size);
	case MCLIC_MEDIUM_NVME:
		return read_disk(disk, "wwid", buf, size);
	case MCLIC_MEDIUM_SCSI:
		return read_disk(disk, "device/wwid", buf, size);
	case MCLIC_MEDIUM_VPD:
		return read_disk(disk, "device/vpd_pg80", buf, size);
	case MCLIC_MEDIUM_USB:
		return read_usb(disk, buf, size);
	case MCLIC_MEDIUM_VIRTIO:
		return read_disk(disk, "serial", buf, size);
	default:
		return -ENODEV;
	}
}

static ssize_t read_hardware(struct gendisk *disk, u8 kind, char *buf, size_t size)
{
	ssize_t n;

	if (!disk || !has_device(disk))
		return -ENODEV;
	n = read_kind(disk, kind, buf, size);
	if (n == -ENOMEM)
		return n;
	return n > 0 ? n : -ENODEV;
}

static ssize_t read_emulated(const struct mclic_area_header *h, char *buf)
{
	if (!h || h->factory_kind != MCLIC_FACTORY_EMULATED)
		return -ENODEV;
	memcpy(buf, h->factory_id, sizeof(h->factory_id));
	return sizeof(h->factory_id);
}

/* Does the medium answer under @kind? @buf has room for ID_MAX bytes. */
static int try_kind(struct gendisk *disk, const struct mclic_area_header *h, u8 kind, char *buf,
		    struct mclicfs_medium *m)
{
	static const u8 no_area[MCLIC_ID_SIZE];
	bool removable = disk && (disk->flags & GENHD_FL_REMOVABLE);
	const u8 *area_id = h ? h->area_id : no_area;
	ssize_t n;

	n = kind == MCLIC_MEDIUM_EMULATED ? read_emulated(h, buf) :
					    read_hardware(disk, kind, buf, ID_MAX);
	if (n < 0)
		return n;
	m->kind = kind;
	m->names_drive = mclic_medium_names_drive(kind, removable);
	m->medium_class = mclic_medium_class(kind, removable);
	if (mclic_medium_raw(kind, buf, n, m->names_drive ? area_id : NULL, m->raw, &m->raw_len))
		return -ENODEV;
	return mclic_medium_id(&mclicfs_crypto, kind, m->raw, m->raw_len, m->mid);
}

int mclicfs_medium_read(struct mclicfs_fs *fs, u8 kind, struct mclicfs_medium *m)
{
	const struct mclic_area_header *h = fs->area ? mclicfs_area_header(fs->area) : NULL;
	char *buf = kmalloc(ID_MAX, GFP_KERNEL);
	const struct cred *old;
	int err = -ENODEV;
	size_t i;

	memset(m, 0, sizeof(*m));
	if (!buf)
		return -ENOMEM;
	old = mclicfs_become(fs->sb);
	if (kind) {
		err = try_kind(disk_of(fs), h, kind, buf, m);
	} else {
		for (i = 0; err == -ENODEV && i < ARRAY_SIZE(order); i++)
			err = try_kind(disk_of(fs), h, order[i], buf, m);
	}
	revert_creds(old);
	kfree(buf);
	if (err)
		memset(m, 0, sizeof(*m));
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
