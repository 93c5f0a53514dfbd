/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where kernels differ. Kbuild includes this in front of every file and sets the
 * MCLICFS_HAVE_* that it finds in the kernel's headers; no other file asks.
 */
#ifndef MCLICFS_COMPAT_H
#define MCLICFS_COMPAT_H

#include <linux/fs.h>
#include <linux/mnt_idmapping.h>

/* Who maps user ids: a user namespace in earlier kernels, an idmap of its own later. */
#ifdef MCLICFS_HAVE_IDMAP
#define mclicfs_idmap	struct mnt_idmap
#define mclicfs_noidmap	(&nop_mnt_idmap)
#else
#define mclicfs_idmap	struct user_namespace
#define mclicfs_noidmap	(&init_user_ns)
#endif

#endif /* MCLICFS_COMPAT_H */
