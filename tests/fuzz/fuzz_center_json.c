// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON bodies at the center: accepted or bad-json with a sentence; what is accepted is whole. */
#include "fuzz.h"
#include "userspace/center/center.h"

static void member(json_t *j, const char *name, const void *p, size_t n)
{
	char *text = mclic_base64(p, n);

	HOLDS(text);
	json_object_set_new(j, name, json_string(text));
	free(text);
}

/* Written again, @b is read as it was. */
static void enrol_again(const struct enrol_body *b)
{
	json_t *j = json_object();
	struct enrol_body again;
	char *text;

	if (*b->token)
		json_object_set_new(j, "token", json_string(b->token));
	member(j, "device_key", b->device_key, sizeof(b->device_key));
	member(j, "exchange_key", b->exchange_key, sizeof(b->exchange_key));
	member(j, "signature", b->sig, sizeof(b->sig));
	text = json_dumps(j, 0);
	HOLDS(text && body_enrol(text, strlen(text), &again) == PROBLEM_NONE);
	HOLDS(!memcmp(b, &again, sizeof(again)));
	free(text);
	json_decref(j);
}

static void register_again(const struct register_body *b)
{
	json_t *j = json_object();
	struct register_body again;
	char *text;

	json_object_set_new(j, "title", json_string(b->title));
	json_object_set_new(j, "content_version", json_integer(b->content_version));
	member(j, "publisher_key", b->publisher_key, sizeof(b->publisher_key));
	member(j, "exchange_key", b->exchange_key, sizeof(b->exchange_key));
	member(j, "signature", b->sig, sizeof(b->sig));
	text = json_dumps(j, 0);
	HOLDS(text && body_register(text, strlen(text), &again) == PROBLEM_NONE);
	HOLDS(!memcmp(b, &again, sizeof(again)));
	free(text);
	json_decref(j);
}

static void token_holds(const char *token)
{
	static const struct center center = { .id = { 0 } };
	__u8 hash[MCLIC_HASH_SIZE];
	enum problem p = token_hash(&center, TOKEN_USER, token, hash);

	HOLDS(p == PROBLEM_NONE || p == PROBLEM_BAD_TOKEN || p == PROBLEM_UNKNOWN_CENTER);
	HOLDS(p == PROBLEM_BAD_TOKEN || strlen(token) == TOKEN_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct register_body r;
	struct enrol_body e;
	enum problem p;

	p = body_enrol(data, size, &e);
	HOLDS(p == PROBLEM_NONE || (p == PROBLEM_BAD_JSON && *mclic_message()));
	if (!p) {
		HOLDS(strlen(e.token) <= TOKEN_SIZE);
		token_holds(e.token);
		enrol_again(&e);
	}
	p = body_register(data, size, &r);
	HOLDS(p == PROBLEM_NONE || (p == PROBLEM_BAD_JSON && *mclic_message()));
	if (!p) {
		HOLDS(body_title_ok(r.title) && r.content_version);
		register_again(&r);
	}
	return 0;
}
