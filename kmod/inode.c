// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inodes: which lower one each stands for, and what it shows of it.
 *
 * An inode is known by its lower inode and the product that it was found in, for a file
 * that has a name inside a product and one outside is sealed here and plain there.
 */
#include <linux/iversion.h>
#include <linux/slab.h>
#include <linux/stat.h>

#include "mclicfs.h"

static struct kmem_cache *inode_cache;

static void init_once(void *p)
{
	struct mclicfs_inode *mi = p;

	mutex_init(&mi->lock);
	INIT_LIST_HEAD(&mi->link);
	inode_init_once(&mi->vfs);
}

int mclicfs_inode_cache_init(void)
{
	inode_cache = kmem_cache_create("mclicfs_inode", sizeof(struct mclicfs_inode), 0,
					SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT, init_once);
	return inode_cache ? 0 : -ENOMEM;
}

void mclicfs_inode_cache_exit(void)
{
	/* Inodes are freed by RCU. */
	rcu_barrier();
	kmem_cache_destroy(inode_cache);
}

struct inode *mclicfs_alloc_inode(struct super_block *sb)
{
	struct mclicfs_inode *mi = alloc_inode_sb(sb, inode_cache, GFP_KERNEL);

	if (!mi)
		return NULL;
	mi->lower = NULL;
	mi->product = NULL;
	mi->stamp = (struct mclicfs_stamp){ };
	mi->epoch = 0;
	mi->aead = NULL;
	mi->size = 0;
	mi->file = NULL;
	mi->opens = 0;
	mi->tail_fetched = false;
	mi->doomed = false;
	return &mi->vfs;
}

void mclicfs_free_inode(struct inode *inode)
{
	kmem_cache_free(inode_cache, mclicfs_i(inode));
}

/*
 * A walk under RCU may still ask our permission(), so @lower stays as it is: that inode,
 * too, is freed by RCU.
 */
void mclicfs_evict_inode(struct inode *inode)
{
	struct mclicfs_inode *mi = mclicfs_i(inode);

	truncate_inode_pages_final(&inode->i_data);
	if (mclicfs_is_sealed(inode))
		mclicfs_sealed_wipe(inode);
	clear_inode(inode);
	mclicfs_product_put(mi->product);
	iput(mi->lower);
}

/* What has no name below any more is kept for those who have it open, not for later. */
int mclicfs_drop_inode(struct inode *inode)
{
	return generic_drop_inode(inode) || !mclicfs_lower_inode(inode)->i_nlink;
}

/* ---- attributes ---- */

/* A length that no writer produces shows as empty. */
static loff_t shown_size(const struct inode *inode, u64 lower_size)
{
	u64 size;

	if (!mclicfs_is_sealed(inode))
		return lower_size;
	return mclic_plain_size(lower_size, &size) == MCLIC_OK ? size : 0;
}

void mclicfs_refresh(struct inode *inode)
{
	const struct inode *lower = mclicfs_lower_inode(inode);
	loff_t size;

	spin_lock(&inode->i_lock);
	inode->i_mode = (inode->i_mode & S_IFMT) | (lower->i_mode & S_IALLUGO);
	inode->i_uid = lower->i_uid;
	inode->i_gid = lower->i_gid;
	set_nlink(inode, lower->i_nlink);
	inode_set_atime_to_ts(inode, inode_get_atime(lower));
	inode_set_mtime_to_ts(inode, inode_get_mtime(lower));
	inode_set_ctime_to_ts(inode, inode_get_ctime(lower));
	/* Asked under the lock, so that an older answer never replaces a newer one. */
	size = shown_size(inode, i_size_read(lower));
	if (i_size_read(inode) != size)
		i_size_write(inode, size);
	spin_unlock(&inode->i_lock);
}

void mclicfs_stamp_of(struct inode *lower, struct mclicfs_stamp *stamp)
{
	*stamp = (struct mclicfs_stamp){
		.size = i_size_read(lower),
		.mtime = inode_get_mtime(lower),
		.ctime = inode_get_ctime(lower),
		.iversion = IS_I_VERSION(lower) ? inode_query_iversion(lower) : 0,
	};
}

bool mclicfs_stamp_same(const struct mclicfs_stamp *a, const struct mclicfs_stamp *b)
{
	return a->size == b->size && timespec64_equal(&a->mtime, &b->mtime) &&
	       timespec64_equal(&a->ctime, &b->ctime) && a->iversion == b->iversion;
}

static int mclicfs_getattr(mclicfs_idmap *idmap, const struct path *path, struct kstat *stat,
			   u32 request_mask, unsigned int flags)
{
	struct inode *inode = d_inode(path->dentry);
	struct path lower = mclicfs_lower_path(path->dentry);
	const struct cred *old = mclicfs_become(inode->i_sb);
	int err;

	err = vfs_getattr(&lower, stat, request_mask, flags & AT_STATX_SYNC_TYPE);
	revert_creds(old);
	if (err)
		return err;
	mclicfs_refresh(inode);
	stat->dev = inode->i_sb->s_dev;
	if (mclicfs_is_sealed(inode)) {
		stat->size = shown_size(inode, stat->size);
		/* Ours are not the lower file's rules for direct I/O, nor its properties. */
		stat->result_mask &= ~STATX_DIOALIGN;
		stat->attributes &= ~(u64)(STATX_ATTR_VERITY | STATX_ATTR_DAX);
	}
	return 0;
}

/* Generic code looks at our copy of the mode and the owner after it has asked this. */
static bool outdated(const struct inode *inode, const struct inode *lower)
{
	return inode->i_mode != lower->i_mode || !uid_eq(inode->i_uid, lower->i_uid) ||
	       !gid_eq(inode->i_gid, lower->i_gid);
}

static int mclicfs_permission(mclicfs_idmap *idmap, struct inode *inode, int mask)
{
	struct inode *lower = mclicfs_lower_inode(inode);

	if (outdated(inode, lower)) {
		if (mask & MAY_NOT_BLOCK)
			return -ECHILD;		/* it may be on its way out of memory */
		mclicfs_refresh(inode);
	}
	return inode_permission(mclicfs_noidmap, lower, mask);
}

static struct posix_acl *mclicfs_acl(struct inode *inode, int type, bool rcu)
{
	struct inode *lower = mclicfs_lower_inode(inode);
	const struct cred *old;
	struct posix_acl *acl;

	if (!IS_POSIXACL(lower))
		return NULL;
	if (rcu)
		return get_cached_acl_rcu(lower, type);
	old = mclicfs_become(inode->i_sb);
	acl = mclicfs_get_acl(lower, type);
	revert_creds(old);
	return acl;
}

static const char *mclicfs_get_link(struct dentry *dentry, struct inode *inode,
				    struct delayed_call *done)
{
	const struct cred *old;
	const char *target;

	if (!dentry)
		return ERR_PTR(-ECHILD);
	old = mclicfs_become(inode->i_sb);
	target = vfs_get_link(mclicfs_lower_dentry(dentry), done);
	revert_creds(old);
	return target;
}

static const struct inode_operations dir_iops = {
	.lookup = mclicfs_lookup,
	.getattr = mclicfs_getattr,
	.permission = mclicfs_permission,
	.listxattr = mclicfs_listxattr,
	.mclicfs_get_acl = mclicfs_acl,
};

static const struct inode_operations file_iops = {
	.getattr = mclicfs_getattr,
	.permission = mclicfs_permission,
	.listxattr = mclicfs_listxattr,
	.mclicfs_get_acl = mclicfs_acl,
};

static const struct inode_operations symlink_iops = {
	.get_link = mclicfs_get_link,
	.getattr = mclicfs_getattr,
	.permission = mclicfs_permission,
	.listxattr = mclicfs_listxattr,
};

/* ---- identity ---- */

struct identity {
	struct inode *lower;
	struct mclicfs_product *product;
};

static int is_it(struct inode *inode, void *p)
{
	const struct mclicfs_inode *mi = mclicfs_i(inode);
	const struct identity *id = p;

	return mi->lower == id->lower && mi->product == id->product;
}

static int become_it(struct inode *inode, void *p)
{
	struct mclicfs_inode *mi = mclicfs_i(inode);
	const struct identity *id = p;

	ihold(id->lower);
	mi->lower = id->lower;
	mi->product = mclicfs_product_ref(id->product);
	return 0;
}

static void set_operations(struct inode *inode)
{
	switch (inode->i_mode & S_IFMT) {
	case S_IFREG:
		inode->i_op = &file_iops;
		inode->i_fop = &mclicfs_file_fops;
		if (mclicfs_is_sealed(inode)) {
			inode->i_fop = &mclicfs_sealed_fops;
			inode->i_mapping->a_ops = &mclicfs_sealed_aops;
		}
		break;
	case S_IFDIR:
		inode->i_op = &dir_iops;
		inode->i_fop = &mclicfs_dir_fops;
		break;
	case S_IFLNK:
		inode->i_op = &symlink_iops;
		inode_nohighmem(inode);
		break;
	default:
		inode->i_op = &file_iops;
		init_special_inode(inode, inode->i_mode, mclicfs_lower_inode(inode)->i_rdev);
	}
}

struct inode *mclicfs_iget(struct super_block *sb, struct inode *lower,
			   struct mclicfs_product *product)
{
	struct identity id = { lower, product };
	struct inode *inode = iget5_locked(sb, (unsigned long)lower, is_it, become_it, &id);

	if (!inode)
		return ERR_PTR(-ENOMEM);
	if (!(inode->i_state & I_NEW)) {
		mclicfs_refresh(inode);
		return inode;
	}
	inode->i_ino = lower->i_ino;
	inode->i_generation = lower->i_generation;
	inode->i_mode = lower->i_mode;
	/* The lower one caches them, and knows when they change. */
	inode->i_acl = ACL_DONT_CACHE;
	inode->i_default_acl = ACL_DONT_CACHE;
	set_operations(inode);
	mclicfs_refresh(inode);
	unlock_new_inode(inode);
	return inode;
}
