// SPDX-License-Identifier: GPL-2.0-or-later
/* Choosing a crypto table by its name. */
#include <errno.h>
#include <string.h>

#include "libmclic.h"

const struct mclic_crypto *mclic_crypto_named(const char *name)
{
	if (!strcmp(name, "openssl"))
		return mclic_openssl();
	if (!strcmp(name, "kcapi"))
		return mclic_kcapi();
	mclic_fail(EINVAL, "%s: no such provider of cryptography; there are openssl and kcapi",
		   name);
	return NULL;
}
