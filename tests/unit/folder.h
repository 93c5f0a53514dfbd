/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A temporary folder for a test: made in setup, removed with all in it in teardown. */
#ifndef TEST_FOLDER_H
#define TEST_FOLDER_H

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/mclic-test-XXXXXX";

static inline int folder_remove_one(const char *path, const struct stat *st, int type,
				    struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static inline int folder_remove(const char *path)
{
	return nftw(path, folder_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline int folder_setup(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static inline int folder_teardown(void **state)
{
	(void)state;
	return folder_remove(folder);
}

/* Path of @name in the folder; good until this thread calls eight times more. */
static inline const char *in_folder(const char *name)
{
	static _Thread_local char path[8][PATH_MAX];
	static _Thread_local unsigned int next;
	char *p = path[next++ % 8];

	snprintf(p, PATH_MAX, "%s/%s", folder, name);
	return p;
}

#endif /* TEST_FOLDER_H */
