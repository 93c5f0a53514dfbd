// SPDX-License-Identifier: GPL-2.0-or-later
/* mclic unlock, mclic lock: user keys into and out of the kernel. */

#include <keyutils.h>
#include <unistd.h>

#include "kernel.h"

static const struct argp_option options[] = {
	OPTION_JSON_ENTRY,
	{ 0 }
};

static const struct argp unlock_argp = {
	.options = options,
	.parser = options_parse,
	.args_doc = "[TARGET]",
	.doc = "Give the user keys of this machine to the kernel: to your keyring, where your mounts of mclicfs find them; or to the mount TARGET alone, for as long as it is mounted.",
};

static const struct argp lock_argp = {
	.options = options,
	.parser = options_parse,
	.args_doc = "[TARGET]",
	.doc = "Take the user keys from the mount TARGET; or from your keyring, and from every mount of mclicfs that is yours.\v"
	       "What was read with them is wiped from memory, but for files that are still open: those keep their keys until they are closed, which is said, and is a failure. So are mounts of others, which may hold keys of yours.",
};

/* The descriptor, or -errno. */
static int open_mount(const char *path)
{
	int fd = mclic_kernel_open(path);

	return fd >= 0 ? fd : mclic_fail(EINVAL, "%s is not a mount of the kernel's mclicfs", path);
}

static int no_keys(void)
{
	return mclic_fail(ENOKEY, "there is no user key on this machine; get one with \"mclic enrol\"");
}

/* ---- unlock ---- */

struct mounted {
	int fd;
	const char *path;
};

static int add_key_to(void *ctx, __s32 serial)
{
	const struct mounted *m = ctx;

	return mclic_kernel_key_add(m->fd, m->path, serial);
}

/* The process keyring ends with this program, the mount keeps what it was given. */
static int unlock_mount(const char *path)
{
	MCLIC_AUTO_CLOSE int fd = open_mount(path);
	struct mounted m = { .fd = fd, .path = path };

	return fd < 0 ? fd : mclic_keyring_unlock(KEY_SPEC_PROCESS_KEYRING, add_key_to, &m);
}

static int unlock(const struct options *o)
{
	const char *target = o->count ? o->args[0] : NULL;
	int n = target ? unlock_mount(target) :
			 mclic_keyring_unlock(KEY_SPEC_USER_KEYRING, NULL, NULL);

	if (n <= 0)
		return n ? n : no_keys();
	if (o->json)
		return mclic_print_json(json_pack("{s:i, s:s?}", "keys", n, "mount", target));
	printf("%d user %s given to %s\n", n, n == 1 ? "key" : "keys",
	       target ? target : "your keyring");
	return 0;
}

int cmd_unlock(int argc, char **argv)
{
	struct options o = { .most = 1 };

	argp_parse(&unlock_argp, argc, argv, 0, NULL, &o);
	return mclic_report(unlock(&o), o.json);
}

/* ---- lock ---- */

/**
 * struct lock - one run
 * @o: command line
 * @mounts: what became of each mount
 * @busy: files that keep their keys
 * @skipped: mounts that are somebody else's
 */
struct lock {
	const struct options *o;
	json_t *mounts;
	unsigned long long busy;
	unsigned int skipped;
};

static int lock_mount(struct lock *l, int fd, const char *path)
{
	__u32 busy = 0;
	int err = mclic_kernel_key_remove(fd, path, 0, &busy);

	if (err)
		return err;
	l->busy += busy;
	json_array_append_new(l->mounts, json_pack("{s:s, s:I}", "mount", path, "busy",
						   (json_int_t)busy));
	if (!l->o->json)
		printf("%s: locked%s\n", path, busy ? ", but for files that are open" : "");
	return 0;
}

static int lock_each(void *ctx, int fd, const char *path)
{
	struct lock *l = ctx;
	int err = lock_mount(l, fd, path);

	if (err != -EPERM)
		return err;
	/* Who mounts a medium by sudo has keys of his own in a mount that may be root's. */
	mclic_warn("%s: not yours, and keeps the keys it was given, perhaps your own; as root: mclic lock %s",
		   path, path);
	json_array_append_new(l->mounts, json_pack("{s:s, s:n}", "mount", path, "busy"));
	l->skipped++;
	return 0;
}

static int lock_all(struct lock *l, int *keys)
{
	*keys = mclic_keyring_lock(KEY_SPEC_USER_KEYRING);
	if (*keys < 0)
		return *keys;
	if (!l->o->json)
		printf("%d user %s taken from your keyring\n", *keys, *keys == 1 ? "key" : "keys");
	return kernel_mounts(lock_each, l);
}

static int lock_one(struct lock *l, const char *path)
{
	MCLIC_AUTO_CLOSE int fd = open_mount(path);
	int err = fd < 0 ? fd : lock_mount(l, fd, path);

	if (!err && mclic_keyring_has(KEY_SPEC_USER_KEYRING))
		mclic_warn("%s: if it is your mount it finds the user keys in your keyring again; to take those: mclic lock",
			   path);
	return err;
}

static int lock(struct lock *l)
{
	int keys = 0, err;

	err = l->o->count ? lock_one(l, l->o->args[0]) : lock_all(l, &keys);
	if (!err && l->o->json)
		err = mclic_print_json(json_pack("{s:i, s:O}", "keys", keys, "mounts", l->mounts));
	return err;
}

int cmd_lock(int argc, char **argv)
{
	MCLIC_AUTO_JSON json_t *mounts = json_array();
	struct options o = { .most = 1 };
	struct lock l = { .o = &o, .mounts = mounts };
	int err;

	argp_parse(&lock_argp, argc, argv, 0, NULL, &o);
	err = lock(&l);
	if (err)
		return mclic_report(err, o.json);
	if (!l.busy) {
		err = mclic_report(0, o.json);
		return l.skipped ? MCLIC_EXIT_FAILED : err;
	}
	/* With --json the counts are the answer. */
	mclic_fail(EBUSY, "%llu %s still open and keep their keys until they are closed; end the programs that use them (lsof, fuser -m), then run this again",
		   l.busy, l.busy == 1 ? "file is" : "files are");
	return o.json ? MCLIC_EXIT_FAILED : mclic_report(-EBUSY, false);
}
