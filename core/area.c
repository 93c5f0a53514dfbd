// SPDX-License-Identifier: GPL-2.0-or-later
/* The licence area: its header and the form of a slot. */
#include "core.h"

_Static_assert(sizeof(struct mclic_area_header) == MCLIC_SLOT_SIZE, "area header");
_Static_assert(sizeof(struct mclic_slot) == MCLIC_SLOT_SIZE, "slot");
_Static_assert(sizeof(struct mclic_slot_carried) == MCLIC_SLOT_CARRIED, "carried part");
_Static_assert(sizeof(struct mclic_terms) == 256, "terms");
_Static_assert(offsetof(struct mclic_slot, sig_algorithm) == MCLIC_SLOT_SIGNED, "signed part");

/* Bytes of a slot or header that its CRC covers. */
#define CRC_COVERS	(MCLIC_SLOT_SIZE - sizeof(__le32))

static enum mclic_why factory_check(const struct mclic_area_header *h)
{
	bool none = mclic_is_zero(h->factory_id, sizeof(h->factory_id));

	if (h->factory_kind == MCLIC_FACTORY_NONE)
		return none ? MCLIC_OK : MCLIC_BAD_FACTORY;
	if (h->factory_kind == MCLIC_FACTORY_EMULATED)
		return none ? MCLIC_BAD_FACTORY : MCLIC_OK;
	return MCLIC_BAD_FACTORY;
}

enum mclic_why mclic_area_header_check(const struct mclic_crypto *c,
				       const struct mclic_area_header *h)
{
	__u32 slots = mclic_get32(h->slots);
	enum mclic_why why;

	if (memcmp(h->magic, MCLIC_AREA_MAGIC, sizeof(h->magic)))
		return MCLIC_BAD_MAGIC;
	if (mclic_get16(h->version) != MCLIC_VERSION)
		return MCLIC_BAD_VERSION;
	if (c->crc32(h, CRC_COVERS) != mclic_get32(h->crc))
		return MCLIC_BAD_CRC;
	if (h->reserved1 || !mclic_is_zero(h->reserved2, sizeof(h->reserved2)))
		return MCLIC_BAD_RESERVED;
	if (slots < MCLIC_AREA_SLOTS_MIN || slots > MCLIC_AREA_SLOTS)
		return MCLIC_BAD_COUNT;
	why = factory_check(h);
	if (why)
		return why;
	return mclic_text_ok(h->label, sizeof(h->label)) ? MCLIC_OK : MCLIC_BAD_TEXT;
}

enum mclic_why mclic_area_header_make(const struct mclic_crypto *c,
				      struct mclic_area_header *h, __u32 slots,
				      const __u8 area_id[MCLIC_ID_SIZE],
				      const __u8 *factory_id, const char *label)
{
	size_t i;

	memset(h, 0, sizeof(*h));
	memcpy(h->magic, MCLIC_AREA_MAGIC, sizeof(h->magic));
	h->version = mclic_put16(MCLIC_VERSION);
	h->slots = mclic_put32(slots);
	memcpy(h->area_id, area_id, sizeof(h->area_id));
	if (factory_id) {
		h->factory_kind = MCLIC_FACTORY_EMULATED;
		memcpy(h->factory_id, factory_id, sizeof(h->factory_id));
	}
	for (i = 0; label[i]; i++) {
		if (i == sizeof(h->label) - 1)
			return MCLIC_BAD_TEXT;
		h->label[i] = (__u8)label[i];
	}
	h->crc = mclic_put32(c->crc32(h, CRC_COVERS));
	return mclic_area_header_check(c, h);
}

static enum mclic_why terms_check(const struct mclic_terms *t)
{
	bool nobody = mclic_is_zero(t->user_id, sizeof(t->user_id));

	if (t->kind != MCLIC_PORTABLE && t->kind != MCLIC_PERSONAL)
		return MCLIC_BAD_KIND;
	if (nobody != (t->kind == MCLIC_PORTABLE))
		return MCLIC_BAD_USER;
	if (mclic_get32(t->flags) & MCLIC_FLAGS_CRITICAL)
		return MCLIC_BAD_FLAGS;
	if (!mclic_medium_known(t->medium_kind, t->medium_class))
		return MCLIC_BAD_MEDIUM_KIND;
	if (mclic_is_zero(t->licence_id, sizeof(t->licence_id)))
		return MCLIC_BAD_LICENCE_ID;
	if (!mclic_get32(t->sequence))
		return MCLIC_BAD_SEQUENCE;
	return mclic_text_ok(t->title, sizeof(t->title)) ? MCLIC_OK : MCLIC_BAD_TEXT;
}

static enum mclic_why signature_field_check(const struct mclic_slot_carried *s)
{
	__u16 len = mclic_get16(s->sig_len);

	if (mclic_get16(s->sig_algorithm) != MCLIC_SIG_RSA_SHA256 ||
	    len < MCLIC_SIG_MIN || len > MCLIC_SIG_MAX ||
	    !mclic_is_zero(s->sig + len, MCLIC_SIG_MAX - len))
		return MCLIC_BAD_SIG_FIELD;
	return MCLIC_OK;
}

enum mclic_why mclic_slot_head_check(const struct mclic_slot_carried *s)
{
	if (mclic_is_zero(s->magic, sizeof(s->magic)))
		return MCLIC_FREE;
	return mclic_head_check(s->magic, MCLIC_SLOT_MAGIC, s->version, s->suite);
}

enum mclic_why mclic_slot_body_check(const struct mclic_slot_carried *s)
{
	enum mclic_why why;

	if (s->reserved1 || s->reserved2 || s->terms.reserved1 || s->terms.reserved2)
		return MCLIC_BAD_RESERVED;
	why = terms_check(&s->terms);
	return why ? why : signature_field_check(s);
}

enum mclic_why mclic_slot_check(const struct mclic_crypto *c, const struct mclic_slot *s)
{
	enum mclic_why why = mclic_slot_head_check(&s->carried);

	if (why)
		return why;
	if (c->crc32(s, CRC_COVERS) != mclic_get32(s->crc))
		return MCLIC_BAD_CRC;
	return mclic_slot_body_check(&s->carried);
}

void mclic_slot_finish(const struct mclic_crypto *c, struct mclic_slot *s)
{
	memset(s->ignored, 0, sizeof(s->ignored));
	s->crc = mclic_put32(c->crc32(s, CRC_COVERS));
}

bool mclic_same_licence(const struct mclic_terms *a, const struct mclic_terms *b)
{
	return !memcmp(a->licence_id, b->licence_id, MCLIC_ID_SIZE) &&
	       !memcmp(a->center_id, b->center_id, MCLIC_ID_SIZE);
}
