// SPDX-License-Identifier: GPL-2.0-or-later
/* A response through the kernel: it writes, flushes, reads back, checks, and undoes. */

#include <stdlib.h>

#include "kernel.h"

static int remove_ended(int fd, const char *path, const struct mclic_terms *ended)
{
	MCLIC_AUTO_FREE struct mclicfs_ioc_licence *list = NULL;
	int i, n = mclic_kernel_licences(fd, path, &list), err = 0;

	for (i = 0; !err && i < n; i++)
		if (list[i].valid &&
		    mclic_same_licence((const struct mclic_terms *)list[i].terms, ended))
			err = mclic_kernel_remove(fd, path, list[i].slot, ended->licence_id);
	return n < 0 ? n : err;
}

static int take_receipt(int fd, const char *path, const struct kept *k,
			const struct mclic_response *r, const struct mclic_slot *s)
{
	struct mclic_trust *trust;
	int err = mclic_trust_load(&trust);

	if (err)
		return err;
	err = accept_signature(trust, r);
	mclic_trust_free(trust);
	if (!err)
		err = accept_receipt(s, &k->request);
	return err ? err : remove_ended(fd, path, &s->terms);
}

int kernel_import(int fd, const char *path, const struct kept *k, const struct mclic_response *r,
		  struct accepted *a)
{
	struct mclic_slot s;
	int err;

	mclic_response_slot(mclic_openssl(), r, &s);
	memset(a, 0, sizeof(*a));
	a->operation = k->request.operation;
	a->terms = s.terms;
	if (a->operation == MCLIC_OP_RETURN)
		return take_receipt(fd, path, k, r, &s);
	err = mclic_kernel_put(fd, path, &r->slot, &a->index);
	if (!err)
		trace_step("S5", "the kernel wrote, read back and checked CS in slot %u", a->index);
	else
		trace_step("S6", "stopped: the kernel took the licence back");
	return err;
}
