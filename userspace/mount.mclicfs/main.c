// SPDX-License-Identifier: GPL-2.0-or-later
/* mount.mclicfs: what mount(8) calls for "mount -t mclicfs". */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mount.h"

/* Exit status of mount(8) and its helpers. */
#define EXIT_USAGE	1	/* or not permitted */
#define EXIT_SYSTEM	2
#define EXIT_MOUNT	32

const char *argp_program_version = "mount.mclicfs " MCLIC_RELEASE;

static const char doc[] =
	"Show the media-bound titles on a medium in the clear where their licences allow it.\v"
	"SOURCE is a directory of the medium, where its file system is mounted; a block device: "
	"the disk, or the partition that holds the titles; or an image of a disk. It is mounted at "
	"DIR, which may be the directory SOURCE itself. mount(8) calls this program for \"mount -t "
	"mclicfs\"; see mount.mclicfs(8) for the options.";

static const struct argp_option keys[] = {
	{ NULL, 'o', "OPTION[,...]", 0, "Mount options", 0 },
	{ NULL, 'f', NULL, 0, "Do all but the mount itself", 0 },
	{ NULL, 'n', NULL, 0, "For mount(8): nothing", 0 },
	{ NULL, 'r', NULL, 0, "Read-only, as -o ro", 0 },
	{ NULL, 's', NULL, 0, "Let options pass that the kernel does not know", 0 },
	{ NULL, 't', "TYPE", 0, "For mount(8): nothing", 0 },
	{ NULL, 'v', NULL, 0, "Say what is mounted", 0 },
	{ NULL, 'w', NULL, 0, "Writable, as -o rw", 0 },
	{ 0 },
};

/**
 * struct job - a call
 * @source: as given
 * @dir: as given
 * @options: of all -o, -r, -w
 * @fake: -f
 * @sloppy: -s
 * @verbose: -v
 */
struct job {
	const char *source;
	const char *dir;
	struct options options;
	bool fake;
	bool sloppy;
	bool verbose;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct job *j = state->input;

	switch (key) {
	case 'o':
		if (options_add(&j->options, arg))
			argp_error(state, "%s", mclic_message());
		return 0;
	case 'r':
		return options_add(&j->options, "ro") ? ENOMEM : 0;
	case 'w':
		return options_add(&j->options, "rw") ? ENOMEM : 0;
	case 'f':
		j->fake = true;
		return 0;
	case 's':
		j->sloppy = true;
		return 0;
	case 'v':
		j->verbose = true;
		return 0;
	case 'n':
	case 't':
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 1)
			argp_error(state, "one argument too many: %s", arg);
		*(state->arg_num ? &j->dir : &j->source) = arg;
		return 0;
	case ARGP_KEY_END:
		if (!j->dir)
			argp_error(state, "SOURCE and DIR are needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- mounting ---- */

static int set_name(int context, const struct source *s)
{
	/* A longer one the kernel does not take; it is only for people. */
	return context_set(context, MCLICFS_NAME, "source",
			   strlen(s->name) < 256 ? s->name : MCLICFS_NAME);
}

static int set_options(int context, const struct job *j)
{
	const struct options *o = &j->options;
	size_t i;
	int err;

	for (i = 0; i < o->count; i++) {
		err = context_set(context, MCLICFS_NAME, o->params[i].key, o->params[i].value);
		if (err && !(j->sloppy && err == -EINVAL))
			return err;
	}
	return o->set & MOUNT_ATTR_RDONLY ? context_set(context, MCLICFS_NAME, "ro", NULL) : 0;
}

static int configure(int context, const struct job *j, const struct source *s,
		     const struct lower *l)
{
	char path[32];
	int err = set_name(context, s);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", l->dir);
	if (!err)
		err = context_set(context, MCLICFS_NAME, "lower", path);
	if (!err && s->device.area && !j->options.area)
		err = context_set(context, MCLICFS_NAME, "area", s->device.area);
	if (!err)
		err = set_options(context, j);
	return err ? err : context_create(context, MCLICFS_NAME, s->name);
}

/* The super block, on a lower directory that is mounted only meanwhile. */
static int create(int context, const struct job *j, const struct source *s)
{
	struct lower l = LOWER_INIT;
	int err = lower_open(&l, s, &j->options), back;

	if (!err)
		err = configure(context, j, s, &l);
	back = lower_close(&l);
	return err ? err : back;
}

/* Keys and lists are in force before anybody can open a file. */
static int give(int mount, const struct source *s, const struct keys *k)
{
	MCLIC_AUTO_CLOSE int root = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = 0;
	size_t i;

	if (root < 0)
		return mclic_fail(errno, "%s: %s", s->name, strerror(errno));
	/* By ioctl: of the option key= the kernel takes only so many. */
	for (i = 0; !err && i < k->serial_count; i++)
		err = mclic_kernel_key_add(root, s->name, k->serials[i]);
	return err ? err : mclic_kernel_lists(root, s->name, k->trust);
}

static int mount_source(const struct job *j, const struct source *s, struct keys *k, int dir)
{
	/* Whoever made the medium shall not be root here. */
	__u64 most = s->dir < 0 ? MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV : 0;
	__u64 attributes = j->options.set | (most & ~j->options.clear) | s->refused;
	MCLIC_AUTO_CLOSE int context = context_open(MCLICFS_NAME);
	MCLIC_AUTO_CLOSE int mount = -1;
	int err;

	if (context < 0)
		return context;
	err = keys_load(k, j->options.keys);
	if (!err)
		err = keys_trust(k);
	if (!err)
		err = create(context, j, s);
	if (err)
		return err;
	mount = context_mount(context, s->name, attributes);
	if (mount < 0)
		return mount;
	err = give(mount, s, k);
	if (!err)
		err = keys_forget(k);
	if (err)
		return err;
	if (move_mount(mount, "", dir, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
		return mclic_fail(errno, "%s: nothing can be mounted there: %s", j->dir,
				  strerror(errno));
	return 0;
}

static void say(const struct job *j, const struct source *s)
{
	printf("mount.mclicfs: %s", s->name);
	if (s->device.data && strcmp(s->device.data, s->name))
		printf(" (%s)", s->device.data);
	printf(" %s %s", j->fake ? "would be mounted on" : "mounted on", j->dir);
	if (s->device.area)
		printf(", licence area %s", s->device.area);
	putchar('\n');
}

static bool is_missing(const char *source, int err)
{
	return err == -ENOMEDIUM || err == -ENXIO || (err == -ENOENT && access(source, F_OK));
}

static int run(const struct job *j, struct source *s, struct keys *k)
{
	MCLIC_AUTO_CLOSE int dir = open(j->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (dir < 0)
		return mclic_fail(errno, "%s: %s", j->dir, strerror(errno));
	if (geteuid())
		return mclic_fail(EPERM, "only root may mount; mclicfs-fuse is for everybody");
	if (j->options.remount)
		return j->fake ? 0 : context_remount(j->dir, &j->options);
	err = source_open(s, j->source, j->options.set & MOUNT_ATTR_RDONLY);
	if (j->options.nofail && is_missing(j->source, err))
		return 0;
	if (!err && !j->fake)
		err = mount_source(j, s, k, dir);
	if (!err && j->verbose)
		say(j, s);
	return err;
}

static int status_of(int err)
{
	switch (-err) {
	case 0:
		return 0;
	case EPERM:
		return EXIT_USAGE;
	case ENOMEM:
	case EMFILE:
	case ENFILE:
		return EXIT_SYSTEM;
	default:
		return EXIT_MOUNT;
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = { keys, parse, "SOURCE DIR", doc, NULL, NULL, NULL };
	struct job j = { .source = NULL };
	struct source s = SOURCE_INIT;
	struct keys k = { .trust = NULL };
	int err;

	argp_err_exit_status = EXIT_USAGE;
	err = mclic_secure_process();
	if (!err) {
		argp_parse(&argp, argc, argv, 0, NULL, &j);
		err = run(&j, &s, &k);
	}
	if (err)
		mclic_report(err, false);
	keys_free(&k);
	source_close(&s);
	options_free(&j.options);
	return status_of(err);
}
