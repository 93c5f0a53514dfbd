// SPDX-License-Identifier: GPL-2.0-or-later
/* The ledger and the audit log; both are only ever appended to. */
#include "ctl.h"

static json_t *ledger_row(sqlite3_stmt *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o}",
			 "line", db_json_int(s, 0), "time", db_json_int(s, 1),
			 "user", db_hex(s, 2), "user_name", db_json_text(s, 3),
			 "licence", db_hex(s, 4), "sequence", db_json_int(s, 5),
			 "title", db_json_text(s, 6),
			 "operation", licence_operation(sqlite3_column_int(s, 7)),
			 "amount", db_json_int(s, 8), "currency", db_json_text(s, 9));
}

int ledger_list(struct ctl *t)
{
	static const struct column columns[] = {
		{ "LINE", "line", COLUMN_PLAIN }, { "TIME", "time", COLUMN_TIME },
		{ "USER", "user_name", COLUMN_PLAIN }, { "LICENCE", "licence", COLUMN_PLAIN },
		{ "SEQUENCE", "sequence", COLUMN_PLAIN }, { "TITLE", "title", COLUMN_PLAIN },
		{ "OPERATION", "operation", COLUMN_PLAIN }, { "AMOUNT", "amount", COLUMN_MONEY },
		{ NULL, NULL, COLUMN_PLAIN },
	};
	DB_AUTO sqlite3_stmt *s = NULL;
	__u8 user_id[MCLIC_ID_SIZE];
	const __u8 *id;
	int ret;

	ret = user_filter(t, user_id, &id);
	if (!ret)
		ret = db_query(t->db, "SELECT b.line, b.time, b.user_id, u.name, b.licence_id,"
			       " b.sequence, p.title, b.operation, b.amount, b.currency"
			       " FROM ledger b JOIN users u ON u.user_id = b.user_id"
			       " JOIN licences l ON l.licence_id = b.licence_id"
			       " JOIN products p ON p.did = l.did"
			       " WHERE ?1 IS NULL OR b.user_id = ?1 ORDER BY b.line",
			       DB_ARGS(DB_ID(id)), &s);
	return ret ? ret : print_rows(t, "entries", s, ledger_row, columns);
}

static json_t *balance_row(sqlite3_stmt *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}",
			 "user", db_hex(s, 0), "user_name", db_json_text(s, 1),
			 "currency", db_json_text(s, 2),
			 "amount", db_json_int(s, 3), "lines", db_json_int(s, 4));
}

int ledger_balance(struct ctl *t)
{
	static const struct column columns[] = {
		{ "USER", "user_name", COLUMN_PLAIN }, { "AMOUNT", "amount", COLUMN_MONEY },
		{ "LINES", "lines", COLUMN_PLAIN }, { NULL, NULL, COLUMN_PLAIN },
	};
	DB_AUTO sqlite3_stmt *s = NULL;
	__u8 user_id[MCLIC_ID_SIZE];
	const __u8 *id;
	int ret;

	ret = user_filter(t, user_id, &id);
	if (!ret)
		ret = db_query(t->db, "SELECT b.user_id, u.name, b.currency, sum(b.amount), count(*)"
			       " FROM ledger b JOIN users u USING (user_id)"
			       " WHERE ?1 IS NULL OR b.user_id = ?1"
			       " GROUP BY b.user_id, b.currency ORDER BY u.name, b.currency",
			       DB_ARGS(DB_ID(id)), &s);
	return ret ? ret : print_rows(t, "balances", s, balance_row, columns);
}

/* The detail is JSON that audit() wrote. */
static json_t *detail(sqlite3_stmt *s, int column)
{
	json_t *j = json_loads(db_text(s, column), 0, NULL);

	return j ? j : json_null();
}

static json_t *audit_row(sqlite3_stmt *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}",
			 "line", db_json_int(s, 0), "time", db_json_int(s, 1),
			 "actor", db_json_text(s, 2), "action", db_json_text(s, 3),
			 "object", db_json_text(s, 4), "detail", detail(s, 5));
}

int audit_list(struct ctl *t)
{
	static const struct column columns[] = {
		{ "LINE", "line", COLUMN_PLAIN }, { "TIME", "time", COLUMN_TIME },
		{ "WHO", "actor", COLUMN_PLAIN }, { "WHAT", "action", COLUMN_PLAIN },
		{ "OF", "object", COLUMN_PLAIN }, { "DETAIL", "detail", COLUMN_PLAIN },
		{ NULL, NULL, COLUMN_PLAIN },
	};
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(t->db, "SELECT line, time, actor, action, object, detail FROM audit"
		       " ORDER BY line", NULL, &s);
	return ret ? ret : print_rows(t, "entries", s, audit_row, columns);
}
