// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Trailers (the last 128 bytes of the input; the input's length is the file's), and the
 * geometry for whatever lengths the input names.
 */
#include "fuzz.h"

static bool somebody_writes(__u64 len)
{
	__u64 guess = len < MCLIC_TRAILER_SIZE ? 0 : (len - MCLIC_TRAILER_SIZE) / 4112 * 4096;
	__u64 size;

	/* the sizes between two whole blocks around the guess */
	for (size = guess > 4096 ? guess - 4096 : 0; size <= guess + 8192; size++)
		if (mclic_sealed_len(size) == len)
			return true;
	return false;
}

static void geometry(__u64 len, __u64 where)
{
	__u64 size, i, n;

	if (mclic_plain_size(len, &size)) {
		HOLDS(size == 0);
		if (len < MCLIC_PLAIN_MAX)
			HOLDS(!somebody_writes(len));
		return;
	}
	HOLDS(size <= MCLIC_PLAIN_MAX && mclic_sealed_len(size) == len);
	n = mclic_block_count(size);
	HOLDS(mclic_block_len(n, size) == 0);
	if (!n)
		return;
	i = where % n;
	HOLDS(mclic_block_len(i, size) > 0 && mclic_block_len(i, size) <= MCLIC_BLOCK_SIZE);
	HOLDS(mclic_block_offset(i) % MCLIC_BLOCK_SIZE == 0);
	HOLDS(mclic_block_offset(i) + mclic_block_len(i, size) <= mclic_tag_offset(i, size));
	HOLDS(mclic_tag_offset(i, size) + MCLIC_TAG_SIZE <= len - MCLIC_TRAILER_SIZE);
	HOLDS(mclic_group_len(i >> 8, size) >= (i & 255) * 4096 + mclic_block_len(i, size));
	if (i + 1 < n) {
		HOLDS(mclic_block_len(i, size) == MCLIC_BLOCK_SIZE);
		if ((i + 1) & 255)
			HOLDS(mclic_tag_offset(i + 1, size) == mclic_tag_offset(i, size) + 16);
		else
			HOLDS(mclic_block_offset(i + 1) == mclic_tag_offset(i, size) + 16);
	} else {
		HOLDS(mclic_tag_offset(i, size) + 16 + MCLIC_TRAILER_SIZE == len);
	}
}

static void judge(const struct mclic_crypto *c, struct mclic_trailer *t, __u64 len)
{
	const struct mclic_vec v = { t, offsetof(struct mclic_trailer, mac) };
	__u8 ku[MCLIC_KEY_SIZE], mac_key[MCLIC_KEY_SIZE], key[MCLIC_KEY_SIZE], again[32];
	struct mclic_trailer made;
	struct mclic_title title;
	struct mclic_seal s;
	enum mclic_why why;

	world_title(&title);
	fill(ku, sizeof(ku), 0x56);
	why = mclic_trailer_check(c, t, len, &title, KM_GENERATION, MCLIC_UNDER_KU, ku, key, &s);
	HOLDS(mclic_is_zero(key, sizeof(key)) == (why != MCLIC_OK));
	HOLDS(!mclic_file_keys(c, ku, t->did, t->file_id, t->salt, again, mac_key));
	HOLDS(!c->cmac(c, mac_key, &v, 1, t->mac));
	why = mclic_trailer_check(c, t, len, &title, KM_GENERATION, MCLIC_UNDER_KU, ku, key, &s);
	HOLDS(why != MCLIC_BAD_MAC && why != MCLIC_CRYPTO_FAILED);
	HOLDS(why == mclic_trailer_check(c, t, len, &title, KM_GENERATION, MCLIC_UNDER_KU, NULL,
					 NULL, NULL));
	if (why) {
		HOLDS(mclic_is_zero(&s, sizeof(s)));
		return;
	}
	HOLDS(!memcmp(key, again, sizeof(key)));
	HOLDS(mclic_sealed_len(s.size) == len);
	HOLDS(!mclic_trailer_make(c, &s, mac_key, &made));
	HOLDS(!memcmp(t, &made, sizeof(made)));
	t->mac[len % 16] ^= 1;
	HOLDS(mclic_trailer_check(c, t, len, &title, KM_GENERATION, MCLIC_UNDER_KU, ku, key,
				  NULL) == MCLIC_BAD_MAC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mclic_crypto *c = mclic_openssl();
	__u64 len = pick64(data, size, 0), where = pick64(data, size, 8);
	struct mclic_trailer t;

	geometry(len, where);
	geometry(len >> (where % 64), where);
	geometry(mclic_sealed_len(len & (MCLIC_PLAIN_MAX - 1)), where);
	if (size < sizeof(t))
		return 0;
	memcpy(&t, data + size - sizeof(t), sizeof(t));
	judge(c, &t, size);
	/* a file as long as the trailer says; on to the title */
	memcpy(&t, data + size - sizeof(t), sizeof(t));
	judge(c, &t, mclic_sealed_len(mclic_get64(t.size)));
	world_did(t.did);
	t.content_version = mclic_put32(VERSION);
	t.km_generation = mclic_put32(KM_GENERATION);
	judge(c, &t, mclic_sealed_len(mclic_get64(t.size)));
	return 0;
}
