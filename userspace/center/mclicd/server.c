// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The server's start and stop. A pool of threads, each with its own epoll loop and its own
 * database connection, serves a request from its head to its answer (exchange.c).
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server.h"

#define POOL_MIN	4	/* threads wait for the disk, so more than one a core may be used */
#define TLS_PRIORITIES	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct server {
	struct center *center;
	struct MHD_Daemon *daemon;
	pthread_key_t db;	/* struct db of a thread */
	int fd;
	atomic_bool stopping;
	atomic_bool over;
	pthread_mutex_t lock;
	pthread_cond_t idle;
	unsigned int running;	/* exchanges that are not over */
};

struct center *server_center(struct server *s)
{
	return s->center;
}

/* ---- this thread's database connection ---- */

static void server_db_close(void *db)
{
	db_close(db);
}

int server_db(struct server *s, struct db **db)
{
	int ret;

	*db = pthread_getspecific(s->db);
	if (*db)
		return 0;
	ret = center_db(s->center, db);
	if (!ret)
		pthread_setspecific(s->db, *db);
	return ret;
}

/* ---- how much is running ---- */

bool server_is_stopping(struct server *s)
{
	return atomic_load(&s->stopping);
}

bool server_is_over(struct server *s)
{
	return atomic_load(&s->over);
}

void server_enter(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	s->running++;
	pthread_mutex_unlock(&s->lock);
}

void server_leave(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	if (!--s->running)
		pthread_cond_broadcast(&s->idle);
	pthread_mutex_unlock(&s->lock);
}

static enum MHD_Result on_accept(void *cls, const struct sockaddr *address, socklen_t len)
{
	struct server *s = cls;

	(void)address;
	(void)len;
	return server_is_stopping(s) ? MHD_NO : MHD_YES;
}

/* ---- start and stop ---- */

static unsigned int pool_size(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores > POOL_MIN ? (unsigned int)cores : POOL_MIN;
}

/* How many files may be open: @wanted, or as many of them as we get. */
static unsigned int descriptors(unsigned int wanted)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return wanted;
	if (files.rlim_cur < wanted) {
		files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
		if (setrlimit(RLIMIT_NOFILE, &files))
			getrlimit(RLIMIT_NOFILE, &files);
	}
	return files.rlim_cur < wanted ? (unsigned int)files.rlim_cur : wanted;
}

/*
 * Every socket is a descriptor, and the database must never be short of one: what it and the
 * threads need is left for them.
 */
static int sockets_max(unsigned int *connections, unsigned int *lingering)
{
	unsigned int own = 16 + 8 * pool_size(), least = own + 4 * pool_size();
	unsigned int all = own + CONNECTIONS_MAX + LINGER_MAX, n = descriptors(all);

	if (n < least)
		return mclic_fail(EMFILE, "%u open files are too few, %u are the least; raise the "
				  "limit (ulimit -n)", n, least);
	*lingering = (n - own) * LINGER_MAX / (all - own);
	*connections = n - own - *lingering;
	return 0;
}

static struct MHD_Daemon *daemon_start(struct server *s, const struct tls *tls,
				       unsigned int connections)
{
	unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC;
	const struct MHD_OptionItem secure[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, tls ? tls->cert : NULL },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, tls ? tls->key : NULL },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITIES },
		{ MHD_OPTION_END, 0, NULL },
	};
	const struct MHD_OptionItem plain[] = { { MHD_OPTION_END, 0, NULL } };

	if (tls)
		flags |= MHD_USE_TLS;
	return MHD_start_daemon(flags, 0, on_accept, s, on_request, s,
				MHD_OPTION_LISTEN_SOCKET, s->fd,
				MHD_OPTION_THREAD_POOL_SIZE, pool_size(),
				MHD_OPTION_CONNECTION_LIMIT, connections,
				MHD_OPTION_PER_IP_CONNECTION_LIMIT, CONNECTIONS_IP,
				MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
				MHD_OPTION_STRICT_FOR_CLIENT, 1,
				MHD_OPTION_URI_LOG_CALLBACK, on_line, s,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
				MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
				MHD_OPTION_ARRAY, tls ? secure : plain,
				MHD_OPTION_END);
}

static void server_free(struct server *s)
{
	pthread_key_delete(s->db);
	pthread_cond_destroy(&s->idle);
	pthread_mutex_destroy(&s->lock);
	mclic_close_fd(&s->fd);
	free(s);
}

int server_start(struct center *c, int fd, const struct tls *tls, struct server **out)
{
	struct server *s = calloc(1, sizeof(*s));
	unsigned int connections = 0, lingering = 0;
	pthread_condattr_t attr;
	int ret;

	if (!s) {
		close(fd);
		return mclic_fail(ENOMEM, "not enough memory");
	}
	s->center = c;
	s->fd = fd;
	pthread_key_create(&s->db, server_db_close);
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->idle, &attr);
	pthread_condattr_destroy(&attr);
	ret = sockets_max(&connections, &lingering);
	if (ret)
		goto out_free;
	ret = linger_start(lingering);
	if (ret)
		goto out_free;
	ret = deadline_start();
	if (ret)
		goto out_linger;
	s->daemon = daemon_start(s, tls, connections);
	if (s->daemon) {
		*out = s;
		return 0;
	}
	ret = mclic_fail(EIO, "the HTTP server does not start; is the TLS pair one that GnuTLS can "
			 "use?");
	deadline_stop();
out_linger:
	linger_stop();
out_free:
	server_free(s);
	return ret;
}

/*
 * A library that is being stopped queues no answer but says that it did, and one that refuses
 * a request then uses the page that it has not got: no connection may be left.
 *
 * New connections are closed, for MHD_quiesce_daemon() is not safe: it and a thread that wakes
 * meanwhile both take the listening socket out of the thread's epoll, and who comes second
 * aborts the program.
 */
void server_stop(struct server *s)
{
	struct timespec until;

	atomic_store(&s->stopping, true);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += DRAIN_SECONDS;
	pthread_mutex_lock(&s->lock);
	while (s->running)
		if (pthread_cond_timedwait(&s->idle, &s->lock, &until))
			break;
	pthread_mutex_unlock(&s->lock);
	atomic_store(&s->over, true);
	watch_end_all();
	MHD_stop_daemon(s->daemon);
	s->fd = -1;	/* closed */
	deadline_stop();
	linger_stop();
	server_free(s);
}
