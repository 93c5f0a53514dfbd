// SPDX-License-Identifier: GPL-2.0-only
/*
 * The licence area: a partition of the medium (option area=), or .mclic/area below.
 *
 * It is kept open for reading only. A writer opens it anew, so that the lower file system
 * can still be made read-only while we are mounted.
 */
#include <linux/blkdev.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "mclicfs.h"

/**
 * struct mclicfs_area - an open licence area
 * @file: for reading
 * @writer: for writing, between start and end
 * @size: bytes there are for it
 * @exact: it is a file, so @size must be that of its slots
 * @head: the header that counts
 */
struct mclicfs_area {
	struct file *file;
	struct file *writer;
	u64 size;
	bool exact;
	struct mclic_area_header head;
};

/* ---- slots ---- */

static loff_t offset_of(u32 index)
{
	return (loff_t)index * MCLIC_SLOT_SIZE;
}

static int read_buffered(struct file *file, u32 index, void *slot)
{
	loff_t pos = offset_of(index);
	size_t done = 0;
	ssize_t n;

	while (done < MCLIC_SLOT_SIZE) {
		n = kernel_read(file, slot + done, MCLIC_SLOT_SIZE - done, &pos);
		if (n <= 0)
			return n ? n : -EIO;
		done += n;
	}
	return 0;
}

/* Past the page cache. A bvec, because not every kernel takes a kvec here. */
static ssize_t read_direct(struct file *file, u32 index, void *slot)
{
	struct page *page;
	struct bio_vec bvec;
	struct iov_iter iter;
	struct kiocb iocb;
	ssize_t n;

	if (!(file->f_mode & FMODE_CAN_ODIRECT))
		return -EOPNOTSUPP;
	page = alloc_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	bvec = (struct bio_vec){ .bv_page = page, .bv_len = MCLIC_SLOT_SIZE };
	iov_iter_bvec(&iter, ITER_DEST, &bvec, 1, MCLIC_SLOT_SIZE);
	init_sync_kiocb(&iocb, file);
	iocb.ki_pos = offset_of(index);
	iocb.ki_flags |= IOCB_DIRECT;
	n = vfs_iocb_iter_read(file, &iocb, &iter);
	if (n == MCLIC_SLOT_SIZE)
		memcpy(slot, page_address(page), MCLIC_SLOT_SIZE);
	__free_page(page);
	return n;
}

int mclicfs_area_read_back(struct mclicfs_area *a, u32 index, struct mclic_slot *slot)
{
	struct address_space *mapping = a->file->f_mapping;
	loff_t first = offset_of(index), last = first + MCLIC_SLOT_SIZE - 1;
	int err;

	/* Some file systems answer direct reads out of the page cache, so it must be empty. */
	err = filemap_write_and_wait_range(mapping, first, last);
	if (err)
		return err;
	err = invalidate_inode_pages2_range(mapping, first >> PAGE_SHIFT, last >> PAGE_SHIFT);
	/* A page that cannot be dropped is all there is (tmpfs), or in use this very moment. */
	if (err && err != -EBUSY)
		return err;
	if (read_direct(a->file, index, slot) == MCLIC_SLOT_SIZE)
		return 0;
	return read_buffered(a->file, index, slot);
}

int mclicfs_area_read(struct mclicfs_area *a, u32 index, struct mclic_slot *slot)
{
	enum mclic_why why;
	int err = read_buffered(a->file, index, slot);

	if (err)
		return err;
	why = mclic_slot_check(&mclicfs_crypto, slot);
	if (why != MCLIC_BAD_CRC && why != MCLIC_BAD_MAGIC)
		return 0;
	/* Damaged, or caught while it was being written; what the device has is whole. */
	return mclicfs_area_read_back(a, index, slot);
}

bool mclicfs_area_same(struct mclicfs_area *a, u32 index, const struct mclic_slot *slot)
{
	struct mclic_slot *now = kmalloc(sizeof(*now), GFP_KERNEL);
	bool same = now && !read_buffered(a->file, index, now) &&
		    !memcmp(now, slot, sizeof(*now));

	kfree(now);
	return same;
}

/* ---- the header ---- */

const struct mclic_area_header *mclicfs_area_header(const struct mclicfs_area *a)
{
	return &a->head;
}

u32 mclicfs_area_slots(const struct mclicfs_area *a)
{
	return mclic_get32(a->head.slots);
}

/* A header that is good, and counts slots that there is room for. */
static bool header_good(const struct mclicfs_area *a)
{
	u64 bytes;

	if (mclic_area_header_check(&mclicfs_crypto, &a->head))
		return false;
	bytes = (u64)mclicfs_area_slots(a) * MCLIC_SLOT_SIZE;
	return a->exact ? bytes == a->size : bytes <= a->size;
}

/* Where the header is damaged, its copy is a slot that says it is the last. */
static int load_header(struct mclicfs_area *a)
{
	u32 i = min_t(u64, a->size / MCLIC_SLOT_SIZE, MCLIC_AREA_SLOTS);
	int err = read_buffered(a->file, 0, &a->head);

	if (!err && header_good(a))
		return 0;
	for (; !err && i >= MCLIC_AREA_SLOTS_MIN; i--) {
		err = read_buffered(a->file, i - 1, &a->head);
		if (!err && header_good(a) && mclicfs_area_slots(a) == i)
			return 0;
	}
	return err ? err : -EBADMSG;
}

/* ---- finding it ---- */

static struct mclicfs_area *area_new(const struct path *path)
{
	struct mclicfs_area *a;
	struct inode *host;
	int err = path_permission(path, MAY_READ);

	if (err)
		return ERR_PTR(err);
	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return ERR_PTR(-ENOMEM);
	a->file = dentry_open(path, O_RDONLY | O_LARGEFILE, current_cred());
	if (IS_ERR(a->file)) {
		err = PTR_ERR(a->file);
		kfree(a);
		return ERR_PTR(err);
	}
	host = a->file->f_mapping->host;	/* of a device, not of its node */
	a->size = i_size_read(host);
	a->exact = S_ISREG(file_inode(a->file)->i_mode);
	return a;
}

static void area_free(struct mclicfs_area *a)
{
	fput(a->file);
	kfree(a);
}

/* Take what area_new() opened for the area, if it is one. */
static int use(struct mclicfs_fs *fs, struct mclicfs_area *a, const char *name)
{
	int err = PTR_ERR_OR_ZERO(a);

	if (!err) {
		err = load_header(a);
		if (err)
			area_free(a);
		else
			fs->area = a;
	}
	if (err == -EBADMSG)
		mclicfs_msg(fs->sb, NULL,
			    "%s: the header of the licence area and its copy are both damaged",
			    name);
	else if (err)
		mclicfs_msg(fs->sb, NULL, "%s: the licence area cannot be read: error %d", name,
			    -err);
	return err == -ENOMEM ? err : 0;
}

/* The file .mclic/area of the lower root: no symlinks, the same file system. */
static int find_file(struct mclicfs_fs *fs, struct path *path)
{
	const char *name = MCLIC_AREA_FILE + sizeof(MCLIC_AREA_DIR);
	struct dentry *dir, *file;

	dir = lookup_positive_unlocked(MCLIC_AREA_DIR, fs->lower.dentry,
				       sizeof(MCLIC_AREA_DIR) - 1);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	file = d_can_lookup(dir) ? lookup_positive_unlocked(name, dir, strlen(name)) :
			       ERR_PTR(-ENOTDIR);
	dput(dir);
	if (IS_ERR(file))
		return PTR_ERR(file);
	path->mnt = mntget(fs->lower.mnt);
	path->dentry = file;
	return 0;
}

static int open_file(struct mclicfs_fs *fs)
{
	struct path path;
	u64 size;
	int err = find_file(fs, &path);

	if (err == -ENOENT) {
		mclicfs_msg(fs->sb, NULL,
			    "the medium has no licence area, so no product on it can be opened");
		return 0;
	}
	if (err) {
		mclicfs_msg(fs->sb, NULL, "%s: error %d", MCLIC_AREA_FILE, -err);
		return err == -ENOMEM ? err : 0;
	}
	size = i_size_read(d_inode(path.dentry));
	if (!d_is_reg(path.dentry) || size % MCLIC_SLOT_SIZE ||
	    size < MCLIC_AREA_SLOTS_MIN * MCLIC_SLOT_SIZE ||
	    size > MCLIC_AREA_SLOTS * MCLIC_SLOT_SIZE)
		mclicfs_msg(fs->sb, NULL,
			    "%s: not a regular file, or of no length that a licence area has",
			    MCLIC_AREA_FILE);
	else
		err = use(fs, area_new(&path), MCLIC_AREA_FILE);
	path_put(&path);
	return err;
}

static int open_device(struct mclicfs_fs *fs, const struct path *path)
{
	struct block_device *below = fs->lower.mnt->mnt_sb->s_bdev;
	struct mclicfs_area *a = area_new(path);

	if (IS_ERR(a))
		return PTR_ERR(a);
	if (!below || I_BDEV(a->file->f_mapping->host)->bd_disk != below->bd_disk) {
		area_free(a);
		return -EINVAL;
	}
	fs->area_fixed = true;
	return use(fs, a, fs->area_path);
}

/* Option area=: the helper found it, but what it may be is for us to say. */
static int open_path(struct mclicfs_fs *fs)
{
	struct path path, own;
	int err = kern_path(fs->area_path, LOOKUP_FOLLOW, &path);

	if (err)
		return err;
	if (S_ISBLK(d_inode(path.dentry)->i_mode)) {
		err = open_device(fs, &path);
	} else {
		err = find_file(fs, &own);
		if (!err) {
			if (d_inode(own.dentry) != d_inode(path.dentry))
				err = -EINVAL;
			path_put(&own);
		}
		err = err ? -EINVAL : open_file(fs);
	}
	path_put(&path);
	return err;
}

int mclicfs_area_open(struct mclicfs_fs *fs)
{
	const struct cred *old = mclicfs_become(fs->sb);
	int err = fs->area_path ? open_path(fs) : open_file(fs);

	revert_creds(old);
	return err;
}

void mclicfs_area_close(struct mclicfs_fs *fs)
{
	if (fs->area)
		area_free(fs->area);
	fs->area = NULL;
}

/* Is the area file another one by now, or gone, or to be tried (again)? */
static bool moved(struct mclicfs_fs *fs)
{
	struct path path;
	bool differs;
	int err;

	if (fs->area_fixed)
		return false;
	err = find_file(fs, &path);
	if (err)
		return fs->area;
	differs = !fs->area || d_inode(path.dentry) != file_inode(fs->area->file);
	path_put(&path);
	return differs;
}

void mclicfs_area_refresh(struct mclicfs_fs *fs)
{
	const struct cred *old = mclicfs_become(fs->sb);
	bool differs;

	down_read(&fs->world);
	differs = moved(fs);
	up_read(&fs->world);
	if (!differs)
		goto out;
	down_write(&fs->world);
	if (moved(fs)) {
		mclicfs_area_close(fs);
		/* Where it fails there is no area to judge by, and the next open tries again. */
		open_file(fs);
		fs->generation++;
	}
	up_write(&fs->world);
out:
	revert_creds(old);
}

/* ---- writing ---- */

static int set_lock(struct file *file, int type)
{
	struct file_lock *lock = locks_alloc_lock();
	int err;

	if (!lock)
		return -ENOMEM;
	mclicfs_ofd_lock(lock, file, type);
	err = vfs_lock_file(file, F_SETLK, lock, NULL);
	locks_free_lock(lock);
	return err;
}

/* A block device can be written also where what is mounted from it cannot. */
static bool read_only(const struct mclicfs_fs *fs)
{
	struct inode *where = fs->area->file->f_mapping->host;

	return __mnt_is_readonly(fs->lower.mnt) ||
	       (S_ISBLK(where->i_mode) && bdev_read_only(I_BDEV(where)));
}

int mclicfs_area_write_start(struct mclicfs_fs *fs)
{
	const struct cred *old = mclicfs_become(fs->sb);
	struct mclicfs_area *a = fs->area;
	struct file *file;
	int err = read_only(fs) ? -EROFS : path_permission(&a->file->f_path, MAY_WRITE);

	if (err)
		goto out;
	file = dentry_open(&a->file->f_path, O_RDWR | O_LARGEFILE, current_cred());
	err = PTR_ERR_OR_ZERO(file);
	if (err)
		goto out;
	err = set_lock(file, F_WRLCK);
	if (err)
		fput(file);
	else
		a->writer = file;
out:
	revert_creds(old);
	return err;
}

void mclicfs_area_write_end(struct mclicfs_fs *fs)
{
	struct mclicfs_area *a = fs->area;

	/* Closing does it too, but not before we are back in user space. */
	set_lock(a->writer, F_UNLCK);
	fput(a->writer);
	a->writer = NULL;
}

int mclicfs_area_write(struct mclicfs_area *a, u32 index, const struct mclic_slot *slot)
{
	loff_t pos = offset_of(index);
	size_t done = 0;
	ssize_t n;

	while (done < MCLIC_SLOT_SIZE) {
		n = kernel_write(a->writer, (const u8 *)slot + done, MCLIC_SLOT_SIZE - done, &pos);
		if (n <= 0)
			return n ? n : -EIO;
		done += n;
	}
	return vfs_fsync_range(a->writer, offset_of(index), pos - 1, 0);
}
