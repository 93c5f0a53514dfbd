// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A crypto table whose n-th computation alone fails, for every n: each function says that
 * the computation failed, not that the bytes are bad, and leaves no key behind.
 */
#include "core_fixture.h"

static int calls_left;

static bool fails(void)
{
	return !calls_left--;
}

static int failing_cmac(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
			const struct mclic_vec *v, unsigned int n, __u8 out[MCLIC_CS_SIZE])
{
	return fails() ? -ENOMEM : mclic_openssl()->cmac(c, key, v, n, out);
}

static int failing_sha(const struct mclic_crypto *c, const struct mclic_vec *v, unsigned int n,
		       __u8 out[MCLIC_HASH_SIZE])
{
	return fails() ? -ENOMEM : mclic_openssl()->sha256(c, v, n, out);
}

static int failing_open(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
			const __u8 nonce[MCLIC_NONCE_SIZE], const void *aad, size_t aad_len,
			const void *in, size_t len, void *out)
{
	return fails() ? -ENOMEM :
			 mclic_openssl()->open(c, key, nonce, aad, aad_len, in, len, out);
}

static int failing_seal(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
			const __u8 nonce[MCLIC_NONCE_SIZE], const void *aad, size_t aad_len,
			const void *in, size_t len, void *out)
{
	return fails() ? -ENOMEM :
			 mclic_openssl()->seal(c, key, nonce, aad, aad_len, in, len, out);
}

static const struct mclic_crypto *failing(void)
{
	static struct mclic_crypto c = {
		.name = "failing", .sha256 = failing_sha, .cmac = failing_cmac,
		.seal = failing_seal, .open = failing_open,
	};

	c.crc32 = mclic_openssl()->crc32;
	return &c;
}

/*
 * Run @call, which sets @result, with a table that fails at the n-th computation for n
 * from 0; every result is @failure until nothing fails any more, after @computations.
 */
#define EACH_FAILURE(result, failure, computations, call, check) do {	\
	int each;							\
									\
	for (each = 0;; each++) {					\
		calls_left = each;					\
		call;							\
		if (!(result))						\
			break;						\
		assert_int_equal(result, failure);			\
		check;							\
	}								\
	assert_int_equal(each, computations);				\
} while (0)

static void test_verdict(void **state)
{
	__u8 key[MCLIC_KEY_SIZE];
	struct mclic_terms t;
	struct mclic_slot s;
	struct world w;
	enum mclic_why why;

	(void)state;
	world_open(&w);
	world_terms(MCLIC_PERSONAL, &t);
	signed_slot(&w, &t, &s);
	/* tag; EKU: hash, two CMACs, open; CS; EMid: hash, two CMACs, open */
	EACH_FAILURE(why, MCLIC_CRYPTO_FAILED, 10,
		     why = mclic_slot_verdict(failing(), &w.src, &w.title, NOW, &s, key),
		     assert_true(mclic_is_zero(key, sizeof(key))));
}

static void test_issue(void **state)
{
	struct mclic_response r;
	struct mclic_terms t;
	struct world w;
	int err;

	(void)state;
	world_open(&w);
	world_terms(MCLIC_PERSONAL, &t);
	/* tag, KEYc, CS, Ku, and for each of three keys: hash, two CMACs, seal */
	EACH_FAILURE(err, -ENOMEM, 1 + 2 + 1 + 2 + 3 * 4,
		     err = mclic_licence_make(failing(), &w.issue, &t, &r),
		     assert_true(mclic_is_zero(&r, sizeof(r))));
	EACH_FAILURE(err, -ENOMEM, 1,
		     err = mclic_receipt_make(failing(), w.mid, &t, &r),
		     assert_true(mclic_is_zero(&r, sizeof(r))));
}

static void test_response(void **state)
{
	struct mclic_request q;
	const struct mclic_vec whole = { &q, sizeof(q) };
	__u8 ka[MCLIC_KEY_SIZE];
	struct mclic_response r;
	struct mclic_terms t;
	struct world w;
	enum mclic_why why;

	(void)state;
	world_open(&w);
	world_request(MCLIC_OP_NEW, &q);
	world_terms(MCLIC_PERSONAL, &t);
	assert_int_equal(w.c->sha256(w.c, &whole, 1, t.request_hash), 0);
	signed_response(&w, &t, &r);
	EACH_FAILURE(why, MCLIC_CRYPTO_FAILED, 2,
		     why = mclic_response_match(failing(), &r, &q), (void)0);
	EACH_FAILURE(why, MCLIC_CRYPTO_FAILED, 4,
		     why = mclic_master_key_open(failing(), &r, w.mid, w.issue.ku, ka),
		     assert_true(mclic_is_zero(ka, sizeof(ka))));
}

static void test_sealed(void **state)
{
	__u8 ku[32], file_key[32], mac_key[32], key[32], mac[32];
	struct mclic_trailer t;
	struct mclic_seal s, got;
	enum mclic_why why;
	int err;

	(void)state;
	assert_int_equal(world_seal(mclic_openssl(), 9, &s, ku, file_key, mac_key), 0);
	EACH_FAILURE(err, -ENOMEM, 1,
		     err = mclic_trailer_make(failing(), &s, mac_key, &t), (void)0);
	EACH_FAILURE(err, -ENOMEM, 4,
		     err = mclic_file_keys(failing(), ku, s.title.did, s.file_id, s.salt, key,
					   mac),
		     assert_true(mclic_is_zero(key, 32) && mclic_is_zero(mac, 32)));
	EACH_FAILURE(why, MCLIC_CRYPTO_FAILED, 5,
		     why = mclic_trailer_check(failing(), &t, mclic_sealed_len(9), &s.title,
					       KM_GENERATION, MCLIC_UNDER_KU, ku, key, &got),
		     assert_true(mclic_is_zero(key, 32) && mclic_is_zero(&got, sizeof(got))));
}

static void test_product(void **state)
{
	struct mclic_title title;
	struct mclic_marker m;
	__u8 key[32];
	enum mclic_why why;

	(void)state;
	world_title(&title);
	fill(key, sizeof(key), 1);
	EACH_FAILURE(why, MCLIC_CRYPTO_FAILED, 1,
		     why = mclic_marker_make(failing(), &m, &title, 1, key, 10), (void)0);
	EACH_FAILURE(why, MCLIC_CRYPTO_FAILED, 1,
		     why = mclic_publisher_check(failing(), &m), (void)0);
}

static void test_identifier(void **state)
{
	const struct mclic_vec five[5] = { { "a", 1 } };
	__u8 id[16];
	int err;

	(void)state;
	EACH_FAILURE(err, -ENOMEM, 1, err = mclic_identifier(failing(), "label", five, 4, id),
		     assert_true(mclic_is_zero(id, sizeof(id))));
	assert_int_equal(mclic_identifier(mclic_openssl(), "label", five, 5, id), -EINVAL);
	assert_true(mclic_is_zero(id, sizeof(id)));
}

static void test_selftest(void **state)
{
	const char *failed;
	int err;

	(void)state;
	EACH_FAILURE(err, -ENOMEM, 2 + 4 + 2 + 2 + 1 + 2,
		     err = mclic_core_selftest(failing(), &failed), assert_non_null(failed));
	assert_null(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdict),
		cmocka_unit_test(test_issue),
		cmocka_unit_test(test_response),
		cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_product),
		cmocka_unit_test(test_identifier),
		cmocka_unit_test(test_selftest),
	};

	return cmocka_run_group_tests_name("core: failing computations", tests, NULL, NULL);
}
