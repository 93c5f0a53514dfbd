// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A source that is an ISO 9660 image, or a drive with one, read without mounting.
 *
 * libisofs reads the directories (names by Rock Ridge), each once and one after the other: its
 * tree of all of them would take half a KiB for each file. We keep where each regular file lies
 * and read it ourselves, so that many threads read at once and in large pieces. A file over
 * 4 GiB has several extents, one behind the other.
 */
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libisofs/libisofs.h>

#include "source.h"

#define ISO_BLOCK	2048u
#define RECORD_HEAD	33u	/* of a directory; its last byte is the length of its name */
#define RECORD_MIN	34u
#define ISO_HEAD	(17 * ISO_BLOCK)	/* system area and first volume descriptor */

/*
 * A directory may lie in itself. No directory block is read often, and one of names that went
 * on elsewhere at most some hundred times.
 */
#define VISITS_MAX	1024u

/*
 * Every name takes memory, and many directories may name the same one: a small image would
 * fill it. A name takes at least 34 bytes of an image that means no harm. A large image may be
 * a large hole, so there is an end to it: some 500 MiB, if all are in one directory.
 */
#define NAME_BYTES	8u
#define NAMES_SPARE	(1u << 16)
#define NAMES_MAX	(5u << 18)
#define NAME_PATH	128u	/* bytes of a path that count as one name more */

/*
 * A block that a name goes on in may fill as much memory as a few names, and lead to itself.
 * libisofs appends it piece by piece to a string, and looks at all of that each time: the
 * more there are since the last block of their directory, the more each counts. A block of a
 * directory has some eight such names, most of one block.
 */
#define NAMES_BLOCK	4u
#define ELSEWHERE_MAX	512u

#define NO_IMAGE	0x1fffff	/* libisofs's word for messages that belong to none */
#define NOWHERE		UINT64_MAX

struct iso_entry {
	char *path;
	__u64 off;	/* in the image; NOWHERE: not in one piece */
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
	struct iso_source *source;
	const char *name;	/* of the image, for messages */
	uint16_t *visits;	/* of each block */
	uint64_t blocks;
	uint64_t names;		/* that may still come */
	bool full;		/* ... and did not */
	bool opening;		/* the next block is the first of a directory */
	uint64_t left;		/* blocks of it */
	const uint8_t *buffer;	/* where they are read to */
	unsigned int elsewhere;	/* blocks since the last one of it */
	bool finding;		/* the next block is not wanted, but its number */
	uint32_t found;
};

static bool take_names(struct import *in, size_t names)
{
	if (names > in->names) {
		in->full = true;
		return false;
	}
	in->names -= names;
	return true;
}

/* Its records have to end in it, and their names in them: libisofs does not look (9.1). */
static bool take_directory(struct import *in, const uint8_t *block)
{
	unsigned int at = 0, names = 0;

	while (at < ISO_BLOCK && block[at]) {
		if (block[at] < RECORD_MIN || at + block[at] > ISO_BLOCK ||
		    RECORD_HEAD + block[at + RECORD_HEAD - 1] > block[at])
			return false;
		at += block[at];
		names++;
	}
	in->elsewhere = 0;
	return take_names(in, names);
}

/* The first record is the directory's own, with its length. */
static void begin_directory(struct import *in, const uint8_t *block)
{
	uint32_t len;

	memcpy(&len, block + 10, sizeof(len));
	in->left = ((uint64_t)le32toh(len) + ISO_BLOCK - 1) / ISO_BLOCK;
	in->buffer = block;
	in->opening = false;
}

/*
 * May libisofs go on with this block? It reads all blocks of a directory into one buffer, and
 * the block behind them, which it does not look into.
 */
static bool take_block(struct import *in, const uint8_t *block)
{
	if (in->opening)
		begin_directory(in, block);
	if (in->left && block == in->buffer) {
		in->left--;
		return take_directory(in, block);
	}
	return in->elsewhere++ < ELSEWHERE_MAX &&
	       take_names(in, NAMES_BLOCK + in->elsewhere / 2);
}

static int data_open(IsoDataSource *src)
{
	(void)src;
	return ISO_SUCCESS;
}

static int data_read_block(IsoDataSource *src, uint32_t lba, uint8_t *buffer)
{
	struct import *in = src->data;

	if (in->finding) {
		in->finding = false;
		in->found = lba;
		return ISO_SUCCESS;
	}
	if (lba >= in->blocks || in->visits[lba]++ == VISITS_MAX ||
	    mclic_pread_full(in->source->fd, buffer, ISO_BLOCK, (off_t)lba * ISO_BLOCK) !=
		    ISO_BLOCK ||
	    !take_block(in, buffer))
		return (int)ISO_DATA_SOURCE_FATAL;
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
			 * Else damaged names would be passed over, and a file that cannot be
			 * read would become zeros on a new disc.
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

static uint64_t names_allowed(uint64_t len)
{
	uint64_t names = len / NAME_BYTES + NAMES_SPARE;

	return names < NAMES_MAX ? names : NAMES_MAX;
}

static int import_failed(const struct import *in, int ret)
{
	bool damaged = ret == (int)ISO_CANCELED || ret == (int)ISO_DATA_SOURCE_FATAL;

	if (ret == (int)ISO_OUT_OF_MEM)
		return mclic_fail(ENOMEM, "not enough memory");
	if (in->full && names_allowed(in->source->len) == NAMES_MAX)
		return mclic_fail(EFBIG,
				  "%s has more names than are read at once; make several discs of it",
				  in->name);
	return mclic_fail(EBADMSG, "%s cannot be read as an ISO 9660 image: %s", in->name,
			  damaged ? "its directories are damaged" : iso_error_to_msg(ret));
}

/* In which block a byte lies, libisofs tells only to whoever is to read it. */
static bool find_block(struct import *in, IsoFileSource *file, __u64 off, uint32_t *block)
{
	char byte;
	bool good;

	in->finding = true;
	good = iso_file_source_lseek(file, (off_t)off, 0) == (off_t)off &&
	       iso_file_source_read(file, &byte, 1) == 1 && !in->finding;
	in->finding = false;
	*block = in->found;
	return good;
}

/* In one piece, its first and its last byte are as far apart as they have to be. */
static int find_place(struct import *in, IsoFileSource *file, struct iso_entry *e)
{
	int ret = iso_file_source_open(file);
	uint32_t first, last;

	if (ret < 0)
		return import_failed(in, ret);
	if (find_block(in, file, 0, &first) && find_block(in, file, e->size - 1, &last) &&
	    first + (e->size - 1) / ISO_BLOCK == last)
		e->off = (__u64)first * ISO_BLOCK;
	iso_file_source_close(file);
	return 0;
}

static int add_file(struct import *in, const char *path, IsoFileSource *file, __u64 size)
{
	struct iso_source *s = in->source;
	struct iso_entry *e;

	if (s->count == s->room) {
		size_t room = s->room ? 2 * s->room : 64;

		e = realloc(s->files, room * sizeof(*e));
		if (!e)
			return mclic_fail(ENOMEM, "not enough memory");
		s->files = e;
		s->room = room;
	}
	e = &s->files[s->count];
	*e = (struct iso_entry){ strdup(path), size ? NOWHERE : 0, size };
	if (!e->path)
		return mclic_fail(ENOMEM, "not enough memory");
	s->count++;
	return size ? find_place(in, file, e) : 0;
}

static int add_tree(struct import *in, IsoFileSource *dir, char *path, size_t len);

/* @path holds the @len bytes of the directory's path; PATH_MAX bounds the depth. */
static int add_child(struct import *in, IsoFileSource *child, char *path, size_t len)
{
	/* Of a CL that leads to a part of a file comes something without a class. */
	MCLIC_AUTO_FREE char *name = child->class ? iso_file_source_get_name(child) : NULL;
	size_t n = name ? strlen(name) : 0;
	struct stat st;
	int err = 0;

	if (!n || iso_file_source_lstat(child, &st) < 0)
		return import_failed(in, (int)ISO_DATA_SOURCE_FATAL);
	/* Nothing in a product has such a path, so nobody will ask for a file there. */
	if (len + n + 2 > PATH_MAX)
		return S_ISDIR(st.st_mode) ? import_failed(in, (int)ISO_DATA_SOURCE_FATAL) : 0;
	if (!take_names(in, (len + n) / NAME_PATH))
		return import_failed(in, (int)ISO_DATA_SOURCE_FATAL);
	memcpy(path + len, name, n + 1);
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return add_file(in, path, child, (__u64)st.st_size);
	case S_IFDIR:
		if (!len)
			err = mclic_strv_add(&in->source->dirs, &in->source->dir_count, name);
		path[len + n] = '/';
		return err ? err : add_tree(in, child, path, len + n + 1);
	case S_IFLNK:
	case S_IFIFO:
	case S_IFSOCK:
	case S_IFCHR:
	case S_IFBLK:
		return 0;
	default:
		return import_failed(in, (int)ISO_BAD_ISO_FILETYPE);
	}
}

static int add_tree(struct import *in, IsoFileSource *dir, char *path, size_t len)
{
	IsoFileSource *child;
	int ret, err = 0;

	in->opening = true;
	ret = iso_file_source_open(dir);	/* reads all of it */
	if (ret < 0)
		return import_failed(in, ret);
	while (!err && (ret = iso_file_source_readdir(dir, &child)) == 1) {
		err = add_child(in, child, path, len);
		iso_file_source_unref(child);
	}
	if (ret < 0)
		err = import_failed(in, ret);
	iso_file_source_close(dir);
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

static int import(struct iso_source *s, const char *name)
{
	struct import in = {
		.source = s,
		.name = name,
		.blocks = s->len / ISO_BLOCK < UINT32_MAX ? s->len / ISO_BLOCK : UINT32_MAX,
		.names = names_allowed(s->len),
	};
	IsoDataSource *src = data_source(&in);
	IsoReadOpts *opts = read_opts();
	IsoImageFilesystem *fs = NULL;
	IsoFileSource *root = NULL;
	char path[PATH_MAX];
	int ret, err;

	in.visits = calloc(in.blocks, sizeof(*in.visits));
	if (!src || !opts || !in.visits) {
		err = mclic_fail(ENOMEM, "not enough memory");
		goto out;
	}
	ret = iso_image_filesystem_new(src, opts, NO_IMAGE, &fs);
	if (ret >= 0)
		ret = fs->get_root(fs, &root);
	if (ret < 0) {
		err = import_failed(&in, ret);
		goto out;
	}
	err = add_tree(&in, root, path, 0);
	if (!err)
		qsort(s->files, s->count, sizeof(*s->files), by_path);
out:
	if (root)
		iso_file_source_unref(root);
	if (fs)
		iso_filesystem_unref(fs);
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

	if (s->count)
		e = bsearch(&key, s->files, s->count, sizeof(key), by_path);
	if (!e)
		return -ENOENT;
	if (e->off == NOWHERE)
		return mclic_fail(EBADMSG, "%s: \"%s\" does not lie in one piece", source->path,
				  path);
	if (e->off + e->size > s->len)
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
	const struct iso_entry *e = f->entry;
	ssize_t n;

	if (off >= e->size)
		return 0;
	if (len > e->size - off)
		len = (size_t)(e->size - off);
	n = mclic_pread_full(f->source->fd, buf, len, (off_t)(e->off + off));
	if (n < 0)
		return mclic_fail((int)-n, "%s: \"%s\" cannot be read: %s",
				  f->source->source.path, e->path, strerror((int)-n));
	return n;
}

static __u64 iso_place(const struct mclic_source_file *file)
{
	return ((const struct iso_file *)file)->entry->off;
}

static void iso_close_file(struct mclic_source_file *file)
{
	free(file);
}

static void free_index(struct iso_source *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		free(s->files[i].path);
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
