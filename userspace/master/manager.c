// SPDX-License-Identifier: GPL-2.0-or-later
/* The manager program on the disc (element 90 of the patent): without any key in it. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master.h"

/* The file itself, if what stands beside us is a link to it. */
static char *resolve(const char *path)
{
	char *whole = realpath(path, NULL);

	if (!whole || access(whole, R_OK | X_OK)) {
		mclic_fail(errno, "%s: %s; --with-manager needs the mclic program beside mclic-master",
			   path, strerror(errno));
		free(whole);
		return NULL;
	}
	return whole;
}

char *manager_path(void)
{
	MCLIC_AUTO_FREE char *path = NULL;
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0) {
		mclic_fail(errno, "this program's own folder cannot be found: %s", strerror(errno));
		return NULL;
	}
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	if (asprintf(&path, "%s/mclic", self) < 0) {
		path = NULL;
		mclic_fail(ENOMEM, "not enough memory");
		return NULL;
	}
	return resolve(path);
}

const char *manager_readme(void)
{
	return "This disc holds encrypted titles: one folder each.\n"
	       "\n"
	       "To use a title you need a licence for a medium of your own (a memory card, a\n"
	       "drive, a stick). The program mclic on this disc gets one and copies the title:\n"
	       "\n"
	       "    ./mclic list .                    what is on this disc\n"
	       "    ./mclic enrol URL --token TOKEN   once, as the shop told you\n"
	       "    ./mclic format --area-file DIR    once, DIR being where your medium is mounted\n"
	       "    ./mclic copy . TITLE DIR          the licence and the copy\n"
	       "\n"
	       "Then mount the medium with mclicfs-fuse and use the title. No network is needed\n"
	       "for that, and nothing on this disc opens a title without a licence.\n";
}
