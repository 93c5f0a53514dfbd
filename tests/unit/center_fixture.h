/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of the center: one in a fresh folder, with a user, a device and a title. */
#ifndef CENTER_FIXTURE_H
#define CENTER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "folder.h"
#include "userspace/center/center.h"

#define START	1750000000ull	/* Unix seconds of the first start */

/**
 * struct scene - a center and what a client of it has
 * @c: center
 * @db: connection
 * @device: Ed25519 key
 * @public: its public key
 * @q: a request for the title, complete but for nonce and signature
 */
struct scene {
	struct center *c;
	struct db *db;
	EVP_PKEY *device;
	__u8 public[MCLIC_ED25519_PUBLIC];
	struct mclic_request q;
};

static const __u8 scene_user[MCLIC_ID_SIZE] = "user of the test";
static const __u8 scene_did[MCLIC_ID_SIZE] = "did of the title";
static const __u8 scene_publisher[MCLIC_ID_SIZE] = "publisher's name";

#define GOOD(call) do {							\
	if ((call) < 0)							\
		fail_msg("%s: %s", #call, mclic_message());		\
} while (0)

static inline void scene_open(struct scene *s, __u64 now)
{
	GOOD(center_start(in_folder("center"), NULL, 2048, now, &s->c));
	GOOD(center_db(s->c, &s->db));
}

static inline void scene_close(struct scene *s)
{
	db_close(s->db);
	center_close(s->c);
}

static inline void scene_rows(struct scene *s)
{
	const struct mclic_vec v = { s->public, sizeof(s->public) };
	__u8 hash[MCLIC_HASH_SIZE] = { 1 };

	GOOD(mclic_ed25519_load(in_folder("device.pem"), true, &s->device, s->public));
	GOOD(mclic_identifier(mclic_openssl(), MCLIC_LABEL_DEVICE, &v, 1, s->q.device_id));
	GOOD(db_run(s->db, "INSERT INTO users (user_id, name, created_at) VALUES (?, 'u', 1)",
		    DB_ARGS(DB_ID(scene_user))));
	GOOD(db_run(s->db, "INSERT INTO user_keys VALUES (?, 1, 1, 1)",
		    DB_ARGS(DB_ID(scene_user))));
	GOOD(db_run(s->db, "INSERT INTO devices VALUES (?, ?, ?, 1, NULL)",
		    DB_ARGS(DB_ID(s->q.device_id), DB_ID(scene_user),
			    DB_BLOB(s->public, sizeof(s->public)))));
	GOOD(db_run(s->db, "INSERT INTO publishers VALUES (1, 'p', ?, ?, ?, 1)",
		    DB_ARGS(DB_BLOB(hash, sizeof(hash)), DB_BLOB(hash, sizeof(hash)),
			    DB_ID(scene_publisher))));
	GOOD(db_run(s->db, "INSERT INTO products (did, publisher, title, price, period_days,"
		    " on_sale, created_at) VALUES (?, 1, 'Title', 100, 30, 1, 1)",
		    DB_ARGS(DB_ID(scene_did))));
	GOOD(db_run(s->db, "INSERT INTO product_versions VALUES (?, 1, 1, 1)",
		    DB_ARGS(DB_ID(scene_did))));
}

static inline void scene_set(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	scene_open(s, START);
	scene_rows(s);
	s->q.operation = MCLIC_OP_NEW;
	s->q.kind = MCLIC_PERSONAL;
	s->q.medium_kind = MCLIC_MEDIUM_EMULATED;
	memcpy(s->q.did, scene_did, sizeof(scene_did));
	memset(s->q.mid, 0x4d, sizeof(s->q.mid));
	memcpy(s->q.center_id, s->c->id, MCLIC_ID_SIZE);
	memcpy(s->q.user_id, scene_user, sizeof(scene_user));
	s->q.created_at = mclic_put64(START);
	s->q.content_version = mclic_put32(1);
	s->q.km_generation = mclic_put32(1);
	mclic_request_finish(&s->q);
}

static inline void scene_clear(struct scene *s)
{
	scene_close(s);
	EVP_PKEY_free(s->device);
	folder_remove(in_folder("center"));
	remove(in_folder("device.pem"));
}

/* Sign @q under a nonce that repeats @nonce. */
static inline void scene_sign(const struct scene *s, struct mclic_request *q, __u8 nonce)
{
	const struct mclic_vec v[] = {
		{ MCLIC_LABEL_REQUEST, sizeof(MCLIC_LABEL_REQUEST) - 1 },
		{ q, MCLIC_REQUEST_SIGNED },
	};

	memset(q->nonce, nonce, sizeof(q->nonce));
	GOOD(mclic_ed25519_sign(s->device, v, 2, q->sig));
}

static inline const struct mclic_terms *response_terms(const struct mclic_response *r)
{
	return &r->slot.terms;
}

static inline sqlite3_int64 count(struct db *db, const char *sql)
{
	DB_AUTO sqlite3_stmt *s = NULL;

	GOOD(db_query(db, sql, NULL, &s));
	assert_int_equal(db_step(db, s), 1);
	return sqlite3_column_int64(s, 0);
}

#endif /* CENTER_FIXTURE_H */
