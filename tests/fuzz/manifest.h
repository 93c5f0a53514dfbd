/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must hold of a manifest that was accepted */
#ifndef FUZZ_MANIFEST_H
#define FUZZ_MANIFEST_H

#include "fuzz.h"

static inline const struct mclic_entry *manifest_entry(const struct mclic_manifest *m,
						       size_t before, const char *path,
						       size_t len)
{
	size_t i;

	for (i = 0; i < before; i++)
		if (strlen(m->entries[i].path) == len && !memcmp(m->entries[i].path, path, len))
			return &m->entries[i];
	return NULL;
}

static inline void manifest_holds(const struct mclic_manifest *m)
{
	const struct mclic_entry *e, *parent;
	const char *slash;
	__u64 total = 0;
	size_t i;

	HOLDS(m->title && mclic_utf8_ok(m->title, strlen(m->title)));
	for (i = 0; i < m->count; i++) {
		e = &m->entries[i];
		HOLDS(mclic_path_check(e->path, strlen(e->path)) == MCLIC_OK);
		HOLDS(!manifest_entry(m, i, e->path, strlen(e->path)));
		HOLDS(!(e->mode & ~0777u));
		slash = strrchr(e->path, '/');
		if (slash) {
			parent = manifest_entry(m, i, e->path, (size_t)(slash - e->path));
			HOLDS(parent && parent->type == MCLIC_ENTRY_DIR);
		}
		HOLDS((e->type == MCLIC_ENTRY_LINK) == (e->target != NULL));
		if (e->target)
			HOLDS(mclic_link_check(e->path, strlen(e->path), e->target,
					       strlen(e->target)) == MCLIC_OK);
		HOLDS(e->size <= MCLIC_PLAIN_MAX && (!e->size || e->type == MCLIC_ENTRY_FILE));
		total += e->size;
	}
	HOLDS(total == m->total);
}

#endif /* FUZZ_MANIFEST_H */
