// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whole marker files: as they come, which only a publisher's signature would let pass, and
 * signed by a publisher who means harm.
 */
#include "manifest.h"

/* A private key of 32 bytes of 0x01 */
static EVP_PKEY *publisher(__u8 public[MCLIC_ED25519_PUBLIC])
{
	static EVP_PKEY *key;
	size_t len = MCLIC_ED25519_PUBLIC;
	__u8 secret[32];

	if (!key) {
		memset(secret, 1, sizeof(secret));
		key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret,
						   sizeof(secret));
	}
	HOLDS(key && EVP_PKEY_get_raw_public_key(key, public, &len) == 1);
	return key;
}

static void parse(const uint8_t *data, size_t size, bool sign)
{
	const struct mclic_crypto *c = mclic_openssl();
	__u8 *bytes = malloc(size + 1);
	struct mclic_marker *marker = (struct mclic_marker *)bytes, head;
	struct mclic_product *p = NULL;
	struct mclic_title title;
	__u8 public[MCLIC_ED25519_PUBLIC], hash[MCLIC_HASH_SIZE];
	EVP_PKEY *key;
	int err;

	HOLDS(bytes);
	take(bytes, size, data, size);
	if (sign) {
		head = *marker;
		key = publisher(public);
		memcpy(title.did, head.did, sizeof(title.did));
		title.content_version = mclic_get32(head.content_version);
		HOLDS(mclic_marker_make(c, &head, &title, mclic_get32(head.km_generation), public,
					size - sizeof(head)) == MCLIC_OK);
		*marker = head;
		HOLDS(EVP_Digest(bytes + sizeof(head), size - sizeof(head), hash, NULL,
				 EVP_sha256(), NULL) == 1);
		HOLDS(!mclic_product_sign(marker, hash, key));
	}
	err = mclic_product_parse(bytes, size, &p);
	if (err) {
		HOLDS(err == -EBADMSG && !p && *mclic_message());
		free(bytes);
		return;
	}
	HOLDS(p->len == size && p->bytes == bytes);
	HOLDS(mclic_publisher_check(c, &p->marker) == MCLIC_OK);
	HOLDS(mclic_get64(p->marker.manifest_len) == size - sizeof(p->marker));
	mclic_product_title(p, &title);
	HOLDS(title.content_version == p->manifest->version);
	manifest_holds(p->manifest);
	mclic_product_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse(data, size, false);
	if (size >= sizeof(struct mclic_marker))
		parse(data, size, true);
	return 0;
}
