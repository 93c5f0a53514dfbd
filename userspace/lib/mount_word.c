// SPDX-License-Identifier: GPL-2.0-or-later
/* Options that fstab holds for others than the file system. */
#include <string.h>

#include "libmclic.h"

bool mclic_mount_word(const char *word)
{
	static const char *const words[] = {
		"auto", "noauto", "defaults", "user", "nouser", "users", "nousers",
		"owner", "noowner", "group", "nogroup", "_netdev", "silent", "loud", "iversion",
		"noiversion", "mand", "nomand", "loop",
	};
	static const char *const prefixes[] = {
		"x-", "X-", "comment=", "user=", "helper=", "uhelper=",
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i]))
			return true;
	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(word, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}
