// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * core's primitives from OpenSSL 3.
 *
 * Algorithms are fetched once for the process. Contexts are made once a thread and
 * keyed anew for every call; they are freed, and so cleansed, when the thread ends.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <zlib.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "libmclic.h"

struct contexts {
	EVP_MD_CTX *sha256;
	EVP_MAC_CTX *cmac;
	EVP_CIPHER_CTX *seal;
	EVP_CIPHER_CTX *open;
};

static struct {
	pthread_once_t once;
	pthread_key_t key;
	bool key_made;
	EVP_MD *sha256;
	EVP_MAC *cmac;
	EVP_CIPHER *gcm;
} process = { .once = PTHREAD_ONCE_INIT };

static _Thread_local struct contexts *mine;

static void free_contexts(void *p)
{
	struct contexts *c = p;

	EVP_MD_CTX_free(c->sha256);
	EVP_MAC_CTX_free(c->cmac);
	EVP_CIPHER_CTX_free(c->seal);
	EVP_CIPHER_CTX_free(c->open);
	free(c);
	mine = NULL;
}

static void fetch(void)
{
	process.key_made = !pthread_key_create(&process.key, free_contexts);
	process.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	process.cmac = EVP_MAC_fetch(NULL, "CMAC", NULL);
	process.gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
}

static int fail(const char *what)
{
	ERR_clear_error();
	return mclic_fail(EIO, "OpenSSL cannot compute %s", what);
}

static bool make_contexts(struct contexts *c)
{
	OSSL_PARAM cipher[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER,
						 (char *)"AES-256-CBC", 0),
		OSSL_PARAM_construct_end(),
	};

	c->sha256 = EVP_MD_CTX_new();
	c->cmac = EVP_MAC_CTX_new(process.cmac);
	c->seal = EVP_CIPHER_CTX_new();
	c->open = EVP_CIPHER_CTX_new();
	return c->sha256 && c->cmac && c->seal && c->open &&
	       EVP_DigestInit_ex2(c->sha256, process.sha256, NULL) == 1 &&
	       EVP_MAC_CTX_set_params(c->cmac, cipher) == 1 &&
	       EVP_EncryptInit_ex2(c->seal, process.gcm, NULL, NULL, NULL) == 1 &&
	       EVP_DecryptInit_ex2(c->open, process.gcm, NULL, NULL, NULL) == 1;
}

/* This thread's contexts; NULL with a message when they cannot be had. */
static struct contexts *contexts(void)
{
	struct contexts *c = mine;

	if (c)
		return c;
	pthread_once(&process.once, fetch);
	if (!process.key_made || !process.sha256 || !process.cmac || !process.gcm) {
		fail("SHA-256, AES-256-CMAC and AES-256-GCM: its default provider lacks them");
		return NULL;
	}
	c = calloc(1, sizeof(*c));
	if (!c || !make_contexts(c) || pthread_setspecific(process.key, c)) {
		if (c)
			free_contexts(c);
		fail("anything: not enough memory");
		return NULL;
	}
	mine = c;
	return c;
}

static int openssl_sha256(const struct mclic_crypto *table, const struct mclic_vec *v,
			  unsigned int n, __u8 out[MCLIC_HASH_SIZE])
{
	struct contexts *c = contexts();
	unsigned int i;

	(void)table;
	if (!c)
		return -EIO;
	if (EVP_DigestInit_ex2(c->sha256, NULL, NULL) != 1)
		return fail("SHA-256");
	for (i = 0; i < n; i++)
		if (EVP_DigestUpdate(c->sha256, v[i].base, v[i].len) != 1)
			return fail("SHA-256");
	if (EVP_DigestFinal_ex(c->sha256, out, NULL) != 1)
		return fail("SHA-256");
	return 0;
}

static int openssl_cmac(const struct mclic_crypto *table, const __u8 key[MCLIC_KEY_SIZE],
			const struct mclic_vec *v, unsigned int n, __u8 out[MCLIC_CS_SIZE])
{
	struct contexts *c = contexts();
	size_t len;
	unsigned int i;

	(void)table;
	if (!c)
		return -EIO;
	if (EVP_MAC_init(c->cmac, key, MCLIC_KEY_SIZE, NULL) != 1)
		return fail("AES-256-CMAC");
	for (i = 0; i < n; i++)
		if (EVP_MAC_update(c->cmac, v[i].base, v[i].len) != 1)
			return fail("AES-256-CMAC");
	if (EVP_MAC_final(c->cmac, out, &len, MCLIC_CS_SIZE) != 1 || len != MCLIC_CS_SIZE)
		return fail("AES-256-CMAC");
	return 0;
}

static int openssl_seal(const struct mclic_crypto *table, const __u8 key[MCLIC_KEY_SIZE],
			const __u8 nonce[MCLIC_NONCE_SIZE], const void *aad, size_t aad_len,
			const void *in, size_t len, void *out)
{
	struct contexts *c = contexts();
	__u8 *tag = (__u8 *)out + len;
	__u8 none[16];
	int put;

	(void)table;
	if (!c)
		return -EIO;
	if (aad_len > INT_MAX || len > INT_MAX)
		return mclic_fail(EMSGSIZE, "message too long to be sealed in one piece");
	if (EVP_EncryptInit_ex2(c->seal, NULL, key, nonce, NULL) == 1 &&
	    (!aad_len || EVP_EncryptUpdate(c->seal, NULL, &put, aad, (int)aad_len) == 1) &&
	    (!len || EVP_EncryptUpdate(c->seal, out, &put, in, (int)len) == 1) &&
	    EVP_EncryptFinal_ex(c->seal, none, &put) == 1 &&
	    EVP_CIPHER_CTX_ctrl(c->seal, EVP_CTRL_AEAD_GET_TAG, MCLIC_TAG_SIZE, tag) == 1)
		return 0;
	mclic_wipe(out, len + MCLIC_TAG_SIZE);
	return fail("AES-256-GCM");
}

static int openssl_open(const struct mclic_crypto *table, const __u8 key[MCLIC_KEY_SIZE],
			const __u8 nonce[MCLIC_NONCE_SIZE], const void *aad, size_t aad_len,
			const void *in, size_t len, void *out)
{
	struct contexts *c = contexts();
	__u8 tag[MCLIC_TAG_SIZE];
	__u8 none[16];
	int put;

	(void)table;
	if (!c)
		return -EIO;
	if (aad_len > INT_MAX || len > INT_MAX)
		return mclic_fail(EMSGSIZE, "message too long to be opened in one piece");
	memcpy(tag, (const __u8 *)in + len, sizeof(tag));
	if (EVP_DecryptInit_ex2(c->open, NULL, key, nonce, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c->open, EVP_CTRL_AEAD_SET_TAG, MCLIC_TAG_SIZE, tag) != 1 ||
	    (aad_len && EVP_DecryptUpdate(c->open, NULL, &put, aad, (int)aad_len) != 1) ||
	    (len && EVP_DecryptUpdate(c->open, out, &put, in, (int)len) != 1)) {
		mclic_wipe(out, len);
		return fail("AES-256-GCM");
	}
	if (EVP_DecryptFinal_ex(c->open, none, &put) == 1)
		return 0;
	mclic_wipe(out, len);
	ERR_clear_error();
	return mclic_fail(EBADMSG, "an AES-256-GCM tag does not match");
}

static __u32 zlib_crc32(const void *p, size_t len)
{
	return (__u32)crc32_z(0, p, len);
}

const struct mclic_crypto *mclic_openssl(void)
{
	static const struct mclic_crypto table = {
		.name = "openssl",
		.sha256 = openssl_sha256,
		.cmac = openssl_cmac,
		.seal = openssl_seal,
		.open = openssl_open,
		.crc32 = zlib_crc32,
	};

	return &table;
}
