// SPDX-License-Identifier: GPL-2.0-or-later
/* POST /v1/products: a publisher registers a title or a version, and gets its Ka. */
#include "userspace/center/center.h"

/** struct registration - a title being registered */
struct registration {
	struct register_body body;
	sqlite3_int64 publisher;
	char actor[128];
	__u8 publisher_id[MCLIC_ID_SIZE];
	__u8 did[MCLIC_ID_SIZE];
	__u32 km_generation;
};

static enum problem register_publisher(struct center *c, struct db *db, const char *token,
				       struct registration *r, bool *has_key)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	__u8 hash[MCLIC_HASH_SIZE], id[MCLIC_ID_SIZE];
	enum problem p;
	int ret;

	p = token_hash(c, TOKEN_PUBLISHER, token, hash);
	if (p)
		return p;
	ret = db_query(db, "SELECT publisher, name, publisher_id FROM publishers"
		       " WHERE token_hash = ?", DB_ARGS(DB_BLOB(hash, sizeof(hash))), &s);
	if (!ret)
		ret = db_step(db, s);
	if (ret < 0)
		return problem_of(ret);
	if (!ret)
		return problem_refuse(PROBLEM_BAD_TOKEN, "No such publisher's token; ask the "
				      "operator for a new one");
	r->publisher = sqlite3_column_int64(s, 0);
	snprintf(r->actor, sizeof(r->actor), "%s", db_text(s, 1));
	*has_key = sqlite3_column_type(s, 2) != SQLITE_NULL;
	if (!*has_key)
		return PROBLEM_NONE;
	ret = db_blob(s, 2, id, sizeof(id));
	if (!ret && !mclic_equal(id, r->publisher_id, sizeof(id)))
		return problem_refuse(PROBLEM_PUBLISHER_KEY, "Another key is registered for this "
				      "publisher; sign with that one");
	return problem_of(ret);
}

static enum problem register_key(struct db *db, const struct registration *r, __u64 now)
{
	int ret;

	ret = db_run(db, "UPDATE publishers SET public_key = ?, publisher_id = ?"
		     " WHERE publisher = ?",
		     DB_ARGS(DB_BLOB(r->body.publisher_key, sizeof(r->body.publisher_key)),
			     DB_ID(r->publisher_id), DB_INT(r->publisher)));
	if (ret == -EEXIST)
		return problem_refuse(PROBLEM_PUBLISHER_KEY, "This key is registered for another "
				      "publisher; make one of your own");
	if (ret >= 0)
		ret = audit_id(db, now, r->actor, "publisher key registered", r->publisher_id,
			       NULL);
	return ret < 0 ? problem_of(ret) : PROBLEM_NONE;
}

static int register_title(struct db *db, struct registration *r, __u64 now)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(db, "SELECT did FROM products WHERE publisher = ? AND title = ?",
		       DB_ARGS(DB_INT(r->publisher), DB_TEXT(r->body.title)), &s);
	if (!ret)
		ret = db_step(db, s);
	if (ret)
		return ret < 0 ? ret : db_blob(s, 0, r->did, sizeof(r->did));
	ret = mclic_random(r->did, sizeof(r->did));
	if (ret)
		return ret;
	ret = db_run(db, "INSERT INTO products (did, publisher, title, created_at)"
		     " VALUES (?, ?, ?, ?)",
		     DB_ARGS(DB_ID(r->did), DB_INT(r->publisher), DB_TEXT(r->body.title),
			     DB_INT(now)));
	return ret < 0 ? ret : 0;
}

static int register_version(struct db *db, struct registration *r, __u64 now)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(db, "SELECT km_generation FROM product_versions"
		       " WHERE did = ? AND content_version = ?",
		       DB_ARGS(DB_ID(r->did), DB_INT(r->body.content_version)), &s);
	if (!ret)
		ret = db_step(db, s);
	if (ret < 0)
		return ret;
	if (ret) {
		r->km_generation = (__u32)sqlite3_column_int64(s, 0);
		return 0;
	}
	ret = keystore_current(db, &r->km_generation);
	if (!ret)
		ret = db_run(db, "INSERT INTO product_versions (did, content_version,"
			     " km_generation, created_at) VALUES (?, ?, ?, ?)",
			     DB_ARGS(DB_ID(r->did), DB_INT(r->body.content_version),
				     DB_INT(r->km_generation), DB_INT(now)));
	if (ret >= 0)
		ret = audit_id(db, now, r->actor, "version registered", r->did,
			       json_pack("{s:s, s:I}", "title", r->body.title, "content_version",
					 (json_int_t)r->body.content_version));
	return ret < 0 ? ret : 0;
}

/* Inside a transaction. */
static enum problem register_decide(struct center *c, struct db *db, const char *token,
				    struct registration *r, __u64 now)
{
	bool has_key = false;
	enum problem p;
	int ret;

	p = register_publisher(c, db, token, r, &has_key);
	if (!p && !has_key)
		p = register_key(db, r, now);
	if (p)
		return p;
	ret = register_title(db, r, now);
	if (!ret)
		ret = register_version(db, r, now);
	return problem_of(ret);
}

static int register_box(struct center *c, const struct registration *r, json_t **box)
{
	__u8 *ka = mclic_secret_alloc(MCLIC_KEY_SIZE);
	const __u8 *km;
	int ret;

	ret = ka ? keystore_km(c, r->km_generation, &km) :
	      mclic_fail(ENOMEM, "no locked memory for a key");
	if (!ret && mclic_master_medium_key(mclic_openssl(), km, r->did, r->body.content_version,
					    ka))
		ret = mclic_fail(EIO, "cannot derive a title's key");
	if (!ret)
		ret = center_box(c, r->body.exchange_key, MCLIC_LABEL_KA, r->did,
				 r->body.content_version, r->km_generation, ka, box);
	mclic_secret_free(ka, MCLIC_KEY_SIZE);
	return ret;
}

static int register_answer(struct center *c, const struct registration *r, json_t **answer)
{
	MCLIC_AUTO_FREE char *exchange = mclic_base64(r->body.exchange_key,
						      sizeof(r->body.exchange_key));
	char id[2 * MCLIC_ID_SIZE + 1], did[2 * MCLIC_ID_SIZE + 1];
	char publisher[2 * MCLIC_ID_SIZE + 1];
	MCLIC_AUTO_JSON json_t *content = NULL;
	json_t *box;
	int ret;

	ret = register_box(c, r, &box);
	if (ret)
		return ret;
	content = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:o}",
			    "center", mclic_hex(c->id, MCLIC_ID_SIZE, id),
			    "did", mclic_hex(r->did, MCLIC_ID_SIZE, did), "title", r->body.title,
			    "content_version", (json_int_t)r->body.content_version,
			    "km_generation", (json_int_t)r->km_generation,
			    "publisher", mclic_hex(r->publisher_id, MCLIC_ID_SIZE, publisher),
			    "exchange_key", exchange, "box", box);
	return content ? center_signed(c, MCLIC_LABEL_REGISTRATION, "registration", content,
				       answer) :
	       mclic_fail(ENOMEM, "not enough memory for an answer");
}

static enum problem register_check_signature(const struct center *c, const struct register_body *b)
{
	const __le32 version = mclic_put32(b->content_version);
	const struct mclic_vec v[] = {
		{ MCLIC_LABEL_REGISTER, sizeof(MCLIC_LABEL_REGISTER) - 1 },
		{ c->id, sizeof(c->id) },
		{ &version, sizeof(version) },
		{ b->exchange_key, sizeof(b->exchange_key) },
		{ b->title, strlen(b->title) },
	};

	if (mclic_ed25519_verify(b->publisher_key, v, 5, b->sig))
		return problem_refuse(PROBLEM_BAD_SIGNATURE, "The publisher key did not sign this "
				      "for this center; make the request again");
	return PROBLEM_NONE;
}

enum problem center_register(struct center *c, struct db *db, __u64 now, const char *token,
			     const void *text, size_t len, json_t **answer)
{
	struct registration r;
	struct mclic_vec key;
	enum problem p;

	memset(&r, 0, sizeof(r));
	if (!token)
		return problem_refuse(PROBLEM_BAD_TOKEN, "A publisher's token is needed, as "
				      "Authorization: Bearer mclic-p-...");
	p = body_register(text, len, &r.body);
	if (!p)
		p = register_check_signature(c, &r.body);
	if (p)
		return p;
	key = (struct mclic_vec){ r.body.publisher_key, sizeof(r.body.publisher_key) };
	p = problem_of(mclic_identifier(mclic_openssl(), MCLIC_LABEL_PUBLISHER, &key, 1,
					r.publisher_id));
	if (!p)
		p = problem_of(db_begin(db));
	if (p)
		return p;
	p = register_decide(c, db, token, &r, now);
	if (!p)
		p = problem_of(register_answer(c, &r, answer));
	if (p)
		db_rollback(db);
	else
		p = problem_of(db_commit(db));
	return p;
}
