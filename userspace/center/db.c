// SPDX-License-Identifier: GPL-2.0-or-later
/* A connection to the SQLite database: statements, transactions, errors. */
#include <fcntl.h>
#include <sys/stat.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "userspace/center/center.h"

#define DB_STATEMENTS	96
#define DB_WAIT_MS	5000

struct db {
	sqlite3 *handle;
	pthread_mutex_t *writer;
	bool writing;		/* a transaction is open, and writer held */
	unsigned int count;
	struct {
		const char *sql;
		sqlite3_stmt *stmt;
	} statements[DB_STATEMENTS];
};

/* The errno of a failure, and a sentence without any value that was bound. */
static int db_fail(struct db *db, int rc, const char *doing)
{
	const char *why = sqlite3_errstr(rc);
	int err = sqlite3_system_errno(db->handle);

	/* Also without a free inode, or beyond a quota. */
	if (((rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN) &&
	    (err == ENOSPC || err == EDQUOT))
		rc = SQLITE_FULL;
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return mclic_fail(EBUSY, "%s: the database is in use by another process "
				  "for too long; try again", doing);
	case SQLITE_FULL:
		return mclic_fail(ENOSPC, "%s: the disk of the data directory is full; "
				  "make room on it", doing);
	case SQLITE_CONSTRAINT:
		return mclic_fail(EEXIST, "%s: the database refuses it: %s", doing,
				  sqlite3_errmsg(db->handle));
	case SQLITE_READONLY:
		return mclic_fail(EROFS, "%s: the database is read-only: %s", doing, why);
	case SQLITE_NOMEM:
		return mclic_fail(ENOMEM, "%s: not enough memory", doing);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return mclic_fail(EBADMSG, "%s: the database is damaged (%s); restore a backup",
				  doing, why);
	case SQLITE_CANTOPEN:
		return mclic_fail(ENOENT, "%s: cannot open the database: %s", doing, why);
	default:
		return mclic_fail(EIO, "%s: %s (%s)", doing, why, sqlite3_errmsg(db->handle));
	}
}

int db_script(struct db *db, const char *sql)
{
	int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : db_fail(db, rc, "setting up the database");
}

/*
 * The file is made by us, so that nobody else may read it whatever the umask is. One that
 * is there is not opened: closing it would drop the locks that SQLite has on it for the
 * other connections of this process.
 */
static int db_touch(const char *path, bool create)
{
	struct stat st;
	int fd;

	if (!lstat(path, &st))
		return S_ISREG(st.st_mode) ? 0 : mclic_fail(EINVAL, "%s is not a regular file", path);
	if (errno == ENOENT && create) {
		fd = open(path, O_RDWR | O_CLOEXEC | O_CREAT | O_EXCL, 0600);
		if (fd >= 0) {
			close(fd);
			return 0;
		}
	}
	return mclic_fail(errno, "cannot open %s: %s", path, strerror(errno));
}

int db_open(const char *path, bool create, pthread_mutex_t *writer, struct db **out)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	struct db *db;
	int rc, ret;

	ret = db_touch(path, create);
	if (ret)
		return ret;
	db = calloc(1, sizeof(*db));
	if (!db)
		return mclic_fail(ENOMEM, "not enough memory for a database connection");
	db->writer = writer;
	rc = sqlite3_open_v2(path, &db->handle, flags, NULL);
	if (rc != SQLITE_OK) {
		ret = db_fail(db, rc, "opening the database");
		goto out;
	}
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_busy_timeout(db->handle, DB_WAIT_MS);
	ret = db_script(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			"PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON;");
out:
	if (ret)
		db_close(db);
	else
		*out = db;
	return ret;
}

void db_close(struct db *db)
{
	unsigned int i;

	if (!db)
		return;
	db_rollback(db);
	for (i = 0; i < db->count; i++)
		sqlite3_finalize(db->statements[i].stmt);
	sqlite3_close(db->handle);
	free(db);
}

static int db_writer_lock(struct db *db)
{
	struct timespec until;

	if (!db->writer)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += 2 * DB_WAIT_MS / 1000;
	if (pthread_mutex_clocklock(db->writer, CLOCK_MONOTONIC, &until))
		return mclic_fail(EBUSY, "the database is in use for too long; try again");
	return 0;
}

static void db_writer_unlock(struct db *db)
{
	db->writing = false;
	if (db->writer)
		pthread_mutex_unlock(db->writer);
}

int db_begin(struct db *db)
{
	int ret = db_writer_lock(db);

	if (ret)
		return ret;
	db->writing = true;
	ret = db_run(db, "BEGIN IMMEDIATE", NULL);
	if (ret < 0)
		db_writer_unlock(db);
	return ret < 0 ? ret : 0;
}

int db_commit(struct db *db)
{
	int ret = db_run(db, "COMMIT", NULL);

	if (ret < 0) {
		db_rollback(db);
		return ret;
	}
	db_writer_unlock(db);
	return 0;
}

void db_rollback(struct db *db)
{
	if (!db->writing)
		return;
	/* Some failures have rolled back already. */
	if (!sqlite3_get_autocommit(db->handle))
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	db_writer_unlock(db);
}

static int db_prepare(struct db *db, const char *sql, sqlite3_stmt **stmt)
{
	unsigned int i;
	int rc;

	for (i = 0; i < db->count; i++)
		if (db->statements[i].sql == sql) {
			*stmt = db->statements[i].stmt;
			return 0;
		}
	if (db->count == DB_STATEMENTS)
		return mclic_fail(ENOMEM, "too many prepared statements");
	rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL);
	if (rc != SQLITE_OK)
		return db_fail(db, rc, "preparing a statement");
	db->statements[db->count].sql = sql;
	db->statements[db->count++].stmt = *stmt;
	return 0;
}

static int db_bind(sqlite3_stmt *s, int i, const struct db_arg *a)
{
	if (a->type == DB_TYPE_INT)
		return sqlite3_bind_int64(s, i, a->number);
	if (!a->data)
		return sqlite3_bind_null(s, i);
	if (a->type == DB_TYPE_TEXT)
		return sqlite3_bind_text(s, i, a->data, -1, SQLITE_TRANSIENT);
	return sqlite3_bind_blob64(s, i, a->data, a->len, SQLITE_TRANSIENT);
}

int db_query(struct db *db, const char *sql, const struct db_arg *args, sqlite3_stmt **stmt)
{
	int ret = db_prepare(db, sql, stmt);
	int i, rc;

	if (ret) {
		*stmt = NULL;
		return ret;
	}
	for (i = 0; args && args[i].type != DB_END; i++) {
		rc = db_bind(*stmt, i + 1, &args[i]);
		if (rc != SQLITE_OK)
			return db_fail(db, rc, "binding a value");
	}
	return 0;
}

int db_step(struct db *db, sqlite3_stmt *stmt)
{
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	return db_fail(db, rc, "using the database");
}

int db_run(struct db *db, const char *sql, const struct db_arg *args)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(db, sql, args, &s);
	if (ret)
		return ret;
	ret = db_step(db, s);
	return ret < 0 ? ret : sqlite3_changes(db->handle);
}

void db_done(sqlite3_stmt **stmt)
{
	if (!*stmt)
		return;
	sqlite3_reset(*stmt);
	sqlite3_clear_bindings(*stmt);
	*stmt = NULL;
}

int db_blob(sqlite3_stmt *stmt, int column, void *out, size_t n)
{
	const void *p = sqlite3_column_blob(stmt, column);

	if (!p || (size_t)sqlite3_column_bytes(stmt, column) != n)
		return mclic_fail(EBADMSG, "the database is damaged: a value has a wrong size");
	memcpy(out, p, n);
	return 0;
}

const char *db_text(sqlite3_stmt *stmt, int column)
{
	const char *t = (const char *)sqlite3_column_text(stmt, column);

	return t ? t : "";
}

json_t *db_hex(sqlite3_stmt *stmt, int column)
{
	const void *p = sqlite3_column_blob(stmt, column);
	size_t n = (size_t)sqlite3_column_bytes(stmt, column);
	char hex[2 * MCLIC_HASH_SIZE + 1];

	if (!p || n > MCLIC_HASH_SIZE)
		return json_null();
	return json_string(mclic_hex(p, n, hex));
}

json_t *db_json_text(sqlite3_stmt *stmt, int column)
{
	const char *t = (const char *)sqlite3_column_text(stmt, column);

	return t ? json_string(t) : json_null();
}

json_t *db_json_int(sqlite3_stmt *stmt, int column)
{
	if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
		return json_null();
	return json_integer(sqlite3_column_int64(stmt, column));
}

int db_checkpoint(struct db *db)
{
	int rc = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
					   NULL);

	return rc == SQLITE_OK ? 0 : db_fail(db, rc, "writing back the write-ahead log");
}
