// SPDX-License-Identifier: GPL-2.0-or-later
/* What a client is told: the table of Documentation/protocol.rst, "Errors". */
#include "userspace/center/center.h"

#define PROBLEM_URN	"urn:mclic:problem:"

static const struct {
	const char *name;
	unsigned int status;
	const char *title;
} problems[PROBLEM_COUNT] = {
	[PROBLEM_NONE] = { "none", 200, "No problem" },
	[PROBLEM_BAD_HTTP] = { "bad-http", 400, "This is not HTTP" },
	[PROBLEM_BAD_JSON] = { "bad-json", 400, "The body is not the JSON expected" },
	[PROBLEM_BAD_REQUEST] = { "bad-request", 400, "The request is malformed" },
	[PROBLEM_BAD_TOKEN] = { "bad-token", 401, "The token is not known" },
	[PROBLEM_TOKEN_USED] = { "token-used", 403, "The token is used up" },
	[PROBLEM_BAD_SIGNATURE] = { "bad-signature", 403, "The signature does not match" },
	[PROBLEM_UNKNOWN_DEVICE] = { "unknown-device", 403, "The device is not enrolled" },
	[PROBLEM_DEVICE_TAKEN] = { "device-taken", 403, "The device is another user's" },
	[PROBLEM_DEVICE_REVOKED] = { "device-revoked", 403, "The device is revoked" },
	[PROBLEM_USER_DISABLED] = { "user-disabled", 403, "The user is disabled" },
	[PROBLEM_PUBLISHER_KEY] = { "publisher-key", 403, "Another publisher key is registered" },
	[PROBLEM_KIND_NOT_ALLOWED] = { "kind-not-allowed", 403, "Not licensed as this kind" },
	[PROBLEM_CLASS_TOO_LOW] = { "class-too-low", 403, "The medium's class is too low" },
	[PROBLEM_UNKNOWN_TITLE] = { "unknown-title", 404, "The title is not registered" },
	[PROBLEM_UNKNOWN_VERSION] = { "unknown-version", 404, "The version is not registered" },
	[PROBLEM_UNKNOWN_LICENCE] = { "unknown-licence", 404, "No such licence" },
	[PROBLEM_UNKNOWN_CENTER] = { "unknown-center", 404, "Another center is meant" },
	[PROBLEM_NOT_FOUND] = { "not-found", 404, "No such address" },
	[PROBLEM_METHOD_NOT_ALLOWED] = { "method-not-allowed", 405, "Wrong method" },
	[PROBLEM_TOO_SLOW] = { "too-slow", 408, "The request took too long" },
	[PROBLEM_WITHDRAWN] = { "withdrawn", 409, "The title is not on sale" },
	[PROBLEM_WRONG_GENERATION] = { "wrong-generation", 409, "Wrong key generation" },
	[PROBLEM_WRONG_TERMS] = { "wrong-terms", 409, "The licence is for something else" },
	[PROBLEM_STALE_SEQUENCE] = { "stale-sequence", 409, "Not the newest sequence number" },
	[PROBLEM_NONCE_REUSED] = { "nonce-reused", 409, "The nonce was used before" },
	[PROBLEM_CLOCK] = { "clock", 409, "The request comes from the future" },
	[PROBLEM_LICENCE_REVOKED] = { "licence-revoked", 410, "The licence was revoked" },
	[PROBLEM_LICENCE_RETURNED] = { "licence-returned", 410, "The licence was returned" },
	[PROBLEM_TOO_LARGE] = { "too-large", 413, "The body is too large" },
	[PROBLEM_URI_TOO_LONG] = { "uri-too-long", 414, "The address is too long" },
	[PROBLEM_UNSUPPORTED_TYPE] = { "unsupported-type", 415, "Wrong content type" },
	[PROBLEM_HEAD_TOO_LARGE] = { "head-too-large", 431, "The request's head is too large" },
	[PROBLEM_BUSY] = { "busy", 503, "Not able to serve this now" },
	[PROBLEM_INTERNAL] = { "internal", 500, "Something failed at the center" },
	[PROBLEM_HTTP_VERSION] = { "http-version", 505, "Another version of HTTP" },
};

const char *problem_name(enum problem p)
{
	return problems[p].name;
}

unsigned int problem_status(enum problem p)
{
	return problems[p].status;
}

json_t *problem_json(enum problem p, const char *detail)
{
	json_t *j = json_pack("{s:s+, s:s, s:i}", "type", PROBLEM_URN, problems[p].name,
			      "title", problems[p].title, "status", (int)problems[p].status);

	if (j && detail && *detail)
		json_object_set_new(j, "detail", json_string(detail));
	return j;
}

enum problem problem_refuse(enum problem p, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mclic_fail(EPERM, "%s", text);
	return p;
}

enum problem problem_of(int err)
{
	switch (err < 0 ? -err : err) {
	case 0:
		return PROBLEM_NONE;
	case EBUSY:
	case ENOSPC:
	case EDQUOT:
	case EROFS:
		return PROBLEM_BUSY;
	default:
		return PROBLEM_INTERNAL;
	}
}
