// SPDX-License-Identifier: GPL-2.0-only
/* Extended attributes: those of the lower file system, to read. */
#include "mclicfs.h"

static int get(const struct xattr_handler *handler, struct dentry *dentry, struct inode *inode,
	       const char *name, void *value, size_t size)
{
	const struct cred *old = mclicfs_become(inode->i_sb);
	int n = vfs_getxattr(mclicfs_noidmap, mclicfs_lower_dentry(dentry), name, value, size);

	revert_creds(old);
	return n;
}

/* An empty prefix: every name. */
static const struct xattr_handler any_name = {
	.prefix = "",
	.get = get,
};

mclicfs_xattr_table mclicfs_xattrs[] = {
	&any_name,
	NULL
};

/* As the caller, not as the mounter: who asks decides which names are listed. */
ssize_t mclicfs_listxattr(struct dentry *dentry, char *list, size_t size)
{
	return vfs_listxattr(mclicfs_lower_dentry(dentry), list, size);
}
