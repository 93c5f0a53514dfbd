// SPDX-License-Identifier: GPL-2.0-or-later
/* Checking one title at a target; and the report, also for a mount. */

#include <fcntl.h>
#include <stdlib.h>

#include "verify.h"

/**
 * struct check - a title being checked
 * @fd: its directory
 * @files: entries that are there, in length, to be read
 */
struct check {
	struct verify *v;
	const struct title *title;
	const struct mclic_verdict *verdict;
	int fd;
	const struct mclic_entry **files;
	size_t count;
	__u64 plain;
};

void verify_say_slot(struct verify *v, const json_t *slot)
{
	const char *title = json_string_value(json_object_get(slot, "title"));
	const char *why = json_string_value(json_object_get(slot, "why"));

	/* Terms are shown of whatever is well formed. */
	v->damaged += !title;
	if (!v->json)
		mclic_say("slot %lld: %s%s%s",
			  (long long)json_integer_value(json_object_get(slot, "slot")),
			  title ? title : "damaged", why ? ": " : ", valid", why ? why : "");
}

void verify_new_title(struct verify *v, const char *name)
{
	v->title = json_pack("{s:o, s:[]}", "directory", mclic_json_clean(name), "problems");
	json_array_append_new(json_object_get(v->report, "titles"), v->title);
}

json_t *verify_problem(struct verify *v, const char *path, const char *fmt, ...)
{
	MCLIC_AUTO_FREE char *what = NULL;
	json_t *problem;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&what, fmt, args) < 0)
		what = NULL;
	va_end(args);
	problem = json_pack("{s:o?, s:o}", "path", path ? mclic_json_clean(path) : NULL,
			    "what", mclic_json_clean(what ? what : ""));
	pthread_mutex_lock(&v->lock);
	json_array_append_new(json_object_get(v->title, "problems"), problem);
	if (!v->json && path)
		mclic_say("%s: %s: %s", json_string_value(json_object_get(v->title, "directory")),
			  path, what ? what : "");
	else if (!v->json)
		mclic_say("%s", what ? what : "");
	pthread_mutex_unlock(&v->lock);
	return problem;
}

static void count_damage(struct verify *v)
{
	pthread_mutex_lock(&v->lock);
	v->damaged++;
	pthread_mutex_unlock(&v->lock);
}

/* ---- entries ---- */

static int report_extra(void *ctx, int dirfd, const char *name, const char *path)
{
	struct check *k = ctx;

	(void)dirfd;
	(void)name;
	if (strcmp(path, MCLIC_MARKER_NAME))
		verify_problem(k->v, path, "not in the manifest (harmless: it cannot be opened)");
	return 0;
}

static void check_mode(struct check *k, const struct mclic_entry *e, const struct stat *st)
{
	if (e->type == MCLIC_ENTRY_LINK || (st->st_mode & 07777) == e->mode)
		return;
	verify_problem(k->v, e->path, "its mode is %04o, the manifest's %04o",
		       (unsigned int)st->st_mode & 07777, e->mode);
	count_damage(k->v);
}

static int check_entries(struct check *k)
{
	const struct mclic_manifest *m = k->title->product->manifest;
	bool modes = tree_has_modes(k->fd);
	const char *why;
	struct stat st;
	size_t i;

	k->files = calloc(m->count + 1, sizeof(*k->files));
	if (!k->files)
		return mclic_fail(ENOMEM, "not enough memory");
	for (i = 0; i < m->count; i++) {
		const struct mclic_entry *e = &m->entries[i];

		if (tree_entry(k->fd, e, &why, &st)) {
			verify_problem(k->v, e->path, "%s", why);
			count_damage(k->v);
			continue;
		}
		if (modes)
			check_mode(k, e, &st);
		if (e->type != MCLIC_ENTRY_FILE)
			continue;
		k->files[k->count++] = e;
		k->plain += e->size;
	}
	return tree_extras(k->fd, m, report_extra, k);
}

/* ---- files ---- */

static int open_file(void *ctx, size_t index, struct mclic_work *w)
{
	struct check *k = ctx;
	const struct mclic_entry *e = k->files[index];
	struct mclic_source_file *f;
	__u64 len;
	int err;

	err = mclic_source_file_open(k->v->source, k->title->name, e->path, &f, &len);
	if (!err) {
		w->name = e->path;
		w->read = mclic_work_read_source;
		w->in = f;
		w->priv = f;
		err = mclic_work_sealed(w, len, e, &k->title->id,
					mclic_get32(k->verdict->terms.km_generation),
					MCLIC_UNDER_KU, k->verdict->medium_key);
		if (err)
			mclic_source_file_close(f);
	}
	if (!err)
		return 0;
	verify_problem(k->v, e->path, "%s", mclic_message());
	count_damage(k->v);
	return 1;
}

static void report_block(void *ctx, size_t index, const struct mclic_work *w, __u64 block)
{
	struct check *k = ctx;
	__u64 at = block * MCLIC_BLOCK_SIZE;
	json_t *problem;

	(void)index;
	problem = verify_problem(k->v, w->name, "block %llu is damaged: bytes %llu to %llu of the file, at offset %llu of the sealed file",
				 (unsigned long long)block, (unsigned long long)at,
				 (unsigned long long)at + mclic_block_len(block, w->size) - 1,
				 (unsigned long long)mclic_block_offset(block));
	pthread_mutex_lock(&k->v->lock);
	json_object_set_new(problem, "block", json_integer((json_int_t)block));
	json_object_set_new(problem, "offset", json_integer((json_int_t)at));
	json_object_set_new(problem, "sealed_offset",
			    json_integer((json_int_t)mclic_block_offset(block)));
	k->v->damaged++;
	pthread_mutex_unlock(&k->v->lock);
}

/* Go on with the other files whatever is wrong with one, unless the user wants to stop. */
static int finish_file(void *ctx, size_t index, struct mclic_work *w, int err)
{
	struct check *k = ctx;

	(void)index;
	mclic_source_file_close(w->priv);
	if (!err || err == -ECANCELED)
		return err;
	if (!w->damaged) {
		verify_problem(k->v, w->name, "%s", mclic_message());
		count_damage(k->v);
	}
	return 0;
}

static int check_files(struct check *k)
{
	struct mclic_pipeline p = {
		.ctx = k,
		.count = k->count,
		.open = open_file,
		.finish = finish_file,
		.damaged = report_block,
		.cancel = stop_flag(),
	};
	int err;

	p.progress = mclic_progress_start("verifying", k->plain);
	err = mclic_pipeline_run(&p);
	mclic_progress_end(p.progress);
	return err == -EINTR ? mclic_fail(EINTR, "stopped") : err;
}

/* ---- the title ---- */

static int check_tree(struct check *k)
{
	int err = check_entries(k);

	return err ? err : check_files(k);
}

static int check_licensed(struct verify *v, const struct title *title,
			  const struct mclic_verdict *verdict)
{
	struct check k = { .v = v, .title = title, .verdict = verdict };
	int err;

	k.fd = mclic_open_beneath(v->t->dirfd, title->name, O_RDONLY | O_DIRECTORY, 0);
	if (k.fd < 0)
		return k.fd;
	err = check_tree(&k);
	mclic_close_fd(&k.fd);
	free(k.files);
	return err;
}

static int refused(struct verify *v, const char *state)
{
	verify_problem(v, NULL, "%s", mclic_message());
	json_object_set_new(v->title, "state", json_string(state));
	v->refused++;
	return 0;
}

int verify_title(struct verify *v, const struct title *title)
{
	struct mclic_verdict *verdict VERDICT_AUTO = NULL;
	__u64 before = v->damaged;
	int err;

	json_object_set_new(v->title, "did", say_hex(title->id.did, MCLIC_ID_SIZE));
	json_object_set_new(v->title, "content_version",
			    json_integer((json_int_t)title->id.content_version));
	err = verdict_new(v->t, &title->id, &verdict);
	if (err)
		return err;
	if (verdict->why) {
		mclic_judge_refused(&v->t->judge, verdict, title->name);
		return refused(v, mclic_why_name(verdict->why));
	}
	if (publisher_same(verdict->terms.publisher_id, title))
		return refused(v, "other-publisher");
	err = check_licensed(v, title, verdict);
	if (err)
		return err;
	json_object_set_new(v->title, "state",
			    json_string(v->damaged == before ? "good" : "damaged"));
	if (!v->json && v->damaged == before)
		mclic_say("%s: \"%s\" version %u is good, %zu entries", title->name,
			  title->product->manifest->title, title->id.content_version,
			  title->product->manifest->count);
	return 0;
}
