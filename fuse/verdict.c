// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * May a product be opened? The last verdict stands while all that it rests on is
 * unchanged, which costs a few system calls and no cryptography to find out.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "mclicfs.h"

/* What verdicts rest on besides the slot. */
static struct {
	pthread_rwlock_t lock;
	struct mclic_area *area;	/* or NULL: the medium has none that can be used */
	int area_err;			/* why not */
	bool area_file;			/* the file existed when the area was looked for */
	struct stat area_stat;		/* ... and which it was */
	struct mclic_trust *trust;
	__u64 generation;		/* counts exchanges of any of them */
} world = { .lock = PTHREAD_RWLOCK_INITIALIZER };

/* ---- the area ---- */

/* Slots are read at each open; here only what was read when the area was opened counts. */
static bool header_changed(const struct stat *st)
{
	const struct timespec *was = &world.area_stat.st_ctim;

	return (st->st_ctim.tv_sec != was->tv_sec || st->st_ctim.tv_nsec != was->tv_nsec) &&
	       mclic_area_changed(world.area);
}

/*
 * Is the area file another than was opened, or has it come, or gone? One that cannot be used
 * may be in the making, or a partition: it is tried again each time.
 */
static bool area_moved(void)
{
	const struct stat *was = &world.area_stat;
	struct stat st;

	if (!world.area)
		return true;
	if (fstatat(mnt.lower, MCLIC_AREA_FILE, &st, 0))
		return world.area_file;
	return !world.area_file || st.st_dev != was->st_dev || st.st_ino != was->st_ino ||
	       st.st_size != was->st_size || header_changed(&st);
}

/* The descriptor of LOWER: by name, the mount itself may be in the way by now. */
static void open_area(void)
{
	const char *warning = NULL;
	int err, was = world.area_err;

	world.area_file = !fstatat(mnt.lower, MCLIC_AREA_FILE, &world.area_stat, 0);
	mclic_area_close(world.area);
	err = mclic_area_open_dir(mnt.lower, mnt.source, &world.area);
	world.area_err = err;
	if (world.area)
		warning = mclic_area_warning(world.area);
	if (err && err == was)
		return;
	if (err == -ENOENT)
		log_limited("%s: the medium has no licence area, so no product on it can be opened; "
			    "see \"mclic format\"", mnt.source);
	else if (err)
		log_limited("%s: the licence area cannot be used: %s", mnt.source,
			    mclic_message());
	else if (warning)
		log_limited("%s: %s", mnt.source, warning);
}

int verdict_start(void)
{
	struct stat st;
	int err = mclic_trust_load(&world.trust);

	if (err)
		return err;
	if (fstatat(mnt.lower, "", &st, AT_EMPTY_PATH))
		return mclic_fail(errno, "%s: %s", mnt.source, strerror(errno));
	open_area();
	medium_start(world.area ? mclic_area_dev(world.area) : st.st_dev);
	return 0;
}

/* Look whether area, certificates or lists were exchanged. Called without the lock. */
static void refresh(void)
{
	bool moved;
	int changed;

	pthread_rwlock_rdlock(&world.lock);
	moved = area_moved();
	changed = mclic_trust_refresh(world.trust);
	pthread_rwlock_unlock(&world.lock);
	if (!moved && changed != 1)
		return;
	pthread_rwlock_wrlock(&world.lock);
	if (area_moved())
		open_area();
	world.generation++;
	pthread_rwlock_unlock(&world.lock);
}

/* ---- verdicts; product.lock and the world's lock are held ---- */

static void key_free(struct title_key *k)
{
	if (!k)
		return;
	mclic_secret_free(k->medium_key, MCLIC_KEY_SIZE);
	free(k);
}

static bool user_key_there(const struct mclic_terms *t)
{
	__u8 *ku;
	int err;

	if (t->kind != MCLIC_PERSONAL)
		return true;
	ku = mclic_secret_alloc(MCLIC_KEY_SIZE);
	if (!ku)
		return false;
	err = mclic_user_key_load(t->center_id, t->user_id, mclic_get32(t->ku_generation), ku);
	mclic_secret_free(ku, MCLIC_KEY_SIZE);
	return !err;
}

static bool slot_same(const struct title_key *k)
{
	return world.area && mclic_area_same(world.area, k->index, &k->slot);
}

static bool still_in_force(const struct title_key *k)
{
	__u32 lowest_good;
	__u64 issued_at;

	return k && k->generation == world.generation && slot_same(k) &&
	       mclic_trust_revoked(world.trust, k->terms.center_id, k->terms.licence_id,
				   &lowest_good, &issued_at) >= 0 &&
	       mclic_get32(k->terms.sequence) >= lowest_good &&
	       !mclic_time_check(&k->terms, (__u64)time(NULL), issued_at) &&
	       user_key_there(&k->terms);
}

/* The verdict's slot is read once more: what is cached must be what was judged. */
static int keep(struct product *p, const struct mclic_verdict *v)
{
	struct title_key *k = calloc(1, sizeof(*k));
	int err = -ENOMEM;

	if (k)
		k->medium_key = mclic_secret_alloc(MCLIC_KEY_SIZE);
	if (!k || !k->medium_key)
		goto out;
	k->terms = v->terms;
	k->index = (__u32)v->slot;
	k->generation = world.generation;
	memcpy(k->medium_key, v->medium_key, MCLIC_KEY_SIZE);
	err = mclic_area_read(world.area, k->index, &k->slot);
	if (!err && memcmp(&k->slot.terms, &k->terms, sizeof(k->terms)))
		err = -EAGAIN;
	if (err)
		goto out;
	if (!p->key || !mclic_equal(p->key->medium_key, k->medium_key, MCLIC_KEY_SIZE) ||
	    memcmp(&p->key->terms.km_generation, &k->terms.km_generation,
		   sizeof(k->terms.km_generation)))
		p->epoch++;
	key_free(p->key);
	p->key = k;
	return 0;
out:
	key_free(k);
	return err;
}

static void report(struct mclic_judge *j, const struct product *p,
		   const struct mclic_verdict *v)
{
	char name[PATH_MAX];

	mclic_judge_refused(j, v, log_name(p->dir, name));
	log_limited("%s", mclic_message());
}

static int judge(struct product *p)
{
	struct mclic_judge j = { .area = world.area, .trust = world.trust };
	struct mclic_verdict *v;
	int err;

	if (!world.area)
		return -EACCES;
	v = mclic_secret_alloc(sizeof(*v));
	if (!v)
		return -ENOMEM;
	err = mclic_judge_title(&j, &p->title, v);
	if (err)
		log_limited("%s: %s", mnt.source, mclic_message());
	else if (v->why)
		report(&j, p, v);
	if (!err)
		err = v->why ? mclic_errno(v->why) : keep(p, v);
	mclic_secret_free(v, sizeof(*v));
	return err;
}

/* Locked memory may be full of the keys of files that nobody reads. */
static int judge_in_memory(struct product *p)
{
	int tries, err = -EAGAIN;

	for (tries = 3; tries && err == -EAGAIN; tries--) {
		err = judge(p);
		if (err == -ENOMEM && tries > 1) {
			content_make_room();
			err = -EAGAIN;
		}
	}
	return err;
}

int verdict_get(struct product *p, __u64 *epoch)
{
	int err = medium_same();
	bool was_open;

	if (err)
		return err;
	refresh();
	pthread_mutex_lock(&p->lock);
	pthread_rwlock_rdlock(&world.lock);
	was_open = p->key;
	err = product_read(p);
	if (!err && !still_in_force(p->key))
		err = judge_in_memory(p);
	if (err && p->key)
		verdict_forget(p);
	/* What cannot be opened any more does not stay in the page cache either. */
	if (err && was_open)
		notify_evict(p);
	*epoch = p->epoch;
	pthread_rwlock_unlock(&world.lock);
	pthread_mutex_unlock(&p->lock);
	return err;
}

void verdict_forget(struct product *p)
{
	key_free(p->key);
	p->key = NULL;
	p->epoch++;
}
