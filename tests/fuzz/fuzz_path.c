// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Paths of entries and targets of symlinks (path, NUL, target): what passes is walked
 * here, in a tree whose every name may be another link to the product's root.
 */
#include <strings.h>

#include "fuzz.h"

static void walk_path(const char *p, size_t len)
{
	char part[256];
	size_t i, n;

	HOLDS(len >= 1 && len <= 4095 && p[0] != '/' && !memchr(p, 0, len));
	for (i = 0; i <= len; i += n + 1) {
		for (n = 0; i + n < len && p[i + n] != '/'; n++)
			;
		HOLDS(n >= 1 && n <= 255);
		memcpy(part, p + i, n);
		part[n] = 0;
		HOLDS(strcmp(part, ".") && strcmp(part, ".."));
		HOLDS(strcasecmp(part, MCLIC_MARKER_NAME) && strcasecmp(part, MCLIC_AREA_DIR));
		/* each part is a path, and so is what leads to it */
		HOLDS(mclic_path_check(part, n) == MCLIC_OK);
		HOLDS(mclic_path_check(p, i + n) == MCLIC_OK);
	}
}

/*
 * Depth below the product's root is at least 0 all along the target, also when a name on
 * the way leads to the root, as a link may.
 */
static void walk_link(const char *path, size_t len, const char *target, size_t target_len)
{
	size_t depth = 0, i, n;

	HOLDS(target_len >= 1 && target_len <= 4095 && target[0] != '/' &&
	      !memchr(target, 0, target_len));
	for (i = 0; i < len; i++)
		depth += path[i] == '/';
	for (i = 0; i < target_len; i += n + 1) {
		for (n = 0; i + n < target_len && target[i + n] != '/'; n++)
			;
		if (n == 2 && target[i] == '.' && target[i + 1] == '.') {
			HOLDS(depth > 0);
			depth--;
		} else if (n && !(n == 1 && target[i] == '.')) {
			depth = 0;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	const char *nul = size ? memchr(p, 0, size) : NULL;
	size_t len = nul ? (size_t)(nul - p) : size, rest;
	char *both;

	if (mclic_path_check(p, len))
		return 0;
	walk_path(p, len);
	if (!nul) {
		if (2 * len + 1 > 4095)
			return 0;
		both = malloc(2 * len + 1);
		HOLDS(both);
		memcpy(both, p, len);
		both[len] = '/';
		memcpy(both + len + 1, p, len);
		HOLDS(mclic_path_check(both, 2 * len + 1) == MCLIC_OK);
		free(both);
		return 0;
	}
	rest = size - len - 1;
	if (!mclic_link_check(p, len, nul + 1, rest))
		walk_link(p, len, nul + 1, rest);
	return 0;
}
