// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * No connection is open for ever. The HTTP library ends those on which nothing moves, but
 * one that sends a byte now and then would live on. When its time for the whole request is
 * up, a thread makes its socket deaf: the library hears nothing more and ends it as it
 * would a silent one, and the client is told then. (It would also end one whose reading side
 * is shut down, but then GnuTLS sends nothing more.) What outlives that is shut down.
 *
 * A watch is on the list only while its descriptor is open, so under the lock the
 * descriptor is that connection's.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "server.h"

/* The library is not woken for less. Who sends more at once is noticed by on_request(). */
#define DEAF_BYTES	(64 << 10)
/* The library has ended a silent one by then. */
#define DEAF_SECONDS	(IDLE_SECONDS + 5)

/* A thread may wait for the database as long. */
#define END_SECONDS	20

enum watch_phase {
	WATCH_REQUEST,	/* the client's turn: a request, or the rest of one */
	WATCH_REPLY,	/* ours, then the client's to take the answer */
	WATCH_LATE,	/* deaf until it is closed */
};

struct watch {
	struct watch *next, *previous;
	struct link *link;
	time_t until;		/* CLOCK_MONOTONIC */
	enum watch_phase phase;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;	/* it is to stop, or the ring is empty */
	pthread_t thread;
	bool stop;
	struct watch all;	/* head of the ring */
} watches = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.all = { .next = &watches.all, .previous = &watches.all },
};

static void end_late_one(struct watch *w, time_t now)
{
	static const int deaf = DEAF_BYTES;

	if (w->phase != WATCH_REQUEST) {
		shutdown(w->link->fd, SHUT_RDWR);
		return;
	}
	w->phase = WATCH_LATE;
	w->until = now + DEAF_SECONDS;
	setsockopt(w->link->fd, SOL_SOCKET, SO_RCVLOWAT, &deaf, sizeof(deaf));
}

static void end_late_ones(time_t now)
{
	struct watch *w;

	for (w = watches.all.next; w != &watches.all; w = w->next)
		if (w->until <= now)
			end_late_one(w, now);
}

static void *deadline_run(void *unused)
{
	struct timespec now;

	pthread_mutex_lock(&watches.lock);
	while (!watches.stop) {
		now = clock_monotonic();
		end_late_ones(now.tv_sec);
		now.tv_sec++;
		pthread_cond_timedwait(&watches.changed, &watches.lock, &now);
	}
	pthread_mutex_unlock(&watches.lock);
	return unused;
}

int deadline_start(void)
{
	pthread_condattr_t attr;
	int err;

	watches.stop = false;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&watches.changed, &attr);
	pthread_condattr_destroy(&attr);
	err = pthread_create(&watches.thread, NULL, deadline_run, NULL);
	return err ? mclic_fail(err, "cannot start a thread: %s", strerror(err)) : 0;
}

void deadline_stop(void)
{
	pthread_mutex_lock(&watches.lock);
	watches.stop = true;
	pthread_cond_broadcast(&watches.changed);
	pthread_mutex_unlock(&watches.lock);
	pthread_join(watches.thread, NULL);
}

void watch_end_all(void)
{
	struct timespec until = clock_monotonic();
	struct watch *w;

	until.tv_sec += END_SECONDS;
	pthread_mutex_lock(&watches.lock);
	for (w = watches.all.next; w != &watches.all; w = w->next)
		shutdown(w->link->fd, SHUT_RDWR);
	while (watches.all.next != &watches.all)
		if (pthread_cond_timedwait(&watches.changed, &watches.lock, &until))
			break;
	pthread_mutex_unlock(&watches.lock);
}

struct watch *watch_add(struct link *l)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->link = l;
	w->until = clock_monotonic().tv_sec + REQUEST_SECONDS;
	pthread_mutex_lock(&watches.lock);
	w->next = &watches.all;
	w->previous = watches.all.previous;
	w->previous->next = w;
	watches.all.previous = w;
	pthread_mutex_unlock(&watches.lock);
	return w;
}

struct link *watch_link(int fd)
{
	struct link *l = NULL;
	struct watch *w;

	pthread_mutex_lock(&watches.lock);
	for (w = watches.all.next; w != &watches.all && !l; w = w->next)
		if (w->link->fd == fd)
			l = w->link;
	pthread_mutex_unlock(&watches.lock);
	return l;
}

static bool watch_set(struct watch *w, enum watch_phase phase, unsigned int seconds)
{
	bool in_time;

	pthread_mutex_lock(&watches.lock);
	in_time = w->phase != WATCH_LATE;
	if (in_time) {
		w->phase = phase;
		w->until = clock_monotonic().tv_sec + (time_t)seconds;
	}
	pthread_mutex_unlock(&watches.lock);
	return in_time;
}

void watch_request(struct watch *w)
{
	watch_set(w, WATCH_REQUEST, REQUEST_SECONDS);
}

bool watch_reply(struct watch *w, size_t len)
{
	return watch_set(w, WATCH_REPLY, REPLY_SECONDS + (unsigned int)(len / REPLY_RATE));
}

bool watch_is_late(struct watch *w)
{
	bool late;

	pthread_mutex_lock(&watches.lock);
	late = w->phase == WATCH_LATE;
	pthread_mutex_unlock(&watches.lock);
	return late;
}

bool watch_is_slow(struct watch *w)
{
	bool slow;

	pthread_mutex_lock(&watches.lock);
	slow = w->phase == WATCH_LATE ||
	       clock_monotonic().tv_sec >= w->until - REQUEST_SECONDS + IDLE_SECONDS;
	pthread_mutex_unlock(&watches.lock);
	return slow;
}

void watch_remove(struct watch *w)
{
	pthread_mutex_lock(&watches.lock);
	w->previous->next = w->next;
	w->next->previous = w->previous;
	if (watches.all.next == &watches.all)
		pthread_cond_broadcast(&watches.changed);
	pthread_mutex_unlock(&watches.lock);
	free(w);
}
