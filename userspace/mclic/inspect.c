// SPDX-License-Identifier: GPL-2.0-or-later
/* Is a title at the target still what its manifest says? Every block is looked at. */

#include <fcntl.h>
#include <stdlib.h>

#include "mclic.h"

/**
 * struct look - one run
 * @fd: the title's directory
 * @files: entries that are there, in type and length
 * @open: their descriptors while they are read
 */
struct look {
	const struct title *title;
	const struct mclic_verdict *verdict;
	struct inspected *found;
	int fd;
	size_t *files;
	int *open;
	size_t count;
	__u64 plain;
	pthread_mutex_t lock;
};

static const struct mclic_entry *entry_of(const struct look *k, size_t index)
{
	return &k->title->product->manifest->entries[k->files[index]];
}

static void note_bad(struct look *k, size_t index)
{
	pthread_mutex_lock(&k->lock);
	k->found->wrong += !k->found->bad[k->files[index]];
	k->found->bad[k->files[index]] = true;
	pthread_mutex_unlock(&k->lock);
}

/* ---- entries ---- */

static void look_at(struct look *k, size_t i, bool modes)
{
	const struct mclic_entry *e = &k->title->product->manifest->entries[i];
	const char *why;
	struct stat st;

	if (tree_entry(k->fd, e, &why, &st)) {
		k->found->bad[i] = true;
		k->found->wrong++;
		return;
	}
	if (modes && e->type != MCLIC_ENTRY_LINK && (st.st_mode & 07777) != e->mode)
		k->found->wrong++;
	if (e->type != MCLIC_ENTRY_FILE)
		return;
	k->files[k->count++] = i;
	k->plain += e->size;
}

/* ---- files ---- */

static int open_file(void *ctx, size_t index, struct mclic_work *w)
{
	struct look *k = ctx;
	const struct mclic_entry *e = entry_of(k, index);
	struct stat st;
	int *fd = &k->open[index], err;

	*fd = mclic_open_beneath(k->fd, e->path, O_RDONLY | O_NONBLOCK, 0);
	w->name = e->path;
	w->read = mclic_work_read_fd;
	w->in = fd;
	err = *fd < 0 || fstat(*fd, &st) ? -EIO :
	      mclic_work_sealed(w, (__u64)st.st_size, e, &k->title->id,
				mclic_get32(k->verdict->terms.km_generation), MCLIC_UNDER_KU,
				k->verdict->medium_key);
	if (!err)
		return 0;
	mclic_close_fd(fd);
	mclic_wipe(w->in_key, sizeof(w->in_key));
	note_bad(k, index);
	return 1;
}

/* Also what cannot be read is to be made anew; only the user's stop ends the run. */
static int finish_file(void *ctx, size_t index, struct mclic_work *w, int err)
{
	struct look *k = ctx;

	(void)w;
	mclic_close_fd(&k->open[index]);
	if (!err || err == -ECANCELED || err == -ENOMEM)
		return err;
	note_bad(k, index);
	return 0;
}

static int look_into(struct look *k)
{
	struct mclic_pipeline p = {
		.ctx = k,
		.count = k->count,
		.open = open_file,
		.finish = finish_file,
		.cancel = stop_flag(),
	};
	int err;

	p.progress = mclic_progress_start("checking", k->plain);
	err = mclic_pipeline_run(&p);
	mclic_progress_end(p.progress);
	return err == -EINTR ? mclic_fail(EINTR, "%s: stopped", k->title->name) : err;
}

/* ---- the title ---- */

static int inspect(struct look *k)
{
	size_t count = k->title->product->manifest->count, i;
	bool modes = tree_has_modes(k->fd);

	k->files = calloc(count + 1, sizeof(*k->files));
	k->open = calloc(count + 1, sizeof(*k->open));
	if (!k->files || !k->open)
		return mclic_fail(ENOMEM, "not enough memory");
	for (i = 0; i < count; i++)
		look_at(k, i, modes);
	return look_into(k);
}

int inspect_title(const struct target *t, const struct title *title,
		  const struct mclic_verdict *verdict, struct inspected *found)
{
	struct look k = { .title = title, .verdict = verdict, .found = found };
	int err;

	found->wrong = 0;
	found->bad = calloc(title->product->manifest->count + 1, sizeof(*found->bad));
	if (!found->bad)
		return mclic_fail(ENOMEM, "not enough memory");
	k.fd = mclic_open_beneath(t->dirfd, title->name, O_RDONLY | O_DIRECTORY, 0);
	if (k.fd < 0)
		return k.fd;
	pthread_mutex_init(&k.lock, NULL);
	err = inspect(&k);
	pthread_mutex_destroy(&k.lock);
	mclic_close_fd(&k.fd);
	free(k.files);
	free(k.open);
	return err;
}
