// SPDX-License-Identifier: GPL-2.0-or-later
/* Licences: what was issued, and taking it back. */
#include "ctl.h"

#define LICENCE_COLUMNS \
	"SELECT l.licence_id, l.user_id, u.name, p.title, l.did, l.medium_tag, l.kind," \
	" l.content_version, l.km_generation, l.sequence, l.created_at, l.revoked_at," \
	" l.returned_at FROM licences l JOIN users u USING (user_id) JOIN products p USING (did) "

const char *licence_operation(int operation)
{
	static const char *const names[] = { "?", "new", "renew", "return" };

	return names[operation >= MCLIC_OP_NEW && operation <= MCLIC_OP_RETURN ? operation : 0];
}

static const char *state(sqlite3_stmt *s)
{
	if (sqlite3_column_type(s, 11) != SQLITE_NULL)
		return "revoked";
	return sqlite3_column_type(s, 12) != SQLITE_NULL ? "returned" : "issued";
}

static json_t *row(sqlite3_stmt *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s}",
			 "licence", db_hex(s, 0), "user", db_hex(s, 1),
			 "user_name", db_json_text(s, 2), "title", db_json_text(s, 3),
			 "did", db_hex(s, 4), "medium_tag", db_hex(s, 5),
			 "kind", sqlite3_column_int(s, 6) == MCLIC_PERSONAL ? "personal" : "portable",
			 "content_version", db_json_int(s, 7),
			 "km_generation", db_json_int(s, 8), "sequence", db_json_int(s, 9),
			 "created_at", db_json_int(s, 10), "revoked_at", db_json_int(s, 11),
			 "returned_at", db_json_int(s, 12), "state", state(s));
}

int licence_list(struct ctl *t)
{
	static const struct column columns[] = {
		{ "LICENCE", "licence", COLUMN_PLAIN }, { "USER", "user_name", COLUMN_PLAIN },
		{ "TITLE", "title", COLUMN_PLAIN }, { "KIND", "kind", COLUMN_PLAIN },
		{ "SEQUENCE", "sequence", COLUMN_PLAIN }, { "ISSUED", "created_at", COLUMN_TIME },
		{ "STATE", "state", COLUMN_PLAIN }, { NULL, NULL, COLUMN_PLAIN },
	};
	DB_AUTO sqlite3_stmt *s = NULL;
	__u8 user_id[MCLIC_ID_SIZE];
	const __u8 *id;
	int ret;

	ret = user_filter(t, user_id, &id);
	if (!ret)
		ret = db_query(t->db, LICENCE_COLUMNS "WHERE ?1 IS NULL OR l.user_id = ?1"
			       " ORDER BY l.created_at, l.rowid", DB_ARGS(DB_ID(id)), &s);
	return ret ? ret : print_rows(t, "licences", s, row, columns);
}

static int licence_id(struct ctl *t, __u8 id[MCLIC_ID_SIZE])
{
	if (mclic_unhex(t->argument, id, MCLIC_ID_SIZE))
		return mclic_usage("%s: a licence is named by 32 hexadecimal digits", t->argument);
	return 0;
}

static int find(struct ctl *t, const __u8 id[MCLIC_ID_SIZE], sqlite3_stmt **s)
{
	int ret;

	ret = db_query(t->db, LICENCE_COLUMNS "WHERE l.licence_id = ?", DB_ARGS(DB_ID(id)), s);
	if (!ret)
		ret = db_step(t->db, *s);
	if (ret < 0)
		return ret;
	return ret ? 0 : mclic_fail(ENOENT, "%s: no such licence; mclicctl licence list names them",
				    t->argument);
}

static int issue_rows(struct ctl *t, const __u8 id[MCLIC_ID_SIZE], json_t *rows)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	struct mclic_terms terms;
	int ret;

	ret = db_query(t->db, "SELECT n.sequence, n.terms, r.operation, r.device_id, b.amount,"
		       " b.currency FROM issues n JOIN requests r USING (licence_id, sequence)"
		       " JOIN ledger b USING (licence_id, sequence) WHERE n.licence_id = ?"
		       " ORDER BY n.sequence", DB_ARGS(DB_ID(id)), &s);
	if (ret)
		return ret;
	while ((ret = db_step(t->db, s)) > 0) {
		ret = db_blob(s, 1, &terms, sizeof(terms));
		if (ret)
			return ret;
		json_array_append_new(rows, json_pack("{s:o, s:s, s:o, s:I, s:I, s:I, s:o, s:o}",
				      "sequence", db_json_int(s, 0),
				      "operation", licence_operation(sqlite3_column_int(s, 2)),
				      "device", db_hex(s, 3),
				      "issued_at", (json_int_t)mclic_get64(terms.issued_at),
				      "not_after", (json_int_t)mclic_get64(terms.not_after),
				      "ku_generation",
				      (json_int_t)mclic_get32(terms.ku_generation),
				      "amount", db_json_int(s, 4),
				      "currency", db_json_text(s, 5)));
	}
	return ret;
}

int licence_show(struct ctl *t)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	__u8 id[MCLIC_ID_SIZE];
	json_t *issues, *licence;
	int ret;

	ret = licence_id(t, id);
	if (!ret)
		ret = find(t, id, &s);
	if (ret)
		return ret;
	issues = json_array();
	ret = issue_rows(t, id, issues);
	if (ret) {
		json_decref(issues);
		return ret;
	}
	licence = row(s);
	json_object_set_new(licence, "issues", issues);
	return print_record(t, licence);
}

/* Inside a transaction. */
static int revoke(struct ctl *t, const __u8 id[MCLIC_ID_SIZE])
{
	DB_AUTO sqlite3_stmt *s = NULL;
	const char *reason = ctl_option(t, CTL_REASON);
	__u32 sequence;
	int ret;

	ret = find(t, id, &s);
	if (ret)
		return ret;
	if (strcmp(state(s), "issued"))
		return mclic_fail(EALREADY, "%s: this licence is %s already", t->argument, state(s));
	sequence = (__u32)sqlite3_column_int64(s, 9);
	ret = db_run(t->db, "UPDATE licences SET revoked_at = ? WHERE licence_id = ?",
		     DB_ARGS(DB_INT(t->now), DB_ID(id)));
	if (ret >= 0)
		ret = revocation_add(t->db, t->now, id, sequence + 1, MCLIC_REASON_REVOKED);
	return ret < 0 ? ret : audit_id(t->db, t->now, t->actor, "licence revoked", id,
					json_pack("{s:s*}", "reason", reason));
}

int licence_revoke(struct ctl *t)
{
	__u8 id[MCLIC_ID_SIZE];
	int ret;

	ret = licence_id(t, id);
	if (!ret && ctl_option(t, CTL_REASON))
		ret = ctl_name_check(ctl_option(t, CTL_REASON));
	if (!ret)
		ret = db_begin(t->db);
	if (ret)
		return ret;
	ret = ctl_end(t, revoke(t, id));
	return ret ? ret : print_record(t, json_pack("{s:s, s:s}", "licence", t->argument,
						     "state", "revoked"));
}
