// SPDX-License-Identifier: GPL-2.0-or-later
/* exchange.c: a box opens for its receiver only, and is what protocol.rst says. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "userspace/lib/libmclic.h"

static const char info[] = "mclic KU v1 and some ids";
static EVP_PKEY *key;
static __u8 public[32], secret[MCLIC_KEY_SIZE];

static int setup(void **state)
{
	(void)state;
	return mclic_box_key(&key, public) || mclic_random(secret, sizeof(secret));
}

static int teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	return 0;
}

static void a_box_opens_for_its_receiver(void **state)
{
	__u8 box[80], again[80], out[32];

	(void)state;
	assert_int_equal(mclic_box_seal(public, info, sizeof(info), secret, 32, box), 0);
	assert_int_equal(mclic_box_open(key, info, sizeof(info), box, 80, out), 0);
	assert_memory_equal(out, secret, 32);
	/* every box has a key of its own */
	assert_int_equal(mclic_box_seal(public, info, sizeof(info), secret, 32, again), 0);
	assert_memory_not_equal(box, again, 32);
	assert_memory_not_equal(box + 32, again + 32, 48);
}

static void an_empty_message_and_no_context(void **state)
{
	__u8 box[MCLIC_BOX_OVERHEAD], out[1] = { 7 };

	(void)state;
	assert_int_equal(mclic_box_seal(public, NULL, 0, NULL, 0, box), 0);
	assert_int_equal(mclic_box_open(key, NULL, 0, box, sizeof(box), out), 0);
	assert_int_equal(out[0], 7);
	assert_int_equal(mclic_box_open(key, info, 1, box, sizeof(box), out), -EKEYREJECTED);
}

static void every_changed_bit_is_noticed(void **state)
{
	__u8 box[80], out[32];
	size_t bit;

	(void)state;
	assert_int_equal(mclic_box_seal(public, info, sizeof(info), secret, 32, box), 0);
	for (bit = 0; bit < sizeof(box) * 8; bit++) {
		box[bit / 8] ^= 1 << bit % 8;
		memset(out, 0xaa, sizeof(out));
		assert_int_equal(mclic_box_open(key, info, sizeof(info), box, 80, out),
				 -EKEYREJECTED);
		assert_memory_not_equal(out, secret, 32);
		box[bit / 8] ^= 1 << bit % 8;
	}
}

static void short_boxes_are_refused(void **state)
{
	__u8 box[80], out[32];
	size_t len;

	(void)state;
	assert_int_equal(mclic_box_seal(public, info, sizeof(info), secret, 32, box), 0);
	for (len = 0; len < sizeof(box); len++)
		assert_int_equal(mclic_box_open(key, info, sizeof(info), box, len, out),
				 -EKEYREJECTED);
}

static void nobody_else_opens_it(void **state)
{
	EVP_PKEY *other, *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	__u8 other_public[32], box[80], out[32];

	(void)state;
	assert_int_equal(mclic_box_key(&other, other_public), 0);
	assert_int_equal(mclic_box_seal(public, info, sizeof(info), secret, 32, box), 0);
	assert_int_equal(mclic_box_open(other, info, sizeof(info), box, 80, out), -EKEYREJECTED);
	assert_int_equal(mclic_box_open(key, "else", 4, box, 80, out), -EKEYREJECTED);
	assert_int_equal(mclic_box_open(ed, info, sizeof(info), box, 80, out), -EKEYREJECTED);
	EVP_PKEY_free(other);
	EVP_PKEY_free(ed);
	assert_int_equal(ERR_peek_error(), 0);
}

/* Points of small order would make the shared secret known to everybody. */
static void points_of_small_order_are_refused(void **state)
{
	static const char * const point[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	};
	__u8 p[80], box[80], out[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(point) / sizeof(point[0]); i++) {
		memset(p, 0, sizeof(p));
		assert_int_equal(mclic_unhex(point[i], p, 32), 0);
		assert_int_equal(mclic_box_seal(p, info, sizeof(info), secret, 32, box), -EINVAL);
		assert_int_equal(mclic_box_open(key, info, sizeof(info), p, 80, out),
				 -EKEYREJECTED);
	}
}

/* Open a box by hand, step by step as protocol.rst describes it. */
static void the_bytes_are_the_protocols(void **state)
{
	const struct mclic_crypto *c = mclic_openssl();
	__u8 box[80], shared[32], salt[64], box_key[32], out[32], zero[12] = { 0 };
	size_t len = sizeof(shared);
	EVP_PKEY *peer;
	EVP_PKEY_CTX *ctx;
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *k = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM p[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, shared, 32),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, 64),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, sizeof(info)),
		OSSL_PARAM_construct_end(),
	};

	(void)state;
	assert_int_equal(mclic_box_seal(public, info, sizeof(info), secret, 32, box), 0);
	peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, box, 32);
	ctx = EVP_PKEY_CTX_new(key, NULL);
	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
	assert_int_equal(EVP_PKEY_derive(ctx, shared, &len), 1);
	memcpy(salt, box, 32);
	memcpy(salt + 32, public, 32);
	assert_int_equal(EVP_KDF_derive(k, box_key, 32, p), 1);
	assert_int_equal(c->open(c, box_key, zero, info, sizeof(info), box + 32, 32, out), 0);
	assert_memory_equal(out, secret, 32);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	EVP_KDF_CTX_free(k);
	EVP_KDF_free(kdf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_box_opens_for_its_receiver),
		cmocka_unit_test(an_empty_message_and_no_context),
		cmocka_unit_test(every_changed_bit_is_noticed),
		cmocka_unit_test(short_boxes_are_refused),
		cmocka_unit_test(nobody_else_opens_it),
		cmocka_unit_test(points_of_small_order_are_refused),
		cmocka_unit_test(the_bytes_are_the_protocols),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
