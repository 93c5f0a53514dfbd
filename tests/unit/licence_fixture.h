/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the tests of libmclic around a medium: a home of its own, a center with a real
 * certificate, and licences that its center would issue.
 */
#ifndef LICENCE_FIXTURE_H
#define LICENCE_FIXTURE_H

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "folder.h"
#include "userspace/lib/libmclic.h"

/**
 * struct home - a fresh folder, with HOME and the XDG variables below it
 * @path: the folder
 * @disk: a folder in it that stands for the medium
 */
struct home {
	char path[64];
	char disk[80];
};

static inline void home_make(struct home *h)
{
	strcpy(h->path, "/tmp/mclic-unit-XXXXXX");
	assert_non_null(mkdtemp(h->path));
	snprintf(h->disk, sizeof(h->disk), "%s/disk", h->path);
	assert_int_equal(mkdir(h->disk, 0755), 0);
	setenv("HOME", h->path, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_STATE_HOME");
}

static inline void home_remove(struct home *h)
{
	folder_remove(h->path);
}

/** home_path() - @name below the home, in one of a few buffers used in turn */
static inline const char *home_path(const struct home *h, const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned int turn;
	char *path = paths[turn++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", h->path, name);
	return path;
}

/** must() - a step that is no test's subject; shows the message when it fails */
#define must(call) must_at((call), #call, __FILE__, __LINE__)

static inline void must_at(int err, const char *call, const char *file, int line)
{
	if (err < 0)
		print_error("%s: %s\n", call, mclic_message());
	_assert_true(err >= 0, call, file, line);
}

/** struct center - what a license center has */
struct center {
	EVP_PKEY *key;
	X509 *cert;
	__u8 id[MCLIC_ID_SIZE];
	__u8 km[MCLIC_KEY_SIZE];
	__u8 user_id[MCLIC_ID_SIZE];
	__u8 ku[MCLIC_KEY_SIZE];
};

static inline void center_make(struct center *c, const char *name)
{
	memset(c, 0, sizeof(*c));
	must(mclic_center_cert_make(name, 2048, &c->key, &c->cert));
	must(mclic_center_id(c->cert, c->id));
	must(mclic_random(c->km, sizeof(c->km)));
	must(mclic_random(c->user_id, sizeof(c->user_id)));
	must(mclic_user_key(mclic_openssl(), c->km, c->user_id, 1, c->ku));
}

static inline void center_free(struct center *c)
{
	EVP_PKEY_free(c->key);
	X509_free(c->cert);
}

static inline void center_write_cert(const struct center *c, const char *path)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, c->cert), 1);
	assert_int_equal(fclose(f), 0);
}

/** center_terms() - a portable licence number @n for medium @m, without an end */
static inline void center_terms(const struct center *c, const struct mclic_medium *m, __u8 n,
				struct mclic_terms *t)
{
	memset(t, 0, sizeof(*t));
	memset(t->did, 0xd0 + n % 16, MCLIC_ID_SIZE);
	memcpy(t->center_id, c->id, MCLIC_ID_SIZE);
	memset(t->licence_id, 1 + n, MCLIC_ID_SIZE);
	t->km_generation = mclic_put32(1);
	t->ku_generation = mclic_put32(1);
	t->ku_km_generation = mclic_put32(1);
	t->content_version = mclic_put32(3);
	t->sequence = mclic_put32(1);
	t->issued_at = mclic_put64((__u64)time(NULL) - 60);
	t->kind = MCLIC_PORTABLE;
	t->medium_kind = m->kind;
	t->medium_class = m->medium_class;
	snprintf((char *)t->title, sizeof(t->title), "Title %u", n);
}

/** center_issue() - the slot that the center would issue for these terms */
static inline void center_issue(const struct center *c, const struct mclic_medium *m,
				const struct mclic_terms *t, struct mclic_slot *s)
{
	struct mclic_issue i = { 0 };
	struct mclic_response r;
	struct mclic_vec v[2];
	size_t len = sizeof(s->sig);

	memcpy(i.km, c->km, sizeof(i.km));
	memcpy(i.ku, c->ku, sizeof(i.ku));
	memcpy(i.mid, m->mid, sizeof(i.mid));
	must(mclic_licence_make(mclic_openssl(), &i, t, &r));
	mclic_response_slot(mclic_openssl(), &r, s);
	v[0] = (struct mclic_vec){ MCLIC_LABEL_LICENCE, strlen(MCLIC_LABEL_LICENCE) };
	v[1] = (struct mclic_vec){ s, MCLIC_SLOT_SIGNED };
	must(mclic_rsa_sign(c->key, v, 2, s->sig, &len));
	s->sig_algorithm = mclic_put16(MCLIC_SIG_RSA_SHA256);
	s->sig_len = mclic_put16((__u16)len);
	mclic_slot_finish(mclic_openssl(), s);
	assert_int_equal(mclic_slot_check(mclic_openssl(), s), MCLIC_OK);
}

/** center_list() - a signed revocation list of @n licence ids (1 + i everywhere); free() it */
static inline void *center_list(const struct center *c, __u64 number, __u32 n, __u64 issued_at,
				size_t *len)
{
	size_t body = sizeof(struct mclic_revocation) + n * sizeof(struct mclic_revocation_entry);
	struct mclic_revocation *l = calloc(1, body + MCLIC_SIG_MAX);
	struct mclic_revocation_entry *e;
	size_t sig_len = MCLIC_SIG_MAX;
	struct mclic_vec v[2];
	__u32 i;

	assert_non_null(l);
	e = (struct mclic_revocation_entry *)(l + 1);
	memcpy(l->magic, MCLIC_REVOCATION_MAGIC, MCLIC_MAGIC_SIZE);
	l->version = mclic_put16(MCLIC_VERSION);
	l->suite = mclic_put16(MCLIC_SUITE);
	l->count = mclic_put32(n);
	memcpy(l->center_id, c->id, MCLIC_ID_SIZE);
	l->number = mclic_put64(number);
	l->issued_at = mclic_put64(issued_at);
	l->next_issue = mclic_put64(issued_at + 86400);
	l->sig_algorithm = mclic_put16(MCLIC_SIG_RSA_SHA256);
	l->sig_len = mclic_put16((__u16)(EVP_PKEY_get_bits(c->key) / 8));
	for (i = 0; i < n; i++) {
		memset(e[i].licence_id, (int)(1 + i), MCLIC_ID_SIZE);
		e[i].lowest_good = mclic_put32(2);
		e[i].reason = mclic_put32(MCLIC_REASON_REVOKED);
	}
	v[0] = (struct mclic_vec){ MCLIC_LABEL_REVOCATION, strlen(MCLIC_LABEL_REVOCATION) };
	v[1] = (struct mclic_vec){ l, body };
	must(mclic_rsa_sign(c->key, v, 2, (__u8 *)l + body, &sig_len));
	*len = body + sig_len;
	return l;
}

#endif /* LICENCE_FIXTURE_H */
