// SPDX-License-Identifier: GPL-2.0-or-later
/* What goes between user and center: request, response, revocation list. */
#include "core.h"

_Static_assert(sizeof(struct mclic_request) == 256, "request");
_Static_assert(offsetof(struct mclic_request, sig) == MCLIC_REQUEST_SIGNED, "signed part");
_Static_assert(sizeof(struct mclic_revocation) == 64, "revocation list");
_Static_assert(sizeof(struct mclic_revocation_entry) == 24, "revocation entry");

enum mclic_why mclic_request_check(const void *p, size_t len)
{
	const struct mclic_request *r = p;
	enum mclic_why why;
	bool new;

	if (len != sizeof(*r))
		return MCLIC_BAD_LENGTH;
	why = mclic_head_check(r->magic, MCLIC_REQUEST_MAGIC, r->version, r->suite);
	if (why)
		return why;
	if (!mclic_is_zero(r->reserved, sizeof(r->reserved)))
		return MCLIC_BAD_RESERVED;
	if (r->operation < MCLIC_OP_NEW || r->operation > MCLIC_OP_RETURN)
		return MCLIC_BAD_OPERATION;
	if (r->kind != MCLIC_PORTABLE && r->kind != MCLIC_PERSONAL)
		return MCLIC_BAD_KIND;
	if (!mclic_medium_known(r->medium_kind, r->medium_class))
		return MCLIC_BAD_MEDIUM_KIND;
	if (mclic_is_zero(r->mid, sizeof(r->mid)))
		return MCLIC_BAD_MEDIUM_ID;
	/* The requester is always somebody, also for a portable licence. */
	if (mclic_is_zero(r->user_id, sizeof(r->user_id)))
		return MCLIC_BAD_USER;
	new = r->operation == MCLIC_OP_NEW;
	if (mclic_is_zero(r->licence_id, sizeof(r->licence_id)) != new)
		return MCLIC_BAD_LICENCE_ID;
	if (!mclic_get32(r->sequence) != new)
		return MCLIC_BAD_SEQUENCE;
	return MCLIC_OK;
}

void mclic_request_finish(struct mclic_request *r)
{
	memcpy(r->magic, MCLIC_REQUEST_MAGIC, sizeof(r->magic));
	r->version = mclic_put16(MCLIC_VERSION);
	r->suite = mclic_put16(MCLIC_SUITE);
	memset(r->reserved, 0, sizeof(r->reserved));
}

enum mclic_why mclic_response_check(const void *p, size_t len)
{
	const struct mclic_response *r = p;
	enum mclic_why why;

	if (len != sizeof(*r))
		return MCLIC_BAD_LENGTH;
	why = mclic_head_check(r->magic, MCLIC_RESPONSE_MAGIC, r->version, r->suite);
	if (why)
		return why;
	if (mclic_get32(r->length) != sizeof(*r))
		return MCLIC_BAD_LENGTH;
	why = mclic_slot_head_check(&r->slot);
	if (why)
		return why == MCLIC_FREE ? MCLIC_BAD_MAGIC : why;
	return mclic_slot_body_check(&r->slot);
}

enum mclic_why mclic_response_match(const struct mclic_crypto *c,
				    const struct mclic_response *r,
				    const struct mclic_request *q)
{
	const struct mclic_terms *t = &r->slot.terms;
	const struct mclic_vec whole = { q, sizeof(*q) };
	__u8 hash[MCLIC_HASH_SIZE], tag[MCLIC_ID_SIZE];

	if (c->sha256(c, &whole, 1, hash) || mclic_medium_tag(c, q->mid, tag))
		return MCLIC_CRYPTO_FAILED;
	if (!mclic_equal(hash, t->request_hash, sizeof(hash)) ||
	    !mclic_equal(tag, t->medium_tag, sizeof(tag)) ||
	    !mclic_equal(q->did, t->did, sizeof(t->did)) ||
	    !mclic_equal(q->center_id, t->center_id, sizeof(t->center_id)) ||
	    q->kind != t->kind ||
	    mclic_get32(q->content_version) != mclic_get32(t->content_version))
		return MCLIC_BAD_ANSWER;
	return MCLIC_OK;
}

void mclic_response_slot(const struct mclic_crypto *c, const struct mclic_response *r,
			 struct mclic_slot *s)
{
	s->carried = r->slot;
	mclic_slot_finish(c, s);
}

static const struct mclic_revocation_entry *entries(const struct mclic_revocation *list)
{
	return (const struct mclic_revocation_entry *)(list + 1);
}

static enum mclic_why revocation_entries_check(const struct mclic_revocation *list)
{
	const struct mclic_revocation_entry *e = entries(list);
	__u32 count = mclic_get32(list->count), i;

	for (i = 0; i < count; i++) {
		if (!mclic_get32(e[i].lowest_good))
			return MCLIC_BAD_SEQUENCE;
		if (i && memcmp(e[i - 1].licence_id, e[i].licence_id, MCLIC_ID_SIZE) >= 0)
			return MCLIC_BAD_ORDER;
	}
	return MCLIC_OK;
}

enum mclic_why mclic_revocation_check(const void *p, size_t len, size_t *sig, size_t *sig_len)
{
	const struct mclic_revocation *list = p;
	enum mclic_why why;
	__u32 count;

	*sig = *sig_len = 0;
	if (len < sizeof(*list))
		return MCLIC_BAD_LENGTH;
	why = mclic_head_check(list->magic, MCLIC_REVOCATION_MAGIC, list->version, list->suite);
	if (why)
		return why;
	if (!mclic_is_zero(list->reserved, sizeof(list->reserved)))
		return MCLIC_BAD_RESERVED;
	count = mclic_get32(list->count);
	if (count > MCLIC_REVOCATION_MAX)
		return MCLIC_BAD_COUNT;
	if (mclic_get16(list->sig_algorithm) != MCLIC_SIG_RSA_SHA256 ||
	    mclic_get16(list->sig_len) < MCLIC_SIG_MIN ||
	    mclic_get16(list->sig_len) > MCLIC_SIG_MAX)
		return MCLIC_BAD_SIG_FIELD;
	if (len != sizeof(*list) + count * sizeof(struct mclic_revocation_entry) +
		   mclic_get16(list->sig_len))
		return MCLIC_BAD_LENGTH;
	why = revocation_entries_check(list);
	if (why)
		return why;
	*sig_len = mclic_get16(list->sig_len);
	*sig = len - *sig_len;
	return MCLIC_OK;
}

__u32 mclic_revocation_find(const struct mclic_revocation *list,
			    const __u8 licence_id[MCLIC_ID_SIZE])
{
	const struct mclic_revocation_entry *e = entries(list);
	__u32 low = 0, high = mclic_get32(list->count), middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = memcmp(licence_id, e[middle].licence_id, MCLIC_ID_SIZE);
		if (!order)
			return mclic_get32(e[middle].lowest_good);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return 0;
}
