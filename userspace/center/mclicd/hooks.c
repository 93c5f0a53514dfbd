// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the HTTP library says, and leaves unsaid, by itself.
 *
 * What is no HTTP it refuses with a page of its own, and a connection whose request line
 * does not come, or is none, it closes without a word. It has no option for either. But it
 * calls these functions by their names, and a program's definition of a name stands before
 * that of a shared library: so its calls come by here, in the thread that uses the
 * connection, and each goes on to the function that is meant.
 *
 * This takes a shared library that was not linked to keep its calls of its own functions
 * inside (-Bsymbolic). tests/center/abuse.sh fails with another.
 */
#include <dlfcn.h>
#include <sys/socket.h>

#include <gnutls/gnutls.h>

#include "server.h"

static struct {
	enum MHD_Result (*queue)(struct MHD_Connection *c, unsigned int status,
				 struct MHD_Response *r);
	int (*bye)(gnutls_session_t session, gnutls_close_request_t how);
	int (*shutdown)(int fd, int how);
} meant;

/* Before main(), so that no call finds these empty. */
__attribute__((constructor)) static void hooks_start(void)
{
	*(void **)&meant.queue = dlsym(RTLD_NEXT, "MHD_queue_response");
	*(void **)&meant.bye = dlsym(RTLD_NEXT, "gnutls_bye");
	*(void **)&meant.shutdown = dlsym(RTLD_NEXT, "shutdown");
}

enum MHD_Result hook_queue(struct MHD_Connection *c, unsigned int status, struct MHD_Response *r)
{
	return meant.queue(c, status, r);
}

/* The library refuses: ours go through hook_queue(). */
enum MHD_Result MHD_queue_response(struct MHD_Connection *c, unsigned int status,
				   struct MHD_Response *r)
{
	link_refused(c, status);
	return meant.queue(c, status, r);
}

/*
 * The library closes a connection with TLS. Its close() is not the end of a socket that
 * lingers, so that end is made here.
 */
int gnutls_bye(gnutls_session_t session, gnutls_close_request_t how)
{
	int fd = gnutls_transport_get_int(session), ret;

	link_closing(fd);
	ret = meant.bye(session, how);
	meant.shutdown(fd, SHUT_WR);
	return ret;
}

/* It closes one without. */
int shutdown(int fd, int how)
{
	if (how == SHUT_WR)
		link_closing(fd);
	return meant.shutdown(fd, how);
}
