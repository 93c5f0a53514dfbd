/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The license center: what mclicd and mclicctl share. One section a file.
 *
 * A function that returns int returns 0 or a negative errno and leaves a sentence
 * with mclic_message(). A function that returns enum problem answers a client: its
 * sentence is for the client, except behind PROBLEM_BUSY and PROBLEM_INTERNAL, where
 * it is for the operator alone.
 */
#ifndef MCLIC_CENTER_H
#define MCLIC_CENTER_H

#include <pthread.h>
#include <sqlite3.h>

#include "userspace/lib/libmclic.h"

/* ---- problem.c: what a client is told (Documentation/protocol.rst, "Errors") ---- */

enum problem {
	PROBLEM_NONE,
	PROBLEM_BAD_HTTP,
	PROBLEM_BAD_JSON,
	PROBLEM_BAD_REQUEST,
	PROBLEM_BAD_TOKEN,
	PROBLEM_TOKEN_USED,
	PROBLEM_BAD_SIGNATURE,
	PROBLEM_UNKNOWN_DEVICE,
	PROBLEM_DEVICE_TAKEN,
	PROBLEM_DEVICE_REVOKED,
	PROBLEM_USER_DISABLED,
	PROBLEM_PUBLISHER_KEY,
	PROBLEM_KIND_NOT_ALLOWED,
	PROBLEM_CLASS_TOO_LOW,
	PROBLEM_UNKNOWN_TITLE,
	PROBLEM_UNKNOWN_VERSION,
	PROBLEM_UNKNOWN_LICENCE,
	PROBLEM_UNKNOWN_CENTER,
	PROBLEM_NOT_FOUND,
	PROBLEM_METHOD_NOT_ALLOWED,
	PROBLEM_TOO_SLOW,
	PROBLEM_WITHDRAWN,
	PROBLEM_WRONG_GENERATION,
	PROBLEM_WRONG_TERMS,
	PROBLEM_STALE_SEQUENCE,
	PROBLEM_NONCE_REUSED,
	PROBLEM_CLOCK,
	PROBLEM_LICENCE_REVOKED,
	PROBLEM_LICENCE_RETURNED,
	PROBLEM_TOO_LARGE,
	PROBLEM_URI_TOO_LONG,
	PROBLEM_UNSUPPORTED_TYPE,
	PROBLEM_HEAD_TOO_LARGE,
	PROBLEM_BUSY,
	PROBLEM_INTERNAL,
	PROBLEM_HTTP_VERSION,
	PROBLEM_COUNT
};

/** problem_name() - the part of the URN behind "urn:mclic:problem:"; "none" for PROBLEM_NONE */
const char *problem_name(enum problem p);
/** problem_status() - HTTP status */
unsigned int problem_status(enum problem p);
/** problem_json() - the RFC 9457 body; @detail NULL leaves only the title */
json_t *problem_json(enum problem p, const char *detail);
/** problem_refuse() - note the sentence for the client, and return @p */
enum problem problem_refuse(enum problem p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/** problem_of() - what the errno of a failure on our side is to a client */
enum problem problem_of(int err);

/* ---- db.c: a connection to the database ---- */

struct db;

#define DB_AUTO		__mclic_cleanup(db_done)

enum db_type { DB_END, DB_TYPE_INT, DB_TYPE_TEXT, DB_TYPE_BLOB };

/** struct db_arg - one value for one "?" of a statement; made by the macros below */
struct db_arg {
	enum db_type type;
	sqlite3_int64 number;
	const void *data;	/* NULL: SQL's NULL */
	size_t len;
};

#define DB_INT(x)	{ DB_TYPE_INT, (sqlite3_int64)(x), NULL, 0 }
#define DB_TEXT(x)	{ DB_TYPE_TEXT, 0, (x), 0 }
#define DB_BLOB(p, n)	{ DB_TYPE_BLOB, 0, (p), (n) }
#define DB_ID(p)	{ DB_TYPE_BLOB, 0, (p), MCLIC_ID_SIZE }
#define DB_ARGS(...)	((const struct db_arg[]){ __VA_ARGS__, { DB_END, 0, NULL, 0 } })

/**
 * db_open() - open the database and set it up (WAL, synchronous=FULL, foreign keys)
 * @path: file
 * @create: make it (0600) if it is missing, else -ENOENT
 * @writer: held during write transactions, so that the threads of one process queue
 *	instead of polling each other; may be NULL
 * @db: gets the connection, for one thread at a time
 */
int db_open(const char *path, bool create, pthread_mutex_t *writer, struct db **db);
void db_close(struct db *db);

/** db_begin() - start a write transaction; -EBUSY after some seconds of waiting */
int db_begin(struct db *db);
/** db_commit() - end it; it is on the disk when this returns 0, else rolled back */
int db_commit(struct db *db);
/** db_rollback() - undo it; nothing happens where none is open */
void db_rollback(struct db *db);

/**
 * db_query() - prepare a statement (once a connection) and bind its values
 * @db: connection
 * @sql: a string literal: statements are kept by their address
 * @args: DB_ARGS(...), or NULL when there are none
 * @stmt: gets it; declare it DB_AUTO, so that it does not hold a read transaction
 */
int db_query(struct db *db, const char *sql, const struct db_arg *args, sqlite3_stmt **stmt);
/** db_step() - 1 with a row, 0 at the end, or a negative errno */
int db_step(struct db *db, sqlite3_stmt *stmt);
/** db_run() - a statement without rows; returns the number of rows changed */
int db_run(struct db *db, const char *sql, const struct db_arg *args);
/** db_script() - several statements without values */
int db_script(struct db *db, const char *sql);
/** db_done() - for DB_AUTO */
void db_done(sqlite3_stmt **stmt);
/** db_blob() - copy a column of exactly @n bytes; -EBADMSG if it is not that long */
int db_blob(sqlite3_stmt *stmt, int column, void *out, size_t n);
/** db_text() - a column as text, "" for NULL; valid until the next step */
const char *db_text(sqlite3_stmt *stmt, int column);
/** db_hex() - a BLOB column as a JSON string in hex, or null */
json_t *db_hex(sqlite3_stmt *stmt, int column);
/** db_json_text() - a TEXT column as a JSON string, or null */
json_t *db_json_text(sqlite3_stmt *stmt, int column);
/** db_json_int() - an INTEGER column as a JSON integer, or null */
json_t *db_json_int(sqlite3_stmt *stmt, int column);
/** db_checkpoint() - move the write-ahead log into the database file */
int db_checkpoint(struct db *db);

/* ---- schema.c ---- */

/** schema_version() - of the file; 0 when it is empty */
int schema_version(struct db *db);
/** schema_check() - is it the version this program was written for? */
int schema_check(struct db *db);
/** schema_migrate() - bring it to that version; inside a transaction of the caller */
int schema_migrate(struct db *db);

/* ---- center.c: the data directory, first start ---- */

#define CENTER_DB	"center.db"
#define CENTER_LISTEN	"listen"
#define CENTER_DAY	86400

struct center_km;

/**
 * struct center - an open data directory
 * @path: of it
 * @dir: descriptor of it
 * @keys_dir: descriptor of keys/
 * @lock: descriptor that holds the lock; -1 in mclicctl
 * @id: IDc
 * @name: for people
 * @signing_key: NULL in mclicctl
 * @certificate: PEM text
 * @writer: see db_open()
 * @km_lock: guards @km
 * @km: master keys read so far
 * @list_lock: guards the newest revocation list, below
 */
struct center {
	char *path;
	int dir;
	int keys_dir;
	int lock;
	__u8 id[MCLIC_ID_SIZE];
	char *name;
	EVP_PKEY *signing_key;
	char *certificate;
	pthread_mutex_t writer;
	pthread_mutex_t km_lock;
	struct center_km *km;
	pthread_mutex_t list_lock;
	struct center_list *list;
};

/**
 * center_start() - open a data directory to serve it; make what is missing
 * @path: DIR
 * @name: new name, or NULL to keep it
 * @bits: of the signing key, if it has to be made
 * @now: Unix seconds
 * @c: gets the center
 *
 * May be killed at any moment: the next start goes on from there.
 * Return: -EBUSY when another process serves this directory.
 */
int center_start(const char *path, const char *name, int bits, __u64 now, struct center **c);
/** center_attach() - open a data directory that mclicd has made, for mclicctl */
int center_attach(const char *path, struct center **c);
void center_close(struct center *c);
/** center_db() - a new connection to the center's database */
int center_db(struct center *c, struct db **db);
/** center_clock() - now, but never before what it said last; inside a transaction */
int center_clock(struct db *db, __u64 now, __u64 *t);

/* ---- keystore.c: KM and the signing key ---- */

/** keystore_km_make() - KM of @generation: made if its file is missing, never replaced */
int keystore_km_make(struct center *c, __u32 generation, __u8 fingerprint[MCLIC_ID_SIZE]);
/** keystore_km_check() - is the file there, and the key the one of @fingerprint? */
int keystore_km_check(struct center *c, __u32 generation,
		      const __u8 fingerprint[MCLIC_ID_SIZE]);
/** keystore_km() - KM of @generation, held until the center is closed; read once */
int keystore_km(struct center *c, __u32 generation, const __u8 **km);
/** keystore_km_rotate() - make and record the next generation; inside a transaction */
int keystore_km_rotate(struct center *c, struct db *db, __u64 now, __u32 *generation);
/** keystore_signing_find() - c->id of a signing pair that is there: 1; 0 without one */
int keystore_signing_find(struct center *c);
/** keystore_signing_make() - find the signing pair of a half-made start, or make one */
int keystore_signing_make(struct center *c, const char *name, int bits);
/** keystore_signing_load() - load the pair of c->id; mclicctl has no use for the key */
int keystore_signing_load(struct center *c, bool with_key);
/** keystore_clean() - remove temporary files that a killed start left in @dirfd */
int keystore_clean(int dirfd);
/** keystore_free() - wipe */
void keystore_free(struct center *c);

/** keystore_current() - the newest KM generation */
int keystore_current(struct db *db, __u32 *generation);

/* ---- token.c: tokens of users and publishers ---- */

#define TOKEN_USER	'u'
#define TOKEN_PUBLISHER	'p'
#define TOKEN_SIZE	(8 + 32 + 1 + 32)	/* mclic-u-IDc-secret */

/** token_make() - a new token and its hash */
int token_make(const struct center *c, char type, char token[TOKEN_SIZE + 1],
	       __u8 hash[MCLIC_HASH_SIZE]);
/**
 * token_hash() - the hash under which a token is stored
 *
 * Return: PROBLEM_BAD_TOKEN when it does not look like one of @type,
 * PROBLEM_UNKNOWN_CENTER when it is another center's.
 */
enum problem token_hash(const struct center *c, char type, const char *token,
			__u8 hash[MCLIC_HASH_SIZE]);

/* ---- body.c: JSON bodies ---- */

/** struct enrol_body - POST /v1/enrol */
struct enrol_body {
	char token[TOKEN_SIZE + 1];	/* "": none */
	__u8 device_key[MCLIC_ED25519_PUBLIC];
	__u8 exchange_key[32];
	__u8 sig[MCLIC_ED25519_SIG];
};

/** struct register_body - POST /v1/products */
struct register_body {
	char title[MCLIC_TITLE_SIZE];
	__u32 content_version;
	__u8 publisher_key[MCLIC_ED25519_PUBLIC];
	__u8 exchange_key[32];
	__u8 sig[MCLIC_ED25519_SIG];
};

enum problem body_enrol(const void *text, size_t len, struct enrol_body *b);
enum problem body_register(const void *text, size_t len, struct register_body *b);
/** body_title_ok() - 1 to 63 bytes of clean UTF-8 */
bool body_title_ok(const char *title);

/* ---- audit.c: who did what ---- */

/** audit() - one line; inside the transaction it is about; takes @detail (may be NULL) */
int audit(struct db *db, __u64 now, const char *actor, const char *action,
	  const char *object, json_t *detail);
/** audit_id() - as audit(), for an object known by its identifier */
int audit_id(struct db *db, __u64 now, const char *actor, const char *action,
	     const __u8 id[MCLIC_ID_SIZE], json_t *detail);

/* ---- enrol.c, register.c, sealed.c ---- */

/** center_enrol() - POST /v1/enrol; *@answer gets the JSON body, the caller's in any case */
enum problem center_enrol(struct center *c, struct db *db, __u64 now, const void *text,
			  size_t len, json_t **answer);
/** center_register() - the same for POST /v1/products, with the bearer's @token or NULL */
enum problem center_register(struct center *c, struct db *db, __u64 now, const char *token,
			     const void *text, size_t len, json_t **answer);
/**
 * center_box() - a key sealed to @to, as a JSON string in base64
 *
 * The info is @label || IDc || @id || le32 @number || le32 @km_generation.
 */
int center_box(const struct center *c, const __u8 to[32], const char *label,
	       const __u8 id[MCLIC_ID_SIZE], __u32 number, __u32 km_generation,
	       const __u8 key[MCLIC_KEY_SIZE], json_t **box);
/** center_signed() - {"certificate", @member: text, "signature"}, signed under @label */
int center_signed(struct center *c, const char *label, const char *member, json_t *content,
		  json_t **answer);

/* ---- catalogue.c ---- */

/** catalogue_product() - one title as JSON; -ENOENT */
int catalogue_product(struct db *db, const __u8 did[MCLIC_ID_SIZE], json_t **product);
/** catalogue_list() - JSON array of titles; @all: also those not on sale */
int catalogue_list(struct db *db, bool all, json_t **products);

/* ---- issue.c, answer.c: POST /v1/licences ---- */

/**
 * struct issue_note - what happened, for the log and the metrics
 * @operation: MCLIC_OP_*, 0 when the request was not even read
 * @repeated: the answer was given before
 * @request_hash: SHA-256 of the request
 * @licence_id: zero unless issued
 */
struct issue_note {
	__u8 operation;
	bool repeated;
	__u8 request_hash[MCLIC_HASH_SIZE];
	__u8 licence_id[MCLIC_ID_SIZE];
};

/** center_issue() - judge a request; record and answer it, or answer it again */
enum problem center_issue(struct center *c, struct db *db, __u64 now, const void *body,
			  size_t len, struct mclic_response *r, struct issue_note *note);
/** center_answer() - the response to @q, a function of @q, @terms and the center's keys */
int center_answer(struct center *c, const struct mclic_request *q,
		  const struct mclic_terms *terms, struct mclic_response *r);

/* ---- revocation.c ---- */

#define CENTER_LIST_LIFE	(7 * CENTER_DAY)

/** struct center_list - a signed revocation list; free with revocation_put() */
struct center_list {
	int users;
	__u64 number;
	size_t len;
	__u8 bytes[];
};

/** revocation_add() - put a licence on the list; inside a transaction */
int revocation_add(struct db *db, __u64 now, const __u8 licence_id[MCLIC_ID_SIZE],
		   __u32 lowest_good, __u32 reason);
/** revocation_get() - the newest list; a new number when the last one's time has passed */
int revocation_get(struct center *c, struct db *db, __u64 now, struct center_list **list);
void revocation_put(struct center *c, struct center_list *list);

#endif /* MCLIC_CENTER_H */
