// SPDX-License-Identifier: GPL-2.0-or-later
/* The audit log: who did what. The tables' triggers keep it append-only. */
#include <stdlib.h>

#include "userspace/center/center.h"

int audit(struct db *db, __u64 now, const char *actor, const char *action,
	  const char *object, json_t *detail)
{
	MCLIC_AUTO_FREE char *text = detail ? json_dumps(detail, JSON_COMPACT) : NULL;
	bool lost = detail && !text;
	int ret;

	json_decref(detail);
	if (lost)
		return mclic_fail(ENOMEM, "not enough memory for a line of the audit log");
	ret = db_run(db, "INSERT INTO audit (time, actor, action, object, detail)"
		     " VALUES (?, ?, ?, ?, ?)",
		     DB_ARGS(DB_INT(now), DB_TEXT(actor), DB_TEXT(action), DB_TEXT(object),
			     DB_TEXT(text)));
	return ret < 0 ? ret : 0;
}

int audit_id(struct db *db, __u64 now, const char *actor, const char *action,
	     const __u8 id[MCLIC_ID_SIZE], json_t *detail)
{
	char hex[2 * MCLIC_ID_SIZE + 1];

	return audit(db, now, actor, action, mclic_hex(id, MCLIC_ID_SIZE, hex), detail);
}
