// SPDX-License-Identifier: GPL-2.0-or-later
/* The verdict: may this title be opened on this medium, here and now? */
#include "core.h"

/* What the steps of one slot learn and later ones use. */
struct steps {
	const struct mclic_crypto *c;
	const struct mclic_sources *src;
	const struct mclic_slot *s;
	__u8 mid[MCLIC_ID_SIZE];
	__u8 user_key[MCLIC_KEY_SIZE];
	__u64 list_issued_at;
};

static enum mclic_why step_medium(struct steps *k)
{
	const struct mclic_terms *t = &k->s->terms;
	__u8 tag[MCLIC_ID_SIZE], medium_class = 0;
	int err;

	err = k->src->medium(k->src->ctx, t->medium_kind, k->mid, &medium_class);
	if (err)
		return err == -ENODEV ? MCLIC_OTHER_MEDIUM : MCLIC_CRYPTO_FAILED;
	if (mclic_medium_tag(k->c, k->mid, tag))
		return MCLIC_CRYPTO_FAILED;
	if (!mclic_equal(tag, t->medium_tag, sizeof(tag)))
		return MCLIC_OTHER_MEDIUM;
	return medium_class < t->medium_class ? MCLIC_LOW_CLASS : MCLIC_OK;
}

static enum mclic_why step_signature(struct steps *k)
{
	const struct mclic_vec v[] = {
		{ MCLIC_LABEL_LICENCE, sizeof(MCLIC_LABEL_LICENCE) - 1 },
		{ k->s, MCLIC_SLOT_SIGNED },
	};

	switch (k->src->signature(k->src->ctx, k->s->terms.center_id, v, 2, k->s->sig,
				  mclic_get16(k->s->sig_len))) {
	case 0:
		return MCLIC_OK;
	case -ENOKEY:
		return MCLIC_NO_CERTIFICATE;
	case -EKEYREJECTED:
		return MCLIC_BAD_SIG;
	default:
		return MCLIC_CRYPTO_FAILED;
	}
}

static enum mclic_why step_user_key(struct steps *k)
{
	const struct mclic_terms *t = &k->s->terms;

	if (t->kind != MCLIC_PERSONAL)
		return MCLIC_OK;
	switch (k->src->user_key(k->src->ctx, t->center_id, t->user_id,
				 mclic_get32(t->ku_generation), k->user_key)) {
	case 0:
		return MCLIC_OK;
	case -ENOKEY:
		return MCLIC_NO_USER_KEY;
	default:
		return MCLIC_CRYPTO_FAILED;
	}
}

static enum mclic_why step_revoked(struct steps *k)
{
	const struct mclic_terms *t = &k->s->terms;
	__u64 issued_at = 0;
	__u32 lowest_good = 0;
	int ret;

	ret = k->src->revoked(k->src->ctx, t->center_id, t->licence_id, &lowest_good, &issued_at);
	if (ret < 0)
		return MCLIC_CRYPTO_FAILED;
	if (!ret)
		return MCLIC_OK;
	k->list_issued_at = issued_at;
	return mclic_get32(t->sequence) < lowest_good ? MCLIC_REVOKED : MCLIC_OK;
}

enum mclic_why mclic_time_check(const struct mclic_terms *terms, __u64 clock,
				__u64 list_issued_at)
{
	__u64 issued_at = mclic_get64(terms->issued_at);
	__u64 not_before = mclic_get64(terms->not_before);
	__u64 not_after = mclic_get64(terms->not_after);
	__u64 now = clock;

	/* A clock that was set back is not believed. */
	if (now < issued_at)
		now = issued_at;
	if (now < list_issued_at)
		now = list_issued_at;
	if (not_before && now < not_before)
		return MCLIC_NOT_YET;
	return not_after && now > not_after ? MCLIC_EXPIRED : MCLIC_OK;
}

/* Steps 3 to 9 */
static enum mclic_why steps_run(struct steps *k, const struct mclic_title *title, __u64 now,
				__u8 medium_key[MCLIC_KEY_SIZE])
{
	const struct mclic_terms *t = &k->s->terms;
	enum mclic_why why;

	why = step_medium(k);
	if (!why)
		why = step_signature(k);
	if (!why)
		why = step_user_key(k);
	if (!why)
		why = mclic_licence_open(k->c, k->s, k->mid, k->user_key, medium_key);
	if (!why)
		why = step_revoked(k);
	if (!why)
		why = mclic_time_check(t, now, k->list_issued_at);
	if (!why && title && title->content_version > mclic_get32(t->content_version))
		why = MCLIC_OLD_TERMS;
	return why;
}

enum mclic_why mclic_slot_verdict(const struct mclic_crypto *c,
				  const struct mclic_sources *src,
				  const struct mclic_title *title, __u64 now,
				  const struct mclic_slot *s,
				  __u8 medium_key[MCLIC_KEY_SIZE])
{
	struct steps k = { .c = c, .src = src, .s = s };
	enum mclic_why why = mclic_slot_check(c, s);

	if (!why && title && !mclic_equal(s->terms.did, title->did, MCLIC_ID_SIZE))
		why = MCLIC_OTHER_TITLE;
	if (!why)
		why = steps_run(&k, title, now, medium_key);
	if (why)
		mclic_wipe(medium_key, MCLIC_KEY_SIZE);
	mclic_wipe(&k, sizeof(k));
	return why;
}

void mclic_verdict_start(struct mclic_verdict *v)
{
	mclic_wipe(v, sizeof(*v));
	v->why = MCLIC_NO_LICENCE;
	v->slot = -1;
}

/* Does an error of another slot stand further down the list than the one we have? */
static bool further(const struct mclic_verdict *v, enum mclic_why why)
{
	if (v->why == MCLIC_OK || why < MCLIC_OTHER_MEDIUM)
		return false;
	return v->why == MCLIC_NO_LICENCE || why > v->why;
}

enum mclic_why mclic_verdict_add(struct mclic_verdict *v, const struct mclic_crypto *c,
				 const struct mclic_sources *src,
				 const struct mclic_title *title, __u64 now, int index,
				 const struct mclic_slot *s)
{
	__u8 medium_key[MCLIC_KEY_SIZE];
	enum mclic_why why = mclic_slot_verdict(c, src, title, now, s, medium_key);

	if (why == MCLIC_OK) {
		if (v->why != MCLIC_OK ||
		    mclic_get32(s->terms.sequence) > mclic_get32(v->terms.sequence)) {
			v->why = MCLIC_OK;
			v->slot = index;
			v->terms = s->terms;
			memcpy(v->medium_key, medium_key, sizeof(v->medium_key));
		}
	} else if (further(v, why)) {
		v->why = why;
		v->slot = index;
	}
	mclic_wipe(medium_key, sizeof(medium_key));
	return why;
}
