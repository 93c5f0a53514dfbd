// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Revocation lists: in one that passes a search finds each entry and nothing else. Of a
 * list that fails only for its length the right length is tried as well.
 */
#include "fuzz.h"

static void search(const __u8 *p, size_t len, size_t sig, size_t sig_len)
{
	const struct mclic_revocation *list = (const struct mclic_revocation *)p;
	const struct mclic_revocation_entry *e;
	__u32 count = mclic_get32(list->count), i;
	__u8 id[MCLIC_ID_SIZE];

	HOLDS(sig_len >= MCLIC_SIG_MIN && sig_len <= MCLIC_SIG_MAX && sig + sig_len == len);
	HOLDS(sig == sizeof(*list) + (size_t)count * sizeof(*e));
	e = (const struct mclic_revocation_entry *)(p + sizeof(*list));
	for (i = 0; i < count; i++) {
		HOLDS(mclic_get32(e[i].lowest_good) > 0);
		HOLDS(mclic_revocation_find(list, e[i].licence_id) ==
		      mclic_get32(e[i].lowest_good));
		/* the next id, unless the next entry has it */
		memcpy(id, e[i].licence_id, sizeof(id));
		if (!++id[15] || (i + 1 < count && !memcmp(id, e[i + 1].licence_id, sizeof(id))))
			continue;
		HOLDS(mclic_revocation_find(list, id) == 0);
	}
	memset(id, 0, sizeof(id));
	if (!count || !mclic_is_zero(e[0].licence_id, sizeof(id)))
		HOLDS(mclic_revocation_find(list, id) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mclic_revocation head;
	size_t sig, sig_len, len;
	__u8 *copy;

	if (mclic_revocation_check(data, size, &sig, &sig_len) == MCLIC_OK)
		search(data, size, sig, sig_len);
	else
		HOLDS(!sig && !sig_len);
	if (size < sizeof(head))
		return 0;
	memcpy(&head, data, sizeof(head));
	head.count = mclic_put32(mclic_get32(head.count) % 64);
	head.sig_len = mclic_put16((__u16)(MCLIC_SIG_MIN + mclic_get16(head.sig_len) % 260));
	len = sizeof(head) + mclic_get32(head.count) * sizeof(struct mclic_revocation_entry) +
	      mclic_get16(head.sig_len);
	copy = malloc(len);
	HOLDS(copy);
	take(copy, len, data, size);
	memcpy(copy, &head, sizeof(head));
	if (mclic_revocation_check(copy, len, &sig, &sig_len) == MCLIC_OK)
		search(copy, len, sig, sig_len);
	HOLDS(mclic_revocation_check(copy, len - 1, &sig, &sig_len) != MCLIC_OK);
	free(copy);
	return 0;
}
