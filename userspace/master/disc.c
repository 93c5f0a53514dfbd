// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The master disc: ISO 9660 level 3 (files over 4 GiB have several extents) with Rock Ridge.
 *
 * libisofs lays it out. Sealed files and markers are streams of zeros to it: it gives each its
 * room. Of what libisofs would write we take the beginning only, the directories and the few
 * plain files, which stand first; seal.c fills the room. The files of a title lie in the
 * manifest's order, so that a drive that is copied from reads on and on.
 *
 * Directories and files stand on the disc with the modes of the manifest, widened so that
 * everybody may read: what is sealed needs no other guard, and an ordinary user must be able to
 * copy from a mounted disc. What the copy gets is the mode in the manifest.
 */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIBISOFS_WITHOUT_LIBBURN	/* struct burn_source comes from here, then */
#include <libisofs/libisofs.h>

#include "master.h"

#define BLOCK		2048
#define TAIL_BLOCKS	150	/* what drives and kernels want to read ahead of the end */
#define SPARE_BLOCKS	16	/* libisofs puts one, for empty files, before the first */
#define FIRST		1	/* sort weight of plain files; the others' fall from 0 */
#define ROOM_FS		1000	/* libisofs tells streams apart by numbers; its own are small */
#define README_NAME	"README.txt"
#define MANAGER_NAME	"mclic"

/* Room for a sealed file or a marker; libisofs's own streams would take half a KiB more each. */
struct room {
	off_t len;
	off_t read;
};

struct disc {
	struct build *build;
	struct room *rooms;	/* of all titles */
	size_t room_count;	/* of them in use */
	time_t now;
	__u64 plain_len;	/* bytes of the plain files, in whole blocks */
	int weight;		/* of the next title's marker; its files follow */
	IsoImage *image;
	IsoWriteOpts *opts;
	struct burn_source *source;
};

static int iso_failed(int ret, const char *what)
{
	return mclic_fail(ret == (int)ISO_OUT_OF_MEM ? ENOMEM : EIO,
			  "\"%s\" does not fit on an ISO 9660 disc: %s", what,
			  iso_error_to_msg(ret));
}

static void set_owner(IsoNode *node, mode_t mode)
{
	iso_node_set_uid(node, 0);
	iso_node_set_gid(node, 0);
	iso_node_set_permissions(node, mode);
}

/* ---- bytes that are not there yet, as libisofs reads them ---- */

static int room_open(IsoStream *s)
{
	((struct room *)s->data)->read = 0;
	return ISO_SUCCESS;
}

static int room_good(IsoStream *s)
{
	(void)s;
	return ISO_SUCCESS;
}

static off_t room_size(IsoStream *s)
{
	return ((const struct room *)s->data)->len;
}

static int room_read(IsoStream *s, void *buf, size_t count)
{
	struct room *r = s->data;

	if ((off_t)count > r->len - r->read)
		count = (size_t)(r->len - r->read);
	memset(buf, 0, count);
	r->read += (off_t)count;
	return (int)count;
}

/* Two streams of one number would get one place. */
static void room_id(IsoStream *s, unsigned int *fs, dev_t *dev, ino_t *ino)
{
	*fs = ROOM_FS;
	*dev = 0;
	*ino = (ino_t)(uintptr_t)s->data;
}

static void room_free(IsoStream *s)
{
	(void)s;
}

static IsoStreamIface room_class = {
	.version = 1,
	.type = "user",
	.open = room_open,
	.close = room_good,
	.get_size = room_size,
	.read = room_read,
	.is_repeatable = room_good,
	.get_id = room_id,
	.free = room_free,
	.update_size = room_good,
};

static IsoStream *room_stream(struct disc *d, __u64 len)
{
	IsoStream *s = malloc(sizeof(*s));	/* libisofs frees it */
	struct room *r = &d->rooms[d->room_count];

	if (s) {
		d->room_count++;
		r->len = (off_t)len;
		*s = (IsoStream){ .class = &room_class, .refcount = 1, .data = r };
	}
	return s;
}

/* ---- the tree ---- */

/* A plain file, as it stands at @path. */
static int add_file(struct disc *d, IsoDir *dir, const char *name, mode_t mode, const char *path)
{
	IsoNode *node;
	int ret = iso_tree_add_new_node(d->image, dir, name, path, &node);

	if (ret < 0)
		return iso_failed(ret, name);
	if (iso_node_get_type(node) != LIBISO_FILE)
		return mclic_fail(EINVAL, "%s is not a regular file", path);
	set_owner(node, mode | 0444);
	iso_node_set_sort_weight(node, FIRST);
	d->plain_len += ((__u64)iso_file_get_size((IsoFile *)node) + BLOCK - 1) / BLOCK * BLOCK;
	return 0;
}

/* A file of @len bytes that are not there yet. */
static int add_room(struct disc *d, IsoDir *dir, const char *name, mode_t mode, __u64 len,
		    int weight)
{
	IsoStream *stream = room_stream(d, len);
	IsoFile *file;
	IsoNode *node;
	int ret;

	if (!stream)
		return mclic_fail(ENOMEM, "not enough memory");
	ret = iso_image_add_new_file(d->image, dir, name, stream, &file);
	if (ret < 0) {
		iso_stream_unref(stream);
		return iso_failed(ret, name);
	}
	node = (IsoNode *)file;
	iso_node_set_atime(node, d->now);
	iso_node_set_ctime(node, d->now);
	iso_node_set_mtime(node, d->now);
	set_owner(node, mode | 0444);
	iso_node_set_sort_weight(node, weight);
	return 0;
}

static int add_dir(struct disc *d, IsoDir *parent, const char *name, mode_t mode, IsoDir **dir)
{
	int ret = iso_image_add_new_dir(d->image, parent, name, dir);

	if (ret < 0)
		return iso_failed(ret, name);
	set_owner((IsoNode *)*dir, mode | 0555);
	return 0;
}

static int add_link(struct disc *d, IsoDir *dir, const char *name, const char *target)
{
	IsoSymlink *link;
	int ret = iso_image_add_new_symlink(d->image, dir, name, target, &link);

	/* Rock Ridge has no room for every link; the copy is made from the manifest anyway. */
	if (ret == (int)ISO_RR_PATH_TOO_LONG || ret == (int)ISO_RR_NAME_TOO_LONG)
		return 0;
	if (ret < 0)
		return iso_failed(ret, name);
	set_owner((IsoNode *)link, 0777);
	return 0;
}

/* Where the entries of a title's directories stand on the disc. */
struct place {
	const struct title *title;
	IsoDir *root;
	IsoDir **dirs;		/* as the manifest's entries; NULL for other entries */
};

static int by_path(const void *a, const void *b)
{
	const struct mclic_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* The directory that holds entry @i; *@name gets the last part of its path. */
static IsoDir *parent_of(const struct place *p, size_t i, const char **name)
{
	const struct mclic_manifest *m = &p->title->manifest;
	const char *path = m->entries[i].path, *slash = strrchr(path, '/');
	struct mclic_entry key = { 0 };
	const struct mclic_entry *found;
	char parent[PATH_MAX];

	*name = slash ? slash + 1 : path;
	if (!slash)
		return p->root;
	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	key.path = parent;
	found = bsearch(&key, m->entries, m->count, sizeof(key), by_path);
	return p->dirs[found - m->entries];
}

static int add_dirs(struct disc *d, struct place *p)
{
	const struct mclic_manifest *m = &p->title->manifest;
	const char *name;
	size_t i;
	int err = 0;

	for (i = 0; !err && i < m->count; i++)
		if (m->entries[i].type == MCLIC_ENTRY_DIR) {
			IsoDir *parent = parent_of(p, i, &name);

			err = add_dir(d, parent, name, m->entries[i].mode, &p->dirs[i]);
		}
	return err;
}

static int add_entry(struct disc *d, const struct place *p, size_t i)
{
	const struct mclic_entry *e = &p->title->manifest.entries[i];
	const char *name;
	IsoDir *parent = parent_of(p, i, &name);

	if (e->type == MCLIC_ENTRY_LINK)
		return add_link(d, parent, name, e->target);
	if (e->type != MCLIC_ENTRY_FILE)
		return 0;
	return add_room(d, parent, name, e->mode, mclic_sealed_len(e->size),
			d->weight - 1 - (int)i);
}

static int add_entries(struct disc *d, struct place *p)
{
	const struct mclic_manifest *m = &p->title->manifest;
	int err = add_dirs(d, p);
	size_t i;

	/* Backwards: libisofs keeps sorted lists, and the head of one is found at once. */
	for (i = m->count; !err && i > 0; i--)
		err = add_entry(d, p, i - 1);
	return err;
}

static int add_title(struct disc *d, const struct title *t)
{
	struct place p = { .title = t };
	int err;

	if (t->manifest.count >= (size_t)(INT_MAX + d->weight))
		return mclic_fail(EFBIG, "\"%s\" holds more files than a disc", t->name);
	err = add_dir(d, iso_image_get_root(d->image), t->disc_name, 0755, &p.root);

	if (err)
		return err;
	p.dirs = calloc(t->manifest.count + 1, sizeof(IsoDir *));
	if (!p.dirs)
		return mclic_fail(ENOMEM, "not enough memory");
	err = add_entries(d, &p);
	free(p.dirs);
	if (!err)
		err = add_room(d, p.root, MCLIC_MARKER_NAME, 0644, t->marker_len, d->weight);
	d->weight -= (int)t->manifest.count + 1;
	return err;
}

static int add_manager(struct disc *d)
{
	IsoDir *root = iso_image_get_root(d->image);
	MCLIC_AUTO_FREE char *path = manager_path();
	MCLIC_AUTO_FREE char *readme = NULL;
	const char *text = manager_readme();
	int err;

	if (!path)
		return -ENOENT;
	if (asprintf(&readme, "%s/" README_NAME, d->build->work) < 0) {
		readme = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	err = mclic_write_file(AT_FDCWD, readme, text, strlen(text), 0600);
	if (!err)
		err = add_file(d, root, README_NAME, 0644, readme);
	return err ? err : add_file(d, root, MANAGER_NAME, 0755, path);
}

static int add_all(struct disc *d)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < d->build->count; i++)
		err = add_title(d, &d->build->titles[i]);
	if (!err && d->build->with_manager)
		err = add_manager(d);
	return err;
}

/* ---- the image ---- */

static int set_options(struct disc *d)
{
	int ret = iso_write_opts_new(&d->opts, 0);

	if (ret < 0)
		return mclic_fail(ENOMEM, "not enough memory");
	iso_write_opts_set_iso_level(d->opts, 3);
	iso_write_opts_set_rockridge(d->opts, 1);
	iso_write_opts_set_joliet(d->opts, 0);
	/* Else deep directories would be moved to the root, among the titles. */
	iso_write_opts_set_allow_deep_paths(d->opts, 1);
	iso_write_opts_set_allow_longer_paths(d->opts, 1);
	iso_write_opts_set_output_charset(d->opts, "UTF-8");
	iso_write_opts_set_sort_files(d->opts, 1);
	iso_write_opts_set_tail_blocks(d->opts, TAIL_BLOCKS);
	return 0;
}

/* For every file, and every title's marker. */
static int make_rooms(struct disc *d)
{
	size_t i, n = 0;

	for (i = 0; i < d->build->count; i++)
		n += d->build->titles[i].manifest.count + 1;
	d->rooms = calloc(n, sizeof(*d->rooms));
	return d->rooms ? 0 : mclic_fail(ENOMEM, "not enough memory");
}

static int start(struct disc *d)
{
	int err = mclic_iso_start(), ret;

	if (!err)
		err = make_rooms(d);
	if (err)
		return err;
	ret = iso_image_new(d->build->volume, &d->image);
	if (ret < 0)
		return iso_failed(ret, d->build->volume);
	set_owner((IsoNode *)iso_image_get_root(d->image), 0755);
	iso_image_set_application_id(d->image, "MCLIC MASTER");
	err = set_options(d);
	if (!err)
		err = add_all(d);
	if (err)
		return err;
	ret = iso_image_create_burn_source(d->image, d->opts, &d->source);
	return ret < 0 ? iso_failed(ret, d->build->volume) : 0;
}

static int no_room(int err)
{
	if (err == ENOSPC || err == EDQUOT)
		return mclic_fail(err, "no room left for the image; make room and start again");
	return mclic_fail(err, "the image cannot be written: %s", strerror(err));
}

/* The first @count blocks of the image. */
static int copy_out(struct disc *d, __u32 count)
{
	unsigned char block[BLOCK];
	struct layout l = { 0 };
	__u32 next;
	int err;

	for (next = 0; next < count; next++) {
		if (atomic_load(d->build->cancel))
			return mclic_fail(EINTR, "interrupted; nothing was left behind");
		if (d->source->read_xt(d->source, block, BLOCK) != BLOCK)
			return mclic_fail(EIO, "the image could not be laid out: a file for it could not be read");
		err = layout_place(&l, block, &next);
		if (err)
			return err;
		err = mclic_pwrite_full(d->build->image, block, BLOCK, (off_t)next * BLOCK);
		if (err)
			return no_room(-err);
	}
	return 0;
}

static int write_layout(struct disc *d)
{
	off_t size = d->source->get_size(d->source), wanted;
	uint32_t data;

	if (iso_write_opts_get_data_start(d->opts, &data, 0) < 0)
		return mclic_fail(EIO, "libisofs does not say where the files begin");
	if (ftruncate(d->build->image, size))
		return no_room(errno);
	/* A disk that is too small is better known now than after an hour. */
	if (fallocate(d->build->image, 0, 0, size) && (errno == ENOSPC || errno == EDQUOT))
		return no_room(errno);
	wanted = ((off_t)data + SPARE_BLOCKS) * BLOCK + (off_t)d->plain_len;
	return copy_out(d, (__u32)((wanted < size ? wanted : size) / BLOCK));
}

/* Its end is not wanted: the writer thread is told to stop. */
static void stop(struct disc *d)
{
	if (d->source) {
		d->source->cancel(d->source);
		d->source->free_data(d->source);
		free(d->source);
	}
	if (d->opts)
		iso_write_opts_free(d->opts);
	if (d->image)
		iso_image_unref(d->image);
	free(d->rooms);
}

int disc_layout(struct build *b)
{
	struct disc d = { .build = b, .now = time(NULL) };
	int err = start(&d);

	if (!err)
		err = write_layout(&d);
	stop(&d);
	return err;
}
