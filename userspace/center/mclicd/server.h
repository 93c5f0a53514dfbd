/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mclicd: what its files share. One section a file. */
#ifndef MCLICD_SERVER_H
#define MCLICD_SERVER_H

#include <netinet/in.h>
#include <time.h>

#include <microhttpd.h>

#include "userspace/center/center.h"

#define TYPE_PROBLEM	"application/problem+json"

/* Documentation/protocol.rst, "Limits", names these. */
#define BODY_MAX	(64u << 10)
#define SWALLOW_MAX	(1u << 20)	/* who announces more is refused before it is read */
#define CONNECTIONS_MAX	1024
#define CONNECTIONS_IP	128
#define IDLE_SECONDS	15		/* without a byte */
#define REQUEST_SECONDS	20		/* from connecting to the last byte of the request */
#define LINGER_MAX	128		/* sockets whose client is sending what was refused */
#define REPLY_SECONDS	30		/* for an answer, and ... */
#define REPLY_RATE	8192		/* ... a second more for so many bytes */
#define DRAIN_SECONDS	10		/* for requests that run when the server stops */

/* ---- log.c: one JSON object a line on standard error ---- */

/** log_line() - write @fields (taken) with time and level; bytes that are not UTF-8 are shown as "?" */
void log_line(const char *level, const char *event, json_t *fields);
/** log_text() - a JSON string of what a client sent, cut and made clean */
json_t *log_text(const char *text);

/* ---- metrics.c ---- */

enum endpoint {
	ENDPOINT_STATUS,
	ENDPOINT_ENROL,
	ENDPOINT_LICENCES,
	ENDPOINT_PRODUCTS,
	ENDPOINT_PRODUCT,
	ENDPOINT_REGISTER,
	ENDPOINT_REVOCATIONS,
	ENDPOINT_HEALTH,
	ENDPOINT_METRICS,
	ENDPOINT_OTHER,
	ENDPOINT_COUNT
};

/** metrics_request() - count one that is over; @status 0: the client left, or could not be told */
void metrics_request(enum endpoint e, unsigned int status, __u64 microseconds);
/** metrics_licence() - count what became of a request for a licence */
void metrics_licence(const struct issue_note *note, enum problem p);
/** metrics_busy() - count a database that was locked or full */
void metrics_busy(void);
/** metrics_connections() - one more (1) or less (-1) is open */
void metrics_connections(int change);
/** metrics_text() - all of it in Prometheus' text format; free() it */
char *metrics_text(void);

/* ---- clock.c ---- */

/** clock_start() - believe the machine's clock, and watch it from now on */
void clock_start(void);
/** clock_monotonic() - time that nobody puts right */
struct timespec clock_monotonic(void);
/** clock_now() - seconds since 1970; goes on as before when the clock is put far ahead */
__u64 clock_now(void);

/* ---- deadline.c: no connection is open for ever ---- */

struct link;
struct watch;

int deadline_start(void);
void deadline_stop(void);
/** watch_add() - watch a new connection; NULL without memory */
struct watch *watch_add(struct link *l);
/** watch_link() - the connection of @fd, while it is watched, else NULL */
struct link *watch_link(int fd);
/** watch_request() - the time for the next request begins */
void watch_request(struct watch *w);
/**
 * watch_reply() - the time for making, and for taking, an answer of @len bytes begins
 *
 * Return: false when the request came too late for one.
 */
bool watch_reply(struct watch *w, size_t len);
/** watch_is_late() - the request did not come whole in its REQUEST_SECONDS */
bool watch_is_late(struct watch *w);
/** watch_is_slow() - it did not, or IDLE_SECONDS have passed since its time began */
bool watch_is_slow(struct watch *w);
/** watch_end_all() - end all connections, and wait until they are closed */
void watch_end_all(void);
/** watch_remove() - before its descriptor is closed */
void watch_remove(struct watch *w);

/* ---- listen.c ---- */

/**
 * listen_check() - may the center listen there?
 * @text: ADDR:PORT or [ADDR]:PORT; port 0 picks a free one
 * @loopback_only: refuse other addresses (-EPERM): nothing protects what is sent
 */
int listen_check(const char *text, bool loopback_only);
/**
 * listen_open() - a listening socket
 * @text: as above
 * @address: gets ADDR:PORT as it became, for a URL; free() it
 *
 * Return: the descriptor or a negative errno.
 */
int listen_open(const char *text, char **address);
/** listen_host() - the address that @fd listens on, or "" when it listens on all */
void listen_host(int fd, char host[INET6_ADDRSTRLEN]);

/* ---- tls.c ---- */

/** struct tls - what the HTTP library is given; free with tls_free() */
struct tls {
	char *cert;
	char *key;		/* in locked memory */
	size_t key_len;
};

/** tls_load() - the pair of --tls, CERT,KEY */
int tls_load(const char *arg, struct tls *t);
/** tls_own() - the center's own pair; made if missing, for the address of socket @listening too */
int tls_own(const struct center *c, int listening, struct tls *t);
/** tls_free() - also after a failure of these */
void tls_free(struct tls *t);

/* ---- server.c ---- */

struct server;

/** server_start() - serve @c on @fd (taken), over TLS unless @tls is NULL */
int server_start(struct center *c, int fd, const struct tls *tls, struct server **s);
/** server_stop() - accept nothing more, finish what runs, end */
void server_stop(struct server *s);
/** server_center() - for the routes */
struct center *server_center(struct server *s);
/** server_db() - this thread's connection to the database */
int server_db(struct server *s, struct db **db);
/** server_is_stopping() - do connections end because the server does? */
bool server_is_stopping(struct server *s);
/** server_is_over() - did it wait long enough for what was running? */
bool server_is_over(struct server *s);
/** server_enter() - one more request is running: server_stop() waits for it */
void server_enter(struct server *s);
/** server_leave() - it is over */
void server_leave(struct server *s);

/* ---- link.c: connections ---- */

/**
 * struct link - a connection; used by the one thread that serves it
 * @server: whose
 * @connection: of the HTTP library
 * @fd: its socket
 * @tls: its gnutls_session_t, or NULL
 * @watch: its time
 * @exchange: the request that is running, or NULL
 * @heard: bytes that had come when the last one was over; more are the next one's
 * @closing: its last answer is given, or it gets none
 */
struct link {
	struct server *server;
	struct MHD_Connection *connection;
	int fd;
	void *tls;
	struct watch *watch;
	struct exchange *exchange;
	__u64 heard;
	bool closing;
};

/** on_connection() - the HTTP library calls it when one begins and ends */
void on_connection(void *server, struct MHD_Connection *c, void **context,
		   enum MHD_ConnectionNotificationCode what);
/** link_of() - that of @c; NULL when there was no memory for it */
struct link *link_of(struct MHD_Connection *c);
/** link_heard() - what came until now is over: the rest is the next request's */
void link_heard(struct link *l);
/** link_refused() - the HTTP library refuses with @status: tell the client in our words */
void link_refused(struct MHD_Connection *c, unsigned int status);
/** link_closing() - it closes the connection of @fd: answer what came and is no request */
void link_closing(int fd);

/* ---- hooks.c ---- */

/** hook_queue() - MHD_queue_response(), for our own answers */
enum MHD_Result hook_queue(struct MHD_Connection *c, unsigned int status,
			   struct MHD_Response *r);

/* ---- linger.c ---- */

/** linger_start() - @max: sockets at once, at most LINGER_MAX */
int linger_start(unsigned int max);
void linger_stop(void);
/** linger_add() - its client may still be sending: let it read the answer after @fd is closed */
void linger_add(int fd);

/* ---- refusal.c ---- */

/** refusal_send() - answer @p past the HTTP library, as the last on @l; did it go out? */
bool refusal_send(const struct link *l, enum problem p, const char *detail);

/* ---- framing.c ---- */

/** framing_is_plain() - do the headers of a request say its end so that nobody reads another? */
bool framing_is_plain(struct MHD_Connection *c);

/* ---- exchange.c: requests ---- */

/**
 * struct exchange - one request and its answer
 * @link: its connection
 * @started: when its request line was there
 * @method: as sent; NULL until the whole head is there
 * @path: as sent, without the query; likewise
 * @route: what it is for, or NULL
 * @argument: the last part of the path, where the route takes one
 * @problem: found before the body was read
 * @body: room for BODY_MAX bytes, or NULL when none came
 * @len: their number
 * @length: bytes that came, stored or not
 * @status: of the answer, 0 before
 * @reply_len: of a long answer, 0 otherwise
 * @answer: PROBLEM_NONE or what the client was told
 * @note: of POST /v1/licences
 */
struct exchange {
	struct link *link;
	struct timespec started;
	char *method;
	char *path;
	const struct route *route;
	const char *argument;
	enum problem problem;
	char *body;
	size_t len;
	__u64 length;
	unsigned int status;
	size_t reply_len;
	enum problem answer;
	struct issue_note note;
};

/** exchange_new() - one begins on @l; NULL without memory */
struct exchange *exchange_new(struct link *l);
/** exchange_refuse() - answer @p past the HTTP library */
void exchange_refuse(struct exchange *x, enum problem p);
/** exchange_over() - count and log it, and free it */
void exchange_over(struct exchange *x);

/** on_line() - the request line is there */
void *on_line(void *server, const char *uri, struct MHD_Connection *connection);
/** on_request() - its head is there; then for each piece of its body; then it is whole */
enum MHD_Result on_request(void *server, struct MHD_Connection *connection, const char *url,
			   const char *method, const char *version, const char *data,
			   size_t *data_len, void **state);
/** on_completed() - it is over, answered or not; the connection may go on */
void on_completed(void *server, struct MHD_Connection *connection, void **state,
		  enum MHD_RequestTerminationCode how);

/* ---- routes.c: what the addresses do ---- */

/**
 * struct route - a method of an address
 * @path: of the address; ends in a slash when an argument follows
 * @method: "GET" (also HEAD) or "POST"
 * @type: content type of the body, or NULL when there is none
 * @endpoint: for the metrics
 * @run: does it: sets @response, or returns a problem
 */
struct route {
	const char *path;
	const char *method;
	const char *type;
	enum endpoint endpoint;
	enum problem (*run)(struct exchange *x, struct db *db, struct MHD_Response **response);
};

/** route_find() - set route and argument of @x, or its problem */
void route_find(struct exchange *x);
/** route_allow() - methods that the address of @x has, e.g. "GET, HEAD" */
const char *route_allow(const struct exchange *x);

#endif /* MCLICD_SERVER_H */
