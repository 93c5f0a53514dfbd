// SPDX-License-Identifier: GPL-2.0-or-later
/* The center's keys: what there is, and the next generation of KM. */
#include "ctl.h"

static json_t *row(sqlite3_stmt *s)
{
	char name[40];

	snprintf(name, sizeof(name), "KM %lld", (long long)sqlite3_column_int64(s, 0));
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}",
			 "key", name, "generation", db_json_int(s, 0),
			 "created_at", db_json_int(s, 1), "versions", db_json_int(s, 2),
			 "licences", db_json_int(s, 3), "user_keys", db_json_int(s, 4));
}

int key_list(struct ctl *t)
{
	static const struct column columns[] = {
		{ "KEY", "key", COLUMN_PLAIN }, { "CREATED", "created_at", COLUMN_TIME },
		{ "TITLES", "versions", COLUMN_PLAIN }, { "LICENCES", "licences", COLUMN_PLAIN },
		{ "USER KEYS", "user_keys", COLUMN_PLAIN }, { "CENTER", "center", COLUMN_PLAIN },
		{ NULL, NULL, COLUMN_PLAIN },
	};
	DB_AUTO sqlite3_stmt *s = NULL;
	char hex[2 * MCLIC_ID_SIZE + 1];
	json_t *rows;
	int ret;

	ret = db_query(t->db, "SELECT generation, created_at,"
		       " (SELECT count(*) FROM product_versions v WHERE v.km_generation = generation),"
		       " (SELECT count(*) FROM licences l WHERE l.km_generation = generation),"
		       " (SELECT count(*) FROM user_keys u WHERE u.km_generation ="
		       "  k.generation) FROM km_generations k ORDER BY generation", NULL, &s);
	if (!ret)
		ret = ctl_rows(t, s, row, &rows);
	if (ret)
		return ret;
	mclic_hex(t->c->id, MCLIC_ID_SIZE, hex);
	json_array_append_new(rows, json_pack("{s:s, s:s}", "key", "signing", "center", hex));
	return print_table(t, "keys", rows, columns);
}

int key_rotate(struct ctl *t)
{
	__u32 generation = 0;
	int ret;

	ret = db_begin(t->db);
	if (ret)
		return ret;
	ret = keystore_km_rotate(t->c, t->db, t->now, &generation);
	if (!ret)
		ret = audit(t->db, t->now, t->actor, "master key rotated", "KM",
			    json_pack("{s:I}", "generation", (json_int_t)generation));
	ret = ctl_end(t, ret);
	return ret ? ret : print_record(t, json_pack("{s:I}", "generation",
						     (json_int_t)generation));
}
