// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Telling the kernel to drop what it has cached. It may have to wait for answers to
 * requests first, so this is a thread of its own, and no request waits for it.
 */
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "mclicfs.h"

#define LOOK_EVERY_S	1	/* at the medium */

/* Products to evict; NULL stands for all. */
struct eviction {
	struct eviction *next;
	struct product *product;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct eviction *first;
	pthread_t thread;
	bool running;
	bool stop;
} queue = { .lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER };

void notify_evict(struct product *p)
{
	struct eviction *e = malloc(sizeof(*e));

	if (!e)
		return;
	product_ref(p);
	e->product = p;
	pthread_mutex_lock(&queue.lock);
	e->next = queue.first;
	queue.first = e;
	pthread_cond_signal(&queue.more);
	pthread_mutex_unlock(&queue.lock);
}

static void evict(struct node *n)
{
	if (node_sealed(n))
		fuse_lowlevel_notify_inval_inode(mnt.se, node_ino(n), 0, 0);
}

/* The next eviction, or NULL after a while or at the end. */
static struct eviction *next(void)
{
	struct eviction *e;
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LOOK_EVERY_S;
	pthread_mutex_lock(&queue.lock);
	while (!queue.first && !queue.stop) {
		if (!medium_watched())
			pthread_cond_wait(&queue.more, &queue.lock);
		else if (pthread_cond_timedwait(&queue.more, &queue.lock, &until))
			break;
	}
	e = queue.first;
	if (e)
		queue.first = e->next;
	pthread_mutex_unlock(&queue.lock);
	return e;
}

static void *notify_main(void *arg)
{
	struct eviction *e;

	(void)arg;
	while (!queue.stop) {
		e = next();
		if (e) {
			node_each(e->product, evict);
			product_put(e->product);
			free(e);
		} else {
			/* Evicts everything when the medium is another. */
			medium_same();
		}
	}
	return NULL;
}

int notify_start(void)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&queue.thread, NULL, notify_main, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	queue.running = !err;
	return err ? mclic_fail(err, "cannot start a thread: %s", strerror(err)) : 0;
}

void notify_stop(void)
{
	struct eviction *e;

	if (!queue.running)
		return;
	pthread_mutex_lock(&queue.lock);
	queue.stop = true;
	pthread_cond_signal(&queue.more);
	pthread_mutex_unlock(&queue.lock);
	pthread_join(queue.thread, NULL);
	while ((e = queue.first)) {
		queue.first = e->next;
		product_put(e->product);
		free(e);
	}
}
