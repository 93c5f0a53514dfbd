// SPDX-License-Identifier: GPL-2.0-or-later
/* Manifests: what is accepted stays inside the product, and is written and read back alike. */
#include <sys/mman.h>
#include <unistd.h>

#include "manifest.h"

static char *text_of(const struct mclic_manifest *m)
{
	int fd = memfd_create("manifest", MFD_CLOEXEC);
	__u8 hash[MCLIC_HASH_SIZE];
	size_t len, read;
	void *text;

	HOLDS(fd >= 0);
	HOLDS(!mclic_manifest_print(m, fd, 0, &len, hash));
	HOLDS(!mclic_read_fd(fd, "text", MCLIC_MANIFEST_MAX, &text, &read) && read == len);
	close(fd);
	return text;
}

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
	text = text_of(m);
	HOLDS(mclic_manifest_parse(text, strlen(text), &again) == 0);
	HOLDS(again->count == m->count && again->total == m->total &&
	      again->version == m->version && !strcmp(again->title, m->title));
	text2 = text_of(again);
	HOLDS(!strcmp(text, text2));
	free(text);
	free(text2);
	mclic_manifest_free(again);
	mclic_manifest_free(m);
	return 0;
}
