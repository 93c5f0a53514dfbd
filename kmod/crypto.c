// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's crypto API as core's table, and transforms for the blocks of sealed files.
 *
 * What core/ asks for is short and seldom: a transform a call is fine there. Its buffers
 * may lie on the stack, which a scatterlist must not name, so AEADs work on a copy.
 */
#include <linux/crc32.h>
#include <linux/crypto.h>
#include <linux/overflow.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <crypto/aead.h>
#include <crypto/hash.h>
#include <crypto/sha2.h>

#include "mclicfs.h"

/*
 * Not the drivers of crypto engines: for blocks of 4 KiB the processor is faster, and some
 * of them allocate memory while memory is being reclaimed.
 */
#define NOT_ENGINES	(CRYPTO_ALG_ALLOCATES_MEMORY | CRYPTO_ALG_KERN_DRIVER_ONLY)

static int table_sha256(const struct mclic_crypto *c, const struct mclic_vec *v, unsigned int n,
			__u8 out[MCLIC_HASH_SIZE])
{
	struct sha256_state state;
	unsigned int i;

	sha256_init(&state);
	for (i = 0; i < n; i++)
		sha256_update(&state, v[i].base, v[i].len);
	sha256_final(&state, out);
	memzero_explicit(&state, sizeof(state));
	return 0;
}

static int cmac_run(struct shash_desc *desc, const struct mclic_vec *v, unsigned int n, __u8 *out)
{
	unsigned int i;
	int err = crypto_shash_init(desc);

	for (i = 0; !err && i < n; i++)
		err = crypto_shash_update(desc, v[i].base, v[i].len);
	return err ? err : crypto_shash_final(desc, out);
}

static int table_cmac(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
		      const struct mclic_vec *v, unsigned int n, __u8 out[MCLIC_CS_SIZE])
{
	struct crypto_shash *tfm = crypto_alloc_shash("cmac(aes)", 0, NOT_ENGINES);
	struct shash_desc *desc;
	int err;

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = -ENOMEM;
	desc = kmalloc(sizeof(*desc) + crypto_shash_descsize(tfm), GFP_KERNEL);
	if (!desc)
		goto out;
	desc->tfm = tfm;
	err = crypto_shash_setkey(tfm, key, MCLIC_KEY_SIZE);
	if (!err)
		err = cmac_run(desc, v, n, out);
	kfree_sensitive(desc);
out:
	crypto_free_shash(tfm);
	return err;
}

struct crypto_aead *mclicfs_aead_new(const u8 key[MCLIC_KEY_SIZE])
{
	struct crypto_aead *tfm = crypto_alloc_aead("gcm(aes)", 0, NOT_ENGINES);
	int err;

	if (IS_ERR(tfm))
		return tfm;
	err = -EOPNOTSUPP;
	if (sizeof(struct aead_request) + crypto_aead_reqsize(tfm) <= MCLICFS_REQUEST_MAX)
		err = crypto_aead_setauthsize(tfm, MCLIC_TAG_SIZE);
	if (!err)
		err = crypto_aead_setkey(tfm, key, MCLIC_KEY_SIZE);
	if (err) {
		crypto_free_aead(tfm);
		return ERR_PTR(err);
	}
	return tfm;
}

/**
 * struct job - one use of GCM on bytes of core's
 * @nonce: 12 bytes
 * @aad: associated data
 * @aad_len: its bytes
 * @in: what is to be sealed or opened
 * @in_len: its bytes; with the tag where it is opened
 * @out: gets the result
 * @out_len: its bytes; with the tag where it is sealed
 */
struct job {
	const __u8 *nonce;
	const void *aad;
	size_t aad_len;
	const void *in;
	size_t in_len;
	void *out;
	size_t out_len;
};

/* In place in @buf: associated data, then data */
static int aead_run(struct crypto_aead *tfm, struct aead_request *req, u8 *buf, size_t size,
		    const struct job *j)
{
	DECLARE_CRYPTO_WAIT(wait);
	struct scatterlist sg;
	u8 *nonce = buf + size;		/* not on the stack either */

	memcpy(buf, j->aad, j->aad_len);
	memcpy(buf + j->aad_len, j->in, j->in_len);
	memcpy(nonce, j->nonce, MCLIC_NONCE_SIZE);
	sg_init_one(&sg, buf, size);
	aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_SLEEP | CRYPTO_TFM_REQ_MAY_BACKLOG,
				  crypto_req_done, &wait);
	aead_request_set_ad(req, j->aad_len);
	aead_request_set_crypt(req, &sg, &sg, j->in_len, nonce);
	if (j->out_len > j->in_len)
		return crypto_wait_req(crypto_aead_encrypt(req), &wait);
	return crypto_wait_req(crypto_aead_decrypt(req), &wait);
}

static int aead_once(const __u8 key[MCLIC_KEY_SIZE], const struct job *j)
{
	size_t size = size_add(j->aad_len, max(j->in_len, j->out_len));
	struct crypto_aead *tfm = mclicfs_aead_new(key);
	struct aead_request *req = NULL;
	u8 *buf;
	int err = -ENOMEM;

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	buf = kmalloc(size_add(size, MCLIC_NONCE_SIZE), GFP_KERNEL);
	if (!buf)
		goto out;
	req = aead_request_alloc(tfm, GFP_KERNEL);
	if (!req)
		goto out;
	err = aead_run(tfm, req, buf, size, j);
	if (!err)
		memcpy(j->out, buf + j->aad_len, j->out_len);
out:
	aead_request_free(req);
	kfree_sensitive(buf);
	crypto_free_aead(tfm);
	return err;
}

static int table_seal(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
		      const __u8 nonce[MCLIC_NONCE_SIZE], const void *aad, size_t aad_len,
		      const void *in, size_t len, void *out)
{
	const struct job j = {
		.nonce = nonce,
		.aad = aad,
		.aad_len = aad_len,
		.in = in,
		.in_len = len,
		.out = out,
		.out_len = size_add(len, MCLIC_TAG_SIZE),
	};

	return aead_once(key, &j);
}

static int table_open(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
		      const __u8 nonce[MCLIC_NONCE_SIZE], const void *aad, size_t aad_len,
		      const void *in, size_t len, void *out)
{
	const struct job j = {
		.nonce = nonce,
		.aad = aad,
		.aad_len = aad_len,
		.in = in,
		.in_len = size_add(len, MCLIC_TAG_SIZE),
		.out = out,
		.out_len = len,
	};

	return aead_once(key, &j);
}

static __u32 table_crc32(const void *p, size_t len)
{
	return ~crc32_le(~0u, p, len);
}

const struct mclic_crypto mclicfs_crypto = {
	.name = "kernel",
	.sha256 = table_sha256,
	.cmac = table_cmac,
	.seal = table_seal,
	.open = table_open,
	.crc32 = table_crc32,
};

int mclicfs_crypto_start(void)
{
	const char *failed;
	int err = mclic_core_selftest(&mclicfs_crypto, &failed);

	if (err == -EBADMSG)
		pr_err("mclicfs: not loaded: this kernel computes %s wrongly\n", failed);
	else if (err)
		pr_err("mclicfs: not loaded: this kernel cannot compute %s (error %d)\n", failed,
		       err);
	return err;
}
