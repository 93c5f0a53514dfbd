// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Known answers: the published ones, and every row of Documentation/keys.rst computed a
 * second time with OpenSSL's own KBKDF, CMAC, GCM and raw AES, from the document alone.
 */
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "core_fixture.h"

/* KDF(key, label, context) by OpenSSL's KBKDF */
static void kbkdf(const __u8 *key, const char *label, const void *context, size_t len,
		  __u8 out[MCLIC_KEY_SIZE])
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "KBKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string("mac", (char *)"CMAC", 0),
		OSSL_PARAM_construct_utf8_string("cipher", (char *)"AES-256-CBC", 0),
		OSSL_PARAM_construct_octet_string("key", (void *)key, MCLIC_KEY_SIZE),
		OSSL_PARAM_construct_octet_string("salt", (void *)label, strlen(label)),
		OSSL_PARAM_construct_octet_string("info", (void *)context, len),
		OSSL_PARAM_construct_end(),
	};

	assert_int_equal(EVP_KDF_derive(ctx, out, MCLIC_KEY_SIZE, params), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

/* One block of AES-256, nothing around it */
static void aes(const __u8 *key, const __u8 in[16], __u8 out[16])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	assert_int_equal(EVP_EncryptInit_ex2(ctx, EVP_aes_256_ecb(), key, NULL, NULL), 1);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	assert_int_equal(EVP_EncryptUpdate(ctx, out, &n, in, 16), 1);
	assert_int_equal(n, 16);
	EVP_CIPHER_CTX_free(ctx);
}

static void gcm(const __u8 *key, const void *aad, size_t aad_len, const __u8 in[32],
		__u8 out[MCLIC_WRAP_SIZE])
{
	static const __u8 nonce[MCLIC_NONCE_SIZE];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	assert_int_equal(EVP_EncryptInit_ex2(ctx, EVP_aes_256_gcm(), key, nonce, NULL), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &n, aad, (int)aad_len), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, out, &n, in, 32), 1);
	assert_int_equal(EVP_EncryptFinal_ex(ctx, out + n, &n), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out + 32), 1);
	EVP_CIPHER_CTX_free(ctx);
}

static void sha256(const void *p, size_t n, __u8 out[MCLIC_HASH_SIZE])
{
	assert_int_equal(EVP_Digest(p, n, out, NULL, EVP_sha256(), NULL), 1);
}

static void test_selftest(void **state)
{
	const char *failed = "not set";

	(void)state;
	assert_int_equal(mclic_core_selftest(mclic_openssl(), &failed), 0);
	assert_null(failed);
}

static int broken_cmac(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
		       const struct mclic_vec *v, unsigned int n, __u8 out[MCLIC_CS_SIZE])
{
	int err = mclic_openssl()->cmac(c, key, v, n, out);

	out[15] ^= 1;
	return err;
}

static int trusting_open(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
			 const __u8 nonce[MCLIC_NONCE_SIZE], const void *aad, size_t aad_len,
			 const void *in, size_t len, void *out)
{
	mclic_openssl()->open(c, key, nonce, aad, aad_len, in, len, out);
	return 0;
}

static __u32 wrong_crc(const void *p, size_t len)
{
	return mclic_openssl()->crc32(p, len) + 1;
}

static int no_sha(const struct mclic_crypto *c, const struct mclic_vec *v, unsigned int n,
		  __u8 out[MCLIC_HASH_SIZE])
{
	(void)c;
	(void)v;
	(void)n;
	(void)out;
	return -ENOMEM;
}

/* A table that is wrong in one function is found out, and by name. */
static void test_selftest_finds(void **state)
{
	struct mclic_crypto c = *mclic_openssl();
	const char *failed;

	(void)state;
	c.cmac = broken_cmac;
	assert_int_equal(mclic_core_selftest(&c, &failed), -EBADMSG);
	assert_non_null(strstr(failed, "CMAC"));

	c = *mclic_openssl();
	c.open = trusting_open;
	assert_int_equal(mclic_core_selftest(&c, &failed), -EBADMSG);
	assert_non_null(strstr(failed, "refuses"));

	c = *mclic_openssl();
	c.crc32 = wrong_crc;
	assert_int_equal(mclic_core_selftest(&c, &failed), -EBADMSG);
	assert_string_equal(failed, "CRC-32");

	c = *mclic_openssl();
	c.sha256 = no_sha;
	assert_int_equal(mclic_core_selftest(&c, &failed), -ENOMEM);
	assert_non_null(strstr(failed, "SHA-256"));
}

/*
 * NIST CAVP, KDFCTR_gen.rsp (CAVS 14.4): PRF=CMAC_AES256, CTRLOCATION=BEFORE_FIXED,
 * RLEN=32_BITS, COUNT=11 to 19; the selftest has COUNT=10, the others are of other lengths.
 */
static void test_kdf_published(void **state)
{
	static const struct {
		const char *ki, *fixed, *ko;
	} answers[] = {
		{ "8c9f3ccad22991e925c33627d430792bef8f8d9c7b194f1c0df5912435dbcfd3",
		  "60e0794af22b404f6dbf8c5cbdf916321b75cc13861be5c3524021466f5ceaf9"
		  "a4c2683cf8182eede390bde51c83ce72f4b61f3803803db9e52f8023",
		  "8bb189e1fd082f8b29e1f8c0118442524c2d0a2e471757dfa99453818c0aaea9" },
		{ "06efa15de9c4e827b7bb7f84355b643ef71c97790fc351c3f681bb1cec4f5fd4",
		  "5b0fddc9d05ddcb1ec22719a1ef7aeb497fa15779567de0998a2fd434333a931"
		  "f137bc9463d608bfc3f32eb6f6ee2be8e47771baef96986edc7d30f7",
		  "3c296c96404de961b47cc6ae4f4d52cba879212f3a63a87cc53480770f215627" },
		{ "ddb0d33e3e978357dfef49349911abb34a8c42421969f1d04ce7e9fb84b2e0f1",
		  "298e42650f4ddf30a1fa5dfeacabce3a2e74e50615636d5f64660dc01327d986"
		  "f90b2ef79df7e4fd29c4f3289f22e4215e18f74c3863daecf08f3c9c",
		  "d052d7e7cc62967101653203e41c2ba3ec7b5fe2cef4595ba5c40b7e7b179505" },
		{ "73dd669f13412b0b456ed2bdc0ebd18fadc05edeb5a9a6858064461e7118e881",
		  "2b1988fbeb23da73057df855573c60454bd018d2529d0b159e3b80c7a7aebffb"
		  "477d66bc5a92824de9946a0fadc2ec34c2cf2e8a1191d2a4b172c559",
		  "898dfe8f3480854cad0fd1bc88c36349069f3332cf90f6166bb1d5a6d962c7a5" },
		{ "69dc59e4baf77c5cb1d37da7d723cc439a71462564b812cc765a464bb52dac86",
		  "5cb38a0abf44fb8b044cd0b3c9638a35879ce8cc5cbbbff3b01513a8be59664d"
		  "b068b4d89ad5984c2fd6e9e1dc4c02dda0579e9e61890c2044e19704",
		  "720e993c06b6b05ae0c0880e2398c08e34a3048de6325321f4b5fdafc5269be1" },
		{ "9c7005867be9b829d38af981bad1bc95bfa3dd3a443b65a6ef54a9b1f8ecad7d",
		  "ca2773715d037eec7e5e1a437d1db0ce4d52e617c68805ce3771df2f517b3949"
		  "42542155734330e1a05e47cfe1373faa84d47474109b20e423236a7f",
		  "aa05f7a674fa0c2acf7a2e94ffe1c32aae6bcd510e3bb1e223a63ded932c8e5b" },
		{ "22d9bf5668bd90e8d8fc43c3a04356e530f9f793e3a0b3bcd675403335bbf559",
		  "b8d467bc14dc7d4f24bd58872cf77064e787e085a9274ed071f66c5516a2e4e3"
		  "2f1eb423217e30542d74a77c0b74fde49321a06878d2e0f1954d61fa",
		  "20dcf4ea36f990a7ba3a1845c46e2c5c290aba39b32d984271bef02bf05a004b" },
		{ "ea85fea6137d953cd9d5fa0f55f64f247d6e652105666e2193877029d2864493",
		  "d64e9a7cf0b0f1089944378b51690e9e22e08e032e872b53cb35505158e4c374"
		  "141a6456a910a7964848f98aa861e4fd12dfe4e09cd647a6d1efda20",
		  "b7a47c0333a1f7742fdacdb30b1374b3c7a054c431ed14622c01957e41aa8a68" },
		{ "1621d11427dde824f4b5ea6d5d7d6aefacd2f568aa4443ff5ef58653e74400c8",
		  "6f5445344fef88e4af10bd0e0f0ec667d81f40ad308d1fa448fcb9aa7e105ff6"
		  "e89624e5bd90fd0b7770ad224e0fbc594d32a006d4f0c87bc3a03d6b",
		  "ea21158e118edb1fe22f79ed430bd16982077e5f91ea5ef4d6690d933b366006" },
	};
	__u8 key[32], fixed[60], expected[32], got[32];
	const struct mclic_vec pieces[] = {
		{ fixed, 1 }, { fixed + 1, 0 }, { fixed + 1, 15 },
		{ fixed + 16, 16 }, { fixed + 32, 27 }, { fixed + 59, 1 }, { fixed, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		assert_int_equal(mclic_unhex(answers[i].ki, key, 32), 0);
		assert_int_equal(mclic_unhex(answers[i].fixed, fixed, 60), 0);
		assert_int_equal(mclic_unhex(answers[i].ko, expected, 32), 0);
		assert_int_equal(mclic_kdf_fixed(mclic_openssl(), key, pieces, 6, got), 0);
		assert_memory_equal(got, expected, 32);
	}
	assert_int_equal(mclic_kdf_fixed(mclic_openssl(), key, pieces, 7, got), -EINVAL);
	assert_true(mclic_is_zero(got, sizeof(got)));
}

static void test_kdf_pieces(void **state)
{
	__u8 key[32], context[100], ours[32], theirs[32];
	const struct mclic_vec five[5] = { { context, 1 } };
	size_t len;

	(void)state;
	fill(key, sizeof(key), 1);
	fill(context, sizeof(context), 2);
	for (len = 0; len <= sizeof(context); len++) {
		const struct mclic_vec v[] = {
			{ context, len / 3 }, { context, 0 },
			{ context + len / 3, len - len / 3 },
		};

		assert_int_equal(mclic_kdf(mclic_openssl(), key, "label", v, 3, ours), 0);
		kbkdf(key, "label", context, len, theirs);
		assert_memory_equal(ours, theirs, sizeof(ours));
	}
	assert_int_equal(mclic_kdf(mclic_openssl(), key, "label", five, 5, ours), -EINVAL);
	assert_true(mclic_is_zero(ours, sizeof(ours)));
}

static void test_schedule(void **state)
{
	const struct mclic_crypto *c = mclic_openssl();
	const __le32 number = mclic_put32(0x01020304);
	__u8 km[32], a[16], b[16], salt[16], context[48], ours[32], mac[32], theirs[32];

	(void)state;
	fill(km, sizeof(km), 3);
	fill(a, sizeof(a), 4);
	fill(b, sizeof(b), 5);
	fill(salt, sizeof(salt), 6);

	memcpy(context, a, 16);
	memcpy(context + 16, &number, 4);
	assert_int_equal(mclic_user_key(c, km, a, 0x01020304, ours), 0);
	kbkdf(km, "mclic KU", context, 20, theirs);
	assert_memory_equal(ours, theirs, 32);
	assert_int_equal(mclic_master_medium_key(c, km, a, 0x01020304, ours), 0);
	kbkdf(km, "mclic Ka", context, 20, theirs);
	assert_memory_equal(ours, theirs, 32);
	assert_int_equal(mclic_certification_key(c, km, a, 0x01020304, ours), 0);
	kbkdf(km, "mclic KEYc", context, 20, theirs);
	assert_memory_equal(ours, theirs, 32);

	memcpy(context + 16, b, 16);
	assert_int_equal(mclic_medium_key(c, km, a, b, ours), 0);
	kbkdf(km, "mclic Ku", context, 32, theirs);
	assert_memory_equal(ours, theirs, 32);

	memcpy(context + 32, salt, 16);
	assert_int_equal(mclic_file_keys(c, km, a, b, salt, ours, mac), 0);
	kbkdf(km, "mclic file", context, 48, theirs);
	assert_memory_equal(ours, theirs, 32);
	kbkdf(km, "mclic file mac", context, 48, theirs);
	assert_memory_equal(mac, theirs, 32);
	assert_int_equal(mclic_file_keys(c, km, a, b, salt, NULL, mac), 0);
	assert_memory_equal(mac, theirs, 32);
}

static void test_identifiers(void **state)
{
	static const __u8 nvme[] = { 5, 9, 0, 'n', 'v', 'm', 'e', '.', '1', '2', '3', '4' };
	const struct mclic_crypto *c = mclic_openssl();
	__u8 a[16], b[16], n[16], text[128], hash[32], id[16], raw[MCLIC_RAW_MAX + 1] = { 0 };
	size_t len;

	(void)state;
	fill(a, 16, 1);
	fill(b, 16, 2);
	fill(n, 16, 3);

	len = strlen("mclic medium tag v1");
	memcpy(text, "mclic medium tag v1", len);
	memcpy(text + len, a, 16);
	sha256(text, len + 16, hash);
	assert_int_equal(mclic_medium_tag(c, a, id), 0);
	assert_memory_equal(id, hash, 16);

	len = strlen("mclic licence id");
	memcpy(text, "mclic licence id", len);
	memcpy(text + len, a, 16);
	memcpy(text + len + 16, b, 16);
	memcpy(text + len + 32, n, 16);
	sha256(text, len + 48, hash);
	assert_int_equal(mclic_licence_id(c, a, b, n, id), 0);
	assert_memory_equal(id, hash, 16);

	len = strlen("mclic medium id v1");
	memcpy(text, "mclic medium id v1", len);
	memcpy(text + len, nvme, sizeof(nvme));
	sha256(text, len + 12, hash);
	assert_int_equal(mclic_medium_id(c, MCLIC_MEDIUM_NVME, nvme + 3, 9, id), 0);
	assert_memory_equal(id, hash, 16);
	assert_int_equal(mclic_medium_id(c, MCLIC_MEDIUM_NVME, raw, MCLIC_RAW_MAX, id), 0);
	assert_int_equal(mclic_medium_id(c, MCLIC_MEDIUM_NVME, raw, MCLIC_RAW_MAX + 1, id),
			 -EINVAL);
	assert_int_equal(mclic_medium_id(c, MCLIC_MEDIUM_NVME, a, 0, id), -EINVAL);
	assert_true(mclic_is_zero(id, sizeof(id)));
}

/* Doubling in GF(2^128): CMAC's subkeys (SP 800-38B, 6.1) */
static void doubled(const __u8 in[16], __u8 out[16])
{
	int i, carry = in[0] >> 7;

	for (i = 0; i < 16; i++)
		out[i] = (__u8)(in[i] << 1 | (i < 15 ? in[i + 1] >> 7 : 0));
	out[15] ^= (__u8)(carry * 0x87);
}

/*
 * FIG. 5: SID is encrypted under KEYc; the next block, IDk, is XORed into the result and
 * encrypted; and so on to the last block, into which the subkey goes as well. Raw AES
 * and XOR, step by step.
 */
static void test_fig5(void **state)
{
	static const __u8 zero[16];
	struct mclic_terms terms, t;
	const __u8 *blocks = (const __u8 *)&t;
	__u8 keyc[32], x[16], subkey[16], cs[16];
	struct world w;
	int i, j;

	(void)state;
	world_open(&w);
	world_terms(MCLIC_PERSONAL, &terms);
	mclic_terms_bind(&terms, w.mid, &t);
	assert_memory_equal(blocks, w.title.did, 16);		/* SID, one cipher block */
	assert_memory_equal(blocks + 16, w.mid, 16);		/* IDk, the next */
	assert_memory_equal(blocks + 32, (__u8 *)&terms + 32, 224);
	fill(keyc, sizeof(keyc), 0x31);

	aes(keyc, zero, subkey);
	doubled(subkey, subkey);
	aes(keyc, blocks, x);
	for (i = 1; i < 16; i++) {
		for (j = 0; j < 16; j++)
			x[j] ^= (__u8)(blocks[16 * i + j] ^ (i == 15 ? subkey[j] : 0));
		aes(keyc, x, x);
	}
	assert_int_equal(mclic_certificate_code(w.c, keyc, &t, cs), 0);
	assert_memory_equal(cs, x, 16);
}

/* The whole licence from the document, for both kinds */
static void licence_by_the_book(__u8 kind)
{
	static const __u8 nobody[32];
	struct mclic_response r;
	struct mclic_slot_carried *s = &r.slot;
	struct mclic_response again;
	struct mclic_terms terms;
	__u8 t[256], h[32], context[48], both[32], key[32], keyc[32], wrapped[48], ku[32];
	const __u8 *u;
	struct world w;

	world_open(&w);
	world_terms(kind, &terms);
	assert_int_equal(mclic_licence_make(w.c, &w.issue, &terms, &r), 0);

	assert_memory_equal(&r, "MCLRESP\x01\x01\x00\x01\x00\x00\x04\x00\x00", 16);
	assert_memory_equal(&r.slot, "MCLLICN\x01\x01\x00\x01\x00\x00\x00\x00\x00", 16);
	assert_memory_equal((__u8 *)&r.slot + 16, &terms, 16);
	assert_int_equal(mclic_medium_tag(w.c, w.mid, key), 0);
	assert_memory_equal((__u8 *)&r.slot + 32, key, 16);
	assert_memory_equal((__u8 *)&r.slot + 48, (__u8 *)&terms + 32, 224);
	assert_true(mclic_is_zero((__u8 *)&r.slot + 384, 520));
	assert_true(mclic_is_zero(r.reserved, sizeof(r.reserved)));

	memcpy(t, &terms, 256);
	memcpy(t + 16, w.mid, 16);
	sha256(t, 256, h);
	memcpy(context, w.mid, 16);
	memcpy(context + 16, h, 32);

	kbkdf(w.issue.km, "mclic KEYc", "\x88\x8f\x96\x9d\xa4\xab\xb2\xb9\xc0\xc7\xce\xd5\xdc"
	      "\xe3\xea\xf1\x01\x00\x00\x00", 20, keyc);
	u = kind == MCLIC_PERSONAL ? w.issue.ku : nobody;
	kbkdf(u, "mclic EKU", context, 48, key);
	gcm(key, t, 256, keyc, wrapped);
	assert_memory_equal(s->eku, wrapped, 48);

	memcpy(both, w.mid, 16);
	memcpy(both + 16, w.title.did, 16);
	kbkdf(w.issue.km, "mclic Ku", both, 32, ku);
	kbkdf(u, "mclic EMid", context, 48, key);
	gcm(key, t, 256, ku, wrapped);
	assert_memory_equal(s->emid_ku, wrapped, 48);

	kbkdf(w.issue.ku, "mclic EMid Ka", context, 48, key);
	gcm(key, t, 256, w.issue.ka, wrapped);
	assert_memory_equal(r.emid_ka, wrapped, 48);

	assert_int_equal(mclic_licence_make(w.c, &w.issue, &terms, &again), 0);
	assert_memory_equal(&again, &r, sizeof(r));
}

static void test_portable(void **state)
{
	(void)state;
	licence_by_the_book(MCLIC_PORTABLE);
}

static void test_personal(void **state)
{
	(void)state;
	licence_by_the_book(MCLIC_PERSONAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_selftest),
		cmocka_unit_test(test_selftest_finds),
		cmocka_unit_test(test_kdf_published),
		cmocka_unit_test(test_kdf_pieces),
		cmocka_unit_test(test_schedule),
		cmocka_unit_test(test_identifiers),
		cmocka_unit_test(test_fig5),
		cmocka_unit_test(test_portable),
		cmocka_unit_test(test_personal),
	};

	return cmocka_run_group_tests_name("core: known answers", tests, NULL, NULL);
}
