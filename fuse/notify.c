// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Telling the kernel to drop what it has cached. It may have to wait for answers to
 * requests first, so this is a thread of its own, and no request waits for it.
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mclicfs.h"

#define LOOK_EVERY_MS	1000	/* at the medium */

/* Products to evict; NULL stands for all. */
struct eviction {
	struct eviction *next;
	struct product *product;
};

static struct {
	pthread_mutex_t lock;
	struct eviction *first;
	pthread_t thread;
	bool running;
	bool stop;
	atomic_bool trim;
	int wake;		/* eventfd */
	int watch;
} queue = { .lock = PTHREAD_MUTEX_INITIALIZER, .wake = -1, .watch = -1 };

static void wake(void)
{
	eventfd_write(queue.wake, 1);
}

void notify_evict(struct product *p)
{
	struct eviction *e = malloc(sizeof(*e));
	bool asked;

	if (!e)
		return;
	product_ref(p);
	e->product = p;
	pthread_mutex_lock(&queue.lock);
	asked = queue.first && queue.first->product == p;
	if (!asked) {
		e->next = queue.first;
		queue.first = e;
	}
	pthread_mutex_unlock(&queue.lock);
	if (asked) {
		product_put(p);
		free(e);
	} else {
		wake();
	}
}

void notify_trim(void)
{
	if (!atomic_exchange(&queue.trim, true))
		wake();
}

static void evict(struct node *n)
{
	struct product *p = n->product;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	if (medium_same() && p->key)
		verdict_forget(p);
	pthread_mutex_unlock(&p->lock);
	if (!node_sealed(n))
		return;
	fuse_lowlevel_notify_inval_inode(mnt.se, node_ino(n), 0, 0);
	content_drop(n);
}

/* The next eviction, or NULL. */
static struct eviction *next(bool *stop)
{
	struct eviction *e;

	pthread_mutex_lock(&queue.lock);
	e = queue.first;
	if (e)
		queue.first = e->next;
	*stop = queue.stop;
	pthread_mutex_unlock(&queue.lock);
	return e;
}

static void *notify_main(void *arg)
{
	struct pollfd fds[2] = {
		{ .fd = queue.wake, .events = POLLIN }, { .fd = queue.watch, .events = POLLIN },
	};
	struct eviction *e;
	eventfd_t count;
	bool stop = false;

	(void)arg;
	while (!stop) {
		poll(fds, 2, medium_watched() ? LOOK_EVERY_MS : -1);
		if (fds[0].revents)
			eventfd_read(queue.wake, &count);
		if (fds[1].revents)
			watch_events();
		if (atomic_exchange(&queue.trim, false))
			trim_nodes();
		/* Asks for evictions itself when the medium is another. */
		medium_same();
		while ((e = next(&stop))) {
			node_each(e->product, evict);
			product_put(e->product);
			free(e);
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

int notify_prepare(void)
{
	queue.wake = eventfd(0, EFD_CLOEXEC);
	if (queue.wake < 0)
		return mclic_fail(errno, "cannot start: %s", strerror(errno));
	queue.watch = watch_start();
	return 0;
}

void notify_stop(void)
{
	if (!queue.running)
		return;
	pthread_mutex_lock(&queue.lock);
	queue.stop = true;
	pthread_mutex_unlock(&queue.lock);
	wake();
	pthread_join(queue.thread, NULL);
}
