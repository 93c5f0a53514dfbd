// SPDX-License-Identifier: GPL-2.0-or-later
/* POST /v1/enrol: a device becomes a user's, and gets every KU of that user. */
#include "userspace/center/center.h"

/** struct enrolment - what is known so far about who enrols */
struct enrolment {
	struct enrol_body body;
	__u8 device_id[MCLIC_ID_SIZE];
	__u8 user_id[MCLIC_ID_SIZE];
};

static enum problem enrol_check_signature(const struct center *c, const struct enrol_body *b)
{
	const struct mclic_vec v[] = {
		{ MCLIC_LABEL_ENROL, sizeof(MCLIC_LABEL_ENROL) - 1 },
		{ c->id, sizeof(c->id) },
		{ b->device_key, sizeof(b->device_key) },
		{ b->exchange_key, sizeof(b->exchange_key) },
	};

	if (mclic_ed25519_verify(b->device_key, v, 4, b->sig))
		return problem_refuse(PROBLEM_BAD_SIGNATURE, "The device key did not sign this for "
				      "this center; make the request again");
	return PROBLEM_NONE;
}

/* 1: the device is known and @e->user_id is its user; 0: it is not known. */
static enum problem enrol_find_device(struct db *db, struct enrolment *e, bool *known)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(db, "SELECT user_id, revoked_at FROM devices WHERE device_id = ?",
		       DB_ARGS(DB_ID(e->device_id)), &s);
	if (!ret)
		ret = db_step(db, s);
	*known = ret > 0;
	if (ret <= 0)
		return problem_of(ret);
	if (sqlite3_column_type(s, 1) != SQLITE_NULL)
		return problem_refuse(PROBLEM_DEVICE_REVOKED, "The operator revoked this device; "
				      "enrol with a new device key");
	return problem_of(db_blob(s, 0, e->user_id, sizeof(e->user_id)));
}

/* Whose token is it, and may this device use it? */
static enum problem enrol_token(struct db *db, const __u8 hash[MCLIC_HASH_SIZE],
				struct enrolment *e, bool known)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	__u8 id[MCLIC_ID_SIZE];
	int ret;

	ret = db_query(db, "SELECT user_id, device_id FROM enrolment_tokens WHERE hash = ?",
		       DB_ARGS(DB_BLOB(hash, MCLIC_HASH_SIZE)), &s);
	if (!ret)
		ret = db_step(db, s);
	if (ret < 0)
		return problem_of(ret);
	if (!ret)
		return problem_refuse(PROBLEM_BAD_TOKEN, "No such enrolment token; ask the operator "
				      "for a new one");
	ret = 0;
	if (sqlite3_column_type(s, 1) != SQLITE_NULL) {
		ret = db_blob(s, 1, id, sizeof(id));
		if (!ret && !mclic_equal(id, e->device_id, sizeof(id)))
			return problem_refuse(PROBLEM_TOKEN_USED, "This token enrolled another "
					      "device; ask the operator for a new one");
	}
	if (!ret)
		ret = db_blob(s, 0, id, sizeof(id));
	if (ret)
		return problem_of(ret);
	if (known && !mclic_equal(id, e->user_id, sizeof(id)))
		return problem_refuse(PROBLEM_DEVICE_TAKEN, "This device key is enrolled for "
				      "another user; enrol with a new device key");
	memcpy(e->user_id, id, sizeof(id));
	return PROBLEM_NONE;
}

static int enrol_record(struct db *db, const __u8 hash[MCLIC_HASH_SIZE],
			const struct enrolment *e, bool known, __u64 now)
{
	char device[2 * MCLIC_ID_SIZE + 1], user[2 * MCLIC_ID_SIZE + 1];
	int ret = 0, used;

	mclic_hex(e->device_id, sizeof(e->device_id), device);
	if (!known)
		ret = db_run(db, "INSERT INTO devices (device_id, user_id, public_key, enrolled_at)"
			     " VALUES (?, ?, ?, ?)",
			     DB_ARGS(DB_ID(e->device_id), DB_ID(e->user_id),
				     DB_BLOB(e->body.device_key, sizeof(e->body.device_key)),
				     DB_INT(now)));
	if (ret < 0)
		return ret;
	used = db_run(db, "UPDATE enrolment_tokens SET device_id = ?"
		      " WHERE hash = ? AND device_id IS NULL",
		      DB_ARGS(DB_ID(e->device_id), DB_BLOB(hash, MCLIC_HASH_SIZE)));
	if (used <= 0)
		return used;
	return audit(db, now, device, "device enrolled",
		     mclic_hex(e->user_id, sizeof(e->user_id), user), NULL);
}

static enum problem enrol_user(struct db *db, const struct enrolment *e, json_t **name)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(db, "SELECT name, disabled_at FROM users WHERE user_id = ?",
		       DB_ARGS(DB_ID(e->user_id)), &s);
	if (!ret)
		ret = db_step(db, s);
	if (ret < 0)
		return problem_of(ret);
	if (sqlite3_column_type(s, 1) != SQLITE_NULL)
		return problem_refuse(PROBLEM_USER_DISABLED, "The operator disabled this user");
	*name = db_json_text(s, 0);
	return PROBLEM_NONE;
}

static int enrol_key(struct center *c, const struct enrolment *e, __u32 generation,
		     __u32 km_generation, json_t *keys)
{
	__u8 *ku = mclic_secret_alloc(MCLIC_KEY_SIZE);
	json_t *box = NULL;
	const __u8 *km;
	int ret;

	ret = ku ? keystore_km(c, km_generation, &km) :
	      mclic_fail(ENOMEM, "no locked memory for a key");
	if (!ret && mclic_user_key(mclic_openssl(), km, e->user_id, generation, ku))
		ret = mclic_fail(EIO, "cannot derive a user key");
	if (!ret)
		ret = center_box(c, e->body.exchange_key, MCLIC_LABEL_KU, e->user_id,
				 generation, km_generation, ku, &box);
	if (!ret)
		json_array_append_new(keys, json_pack("{s:I, s:I, s:o}",
				      "generation", (json_int_t)generation,
				      "km_generation", (json_int_t)km_generation, "box", box));
	mclic_secret_free(ku, MCLIC_KEY_SIZE);
	return ret;
}

static int enrol_keys(struct center *c, struct db *db, const struct enrolment *e, json_t *keys)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(db, "SELECT generation, km_generation FROM user_keys WHERE user_id = ?"
		       " ORDER BY generation", DB_ARGS(DB_ID(e->user_id)), &s);
	if (ret)
		return ret;
	while ((ret = db_step(db, s)) > 0) {
		ret = enrol_key(c, e, (__u32)sqlite3_column_int64(s, 0),
				(__u32)sqlite3_column_int64(s, 1), keys);
		if (ret)
			return ret;
	}
	return ret;
}

static int enrol_answer(struct center *c, struct db *db, const struct enrolment *e,
			json_t *name, json_t **answer)
{
	MCLIC_AUTO_FREE char *exchange = mclic_base64(e->body.exchange_key,
						      sizeof(e->body.exchange_key));
	char id[2 * MCLIC_ID_SIZE + 1], user[2 * MCLIC_ID_SIZE + 1], dev[2 * MCLIC_ID_SIZE + 1];
	MCLIC_AUTO_JSON json_t *content = NULL;
	json_t *keys = json_array();
	int ret;

	ret = enrol_keys(c, db, e, keys);
	if (ret) {
		json_decref(keys);
		return ret;
	}
	content = json_pack("{s:s, s:s, s:O, s:s, s:s, s:o}",
			    "center", mclic_hex(c->id, MCLIC_ID_SIZE, id),
			    "user", mclic_hex(e->user_id, MCLIC_ID_SIZE, user),
			    "user_name", name,
			    "device", mclic_hex(e->device_id, MCLIC_ID_SIZE, dev),
			    "exchange_key", exchange, "user_keys", keys);
	return content ? center_signed(c, MCLIC_LABEL_ENROLMENT, "enrolment", content,
				       answer) :
	       mclic_fail(ENOMEM, "not enough memory for an answer");
}

/* Inside a transaction. */
static enum problem enrol_decide(struct center *c, struct db *db, struct enrolment *e, __u64 now,
				 json_t **name)
{
	__u8 hash[MCLIC_HASH_SIZE];
	bool known = false, token = e->body.token[0];
	enum problem p = PROBLEM_NONE;

	if (token)
		p = token_hash(c, TOKEN_USER, e->body.token, hash);
	if (!p)
		p = enrol_find_device(db, e, &known);
	if (!p && token)
		p = enrol_token(db, hash, e, known);
	if (!p && !token && !known)
		p = problem_refuse(PROBLEM_UNKNOWN_DEVICE, "This device was never enrolled here; "
				   "enrol it with a token of the operator");
	if (!p)
		p = enrol_user(db, e, name);
	if (!p && token)
		p = problem_of(enrol_record(db, hash, e, known, now));
	return p;
}

enum problem center_enrol(struct center *c, struct db *db, __u64 now, const void *text,
			  size_t len, json_t **answer)
{
	MCLIC_AUTO_JSON json_t *name = NULL;
	struct mclic_vec key;
	struct enrolment e;
	enum problem p;

	memset(&e, 0, sizeof(e));
	p = body_enrol(text, len, &e.body);
	if (!p)
		p = enrol_check_signature(c, &e.body);
	if (p)
		goto out;
	key = (struct mclic_vec){ e.body.device_key, sizeof(e.body.device_key) };
	p = problem_of(mclic_identifier(mclic_openssl(), MCLIC_LABEL_DEVICE, &key, 1, e.device_id));
	if (!p)
		p = problem_of(db_begin(db));
	if (p)
		goto out;
	/* Without an answer there is no enrolment: the token must not be used up then. */
	p = enrol_decide(c, db, &e, now, &name);
	if (!p)
		p = problem_of(enrol_answer(c, db, &e, name, answer));
	if (p)
		db_rollback(db);
	else
		p = problem_of(db_commit(db));
out:
	mclic_wipe(&e, sizeof(e));
	return p;
}
