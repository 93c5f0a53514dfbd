// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The client of a request that was refused before its end may still be sending. Were its
 * socket closed, the kernel would answer what comes with a reset, and most clients then
 * drop the refusal that they have not read. So the socket is kept for a while, by a
 * descriptor that the HTTP library does not know, and what comes is thrown away.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server.h"

static struct {
	pthread_mutex_t lock;
	pthread_t thread;
	int wake;		/* the thread: there is one more, or it is time to stop */
	atomic_bool stop;
	unsigned int max;
	unsigned int count;	/* only the thread makes it smaller */
	int fds[LINGER_MAX];
	time_t until[LINGER_MAX];
} lingering = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Does the client still send, or wait? */
static bool linger_drain(int fd)
{
	ssize_t n = recv(fd, NULL, SWALLOW_MAX, MSG_DONTWAIT | MSG_TRUNC);

	return n > 0 || (n < 0 && errno == EAGAIN);
}

static void linger_end(unsigned int i)
{
	pthread_mutex_lock(&lingering.lock);
	close(lingering.fds[i]);
	lingering.count--;
	lingering.fds[i] = lingering.fds[lingering.count];
	lingering.until[i] = lingering.until[lingering.count];
	pthread_mutex_unlock(&lingering.lock);
}

/* Wait until something comes, a second at most; the others may be out of time. */
static void linger_round(void)
{
	struct pollfd p[LINGER_MAX + 1];
	unsigned int i, n;
	eventfd_t woken;

	pthread_mutex_lock(&lingering.lock);
	n = lingering.count;
	for (i = 0; i < n; i++)
		p[i] = (struct pollfd){ .fd = lingering.fds[i], .events = POLLIN };
	pthread_mutex_unlock(&lingering.lock);
	p[n] = (struct pollfd){ .fd = lingering.wake, .events = POLLIN };
	poll(p, n + 1, n ? 1000 : -1);
	if (p[n].revents)
		eventfd_read(lingering.wake, &woken);
	for (i = n; i-- > 0; )
		if (clock_monotonic().tv_sec >= lingering.until[i] ||
		    (p[i].revents && !linger_drain(p[i].fd)))
			linger_end(i);
}

static void *linger_run(void *unused)
{
	while (!atomic_load(&lingering.stop))
		linger_round();
	while (lingering.count)
		linger_end(0);
	return unused;
}

int linger_start(unsigned int max)
{
	int err;

	lingering.max = max;
	atomic_store(&lingering.stop, false);
	lingering.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (lingering.wake < 0)
		return mclic_fail(errno, "cannot make an eventfd: %s", strerror(errno));
	err = pthread_create(&lingering.thread, NULL, linger_run, NULL);
	if (!err)
		return 0;
	mclic_close_fd(&lingering.wake);
	return mclic_fail(err, "cannot start a thread: %s", strerror(err));
}

void linger_stop(void)
{
	atomic_store(&lingering.stop, true);
	eventfd_write(lingering.wake, 1);
	pthread_join(lingering.thread, NULL);
	mclic_close_fd(&lingering.wake);
}

static void linger_keep(int fd)
{
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return;
	lingering.fds[lingering.count] = fd;
	lingering.until[lingering.count] = clock_monotonic().tv_sec + REQUEST_SECONDS;
	lingering.count++;
	eventfd_write(lingering.wake, 1);
}

void linger_add(int fd)
{
	/* What is there already may be all of it. */
	if (!linger_drain(fd))
		return;
	pthread_mutex_lock(&lingering.lock);
	if (lingering.count < lingering.max)
		linger_keep(fd);
	pthread_mutex_unlock(&lingering.lock);
}
