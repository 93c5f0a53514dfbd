// SPDX-License-Identifier: GPL-2.0-or-later
/* Listing directories; with attributes, so that "ls -l" needs no question per name. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "mclicfs.h"

#define BATCH	32768	/* bytes of entries asked of the lower directory at once */
#define ENTRY_MIN	128	/* bytes that an entry with attributes takes at least */

/**
 * struct dir - an open directory
 * @handle: in the list of all that is open
 * @node: it
 * @fd: lower directory
 * @lock: for what follows; one request at a time is the rule, but not a promise
 * @at: position in the lower directory that @buf ends at
 * @next: entry in @buf that comes next
 * @len: bytes in @buf
 * @buf: entries
 */
struct dir {
	struct handle handle;
	struct node *node;
	int fd;
	pthread_mutex_t lock;
	off_t at;
	size_t next;
	size_t len;
	char buf[BATCH] __attribute__((aligned(8)));
};

static struct dir *dir_of(const struct fuse_file_info *fi)
{
	return (struct dir *)(uintptr_t)fi->fh;
}

static void dir_end(struct handle *h)
{
	struct dir *d = (struct dir *)h;

	close(d->fd);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct dir *d = calloc(1, sizeof(*d));

	if (!d) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	d->node = node_of(ino);
	d->fd = openat(d->node->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd < 0) {
		fuse_reply_err(req, errno);
		free(d);
		return;
	}
	pthread_mutex_init(&d->lock, NULL);
	handle_add(&d->handle, dir_end);
	fi->fh = (uintptr_t)d;
	fi->cache_readdir = atomic_load(&d->node->watched);
	fi->keep_cache = fi->cache_readdir;
	if (fuse_reply_open(req, fi) == -ENOENT)
		handle_end(&d->handle);
}

void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	handle_end(&dir_of(fi)->handle);
	fuse_reply_err(req, 0);
}

void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	(void)ino;
	fuse_reply_err(req, (datasync ? fdatasync : fsync)(dir_of(fi)->fd) ? errno : 0);
}

/* Go on at @off: an offset that the lower directory gave. */
static int seek(struct dir *d, off_t off)
{
	if (d->next == d->len && off == d->at)
		return 0;
	if (lseek(d->fd, off, SEEK_SET) < 0)
		return -errno;
	d->next = 0;
	d->len = 0;
	d->at = off;
	return 0;
}

/* The entry that comes next: 1; 0 at the end; -errno. It stays until taken. */
static int peek(struct dir *d, const struct dirent64 **e)
{
	ssize_t n;

	if (d->next == d->len) {
		n = getdents64(d->fd, d->buf, sizeof(d->buf));
		if (n <= 0)
			return n < 0 ? -errno : 0;
		d->next = 0;
		d->len = (size_t)n;
	}
	*e = (const struct dirent64 *)(d->buf + d->next);
	return 1;
}

static void take(struct dir *d, const struct dirent64 *e)
{
	d->at = e->d_off;
	d->next += e->d_reclen;
}

static bool dot(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* What the listing says of an entry without a look at the file. */
static void from_entry(const struct dirent64 *e, struct fuse_entry_param *p)
{
	*p = (struct fuse_entry_param){
		.attr = { .st_ino = e->d_ino, .st_mode = (mode_t)DTTOIF(e->d_type) },
	};
}

struct listing {
	fuse_req_t req;
	struct dir *dir;
	bool plus;
	char *buf;
	size_t size;
	size_t used;
	struct node **nodes;	/* referenced by what is in @buf */
	size_t count;
};

/* Adds an entry; 1 when there is no room for it. */
static int list_one(struct listing *l, const struct dirent64 *e)
{
	char *to = l->buf + l->used;
	size_t left = l->size - l->used, need;
	struct fuse_entry_param p;
	struct found f;

	from_entry(e, &p);
	if (!l->plus) {
		need = fuse_add_direntry(l->req, to, left, e->d_name, &p.attr, e->d_off);
	} else {
		need = fuse_add_direntry_plus(l->req, NULL, 0, e->d_name, NULL, 0);
		/* One that cannot be looked up now is listed, and asked for when it matters. */
		if (need <= left && !dot(e->d_name) &&
		    !node_lookup(l->dir->node, e->d_name, &f)) {
			entry_fill(&f, &p);
			l->nodes[l->count++] = f.n;
		}
		need = fuse_add_direntry_plus(l->req, to, left, e->d_name, &p, e->d_off);
	}
	if (need > left)
		return 1;
	l->used += need;
	return 0;
}

static int list(struct listing *l, off_t off)
{
	struct dir *d = l->dir;
	const struct dirent64 *e = NULL;
	int err = seek(d, off);

	while (!err) {
		err = peek(d, &e);
		if (err <= 0)
			break;
		err = 0;
		if (!rule_hidden(d->node, e->d_name) && list_one(l, e))
			break;
		take(d, e);
	}
	return l->used ? 0 : err;
}

/* The kernel gave up waiting, and counts none of it. */
static void drop(struct listing *l)
{
	while (l->count)
		node_put(l->nodes[--l->count], 1);
}

static void reply_listing(fuse_req_t req, size_t size, off_t off, struct fuse_file_info *fi,
			  bool plus)
{
	struct listing l = { .req = req, .dir = dir_of(fi), .plus = plus, .size = size };
	int err;

	l.buf = malloc(size);
	l.nodes = calloc(size / ENTRY_MIN + 1, sizeof(*l.nodes));
	if (!l.buf || !l.nodes) {
		fuse_reply_err(req, ENOMEM);
		goto out;
	}
	pthread_mutex_lock(&l.dir->lock);
	err = list(&l, off);
	pthread_mutex_unlock(&l.dir->lock);
	if (err)
		fuse_reply_err(req, -err);
	else if (fuse_reply_buf(req, l.buf, l.used) == -ENOENT)
		drop(&l);
out:
	free(l.nodes);
	free(l.buf);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		struct fuse_file_info *fi)
{
	(void)ino;
	reply_listing(req, size, off, fi, false);
}

void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	(void)ino;
	reply_listing(req, size, off, fi, true);
}
