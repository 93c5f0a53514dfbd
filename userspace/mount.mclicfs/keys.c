// SPDX-License-Identifier: GPL-2.0-or-later
/* What the mounter has for the mount: user keys, center certificates, revocation lists. */
#include <errno.h>
#include <grp.h>
#include <keyutils.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mount.h"

/* ---- whose files ---- */

static bool parse_uid(const char *text, uid_t *uid)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	*uid = (uid_t)n;
	return *text >= '0' && *text <= '9' && !*end && !errno && n < UINT32_MAX;
}

/* Who called sudo, or root; NULL where there is no sudo and root has no name either. */
static int find_mounter(const struct passwd **p)
{
	const char *text = getenv("SUDO_UID");
	uid_t uid = 0;
	bool good = !text || parse_uid(text, &uid);

	*p = good ? getpwuid(uid) : NULL;
	/* That user's files must not be read as root. */
	if (!good || (!*p && uid))
		return mclic_fail(ENOENT, "SUDO_UID=%s: there is no such user, or users cannot be looked up now; for root's own keys: env -u SUDO_UID mount ...",
				  text);
	return 0;
}

/*
 * Read @p's files as @p: what a user may not read, root does not read for that user. With another
 * effective user a process is as dumpable as fs.suid_dumpable says: so it is made safe anew.
 */
static int become(const struct passwd *p)
{
	if (setgroups(1, &p->pw_gid) || setegid(p->pw_gid) || seteuid(p->pw_uid))
		return mclic_fail(errno, "cannot act as %s: %s", p->pw_name, strerror(errno));
	return mclic_secure_process();
}

static int come_back(const gid_t *groups, int count)
{
	if (seteuid(0) || setegid(0) || setgroups((size_t)count, groups))
		return mclic_fail(errno, "cannot act as root again: %s", strerror(errno));
	return mclic_secure_process();
}

static int set_home(const struct passwd *p)
{
	/* With sudo these may be root's, or anybody's. */
	if (p->pw_uid && (unsetenv("XDG_CONFIG_HOME") || unsetenv("XDG_STATE_HOME")))
		return mclic_fail(errno, "not enough memory");
	if ((p->pw_uid || !getenv("HOME")) && setenv("HOME", p->pw_dir, 1))
		return mclic_fail(errno, "not enough memory");
	return 0;
}

/* ---- loading ---- */

static int note_key(void *ctx, __s32 serial)
{
	struct keys *k = ctx;

	if (k->serial_count == sizeof(k->serials) / sizeof(k->serials[0]))
		return mclic_fail(E2BIG, "more than %zu user keys; name those that are needed with key=",
				  k->serial_count);
	k->serials[k->serial_count++] = serial;
	return 0;
}

static int load(struct keys *k, bool no_user_keys)
{
	int err = mclic_trust_load(&k->trust);

	if (!err && !no_user_keys)
		err = mclic_keyring_unlock(KEY_SPEC_PROCESS_KEYRING, note_key, k);
	return err < 0 ? err : 0;
}

int keys_load(struct keys *k, bool no_user_keys)
{
	const struct passwd *p;
	gid_t groups[NGROUPS_MAX];
	int count = getgroups(NGROUPS_MAX, groups), back, err = find_mounter(&p);

	if (err)
		return err;
	/* A system without users has root's files where HOME says. */
	k->root = !p || !p->pw_uid;
	if (!p)
		return load(k, no_user_keys);
	err = set_home(p);
	if (err || !p->pw_uid)
		return err ? err : load(k, no_user_keys);
	if (count < 0)
		return mclic_fail(EINVAL, "the groups of this process cannot be read");
	err = become(p);
	if (!err)
		err = load(k, no_user_keys);
	back = come_back(groups, count);
	return err ? err : back;
}

int keys_trust(struct keys *k)
{
	mclic_trust_warn(k->trust);
	return mclic_keyring_trust(k->trust, k->root);
}

int keys_forget(const struct keys *k)
{
	if (k->serial_count && keyctl_clear(KEY_SPEC_PROCESS_KEYRING))
		return mclic_fail(errno, "user keys cannot be taken out of the process keyring: %s",
				  strerror(errno));
	return 0;
}

void keys_free(struct keys *k)
{
	mclic_trust_free(k->trust);
	memset(k, 0, sizeof(*k));
}
