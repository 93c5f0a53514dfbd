// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Known answers: every row of Documentation/keys.rst computed a second time with
 * OpenSSL's own KBKDF, CMAC, GCM and raw AES, from the text of the document alone.
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
		cmocka_unit_test(test_kdf_pieces),
		cmocka_unit_test(test_schedule),
		cmocka_unit_test(test_identifiers),
		cmocka_unit_test(test_fig5),
		cmocka_unit_test(test_portable),
		cmocka_unit_test(test_personal),
	};

	return cmocka_run_group_tests_name("core: known answers", tests, NULL, NULL);
}
