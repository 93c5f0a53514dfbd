// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The geometry of sealed files against a writer that appends piece by piece, and the
 * trailer's checks in their order.
 */
#include "core_fixture.h"

#define BLOCK	4096ull
#define GROUP	(256 * BLOCK)

/* Everything that must hold for a plaintext of @size bytes */
static void check_size(__u64 size)
{
	__u64 len = mclic_sealed_len(size), back;

	assert_int_equal(mclic_plain_size(len, &back), MCLIC_OK);
	if (back != size)
		fail_msg("size %llu reads back as %llu", size, back);
}

/*
 * Follow a writer through groups @from to the end: where it is when it writes each block
 * and each tag must be where core says they stand.
 */
static void follow_writer(__u64 size, __u64 from)
{
	__u64 pos = from * (GROUP + BLOCK), group, i, first, end;
	__u64 blocks = mclic_block_count(size);

	for (group = from; group * 256 < blocks; group++) {
		first = group * 256;
		end = first + 256 < blocks ? first + 256 : blocks;
		assert_int_equal(mclic_group_len(group, size),
				 size - first * BLOCK < GROUP ? size - first * BLOCK : GROUP);
		for (i = first; i < end; i++) {
			__u64 left = size - i * BLOCK;

			assert_int_equal(mclic_block_offset(i), pos);
			assert_int_equal(mclic_block_len(i, size), left < BLOCK ? left : BLOCK);
			assert_int_equal(pos % BLOCK, 0);
			pos += mclic_block_len(i, size);
		}
		for (i = first; i < end; i++, pos += MCLIC_TAG_SIZE)
			assert_int_equal(mclic_tag_offset(i, size), pos);
	}
	assert_int_equal(mclic_block_len(blocks, size), 0);
	assert_int_equal(mclic_group_len(group, size), 0);
	assert_int_equal(mclic_sealed_len(size), pos + MCLIC_TRAILER_SIZE);
}

/* Every size up to three groups and two blocks, and every length in between */
static void test_every_size(void **state)
{
	__u64 size, last = 3 * GROUP + 2 * BLOCK, len, next = 0, back;

	(void)state;
	for (size = 0; size <= last; size++) {
		check_size(size);
		/* lengths that lie between those of two neighbouring sizes */
		for (len = next; len < mclic_sealed_len(size); len++)
			if (mclic_plain_size(len, &back) != MCLIC_BAD_SIZE)
				fail_msg("length %llu, which nobody writes, is accepted", len);
		next = mclic_sealed_len(size) + 1;
	}
}

static void test_geometry(void **state)
{
	static const int near[] = { -17, -16, -1, 0, 1, 15, 16, 17 };
	__u64 block;
	size_t k;

	(void)state;
	follow_writer(0, 0);
	for (block = 0; block <= 3 * 256 + 2; block++)
		for (k = 0; k < sizeof(near) / sizeof(near[0]); k++)
			if (block || near[k] >= 0)
				follow_writer(block * BLOCK + (__u64)(__s64)near[k], 0);
}

/* Around 2^32, 2^40 and the largest: follow the last groups only */
static void test_large(void **state)
{
	static const __u64 around[] = { 1ull << 31, 1ull << 32, 1ull << 40, 1ull << 52 };
	__u64 size, back;
	size_t k;

	(void)state;
	for (k = 0; k < sizeof(around) / sizeof(around[0]); k++) {
		for (size = around[k] - 3 * BLOCK; size <= around[k] + 3 * BLOCK; size++)
			check_size(size);
		for (size = around[k] - GROUP - 2; size <= around[k] + GROUP + 2; size += 1023)
			follow_writer(size, size / GROUP - 1);
		follow_writer(around[k], around[k] / GROUP - 2);
		follow_writer(around[k] + 1, around[k] / GROUP - 2);
	}
	for (size = MCLIC_PLAIN_MAX - 2 * BLOCK; size <= MCLIC_PLAIN_MAX; size++)
		check_size(size);
	follow_writer(MCLIC_PLAIN_MAX, MCLIC_PLAIN_MAX / GROUP - 2);
	follow_writer(MCLIC_PLAIN_MAX - 1, MCLIC_PLAIN_MAX / GROUP - 2);
	assert_true(mclic_sealed_len(MCLIC_PLAIN_MAX) < 1ull << 63);
	for (size = MCLIC_PLAIN_MAX + 1; size < MCLIC_PLAIN_MAX + 3 * BLOCK; size++)
		assert_why(mclic_plain_size(mclic_sealed_len(size), &back), MCLIC_BAD_SIZE);
}

static void test_refused_lengths(void **state)
{
	__u64 len, back, rest;

	(void)state;
	for (len = 0; len < 128; len++) {
		assert_why(mclic_plain_size(len, &back), MCLIC_BAD_SIZE);
		assert_int_equal(back, 0);
	}
	/* over every remainder, small and large: refused are exactly 1 to 16 */
	for (len = 128; len < 128 + 5 * 4112; len++) {
		rest = (len - 128) % 4112;
		assert_int_equal(mclic_plain_size(len, &back) != MCLIC_OK, rest >= 1 && rest <= 16);
	}
	for (len = 1ull << 40; len < (1ull << 40) + 2 * 4112; len++) {
		rest = (len - 128) % 4112;
		assert_int_equal(mclic_plain_size(len, &back) != MCLIC_OK, rest >= 1 && rest <= 16);
	}
	for (len = ~0ull; len > ~0ull - 3 * 4112; len--)
		assert_why(mclic_plain_size(len, &back), MCLIC_BAD_SIZE);
	assert_why(mclic_plain_size(1ull << 63, &back), MCLIC_BAD_SIZE);
}

/* Blocks and tags lie one behind the other, and tags inside the file */
static void test_monotone(void **state)
{
	__u64 size = 5 * GROUP + 3 * BLOCK + 5, i, n = mclic_block_count(size);

	(void)state;
	for (i = 0; i < n; i++) {
		assert_true(mclic_block_offset(i) + mclic_block_len(i, size) <=
			    mclic_tag_offset(i, size));
		assert_true(mclic_tag_offset(i, size) + MCLIC_TAG_SIZE + MCLIC_TRAILER_SIZE <=
			    mclic_sealed_len(size));
		if (i)
			assert_true(mclic_block_offset(i) > mclic_block_offset(i - 1) &&
				    mclic_tag_offset(i, size) > mclic_tag_offset(i - 1, size));
	}
	assert_int_equal(mclic_block_len(~0ull, size), 0);
	assert_int_equal(mclic_block_len(1ull << 52, size), 0);
	assert_int_equal(mclic_group_len(~0ull, size), 0);
}

static void test_nonce(void **state)
{
	__u8 nonce[MCLIC_NONCE_SIZE];

	(void)state;
	mclic_block_nonce(0x0102030405060708ull, nonce);
	assert_memory_equal(nonce, "\x08\x07\x06\x05\x04\x03\x02\x01\0\0\0\0", 12);
}

struct sealing {
	const struct mclic_crypto *c;
	struct mclic_seal s;
	__u8 ku[MCLIC_KEY_SIZE], file_key[MCLIC_KEY_SIZE], mac_key[MCLIC_KEY_SIZE];
	struct mclic_trailer t;
};

static void seal(struct sealing *k, __u64 size)
{
	memset(k, 0, sizeof(*k));
	k->c = mclic_openssl();
	assert_int_equal(world_seal(k->c, size, &k->s, k->ku, k->file_key, k->mac_key), 0);
	assert_int_equal(mclic_trailer_make(k->c, &k->s, k->mac_key, &k->t), 0);
}

static enum mclic_why check(const struct sealing *k, const struct mclic_trailer *t)
{
	__u8 key[MCLIC_KEY_SIZE];
	struct mclic_seal s;
	enum mclic_why why;

	memset(key, 0xee, sizeof(key));
	why = mclic_trailer_check(k->c, t, mclic_sealed_len(k->s.size), &k->s.title,
				  k->s.km_generation, k->s.key, k->ku, key, &s);
	if (why) {
		assert_true(mclic_is_zero(key, sizeof(key)));
		assert_true(mclic_is_zero(&s, sizeof(s)));
	} else {
		assert_memory_equal(key, k->file_key, sizeof(key));
		assert_memory_equal(&s.title, &k->s.title, sizeof(s.title));
		assert_int_equal(s.size, k->s.size);
		assert_memory_equal(s.file_id, k->s.file_id, 16);
		assert_memory_equal(s.salt, k->s.salt, 16);
	}
	return why;
}

static void test_trailer(void **state)
{
	struct mclic_trailer t;
	struct sealing k;
	size_t i;
	int bit;

	(void)state;
	seal(&k, 10000);
	assert_memory_equal(&k.t, "MCLSEAL\x01\x01\0\x01\0\x02\x0c\0\0\x10\x27\0\0\0\0\0\0", 24);
	assert_why(check(&k, &k.t), MCLIC_OK);
	for (i = 0; i < sizeof(t); i++)
		for (bit = 0; bit < 8; bit++) {
			t = k.t;
			((__u8 *)&t)[i] ^= (__u8)(1 << bit);
			assert_true(check(&k, &t) != MCLIC_OK);
		}
}

/* Each field against what it is compared with; the MAC is made good every time */
static void test_trailer_fields(void **state)
{
	static const struct {
		size_t offset;
		enum mclic_why why;
	} fields[] = {
		{ 0, MCLIC_BAD_MAGIC }, { 8, MCLIC_BAD_VERSION }, { 10, MCLIC_BAD_SUITE },
		{ 14, MCLIC_BAD_RESERVED }, { 80, MCLIC_BAD_RESERVED },
		{ 111, MCLIC_BAD_RESERVED }, { 13, MCLIC_BAD_BLOCK_SIZE },
		{ 12, MCLIC_BAD_KEY }, { 76, MCLIC_BAD_GENERATION }, { 16, MCLIC_BAD_SIZE },
		{ 23, MCLIC_BAD_SIZE }, { 24, MCLIC_BAD_TITLE }, { 56, MCLIC_BAD_TITLE },
		{ 40, MCLIC_BAD_MAC }, { 60, MCLIC_BAD_MAC }, { 112, MCLIC_BAD_MAC },
		{ 127, MCLIC_BAD_MAC },
	};
	struct mclic_trailer t;
	struct sealing k;
	size_t i;

	(void)state;
	seal(&k, 5);
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct mclic_vec v = { &t, 112 };

		t = k.t;
		((__u8 *)&t)[fields[i].offset] ^= 2;
		if (fields[i].offset < 40)
			assert_int_equal(k.c->cmac(k.c, k.mac_key, &v, 1, t.mac), 0);
		assert_why(check(&k, &t), fields[i].why);
	}
}

static void test_trailer_without_key(void **state)
{
	struct mclic_trailer t;
	struct sealing k;

	(void)state;
	seal(&k, 5);
	t = k.t;
	t.mac[0] ^= 1;
	assert_why(mclic_trailer_check(k.c, &t, mclic_sealed_len(5), &k.s.title, KM_GENERATION,
				       MCLIC_UNDER_KU, NULL, NULL, NULL), MCLIC_OK);
	assert_why(mclic_trailer_check(k.c, &t, mclic_sealed_len(6), &k.s.title, KM_GENERATION,
				       MCLIC_UNDER_KU, NULL, NULL, NULL), MCLIC_BAD_SIZE);
	assert_why(mclic_trailer_check(k.c, &k.t, mclic_sealed_len(5), &k.s.title, KM_GENERATION,
				       MCLIC_UNDER_KU, k.ku, NULL, NULL), MCLIC_OK);
	k.ku[31] ^= 1;
	assert_why(check(&k, &k.t), MCLIC_BAD_MAC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_geometry),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_refused_lengths),
		cmocka_unit_test(test_monotone),
		cmocka_unit_test(test_nonce),
		cmocka_unit_test(test_trailer),
		cmocka_unit_test(test_trailer_fields),
		cmocka_unit_test(test_trailer_without_key),
	};

	return cmocka_run_group_tests_name("core: sealed files", tests, NULL, NULL);
}
