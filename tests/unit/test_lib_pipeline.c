// SPDX-License-Identifier: GPL-2.0-or-later
/* pipeline.c, work.c: the right bytes, hashes and errors, in whatever order threads come. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "userspace/lib/libmclic.h"

#define MIB	(1u << 20)
#define MOST	(3 * MIB + 5)

static const __u64 sizes[] = {
	0, 1, 15, 16, 4095, 4096, 4097, 8192, MIB - 1, MIB, MIB + 1, MIB + 4096, 2 * MIB,
	2 * MIB + 4095, MOST,
};

#define SIZES	(sizeof(sizes) / sizeof(sizes[0]))

static __u8 *plain;		/* each file is its first bytes */
static __u8 ka[MCLIC_KEY_SIZE], ku[MCLIC_KEY_SIZE];
static const struct mclic_title title = { { 9, 8, 7 }, 3 };

static int setup(void **state)
{
	(void)state;
	plain = malloc(MOST);
	return !plain || mclic_random(plain, MOST) || mclic_random(ka, sizeof(ka)) ||
	       mclic_random(ku, sizeof(ku)) ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	free(plain);
	return 0;
}

/* ---- a set of files, in memory ---- */

struct file {
	struct mclic_entry entry;
	int sealed;		/* EKa(Data) */
	int copy;		/* EKu(Data) */
	int opened, finished;
	int err;		/* as finish got it */
	__u64 bad[8];		/* blocks as reported */
	size_t bad_count;
};

struct set {
	struct file *files;
	size_t count;
	atomic_int open_now, open_most;
	bool go_on;		/* finish swallows errors */
	atomic_bool *cancel_at;	/* set by the opening of the last file */
	ssize_t (*read)(void *in, void *buf, size_t len, __u64 off);
	int open_error;		/* of the last file */
};

static struct set *new_set(size_t count)
{
	struct set *s = calloc(1, sizeof(*s));
	size_t i;

	assert_non_null(s);
	s->files = calloc(count, sizeof(*s->files));
	assert_non_null(s->files);
	s->count = count;
	for (i = 0; i < count; i++) {
		s->files[i].entry.path = strdup("a file");
		s->files[i].entry.size = sizes[i % SIZES];
		s->files[i].entry.file_id[0] = (__u8)i;
		s->files[i].sealed = s->files[i].copy = -1;
	}
	return s;
}

static void free_set(struct set *s)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		free(s->files[i].entry.path);
		if (s->files[i].sealed >= 0)
			close(s->files[i].sealed);
		if (s->files[i].copy >= 0)
			close(s->files[i].copy);
	}
	free(s->files);
	free(s);
}

static ssize_t read_plain(void *in, void *buf, size_t len, __u64 off)
{
	const struct file *f = in;

	if (off >= f->entry.size)
		return 0;
	if (len > f->entry.size - off)
		len = f->entry.size - off;
	memcpy(buf, plain + off, len);
	return (ssize_t)len;
}

static ssize_t read_short(void *in, void *buf, size_t len, __u64 off)
{
	ssize_t n = read_plain(in, buf, len, off);

	return n > 5 ? n - 5 : n;
}

static ssize_t read_broken(void *in, void *buf, size_t len, __u64 off)
{
	return off ? mclic_fail(EIO, "the disc is scratched") : read_plain(in, buf, len, off);
}

static void count_open(struct set *s, struct file *f)
{
	int now = atomic_fetch_add(&s->open_now, 1) + 1, most = atomic_load(&s->open_most);

	f->opened++;
	while (now > most && !atomic_compare_exchange_weak(&s->open_most, &most, now))
		;
}

static int open_to_seal(void *ctx, size_t i, struct mclic_work *w)
{
	struct set *s = ctx;
	struct file *f = &s->files[i];

	if (i == s->count - 1 && s->cancel_at)
		atomic_store(s->cancel_at, true);
	if (i == s->count - 1 && s->open_error)
		return s->open_error;
	assert_int_equal(w->out, -1);
	w->name = f->entry.path;
	w->size = f->entry.size;
	w->read = s->read ? s->read : read_plain;
	w->in = f;
	if (f->sealed < 0)
		f->sealed = memfd_create("sealed", MFD_CLOEXEC);
	w->out = f->sealed;
	w->seal.title = title;
	w->seal.km_generation = 1;
	w->seal.key = MCLIC_UNDER_KA;
	memcpy(w->seal.file_id, f->entry.file_id, MCLIC_ID_SIZE);
	count_open(s, f);
	return 0;
}

static int open_to_verify(void *ctx, size_t i, struct mclic_work *w)
{
	struct set *s = ctx;
	struct file *f = &s->files[i];
	struct stat st;
	int err;

	w->name = f->entry.path;
	w->read = mclic_work_read_fd;
	w->in = &f->sealed;
	assert_int_equal(fstat(f->sealed, &st), 0);
	err = mclic_work_sealed(w, (__u64)st.st_size, &f->entry, &title, 1, MCLIC_UNDER_KA, ka);
	if (!err)
		count_open(s, f);
	return err;
}

static int open_to_copy(void *ctx, size_t i, struct mclic_work *w)
{
	struct set *s = ctx;
	int err = open_to_verify(ctx, i, w);

	s->files[i].copy = memfd_create("copy", MFD_CLOEXEC);
	w->out = s->files[i].copy;
	w->seal.key = MCLIC_UNDER_KU;
	w->seal.km_generation = 2;
	return err;
}

static int finish(void *ctx, size_t i, struct mclic_work *w, int err)
{
	struct set *s = ctx;
	struct file *f = &s->files[i];

	f->finished++;
	f->err = err;
	if (!err)
		memcpy(f->entry.sha256, w->sha256, MCLIC_HASH_SIZE);
	else
		assert_true(*mclic_message());
	atomic_fetch_sub(&s->open_now, 1);
	return s->go_on ? 0 : err;
}

static void damaged(void *ctx, size_t i, const struct mclic_work *w, __u64 block)
{
	struct set *s = ctx;
	struct file *f = &s->files[i];

	(void)w;
	assert_true(f->bad_count < 8);
	f->bad[f->bad_count++] = block;
}

static int run(struct set *s, int (*open)(void *, size_t, struct mclic_work *),
	       const __u8 *out_key, atomic_bool *cancel, bool report)
{
	struct mclic_pipeline p = {
		.ctx = s, .count = s->count, .out_key = out_key, .open = open, .finish = finish,
		.damaged = report ? damaged : NULL, .cancel = cancel,
	};
	int err = mclic_pipeline_run(&p);
	size_t i;

	/* What was opened was finished, exactly once, whatever happened. */
	for (i = 0; i < s->count; i++) {
		assert_int_equal(s->files[i].opened, s->files[i].finished);
		s->files[i].opened = s->files[i].finished = 0;
	}
	assert_int_equal(atomic_load(&s->open_now), 0);
	return err;
}

static struct set *sealed_set(size_t count)
{
	struct set *s = new_set(count);

	assert_int_equal(run(s, open_to_seal, ka, NULL, false), 0);
	return s;
}

/* ---- the bytes ---- */

/* Open a sealed file with core alone, block by block, and compare. */
static void check_sealed(const struct file *f, int fd, const __u8 *key, __u8 under,
			 __u32 generation)
{
	const struct mclic_crypto *c = mclic_openssl();
	__u64 len = mclic_sealed_len(f->entry.size), i;
	__u8 file_key[MCLIC_KEY_SIZE], box[MCLIC_BLOCK_SIZE + MCLIC_TAG_SIZE];
	__u8 block[MCLIC_BLOCK_SIZE], nonce[MCLIC_NONCE_SIZE];
	struct mclic_trailer t;
	struct mclic_seal seal;
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, len);
	assert_int_equal(pread(fd, &t, sizeof(t), (off_t)(len - sizeof(t))), sizeof(t));
	assert_int_equal(mclic_trailer_check(c, &t, len, &title, generation, under, key, file_key,
					     &seal), MCLIC_OK);
	assert_int_equal(seal.size, f->entry.size);
	assert_memory_equal(seal.file_id, f->entry.file_id, MCLIC_ID_SIZE);
	for (i = 0; i < mclic_block_count(f->entry.size); i++) {
		__u32 n = mclic_block_len(i, f->entry.size);

		assert_int_equal(pread(fd, box, n, (off_t)mclic_block_offset(i)), n);
		assert_int_equal(pread(fd, box + n, MCLIC_TAG_SIZE,
				       (off_t)mclic_tag_offset(i, f->entry.size)), MCLIC_TAG_SIZE);
		mclic_block_nonce(i, nonce);
		assert_int_equal(c->open(c, file_key, nonce, NULL, 0, box, n, block), 0);
		assert_memory_equal(block, plain + i * MCLIC_BLOCK_SIZE, n);
	}
}

static void check_hash(const struct file *f)
{
	struct mclic_vec v = { plain, f->entry.size };
	__u8 hash[MCLIC_HASH_SIZE];

	assert_int_equal(mclic_openssl()->sha256(mclic_openssl(), &v, 1, hash), 0);
	assert_memory_equal(hash, f->entry.sha256, sizeof(hash));
}

static void every_size_seals_and_copies(void **state)
{
	struct set *s = sealed_set(SIZES);
	size_t i;

	(void)state;
	for (i = 0; i < s->count; i++) {
		check_hash(&s->files[i]);
		check_sealed(&s->files[i], s->files[i].sealed, ka, MCLIC_UNDER_KA, 1);
	}
	assert_int_equal(run(s, open_to_copy, ku, NULL, false), 0);
	for (i = 0; i < s->count; i++) {
		check_hash(&s->files[i]);
		check_sealed(&s->files[i], s->files[i].copy, ku, MCLIC_UNDER_KU, 2);
	}
	assert_int_equal(run(s, open_to_verify, NULL, NULL, false), 0);
	free_set(s);
}

/* The same file sealed twice shares no byte of key stream: the salts differ. */
static void every_sealing_has_its_own_salt(void **state)
{
	struct set *s = sealed_set(2);
	struct mclic_trailer a, b;

	(void)state;
	assert_int_equal(pread(s->files[0].sealed, &a, sizeof(a), 0), sizeof(a));
	assert_int_equal(run(s, open_to_seal, ka, NULL, false), 0);
	assert_int_equal(pread(s->files[0].sealed, &b, sizeof(b), 0), sizeof(b));
	assert_memory_not_equal(a.salt, b.salt, sizeof(a.salt));
	free_set(s);
}

static void many_small_files_need_few_descriptors(void **state)
{
	struct set *s = new_set(900);
	size_t i;

	(void)state;
	for (i = 0; i < s->count; i++)
		s->files[i].entry.size = i;
	assert_int_equal(run(s, open_to_seal, ka, NULL, false), 0);
	assert_in_range(atomic_load(&s->open_most), 1, 16);
	for (i = 0; i < s->count; i += 53) {
		check_hash(&s->files[i]);
		check_sealed(&s->files[i], s->files[i].sealed, ka, MCLIC_UNDER_KA, 1);
	}
	free_set(s);
}

static void no_file_is_no_error(void **state)
{
	struct set *s = new_set(1);

	(void)state;
	s->count = 0;
	assert_int_equal(run(s, open_to_seal, ka, NULL, false), 0);
	s->count = 1;
	free_set(s);
}

/* ---- damage ---- */

static void flip(int fd, __u64 off)
{
	__u8 byte;

	assert_int_equal(pread(fd, &byte, 1, (off_t)off), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)off), 1);
}

static void damaged_blocks_are_named_and_the_rest_goes_on(void **state)
{
	static const __u64 wanted[] = { 0, 3, 255, 256, 768 };
	struct set *s = sealed_set(SIZES);
	struct file *f = &s->files[SIZES - 1];
	size_t i, j, found;

	(void)state;
	assert_int_equal(f->entry.size, MOST);
	for (i = 0; i < 5; i++)
		flip(f->sealed, i == 1 ? mclic_tag_offset(wanted[i], MOST)
				       : mclic_block_offset(wanted[i]) + 4);
	s->go_on = true;
	assert_int_equal(run(s, open_to_verify, NULL, NULL, true), 0);
	for (i = 0; i < SIZES - 1; i++) {
		assert_int_equal(s->files[i].err, 0);
		assert_int_equal(s->files[i].bad_count, 0);
	}
	assert_int_equal(f->err, -EBADMSG);
	assert_int_equal(f->bad_count, 5);
	for (i = 0; i < 5; i++) {
		for (found = 0, j = 0; j < 5; j++)
			found += f->bad[j] == wanted[i];
		assert_int_equal(found, 1);
	}
	free_set(s);
}

static void a_damaged_block_ends_the_run(void **state)
{
	struct set *s = sealed_set(SIZES);

	(void)state;
	flip(s->files[SIZES - 1].sealed, mclic_block_offset(300));
	assert_int_equal(run(s, open_to_copy, ku, NULL, false), -EBADMSG);
	assert_non_null(strstr(mclic_message(), "block 300, at byte 1228800, is damaged"));
	assert_int_equal(s->files[SIZES - 1].err, -EBADMSG);
	free_set(s);
}

static void another_content_is_refused(void **state)
{
	struct set *s = sealed_set(6);

	(void)state;
	s->files[5].entry.sha256[31] ^= 1;
	assert_int_equal(run(s, open_to_copy, ku, NULL, false), -EBADMSG);
	assert_non_null(strstr(mclic_message(), "SHA-256"));
	assert_int_equal(s->files[5].err, -EBADMSG);
	free_set(s);
}

static void another_file_or_key_is_refused(void **state)
{
	struct set *s = sealed_set(6);
	struct mclic_work w = { .name = "f", .read = mclic_work_read_fd, .out = -1 };
	struct file *f = &s->files[4];
	struct mclic_entry other = f->entry;
	struct mclic_title next = title;
	__u64 len = mclic_sealed_len(f->entry.size);
	const struct {
		__u64 len;
		const struct mclic_entry *e;
		const struct mclic_title *title;
		__u32 generation;
		__u8 under;
		const __u8 *key;
		int want;
	} cases[] = {
		{ len, &f->entry, &title, 1, MCLIC_UNDER_KA, ka, 0 },
		{ len, &f->entry, &title, 1, MCLIC_UNDER_KA, ku, -EBADMSG },
		{ len, &f->entry, &title, 2, MCLIC_UNDER_KA, ka, -EBADMSG },
		{ len, &f->entry, &title, 1, MCLIC_UNDER_KU, ka, -EBADMSG },
		{ len - 1, &f->entry, &title, 1, MCLIC_UNDER_KA, ka, -EBADMSG },
		{ 5, &f->entry, &title, 1, MCLIC_UNDER_KA, ka, -EBADMSG },
		{ len, &f->entry, &next, 1, MCLIC_UNDER_KA, ka, -EBADMSG },
		{ len, &other, &title, 1, MCLIC_UNDER_KA, ka, -EBADMSG },
	};
	size_t i;

	(void)state;
	w.in = &f->sealed;
	next.content_version++;
	other.file_id[3]++;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(mclic_work_sealed(&w, cases[i].len, cases[i].e, cases[i].title,
						   cases[i].generation, cases[i].under,
						   cases[i].key), cases[i].want);
	other = f->entry;
	other.size++;
	assert_int_equal(mclic_work_sealed(&w, len, &other, &title, 1, MCLIC_UNDER_KA, ka),
			 -EBADMSG);
	free_set(s);
}

/* ---- failures ---- */

static void a_source_that_shrinks_or_breaks(void **state)
{
	struct set *s = new_set(SIZES);

	(void)state;
	s->read = read_short;
	assert_int_equal(run(s, open_to_seal, ka, NULL, false), -EBUSY);
	assert_non_null(strstr(mclic_message(), "became shorter"));
	s->read = read_broken;
	assert_int_equal(run(s, open_to_seal, ka, NULL, false), -EIO);
	assert_string_equal(mclic_message(), "the disc is scratched");
	free_set(s);
}

static void a_failing_open_ends_the_run(void **state)
{
	struct set *s = new_set(SIZES);

	(void)state;
	s->open_error = -EACCES;
	assert_int_equal(run(s, open_to_seal, ka, NULL, false), -EACCES);
	s->open_error = 1;
	assert_int_equal(run(s, open_to_seal, ka, NULL, false), 0);
	assert_int_equal(s->files[SIZES - 1].finished, 0);
	free_set(s);
}

static void a_full_disk_is_said(void **state)
{
	struct set *s = new_set(SIZES);

	(void)state;
	s->files[3].sealed = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(s->files[3].sealed >= 0);
	assert_int_equal(run(s, open_to_seal, ka, NULL, false), -ENOSPC);
	assert_non_null(strstr(mclic_message(), "no room left"));
	assert_int_equal(s->files[3].err, -ENOSPC);
	free_set(s);
}

static void a_signal_ends_the_run(void **state)
{
	struct set *s = new_set(200);
	atomic_bool cancel = false;
	size_t i, through = 0;

	(void)state;
	s->cancel_at = &cancel;
	assert_int_equal(run(s, open_to_seal, ka, &cancel, false), -EINTR);
	for (i = 0; i < s->count; i++)
		assert_true(!s->files[i].err || s->files[i].err == -ECANCELED);
	/* Before anything: nothing is opened. */
	s->cancel_at = NULL;
	assert_int_equal(run(s, open_to_seal, ka, &cancel, false), -EINTR);
	for (i = 0; i < s->count; i++)
		through += (size_t)s->files[i].opened;
	assert_int_equal(through, 0);
	free_set(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_seals_and_copies),
		cmocka_unit_test(every_sealing_has_its_own_salt),
		cmocka_unit_test(many_small_files_need_few_descriptors),
		cmocka_unit_test(no_file_is_no_error),
		cmocka_unit_test(damaged_blocks_are_named_and_the_rest_goes_on),
		cmocka_unit_test(a_damaged_block_ends_the_run),
		cmocka_unit_test(another_content_is_refused),
		cmocka_unit_test(another_file_or_key_is_refused),
		cmocka_unit_test(a_source_that_shrinks_or_breaks),
		cmocka_unit_test(a_failing_open_ends_the_run),
		cmocka_unit_test(a_full_disk_is_said),
		cmocka_unit_test(a_signal_ends_the_run),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
