// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The answer to a request that does not come whole in its time.
 *
 * The HTTP library takes an answer when a request's head or its last byte is there, but
 * not in between. It does say that a request is over before it closes the connection, in
 * the one thread that uses it. There the answer is written without the library's help.
 */
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include <gnutls/gnutls.h>

#include "server.h"

/* In one piece or not at all: nothing is waiting to be sent on such a connection. */
static bool late_send(struct MHD_Connection *c, int fd, const char *text, size_t len)
{
	const union MHD_ConnectionInfo *tls =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	if (tls)
		return gnutls_record_send(tls->tls_session, text, len) == (ssize_t)len;
	return send(fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

/* What would keep the answer from being read: a cork of the library's, and what was not heard. */
static void late_push(int fd)
{
	static const int now = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &now, sizeof(now));
	recv(fd, NULL, SWALLOW_MAX, MSG_DONTWAIT | MSG_TRUNC);
}

static char *late_answer(const char *problem)
{
	char date[64], *text;
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (asprintf(&text, "HTTP/1.1 408 Request Timeout\r\n"
			    "Date: %s\r\n"
			    "Connection: close\r\n"
			    "Cache-Control: no-store\r\n"
			    "Content-Type: " TYPE_PROBLEM "\r\n"
			    "Content-Length: %zu\r\n\r\n%s", date, strlen(problem), problem) < 0)
		return NULL;
	return text;
}

bool late_tell(struct MHD_Connection *c)
{
	enum problem p = problem_refuse(PROBLEM_TOO_SLOW, "A request has to be whole within %u "
					"seconds, without a pause of %u; make it again",
					REQUEST_SECONDS, IDLE_SECONDS);
	MCLIC_AUTO_JSON json_t *j = problem_json(p, mclic_message());
	MCLIC_AUTO_FREE char *problem = j ? json_dumps(j, JSON_COMPACT) : NULL;
	MCLIC_AUTO_FREE char *text = problem ? late_answer(problem) : NULL;
	const union MHD_ConnectionInfo *socket =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (!text || !socket || !late_send(c, socket->connect_fd, text, strlen(text)))
		return false;
	late_push(socket->connect_fd);
	return true;
}
