// SPDX-License-Identifier: GPL-2.0-or-later
/* The patent's steps, as they happen. Identifiers and sizes only: no keys. */

#include "mclic.h"
#include "userspace/lib/report.h"

static bool enabled;

void trace_enable(void)
{
	enabled = true;
}

void trace_step(const char *step, const char *fmt, ...)
{
	MCLIC_AUTO_FREE char *text = NULL;
	va_list args;

	if (!enabled)
		return;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	if (text)
		mclic_clean_text(text);
	fprintf(stderr, "%s %s\n", step, text ? text : "");
}

void trace_request(const struct mclic_request *q)
{
	char did[2 * MCLIC_ID_SIZE + 1], mid[2 * MCLIC_ID_SIZE + 1];

	mclic_hex(q->did, MCLIC_ID_SIZE, did);
	mclic_hex(q->mid, MCLIC_ID_SIZE, mid);
	trace_step("S1", "identifiers to the center: DID=%s MID=%s", did, mid);
	trace_step("S11", "identifiers to the center: DID=%s MID=%s", did, mid);
}

void trace_response(const struct mclic_request *q, const struct mclic_response *r)
{
	char id[2 * MCLIC_ID_SIZE + 1], cs[2 * MCLIC_CS_SIZE + 1];
	const struct mclic_terms *terms = &r->slot.terms;

	trace_step("S12", "DID=%s is registered at the center",
		   mclic_hex(terms->did, MCLIC_ID_SIZE, id));
	if (q->operation == MCLIC_OP_RETURN) {
		trace_step("return", "receipt received, without keys: licence %s ends with sequence %u",
			   mclic_hex(terms->licence_id, MCLIC_ID_SIZE, id),
			   mclic_get32(terms->sequence));
		return;
	}
	trace_step("S13", "the center derived Ku and Ka, KM generation %u",
		   mclic_get32(terms->km_generation));
	trace_step("S2", "CS=%s and EKU(KEYc) received from IDc=%s",
		   mclic_hex(r->slot.cs, MCLIC_CS_SIZE, cs),
		   mclic_hex(terms->center_id, MCLIC_ID_SIZE, id));
	trace_step("S14", "EMid(Ku,Ka) received, billed once as licence %s, sequence %u",
		   mclic_hex(terms->licence_id, MCLIC_ID_SIZE, id),
		   mclic_get32(terms->sequence));
}
