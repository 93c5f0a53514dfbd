// SPDX-License-Identifier: GPL-2.0-or-later
/* Making a licence and opening it: Documentation/keys.rst, "CS", "EKU", "EMid". */
#include "core.h"

_Static_assert(sizeof(struct mclic_response) == 1024, "response");

/* Every wrap key serves one T alone, so the nonce may be the same each time. */
static const __u8 zero_nonce[MCLIC_NONCE_SIZE];
static const __u8 no_user[MCLIC_KEY_SIZE];

void mclic_terms_bind(const struct mclic_terms *stored, const __u8 mid[MCLIC_ID_SIZE],
		      struct mclic_terms *t)
{
	*t = *stored;
	memcpy(t->medium_tag, mid, MCLIC_ID_SIZE);
}

int mclic_certificate_code(const struct mclic_crypto *c, const __u8 keyc[MCLIC_KEY_SIZE],
			   const struct mclic_terms *t, __u8 cs[MCLIC_CS_SIZE])
{
	const struct mclic_vec v = { t, sizeof(*t) };

	return c->cmac(c, keyc, &v, 1, cs);
}

/* KDF(user key, label, MID, SHA-256(T)); the MID stands in T */
static int wrap_key(const struct mclic_crypto *c, const __u8 user[MCLIC_KEY_SIZE],
		    const char *label, const struct mclic_terms *t,
		    __u8 key[MCLIC_KEY_SIZE])
{
	const struct mclic_vec whole = { t, sizeof(*t) };
	__u8 hash[MCLIC_HASH_SIZE];
	const struct mclic_vec context[] = {
		{ t->medium_tag, MCLIC_ID_SIZE },
		{ hash, sizeof(hash) },
	};
	int err = c->sha256(c, &whole, 1, hash);

	if (!err)
		err = mclic_kdf(c, user, label, context, 2, key);
	mclic_wipe(hash, sizeof(hash));
	return err;
}

static int wrap(const struct mclic_crypto *c, const __u8 user[MCLIC_KEY_SIZE],
		const char *label, const struct mclic_terms *t,
		const __u8 key[MCLIC_KEY_SIZE], __u8 out[MCLIC_WRAP_SIZE])
{
	__u8 wrapping[MCLIC_KEY_SIZE];
	int err = wrap_key(c, user, label, t, wrapping);

	if (!err)
		err = c->seal(c, wrapping, zero_nonce, t, sizeof(*t), key, MCLIC_KEY_SIZE, out);
	mclic_wipe(wrapping, sizeof(wrapping));
	return err;
}

static int unwrap(const struct mclic_crypto *c, const __u8 user[MCLIC_KEY_SIZE],
		  const char *label, const struct mclic_terms *t,
		  const __u8 in[MCLIC_WRAP_SIZE], __u8 key[MCLIC_KEY_SIZE])
{
	__u8 wrapping[MCLIC_KEY_SIZE];
	int err = wrap_key(c, user, label, t, wrapping);

	if (!err)
		err = c->open(c, wrapping, zero_nonce, t, sizeof(*t), in, MCLIC_KEY_SIZE, key);
	if (err)
		mclic_wipe(key, MCLIC_KEY_SIZE);
	mclic_wipe(wrapping, sizeof(wrapping));
	return err;
}

/* Head and stored terms of a response; everything else is zero. */
static int response_start(const struct mclic_crypto *c, const __u8 mid[MCLIC_ID_SIZE],
			  const struct mclic_terms *terms, struct mclic_response *r)
{
	struct mclic_slot_carried *s = &r->slot;

	memset(r, 0, sizeof(*r));
	memcpy(r->magic, MCLIC_RESPONSE_MAGIC, sizeof(r->magic));
	r->version = mclic_put16(MCLIC_VERSION);
	r->suite = mclic_put16(MCLIC_SUITE);
	r->length = mclic_put32(sizeof(*r));
	memcpy(s->magic, MCLIC_SLOT_MAGIC, sizeof(s->magic));
	s->version = mclic_put16(MCLIC_VERSION);
	s->suite = mclic_put16(MCLIC_SUITE);
	s->terms = *terms;
	return mclic_medium_tag(c, mid, s->terms.medium_tag);
}

int mclic_licence_make(const struct mclic_crypto *c, const struct mclic_issue *i,
		       const struct mclic_terms *terms, struct mclic_response *r)
{
	const __u8 *user = terms->kind == MCLIC_PERSONAL ? i->ku : no_user;
	__u8 keyc[MCLIC_KEY_SIZE], medium_key[MCLIC_KEY_SIZE];
	struct mclic_slot_carried *s = &r->slot;
	struct mclic_terms t;
	int err;

	err = response_start(c, i->mid, terms, r);
	mclic_terms_bind(terms, i->mid, &t);
	if (!err)
		err = mclic_certification_key(c, i->km, t.licence_id, mclic_get32(t.sequence),
					      keyc);
	if (!err)
		err = mclic_certificate_code(c, keyc, &t, s->cs);
	if (!err)
		err = wrap(c, user, "mclic EKU", &t, keyc, s->eku);
	if (!err)
		err = mclic_medium_key(c, i->km, i->mid, t.did, medium_key);
	if (!err)
		err = wrap(c, user, "mclic EMid", &t, medium_key, s->emid_ku);
	if (!err)
		err = wrap(c, i->ku, "mclic EMid Ka", &t, i->ka, r->emid_ka);
	mclic_wipe(keyc, sizeof(keyc));
	mclic_wipe(medium_key, sizeof(medium_key));
	mclic_wipe(&t, sizeof(t));
	if (err)
		mclic_wipe(r, sizeof(*r));
	return err;
}

int mclic_receipt_make(const struct mclic_crypto *c, const __u8 mid[MCLIC_ID_SIZE],
		       const struct mclic_terms *terms, struct mclic_response *r)
{
	int err = response_start(c, mid, terms, r);

	if (err)
		mclic_wipe(r, sizeof(*r));
	return err;
}

/* A tag that does not match is the licence's fault, anything else is not. */
static enum mclic_why unwrap_why(int err, enum mclic_why mismatch)
{
	if (!err)
		return MCLIC_OK;
	return err == -EBADMSG ? mismatch : MCLIC_CRYPTO_FAILED;
}

static enum mclic_why code_check(const struct mclic_crypto *c, const __u8 user[MCLIC_KEY_SIZE],
				 const struct mclic_terms *t, const struct mclic_slot *s)
{
	__u8 keyc[MCLIC_KEY_SIZE], cs[MCLIC_CS_SIZE];
	enum mclic_why why;

	why = unwrap_why(unwrap(c, user, "mclic EKU", t, s->eku, keyc), MCLIC_BAD_EKU);
	if (!why && mclic_certificate_code(c, keyc, t, cs))
		why = MCLIC_CRYPTO_FAILED;
	if (!why && !mclic_equal(cs, s->cs, sizeof(cs)))
		why = MCLIC_BAD_CS;
	mclic_wipe(keyc, sizeof(keyc));
	mclic_wipe(cs, sizeof(cs));	/* a good CS' is a forger's prize */
	return why;
}

enum mclic_why mclic_licence_open(const struct mclic_crypto *c, const struct mclic_slot *s,
				  const __u8 mid[MCLIC_ID_SIZE], const __u8 *ku,
				  __u8 medium_key[MCLIC_KEY_SIZE])
{
	bool personal = s->terms.kind == MCLIC_PERSONAL;
	const __u8 *user = personal ? ku : no_user;
	struct mclic_terms t;
	enum mclic_why why;

	mclic_wipe(medium_key, MCLIC_KEY_SIZE);
	if (!user)
		return MCLIC_NO_USER_KEY;
	mclic_terms_bind(&s->terms, mid, &t);
	why = code_check(c, user, &t, s);
	if (!why)
		why = unwrap_why(unwrap(c, user, "mclic EMid", &t, s->emid_ku, medium_key),
				 MCLIC_BAD_EMID);
	mclic_wipe(&t, sizeof(t));
	return why;
}

enum mclic_why mclic_master_key_open(const struct mclic_crypto *c,
				     const struct mclic_response *r,
				     const __u8 mid[MCLIC_ID_SIZE],
				     const __u8 ku[MCLIC_KEY_SIZE],
				     __u8 ka[MCLIC_KEY_SIZE])
{
	struct mclic_terms t;
	enum mclic_why why;

	mclic_terms_bind(&r->slot.terms, mid, &t);
	why = unwrap_why(unwrap(c, ku, "mclic EMid Ka", &t, r->emid_ka, ka), MCLIC_BAD_EMID);
	mclic_wipe(&t, sizeof(t));
	return why;
}
