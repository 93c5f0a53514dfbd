// SPDX-License-Identifier: GPL-2.0-or-later
/* S7 and S15 to S17 of the patent: EKa(Data) of the master becomes EKu(Data) at the target. */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "mclic.h"

/**
 * struct install - one run
 * @found: (a title that stands) what it lacks
 * @files: the entries to be copied
 * @count: how many
 * @plain: their plaintext bytes
 * @room: bytes that they need at the target
 * @ka: master medium key, in secret memory
 * @first: the first file was reported by --trace
 */
struct install {
	struct target *t;
	struct mclic_source *source;
	const struct title *title;
	const struct mclic_verdict *verdict;
	struct stage stage;
	struct inspected found;
	const struct mclic_entry **files;
	size_t count;
	__u64 plain;
	__u64 room;
	__u8 *ka;
	atomic_flag first_read;
	atomic_flag first_written;
};

/* ---- what is there already ---- */

/* Finished by an earlier run: the MAC of its trailer can only be ours. */
static bool is_finished(const struct install *in, int dirfd, const struct mclic_entry *e)
{
	MCLIC_AUTO_CLOSE int fd = mclic_open_beneath(dirfd, e->path, O_RDONLY | O_NONBLOCK, 0);
	struct mclic_work w = { .name = e->path, .read = mclic_work_read_fd, .in = &fd, .out = -1 };
	struct stat st;
	int err;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_nlink != 1)
		return false;
	err = mclic_work_sealed(&w, (__u64)st.st_size, e, &in->title->id,
				mclic_get32(in->verdict->terms.km_generation), MCLIC_UNDER_KU,
				in->verdict->medium_key);
	mclic_wipe(w.in_key, sizeof(w.in_key));
	return !err;
}

/* Also of a file that needs no copy: somebody may have changed its mode. */
static int mend_mode(const struct install *in, const struct mclic_entry *e)
{
	MCLIC_AUTO_CLOSE int fd = mclic_open_beneath(in->stage.treefd, e->path,
						     O_RDONLY | O_NONBLOCK, 0);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return mclic_fail(EBUSY, "%s: it was changed meanwhile; run again", e->path);
	if ((st.st_mode & 07777) != e->mode && fchmod(fd, e->mode) && tree_has_modes(fd))
		return mclic_fail(errno, "%s: cannot set its mode: %s", e->path, strerror(errno));
	return 0;
}

/* Is file @i of the manifest there, so that it needs no copy? A negative errno ends the run. */
static int is_there(const struct install *in, size_t i)
{
	const struct mclic_entry *e = &in->title->product->manifest->entries[i];
	int err;

	if (!in->found.bad)
		return is_finished(in, in->stage.treefd, e);
	if (in->found.bad[i])
		return 0;
	err = mend_mode(in, e);
	return err ? err : 1;
}

static __u64 room_of(const struct mclic_entry *e, __u64 unit)
{
	return (mclic_sealed_len(e->size) + unit - 1) / unit * unit;
}

static int ask_room(const struct target *t, struct statvfs *fs)
{
	if (!fstatvfs(t->dirfd, fs))
		return 0;
	return mclic_fail(errno, "%s: cannot see how much room there is: %s", t->path,
			  strerror(errno));
}

static int find_work(struct install *in)
{
	const struct mclic_manifest *m = in->title->product->manifest;
	struct statvfs fs;
	size_t i;
	int err = ask_room(in->t, &fs), there;

	if (err)
		return err;
	in->files = calloc(m->count + 1, sizeof(*in->files));
	if (!in->files)
		return mclic_fail(ENOMEM, "not enough memory");
	for (i = 0; i < m->count; i++) {
		const struct mclic_entry *e = &m->entries[i];

		if (e->type != MCLIC_ENTRY_FILE)
			continue;
		there = is_there(in, i);
		if (there < 0)
			return there;
		if (there)
			continue;
		in->files[in->count++] = e;
		in->plain += e->size;
		in->room += room_of(e, fs.f_frsize);
	}
	in->room += in->title->product->len + fs.f_frsize;
	return 0;
}

static int check_room(const struct target *t, const struct title *title, __u64 room)
{
	struct statvfs fs;
	__u64 have;
	int err = ask_room(t, &fs);

	if (err)
		return err;
	have = (__u64)fs.f_bavail * fs.f_frsize;
	if (room <= have)
		return 0;
	return mclic_fail(ENOSPC, "%s: %s needs %llu bytes more, %llu are free; make room, then the same command goes on",
			  t->path, title->name, (unsigned long long)room, (unsigned long long)have);
}

int install_possible(struct target *t, const struct title *title)
{
	const struct mclic_manifest *m = title->product->manifest;
	__u64 room = title->product->len;
	enum standing how;
	struct statvfs fs;
	size_t i;
	int err;

	err = tree_standing(t->dirfd, title, &how);
	if (!err)
		err = ask_room(t, &fs);
	if (err)
		return err;
	for (i = 0; i < m->count; i++)
		if (m->entries[i].type == MCLIC_ENTRY_FILE)
			room += room_of(&m->entries[i], fs.f_frsize);
	return check_room(t, title, room);
}

/* ---- one file ---- */

static void part_name(size_t index, char name[32])
{
	snprintf(name, 32, "%zu", index);
}

static int open_file(void *ctx, size_t index, struct mclic_work *w)
{
	struct install *in = ctx;
	const struct mclic_entry *e = in->files[index];
	struct mclic_source_file *f;
	char name[32];
	__u64 len;
	int err;

	err = mclic_source_file_open(in->source, in->title->name, e->path, &f, &len);
	if (err)
		return err;
	w->name = e->path;
	w->read = mclic_work_read_source;
	w->in = f;
	w->priv = f;
	err = mclic_work_sealed(w, len, e, &in->title->id,
				mclic_get32(in->title->product->marker.km_generation),
				MCLIC_UNDER_KA, in->ka);
	if (!err) {
		part_name(index, name);
		w->out = openat(in->stage.partfd, name,
				O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (w->out < 0)
			err = mclic_fail(errno, "%s: cannot make it at the target: %s", e->path,
					 strerror(errno));
	}
	if (err) {
		mclic_wipe(w->in_key, sizeof(w->in_key));
		mclic_source_file_close(f);
		return err;
	}
	if (!atomic_flag_test_and_set(&in->first_read))
		trace_step("S16", "EKa(Data) opened with Ka, %zu files, first %s", in->count,
			   e->path);
	w->seal.key = MCLIC_UNDER_KU;
	w->seal.km_generation = mclic_get32(in->verdict->terms.km_generation);
	return 0;
}

/* The whole file is written and its hash is the manifest's: let it bear its name. */
static int publish_file(struct install *in, const struct mclic_entry *e, int fd, const char *part)
{
	const char *name;
	MCLIC_AUTO_CLOSE int parent = parent_beneath(in->stage.treefd, e->path, &name);

	if (parent < 0)
		return parent;
	if (fchmod(fd, e->mode) && tree_has_modes(fd))
		return mclic_fail(errno, "%s: cannot set its mode: %s", e->path, strerror(errno));
	if (fsync(fd))
		return mclic_fail(errno, "%s: cannot write it: %s", e->path, strerror(errno));
	if (renameat(in->stage.partfd, part, parent, name))
		return mclic_fail(errno, "%s: cannot give it its name: %s", e->path,
				  strerror(errno));
	if (!atomic_flag_test_and_set(&in->first_written))
		trace_step("S17", "EKu(Data) written, sealed under Ku, first %s", e->path);
	return 0;
}

static int finish_file(void *ctx, size_t index, struct mclic_work *w, int err)
{
	struct install *in = ctx;
	char part[32];

	part_name(index, part);
	if (!err)
		err = publish_file(in, in->files[index], w->out, part);
	if (close(w->out) && !err)
		err = mclic_fail(errno, "%s: cannot write it: %s", w->name, strerror(errno));
	if (err)
		unlinkat(in->stage.partfd, part, 0);
	mclic_source_file_close(w->priv);
	return err;
}

/* ---- all of them ---- */

static int copy_files(struct install *in)
{
	struct mclic_pipeline p = {
		.ctx = in,
		.count = in->count,
		.out_key = in->verdict->medium_key,
		.open = open_file,
		.finish = finish_file,
		.cancel = stop_flag(),
	};
	int err;

	p.progress = mclic_progress_start("copying", in->plain);
	err = mclic_pipeline_run(&p);
	mclic_progress_end(p.progress);
	return err;
}

/* S15: EMid(Ka) opens with this medium's MID and this user's KU. */
static int open_master_key(struct install *in, const struct grant *g)
{
	const struct mclic_request *q = &g->kept.request;
	__u8 *ku = mclic_secret_alloc(MCLIC_KEY_SIZE);
	enum mclic_why why;
	int err;

	if (!ku)
		return mclic_fail(ENOMEM, "not enough locked memory for keys");
	err = mclic_user_key_load(q->center_id, q->user_id,
				  mclic_get32(g->response.slot.terms.ku_generation), ku);
	if (!err) {
		why = mclic_master_key_open(mclic_openssl(), &g->response, q->mid, ku, in->ka);
		err = why ? mclic_refused(why, in->title->name) : 0;
	}
	mclic_secret_free(ku, MCLIC_KEY_SIZE);
	if (!err)
		trace_step("S15", "EMid(Ku,Ka) opened to Ku and Ka; EMid(Ku) stands in slot %d as it came",
			   in->verdict->slot);
	return err;
}

/* What was done is kept, whatever ended the copy. */
static int explain(const struct install *in, int err)
{
	if (err == -ENOSPC || err == -EDQUOT)
		return mclic_fail(-err, "%s: no room left; what is finished is kept: make room for %s, then the same command goes on",
				  in->t->path, in->title->name);
	if (err == -EINTR)
		return mclic_fail(EINTR, "%s: stopped; the same command goes on where it was",
				  in->title->name);
	return master_damaged(in->title->name, err);
}

static int prepare(struct install *in, enum standing how, const struct grant *g)
{
	int err;

	trace_step("S7", "the licence holds: copying %s", in->title->name);
	err = open_master_key(in, g);
	if (!err)
		err = stage_open(&in->stage, in->t->dirfd, in->verdict->terms.licence_id,
				 in->title, how);
	if (!err)
		err = stage_skeleton(&in->stage);
	return err ? explain(in, err) : find_work(in);
}

static int run(struct install *in, enum standing how, const struct grant *g)
{
	int err = prepare(in, how, g);

	if (!err)
		err = check_room(in->t, in->title, in->room);
	if (err)
		return err;
	err = copy_files(in);
	if (!err)
		err = stage_publish(&in->stage, how);
	return explain(in, err);
}

static int copy_or_mend(struct install *in, enum standing how, struct grant *g)
{
	int err = grant_response(in->t, in->title, g);

	if (err)
		return err;
	in->ka = mclic_secret_alloc(MCLIC_KEY_SIZE);
	err = in->ka ? run(in, how, g) : mclic_fail(ENOMEM, "not enough locked memory for keys");
	mclic_secret_free(in->ka, MCLIC_KEY_SIZE);
	return err;
}

int install_title(struct target *t, struct mclic_source *s, const struct title *title,
		  struct grant *g, struct installed *done)
{
	struct install in = {
		.t = t,
		.source = s,
		.title = title,
		.verdict = g->verdict,
		.stage = { .fd = -1, .partfd = -1, .treefd = -1 },
		.first_read = ATOMIC_FLAG_INIT,
		.first_written = ATOMIC_FLAG_INIT,
	};
	enum standing how;
	int err;

	err = tree_standing(t->dirfd, title, &how);
	if (err)
		return err;
	if (how == STANDS_SAME)
		err = inspect_title(t, title, g->verdict, &in.found);
	done->already = how == STANDS_SAME && !in.found.wrong;
	done->mended = in.found.wrong;
	if (!err && done->already)
		stage_discard(t->dirfd, g->verdict->terms.licence_id);
	else if (!err)
		err = copy_or_mend(&in, how, g);
	stage_close(&in.stage);
	free(in.found.bad);
	free(in.files);
	return err;
}
