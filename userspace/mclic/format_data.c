// SPDX-License-Identifier: GPL-2.0-or-later
/* The data file system: mkfs of each kind, at an offset, so that no device node is needed. */

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "format.h"

#define SECTOR		512ULL
#define KIB		1024ULL
#define UDF_BLOCK	2048ULL

/* vfat: 11 upper-case characters; ext4: 16 bytes. Only what fits is given to mkfs. */
static const char *fs_label(const struct format_job *job, size_t most, const char *other)
{
	return job->label && *job->label && strlen(job->label) <= most ? job->label : other;
}

/* What it said on standard error, for the message when it fails. */
static int failed(const char *program, int said)
{
	char text[512];
	ssize_t n = pread(said, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return mclic_fail(EIO, "%s could not make the data file system: %s", program, text);
}

static int spawn(const char *const argv[], int said, pid_t *pid)
{
	char *env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL };
	posix_spawn_file_actions_t actions;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, said, STDERR_FILENO);
	err = posix_spawn(pid, argv[0], &actions, NULL, (char *const *)argv, env);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

static int run(const char *const argv[], const char *package)
{
	MCLIC_AUTO_CLOSE int said = memfd_create("mkfs", MFD_CLOEXEC);
	int err, status;
	pid_t pid;

	if (said < 0)
		return mclic_fail(errno, "not enough memory to run %s", argv[0]);
	err = spawn(argv, said, &pid);
	if (err == ENOENT)
		return mclic_fail(ENOENT, "%s is missing; install the package %s", argv[0], package);
	if (err)
		return mclic_fail(err, "%s: cannot run it: %s", argv[0], strerror(err));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return mclic_fail(errno, "%s: lost sight of it", argv[0]);
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : failed(argv[0], said);
}

static int make_ext4(const struct format_job *job, const struct layout *l)
{
	char offset[64], size[32];
	const char *const argv[] = {
		"/sbin/mkfs.ext4", "-q", "-F", "-L", fs_label(job, 16, "mclic"), "-E", offset, job->path, size,
		NULL
	};

	snprintf(offset, sizeof(offset), "offset=%llu", (unsigned long long)l->data);
	snprintf(size, sizeof(size), "%lluk", (unsigned long long)(l->data_size / KIB));
	return run(argv, "e2fsprogs");
}

static int make_vfat(const struct format_job *job, const struct layout *l)
{
	char offset[32], size[32];
	const char *const argv[] = {
		"/sbin/mkfs.vfat", "-I", "-n", fs_label(job, 11, "MCLIC"), "--offset", offset, job->path, size,
		NULL
	};

	snprintf(offset, sizeof(offset), "%llu", (unsigned long long)(l->data / SECTOR));
	snprintf(size, sizeof(size), "%llu", (unsigned long long)(l->data_size / KIB));
	return run(argv, "dosfstools");
}

static int make_udf(const struct format_job *job, const struct layout *l)
{
	char start[48], label[80], size[32];
	const char *const argv[] = {
		"/sbin/mkudffs", "--utf8", "--media-type=hd", "--blocksize=2048", start, label,
		job->path, size, NULL
	};

	snprintf(start, sizeof(start), "--startblock=%llu",
		 (unsigned long long)(l->data / UDF_BLOCK));
	snprintf(label, sizeof(label), "--label=%s", fs_label(job, 63, "mclic"));
	snprintf(size, sizeof(size), "%llu", (unsigned long long)(l->data_size / UDF_BLOCK));
	return run(argv, "udftools");
}

int format_data(const struct format_job *job, const struct layout *l)
{
	if (!strcmp(job->fs, "vfat"))
		return make_vfat(job, l);
	if (!strcmp(job->fs, "udf"))
		return make_udf(job, l);
	return make_ext4(job, l);
}
