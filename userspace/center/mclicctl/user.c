// SPDX-License-Identifier: GPL-2.0-or-later
/* Users: the user profile database of the patent. */
#include "ctl.h"

/* By name, or by id in hex. */
static int find(struct ctl *t, const char *name, __u8 user_id[MCLIC_ID_SIZE])
{
	DB_AUTO sqlite3_stmt *s = NULL;
	__u8 id[MCLIC_ID_SIZE];
	bool by_id = !mclic_unhex(name, id, sizeof(id));
	int ret;

	ret = db_query(t->db, "SELECT user_id FROM users WHERE name = ?1 OR user_id = ?2"
		       " ORDER BY name = ?1 DESC",
		       DB_ARGS(DB_TEXT(name), DB_BLOB(by_id ? id : NULL, sizeof(id))), &s);
	if (!ret)
		ret = db_step(t->db, s);
	if (ret < 0)
		return ret;
	if (!ret)
		return mclic_fail(ENOENT, "%s: no such user; mclicctl user list names them", name);
	return db_blob(s, 0, user_id, MCLIC_ID_SIZE);
}

int user_filter(struct ctl *t, __u8 user_id[MCLIC_ID_SIZE], const __u8 **id)
{
	const char *name = ctl_option(t, CTL_USER);

	*id = name ? user_id : NULL;
	return name ? find(t, name, user_id) : 0;
}

/* ---- inside a transaction ---- */

static int token_add(struct ctl *t, const __u8 user_id[MCLIC_ID_SIZE],
		     char token[TOKEN_SIZE + 1])
{
	__u8 hash[MCLIC_HASH_SIZE];
	int ret;

	/* One that was mislaid is good for nobody then. */
	ret = db_run(t->db, "DELETE FROM enrolment_tokens WHERE user_id = ? AND device_id IS NULL",
		     DB_ARGS(DB_ID(user_id)));
	if (ret >= 0)
		ret = token_make(t->c, TOKEN_USER, token, hash);
	if (ret >= 0)
		ret = db_run(t->db, "INSERT INTO enrolment_tokens (hash, user_id, created_at)"
			     " VALUES (?, ?, ?)",
			     DB_ARGS(DB_BLOB(hash, sizeof(hash)), DB_ID(user_id), DB_INT(t->now)));
	if (ret >= 0)
		ret = audit_id(t->db, t->now, t->actor, "enrolment token made", user_id, NULL);
	return ret;
}

static int key_add(struct ctl *t, const __u8 user_id[MCLIC_ID_SIZE], __u32 generation,
		   __u32 *km_generation)
{
	int ret;

	ret = keystore_current(t->db, km_generation);
	if (!ret)
		ret = db_run(t->db, "INSERT INTO user_keys (user_id, generation, km_generation,"
			     " created_at) VALUES (?, ?, ?, ?)",
			     DB_ARGS(DB_ID(user_id), DB_INT(generation), DB_INT(*km_generation),
				     DB_INT(t->now)));
	return ret < 0 ? ret : 0;
}

static int add(struct ctl *t, const __u8 user_id[MCLIC_ID_SIZE], char token[TOKEN_SIZE + 1])
{
	__u32 km_generation;
	int ret;

	ret = db_run(t->db, "INSERT INTO users (user_id, name, email, created_at)"
		     " VALUES (?, ?, ?, ?)",
		     DB_ARGS(DB_ID(user_id), DB_TEXT(t->argument),
			     DB_TEXT(ctl_option(t, CTL_EMAIL)), DB_INT(t->now)));
	if (ret == -EEXIST)
		return mclic_fail(EEXIST, "%s: there is a user of this name", t->argument);
	if (ret >= 0)
		ret = key_add(t, user_id, 1, &km_generation);
	if (!ret)
		ret = audit_id(t->db, t->now, t->actor, "user made", user_id,
			       json_pack("{s:s}", "name", t->argument));
	return ret ? ret : token_add(t, user_id, token);
}

static int rotate(struct ctl *t, const __u8 user_id[MCLIC_ID_SIZE], __u32 *generation,
		  __u32 *km_generation)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(t->db, "SELECT max(generation) FROM user_keys WHERE user_id = ?",
		       DB_ARGS(DB_ID(user_id)), &s);
	if (!ret)
		ret = db_step(t->db, s);
	if (ret < 0)
		return ret;
	*generation = (__u32)sqlite3_column_int64(s, 0) + 1;
	ret = key_add(t, user_id, *generation, km_generation);
	return ret ? ret : audit_id(t->db, t->now, t->actor, "user key rotated", user_id,
				    json_pack("{s:I}", "generation", (json_int_t)*generation));
}

/* ---- the commands ---- */

int user_add(struct ctl *t)
{
	const char *email = ctl_option(t, CTL_EMAIL);
	__u8 user_id[MCLIC_ID_SIZE];
	char token[TOKEN_SIZE + 1], hex[2 * MCLIC_ID_SIZE + 1];
	int ret;

	ret = ctl_name_check(t->argument);
	if (!ret && email)
		ret = ctl_name_check(email);
	if (!ret)
		ret = mclic_random(user_id, sizeof(user_id));
	if (!ret)
		ret = db_begin(t->db);
	if (ret)
		return ret;
	ret = ctl_end(t, add(t, user_id, token));
	if (ret)
		return ret;
	return print_record(t, json_pack("{s:s, s:s, s:s?, s:s}",
					 "user", mclic_hex(user_id, sizeof(user_id), hex),
					 "name", t->argument, "email", email, "token", token));
}

int user_token(struct ctl *t)
{
	__u8 user_id[MCLIC_ID_SIZE];
	char token[TOKEN_SIZE + 1], hex[2 * MCLIC_ID_SIZE + 1];
	int ret;

	ret = db_begin(t->db);
	if (ret)
		return ret;
	ret = find(t, t->argument, user_id);
	if (!ret)
		ret = token_add(t, user_id, token);
	ret = ctl_end(t, ret);
	if (ret)
		return ret;
	return print_record(t, json_pack("{s:s, s:s}", "user",
					 mclic_hex(user_id, sizeof(user_id), hex),
					 "token", token));
}

int user_rotate_key(struct ctl *t)
{
	__u32 generation = 0, km_generation = 0;
	__u8 user_id[MCLIC_ID_SIZE];
	char hex[2 * MCLIC_ID_SIZE + 1];
	int ret;

	ret = db_begin(t->db);
	if (ret)
		return ret;
	ret = find(t, t->argument, user_id);
	if (!ret)
		ret = rotate(t, user_id, &generation, &km_generation);
	ret = ctl_end(t, ret);
	if (ret)
		return ret;
	return print_record(t, json_pack("{s:s, s:I, s:I}",
					 "user", mclic_hex(user_id, sizeof(user_id), hex),
					 "generation", (json_int_t)generation,
					 "km_generation", (json_int_t)km_generation));
}

static int set_disabled(struct ctl *t, bool disabled)
{
	__u8 user_id[MCLIC_ID_SIZE];
	char hex[2 * MCLIC_ID_SIZE + 1];
	int ret;

	ret = db_begin(t->db);
	if (ret)
		return ret;
	ret = find(t, t->argument, user_id);
	if (!ret)
		ret = db_run(t->db, "UPDATE users SET disabled_at = CASE WHEN ? THEN"
			     " coalesce(disabled_at, ?) END WHERE user_id = ?",
			     DB_ARGS(DB_INT(disabled), DB_INT(t->now), DB_ID(user_id)));
	if (ret >= 0)
		ret = audit_id(t->db, t->now, t->actor,
			       disabled ? "user disabled" : "user enabled", user_id, NULL);
	ret = ctl_end(t, ret);
	if (ret)
		return ret;
	return print_record(t, json_pack("{s:s, s:b}",
					 "user", mclic_hex(user_id, sizeof(user_id), hex),
					 "disabled", disabled));
}

int user_disable(struct ctl *t)
{
	return set_disabled(t, true);
}

int user_enable(struct ctl *t)
{
	return set_disabled(t, false);
}

static json_t *user_row(sqlite3_stmt *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "user", db_hex(s, 0), "name", db_json_text(s, 1),
			 "email", db_json_text(s, 2),
			 "created_at", db_json_int(s, 3), "disabled_at", db_json_int(s, 4),
			 "devices", db_json_int(s, 5), "ku_generation", db_json_int(s, 6));
}

int user_list(struct ctl *t)
{
	static const struct column columns[] = {
		{ "USER", "user", COLUMN_PLAIN }, { "NAME", "name", COLUMN_PLAIN },
		{ "EMAIL", "email", COLUMN_PLAIN }, { "CREATED", "created_at", COLUMN_TIME },
		{ "DISABLED", "disabled_at", COLUMN_TIME }, { "DEVICES", "devices", COLUMN_PLAIN },
		{ "KU", "ku_generation", COLUMN_PLAIN }, { NULL, NULL, COLUMN_PLAIN },
	};
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(t->db, "SELECT user_id, name, email, created_at, disabled_at,"
		       " (SELECT count(*) FROM devices d WHERE d.user_id = u.user_id"
		       "  AND d.revoked_at IS NULL),"
		       " (SELECT max(generation) FROM user_keys k WHERE k.user_id = u.user_id)"
		       " FROM users u ORDER BY name", NULL, &s);
	return ret ? ret : print_rows(t, "users", s, user_row, columns);
}

static json_t *key_row(sqlite3_stmt *s)
{
	return json_pack("{s:o, s:o, s:o}", "generation", db_json_int(s, 0),
			 "km_generation", db_json_int(s, 1), "created_at", db_json_int(s, 2));
}

static int key_rows(struct ctl *t, const __u8 user_id[MCLIC_ID_SIZE], json_t **rows)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(t->db, "SELECT generation, km_generation, created_at FROM user_keys"
		       " WHERE user_id = ? ORDER BY generation", DB_ARGS(DB_ID(user_id)), &s);
	return ret ? ret : ctl_rows(t, s, key_row, rows);
}

int user_show(struct ctl *t)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	__u8 user_id[MCLIC_ID_SIZE];
	json_t *devices, *keys;
	int ret;

	ret = find(t, t->argument, user_id);
	if (!ret)
		ret = db_query(t->db, "SELECT user_id, name, email, created_at, disabled_at,"
			       " (SELECT count(*) FROM licences l WHERE l.user_id = u.user_id)"
			       " FROM users u WHERE user_id = ?", DB_ARGS(DB_ID(user_id)), &s);
	if (!ret)
		ret = db_step(t->db, s);
	if (ret < 0)
		return ret;
	ret = device_rows(t, user_id, &devices);
	if (ret)
		return ret;
	ret = key_rows(t, user_id, &keys);
	if (ret) {
		json_decref(devices);
		return ret;
	}
	return print_record(t, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
					 "user", db_hex(s, 0), "name", db_json_text(s, 1),
					 "email", db_json_text(s, 2),
					 "created_at", db_json_int(s, 3),
					 "disabled_at", db_json_int(s, 4),
					 "licences", db_json_int(s, 5),
					 "keys", keys, "devices", devices));
}
