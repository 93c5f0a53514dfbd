// SPDX-License-Identifier: GPL-2.0-or-later
/* Signatures: Ed25519 of devices and publishers, RSA of the center. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rsa.h>

#include "libmclic.h"
#include "pem.h"

/* ---- Ed25519: signs a message in one piece ---- */

static __u8 *join(const struct mclic_vec *v, unsigned int n, size_t *len)
{
	unsigned int i;
	__u8 *all, *at;

	*len = 0;
	for (i = 0; i < n; i++)
		if (__builtin_add_overflow(*len, v[i].len, len))
			return NULL;
	all = malloc(*len + 1);
	if (!all)
		return NULL;
	for (i = 0, at = all; i < n; at += v[i].len, i++)
		if (v[i].len)
			memcpy(at, v[i].base, v[i].len);
	return all;
}

int mclic_ed25519_verify(const __u8 public[MCLIC_ED25519_PUBLIC], const struct mclic_vec *v,
			 unsigned int n, const __u8 sig[MCLIC_ED25519_SIG])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public,
						    MCLIC_ED25519_PUBLIC);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	MCLIC_AUTO_FREE __u8 *all = NULL;
	size_t len;
	int err = 0;

	all = join(v, n, &len);
	if (!ctx || !all)
		err = mclic_ssl_fail(ENOMEM, "not enough memory to check a signature");
	else if (!key || EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) != 1 ||
		 EVP_DigestVerify(ctx, sig, MCLIC_ED25519_SIG, all, len) != 1)
		err = mclic_ssl_fail(EKEYREJECTED, "an Ed25519 signature does not match");
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return err;
}

int mclic_ed25519_sign(EVP_PKEY *key, const struct mclic_vec *v, unsigned int n,
		       __u8 sig[MCLIC_ED25519_SIG])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	MCLIC_AUTO_FREE __u8 *all = NULL;
	size_t len, sig_len = MCLIC_ED25519_SIG;
	int err = 0;

	all = join(v, n, &len);
	if (!ctx || !all)
		err = mclic_ssl_fail(ENOMEM, "not enough memory to sign");
	else if (!EVP_PKEY_is_a(key, "ED25519") ||
		 EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) != 1 ||
		 EVP_DigestSign(ctx, sig, &sig_len, all, len) != 1 ||
		 sig_len != MCLIC_ED25519_SIG)
		err = mclic_ssl_fail(EIO, "cannot sign with this Ed25519 key");
	EVP_MD_CTX_free(ctx);
	return err;
}

static int ed25519_public(EVP_PKEY *key, __u8 public[MCLIC_ED25519_PUBLIC])
{
	size_t len = MCLIC_ED25519_PUBLIC;

	if (!EVP_PKEY_is_a(key, "ED25519") ||
	    EVP_PKEY_get_raw_public_key(key, public, &len) != 1 || len != MCLIC_ED25519_PUBLIC)
		return mclic_ssl_fail(EINVAL, "not an Ed25519 key");
	return 0;
}

/* Somebody else may make the key at the same moment: then theirs is the key. */
static int ed25519_make(const char *path)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	int err;

	if (!key)
		return mclic_ssl_fail(EIO, "cannot make an Ed25519 key");
	err = mclic_key_write(path, key);
	EVP_PKEY_free(key);
	return err == -EEXIST ? 0 : err;
}

int mclic_ed25519_load(const char *path, bool create, EVP_PKEY **key,
		       __u8 public[MCLIC_ED25519_PUBLIC])
{
	int err;

	err = mclic_key_read(path, key);
	if (err == -ENOENT && create) {
		err = ed25519_make(path);
		if (!err)
			err = mclic_key_read(path, key);
	}
	if (err)
		return err;
	if (!ed25519_public(*key, public))
		return 0;
	EVP_PKEY_free(*key);
	*key = NULL;
	return mclic_fail(EINVAL, "%s: not an Ed25519 key", path);
}

/* ---- RSASSA-PKCS1-v1_5 with SHA-256 ---- */

bool mclic_rsa_fits(EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);

	return EVP_PKEY_is_a(key, "RSA") && bits >= MCLIC_SIG_MIN * 8 &&
	       bits <= MCLIC_SIG_MAX * 8;
}

int mclic_rsa_sign(EVP_PKEY *key, const struct mclic_vec *v, unsigned int n,
		   __u8 *sig, size_t *sig_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	unsigned int i;
	int err = -EIO;

	if (!ctx || !mclic_rsa_fits(key) ||
	    EVP_DigestSignInit_ex(ctx, &pctx, "SHA256", NULL, NULL, key, NULL) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PADDING) != 1)
		goto out;
	for (i = 0; i < n; i++)
		if (EVP_DigestSignUpdate(ctx, v[i].base, v[i].len) != 1)
			goto out;
	if (EVP_DigestSignFinal(ctx, sig, sig_len) == 1)
		err = 0;
out:
	EVP_MD_CTX_free(ctx);
	return err ? mclic_ssl_fail(-err, "cannot sign with this RSA key") : 0;
}

int mclic_rsa_verify(EVP_PKEY *key, const struct mclic_vec *v, unsigned int n,
		     const __u8 *sig, size_t sig_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	unsigned int i;
	int err = -EKEYREJECTED;

	if (!ctx) {
		err = -ENOMEM;
		goto out;
	}
	if (!mclic_rsa_fits(key) ||
	    EVP_DigestVerifyInit_ex(ctx, &pctx, "SHA256", NULL, NULL, key, NULL) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PADDING) != 1)
		goto out;
	for (i = 0; i < n; i++)
		if (EVP_DigestVerifyUpdate(ctx, v[i].base, v[i].len) != 1)
			goto out;
	if (EVP_DigestVerifyFinal(ctx, sig, sig_len) == 1)
		err = 0;
out:
	EVP_MD_CTX_free(ctx);
	return err ? mclic_ssl_fail(-err, "the center's signature does not match") : 0;
}
