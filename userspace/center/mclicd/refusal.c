// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An answer that the HTTP library does not take.
 *
 * It takes one when a request's head or its last byte is there: not in between, and not for
 * what it refuses itself. There the answer is written without its help, in the one thread
 * that uses the connection.
 */
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include <gnutls/gnutls.h>

#include "server.h"

/* In one piece or not at all: nothing is waiting to be sent on such a connection. */
static bool refusal_write(const struct link *l, const char *text, size_t len)
{
	if (l->tls)
		return gnutls_record_send(l->tls, text, len) == (ssize_t)len;
	return send(l->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

/* Past a cork of the library's. */
static void refusal_push(int fd)
{
	static const int now = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &now, sizeof(now));
}

static char *refusal_text(unsigned int status, const char *problem)
{
	char date[64], *text;
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (asprintf(&text, "HTTP/1.1 %u %s\r\n"
			    "Date: %s\r\n"
			    "Connection: close\r\n"
			    "Cache-Control: no-store\r\n"
			    "Content-Type: " TYPE_PROBLEM "\r\n"
			    "Content-Length: %zu\r\n\r\n%s", status,
		     MHD_get_reason_phrase_for(status), date, strlen(problem), problem) < 0)
		return NULL;
	return text;
}

bool refusal_send(const struct link *l, enum problem p, const char *detail)
{
	MCLIC_AUTO_JSON json_t *j = problem_json(p, detail);
	MCLIC_AUTO_FREE char *problem = j ? json_dumps(j, JSON_COMPACT) : NULL;
	MCLIC_AUTO_FREE char *text = problem ? refusal_text(problem_status(p), problem) : NULL;

	bool sent = text && refusal_write(l, text, strlen(text));

	if (sent)
		refusal_push(l->fd);
	/* If not, earlier answers may still be on their way. */
	linger_add(l->fd);
	return sent;
}
