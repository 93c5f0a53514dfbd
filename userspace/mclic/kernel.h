/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands whose target is a mount of the kernel's mclicfs: its ioctls do the work. */
#ifndef MCLIC_PROGRAM_KERNEL_H
#define MCLIC_PROGRAM_KERNEL_H

#include "userspace/lib/kernel.h"

#include "mclic.h"

/* ---- kernel_mounts.c ---- */

/** kernel_mounts() - call @each with every mount of the kernel's mclicfs, open for reading */
int kernel_mounts(int (*each)(void *ctx, int fd, const char *path), void *ctx);

/**
 * kernel_lists() - give every mount the revocation lists of @t
 *
 * Root alone may; for others this does nothing, and the next mount has them.
 */
int kernel_lists(struct mclic_trust *t);

/* ---- kernel_show.c ---- */

/** kernel_slots() - as say_slots(): JSON array of the slots in use, each with its state */
int kernel_slots(int fd, const char *path, json_t **slots);
/** kernel_info() - mclic info of a mount */
int kernel_info(int fd, const struct options *o);

/* ---- kernel_import.c ---- */

/** kernel_import() - put @r, the answer to @k, to use through a mount; @a gets what happened */
int kernel_import(int fd, const char *path, const struct kept *k, const struct mclic_response *r,
		  struct accepted *a);

/* ---- kernel_verify.c ---- */

struct verify;

/** kernel_verify() - licences, and every byte of every file below a mount (or of one title) */
int kernel_verify(struct verify *v, int fd, const struct options *o);

#endif /* MCLIC_PROGRAM_KERNEL_H */
