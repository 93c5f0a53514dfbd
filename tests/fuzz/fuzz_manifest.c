// SPDX-License-Identifier: GPL-2.0-or-later
/* Manifests: what is accepted stays inside the product, and is written and read back alike. */
#include "manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mclic_manifest *m, *again;
	char *text, *text2;
	int err = mclic_manifest_parse(data, size, &m);

	if (err) {
		HOLDS(err == -EBADMSG && !m && *mclic_message());
		return 0;
	}
	manifest_holds(m);
	text = mclic_manifest_text(m);
	HOLDS(text);
	HOLDS(mclic_manifest_parse(text, strlen(text), &again) == 0);
	HOLDS(again->count == m->count && again->total == m->total &&
	      again->version == m->version && !strcmp(again->title, m->title));
	text2 = mclic_manifest_text(again);
	HOLDS(text2 && !strcmp(text, text2));
	free(text);
	free(text2);
	mclic_manifest_free(again);
	mclic_manifest_free(m);
	return 0;
}
