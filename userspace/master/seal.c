// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * EKa(Data): every regular file of a title sealed under Ka, and the title's signed marker, each
 * written to its place in the image.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master.h"

/* A file in work: what it was when it was opened, so that a change is noticed. */
struct plain {
	int fd;
	struct stat st;
};

struct sealing {
	struct build *build;
	struct title *title;
	struct mclic_source *disc;
	size_t *files;		/* entries that are regular files */
};

static struct mclic_entry *entry_of(struct sealing *s, size_t index)
{
	return &s->title->manifest.entries[s->files[index]];
}

static int changed(const struct title *t, const struct mclic_entry *e)
{
	return mclic_fail(EBUSY, "%s/%s was changed while the master was made; leave it alone and start again",
			  t->path, e->path);
}

static int open_plain(const struct title *t, const struct mclic_entry *e, struct plain *p)
{
	p->fd = mclic_open_beneath(t->fd, e->path,
				   O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	if (p->fd < 0)
		return mclic_fail(-p->fd, "%s/%s cannot be read: %s", t->path, e->path,
				  strerror(-p->fd));
	if (fstat(p->fd, &p->st))
		return mclic_fail(errno, "%s/%s: %s", t->path, e->path, strerror(errno));
	if (!S_ISREG(p->st.st_mode) || (__u64)p->st.st_size != e->size)
		return changed(t, e);
	return 0;
}

static int find_room(const struct sealing *s, const char *path, __u64 want, __u64 *off)
{
	__u64 len;
	int err = mclic_source_place(s->disc, s->title->disc_name, path, off, &len);

	if (!err && len != want)
		err = mclic_fail(EIO, "\"%s\" has the wrong length in the image", path);
	return err;
}

static void close_plain(struct plain *p)
{
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}

static int open_file(void *ctx, size_t index, struct mclic_work *w)
{
	struct sealing *s = ctx;
	const struct title *t = s->title;
	struct mclic_entry *e = entry_of(s, index);
	struct plain *p = malloc(sizeof(*p));
	int err;

	if (!p)
		return mclic_fail(ENOMEM, "not enough memory");
	err = open_plain(t, e, p);
	if (!err)
		err = find_room(s, e->path, mclic_sealed_len(e->size), &w->out_off);
	if (!err)
		err = mclic_random(e->file_id, sizeof(e->file_id));
	if (err) {
		close_plain(p);
		return err;
	}
	w->name = e->path;
	w->size = e->size;
	w->read = mclic_work_read_fd;
	w->in = &p->fd;
	w->out = s->build->image;
	w->seal.title = t->id;
	w->seal.km_generation = t->km_generation;
	w->seal.key = MCLIC_UNDER_KA;
	memcpy(w->seal.file_id, e->file_id, sizeof(e->file_id));
	w->priv = p;
	return 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int finish_file(void *ctx, size_t index, struct mclic_work *w, int err)
{
	struct sealing *s = ctx;
	struct mclic_entry *e = entry_of(s, index);
	struct plain *p = w->priv;
	struct stat now;

	if (!err && (fstat(p->fd, &now) || !same_file(&now, &p->st)))
		err = changed(s->title, e);
	if (!err)
		memcpy(e->sha256, w->sha256, sizeof(e->sha256));
	close_plain(p);
	return err;
}

int marker_room(struct title *t)
{
	/* Ids and hashes are not known yet, but how long they are. */
	__u8 hash[MCLIC_HASH_SIZE];
	size_t len;
	int err = mclic_manifest_print(&t->manifest, -1, 0, &len, hash);

	if (err)
		return err;
	if (len > MCLIC_MANIFEST_MAX)
		return mclic_fail(E2BIG, "\"%s\" holds too many files: its manifest has more than 64 MiB; make two titles of it",
				  t->name);
	t->marker_len = sizeof(struct mclic_marker) + len;
	return 0;
}

/* The manifest first: until its marker stands before it, nobody takes it for a product. */
static int write_marker(const struct sealing *s)
{
	const struct title *t = s->title;
	__u8 hash[MCLIC_HASH_SIZE];
	struct mclic_marker marker;
	size_t len;
	__u64 off;
	int err = find_room(s, MCLIC_MARKER_NAME, t->marker_len, &off);

	if (!err)
		err = mclic_manifest_print(&t->manifest, s->build->image,
					   (off_t)(off + sizeof(marker)), &len, hash);
	if (err)
		return err;
	if (sizeof(marker) + len != t->marker_len ||
	    mclic_marker_make(mclic_openssl(), &marker, &t->id, t->km_generation,
			      s->build->publisher_public, len))
		return mclic_fail(EIO, "no marker can be made for \"%s\"", t->name);
	err = mclic_product_sign(&marker, hash, s->build->publisher);
	return err ? err : mclic_pwrite_full(s->build->image, &marker, sizeof(marker), (off_t)off);
}

int seal_title(struct build *b, struct title *t, struct mclic_source *disc,
	       struct mclic_progress *progress)
{
	struct sealing s = { .build = b, .title = t, .disc = disc };
	struct mclic_pipeline p = {
		.ctx = &s,
		.out_key = t->ka,
		.open = open_file,
		.finish = finish_file,
		.cancel = b->cancel,
		.progress = progress,
	};
	size_t i;
	int err;

	s.files = calloc(t->manifest.count + 1, sizeof(*s.files));
	if (!s.files)
		return mclic_fail(ENOMEM, "not enough memory");
	for (i = 0; i < t->manifest.count; i++)
		if (t->manifest.entries[i].type == MCLIC_ENTRY_FILE)
			s.files[p.count++] = i;
	err = mclic_pipeline_run(&p);
	free(s.files);
	return err ? err : write_marker(&s);
}
