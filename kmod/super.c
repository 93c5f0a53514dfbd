// SPDX-License-Identifier: GPL-2.0-only
/* The module; mounting and unmounting. */
#include <linux/module.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/statfs.h>

#include "mclicfs.h"

void mclicfs_msg(const struct super_block *sb, struct dentry *dentry, const char *fmt, ...)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);
	const char *device = mclicfs_fs(sb)->lower.dentry->d_sb->s_id, *path = "";
	struct va_format text = { .fmt = fmt };
	char *buf = NULL;
	va_list args;

	if (!__ratelimit(&limit))
		return;
	if (dentry)
		buf = __getname();
	if (buf)
		path = dentry_path_raw(dentry, buf, PATH_MAX);
	if (IS_ERR(path))
		path = "";
	va_start(args, fmt);
	text.va = &args;
	/* A name may hold anything, also what a terminal would obey. */
	pr_warn("mclicfs (%s): %*pE%s%pV\n", device, (int)strlen(path), path, *path ? ": " : "",
		&text);
	va_end(args);
	if (buf)
		__putname(buf);
}

static int mclicfs_statfs(struct dentry *dentry, struct kstatfs *st)
{
	struct path lower = mclicfs_lower_path(dentry);
	const struct cred *old = mclicfs_become(dentry->d_sb);
	int err = vfs_statfs(&lower, st);

	revert_creds(old);
	st->f_type = MCLICFS_SUPER_MAGIC;
	st->f_fsid = u64_to_fsid(huge_encode_dev(dentry->d_sb->s_dev));
	return err;
}

static const struct super_operations mclicfs_sops = {
	.alloc_inode = mclicfs_alloc_inode,
	.free_inode = mclicfs_free_inode,
	.evict_inode = mclicfs_evict_inode,
	.drop_inode = mclicfs_drop_inode,
	.statfs = mclicfs_statfs,
	.show_options = mclicfs_show_options,
};

/* ---- mounting ---- */

static struct mclicfs_fs *new_fs(struct super_block *sb)
{
	struct mclicfs_fs *fs = kzalloc(sizeof(*fs), GFP_KERNEL);

	if (!fs)
		return NULL;
	fs->sb = sb;
	init_rwsem(&fs->world);
	spin_lock_init(&fs->products_lock);
	INIT_LIST_HEAD(&fs->products);
	mutex_init(&fs->lock);
	INIT_LIST_HEAD(&fs->keys);
	mutex_init(&fs->put);
	fs->cred = prepare_creds();
	if (!fs->cred) {
		kfree(fs);
		return NULL;
	}
	return fs;
}

/* No inode is left, so neither are products, nor what they know. */
static void free_fs(struct mclicfs_fs *fs)
{
	mclicfs_keys_free(fs);
	mclicfs_revocations_free(fs);
	mclicfs_area_close(fs);
	if (fs->lower.mnt) {
		dput(fs->lower.dentry);
		kern_unmount(fs->lower.mnt);
	}
	put_cred(fs->cred);
	kfree(fs->area_path);
	kfree(fs);
}

static bool has_own_names(const struct dentry *root)
{
	if (root->d_flags & (DCACHE_OP_HASH | DCACHE_OP_COMPARE))
		return true;
#if IS_ENABLED(CONFIG_UNICODE)
	return root->d_sb->s_encoding;
#else
	return false;
#endif
}

static int check_lower(struct fs_context *fc, const struct path *path)
{
	const struct super_block *sb = path->dentry->d_sb;

	if (sb->s_type == &mclicfs_type)
		return invalfc(fc, "the lower directory is of mclicfs already");
	if (is_idmapped_mnt(path->mnt))
		return invalfc(fc, "the lower directory is of an idmapped mount");
	if (sb->s_stack_depth >= FILESYSTEM_MAX_STACK_DEPTH)
		return invalfc(fc, "too many file systems are stacked below the lower directory");
	return 0;
}

/* Whoever mounts must be able to reach the directory, and the name may be a link. */
static int pin_lower(struct mclicfs_fs *fs, struct fs_context *fc, const char *name)
{
	struct vfsmount *mnt;
	struct path path;
	int err;

	if (!name)
		return invalfc(fc, "no source: which directory is to be shown?");
	err = kern_path(name, LOOKUP_FOLLOW, &path);
	if (err) {
		errorfc(fc, "the lower directory cannot be reached");
		return err;
	}
	err = -ENOTDIR;
	if (!d_is_dir(path.dentry)) {
		errorfc(fc, "not a directory (mount.mclicfs mounts devices and images)");
		goto out;
	}
	err = check_lower(fc, &path);
	if (err)
		goto out;
	mnt = clone_private_mount(&path);
	err = PTR_ERR_OR_ZERO(mnt);
	if (err) {
		errorfc(fc, "the lower directory's mount cannot be cloned");
		goto out;
	}
	/* Reading through a read-only mount writes nothing. */
	mnt->mnt_flags |= MNT_NOATIME | MNT_NODIRATIME;
	fs->lower = (struct path){ .mnt = mnt, .dentry = dget(path.dentry) };
	fs->no_negative = has_own_names(path.dentry);
out:
	path_put(&path);
	return err;
}

static void set_up_sb(struct super_block *sb, const struct super_block *lower)
{
	sb->s_magic = MCLICFS_SUPER_MAGIC;
	sb->s_op = &mclicfs_sops;
	sb->s_d_op = &mclicfs_dops;
	sb->s_xattr = mclicfs_xattrs;
	sb->s_flags |= SB_RDONLY | SB_NOATIME | (lower->s_flags & SB_POSIXACL);
	sb->s_iflags |= lower->s_iflags & (SB_I_NOEXEC | SB_I_NODEV);
	sb->s_stack_depth = lower->s_stack_depth + 1;
	sb->s_blocksize = PAGE_SIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	sb->s_maxbytes = lower->s_maxbytes;
	sb->s_time_gran = lower->s_time_gran;
	sb->s_time_min = lower->s_time_min;
	sb->s_time_max = lower->s_time_max;
}

static int set_up_bdi(struct super_block *sb, unsigned int readahead)
{
	int err = super_setup_bdi(sb);

	if (err)
		return err;
	mclicfs_set_readahead(sb, readahead);
	return 0;
}

static int add_keys(struct mclicfs_fs *fs, const struct mclicfs_options *opt)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < opt->key_count && !err; i++)
		err = mclicfs_key_add(fs, opt->keys[i]);
	return err;
}

int mclicfs_fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct mclicfs_options *opt = fc->fs_private;
	struct mclicfs_fs *fs = new_fs(sb);
	struct dentry *root;
	int err;

	if (!fs)
		return -ENOMEM;
	sb->s_fs_info = fs;
	err = pin_lower(fs, fc, opt->lower ? opt->lower : fc->source);
	if (err)
		return err;
	set_up_sb(sb, fs->lower.dentry->d_sb);
	err = set_up_bdi(sb, opt->readahead);
	if (err)
		return err;
	mclicfs_medium_start(fs);
	swap(fs->area_path, opt->area);
	err = mclicfs_area_open(fs);
	if (err) {
		errorfc(fc, "area=: not .mclic/area of the lower directory, nor on its disk");
		return err;
	}
	err = add_keys(fs, opt);
	if (err)
		return err;
	root = mclicfs_dentry_root(sb);
	if (IS_ERR(root))
		return PTR_ERR(root);
	sb->s_root = root;
	return 0;
}

static void kill_sb(struct super_block *sb)
{
	kill_anon_super(sb);
	if (sb->s_fs_info)
		free_fs(sb->s_fs_info);
}

struct file_system_type mclicfs_type = {
	.owner = THIS_MODULE,
	.name = MCLICFS_NAME,
	.init_fs_context = mclicfs_init_fs_context,
	.parameters = mclicfs_parameters,
	.kill_sb = kill_sb,
};

/* ---- the module ---- */

static int __init mclicfs_init(void)
{
	int err = mclicfs_inode_cache_init();

	if (err)
		return err;
	err = mclicfs_crypto_start();
	if (err)
		goto out_cache;
	err = mclicfs_read_init();
	if (err)
		goto out_cache;
	err = mclicfs_keyring_init();
	if (err)
		goto out_read;
	err = mclicfs_medium_init();
	if (err)
		goto out_keyring;
	err = register_filesystem(&mclicfs_type);
	if (err)
		goto out_medium;
	return 0;

out_medium:
	mclicfs_medium_exit();
out_keyring:
	mclicfs_keyring_exit();
out_read:
	mclicfs_read_exit();
out_cache:
	mclicfs_inode_cache_exit();
	return err;
}

static void __exit mclicfs_exit(void)
{
	unregister_filesystem(&mclicfs_type);
	mclicfs_medium_exit();
	mclicfs_keyring_exit();
	mclicfs_read_exit();
	mclicfs_inode_cache_exit();
}

module_init(mclicfs_init);
module_exit(mclicfs_exit);

MODULE_ALIAS_FS(MCLICFS_NAME);
MODULE_AUTHOR("mclicfs contributors");
MODULE_DESCRIPTION("Media-bound software licences: the licensed view of a medium");
MODULE_LICENSE("GPL");
MODULE_SOFTDEP("pre: gcm cmac aesni_intel");
