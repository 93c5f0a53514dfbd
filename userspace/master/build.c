// SPDX-License-Identifier: GPL-2.0-or-later
/* mclic-master build: scan, register, lay out, seal, and only then a name for the image. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <unicase.h>
#include <uninorm.h>

#include "master.h"

#define IMAGE_NAME	"image"

/* ---- names ---- */

/* The title's name where a directory can bear it, else the nearest that one can. */
static char *disc_name(const char *name)
{
	char *safe = NULL, *p;

	if (asprintf(&safe, "%s%s", mclic_path_check(name, strcspn(name, "/")) ? "_" : "",
		     name) < 0)
		return NULL;
	for (p = safe; (p = strchr(p, '/')); )
		*p = '_';
	return safe;
}

static bool alike(const char *a, const char *b)
{
	int order = 1;

	return !u8_casecmp((const uint8_t *)a, strlen(a), (const uint8_t *)b, strlen(b), NULL,
			   UNINORM_NFKC, &order) && !order;
}

static int check_name(const struct build *b, size_t index)
{
	static const char *const manager[] = { "mclic", "README.txt" };
	struct title *t = &b->titles[index];
	size_t len = strlen(t->name), i;

	if (!len || len >= MCLIC_TITLE_SIZE || !mclic_text_ok(t->name, len))
		return mclic_usage("a title has a name of 1 to 63 bytes of UTF-8 without control characters, not \"%s\"",
				   t->name);
	t->disc_name = disc_name(t->name);
	if (!t->disc_name)
		return mclic_fail(ENOMEM, "not enough memory");
	for (i = 0; i < index; i++)
		if (alike(t->disc_name, b->titles[i].disc_name))
			return mclic_usage("\"%s\" and \"%s\" would have the same folder on the disc; rename one",
					   b->titles[i].name, t->name);
	for (i = 0; b->with_manager && i < 2; i++)
		if (alike(t->disc_name, manager[i]))
			return mclic_usage("\"%s\" is the name of a file that --with-manager adds; rename the title",
					   t->name);
	return 0;
}

/* ---- the work folder ---- */

static char *output_dir(const struct build *b)
{
	const char *slash = strrchr(b->output, '/');

	if (!slash)
		return strdup(".");
	return strndup(b->output, slash == b->output ? 1 : (size_t)(slash - b->output));
}

static const char *output_name(const struct build *b)
{
	const char *slash = strrchr(b->output, '/');

	return slash ? slash + 1 : b->output;
}

/* What is written below a title's directory would become part of the title. */
static int check_outside(const struct build *b, const char *dir)
{
	char out[PATH_MAX], in[PATH_MAX];
	size_t i, n;

	if (!realpath(dir, out))
		return mclic_fail(errno, "%s: %s", dir, strerror(errno));
	for (i = 0; i < b->count; i++) {
		if (!realpath(b->titles[i].path, in))
			return mclic_fail(errno, "%s: %s", b->titles[i].path, strerror(errno));
		n = strlen(in);
		if (!strncmp(in, out, n) && (n == 1 || out[n] == '/' || !out[n]))
			return mclic_fail(EINVAL, "%s lies inside of \"%s\"; write the image somewhere else",
					  b->output, b->titles[i].name);
	}
	return 0;
}

static int check_output(const struct build *b)
{
	MCLIC_AUTO_FREE char *dir = output_dir(b);
	struct stat st;

	if (!dir)
		return mclic_fail(ENOMEM, "not enough memory");
	if (!*output_name(b) || (!stat(b->output, &st) && !S_ISREG(st.st_mode)))
		return mclic_fail(EISDIR, "%s is not the name of a file; name the image to write",
				  b->output);
	if (access(dir, W_OK | X_OK))
		return mclic_fail(errno, "%s: %s", dir, strerror(errno));
	return check_outside(b, dir);
}

/* Path of @name in the work folder, malloc'd. */
static char *in_work(const struct build *b, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", b->work, name) >= 0)
		return path;
	mclic_fail(ENOMEM, "not enough memory");
	return NULL;
}

/* By an absolute path, as libisofs wants them. */
static int make_work(struct build *b)
{
	MCLIC_AUTO_FREE char *dir = output_dir(b);
	MCLIC_AUTO_FREE char *whole = dir ? realpath(dir, NULL) : NULL;
	MCLIC_AUTO_FREE char *image = NULL;
	char *path;

	if (!whole || asprintf(&path, "%s/.%s.work-XXXXXX", whole, output_name(b)) < 0)
		return mclic_fail(ENOMEM, "not enough memory");
	if (!mkdtemp(path)) {
		free(path);
		return mclic_fail(errno, "no work folder can be made in %s: %s", whole,
				  strerror(errno));
	}
	b->work = path;
	image = in_work(b, IMAGE_NAME);
	if (!image)
		return -ENOMEM;
	b->image = open(image, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	return b->image < 0 ? mclic_fail(errno, "%s: %s", image, strerror(errno)) : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_work(struct build *b)
{
	if (b->work && nftw(b->work, remove_one, 4, FTW_DEPTH | FTW_PHYS))
		mclic_warn("%s could not be removed: %s", b->work, strerror(errno));
	free(b->work);
	b->work = NULL;
	if (b->image >= 0)
		close(b->image);
	b->image = -1;
}

/* ---- the steps ---- */

/* All that can be refused without the center, before the center is asked. */
static int look(struct build *b)
{
	size_t i;
	int err = register_center(b);

	for (i = 0; !err && i < b->count; i++)
		err = check_name(b, i);
	if (!err)
		err = check_output(b);
	for (i = 0; !err && i < b->count; i++) {
		err = scan_title(&b->titles[i]);
		b->titles[i].manifest.title = b->titles[i].name;
		b->titles[i].manifest.version = b->version;
	}
	return err;
}

static int register_all(struct build *b)
{
	size_t i;
	int err = mclic_center_meet(&b->center);

	for (i = 0; !err && i < b->count; i++)
		err = atomic_load(b->cancel) ? mclic_fail(EINTR, "interrupted")
					     : register_title(b, &b->titles[i]);
	return err;
}

static int lay_out(struct build *b)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < b->count; i++)
		err = marker_room(&b->titles[i]);
	return err ? err : disc_layout(b);
}

static int seal_all(struct build *b)
{
	MCLIC_AUTO_FREE char *image = in_work(b, IMAGE_NAME);
	struct mclic_progress *progress;
	struct mclic_source *disc;
	__u64 total = 0;
	size_t i;
	int err = image ? mclic_source_open(image, &disc) : -ENOMEM;

	if (err)
		return err;
	/* libisofs had a node for each file: sealing, which takes longest, needs none of them. */
	malloc_trim(0);
	for (i = 0; i < b->count; i++)
		total += b->titles[i].manifest.total;
	progress = mclic_progress_start("sealing", total);
	for (i = 0; !err && i < b->count; i++)
		err = seal_title(b, &b->titles[i], disc, progress);
	mclic_progress_end(progress);
	mclic_source_close(disc);
	return err;
}

/* The name comes last, when every byte is on the disk. */
static int publish(const struct build *b)
{
	MCLIC_AUTO_FREE char *dir = output_dir(b);
	MCLIC_AUTO_FREE char *image = in_work(b, IMAGE_NAME);
	MCLIC_AUTO_CLOSE int fd = -1;
	int err;

	if (!dir || !image)
		return mclic_fail(ENOMEM, "not enough memory");
	if (fsync(b->image))
		return mclic_fail(errno, "the image cannot be flushed: %s", strerror(errno));
	if (rename(image, b->output))
		return mclic_fail(errno, "%s: %s", b->output, strerror(errno));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = fd < 0 ? -errno : mclic_flush_dir(fd);
	return err ? mclic_fail(-err, "%s cannot be flushed: %s", dir, strerror(-err)) : 0;
}

int build_run(struct build *b)
{
	int err = look(b);

	if (!err)
		err = register_all(b);
	if (!err)
		err = make_work(b);
	if (!err)
		err = lay_out(b);
	if (!err)
		err = seal_all(b);
	if (!err)
		err = publish(b);
	remove_work(b);
	return err;
}
