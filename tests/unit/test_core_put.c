// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Putting a licence on a medium, with a failure at every single step: the licence that was
 * there is lost only when the new one is in force.
 */
#include "core_fixture.h"

#define SLOTS	8

/* An area in memory; operation number @fail_at fails, counted from 1, and so on to the end. */
struct medium {
	struct mclic_slot slots[SLOTS];
	int ops, fail_at, fail_count;
	bool wears_out;		/* writes are lost, but no error */
	enum mclic_why why;	/* of every licence that is checked */
	int checked, others;
};

static struct mclic_slot first, renewed;

static bool fails(struct medium *m)
{
	m->ops++;
	return m->fail_at && m->ops >= m->fail_at && m->ops < m->fail_at + m->fail_count;
}

static int read_back(void *ctx, __u32 index, struct mclic_slot *slot)
{
	struct medium *m = ctx;

	assert_in_range(index, 1, SLOTS - 2);
	if (fails(m))
		return -EREMOTEIO;
	*slot = m->slots[index];
	return 0;
}

static int write_slot(void *ctx, __u32 index, const struct mclic_slot *slot)
{
	struct medium *m = ctx;

	assert_in_range(index, 1, SLOTS - 2);
	if (fails(m)) {
		memset(&m->slots[index], 0xa5, 100);	/* cut in the middle */
		return -EREMOTEIO;
	}
	if (!m->wears_out)
		m->slots[index] = *slot;
	return 0;
}

static enum mclic_why check(void *ctx, const struct mclic_slot *slot)
{
	struct medium *m = ctx;

	m->checked++;
	assert_int_equal(mclic_slot_check(mclic_openssl(), slot), MCLIC_OK);
	return m->why;
}

static void other(void *ctx, __u32 index, const struct mclic_slot *slot)
{
	struct medium *m = ctx;

	(void)index;
	(void)slot;
	m->others++;
}

static int put(struct medium *m, const struct mclic_slot *s, struct mclic_put *p)
{
	const struct mclic_put_io io = {
		.ctx = m,
		.read_back = read_back,
		.write = write_slot,
		.check = check,
		.other = other,
	};

	m->ops = 0;
	return mclic_licence_put(mclic_openssl(), &io, SLOTS, s, p);
}

static bool holds(const struct medium *m, const struct mclic_slot *s)
{
	int i;

	for (i = 1; i < SLOTS - 1; i++)
		if (!memcmp(&m->slots[i], s, sizeof(*s)))
			return true;
	return false;
}

static int make_slots(void **state)
{
	struct mclic_terms t;
	struct world w;

	(void)state;
	world_open(&w);
	world_terms(MCLIC_PERSONAL, &t);
	t.sequence = mclic_put32(1);
	signed_slot(&w, &t, &first);
	t.sequence = mclic_put32(2);
	signed_slot(&w, &t, &renewed);
	return 0;
}

static void start(struct medium *m)
{
	memset(m, 0, sizeof(*m));
	m->slots[3] = first;
}

/* Every operation in turn fails, once or from there on. */
static void failures(int fail_count)
{
	struct mclic_put p;
	struct medium m;
	int at, steps, err;

	start(&m);
	assert_int_equal(put(&m, &renewed, &p), 0);
	steps = m.ops;
	assert_int_equal(steps, SLOTS - 2 + 3);		/* look, write, read, empty */
	for (at = 1; at <= steps; at++) {
		start(&m);
		m.fail_at = at;
		m.fail_count = fail_count;
		err = put(&m, &renewed, &p);
		assert_true(holds(&m, &first) || (!err && holds(&m, &renewed)));
		if (at == steps) {	/* emptying the old one */
			assert_int_equal(err, 0);
			assert_int_equal(p.kept, 1);
			continue;
		}
		assert_int_equal(err, -EREMOTEIO);
		assert_int_equal(p.end, MCLIC_PUT_IO);
		assert_int_equal(p.left, fail_count > 1 && at > SLOTS - 2);
		if (!p.left)
			assert_false(holds(&m, &renewed));
		/* and the next try goes well */
		m.fail_at = 0;
		assert_int_equal(put(&m, &renewed, &p), 0);
		assert_true(holds(&m, &renewed));
		assert_false(holds(&m, &first));
	}
}

static void test_failures(void **state)
{
	(void)state;
	failures(1);
	failures(1000);
}

static void test_lost_write(void **state)
{
	struct mclic_put p;
	struct medium m;

	(void)state;
	start(&m);
	m.wears_out = true;
	assert_int_equal(put(&m, &renewed, &p), -EIO);
	assert_int_equal(p.end, MCLIC_PUT_CHANGED);
	assert_true(holds(&m, &first));
	assert_int_equal(m.checked, 0);
}

static void test_refused(void **state)
{
	struct mclic_put p;
	struct medium m;

	(void)state;
	start(&m);
	m.why = MCLIC_BAD_CS;
	assert_int_equal(put(&m, &renewed, &p), -EKEYREJECTED);
	assert_int_equal(p.end, MCLIC_PUT_REFUSED);
	assert_int_equal(p.why, MCLIC_BAD_CS);
	assert_true(holds(&m, &first));
	assert_false(holds(&m, &renewed));
	assert_false(p.left);
}

static void test_older(void **state)
{
	struct mclic_put p;
	struct medium m;

	(void)state;
	start(&m);
	m.slots[5] = renewed;
	assert_int_equal(put(&m, &first, &p), -ESTALE);
	assert_int_equal(p.end, MCLIC_PUT_OLD);
	assert_int_equal(p.index, 5);
	/* One that does not pass keeps nobody out; that cannot be told is no reason to go on. */
	m.why = MCLIC_CRYPTO_FAILED;
	assert_int_equal(put(&m, &first, &p), -EIO);
	assert_int_equal(p.end, MCLIC_PUT_REFUSED);
	assert_true(holds(&m, &renewed));
}

static void test_same(void **state)
{
	struct mclic_put p;
	struct medium m;

	(void)state;
	start(&m);
	m.slots[5] = first;
	assert_int_equal(put(&m, &first, &p), 0);
	assert_int_equal(p.index, 3);
	assert_int_equal(m.checked, 1);
	assert_true(mclic_is_zero(&m.slots[5], sizeof(m.slots[5])));	/* twice: once too often */
	m.why = MCLIC_EXPIRED;
	assert_int_equal(put(&m, &first, &p), -EKEYEXPIRED);
	assert_true(holds(&m, &first));		/* it was there before */
}

static void test_no_room(void **state)
{
	struct mclic_slot theirs = renewed;
	struct mclic_put p;
	struct medium m;
	int i;

	(void)state;
	start(&m);
	theirs.terms.licence_id[0] ^= 1;
	mclic_slot_finish(mclic_openssl(), &theirs);
	for (i = 1; i < SLOTS - 1; i++)
		m.slots[i] = theirs;
	assert_int_equal(put(&m, &renewed, &p), -ENOSPC);
	assert_int_equal(p.end, MCLIC_PUT_FULL);
	assert_int_equal(m.others, SLOTS - 2);
	m.slots[4].crc ^= 1;
	assert_int_equal(put(&m, &renewed, &p), 0);
	assert_int_equal(p.index, 4);
}

static void test_no_licence(void **state)
{
	struct mclic_slot s = first;
	struct mclic_put p;
	struct medium m;

	(void)state;
	start(&m);
	s.crc ^= 1;
	assert_int_equal(put(&m, &s, &p), -EBADMSG);
	assert_int_equal(p.end, MCLIC_PUT_NO_LICENCE);
	assert_int_equal(p.why, MCLIC_BAD_CRC);
	assert_int_equal(m.ops, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_lost_write),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_older),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_no_licence),
	};

	return cmocka_run_group_tests_name("core: putting a licence", tests, make_slots, NULL);
}
