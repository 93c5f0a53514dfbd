// SPDX-License-Identifier: GPL-2.0-only
/* Product directories: those that hold .mclic-product, which may appear and vanish. */
#include <linux/slab.h>

#include "mclicfs.h"

/* ---- the products of a mount: tens rather than thousands, so one list will do ---- */

static struct mclicfs_product *product_new(struct mclicfs_fs *fs, struct dentry *dir,
					   bool nested)
{
	struct mclicfs_product *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return NULL;
	p->fs = fs;
	refcount_set(&p->refs, 1);
	p->dir = dget(dir);
	p->nested = nested;
	mutex_init(&p->lock);
	spin_lock_init(&p->sealed_lock);
	INIT_LIST_HEAD(&p->sealed);
	return p;
}

static void product_free(struct mclicfs_product *p)
{
	dput(p->dir);
	kfree(p);
}

/* Called with fs->products_lock held; adds @new, if that is not NULL, where there is none. */
static struct mclicfs_product *find_or_add(struct mclicfs_fs *fs, const struct dentry *dir,
					   bool nested, struct mclicfs_product *new)
{
	struct mclicfs_product *p;

	list_for_each_entry(p, &fs->products, link) {
		if (d_inode(p->dir) == d_inode(dir) && p->nested == nested) {
			refcount_inc(&p->refs);
			return p;
		}
	}
	if (new)
		list_add(&new->link, &fs->products);
	return new;
}

struct mclicfs_product *mclicfs_product_get(struct mclicfs_fs *fs, struct dentry *dir,
					    bool nested)
{
	struct mclicfs_product *p, *new;

	spin_lock(&fs->products_lock);
	p = find_or_add(fs, dir, nested, NULL);
	spin_unlock(&fs->products_lock);
	if (p)
		return p;
	new = product_new(fs, dir, nested);
	if (!new)
		return ERR_PTR(-ENOMEM);
	spin_lock(&fs->products_lock);
	p = find_or_add(fs, dir, nested, new);
	spin_unlock(&fs->products_lock);
	if (p != new)
		product_free(new);
	return p;
}

struct mclicfs_product *mclicfs_product_ref(struct mclicfs_product *p)
{
	if (p)
		refcount_inc(&p->refs);
	return p;
}

void mclicfs_product_put(struct mclicfs_product *p)
{
	bool last;

	if (!p)
		return;
	spin_lock(&p->fs->products_lock);
	last = refcount_dec_and_test(&p->refs);
	if (last)
		list_del(&p->link);
	spin_unlock(&p->fs->products_lock);
	if (!last)
		return;
	/* Nobody else can know it by now, so its lock is not needed. */
	mclicfs_verdict_forget(p);
	product_free(p);
}

/* ---- the marker ---- */

static ssize_t read_head(struct mclicfs_product *p, struct dentry *marker,
			 struct mclic_marker *m)
{
	const struct path path = { .mnt = p->fs->lower.mnt, .dentry = marker };
	struct file *file = dentry_open(&path, O_RDONLY | O_LARGEFILE, current_cred());
	loff_t pos = 0;
	ssize_t n;

	if (IS_ERR(file))
		return PTR_ERR(file);
	/* A short read of a file that is longer is no verdict on the marker. */
	do {
		n = kernel_read(file, (u8 *)m + pos, sizeof(*m) - pos, &pos);
	} while (n > 0 && pos < sizeof(*m));
	fput(file);
	return n < 0 ? n : pos;
}

static int read_marker(struct mclicfs_product *p, struct dentry *marker, u64 size)
{
	struct mclic_marker m = {};
	ssize_t n;

	p->why = MCLIC_BAD_MAGIC;
	if (!d_is_reg(marker))
		return 0;
	n = read_head(p, marker, &m);
	if (n < 0)
		return n;
	p->why = mclic_marker_check(&m, n);
	if (!p->why && size != sizeof(m) + mclic_get64(m.manifest_len))
		p->why = MCLIC_BAD_LENGTH;
	memcpy(p->title.did, m.did, sizeof(p->title.did));
	p->title.content_version = mclic_get32(m.content_version);
	return 0;
}

static void report_marker(const struct mclicfs_product *p, struct dentry *marker)
{
	if (p->nested)
		mclicfs_msg(p->fs->sb, p->dir,
			    "products do not nest: nothing in this one can be opened");
	else if (p->why)
		mclicfs_msg(p->fs->sb, marker,
			    "the marker is damaged: %s; nothing in this product can be opened",
			    mclic_why_text(p->why));
}

int mclicfs_product_read(struct mclicfs_product *p)
{
	struct mclicfs_stamp now;
	struct dentry *marker;
	int err = 0;

	marker = lookup_positive_unlocked(MCLIC_MARKER_NAME, p->dir,
					  sizeof(MCLIC_MARKER_NAME) - 1);
	if (marker == ERR_PTR(-ENOENT))
		return -ESTALE;
	if (IS_ERR(marker))
		return PTR_ERR(marker);
	mclicfs_stamp_of(d_inode(marker), &now);
	if (!p->marker_read || !mclicfs_stamp_same(&now, &p->marker)) {
		p->marker_read = false;
		mclicfs_verdict_forget(p);
		err = read_marker(p, marker, now.size);
		if (err)
			goto out;
		p->marker = now;
		p->marker_read = !p->why;	/* it may be read better the next time */
		report_marker(p, marker);
	}
	if (p->nested || p->why)
		err = -EBADMSG;
out:
	dput(marker);
	return err;
}
