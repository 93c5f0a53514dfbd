// SPDX-License-Identifier: GPL-2.0-or-later
/* Open files. Those outside products pass through to the lower file. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "mclicfs.h"

struct file *file_of(const struct fuse_file_info *fi)
{
	return (struct file *)(uintptr_t)fi->fh;
}

static void file_end(struct handle *h)
{
	struct file *f = (struct file *)h;

	content_put(f->content);
	if (f->fd != f->node->fd)
		mclic_close_fd(&f->fd);
	free(f);
}

struct file *file_new(struct node *n, int fd)
{
	struct file *f = calloc(1, sizeof(*f));

	if (f) {
		f->refs = 1;
		node_ref(n);
		f->fd = fd;
		f->node = n;
		handle_add(&f->handle, file_end);
	}
	return f;
}

void file_ref(struct file *f)
{
	atomic_fetch_add(&f->refs, 1);
	node_ref(f->node);
}

/* What was read after the title's eviction goes with the last who could read it. */
static void evict_rest(struct product *p)
{
	bool refused;

	pthread_mutex_lock(&p->lock);
	refused = !p->key;
	pthread_mutex_unlock(&p->lock);
	if (refused)
		notify_evict(p);
}

void file_put(struct file *f)
{
	struct node *n = f->node;
	bool sealed = f->content;

	if (atomic_fetch_sub(&f->refs, 1) == 1) {
		handle_end(&f->handle);
		if (sealed)
			evict_rest(n->product);
	}
	node_put(n, 1);
}

/* ---- open and release ---- */

/* Pages of the last open are good as long as the lower file is what it was then. */
static bool unchanged(struct node *n, int fd)
{
	struct stamp now;
	struct stat st;
	bool same;

	if (fstat(fd, &st))
		return false;
	stamp_of(&st, &now);
	pthread_mutex_lock(&n->lock);
	same = stamp_same(&n->stamp, &now);
	n->stamp = now;
	pthread_mutex_unlock(&n->lock);
	return same;
}

static int plain_open(struct node *n, int flags, struct file *f, bool *keep_cache)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
	int err = writes ? rule_change(n) : 0;

	if (err)
		return err;
	f->fd = node_open(n, flags);
	if (f->fd < 0)
		return f->fd;
	*keep_cache = unchanged(n, f->fd);
	return 0;
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct node *n = node_of(ino);
	struct file *f = file_new(n, -1);
	bool sealed = node_sealed(n), keep = false;
	int err = -ENOMEM;

	if (f)
		err = (sealed ? sealed_open : plain_open)(n, fi->flags, f, &keep);
	if (err) {
		if (f)
			file_put(f);
		fuse_reply_err(req, -err);
		return;
	}
	fi->fh = (uintptr_t)f;
	fi->keep_cache = keep;
	fi->noflush = sealed;
	if (fuse_reply_open(req, fi) == -ENOENT)
		file_put(f);
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	file_put(file_of(fi));
	fuse_reply_err(req, 0);
}

/* Each close(2) is one of the lower file, which may have something to say about it. */
void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct file *f = file_of(fi);
	int fd = f->content ? -1 : dup(f->fd);

	(void)ino;
	fuse_reply_err(req, !f->content && (fd < 0 || close(fd)) ? errno : 0);
}

/* ---- data ---- */

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
	     struct fuse_file_info *fi)
{
	struct fuse_bufvec buf = FUSE_BUFVEC_INIT(size);
	struct file *f = file_of(fi);

	(void)ino;
	if (f->content) {
		sealed_read(req, f, size, off, fi->flags);
	} else {
		buf.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
		buf.buf[0].fd = f->fd;
		buf.buf[0].pos = off;
		fuse_reply_data(req, &buf, FUSE_BUF_SPLICE_MOVE);
	}
}

/*
 * The lower file is not opened for appending, for what the kernel writes back of a mapping
 * has its place; what a program appends goes to the end that the lower file has now.
 */
void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
	      struct fuse_file_info *fi)
{
	struct iovec iov = { (void *)buf, size };
	int flags = fi->flags & O_APPEND && !fi->writepage ? RWF_APPEND : 0;
	ssize_t n = pwritev2(file_of(fi)->fd, &iov, 1, off, flags);

	(void)ino;
	if (n < 0)
		fuse_reply_err(req, errno);
	else
		fuse_reply_write(req, (size_t)n);
}

void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	(void)ino;
	fuse_reply_err(req, (datasync ? fdatasync : fsync)(file_of(fi)->fd) ? errno : 0);
}

void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len,
		  struct fuse_file_info *fi)
{
	(void)ino;
	fuse_reply_err(req, fallocate(file_of(fi)->fd, mode, off, len) ? errno : 0);
}

/* EOPNOTSUPP makes the kernel read and write, which for plaintext is the only way. */
void op_copy_file_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in,
			struct fuse_file_info *fi_in, fuse_ino_t ino_out, off_t off_out,
			struct fuse_file_info *fi_out, size_t len, int flags)
{
	struct file *in = file_of(fi_in), *out = file_of(fi_out);
	ssize_t n;

	(void)ino_in;
	(void)ino_out;
	if (in->content) {
		fuse_reply_err(req, EOPNOTSUPP);
		return;
	}
	n = copy_file_range(in->fd, &off_in, out->fd, &off_out, len, (unsigned int)flags);
	if (n < 0)
		fuse_reply_err(req, errno);
	else
		fuse_reply_write(req, (size_t)n);
}

/* A sealed file is data from its first byte to its last. */
static off_t sealed_seek(const struct file *f, off_t off, int whence)
{
	off_t size = (off_t)f->content->size;

	if (off < 0 || off >= size)
		return -ENXIO;
	return whence == SEEK_DATA ? off : size;
}

void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence,
	      struct fuse_file_info *fi)
{
	struct file *f = file_of(fi);
	off_t at;

	(void)ino;
	if (f->content) {
		at = sealed_seek(f, off, whence);
	} else {
		at = lseek(f->fd, off, whence);
		at = at < 0 ? -errno : at;
	}
	if (at < 0)
		fuse_reply_err(req, (int)-at);
	else
		fuse_reply_lseek(req, at);
}
