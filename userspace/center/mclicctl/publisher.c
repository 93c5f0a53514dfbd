// SPDX-License-Identifier: GPL-2.0-or-later
/* Publishers and their tokens. */
#include "ctl.h"

static int print_token(struct ctl *t, const char *token)
{
	return print_record(t, json_pack("{s:s, s:s}", "name", t->argument, "token", token));
}

int publisher_add(struct ctl *t)
{
	__u8 hash[MCLIC_HASH_SIZE];
	char token[TOKEN_SIZE + 1];
	int ret;

	ret = ctl_name_check(t->argument);
	if (!ret)
		ret = token_make(t->c, TOKEN_PUBLISHER, token, hash);
	if (!ret)
		ret = db_begin(t->db);
	if (ret)
		return ret;
	ret = db_run(t->db, "INSERT INTO publishers (name, token_hash, created_at)"
		     " VALUES (?, ?, ?)",
		     DB_ARGS(DB_TEXT(t->argument), DB_BLOB(hash, sizeof(hash)), DB_INT(t->now)));
	if (ret == -EEXIST)
		ret = mclic_fail(EEXIST, "%s: there is a publisher of this name", t->argument);
	if (ret >= 0)
		ret = audit(t->db, t->now, t->actor, "publisher made", t->argument, NULL);
	ret = ctl_end(t, ret);
	return ret ? ret : print_token(t, token);
}

int publisher_token(struct ctl *t)
{
	__u8 hash[MCLIC_HASH_SIZE];
	char token[TOKEN_SIZE + 1];
	int ret;

	ret = token_make(t->c, TOKEN_PUBLISHER, token, hash);
	if (!ret)
		ret = db_begin(t->db);
	if (ret)
		return ret;
	ret = db_run(t->db, "UPDATE publishers SET token_hash = ? WHERE name = ?",
		     DB_ARGS(DB_BLOB(hash, sizeof(hash)), DB_TEXT(t->argument)));
	if (!ret)
		ret = mclic_fail(ENOENT, "%s: no such publisher; mclicctl publisher list names "
				 "them", t->argument);
	if (ret >= 0)
		ret = audit(t->db, t->now, t->actor, "publisher token replaced", t->argument, NULL);
	ret = ctl_end(t, ret);
	return ret ? ret : print_token(t, token);
}

static json_t *row(sqlite3_stmt *s)
{
	return json_pack("{s:o, s:o, s:o, s:o}",
			 "name", db_json_text(s, 0), "publisher", db_hex(s, 1),
			 "created_at", db_json_int(s, 2), "titles", db_json_int(s, 3));
}

int publisher_list(struct ctl *t)
{
	static const struct column columns[] = {
		{ "NAME", "name", COLUMN_PLAIN }, { "PUBLISHER", "publisher", COLUMN_PLAIN },
		{ "CREATED", "created_at", COLUMN_TIME }, { "TITLES", "titles", COLUMN_PLAIN },
		{ NULL, NULL, COLUMN_PLAIN },
	};
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(t->db, "SELECT name, publisher_id, created_at, (SELECT count(*)"
		       " FROM products p WHERE p.publisher = b.publisher) FROM publishers b"
		       " ORDER BY name", NULL, &s);
	return ret ? ret : print_rows(t, "publishers", s, row, columns);
}
