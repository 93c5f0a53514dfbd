// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * POST /v1/licences (S1, S11 and S12 of the patent): who asks, and was it asked
 * before? One transaction a request; the answer is computed after it from what the
 * database holds, so a request that was cut off anywhere is simply made again.
 */
#include "userspace/center/issue.h"

/* The kinds a class fits: core knows it, for removable media and for others. */
static bool issue_class_fits(const struct mclic_request *q)
{
	return q->medium_class == mclic_medium_class(q->medium_kind, false) ||
	       q->medium_class == mclic_medium_class(q->medium_kind, true);
}

static enum problem issue_check_message(struct issue *i, const void *body, size_t len)
{
	const struct mclic_vec whole = { body, len };
	const struct mclic_crypto *crypto = mclic_openssl();
	enum mclic_why why = mclic_request_check(body, len);

	if (why)
		return problem_refuse(PROBLEM_BAD_REQUEST, "The request cannot be used: %s (%s)",
				      mclic_why_text(why), mclic_why_name(why));
	i->q = body;
	if (crypto->sha256(crypto, &whole, 1, i->hash) ||
	    mclic_medium_tag(crypto, i->q->mid, i->tag))
		return problem_of(mclic_fail(EIO, "cannot compute a hash"));
	if (!issue_class_fits(i->q))
		return problem_refuse(PROBLEM_BAD_REQUEST, "A medium id of kind %u never has "
				      "class %u", i->q->medium_kind, i->q->medium_class);
	if (!mclic_equal(i->q->center_id, i->c->id, MCLIC_ID_SIZE))
		return problem_refuse(PROBLEM_UNKNOWN_CENTER, "The request is for another center; "
				      "send it there");
	return PROBLEM_NONE;
}

static enum problem issue_check_device(struct issue *i, __u8 public[MCLIC_ED25519_PUBLIC])
{
	DB_AUTO sqlite3_stmt *s = NULL;
	__u8 user[MCLIC_ID_SIZE];
	int ret;

	ret = db_query(i->db, "SELECT d.user_id, d.public_key, d.revoked_at, u.disabled_at"
		       " FROM devices d JOIN users u USING (user_id) WHERE d.device_id = ?",
		       DB_ARGS(DB_ID(i->q->device_id)), &s);
	if (!ret)
		ret = db_step(i->db, s);
	if (ret < 0)
		return problem_of(ret);
	if (ret) {
		ret = db_blob(s, 0, user, sizeof(user));
		if (ret)
			return problem_of(ret);
	}
	if (!sqlite3_data_count(s) || !mclic_equal(user, i->q->user_id, sizeof(user)))
		return problem_refuse(PROBLEM_UNKNOWN_DEVICE, "This device is not enrolled for this "
				      "user; run mclic enrol");
	if (sqlite3_column_type(s, 2) != SQLITE_NULL)
		return problem_refuse(PROBLEM_DEVICE_REVOKED, "The operator revoked this device");
	if (sqlite3_column_type(s, 3) != SQLITE_NULL)
		return problem_refuse(PROBLEM_USER_DISABLED, "The operator disabled this user");
	return problem_of(db_blob(s, 1, public, MCLIC_ED25519_PUBLIC));
}

static enum problem issue_check_signature(const struct issue *i,
					  const __u8 public[MCLIC_ED25519_PUBLIC])
{
	const struct mclic_vec v[] = {
		{ MCLIC_LABEL_REQUEST, sizeof(MCLIC_LABEL_REQUEST) - 1 },
		{ i->q, MCLIC_REQUEST_SIGNED },
	};

	if (mclic_ed25519_verify(public, v, 2, i->q->sig))
		return problem_refuse(PROBLEM_BAD_SIGNATURE, "The device key did not sign this "
				      "request; make it again");
	return PROBLEM_NONE;
}

/* Was this nonce used before? Then @i->terms are what was granted. */
static enum problem issue_find(struct issue *i, bool *found)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	__u8 hash[MCLIC_HASH_SIZE];
	int ret;

	ret = db_query(i->db, "SELECT r.request_hash, n.terms, l.revoked_at, l.returned_at"
		       " FROM requests r JOIN issues n USING (licence_id, sequence)"
		       " JOIN licences l USING (licence_id) WHERE r.user_id = ? AND r.nonce = ?",
		       DB_ARGS(DB_ID(i->q->user_id), DB_ID(i->q->nonce)), &s);
	if (!ret)
		ret = db_step(i->db, s);
	*found = ret > 0;
	if (ret <= 0)
		return problem_of(ret);
	ret = db_blob(s, 0, hash, sizeof(hash));
	if (!ret)
		ret = db_blob(s, 1, &i->terms, sizeof(i->terms));
	if (ret)
		return problem_of(ret);
	if (!mclic_equal(hash, i->hash, sizeof(hash)))
		return problem_refuse(PROBLEM_NONCE_REUSED, "Another request was made under this "
				      "nonce; make a new request");
	if (i->q->operation == MCLIC_OP_RETURN)
		return PROBLEM_NONE;
	if (sqlite3_column_type(s, 2) != SQLITE_NULL)
		return problem_refuse(PROBLEM_LICENCE_REVOKED, "This licence was revoked");
	if (sqlite3_column_type(s, 3) != SQLITE_NULL)
		return problem_refuse(PROBLEM_LICENCE_RETURNED, "This licence was returned");
	return PROBLEM_NONE;
}

/* Inside a transaction; who asks is looked at again, it may have changed meanwhile. */
static enum problem issue_decide(struct issue *i, bool *repeated)
{
	__u8 public[MCLIC_ED25519_PUBLIC];
	enum problem p;

	p = issue_check_device(i, public);
	if (!p)
		p = issue_find(i, repeated);
	if (!p && !*repeated)
		p = issue_grant(i);
	return p;
}

enum problem center_issue(struct center *c, struct db *db, __u64 now, const void *body,
			  size_t len, struct mclic_response *r, struct issue_note *note)
{
	struct issue i = { .c = c, .db = db, .now = now };
	__u8 public[MCLIC_ED25519_PUBLIC];
	enum problem p;

	memset(note, 0, sizeof(*note));
	p = issue_check_message(&i, body, len);
	if (i.q) {
		note->operation = i.q->operation;
		memcpy(note->request_hash, i.hash, sizeof(i.hash));
	}
	if (!p)
		p = issue_check_device(&i, public);
	if (!p)
		p = issue_check_signature(&i, public);
	if (!p)
		p = problem_of(db_begin(db));
	if (p)
		return p;
	p = issue_decide(&i, &note->repeated);
	if (p) {
		db_rollback(db);
		return p;
	}
	p = problem_of(db_commit(db));
	if (p)
		return p;
	memcpy(note->licence_id, i.terms.licence_id, MCLIC_ID_SIZE);
	return problem_of(center_answer(c, i.q, &i.terms, r));
}
