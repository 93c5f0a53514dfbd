// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests and responses kept on this machine.
 *
 * A request is kept before it is sent, so that whatever is interrupted sends the same
 * bytes again and is billed once: STATE/requests/IDc-DID-MID-NONCE.mclreq, and the
 * response beside it as .mclres (it holds EMid(Ka)) until the title is installed. Then
 * the request moves to STATE/licences/LICENCE-ID.mclreq: sent again, it gets the licence and
 * EMid(Ka) for another copy to the same medium without paying. A renewal's takes the place
 * of the one before, for the center goes on from the newest sequence number only.
 */

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "mclic.h"

#define PENDING		"requests"
#define SETTLED		"licences"
#define REQUEST_SUFFIX	".mclreq"
#define ANSWER_SUFFIX	".mclres"

void kept_drop(struct kept *k)
{
	free(k->path);
	k->path = NULL;
}

static char *folder(const char *name)
{
	char *path = mclic_state_path(name);

	if (!path)
		mclic_fail(ENOENT, "%s", mclic_message());
	return path;
}

int kept_lock(int *fd)
{
	MCLIC_AUTO_FREE char *path = folder(PENDING);

	if (!path)
		return -ENOENT;
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0 || flock(*fd, LOCK_EX))
		return mclic_fail(errno, "%s: cannot lock it: %s", path, strerror(errno));
	return 0;
}

static bool is_request(const char *name)
{
	size_t len = strlen(name), n = strlen(REQUEST_SUFFIX);

	return len > n && !strcmp(name + len - n, REQUEST_SUFFIX);
}

static bool load(int dirfd, const char *name, struct mclic_request *q)
{
	MCLIC_AUTO_FREE void *data = NULL;
	size_t len;

	if (mclic_read_file(dirfd, name, sizeof(*q), &data, &len) ||
	    mclic_request_check(data, len))
		return false;
	memcpy(q, data, sizeof(*q));
	return true;
}

static int find_in(const char *where, bool (*match)(const struct mclic_request *q, void *ctx),
		   void *ctx, struct kept *k)
{
	MCLIC_AUTO_FREE char *path = folder(where);
	struct dirent *d;
	int err = -ENOENT;
	DIR *dir;

	if (!path)
		return -ENOENT;
	dir = opendir(path);
	if (!dir)
		return mclic_fail(errno, "%s: cannot read it: %s", path, strerror(errno));
	while (err == -ENOENT && (d = readdir(dir))) {
		if (!is_request(d->d_name))
			continue;
		if (!load(dirfd(dir), d->d_name, &k->request)) {
			mclic_warn("%s/%s is not a licence request; it is left alone", path, d->d_name);
			continue;
		}
		if (!match(&k->request, ctx))
			continue;
		err = asprintf(&k->path, "%s/%s", path, d->d_name) < 0 ?
			mclic_fail(ENOMEM, "not enough memory") : 0;
	}
	closedir(dir);
	return err;
}

int kept_find(unsigned int where, bool (*match)(const struct mclic_request *q, void *ctx),
	      void *ctx, struct kept *k)
{
	int err = -ENOENT;

	k->path = NULL;
	k->settled = false;
	if (where & KEPT_PENDING)
		err = find_in(PENDING, match, ctx, k);
	if (err != -ENOENT || !(where & KEPT_SETTLED))
		return err;
	k->settled = true;
	return find_in(SETTLED, match, ctx, k);
}

int kept_put(struct kept *k)
{
	MCLIC_AUTO_FREE char *path = folder(PENDING);
	char center[2 * MCLIC_ID_SIZE + 1], did[2 * MCLIC_ID_SIZE + 1];
	char mid[2 * MCLIC_ID_SIZE + 1], nonce[2 * MCLIC_ID_SIZE + 1];
	const struct mclic_request *q = &k->request;

	if (!path)
		return -ENOENT;
	if (asprintf(&k->path, "%s/%s-%s-%s-%s" REQUEST_SUFFIX, path,
		     mclic_hex(q->center_id, MCLIC_ID_SIZE, center),
		     mclic_hex(q->did, MCLIC_ID_SIZE, did),
		     mclic_hex(q->mid, MCLIC_ID_SIZE, mid),
		     mclic_hex(q->nonce, MCLIC_ID_SIZE, nonce)) < 0) {
		k->path = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	k->settled = false;
	return mclic_write_file(AT_FDCWD, k->path, q, sizeof(*q), 0600);
}

static char *answer_path(const struct kept *k)
{
	char *path = strdup(k->path);

	if (!path) {
		mclic_fail(ENOMEM, "not enough memory");
		return NULL;
	}
	/* The suffixes are of one length. */
	strcpy(path + strlen(path) - strlen(REQUEST_SUFFIX), ANSWER_SUFFIX);
	return path;
}

int kept_answer_put(const struct kept *k, const struct mclic_response *r)
{
	MCLIC_AUTO_FREE char *path = answer_path(k);

	if (!path)
		return -ENOMEM;
	return mclic_write_file(AT_FDCWD, path, r, sizeof(*r), 0600);
}

int kept_answer(const struct kept *k, struct mclic_response *r)
{
	MCLIC_AUTO_FREE char *path = answer_path(k);
	MCLIC_AUTO_FREE void *data = NULL;
	size_t len;

	if (!path)
		return -ENOMEM;
	if (mclic_read_file(AT_FDCWD, path, sizeof(*r), &data, &len) ||
	    mclic_response_check(data, len) ||
	    mclic_response_match(mclic_openssl(), data, &k->request))
		return -ENOENT;
	memcpy(r, data, sizeof(*r));
	return 0;
}

int kept_licence_id(const struct mclic_request *q, __u8 id[MCLIC_ID_SIZE])
{
	if (q->operation == MCLIC_OP_NEW)
		return mclic_licence_id(mclic_openssl(), q->center_id, q->user_id, q->nonce, id);
	memcpy(id, q->licence_id, MCLIC_ID_SIZE);
	return 0;
}

static int remove_file(const char *path)
{
	if (unlink(path) && errno != ENOENT)
		return mclic_fail(errno, "%s: cannot remove it: %s", path, strerror(errno));
	return 0;
}

static int forget_answer(const struct kept *k)
{
	MCLIC_AUTO_FREE char *path = answer_path(k);

	return path ? remove_file(path) : -ENOMEM;
}

int kept_settle(struct kept *k)
{
	MCLIC_AUTO_FREE char *path = folder(SETTLED);
	char *settled;
	char hex[2 * MCLIC_ID_SIZE + 1];
	struct mclic_request other;
	__u8 id[MCLIC_ID_SIZE];
	int err = forget_answer(k);

	if (err || k->settled)
		return err;
	if (!path)
		return -ENOENT;
	if (kept_licence_id(&k->request, id))
		return mclic_fail(EIO, "cannot compute a licence id");
	if (asprintf(&settled, "%s/%s" REQUEST_SUFFIX, path, mclic_hex(id, sizeof(id), hex)) < 0)
		return mclic_fail(ENOMEM, "not enough memory");
	if (load(AT_FDCWD, settled, &other) &&
	    mclic_get32(other.sequence) >= mclic_get32(k->request.sequence)) {
		err = remove_file(k->path);
	} else if (rename(k->path, settled)) {
		err = mclic_fail(errno, "%s: cannot move it to %s: %s", k->path, path,
				 strerror(errno));
	} else {
		free(k->path);
		k->path = settled;
		k->settled = true;
		return 0;
	}
	free(settled);
	return err;
}

int kept_forget(const struct kept *k)
{
	int err = forget_answer(k);

	return err ? err : remove_file(k->path);
}

static bool of_licence(const struct mclic_request *q, void *ctx)
{
	__u8 id[MCLIC_ID_SIZE];

	return !kept_licence_id(q, id) && !memcmp(id, ctx, sizeof(id));
}

int kept_forget_licence(const __u8 licence_id[MCLIC_ID_SIZE])
{
	__u8 id[MCLIC_ID_SIZE];
	int err;

	memcpy(id, licence_id, sizeof(id));
	do {
		struct kept k;

		err = kept_find(KEPT_PENDING | KEPT_SETTLED, of_licence, id, &k);
		if (!err)
			err = kept_forget(&k);
		kept_drop(&k);
	} while (!err);
	return err == -ENOENT ? 0 : err;
}
