// SPDX-License-Identifier: GPL-2.0-or-later
/* The listening socket. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server.h"

#define LISTEN_BACKLOG	511

/* getaddrinfo() would take a number modulo 65536. */
static bool listen_is_port(const char *text)
{
	size_t len = strlen(text);

	return len && len <= 5 && strspn(text, "0123456789") == len && atoi(text) <= 65535;
}

static int listen_resolve(const char *text, struct addrinfo **found)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	const char *colon = strrchr(text, ':');
	MCLIC_AUTO_FREE char *host = NULL;
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool bracketed = len >= 2 && text[0] == '[' && text[len - 1] == ']';

	if (!len || !listen_is_port(colon + 1) || (!bracketed && memchr(text, ':', len)))
		goto bad;
	host = bracketed ? strndup(text + 1, len - 2) : strndup(text, len);
	if (!host)
		return mclic_fail(ENOMEM, "not enough memory");
	if (!getaddrinfo(host, colon + 1, &hints, found))
		return 0;
bad:
	return mclic_usage("--listen %s: ADDR:PORT or [ADDR]:PORT expected, in numbers, such as "
			   "127.0.0.1:8443", text);
}

static bool listen_is_loopback(const struct sockaddr *a)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;

	if (a->sa_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return a->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static int listen_bind(const char *text, const struct addrinfo *a)
{
	int one = 1, fd;

	fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return mclic_fail(errno, "--listen %s: %s", text, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, LISTEN_BACKLOG)) {
		int err = errno;

		close(fd);
		return mclic_fail(err, "--listen %s: cannot listen there: %s", text, strerror(err));
	}
	return fd;
}

static int listen_name(int fd, char **address)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);
	char host[NI_MAXHOST], port[NI_MAXSERV];
	const char *shape;

	if (getsockname(fd, (struct sockaddr *)&a, &len) ||
	    getnameinfo((struct sockaddr *)&a, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		return mclic_fail(EIO, "cannot tell the address that was chosen");
	shape = a.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s";
	if (asprintf(address, shape, host, port) < 0) {
		*address = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	return 0;
}

int listen_check(const char *text, bool loopback_only)
{
	struct addrinfo *a = NULL;
	int ret = listen_resolve(text, &a);

	if (ret)
		return ret;
	if (loopback_only && !listen_is_loopback(a->ai_addr))
		ret = mclic_fail(EPERM, "--plain-http: only on a loopback address, not on %s; leave "
				 "it out to serve over TLS", text);
	freeaddrinfo(a);
	return ret;
}

int listen_open(const char *text, char **address)
{
	struct addrinfo *a = NULL;
	int fd, ret;

	ret = listen_resolve(text, &a);
	if (ret)
		return ret;
	fd = listen_bind(text, a);
	freeaddrinfo(a);
	if (fd < 0)
		return fd;
	ret = listen_name(fd, address);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

void listen_host(int fd, char host[INET6_ADDRSTRLEN])
{
	struct sockaddr_storage a = { 0 };
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a;
	socklen_t len = sizeof(a);

	host[0] = '\0';
	getsockname(fd, (struct sockaddr *)&a, &len);
	if (a.ss_family == AF_INET && v4->sin_addr.s_addr != htonl(INADDR_ANY))
		inet_ntop(AF_INET, &v4->sin_addr, host, INET6_ADDRSTRLEN);
	else if (a.ss_family == AF_INET6 && !IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
		inet_ntop(AF_INET6, &v6->sin6_addr, host, INET6_ADDRSTRLEN);
}
