// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel is given unasked, where the lower file system has it in memory: small
 * files at their first open, and what lies around random reads. There the kernel reads no
 * more than it is asked for, and each question costs more than the block it brings; so it
 * gets the blocks around once, if the file is small beside the memory it will be kept in.
 *
 * The kernel may have to wait for the answer to another request before it takes a page, so
 * for files that are open this is a thread of its own, and no request waits for it.
 */
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "mclicfs.h"

#define CLUSTER		16u	/* blocks given at once */
#define QUEUE		64u
#define SMALL		4u	/* blocks of a read that is worth it */
#define MEMORY_SHARE	4	/* a file may be this part of it */

struct around {
	struct file *f;
	__u64 cluster;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct around items[QUEUE];
	unsigned int head, count;
	pthread_t thread;
	bool running, stop;
	bool in_memory;		/* the lower file system itself is */
	__u64 size_max;
} ahead = { .lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER };

/* ---- requests ---- */

static __u64 cluster_count(const struct content *c)
{
	return (mclic_block_count(c->size) + CLUSTER - 1) / CLUSTER;
}

/* One bit a cluster, set when it was given to the kernel. */
static bool mark(struct content *c, __u64 cluster)
{
	__u8 bit = (__u8)(1u << (cluster % 8));

	return !(atomic_fetch_or(&c->given[cluster / 8], bit) & bit);
}

static void enqueue(struct file *f, __u64 cluster)
{
	pthread_mutex_lock(&ahead.lock);
	if (!ahead.stop && ahead.count < QUEUE && mark(f->content, cluster)) {
		file_ref(f);
		ahead.items[(ahead.head + ahead.count++) % QUEUE] = (struct around){ f, cluster };
		pthread_cond_signal(&ahead.more);
	}
	pthread_mutex_unlock(&ahead.lock);
}

void ahead_prepare(struct content *c)
{
	if (c->size <= ahead.size_max && c->size > MCLIC_BLOCK_SIZE)
		c->given = calloc(cluster_count(c) / 8 + 1, 1);
}

void ahead_read(struct file *f, __u64 first, __u64 count)
{
	__u64 next = atomic_exchange(&f->next, first + count);

	if (f->content->given && count <= SMALL && first && first != next)
		enqueue(f, first / CLUSTER);
}

/* ---- giving ---- */

static int store(const struct node *n, __u64 first, void *plain, size_t len)
{
	struct fuse_bufvec buf = FUSE_BUFVEC_INIT(len);

	buf.buf[0].mem = plain;
	return fuse_lowlevel_notify_store(mnt.se, node_ino(n), (off_t)(first * MCLIC_BLOCK_SIZE),
					  &buf, FUSE_BUF_NO_SPLICE);
}

bool ahead_whole(struct node *n, const struct content *c)
{
	struct worker *w = worker_get();
	size_t good;
	ssize_t len;

	if (!w || !c->size || c->size > CLUSTER * MCLIC_BLOCK_SIZE)
		return false;
	w->in_cache_only = !ahead.in_memory;
	len = content_read(c, n->fd, 0, (__u32)mclic_block_count(c->size), w, &good);
	w->in_cache_only = false;
	return len > 0 && !store(n, 0, w->buf, (size_t)len) && !medium_same();
}

static void give(const struct around *a, struct worker *w)
{
	struct node *n = a->f->node;
	struct content *c = a->f->content;
	__u64 first = a->cluster * CLUSTER, left = mclic_block_count(c->size) - first;
	__u32 count = left < CLUSTER ? (__u32)left : CLUSTER;
	size_t good;
	ssize_t len;

	if (!content_current(n, c) || medium_same())
		return;
	len = content_read(c, a->f->fd, first, count, w, &good);
	if (len <= 0)
		return;
	store(n, first, w->buf, (size_t)len);
	/* The file changed meanwhile: a new open may have dropped its pages before these came. */
	if (!content_current(n, c) || medium_same())
		fuse_lowlevel_notify_inval_inode(mnt.se, node_ino(n),
						 (off_t)(first * MCLIC_BLOCK_SIZE), (off_t)len);
}

static bool next(struct around *a)
{
	bool yes;

	pthread_mutex_lock(&ahead.lock);
	while (!ahead.count && !ahead.stop)
		pthread_cond_wait(&ahead.more, &ahead.lock);
	yes = ahead.count > 0 && !ahead.stop;
	if (yes) {
		*a = ahead.items[ahead.head];
		ahead.head = (ahead.head + 1) % QUEUE;
		ahead.count--;
	}
	pthread_mutex_unlock(&ahead.lock);
	return yes;
}

static void *ahead_main(void *arg)
{
	struct worker *w = worker_get();
	struct around a;

	(void)arg;
	if (!w)
		return NULL;
	w->in_cache_only = !ahead.in_memory;
	while (next(&a)) {
		give(&a, w);
		file_put(a.f);
	}
	return NULL;
}

int ahead_start(void)
{
	__u64 pages = (__u64)sysconf(_SC_PHYS_PAGES), page = (__u64)sysconf(_SC_PAGESIZE);
	struct statfs st;
	sigset_t all, old;
	int err;

	ahead.in_memory = !fstatfs(mnt.lower, &st) && (__u64)st.f_type == TMPFS_MAGIC;
	ahead.size_max = pages * page / MEMORY_SHARE;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&ahead.thread, NULL, ahead_main, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	ahead.running = !err;
	return err ? mclic_fail(err, "cannot start a thread: %s", strerror(err)) : 0;
}

void ahead_stop(void)
{
	if (!ahead.running)
		return;
	pthread_mutex_lock(&ahead.lock);
	ahead.stop = true;
	pthread_cond_signal(&ahead.more);
	pthread_mutex_unlock(&ahead.lock);
	pthread_join(ahead.thread, NULL);
	while (ahead.count--) {
		file_put(ahead.items[ahead.head].f);
		ahead.head = (ahead.head + 1) % QUEUE;
	}
}
