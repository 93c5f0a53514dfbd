// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sealed files: opening, closing, evicting. What is open is fixed: the lower file cannot be
 * written (deny_write_access), and the key stays until the last close.
 */
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "mclicfs.h"

/* The largest read below: a group and its tags */
#define LOWER_READ	(MCLIC_GROUP_SIZE + MCLIC_BLOCK_SIZE)

/* ---- what an inode keeps between opens: key and plaintext ---- */

/* mclicfs_inode.lock is held, and the file is not open */
static void content_drop(struct mclicfs_inode *mi)
{
	truncate_inode_pages(mi->vfs.i_mapping, 0);
	mi->doomed = false;
	if (!mi->aead)
		return;
	spin_lock(&mi->product->sealed_lock);
	list_del_init(&mi->link);
	spin_unlock(&mi->product->sealed_lock);
	atomic_dec(&mclicfs_fs(mi->vfs.i_sb)->stats.sealed);
	crypto_free_aead(mi->aead);
	mi->aead = NULL;
}

static void content_set(struct mclicfs_inode *mi, struct crypto_aead *aead)
{
	mi->aead = aead;
	atomic_inc(&mclicfs_fs(mi->vfs.i_sb)->stats.sealed);
	spin_lock(&mi->product->sealed_lock);
	list_add_tail(&mi->link, &mi->product->sealed);
	spin_unlock(&mi->product->sealed_lock);
	mapping_set_large_folios(mi->vfs.i_mapping);	/* nobody reads yet */
}

static int trailer_read(struct mclicfs_inode *mi, u64 len, struct mclic_trailer *t)
{
	loff_t pos = len - sizeof(*t);
	ssize_t n;

	mi->tail_fetched = !filemap_range_has_page(mi->file->f_mapping, pos, len - 1);
	n = kernel_read(mi->file, t, sizeof(*t), &pos);
	if (n < 0)
		return n;
	return n == sizeof(*t) ? 0 : -EBADMSG;
}

/* Read the trailer and judge it under the product's key; as mclicfs_verdict_trailer() */
static int trailer_why(struct mclicfs_inode *mi, u64 epoch, u64 len, struct mclic_trailer *t,
		       u8 file_key[MCLIC_KEY_SIZE], struct mclic_seal *seal, enum mclic_why *why)
{
	int err;

	*why = mclic_plain_size(len, &seal->size) ? MCLIC_BAD_SIZE : MCLIC_OK;
	if (*why)
		return mclic_errno(*why);
	err = trailer_read(mi, len, t);
	if (err == -EBADMSG)
		*why = MCLIC_BAD_LENGTH;
	if (err)
		return err;
	return mclicfs_verdict_trailer(mi->product, epoch, t, len, file_key, seal, why);
}

/* @t: room for the trailer, not on the stack */
static int trailer_judge(struct mclicfs_inode *mi, u64 epoch, u64 len, struct mclic_trailer *t,
			 u8 file_key[MCLIC_KEY_SIZE], struct mclic_seal *seal)
{
	enum mclic_why why;
	int err = trailer_why(mi, epoch, len, t, file_key, seal, &why);

	if (why)
		mclicfs_msg(mi->vfs.i_sb, mi->file->f_path.dentry,
			    "the sealed file is damaged: %s", mclic_why_text(why));
	return err;
}

/* Is it the sealing that was verified? No two have the same MAC. */
static bool sealing_same(const struct mclicfs_inode *mi, const struct mclic_trailer *t)
{
	return !memcmp(mi->mac, t->mac, sizeof(mi->mac));
}

static int content_load(struct mclicfs_inode *mi, u64 epoch, const struct mclicfs_stamp *stamp)
{
	struct mclic_trailer *t = kmalloc(sizeof(*t), GFP_KERNEL);
	u8 file_key[MCLIC_KEY_SIZE];
	struct crypto_aead *aead;
	struct mclic_seal seal;
	int err;

	if (!t)
		return -ENOMEM;
	err = trailer_judge(mi, epoch, stamp->size, t, file_key, &seal);
	/*
	 * A file in use can be renamed, linked or given another owner below, which changes its
	 * stamp but not its bytes. Another sealing is not for those who have it open.
	 */
	if (!err && mi->aead && !sealing_same(mi, t))
		err = -EBUSY;
	if (err || mi->aead)
		goto out;
	aead = mclicfs_aead_new(file_key);
	err = PTR_ERR_OR_ZERO(aead);
	if (err)
		goto out;
	content_set(mi, aead);
	mi->size = seal.size;
	memcpy(mi->mac, t->mac, sizeof(mi->mac));
	spin_lock(&mi->vfs.i_lock);
	i_size_write(&mi->vfs, seal.size);
	spin_unlock(&mi->vfs.i_lock);
out:
	if (!err) {
		mi->stamp = *stamp;
		mi->epoch = epoch;
	}
	memzero_explicit(file_key, sizeof(file_key));
	kfree(t);
	return err;
}

/*
 * Is it the sealing that is known? Where changes are not counted, a file may be sealed anew
 * within the granularity of its times.
 */
static bool content_same(struct mclicfs_inode *mi, const struct mclicfs_stamp *stamp)
{
	struct mclic_trailer *t;
	bool same;

	if (!mi->aead || !mclicfs_stamp_same(&mi->stamp, stamp))
		return false;
	if (mi->opens || IS_I_VERSION(mi->lower))
		return true;
	t = kmalloc(sizeof(*t), GFP_KERNEL);
	same = t && !trailer_read(mi, stamp->size, t) && sealing_same(mi, t);
	kfree(t);
	return same;
}

/* Make key and plaintext those of the lower file as it is now */
static int content_check(struct mclicfs_inode *mi, u64 epoch)
{
	struct mclicfs_stamp stamp;

	mclicfs_stamp_of(mi->lower, &stamp);
	if (mi->epoch == epoch && content_same(mi, &stamp))
		return 0;
	/* Who has it open goes on with what was verified for him. */
	if (!mi->opens)
		content_drop(mi);
	return content_load(mi, epoch, &stamp);
}

/* ---- the lower file, while ours is open ---- */

static int lower_open(struct mclicfs_inode *mi, struct dentry *dentry)
{
	/* Reads come out of page faults: nobody is asked about each then. */
	struct file *f = mclicfs_lower_open(dentry, O_RDONLY | O_NOATIME | __FMODE_NONOTIFY);
	int err;

	if (IS_ERR(f))
		return PTR_ERR(f);
	err = deny_write_access(f);
	if (err) {
		fput(f);
		return err;
	}
	/* Windows come from the read path: below, each is fetched as a whole, and no more. */
	spin_lock(&f->f_lock);
	f->f_mode |= FMODE_RANDOM;
	spin_unlock(&f->f_lock);
	f->f_ra.ra_pages = max_t(unsigned int, f->f_ra.ra_pages, LOWER_READ >> PAGE_SHIFT);
	mi->file = f;
	return 0;
}

static void lower_close(struct mclicfs_inode *mi)
{
	allow_write_access(mi->file);
	fput(mi->file);
	mi->file = NULL;
}

/* ---- file operations ---- */

static int open_locked(struct mclicfs_inode *mi, struct dentry *dentry, u64 epoch)
{
	int err = 0;

	if (!mi->opens)
		err = lower_open(mi, dentry);
	if (err)
		return err;
	err = content_check(mi, epoch);
	/* The key was taken back meanwhile; who evicts may have missed us, or waits for us. */
	if (!err && READ_ONCE(mi->product->epoch) != epoch) {
		if (!mi->opens)
			content_drop(mi);
		err = -EAGAIN;
	}
	if (err) {
		if (!mi->opens)
			lower_close(mi);
		return err;
	}
	mi->doomed = false;
	if (!mi->opens++)
		atomic_inc(&mclicfs_fs(mi->vfs.i_sb)->stats.open);
	return 0;
}

static int sealed_open(struct inode *inode, struct file *file)
{
	struct mclicfs_inode *mi = mclicfs_i(inode);
	const struct cred *old;
	u64 epoch;
	int err;

	if (file->f_mode & FMODE_WRITE || file->f_flags & O_TRUNC)
		return -EROFS;
	do {
		err = mclicfs_verdict_get(mi->product, &epoch);
		if (err)
			return err;
		mutex_lock(&mi->lock);
		old = mclicfs_become(inode->i_sb);
		err = open_locked(mi, file_dentry(file), epoch);
		revert_creds(old);
		mutex_unlock(&mi->lock);
	} while (err == -EAGAIN && !fatal_signal_pending(current));
	return err;
}

static int sealed_release(struct inode *inode, struct file *file)
{
	struct mclicfs_inode *mi = mclicfs_i(inode);

	mutex_lock(&mi->lock);
	if (!--mi->opens) {
		lower_close(mi);
		atomic_dec(&mclicfs_fs(inode->i_sb)->stats.open);
		if (mi->doomed)
			content_drop(mi);
	}
	mutex_unlock(&mi->lock);
	return 0;
}

/*
 * Bytes that may be read from @pos on. The inode's size follows the lower file, which may be
 * changed by others in spite of us; the size that was verified stays.
 */
static size_t readable(const struct mclicfs_inode *mi, loff_t pos, size_t len)
{
	if (pos < 0 || (u64)pos >= mi->size)
		return 0;
	return min_t(u64, len, mi->size - pos);
}

static ssize_t sealed_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	size_t count = iov_iter_count(to), skipped;
	ssize_t n = mclicfs_medium_same(mclicfs_fs(inode->i_sb));

	if (n)
		return n;
	skipped = count - readable(mclicfs_i(inode), iocb->ki_pos, count);
	iov_iter_truncate(to, count - skipped);
	/* Also with O_DIRECT: what is decrypted lies in the page cache anyway. */
	n = filemap_read(iocb, to, 0);
	iov_iter_reexpand(to, iov_iter_count(to) + skipped);
	return n;
}

static ssize_t sealed_splice_read(struct file *in, loff_t *pos, struct pipe_inode_info *pipe,
				  size_t len, unsigned int flags)
{
	struct inode *inode = file_inode(in);
	ssize_t n = mclicfs_medium_same(mclicfs_fs(inode->i_sb));

	if (n)
		return n;
	len = readable(mclicfs_i(inode), *pos, len);
	return len ? mclicfs_splice_read(in, pos, pipe, len, flags) : 0;
}

static int sealed_mmap(struct file *file, struct vm_area_struct *vma)
{
	int err = mclicfs_medium_same(mclicfs_fs(file_inode(file)->i_sb));

	return err ? err : generic_file_readonly_mmap(file, vma);
}

const struct file_operations mclicfs_sealed_fops = {
	.owner		= THIS_MODULE,
	.open		= sealed_open,
	.release	= sealed_release,
	.llseek		= generic_file_llseek,
	.read_iter	= sealed_read_iter,
	.splice_read	= sealed_splice_read,
	.mmap		= sealed_mmap,
	.fsync		= noop_fsync,
	.setlease	= simple_nosetlease,
	.unlocked_ioctl	= mclicfs_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl	= mclicfs_compat_ioctl,
#endif
};

/* ---- evicting ---- */

void mclicfs_sealed_wipe(struct inode *inode)
{
	content_drop(mclicfs_i(inode));
}

/* Is it gone? If not, it will be when the last one closes it. */
static bool drop(struct mclicfs_inode *mi)
{
	bool busy;

	mutex_lock(&mi->lock);
	busy = mi->opens;
	if (busy)
		mi->doomed = true;
	else
		content_drop(mi);
	mutex_unlock(&mi->lock);
	return !busy;
}

/* The next file of @todo, back in the product's list and with a reference; or NULL */
static struct inode *next_sealed(struct mclicfs_product *p, struct list_head *todo)
{
	struct inode *inode = NULL;
	struct mclicfs_inode *mi;

	spin_lock(&p->sealed_lock);
	while (!inode && !list_empty(todo)) {
		mi = list_first_entry(todo, struct mclicfs_inode, link);
		list_move_tail(&mi->link, &p->sealed);
		inode = igrab(&mi->vfs);	/* NULL: it is being dropped already */
	}
	spin_unlock(&p->sealed_lock);
	return inode;
}

unsigned int mclicfs_sealed_evict(struct mclicfs_product *p)
{
	static DEFINE_MUTEX(evicting);	/* so that nobody misses what lies in another's list */
	struct inode *inode;
	unsigned int busy = 0;
	LIST_HEAD(todo);

	mutex_lock(&evicting);
	spin_lock(&p->sealed_lock);
	list_splice_init(&p->sealed, &todo);
	spin_unlock(&p->sealed_lock);
	while ((inode = next_sealed(p, &todo))) {
		busy += !drop(mclicfs_i(inode));
		iput(inode);
	}
	mutex_unlock(&evicting);
	return busy;
}
