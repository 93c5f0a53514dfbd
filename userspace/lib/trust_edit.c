// SPDX-License-Identifier: GPL-2.0-or-later
/* Adding, removing and listing center certificates; storing revocation lists. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "report.h"
#include "trust.h"

#define NAME_FLAGS	(XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB)	/* UTF-8 as it is */

/* The folder to write to, made if missing; free() it. */
static int folder(const char *system_path, char *(*user_path)(const char *), const char *sub,
		  bool system, char **path)
{
	int err;

	*path = system ? strdup(system_path) : user_path(sub);
	if (!*path)
		return system ? mclic_fail(ENOMEM, "not enough memory") :
				mclic_fail(ENOENT, "%s", mclic_message());
	err = system ? mclic_mkdirs(*path, 0755) : 0;
	if (err == -EACCES || err == -EPERM)
		return mclic_fail(EACCES, "%s: only root may change the system's settings", *path);
	return err;
}

/* DIR/IDc and @suffix; NULL without memory. free() it. */
static char *path_in(const char *dir, const __u8 *center_id, const char *suffix)
{
	char hex[2 * MCLIC_ID_SIZE + 1], *path;

	if (asprintf(&path, "%s/%s%s", dir, mclic_hex(center_id, MCLIC_ID_SIZE, hex), suffix) >= 0)
		return path;
	mclic_fail(ENOMEM, "not enough memory");
	return NULL;
}

int mclic_trust_keep(const void *pem, size_t len, const char *from, bool system,
		     __u8 center_id[MCLIC_ID_SIZE])
{
	MCLIC_AUTO_FREE char *dir = NULL;
	MCLIC_AUTO_FREE char *path = NULL;
	X509 *cert;
	int err;

	err = mclic_cert_parse(pem, len, from, &cert, center_id);
	if (err)
		return err;
	err = folder(MCLIC_ETC_CENTERS, mclic_config_path, "centers", system, &dir);
	if (!err) {
		path = path_in(dir, center_id, ".pem");
		/* Written anew: what else was there (a private key, say) is not copied. */
		err = path ? mclic_cert_write(AT_FDCWD, path, cert, 0644) : -ENOMEM;
	}
	X509_free(cert);
	return err;
}

int mclic_trust_add(const char *pem_path, bool system, __u8 center_id[MCLIC_ID_SIZE])
{
	MCLIC_AUTO_FREE void *pem = NULL;
	size_t len;
	int err = mclic_read_file(AT_FDCWD, pem_path, MCLIC_PEM_MAX, &pem, &len);

	return err ? err : mclic_trust_keep(pem, len, pem_path, system, center_id);
}

struct removal {
	const __u8 *id;
	int removed;
};

static int remove_one(void *ctx, int dir, const char *name, const char *path)
{
	struct removal *r = ctx;
	MCLIC_AUTO_FREE void *pem = NULL;
	__u8 id[MCLIC_ID_SIZE];
	X509 *cert;
	size_t len;

	if (mclic_read_file(dir, name, MCLIC_PEM_MAX, &pem, &len) ||
	    mclic_cert_parse(pem, len, path, &cert, id))
		return 0;
	X509_free(cert);
	if (memcmp(id, r->id, sizeof(id)))
		return 0;
	if (unlinkat(dir, name, 0))
		return mclic_fail(errno, "%s: cannot be removed: %s", path, strerror(errno));
	r->removed++;
	return 0;
}

static int remove_list(void *ctx, int dir, const char *name, const char *path)
{
	struct mclic_revocation head;
	struct removal *r = ctx;
	MCLIC_AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || mclic_pread_full(fd, &head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(head.center_id, r->id, MCLIC_ID_SIZE))
		return 0;
	return unlinkat(dir, name, 0) ?
	       mclic_fail(errno, "%s: cannot be removed: %s", path, strerror(errno)) : 0;
}

/* Its list says nothing any more, unless another certificate of the center is believed. */
static int remove_lists(struct removal *r, bool system)
{
	MCLIC_AUTO_FREE char *dir = NULL;
	struct mclic_trust *t;
	bool known;
	int err;

	err = mclic_trust_load(&t);
	if (err)
		return err;
	known = mclic_center_find(t->state, r->id);
	mclic_trust_free(t);
	if (known)
		return 0;
	dir = system ? strdup(MCLIC_ETC_REVOCATIONS) : mclic_state_path("revocations");
	return mclic_folder_walk(dir, ".mclrev", remove_list, r);
}

int mclic_trust_remove(const __u8 center_id[MCLIC_ID_SIZE], bool system)
{
	MCLIC_AUTO_FREE char *dir = system ? strdup(MCLIC_ETC_CENTERS) : mclic_config_path("centers");
	struct removal r = { .id = center_id };
	char hex[2 * MCLIC_ID_SIZE + 1];
	int err = mclic_folder_walk(dir, ".pem", remove_one, &r);

	if (err)
		return err;
	if (!r.removed)
		return mclic_fail(ENOENT, "no certificate of the center %s in %s",
				  mclic_hex(center_id, MCLIC_ID_SIZE, hex),
				  dir ? dir : "your settings");
	return remove_lists(&r, system);
}

/* The subject for people, e.g. "CN=Example Center"; free() it. */
static char *subject_text(X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL, *bytes;
	long n;

	if (bio && X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0,
				      NAME_FLAGS) >= 0) {
		/* Bytes without a NUL behind them. */
		n = BIO_get_mem_data(bio, &bytes);
		text = n > 0 ? calloc(1, (size_t)n + 1) : NULL;
		if (text)
			memcpy(text, bytes, (size_t)n);
	}
	BIO_free(bio);
	ERR_clear_error();
	if (text)
		mclic_clean_text(text);
	return text;
}

static json_int_t not_after(X509 *cert)
{
	struct tm tm;

	return ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1 ? (json_int_t)timegm(&tm) : 0;
}

static json_t *list_json(const struct mclic_list *l)
{
	if (!l)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I}",
			 "number", (json_int_t)mclic_get64(l->bytes->number),
			 "issued_at", (json_int_t)mclic_get64(l->bytes->issued_at),
			 "next_issue", (json_int_t)mclic_get64(l->bytes->next_issue),
			 "count", (json_int_t)mclic_get32(l->bytes->count));
}

json_t *mclic_trust_list(struct mclic_trust *t)
{
	json_t *all = json_array();
	size_t i;

	pthread_rwlock_rdlock(&t->lock);
	for (i = 0; all && i < t->state->center_count; i++) {
		const struct mclic_center *c = &t->state->centers[i];
		MCLIC_AUTO_FREE char *subject = subject_text(c->cert);
		char hex[2 * MCLIC_ID_SIZE + 1];

		json_array_append_new(all, json_pack("{s:s, s:s, s:I, s:s, s:o}",
			"center", mclic_hex(c->id, MCLIC_ID_SIZE, hex),
			"subject", subject ? subject : "",
			"not_after", not_after(c->cert), "path", c->path,
			"revocations", list_json(mclic_list_find(t->state, c->id))));
	}
	pthread_rwlock_unlock(&t->lock);
	return all;
}

int mclic_trust_put_revocations(struct mclic_trust *t, const void *list, size_t len, bool system)
{
	const struct mclic_revocation *head = list;
	MCLIC_AUTO_CLOSE int fd = -1;
	MCLIC_AUTO_FREE char *dir = NULL;
	MCLIC_AUTO_FREE char *path = NULL;
	const struct mclic_list *known;
	bool newer;
	int err;

	err = folder(MCLIC_ETC_REVOCATIONS, mclic_state_path, "revocations", system, &dir);
	if (err)
		return err;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* One writer at a time, so that an older list never lands on a newer one. */
	if (fd < 0 || flock(fd, LOCK_EX))
		return mclic_fail(errno, "%s: %s", dir, strerror(errno));
	err = mclic_trust_reload(t);
	if (err < 0)
		return err;
	pthread_rwlock_rdlock(&t->lock);
	err = mclic_list_check(t->state, list, len, "the answer");
	known = err ? NULL : mclic_list_find(t->state, head->center_id);
	newer = !known || mclic_get64(head->number) > mclic_get64(known->bytes->number);
	pthread_rwlock_unlock(&t->lock);
	if (err || !newer)
		return err ? err : 1;
	path = path_in(dir, head->center_id, ".mclrev");
	err = path ? mclic_write_file(AT_FDCWD, path, list, len, 0644) : -ENOMEM;
	if (!err)
		err = mclic_trust_reload(t);
	return err < 0 ? err : 0;
}
