// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading what can be read of one sealed file. */

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "rescue.h"

/**
 * struct place - where a sealed file lies
 * @path: real path of the file, cut up below
 * @target: directory with the licence area
 * @product: real path of it
 * @inside: path in the product
 */
struct place {
	char *path;
	char *target;
	char *product;
	const char *inside;
};

static void place_drop(struct place *p)
{
	free(p->path);
	free(p->target);
	free(p->product);
}

#define PLACE_AUTO	__mclic_cleanup(place_drop)

static bool holds(const char *dir, const char *name)
{
	MCLIC_AUTO_FREE char *path = NULL;

	if (asprintf(&path, "%s/%s", dir, name) < 0) {
		path = NULL;
		return false;
	}
	return !access(path, F_OK);
}

/* The nearest directory at or above @path that holds @name; free() it. */
static char *above(const char *path, const char *name)
{
	char *dir = strdup(path), *slash;

	while (dir && *dir) {
		if (holds(dir, name))
			return dir;
		slash = strrchr(dir, '/');
		*(slash ? slash : dir) = '\0';
	}
	if (dir && holds("/", name)) {
		free(dir);
		return strdup("/");
	}
	free(dir);
	return NULL;
}

static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return strdup("/");
	return strndup(path, (size_t)(slash - path));
}

static int find_place(const char *path, struct place *p)
{
	MCLIC_AUTO_FREE char *dir = NULL;
	MCLIC_AUTO_FREE char *outside = NULL;

	p->path = realpath(path, NULL);
	if (!p->path)
		return mclic_fail(errno, "%s: %s", path, strerror(errno));
	dir = parent_of(p->path);
	p->product = dir ? above(dir, MCLIC_MARKER_NAME) : NULL;
	if (!p->product)
		return mclic_fail(EINVAL, "%s: not a file of a title: no directory above it holds a marker",
				  path);
	p->inside = p->path + strlen(p->product) + 1;
	outside = parent_of(p->product);
	if (!outside)
		return mclic_fail(ENOMEM, "not enough memory");
	/* Without an area file above it, the area can only be a partition of the medium. */
	p->target = above(outside, MCLIC_AREA_FILE);
	if (!p->target) {
		p->target = outside;
		outside = NULL;
	}
	return 0;
}

/* ---- where the plaintext may go ---- */

static bool same_dir(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Plaintext on the medium would be a copy without a licence. */
static int check_out(const char *out, const struct place *p)
{
	MCLIC_AUTO_FREE char *copy = strdup(out);
	MCLIC_AUTO_FREE char *dir = NULL;
	char *slash;

	if (!copy)
		return mclic_fail(ENOMEM, "not enough memory");
	slash = strrchr(copy, '/');
	if (slash)
		slash[slash == copy] = '\0';
	dir = realpath(slash ? copy : ".", NULL);
	if (!dir)
		return mclic_fail(errno, "%s: %s", out, strerror(errno));
	for (;;) {
		const char *here = *dir ? dir : "/";

		if (same_dir(here, p->target) || holds(here, MCLIC_MARKER_NAME))
			return mclic_fail(EINVAL, "%s lies on the medium; write the plaintext elsewhere",
					  out);
		slash = strrchr(dir, '/');
		if (!slash || !*dir)
			return 0;
		*slash = '\0';
	}
}

/* ---- the file ---- */

/**
 * struct sealed - the file being read
 * @fd: open for reading
 * @out: open for writing
 * @size: plaintext bytes
 * @key: of its blocks, in secret memory
 * @blocks: cipher
 */
struct sealed {
	int fd;
	int out;
	__u64 size;
	__u8 *key;
	struct mclic_blocks *blocks;
};

static void add_loss(struct rescue *r, __u64 start, __u64 len)
{
	size_t n = json_array_size(r->losses);
	json_t *last = n ? json_array_get(r->losses, n - 1) : NULL;

	r->lost += len;
	if (last && (__u64)json_integer_value(json_object_get(last, "end")) == start)
		json_object_set_new(last, "end", json_integer((json_int_t)(start + len)));
	else
		json_array_append_new(r->losses, json_pack("{s:I, s:I}", "start", (json_int_t)start,
							   "end", (json_int_t)(start + len)));
}

/* One block at a time: one unreadable sector loses one block. */
static bool read_block(struct sealed *s, __u64 i, __u8 *buf, __u32 len)
{
	__u8 tag[MCLIC_TAG_SIZE];
	__u64 bad;

	if (mclic_pread_full(s->fd, buf, len, (off_t)mclic_block_offset(i)) != (ssize_t)len ||
	    mclic_pread_full(s->fd, tag, sizeof(tag), (off_t)mclic_tag_offset(i, s->size)) !=
	    sizeof(tag) ||
	    mclic_blocks_open(s->blocks, s->key, i, buf, len, tag, buf, &bad)) {
		memset(buf, 0, len);
		return false;
	}
	return true;
}

static int copy_blocks(struct sealed *s, struct rescue *r)
{
	const atomic_bool *stop = stop_flag();
	__u64 i, n = mclic_block_count(s->size);
	__u8 buf[MCLIC_BLOCK_SIZE];
	int err = 0;

	for (i = 0; !err && i < n; i++) {
		__u32 len = mclic_block_len(i, s->size);

		if (atomic_load(stop))
			err = mclic_fail(EINTR, "stopped; nothing is written");
		else if (!read_block(s, i, buf, len))
			add_loss(r, i * MCLIC_BLOCK_SIZE, len);
		if (!err)
			err = mclic_pwrite_full(s->out, buf, len, (off_t)(i * MCLIC_BLOCK_SIZE));
	}
	mclic_wipe(buf, sizeof(buf));
	return err;
}

static int open_sealed(struct sealed *s, const struct place *p, const struct mclic_title *id,
		       const struct mclic_verdict *v)
{
	struct mclic_seal seal;
	struct mclic_trailer t;
	enum mclic_why why;
	struct stat st;

	s->fd = open(p->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (s->fd < 0 || fstat(s->fd, &st))
		return mclic_fail(errno, "%s: %s", p->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return mclic_fail(EINVAL, "%s: not a regular file", p->path);
	s->key = mclic_secret_alloc(MCLIC_KEY_SIZE);
	s->blocks = mclic_blocks_new();
	if (!s->key || !s->blocks)
		return mclic_fail(ENOMEM, "not enough locked memory for keys");
	if (st.st_size < MCLIC_TRAILER_SIZE ||
	    mclic_pread_full(s->fd, &t, sizeof(t), st.st_size - MCLIC_TRAILER_SIZE) != sizeof(t))
		why = MCLIC_BAD_LENGTH;
	else
		why = mclic_trailer_check(mclic_openssl(), &t, (__u64)st.st_size, id,
					  mclic_get32(v->terms.km_generation), MCLIC_UNDER_KU,
					  v->medium_key, s->key, &seal);
	if (why)
		return mclic_fail(EBADMSG, "%s: its trailer is damaged (%s), and without it the file's key cannot be made; nothing can be rescued",
				  p->path, mclic_why_text(why));
	s->size = seal.size;
	return 0;
}

/* Not over something that appeared meanwhile; where the file system cannot tell, by a look. */
static int give_name(const char *part, const char *out)
{
	if (!renameat2(AT_FDCWD, part, AT_FDCWD, out, RENAME_NOREPLACE))
		return 0;
	if (errno == EINVAL && access(out, F_OK) && !rename(part, out))
		return 0;
	return mclic_fail(errno, "%s: %s", out, strerror(errno));
}

/* OUT appears whole, with all losses known, or not at all. */
static int write_out(struct sealed *s, const char *out, struct rescue *r)
{
	MCLIC_AUTO_FREE char *part = NULL;
	int err;

	if (asprintf(&part, "%s.part", out) < 0) {
		part = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	s->out = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->out < 0)
		return mclic_fail(errno, "%s: %s", part, strerror(errno));
	r->size = s->size;
	err = copy_blocks(s, r);
	if (err)
		mclic_fail(-err, "%s: %s", out, mclic_message());
	if (!err && fsync(s->out))
		err = mclic_fail(errno, "%s: %s", part, strerror(errno));
	if (!err)
		err = give_name(part, out);
	if (err)
		unlink(part);
	return err;
}

static int rescue_sealed(const struct place *p, const struct mclic_title *id,
			 const struct mclic_verdict *v, const char *out, struct rescue *r)
{
	struct sealed s = { .fd = -1, .out = -1 };
	int err = open_sealed(&s, p, id, v);

	if (!err)
		err = write_out(&s, out, r);
	mclic_blocks_free(s.blocks);
	mclic_secret_free(s.key, MCLIC_KEY_SIZE);
	mclic_close_fd(&s.fd);
	mclic_close_fd(&s.out);
	return err;
}

/* The head of the marker says which title it is; a damaged manifest does not matter here. */
static int read_marker(const struct place *p, struct mclic_title *id)
{
	MCLIC_AUTO_FREE char *path = NULL;
	MCLIC_AUTO_CLOSE int fd = -1;
	struct mclic_marker m;

	if (asprintf(&path, "%s/%s", p->product, MCLIC_MARKER_NAME) < 0) {
		path = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return mclic_fail(errno, "%s: %s", path, strerror(errno));
	if (mclic_pread_full(fd, &m, sizeof(m), 0) != sizeof(m) ||
	    mclic_marker_check(&m, sizeof(m)))
		return mclic_fail(EBADMSG, "%s: the marker is damaged; copy it from the master", path);
	memcpy(id->did, m.did, MCLIC_ID_SIZE);
	id->content_version = mclic_get32(m.content_version);
	return 0;
}

int rescue_file(const char *path, const char *out, struct rescue *r)
{
	struct mclic_verdict *v VERDICT_AUTO = NULL;
	struct target t TARGET_AUTO = TARGET_INIT;
	struct place p PLACE_AUTO = { 0 };
	struct mclic_title id;
	int err;

	if (!access(out, F_OK))
		return mclic_fail(EEXIST, "%s exists already", out);
	err = find_place(path, &p);
	if (!err)
		err = check_out(out, &p);
	if (!err)
		err = read_marker(&p, &id);
	if (!err)
		err = target_open(&t, p.target);
	if (!err)
		err = verdict_new(&t, &id, &v);
	if (err)
		return err;
	if (v->why)
		return mclic_judge_refused(&t.judge, v, p.product);
	return rescue_sealed(&p, &id, v, out, r);
}
