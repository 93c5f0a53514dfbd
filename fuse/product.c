// SPDX-License-Identifier: GPL-2.0-or-later
/* Product directories: those that hold .mclic-product, which may appear and vanish. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "mclicfs.h"

/* A medium holds tens of products rather than thousands: one chain will do. */
static struct {
	pthread_mutex_t lock;
	struct product *first;
} table = { .lock = PTHREAD_MUTEX_INITIALIZER };

bool marker_name(const char *name)
{
	return mclic_is_marker(name, strlen(name));
}

int marker_stat(int dir, struct stat *st)
{
	return fstatat(dir, MCLIC_MARKER_NAME, st, AT_SYMLINK_NOFOLLOW) ? -errno : 0;
}

static struct product *product_new(int fd, const struct stat *st, bool nested)
{
	struct product *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->refs = 1;
	p->dev = st->st_dev;
	p->ino = st->st_ino;
	p->nested = nested;
	p->dir = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_init(&p->lock, NULL);
	if (p->dir < 0) {
		free(p);
		return NULL;
	}
	return p;
}

int product_get(int fd, const struct stat *st, bool nested, struct product **product)
{
	struct product *p;
	int err = 0;

	pthread_mutex_lock(&table.lock);
	for (p = table.first; p; p = p->next) {
		if (p->dev == st->st_dev && p->ino == st->st_ino && p->nested == nested &&
		    !p->expired) {
			p->refs++;
			break;
		}
	}
	if (!p) {
		p = product_new(fd, st, nested);
		if (p) {
			p->next = table.first;
			table.first = p;
		} else {
			err = errno == EMFILE ? -EMFILE : -ENOMEM;
		}
	}
	pthread_mutex_unlock(&table.lock);
	*product = p;
	return err;
}

void product_ref(struct product *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&table.lock);
	p->refs++;
	pthread_mutex_unlock(&table.lock);
}

void product_put(struct product *p)
{
	struct product **at;
	bool last;

	if (!p)
		return;
	pthread_mutex_lock(&table.lock);
	last = !--p->refs;
	if (last) {
		for (at = &table.first; *at != p; at = &(*at)->next)
			;
		*at = p->next;
	}
	pthread_mutex_unlock(&table.lock);
	if (!last)
		return;
	verdict_forget(p);
	close(p->dir);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void product_expire(struct product *p)
{
	struct product *one;

	pthread_mutex_lock(&table.lock);
	for (one = table.first; one; one = one->next)
		if (!p || one == p)
			one->expired = true;
	pthread_mutex_unlock(&table.lock);
}

/* ---- the marker ---- */

static int read_marker(struct product *p, const struct stat *st)
{
	MCLIC_AUTO_CLOSE int fd = -1;
	struct mclic_marker m;
	ssize_t n;

	p->why = MCLIC_BAD_MAGIC;
	if (!S_ISREG(st->st_mode))
		return 0;
	fd = openat(p->dir, MCLIC_MARKER_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = mclic_pread_full(fd, &m, sizeof(m), 0);
	if (n < 0)
		return (int)n;
	p->why = mclic_marker_check(&m, (size_t)n);
	if (!p->why && (__u64)st->st_size != sizeof(m) + mclic_get64(m.manifest_len))
		p->why = MCLIC_BAD_LENGTH;
	memcpy(p->title.did, m.did, sizeof(p->title.did));
	p->title.content_version = mclic_get32(m.content_version);
	return 0;
}

static void report_marker(const struct product *p)
{
	char name[PATH_MAX];

	log_name(p->dir, name);
	if (p->nested)
		log_limited("%s: products do not nest: nothing in this one can be opened", name);
	else if (p->why)
		log_limited("%s/%s: the marker is damaged: %s; nothing in this product can be opened",
			    name, MCLIC_MARKER_NAME, mclic_why_text(p->why));
}

int product_read(struct product *p)
{
	struct mclic_title was = p->title;
	enum mclic_why why = p->why;
	bool known = p->marker_read;
	struct stamp now;
	struct stat st;
	int err = marker_stat(p->dir, &st);

	if (err == -ENOENT)
		return -ESTALE;
	if (err)
		return err;
	stamp_of(&st, &now);
	if (!p->marker_read || !stamp_same(&p->marker, &now)) {
		p->marker_read = false;
		err = read_marker(p, &st);
		if (err)
			return err;
		p->marker = now;
		p->marker_read = true;
		/* One that had just changed is read again each time, and mostly says the same. */
		if (!known || why != p->why || memcmp(&was, &p->title, sizeof(was))) {
			verdict_forget(p);
			report_marker(p);
		}
	}
	return p->nested || p->why ? -EBADMSG : 0;
}
