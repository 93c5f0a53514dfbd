// SPDX-License-Identifier: GPL-2.0-or-later
/* The licence area as a file: made, opened, mended, written. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "licence_fixture.h"

struct bench {
	struct home home;
	struct center center;
	struct mclic_medium medium;
	struct mclic_area *area;
	char file[96];
};

/* An area of @slots slots with an emulated id, opened for writing. */
static void bench_area(struct bench *b, __u32 slots)
{
	int fd;

	assert_int_equal(mkdir(home_path(&b->home, "disk/.mclic"), 0755), 0);
	snprintf(b->file, sizeof(b->file), "%s/.mclic/area", b->home.disk);
	fd = open(b->file, O_RDWR | O_CREAT | O_EXCL, 0644);
	assert_true(fd >= 0);
	must(mclic_area_create(fd, 0, slots, true, "unit"));
	close(fd);
	must(mclic_area_open(b->home.disk, true, &b->area));
	must(mclic_medium_read(mclic_area_dev(b->area), mclic_area_head(b->area),
			       MCLIC_MEDIUM_EMULATED, &b->medium));
}

/* Keys take their time to make: one center for all tests. */
static struct center center;

static int group(void **state)
{
	(void)state;
	center_make(&center, "Unit Center");
	return 0;
}

static int group_end(void **state)
{
	(void)state;
	center_free(&center);
	return 0;
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	home_make(&b->home);
	b->center = center;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	mclic_area_close(b->area);
	home_remove(&b->home);
	free(b);
	return 0;
}

/* Licence number @n with sequence number @seq. */
static void licence(struct bench *b, __u8 n, __u32 seq, struct mclic_slot *s)
{
	struct mclic_terms t;

	center_terms(&b->center, &b->medium, n, &t);
	t.sequence = mclic_put32(seq);
	center_issue(&b->center, &b->medium, &t, s);
}

static enum mclic_why accept(void *ctx, const struct mclic_slot *back)
{
	if (ctx)
		++*(int *)ctx;
	return mclic_slot_check(mclic_openssl(), back);
}

static enum mclic_why refuse(void *ctx, const struct mclic_slot *back)
{
	(void)ctx;
	(void)back;
	return MCLIC_BAD_CS;
}

static enum mclic_why at(struct bench *b, __u32 index, struct mclic_slot *s)
{
	must(mclic_area_read(b->area, index, s));
	return mclic_slot_check(mclic_openssl(), s);
}

static void poke(const struct bench *b, off_t off, const void *p, size_t n)
{
	int fd = open(b->file, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, p, n, off), n);
	close(fd);
}

static void flip(const struct bench *b, off_t off)
{
	int fd = open(b->file, O_RDWR);
	__u8 byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, off), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, off), 1);
	close(fd);
}

static void slurp(const struct bench *b, void *p, size_t n)
{
	int fd = open(b->file, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, p, n, 0), n);
	close(fd);
}

#define assert_says(text) assert_non_null(strstr(mclic_message(), text))

/* ---- making ---- */

static void test_create_file(void **state)
{
	struct bench *b = *state;
	const struct mclic_area_header *h;
	struct stat st;
	mode_t mask = umask(077);

	must(mclic_area_create_file(b->home.disk, "Rosie's stick \xe2\x9c\x93"));
	umask(mask);
	assert_int_equal(stat(home_path(&b->home, "disk/.mclic"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(stat(home_path(&b->home, "disk/.mclic/area"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(st.st_size, MCLIC_AREA_SLOTS * MCLIC_SLOT_SIZE);
	must(mclic_area_open(b->home.disk, false, &b->area));
	h = mclic_area_head(b->area);
	assert_int_equal(mclic_area_slots(b->area), MCLIC_AREA_SLOTS);
	assert_string_equal((const char *)h->label, "Rosie's stick \xe2\x9c\x93");
	assert_false(mclic_is_zero(h->area_id, sizeof(h->area_id)));
	assert_null(mclic_area_warning(b->area));
	assert_string_equal(mclic_area_where(b->area), home_path(&b->home, "disk/.mclic/area"));
	assert_int_equal(stat(b->home.disk, &st), 0);
	assert_true(mclic_area_dev(b->area) == st.st_dev);
}

static void test_create_never_replaces(void **state)
{
	struct bench *b = *state;
	__u8 before[MCLIC_SLOT_SIZE], after[MCLIC_SLOT_SIZE];

	must(mclic_area_create_file(b->home.disk, "first"));
	snprintf(b->file, sizeof(b->file), "%s/.mclic/area", b->home.disk);
	slurp(b, before, sizeof(before));
	assert_int_equal(mclic_area_create_file(b->home.disk, "second"), -EEXIST);
	slurp(b, after, sizeof(after));
	assert_memory_equal(before, after, sizeof(before));
}

static void test_create_refuses(void **state)
{
	struct bench *b = *state;
	char label[65];

	memset(label, 'x', 64);
	label[64] = '\0';
	assert_int_equal(mclic_area_create_file(b->home.disk, label), -EINVAL);
	assert_int_equal(mclic_area_create_file(b->home.disk, "bell\a"), -EINVAL);
	assert_int_equal(mclic_area_create_file(home_path(&b->home, "nothing"), ""), -ENOENT);
	assert_int_equal(symlink("/tmp", home_path(&b->home, "disk/.mclic")), 0);
	assert_int_equal(mclic_area_create_file(b->home.disk, ""), -ELOOP);
}

static void test_create_sizes(void **state)
{
	struct bench *b = *state;
	int fd = open(home_path(&b->home, "file"), O_RDWR | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(mclic_area_create(fd, 0, MCLIC_AREA_SLOTS_MIN - 1, true, ""), -EINVAL);
	assert_int_equal(mclic_area_create(fd, 0, MCLIC_AREA_SLOTS + 1, true, ""), -EINVAL);
	must(mclic_area_create(fd, 0, MCLIC_AREA_SLOTS_MIN, true, ""));
	assert_int_equal(lseek(fd, 0, SEEK_END), MCLIC_AREA_SLOTS_MIN * MCLIC_SLOT_SIZE);
	close(fd);
}

/* ---- opening ---- */

static void test_open_refuses(void **state)
{
	struct bench *b = *state;
	struct mclic_area *a;

	assert_int_equal(mclic_area_open(home_path(&b->home, "nothing"), false, &a), -ENOENT);
	assert_int_equal(mclic_area_open(b->home.disk, false, &a), -ENOENT);
	assert_says("mclic format");
	assert_int_equal(mkdir(home_path(&b->home, "disk/.mclic"), 0755), 0);
	assert_int_equal(mkfifo(home_path(&b->home, "disk/.mclic/area"), 0644), 0);
	assert_int_equal(mclic_area_open(b->home.disk, false, &a), -EBADMSG);
	assert_int_equal(unlink(home_path(&b->home, "disk/.mclic/area")), 0);
	assert_int_equal(symlink("/etc/passwd", home_path(&b->home, "disk/.mclic/area")), 0);
	assert_int_equal(mclic_area_open(b->home.disk, false, &a), -ELOOP);
	assert_int_equal(mclic_area_open("/dev/null", false, &a), -EINVAL);
	assert_null(a);
}

static void test_open_wrong_length(void **state)
{
	struct bench *b = *state;
	struct mclic_area *a;

	bench_area(b, 8);
	assert_int_equal(truncate(b->file, 8 * MCLIC_SLOT_SIZE - 1), 0);
	assert_int_equal(mclic_area_open(b->home.disk, false, &a), -EBADMSG);
	assert_int_equal(truncate(b->file, 7 * MCLIC_SLOT_SIZE), 0);
	assert_int_equal(mclic_area_open(b->home.disk, false, &a), -EBADMSG);
	assert_int_equal(truncate(b->file, 9 * MCLIC_SLOT_SIZE), 0);
	assert_int_equal(mclic_area_open(b->home.disk, false, &a), -EBADMSG);
	assert_int_equal(truncate(b->file, 0), 0);
	assert_int_equal(mclic_area_open(b->home.disk, false, &a), -EBADMSG);
	assert_int_equal(truncate(b->file, (off_t)1 << 40), 0);
	assert_int_equal(mclic_area_open(b->home.disk, false, &a), -EBADMSG);
}

/* Damage at @off is seen by a reader, mended by a writer, and gone after that. */
static void mends(struct bench *b, off_t off)
{
	__u8 good[8 * MCLIC_SLOT_SIZE], now[8 * MCLIC_SLOT_SIZE];
	struct mclic_area *a;

	slurp(b, good, sizeof(good));
	flip(b, off);
	must(mclic_area_open(b->home.disk, false, &a));
	assert_non_null(strstr(mclic_area_warning(a), "damaged"));
	assert_memory_equal(mclic_area_head(a), good, sizeof(struct mclic_area_header));
	mclic_area_close(a);
	slurp(b, now, sizeof(now));
	assert_memory_not_equal(now, good, sizeof(good));
	must(mclic_area_open(b->home.disk, true, &a));
	assert_non_null(strstr(mclic_area_warning(a), "mended"));
	mclic_area_close(a);
	slurp(b, now, sizeof(now));
	assert_memory_equal(now, good, sizeof(good));
	must(mclic_area_open(b->home.disk, false, &a));
	assert_null(mclic_area_warning(a));
	mclic_area_close(a);
}

static void test_header_mended(void **state)
{
	struct bench *b = *state;
	static const int offsets[] = { 0, 8, 12, 16, 32, 40, 56, 120, 4091, 4092 };
	struct mclic_area *a;
	size_t i;

	bench_area(b, 8);
	for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		mends(b, offsets[i]);
		mends(b, 7 * MCLIC_SLOT_SIZE + offsets[i]);
	}
	flip(b, 20);
	flip(b, 7 * MCLIC_SLOT_SIZE + 20);
	assert_int_equal(mclic_area_open(b->home.disk, true, &a), -EBADMSG);
}

/* A good header that counts other slots than there are is no good header. */
static void test_header_of_other_size(void **state)
{
	struct bench *b = *state;
	struct mclic_area_header h;
	struct mclic_area *a;

	bench_area(b, 8);
	assert_int_equal(mclic_area_header_make(mclic_openssl(), &h, 200,
						mclic_area_head(b->area)->area_id, NULL, ""), MCLIC_OK);
	poke(b, 0, &h, sizeof(h));
	must(mclic_area_open(b->home.disk, false, &a));
	assert_int_equal(mclic_area_slots(a), 8);
	assert_non_null(mclic_area_warning(a));
	mclic_area_close(a);
}

/* ---- writing ---- */

static void test_put_and_read(void **state)
{
	struct bench *b = *state;
	struct mclic_slot s, back;
	__u32 index = 0;
	int asked = 0;

	bench_area(b, 8);
	licence(b, 1, 1, &s);
	must(mclic_area_put(b->area, &s, accept, &asked, &index));
	assert_int_equal(index, 1);
	assert_int_equal(asked, 1);
	assert_int_equal(at(b, 1, &back), MCLIC_OK);
	assert_memory_equal(&s, &back, sizeof(s));
	licence(b, 2, 1, &s);
	must(mclic_area_put(b->area, &s, accept, NULL, &index));
	assert_int_equal(index, 2);
}

static void test_put_twice(void **state)
{
	struct bench *b = *state;
	struct mclic_slot s, back;
	__u32 index;

	bench_area(b, 8);
	licence(b, 1, 1, &s);
	must(mclic_area_put(b->area, &s, accept, NULL, NULL));
	must(mclic_area_put(b->area, &s, accept, NULL, &index));
	assert_int_equal(index, 1);
	assert_int_equal(at(b, 2, &back), MCLIC_FREE);
	/* refused by the check: but it was there before, so it stays */
	assert_int_equal(mclic_area_put(b->area, &s, refuse, NULL, NULL), -EKEYREJECTED);
	assert_int_equal(at(b, 1, &back), MCLIC_OK);
}

static void test_put_renewal(void **state)
{
	struct bench *b = *state;
	struct mclic_slot first, second, back;
	__u32 index;

	bench_area(b, 8);
	licence(b, 1, 1, &first);
	licence(b, 1, 2, &second);
	must(mclic_area_put(b->area, &first, accept, NULL, NULL));
	must(mclic_area_put(b->area, &second, accept, NULL, &index));
	assert_int_equal(index, 2);
	assert_int_equal(at(b, 1, &back), MCLIC_FREE);
	assert_true(mclic_is_zero(&back, sizeof(back)));
	assert_int_equal(mclic_area_put(b->area, &first, accept, NULL, NULL), -ESTALE);
	assert_int_equal(at(b, 1, &back), MCLIC_FREE);
	assert_int_equal(at(b, 2, &back), MCLIC_OK);
}

/* Anything but sequence number 9. */
static enum mclic_why not_nine(void *ctx, const struct mclic_slot *slot)
{
	(void)ctx;
	return mclic_get32(slot->terms.sequence) == 9 ? MCLIC_BAD_SIG : MCLIC_OK;
}

/* A slot that somebody wrote himself does not keep the licence out, nor is it touched. */
static void test_put_beside_forged(void **state)
{
	struct bench *b = *state;
	struct mclic_slot forged, good, renewed, other, back;
	__u32 index;

	bench_area(b, 8);
	licence(b, 1, 9, &forged);
	licence(b, 1, 2, &good);
	licence(b, 1, 3, &renewed);
	must(mclic_area_put(b->area, &forged, accept, NULL, NULL));
	assert_int_equal(mclic_area_put(b->area, &good, accept, NULL, NULL), -ESTALE);
	must(mclic_area_put(b->area, &good, not_nine, NULL, &index));
	assert_int_equal(index, 2);
	must(mclic_area_put(b->area, &renewed, not_nine, NULL, &index));
	assert_int_equal(index, 3);
	assert_int_equal(at(b, 1, &back), MCLIC_OK);
	assert_memory_equal(&back, &forged, sizeof(back));
	assert_int_equal(at(b, 2, &back), MCLIC_FREE);
	assert_int_equal(mclic_area_put(b->area, &good, not_nine, NULL, NULL), -ESTALE);

	/* Another center's licence of the same number is another licence. */
	other = good;
	other.terms.center_id[0] ^= 1;
	mclic_slot_finish(mclic_openssl(), &other);
	must(mclic_area_put(b->area, &other, not_nine, NULL, &index));
	assert_int_equal(index, 2);
	assert_int_equal(at(b, 3, &back), MCLIC_OK);
}

/* After a cut both are there: putting the newer one again cleans up. */
static void test_put_after_cut(void **state)
{
	struct bench *b = *state;
	struct mclic_slot first, second, back;
	__u32 index;

	bench_area(b, 8);
	licence(b, 1, 1, &first);
	licence(b, 1, 2, &second);
	poke(b, 3 * MCLIC_SLOT_SIZE, &first, sizeof(first));
	poke(b, 4 * MCLIC_SLOT_SIZE, &second, sizeof(second));
	must(mclic_area_put(b->area, &second, accept, NULL, &index));
	assert_int_equal(index, 4);
	assert_int_equal(at(b, 3, &back), MCLIC_FREE);
	assert_int_equal(at(b, 4, &back), MCLIC_OK);
	assert_int_equal(at(b, 1, &back), MCLIC_FREE);
}

static void test_put_refused_leaves_old(void **state)
{
	struct bench *b = *state;
	struct mclic_slot first, second, back;

	bench_area(b, 8);
	licence(b, 1, 1, &first);
	licence(b, 1, 2, &second);
	must(mclic_area_put(b->area, &first, accept, NULL, NULL));
	assert_int_equal(mclic_area_put(b->area, &second, refuse, NULL, NULL), -EKEYREJECTED);
	assert_says("certificate code");
	assert_int_equal(at(b, 1, &back), MCLIC_OK);
	assert_memory_equal(&first, &back, sizeof(back));
	must(mclic_area_read(b->area, 2, &back));
	assert_true(mclic_is_zero(&back, sizeof(back)));
}

static void test_put_refuses(void **state)
{
	struct bench *b = *state;
	struct mclic_area *reader;
	struct mclic_slot s;

	bench_area(b, 8);
	licence(b, 1, 1, &s);
	must(mclic_area_open(b->home.disk, false, &reader));
	assert_int_equal(mclic_area_put(reader, &s, accept, NULL, NULL), -EBADF);
	assert_int_equal(mclic_area_clear(reader, 1), -EBADF);
	mclic_area_close(reader);
	s.terms.title[0] ^= 1;
	assert_int_equal(mclic_area_put(b->area, &s, accept, NULL, NULL), -EINVAL);
}

static void test_full(void **state)
{
	struct bench *b = *state;
	struct mclic_slot s, back;
	struct mclic_terms t;
	__u32 index;
	__u8 i;

	bench_area(b, 6);
	for (i = 0; i < 3; i++) {
		licence(b, i, 1, &s);
		must(mclic_area_put(b->area, &s, accept, NULL, NULL));
	}
	center_terms(&b->center, &b->medium, 3, &t);
	t.not_after = mclic_put64((__u64)time(NULL) - 10);
	snprintf((char *)t.title, sizeof(t.title), "Bygone Days");
	center_issue(&b->center, &b->medium, &t, &s);
	must(mclic_area_put(b->area, &s, accept, NULL, &index));
	assert_int_equal(index, 4);
	licence(b, 9, 1, &s);
	assert_int_equal(mclic_area_put(b->area, &s, accept, NULL, NULL), -ENOSPC);
	assert_says("\"Bygone Days\" (slot 4)");
	assert_says("mclic return");
	/* a damaged slot is room, once none is free; the licence in it is lost already */
	flip(b, 2 * MCLIC_SLOT_SIZE + 100);
	must(mclic_area_put(b->area, &s, accept, NULL, &index));
	assert_int_equal(index, 2);
	/* nor can a renewal of a licence be put into a full area: the old one must stay */
	licence(b, 0, 2, &s);
	assert_int_equal(mclic_area_put(b->area, &s, accept, NULL, NULL), -ENOSPC);
	must(mclic_area_clear(b->area, 4));
	must(mclic_area_put(b->area, &s, accept, NULL, &index));
	assert_int_equal(index, 4);
	assert_int_equal(at(b, 1, &back), MCLIC_FREE);
}

static void test_damaged_not_reused_while_free(void **state)
{
	struct bench *b = *state;
	struct mclic_slot s, back;
	__u32 index;

	bench_area(b, 6);
	licence(b, 1, 1, &s);
	must(mclic_area_put(b->area, &s, accept, NULL, NULL));
	flip(b, MCLIC_SLOT_SIZE + 300);
	licence(b, 2, 1, &s);
	must(mclic_area_put(b->area, &s, accept, NULL, &index));
	assert_int_equal(index, 2);
	assert_int_equal(at(b, 1, &back), MCLIC_BAD_CRC);
}

/* A slot that a later version wrote is nobody's room. */
static void test_later_version_stays(void **state)
{
	struct bench *b = *state;
	struct mclic_slot s, later;

	bench_area(b, 3);
	licence(b, 1, 1, &s);
	later = s;
	later.version = mclic_put16(2);
	later.crc = mclic_put32(mclic_openssl()->crc32(&later, sizeof(later) - 4));
	poke(b, MCLIC_SLOT_SIZE, &later, sizeof(later));
	assert_int_equal(mclic_area_put(b->area, &s, accept, NULL, NULL), -ENOSPC);
	must(mclic_area_read(b->area, 1, &s));
	assert_memory_equal(&s, &later, sizeof(s));
}

static void test_indices(void **state)
{
	struct bench *b = *state;
	struct mclic_slot s;

	bench_area(b, 8);
	assert_int_equal(mclic_area_read(b->area, 0, &s), -EINVAL);
	assert_int_equal(mclic_area_read(b->area, 7, &s), -EINVAL);
	assert_int_equal(mclic_area_read(b->area, UINT32_MAX, &s), -EINVAL);
	assert_int_equal(mclic_area_clear(b->area, 0), -EINVAL);
	assert_int_equal(mclic_area_clear(b->area, 7), -EINVAL);
	must(mclic_area_read(b->area, 6, &s));
	mclic_area_close(b->area);
	b->area = NULL;
}

static void test_two_slots(void **state)
{
	struct bench *b = *state;
	struct mclic_slot s;

	bench_area(b, 2);
	licence(b, 1, 1, &s);
	assert_int_equal(mclic_area_put(b->area, &s, accept, NULL, NULL), -ENOSPC);
	assert_int_equal(mclic_area_read(b->area, 1, &s), -EINVAL);
}

/* ---- several at once ---- */

#define WRITERS	8
#define EACH	5

/* Every process puts its own licences and renews them; none may lose another's. */
static void test_many_processes(void **state)
{
	struct bench *b = *state;
	static struct mclic_slot slots[WRITERS][EACH];
	struct mclic_slot back;
	int w, i, status, found = 0;
	__u32 k;

	bench_area(b, 2 + WRITERS + 4);
	for (w = 0; w < WRITERS; w++)
		for (i = 0; i < EACH; i++)
			licence(b, (__u8)w, (__u32)i + 1, &slots[w][i]);
	for (w = 0; w < WRITERS; w++) {
		if (!fork()) {
			struct mclic_area *a;
			int err = mclic_area_open(b->home.disk, true, &a);

			for (i = 0; i < EACH && !err; i++)
				do
					err = mclic_area_put(a, &slots[w][i], accept, NULL, NULL);
				while (err == -ENOSPC);	/* another's renewal is under way */
			_exit(err ? 1 : 0);
		}
	}
	for (w = 0; w < WRITERS; w++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	for (k = 1; k < 1 + WRITERS + 4; k++) {
		enum mclic_why why = at(b, k, &back);

		if (why == MCLIC_FREE)
			continue;
		assert_int_equal(why, MCLIC_OK);
		assert_int_equal(mclic_get32(back.terms.sequence), EACH);
		found++;
	}
	assert_int_equal(found, WRITERS);
}

struct reader {
	struct bench *b;
	atomic_bool stop;
	int damaged;
};

static void *read_on(void *arg)
{
	struct reader *r = arg;
	struct mclic_area *a;
	struct mclic_slot s;
	__u32 i;

	if (mclic_area_open(r->b->home.disk, false, &a))
		return "cannot open";
	while (!r->stop)
		for (i = 1; i < 5; i++)
			if (mclic_area_read(a, i, &s) ||
			    mclic_slot_check(mclic_openssl(), &s) > MCLIC_FREE)
				r->damaged++;
	mclic_area_close(a);
	return NULL;
}

/* A reader sees a slot whole or free, also while it is being written. */
static void test_reader_beside_writer(void **state)
{
	struct bench *b = *state;
	struct reader r = { .b = b };
	struct mclic_slot s;
	pthread_t thread;
	void *failed;
	__u32 i;

	bench_area(b, 6);
	assert_int_equal(pthread_create(&thread, NULL, read_on, &r), 0);
	for (i = 1; i <= 60; i++) {
		licence(b, 1, i, &s);
		must(mclic_area_put(b->area, &s, accept, NULL, NULL));
	}
	r.stop = true;
	pthread_join(thread, &failed);
	assert_null(failed);
	assert_int_equal(r.damaged, 0);
}

/* ---- images ---- */

static void test_image_without_partition(void **state)
{
	struct bench *b = *state;
	const char *path = home_path(&b->home, "image");
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	struct mclic_area *a;

	assert_true(fd >= 0);
	assert_int_equal(mclic_area_open(path, false, &a), -ENOENT);
	assert_int_equal(ftruncate(fd, 4 << 20), 0);
	assert_int_equal(mclic_area_open(path, false, &a), -ENOENT);
	assert_says("mount that");
	close(fd);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_create_file), T(test_create_never_replaces), T(test_create_refuses),
		T(test_create_sizes), T(test_open_refuses), T(test_open_wrong_length),
		T(test_header_mended), T(test_header_of_other_size), T(test_put_and_read),
		T(test_put_twice), T(test_put_renewal), T(test_put_beside_forged),
		T(test_put_after_cut),
		T(test_put_refused_leaves_old), T(test_put_refuses), T(test_full),
		T(test_damaged_not_reused_while_free), T(test_later_version_stays),
		T(test_indices), T(test_two_slots), T(test_many_processes),
		T(test_reader_beside_writer), T(test_image_without_partition),
	};

	return cmocka_run_group_tests(tests, group, group_end);
}
