// SPDX-License-Identifier: GPL-2.0-or-later
/* Tokens of users and publishers: 128 random bits, stored as a hash. */
#include "userspace/center/center.h"

#define TOKEN_SECRET	16

static int token_digest(const char *token, __u8 hash[MCLIC_HASH_SIZE])
{
	const struct mclic_crypto *crypto = mclic_openssl();
	const struct mclic_vec v = { token, TOKEN_SIZE };
	int ret = crypto->sha256(crypto, &v, 1, hash);

	return ret ? mclic_fail(-ret, "cannot compute the hash of a token") : 0;
}

int token_make(const struct center *c, char type, char token[TOKEN_SIZE + 1],
	       __u8 hash[MCLIC_HASH_SIZE])
{
	char id[2 * MCLIC_ID_SIZE + 1], secret[2 * TOKEN_SECRET + 1];
	__u8 random[TOKEN_SECRET];
	int ret = mclic_random(random, sizeof(random));

	if (ret)
		return ret;
	snprintf(token, TOKEN_SIZE + 1, "mclic-%c-%s-%s", type,
		 mclic_hex(c->id, sizeof(c->id), id),
		 mclic_hex(random, sizeof(random), secret));
	mclic_wipe(random, sizeof(random));
	mclic_wipe(secret, sizeof(secret));
	return token_digest(token, hash);
}

enum problem token_hash(const struct center *c, char type, const char *token,
			__u8 hash[MCLIC_HASH_SIZE])
{
	char id_text[2 * MCLIC_ID_SIZE + 1];
	const char prefix[] = { 'm', 'c', 'l', 'i', 'c', '-', type, '-', '\0' };
	size_t head = sizeof(prefix) - 1;
	__u8 id[MCLIC_ID_SIZE];

	if (strlen(token) != TOKEN_SIZE || strncmp(token, prefix, head) ||
	    token[head + 2 * MCLIC_ID_SIZE] != '-')
		return problem_refuse(PROBLEM_BAD_TOKEN, "A token reads mclic-%c-, 32 hexadecimal "
				      "digits, a hyphen, 32 more; copy it again", type);
	memcpy(id_text, token + head, 2 * MCLIC_ID_SIZE);
	id_text[2 * MCLIC_ID_SIZE] = '\0';
	if (mclic_unhex(id_text, id, sizeof(id)))
		return problem_refuse(PROBLEM_BAD_TOKEN, "The token names no center; copy it again");
	if (!mclic_equal(id, c->id, sizeof(id)))
		return problem_refuse(PROBLEM_UNKNOWN_CENTER, "The token is of center %s; ask there",
				      id_text);
	return problem_of(token_digest(token, hash));
}
