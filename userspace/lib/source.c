// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A master, or any tree of products: a directory, an ISO 9660 image or a drive.
 *
 * Everything in a source is somebody else's: names are judged before they are used, and
 * lengths before anything is allocated.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source.h"

int mclic_strv_add(char ***v, size_t *n, const char *name)
{
	char **grown = *v;

	/* Room for 1, 3, 7, ... names and the NULL: grown when it is full. */
	if (!(*n & (*n + 1))) {
		grown = realloc(*v, (2 * *n + 2) * sizeof(*grown));
		if (!grown)
			return mclic_fail(ENOMEM, "not enough memory");
		*v = grown;
	}
	grown[*n] = strdup(name);
	if (!grown[*n])
		return mclic_fail(ENOMEM, "not enough memory");
	grown[++*n] = NULL;
	return 0;
}

void mclic_strv_free(char **v)
{
	char **p;

	for (p = v; p && *p; p++)
		free(*p);
	free(v);
}

static int open_failed(const char *path, int err)
{
	if (err == ENOMEDIUM)
		return mclic_fail(err, "%s: there is no disc in the drive; insert the master", path);
	return mclic_fail(err, "%s: %s", path, strerror(err));
}

/* The file at @path, if it is of a kind that can be a source. */
static int open_source(const char *path, struct stat *st)
{
	/* A FIFO must not hold us up, whereas a drive has to look for its disc. */
	static const int flags[] = { O_NONBLOCK, 0 };
	int fd, i;

	for (i = 0; i < 2; i++) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | flags[i]);
		if (fd < 0)
			return open_failed(path, errno);
		if (!fstat(fd, st) && !(S_ISBLK(st->st_mode) && flags[i]))
			return fd;
		close(fd);
	}
	return mclic_fail(EIO, "%s cannot be looked at", path);
}

static int open_kind(int fd, const struct stat *st, const char *path, struct mclic_source **s)
{
	if (S_ISDIR(st->st_mode))
		return mclic_source_dir_new(fd, s);
	if (S_ISREG(st->st_mode) || S_ISBLK(st->st_mode))
		return mclic_source_iso_new(fd, path, s);
	return mclic_fail(EINVAL,
			  "%s is neither a directory, an .iso image nor a drive; name one of these",
			  path);
}

int mclic_source_open(const char *path, struct mclic_source **s)
{
	struct stat st;
	int fd, err;

	*s = NULL;
	fd = open_source(path, &st);
	if (fd < 0)
		return fd;
	err = open_kind(fd, &st, path, s);
	if (err) {
		close(fd);
		return err;
	}
	(*s)->path = strdup(path);
	if (!(*s)->path) {
		mclic_source_close(*s);
		*s = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	return 0;
}

void mclic_source_close(struct mclic_source *s)
{
	if (!s)
		return;
	free(s->path);
	s->ops->close(s);
}

/* @product is one component, @path one or more; both as core accepts them. */
static int open_file(struct mclic_source *s, const char *product, const char *path,
		     struct mclic_source_file **f, __u64 *len)
{
	MCLIC_AUTO_FREE char *whole = NULL;
	int err;

	if (asprintf(&whole, "%s/%s", product, path) < 0) {
		whole = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	err = s->ops->open(s, whole, f, len);
	if (err == -ENOENT)
		return mclic_fail(ENOENT, "%s: there is no \"%s\"", s->path, whole);
	if (err == -EINVAL)
		return mclic_fail(EBADMSG, "%s: \"%s\" is not a regular file", s->path, whole);
	return err;
}

static bool good_product_name(const char *name)
{
	return !strchr(name, '/') && !mclic_path_check(name, strlen(name));
}

int mclic_source_file_open(struct mclic_source *s, const char *product, const char *path,
			   struct mclic_source_file **f, __u64 *len)
{
	if (!good_product_name(product) || mclic_path_check(path, strlen(path)))
		return mclic_fail(EBADMSG, "%s: a product holds no path \"%s/%s\"", s->path,
				  product, path);
	return open_file(s, product, path, f, len);
}

ssize_t mclic_source_pread(struct mclic_source_file *f, void *buf, size_t len, __u64 off)
{
	return f->ops->pread(f, buf, len, off);
}

void mclic_source_file_close(struct mclic_source_file *f)
{
	if (f)
		f->ops->close_file(f);
}

int mclic_source_place(struct mclic_source *s, const char *product, const char *path,
		       __u64 *off, __u64 *len)
{
	struct mclic_source_file *f;
	int err = open_file(s, product, path, &f, len);

	if (err)
		return err;
	if (s->ops->place)
		*off = s->ops->place(f);
	else
		err = mclic_fail(EINVAL, "%s is not an image", s->path);
	mclic_source_file_close(f);
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Keep of @names those that hold a marker. */
static int keep_products(struct mclic_source *s, char **names, char ***products)
{
	struct mclic_source_file *f;
	size_t n = 0;
	__u64 len;
	int err;

	*products = calloc(1, sizeof(**products));
	if (!*products)
		return mclic_fail(ENOMEM, "not enough memory");
	for (; *names; names++) {
		if (!good_product_name(*names))
			continue;
		err = open_file(s, *names, MCLIC_MARKER_NAME, &f, &len);
		if (err == -ENOENT)
			continue;
		if (!err)
			mclic_source_file_close(f);
		/* One that cannot be opened is listed: whoever asks for it learns why. */
		err = mclic_strv_add(products, &n, *names);
		if (err)
			return err;
	}
	qsort(*products, n, sizeof(**products), by_name);
	return 0;
}

int mclic_source_list(struct mclic_source *s, char ***names)
{
	char **dirs;
	int err;

	*names = NULL;
	err = s->ops->dirs(s, &dirs);
	if (err)
		return err;
	err = keep_products(s, dirs, names);
	mclic_strv_free(dirs);
	if (err) {
		mclic_strv_free(*names);
		*names = NULL;
	}
	return err;
}

static int read_marker(struct mclic_source *s, const char *name, void **bytes, size_t *len)
{
	struct mclic_source_file *f;
	__u64 size;
	ssize_t n;
	int err;

	err = open_file(s, name, MCLIC_MARKER_NAME, &f, &size);
	if (err)
		return err;
	*bytes = NULL;
	if (size > sizeof(struct mclic_marker) + MCLIC_MANIFEST_MAX) {
		err = mclic_fail(EBADMSG, "the product's marker is larger than any manifest");
		goto out;
	}
	*bytes = malloc(size ? size : 1);
	if (!*bytes) {
		err = mclic_fail(ENOMEM, "not enough memory");
		goto out;
	}
	n = mclic_source_pread(f, *bytes, size, 0);
	if (n < 0) {
		err = (int)n;
		goto out;
	}
	*len = (size_t)n;
out:
	mclic_source_file_close(f);
	if (err)
		free(*bytes);
	return err;
}

int mclic_source_product(struct mclic_source *s, const char *name, struct mclic_product **p)
{
	MCLIC_AUTO_FREE char *why = NULL;
	void *bytes = NULL;
	size_t len = 0;
	int err;

	*p = NULL;
	if (!good_product_name(name))
		return mclic_fail(ENOENT, "%s holds no title \"%s\"", s->path, name);
	err = read_marker(s, name, &bytes, &len);
	if (err == -ENOENT)
		return mclic_fail(ENOENT, "%s holds no title \"%s\"; mclic list shows those it holds",
				  s->path, name);
	if (err)
		return err;
	err = mclic_product_parse(bytes, len, p);
	if (!err)
		return 0;
	free(bytes);
	why = strdup(mclic_message());
	return mclic_fail(-err, "%s/%s: %s", s->path, name, why ? why : "not enough memory");
}
