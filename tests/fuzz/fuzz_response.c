// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Responses: one that passes gives a slot that passes, and the other way round; none but
 * the center's own answers the request or opens EMid(Ka).
 */
#include "fuzz.h"

/* The request of this world, and the answer to it */
static void genuine(const struct mclic_crypto *c, struct mclic_request *q,
		    struct mclic_response *r)
{
	struct mclic_terms t;
	struct mclic_vec v;

	world_request(MCLIC_OP_NEW, q);
	v = (struct mclic_vec){ q, sizeof(*q) };
	world_terms(MCLIC_PERSONAL, &t);
	HOLDS(!c->sha256(c, &v, 1, t.request_hash));
	HOLDS(!world_response(c, &t, r));
}

static void judge(const struct mclic_crypto *c, const struct mclic_response *r)
{
	static struct mclic_request q;
	static struct mclic_response answer;
	struct mclic_issue issue;
	struct mclic_slot s;
	__u8 ka[MCLIC_KEY_SIZE];
	enum mclic_why why, slot;

	if (!answer.length)
		genuine(c, &q, &answer);
	why = mclic_response_check(r, sizeof(*r));
	mclic_response_slot(c, r, &s);
	slot = mclic_slot_check(c, &s);
	HOLDS(slot != MCLIC_BAD_CRC);
	if (why) {
		HOLDS(slot == why || slot == MCLIC_FREE || why <= MCLIC_BAD_SUITE);
		return;
	}
	HOLDS(slot == MCLIC_OK);
	HOLDS(!memcmp(&s, &r->slot, sizeof(r->slot)));
	if (mclic_response_match(c, r, &q) == MCLIC_OK) {
		const struct mclic_slot_carried *a = &answer.slot;

		HOLDS(!memcmp(s.terms.request_hash, a->terms.request_hash, MCLIC_HASH_SIZE));
		HOLDS(!memcmp(&s.terms, &a->terms, 3 * MCLIC_ID_SIZE));
	}
	world_issue(&issue);
	why = mclic_master_key_open(c, r, issue.mid, issue.ku, ka);
	HOLDS(why == MCLIC_OK || (why == MCLIC_BAD_EMID && mclic_is_zero(ka, sizeof(ka))));
	if (why == MCLIC_OK)
		HOLDS(!memcmp(ka, issue.ka, sizeof(ka)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mclic_crypto *c = mclic_openssl();
	struct mclic_response r;
	struct mclic_request q;

	HOLDS((mclic_response_check(data, size) == MCLIC_BAD_LENGTH) || size == sizeof(r));
	take(&r, sizeof(r), data, size);
	judge(c, &r);
	/* with the request's hash: on to the other fields */
	if (size > 1 && data[size - 1] & 1) {
		struct mclic_response answer;

		genuine(c, &q, &answer);
		memcpy(r.slot.terms.request_hash, answer.slot.terms.request_hash, MCLIC_HASH_SIZE);
		judge(c, &r);
	}
	return 0;
}
