// SPDX-License-Identifier: GPL-2.0-or-later
/* The key schedule and the identifiers: Documentation/keys.rst, row by row. */
#include "core.h"

#define PIECES_MAX	4
#define FIXED_MAX	(2 + PIECES_MAX)

static size_t text_len(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

/* be32(counter) || fixed, a CMAC for each half of the output */
int mclic_kdf_fixed(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
		    const struct mclic_vec *fixed, unsigned int n, __u8 out[MCLIC_KEY_SIZE])
{
	__u8 counter[4] = { 0, 0, 0, 1 };
	struct mclic_vec v[1 + FIXED_MAX];
	int err = -EINVAL;

	if (n > FIXED_MAX)
		goto fail;
	v[0] = (struct mclic_vec){ counter, sizeof(counter) };
	memcpy(v + 1, fixed, n * sizeof(*v));

	err = c->cmac(c, key, v, 1 + n, out);
	if (err)
		goto fail;
	counter[3] = 2;
	err = c->cmac(c, key, v, 1 + n, out + MCLIC_CS_SIZE);
	if (err)
		goto fail;
	return 0;
fail:
	mclic_wipe(out, MCLIC_KEY_SIZE);
	return err;
}

/* label || 0x00 || context || be32(256) */
int mclic_kdf(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
	      const char *label, const struct mclic_vec *context, unsigned int n,
	      __u8 out[MCLIC_KEY_SIZE])
{
	static const __u8 bits[4] = { 0, 0, 1, 0 };
	struct mclic_vec v[FIXED_MAX];
	unsigned int i;

	if (n > PIECES_MAX) {
		mclic_wipe(out, MCLIC_KEY_SIZE);
		return -EINVAL;
	}
	v[0] = (struct mclic_vec){ label, text_len(label) + 1 };	/* its NUL is the 0x00 */
	for (i = 0; i < n; i++)
		v[1 + i] = context[i];
	v[1 + n] = (struct mclic_vec){ bits, sizeof(bits) };
	return mclic_kdf_fixed(c, key, v, 2 + n, out);
}

int mclic_user_key(const struct mclic_crypto *c, const __u8 km[MCLIC_KEY_SIZE],
		   const __u8 user_id[MCLIC_ID_SIZE], __u32 ku_generation,
		   __u8 ku[MCLIC_KEY_SIZE])
{
	__le32 generation = mclic_put32(ku_generation);
	const struct mclic_vec context[] = {
		{ user_id, MCLIC_ID_SIZE },
		{ &generation, sizeof(generation) },
	};

	return mclic_kdf(c, km, "mclic KU", context, 2, ku);
}

int mclic_master_medium_key(const struct mclic_crypto *c, const __u8 km[MCLIC_KEY_SIZE],
			    const __u8 did[MCLIC_ID_SIZE], __u32 content_version,
			    __u8 ka[MCLIC_KEY_SIZE])
{
	__le32 version = mclic_put32(content_version);
	const struct mclic_vec context[] = {
		{ did, MCLIC_ID_SIZE },
		{ &version, sizeof(version) },
	};

	return mclic_kdf(c, km, "mclic Ka", context, 2, ka);
}

int mclic_medium_key(const struct mclic_crypto *c, const __u8 km[MCLIC_KEY_SIZE],
		     const __u8 mid[MCLIC_ID_SIZE], const __u8 did[MCLIC_ID_SIZE],
		     __u8 ku[MCLIC_KEY_SIZE])
{
	const struct mclic_vec context[] = {
		{ mid, MCLIC_ID_SIZE },
		{ did, MCLIC_ID_SIZE },
	};

	return mclic_kdf(c, km, "mclic Ku", context, 2, ku);
}

int mclic_certification_key(const struct mclic_crypto *c, const __u8 km[MCLIC_KEY_SIZE],
			    const __u8 licence_id[MCLIC_ID_SIZE], __u32 sequence,
			    __u8 keyc[MCLIC_KEY_SIZE])
{
	__le32 seq = mclic_put32(sequence);
	const struct mclic_vec context[] = {
		{ licence_id, MCLIC_ID_SIZE },
		{ &seq, sizeof(seq) },
	};

	return mclic_kdf(c, km, "mclic KEYc", context, 2, keyc);
}

int mclic_file_keys(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
		    const __u8 did[MCLIC_ID_SIZE], const __u8 file_id[MCLIC_ID_SIZE],
		    const __u8 salt[16], __u8 file_key[MCLIC_KEY_SIZE],
		    __u8 mac_key[MCLIC_KEY_SIZE])
{
	const struct mclic_vec context[] = {
		{ did, MCLIC_ID_SIZE },
		{ file_id, MCLIC_ID_SIZE },
		{ salt, 16 },
	};
	int err = 0;

	if (file_key)
		err = mclic_kdf(c, key, "mclic file", context, 3, file_key);
	if (!err && mac_key)
		err = mclic_kdf(c, key, "mclic file mac", context, 3, mac_key);
	if (err && file_key)
		mclic_wipe(file_key, MCLIC_KEY_SIZE);
	if (err && mac_key)
		mclic_wipe(mac_key, MCLIC_KEY_SIZE);
	return err;
}

int mclic_identifier(const struct mclic_crypto *c, const char *label,
		     const struct mclic_vec *v, unsigned int n, __u8 id[MCLIC_ID_SIZE])
{
	struct mclic_vec all[1 + PIECES_MAX];
	__u8 hash[MCLIC_HASH_SIZE];
	unsigned int i;
	int err;

	memset(id, 0, MCLIC_ID_SIZE);
	if (n > PIECES_MAX)
		return -EINVAL;
	all[0] = (struct mclic_vec){ label, text_len(label) };
	for (i = 0; i < n; i++)
		all[1 + i] = v[i];
	err = c->sha256(c, all, 1 + n, hash);
	if (!err)
		memcpy(id, hash, MCLIC_ID_SIZE);
	mclic_wipe(hash, sizeof(hash));
	return err;
}

int mclic_medium_tag(const struct mclic_crypto *c, const __u8 mid[MCLIC_ID_SIZE],
		     __u8 tag[MCLIC_ID_SIZE])
{
	const struct mclic_vec v = { mid, MCLIC_ID_SIZE };

	return mclic_identifier(c, MCLIC_LABEL_MEDIUM_TAG, &v, 1, tag);
}

int mclic_licence_id(const struct mclic_crypto *c, const __u8 center_id[MCLIC_ID_SIZE],
		     const __u8 user_id[MCLIC_ID_SIZE], const __u8 nonce[MCLIC_ID_SIZE],
		     __u8 id[MCLIC_ID_SIZE])
{
	const struct mclic_vec v[] = {
		{ center_id, MCLIC_ID_SIZE },
		{ user_id, MCLIC_ID_SIZE },
		{ nonce, MCLIC_ID_SIZE },
	};

	return mclic_identifier(c, MCLIC_LABEL_LICENCE_ID, v, 3, id);
}
