// SPDX-License-Identifier: GPL-2.0-or-later
/* Enrolled devices. */
#include "ctl.h"

static json_t *device_row(sqlite3_stmt *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}",
			 "device", db_hex(s, 0), "user", db_hex(s, 1),
			 "user_name", db_json_text(s, 2),
			 "enrolled_at", db_json_int(s, 3), "revoked_at", db_json_int(s, 4));
}

int device_rows(struct ctl *t, const __u8 *user_id, json_t **rows)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(t->db, "SELECT d.device_id, d.user_id, u.name, d.enrolled_at, d.revoked_at"
		       " FROM devices d JOIN users u USING (user_id)"
		       " WHERE ?1 IS NULL OR d.user_id = ?1 ORDER BY u.name, d.enrolled_at",
		       DB_ARGS(DB_ID(user_id)), &s);
	return ret ? ret : ctl_rows(t, s, device_row, rows);
}

int device_list(struct ctl *t)
{
	static const struct column columns[] = {
		{ "DEVICE", "device", COLUMN_PLAIN }, { "USER", "user_name", COLUMN_PLAIN },
		{ "ENROLLED", "enrolled_at", COLUMN_TIME }, { "REVOKED", "revoked_at", COLUMN_TIME },
		{ NULL, NULL, COLUMN_PLAIN },
	};
	__u8 user_id[MCLIC_ID_SIZE];
	const __u8 *id;
	json_t *rows;
	int ret;

	ret = user_filter(t, user_id, &id);
	if (!ret)
		ret = device_rows(t, id, &rows);
	return ret ? ret : print_table(t, "devices", rows, columns);
}

/* Inside a transaction. */
static int revoke(struct ctl *t, const __u8 device_id[MCLIC_ID_SIZE])
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(t->db, "SELECT revoked_at FROM devices WHERE device_id = ?",
		       DB_ARGS(DB_ID(device_id)), &s);
	if (!ret)
		ret = db_step(t->db, s);
	if (!ret)
		return mclic_fail(ENOENT, "%s: no such device; mclicctl device list names them",
				  t->argument);
	if (ret > 0 && sqlite3_column_type(s, 0) != SQLITE_NULL)
		return mclic_fail(EALREADY, "%s: this device is revoked already", t->argument);
	if (ret > 0)
		ret = db_run(t->db, "UPDATE devices SET revoked_at = ? WHERE device_id = ?",
			     DB_ARGS(DB_INT(t->now), DB_ID(device_id)));
	return ret < 0 ? ret : audit_id(t->db, t->now, t->actor, "device revoked", device_id, NULL);
}

int device_revoke(struct ctl *t)
{
	__u8 device_id[MCLIC_ID_SIZE];
	int ret;

	if (mclic_unhex(t->argument, device_id, sizeof(device_id)))
		return mclic_usage("%s: a device is named by 32 hexadecimal digits", t->argument);
	ret = db_begin(t->db);
	if (ret)
		return ret;
	ret = ctl_end(t, revoke(t, device_id));
	return ret ? ret : print_record(t, json_pack("{s:s, s:b}", "device", t->argument,
						     "revoked", 1));
}
