// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * twin - do the same random things in two directories and compare every outcome.
 *
 *	twin SEED STEPS A B
 *
 * A is on an ordinary file system, B behind the one under test. Results, errnos, bytes and
 * attributes must be alike at each step. Ends with 1, and says at which step, if not.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NAMES		8	/* in each of the directories */
#define DIRS		4
#define OPEN		6	/* files held open */
#define FILE_MAX	(300 * 1024)

static int roots[2];
static int held[OPEN][2];
static uint64_t state;

static unsigned int any(unsigned int n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(state >> 33) % n;
}

/* A path: a name at the top, or in one of the directories, which may not be there. */
static void any_path(char path[32])
{
	unsigned int dir = any(DIRS + 1);

	if (dir == DIRS)
		snprintf(path, 32, "n%u", any(NAMES));
	else
		snprintf(path, 32, "n%u/n%u", dir, any(NAMES));
}

/* What one step did on one side. */
struct outcome {
	long long result;
	int err;
	uint64_t sum;
};

/* What a step is going to do, decided once for both sides. */
struct step {
	unsigned int op, slot, how;
	char from[32], to[32];
	off_t off;
	size_t len;
	uint8_t byte;
};

static uint64_t sum(const uint8_t *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;

	while (n--)
		h = (h ^ *p++) * 0x100000001b3u;
	return h;
}

static long long do_open(const struct step *s, int side)
{
	static const int flags[] = {
		O_RDWR, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL, O_RDWR | O_TRUNC,
		O_RDWR | O_APPEND, O_RDWR | O_CREAT | O_TRUNC, O_RDWR | O_NOFOLLOW,
		O_RDONLY | O_DIRECTORY,
	};
	int *fd = &held[s->slot][side];

	if (*fd >= 0)
		close(*fd);
	*fd = openat(roots[side], s->from, flags[s->how % 8], 0666 & ~(s->how & 0111));
	return *fd < 0 ? -1 : 0;
}

static long long do_read(const struct step *s, int side, struct outcome *o)
{
	static uint8_t buf[FILE_MAX];
	long long n = pread(held[s->slot][side], buf, s->len, s->off);

	if (n > 0)
		o->sum = sum(buf, (size_t)n);
	return n;
}

static long long do_write(const struct step *s, int side)
{
	static uint8_t buf[FILE_MAX];

	memset(buf, s->byte, s->len);
	return pwrite(held[s->slot][side], buf, s->len, s->off);
}

/* Through a mapping: write a page that is in the file, or read it. */
static long long do_map(const struct step *s, int side, struct outcome *o)
{
	int fd = held[s->slot][side];
	off_t page = s->off & ~(off_t)4095;
	struct stat st;
	uint8_t *p;

	if (fd < 0 || fstat(fd, &st))
		return -1;
	if (!S_ISREG(st.st_mode) || page + 4096 > st.st_size)
		return 0;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, page);
	if (p == MAP_FAILED)
		return -1;
	if (s->how & 1)
		memset(p, s->byte, s->len % 4096);
	o->sum = sum(p, 4096);
	return munmap(p, 4096);
}

static long long do_stat(const struct step *s, int side, struct outcome *o)
{
	struct stat st;

	if (fstatat(roots[side], s->from, &st, AT_SYMLINK_NOFOLLOW))
		return -1;
	o->sum = (uint64_t)st.st_mode << 32 ^ (uint64_t)st.st_nlink << 48;
	if (!S_ISDIR(st.st_mode))
		o->sum ^= (uint64_t)st.st_size;
	return 0;
}

static long long do_xattr(const struct step *s, int side, struct outcome *o)
{
	char path[64], value[64];
	long long n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", roots[side], s->from);
	if (s->how % 3 == 0)
		return lsetxattr(path, "user.twin", s->to, strlen(s->to), 0);
	if (s->how % 3 == 1)
		return lremovexattr(path, "user.twin");
	n = lgetxattr(path, "user.twin", value, sizeof(value));
	if (n > 0)
		o->sum = sum((uint8_t *)value, (size_t)n);
	return n;
}

static long long do_times(const struct step *s, int side, struct outcome *o)
{
	struct timespec tv[2] = { { .tv_sec = s->off }, { .tv_sec = s->off, .tv_nsec = 5 } };
	struct stat st;

	if (utimensat(roots[side], s->from, tv, AT_SYMLINK_NOFOLLOW) ||
	    fstatat(roots[side], s->from, &st, AT_SYMLINK_NOFOLLOW))
		return -1;
	o->sum = (uint64_t)st.st_mtim.tv_sec ^ (uint64_t)st.st_mtim.tv_nsec << 40;
	return 0;
}

static long long do_copy(const struct step *s, int side)
{
	off_t from = s->off, to = s->off / 2;

	return copy_file_range(held[s->slot][side], &from, held[s->how % OPEN][side], &to,
			       s->len, 0);
}

static long long do_fallocate(const struct step *s, int side)
{
	static const int modes[] = {
		0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_ZERO_RANGE,
	};

	return fallocate(held[s->slot][side], modes[s->how % 4], s->off, (off_t)s->len + 1);
}

static void run(const struct step *s, int side, struct outcome *o)
{
	static const unsigned int flags[] = { 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE };
	int dir = roots[side], fd = held[s->slot][side];

	*o = (struct outcome){ 0 };
	errno = 0;
	switch (s->op) {
	case 0: case 1: case 2:
		o->result = do_open(s, side);
		break;
	case 3: case 4: case 5:
		o->result = do_read(s, side, o);
		break;
	case 6: case 7: case 8:
		o->result = do_write(s, side);
		break;
	case 9:
		o->result = do_map(s, side, o);
		break;
	case 10:
		o->result = ftruncate(fd, s->off);
		break;
	case 11:
		o->result = do_stat(s, side, o);
		break;
	case 12:
		o->result = mkdirat(dir, s->from, 0755);
		break;
	case 13:
		o->result = unlinkat(dir, s->from, s->how & 1 ? AT_REMOVEDIR : 0);
		break;
	case 14:
		o->result = renameat2(dir, s->from, dir, s->to, flags[s->how % 4]);
		break;
	case 15:
		o->result = linkat(dir, s->from, dir, s->to, 0);
		break;
	case 16:
		o->result = symlinkat(s->to, dir, s->from);
		break;
	case 17:
		o->result = do_xattr(s, side, o);
		break;
	case 18:
		o->result = fchmodat(dir, s->from, 0700 | (s->how & 077), 0);
		break;
	case 19:
		o->result = do_times(s, side, o);
		break;
	case 20:
		o->result = do_copy(s, side);
		break;
	case 21:
		o->result = do_fallocate(s, side);
		break;
	default:
		o->result = mknodat(dir, s->from, S_IFIFO | 0640, 0);
		break;
	}
	o->err = o->result < 0 ? errno : 0;
}

static bool step(unsigned int number)
{
	struct outcome a, b;
	struct step s = {
		.op = any(23), .slot = any(OPEN), .how = any(1024), .off = any(FILE_MAX),
		.len = any(any(4) ? 9000 : FILE_MAX), .byte = (uint8_t)any(256),
	};

	any_path(s.from);
	any_path(s.to);
	run(&s, 0, &a);
	run(&s, 1, &b);
	if (a.result == b.result && a.err == b.err && a.sum == b.sum)
		return true;
	printf("step %u: operation %u (%u) on %s, %s, file %u, offset %lld, %zu bytes: "
	       "%lld %s %llx here, %lld %s %llx there\n", number, s.op, s.how, s.from, s.to,
	       s.slot, (long long)s.off, s.len, a.result, strerrorname_np(a.err),
	       (unsigned long long)a.sum, b.result, strerrorname_np(b.err),
	       (unsigned long long)b.sum);
	return false;
}

int main(int argc, char **argv)
{
	unsigned int i, steps;

	if (argc != 5)
		return 2;
	state = strtoull(argv[1], NULL, 0);
	steps = (unsigned int)strtoul(argv[2], NULL, 0);
	for (i = 0; i < 2; i++)
		roots[i] = open(argv[3 + i], O_PATH | O_DIRECTORY);
	if (roots[0] < 0 || roots[1] < 0)
		return 2;
	umask(022);
	for (i = 0; i < OPEN; i++)
		held[i][0] = held[i][1] = -1;
	for (i = 0; i < steps; i++)
		if (!step(i))
			return 1;
	return 0;
}
