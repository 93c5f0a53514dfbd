// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sealed files: plaintext in the page cache.
 *
 * Folios are filled in runs, each within one group of blocks: one read below brings the
 * ciphertext into the folios, and where the run reaches the end of its group also the tags;
 * then each block is decrypted where it lies. A folio becomes uptodate when every block in
 * it was verified, and not otherwise. An open file pins key and lower file.
 */
#include <linux/bvec.h>
#include <linux/highmem.h>
#include <linux/mempool.h>
#include <linux/pagemap.h>
#include <linux/scatterlist.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

#include "mclicfs.h"

#define GROUP_PAGES	(MCLIC_GROUP_SIZE / PAGE_SIZE)
#define PAGE_BLOCKS	(PAGE_SIZE / MCLIC_BLOCK_SIZE)

static_assert(PAGE_BLOCKS >= 1 && GROUP_PAGES >= 1);

/**
 * struct cipher - what one thread needs to decrypt blocks
 * @wait: for drivers that answer later
 * @sg: a block, and its tag
 * @nonce: of the block
 * @request: struct aead_request and what the driver needs behind it
 */
struct cipher {
	struct crypto_wait wait;
	struct scatterlist sg[2];
	u8 nonce[MCLIC_NONCE_SIZE];
	u8 request[MCLICFS_REQUEST_MAX] CRYPTO_MINALIGN_ATTR;
};

/**
 * struct run - consecutive pages of one group
 * @mi: of which file
 * @tags: room for the tags of the group
 * @first: block that the first page begins with
 * @blocks: of the file that the pages hold; fewer than they have room for at its end
 * @pages: number of @page
 * @err: of the driver
 * @next: block of the run that the next share begins with
 * @bad: blocks of the run that cannot be given to anybody
 * @page: where each page goes
 * @bvec: the same for the lower file system, with the tags
 * @cipher: of the thread that has the run
 */
struct run {
	struct mclicfs_inode *mi;
	struct page *tags;
	u64 first;
	unsigned int blocks;
	unsigned int pages;
	int err;
	atomic_t next;
	DECLARE_BITMAP(bad, MCLIC_GROUP_BLOCKS);
	struct page *page[GROUP_PAGES];
	struct bio_vec bvec[GROUP_PAGES + 1];
	struct cipher cipher;
};

/* ->read_folio() must come to its end also when there is no memory. */
#define RUNS_KEPT	2
static struct kmem_cache *run_cache;
static mempool_t *runs;

static struct workqueue_struct *helpers_wq;

/* ---- reading the lower file ---- */

/*
 * Read into the folios past the page cache below, where that needs no lock that somebody
 * else has: a reader may come here out of a page fault, and a writer may fault with the
 * lock of a file below held. Returns the bytes that were read, maybe none.
 */
static size_t lower_read_direct(struct file *lower, struct iov_iter *to, size_t len, loff_t pos)
{
	struct kiocb iocb;
	size_t rest = iov_iter_count(to) - len;
	ssize_t got;

	if (!len || !(lower->f_mode & FMODE_CAN_ODIRECT) || !(lower->f_mode & FMODE_NOWAIT))
		return 0;
	init_sync_kiocb(&iocb, lower);
	iocb.ki_pos = pos;
	iocb.ki_flags |= IOCB_DIRECT | IOCB_NOWAIT;
	iov_iter_truncate(to, len);
	got = vfs_iocb_iter_read(lower, &iocb, to);
	iov_iter_reexpand(to, iov_iter_count(to) + rest);
	return got > 0 ? got : 0;
}

/* @direct: of the @len bytes, those that may be read past the page cache */
static int lower_read(struct file *lower, const struct bio_vec *bvec, unsigned int n, size_t len,
		      size_t direct, loff_t pos)
{
	struct iov_iter to;
	ssize_t got;

	iov_iter_bvec(&to, ITER_DEST, bvec, n, len);
	got = lower_read_direct(lower, &to, direct, pos);
	pos += got;
	/* What had failed may have moved the iterator, too. */
	iov_iter_bvec(&to, ITER_DEST, bvec, n, len);
	iov_iter_advance(&to, got);
	while (iov_iter_count(&to)) {
		got = vfs_iter_read(lower, &to, &pos, 0);
		if (got < 0)
			return got;
		if (!got)
			return -EBADMSG;	/* cut off below */
	}
	return 0;
}

/* Pages of one folio make one entry. */
static unsigned int run_bvec(struct run *r, size_t len)
{
	struct folio *last = NULL;
	unsigned int i, n = 0;

	for (i = 0; len; i++) {
		struct folio *folio = page_folio(r->page[i]);
		unsigned int part = min_t(size_t, len, PAGE_SIZE);

		if (folio == last)
			r->bvec[n - 1].bv_len += part;
		else
			r->bvec[n++] = (struct bio_vec){ r->page[i], part, 0 };
		last = folio;
		len -= part;
	}
	return n;
}

/*
 * Is nothing of [@start, @end) below in memory, but for what the trailer brought there?
 */
static bool lower_absent(const struct mclicfs_inode *mi, u64 start, u64 end)
{
	u64 tail = round_down(mclic_sealed_len(mi->size) - MCLIC_TRAILER_SIZE, PAGE_SIZE);

	if (mi->tail_fetched && end > tail)
		end = tail;
	return start >= end || !filemap_range_has_page(mi->file->f_mapping, start, end - 1);
}

/*
 * Ciphertext is of no use to anybody once it was decrypted, unless it was there before. The
 * second try gets those that were still on their way to the LRU lists.
 */
static void lower_forget(struct address_space *lower, u64 start, u64 end)
{
	pgoff_t first = start >> PAGE_SHIFT, last = (end - 1) >> PAGE_SHIFT;

	if (invalidate_mapping_pages(lower, first, last) <= last - first)
		invalidate_mapping_pages(lower, first, last);
}

static int run_read_tags(struct run *r)
{
	unsigned int in_group = r->first % MCLIC_GROUP_BLOCKS;
	struct bio_vec bvec = {
		r->tags, r->blocks * MCLIC_TAG_SIZE, in_group * MCLIC_TAG_SIZE
	};

	return lower_read(r->mi->file, &bvec, 1, bvec.bv_len, 0,
			  mclic_tag_offset(r->first, r->mi->size));
}

static int run_read(struct run *r)
{
	struct address_space *lower = r->mi->file->f_mapping;
	u64 size = r->mi->size, end = r->first + r->blocks, start = mclic_block_offset(r->first);
	size_t len = (r->blocks - 1) * MCLIC_BLOCK_SIZE + mclic_block_len(end - 1, size);
	bool absent = lower_absent(r->mi, start, start + len);
	bool last = end == mclic_block_count(size);
	unsigned int n = run_bvec(r, len);
	size_t direct = absent ? round_down(len, MCLIC_BLOCK_SIZE) : 0;
	int err = 0;

	if (end % MCLIC_GROUP_BLOCKS == 0 || last) {
		unsigned int tags = ((end - 1) % MCLIC_GROUP_BLOCKS + 1) * MCLIC_TAG_SIZE;

		r->bvec[n++] = (struct bio_vec){ r->tags, tags, 0 };
		if (direct == len && tags == MCLIC_BLOCK_SIZE)
			direct += tags;
		len += tags;
	} else {
		err = run_read_tags(r);
	}
	if (!err)
		err = lower_read(r->mi->file, r->bvec, n, len, direct, start);
	if (absent)
		lower_forget(lower, start, last ? mclic_sealed_len(size) : start + len);
	if (!err)
		atomic64_add(len, &mclicfs_fs(r->mi->vfs.i_sb)->stats.bytes_read);
	return err;
}

/* ---- decrypting ---- */

static void cipher_start(struct cipher *c, struct crypto_aead *aead)
{
	struct aead_request *req = (struct aead_request *)c->request;

	crypto_init_wait(&c->wait);
	sg_init_table(c->sg, ARRAY_SIZE(c->sg));
	aead_request_set_tfm(req, aead);
	aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG, crypto_req_done, &c->wait);
	aead_request_set_ad(req, 0);
}

static void block_open(struct run *r, struct cipher *c, unsigned int i)
{
	struct aead_request *req = (struct aead_request *)c->request;
	struct page *page = r->page[i / PAGE_BLOCKS];
	unsigned int offset = i % PAGE_BLOCKS * MCLIC_BLOCK_SIZE;
	u64 block = r->first + i;
	u32 len = mclic_block_len(block, r->mi->size);
	int err;

	sg_set_page(&c->sg[0], page, len, offset);
	sg_set_page(&c->sg[1], r->tags, MCLIC_TAG_SIZE,
		    block % MCLIC_GROUP_BLOCKS * MCLIC_TAG_SIZE);
	mclic_block_nonce(block, c->nonce);
	aead_request_set_crypt(req, c->sg, c->sg, len + MCLIC_TAG_SIZE, c->nonce);
	err = crypto_wait_req(crypto_aead_decrypt(req), &c->wait);
	if (!err)
		return;
	memzero_page(page, offset, len);
	set_bit(i, r->bad);
	if (err != -EBADMSG)
		WRITE_ONCE(r->err, err);
}

/*
 * Several processors take shares of a run until none is left. A share is large enough that
 * taking it costs nothing, and small enough that nobody waits long for the last one.
 */
#define SHARE		16
#define HELPERS		3
#define ALONE		64	/* blocks that are decrypted before a helper has woken up */

static void run_share(struct run *r, struct cipher *c)
{
	unsigned int i, end;

	cipher_start(c, r->mi->aead);
	for (;;) {
		i = atomic_fetch_add(SHARE, &r->next);
		end = min(i + SHARE, r->blocks);
		if (i >= r->blocks)
			return;
		for (; i < end; i++)
			block_open(r, c, i);
		cond_resched();
	}
}

struct helper {
	struct work_struct work;
	struct run *run;
	struct cipher cipher;
};

static void helper_work(struct work_struct *work)
{
	struct helper *h = container_of(work, struct helper, work);

	run_share(h->run, &h->cipher);
}

static struct helper *helper_start(struct run *r)
{
	struct helper *h = kmalloc(sizeof(*h), GFP_NOWAIT | __GFP_NOWARN);

	if (!h)
		return NULL;
	INIT_WORK(&h->work, helper_work);
	h->run = r;
	queue_work(helpers_wq, &h->work);
	return h;
}

/* One that has not begun yet never will. */
static void helper_end(struct helper *h)
{
	if (!h)
		return;
	cancel_work_sync(&h->work);
	kfree_sensitive(h);
}

static void run_open(struct run *r)
{
	struct helper *helper[HELPERS];
	unsigned int i, n = 0;

	if (r->blocks > ALONE)
		n = min3(num_online_cpus() - 1, (r->blocks - 1) / ALONE, (unsigned int)HELPERS);
	atomic_set(&r->next, 0);
	for (i = 0; i < n; i++)
		helper[i] = helper_start(r);
	run_share(r, &r->cipher);
	for (i = 0; i < n; i++)
		helper_end(helper[i]);
	atomic64_add(r->blocks, &mclicfs_fs(r->mi->vfs.i_sb)->stats.blocks);
}

/* ---- runs ---- */

/* A cache whose objects have a beginning is not cleared for each use, which costs much here. */
static void run_once(void *p)
{
	struct run *r = p;

	r->tags = NULL;
}

static void *run_alloc(gfp_t gfp, void *unused)
{
	struct run *r = kmem_cache_alloc(run_cache, gfp);

	if (!r)
		return NULL;
	r->tags = alloc_page(gfp);
	if (!r->tags) {
		kmem_cache_free(run_cache, r);
		return NULL;
	}
	return r;
}

static void run_free(void *p, void *unused)
{
	struct run *r = p;

	__free_page(r->tags);
	memzero_explicit(&r->cipher, sizeof(r->cipher));
	kmem_cache_free(run_cache, r);
}

static void run_start(struct run *r, struct mclicfs_inode *mi, pgoff_t index)
{
	r->mi = mi;
	r->first = (u64)index * PAGE_BLOCKS;
	r->pages = 0;
}

/* Add @folio from page @from of it on; returns the pages that are still of the run's group. */
static unsigned int run_add(struct run *r, struct folio *folio, unsigned int from)
{
	unsigned int room = GROUP_PAGES - (folio->index + from) % GROUP_PAGES;
	unsigned int i, n = min_t(unsigned int, room, folio_nr_pages(folio) - from);

	for (i = 0; i < n; i++)
		r->page[r->pages++] = folio_page(folio, from + i);
	return n;
}

/* What lies past the end of the file reads as zeros, also through a mapping. */
static void run_clear_tail(struct run *r, size_t len)
{
	unsigned int i = len / PAGE_SIZE, offset = len % PAGE_SIZE;

	for (; i < r->pages; i++) {
		memzero_page(r->page[i], offset, PAGE_SIZE - offset);
		offset = 0;
	}
}

/*
 * Fill the pages of a run; sets @bad. Returns 0 when all is well, -EBADMSG when some blocks
 * are damaged, another error when none could be read.
 */
static int run_fill(struct run *r)
{
	u64 blocks = mclic_block_count(r->mi->size);
	unsigned int room = r->pages * PAGE_BLOCKS;
	size_t len = 0;
	int err = 0;

	r->blocks = r->first < blocks ? min_t(u64, room, blocks - r->first) : 0;
	r->err = 0;
	bitmap_zero(r->bad, MCLIC_GROUP_BLOCKS);
	if (r->blocks) {
		len = (r->blocks - 1) * MCLIC_BLOCK_SIZE +
		      mclic_block_len(r->first + r->blocks - 1, r->mi->size);
		err = run_read(r);
		if (!err)
			run_open(r);
		else
			bitmap_set(r->bad, 0, r->blocks);
	}
	run_clear_tail(r, len);
	if (err)
		return err;
	if (bitmap_empty(r->bad, MCLIC_GROUP_BLOCKS))
		return 0;
	return r->err ? r->err : -EBADMSG;
}

/* ---- readahead: as much as can be had easily ---- */

/* Fill the folios that the run consists of, and let them go. */
static void run_finish(struct run *r)
{
	unsigned int i = 0, first, end;

	if (!r->pages)
		return;
	run_fill(r);
	while (i < r->pages) {
		struct folio *folio = page_folio(r->page[i]);

		first = i * PAGE_BLOCKS;
		i += folio_nr_pages(folio);
		end = min_t(unsigned int, i * PAGE_BLOCKS, MCLIC_GROUP_BLOCKS);
		/* Past the end there is nothing, should the inode's size say otherwise by now. */
		if (first < r->blocks && find_next_bit(r->bad, end, first) >= end)
			folio_mark_uptodate(folio);
		folio_unlock(folio);
	}
	r->pages = 0;
}

/*
 * A window that ends little before its group is read to the group's end: then its tags come
 * along, and the windows that follow are whole groups.
 */
static void window_round(struct readahead_control *rac, u64 size)
{
	u64 start = readahead_pos(rac), len = readahead_length(rac);
	u64 end = min_t(u64, round_up(start + len, MCLIC_GROUP_SIZE), round_up(size, PAGE_SIZE));

	if (start + len < end && end - start - len <= len / 2)
		readahead_expand(rac, start, end - start);
}

/* A folio that is larger than a group */
static void folio_finish(struct run *r, struct mclicfs_inode *mi, struct folio *folio);

static void sealed_readahead(struct readahead_control *rac)
{
	struct mclicfs_inode *mi = mclicfs_i(rac->mapping->host);
	struct run *r;
	struct folio *folio;
	const struct cred *old;

	if (mclicfs_medium_same(mclicfs_fs(mi->vfs.i_sb)))
		return;
	r = run_alloc(GFP_NOFS | __GFP_NORETRY | __GFP_NOWARN, NULL);
	if (!r)
		return;		/* ->read_folio() has a reserve */
	old = mclicfs_become(mi->vfs.i_sb);
	r->pages = 0;
	window_round(rac, mi->size);
	while ((folio = readahead_folio(rac))) {
		if (r->pages && folio->index % GROUP_PAGES == 0)
			run_finish(r);
		if (folio_nr_pages(folio) > GROUP_PAGES) {
			folio_finish(r, mi, folio);
			continue;
		}
		if (!r->pages)
			run_start(r, mi, folio->index);
		run_add(r, folio, 0);
	}
	run_finish(r);
	revert_creds(old);
	run_free(r, NULL);
}

/* ---- a single folio: whatever it takes ---- */

static int folio_fill(struct run *r, struct mclicfs_inode *mi, struct folio *folio)
{
	unsigned int done = 0;
	int err = -EBADMSG;

	if ((u64)folio_pos(folio) >= mi->size)
		return err;	/* the lower file has grown since it was opened */
	do {
		run_start(r, mi, folio->index + done);
		done += run_add(r, folio, done);
		err = run_fill(r);
	} while (!err && done < folio_nr_pages(folio));
	return err;
}

static void folio_finish(struct run *r, struct mclicfs_inode *mi, struct folio *folio)
{
	if (!folio_fill(r, mi, folio))
		folio_mark_uptodate(folio);
	folio_unlock(folio);
	r->pages = 0;
}

/*
 * One bad block would make all of a large folio unreadable, and it cannot be split from
 * here. So the mapping gets single pages from now on, and whoever asked looks again.
 */
static int folio_disperse(struct folio *folio)
{
	struct address_space *mapping = folio->mapping;
	pgoff_t first = folio->index, last = first + folio_nr_pages(folio) - 1;

	mclicfs_mapping_small_folios(mapping);
	folio_unlock(folio);
	invalidate_inode_pages2_range(mapping, first, last);
	return AOP_TRUNCATED_PAGE;
}

static void report_block(const struct run *r)
{
	u64 block = r->first + find_first_bit(r->bad, MCLIC_GROUP_BLOCKS);
	struct super_block *sb = r->mi->vfs.i_sb;

	atomic64_add(bitmap_weight(r->bad, MCLIC_GROUP_BLOCKS),
		     &mclicfs_fs(sb)->stats.blocks_bad);
	mclicfs_msg(sb, r->mi->file->f_path.dentry,
		    "block %llu (offset %llu) is damaged; the rest of the file can be read",
		    block, block * MCLIC_BLOCK_SIZE);
}

static int sealed_read_folio(struct file *file, struct folio *folio)
{
	struct mclicfs_inode *mi = mclicfs_i(folio->mapping->host);
	const struct cred *old;
	struct run *r;
	int err = mclicfs_medium_same(mclicfs_fs(mi->vfs.i_sb));

	if (err) {
		folio_unlock(folio);
		return err;
	}
	r = mempool_alloc(runs, GFP_NOFS);
	r->pages = 0;
	old = mclicfs_become(mi->vfs.i_sb);
	err = folio_fill(r, mi, folio);
	revert_creds(old);
	if (!err)
		folio_mark_uptodate(folio);
	else if (folio_test_large(folio) && !fatal_signal_pending(current))
		err = folio_disperse(folio);
	else if (err == -EBADMSG && r->pages)
		report_block(r);
	mempool_free(r, runs);
	if (err != AOP_TRUNCATED_PAGE)
		folio_unlock(folio);
	return err;
}

const struct address_space_operations mclicfs_sealed_aops = {
	.read_folio	= sealed_read_folio,
	.readahead	= sealed_readahead,
	.direct_IO	= noop_direct_IO,	/* so that O_DIRECT opens */
};

int mclicfs_read_init(void)
{
	run_cache = kmem_cache_create("mclicfs_run", sizeof(struct run), __alignof__(struct run), 0,
				      run_once);
	if (!run_cache)
		return -ENOMEM;
	helpers_wq = alloc_workqueue("mclicfs", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!helpers_wq)
		goto out;
	runs = mempool_create(RUNS_KEPT, run_alloc, run_free, NULL);
	if (runs)
		return 0;
	destroy_workqueue(helpers_wq);
out:
	kmem_cache_destroy(run_cache);
	return -ENOMEM;
}

void mclicfs_read_exit(void)
{
	mempool_destroy(runs);
	destroy_workqueue(helpers_wq);
	kmem_cache_destroy(run_cache);
}
