// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * core's primitives from the running kernel, through AF_ALG and libkcapi.
 *
 * A handle of libkcapi belongs to one thread and one key, so every call makes its
 * own. That is slow, and good enough: this table is the second opinion of the self
 * test and of the tests, from code that shares nothing with OpenSSL.
 */
#include <errno.h>
#include <kcapi.h>
#include <pthread.h>
#include <stdlib.h>
#include <zlib.h>

#include "libmclic.h"

#define CMAC	"cmac(aes)"
#define GCM	"gcm(aes)"
#define SHA256	"sha256"

/* AF_ALG takes 16 pages at a time, and libkcapi would wait for it to take more. */
#define MESSAGE_MAX	65536u

static void destroy_md(struct kcapi_handle **h)
{
	if (*h)
		kcapi_md_destroy(*h);
}

static void destroy_aead(struct kcapi_handle **h)
{
	if (*h)
		kcapi_aead_destroy(*h);
}

static int fail(const char *what, ssize_t err)
{
	int code = err < 0 ? (int)-err : EIO;

	return mclic_fail(code, "the kernel cannot compute %s: %s", what, strerror(code));
}

/* A hash, or a MAC when there is a key. */
static int digest(const char *name, const __u8 *key, const struct mclic_vec *v, unsigned int n,
		  __u8 *out, size_t size)
{
	__mclic_cleanup(destroy_md) struct kcapi_handle *h = NULL;
	unsigned int i;
	ssize_t ret;

	ret = kcapi_md_init(&h, name, 0);
	if (ret)
		return fail(name, ret);
	if (kcapi_md_digestsize(h) != size)
		return fail(name, -EPROTO);
	if (key)
		ret = kcapi_md_setkey(h, key, MCLIC_KEY_SIZE);
	if (ret < 0)
		return fail(name, ret);
	for (i = 0; i < n; i++) {
		if (!v[i].len)
			continue;
		ret = kcapi_md_update(h, v[i].base, v[i].len);
		if (ret < 0)
			return fail(name, ret);
	}
	ret = kcapi_md_final(h, out, size);
	return ret == (ssize_t)size ? 0 : fail(name, ret);
}

static int kcapi_table_sha256(const struct mclic_crypto *c, const struct mclic_vec *v,
			      unsigned int n, __u8 out[MCLIC_HASH_SIZE])
{
	(void)c;
	return digest(SHA256, NULL, v, n, out, MCLIC_HASH_SIZE);
}

static int kcapi_table_cmac(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
			    const struct mclic_vec *v, unsigned int n,
			    __u8 out[MCLIC_CS_SIZE])
{
	(void)c;
	return digest(CMAC, key, v, n, out, MCLIC_CS_SIZE);
}

/* A buffer of the kernel's layout, associated data || text || tag, for one operation. */
struct message {
	struct kcapi_handle *h;
	__u8 *in;
	__u8 *out;
	size_t in_len;
	size_t out_len;
};

static void free_message(struct message *m)
{
	if (m->in)
		mclic_wipe(m->in, m->in_len);
	if (m->out)
		mclic_wipe(m->out, m->out_len);
	free(m->in);
	free(m->out);
	destroy_aead(&m->h);
}

/* Make handle and buffers, and fill in what goes in. @enc: 1 to seal, 0 to open */
static int prepare(struct message *m, int enc, const __u8 *key, const void *aad,
		   size_t aad_len, const void *text, size_t len)
{
	size_t aad_room, text_room, tag_room;
	__u8 *aad_at, *text_at, *tag_at;
	int ret;

	if (aad_len > MESSAGE_MAX || len > MESSAGE_MAX ||
	    aad_len + len + MCLIC_TAG_SIZE > MESSAGE_MAX)
		return -EMSGSIZE;
	ret = kcapi_aead_init(&m->h, GCM, 0);
	if (ret)
		return ret;
	ret = kcapi_aead_setkey(m->h, key, MCLIC_KEY_SIZE);
	if (!ret)
		ret = kcapi_aead_settaglen(m->h, MCLIC_TAG_SIZE);
	if (ret)
		return ret;
	kcapi_aead_setassoclen(m->h, aad_len);
	if (enc) {
		m->in_len = kcapi_aead_inbuflen_enc(m->h, len, aad_len, MCLIC_TAG_SIZE);
		m->out_len = kcapi_aead_outbuflen_enc(m->h, len, aad_len, MCLIC_TAG_SIZE);
	} else {
		m->in_len = kcapi_aead_inbuflen_dec(m->h, len, aad_len, MCLIC_TAG_SIZE);
		m->out_len = kcapi_aead_outbuflen_dec(m->h, len, aad_len, MCLIC_TAG_SIZE);
	}
	m->in = calloc(1, m->in_len + 1);
	m->out = calloc(1, m->out_len + 1);
	if (!m->in || !m->out)
		return -ENOMEM;
	kcapi_aead_getdata_input(m->h, m->in, m->in_len, enc, &aad_at, &aad_room, &text_at,
				 &text_room, &tag_at, &tag_room);
	if (aad_room != aad_len || text_room != len)
		return -EPROTO;
	if (aad_len)
		memcpy(aad_at, aad, aad_len);
	if (len)
		memcpy(text_at, text, len);
	if (enc)
		return 0;
	if (tag_room != MCLIC_TAG_SIZE)
		return -EPROTO;
	memcpy(tag_at, (const __u8 *)text + len, MCLIC_TAG_SIZE);
	return 0;
}

static int kcapi_table_seal(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
			    const __u8 nonce[MCLIC_NONCE_SIZE], const void *aad,
			    size_t aad_len, const void *in, size_t len, void *out)
{
	__mclic_cleanup(free_message) struct message m = { 0 };
	size_t text_len, tag_len;
	__u8 *text, *tag;
	ssize_t ret;

	(void)c;
	ret = prepare(&m, 1, key, aad, aad_len, in, len);
	if (!ret)
		ret = kcapi_aead_encrypt(m.h, m.in, m.in_len, nonce, m.out, m.out_len,
					 KCAPI_ACCESS_SENDMSG);
	if (ret < 0)
		return fail(GCM, ret);
	kcapi_aead_getdata_output(m.h, m.out, m.out_len, 1, NULL, NULL, &text, &text_len, &tag,
				  &tag_len);
	if (text_len != len || tag_len != MCLIC_TAG_SIZE)
		return fail(GCM, -EPROTO);
	memcpy(out, text, len);
	memcpy((__u8 *)out + len, tag, MCLIC_TAG_SIZE);
	return 0;
}

static int kcapi_table_open(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
			    const __u8 nonce[MCLIC_NONCE_SIZE], const void *aad,
			    size_t aad_len, const void *in, size_t len, void *out)
{
	__mclic_cleanup(free_message) struct message m = { 0 };
	size_t text_len;
	__u8 *text;
	ssize_t ret;

	(void)c;
	ret = prepare(&m, 0, key, aad, aad_len, in, len);
	if (!ret)
		ret = kcapi_aead_decrypt(m.h, m.in, m.in_len, nonce, m.out, m.out_len,
					 KCAPI_ACCESS_SENDMSG);
	if (ret < 0) {
		mclic_wipe(out, len);
		if (ret == -EBADMSG)
			return mclic_fail(EBADMSG, "an AES-256-GCM tag does not match");
		return fail(GCM, ret);
	}
	kcapi_aead_getdata_output(m.h, m.out, m.out_len, 0, NULL, NULL, &text, &text_len, NULL,
				  NULL);
	if (text_len < len)	/* libkcapi makes room for a byte where there is none */
		return fail(GCM, -EPROTO);
	memcpy(out, text, len);
	return 0;
}

static __u32 zlib_crc32(const void *p, size_t len)
{
	return (__u32)crc32_z(0, p, len);
}

/* Does the running kernel offer all three? */
static int probe(void)
{
	struct kcapi_handle *h = NULL;
	int ret;

	ret = kcapi_md_init(&h, SHA256, 0);
	if (ret)
		return fail(SHA256 " for AF_ALG", ret);
	kcapi_md_destroy(h);
	ret = kcapi_md_init(&h, CMAC, 0);
	if (ret)
		return fail(CMAC " for AF_ALG", ret);
	kcapi_md_destroy(h);
	ret = kcapi_aead_init(&h, GCM, 0);
	if (ret)
		return fail(GCM " for AF_ALG", ret);
	kcapi_aead_destroy(h);
	return 0;
}

const struct mclic_crypto *mclic_kcapi(void)
{
	static const struct mclic_crypto table = {
		.name = "kcapi",
		.sha256 = kcapi_table_sha256,
		.cmac = kcapi_table_cmac,
		.seal = kcapi_table_seal,
		.open = kcapi_table_open,
		.crc32 = zlib_crc32,
	};

	kcapi_set_verbosity(KCAPI_LOG_NONE);
	return probe() ? NULL : &table;
}
