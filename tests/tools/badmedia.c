// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * badmedia - damage a medium in many ways, mount it each time, and read all of it.
 *
 *	badmedia LOWER MOUNT SEED COUNT TITLE=TREE...
 *
 * LOWER was made by mkmedium with these titles in this order, so that the licence of the
 * first is in slot 1, and so on. Each of the COUNT media has one damage, which SEED and its
 * number determine; every other medium is damaged while it is mounted, after it was read.
 * What must hold:
 *
 *	- mounting, listing and stat go well, and every error of open and read is one that the
 *	  documentation names;
 *	- no byte is ever read that differs from the plaintext in TREE;
 *	- where a damage must be noticed, it is;
 *	- what it does not touch can be read: the other titles, and of a sealed file with a
 *	  damaged block every other block.
 *
 * The medium is restored each time. Prints what did not hold; exits with 1 then.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "userspace/lib/libmclic.h"

#define TITLES_MAX	8
#define FILES_MAX	64
#define ALL		(-1)
#define NOBODY		(-2)
#define READ_SIZE	65536u

struct file {
	int title;
	char *name;		/* below title and tree */
	__u8 *plain;
	size_t size;
};

static struct {
	const char *lower, *mount;
	char *title[TITLES_MAX], *tree[TITLES_MAX];
	int titles;
	struct file file[FILES_MAX];
	int files;
	const struct mclic_crypto *c;
} w;

/* The damage that is being done. */
static struct {
	int number;
	const char *kind;
	int title;		/* whose files may fail: an index, ALL or NOBODY */
	const struct file *file;	/* if only this one may */
	__u64 first, last;	/* if only these blocks of it may */
	bool blocks;
	bool must;		/* something must fail */
	char path[PATH_MAX];	/* of what is damaged, and below, what it was */
	__u8 *old;
	size_t old_size;
	bool mounted;
	unsigned int failed;	/* files and blocks that could not be read */
} d;

static unsigned int complaints, refused, damaged_blocks;
static __u64 state;
static sigjmp_buf bus;

static void die(const char *what)
{
	fprintf(stderr, "badmedia: %s: %s\n", what, strerror(errno));
	exit(2);
}

__attribute__((format(printf, 1, 2))) static void complain(const char *fmt, ...)
{
	va_list ap;

	complaints++;
	printf("medium %d (%s of %s%s): ", d.number, d.kind, d.path,
	       d.mounted ? ", mounted" : "");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* splitmix64 */
static __u64 any(__u64 below)
{
	__u64 z = (state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % below;
}

/* ---- files ---- */

static __u8 *slurp(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	__u8 *p;

	if (fd < 0 || fstat(fd, &st))
		die(path);
	*size = (size_t)st.st_size;
	p = malloc(*size + 1);
	if (!p || mclic_pread_full(fd, p, *size, 0) != (ssize_t)*size)
		die(path);
	close(fd);
	return p;
}

/* In place, as somebody would who damages a file: the inode stays. */
static void spew(const char *path, const __u8 *p, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || mclic_pwrite_full(fd, p, size, 0) || ftruncate(fd, (off_t)size))
		die(path);
	close(fd);
}

static void poke(__u64 at, const void *p, size_t n)
{
	int fd = open(d.path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || mclic_pwrite_full(fd, p, n, (off_t)at))
		die(d.path);
	close(fd);
}

static void flip_at(__u64 at)
{
	__u8 byte = d.old[at] ^ (__u8)(1 + any(255));

	poke(at, &byte, 1);
}

static void cut(__u64 size)
{
	if (truncate(d.path, (off_t)size))
		die(d.path);
}

static void target(const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(d.path, sizeof(d.path), "%s/", w.lower);

	va_start(ap, fmt);
	vsnprintf(d.path + n, sizeof(d.path) - (size_t)n, fmt, ap);
	va_end(ap);
	d.old = slurp(d.path, &d.old_size);
}

static char *aside(void)
{
	static char name[PATH_MAX + 8];

	snprintf(name, sizeof(name), "%s/aside", w.lower);
	return name;
}

/* Put something else in its place: nothing, a directory, a symlink to the same, a FIFO. */
static void replace(int what)
{
	if (rename(d.path, aside()))
		die(d.path);
	if ((what == 1 && mkdir(d.path, 0755)) || (what == 2 && symlink(aside(), d.path)) ||
	    (what == 3 && mkfifo(d.path, 0644)))
		die(d.path);
}

static void restore(void)
{
	if (!access(aside(), F_OK)) {
		if (remove(d.path) && errno != ENOENT)
			die(d.path);
		if (rename(aside(), d.path))
			die(d.path);
	}
	spew(d.path, d.old, d.old_size);
	free(d.old);
}

/*
 * File systems stamp with a clock that ticks in milliseconds. A change in the same tick as
 * the last look at the file need not be noticed.
 */
static void next_tick(void)
{
	struct timespec was, now;

	clock_gettime(CLOCK_REALTIME_COARSE, &was);
	do
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	while (now.tv_sec == was.tv_sec && now.tv_nsec == was.tv_nsec);
}

/* ---- kinds of damage ---- */

static void choose_area(int title, bool must)
{
	target(MCLIC_AREA_FILE);
	d.title = title;
	d.must = must;
}

static __u64 slot_at(int title)
{
	return (__u64)(title + 1) * MCLIC_SLOT_SIZE;
}

/* A slot or header with right CRC */
static void poke_slot(__u64 at, __u8 slot[MCLIC_SLOT_SIZE])
{
	__le32 crc = mclic_put32(w.c->crc32(slot, MCLIC_SLOT_SIZE - sizeof(crc)));

	memcpy(slot + MCLIC_SLOT_SIZE - sizeof(crc), &crc, sizeof(crc));
	poke(at, slot, MCLIC_SLOT_SIZE);
}

static void header_flip(void)
{
	choose_area(NOBODY, false);
	flip_at(any(MCLIC_SLOT_SIZE));
}

static void copy_flip(void)
{
	choose_area(NOBODY, false);
	flip_at(d.old_size - 1 - any(MCLIC_SLOT_SIZE));
}

/* Who has the area open already knows its header. */
static void headers_flip(void)
{
	choose_area(ALL, !d.mounted);
	flip_at(any(MCLIC_SLOT_SIZE));
	flip_at(d.old_size - 1 - any(MCLIC_SLOT_SIZE));
}

/* Fields of the header that say something else, in both of them and with a right CRC */
static void header_lie(void)
{
	__u8 slot[MCLIC_SLOT_SIZE];
	__u64 at = any(120);

	choose_area(ALL, false);
	memcpy(slot, d.old, sizeof(slot));
	slot[at] ^= (__u8)(1 + any(255));
	poke_slot(0, slot);
	poke_slot(d.old_size - MCLIC_SLOT_SIZE, slot);
}

static void header_slots(void)
{
	__u8 slot[MCLIC_SLOT_SIZE];
	__le32 n = mclic_put32((__u32)any(any(2) ? 300 : 0xffffffffu));

	choose_area(ALL, false);
	memcpy(slot, d.old, sizeof(slot));
	memcpy(slot + offsetof(struct mclic_area_header, slots), &n, sizeof(n));
	poke_slot(0, slot);
}

static void slot_flip(void)
{
	int title = (int)any((__u64)w.titles);

	choose_area(title, true);
	flip_at(slot_at(title) + any(MCLIC_SLOT_SIZE));
}

/* What SIG covers, CS, EKU, EMid and SIG itself, with a right CRC */
static void slot_lie(void)
{
	int title = (int)any((__u64)w.titles);
	__u8 slot[MCLIC_SLOT_SIZE];

	choose_area(title, true);
	memcpy(slot, d.old + slot_at(title), sizeof(slot));
	slot[any(offsetof(struct mclic_slot, sig) + 256)] ^= (__u8)(1 + any(255));
	poke_slot(slot_at(title), slot);
}

static void slot_noise(void)
{
	int title = (int)any((__u64)w.titles);
	__u8 slot[MCLIC_SLOT_SIZE];
	size_t i, from = any(2) ? 0 : MCLIC_MAGIC_SIZE;

	choose_area(title, true);
	memcpy(slot, d.old + slot_at(title), sizeof(slot));
	for (i = from; i < sizeof(slot); i++)
		slot[i] = (__u8)any(256);
	poke_slot(slot_at(title), slot);
}

static void slot_zero(void)
{
	static const __u8 zero[MCLIC_SLOT_SIZE];
	int title = (int)any((__u64)w.titles);

	choose_area(title, true);
	poke(slot_at(title), zero, any(2) ? MCLIC_MAGIC_SIZE : sizeof(zero));
}

static void slot_swap(void)
{
	int title = (int)any((__u64)w.titles);
	__u64 other = (20 + any(200)) * MCLIC_SLOT_SIZE;

	choose_area(NOBODY, false);
	poke(other, d.old + slot_at(title), MCLIC_SLOT_SIZE);
	poke(slot_at(title), d.old + other, MCLIC_SLOT_SIZE);
}

static void area_cut(void)
{
	choose_area(ALL, false);
	cut(any(d.old_size));
}

static void area_other(void)
{
	int what = (int)any(4);

	/* A symlink to it is followed by no one, or by all: both are right. */
	choose_area(ALL, what != 2);
	replace(what);
}

static void choose_marker(bool must)
{
	int title = (int)any((__u64)w.titles);

	target("%s/%s", w.title[title], MCLIC_MARKER_NAME);
	d.title = title;
	d.must = must;
}

/* Who published it and for which Ka is for user space to check. */
static bool for_kernel(__u64 at)
{
	return at < 32 || (at >= 48 && at < 56) || (at >= 60 && at < 64) || at >= 96;
}

static void marker_flip(void)
{
	__u64 at = any(MCLIC_MARKER_SIGNED);

	choose_marker(for_kernel(at));
	flip_at(at);
}

static void manifest_flip(void)
{
	choose_marker(false);
	d.title = NOBODY;
	flip_at(MCLIC_MARKER_SIGNED + any(d.old_size - MCLIC_MARKER_SIGNED));
}

static void marker_cut(void)
{
	choose_marker(true);
	cut(any(2) ? any(d.old_size) : d.old_size + 1 + any(1u << 30));
}

static void marker_other(void)
{
	choose_marker(true);
	replace(1 + (int)any(3));
}

static const struct file *choose_file(size_t at_least)
{
	const struct file *f;

	do
		f = &w.file[any((__u64)w.files)];
	while (f->size < at_least);
	target("%s/%s", w.title[f->title], f->name);
	d.title = f->title;
	d.file = f;
	d.must = true;
	return f;
}

static void choose_block(__u64 first, __u64 last)
{
	d.blocks = true;
	d.first = first;
	d.last = last;
}

static void trailer_flip(void)
{
	choose_file(0);
	flip_at(d.old_size - 1 - any(MCLIC_TRAILER_SIZE));
}

/* The bytes of another sealed file */
static __u8 *another(const struct file *f, bool of_its_title, size_t *size)
{
	const struct file *other;
	char path[PATH_MAX];

	do
		other = &w.file[any((__u64)w.files)];
	while (other == f || (!of_its_title && other->title == f->title));
	snprintf(path, sizeof(path), "%s/%s/%s", w.lower, w.title[other->title], other->name);
	return slurp(path, size);
}

/* Then all blocks are of another key, if it is of the same length at all. */
static void trailer_other(void)
{
	const struct file *f = choose_file(1);
	size_t size;
	__u8 *p = another(f, true, &size);

	poke(d.old_size - MCLIC_TRAILER_SIZE, p + size - MCLIC_TRAILER_SIZE, MCLIC_TRAILER_SIZE);
	free(p);
}

static void block_flip(void)
{
	const struct file *f = choose_file(1);
	__u64 block = any(mclic_block_count(f->size));

	choose_block(block, block);
	flip_at(mclic_block_offset(block) + any(mclic_block_len(block, f->size)));
}

static void tag_flip(void)
{
	const struct file *f = choose_file(1);
	__u64 block = any(mclic_block_count(f->size));

	choose_block(block, block);
	flip_at(mclic_tag_offset(block, f->size) + any(MCLIC_TAG_SIZE));
}

static void blocks_swap(void)
{
	const struct file *f = choose_file(3 * MCLIC_BLOCK_SIZE);
	__u64 block = any(f->size / MCLIC_BLOCK_SIZE - 1);
	__u64 a = mclic_block_offset(block), b = mclic_block_offset(block + 1);

	choose_block(block, block + 1);
	poke(a, d.old + b, MCLIC_BLOCK_SIZE);
	poke(b, d.old + a, MCLIC_BLOCK_SIZE);
}

static void blocks_noise(void)
{
	const struct file *f = choose_file(3 * MCLIC_BLOCK_SIZE);
	__u64 first = any(mclic_block_count(f->size)), i;
	__u64 last = first + any(mclic_block_count(f->size) - first);

	choose_block(first, last);
	for (i = first; i <= last; i++)
		flip_at(mclic_block_offset(i) + any(mclic_block_len(i, f->size)));
}

static void file_cut(void)
{
	choose_file(0);
	cut(any(d.old_size));
}

static void file_grow(void)
{
	choose_file(0);
	cut(d.old_size + 1 + (any(2) ? any(10000) : any((__u64)1 << 40)));
}

static void file_noise(void)
{
	__u8 *p;
	size_t i;

	choose_file(0);
	p = malloc(d.old_size);
	if (!p)
		die("memory");
	for (i = 0; i < d.old_size; i++)
		p[i] = (__u8)any(256);
	poke(0, p, d.old_size);
	free(p);
}

static void file_other(void)
{
	const struct file *f = choose_file(0);
	size_t size;
	__u8 *p = another(f, false, &size);

	spew(d.path, p, size);
	free(p);
}

static const struct {
	const char *name;
	void (*make)(void);
} kinds[] = {
	{ "a changed byte in the header", header_flip },
	{ "a changed byte in the header's copy", copy_flip },
	{ "a changed byte in both headers", headers_flip },
	{ "another value in both headers", header_lie },
	{ "another number of slots", header_slots },
	{ "a changed byte in a slot", slot_flip },
	{ "another value in a slot", slot_lie },
	{ "noise in a slot", slot_noise },
	{ "a zeroed slot", slot_zero },
	{ "two slots exchanged", slot_swap },
	{ "a cut area", area_cut },
	{ "something else in place of the area", area_other },
	{ "a changed byte in the marker", marker_flip },
	{ "a changed byte in the manifest", manifest_flip },
	{ "another length of the marker", marker_cut },
	{ "something else in place of the marker", marker_other },
	{ "a changed byte in the trailer", trailer_flip },
	{ "the trailer of another file", trailer_other },
	{ "a changed byte in a block", block_flip },
	{ "a changed byte in a tag", tag_flip },
	{ "two blocks exchanged", blocks_swap },
	{ "several damaged blocks", blocks_noise },
	{ "a cut sealed file", file_cut },
	{ "a sealed file that is too long", file_grow },
	{ "noise in a sealed file", file_noise },
	{ "a sealed file of another title", file_other },
};

/* ---- reading ---- */

static bool may_fail(const struct file *f)
{
	return (d.title == ALL || d.title == f->title) && (!d.file || d.file == f);
}

static bool may_fail_at(const struct file *f, __u64 block)
{
	return may_fail(f) && (!d.blocks || (block >= d.first && block <= d.last));
}

static void open_failed(const struct file *f)
{
	static const int known[] = {
		EBADMSG, EACCES, EMEDIUMTYPE, ENOKEY, EKEYREJECTED, EKEYREVOKED, EKEYEXPIRED,
	};
	size_t i;

	refused++;
	d.failed++;
	if (!may_fail(f) || d.blocks)
		complain("%s/%s cannot be opened: %s", w.title[f->title], f->name, strerror(errno));
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (errno == known[i])
			return;
	complain("%s/%s: open answers with %s", w.title[f->title], f->name,
		 strerrorname_np(errno));
}

static void block_failed(const struct file *f, __u64 at, const char *how)
{
	damaged_blocks++;
	d.failed++;
	if (!may_fail_at(f, at / MCLIC_BLOCK_SIZE))
		complain("%s/%s: %s at %llu: not damaged, but %s", w.title[f->title], f->name,
			 how, (unsigned long long)at, strerrorname_np(errno));
	else if (errno != EBADMSG)
		complain("%s/%s: %s at %llu answers with %s", w.title[f->title], f->name, how,
			 (unsigned long long)at, strerrorname_np(errno));
}

static void compare(const struct file *f, const __u8 *p, __u64 at, size_t n, const char *how)
{
	if (at + n > f->size || memcmp(p, f->plain + at, n))
		complain("%s/%s: %s at %llu: WRONG BYTES", w.title[f->title], f->name, how,
			 (unsigned long long)at);
}

static void read_file(const struct file *f, int fd)
{
	static __u8 buf[READ_SIZE];
	__u64 at = 0;
	ssize_t n;

	while (at <= f->size) {
		n = pread(fd, buf, sizeof(buf), (off_t)at);
		if (!n)
			break;
		if (n > 0) {
			compare(f, buf, at, (size_t)n, "read");
			at += (__u64)n;
		} else {
			block_failed(f, at, "read");
			at = (at | (MCLIC_BLOCK_SIZE - 1)) + 1;
		}
	}
	if (at < f->size)
		complain("%s/%s: ends at %llu", w.title[f->title], f->name,
			 (unsigned long long)at);
}

static void on_bus(int sig)
{
	siglongjmp(bus, sig);
}

static void map_file(const struct file *f, int fd)
{
	static __u8 page[MCLIC_BLOCK_SIZE];
	volatile __u64 at = 0;
	__u8 *p;

	if (!f->size)
		return;
	p = mmap(NULL, f->size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		complain("%s/%s: mmap: %s", w.title[f->title], f->name, strerror(errno));
		return;
	}
	if (sigsetjmp(bus, 1)) {
		errno = EBADMSG;
		block_failed(f, at, "mmap");
		at += MCLIC_BLOCK_SIZE;
	}
	for (; at < f->size; at += MCLIC_BLOCK_SIZE) {
		size_t n = mclic_block_len(at / MCLIC_BLOCK_SIZE, f->size);

		memcpy(page, p + at, n);
		compare(f, page, at, n, "mmap");
	}
	munmap(p, f->size);
}

static void look_at(const struct file *f)
{
	char path[PATH_MAX];
	bool map_first;
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s", w.mount, w.title[f->title], f->name);
	if (lstat(path, &st) || !S_ISREG(st.st_mode))
		complain("%s: %s", path, strerror(errno));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		open_failed(f);
		return;
	}
	/* What is not damaged is read in one way, to save time. */
	map_first = any(2);
	if (map_first)
		map_file(f, fd);
	if (!map_first || may_fail(f))
		read_file(f, fd);
	if (!map_first && may_fail(f))
		map_file(f, fd);
	close(fd);
}

static void list(const char *title)
{
	char path[PATH_MAX];
	struct dirent *e;
	int found = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", w.mount, title);
	dir = opendir(path);
	if (!dir) {
		complain("%s: %s", path, strerror(errno));
		return;
	}
	for (errno = 0; (e = readdir(dir)); found++)
		if (!strcasecmp(e->d_name, MCLIC_MARKER_NAME))
			complain("%s shows its marker", path);
	if (errno || found < 3)
		complain("%s cannot be listed: %s", path, strerror(errno));
	closedir(dir);
}

static void look(void)
{
	int i;

	for (i = 0; i < w.titles; i++)
		list(w.title[i]);
	for (i = 0; i < w.files; i++)
		look_at(&w.file[i]);
}

/* ---- media ---- */

static void start_medium(int number, __u64 seed)
{
	size_t kind = (size_t)number % (sizeof(kinds) / sizeof(kinds[0]));

	memset(&d, 0, sizeof(d));
	d.number = number;
	d.kind = kinds[kind].name;
	d.title = NOBODY;
	d.mounted = number / (sizeof(kinds) / sizeof(kinds[0])) % 2;
	state = seed * 1000003 + (__u64)number;
}

static void take_mount(void)
{
	if (mount(w.lower, w.mount, "mclicfs", MS_RDONLY, NULL)) {
		complain("mount: %s", strerror(errno));
		exit(1);
	}
}

static void run_medium(int number, __u64 seed)
{
	size_t kind = (size_t)number % (sizeof(kinds) / sizeof(kinds[0]));

	start_medium(number, seed);
	if (d.mounted) {
		take_mount();
		look();
		next_tick();
	}
	kinds[kind].make();
	if (!d.mounted)
		take_mount();
	d.failed = 0;
	look();
	if (d.must && !d.failed)
		complain("nobody has noticed");
	next_tick();
	restore();
	if (d.mounted) {
		/* As it was, also for a mount that has seen it otherwise. */
		d.title = NOBODY;
		look();
	}
	if (umount(w.mount))
		complain("umount: %s", strerror(errno));
}

static int add_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct file *f = &w.file[w.files];

	(void)st;
	(void)ftw;
	if (type != FTW_F)
		return 0;
	if (w.files++ == FILES_MAX)
		die("too many files");
	f->title = w.titles;
	f->name = strdup(path + strlen(w.tree[w.titles]) + 1);
	f->plain = slurp(path, &f->size);
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_bus };
	int i, count;

	if (argc < 7 || argc - 5 > TITLES_MAX) {
		fprintf(stderr, "badmedia: see the top of tests/tools/badmedia.c\n");
		return 2;
	}
	w.c = mclic_openssl();
	w.lower = argv[1];
	w.mount = argv[2];
	count = atoi(argv[4]);
	for (i = 5; i < argc; i++, w.titles++) {
		w.title[w.titles] = argv[i];
		w.tree[w.titles] = strchr(argv[i], '=');
		if (!w.tree[w.titles])
			die(argv[i]);
		*w.tree[w.titles]++ = '\0';
		if (nftw(w.tree[w.titles], add_file, 32, FTW_PHYS))
			die(w.tree[w.titles]);
	}
	sigaction(SIGBUS, &sa, NULL);
	for (i = 0; i < count; i++)
		run_medium(i, strtoull(argv[3], NULL, 0));
	printf("%d media: %u times a file was refused, %u times a block; %u complaints\n", count,
	       refused, damaged_blocks, complaints);
	for (i = 0; i < w.files; i++) {
		free(w.file[i].name);
		free(w.file[i].plain);
	}
	return !!complaints;
}
