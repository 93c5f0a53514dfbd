// SPDX-License-Identifier: GPL-2.0-or-later
/* A message sealed to a fresh X25519 key: how KU and Ka travel. */
#include <errno.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "libmclic.h"
#include "pem.h"

#define PUBLIC_SIZE	32
#define SHARED_SIZE	32

/* The key is fresh for every box, so that the nonce may be fixed. */
static const __u8 zero_nonce[MCLIC_NONCE_SIZE];

int mclic_box_key(EVP_PKEY **key, __u8 public[32])
{
	size_t len = PUBLIC_SIZE;

	*key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	if (*key && EVP_PKEY_get_raw_public_key(*key, public, &len) == 1 && len == PUBLIC_SIZE)
		return 0;
	EVP_PKEY_free(*key);
	*key = NULL;
	return mclic_ssl_fail(EIO, "cannot make an X25519 key");
}

/* OpenSSL refuses a @peer that makes the shared secret zero. */
static bool agree(EVP_PKEY *own, const __u8 peer[PUBLIC_SIZE], __u8 shared[SHARED_SIZE])
{
	EVP_PKEY *other = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, PUBLIC_SIZE);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
	size_t len = SHARED_SIZE;
	bool good;

	good = other && ctx && EVP_PKEY_is_a(own, "X25519") &&
	       EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, other) == 1 &&
	       EVP_PKEY_derive(ctx, shared, &len) == 1 && len == SHARED_SIZE;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(other);
	return good;
}

static bool hkdf(const __u8 shared[SHARED_SIZE], const __u8 salt[2 * PUBLIC_SIZE],
		 const void *info, size_t info_len, __u8 key[MCLIC_KEY_SIZE])
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)shared,
						  SHARED_SIZE),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt,
						  2 * PUBLIC_SIZE),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, info_len),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	bool good = ctx && EVP_KDF_derive(ctx, key, MCLIC_KEY_SIZE, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return good;
}

/* The key of a box, from one private and both public keys. */
static bool box_cipher_key(EVP_PKEY *own, const __u8 peer[PUBLIC_SIZE],
			   const __u8 ephemeral[PUBLIC_SIZE], const __u8 receiver[PUBLIC_SIZE],
			   const void *info, size_t info_len, __u8 key[MCLIC_KEY_SIZE])
{
	__u8 shared[SHARED_SIZE], salt[2 * PUBLIC_SIZE];
	bool good;

	memcpy(salt, ephemeral, PUBLIC_SIZE);
	memcpy(salt + PUBLIC_SIZE, receiver, PUBLIC_SIZE);
	good = agree(own, peer, shared) && hkdf(shared, salt, info, info_len, key);
	mclic_wipe(shared, sizeof(shared));
	return good;
}

int mclic_box_seal(const __u8 to[32], const void *info, size_t info_len,
		   const void *in, size_t len, __u8 *out)
{
	const struct mclic_crypto *c = mclic_openssl();
	__u8 key[MCLIC_KEY_SIZE];
	EVP_PKEY *own;
	int err;

	err = mclic_box_key(&own, out);
	if (err)
		return err;
	if (box_cipher_key(own, to, out, to, info, info_len, key))
		err = c->seal(c, key, zero_nonce, info, info_len, in, len, out + PUBLIC_SIZE);
	else
		err = mclic_ssl_fail(EINVAL, "the receiver's X25519 key cannot be used");
	mclic_wipe(key, sizeof(key));
	EVP_PKEY_free(own);
	return err;
}

int mclic_box_open(EVP_PKEY *own, const void *info, size_t info_len,
		   const __u8 *box, size_t len, void *out)
{
	const struct mclic_crypto *c = mclic_openssl();
	__u8 receiver[PUBLIC_SIZE], key[MCLIC_KEY_SIZE];
	size_t public_len = PUBLIC_SIZE;
	int err = -EBADMSG;

	if (len >= MCLIC_BOX_OVERHEAD &&
	    EVP_PKEY_get_raw_public_key(own, receiver, &public_len) == 1 &&
	    public_len == PUBLIC_SIZE &&
	    box_cipher_key(own, box, box, receiver, info, info_len, key))
		err = c->open(c, key, zero_nonce, info, info_len, box + PUBLIC_SIZE,
			      len - MCLIC_BOX_OVERHEAD, out);
	mclic_wipe(key, sizeof(key));
	if (err == -EBADMSG)
		return mclic_ssl_fail(EKEYREJECTED, "a sealed key does not open: it was sealed for somebody else, or changed on its way");
	return err;
}
