// SPDX-License-Identifier: GPL-2.0-or-later
/* What a pipeline reads: plain files, files of a source, sealed files of either. */
#include <string.h>

#include "libmclic.h"

ssize_t mclic_work_read_fd(void *in, void *buf, size_t len, __u64 off)
{
	return mclic_pread_full(*(const int *)in, buf, len, (off_t)off);
}

ssize_t mclic_work_read_source(void *in, void *buf, size_t len, __u64 off)
{
	return mclic_source_pread(in, buf, len, off);
}

static int unlike_manifest(const struct mclic_work *w, const char *what)
{
	return mclic_fail(EBADMSG, "\"%s\" is not the file that the publisher signed: %s", w->name,
			  what);
}

int mclic_work_sealed(struct mclic_work *w, __u64 sealed_len, const struct mclic_entry *e,
		      const struct mclic_title *title, __u32 km_generation, __u8 under,
		      const __u8 key[MCLIC_KEY_SIZE])
{
	struct mclic_trailer t;
	enum mclic_why why = MCLIC_BAD_SIZE;
	ssize_t n;

	if (sealed_len >= sizeof(t)) {
		n = w->read(w->in, &t, sizeof(t), sealed_len - sizeof(t));
		if (n < 0)
			return (int)n;
		if (n == sizeof(t))
			why = mclic_trailer_check(mclic_openssl(), &t, sealed_len, title,
						  km_generation, under, key, w->in_key,
						  &w->seal);
	}
	if (why)
		return mclic_fail(-mclic_errno(why), "\"%s\" is not a sound sealed file of this title: %s",
				  w->name, mclic_why_text(why));
	if (w->seal.size != e->size)
		return unlike_manifest(w, "its size differs");
	if (!mclic_equal(w->seal.file_id, e->file_id, MCLIC_ID_SIZE))
		return unlike_manifest(w, "its file id differs");
	w->sealed = true;
	w->size = e->size;
	w->expect = e->sha256;
	return 0;
}
