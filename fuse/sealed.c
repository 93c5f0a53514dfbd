// SPDX-License-Identifier: GPL-2.0-or-later
/* Sealed files: open and read. */
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "mclicfs.h"

/* A verdict that changes while the trailer is judged is asked for again. */
#define TRIES	3

int sealed_open(struct node *n, int flags, struct file *f, bool *keep_cache)
{
	int tries = TRIES, err;
	__u64 epoch;

	if ((flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC)
		return -EROFS;
	err = medium_same();	/* first: a lower file without its medium has other complaints */
	if (err)
		return err;
	err = node_hold(n);
	if (err)
		return err;
	f->fd = flags & O_NOATIME ? node_open(n, O_RDONLY | O_NOATIME) : n->fd;
	if (f->fd < 0)
		return f->fd;
	do {
		err = verdict_get(n->product, &epoch);
		if (!err)
			err = content_get(n, epoch, &f->content, keep_cache);
	} while (err == -EAGAIN && --tries);
	return err;
}

static void report_block(int fd, __u64 block)
{
	char name[PATH_MAX];

	log_limited("%s: block %llu (offset %llu) is damaged; the rest of the file can be read",
		    log_name(fd, name), (unsigned long long)block,
		    (unsigned long long)block * MCLIC_BLOCK_SIZE);
}

/*
 * A short answer would be the end of the file to the page cache. So a damaged block fails
 * a request that fills pages, and the kernel comes back for them one by one; a direct read
 * is shortened, as a disk would.
 */
void sealed_read(fuse_req_t req, struct file *f, size_t size, off_t off, int flags)
{
	const struct content *c = f->content;
	__u64 start = (__u64)off, end = start + size, first = start / MCLIC_BLOCK_SIZE, last;
	size_t skip = start % MCLIC_BLOCK_SIZE, good;
	struct worker *w;
	ssize_t n;
	int err = medium_same();

	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	if (end > c->size)
		end = c->size;
	if (start >= end) {
		fuse_reply_buf(req, NULL, 0);
		return;
	}
	if (end - start > REQUEST_MAX)
		end = start + REQUEST_MAX;
	w = worker_get();
	if (!w) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	last = (end - 1) / MCLIC_BLOCK_SIZE;
	n = content_read(c, f->fd, first, (__u32)(last - first + 1), w, &good);
	if (n == -EBADMSG) {
		report_block(f->fd, first + good / MCLIC_BLOCK_SIZE);
		if (flags & O_DIRECT && good > skip) {
			end = first * MCLIC_BLOCK_SIZE + good;
			n = (ssize_t)good;
		}
	}
	if (n >= 0 && !(flags & O_DIRECT))
		ahead_read(f, first, last - first + 1);
	/* With the answer the kernel may close the file: nothing of @f is touched behind it. */
	if (n < 0)
		fuse_reply_err(req, (int)-n);
	else
		fuse_reply_buf(req, (const char *)w->buf + skip, (size_t)(end - start));
}
