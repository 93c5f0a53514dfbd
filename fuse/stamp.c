// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Has a lower file changed since it was looked at last? Its times tell, but only in steps:
 * those of the kernel's clock, or of what the file system keeps. A file that changes twice
 * within one step looks the same after both.
 */
#include <stdlib.h>
#include <time.h>

#include "mclicfs.h"

#define MS		1000000ll	/* nanoseconds */
#define STEP		(20 * MS)	/* the clock's is 10 ms at most, and so is that of exFAT */
#define STEP_SECONDS	(2000 * MS)	/* FAT */

static bool within(const struct timespec *a, const struct timespec *b, long long step)
{
	long long seconds = a->tv_sec - b->tv_sec;

	return llabs(seconds) <= 2 &&
	       llabs(seconds * 1000 * MS + a->tv_nsec - b->tv_nsec) < step;
}

/* By the clock that files get their times from, which is read without a system call. */
static bool is_young(const struct stamp *s)
{
	long long step = s->mtime.tv_nsec || s->ctime.tv_nsec ? STEP : STEP_SECONDS;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return within(&s->mtime, &now, step) || within(&s->ctime, &now, step);
}

void stamp_of(const struct stat *st, struct stamp *s)
{
	*s = (struct stamp){
		.ino = st->st_ino,
		.size = (__u64)st->st_size,
		.mtime = st->st_mtim,
		.ctime = st->st_ctim,
	};
	s->young = is_young(s);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool stamp_same(const struct stamp *then, const struct stamp *now)
{
	return !then->young && then->ino == now->ino && then->size == now->size &&
	       same_time(&then->mtime, &now->mtime) && same_time(&then->ctime, &now->ctime);
}
