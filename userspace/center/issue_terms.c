// SPDX-License-Identifier: GPL-2.0-or-later
/* What is granted: the terms of a new licence, of a renewal, of a return. */
#include "userspace/center/issue.h"

/** struct issue_title - a row of the contents identifier file */
struct issue_title {
	char title[MCLIC_TITLE_SIZE];
	__u8 publisher_id[MCLIC_ID_SIZE];
	sqlite3_int64 price;
	char currency[4];
	int period_days;
	int lowest_class;
	int kinds;
	bool on_sale;
};

/* ---- reading ---- */

static enum problem title_load(struct issue *i, struct issue_title *t)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	memset(t, 0, sizeof(*t));
	ret = db_query(i->db, "SELECT p.title, b.publisher_id, p.price, p.currency, p.period_days,"
		       " p.lowest_class, p.kinds, p.on_sale FROM products p"
		       " JOIN publishers b USING (publisher) WHERE p.did = ?",
		       DB_ARGS(DB_ID(i->q->did)), &s);
	if (!ret)
		ret = db_step(i->db, s);
	if (ret < 0)
		return problem_of(ret);
	if (!ret)
		return problem_refuse(PROBLEM_UNKNOWN_TITLE, "No title with this DID is registered "
				      "here; nothing is billed");
	memcpy(t->title, db_text(s, 0), strnlen(db_text(s, 0), sizeof(t->title) - 1));
	memcpy(t->currency, db_text(s, 3), strnlen(db_text(s, 3), sizeof(t->currency) - 1));
	t->price = sqlite3_column_int64(s, 2);
	t->period_days = sqlite3_column_int(s, 4);
	t->lowest_class = sqlite3_column_int(s, 5);
	t->kinds = sqlite3_column_int(s, 6);
	t->on_sale = sqlite3_column_int(s, 7);
	return problem_of(db_blob(s, 1, t->publisher_id, sizeof(t->publisher_id)));
}

/* The version's KM generation must be the one that the marker told the client. */
static enum problem version_check(struct issue *i)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	__u32 version = mclic_get32(i->q->content_version);
	int ret;

	ret = db_query(i->db, "SELECT km_generation FROM product_versions"
		       " WHERE did = ? AND content_version = ?",
		       DB_ARGS(DB_ID(i->q->did), DB_INT(version)), &s);
	if (!ret)
		ret = db_step(i->db, s);
	if (ret < 0)
		return problem_of(ret);
	if (!ret)
		return problem_refuse(PROBLEM_UNKNOWN_VERSION, "Content version %u of this title is "
				      "not registered here", version);
	if (sqlite3_column_int64(s, 0) != mclic_get32(i->q->km_generation))
		return problem_refuse(PROBLEM_WRONG_GENERATION, "Content version %u was registered "
				      "under another key generation; the master is not genuine",
				      version);
	return PROBLEM_NONE;
}

/* Every licence for one (MID, DID) keeps the generation of the first. */
static int licence_generation(struct issue *i, __u32 *generation)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(i->db, "SELECT km_generation FROM licences"
		       " WHERE medium_tag = ? AND did = ? LIMIT 1",
		       DB_ARGS(DB_ID(i->tag), DB_ID(i->q->did)), &s);
	if (!ret)
		ret = db_step(i->db, s);
	if (ret < 0)
		return ret;
	if (!ret)
		return keystore_current(i->db, generation);
	*generation = (__u32)sqlite3_column_int64(s, 0);
	return 0;
}

static int user_key_generation(struct issue *i)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(i->db, "SELECT generation, km_generation FROM user_keys"
		       " WHERE user_id = ? ORDER BY generation DESC LIMIT 1",
		       DB_ARGS(DB_ID(i->q->user_id)), &s);
	if (!ret)
		ret = db_step(i->db, s);
	if (ret <= 0)
		return ret ? ret : mclic_fail(EBADMSG, "the database has no key of a user");
	i->terms.ku_generation = mclic_put32((__u32)sqlite3_column_int64(s, 0));
	i->terms.ku_km_generation = mclic_put32((__u32)sqlite3_column_int64(s, 1));
	return 0;
}

static enum problem licence_state(sqlite3_stmt *s)
{
	if (sqlite3_column_type(s, 1) != SQLITE_NULL)
		return problem_refuse(PROBLEM_LICENCE_REVOKED, "This licence was revoked");
	if (sqlite3_column_type(s, 2) != SQLITE_NULL)
		return problem_refuse(PROBLEM_LICENCE_RETURNED, "This licence was returned");
	return PROBLEM_NONE;
}

/*
 * Also the medium's kind and class are those that were judged when it was new: a client
 * that claimed too high a class may not bring it down afterwards.
 */
static bool licence_is_for(const struct issue *i)
{
	const struct mclic_request *q = i->q;
	const struct mclic_terms *t = &i->terms;

	return mclic_equal(t->did, q->did, sizeof(t->did)) &&
	       mclic_equal(t->medium_tag, i->tag, sizeof(t->medium_tag)) &&
	       t->kind == q->kind && t->content_version == q->content_version &&
	       t->medium_kind == q->medium_kind && t->medium_class == q->medium_class;
}

/* The licence that is to be renewed or returned: @i->terms are its last ones. */
static enum problem licence_load(struct issue *i)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	enum problem p;
	int ret;

	ret = db_query(i->db, "SELECT n.terms, l.revoked_at, l.returned_at FROM licences l"
		       " JOIN issues n USING (licence_id, sequence)"
		       " WHERE l.licence_id = ? AND l.user_id = ?",
		       DB_ARGS(DB_ID(i->q->licence_id), DB_ID(i->q->user_id)), &s);
	if (!ret)
		ret = db_step(i->db, s);
	if (ret > 0)
		ret = db_blob(s, 0, &i->terms, sizeof(i->terms));
	else if (!ret)
		return problem_refuse(PROBLEM_UNKNOWN_LICENCE, "This user has no such licence");
	if (ret)
		return problem_of(ret);
	if (!licence_is_for(i))
		return problem_refuse(PROBLEM_WRONG_TERMS, "This licence is for another medium or "
				      "class of it, title, kind or content version");
	p = licence_state(s);
	if (!p && i->terms.sequence != i->q->sequence)
		p = problem_refuse(PROBLEM_STALE_SEQUENCE, "The newest sequence number of this "
				   "licence is %u", mclic_get32(i->terms.sequence));
	return p;
}

/* ---- writing ---- */

/* The terms of sequence number @sequence, from what the title says today. */
static int terms_fill(struct issue *i, const struct issue_title *title,
		      const __u8 licence_id[MCLIC_ID_SIZE], __u32 sequence, __u32 km_generation,
		      __u64 issued_at)
{
	const struct mclic_request *q = i->q;
	struct mclic_terms *t = &i->terms;
	__u64 period = (__u64)title->period_days * CENTER_DAY;

	memset(t, 0, sizeof(*t));
	memcpy(t->did, q->did, sizeof(t->did));
	memcpy(t->medium_tag, i->tag, sizeof(t->medium_tag));
	memcpy(t->center_id, i->c->id, sizeof(t->center_id));
	memcpy(t->licence_id, licence_id, sizeof(t->licence_id));
	if (q->kind == MCLIC_PERSONAL)
		memcpy(t->user_id, q->user_id, sizeof(t->user_id));
	t->km_generation = mclic_put32(km_generation);
	t->content_version = q->content_version;
	t->sequence = mclic_put32(sequence);
	t->not_after = mclic_put64(period ? issued_at + period : 0);
	t->issued_at = mclic_put64(issued_at);
	t->kind = q->kind;
	t->medium_kind = q->medium_kind;
	t->medium_class = q->medium_class;
	memcpy(t->request_hash, i->hash, sizeof(t->request_hash));
	memcpy(t->title, title->title, sizeof(t->title));
	memcpy(t->publisher_id, title->publisher_id, sizeof(t->publisher_id));
	return user_key_generation(i);
}

static int record_licence(struct issue *i)
{
	const struct mclic_terms *t = &i->terms;

	return db_run(i->db, "INSERT INTO licences (licence_id, user_id, did, medium_tag, kind,"
		      " content_version, km_generation, sequence, created_at)"
		      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		      DB_ARGS(DB_ID(t->licence_id), DB_ID(i->q->user_id), DB_ID(t->did),
			      DB_ID(t->medium_tag), DB_INT(t->kind),
			      DB_INT(mclic_get32(t->content_version)),
			      DB_INT(mclic_get32(t->km_generation)),
			      DB_INT(mclic_get32(t->sequence)),
			      DB_INT(mclic_get64(t->issued_at))));
}

static int record_issue(struct issue *i)
{
	const struct mclic_terms *t = &i->terms;
	sqlite3_int64 sequence = mclic_get32(t->sequence);
	sqlite3_int64 issued_at = (sqlite3_int64)mclic_get64(t->issued_at);
	int ret;

	ret = db_run(i->db, "INSERT INTO issues (licence_id, sequence, terms) VALUES (?, ?, ?)",
		     DB_ARGS(DB_ID(t->licence_id), DB_INT(sequence), DB_BLOB(t, sizeof(*t))));
	if (ret < 0)
		return ret;
	return db_run(i->db, "INSERT INTO requests (user_id, nonce, request_hash, device_id,"
		      " operation, licence_id, sequence, received_at)"
		      " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		      DB_ARGS(DB_ID(i->q->user_id), DB_ID(i->q->nonce),
			      DB_BLOB(i->hash, sizeof(i->hash)), DB_ID(i->q->device_id),
			      DB_INT(i->q->operation), DB_ID(t->licence_id), DB_INT(sequence),
			      DB_INT(issued_at)));
}

/* One ledger line an issue. */
static int record_bill(struct issue *i, const struct issue_title *title, const char *what)
{
	const struct mclic_terms *t = &i->terms;
	__u64 issued_at = mclic_get64(t->issued_at);
	sqlite3_int64 amount = i->q->operation == MCLIC_OP_RETURN ? 0 : title->price;
	char device[2 * MCLIC_ID_SIZE + 1];
	int ret;

	ret = db_run(i->db, "INSERT INTO ledger (time, user_id, licence_id, sequence, operation,"
		     " amount, currency) VALUES (?, ?, ?, ?, ?, ?, ?)",
		     DB_ARGS(DB_INT(issued_at), DB_ID(i->q->user_id), DB_ID(t->licence_id),
			     DB_INT(mclic_get32(t->sequence)), DB_INT(i->q->operation),
			     DB_INT(amount), DB_TEXT(title->currency)));
	if (ret < 0)
		return ret;
	mclic_hex(i->q->device_id, MCLIC_ID_SIZE, device);
	return audit_id(i->db, issued_at, device, what, t->licence_id, NULL);
}

static int record(struct issue *i, const struct issue_title *title, const char *what)
{
	int ret = record_issue(i);

	return ret < 0 ? ret : record_bill(i, title, what);
}

/* ---- the three operations ---- */

static enum problem issue_check_clock(const struct issue *i, __u64 t)
{
	if (mclic_get64(i->q->created_at) > t + CENTER_DAY)
		return problem_refuse(PROBLEM_CLOCK, "The request was made more than a day after "
				      "the center's now; set the clock and make it again");
	return PROBLEM_NONE;
}

static enum problem new_check(struct issue *i, struct issue_title *title)
{
	const struct mclic_request *q = i->q;
	enum problem p;

	p = title_load(i, title);
	if (p)
		return p;
	if (!title->on_sale)
		return problem_refuse(PROBLEM_WITHDRAWN, "%s is not on sale", title->title);
	p = version_check(i);
	if (p)
		return p;
	if (!(title->kinds & 1 << q->kind))
		return problem_refuse(PROBLEM_KIND_NOT_ALLOWED, "%s is not licensed as %s",
				      title->title,
				      q->kind == MCLIC_PERSONAL ? "personal" : "portable");
	if (q->medium_class < title->lowest_class)
		return problem_refuse(PROBLEM_CLASS_TOO_LOW, "%s needs a medium of class %d, this "
				      "one has class %u", title->title, title->lowest_class,
				      q->medium_class);
	return PROBLEM_NONE;
}

static enum problem issue_new(struct issue *i, __u64 t)
{
	struct issue_title title;
	__u8 licence_id[MCLIC_ID_SIZE];
	__u32 generation;
	enum problem p;
	int ret;

	p = new_check(i, &title);
	if (!p)
		p = issue_check_clock(i, t);
	if (p)
		return p;
	if (mclic_licence_id(mclic_openssl(), i->c->id, i->q->user_id, i->q->nonce, licence_id))
		return problem_of(mclic_fail(EIO, "cannot compute a licence id"));
	ret = licence_generation(i, &generation);
	if (!ret)
		ret = terms_fill(i, &title, licence_id, 1, generation, t);
	if (!ret)
		ret = record_licence(i);
	if (ret >= 0)
		ret = record(i, &title, "licence issued");
	return problem_of(ret < 0 ? ret : 0);
}

static enum problem issue_renew(struct issue *i, __u64 t)
{
	struct issue_title title;
	__u32 sequence;
	enum problem p;
	int ret;

	p = licence_load(i);
	if (!p)
		p = version_check(i);
	if (!p)
		p = issue_check_clock(i, t);
	if (!p)
		p = title_load(i, &title);
	if (p)
		return p;
	sequence = mclic_get32(i->terms.sequence) + 1;
	ret = terms_fill(i, &title, i->q->licence_id, sequence,
			 mclic_get32(i->terms.km_generation), t);
	if (!ret)
		ret = db_run(i->db, "UPDATE licences SET sequence = ? WHERE licence_id = ?",
			     DB_ARGS(DB_INT(sequence), DB_ID(i->q->licence_id)));
	if (ret >= 0)
		ret = record(i, &title, "licence renewed");
	return problem_of(ret < 0 ? ret : 0);
}

/* The answer is a receipt: the last terms, ended now. It can never be in force. */
static enum problem issue_return(struct issue *i, __u64 t)
{
	struct issue_title title;
	__u32 sequence;
	enum problem p;
	int ret;

	p = licence_load(i);
	if (!p)
		p = title_load(i, &title);
	if (p)
		return p;
	sequence = mclic_get32(i->terms.sequence) + 1;
	i->terms.sequence = mclic_put32(sequence);
	i->terms.issued_at = mclic_put64(t);
	i->terms.not_after = mclic_put64(t);
	memcpy(i->terms.request_hash, i->hash, sizeof(i->hash));
	ret = db_run(i->db, "UPDATE licences SET sequence = ?, returned_at = ?"
		     " WHERE licence_id = ?",
		     DB_ARGS(DB_INT(sequence), DB_INT(t), DB_ID(i->q->licence_id)));
	if (ret >= 0)
		ret = revocation_add(i->db, t, i->q->licence_id, sequence,
				     MCLIC_REASON_RETURNED);
	if (!ret)
		ret = record(i, &title, "licence returned");
	return problem_of(ret < 0 ? ret : 0);
}

enum problem issue_grant(struct issue *i)
{
	__u64 t;
	int ret = center_clock(i->db, i->now, &t);

	if (ret)
		return problem_of(ret);
	switch (i->q->operation) {
	case MCLIC_OP_NEW:
		return issue_new(i, t);
	case MCLIC_OP_RENEW:
		return issue_renew(i, t);
	default:
		return issue_return(i, t);
	}
}
