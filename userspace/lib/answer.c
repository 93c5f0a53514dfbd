// SPDX-License-Identifier: GPL-2.0-or-later
/* Tokens name a center by IDc; what it answers must be signed by the certificate of that IDc. */
#include <errno.h>
#include <string.h>

#include "libmclic.h"

const char *mclic_json_text(const json_t *j, const char *name)
{
	const char *s = json_string_value(json_object_get(j, name));

	return s ? s : "";
}

int mclic_token_center(const char *token, const char *prefix, __u8 center_id[MCLIC_ID_SIZE])
{
	size_t start = strlen(prefix), end = start + 2 * MCLIC_ID_SIZE;
	char id[2 * MCLIC_ID_SIZE + 1] = "";
	__u8 secret[MCLIC_ID_SIZE];
	int err;

	if (strncmp(token, prefix, start) || strlen(token) != end + 1 + 2 * sizeof(secret) ||
	    token[end] != '-')
		return -EINVAL;
	memcpy(id, token + start, 2 * MCLIC_ID_SIZE);
	err = mclic_unhex(token + end + 1, secret, sizeof(secret));
	mclic_wipe(secret, sizeof(secret));
	return err ? -EINVAL : mclic_unhex(id, center_id, MCLIC_ID_SIZE);
}

static int bad_answer(const char *who, const char *what)
{
	return mclic_fail(EPROTO, "%s gave an answer that cannot be used: %s", who, what);
}

int mclic_answer_center(const json_t *answer, const __u8 center_id[MCLIC_ID_SIZE],
			const char *who, X509 **cert)
{
	const char *pem = mclic_json_text(answer, "certificate");
	X509 *found = mclic_cert_read(pem, strlen(pem));
	__u8 id[MCLIC_ID_SIZE];
	int err;

	if (!found)
		return bad_answer(who, "it has no certificate");
	err = mclic_center_id(found, id);
	if (!err && !mclic_equal(id, center_id, sizeof(id)))
		err = mclic_fail(EKEYREJECTED, "%s is another license center than the one meant; check the address with whoever gave you the token",
				 who);
	if (!err && cert)
		*cert = found;
	else
		X509_free(found);
	return err;
}

int mclic_center_meet(const struct mclic_account *a)
{
	MCLIC_AUTO_JSON json_t *status = NULL;
	struct mclic_reply r = { 0 };
	int err;

	err = mclic_http(a, "GET", "/v1/status", NULL, NULL, 0, NULL, &r);
	if (err)
		return err;
	status = json_loadb(r.body, r.len, JSON_REJECT_DUPLICATES, NULL);
	mclic_reply_free(&r);
	return mclic_answer_center(status, a->center_id, a->url, NULL);
}

static int check_signature(EVP_PKEY *key, const char *label, const char *content,
			   const char *encoded, const char *who)
{
	const struct mclic_vec v[] = {
		{ label, strlen(label) },
		{ content, strlen(content) },
	};
	size_t len = (size_t)EVP_PKEY_get_size(key);
	__u8 sig[MCLIC_SIG_MAX];

	if (len > sizeof(sig) || mclic_unbase64(encoded, sig, len))
		return bad_answer(who, "its signature is malformed");
	return mclic_rsa_verify(key, v, 2, sig, len) ?
	       mclic_fail(EKEYREJECTED, "%s: the answer is not signed by the license center",
			  who) : 0;
}

int mclic_answer_open(const json_t *answer, const __u8 center_id[MCLIC_ID_SIZE],
		      const char *label, const char *member, const char *who, json_t **content)
{
	const char *text = mclic_json_text(answer, member);
	X509 *cert = NULL;
	int err;

	*content = NULL;
	err = mclic_answer_center(answer, center_id, who, &cert);
	if (err)
		return err;
	err = check_signature(X509_get0_pubkey(cert), label, text,
			      mclic_json_text(answer, "signature"), who);
	X509_free(cert);
	if (err)
		return err;
	*content = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	return *content ? 0 : bad_answer(who, "what is signed is not JSON");
}
