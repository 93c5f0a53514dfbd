// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * resign - a marker with another publisher's key and signature, or another manifest.
 *
 *	resign MARKER OUT [MANIFEST [KEY]]
 *
 * What a forger can do who has a master and a key of his own; with the publisher's KEY (PEM),
 * what the publisher can. Status 0, or 1.
 */
#include <fcntl.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "userspace/lib/libmclic.h"

static EVP_PKEY *new_key(__u8 public[MCLIC_ED25519_PUBLIC])
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	size_t n = MCLIC_ED25519_PUBLIC;

	return key && EVP_PKEY_get_raw_public_key(key, public, &n) == 1 ? key : NULL;
}

/* With the key in @path, or a new one */
static int sign(struct mclic_marker *m, const void *manifest, size_t len, const char *path)
{
	EVP_PKEY *key = NULL;
	__u8 hash[MCLIC_HASH_SIZE];
	struct mclic_vec v[3] = {
		{ MCLIC_LABEL_PRODUCT, strlen(MCLIC_LABEL_PRODUCT) },
		{ m, MCLIC_MARKER_SIGNED },
		{ hash, sizeof(hash) },
	};
	struct mclic_vec public = { m->publisher_key, sizeof(m->publisher_key) };
	struct mclic_vec all = { manifest, len };
	int err;

	if (!path)
		key = new_key(m->publisher_key);
	else if (mclic_ed25519_load(path, false, &key, m->publisher_key))
		return -1;
	if (!key)
		return -1;
	m->manifest_len = (__le64)mclic_put64(len);
	err = mclic_identifier(mclic_openssl(), MCLIC_LABEL_PUBLISHER, &public, 1,
			       m->publisher_id);
	if (!err)
		err = mclic_openssl()->sha256(mclic_openssl(), &all, 1, hash);
	if (!err)
		err = mclic_ed25519_sign(key, v, 3, m->sig);
	EVP_PKEY_free(key);
	return err;
}

int main(int argc, char **argv)
{
	const size_t head = sizeof(struct mclic_marker);
	MCLIC_AUTO_FREE __u8 *out = NULL;
	void *marker, *manifest = NULL;
	size_t len, manifest_len;
	int err;

	if (argc < 3 || argc > 5 ||
	    mclic_read_file(AT_FDCWD, argv[1], head + MCLIC_MANIFEST_MAX, &marker, &len) ||
	    len < head)
		return 1;
	manifest_len = len - head;
	if (argc > 3 && mclic_read_file(AT_FDCWD, argv[3], MCLIC_MANIFEST_MAX, &manifest,
					&manifest_len))
		return 1;
	out = malloc(head + manifest_len);
	if (!out)
		return 1;
	memcpy(out, marker, head);
	memcpy(out + head, manifest ? manifest : (__u8 *)marker + head, manifest_len);
	err = sign((struct mclic_marker *)out, out + head, manifest_len,
		   argc > 4 ? argv[4] : NULL);
	if (!err)
		err = mclic_write_file(AT_FDCWD, argv[2], out, head + manifest_len, 0644);
	free(marker);
	free(manifest);
	return err ? 1 : 0;
}
