// SPDX-License-Identifier: GPL-2.0-or-later
/* Sealed contents: the trailer's check, the file's key, plaintext of blocks. */
#include <limits.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "mclicfs.h"

static void content_ref(struct content *c)
{
	atomic_fetch_add(&c->refs, 1);
}

void content_put(struct content *c)
{
	if (!c || atomic_fetch_sub(&c->refs, 1) != 1)
		return;
	mclic_secret_free(c->key, MCLIC_KEY_SIZE);
	free(c->given);
	free(c);
}

/* ---- opening ---- */

void content_drop(struct node *n)
{
	struct content *c = NULL;

	/* Whoever holds it is about to use the content, or asks for one himself. */
	if (pthread_mutex_trylock(&n->lock))
		return;
	if (n->content && atomic_load(&n->content->refs) == 1) {
		c = n->content;
		n->content = NULL;
	}
	pthread_mutex_unlock(&n->lock);
	content_put(c);
}

void content_make_room(void)
{
	node_each(NULL, content_drop);
}

static __u8 *key_alloc(void)
{
	__u8 *key = mclic_secret_alloc(MCLIC_KEY_SIZE);

	if (!key) {
		content_make_room();
		key = mclic_secret_alloc(MCLIC_KEY_SIZE);
	}
	return key;
}

static enum mclic_why check(struct product *p, const struct mclic_trailer *t, __u64 len,
			    __u64 epoch, __u8 *file_key, int *err)
{
	enum mclic_why why = MCLIC_OK;

	*err = 0;
	pthread_mutex_lock(&p->lock);
	if (!p->key || p->epoch != epoch)
		*err = -EAGAIN;
	else
		why = mclic_trailer_check(mclic_openssl(), t, len, &p->title,
					  mclic_get32(p->key->terms.km_generation), MCLIC_UNDER_KU,
					  p->key->medium_key, file_key, NULL);
	pthread_mutex_unlock(&p->lock);
	return why;
}

static enum mclic_why judge(struct node *n, struct content *c, int *err)
{
	__u64 len = c->stamp.size;
	struct mclic_trailer t;
	enum mclic_why why = mclic_plain_size(len, &c->size);
	ssize_t got;

	*err = 0;
	if (why)
		return why;
	got = mclic_pread_full(n->fd, &t, sizeof(t), (off_t)(len - sizeof(t)));
	if (got < 0)
		*err = (int)got;
	else if (got != sizeof(t))
		return MCLIC_BAD_LENGTH;
	else
		return check(n->product, &t, len, c->epoch, c->key, err);
	return MCLIC_OK;
}

/* node.lock is held */
static int content_new(struct node *n, __u64 epoch, struct content **content)
{
	struct content *c = calloc(1, sizeof(*c));
	char name[PATH_MAX];
	enum mclic_why why;
	int err = -ENOMEM;

	if (!c)
		return -ENOMEM;
	c->refs = 1;
	c->stamp = n->stamp;
	c->epoch = epoch;
	c->key = key_alloc();
	if (!c->key)
		goto out;
	why = judge(n, c, &err);
	if (why) {
		err = mclic_errno(why);
		log_limited("%s: the sealed file is damaged: %s", log_name(n->fd, name),
			    mclic_why_text(why));
	}
out:
	if (err)
		content_put(c);
	else
		*content = c;
	if (!err)
		ahead_prepare(c);
	return err;
}

int content_get(struct node *n, __u64 epoch, struct content **c, bool *kept)
{
	struct content *old = NULL;
	int err = 0;

	pthread_mutex_lock(&n->lock);
	*kept = n->content && n->content->epoch == epoch &&
		stamp_same(&n->content->stamp, &n->stamp);
	if (!*kept) {
		old = n->content;
		n->content = NULL;
		err = content_new(n, epoch, &n->content);
		*kept = !err && !n->opened && ahead_whole(n, n->content);
	}
	if (!err) {
		n->opened = true;
		content_ref(n->content);
		*c = n->content;
	}
	pthread_mutex_unlock(&n->lock);
	content_put(old);
	return err;
}

bool content_current(struct node *n, const struct content *c)
{
	bool current;

	pthread_mutex_lock(&n->lock);
	current = n->content == c;
	pthread_mutex_unlock(&n->lock);
	return current;
}

/* ---- reading ---- */

/* Part of one group: its blocks, and where they and their tags go. */
struct part {
	__u64 first;		/* block */
	size_t len;		/* bytes of ciphertext */
	__u8 *data;
	__u8 *tags;		/* of @first */
};

/* Consecutive bytes of the lower file that go to several places. */
struct gather {
	struct iovec iov[4];
	int count;
	off_t at;
	size_t len;
};

static void add(struct gather *g, void *p, size_t len)
{
	g->iov[g->count++] = (struct iovec){ p, len };
	g->len += len;
}

/* What the file has lost since it was opened reads as zeros, which no tag matches. */
static int fetch(int fd, struct gather *g, bool in_cache_only)
{
	ssize_t n;
	off_t at = g->at;
	int i;

	if (!g->count)
		return 0;
	do
		n = preadv2(fd, g->iov, g->count, g->at, in_cache_only ? RWF_NOWAIT : 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if ((size_t)n == g->len)
		return 0;
	if (in_cache_only)
		return -EAGAIN;
	for (i = 0; i < g->count; i++) {
		struct iovec *v = &g->iov[i];

		n = mclic_pread_full(fd, v->iov_base, v->iov_len, at);
		if (n < 0)
			return (int)n;
		memset((__u8 *)v->iov_base + n, 0, v->iov_len - (size_t)n);
		at += (off_t)v->iov_len;
	}
	return 0;
}

/*
 * Read ciphertext and tags of blocks [@first, @end), which touch two groups at most. The
 * tags stand behind their group: where the blocks reach its end, they come along in the
 * same read, and so does the next group.
 */
static int fetch_blocks(const struct content *c, int fd, __u64 first, __u64 end,
			struct worker *w, struct part parts[2])
{
	__u64 blocks = mclic_block_count(c->size);
	struct gather g = { .at = (off_t)mclic_block_offset(first) };
	__u8 *data = w->buf;
	int i, err;

	for (i = 0; i < 2; i++) {
		__u64 group = first & ~(__u64)(MCLIC_GROUP_BLOCKS - 1);
		__u64 group_end = group + MCLIC_GROUP_BLOCKS;
		__u64 stop = end < group_end ? end : group_end;
		__u8 *tags = w->tags + (size_t)i * MCLIC_GROUP_BLOCKS * MCLIC_TAG_SIZE;
		size_t skip = (size_t)(first - group) * MCLIC_TAG_SIZE;

		parts[i] = (struct part){ .first = first, .data = data, .tags = tags + skip };
		if (first >= end)
			continue;
		parts[i].len = (size_t)(stop - first - 1) * MCLIC_BLOCK_SIZE +
			       mclic_block_len(stop - 1, c->size);
		data += parts[i].len;
		add(&g, parts[i].data, parts[i].len);
		if (stop == group_end || stop == blocks) {
			add(&g, tags, (size_t)(stop - group) * MCLIC_TAG_SIZE);
		} else {
			struct gather t = { .at = (off_t)mclic_tag_offset(first, c->size) };

			add(&t, parts[i].tags, (size_t)(stop - first) * MCLIC_TAG_SIZE);
			err = fetch(fd, &t, w->in_cache_only);
			if (err)
				return err;
		}
		first = stop;
	}
	return fetch(fd, &g, w->in_cache_only);
}

ssize_t content_read(const struct content *c, int fd, __u64 first, __u32 count,
		     struct worker *w, size_t *good)
{
	struct part parts[2];
	size_t len = 0;
	bool damaged = false;
	__u64 bad;
	int i, err;

	*good = 0;
	err = fetch_blocks(c, fd, first, first + count, w, parts);
	for (i = 0; !err && i < 2 && parts[i].len; i++) {
		err = mclic_blocks_open(w->blocks, c->key, parts[i].first, parts[i].data,
					parts[i].len, parts[i].tags, parts[i].data, &bad);
		if (err == -EBADMSG) {
			if (!damaged)
				*good = (size_t)(bad - first) * MCLIC_BLOCK_SIZE;
			damaged = true;
			err = 0;
		}
		len += parts[i].len;
	}
	if (err)
		return err;
	if (damaged)
		return -EBADMSG;
	*good = len;
	return (ssize_t)len;
}
