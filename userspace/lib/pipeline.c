// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many files through hash and cipher, on every core.
 *
 * The unit of work is a group of 256 blocks. A worker takes the next group of a file that
 * is open, or, when all their groups are handed out, opens the next file. So there are never
 * more open files than workers, one large file is spread over all cores, and thousands of
 * small ones are opened and finished in parallel.
 *
 * A file's hash takes its groups in order: a worker whose turn has not come seals first and
 * hashes afterwards, so that cores wait for each other as little as possible. The worker with
 * the lowest group never waits, hence no deadlock: groups are handed out in order.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "libmclic.h"

#define WORKERS_MAX	16	/* 32 MiB of buffers; faster than any medium */
#define TAGS_SIZE	(MCLIC_GROUP_BLOCKS * MCLIC_TAG_SIZE)
#define SEALED_GROUP	(MCLIC_GROUP_SIZE + TAGS_SIZE)

/* One file on its way. Guarded by the run's lock, but for what is set once by its opener. */
struct job {
	struct job *next;
	struct mclic_work work;
	size_t index;
	__u64 groups;		/* at least one: an empty file has an empty group */
	__u64 handed;		/* groups handed out */
	__u64 hashed;		/* groups in the hash; its next owner is group @hashed */
	unsigned int busy;	/* groups handed out and not through */
	int err;
	char *message;		/* that belongs to @err */
	EVP_MD_CTX *md;
	pthread_cond_t turn;	/* @hashed or @err changed */
	__u8 out_key[MCLIC_KEY_SIZE];
	struct mclic_trailer trailer;
};

struct run {
	const struct mclic_pipeline *p;
	EVP_MD *sha256;
	pthread_mutex_t lock;
	pthread_mutex_t report;	/* one call of p->damaged at a time */
	pthread_cond_t work;	/* a file was opened, or opening one came to nothing */
	struct job *open;	/* files with groups to hand out, oldest first */
	size_t next_file;
	unsigned int opening;
	int err;
	char *message;
};

struct worker {
	struct run *run;
	struct mclic_blocks *blocks;
	__u8 *plain;		/* one group */
	__u8 *cipher;		/* one group, its tags, a trailer */
};

/* ---- one group ---- */

static int read_exactly(const struct mclic_work *w, void *buf, size_t len, __u64 off)
{
	ssize_t n = len ? w->read(w->in, buf, len, off) : 0;

	if (n < 0)
		return (int)n;
	if ((size_t)n == len)
		return 0;
	return mclic_fail(EBUSY, "\"%s\" became shorter while it was read; leave it alone and start again",
			  w->name);
}

static int report_damage(struct worker *me, struct job *job, __u64 block)
{
	const struct mclic_pipeline *p = me->run->p;

	if (!p->damaged)
		return mclic_fail(EBADMSG, "\"%s\": block %llu, at byte %llu, is damaged",
				  job->work.name, (unsigned long long)block,
				  (unsigned long long)(block * MCLIC_BLOCK_SIZE));
	pthread_mutex_lock(&me->run->report);
	job->work.damaged++;
	p->damaged(p->ctx, job->index, &job->work, block);
	pthread_mutex_unlock(&me->run->report);
	return 0;
}

/* Block @bad is the group's first damaged one: find and report the others. */
static int report_group(struct worker *me, struct job *job, __u64 first, size_t len, __u64 bad)
{
	int err = report_damage(me, job, bad);
	__u64 i;

	for (i = bad + 1 - first; !err && i * MCLIC_BLOCK_SIZE < len; i++) {
		size_t off = i * MCLIC_BLOCK_SIZE;
		size_t n = len - off < MCLIC_BLOCK_SIZE ? len - off : MCLIC_BLOCK_SIZE;

		err = mclic_blocks_open(me->blocks, job->work.in_key, first + i,
					me->cipher + off, n,
					me->cipher + len + i * MCLIC_TAG_SIZE,
					me->plain + off, &bad);
		if (err == -EBADMSG)
			err = report_damage(me, job, first + i);
	}
	return err;
}

/* The plaintext of group @g to me->plain. */
static int read_group(struct worker *me, struct job *job, __u64 g, size_t len)
{
	__u64 first = g * MCLIC_GROUP_BLOCKS, bad;
	size_t blocks = (len + MCLIC_BLOCK_SIZE - 1) / MCLIC_BLOCK_SIZE;
	int err;

	if (!job->work.sealed)
		return read_exactly(&job->work, me->plain, len, g * MCLIC_GROUP_SIZE);
	err = read_exactly(&job->work, me->cipher, len + blocks * MCLIC_TAG_SIZE,
			   mclic_block_offset(first));
	if (err || !len)
		return err;
	err = mclic_blocks_open(me->blocks, job->work.in_key, first, me->cipher, len,
				me->cipher + len, me->plain, &bad);
	return err == -EBADMSG ? report_group(me, job, first, len, bad) : err;
}

static int seal_group(struct worker *me, struct job *job, __u64 g, size_t len)
{
	if (job->work.out < 0 || !len)
		return 0;
	return mclic_blocks_seal(me->blocks, job->out_key, g * MCLIC_GROUP_BLOCKS, me->plain,
				 len, me->cipher + len, me->cipher);
}

static int write_failed(int err, const struct mclic_work *w)
{
	if (err == -ENOSPC || err == -EDQUOT)
		return mclic_fail(-err, "no room left for \"%s\"; make room and start again", w->name);
	if (err == -EFBIG)
		return mclic_fail(EFBIG, "\"%s\" is larger than a file may be on this file system",
				  w->name);
	return mclic_fail(-err, "\"%s\" cannot be written: %s", w->name, strerror(-err));
}

/* The trailer goes with the last group: a small file is one write. */
static int write_group(struct worker *me, struct job *job, __u64 g, size_t len)
{
	size_t blocks = (len + MCLIC_BLOCK_SIZE - 1) / MCLIC_BLOCK_SIZE;
	size_t n = len + blocks * MCLIC_TAG_SIZE;
	int err;

	if (job->work.out < 0)
		return 0;
	if (g == job->groups - 1) {
		memcpy(me->cipher + n, &job->trailer, sizeof(job->trailer));
		n += sizeof(job->trailer);
	}
	err = mclic_pwrite_full(job->work.out, me->cipher, n,
				(off_t)(job->work.out_off +
					mclic_block_offset(g * MCLIC_GROUP_BLOCKS)));
	return err ? write_failed(err, &job->work) : 0;
}

/* Wait until the hash has come to group @g; false: the file failed meanwhile. */
static bool wait_for_turn(struct run *run, struct job *job, __u64 g)
{
	bool mine;

	pthread_mutex_lock(&run->lock);
	while (job->hashed != g && !job->err)
		pthread_cond_wait(&job->turn, &run->lock);
	mine = !job->err;
	pthread_mutex_unlock(&run->lock);
	return mine;
}

/* Only the group whose turn it is touches the hash. */
static int hash_group(struct worker *me, struct job *job, size_t len)
{
	int good = EVP_DigestUpdate(job->md, me->plain, len);

	pthread_mutex_lock(&me->run->lock);
	job->hashed++;
	pthread_cond_broadcast(&job->turn);
	pthread_mutex_unlock(&me->run->lock);
	return good ? 0 : mclic_fail(EIO, "OpenSSL cannot compute SHA-256");
}

static bool is_turn(struct run *run, const struct job *job, __u64 g)
{
	bool mine;

	pthread_mutex_lock(&run->lock);
	mine = job->hashed == g;
	pthread_mutex_unlock(&run->lock);
	return mine;
}

static int do_group(struct worker *me, struct job *job, __u64 g)
{
	size_t len = mclic_group_len(g, job->work.size);
	bool first;
	int err;

	err = read_group(me, job, g, len);
	if (err)
		return err;
	first = is_turn(me->run, job, g);
	if (first)
		err = hash_group(me, job, len);
	if (!err)
		err = seal_group(me, job, g, len);
	if (!err)
		err = write_group(me, job, g, len);
	if (!err && !first && wait_for_turn(me->run, job, g))
		err = hash_group(me, job, len);
	if (!err)
		mclic_progress_add(me->run->p->progress, len);
	return err;
}

/* ---- one file ---- */

static void free_job(struct job *job)
{
	if (!job)
		return;
	EVP_MD_CTX_free(job->md);
	pthread_cond_destroy(&job->turn);
	free(job->message);
	mclic_secret_free(job, sizeof(*job));
}

/* The first failure of a run stands; this thread's message goes with it. */
static void run_failed(struct run *run, int err)
{
	pthread_mutex_lock(&run->lock);
	if (!run->err) {
		run->err = err;
		run->message = strdup(mclic_message());
	}
	pthread_mutex_unlock(&run->lock);
}

static int check_hash(struct job *job)
{
	if (!EVP_DigestFinal_ex(job->md, job->work.sha256, NULL))
		return mclic_fail(EIO, "OpenSSL cannot compute SHA-256");
	if (job->work.damaged)
		return mclic_fail(EBADMSG, "\"%s\" has %llu damaged blocks", job->work.name,
				  (unsigned long long)job->work.damaged);
	if (job->work.expect &&
	    !mclic_equal(job->work.sha256, job->work.expect, MCLIC_HASH_SIZE))
		return mclic_fail(EBADMSG, "\"%s\" is not what the publisher signed: its SHA-256 differs",
				  job->work.name);
	return 0;
}

/* No group of @job is in work, none will be: hand it back to the caller. */
static void finish_job(struct run *run, struct job *job)
{
	int err = job->err;

	if (err)
		mclic_fail(-err, "%s", job->message ? job->message : "not enough memory");
	else if (job->hashed < job->groups)
		err = mclic_fail(ECANCELED, "\"%s\" was left unfinished", job->work.name);
	else
		err = check_hash(job);
	err = run->p->finish(run->p->ctx, job->index, &job->work, err);
	if (err)
		run_failed(run, err);
	free_job(job);
}

/* Keys, trailer and room of the file that is to be written. */
static int prepare_output(const struct mclic_pipeline *p, struct job *job)
{
	const struct mclic_crypto *c = mclic_openssl();
	struct mclic_seal *s = &job->work.seal;
	__u8 mac_key[MCLIC_KEY_SIZE];
	int err;

	s->size = job->work.size;
	err = mclic_random(s->salt, sizeof(s->salt));
	if (!err)
		err = mclic_file_keys(c, p->out_key, s->title.did, s->file_id, s->salt,
				      job->out_key, mac_key);
	if (!err)
		err = mclic_trailer_make(c, s, mac_key, &job->trailer);
	mclic_wipe(mac_key, sizeof(mac_key));
	if (err)
		return mclic_fail(-err, "no keys for \"%s\": %s", job->work.name, strerror(-err));

	/* A medium that is too small is better known now than after an hour. */
	if (job->groups > 1 &&
	    fallocate(job->work.out, 0, (off_t)job->work.out_off,
		      (off_t)mclic_sealed_len(s->size)) &&
	    (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
		return write_failed(-errno, &job->work);
	return 0;
}

static int prepare_job(struct run *run, struct job *job)
{
	__u64 blocks = mclic_block_count(job->work.size);

	job->groups = (blocks + MCLIC_GROUP_BLOCKS - 1) / MCLIC_GROUP_BLOCKS;
	if (!job->groups)
		job->groups = 1;
	if (!EVP_DigestInit_ex2(job->md, run->sha256, NULL))
		return mclic_fail(EIO, "OpenSSL cannot compute SHA-256");
	return job->work.out < 0 ? 0 : prepare_output(run->p, job);
}

static struct job *new_job(size_t index)
{
	struct job *job = mclic_secret_alloc(sizeof(*job));

	if (!job)
		return NULL;
	pthread_cond_init(&job->turn, NULL);
	job->index = index;
	job->work.out = -1;
	job->md = EVP_MD_CTX_new();
	if (job->md)
		return job;
	free_job(job);
	return NULL;
}

/* Open file @index; NULL when it is left out, or the run has failed. */
static struct job *open_job(struct run *run, size_t index)
{
	struct job *job = new_job(index);
	int ret;

	if (!job) {
		run_failed(run, mclic_fail(ENOMEM, "not enough memory"));
		return NULL;
	}
	ret = run->p->open(run->p->ctx, index, &job->work);
	if (ret) {
		if (ret < 0)
			run_failed(run, ret);
		free_job(job);
		return NULL;
	}
	job->err = prepare_job(run, job);
	if (!job->err)
		return job;
	job->message = strdup(mclic_message());
	finish_job(run, job);
	return NULL;
}

/* ---- the workers ---- */

static bool stopped(struct run *run)
{
	const struct mclic_pipeline *p = run->p;

	if (!run->err && p->cancel && atomic_load(p->cancel)) {
		run->err = mclic_fail(EINTR, "interrupted");
		run->message = strdup(mclic_message());
	}
	return run->err;
}

/* With the lock: group of the oldest open file. */
static struct job *hand_out(struct run *run, __u64 *g)
{
	struct job *job = run->open;

	*g = job->handed++;
	job->busy++;
	if (job->handed == job->groups)
		run->open = job->next;
	return job;
}

/* With the lock, which it drops meanwhile: open the next file and let others at it. */
static void open_next(struct run *run)
{
	size_t index = run->next_file++;
	struct job *job, **end;

	run->opening++;
	pthread_mutex_unlock(&run->lock);
	job = open_job(run, index);
	pthread_mutex_lock(&run->lock);
	run->opening--;
	if (job) {
		for (end = &run->open; *end; end = &(*end)->next)
			;
		*end = job;
	}
	if (job ? job->groups > 1 : !run->opening)
		pthread_cond_broadcast(&run->work);
}

/* The next group to work on; NULL when there is nothing left to do. */
static struct job *take(struct run *run, __u64 *g)
{
	struct job *job = NULL;

	pthread_mutex_lock(&run->lock);
	while (!stopped(run)) {
		if (run->open) {
			job = hand_out(run, g);
			break;
		}
		if (run->next_file < run->p->count)
			open_next(run);
		else if (run->opening)
			pthread_cond_wait(&run->work, &run->lock);
		else
			break;
	}
	pthread_mutex_unlock(&run->lock);
	return job;
}

/* With the lock: no more groups of a file that failed. */
static void withdraw(struct run *run, struct job *job)
{
	struct job **at;

	for (at = &run->open; *at; at = &(*at)->next) {
		if (*at == job) {
			*at = job->next;
			return;
		}
	}
}

/* A group is through; true when it was the file's last. */
static bool give_back(struct run *run, struct job *job, int err)
{
	bool last;

	pthread_mutex_lock(&run->lock);
	job->busy--;
	if (err && !job->err) {
		job->err = err;
		job->message = strdup(mclic_message());
		withdraw(run, job);
		pthread_cond_broadcast(&job->turn);
	}
	last = !job->busy && (job->err || job->handed == job->groups);
	pthread_mutex_unlock(&run->lock);
	return last;
}

static void *work(void *arg)
{
	struct worker *me = arg;
	struct job *job;
	__u64 g;
	int err;

	while ((job = take(me->run, &g))) {
		err = do_group(me, job, g);
		if (give_back(me->run, job, err))
			finish_job(me->run, job);
	}
	/* Those that wait for an opening file must see that the run has ended. */
	pthread_mutex_lock(&me->run->lock);
	pthread_cond_broadcast(&me->run->work);
	pthread_mutex_unlock(&me->run->lock);
	return NULL;
}

static int worker_init(struct worker *me, struct run *run)
{
	me->run = run;
	me->blocks = mclic_blocks_new();
	me->plain = malloc(MCLIC_GROUP_SIZE);
	me->cipher = malloc(SEALED_GROUP + sizeof(struct mclic_trailer));
	if (me->blocks && me->plain && me->cipher)
		return 0;
	return mclic_fail(ENOMEM, "not enough memory");
}

static void worker_free(struct worker *me)
{
	mclic_blocks_free(me->blocks);
	if (me->plain)
		mclic_wipe(me->plain, MCLIC_GROUP_SIZE);
	free(me->plain);
	free(me->cipher);
}

static unsigned int cores(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	return n < WORKERS_MAX ? (unsigned int)n : WORKERS_MAX;
}

/* The calling thread is the first worker; signals go to it alone. */
static int run_workers(struct run *run)
{
	struct worker workers[WORKERS_MAX] = { 0 };
	pthread_t threads[WORKERS_MAX];
	unsigned int n = cores(), started, i;
	sigset_t all, old;
	int err = worker_init(&workers[0], run);

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	/* Fewer threads than cores are slower, but no error. */
	for (started = 1; !err && started < n; started++)
		if (worker_init(&workers[started], run) ||
		    pthread_create(&threads[started], NULL, work, &workers[started]))
			break;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!err)
		work(&workers[0]);
	for (i = 1; i < started; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < WORKERS_MAX; i++)
		worker_free(&workers[i]);
	return err;
}

int mclic_pipeline_run(const struct mclic_pipeline *p)
{
	struct run run = {
		.p = p,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.report = PTHREAD_MUTEX_INITIALIZER,
		.work = PTHREAD_COND_INITIALIZER,
	};
	struct job *job;
	int err;

	run.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!run.sha256)
		return mclic_fail(EIO, "OpenSSL has no SHA-256");
	err = run_workers(&run);
	while ((job = run.open)) {
		run.open = job->next;
		finish_job(&run, job);
	}
	if (!err && run.err)
		err = mclic_fail(-run.err, "%s", run.message ? run.message : "not enough memory");
	free(run.message);
	EVP_MD_free(run.sha256);
	return err;
}
