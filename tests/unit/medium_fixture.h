/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Media with chosen identities for one test program: a mount namespace of its own, in
 * which tests/media/fake-sysfs.sh covers sysfs. Run from the top of the tree.
 */
#ifndef MEDIUM_FIXTURE_H
#define MEDIUM_FIXTURE_H

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "licence_fixture.h"

static inline void namespace_map(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/** medium_namespace() - before any thread is started; group setup */
static inline int medium_namespace(void **state)
{
	unsigned int uid = geteuid(), gid = getegid();
	char map[32];

	(void)state;
	if (unshare(uid ? CLONE_NEWNS | CLONE_NEWUSER : CLONE_NEWNS))
		return -1;
	if (uid) {
		namespace_map("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "0 %u 1", uid);
		namespace_map("/proc/self/uid_map", map);
		snprintf(map, sizeof(map), "0 %u 1", gid);
		namespace_map("/proc/self/gid_map", map);
	}
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

/** medium_shell() - run a shell command with fake-sysfs.sh's functions */
static inline void medium_shell(const char *command)
{
	char *line;

	assert_true(asprintf(&line, ". tests/media/fake-sysfs.sh; %s", command) > 0);
	assert_int_equal(system(line), 0);
	free(line);
}

/** medium_set() - from now on the device of @dir shows this identity */
static inline void medium_set(const char *dir, const char *kind, const char *id)
{
	char *command;

	assert_true(asprintf(&command, "set_medium '%s' '%s' '%s'", kind, id, dir) > 0);
	medium_shell(command);
	free(command);
}

#endif /* MEDIUM_FIXTURE_H */
