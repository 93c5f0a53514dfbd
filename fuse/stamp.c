// SPDX-License-Identifier: GPL-2.0-or-later
/* Has a lower file changed since it was looked at last? */
#include "mclicfs.h"

void stamp_of(const struct stat *st, struct stamp *s)
{
	*s = (struct stamp){
		.ino = st->st_ino,
		.size = (__u64)st->st_size,
		.mtime = st->st_mtim,
		.ctime = st->st_ctim,
	};
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool stamp_same(const struct stamp *a, const struct stamp *b)
{
	return a->ino == b->ino && a->size == b->size && same_time(&a->mtime, &b->mtime) &&
	       same_time(&a->ctime, &b->ctime);
}
