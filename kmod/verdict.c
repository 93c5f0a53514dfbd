// SPDX-License-Identifier: GPL-2.0-only
/*
 * May a product be opened? The last verdict stands while all that it rests on is
 * unchanged, which costs two lookups and one read below to find out, and no cryptography.
 */
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "mclicfs.h"
#include "trace.h"

/* The crypto table, with a note of what is behind MCLIC_CRYPTO_FAILED */
struct noting {
	struct mclic_crypto table;
	int err;
};

static int noted(const struct mclic_crypto *c, int err)
{
	if (err && err != -EBADMSG)
		container_of(c, struct noting, table)->err = err;
	return err;
}

static int noting_sha256(const struct mclic_crypto *c, const struct mclic_vec *v, unsigned int n,
			 u8 out[MCLIC_HASH_SIZE])
{
	return noted(c, mclicfs_crypto.sha256(&mclicfs_crypto, v, n, out));
}

static int noting_cmac(const struct mclic_crypto *c, const u8 key[MCLIC_KEY_SIZE],
		       const struct mclic_vec *v, unsigned int n, u8 out[MCLIC_CS_SIZE])
{
	return noted(c, mclicfs_crypto.cmac(&mclicfs_crypto, key, v, n, out));
}

static int noting_open(const struct mclic_crypto *c, const u8 key[MCLIC_KEY_SIZE],
		       const u8 nonce[MCLIC_NONCE_SIZE], const void *aad, size_t aad_len,
		       const void *in, size_t len, void *out)
{
	return noted(c, mclicfs_crypto.open(&mclicfs_crypto, key, nonce, aad, aad_len, in, len,
					    out));
}

static void noting_start(struct noting *n)
{
	n->table = mclicfs_crypto;
	n->table.sha256 = noting_sha256;
	n->table.cmac = noting_cmac;
	n->table.open = noting_open;
	n->err = 0;
}

/* What core asks its surroundings, and room for what does not fit on a stack. */
struct judge {
	struct mclicfs_fs *fs;
	struct mclic_sources src;
	struct noting crypto;
	struct mclic_medium medium;
	struct mclic_verdict verdict;
	struct mclic_slot slot;
};

static u64 now_seconds(void)
{
	return max_t(time64_t, ktime_get_real_seconds(), 0);
}

/* ---- sources ---- */

static int note(struct judge *j, int err)
{
	if (err < 0)
		j->crypto.err = err;
	return err;
}

static int judge_medium(void *ctx, u8 kind, u8 mid[MCLIC_ID_SIZE], u8 *medium_class)
{
	struct judge *j = ctx;
	int err = mclicfs_medium_read(j->fs, kind, &j->medium);

	if (err)
		return err == -ENODEV ? err : note(j, err);
	memcpy(mid, j->medium.mid, MCLIC_ID_SIZE);
	*medium_class = j->medium.medium_class;
	return 0;
}

static int judge_signature(void *ctx, const u8 center_id[MCLIC_ID_SIZE],
			   const struct mclic_vec *v, unsigned int n, const u8 *sig, size_t len)
{
	int err = mclicfs_signature_check(center_id, v, n, sig, len);

	return err == -ENOKEY || err == -EKEYREJECTED ? err : note(ctx, err);
}

/* Logon keys are named by user and generation alone. */
static int judge_user_key(void *ctx, const u8 center_id[MCLIC_ID_SIZE],
			  const u8 user_id[MCLIC_ID_SIZE], u32 ku_generation,
			  u8 ku[MCLIC_KEY_SIZE])
{
	struct judge *j = ctx;
	int err = mclicfs_key_find(j->fs, user_id, ku_generation, ku);

	return err == -ENOKEY ? err : note(j, err);
}

static int judge_revoked(void *ctx, const u8 center_id[MCLIC_ID_SIZE],
			 const u8 licence_id[MCLIC_ID_SIZE], u32 *lowest_good, u64 *issued_at)
{
	struct judge *j = ctx;

	return mclicfs_revocations_find(j->fs, center_id, licence_id, lowest_good, issued_at);
}

static struct judge *judge_new(struct mclicfs_fs *fs)
{
	struct judge *j = kzalloc(sizeof(*j), GFP_KERNEL);

	if (!j)
		return NULL;
	j->fs = fs;
	j->src = (struct mclic_sources){
		.ctx = j,
		.medium = judge_medium,
		.signature = judge_signature,
		.user_key = judge_user_key,
		.revoked = judge_revoked,
	};
	noting_start(&j->crypto);
	return j;
}

enum mclic_why mclicfs_verdict_slot(struct mclicfs_fs *fs, const struct mclic_slot *slot)
{
	struct judge *j = judge_new(fs);
	u8 medium_key[MCLIC_KEY_SIZE];
	enum mclic_why why;

	if (!j)
		return MCLIC_CRYPTO_FAILED;
	why = mclic_slot_verdict(&mclicfs_crypto, &j->src, NULL, now_seconds(), slot, medium_key);
	memzero_explicit(medium_key, sizeof(medium_key));
	kfree_sensitive(j);
	return why;
}

/* ---- judging a title; the locks of product and world are held ---- */

/* One slot after the other. @k gets the one in force just as it was judged. */
static int judge_slots(struct judge *j, const struct mclic_title *title,
		       struct mclicfs_title_key *k)
{
	u32 i, slots = mclicfs_area_slots(j->fs->area);
	struct mclic_verdict *v = &j->verdict;
	u64 now = now_seconds();
	enum mclic_why why;
	int err, unread = 0;

	for (i = 1; i + 1 < slots; i++) {
		err = mclicfs_area_read(j->fs->area, i, &j->slot);
		if (err) {
			unread = err;	/* it matters if no other will do */
			continue;
		}
		why = mclic_verdict_add(v, &j->crypto.table, &j->src, title, now, i, &j->slot);
		if (why != MCLIC_FREE)
			trace_mclicfs_slot(j->fs->sb, i, why);
		if (why == MCLIC_CRYPTO_FAILED)
			return j->crypto.err ?: -EIO;
		if (!why && v->slot == i)
			k->slot = j->slot;
	}
	if (v->why)
		return unread ?: mclic_errno(v->why);
	k->index = v->slot;
	k->generation = j->fs->generation;
	memcpy(k->medium_key, v->medium_key, sizeof(k->medium_key));
	return 0;
}

/* Files that were opened under a key go on being read where the next licence has it too. */
static void replace(struct mclicfs_product *p, struct mclicfs_title_key *k)
{
	const struct mclicfs_title_key *old = p->key;

	if (!old || !mclic_equal(old->medium_key, k->medium_key, sizeof(k->medium_key)) ||
	    old->slot.terms.km_generation != k->slot.terms.km_generation)
		WRITE_ONCE(p->epoch, p->epoch + 1);
	kfree_sensitive(p->key);
	p->key = k;
}

/* Say what came of it; @v knows nothing of errors of I/O and memory. */
static void report(const struct mclicfs_product *p, const struct mclic_verdict *v, int err)
{
	enum mclic_why why = err == mclic_errno(v->why) ? v->why : MCLIC_CRYPTO_FAILED;

	trace_mclicfs_verdict(p->fs->sb, &p->title, v->slot, why, err, false);
	if (!err)
		return;
	atomic64_inc(&p->fs->stats.verdicts_failed);
	if (why == MCLIC_CRYPTO_FAILED)
		mclicfs_msg(p->fs->sb, p->dir, "error %d while its licences were judged", -err);
	else if (v->slot < 0)
		mclicfs_msg(p->fs->sb, p->dir, "%s", mclic_why_text(why));
	else
		mclicfs_msg(p->fs->sb, p->dir, "licence in slot %d: %s", v->slot,
			    mclic_why_text(why));
}

static int judge(struct mclicfs_product *p)
{
	struct mclicfs_title_key *k = kzalloc(sizeof(*k), GFP_KERNEL);
	struct judge *j = judge_new(p->fs);
	int err = -ENOMEM;

	if (!k || !j)
		goto out;
	mclic_verdict_start(&j->verdict);
	err = p->fs->area ? judge_slots(j, &p->title, k) : mclic_errno(j->verdict.why);
	atomic64_inc(&p->fs->stats.verdicts);
	report(p, &j->verdict, err);
	if (!err) {
		replace(p, k);
		k = NULL;
	}
out:
	kfree_sensitive(j);
	kfree_sensitive(k);
	return err;
}

/* ---- a verdict that was given before ---- */

static bool user_key_there(struct mclicfs_fs *fs, const struct mclic_terms *t)
{
	u8 ku[MCLIC_KEY_SIZE];
	int err;

	if (t->kind != MCLIC_PERSONAL)
		return true;
	err = mclicfs_key_find(fs, t->user_id, mclic_get32(t->ku_generation), ku);
	memzero_explicit(ku, sizeof(ku));
	return !err;
}

static bool still_in_force(struct mclicfs_fs *fs, const struct mclicfs_title_key *k)
{
	const struct mclic_terms *t;
	u64 issued_at = 0;
	u32 lowest_good = 0;

	if (!k || k->generation != fs->generation || !fs->area ||
	    !mclicfs_area_same(fs->area, k->index, &k->slot))
		return false;
	t = &k->slot.terms;
	mclicfs_revocations_find(fs, t->center_id, t->licence_id, &lowest_good, &issued_at);
	return mclic_get32(t->sequence) >= lowest_good &&
	       !mclic_time_check(t, now_seconds(), issued_at) && user_key_there(fs, t) &&
	       !mclicfs_center_find(t->center_id);
}

/* ---- at an open ---- */

/* Called with the product's lock held. */
static int verdict(struct mclicfs_product *p)
{
	struct mclicfs_fs *fs = p->fs;
	int err = mclicfs_product_read(p);

	if (err)
		return err;
	down_read(&fs->world);
	if (still_in_force(fs, p->key)) {
		atomic64_inc(&fs->stats.verdicts_cached);
		trace_mclicfs_verdict(fs->sb, &p->title, p->key->index, MCLIC_OK, 0, true);
	} else {
		err = judge(p);
	}
	up_read(&fs->world);
	return err;
}

int mclicfs_verdict_get(struct mclicfs_product *p, u64 *epoch)
{
	const struct cred *old = mclicfs_become(p->fs->sb);
	bool was_open;
	int err = mclicfs_medium_same(p->fs);

	if (!err)
		mclicfs_area_refresh(p->fs);
	mutex_lock(&p->lock);
	was_open = p->key;
	if (!err)
		err = verdict(p);
	if (err && p->key)
		mclicfs_verdict_forget(p);
	*epoch = p->epoch;
	mutex_unlock(&p->lock);
	/* What cannot be opened any more does not stay in the page cache either. */
	if (err && was_open)
		mclicfs_sealed_evict(p);
	revert_creds(old);
	return err;
}

void mclicfs_verdict_forget(struct mclicfs_product *p)
{
	kfree_sensitive(p->key);
	p->key = NULL;
	WRITE_ONCE(p->epoch, p->epoch + 1);
}

int mclicfs_verdict_trailer(struct mclicfs_product *p, u64 epoch, const struct mclic_trailer *t,
			    u64 sealed_len, u8 file_key[MCLIC_KEY_SIZE], struct mclic_seal *seal,
			    enum mclic_why *why)
{
	struct noting crypto;
	int err = 0;

	*why = MCLIC_OK;
	noting_start(&crypto);
	mutex_lock(&p->lock);
	if (!p->key || p->epoch != epoch)
		err = -EAGAIN;
	else
		*why = mclic_trailer_check(&crypto.table, t, sealed_len, &p->title,
					   mclic_get32(p->key->slot.terms.km_generation),
					   MCLIC_UNDER_KU, p->key->medium_key, file_key, seal);
	mutex_unlock(&p->lock);
	if (*why == MCLIC_CRYPTO_FAILED)
		return crypto.err ?: -EIO;
	return err ?: mclic_errno(*why);
}

/* ---- without a key ---- */

/* The product behind @p on the list, with a reference; that of @p is given back. */
static struct mclicfs_product *next_product(struct mclicfs_fs *fs, struct mclicfs_product *p)
{
	struct mclicfs_product *next;

	spin_lock(&fs->products_lock);
	if (p)
		next = list_next_entry(p, link);
	else
		next = list_first_entry(&fs->products, struct mclicfs_product, link);
	if (list_entry_is_head(next, &fs->products, link))
		next = NULL;
	mclicfs_product_ref(next);
	spin_unlock(&fs->products_lock);
	mclicfs_product_put(p);
	return next;
}

/* Does the verdict on a product rest on @key? NULL: on any, or none */
static bool rests_on(const struct mclicfs_product *p, const struct key *key)
{
	const struct mclic_terms *t;

	if (!key || !p->key)
		return true;
	t = &p->key->slot.terms;
	return t->kind == MCLIC_PERSONAL &&
	       mclicfs_key_is(key, t->user_id, mclic_get32(t->ku_generation));
}

unsigned int mclicfs_verdicts_forget(struct mclicfs_fs *fs, const struct key *key)
{
	struct mclicfs_product *p = NULL;
	unsigned int busy = 0;
	bool drop;

	while ((p = next_product(fs, p))) {
		mutex_lock(&p->lock);
		drop = rests_on(p, key);
		if (drop && p->key)
			mclicfs_verdict_forget(p);
		mutex_unlock(&p->lock);
		if (drop)
			busy += mclicfs_sealed_evict(p);
	}
	return busy;
}
