// SPDX-License-Identifier: GPL-2.0-or-later
/* A sealed file: where its blocks and tags stand, and its trailer. */
#include "core.h"

/* A block with its tag, and a group with its tags. */
#define BLOCK_TAGGED	(MCLIC_BLOCK_SIZE + MCLIC_TAG_SIZE)
#define GROUP_SHIFT	8

_Static_assert(MCLIC_BLOCK_SIZE == 1u << MCLIC_BLOCK_SHIFT, "block size");
_Static_assert(MCLIC_GROUP_BLOCKS == 1u << GROUP_SHIFT, "group size");
_Static_assert(MCLIC_GROUP_BLOCKS * MCLIC_TAG_SIZE == MCLIC_BLOCK_SIZE,
	       "the tags of a group fill one block, which block_offset() relies on");
_Static_assert(sizeof(struct mclic_trailer) == MCLIC_TRAILER_SIZE, "trailer");

__u64 mclic_block_count(__u64 size)
{
	return (size >> MCLIC_BLOCK_SHIFT) + !!(size & (MCLIC_BLOCK_SIZE - 1));
}

__u64 mclic_sealed_len(__u64 size)
{
	return size + mclic_block_count(size) * MCLIC_TAG_SIZE + MCLIC_TRAILER_SIZE;
}

enum mclic_why mclic_plain_size(__u64 sealed_len, __u64 *size)
{
	__u64 body, blocks;
	__u32 rest;

	*size = 0;
	if (sealed_len < MCLIC_TRAILER_SIZE)
		return MCLIC_BAD_SIZE;
	body = sealed_len - MCLIC_TRAILER_SIZE;
	blocks = mclic_divide(body, BLOCK_TAGGED, &rest);
	if (rest && rest <= MCLIC_TAG_SIZE)
		return MCLIC_BAD_SIZE;
	blocks += !!rest;
	body -= blocks * MCLIC_TAG_SIZE;
	if (body > MCLIC_PLAIN_MAX)
		return MCLIC_BAD_SIZE;
	*size = body;
	return MCLIC_OK;
}

__u64 mclic_block_offset(__u64 i)
{
	return (i + (i >> GROUP_SHIFT)) << MCLIC_BLOCK_SHIFT;
}

/* Bytes of unit @i of 2^@shift bytes in @size bytes */
static __u32 unit_len(__u64 i, __u64 size, unsigned int shift)
{
	__u64 whole = size >> shift;

	if (i < whole)
		return 1u << shift;
	return i == whole ? (__u32)(size & ((1u << shift) - 1)) : 0;
}

__u32 mclic_block_len(__u64 i, __u64 size)
{
	return unit_len(i, size, MCLIC_BLOCK_SHIFT);
}

__u32 mclic_group_len(__u64 g, __u64 size)
{
	return unit_len(g, size, MCLIC_BLOCK_SHIFT + GROUP_SHIFT);
}

__u64 mclic_tag_offset(__u64 i, __u64 size)
{
	__u64 group = i >> GROUP_SHIFT;

	return mclic_block_offset(group << GROUP_SHIFT) + mclic_group_len(group, size) +
	       (i & (MCLIC_GROUP_BLOCKS - 1)) * MCLIC_TAG_SIZE;
}

void mclic_block_nonce(__u64 i, __u8 nonce[MCLIC_NONCE_SIZE])
{
	__le64 index = mclic_put64(i);

	memcpy(nonce, &index, sizeof(index));
	memset(nonce + sizeof(index), 0, MCLIC_NONCE_SIZE - sizeof(index));
}

static int trailer_mac(const struct mclic_crypto *c, const struct mclic_trailer *t,
		       const __u8 mac_key[MCLIC_KEY_SIZE], __u8 mac[MCLIC_CS_SIZE])
{
	const struct mclic_vec v = { t, offsetof(struct mclic_trailer, mac) };

	return c->cmac(c, mac_key, &v, 1, mac);
}

int mclic_trailer_make(const struct mclic_crypto *c, const struct mclic_seal *s,
		       const __u8 mac_key[MCLIC_KEY_SIZE], struct mclic_trailer *t)
{
	memset(t, 0, sizeof(*t));
	memcpy(t->magic, MCLIC_TRAILER_MAGIC, sizeof(t->magic));
	t->version = mclic_put16(MCLIC_VERSION);
	t->suite = mclic_put16(MCLIC_SUITE);
	t->key = s->key;
	t->block_shift = MCLIC_BLOCK_SHIFT;
	t->size = mclic_put64(s->size);
	memcpy(t->did, s->title.did, sizeof(t->did));
	memcpy(t->file_id, s->file_id, sizeof(t->file_id));
	t->content_version = mclic_put32(s->title.content_version);
	memcpy(t->salt, s->salt, sizeof(t->salt));
	t->km_generation = mclic_put32(s->km_generation);
	return trailer_mac(c, t, mac_key, t->mac);
}

/* All that can be said without a key */
static enum mclic_why trailer_fields_check(const struct mclic_trailer *t, __u64 sealed_len,
					   const struct mclic_title *title,
					   __u32 km_generation, __u8 under)
{
	enum mclic_why why = mclic_head_check(t->magic, MCLIC_TRAILER_MAGIC, t->version, t->suite);
	__u64 size;

	if (why)
		return why;
	if (t->reserved1 || !mclic_is_zero(t->reserved2, sizeof(t->reserved2)))
		return MCLIC_BAD_RESERVED;
	if (t->block_shift != MCLIC_BLOCK_SHIFT)
		return MCLIC_BAD_BLOCK_SIZE;
	if (t->key != under)
		return MCLIC_BAD_KEY;
	if (mclic_get32(t->km_generation) != km_generation)
		return MCLIC_BAD_GENERATION;
	if (mclic_plain_size(sealed_len, &size) || mclic_get64(t->size) != size)
		return MCLIC_BAD_SIZE;
	if (!mclic_equal(t->did, title->did, sizeof(t->did)) ||
	    mclic_get32(t->content_version) != title->content_version)
		return MCLIC_BAD_TITLE;
	return MCLIC_OK;
}

static enum mclic_why trailer_open(const struct mclic_crypto *c, const struct mclic_trailer *t,
				   const __u8 key[MCLIC_KEY_SIZE], __u8 *file_key)
{
	__u8 mac_key[MCLIC_KEY_SIZE], mac[MCLIC_CS_SIZE];
	enum mclic_why why = MCLIC_OK;

	if (mclic_file_keys(c, key, t->did, t->file_id, t->salt, file_key, mac_key) ||
	    trailer_mac(c, t, mac_key, mac))
		why = MCLIC_CRYPTO_FAILED;
	else if (!mclic_equal(mac, t->mac, sizeof(mac)))
		why = MCLIC_BAD_MAC;
	if (why && file_key)
		mclic_wipe(file_key, MCLIC_KEY_SIZE);
	mclic_wipe(mac_key, sizeof(mac_key));
	mclic_wipe(mac, sizeof(mac));
	return why;
}

static void seal_read(const struct mclic_trailer *t, struct mclic_seal *s)
{
	memcpy(s->title.did, t->did, sizeof(s->title.did));
	s->title.content_version = mclic_get32(t->content_version);
	s->km_generation = mclic_get32(t->km_generation);
	s->key = t->key;
	s->size = mclic_get64(t->size);
	memcpy(s->file_id, t->file_id, sizeof(s->file_id));
	memcpy(s->salt, t->salt, sizeof(s->salt));
}

enum mclic_why mclic_trailer_check(const struct mclic_crypto *c, const struct mclic_trailer *t,
				   __u64 sealed_len, const struct mclic_title *title,
				   __u32 km_generation, __u8 under, const __u8 *key,
				   __u8 *file_key, struct mclic_seal *s)
{
	enum mclic_why why;

	if (file_key)
		mclic_wipe(file_key, MCLIC_KEY_SIZE);
	why = trailer_fields_check(t, sealed_len, title, km_generation, under);
	if (!why && key)
		why = trailer_open(c, t, key, file_key);
	if (s) {
		memset(s, 0, sizeof(*s));	/* only now: @title may be a part of it */
		if (!why)
			seal_read(t, s);
	}
	return why;
}
