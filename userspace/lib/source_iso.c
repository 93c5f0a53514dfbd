// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A source that is an ISO 9660 image, or a drive with one, read without mounting.
 *
 * libisofs reads the directory tree (names by Rock Ridge), once; we keep where each
 * regular file's extents lie and read those ourselves, so that many threads read at once
 * and in large pieces. A file over 4 GiB has several extents.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libisofs/libisofs.h>

#include "source.h"

#define ISO_BLOCK	2048u
#define ISO_HEAD	(17 * ISO_BLOCK)	/* system area and first volume descriptor */

/*
 * libisofs descends into every directory, also one that lies in itself. No directory block
 * is read often, and one of names that went on elsewhere at most some hundred times.
 */
#define VISITS_MAX	1024u
#define STACK_MAX	(1u << 20)

/*
 * It also keeps a node for every name it meets, and many directories may name the same one:
 * a small image would fill the memory. A name takes at least 34 bytes of an image that
 * means no harm; what goes on elsewhere is taken for a few more. A large image may be a
 * large hole, so there is an end to it: some 700 MiB of nodes.
 */
#define NAME_BYTES	8u
#define NAMES_SPARE	(1u << 16)
#define NAMES_MAX	(1u << 20)

struct iso_entry {
	char *path;
	struct iso_file_section *extents;
	int count;
	__u64 size;
};

struct iso_source {
	struct mclic_source source;
	int fd;
	__u64 len;			/* of the image */
	char **dirs;			/* at the top */
	size_t dir_count;
	struct iso_entry *files;	/* sorted by path, never changed once it is read */
	size_t count;
	size_t room;
};

struct iso_file {
	struct mclic_source_file file;
	const struct iso_source *source;
	const struct iso_entry *entry;
};

/* ---- libisofs asks for blocks ---- */

struct import {
	const struct iso_source *source;
	uint16_t *visits;	/* of each block */
	uint64_t blocks;
	uint64_t names;		/* that may still come */
	bool full;		/* ... and did not */
	const char *stack;	/* where the import began */
};

/* How many names libisofs finds in a block, should it be a directory's. */
static unsigned int names_in(const uint8_t *block)
{
	unsigned int at = 0, n = 0;

	while (at < ISO_BLOCK && block[at]) {
		at += block[at];
		n++;
	}
	return n;
}

static int data_open(IsoDataSource *src)
{
	(void)src;
	return ISO_SUCCESS;
}

static int data_read_block(IsoDataSource *src, uint32_t lba, uint8_t *buffer)
{
	struct import *in = src->data;
	unsigned int names;

	if (lba >= in->blocks || in->visits[lba]++ == VISITS_MAX ||
	    in->stack - (const char *)__builtin_frame_address(0) > STACK_MAX)
		return (int)ISO_DATA_SOURCE_FATAL;
	if (mclic_pread_full(in->source->fd, buffer, ISO_BLOCK, (off_t)lba * ISO_BLOCK) !=
	    ISO_BLOCK)
		return (int)ISO_DATA_SOURCE_FATAL;
	names = names_in(buffer);
	if (names > in->names) {
		in->full = true;
		return (int)ISO_DATA_SOURCE_FATAL;
	}
	in->names -= names;
	return ISO_SUCCESS;
}

static void data_free(IsoDataSource *src)
{
	(void)src;
}

static IsoDataSource *data_source(struct import *in)
{
	IsoDataSource *src = calloc(1, sizeof(*src));	/* libisofs frees it */

	if (src) {
		src->refcount = 1;
		src->open = data_open;
		src->close = data_open;
		src->read_block = data_read_block;
		src->free_data = data_free;
		src->data = in;
	}
	return src;
}

static pthread_mutex_t iso_lock = PTHREAD_MUTEX_INITIALIZER;

int mclic_iso_start(void)
{
	static bool started;
	char utf8[] = "UTF-8";
	char never[] = "NEVER";
	char nobody[] = "";
	char sorry[] = "SORRY";
	int ret = ISO_SUCCESS;

	pthread_mutex_lock(&iso_lock);
	if (!started) {
		ret = iso_init();
		if (ret >= 0) {
			iso_set_msgs_severities(never, never, nobody);
			/*
			 * Else a directory that cannot be read would seem to be empty, and a
			 * file that cannot be read would become zeros on a new disc.
			 */
			iso_set_abort_severity(sorry);
			ret = iso_set_local_charset(utf8, 0);
			started = ret >= 0;
		}
	}
	pthread_mutex_unlock(&iso_lock);
	return ret < 0 ? mclic_fail(ENOMEM, "libisofs does not start: %s",
				    iso_error_to_msg(ret)) : 0;
}

/* ---- the tree ---- */

static int add_file(struct iso_source *s, const char *path, IsoFile *node)
{
	struct iso_entry *e;
	int i, ret;

	if (s->count == s->room) {
		size_t room = s->room ? 2 * s->room : 64;

		e = realloc(s->files, room * sizeof(*e));
		if (!e)
			return mclic_fail(ENOMEM, "not enough memory");
		s->files = e;
		s->room = room;
	}
	e = &s->files[s->count];
	*e = (struct iso_entry){ .path = strdup(path) };
	if (!e->path)
		return mclic_fail(ENOMEM, "not enough memory");
	s->count++;
	ret = iso_file_get_old_image_sections(node, &e->count, &e->extents, 0);
	if (ret < 0)
		return mclic_fail(EIO, "the image's file \"%s\" cannot be found: %s", path,
				  iso_error_to_msg(ret));
	for (i = 0; i < e->count; i++)
		e->size += e->extents[i].size;
	return 0;
}

static int add_tree(struct iso_source *s, IsoDir *dir, char *path, size_t len);

/* @path holds the @len bytes of the directory's path; PATH_MAX bounds the depth. */
static int add_node(struct iso_source *s, IsoNode *node, char *path, size_t len)
{
	const char *name = iso_node_get_name(node);
	size_t n = name ? strlen(name) : 0;
	int err;

	/* Nothing in a product has such a path, so nobody will ask for it. */
	if (!n || len + n + 2 > PATH_MAX)
		return 0;
	memcpy(path + len, name, n + 1);
	if (iso_node_get_type(node) == LIBISO_FILE)
		return add_file(s, path, (IsoFile *)node);
	if (iso_node_get_type(node) != LIBISO_DIR)
		return 0;
	if (!len) {
		err = mclic_strv_add(&s->dirs, &s->dir_count, name);
		if (err)
			return err;
	}
	path[len + n] = '/';
	return add_tree(s, (IsoDir *)node, path, len + n + 1);
}

static int add_tree(struct iso_source *s, IsoDir *dir, char *path, size_t len)
{
	IsoDirIter *iter;
	IsoNode *node;
	int err = 0;

	if (iso_dir_get_children(dir, &iter) != 1)
		return mclic_fail(ENOMEM, "not enough memory");
	/* What is in our list needs no node any more: a disc may have a million files. */
	while (!err && iso_dir_iter_next(iter, &node) == 1) {
		err = add_node(s, node, path, len);
		iso_dir_iter_remove(iter);
	}
	iso_dir_iter_free(iter);
	return err;
}

static int by_path(const void *a, const void *b)
{
	const struct iso_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static IsoReadOpts *read_opts(void)
{
	IsoReadOpts *opts;

	if (iso_read_opts_new(&opts, 0) < 0)
		return NULL;
	iso_read_opts_set_no_joliet(opts, 1);
	iso_read_opts_set_no_iso1999(opts, 1);
	iso_read_opts_set_no_aaip(opts, 1);
	iso_read_opts_set_no_md5(opts, 1);
	iso_read_opts_set_input_charset(opts, "UTF-8");
	return opts;
}

static uint64_t names_allowed(uint64_t len)
{
	uint64_t names = len / NAME_BYTES + NAMES_SPARE;

	return names < NAMES_MAX ? names : NAMES_MAX;
}

static int import_failed(const struct import *in, const char *name, int ret)
{
	if (in->full && names_allowed(in->source->len) == NAMES_MAX)
		return mclic_fail(EFBIG, "%s names more than %u files and directories; make several discs of it",
				  name, NAMES_MAX);
	return mclic_fail(EBADMSG, "%s cannot be read as an ISO 9660 image: %s", name,
			  ret == (int)ISO_CANCELED ? "its directories are damaged"
						   : iso_error_to_msg(ret));
}

static int import(struct iso_source *s, const char *name)
{
	struct import in = {
		.source = s,
		.blocks = s->len / ISO_BLOCK < UINT32_MAX ? s->len / ISO_BLOCK : UINT32_MAX,
		.names = names_allowed(s->len),
		.stack = __builtin_frame_address(0),
	};
	IsoDataSource *src = data_source(&in);
	IsoReadOpts *opts = read_opts();
	IsoImage *image = NULL;
	char path[PATH_MAX];
	int ret, err;

	in.visits = calloc(in.blocks, sizeof(*in.visits));
	if (!src || !opts || !in.visits || iso_image_new(NULL, &image) < 0) {
		err = mclic_fail(ENOMEM, "not enough memory");
		goto out;
	}
	ret = iso_image_import(image, src, opts, NULL);
	if (ret < 0) {
		err = import_failed(&in, name, ret);
		goto out;
	}
	err = add_tree(s, iso_image_get_root(image), path, 0);
	if (!err)
		qsort(s->files, s->count, sizeof(*s->files), by_path);
out:
	if (image)
		iso_image_unref(image);
	if (opts)
		iso_read_opts_free(opts);
	if (src)
		iso_data_source_unref(src);
	free(in.visits);
	return err;
}

/* ---- the source ---- */

static int iso_dirs(struct mclic_source *source, char ***names)
{
	const struct iso_source *s = (const struct iso_source *)source;
	size_t i, n = 0;
	int err;

	*names = calloc(1, sizeof(**names));
	if (!*names)
		return mclic_fail(ENOMEM, "not enough memory");
	for (i = 0; i < s->dir_count; i++) {
		err = mclic_strv_add(names, &n, s->dirs[i]);
		if (err) {
			mclic_strv_free(*names);
			*names = NULL;
			return err;
		}
	}
	return 0;
}

static int iso_open(struct mclic_source *source, const char *path,
		    struct mclic_source_file **file, __u64 *len)
{
	const struct iso_source *s = (const struct iso_source *)source;
	struct iso_entry key = { .path = (char *)path };
	const struct iso_entry *e = NULL;
	struct iso_file *f;
	int i;

	if (s->count)
		e = bsearch(&key, s->files, s->count, sizeof(key), by_path);
	if (!e)
		return -ENOENT;
	for (i = 0; i < e->count; i++)
		if ((__u64)e->extents[i].block * ISO_BLOCK + e->extents[i].size > s->len)
			return mclic_fail(EBADMSG,
					  "%s: \"%s\" lies behind the end of the image; it was cut short",
					  source->path, path);
	f = malloc(sizeof(*f));
	if (!f)
		return mclic_fail(ENOMEM, "not enough memory");
	f->file.ops = source->ops;
	f->source = s;
	f->entry = e;
	*file = &f->file;
	*len = e->size;
	return 0;
}

static ssize_t iso_pread(struct mclic_source_file *file, void *buf, size_t len, __u64 off)
{
	const struct iso_file *f = (const struct iso_file *)file;
	const struct iso_file_section *x = f->entry->extents, *end = x + f->entry->count;
	size_t done = 0, part;
	ssize_t n;

	for (; x < end && done < len; x++) {
		if (off >= x->size) {
			off -= x->size;
			continue;
		}
		part = x->size - off < len - done ? (size_t)(x->size - off) : len - done;
		n = mclic_pread_full(f->source->fd, (char *)buf + done, part,
				     (off_t)((__u64)x->block * ISO_BLOCK + off));
		if (n < 0)
			return mclic_fail((int)-n, "%s: \"%s\" cannot be read: %s",
					  f->source->source.path, f->entry->path,
					  strerror((int)-n));
		done += (size_t)n;
		if ((size_t)n < part)
			break;
		off = 0;
	}
	return (ssize_t)done;
}

static int iso_place(struct mclic_source_file *file, __u64 *off)
{
	const struct iso_entry *e = ((const struct iso_file *)file)->entry;
	__u64 next;
	int i;

	if (!e->count)
		return -EINVAL;
	next = *off = (__u64)e->extents[0].block * ISO_BLOCK;
	for (i = 0; i < e->count; i++) {
		if ((__u64)e->extents[i].block * ISO_BLOCK != next)
			return -EINVAL;
		next += e->extents[i].size;
	}
	return 0;
}

static void iso_close_file(struct mclic_source_file *file)
{
	free(file);
}

static void free_index(struct iso_source *s)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		free(s->files[i].path);
		free(s->files[i].extents);
	}
	free(s->files);
	mclic_strv_free(s->dirs);
	free(s);
}

static void iso_close(struct mclic_source *source)
{
	struct iso_source *s = (struct iso_source *)source;

	close(s->fd);
	free_index(s);
}

static const struct source_ops iso_ops = {
	.dirs = iso_dirs,
	.open = iso_open,
	.pread = iso_pread,
	.place = iso_place,
	.close_file = iso_close_file,
	.close = iso_close,
};

int mclic_source_iso_new(int fd, const char *path, struct mclic_source **source)
{
	struct iso_source *s;
	off_t len = lseek(fd, 0, SEEK_END);
	int err;

	if (len < 0)
		return mclic_fail(errno, "%s: %s", path, strerror(errno));
	if (len < ISO_HEAD)
		return mclic_fail(EBADMSG, "%s is too short for an ISO 9660 image", path);
	err = mclic_iso_start();
	if (err)
		return err;
	s = calloc(1, sizeof(*s));
	if (!s)
		return mclic_fail(ENOMEM, "not enough memory");
	s->source.ops = &iso_ops;
	s->fd = fd;
	s->len = (__u64)len;
	err = import(s, path);
	if (err) {
		free_index(s);
		return err;
	}
	*source = &s->source;
	return 0;
}
