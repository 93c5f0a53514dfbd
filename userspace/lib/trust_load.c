// SPDX-License-Identifier: GPL-2.0-or-later
/* Loading center certificates and revocation lists from their folders. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "trust.h"

static int unreadable(const char *folder, int err)
{
	return mclic_fail(err, "%s: the certificates and lists in it cannot be read: %s", folder,
			  strerror(err));
}

/* One that cannot be looked at is for @fn to complain of. */
static bool is_no_file(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) ? errno == ENOENT : !S_ISREG(st.st_mode);
}

int mclic_folder_walk(const char *folder, const char *suffix,
		      int (*fn)(void *ctx, int dir, const char *name, const char *path), void *ctx)
{
	DIR *dir = folder ? opendir(folder) : NULL;
	size_t end = strlen(suffix);
	struct dirent *e;
	int ret = 0;

	/* What cannot be looked at may hold the list that ends a licence: it is not empty. */
	if (!dir)
		return folder && errno != ENOENT ? unreadable(folder, errno) : 0;
	while (!ret) {
		MCLIC_AUTO_FREE char *path = NULL;
		size_t len;

		errno = 0;
		e = readdir(dir);
		if (!e) {
			ret = errno ? unreadable(folder, errno) : 0;
			break;
		}
		len = strlen(e->d_name);
		if (e->d_name[0] == '.' || len <= end || strcmp(e->d_name + len - end, suffix) ||
		    is_no_file(dirfd(dir), e->d_name))
			continue;
		if (asprintf(&path, "%s/%s", folder, e->d_name) < 0) {
			path = NULL;
			ret = mclic_fail(ENOMEM, "not enough memory");
			break;
		}
		ret = fn(ctx, dirfd(dir), e->d_name, path);
	}
	closedir(dir);
	return ret;
}

static int print_file(void *ctx, int dir, const char *name, const char *path)
{
	struct stat st;

	if (fstatat(dir, name, &st, 0))
		return 0;
	fprintf(ctx, "%s %llx %llx %llx %lld.%09ld %lld.%09ld\n", path,
		(unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
		(unsigned long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
		(long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
	return 0;
}

int mclic_trust_print(const struct mclic_places *p, char **print, size_t *len)
{
	FILE *f;
	int i, err = 0;

	*print = NULL;
	f = open_memstream(print, len);
	if (!f)
		return mclic_fail(ENOMEM, "not enough memory");
	for (i = 0; i < MCLIC_PLACES && !err; i++) {
		err = mclic_folder_walk(p->centers[i], ".pem", print_file, f);
		if (!err)
			err = mclic_folder_walk(p->lists[i], ".mclrev", print_file, f);
	}
	if (fclose(f) && !err)
		err = mclic_fail(ENOMEM, "not enough memory");
	if (err) {
		free(*print);
		*print = NULL;
	}
	return err;
}

/* Note why a file was skipped: the last message. Out of memory loses the note only. */
static int skipped(struct mclic_trust_state *s)
{
	char *more;

	if (asprintf(&more, "%s%s\n", s->warnings ? s->warnings : "", mclic_message()) < 0)
		return 0;
	free(s->warnings);
	s->warnings = more;
	return 0;
}

int mclic_cert_parse(const void *pem, size_t len, const char *path, X509 **cert,
		     __u8 id[MCLIC_ID_SIZE])
{
	char no_password[] = "";	/* else OpenSSL would ask the terminal */
	BIO *bio = BIO_new_mem_buf(pem, (int)len);
	X509 *second = NULL;
	int err = 0;

	*cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, no_password) : NULL;
	if (*cert)
		second = PEM_read_bio_X509(bio, NULL, NULL, no_password);
	ERR_clear_error();
	if (!*cert)
		err = mclic_fail(EINVAL, "%s: no X.509 certificate in PEM form", path);
	else if (second)
		err = mclic_fail(EINVAL, "%s: more than one certificate; put each into a file of its "
				 "own", path);
	else if (mclic_center_id(*cert, id))
		err = mclic_fail(EINVAL, "%s: %s", path, mclic_message());
	if (err) {
		X509_free(*cert);
		*cert = NULL;
	}
	X509_free(second);
	BIO_free(bio);
	return err;
}

const struct mclic_center *mclic_center_find(const struct mclic_trust_state *s, const __u8 *id)
{
	size_t i;

	for (i = 0; i < s->center_count; i++)
		if (!memcmp(s->centers[i].id, id, MCLIC_ID_SIZE))
			return &s->centers[i];
	return NULL;
}

const struct mclic_list *mclic_list_find(const struct mclic_trust_state *s, const __u8 *id)
{
	size_t i;

	for (i = 0; i < s->list_count; i++)
		if (!memcmp(s->lists[i].bytes->center_id, id, MCLIC_ID_SIZE))
			return &s->lists[i];
	return NULL;
}

static int load_center(void *ctx, int dir, const char *name, const char *path)
{
	struct mclic_trust_state *s = ctx;
	MCLIC_AUTO_FREE void *pem = NULL;
	struct mclic_center c = { 0 }, *more;
	size_t len;

	if (mclic_read_file(dir, name, MCLIC_PEM_MAX, &pem, &len) ||
	    mclic_cert_parse(pem, len, path, &c.cert, c.id))
		return skipped(s);
	c.path = mclic_center_find(s, c.id) ? NULL : strdup(path);
	more = c.path ? reallocarray(s->centers, s->center_count + 1, sizeof(c)) : NULL;
	if (!more) {
		bool known = !c.path && mclic_center_find(s, c.id);

		X509_free(c.cert);
		free(c.path);
		return known ? 0 : mclic_fail(ENOMEM, "not enough memory");
	}
	s->centers = more;
	s->centers[s->center_count++] = c;
	return 0;
}

int mclic_list_check(const struct mclic_trust_state *s, const void *list, size_t len,
		     const char *path)
{
	const struct mclic_revocation *head = list;
	const struct mclic_center *center;
	char hex[2 * MCLIC_ID_SIZE + 1];
	struct mclic_vec v[2];
	size_t sig, sig_len;
	enum mclic_why why = mclic_revocation_check(list, len, &sig, &sig_len);
	int err;

	if (why != MCLIC_OK)
		return mclic_fail(EBADMSG, "%s: not a good revocation list: %s", path,
				  mclic_why_text(why));
	center = mclic_center_find(s, head->center_id);
	if (!center)
		return mclic_fail(ENOKEY, "%s: a revocation list of the center %s, whose certificate is "
				  "not known here; add it with \"mclic trust add CERT\"", path,
				  mclic_hex(head->center_id, MCLIC_ID_SIZE, hex));
	v[0] = (struct mclic_vec){ MCLIC_LABEL_REVOCATION, strlen(MCLIC_LABEL_REVOCATION) };
	v[1] = (struct mclic_vec){ list, sig };
	err = mclic_rsa_verify(X509_get0_pubkey(center->cert), v, 2, (const __u8 *)list + sig,
			       sig_len);
	if (err == -EKEYREJECTED)
		return mclic_fail(EKEYREJECTED, "%s: the signature of this revocation list is wrong; "
				  "fetch it again with \"mclic update\"", path);
	return err;
}

static int load_list(void *ctx, int dir, const char *name, const char *path)
{
	struct mclic_trust_state *s = ctx;
	const struct mclic_list *known;
	struct mclic_list l = { 0 }, *place;
	void *bytes = NULL;

	if (mclic_read_file(dir, name, MCLIC_LIST_MAX, &bytes, &l.len))
		return skipped(s);
	if (mclic_list_check(s, bytes, l.len, path)) {
		free(bytes);
		return skipped(s);
	}
	l.bytes = bytes;
	l.path = strdup(path);
	known = mclic_list_find(s, l.bytes->center_id);
	if (known && l.path) {
		place = &s->lists[known - s->lists];
		if (mclic_get64(l.bytes->number) > mclic_get64(place->bytes->number)) {
			struct mclic_list old = *place;

			*place = l;
			l = old;
		}
		free(l.bytes);
		free(l.path);
		return 0;
	}
	place = l.path ? reallocarray(s->lists, s->list_count + 1, sizeof(l)) : NULL;
	if (!place) {
		free(l.bytes);
		free(l.path);
		return mclic_fail(ENOMEM, "not enough memory");
	}
	s->lists = place;
	s->lists[s->list_count++] = l;
	return 0;
}

int mclic_trust_state_load(const struct mclic_places *p, struct mclic_trust_state **state)
{
	struct mclic_trust_state *s = calloc(1, sizeof(*s));
	int i, err;

	if (!s)
		return mclic_fail(ENOMEM, "not enough memory");
	/* Before the files are read: a change meanwhile is then seen the next time. */
	err = mclic_trust_print(p, &s->print, &s->print_len);
	if (!err)
		err = mclic_folder_walk(p->centers[MCLIC_SYSTEM], ".pem", load_center, s);
	s->system_count = s->center_count;
	if (!err)
		err = mclic_folder_walk(p->centers[MCLIC_USER], ".pem", load_center, s);
	for (i = 0; i < MCLIC_PLACES && !err; i++)
		err = mclic_folder_walk(p->lists[i], ".mclrev", load_list, s);
	if (err)
		mclic_trust_state_free(s);
	else
		*state = s;
	return err;
}

void mclic_trust_state_free(struct mclic_trust_state *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->center_count; i++) {
		X509_free(s->centers[i].cert);
		free(s->centers[i].path);
	}
	for (i = 0; i < s->list_count; i++) {
		free(s->lists[i].bytes);
		free(s->lists[i].path);
	}
	free(s->centers);
	free(s->lists);
	free(s->warnings);
	free(s->print);
	free(s);
}
