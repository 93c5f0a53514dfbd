// SPDX-License-Identifier: GPL-2.0-or-later
/* The exchange of an enrolment (Documentation/protocol.rst, POST /v1/enrol). */

#include <stdlib.h>

#include "enrol.h"

/**
 * struct exchange - one enrolment on its way
 * @a: account
 * @device_public: Ed25519
 * @device_id: of it
 * @key: fresh X25519 pair
 * @public: of it
 */
struct exchange {
	struct mclic_account *a;
	__u8 device_public[MCLIC_ED25519_PUBLIC];
	__u8 device_id[MCLIC_ID_SIZE];
	EVP_PKEY *key;
	__u8 public[32];
};

static int bad_answer(const struct exchange *x, const char *what)
{
	return mclic_fail(EPROTO, "%s: the answer to the enrolment is not usable: %s", x->a->url, what);
}

/* ---- asking ---- */

static json_t *base64(const void *p, size_t n)
{
	MCLIC_AUTO_FREE char *text = mclic_base64(p, n);

	return text ? json_string(text) : NULL;
}

static int make_body(struct exchange *x, const char *token, char **body)
{
	struct mclic_vec v[4] = {
		{ MCLIC_LABEL_ENROL, strlen(MCLIC_LABEL_ENROL) },
		{ x->a->center_id, MCLIC_ID_SIZE },
		{ x->device_public, sizeof(x->device_public) },
		{ x->public, sizeof(x->public) },
	};
	MCLIC_AUTO_JSON json_t *j = NULL;
	__u8 sig[MCLIC_ED25519_SIG];
	EVP_PKEY *device;
	int err;

	err = mclic_device_key(true, &device, x->device_public, x->device_id);
	if (err)
		return err;
	err = mclic_ed25519_sign(device, v, 4, sig);
	EVP_PKEY_free(device);
	if (err)
		return err;
	j = json_pack("{s:o, s:o, s:o}",
		      "device_key", base64(x->device_public, sizeof(x->device_public)),
		      "exchange_key", base64(x->public, sizeof(x->public)),
		      "signature", base64(sig, sizeof(sig)));
	if (j && token && json_object_set_new(j, "token", json_string(token)))
		return mclic_fail(EINVAL, "the token is not text");
	*body = j ? json_dumps(j, JSON_COMPACT) : NULL;
	return *body ? 0 : mclic_fail(ENOMEM, "not enough memory");
}

static int ask(struct exchange *x, const char *token, json_t **answer)
{
	struct mclic_reply r = { 0 };
	char *body = NULL;
	int err;

	err = make_body(x, token, &body);
	if (err)
		return err;
	err = mclic_http(x->a, "POST", "/v1/enrol", "application/json", body, strlen(body), NULL, &r);
	mclic_wipe(body, strlen(body));
	free(body);
	if (err)
		return err;
	*answer = json_loadb(r.body, r.len, JSON_REJECT_DUPLICATES, NULL);
	mclic_reply_free(&r);
	return *answer ? 0 : bad_answer(x, "it is not JSON");
}

/* ---- keeping ---- */

static bool is_generation(const json_t *j)
{
	return json_is_integer(j) && json_integer_value(j) > 0 &&
	       json_integer_value(j) <= UINT32_MAX;
}

static int keep_user_key(struct exchange *x, const json_t *entry, __u8 *ku)
{
	const json_t *generation = json_object_get(entry, "generation");
	const json_t *km_generation = json_object_get(entry, "km_generation");
	__u8 info[sizeof(MCLIC_LABEL_KU) - 1 + 2 * MCLIC_ID_SIZE + 8], box[MCLIC_KEY_BOX_SIZE];
	__u8 *p = info;
	__le32 n;
	int err;

	if (!is_generation(generation) || !is_generation(km_generation) ||
	    mclic_unbase64(mclic_json_text(entry, "box"), box, sizeof(box)))
		return bad_answer(x, "a user key is malformed");
	memcpy(p, MCLIC_LABEL_KU, sizeof(MCLIC_LABEL_KU) - 1);
	p += sizeof(MCLIC_LABEL_KU) - 1;
	memcpy(p, x->a->center_id, MCLIC_ID_SIZE);
	p += MCLIC_ID_SIZE;
	memcpy(p, x->a->user_id, MCLIC_ID_SIZE);
	p += MCLIC_ID_SIZE;
	n = mclic_put32((__u32)json_integer_value(generation));
	memcpy(p, &n, sizeof(n));
	n = mclic_put32((__u32)json_integer_value(km_generation));
	memcpy(p + sizeof(n), &n, sizeof(n));
	err = mclic_box_open(x->key, info, sizeof(info), box, sizeof(box), ku);
	if (err)
		return err;
	if (json_integer_value(generation) > x->a->ku_generation)
		x->a->ku_generation = (__u32)json_integer_value(generation);
	return mclic_user_key_save(x->a->center_id, x->a->user_id,
				   (__u32)json_integer_value(generation), ku);
}

static int keep_user_keys(struct exchange *x, const json_t *enrolment)
{
	const json_t *keys = json_object_get(enrolment, "user_keys"), *entry;
	__u8 *ku = mclic_secret_alloc(MCLIC_KEY_SIZE);
	size_t i;
	int err = 0;

	if (!ku)
		return mclic_fail(ENOMEM, "not enough locked memory for keys");
	if (!json_array_size(keys))
		err = bad_answer(x, "it holds no user key");
	json_array_foreach(keys, i, entry)
		if (!err)
			err = keep_user_key(x, entry, ku);
	mclic_secret_free(ku, MCLIC_KEY_SIZE);
	return err;
}

/* What is signed must be about this center, this device and this exchange. */
static int check_enrolment(struct exchange *x, const json_t *e)
{
	const char *name = mclic_json_text(e, "user_name");
	__u8 center[MCLIC_ID_SIZE], device[MCLIC_ID_SIZE], public[32];

	if (mclic_unhex(mclic_json_text(e, "center"), center, sizeof(center)) ||
	    mclic_unhex(mclic_json_text(e, "device"), device, sizeof(device)) ||
	    mclic_unhex(mclic_json_text(e, "user"), x->a->user_id, MCLIC_ID_SIZE) ||
	    mclic_unbase64(mclic_json_text(e, "exchange_key"), public, sizeof(public)) ||
	    memcmp(center, x->a->center_id, sizeof(center)) ||
	    memcmp(device, x->device_id, sizeof(device)) ||
	    memcmp(public, x->public, sizeof(public)))
		return bad_answer(x, "it is about another enrolment");
	if (!mclic_text_ok(name, strlen(name)))
		return bad_answer(x, "the user's name is not clean text");
	free(x->a->user_name);
	x->a->user_name = strdup(name);
	return x->a->user_name ? 0 : mclic_fail(ENOMEM, "not enough memory");
}

static int take_answer(struct exchange *x, const json_t *answer)
{
	const char *pem = mclic_json_text(answer, "certificate");
	MCLIC_AUTO_JSON json_t *enrolment = NULL;
	__u8 id[MCLIC_ID_SIZE];
	int err = mclic_answer_open(answer, x->a->center_id, MCLIC_LABEL_ENROLMENT, "enrolment",
				    x->a->url, &enrolment);

	if (!err)
		err = check_enrolment(x, enrolment);
	if (!err)
		err = keep_user_keys(x, enrolment);
	return err ? err : mclic_trust_keep(pem, strlen(pem), x->a->url, false, id);
}

int enrol_exchange(struct mclic_account *a, const char *token)
{
	MCLIC_AUTO_JSON json_t *answer = NULL;
	struct exchange x = { .a = a };
	int err;

	err = mclic_center_meet(a);
	if (!err)
		err = mclic_box_key(&x.key, x.public);
	if (!err)
		err = ask(&x, token, &answer);
	if (!err)
		err = take_answer(&x, answer);
	EVP_PKEY_free(x.key);
	return err;
}
