// SPDX-License-Identifier: GPL-2.0-or-later
/* Registering titles with the license center, and getting their keys (POST /v1/products). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "master.h"

#define TOKEN_PREFIX	"mclic-p-"
#define EXCHANGE_SIZE	32

/* Made where it is missing only in its usual place: a mistyped --key makes no new publisher. */
static int load_key(struct build *b)
{
	MCLIC_AUTO_FREE char *dir = NULL;
	MCLIC_AUTO_FREE char *path = NULL;

	if (b->key)
		return mclic_ed25519_load(b->key, false, &b->publisher, b->publisher_public);
	dir = mclic_config_path(NULL);
	if (!dir)
		return mclic_fail(ENOENT, "no place for the publisher key: %s; or name it with --key",
				  mclic_message());
	if (asprintf(&path, "%s/publisher.key", dir) < 0) {
		path = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	return mclic_ed25519_load(path, true, &b->publisher, b->publisher_public);
}

int register_center(struct build *b)
{
	if (mclic_token_center(b->token, TOKEN_PREFIX, b->center.center_id))
		return mclic_fail(EINVAL, "this is not a publisher's token; the center's operator gives you one that begins with "
				  TOKEN_PREFIX);
	return load_key(b);
}

/* ---- the request ---- */

static int sign_request(struct build *b, const struct title *t,
			const __u8 exchange[EXCHANGE_SIZE], __u8 sig[MCLIC_ED25519_SIG])
{
	__le32 version = mclic_put32(b->version);
	const struct mclic_vec v[] = {
		{ MCLIC_LABEL_REGISTER, strlen(MCLIC_LABEL_REGISTER) },
		{ b->center.center_id, MCLIC_ID_SIZE },
		{ &version, sizeof(version) },
		{ exchange, EXCHANGE_SIZE },
		{ t->name, strlen(t->name) },
	};

	return mclic_ed25519_sign(b->publisher, v, sizeof(v) / sizeof(v[0]), sig);
}

static char *request_text(struct build *b, const struct title *t,
			  const __u8 exchange[EXCHANGE_SIZE])
{
	MCLIC_AUTO_FREE char *key64 = NULL, *exchange64 = NULL, *sig64 = NULL;
	MCLIC_AUTO_JSON json_t *j = NULL;
	__u8 sig[MCLIC_ED25519_SIG];
	char *text = NULL;

	if (sign_request(b, t, exchange, sig))
		return NULL;
	key64 = mclic_base64(b->publisher_public, sizeof(b->publisher_public));
	exchange64 = mclic_base64(exchange, EXCHANGE_SIZE);
	sig64 = mclic_base64(sig, sizeof(sig));
	if (key64 && exchange64 && sig64)
		j = json_pack("{s:s, s:I, s:s, s:s, s:s}", "title", t->name, "content_version",
			      (json_int_t)b->version, "publisher_key", key64, "exchange_key",
			      exchange64, "signature", sig64);
	if (j)
		text = json_dumps(j, JSON_COMPACT);
	if (!text)
		mclic_fail(ENOMEM, "not enough memory");
	return text;
}

/* ---- the answer ---- */

static int bad_answer(const struct build *b, const char *what)
{
	return mclic_fail(EPROTO, "%s gave an answer that cannot be used: %s", b->center.url, what);
}

static bool is_u32(const json_t *j)
{
	return json_is_integer(j) && json_integer_value(j) >= 0 &&
	       json_integer_value(j) <= UINT32_MAX;
}

/* Is the signed registration the one we asked for? Then DID and generation are @t's. */
static int read_registration(const struct build *b, const json_t *r,
			     const __u8 exchange[EXCHANGE_SIZE], struct title *t)
{
	const struct mclic_crypto *c = mclic_openssl();
	const json_t *version = json_object_get(r, "content_version");
	const json_t *generation = json_object_get(r, "km_generation");
	__u8 center[MCLIC_ID_SIZE], publisher[MCLIC_ID_SIZE], echo[EXCHANGE_SIZE];
	struct mclic_marker probe;

	if (mclic_unhex(mclic_json_text(r, "center"), center, sizeof(center)) ||
	    mclic_unhex(mclic_json_text(r, "did"), t->id.did, sizeof(t->id.did)) ||
	    mclic_unhex(mclic_json_text(r, "publisher"), publisher, sizeof(publisher)) ||
	    mclic_unbase64(mclic_json_text(r, "exchange_key"), echo, sizeof(echo)) ||
	    !is_u32(version) || !is_u32(generation))
		return bad_answer(b, "a member is missing or ill-typed");
	t->id.content_version = (__u32)json_integer_value(version);
	t->km_generation = (__u32)json_integer_value(generation);
	/* The marker that will stand on the disc says which publisher id our key has. */
	if (mclic_marker_make(c, &probe, &t->id, t->km_generation, b->publisher_public, 0))
		return bad_answer(b, "no marker can be made of it");
	if (!mclic_equal(center, b->center.center_id, sizeof(center)) ||
	    !mclic_equal(publisher, probe.publisher_id, sizeof(publisher)) ||
	    !mclic_equal(echo, exchange, sizeof(echo)) ||
	    t->id.content_version != b->version || strcmp(mclic_json_text(r, "title"), t->name))
		return bad_answer(b, "it is the answer to another request");
	return 0;
}

static int open_box(const struct build *b, const json_t *r, EVP_PKEY *exchange, struct title *t)
{
	struct {
		char label[sizeof(MCLIC_LABEL_KA) - 1];
		__u8 center[MCLIC_ID_SIZE];
		__u8 did[MCLIC_ID_SIZE];
		__le32 version;
		__le32 generation;
	} __attribute__((packed)) info;
	__u8 box[MCLIC_KEY_BOX_SIZE];

	memcpy(info.label, MCLIC_LABEL_KA, sizeof(info.label));
	memcpy(info.center, b->center.center_id, sizeof(info.center));
	memcpy(info.did, t->id.did, sizeof(info.did));
	info.version = mclic_put32(b->version);
	info.generation = mclic_put32(t->km_generation);
	t->ka = mclic_secret_alloc(MCLIC_KEY_SIZE);
	if (!t->ka)
		return mclic_fail(ENOMEM, "not enough memory for keys");
	if (mclic_unbase64(mclic_json_text(r, "box"), box, sizeof(box)) ||
	    mclic_box_open(exchange, &info, sizeof(info), box, sizeof(box), t->ka))
		return bad_answer(b, "the box with the key does not open");
	return 0;
}

static int read_answer(const struct build *b, const char *body, size_t len, EVP_PKEY *exchange,
		       const __u8 exchange_public[EXCHANGE_SIZE], struct title *t)
{
	MCLIC_AUTO_JSON json_t *answer = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	MCLIC_AUTO_JSON json_t *r = NULL;
	int err;

	if (!answer)
		return bad_answer(b, "it is not JSON");
	err = mclic_answer_open(answer, b->center.center_id, MCLIC_LABEL_REGISTRATION,
				"registration", b->center.url, &r);
	if (!err)
		err = read_registration(b, r, exchange_public, t);
	return err ? err : open_box(b, r, exchange, t);
}

int register_title(struct build *b, struct title *t)
{
	MCLIC_AUTO_FREE char *text = NULL;
	__u8 exchange_public[EXCHANGE_SIZE];
	EVP_PKEY *exchange = NULL;
	struct mclic_reply reply = { 0 };
	int err;

	err = mclic_box_key(&exchange, exchange_public);
	if (err)
		return err;
	text = request_text(b, t, exchange_public);
	err = text ? mclic_http(&b->center, "POST", "/v1/products", "application/json", text,
				strlen(text), b->token, &reply) : -EIO;
	if (!err) {
		err = read_answer(b, reply.body, reply.len, exchange, exchange_public, t);
		mclic_reply_free(&reply);
	}
	EVP_PKEY_free(exchange);
	return err;
}
