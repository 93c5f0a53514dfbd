// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests: what passes keeps every promise of Documentation/format.rst. */
#include "fuzz.h"

static void promises(const struct mclic_request *q)
{
	struct mclic_request again = *q;
	bool new = q->operation == MCLIC_OP_NEW;

	HOLDS(q->operation >= MCLIC_OP_NEW && q->operation <= MCLIC_OP_RETURN);
	HOLDS(q->kind == MCLIC_PORTABLE || q->kind == MCLIC_PERSONAL);
	HOLDS(q->medium_kind >= 1 && q->medium_kind <= 7 && q->medium_class <= 3);
	HOLDS(!mclic_is_zero(q->mid, MCLIC_ID_SIZE) && !mclic_is_zero(q->user_id, MCLIC_ID_SIZE));
	HOLDS(mclic_is_zero(q->licence_id, MCLIC_ID_SIZE) == new);
	HOLDS(!mclic_get32(q->sequence) == new);
	mclic_request_finish(&again);
	HOLDS(!memcmp(&again, q, sizeof(again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mclic_request q;

	if (mclic_request_check(data, size) == MCLIC_OK) {
		HOLDS(size == sizeof(q));
		memcpy(&q, data, sizeof(q));
		promises(&q);
	}
	take(&q, sizeof(q), data, size);
	mclic_request_finish(&q);
	if (mclic_request_check(&q, sizeof(q)) == MCLIC_OK)
		promises(&q);
	return 0;
}
