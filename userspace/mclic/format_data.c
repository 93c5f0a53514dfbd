// SPDX-License-Identifier: GPL-2.0-or-later
/* The data file system: mkfs of each kind, without a device node of the partition. */

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "format.h"

#define KIB		1024ULL
#define STEP		(1 << 20)

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
	char sector[16], offset[32], size[32];
	const char *const argv[] = {
		"/sbin/mkfs.vfat", "-I", "-n", fs_label(job, 11, "MCLIC"), "-S", sector, "--offset",
		offset, job->path, size, NULL
	};

	snprintf(sector, sizeof(sector), "%u", l->sector);
	snprintf(offset, sizeof(offset), "%llu", (unsigned long long)(l->data / l->sector));
	snprintf(size, sizeof(size), "%llu", (unsigned long long)(l->data_size / KIB));
	return run(argv, "dosfstools");
}

/* Copy what was written of a sparse file to @fd from @start on. */
static int copy_data(int from, int fd, __u64 start, __u64 size)
{
	MCLIC_AUTO_FREE void *buf = malloc(STEP);
	off_t at = 0, end;
	int err = 0;

	if (!buf)
		return mclic_fail(ENOMEM, "not enough memory");
	while (!err && (at = lseek(from, at, SEEK_DATA)) >= 0) {
		for (end = lseek(from, at, SEEK_HOLE); !err && at < end; at += STEP) {
			size_t len = end - at < STEP ? (size_t)(end - at) : STEP;
			ssize_t n = mclic_pread_full(from, buf, len, at);

			err = n < 0 ? (int)n : mclic_pwrite_full(fd, buf, (size_t)n,
								(off_t)start + at);
		}
		at = end;
		if ((__u64)at >= size)
			break;
	}
	return err;
}

/*
 * UDF counts its blocks from the start of what it is made on, so it is made on a sparse
 * file in memory of the partition's size and what mkudffs wrote is copied.
 */
static int make_udf(const struct format_job *job, int fd, const struct layout *l)
{
	MCLIC_AUTO_CLOSE int image = memfd_create("udf", 0);
	char sector[32], label[80], path[32];
	const char *const argv[] = {
		"/sbin/mkudffs", "--utf8", "--media-type=hd", sector, label, path, NULL
	};
	int err;

	if (image < 0 || ftruncate(image, (off_t)l->data_size))
		return mclic_fail(errno, "not enough memory to make a UDF file system");
	snprintf(sector, sizeof(sector), "--blocksize=%u", l->sector);
	snprintf(label, sizeof(label), "--label=%s", fs_label(job, 63, "mclic"));
	snprintf(path, sizeof(path), "/dev/fd/%d", image);
	err = run(argv, "udftools");
	return err ? err : copy_data(image, fd, l->data, l->data_size);
}

/* What an older file system left where the new one does not write would confuse a mount. */
static int clear_start(int fd, const struct layout *l)
{
	MCLIC_AUTO_FREE void *zeros = calloc(1, STEP);

	if (!zeros)
		return mclic_fail(ENOMEM, "not enough memory");
	return mclic_pwrite_full(fd, zeros, STEP, (off_t)l->data);
}

int format_data(const struct format_job *job, int fd, const struct layout *l)
{
	int err = clear_start(fd, l);

	if (!err && fsync(fd))
		err = mclic_fail(errno, "%s: cannot write it: %s", job->path, strerror(errno));
	if (err)
		return err;
	if (!strcmp(job->fs, "vfat"))
		return make_vfat(job, l);
	if (!strcmp(job->fs, "udf"))
		return make_udf(job, fd, l);
	return make_ext4(job, l);
}
