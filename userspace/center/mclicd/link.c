// SPDX-License-Identifier: GPL-2.0-or-later
/* A connection, and what is answered where no request came of it. */
#include <linux/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <gnutls/gnutls.h>

#include "server.h"

struct link *link_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static struct link *link_new(struct server *s, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *socket =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *tls =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	struct link *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->server = s;
	l->connection = c;
	l->fd = socket->connect_fd;
	l->tls = tls ? tls->tls_session : NULL;
	l->watch = watch_add(l);
	if (l->watch)
		return l;
	free(l);
	return NULL;
}

static void link_end(struct link *l)
{
	/* Without memory for an error the library does not call on_completed(). */
	if (l->exchange)
		exchange_over(l->exchange);
	watch_remove(l->watch);
	free(l);
}

void on_connection(void *server, struct MHD_Connection *c, void **context,
		   enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = link_new(server, c);
		metrics_connections(1);
		return;
	}
	if (*context)
		link_end(*context);
	*context = NULL;
	metrics_connections(-1);
}

/* ---- what came ---- */

/* Bytes from the client since it connected, those of TLS among them. */
static __u64 link_bytes(const struct link *l)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	getsockopt(l->fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	return info.tcpi_bytes_received;
}

void link_heard(struct link *l)
{
	l->heard = link_bytes(l);
}

/* Does the client still wait for an answer? */
static bool link_is_open(const struct link *l)
{
	ssize_t n;
	char c;

	if (l->tls) {
		n = gnutls_record_recv(l->tls, &c, 1);
		return n > 0 || n == GNUTLS_E_AGAIN;
	}
	n = recv(l->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);
	return n > 0 || (n < 0 && errno == EAGAIN);
}

/* ---- the last answer on a connection ---- */

/* To the request that is running, or to what is none. */
static void link_refuse(struct link *l, enum problem p)
{
	struct exchange *x = l->exchange ? l->exchange : exchange_new(l);

	if (!x)
		return;
	exchange_refuse(x, p);
	exchange_over(x);
}

static enum problem link_problem(unsigned int status)
{
	switch (status) {
	case MHD_HTTP_CONTENT_TOO_LARGE:
		return PROBLEM_TOO_LARGE;
	case MHD_HTTP_URI_TOO_LONG:
		return PROBLEM_URI_TOO_LONG;
	case MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE:
		return PROBLEM_HEAD_TOO_LARGE;
	case MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED:
		return PROBLEM_HTTP_VERSION;
	default:
		return PROBLEM_BAD_HTTP;
	}
}

/* The library's own page is not sent behind ours: nothing can be any more. */
void link_refused(struct MHD_Connection *c, unsigned int status)
{
	struct link *l = link_of(c);

	if (!l || l->closing)
		return;
	l->closing = true;
	link_refuse(l, link_problem(status));
	if (l->tls)
		gnutls_bye(l->tls, GNUTLS_SHUT_WR);
	else
		shutdown(l->fd, SHUT_WR);
}

/* Is it closed behind a request that came whole? The library goes back to the next before. */
static bool link_is_answered(const struct link *l)
{
	return MHD_get_connection_info(l->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
}

/* What came and got no answer; nothing, where the client only waited. */
static enum problem link_leftover(const struct link *l)
{
	if (!watch_is_slow(l->watch))
		return PROBLEM_BAD_HTTP;
	return link_bytes(l) > l->heard ? PROBLEM_TOO_SLOW : PROBLEM_NONE;
}

void link_closing(int fd)
{
	struct link *l = watch_link(fd);
	enum problem p;

	if (!l || l->closing)
		return;
	l->closing = true;
	if (link_is_answered(l) || server_is_stopping(l->server) || !link_is_open(l))
		return;
	p = link_leftover(l);
	if (p)
		link_refuse(l, p);
}
