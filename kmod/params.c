// SPDX-License-Identifier: GPL-2.0-only
/* Mount options. */
#include <linux/backing-dev.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <keys/user-type.h>

#include "mclicfs.h"

#define READAHEAD_MIN	4	/* KiB */
#define READAHEAD_MAX	16384

enum { OPT_LOWER, OPT_AREA, OPT_KEY, OPT_READAHEAD };

const struct fs_parameter_spec mclicfs_parameters[] = {
	fsparam_string("lower", OPT_LOWER),
	fsparam_string("area", OPT_AREA),
	fsparam_s32("key", OPT_KEY),
	fsparam_u32("readahead", OPT_READAHEAD),
	{}
};

void mclicfs_set_readahead(struct super_block *sb, unsigned int kib)
{
	unsigned long pages = max(kib >> (PAGE_SHIFT - 10), 1u);

	sb->s_bdi->ra_pages = pages;
	sb->s_bdi->io_pages = pages;
}

static unsigned int readahead_of(const struct super_block *sb)
{
	return sb->s_bdi->ra_pages << (PAGE_SHIFT - 10);
}

static void take_string(char **to, struct fs_parameter *param)
{
	kfree(*to);
	*to = param->string;
	param->string = NULL;
}

/* A key that the caller may use, and that is one of ours. */
static struct key *find_key(struct fs_context *fc, key_serial_t serial)
{
	key_ref_t ref = lookup_user_key(serial, 0, KEY_NEED_SEARCH);
	struct key *key;

	if (IS_ERR(ref)) {
		errorfc(fc, "key=%d: there is no such key, or it may not be used", serial);
		return ERR_CAST(ref);
	}
	key = key_ref_to_ptr(ref);
	if (key->type == &key_type_logon &&
	    !strncmp(key->description, MCLICFS_KEY_PREFIX, strlen(MCLICFS_KEY_PREFIX)))
		return key;
	key_put(key);
	errorfc(fc, "key=%d: not a logon key \"" MCLICFS_KEY_PREFIX "...\"", serial);
	return ERR_PTR(-EINVAL);
}

static int add_key(struct fs_context *fc, key_serial_t serial)
{
	struct mclicfs_options *opt = fc->fs_private;
	struct key *key;

	if (opt->key_count == MCLICFS_KEYS_MAX)
		return invalfc(fc, "key=%d: more than %u keys", serial, MCLICFS_KEYS_MAX);
	key = find_key(fc, serial);
	if (IS_ERR(key))
		return PTR_ERR(key);
	opt->keys[opt->key_count++] = key;
	return 0;
}

static int parse_param(struct fs_context *fc, struct fs_parameter *param)
{
	struct mclicfs_options *opt = fc->fs_private;
	struct fs_parse_result result;
	int option = fs_parse(fc, mclicfs_parameters, param, &result);

	switch (option) {
	case OPT_LOWER:
		take_string(&opt->lower, param);
		return 0;
	case OPT_AREA:
		take_string(&opt->area, param);
		return 0;
	case OPT_KEY:
		return add_key(fc, result.int_32);
	case OPT_READAHEAD:
		if (result.uint_32 < READAHEAD_MIN || result.uint_32 > READAHEAD_MAX)
			return invalfc(fc, "readahead=%u: %u to %u KiB", result.uint_32,
				       READAHEAD_MIN, READAHEAD_MAX);
		opt->readahead = result.uint_32;
		return 0;
	}
	return option;
}

static int get_tree(struct fs_context *fc)
{
	return get_tree_nodev(fc, mclicfs_fill_super);
}

/* mount(8) repeats the options that are shown, and those change nothing. */
static int reconfigure(struct fs_context *fc)
{
	const struct mclicfs_options *opt = fc->fs_private;
	struct super_block *sb = fc->root->d_sb;
	const char *area = mclicfs_fs(sb)->area_path;

	if (fc->sb_flags_mask & SB_RDONLY && !(fc->sb_flags & SB_RDONLY)) {
		errorfc(fc, "mclicfs can only be mounted read-only");
		return -EROFS;
	}
	if (opt->lower || opt->key_count)
		return invalfc(fc, "lower= and key= are for mounting only");
	if (opt->area && (!area || strcmp(opt->area, area)))
		return invalfc(fc, "area= cannot be changed");
	mclicfs_set_readahead(sb, opt->readahead);
	return 0;
}

static void free_options(struct fs_context *fc)
{
	struct mclicfs_options *opt = fc->fs_private;

	if (!opt)
		return;
	while (opt->key_count)
		key_put(opt->keys[--opt->key_count]);
	kfree(opt->lower);
	kfree(opt->area);
	kfree(opt);
}

static const struct fs_context_operations context_ops = {
	.free = free_options,
	.parse_param = parse_param,
	.get_tree = get_tree,
	.reconfigure = reconfigure,
};

int mclicfs_init_fs_context(struct fs_context *fc)
{
	struct mclicfs_options *opt = kzalloc(sizeof(*opt), GFP_KERNEL);

	if (!opt)
		return -ENOMEM;
	opt->readahead = MCLICFS_READAHEAD;
	if (fc->purpose == FS_CONTEXT_FOR_RECONFIGURE)
		opt->readahead = readahead_of(fc->root->d_sb);
	fc->fs_private = opt;
	fc->ops = &context_ops;
	return 0;
}

int mclicfs_show_options(struct seq_file *m, struct dentry *root)
{
	const struct mclicfs_fs *fs = mclicfs_fs(root->d_sb);

	if (fs->area_path)
		seq_show_option(m, "area", fs->area_path);
	if (readahead_of(root->d_sb) != MCLICFS_READAHEAD)
		seq_printf(m, ",readahead=%u", readahead_of(root->d_sb));
	return 0;
}
