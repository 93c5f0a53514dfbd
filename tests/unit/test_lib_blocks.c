// SPDX-License-Identifier: GPL-2.0-or-later
/* blocks.c: the same bytes as core's cipher, block by block; damage stays where it is. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/libmclic.h"

#define BLOCK	MCLIC_BLOCK_SIZE
#define MAX	(5 * BLOCK)

static struct mclic_blocks *b;
static __u8 key[MCLIC_KEY_SIZE], other_key[MCLIC_KEY_SIZE];
static __u8 plain[MAX], sealed[MAX], opened[MAX], tags[5 * MCLIC_TAG_SIZE];

static int setup(void **state)
{
	(void)state;
	b = mclic_blocks_new();
	return b ? mclic_random(key, sizeof(key)) || mclic_random(other_key, sizeof(key)) ||
		   mclic_random(plain, sizeof(plain)) : -1;
}

static int teardown(void **state)
{
	(void)state;
	mclic_blocks_free(b);
	mclic_blocks_free(NULL);
	return 0;
}

/* Seal with core's own primitive and the documented nonce. */
static void seal_by_core(__u64 first, size_t len, __u8 *out, __u8 *out_tags)
{
	const struct mclic_crypto *c = mclic_openssl();
	__u8 box[BLOCK + MCLIC_TAG_SIZE];
	size_t at;

	for (at = 0; at < len; at += BLOCK, first++, out_tags += MCLIC_TAG_SIZE) {
		size_t n = len - at < BLOCK ? len - at : BLOCK;
		__u8 nonce[12] = { 0 };
		int i;

		for (i = 0; i < 8; i++)
			nonce[i] = (__u8)(first >> 8 * i);
		assert_int_equal(c->seal(c, key, nonce, NULL, 0, plain + at, n, box), 0);
		memcpy(out + at, box, n);
		memcpy(out_tags, box + n, MCLIC_TAG_SIZE);
	}
}

static void the_bytes_are_cores(void **state)
{
	static const size_t len[] = { 0, 1, 4095, 4096, 4097, 8192, 12289, MAX };
	static const __u64 first[] = { 0, 1, 255, 256, (__u64)1 << 32, (__u64)1 << 49 };
	__u8 want[MAX], want_tags[sizeof(tags)];
	size_t i, f;
	__u64 bad;

	(void)state;
	for (i = 0; i < sizeof(len) / sizeof(len[0]); i++)
		for (f = 0; f < sizeof(first) / sizeof(first[0]); f++) {
			seal_by_core(first[f], len[i], want, want_tags);
			assert_int_equal(mclic_blocks_seal(b, key, first[f], plain, len[i], tags,
							   sealed), 0);
			assert_memory_equal(sealed, want, len[i]);
			assert_memory_equal(tags, want_tags,
					    (len[i] + BLOCK - 1) / BLOCK * MCLIC_TAG_SIZE);
			memset(opened, 0xee, sizeof(opened));
			assert_int_equal(mclic_blocks_open(b, key, first[f], sealed, len[i], tags,
							   opened, &bad), 0);
			assert_memory_equal(opened, plain, len[i]);
			if (len[i] < MAX)
				assert_int_equal(opened[len[i]], 0xee);
		}
}

static void in_place(void **state)
{
	__u8 buf[MAX];
	__u64 bad;

	(void)state;
	memcpy(buf, plain, MAX);
	assert_int_equal(mclic_blocks_seal(b, key, 7, buf, MAX - 9, tags, buf), 0);
	seal_by_core(7, MAX - 9, sealed, tags);
	assert_memory_equal(buf, sealed, MAX - 9);
	assert_int_equal(mclic_blocks_open(b, key, 7, buf, MAX - 9, tags, buf, &bad), 0);
	assert_memory_equal(buf, plain, MAX);
}

/* One flipped bit: that block is zero, all others are right, and the first is named. */
static void damage_stays_in_its_block(void **state)
{
	const size_t len = 4 * BLOCK + 100;
	unsigned int i, j;
	__u64 bad;

	(void)state;
	assert_int_equal(mclic_blocks_seal(b, key, 250, plain, len, tags, sealed), 0);
	for (i = 0; i < 10; i++) {
		unsigned int block = i % 5;
		__u8 *byte = i < 5 ? &sealed[block * BLOCK + 99] : &tags[block * 16 + 15];

		*byte ^= 0x80;
		bad = 0;
		assert_int_equal(mclic_blocks_open(b, key, 250, sealed, len, tags, opened, &bad),
				 -EBADMSG);
		assert_int_equal(bad, 250 + block);
		for (j = 0; j < 5; j++) {
			size_t n = j < 4 ? BLOCK : 100;

			if (j == block)
				assert_true(mclic_is_zero(opened + j * BLOCK, n));
			else
				assert_memory_equal(opened + j * BLOCK, plain + j * BLOCK, n);
		}
		*byte ^= 0x80;
	}
	sealed[BLOCK] ^= 1;
	sealed[3 * BLOCK] ^= 1;
	assert_int_equal(mclic_blocks_open(b, key, 250, sealed, len, tags, opened, &bad),
			 -EBADMSG);
	assert_int_equal(bad, 251);
	assert_true(mclic_is_zero(opened + 3 * BLOCK, BLOCK));
	assert_memory_equal(opened + 2 * BLOCK, plain + 2 * BLOCK, BLOCK);
}

static void another_place_or_key_does_not_open(void **state)
{
	__u64 bad;

	(void)state;
	assert_int_equal(mclic_blocks_seal(b, key, 3, plain, 2 * BLOCK, tags, sealed), 0);
	assert_int_equal(mclic_blocks_open(b, key, 4, sealed, 2 * BLOCK, tags, opened, &bad),
			 -EBADMSG);
	assert_int_equal(bad, 4);
	assert_true(mclic_is_zero(opened, 2 * BLOCK));
	assert_int_equal(mclic_blocks_open(b, other_key, 3, sealed, 2 * BLOCK, tags, opened, &bad),
			 -EBADMSG);
	assert_int_equal(mclic_blocks_open(b, key, 3, sealed, 2 * BLOCK, tags, opened, &bad), 0);
	/* a block cut short is a damaged block */
	assert_int_equal(mclic_blocks_open(b, key, 3, sealed, 2 * BLOCK - 1, tags, opened, &bad),
			 -EBADMSG);
	assert_int_equal(bad, 4);
}

/* Keys take turns, and differ in a single bit: the context must notice each time. */
static void keys_take_turns(void **state)
{
	__u8 k[MCLIC_KEY_SIZE], t[2][MCLIC_TAG_SIZE], c[2][BLOCK];
	unsigned int i;
	__u64 bad;

	(void)state;
	memcpy(k, key, sizeof(k));
	for (i = 0; i < 20; i++) {
		assert_int_equal(mclic_blocks_seal(b, k, 0, plain, BLOCK, t[i % 2], c[i % 2]), 0);
		if (i >= 2) {
			assert_int_equal(mclic_blocks_open(b, k, 0, c[i % 2], BLOCK, t[i % 2],
							   opened, &bad), 0);
			assert_int_equal(mclic_blocks_open(b, k, 0, c[1 - i % 2], BLOCK,
							   t[1 - i % 2], opened, &bad), -EBADMSG);
		}
		k[MCLIC_KEY_SIZE - 1] ^= 1;
	}
}

static void *work(void *arg)
{
	struct mclic_blocks *own = mclic_blocks_new();
	__u8 *c = malloc(MAX), *p = malloc(MAX), t[sizeof(tags)];
	int i, good = own && c && p;
	__u64 bad;

	for (i = 0; good && i < 200; i++)
		good = !mclic_blocks_seal(own, key, (__u64)i, plain, MAX, t, c) &&
		       !mclic_blocks_open(own, key, (__u64)i, c, MAX, t, p, &bad) &&
		       !memcmp(p, plain, MAX);
	mclic_blocks_free(own);
	free(c);
	free(p);
	*(int *)arg = good;
	return NULL;
}

static void each_thread_with_its_own(void **state)
{
	pthread_t t[4];
	int good[4] = { 0 }, i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, work, &good[i]), 0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(t[i], NULL), 0);
		assert_true(good[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_are_cores),
		cmocka_unit_test(in_place),
		cmocka_unit_test(damage_stays_in_its_block),
		cmocka_unit_test(another_place_or_key_does_not_open),
		cmocka_unit_test(keys_take_turns),
		cmocka_unit_test(each_thread_with_its_own),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
