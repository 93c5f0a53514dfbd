// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bulk cipher of sealed files: AES-256-GCM over blocks of 4096 bytes.
 *
 * Everything a reader waits for happens here, so a block costs its nonce, its tag and
 * its bytes: algorithm and key are set up only when the file changes.
 */
#include <errno.h>
#include <stdlib.h>

#include <openssl/err.h>

#include "libmclic.h"

/* One direction: a context, and the key it was set up with. */
struct direction {
	EVP_CIPHER_CTX *ctx;
	__u8 *key;
	bool keyed;
};

struct mclic_blocks {
	struct direction open;
	struct direction seal;
};

static bool direction_init(struct direction *d, const EVP_CIPHER *gcm, int enc)
{
	d->ctx = EVP_CIPHER_CTX_new();
	d->key = mclic_secret_alloc(MCLIC_KEY_SIZE);
	return d->ctx && d->key && EVP_CipherInit_ex2(d->ctx, gcm, NULL, NULL, enc, NULL) == 1;
}

static void direction_free(struct direction *d)
{
	EVP_CIPHER_CTX_free(d->ctx);
	mclic_secret_free(d->key, MCLIC_KEY_SIZE);
}

struct mclic_blocks *mclic_blocks_new(void)
{
	struct mclic_blocks *b = calloc(1, sizeof(*b));
	EVP_CIPHER *gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);

	if (!b || !gcm || !direction_init(&b->open, gcm, 0) ||
	    !direction_init(&b->seal, gcm, 1)) {
		mclic_blocks_free(b);
		b = NULL;
		ERR_clear_error();
		mclic_fail(ENOMEM, "cannot set up AES-256-GCM: not enough memory");
	}
	EVP_CIPHER_free(gcm);
	return b;
}

void mclic_blocks_free(struct mclic_blocks *b)
{
	if (!b)
		return;
	direction_free(&b->open);
	direction_free(&b->seal);
	free(b);
}

static int fail(void)
{
	ERR_clear_error();
	return mclic_fail(EIO, "OpenSSL cannot compute AES-256-GCM");
}

static int set_key(struct direction *d, const __u8 key[MCLIC_KEY_SIZE])
{
	if (d->keyed && mclic_equal(d->key, key, MCLIC_KEY_SIZE))
		return 0;
	d->keyed = false;
	if (EVP_CipherInit_ex2(d->ctx, NULL, key, NULL, -1, NULL) != 1)
		return fail();
	memcpy(d->key, key, MCLIC_KEY_SIZE);
	d->keyed = true;
	return 0;
}

/* 0, -EBADMSG, -EIO */
static int open_block(EVP_CIPHER_CTX *ctx, __u64 index, const __u8 *in, int len,
		      const __u8 *tag, __u8 *out)
{
	__u8 nonce[MCLIC_NONCE_SIZE];
	__u8 none[16];
	int put;

	mclic_block_nonce(index, nonce);
	if (EVP_DecryptInit_ex2(ctx, NULL, NULL, nonce, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, MCLIC_TAG_SIZE, (void *)tag) != 1 ||
	    EVP_DecryptUpdate(ctx, out, &put, in, len) != 1)
		return -EIO;
	return EVP_DecryptFinal_ex(ctx, none, &put) == 1 ? 0 : -EBADMSG;
}

static int seal_block(EVP_CIPHER_CTX *ctx, __u64 index, const __u8 *in, int len, __u8 *tag,
		      __u8 *out)
{
	__u8 nonce[MCLIC_NONCE_SIZE];
	__u8 none[16];
	int put;

	mclic_block_nonce(index, nonce);
	if (EVP_EncryptInit_ex2(ctx, NULL, NULL, nonce, NULL) != 1 ||
	    EVP_EncryptUpdate(ctx, out, &put, in, len) != 1 ||
	    EVP_EncryptFinal_ex(ctx, none, &put) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, MCLIC_TAG_SIZE, tag) != 1)
		return -EIO;
	return 0;
}

static size_t block_bytes(size_t left)
{
	return left < MCLIC_BLOCK_SIZE ? left : MCLIC_BLOCK_SIZE;
}

int mclic_blocks_open(struct mclic_blocks *b, const __u8 file_key[MCLIC_KEY_SIZE],
		      __u64 first, const void *in, size_t len, const void *tags,
		      void *out, __u64 *bad)
{
	const __u8 *from = in, *tag = tags;
	__u8 *to = out;
	bool damaged = false;
	int err;

	err = set_key(&b->open, file_key);
	while (!err && len > 0) {
		size_t now = block_bytes(len);

		err = open_block(b->open.ctx, first, from, (int)now, tag, to);
		if (err == -EBADMSG) {
			mclic_wipe(to, now);
			if (!damaged)
				*bad = first;
			damaged = true;
			err = 0;
		} else if (err) {
			err = fail();
			break;
		}
		first++;
		from += now;
		to += now;
		tag += MCLIC_TAG_SIZE;
		len -= now;
	}
	if (err) {
		mclic_wipe(to, len);
		return err;
	}
	if (!damaged)
		return 0;
	ERR_clear_error();
	return mclic_fail(EBADMSG, "block %llu is damaged", (unsigned long long)*bad);
}

int mclic_blocks_seal(struct mclic_blocks *b, const __u8 file_key[MCLIC_KEY_SIZE],
		      __u64 first, const void *in, size_t len, void *tags, void *out)
{
	const __u8 *from = in;
	__u8 *to = out, *tag = tags;
	int err;

	err = set_key(&b->seal, file_key);
	while (!err && len > 0) {
		size_t now = block_bytes(len);

		if (seal_block(b->seal.ctx, first, from, (int)now, tag, to)) {
			mclic_wipe(to, len);
			return fail();
		}
		first++;
		from += now;
		to += now;
		tag += MCLIC_TAG_SIZE;
		len -= now;
	}
	return err;
}
