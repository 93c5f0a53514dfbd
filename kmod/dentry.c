// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names, and whether they still stand for what they stood for.
 *
 * The lower file system may be changed behind us at any moment, and in two ways that
 * matter: a name may be given to something else, and a directory may become a product, or
 * cease to be one. The kernel leaves a trace of both: renaming, removing and filling in a
 * lower dentry change its d_seq. So a walk without locks compares two numbers a component;
 * only when they differ is the name looked up again below and the result compared. Nothing
 * is mended but what is known to mean the same: else the name and all below it is dropped.
 *
 * Lowers that have own ideas of equal names, or that check their dentries themselves (as
 * network file systems do), are asked by name each time.
 */
#include <linux/slab.h>

#include "mclicfs.h"

bool mclicfs_marker_name(const char *name, size_t len)
{
	return len == sizeof(MCLIC_MARKER_NAME) - 1 &&
	       !strncasecmp(name, MCLIC_MARKER_NAME, len);
}

/* ---- the lower file system ---- */

static struct dentry *lookup_below(struct super_block *sb, struct dentry *dir, const char *name,
				   size_t len)
{
	const struct cred *old = mclicfs_become(sb);
	struct dentry *lower = lookup_one_unlocked(mclicfs_noidmap, name, dir, len);

	revert_creds(old);
	return lower;
}

/* Is @lower really that name now? Then @seq is a number that changes when it is not. */
static bool settled(struct dentry *lower, const struct dentry *dir, const struct qstr *name,
		    unsigned int *seq)
{
	bool good;

	spin_lock(&lower->d_lock);
	good = !d_unhashed(lower) && lower->d_parent == dir && lower->d_name.len == name->len &&
	       !memcmp(lower->d_name.name, name->name, name->len);
	*seq = raw_read_seqcount(&lower->d_seq);
	spin_unlock(&lower->d_lock);
	return good;
}

/* A number that @lower had, so that the next walk looks closer. */
static unsigned int passed_seq(struct dentry *lower)
{
	return raw_read_seqcount(&lower->d_seq) - 2;
}

/* Under RCU: nothing has happened to @lower since it was found good. */
static bool untouched(const struct mclicfs_fs *fs, const struct dentry *lower, unsigned int seq)
{
	return lower && !fs->no_negative &&
	       !(READ_ONCE(lower->d_flags) & DCACHE_OP_REVALIDATE) &&
	       !read_seqcount_retry(&lower->d_seq, seq);
}

/* Automounts and the like cannot be followed from here. */
static bool unfit(const struct dentry *lower)
{
	return lower->d_flags & (DCACHE_NEED_AUTOMOUNT | DCACHE_MANAGE_TRANSIT);
}

/* ---- markers ---- */

static const struct qstr marker_qstr = QSTR_INIT(MCLIC_MARKER_NAME, sizeof(MCLIC_MARKER_NAME) - 1);

/*
 * The lower dentry of the marker in @dir, with a reference; NULL where nobody can have put
 * one, because the directory is gone, or may not be searched.
 */
static struct dentry *marker_below(struct super_block *sb, struct dentry *dir)
{
	struct dentry *marker = lookup_below(sb, dir, MCLIC_MARKER_NAME, marker_qstr.len);

	if (marker == ERR_PTR(-ENOENT) || marker == ERR_PTR(-EACCES))
		return NULL;
	return marker;
}

/* Takes the reference to @marker. Walks under RCU may still see the one before. */
static void marker_set(struct dentry *dentry, struct dentry *marker)
{
	struct mclicfs_dentry *d = mclicfs_d(dentry);
	struct dentry *old;
	unsigned int seq = 0;

	if (marker && !settled(marker, d->lower, &marker_qstr, &seq))
		seq = passed_seq(marker);
	spin_lock(&dentry->d_lock);
	old = d->marker;
	WRITE_ONCE(d->marker, marker);
	WRITE_ONCE(d->marker_seq, seq);
	spin_unlock(&dentry->d_lock);
	dput(old);
}

static bool marker_untouched(const struct mclicfs_fs *fs, const struct mclicfs_dentry *d)
{
	return d->area || untouched(fs, READ_ONCE(d->marker), READ_ONCE(d->marker_seq));
}

/* Is the directory @dentry a product, or not one, as it was when it was found? 1, 0, error */
static int marker_same(struct dentry *dentry)
{
	struct mclicfs_dentry *d = mclicfs_d(dentry);
	struct dentry *marker;
	bool same;

	rcu_read_lock();
	same = marker_untouched(mclicfs_fs(dentry->d_sb), d);
	rcu_read_unlock();
	if (same)
		return 1;
	marker = marker_below(dentry->d_sb, d->lower);
	if (IS_ERR(marker))
		return PTR_ERR(marker);
	same = d->product == (marker && d_is_positive(marker));
	if (same)
		marker_set(dentry, marker);
	else
		dput(marker);
	/* The root has no name to be looked up anew by: it is what it was at mount. */
	return same || IS_ROOT(dentry);
}

/* A second name of the marker, such as the short one that vfat gives it. */
static bool is_marker(struct dentry *dir, const struct inode *lower)
{
	const struct mclicfs_dentry *d = mclicfs_d(dir);
	bool is;

	if (!d->product)
		return false;
	spin_lock(&dir->d_lock);
	is = d->marker && d_inode(d->marker) == lower;
	spin_unlock(&dir->d_lock);
	return is;
}

/* ---- our dentries ---- */

/* Takes the reference to @lower. */
static struct mclicfs_dentry *dentry_data(struct dentry *lower, bool area)
{
	struct mclicfs_dentry *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d) {
		dput(lower);
		return NULL;
	}
	d->lower = lower;
	d->area = area;
	return d;
}

static void release(struct dentry *dentry)
{
	struct mclicfs_dentry *d = mclicfs_d(dentry);

	if (!d)
		return;
	dput(d->marker);
	dput(d->lower);
	kfree_rcu(d, rcu);
}

/*
 * The product that something below a directory of product @outer lies in, with a
 * reference: its own where it has a marker. @dentry has its data, and gets its marker.
 */
static struct mclicfs_product *product_of(struct dentry *dentry, struct mclicfs_product *outer)
{
	struct mclicfs_dentry *d = mclicfs_d(dentry);
	struct dentry *marker;

	if (d->area)
		return NULL;
	if (!d_is_dir(d->lower))
		return mclicfs_product_ref(outer);
	marker = marker_below(dentry->d_sb, d->lower);
	if (IS_ERR(marker))
		return ERR_CAST(marker);
	d->product = marker && d_is_positive(marker);
	marker_set(dentry, marker);
	if (!d->product)
		return mclicfs_product_ref(outer);
	return mclicfs_product_get(mclicfs_fs(dentry->d_sb), d->lower, outer);
}

static struct inode *inode_of(struct dentry *dentry, struct mclicfs_product *outer)
{
	struct mclicfs_product *p = product_of(dentry, outer);
	struct inode *inode;

	if (IS_ERR(p))
		return ERR_CAST(p);
	inode = mclicfs_iget(dentry->d_sb, d_inode(mclicfs_lower_dentry(dentry)), p);
	mclicfs_product_put(p);
	return inode;
}

struct dentry *mclicfs_dentry_root(struct super_block *sb)
{
	struct dentry *root, *lower = mclicfs_fs(sb)->lower.dentry;
	struct inode *inode;
	int err;

	/* The data comes before the inode: it says which one. */
	root = d_alloc_anon(sb);
	if (!root)
		return ERR_PTR(-ENOMEM);
	err = -ENOMEM;
	root->d_fsdata = dentry_data(dget(lower), false);
	if (!root->d_fsdata)
		goto out;
	inode = inode_of(root, NULL);
	err = PTR_ERR_OR_ZERO(inode);
	if (err)
		goto out;
	d_instantiate(root, inode);
	return root;
out:
	dput(root);
	return ERR_PTR(err);
}

/* ---- looking up ---- */

static bool is_area(const struct dentry *dir, const struct qstr *name)
{
	return mclicfs_d(dir)->area ||
	       (IS_ROOT(dir) && name->len == sizeof(MCLIC_AREA_DIR) - 1 &&
		!strncasecmp(name->name, MCLIC_AREA_DIR, name->len));
}

/*
 * A directory is known already, and its dentry, which @dentry was to become a second of,
 * was moved here. That is right as long as it stands for the same lower dentry.
 */
static struct dentry *moved_here(struct dentry *alias, struct dentry *dentry)
{
	struct mclicfs_dentry *is = mclicfs_d(alias), *should = mclicfs_d(dentry);

	if (is->lower == should->lower && is->product == should->product &&
	    is->area == should->area) {
		WRITE_ONCE(is->seq, should->seq);
		return alias;
	}
	/* The next lookup makes a new inode. */
	remove_inode_hash(d_inode(alias));
	d_drop(alias);
	dput(alias);
	return ERR_PTR(-ESTALE);
}

/* @dentry has its data. */
static struct dentry *lookup_positive(struct dentry *parent, struct dentry *dentry)
{
	struct dentry *lower = mclicfs_lower_dentry(dentry), *alias;
	struct inode *inode;

	if (unfit(lower))
		return ERR_PTR(-EREMOTE);
	if (is_marker(parent, d_inode(lower)))
		return NULL;
	inode = inode_of(dentry, mclicfs_i(d_inode(parent))->product);
	if (IS_ERR(inode))
		return ERR_CAST(inode);
	alias = d_splice_alias(inode, dentry);
	return IS_ERR_OR_NULL(alias) ? alias : moved_here(alias, dentry);
}

struct dentry *mclicfs_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	struct dentry *lower, *parent = dentry->d_parent, *lower_dir = mclicfs_lower_dentry(parent);
	const struct qstr *name = &dentry->d_name;
	struct mclicfs_dentry *d;
	int err;

	err = marker_same(parent);
	if (err <= 0)
		return ERR_PTR(err ? err : -ESTALE);
	if (mclicfs_marker_name(name->name, name->len))
		return NULL;
	lower = lookup_below(dir->i_sb, lower_dir, name->name, name->len);
	if (IS_ERR(lower))
		return lower;
	d = dentry_data(lower, is_area(parent, name));
	if (!d)
		return ERR_PTR(-ENOMEM);
	dentry->d_fsdata = d;
	if (!settled(lower, lower_dir, name, &d->seq))
		d->seq = passed_seq(lower);
	if (d_is_positive(lower))
		return lookup_positive(parent, dentry);
	/* Where names have own rules, another spelling of this one may be made below. */
	return mclicfs_fs(dir->i_sb)->no_negative ? NULL : d_splice_alias(NULL, dentry);
}

/* ---- is it still so? ---- */

static int revalidate_rcu(const struct dentry *dentry)
{
	const struct mclicfs_fs *fs = mclicfs_fs(dentry->d_sb);
	const struct mclicfs_dentry *d = mclicfs_d(dentry);
	const struct mclicfs_dentry *parent = mclicfs_d(READ_ONCE(dentry->d_parent));

	if (untouched(fs, d->lower, READ_ONCE(d->seq)) && marker_untouched(fs, parent) &&
	    (!d_is_dir(dentry) || marker_untouched(fs, d)))
		return 1;
	return -ECHILD;
}

/* Look the name up again below: is it the same? 1, 0, or an error */
static int name_same(const struct dentry *parent, struct dentry *dentry)
{
	struct mclicfs_dentry *d = mclicfs_d(dentry);
	struct dentry *lower_dir = mclicfs_lower_dentry(parent), *lower;
	struct inode *inode = d_inode(dentry);
	struct name_snapshot name;
	unsigned int seq;
	int same;

	take_dentry_name_snapshot(&name, dentry);
	lower = lookup_below(dentry->d_sb, lower_dir, name.name.name, name.name.len);
	if (IS_ERR(lower)) {
		same = PTR_ERR(lower);
		goto out;
	}
	same = lower == d->lower &&
	       d_inode(lower) == (inode ? mclicfs_lower_inode(inode) : NULL);
	if (same && settled(lower, lower_dir, &name.name, &seq))
		WRITE_ONCE(d->seq, seq);
	dput(lower);
out:
	release_dentry_name_snapshot(&name);
	return same == -ENOENT || same == -ESTALE ? 0 : same;
}

static int revalidate(struct dentry *dentry)
{
	struct dentry *parent = dget_parent(dentry);
	int same;

	same = marker_same(parent);
	if (same > 0)
		same = name_same(parent, dentry);
	if (same > 0 && d_is_dir(dentry))
		same = marker_same(dentry);
	dput(parent);
	return same;
}

static int mclicfs_d_revalidate(struct dentry *dentry, unsigned int flags)
{
	int same;

	rcu_read_lock();
	same = revalidate_rcu(dentry);
	rcu_read_unlock();
	if (same == -ECHILD && !(flags & LOOKUP_RCU))
		same = revalidate(dentry);
	return same;
}

/* Nobody uses it: is it worth keeping? Not what has been removed below. */
static int mclicfs_d_delete(const struct dentry *dentry)
{
	return d_unhashed(mclicfs_lower_dentry(dentry));
}

const struct dentry_operations mclicfs_dops = {
	.d_revalidate = mclicfs_d_revalidate,
	.d_delete = mclicfs_d_delete,
	.d_release = release,
};
