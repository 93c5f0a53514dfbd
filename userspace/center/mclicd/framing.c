// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does everybody see a request end at the same byte? A proxy that takes other headers for its
 * length than the HTTP library does, passes on the end of one as the begin of another.
 *
 * Of two lengths, codings or hosts the library takes the first, and it reads chunks only where
 * they are the one coding. It keeps a blank before the
 * colon as a part of the name, and of a value that begins on the next line it makes a longer
 * name.
 */
#include <strings.h>

#include "server.h"

struct framing {
	unsigned int lengths;	/* or codings */
	unsigned int hosts;
	bool odd;
};

/* A name that only begins so is one that goes on. */
static void look_at_length(struct framing *f, const char *name, const char *header)
{
	if (strncasecmp(name, header, strlen(header)))
		return;
	if (strlen(name) > strlen(header) || f->lengths++)
		f->odd = true;
}

static enum MHD_Result look_at(void *framing, enum MHD_ValueKind kind, const char *name,
			       const char *value)
{
	struct framing *f = framing;

	(void)kind;
	look_at_length(f, name, MHD_HTTP_HEADER_CONTENT_LENGTH);
	look_at_length(f, name, MHD_HTTP_HEADER_TRANSFER_ENCODING);
	if (strpbrk(name, " \t") || (!strcasecmp(name, MHD_HTTP_HEADER_HOST) && f->hosts++) ||
	    (!strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) &&
	     strcasecmp(value ? value : "", "chunked")))
		f->odd = true;
	return MHD_YES;
}

bool framing_is_plain(struct MHD_Connection *c)
{
	struct framing f = { 0 };

	MHD_get_connection_values(c, MHD_HEADER_KIND, look_at, &f);
	return !f.odd;
}
