// SPDX-License-Identifier: GPL-2.0-or-later
/* A product's marker file: who published it, and that the manifest is the publisher's. */
#include <stdlib.h>
#include <string.h>

#include "libmclic.h"

/* What the publisher's signature covers: label, the marker's head, SHA-256(manifest). */
static void signed_parts(const struct mclic_marker *marker, const __u8 hash[MCLIC_HASH_SIZE],
			 struct mclic_vec v[3])
{
	v[0] = (struct mclic_vec){ MCLIC_LABEL_PRODUCT, strlen(MCLIC_LABEL_PRODUCT) };
	v[1] = (struct mclic_vec){ marker, MCLIC_MARKER_SIGNED };
	v[2] = (struct mclic_vec){ hash, MCLIC_HASH_SIZE };
}

int mclic_product_sign(struct mclic_marker *marker, const __u8 hash[MCLIC_HASH_SIZE],
		       EVP_PKEY *publisher)
{
	struct mclic_vec v[3];

	signed_parts(marker, hash, v);
	return mclic_ed25519_sign(publisher, v, 3, marker->sig);
}

/* The manifest is looked at only after its publisher's signature has been found good. */
static int check_marker(const struct mclic_marker *marker, const void *manifest, size_t len)
{
	const struct mclic_crypto *c = mclic_openssl();
	enum mclic_why why = mclic_marker_check(marker, sizeof(*marker));
	const struct mclic_vec text = { manifest, len };
	__u8 hash[MCLIC_HASH_SIZE];
	struct mclic_vec v[3];
	int err;

	if (!why && mclic_get64(marker->manifest_len) != len)
		why = MCLIC_BAD_LENGTH;
	if (why)
		return mclic_fail(EBADMSG, "the product's marker is damaged: %s",
				  mclic_why_text(why));
	why = mclic_publisher_check(c, marker);
	if (why)
		return mclic_fail(EBADMSG,
				  "the product's marker names another publisher than its key's");
	err = c->sha256(c, &text, 1, hash);
	if (err)
		return err;
	signed_parts(marker, hash, v);
	err = mclic_ed25519_verify(marker->publisher_key, v, 3, marker->sig);
	if (err == -EKEYREJECTED)
		return mclic_fail(EBADMSG,
				  "the publisher's signature does not match the product: its marker or manifest was changed");
	return err;
}

int mclic_product_parse(void *bytes, size_t len, struct mclic_product **p)
{
	struct mclic_product *product;
	const void *manifest;
	size_t manifest_len;
	int err;

	*p = NULL;
	if (len < sizeof(struct mclic_marker))
		return mclic_fail(EBADMSG, "the product's marker is cut short");
	product = calloc(1, sizeof(*product));
	if (!product)
		return mclic_fail(ENOMEM, "not enough memory");
	memcpy(&product->marker, bytes, sizeof(product->marker));
	manifest = (const char *)bytes + sizeof(product->marker);
	manifest_len = len - sizeof(product->marker);

	err = check_marker(&product->marker, manifest, manifest_len);
	if (!err)
		err = mclic_manifest_parse(manifest, manifest_len, &product->manifest);
	if (!err && product->manifest->version != mclic_get32(product->marker.content_version))
		err = mclic_fail(EBADMSG,
				 "the product's manifest and marker name different versions");
	if (err) {
		mclic_product_free(product);
		return err;
	}
	product->bytes = bytes;
	product->len = len;
	*p = product;
	return 0;
}

void mclic_product_free(struct mclic_product *p)
{
	if (!p)
		return;
	mclic_manifest_free(p->manifest);
	free(p->bytes);
	free(p);
}

void mclic_product_title(const struct mclic_product *p, struct mclic_title *t)
{
	memcpy(t->did, p->marker.did, sizeof(t->did));
	t->content_version = mclic_get32(p->marker.content_version);
}
