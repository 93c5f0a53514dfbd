// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The answer to a request that does not come whole in its time.
 *
 * The HTTP library takes an answer when a request's head or its last byte is there, but
 * not in between. It does say that a request is over before it closes the connection, in
 * the one thread that uses it. There the answer is written without the library's help.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include <gnutls/gnutls.h>

#include "server.h"

/* In one piece or not at all: nothing is waiting to be sent on such a connection. */
static bool late_send(struct MHD_Connection *c, const char *text, size_t len)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	if (info)
		return gnutls_record_send(info->tls_session, text, len) == (ssize_t)len;
	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	return info && send(info->connect_fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
		       (ssize_t)len;
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

	return text && late_send(c, text, strlen(text));
}
