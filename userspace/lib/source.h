/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What source.c asks of source_dir.c and source_iso.c. */
#ifndef MCLIC_SOURCE_H
#define MCLIC_SOURCE_H

#include "libmclic.h"

/**
 * struct source_ops - one kind of source
 * @dirs: names of the directories at the top, in any order, NULL-terminated
 * @open: regular file at @path from the top; -ENOENT without a message when there is
 *	none, -EINVAL without a message when it is no regular file
 * @pread: as mclic_source_pread()
 * @place: where in the image it lies, in one piece. NULL where there is no image
 * @close_file: releases what @open gave
 * @close: releases the source
 *
 * All but @close may be called by several threads at once.
 */
struct source_ops {
	int (*dirs)(struct mclic_source *s, char ***names);
	int (*open)(struct mclic_source *s, const char *path, struct mclic_source_file **f,
		    __u64 *len);
	ssize_t (*pread)(struct mclic_source_file *f, void *buf, size_t len, __u64 off);
	__u64 (*place)(const struct mclic_source_file *f);
	void (*close_file)(struct mclic_source_file *f);
	void (*close)(struct mclic_source *s);
};

/* The head of each kind's own struct. */
struct mclic_source {
	const struct source_ops *ops;
	char *path;		/* as the user named it, for messages */
};

struct mclic_source_file {
	const struct source_ops *ops;
};

/* Take over @fd on success. */
int mclic_source_dir_new(int fd, struct mclic_source **s);
int mclic_source_iso_new(int fd, const char *path, struct mclic_source **s);

/* Append a copy of @name to a NULL-terminated list; -ENOMEM. */
int mclic_strv_add(char ***v, size_t *n, const char *name);

#endif /* MCLIC_SOURCE_H */
