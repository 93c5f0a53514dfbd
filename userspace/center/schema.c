// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tables, and how older ones become newer ones.
 *
 * The database holds no key: tokens as hashes, media as medium tags. What a licence
 * was made from (its request's hash, its terms) is never changed after it was written.
 */
#include "userspace/center/center.h"

/* Step n brings version n to version n + 1; steps that were released never change. */
static const char *const schema_steps[] = {
	/*
	 * clock: the newest issued_at. list_*: the newest revocation list's head; its
	 * entries are the table revocations.
	 */
	"CREATE TABLE center ("
	" one INTEGER PRIMARY KEY CHECK (one = 1),"
	" center_id BLOB NOT NULL CHECK (length(center_id) = 16),"
	" name TEXT NOT NULL,"
	" clock INTEGER NOT NULL,"
	" list_number INTEGER NOT NULL,"
	" list_issued_at INTEGER NOT NULL,"
	" list_next_issue INTEGER NOT NULL"
	") STRICT;"

	"CREATE TABLE km_generations ("
	" generation INTEGER PRIMARY KEY CHECK (generation BETWEEN 1 AND 4294967295),"
	" fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 16),"
	" created_at INTEGER NOT NULL"
	") STRICT;"

	"CREATE TABLE users ("
	" user_id BLOB PRIMARY KEY NOT NULL CHECK (length(user_id) = 16),"
	" name TEXT NOT NULL UNIQUE,"
	" email TEXT,"
	" created_at INTEGER NOT NULL,"
	" disabled_at INTEGER"
	") STRICT;"

	"CREATE TABLE user_keys ("
	" user_id BLOB NOT NULL REFERENCES users,"
	" generation INTEGER NOT NULL CHECK (generation BETWEEN 1 AND 4294967295),"
	" km_generation INTEGER NOT NULL REFERENCES km_generations,"
	" created_at INTEGER NOT NULL,"
	" PRIMARY KEY (user_id, generation)"
	") STRICT;"

	"CREATE TABLE devices ("
	" device_id BLOB PRIMARY KEY NOT NULL CHECK (length(device_id) = 16),"
	" user_id BLOB NOT NULL REFERENCES users,"
	" public_key BLOB NOT NULL CHECK (length(public_key) = 32),"
	" enrolled_at INTEGER NOT NULL,"
	" revoked_at INTEGER"
	") STRICT;"
	"CREATE INDEX devices_user ON devices (user_id);"

	"CREATE TABLE enrolment_tokens ("
	" hash BLOB PRIMARY KEY NOT NULL CHECK (length(hash) = 32),"
	" user_id BLOB NOT NULL REFERENCES users,"
	" created_at INTEGER NOT NULL,"
	" device_id BLOB REFERENCES devices"
	") STRICT;"

	"CREATE TABLE publishers ("
	" publisher INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE,"
	" token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),"
	" public_key BLOB CHECK (length(public_key) = 32),"
	" publisher_id BLOB UNIQUE CHECK (length(publisher_id) = 16),"
	" created_at INTEGER NOT NULL"
	") STRICT;"

	/* kinds: bit n is licence kind n. */
	"CREATE TABLE products ("
	" did BLOB PRIMARY KEY NOT NULL CHECK (length(did) = 16),"
	" publisher INTEGER NOT NULL REFERENCES publishers,"
	" title TEXT NOT NULL,"
	" price INTEGER NOT NULL DEFAULT 0 CHECK (price >= 0),"
	" currency TEXT NOT NULL DEFAULT 'EUR',"
	" period_days INTEGER NOT NULL DEFAULT 0 CHECK (period_days BETWEEN 0 AND 36500),"
	" lowest_class INTEGER NOT NULL DEFAULT 0 CHECK (lowest_class BETWEEN 0 AND 3),"
	" kinds INTEGER NOT NULL DEFAULT 6 CHECK (kinds IN (2, 4, 6)),"
	" on_sale INTEGER NOT NULL DEFAULT 0 CHECK (on_sale IN (0, 1)),"
	" created_at INTEGER NOT NULL,"
	" UNIQUE (publisher, title)"
	") STRICT;"

	"CREATE TABLE product_versions ("
	" did BLOB NOT NULL REFERENCES products,"
	" content_version INTEGER NOT NULL CHECK (content_version BETWEEN 1 AND 4294967295),"
	" km_generation INTEGER NOT NULL REFERENCES km_generations,"
	" created_at INTEGER NOT NULL,"
	" PRIMARY KEY (did, content_version)"
	") STRICT;"

	/* user_id: who asked, also for a portable licence, whose terms name nobody. */
	"CREATE TABLE licences ("
	" licence_id BLOB PRIMARY KEY NOT NULL CHECK (length(licence_id) = 16),"
	" user_id BLOB NOT NULL REFERENCES users,"
	" did BLOB NOT NULL REFERENCES products,"
	" medium_tag BLOB NOT NULL CHECK (length(medium_tag) = 16),"
	" kind INTEGER NOT NULL CHECK (kind IN (1, 2)),"
	" content_version INTEGER NOT NULL,"
	" km_generation INTEGER NOT NULL REFERENCES km_generations,"
	" sequence INTEGER NOT NULL CHECK (sequence BETWEEN 1 AND 4294967295),"
	" created_at INTEGER NOT NULL,"
	" revoked_at INTEGER,"
	" returned_at INTEGER,"
	" CHECK (revoked_at IS NULL OR returned_at IS NULL)"
	") STRICT;"
	"CREATE INDEX licences_medium ON licences (medium_tag, did);"
	"CREATE INDEX licences_user ON licences (user_id);"

	/* One row a sequence number; terms as they are stored in the slot. */
	"CREATE TABLE issues ("
	" licence_id BLOB NOT NULL REFERENCES licences,"
	" sequence INTEGER NOT NULL,"
	" terms BLOB NOT NULL CHECK (length(terms) = 256),"
	" PRIMARY KEY (licence_id, sequence)"
	") STRICT;"

	"CREATE TABLE requests ("
	" user_id BLOB NOT NULL REFERENCES users,"
	" nonce BLOB NOT NULL CHECK (length(nonce) = 16),"
	" request_hash BLOB NOT NULL CHECK (length(request_hash) = 32),"
	" device_id BLOB NOT NULL REFERENCES devices,"
	" operation INTEGER NOT NULL CHECK (operation IN (1, 2, 3)),"
	" licence_id BLOB NOT NULL,"
	" sequence INTEGER NOT NULL,"
	" received_at INTEGER NOT NULL,"
	" PRIMARY KEY (user_id, nonce),"
	" FOREIGN KEY (licence_id, sequence) REFERENCES issues"
	") STRICT;"

	"CREATE TABLE ledger ("
	" line INTEGER PRIMARY KEY AUTOINCREMENT,"
	" time INTEGER NOT NULL,"
	" user_id BLOB NOT NULL REFERENCES users,"
	" licence_id BLOB NOT NULL,"
	" sequence INTEGER NOT NULL,"
	" operation INTEGER NOT NULL CHECK (operation IN (1, 2, 3)),"
	" amount INTEGER NOT NULL,"
	" currency TEXT NOT NULL,"
	" UNIQUE (licence_id, sequence),"
	" FOREIGN KEY (licence_id, sequence) REFERENCES issues"
	") STRICT;"
	"CREATE INDEX ledger_user ON ledger (user_id);"

	"CREATE TABLE revocations ("
	" licence_id BLOB PRIMARY KEY NOT NULL REFERENCES licences,"
	" lowest_good INTEGER NOT NULL CHECK (lowest_good BETWEEN 1 AND 4294967295),"
	" reason INTEGER NOT NULL CHECK (reason IN (1, 2)),"
	" time INTEGER NOT NULL"
	") STRICT;"

	"CREATE TABLE audit ("
	" line INTEGER PRIMARY KEY AUTOINCREMENT,"
	" time INTEGER NOT NULL,"
	" actor TEXT NOT NULL,"
	" action TEXT NOT NULL,"
	" object TEXT NOT NULL,"
	" detail TEXT"
	") STRICT;"

	"CREATE TRIGGER ledger_update BEFORE UPDATE ON ledger BEGIN"
	" SELECT raise(ABORT, 'the ledger is append-only'); END;"
	"CREATE TRIGGER ledger_delete BEFORE DELETE ON ledger BEGIN"
	" SELECT raise(ABORT, 'the ledger is append-only'); END;"
	"CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN"
	" SELECT raise(ABORT, 'the audit log is append-only'); END;"
	"CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN"
	" SELECT raise(ABORT, 'the audit log is append-only'); END;"
	"CREATE TRIGGER issues_update BEFORE UPDATE ON issues BEGIN"
	" SELECT raise(ABORT, 'issued terms never change'); END;"
	"PRAGMA user_version = 1;",
};

#define SCHEMA_VERSION	((int)(sizeof(schema_steps) / sizeof(schema_steps[0])))

int schema_version(struct db *db)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret = db_query(db, "PRAGMA user_version", NULL, &s);

	if (!ret)
		ret = db_step(db, s);
	return ret < 0 ? ret : sqlite3_column_int(s, 0);
}

static int schema_too_new(int version)
{
	return mclic_fail(EPROTO, "the database has version %d, this program knows %d; "
			  "use the newer release that wrote it", version, SCHEMA_VERSION);
}

int schema_check(struct db *db)
{
	int version = schema_version(db);

	if (version < 0)
		return version;
	if (version > SCHEMA_VERSION)
		return schema_too_new(version);
	if (!version)
		return mclic_fail(ENOENT, "there is no center here yet; start mclicd once");
	if (version < SCHEMA_VERSION)
		return mclic_fail(EPROTO, "the database has version %d, this program needs %d; "
				  "start this release's mclicd once", version, SCHEMA_VERSION);
	return 0;
}

int schema_migrate(struct db *db)
{
	int version = schema_version(db);
	int ret = 0;

	if (version < 0)
		return version;
	if (version > SCHEMA_VERSION)
		return schema_too_new(version);
	while (!ret && version < SCHEMA_VERSION)
		ret = db_script(db, schema_steps[version++]);
	return ret;
}
