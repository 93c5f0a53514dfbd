// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Area headers. The CRC is made good, so that the fields are reached; a header that
 * passes is the one that mclic_area_header_make() writes from its fields.
 */
#include "fuzz.h"

static void same_again(const struct mclic_crypto *c, const struct mclic_area_header *h)
{
	struct mclic_area_header again;
	char label[sizeof(h->label) + 1] = { 0 };
	__u32 slots = mclic_get32(h->slots);

	HOLDS(slots >= 2 && slots <= 256);
	HOLDS(mclic_text_ok(h->label, sizeof(h->label)));
	memcpy(label, h->label, sizeof(h->label));
	if (strlen(label) == sizeof(h->label))
		return;		/* longer than one that is made */
	HOLDS(mclic_area_header_make(c, &again, slots, h->area_id,
				     h->factory_kind ? h->factory_id : NULL, label) == MCLIC_OK);
	HOLDS(!memcmp(h, &again, offsetof(struct mclic_area_header, ignored)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mclic_crypto *c = mclic_openssl();
	struct mclic_area_header h;
	size_t at = pick64(data, size, 0) % sizeof(h);

	take(&h, sizeof(h), data, size);
	if (mclic_area_header_check(c, &h) == MCLIC_OK)
		same_again(c, &h);
	h.crc = mclic_put32(c->crc32(&h, sizeof(h) - sizeof(h.crc)));
	if (mclic_area_header_check(c, &h) != MCLIC_OK)
		return 0;
	same_again(c, &h);
	((__u8 *)&h)[at] ^= (__u8)(1 << size % 8);
	HOLDS(mclic_area_header_check(c, &h) != MCLIC_OK);
	return 0;
}
