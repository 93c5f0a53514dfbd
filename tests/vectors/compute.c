// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * compute: one computation of core, for comparison with the openssl command.
 *
 *	compute sha256 DATA
 *	compute cmac KEY DATA
 *	compute kdf KEY LABEL CONTEXT
 *	compute seal KEY NONCE AAD TEXT	ciphertext || tag
 *	compute licence KIND		hex of T and of CS, for the world of world.h
 *
 * Everything but LABEL and KIND (1 portable, 2 personal) in hexadecimal digits.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/vectors/world.h"
#include "userspace/lib/libmclic.h"

static void print_hex(const char *end, const void *p, size_t n)
{
	char *text = malloc(2 * n + 1);

	if (text)
		printf("%s%s", mclic_hex(p, n, text), end);
	free(text);
}

static struct mclic_vec bytes_of(const char *hex)
{
	size_t len = strlen(hex) / 2;
	__u8 *p = malloc(len + 1);

	if (!p || mclic_unhex(hex, p, len)) {
		fprintf(stderr, "compute: not hexadecimal: %s\n", hex);
		exit(2);
	}
	return (struct mclic_vec){ p, len };
}

static int licence(const struct mclic_crypto *c, __u8 kind)
{
	struct mclic_response r;
	struct mclic_terms terms, t;
	__u8 mid[MCLIC_ID_SIZE];
	int err;

	world_terms(kind, &terms);
	world_mid(mid);
	err = world_response(c, &terms, &r);
	mclic_terms_bind(&r.slot.terms, mid, &t);
	print_hex(" ", &t, sizeof(t));
	print_hex("\n", r.slot.cs, MCLIC_CS_SIZE);
	return err;
}

static int seal(const struct mclic_crypto *c, char **hex)
{
	const struct mclic_vec key = bytes_of(hex[0]), nonce = bytes_of(hex[1]);
	const struct mclic_vec aad = bytes_of(hex[2]), text = bytes_of(hex[3]);
	__u8 *out = malloc(text.len + MCLIC_TAG_SIZE);
	int err = -EINVAL;

	if (out && key.len == MCLIC_KEY_SIZE && nonce.len == MCLIC_NONCE_SIZE)
		err = c->seal(c, key.base, nonce.base, aad.base, aad.len, text.base, text.len, out);
	if (!err)
		print_hex("\n", out, text.len + MCLIC_TAG_SIZE);
	free(out);
	free((void *)key.base);
	free((void *)nonce.base);
	free((void *)aad.base);
	free((void *)text.base);
	return err;
}

int main(int argc, char **argv)
{
	const struct mclic_crypto *c = mclic_openssl();
	struct mclic_vec v[2] = { { NULL, 0 } };
	const char *what = argc > 1 ? argv[1] : "";
	__u8 out[MCLIC_HASH_SIZE] = { 0 };
	size_t n = sizeof(out);
	int err;

	if (!strcmp(what, "licence") && argc == 3)
		return licence(c, *argv[2] == '1' ? MCLIC_PORTABLE : MCLIC_PERSONAL) ? 1 : 0;
	if (!strcmp(what, "seal") && argc == 6)
		return seal(c, argv + 2) ? 1 : 0;
	if (argc < 3) {
		fprintf(stderr, "usage: compute sha256|cmac|kdf|seal|licence ARGUMENTS\n");
		return 2;
	}
	v[0] = bytes_of(argv[2]);
	v[1] = bytes_of(argc > 3 ? argv[argc - 1] : "");
	if (!strcmp(what, "sha256") && argc == 3) {
		err = c->sha256(c, v, 1, out);
	} else if (!strcmp(what, "cmac") && argc == 4 && v[0].len == MCLIC_KEY_SIZE) {
		n = MCLIC_CS_SIZE;
		err = c->cmac(c, v[0].base, &v[1], 1, out);
	} else if (!strcmp(what, "kdf") && argc == 5 && v[0].len == MCLIC_KEY_SIZE) {
		err = mclic_kdf(c, v[0].base, argv[3], &v[1], 1, out);
	} else {
		fprintf(stderr, "compute: wrong arguments\n");
		return 2;
	}
	print_hex("\n", out, n);
	free((void *)v[0].base);
	free((void *)v[1].base);
	return err ? 1 : 0;
}
