// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a user's settings, keys and lists lie (XDG Base Directory Specification). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmclic.h"

/* The base: $@xdg where that is an absolute path, else $HOME/@fallback. malloc'd */
static char *base_path(const char *xdg, const char *fallback)
{
	const char *base = getenv(xdg);
	const char *home = getenv("HOME");
	char *path = NULL;
	int len;

	if (base && *base == '/')
		len = asprintf(&path, "%s", base);
	else if (home && *home == '/')
		len = asprintf(&path, "%s/%s", home, fallback);
	else {
		mclic_fail(ENOENT, "there is no home directory: set HOME or %s", xdg);
		return NULL;
	}
	if (len < 0) {
		mclic_fail(ENOMEM, "not enough memory");
		return NULL;
	}
	return path;
}

static char *user_path(const char *xdg, const char *fallback, const char *sub)
{
	MCLIC_AUTO_FREE char *base = base_path(xdg, fallback);
	char *path = NULL;

	if (!base)
		return NULL;
	if (asprintf(&path, "%s/mclic%s%s", base, sub ? "/" : "", sub ? sub : "") < 0) {
		mclic_fail(ENOMEM, "not enough memory");
		return NULL;
	}
	/* It is there nearly always, and the FUSE daemon asks at every open. */
	if (access(path, F_OK) && mclic_mkdirs(path, 0700)) {
		free(path);
		return NULL;
	}
	return path;
}

char *mclic_config_path(const char *sub)
{
	return user_path("XDG_CONFIG_HOME", ".config", sub);
}

char *mclic_state_path(const char *sub)
{
	return user_path("XDG_STATE_HOME", ".local/state", sub);
}
