// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kbench - measure file systems inside a guest whose clock counts instructions, and set up
 * the keys of those that mclicfs is compared with.
 *
 *	kbench cold FILE		read it all, nothing cached: ns
 *	kbench again FILE		... all cached
 *	kbench mapped FILE		the same through mmap(2), cached
 *	kbench random FILE N		N reads of 4 KiB at random places, nothing cached: ns each
 *	kbench pages FILE		pages that the system caches more after a cold read
 *	kbench cold-run CMD ARG...	run it, nothing cached: ns
 *	kbench again-run CMD ARG...	... everything cached
 *	kbench fscrypt DIR		files made in DIR from now on: AES-256-XTS, by ext4 itself
 *	kbench ecryptfs			a key of 32 bytes for eCryptfs; prints its signature
 *
 * Times are the least of ten: where the processor waits, the clock jumps.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <keyutils.h>
#include <linux/fscrypt.h>

#define ROUNDS	10
#define REQUEST	4096

/* ---- what is measured ---- */

struct job {
	const char *file;
	char **argv;
	unsigned long count;
};

static unsigned char buf[REQUEST];
static volatile uint64_t sink;

static int job_open(const struct job *j, off_t *size)
{
	struct stat st;
	int fd = open(j->file, O_RDONLY);

	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", j->file);
	*size = st.st_size;
	return fd;
}

static void run_read(const struct job *j)
{
	off_t size, done = 0;
	int fd = job_open(j, &size);
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		done += n;
	if (n < 0 || done != size)
		err(1, "%s: %lld of %lld bytes", j->file, (long long)done, (long long)size);
	close(fd);
}

static void run_mapped(const struct job *j)
{
	off_t size, at;
	int fd = job_open(j, &size);
	const unsigned char *p = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		err(1, "%s: mmap", j->file);
	for (at = 0; at < size; at += 512)
		sink += p[at];
	munmap((void *)p, (size_t)size);
	close(fd);
}

static void run_random(const struct job *j)
{
	uint64_t x = 88172645463325252u;
	off_t size, block;
	int fd = job_open(j, &size);
	unsigned long i;

	for (i = 0; i < j->count; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		block = (off_t)(x % (uint64_t)(size / REQUEST));
		if (pread(fd, buf, REQUEST, block * REQUEST) != REQUEST)
			err(1, "%s: block %lld", j->file, (long long)block);
	}
	close(fd);
}

static void run_command(const struct job *j)
{
	int status, null;
	pid_t pid = fork();

	if (!pid) {
		null = open("/dev/null", O_WRONLY);
		if (null < 0 || dup2(null, 1) < 0)
			_exit(127);
		execvp(j->argv[0], j->argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		errx(1, "%s failed", j->argv[0]);
}

/* ---- measuring ---- */

static void drop_caches(void)
{
	int fd;

	sync();
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	if (fd < 0 || write(fd, "3", 1) != 1)
		err(1, "drop_caches");
	close(fd);
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t measure(void (*run)(const struct job *j), const struct job *j, int cold)
{
	int64_t start, took, least = INT64_MAX;
	int i;

	if (!cold)
		run(j);
	for (i = 0; i < ROUNDS; i++) {
		if (cold)
			drop_caches();
		start = now();
		run(j);
		took = now() - start;
		if (took < least)
			least = took;
	}
	return least;
}

static long cached_pages(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = -1;

	while (f && kib < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "Cached: %ld kB", &kib) != 1)
			kib = -1;
	if (kib < 0)
		errx(1, "/proc/meminfo has no line \"Cached\"");
	fclose(f);
	return kib * 1024 / sysconf(_SC_PAGESIZE);
}

static long pages_held(const struct job *j)
{
	long before;

	drop_caches();
	before = cached_pages();
	run_read(j);
	return cached_pages() - before;
}

/* ---- keys for the others ---- */

static void fscrypt(const char *dir)
{
	struct {
		struct fscrypt_add_key_arg arg;
		__u8 raw[64];
	} key = {
		.arg = {
			.key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER,
			.raw_size = sizeof(key.raw),
		},
	};
	struct fscrypt_policy_v2 policy = {
		.version = FSCRYPT_POLICY_V2,
		.contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS,
		.filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS,
		.flags = FSCRYPT_POLICY_FLAGS_PAD_32,
	};
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	memset(key.raw, 0x5a, sizeof(key.raw));
	if (fd < 0 || ioctl(fd, FS_IOC_ADD_ENCRYPTION_KEY, &key.arg))
		err(1, "%s: adding the key", dir);
	memcpy(policy.master_key_identifier, key.arg.key_spec.u.identifier,
	       sizeof(policy.master_key_identifier));
	if (ioctl(fd, FS_IOC_SET_ENCRYPTION_POLICY, &policy))
		err(1, "%s: setting the policy", dir);
	close(fd);
}

/* eCryptfs' token of a passphrase, as its kernel module reads it out of a "user" key */
struct ecryptfs_token {
	uint16_t version;
	uint16_t type;
	uint32_t flags;
	uint8_t session_key[588];
	uint8_t reserved[32];
	uint32_t password_bytes;
	int32_t hash;
	uint32_t hash_iterations;
	uint32_t key_bytes;
	uint32_t password_flags;
	uint8_t key[64];
	char signature[17];
	uint8_t salt[8];
	uint8_t padding[3];
} __attribute__((packed));

static void ecryptfs(void)
{
	static const char signature[] = "0123456789abcdef";
	struct ecryptfs_token t = {
		.version = 4,
		.key_bytes = 64,
		.password_flags = 2,	/* the key is set */
	};

	_Static_assert(sizeof(t) == 740, "as the kernel has it");
	memset(t.key, 0xa5, sizeof(t.key));
	memcpy(t.signature, signature, sizeof(signature));
	if (add_key("user", signature, &t, sizeof(t), KEY_SPEC_USER_KEYRING) < 0)
		err(1, "adding the key");
	/* so that the mount finds it, whatever session this is */
	if (keyctl_link(KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING))
		err(1, "linking the keyring");
	puts(signature);
}

/* ---- main ---- */

static const struct {
	const char *name;
	void (*run)(const struct job *j);
	int cold;
	int args;
} measures[] = {
	{ "cold", run_read, 1, 1 },
	{ "again", run_read, 0, 1 },
	{ "mapped", run_mapped, 0, 1 },
	{ "random", run_random, 1, 2 },
	{ "cold-run", run_command, 1, 1 },
	{ "again-run", run_command, 0, 1 },
};

int main(int argc, char **argv)
{
	struct job j = { .count = 1 };
	size_t i;

	if (argc == 2 && !strcmp(argv[1], "ecryptfs")) {
		ecryptfs();
		return 0;
	}
	if (argc < 3)
		errx(2, "see the top of %s.c", argv[0]);
	j.file = argv[2];
	j.argv = argv + 2;
	if (!strcmp(argv[1], "fscrypt")) {
		fscrypt(argv[2]);
		return 0;
	}
	if (!strcmp(argv[1], "pages")) {
		printf("%ld\n", pages_held(&j));
		return 0;
	}
	for (i = 0; i < sizeof(measures) / sizeof(measures[0]); i++) {
		if (strcmp(argv[1], measures[i].name) || argc < 2 + measures[i].args)
			continue;
		if (measures[i].run == run_random)
			j.count = strtoul(argv[3], NULL, 0);
		printf("%lld\n", (long long)measure(measures[i].run, &j, measures[i].cold) /
		       (long long)j.count);
		return 0;
	}
	errx(2, "see the top of %s.c", argv[0]);
}
