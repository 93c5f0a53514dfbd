// SPDX-License-Identifier: GPL-2.0-or-later
/* The functions behind the cleanup attributes of libmclic.h. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "libmclic.h"

void mclic_free_ptr(void *p)
{
	free(*(void **)p);
}

void mclic_close_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

void mclic_json_put(json_t **j)
{
	json_decref(*j);
}
