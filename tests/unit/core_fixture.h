/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A user, a medium, a title, a center and one licence of each kind, for the unit tests
 * of core. Keys and ids are fixed; the center's signing key is a fresh RSA one.
 *
 * The sources answer as the fields of struct world say, and count how often they were
 * asked, so that a test sees the order of the steps.
 */
#ifndef CORE_FIXTURE_H
#define CORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/rsa.h>

#include "tests/vectors/world.h"
#include "userspace/lib/libmclic.h"

struct world {
	const struct mclic_crypto *c;
	struct mclic_issue issue;
	struct mclic_title title;
	EVP_PKEY *center_key;
	__u8 center_id[MCLIC_ID_SIZE];
	__u8 user_id[MCLIC_ID_SIZE];
	struct mclic_sources src;
	/* what the sources answer */
	__u8 mid[MCLIC_ID_SIZE];
	__u8 medium_class;
	int medium_err, signature_err, user_key_err, revoked_err;
	bool have_list;
	__u32 lowest_good;
	__u64 list_issued_at;
	/* how often they were asked */
	int medium_asked, signature_asked, user_key_asked, revoked_asked;
};

static inline int world_medium(void *ctx, __u8 kind, __u8 mid[MCLIC_ID_SIZE],
			       __u8 *medium_class)
{
	struct world *w = ctx;

	w->medium_asked++;
	assert_int_equal(kind, MCLIC_MEDIUM_SD);
	memcpy(mid, w->mid, MCLIC_ID_SIZE);
	*medium_class = w->medium_class;
	return w->medium_err;
}

static inline int world_signature(void *ctx, const __u8 center_id[MCLIC_ID_SIZE],
				  const struct mclic_vec *v, unsigned int n,
				  const __u8 *sig, size_t sig_len)
{
	struct world *w = ctx;

	w->signature_asked++;
	if (w->signature_err)
		return w->signature_err;
	if (memcmp(center_id, w->center_id, MCLIC_ID_SIZE))
		return -ENOKEY;
	return mclic_rsa_verify(w->center_key, v, n, sig, sig_len);
}

static inline int world_user_key(void *ctx, const __u8 center_id[MCLIC_ID_SIZE],
				 const __u8 user_id[MCLIC_ID_SIZE], __u32 ku_generation,
				 __u8 ku[MCLIC_KEY_SIZE])
{
	struct world *w = ctx;

	w->user_key_asked++;
	if (w->user_key_err)
		return w->user_key_err;
	if (memcmp(center_id, w->center_id, MCLIC_ID_SIZE) ||
	    memcmp(user_id, w->user_id, MCLIC_ID_SIZE) || ku_generation != KU_GENERATION)
		return -ENOKEY;
	memcpy(ku, w->issue.ku, MCLIC_KEY_SIZE);
	return 0;
}

static inline int world_revoked(void *ctx, const __u8 center_id[MCLIC_ID_SIZE],
				const __u8 licence_id[MCLIC_ID_SIZE], __u32 *lowest_good,
				__u64 *issued_at)
{
	struct world *w = ctx;

	(void)center_id;
	(void)licence_id;
	w->revoked_asked++;
	if (w->revoked_err)
		return w->revoked_err;
	if (!w->have_list)
		return 0;
	*lowest_good = w->lowest_good;
	*issued_at = w->list_issued_at;
	return 1;
}

static inline void world_open(struct world *w)
{
	static EVP_PKEY *key;	/* one for the program: making it takes long */

	memset(w, 0, sizeof(*w));
	w->c = mclic_openssl();
	world_issue(&w->issue);
	world_mid(w->mid);
	world_title(&w->title);
	world_center_id(w->center_id);
	world_user_id(w->user_id);
	w->medium_class = 3;
	if (!key)
		key = EVP_RSA_gen(2048);
	assert_non_null(key);
	w->center_key = key;
	w->src = (struct mclic_sources){
		.ctx = w,
		.medium = world_medium,
		.signature = world_signature,
		.user_key = world_user_key,
		.revoked = world_revoked,
	};
}

/* SIG over what is stored, as the center makes it */
static inline void world_sign(const struct world *w, struct mclic_slot_carried *s)
{
	const struct mclic_vec v[] = {
		{ MCLIC_LABEL_LICENCE, strlen(MCLIC_LABEL_LICENCE) },
		{ s, MCLIC_SLOT_SIGNED },
	};
	size_t len = sizeof(s->sig);

	memset(s->sig, 0, sizeof(s->sig));
	assert_int_equal(mclic_rsa_sign(w->center_key, v, 2, s->sig, &len), 0);
	s->sig_algorithm = mclic_put16(MCLIC_SIG_RSA_SHA256);
	s->sig_len = mclic_put16((__u16)len);
}

static inline void signed_response(const struct world *w, const struct mclic_terms *t,
				   struct mclic_response *r)
{
	assert_int_equal(mclic_licence_make(w->c, &w->issue, t, r), 0);
	world_sign(w, &r->slot);
}

static inline void signed_slot(const struct world *w, const struct mclic_terms *t,
			      struct mclic_slot *s)
{
	struct mclic_response r;

	signed_response(w, t, &r);
	mclic_response_slot(w->c, &r, s);
}

static inline void assert_why(enum mclic_why got, enum mclic_why expected)
{
	if (got != expected)
		fail_msg("%s instead of %s", mclic_why_name(got), mclic_why_name(expected));
}

#endif /* CORE_FIXTURE_H */
