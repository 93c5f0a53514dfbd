// SPDX-License-Identifier: GPL-2.0-or-later
/* The JSON bodies that clients send. */
#include "userspace/center/center.h"

/* @text: NULL when @len is 0 */
static json_t *body_load(const void *text, size_t len)
{
	json_error_t error;
	json_t *j = json_loadb(text ? text : "", len, JSON_REJECT_DUPLICATES, &error);

	if (!j)
		problem_refuse(PROBLEM_BAD_JSON, "The body is not JSON (line %d, column %d)",
			       error.line, error.column);
	else if (!json_is_object(j))
		problem_refuse(PROBLEM_BAD_JSON, "The body is not a JSON object");
	return j;
}

/* A string member of 1 to size - 1 bytes. */
static enum problem body_string(const json_t *j, const char *name, char *out, size_t size)
{
	const json_t *v = json_object_get(j, name);
	size_t len = v ? json_string_length(v) : 0;

	if (!json_is_string(v) || !len || len >= size)
		return problem_refuse(PROBLEM_BAD_JSON, "\"%s\" must be a string of 1 to %zu bytes",
				      name, size - 1);
	memcpy(out, json_string_value(v), len);
	out[len] = '\0';
	return PROBLEM_NONE;
}

static enum problem body_base64(const json_t *j, const char *name, void *out, size_t n)
{
	const json_t *v = json_object_get(j, name);

	if (!json_is_string(v) || mclic_unbase64(json_string_value(v), out, n))
		return problem_refuse(PROBLEM_BAD_JSON, "\"%s\" must be base64 of %zu bytes",
				      name, n);
	return PROBLEM_NONE;
}

/* X25519 has points that nothing can be sealed to; sealing tells. */
static enum problem body_exchange_key(const json_t *j, __u8 key[32])
{
	__u8 box[MCLIC_BOX_OVERHEAD + 1];
	enum problem p = body_base64(j, "exchange_key", key, 32);
	int ret = p ? 0 : mclic_box_seal(key, "", 0, "", 1, box);

	if (ret == -EINVAL)
		return problem_refuse(PROBLEM_BAD_JSON, "\"exchange_key\" is not a public key of "
				      "X25519; make a new pair");
	return p ? p : problem_of(ret);
}

static enum problem body_u32(const json_t *j, const char *name, __u32 *out)
{
	const json_t *v = json_object_get(j, name);
	json_int_t n = v ? json_integer_value(v) : 0;

	if (!json_is_integer(v) || n < 1 || n > UINT32_MAX)
		return problem_refuse(PROBLEM_BAD_JSON, "\"%s\" must be a number from 1 to %u",
				      name, UINT32_MAX);
	*out = (__u32)n;
	return PROBLEM_NONE;
}

bool body_title_ok(const char *title)
{
	size_t len = strlen(title);

	return len > 0 && len < MCLIC_TITLE_SIZE && mclic_text_ok(title, len);
}

enum problem body_enrol(const void *text, size_t len, struct enrol_body *b)
{
	MCLIC_AUTO_JSON json_t *j = body_load(text, len);
	enum problem p = PROBLEM_NONE;

	memset(b, 0, sizeof(*b));
	if (!json_is_object(j))
		return PROBLEM_BAD_JSON;
	if (json_object_get(j, "token"))
		p = body_string(j, "token", b->token, sizeof(b->token));
	if (!p)
		p = body_base64(j, "device_key", b->device_key, sizeof(b->device_key));
	if (!p)
		p = body_exchange_key(j, b->exchange_key);
	if (!p)
		p = body_base64(j, "signature", b->sig, sizeof(b->sig));
	return p;
}

enum problem body_register(const void *text, size_t len, struct register_body *b)
{
	MCLIC_AUTO_JSON json_t *j = body_load(text, len);
	enum problem p;

	memset(b, 0, sizeof(*b));
	if (!json_is_object(j))
		return PROBLEM_BAD_JSON;
	p = body_string(j, "title", b->title, sizeof(b->title));
	if (!p && !body_title_ok(b->title))
		p = problem_refuse(PROBLEM_BAD_JSON, "\"title\" holds control characters");
	if (!p)
		p = body_u32(j, "content_version", &b->content_version);
	if (!p)
		p = body_base64(j, "publisher_key", b->publisher_key, sizeof(b->publisher_key));
	if (!p)
		p = body_exchange_key(j, b->exchange_key);
	if (!p)
		p = body_base64(j, "signature", b->sig, sizeof(b->sig));
	return p;
}
