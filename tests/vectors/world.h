/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One user, one medium, one title and one center with fixed keys and ids: what unit
 * tests, test vectors and fuzz targets of core are made of.
 */
#ifndef VECTORS_WORLD_H
#define VECTORS_WORLD_H

#include <string.h>

#include "core/core.h"

#define NOW		1750000000u
#define VERSION		3u
#define KM_GENERATION	2u
#define KU_GENERATION	4u

static inline void fill(void *p, size_t n, __u8 first)
{
	__u8 *b = p;
	size_t i;

	for (i = 0; i < n; i++)
		b[i] = (__u8)(first + 7 * i);
}

/* The ids, each 16 bytes */
static inline void world_mid(__u8 *id)
{
	fill(id, MCLIC_ID_SIZE, 0x44);
}

static inline void world_did(__u8 *id)
{
	fill(id, MCLIC_ID_SIZE, 0x55);
}

static inline void world_center_id(__u8 *id)
{
	fill(id, MCLIC_ID_SIZE, 0x66);
}

static inline void world_user_id(__u8 *id)
{
	fill(id, MCLIC_ID_SIZE, 0x77);
}

static inline void world_title(struct mclic_title *title)
{
	memset(title, 0, sizeof(*title));
	world_did(title->did);
	title->content_version = VERSION;
}

static inline void world_issue(struct mclic_issue *issue)
{
	fill(issue->km, sizeof(issue->km), 0x11);
	fill(issue->ku, sizeof(issue->ku), 0x22);
	fill(issue->ka, sizeof(issue->ka), 0x33);
	world_mid(issue->mid);
}

/* A licence of this kind, valid around NOW, for a medium of the highest class */
static inline void world_terms(__u8 kind, struct mclic_terms *t)
{
	memset(t, 0, sizeof(*t));
	world_did(t->did);
	world_center_id(t->center_id);
	fill(t->licence_id, sizeof(t->licence_id), 0x88);
	if (kind == MCLIC_PERSONAL)
		world_user_id(t->user_id);
	t->km_generation = mclic_put32(KM_GENERATION);
	t->ku_generation = mclic_put32(KU_GENERATION);
	t->content_version = mclic_put32(VERSION);
	t->sequence = mclic_put32(1);
	t->not_before = mclic_put64(NOW - 1000);
	t->not_after = mclic_put64(NOW + 1000);
	t->issued_at = mclic_put64(NOW - 500);
	t->features = mclic_put64(0x8000000000000001u);
	t->kind = kind;
	t->medium_kind = MCLIC_MEDIUM_SD;
	t->medium_class = 3;
	t->flags = mclic_put32(0x00010000);	/* an ignorable one */
	fill(t->request_hash, sizeof(t->request_hash), 0x99);
	memcpy(t->title, "Ein Märchen", sizeof("Ein Märchen"));
	fill(t->publisher_id, sizeof(t->publisher_id), 0xaa);
	t->ku_km_generation = mclic_put32(1);
}

static inline void world_request(__u8 operation, struct mclic_request *q)
{
	memset(q, 0, sizeof(*q));
	q->operation = operation;
	q->kind = MCLIC_PERSONAL;
	q->medium_kind = MCLIC_MEDIUM_SD;
	q->medium_class = 3;
	world_did(q->did);
	world_mid(q->mid);
	world_center_id(q->center_id);
	world_user_id(q->user_id);
	fill(q->device_id, sizeof(q->device_id), 0xb1);
	fill(q->nonce, sizeof(q->nonce), 0xb2);
	q->created_at = mclic_put64(NOW);
	q->content_version = mclic_put32(VERSION);
	q->km_generation = mclic_put32(KM_GENERATION);
	if (operation != MCLIC_OP_NEW) {
		fill(q->licence_id, sizeof(q->licence_id), 0x88);
		q->sequence = mclic_put32(1);
	}
	mclic_request_finish(q);
	fill(q->sig, sizeof(q->sig), 0xb3);
}

/*
 * In place of RSA, which vectors that never change cannot have without a private key in
 * the tree: SHA-256 over what SIG covers, eight times.
 */
static inline int world_stand_in(const struct mclic_crypto *c, const struct mclic_vec *v,
				 unsigned int n, __u8 sig[MCLIC_SIG_MIN])
{
	int i, err = c->sha256(c, v, n, sig);

	for (i = 1; i < 8; i++)
		memcpy(sig + 32 * i, sig, 32);
	return err;
}

static inline int world_stand_in_sign(const struct mclic_crypto *c,
				      struct mclic_slot_carried *s)
{
	const struct mclic_vec v[] = {
		{ MCLIC_LABEL_LICENCE, strlen(MCLIC_LABEL_LICENCE) },
		{ s, MCLIC_SLOT_SIGNED },
	};

	memset(s->sig, 0, sizeof(s->sig));
	s->sig_algorithm = mclic_put16(MCLIC_SIG_RSA_SHA256);
	s->sig_len = mclic_put16(MCLIC_SIG_MIN);
	return world_stand_in(c, v, 2, s->sig);
}

/* The licence that the center of this world answers with; signed by the stand-in */
static inline int world_response(const struct mclic_crypto *c, const struct mclic_terms *t,
				 struct mclic_response *r)
{
	struct mclic_issue issue;
	int err;

	world_issue(&issue);
	err = mclic_licence_make(c, &issue, t, r);
	return err ? err : world_stand_in_sign(c, &r->slot);
}

/* One sealing of one file of the title, and the keys that open it */
static inline int world_seal(const struct mclic_crypto *c, __u64 size, struct mclic_seal *s,
			     __u8 ku[MCLIC_KEY_SIZE], __u8 file_key[MCLIC_KEY_SIZE],
			     __u8 mac_key[MCLIC_KEY_SIZE])
{
	memset(s, 0, sizeof(*s));
	world_title(&s->title);
	s->km_generation = KM_GENERATION;
	s->key = MCLIC_UNDER_KU;
	s->size = size;
	fill(s->file_id, sizeof(s->file_id), 0x12);
	fill(s->salt, sizeof(s->salt), 0x34);
	fill(ku, MCLIC_KEY_SIZE, 0x56);
	return mclic_file_keys(c, ku, s->title.did, s->file_id, s->salt, file_key, mac_key);
}

#endif /* VECTORS_WORLD_H */
