// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * readways - read a file in every way there is, and compare with another that holds the
 * same bytes.
 *
 *	readways FILE REFERENCE
 *
 * One line a way: "WAY ok", or "WAY: " and what went wrong. Ends with 1 if any did. The
 * system's caches of FILE are dropped before each way, so that each reads it anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

struct work {
	const char *path;
	const unsigned char *want;
	unsigned char *got;
	size_t size;
};

#define PIECE	65536

static char wrong[256];

__attribute__((format(printf, 1, 2))) static int fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(wrong, sizeof(wrong), fmt, ap);
	va_end(ap);
	return -1;
}

static int fail_errno(const char *call)
{
	return fail("%s: %s", call, strerror(errno));
}

static int compare(const struct work *w, size_t from, size_t len)
{
	size_t i;

	for (i = from; i < from + len; i++)
		if (w->got[i] != w->want[i])
			return fail("differs at byte %zu", i);
	return 0;
}

/* ---- ways; each fills w->got ---- */

/* There is room for a piece behind the end, so that each can be asked for as a whole. */
static int in_pieces(struct work *w, int fd, size_t piece)
{
	size_t done = 0;
	ssize_t n = 1;

	while (n > 0 && done <= w->size) {
		n = read(fd, w->got + done, piece);
		if (n > 0)
			done += (size_t)n;
	}
	if (n < 0)
		return fail_errno("read");
	return done == w->size ? 0 : fail("ends after %zu of %zu bytes", done, w->size);
}

static int way_read(struct work *w, int fd)
{
	return in_pieces(w, fd, PIECE);
}

static int way_read_odd(struct work *w, int fd)
{
	return in_pieces(w, fd, 4099);
}

static int way_read_whole(struct work *w, int fd)
{
	return in_pieces(w, fd, w->size + PIECE);
}

static int way_direct(struct work *w, int fd)
{
	char path[64];
	int err, direct;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	direct = open(path, O_RDONLY | O_DIRECT);
	if (direct < 0)
		return fail_errno("open");
	err = in_pieces(w, direct, PIECE);
	close(direct);
	return err;
}

static int way_backwards(struct work *w, int fd)
{
	size_t at = w->size, piece;

	while (at) {
		piece = at < 10007 ? at : 10007;
		at -= piece;
		if (pread(fd, w->got + at, piece, (off_t)at) != (ssize_t)piece)
			return fail_errno("pread");
	}
	return 0;
}

static int way_readv(struct work *w, int fd)
{
	size_t half = w->size / 2;
	struct iovec v[] = { { w->got, half }, { w->got + half, w->size - half } };

	if (preadv(fd, v, 2, 0) != (ssize_t)w->size)
		return fail_errno("preadv");
	return 0;
}

static int map_copy(struct work *w, int fd, int flags, int advice)
{
	void *p;

	if (!w->size)
		return 0;
	p = mmap(NULL, w->size, PROT_READ, flags, fd, 0);
	if (p == MAP_FAILED)
		return fail_errno("mmap");
	if (advice >= 0 && madvise(p, w->size, advice))
		return fail_errno("madvise");
	memcpy(w->got, p, w->size);
	munmap(p, w->size);
	return 0;
}

static int way_mmap(struct work *w, int fd)
{
	return map_copy(w, fd, MAP_SHARED, -1);
}

static int way_mmap_private(struct work *w, int fd)
{
	return map_copy(w, fd, MAP_PRIVATE, -1);
}

static int way_mmap_populate(struct work *w, int fd)
{
	return map_copy(w, fd, MAP_SHARED | MAP_POPULATE, -1);
}

static int way_mmap_random(struct work *w, int fd)
{
	return map_copy(w, fd, MAP_SHARED, MADV_RANDOM);
}

static int way_mmap_huge(struct work *w, int fd)
{
	return map_copy(w, fd, MAP_SHARED, MADV_HUGEPAGE);
}

/* What lies behind the end of the file in its last page reads as zeros. */
static int way_mmap_tail(struct work *w, int fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), i, end = (w->size + page - 1) / page * page;
	unsigned char *p = mmap(NULL, end ? end : page, PROT_READ, MAP_SHARED, fd, 0);
	int err = 0;

	if (p == MAP_FAILED)
		return fail_errno("mmap");
	for (i = w->size; !err && i < end; i++)
		if (p[i])
			err = fail("byte %zu behind the end is not zero", i);
	if (!err)
		memcpy(w->got, p, w->size);
	munmap(p, end ? end : page);
	return err;
}

/* A private mapping can be written, and the file stays as it is. */
static int way_mmap_write(struct work *w, int fd)
{
	unsigned char *p;

	if (!w->size)
		return 0;
	p = mmap(NULL, w->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return fail_errno("mmap");
	memset(p, 0xee, w->size);
	munmap(p, w->size);
	return in_pieces(w, fd, PIECE);
}

static int drain(struct work *w, int from, size_t *done, size_t n)
{
	while (n) {
		ssize_t got = read(from, w->got + *done, n);

		if (got <= 0)
			return fail_errno("read of the pipe");
		*done += (size_t)got;
		n -= (size_t)got;
	}
	return 0;
}

static int through_pipe(struct work *w, int fd, bool by_sendfile)
{
	int ends[2], err = 0;
	size_t done = 0;
	ssize_t n;

	if (pipe(ends))
		return fail_errno("pipe");
	do {
		n = by_sendfile ? sendfile(ends[1], fd, NULL, 40000) :
				  splice(fd, NULL, ends[1], NULL, 40000, 0);
		if (n > 0)
			err = drain(w, ends[0], &done, (size_t)n);
		else if (n < 0)
			err = fail_errno(by_sendfile ? "sendfile" : "splice");
	} while (n > 0 && !err);
	close(ends[0]);
	close(ends[1]);
	if (!err && done != w->size)
		err = fail("ends after %zu of %zu bytes", done, w->size);
	return err;
}

static int way_splice(struct work *w, int fd)
{
	return through_pipe(w, fd, false);
}

static int way_sendfile(struct work *w, int fd)
{
	return through_pipe(w, fd, true);
}

static int way_copy_file_range(struct work *w, int fd)
{
	int to = memfd_create("readways", 0);
	off_t from = 0;
	ssize_t n = 1;

	if (to < 0)
		return fail_errno("memfd_create");
	while (n > 0 && (size_t)from < w->size) {
		n = copy_file_range(fd, &from, to, NULL, w->size, 0);
		if (n < 0 && errno == EXDEV)	/* between file systems: as cp does */
			n = sendfile(to, fd, &from, w->size);
	}
	if (n < 0 || pread(to, w->got, w->size, 0) != (ssize_t)w->size) {
		close(to);
		return fail_errno("copy_file_range");
	}
	close(to);
	return 0;
}

/* Pages of the file in memory */
static long resident(const struct work *w, int fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), i, n = (w->size + page - 1) / page;
	unsigned char *in = malloc(n + 1);
	void *p = mmap(NULL, w->size, PROT_READ, MAP_SHARED, fd, 0);
	long count = 0;

	if (!in || p == MAP_FAILED || mincore(p, w->size, in))
		count = -1;
	for (i = 0; count >= 0 && i < n; i++)
		count += in[i] & 1;
	if (p != MAP_FAILED)
		munmap(p, w->size);
	free(in);
	return count;
}

/* Reading ahead may go on behind the call's back. */
static int becomes_resident(const struct work *w, int fd)
{
	int tries;

	for (tries = 0; w->size && tries < 200; tries++) {
		if (resident(w, fd))
			return 0;
		usleep(50000);
	}
	return w->size ? fail("nothing was read ahead") : 0;
}

static int way_readahead(struct work *w, int fd)
{
	if (w->size && readahead(fd, 0, w->size))
		return fail_errno("readahead");
	if (becomes_resident(w, fd))
		return -1;
	return in_pieces(w, fd, PIECE);
}

static int way_willneed(struct work *w, int fd)
{
	int err = posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED);

	if (err)
		return fail("fadvise: %s", strerror(err));
	if (becomes_resident(w, fd))
		return -1;
	return in_pieces(w, fd, PIECE);
}

static int way_dontneed(struct work *w, int fd)
{
	int err = in_pieces(w, fd, PIECE);

	if (err)
		return err;
	err = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	if (err)
		return fail("fadvise: %s", strerror(err));
	if (w->size && resident(w, fd))
		return fail("%ld pages stay in memory", resident(w, fd));
	memset(w->got, 0xff, w->size);
	lseek(fd, 0, SEEK_SET);
	return in_pieces(w, fd, PIECE);
}

static int way_random(struct work *w, int fd)
{
	int err = posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);

	if (err)
		return fail("fadvise: %s", strerror(err));
	return way_backwards(w, fd);
}

static int way_seek(struct work *w, int fd)
{
	off_t size = (off_t)w->size;

	if (lseek(fd, 0, SEEK_END) != size)
		return fail("the end is not at %zu", w->size);
	if (size && lseek(fd, 0, SEEK_DATA) != 0)
		return fail("SEEK_DATA finds no data");
	if (size && lseek(fd, 0, SEEK_HOLE) != size)
		return fail("SEEK_HOLE finds a hole");
	if (pread(fd, w->got, 1, size) != 0 || pread(fd, w->got, 1, size + 4096) != 0)
		return fail("there is something behind the end");
	lseek(fd, 0, SEEK_SET);
	return in_pieces(w, fd, PIECE);
}

/* ---- main ---- */

static const struct {
	const char *name;
	int (*way)(struct work *w, int fd);
} ways[] = {
	{ "read", way_read }, { "read-odd", way_read_odd }, { "read-whole", way_read_whole },
	{ "direct", way_direct }, { "backwards", way_backwards }, { "readv", way_readv },
	{ "mmap", way_mmap }, { "mmap-private", way_mmap_private },
	{ "mmap-populate", way_mmap_populate }, { "mmap-random", way_mmap_random },
	{ "mmap-huge", way_mmap_huge }, { "mmap-tail", way_mmap_tail },
	{ "mmap-write", way_mmap_write }, { "splice", way_splice },
	{ "sendfile", way_sendfile }, { "copy_file_range", way_copy_file_range },
	{ "readahead", way_readahead }, { "willneed", way_willneed },
	{ "dontneed", way_dontneed }, { "random", way_random }, { "seek", way_seek },
};

static int run_way(struct work *w, int (*way)(struct work *w, int fd))
{
	int fd = open(w->path, O_RDONLY), err;

	if (fd < 0)
		return fail_errno("open");
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	memset(w->got, 0xff, w->size);
	errno = 0;
	err = way(w, fd);
	if (!err)
		err = compare(w, 0, w->size);
	close(fd);
	return err;
}

static void *slurp(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	unsigned char *p;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	*size = (size_t)st.st_size;
	p = malloc(*size + 2);
	if (p && read(fd, p, *size + 1) != (ssize_t)*size)
		p = NULL;
	close(fd);
	return p;
}

int main(int argc, char **argv)
{
	struct work w = { .path = argv[1] };
	int status = 0;
	size_t i;

	if (argc != 3) {
		fprintf(stderr, "usage: readways FILE REFERENCE\n");
		return 2;
	}
	w.want = slurp(argv[2], &w.size);
	if (!w.want || posix_memalign((void **)&w.got, 4096, 2 * (w.size + PIECE))) {
		perror(argv[2]);
		return 2;
	}
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!run_way(&w, ways[i].way)) {
			printf("%s ok\n", ways[i].name);
		} else {
			printf("%s: %s\n", ways[i].name, wrong);
			status = 1;
		}
	}
	return status;
}
