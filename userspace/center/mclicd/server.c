// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections and requests. A pool of threads, each with its own epoll loop and its own
 * database connection, serves a request from its head to its answer.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
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

static int server_db(struct server *s, struct db **db)
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

/* ---- answering ---- */

/* What the client is told where our own sentence is for the operator. */
static const char *problem_detail(const struct exchange *x, enum problem p)
{
	switch (p) {
	case PROBLEM_BUSY:
		return "Nothing can be recorded at the moment; try again";
	case PROBLEM_INTERNAL:
		return "The operator's log has more";
	case PROBLEM_NOT_FOUND:
		return "Documentation/protocol.rst lists the addresses";
	case PROBLEM_METHOD_NOT_ALLOWED:
		return "The header Allow lists the methods of this address";
	case PROBLEM_UNSUPPORTED_TYPE:
		problem_refuse(p, "This address takes a body of type %s", x->route->type);
		return mclic_message();
	case PROBLEM_TOO_LARGE:
		problem_refuse(p, "A body has at most %u bytes", BODY_MAX);
		return mclic_message();
	default:
		return mclic_message();
	}
}

static struct MHD_Response *problem_response(struct exchange *x, enum problem p)
{
	MCLIC_AUTO_JSON json_t *j = problem_json(p, problem_detail(x, p));
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	struct MHD_Response *r;

	if (!text)
		return NULL;
	r = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (!r) {
		free(text);
		return NULL;
	}
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, TYPE_PROBLEM);
	if (p == PROBLEM_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, route_allow(x));
	if (p == PROBLEM_BAD_TOKEN)
		MHD_add_response_header(r, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	if (p == PROBLEM_BUSY)
		MHD_add_response_header(r, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	return r;
}

static enum problem exchange_run(struct exchange *x, struct MHD_Response **response)
{
	enum problem p = x->problem;
	struct db *db;

	if (p)
		return p;
	if (x->length > BODY_MAX)
		return PROBLEM_TOO_LARGE;
	p = problem_of(server_db(x->server, &db));
	return p ? p : x->route->run(x, db, response);
}

static enum MHD_Result exchange_answer(struct exchange *x)
{
	struct MHD_Response *r = NULL;
	enum MHD_Result queued;

	if (!watch_reply(x->watch, 0))
		return MHD_NO;
	x->answer = exchange_run(x, &r);
	if (x->answer == PROBLEM_BUSY)
		metrics_busy();
	if (x->answer == PROBLEM_BUSY || x->answer == PROBLEM_INTERNAL)
		log_line("error", problem_name(x->answer), json_pack("{s:s}", "message",
								    mclic_message()));
	if (x->answer) {
		r = problem_response(x, x->answer);
		x->status = problem_status(x->answer);
	} else if (!x->status) {
		x->status = MHD_HTTP_OK;
	}
	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	watch_reply(x->watch, x->reply_len);
	queued = MHD_queue_response(x->connection, x->status, r);
	MHD_destroy_response(r);
	return queued;
}

/* ---- a request, from its head to its end ---- */

static void exchange_free(struct exchange *x)
{
	if (x->body)
		mclic_wipe(x->body, x->len);
	free(x->body);
	free(x->method);
	free(x->path);
	free(x);
}

/* The request line is there. What is returned goes to on_request() and on_completed(). */
static void *on_line(void *cls, const char *uri, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info;
	struct exchange *x = calloc(1, sizeof(*x));
	struct server *s = cls;

	(void)uri;
	if (!x)
		return NULL;
	x->server = s;
	x->connection = connection;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	x->watch = info ? info->socket_context : NULL;
	clock_gettime(CLOCK_MONOTONIC, &x->started);
	pthread_mutex_lock(&s->lock);
	s->running++;
	pthread_mutex_unlock(&s->lock);
	return x;
}

/* The library has judged Content-Length's form already. */
static bool exchange_is_huge(const struct exchange *x)
{
	const char *v = MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND,
						    MHD_HTTP_HEADER_CONTENT_LENGTH);

	return v && strtoull(v, NULL, 10) > SWALLOW_MAX;
}

/*
 * What is too much is read and dropped, so that the client gets to read why: the library
 * takes no answer in the middle of a body. The deadline ends one without end.
 */
static bool exchange_store(struct exchange *x, const char *data, size_t len)
{
	char *larger;

	x->length += len;
	if (x->problem || x->length > BODY_MAX || !x->route->type)
		return true;
	larger = malloc(x->len + len);
	if (!larger)
		return false;
	if (x->body) {
		memcpy(larger, x->body, x->len);
		mclic_wipe(x->body, x->len);
		free(x->body);
	}
	memcpy(larger + x->len, data, len);
	x->body = larger;
	x->len += len;
	return true;
}

/* The head is there. */
static enum MHD_Result exchange_begin(struct exchange *x, const char *method, const char *path)
{
	x->method = strdup(method);
	x->path = strdup(path);
	if (!x->method || !x->path)
		return MHD_NO;
	route_find(x);
	if (!exchange_is_huge(x))
		return MHD_YES;
	x->problem = PROBLEM_TOO_LARGE;
	return exchange_answer(x);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *data_len, void **state)
{
	struct exchange *x = *state;

	(void)cls;
	(void)connection;
	(void)version;
	if (!x || watch_late(x->watch))
		return MHD_NO;
	if (!x->method)
		return exchange_begin(x, method, url);
	if (!*data_len)
		return exchange_answer(x);
	if (!exchange_store(x, data, *data_len))
		return MHD_NO;
	*data_len = 0;
	return MHD_YES;
}

static json_t *remote_address(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *a = info ? info->client_addr : NULL;
	char text[INET6_ADDRSTRLEN] = "";

	if (a && a->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, text, sizeof(text));
	else if (a && a->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, text,
			  sizeof(text));
	return json_string(text);
}

static void exchange_log(const struct exchange *x, __u64 microseconds)
{
	char hash[2 * MCLIC_HASH_SIZE + 1], id[2 * MCLIC_ID_SIZE + 1];
	json_t *line = json_object();

	json_object_set_new(line, "method", log_text(x->method ? x->method : ""));
	json_object_set_new(line, "path", log_text(x->path ? x->path : ""));
	json_object_set_new(line, "status", json_integer(x->status));
	json_object_set_new(line, "ms", json_real((double)microseconds / 1000));
	json_object_set_new(line, "remote", remote_address(x->connection));
	if (x->answer)
		json_object_set_new(line, "problem", json_string(problem_name(x->answer)));
	if (x->note.operation) {
		mclic_hex(x->note.request_hash, MCLIC_HASH_SIZE, hash);
		json_object_set_new(line, "request", json_stringn(hash, 16));
	}
	if (!mclic_is_zero(x->note.licence_id, MCLIC_ID_SIZE)) {
		mclic_hex(x->note.licence_id, MCLIC_ID_SIZE, id);
		json_object_set_new(line, "licence", json_string(id));
		json_object_set_new(line, "repeated", json_boolean(x->note.repeated));
	}
	log_line("info", "request", line);
}

/*
 * Without an answer of ours: the library has given one, or the client was silent, or late
 * (one that still sent is refused by on_request()), or it went away.
 */
static void exchange_end(struct exchange *x, enum MHD_RequestTerminationCode how)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_HTTP_STATUS);

	if (info) {
		x->status = info->http_status;
	} else if ((how == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED || watch_late(x->watch)) &&
		   late_tell(x->connection)) {
		x->answer = PROBLEM_TOO_SLOW;
		x->status = problem_status(x->answer);
	}
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode how)
{
	struct exchange *x = *state;
	struct server *s = cls;
	struct timespec now;
	__u64 spent;

	(void)connection;
	if (!x)
		return;
	*state = NULL;
	if (!x->status)
		exchange_end(x, how);
	clock_gettime(CLOCK_MONOTONIC, &now);
	spent = (__u64)(now.tv_sec - x->started.tv_sec) * 1000000 +
		(__u64)((now.tv_nsec - x->started.tv_nsec) / 1000);
	metrics_request(x->route ? x->route->endpoint : ENDPOINT_OTHER, x->status, spent);
	exchange_log(x, spent);
	watch_request(x->watch);
	exchange_free(x);
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
	return atomic_load(&s->stopping) ? MHD_NO : MHD_YES;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info;

	(void)cls;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		metrics_connections(1);
		info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		*context = info ? watch_add(info->connect_fd) : NULL;
	} else {
		watch_remove(*context);
		*context = NULL;
		metrics_connections(-1);
	}
}

/* ---- start and stop ---- */

static unsigned int pool_size(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores > POOL_MIN ? (unsigned int)cores : POOL_MIN;
}

/* Every connection is a descriptor; the database must never be short of one. */
static unsigned int connections_max(void)
{
	struct rlimit files;
	rlim_t spare = 16 + 8 * pool_size();

	if (getrlimit(RLIMIT_NOFILE, &files))
		return CONNECTIONS_MAX / 2;
	if (files.rlim_cur < CONNECTIONS_MAX + spare && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = CONNECTIONS_MAX + spare;
		if (files.rlim_cur > files.rlim_max)
			files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
		getrlimit(RLIMIT_NOFILE, &files);
	}
	if (files.rlim_cur >= CONNECTIONS_MAX + spare)
		return CONNECTIONS_MAX;
	return files.rlim_cur > 2 * spare ? (unsigned int)(files.rlim_cur - spare) :
	       (unsigned int)spare;
}

static struct MHD_Daemon *daemon_start(struct server *s, const struct tls *tls)
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
				MHD_OPTION_CONNECTION_LIMIT, connections_max(),
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
	ret = deadline_start();
	if (ret) {
		server_free(s);
		return ret;
	}
	s->daemon = daemon_start(s, tls);
	if (!s->daemon) {
		deadline_stop();
		server_free(s);
		return mclic_fail(EIO, "the HTTP server does not start; is the TLS pair one that "
				  "GnuTLS can use?");
	}
	*out = s;
	return 0;
}

/*
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
	MHD_stop_daemon(s->daemon);
	s->fd = -1;	/* closed */
	deadline_stop();
	server_free(s);
}
