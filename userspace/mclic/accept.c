// SPDX-License-Identifier: GPL-2.0-or-later
/* Putting a response to use: S3 to S6 of the patent, or the end of a returned licence. */

#include <time.h>

#include "mclic.h"

int accept_signature(struct mclic_trust *trust, const struct mclic_response *r)
{
	const struct mclic_slot_carried *s = &r->slot;
	const struct mclic_vec v[] = {
		{ MCLIC_LABEL_LICENCE, strlen(MCLIC_LABEL_LICENCE) },
		{ s, MCLIC_SLOT_SIGNED },
	};
	int err = mclic_trust_verify(trust, s->terms.center_id, v, 2, s->sig,
				     mclic_get16(s->sig_len));

	if (err == -ENOKEY)
		return mclic_refused(MCLIC_NO_CERTIFICATE, "the response");
	if (err == -EKEYREJECTED)
		return mclic_refused(MCLIC_BAD_SIG, "the response");
	return err;
}

struct check {
	struct target *t;
	const struct mclic_slot *written;
	struct mclic_title title;
	__u8 *medium_key;
	enum mclic_why why;
};

static enum mclic_why verdict_of(struct check *k, const struct mclic_slot *s)
{
	return mclic_slot_verdict(mclic_openssl(), &k->t->sources, &k->title, (__u64)time(NULL), s,
				  k->medium_key);
}

/* S4 and S5 on what the device gave back, not on what was sent to it. */
static enum mclic_why check_back(void *ctx, const struct mclic_slot *back)
{
	char hex[2 * MCLIC_CS_SIZE + 1];
	struct check *k = ctx;

	/* One that stands there and says it is newer. */
	if (memcmp(back, k->written, sizeof(*back)))
		return verdict_of(k, back);
	trace_step("S3", "CS, EKU(KEYc), EMid(Ku) and IDc written to %s and flushed",
		   mclic_area_where(k->t->area));
	k->why = verdict_of(k, back);
	trace_step("S4", "CS' computed with the MID and KEYc from what was read back");
	if (k->why) {
		trace_step("S5", "the licence does not hold: %s", mclic_why_text(k->why));
		trace_step("S6", "stopped: nothing is copied");
		return k->why;
	}
	trace_step("S5", "CS' equals CS=%s", mclic_hex(back->cs, MCLIC_CS_SIZE, hex));
	return MCLIC_OK;
}

static int put_licence(struct target *t, const struct mclic_slot *s, const struct mclic_request *q,
		       const char *what, struct accepted *a)
{
	struct check k = { .t = t, .written = s };
	int err;

	memcpy(k.title.did, q->did, MCLIC_ID_SIZE);
	k.title.content_version = mclic_get32(q->content_version);
	k.medium_key = mclic_secret_alloc(MCLIC_KEY_SIZE);
	if (!k.medium_key)
		return mclic_fail(ENOMEM, "not enough locked memory for keys");
	t->judge.err = 0;
	err = mclic_area_put(t->area, s, check_back, &k, &a->index);
	mclic_secret_free(k.medium_key, MCLIC_KEY_SIZE);
	a->why = k.why;
	if (err && t->judge.err)
		return t->judge.err;
	if (err && k.why)
		return mclic_refused(k.why, what);
	return err;
}

int accept_receipt(const struct mclic_slot *s, const struct mclic_request *q)
{
	if (memcmp(s->terms.licence_id, q->licence_id, MCLIC_ID_SIZE) ||
	    mclic_get32(s->terms.sequence) != mclic_get32(q->sequence) + 1 ||
	    !mclic_is_zero(s->cs, sizeof(s->cs)) || !mclic_is_zero(s->eku, sizeof(s->eku)) ||
	    !mclic_is_zero(s->emid_ku, sizeof(s->emid_ku)))
		return mclic_fail(EPROTO, "the answer to the return is not a receipt; the licence stays on the medium");
	return 0;
}

static int clear_licence(struct mclic_area *area, const struct mclic_terms *ended)
{
	struct mclic_slot s;
	__u32 i;
	int err = 0;

	for (i = 1; !err && i + 1 < mclic_area_slots(area); i++) {
		err = mclic_area_read(area, i, &s);
		if (err || mclic_slot_check(mclic_openssl(), &s) ||
		    !mclic_same_licence(&s.terms, ended))
			continue;
		err = mclic_area_clear(area, i);
	}
	return err;
}

int accept_response(struct target *t, const struct kept *k, const struct mclic_response *r,
		    const char *what, struct accepted *a)
{
	struct mclic_slot s;
	int err;

	err = accept_signature(t->trust, r);
	if (err)
		return err;
	err = target_writable(t);
	if (err)
		return err;
	mclic_response_slot(mclic_openssl(), r, &s);
	memset(a, 0, sizeof(*a));
	a->operation = k->request.operation;
	a->terms = s.terms;
	if (a->operation != MCLIC_OP_RETURN)
		return put_licence(t, &s, &k->request, what, a);
	err = accept_receipt(&s, &k->request);
	return err ? err : clear_licence(t->area, &s.terms);
}
