// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The response to a request (S2, S13 and S14 of the patent), computed from what is
 * stored: the same request gets the same 1024 bytes at any time.
 */
#include "userspace/center/center.h"

static int answer_derive(struct center *c, const struct mclic_request *q,
			 const struct mclic_terms *t, struct mclic_issue *i)
{
	const struct mclic_crypto *crypto = mclic_openssl();
	const __u8 *km, *km_of_ku, *km_of_ka;
	int ret;

	ret = keystore_km(c, mclic_get32(t->km_generation), &km);
	if (!ret)
		ret = keystore_km(c, mclic_get32(t->ku_km_generation), &km_of_ku);
	if (!ret)
		ret = keystore_km(c, mclic_get32(q->km_generation), &km_of_ka);
	if (ret)
		return ret;
	memcpy(i->km, km, sizeof(i->km));
	memcpy(i->mid, q->mid, sizeof(i->mid));
	ret = mclic_user_key(crypto, km_of_ku, q->user_id, mclic_get32(t->ku_generation), i->ku);
	if (!ret)
		ret = mclic_master_medium_key(crypto, km_of_ka, t->did,
					      mclic_get32(t->content_version), i->ka);
	return ret ? mclic_fail(-ret, "cannot derive the keys of a licence") : 0;
}

static int answer_licence(struct center *c, const struct mclic_request *q,
			  const struct mclic_terms *terms, struct mclic_response *r)
{
	struct mclic_issue *i = mclic_secret_alloc(sizeof(*i));
	int ret;

	if (!i)
		return mclic_fail(ENOMEM, "no locked memory for keys");
	ret = answer_derive(c, q, terms, i);
	if (!ret && mclic_licence_make(mclic_openssl(), i, terms, r))
		ret = mclic_fail(EIO, "cannot compute a licence");
	mclic_secret_free(i, sizeof(*i));
	return ret;
}

static int answer_sign(struct center *c, struct mclic_response *r)
{
	struct mclic_slot_carried *s = &r->slot;
	const struct mclic_vec v[] = {
		{ MCLIC_LABEL_LICENCE, sizeof(MCLIC_LABEL_LICENCE) - 1 },
		{ s, MCLIC_SLOT_SIGNED },
	};
	size_t len = sizeof(s->sig);
	int ret;

	ret = mclic_rsa_sign(c->signing_key, v, 2, s->sig, &len);
	if (ret)
		return ret;
	s->sig_algorithm = mclic_put16(MCLIC_SIG_RSA_SHA256);
	s->sig_len = mclic_put16((__u16)len);
	return 0;
}

int center_answer(struct center *c, const struct mclic_request *q,
		  const struct mclic_terms *terms, struct mclic_response *r)
{
	int ret = 0;

	if (q->operation != MCLIC_OP_RETURN)
		ret = answer_licence(c, q, terms, r);
	else if (mclic_receipt_make(mclic_openssl(), q->mid, terms, r))
		ret = mclic_fail(EIO, "cannot compute a receipt");
	return ret ? ret : answer_sign(c, r);
}
