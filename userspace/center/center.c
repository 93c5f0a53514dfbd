// SPDX-License-Identifier: GPL-2.0-or-later
/* The data directory of a center: opened, locked, and made on the first start. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "userspace/center/center.h"

#define CENTER_LOCK	"lock"
#define CENTER_KEYS	"keys"
#define CENTER_NAME	"mclic license center"
#define CENTER_NAME_MAX	64	/* of a certificate's common name */

static int center_new(const char *path, struct center **out)
{
	struct center *c = calloc(1, sizeof(*c));

	if (!c)
		return mclic_fail(ENOMEM, "not enough memory");
	c->dir = c->keys_dir = c->lock = -1;
	pthread_mutex_init(&c->writer, NULL);
	pthread_mutex_init(&c->km_lock, NULL);
	pthread_mutex_init(&c->list_lock, NULL);
	*out = c;
	c->path = strdup(path);
	if (!c->path)
		return mclic_fail(ENOMEM, "not enough memory");
	c->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->dir < 0)
		return mclic_fail(errno, "%s: cannot open the data directory: %s", path,
				  strerror(errno));
	return 0;
}

void center_close(struct center *c)
{
	if (!c)
		return;
	if (c->list)
		revocation_put(c, c->list);
	keystore_free(c);
	EVP_PKEY_free(c->signing_key);
	mclic_close_fd(&c->keys_dir);
	mclic_close_fd(&c->dir);
	mclic_close_fd(&c->lock);
	pthread_mutex_destroy(&c->list_lock);
	pthread_mutex_destroy(&c->km_lock);
	pthread_mutex_destroy(&c->writer);
	free(c->certificate);
	free(c->name);
	free(c->path);
	free(c);
}

int center_db(struct center *c, struct db **db)
{
	MCLIC_AUTO_FREE char *path = NULL;

	if (asprintf(&path, "%s/" CENTER_DB, c->path) < 0) {
		path = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	return db_open(path, false, &c->writer, db);
}

int center_clock(struct db *db, __u64 now, __u64 *t)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(db, "UPDATE center SET clock = max(clock, ?) RETURNING clock",
		       DB_ARGS(DB_INT(now)), &s);
	if (!ret)
		ret = db_step(db, s);
	if (ret <= 0)
		return ret ? ret : mclic_fail(EBADMSG, "the database holds no center");
	*t = (__u64)sqlite3_column_int64(s, 0);
	ret = db_step(db, s);
	return ret < 0 ? ret : 0;
}

/* The lock outlives a crash of its holder by nothing: the kernel drops it. */
static int center_take_lock(struct center *c)
{
	c->lock = openat(c->dir, CENTER_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c->lock < 0)
		return mclic_fail(errno, "%s/" CENTER_LOCK ": cannot open it: %s", c->path,
				  strerror(errno));
	if (!flock(c->lock, LOCK_EX | LOCK_NB))
		return 0;
	if (errno == EWOULDBLOCK)
		return mclic_fail(EBUSY, "%s: another mclicd serves this data directory; stop it "
				  "first, or use another --data", c->path);
	return mclic_fail(errno, "%s/" CENTER_LOCK ": cannot lock it: %s", c->path,
			  strerror(errno));
}

static int center_open_keys(struct center *c, bool make)
{
	if (make && mkdirat(c->dir, CENTER_KEYS, 0700) && errno != EEXIST)
		return mclic_fail(errno, "%s/" CENTER_KEYS ": cannot make it: %s", c->path,
				  strerror(errno));
	if (make && fsync(c->dir))
		return mclic_fail(errno, "%s: cannot flush it: %s", c->path, strerror(errno));
	c->keys_dir = openat(c->dir, CENTER_KEYS, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (c->keys_dir < 0)
		return mclic_fail(errno, "%s/" CENTER_KEYS ": cannot open it: %s", c->path,
				  strerror(errno));
	return 0;
}

static int center_check_mode(const struct center *c)
{
	struct stat st;

	if (fstat(c->dir, &st))
		return mclic_fail(errno, "%s: %s", c->path, strerror(errno));
	if (st.st_mode & 077)
		return mclic_fail(EPERM, "%s: others may look into the data directory; chmod 700 it",
				  c->path);
	return 0;
}

/* 1 when the database names a center, 0 when it is new. */
static int center_load(struct center *c, struct db *db)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(db, "SELECT center_id, name FROM center", NULL, &s);
	if (!ret)
		ret = db_step(db, s);
	if (ret <= 0)
		return ret;
	ret = db_blob(s, 0, c->id, sizeof(c->id));
	if (ret)
		return ret;
	free(c->name);
	c->name = strdup(db_text(s, 1));
	return c->name ? 1 : mclic_fail(ENOMEM, "not enough memory");
}

/*
 * Files first, the row that refers to them last, in the caller's transaction. What a
 * killed start left of the files is found and used, so no key is ever made twice.
 */
static int center_first(struct center *c, struct db *db, const char *name, int bits, __u64 now)
{
	__u8 fingerprint[MCLIC_ID_SIZE];
	int ret;

	ret = keystore_km_make(c, 1, fingerprint);
	if (!ret)
		ret = keystore_signing_make(c, name, bits);
	if (!ret)
		ret = db_run(db, "INSERT INTO center (one, center_id, name, clock, list_number,"
			     " list_issued_at, list_next_issue) VALUES (1, ?1, ?2, ?3, 1, ?3, ?4)",
			     DB_ARGS(DB_ID(c->id), DB_TEXT(name), DB_INT(now),
				     DB_INT(now + CENTER_LIST_LIFE)));
	if (ret >= 0)
		ret = db_run(db, "INSERT INTO km_generations (generation, fingerprint, created_at)"
			     " VALUES (1, ?, ?)",
			     DB_ARGS(DB_ID(fingerprint), DB_INT(now)));
	if (ret >= 0)
		ret = audit_id(db, now, "mclicd", "center made", c->id, NULL);
	return ret < 0 ? ret : center_load(c, db);
}

static int center_rename(struct db *db, const struct center *c, const char *name, __u64 now)
{
	int ret = db_run(db, "UPDATE center SET name = ?", DB_ARGS(DB_TEXT(name)));

	if (ret >= 0)
		ret = audit_id(db, now, "mclicd", "center renamed", c->id,
			       json_pack("{s:s}", "name", name));
	return ret < 0 ? ret : 0;
}

/* Inside a transaction. */
static int center_prepare(struct center *c, struct db *db, const char *name, int bits, __u64 now)
{
	int ret = center_load(c, db);

	if (!ret)
		ret = center_first(c, db, name ? name : CENTER_NAME, bits, now);
	if (ret < 0)
		return ret;
	if (name && strcmp(name, c->name)) {
		ret = center_rename(db, c, name, now);
		if (!ret)
			ret = center_load(c, db);
	}
	return ret < 0 ? ret : 0;
}

/* No row may refer to a key that is missing, or to another key of the same name. */
static int center_check_keys(struct center *c, struct db *db)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	__u8 fingerprint[MCLIC_ID_SIZE];
	int ret;

	ret = db_query(db, "SELECT generation, fingerprint FROM km_generations", NULL, &s);
	if (ret)
		return ret;
	while ((ret = db_step(db, s)) > 0) {
		ret = db_blob(s, 1, fingerprint, sizeof(fingerprint));
		if (!ret)
			ret = keystore_km_check(c, (__u32)sqlite3_column_int64(s, 0), fingerprint);
		if (ret)
			return ret;
	}
	return ret;
}

/*
 * The database and its tables are made before the first key, so that keys without them mean
 * that it was lost. A new one in its place would know no user, title or licence.
 */
static int center_check_lost(struct center *c, const char *what)
{
	int ret = keystore_signing_find(c);

	if (ret > 0)
		ret = mclic_fail(ENOENT, "%s/" CENTER_DB ": %s, but the keys of its center are there; "
				 "restore it from a backup (a new center needs another --data)",
				 c->path, what);
	return ret;
}

static int center_migrate(struct center *c, struct db *db)
{
	int ret = schema_version(db);

	if (!ret)
		ret = center_check_lost(c, "empty");
	if (ret < 0)
		return ret;
	ret = db_begin(db);
	if (!ret)
		ret = schema_migrate(db);
	return ret ? ret : db_commit(db);
}

static int center_open_db(struct center *c, const char *name, int bits, __u64 now)
{
	MCLIC_AUTO_FREE char *path = NULL;
	struct db *db = NULL;
	int ret = 0;

	if (asprintf(&path, "%s/" CENTER_DB, c->path) < 0) {
		path = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	if (faccessat(c->dir, CENTER_DB, F_OK, AT_SYMLINK_NOFOLLOW))
		ret = center_check_lost(c, "missing");
	if (!ret)
		ret = db_open(path, true, NULL, &db);
	if (!ret && fsync(c->dir))
		ret = mclic_fail(errno, "%s: cannot flush it: %s", c->path, strerror(errno));
	if (!ret)
		ret = center_migrate(c, db);
	if (!ret)
		ret = db_begin(db);
	if (!ret)
		ret = center_prepare(c, db, name, bits, now);
	if (!ret)
		ret = db_commit(db);
	if (!ret)
		ret = center_check_keys(c, db);
	db_close(db);
	return ret;
}

int center_start(const char *path, const char *name, int bits, __u64 now, struct center **out)
{
	struct center *c = NULL;
	int ret;

	if (name && (!*name || strlen(name) > CENTER_NAME_MAX ||
		     !mclic_text_ok(name, strlen(name))))
		return mclic_usage("--name: 1 to %d bytes of UTF-8 without control characters expected",
				   CENTER_NAME_MAX);
	ret = mclic_mkdirs(path, 0700);
	if (!ret)
		ret = center_new(path, &c);
	if (!ret)
		ret = center_check_mode(c);
	if (!ret)
		ret = center_take_lock(c);
	if (!ret)
		ret = center_open_keys(c, true);
	if (!ret)
		ret = keystore_clean(c->dir);
	if (!ret)
		ret = keystore_clean(c->keys_dir);
	if (!ret)
		ret = center_open_db(c, name, bits, now);
	if (!ret)
		ret = keystore_signing_load(c, true);
	if (ret)
		center_close(c);
	else
		*out = c;
	return ret;
}

static int center_attach_db(struct center *c)
{
	struct db *db = NULL;
	int ret;

	if (faccessat(c->dir, CENTER_DB, F_OK, 0))
		return mclic_fail(ENOENT, "%s: there is no center here; start mclicd --data %s once",
				  c->path, c->path);
	ret = center_db(c, &db);
	if (!ret)
		ret = schema_check(db);
	if (!ret)
		ret = center_load(c, db);
	if (!ret)
		ret = mclic_fail(ENOENT, "%s: there is no center here yet; start mclicd once",
				 c->path);
	db_close(db);
	return ret < 0 ? ret : 0;
}

int center_attach(const char *path, struct center **out)
{
	struct center *c = NULL;
	int ret;

	ret = center_new(path, &c);
	if (!ret)
		ret = center_attach_db(c);
	if (!ret)
		ret = center_open_keys(c, false);
	if (!ret)
		ret = keystore_signing_load(c, false);
	if (ret)
		center_close(c);
	else
		*out = c;
	return ret;
}
