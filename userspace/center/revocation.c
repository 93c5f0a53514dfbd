// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The revocation list. Its number rises with every change and when the time of its
 * next issue has passed; number, times and entries are in the database, so that the
 * same number always has the same bytes.
 */
#include <stdlib.h>

#include "userspace/center/center.h"

/** struct list_head - the list's head as the database has it */
struct list_head {
	__u64 number;
	__u64 issued_at;
	__u64 next_issue;
};

/* Inside a transaction. */
static int revocation_next(struct db *db, __u64 now)
{
	__u64 t;
	int ret;

	ret = center_clock(db, now, &t);
	if (!ret)
		ret = db_run(db, "UPDATE center SET list_number = list_number + 1,"
			     " list_issued_at = ?, list_next_issue = ?",
			     DB_ARGS(DB_INT(t), DB_INT(t + CENTER_LIST_LIFE)));
	return ret < 0 ? ret : 0;
}

int revocation_add(struct db *db, __u64 now, const __u8 licence_id[MCLIC_ID_SIZE],
		   __u32 lowest_good, __u32 reason)
{
	int ret;

	ret = db_run(db, "INSERT INTO revocations (licence_id, lowest_good, reason, time)"
		     " VALUES (?, ?, ?, ?)",
		     DB_ARGS(DB_ID(licence_id), DB_INT(lowest_good), DB_INT(reason), DB_INT(now)));
	return ret < 0 ? ret : revocation_next(db, now);
}

static int list_head(struct db *db, struct list_head *h)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(db, "SELECT list_number, list_issued_at, list_next_issue FROM center", NULL,
		       &s);
	if (!ret)
		ret = db_step(db, s);
	if (ret <= 0)
		return ret ? ret : mclic_fail(EBADMSG, "the database holds no center");
	h->number = (__u64)sqlite3_column_int64(s, 0);
	h->issued_at = (__u64)sqlite3_column_int64(s, 1);
	h->next_issue = (__u64)sqlite3_column_int64(s, 2);
	return 0;
}

static int list_reissue(struct db *db, __u64 now)
{
	struct list_head h;
	int ret;

	ret = db_begin(db);
	if (ret)
		return ret;
	ret = list_head(db, &h);
	if (!ret && now >= h.next_issue)
		ret = revocation_next(db, now);
	if (ret) {
		db_rollback(db);
		return ret;
	}
	return db_commit(db);
}

static int list_count(struct db *db, size_t *count)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(db, "SELECT count(*) FROM revocations", NULL, &s);
	if (!ret)
		ret = db_step(db, s);
	if (ret < 0)
		return ret;
	*count = (size_t)sqlite3_column_int64(s, 0);
	if (*count > MCLIC_REVOCATION_MAX)
		return mclic_fail(EOVERFLOW, "more than %u licences are revoked: a list holds no "
				  "more", MCLIC_REVOCATION_MAX);
	return 0;
}

/* BLOBs sort as memcmp() does, which is the list's order. */
static int list_entries(struct db *db, struct mclic_revocation_entry *e, size_t count)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	size_t i = 0;
	int ret;

	ret = db_query(db, "SELECT licence_id, lowest_good, reason FROM revocations"
		       " ORDER BY licence_id", NULL, &s);
	if (ret)
		return ret;
	while ((ret = db_step(db, s)) > 0) {
		if (i == count)
			return mclic_fail(EBADMSG, "the revocation list changed while it was read");
		ret = db_blob(s, 0, e[i].licence_id, MCLIC_ID_SIZE);
		if (ret)
			return ret;
		e[i].lowest_good = mclic_put32((__u32)sqlite3_column_int64(s, 1));
		e[i++].reason = mclic_put32((__u32)sqlite3_column_int64(s, 2));
	}
	return ret;
}

static int list_sign(struct center *c, struct center_list *l)
{
	struct mclic_revocation *head = (struct mclic_revocation *)l->bytes;
	const struct mclic_vec v[] = {
		{ MCLIC_LABEL_REVOCATION, sizeof(MCLIC_LABEL_REVOCATION) - 1 },
		{ l->bytes, l->len },
	};
	size_t sig_len = MCLIC_SIG_MAX;
	int ret;

	head->sig_algorithm = mclic_put16(MCLIC_SIG_RSA_SHA256);
	head->sig_len = mclic_put16((__u16)EVP_PKEY_get_size(c->signing_key));
	ret = mclic_rsa_sign(c->signing_key, v, 2, l->bytes + l->len, &sig_len);
	if (!ret && sig_len != mclic_get16(head->sig_len))
		ret = mclic_fail(EIO, "a signature has an unexpected length");
	l->len += sig_len;
	return ret;
}

static int list_fill(struct center *c, struct db *db, const struct list_head *h, size_t count,
		     struct center_list *l)
{
	struct mclic_revocation *head = (struct mclic_revocation *)l->bytes;
	int ret;

	l->users = 1;
	l->number = h->number;
	l->len = sizeof(*head) + count * sizeof(struct mclic_revocation_entry);
	memcpy(head->magic, MCLIC_REVOCATION_MAGIC, sizeof(head->magic));
	head->version = mclic_put16(MCLIC_VERSION);
	head->suite = mclic_put16(MCLIC_SUITE);
	head->count = mclic_put32((__u32)count);
	memcpy(head->center_id, c->id, sizeof(head->center_id));
	head->number = mclic_put64(h->number);
	head->issued_at = mclic_put64(h->issued_at);
	head->next_issue = mclic_put64(h->next_issue);
	ret = list_entries(db, (struct mclic_revocation_entry *)(head + 1), count);
	return ret ? ret : list_sign(c, l);
}

/* Inside a read transaction, so that head and entries belong together. */
static int list_build(struct center *c, struct db *db, struct center_list **out)
{
	struct center_list *l;
	struct list_head h;
	size_t count;
	int ret;

	ret = list_head(db, &h);
	if (!ret)
		ret = list_count(db, &count);
	if (ret)
		return ret;
	l = calloc(1, sizeof(*l) + sizeof(struct mclic_revocation) +
		   count * sizeof(struct mclic_revocation_entry) + MCLIC_SIG_MAX);
	if (!l)
		return mclic_fail(ENOMEM, "not enough memory for the revocation list");
	ret = list_fill(c, db, &h, count, l);
	if (ret)
		free(l);
	else
		*out = l;
	return ret;
}

static int list_read(struct center *c, struct db *db, struct center_list **out)
{
	int ret = db_run(db, "BEGIN", NULL);

	if (ret < 0)
		return ret;
	ret = list_build(c, db, out);
	db_run(db, "COMMIT", NULL);
	return ret;
}

/* Under list_lock. */
static int list_refresh(struct center *c, struct db *db, __u64 number)
{
	struct center_list *l = NULL;
	int ret;

	if (c->list && c->list->number >= number)
		return 0;
	ret = list_read(c, db, &l);
	if (ret)
		return ret;
	if (c->list && !--c->list->users)
		free(c->list);
	c->list = l;
	return 0;
}

int revocation_get(struct center *c, struct db *db, __u64 now, struct center_list **list)
{
	struct list_head h;
	int ret;

	ret = list_head(db, &h);
	if (!ret && now >= h.next_issue) {
		ret = list_reissue(db, now);
		if (!ret)
			ret = list_head(db, &h);
	}
	if (ret)
		return ret;
	pthread_mutex_lock(&c->list_lock);
	ret = list_refresh(c, db, h.number);
	if (!ret) {
		c->list->users++;
		*list = c->list;
	}
	pthread_mutex_unlock(&c->list_lock);
	return ret;
}

void revocation_put(struct center *c, struct center_list *list)
{
	bool last;

	pthread_mutex_lock(&c->list_lock);
	last = !--list->users;
	pthread_mutex_unlock(&c->list_lock);
	if (last)
		free(list);
}
