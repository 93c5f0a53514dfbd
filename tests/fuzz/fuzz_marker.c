// SPDX-License-Identifier: GPL-2.0-or-later
/* The heads of markers; one that passes is the one made from its fields. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mclic_crypto *c = mclic_openssl();
	struct mclic_marker m, made;
	struct mclic_title title;

	if (mclic_marker_check((const struct mclic_marker *)data, size))
		return 0;
	HOLDS(size >= MCLIC_MARKER_SIGNED);
	take(&m, sizeof(m), data, size);
	HOLDS(mclic_get64(m.manifest_len) <= MCLIC_MANIFEST_MAX);
	memcpy(title.did, m.did, sizeof(title.did));
	title.content_version = mclic_get32(m.content_version);
	HOLDS(mclic_marker_make(c, &made, &title, mclic_get32(m.km_generation), m.publisher_key,
				mclic_get64(m.manifest_len)) == MCLIC_OK);
	HOLDS(mclic_publisher_check(c, &made) == MCLIC_OK);
	HOLDS((mclic_publisher_check(c, &m) == MCLIC_OK) ==
	      !memcmp(m.publisher_id, made.publisher_id, MCLIC_ID_SIZE));
	memcpy(m.publisher_id, made.publisher_id, MCLIC_ID_SIZE);
	HOLDS(!memcmp(&m, &made, MCLIC_MARKER_SIGNED));
	return 0;
}
