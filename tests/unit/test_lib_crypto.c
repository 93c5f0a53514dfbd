// SPDX-License-Identifier: GPL-2.0-or-later
/* The crypto tables: known answers, each other's answers, damage, threads. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <zlib.h>

#include "userspace/lib/libmclic.h"

static const struct mclic_crypto *table;

static void openssl_knows_the_known_answers(void **state)
{
	const char *failed = NULL;

	(void)state;
	assert_int_equal(mclic_core_selftest(mclic_openssl(), &failed), 0);
}

/* The running kernel either answers as it should, or says what it lacks. */
static void kcapi_works_or_says_why_not(void **state)
{
	const struct mclic_crypto *k;
	const char *failed = NULL;

	(void)state;
	mclic_fail(EIO, "before");
	k = mclic_kcapi();
	if (k)
		assert_int_equal(mclic_core_selftest(k, &failed), 0);
	else
		assert_non_null(strstr(mclic_message(), "the kernel cannot compute"));
}

/* SP 800-38B, D.3: AES-256, 0, 16, 40 and 64 bytes; in pieces of every size. */
static void cmac_in_pieces(void **state)
{
	static const char * const want[] = {
		"028962f61b7bf89efc6b551f4667d983", "28a7023f452e8f82bd4bf28d8c37c35c",
		"aaf3d8f1de5640c232f5b169b9c911e6", "e1992190549f6ed5696a2c056c315410",
	};
	static const size_t len[] = { 0, 16, 40, 64 };
	__u8 key[32], msg[64], mac[16];
	char text[33];
	size_t i, cut;

	(void)state;
	assert_int_equal(mclic_unhex("603deb1015ca71be2b73aef0857d7781"
				     "1f352c073b6108d72d9810a30914dff4", key, 32), 0);
	assert_int_equal(mclic_unhex("6bc1bee22e409f96e93d7e117393172a"
				     "ae2d8a571e03ac9c9eb76fac45af8e51"
				     "30c81c46a35ce411e5fbc1191a0a52ef"
				     "f69f2445df4f9b17ad2b417be66c3710", msg, 64), 0);
	for (i = 0; i < 4; i++)
		for (cut = 0; cut <= len[i]; cut++) {
			const struct mclic_vec v[] = {
				{ msg, cut }, { NULL, 0 }, { msg + cut, len[i] - cut },
			};

			assert_int_equal(table->cmac(table, key, v, 3, mac), 0);
			assert_string_equal(mclic_hex(mac, 16, text), want[i]);
		}
}

static void sha256_in_pieces(void **state)
{
	const struct mclic_vec abc[] = { { "a", 1 }, { "", 0 }, { "bc", 2 } };
	__u8 out[32];
	char text[65];

	(void)state;
	assert_int_equal(table->sha256(table, abc, 3, out), 0);
	assert_string_equal(mclic_hex(out, 32, text),
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(table->sha256(table, NULL, 0, out), 0);
	assert_string_equal(mclic_hex(out, 32, text),
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void crc32_is_zlibs(void **state)
{
	(void)state;
	assert_int_equal(table->crc32("123456789", 9), 0xcbf43926u);
	assert_int_equal(table->crc32("", 0), 0);
}

/* The KDF of core over this table is OpenSSL's own KBKDF. */
static void kdf_is_openssls_kbkdf(void **state)
{
	__u8 key[32], ctx_a[16], ctx_b[4], context[20], got[32], want[32];
	const struct mclic_vec v[] = { { ctx_a, 16 }, { ctx_b, 4 } };
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "KBKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM p[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MAC, (char *)"CMAC", 0),
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_CIPHER,
						 (char *)"AES-256-CBC", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key, 32),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (char *)"mclic KU", 8),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, context, 20),
		OSSL_PARAM_construct_end(),
	};

	(void)state;
	mclic_random(key, sizeof(key));
	mclic_random(context, sizeof(context));
	memcpy(ctx_a, context, 16);
	memcpy(ctx_b, context + 16, 4);
	assert_int_equal(EVP_KDF_derive(ctx, want, 32, p), 1);
	assert_int_equal(mclic_kdf(table, key, "mclic KU", v, 2, got), 0);
	assert_memory_equal(got, want, 32);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

/* GCM, test case 16 of the cipher's submission: AES-256 with associated data. */
static void gcm_known_answer(void **state)
{
	__u8 key[32], nonce[12], aad[20], plain[60], want[76], got[76];

	(void)state;
	mclic_unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", key, 32);
	mclic_unhex("cafebabefacedbaddecaf888", nonce, 12);
	mclic_unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2", aad, 20);
	mclic_unhex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
		    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39", plain, 60);
	mclic_unhex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
		    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
		    "76fc6ece0f4e1768cddf8853bb2d551b", want, 76);
	assert_int_equal(table->seal(table, key, nonce, aad, 20, plain, 60, got), 0);
	assert_memory_equal(got, want, 76);
	assert_int_equal(table->open(table, key, nonce, aad, 20, want, 60, got), 0);
	assert_memory_equal(got, plain, 60);
}

static void seal_and_open_in_place(void **state)
{
	static const size_t len[] = { 0, 1, 15, 16, 17, 32, 255, 4096, 70000 };
	__u8 key[32], nonce[12], *buf = malloc(70016), *was = malloc(70000);
	size_t i;

	(void)state;
	mclic_random(key, sizeof(key));
	mclic_random(nonce, sizeof(nonce));
	mclic_random(was, 70000);
	for (i = 0; i < sizeof(len) / sizeof(len[0]); i++) {
		memcpy(buf, was, len[i]);
		assert_int_equal(table->seal(table, key, nonce, key, i, buf, len[i], buf), 0);
		if (len[i] > 1)
			assert_memory_not_equal(buf, was, len[i]);
		assert_int_equal(table->open(table, key, nonce, key, i, buf, len[i], buf), 0);
		assert_memory_equal(buf, was, len[i]);
	}
	free(buf);
	free(was);
}

/* One bit of key, nonce, associated data, ciphertext or tag: no plaintext comes out. */
static void every_changed_bit_is_noticed(void **state)
{
	__u8 key[32], nonce[12], aad[16], box[48], out[32];
	struct {
		__u8 *p;
		size_t n;
	} part[] = { { key, 32 }, { nonce, 12 }, { aad, 16 }, { box, 48 } };
	size_t i, bit;

	(void)state;
	mclic_random(key, sizeof(key));
	mclic_random(nonce, sizeof(nonce));
	mclic_random(aad, sizeof(aad));
	assert_int_equal(table->seal(table, key, nonce, aad, 16, key, 32, box), 0);
	for (i = 0; i < 4; i++)
		for (bit = 0; bit < part[i].n * 8; bit++) {
			part[i].p[bit / 8] ^= 1 << bit % 8;
			memset(out, 0xaa, sizeof(out));
			assert_int_equal(table->open(table, key, nonce, aad, 16, box, 32, out),
					 -EBADMSG);
			assert_true(mclic_is_zero(out, sizeof(out)));
			part[i].p[bit / 8] ^= 1 << bit % 8;
		}
	assert_int_equal(table->open(table, key, nonce, aad, 16, box, 32, out), 0);
	assert_int_equal(table->open(table, key, nonce, aad, 15, box, 32, out), -EBADMSG);
}

/* Two tables, the same bytes: the second is what the running kernel offers, if it does. */
static void tables_agree(void **state)
{
	const struct mclic_crypto *other = mclic_kcapi() ? mclic_kcapi() : mclic_openssl();
	__u8 key[32], msg[1500], a[1516], b[1516];
	size_t n;

	(void)state;
	mclic_random(key, sizeof(key));
	mclic_random(msg, sizeof(msg));
	for (n = 0; n <= sizeof(msg); n += 25) {
		const struct mclic_vec v[] = { { msg, n / 3 }, { msg + n / 3, n - n / 3 } };

		assert_int_equal(table->sha256(table, v, 2, a), 0);
		assert_int_equal(other->sha256(other, v, 2, b), 0);
		assert_memory_equal(a, b, 32);
		assert_int_equal(table->cmac(table, key, v, 2, a), 0);
		assert_int_equal(other->cmac(other, key, v, 2, b), 0);
		assert_memory_equal(a, b, 16);
		assert_int_equal(table->seal(table, key, key, msg, n / 2, msg, n, a), 0);
		assert_int_equal(other->seal(other, key, key, msg, n / 2, msg, n, b), 0);
		assert_memory_equal(a, b, n + 16);
		assert_int_equal(other->open(other, key, key, msg, n / 2, a, n, b), 0);
		assert_memory_equal(b, msg, n);
		a[n] ^= 1;
		assert_int_equal(other->open(other, key, key, msg, n / 2, a, n, b), -EBADMSG);
	}
	assert_int_equal(other->crc32(msg, sizeof(msg)), table->crc32(msg, sizeof(msg)));
}

/* A thread of its own, its key, and answers that must not depend on the others. */
static void *work(void *arg)
{
	__u8 key[32], mac[16], first[16], box[48], out[32], zero[12] = { 0 };
	const struct mclic_vec v = { key, 32 };
	unsigned int i;

	memset(key, *(int *)arg, sizeof(key));
	*(int *)arg = -1;
	if (table->cmac(table, key, &v, 1, first))
		return NULL;
	for (i = 0; i < 2000; i++) {
		if (table->cmac(table, key, &v, 1, mac) || !mclic_equal(mac, first, 16) ||
		    table->seal(table, key, zero, mac, 16, key, 32, box) ||
		    table->open(table, key, zero, mac, 16, box, 32, out) ||
		    !mclic_equal(out, key, 32))
			return NULL;
		box[i % sizeof(box)] ^= 1;
		if (table->open(table, key, zero, mac, 16, box, 32, out) != -EBADMSG)
			return NULL;
	}
	*(int *)arg = 0;
	return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
	pthread_t t[8];
	int arg[8], i;

	(void)state;
	for (i = 0; i < 8; i++) {
		arg[i] = i + 1;
		assert_int_equal(pthread_create(&t[i], NULL, work, &arg[i]), 0);
	}
	for (i = 0; i < 8; i++) {
		assert_int_equal(pthread_join(t[i], NULL), 0);
		assert_int_equal(arg[i], 0);
	}
}

static int use_openssl(void **state)
{
	(void)state;
	table = mclic_openssl();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(openssl_knows_the_known_answers),
		cmocka_unit_test(kcapi_works_or_says_why_not),
		cmocka_unit_test(cmac_in_pieces),
		cmocka_unit_test(sha256_in_pieces),
		cmocka_unit_test(crc32_is_zlibs),
		cmocka_unit_test(kdf_is_openssls_kbkdf),
		cmocka_unit_test(gcm_known_answer),
		cmocka_unit_test(seal_and_open_in_place),
		cmocka_unit_test(every_changed_bit_is_noticed),
		cmocka_unit_test(tables_agree),
		cmocka_unit_test(threads_do_not_disturb_each_other),
	};

	return cmocka_run_group_tests(tests, use_openssl, NULL);
}
