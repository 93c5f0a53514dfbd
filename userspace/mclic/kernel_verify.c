// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading everything through a mount: what is damaged the kernel refuses to give out. */

#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>

#include "kernel.h"
#include "verify.h"

#define STEP	(1u << 20)

static void bad_block(struct verify *v, const char *path, off_t at)
{
	json_t *p = verify_problem(v, path, "block %lld (offset %lld) is damaged",
				   (long long)at / MCLIC_BLOCK_SIZE, (long long)at);

	json_object_set_new(p, "block", json_integer(at / MCLIC_BLOCK_SIZE));
	json_object_set_new(p, "offset", json_integer(at));
	v->damaged++;
}

/* @len bytes at @at did not come: which blocks, or another failure (-errno)? */
static int find_bad(struct verify *v, const char *path, int fd, __u8 *buf, off_t at, size_t len)
{
	off_t end = at + (off_t)len;
	ssize_t n;

	for (; at < end; at += MCLIC_BLOCK_SIZE) {
		n = mclic_pread_full(fd, buf, MCLIC_BLOCK_SIZE, at);
		if (n == -EBADMSG)
			bad_block(v, path, at);
		else if (n < 0)
			return (int)n;
		else if (n < (ssize_t)MCLIC_BLOCK_SIZE)
			break;
	}
	return 0;
}

static int read_file(struct verify *v, const char *path, int fd, __u8 *buf)
{
	ssize_t n;
	off_t at;
	int err;

	for (at = 0; ; at += n) {
		n = mclic_pread_full(fd, buf, STEP, at);
		if (n == -EBADMSG) {
			err = find_bad(v, path, fd, buf, at, STEP);
			n = STEP;
		} else {
			err = n < 0 ? (int)n : 0;
		}
		if (err || !n)
			return err;
	}
}

/* What open or read answered about one file. */
static void note(struct verify *v, const char *path, int err)
{
	verify_problem(v, path, "%s", strerror(-err));
	if (mclic_exit_status(err) == MCLIC_EXIT_REFUSED)
		v->refused++;
	else
		v->damaged++;
}

static void verify_file(struct verify *v, const FTSENT *e, const char *path, __u8 *buf)
{
	MCLIC_AUTO_CLOSE int fd = open(e->fts_accpath, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int err = fd < 0 ? -errno : read_file(v, path, fd, buf);

	if (err)
		note(v, path, err);
}

static int verify_tree(struct verify *v, char *path, __u8 *buf)
{
	char *const paths[] = { path, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	FTSENT *e;
	size_t skip = strlen(path) + 1;

	if (!tree)
		return mclic_fail(errno, "%s: %s", path, strerror(errno));
	while ((e = fts_read(tree))) {
		const char *name = e->fts_pathlen >= skip ? e->fts_path + skip : ".";

		if (e->fts_info == FTS_F)
			verify_file(v, e, name, buf);
		else if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS)
			note(v, name, -e->fts_errno);
	}
	fts_close(tree);
	return 0;
}

/* ---- licences ---- */

static int verify_slots(struct verify *v, int fd, const char *path)
{
	json_t *slots, *slot;
	size_t i;
	int err = kernel_slots(fd, path, &slots);

	if (err)
		return err;
	json_array_foreach(slots, i, slot)
		verify_say_slot(v, slot);
	json_object_set_new(v->report, "licences", slots);
	return 0;
}

int kernel_verify(struct verify *v, int fd, const struct options *o)
{
	const char *title = o->count == 2 ? o->args[1] : NULL;
	MCLIC_AUTO_FREE __u8 *buf = malloc(STEP);
	MCLIC_AUTO_FREE char *path = NULL;
	int err;

	if (title && (strchr(title, '/') || !strcmp(title, "..")))
		return mclic_fail(EINVAL, "\"%s\": through a mount a title is named by its directory", title);
	if (!buf || asprintf(&path, "%s%s%s", o->args[0], title ? "/" : "", title ? title : "") < 0)
		return mclic_fail(ENOMEM, "not enough memory");
	err = verify_slots(v, fd, o->args[0]);
	if (err)
		return err;
	verify_new_title(v, title ? title : ".");
	return verify_tree(v, path, buf);
}
