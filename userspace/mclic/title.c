// SPDX-License-Identifier: GPL-2.0-or-later
/* One title of a source or target. */

#include <stdlib.h>

#include "mclic.h"

void title_drop(struct title *t)
{
	mclic_product_free(t->product);
	free(t->name);
	t->product = NULL;
	t->name = NULL;
}

static int take(struct title *t, const char *name, struct mclic_product *product)
{
	t->name = strdup(name);
	if (!t->name) {
		mclic_product_free(product);
		return mclic_fail(ENOMEM, "not enough memory");
	}
	t->product = product;
	mclic_product_title(product, &t->id);
	return 0;
}

static bool is_wanted(const struct mclic_product *p, const char *want)
{
	__u8 did[MCLIC_ID_SIZE];

	if (!strcmp(p->manifest->title, want))
		return true;
	return !mclic_unhex(want, did, sizeof(did)) &&
	       !memcmp(did, p->marker.did, sizeof(did));
}

/* The directory's own name was not given: look into every marker that can be read. */
static int search(struct mclic_source *s, char **names, const char *want, struct title *t)
{
	struct mclic_product *p;
	int damaged = 0, err;

	for (; *names; names++) {
		if (stage_is(*names))
			continue;
		if (mclic_source_product(s, *names, &p)) {
			mclic_warn("%s", mclic_message());
			damaged++;
			continue;
		}
		if (!is_wanted(p, want)) {
			mclic_product_free(p);
			continue;
		}
		if (t->product) {
			mclic_product_free(p);
			return mclic_fail(ENOTUNIQ, "\"%s\" is the title of both %s and %s; name the directory",
					  want, t->name, *names);
		}
		err = take(t, *names, p);
		if (err)
			return err;
	}
	if (t->product)
		return 0;
	if (damaged)
		return mclic_fail(EBADMSG, "no readable title is called \"%s\"; %d cannot be read",
				  want, damaged);
	return mclic_fail(ENOENT, "no title is called \"%s\"; \"mclic list\" shows what there is", want);
}

int title_find(struct mclic_source *s, const char *want, struct title *t)
{
	struct mclic_product *p;
	char **names, **name;
	int err;

	err = mclic_source_list(s, &names);
	if (err)
		return err;
	for (name = names; *name && strcmp(*name, want); name++)
		;
	if (*name) {
		err = mclic_source_product(s, *name, &p);
		if (!err)
			err = take(t, *name, p);
	} else {
		err = search(s, names, want, t);
	}
	mclic_strv_free(names);
	return err;
}

int master_damaged(const char *title, int err)
{
	MCLIC_AUTO_FREE char *message = strdup(mclic_message());

	if (err != -EBADMSG || !message)
		return err;
	return mclic_fail(EBADMSG, "%s: the master is damaged: %s; copy from another one", title, message);
}

int publisher_same(const __u8 publisher_id[MCLIC_ID_SIZE], const struct title *title)
{
	if (mclic_equal(publisher_id, title->product->marker.publisher_id, MCLIC_ID_SIZE))
		return 0;
	return mclic_fail(EACCES, "%s: its marker is signed by another publisher than the one the license center knows for this title; do not use this copy",
			  title->name);
}
