// SPDX-License-Identifier: GPL-2.0-or-later
/* What each thread has for itself: a buffer, a cipher context, ids to take on. */
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mclicfs.h"

#define BUFFER_SIZE	(REQUEST_MAX + 2 * MCLIC_BLOCK_SIZE)
#define TAGS_SIZE	(2 * MCLIC_GROUP_BLOCKS * MCLIC_TAG_SIZE)
#define GROUPS_START	64

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void worker_free(void *p)
{
	struct worker *w = p;

	mclic_blocks_free(w->blocks);
	if (w->buf)
		munmap(w->buf, BUFFER_SIZE + TAGS_SIZE);
	free(w);
}

static void make_key(void)
{
	pthread_key_create(&key, worker_free);
}

static struct worker *worker_new(void)
{
	struct worker *w = calloc(1, sizeof(*w));
	void *p;

	if (!w)
		return NULL;
	/* An umask of its own: one caller's must not be that of another's file. */
	if (unshare(CLONE_FS)) {
		free(w);
		return NULL;
	}
	p = mmap(NULL, BUFFER_SIZE + TAGS_SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p != MAP_FAILED) {
		w->buf = p;
		w->tags = w->buf + BUFFER_SIZE;
		w->blocks = mclic_blocks_new();
	}
	if (!w->blocks || pthread_setspecific(key, w)) {
		worker_free(w);
		return NULL;
	}
	return w;
}

struct worker *worker_get(void)
{
	struct worker *w;

	pthread_once(&once, make_key);
	w = pthread_getspecific(key);
	return w ? w : worker_new();
}

/*
 * Ids belong to a thread as far as the kernel is concerned; the C library would change
 * those of all threads, so it is not asked.
 */
static int set_groups(size_t count, const gid_t *groups)
{
	return syscall(SYS_setgroups, count, groups) ? -errno : 0;
}

/* The caller's supplementary groups; a caller that has ended meanwhile has none. */
static int caller_groups(fuse_req_t req, gid_t **groups)
{
	int size = GROUPS_START, n;

	for (;;) {
		*groups = calloc((size_t)size, sizeof(**groups));
		if (!*groups)
			return -ENOMEM;
		n = fuse_req_getgroups(req, size, *groups);
		if (n <= size)
			return n < 0 ? 0 : n;
		free(*groups);
		size = n;
	}
}

static int become(fuse_req_t req, const struct fuse_ctx *ctx)
{
	MCLIC_AUTO_FREE gid_t *groups = NULL;
	int n = caller_groups(req, &groups);
	int err;

	if (n < 0)
		return n;
	err = set_groups((size_t)n, groups);
	if (err)
		return err;
	setfsgid(ctx->gid);
	setfsuid(ctx->uid);	/* last: it takes the capabilities away */
	return 0;
}

int worker_become(fuse_req_t req)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);

	if (!worker_get())
		return -ENOMEM;
	umask(ctx->umask);
	return mnt.as_root && (ctx->uid || ctx->gid) ? become(req, ctx) : 0;
}

void worker_return(void)
{
	if (!mnt.as_root)
		return;
	setfsuid(0);
	setfsgid(0);
	set_groups(0, NULL);
}
