// SPDX-License-Identifier: GPL-2.0-or-later
/* User keys in the kernel's keyrings, as logon keys: user space cannot read them back. */
#include <dirent.h>
#include <errno.h>
#include <keyutils.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"

#define KEY_SUFFIX	".key"

/** struct named - a key, from its file's name */
struct named {
	__u8 center_id[MCLIC_ID_SIZE];
	__u8 user_id[MCLIC_ID_SIZE];
	__u32 generation;
};

/* An id and a dash at *@name, which is moved behind them. */
static bool parse_id(const char **name, __u8 id[MCLIC_ID_SIZE])
{
	char hex[2 * MCLIC_ID_SIZE + 1];

	if (strlen(*name) <= 2 * MCLIC_ID_SIZE || (*name)[2 * MCLIC_ID_SIZE] != '-')
		return false;
	memcpy(hex, *name, 2 * MCLIC_ID_SIZE);
	hex[2 * MCLIC_ID_SIZE] = '\0';
	*name += 2 * MCLIC_ID_SIZE + 1;
	return !mclic_unhex(hex, id, MCLIC_ID_SIZE);
}

/* IDc-USERID-GENERATION.key, as mclic_user_key_save() names it. */
static bool parse_name(const char *name, struct named *k)
{
	unsigned long n;
	char *end;

	if (!parse_id(&name, k->center_id) || !parse_id(&name, k->user_id) || *name < '0' ||
	    *name > '9')
		return false;
	errno = 0;
	n = strtoul(name, &end, 10);
	k->generation = (__u32)n;
	return !errno && n <= UINT32_MAX && !strcmp(end, KEY_SUFFIX);
}

static int no_keyring(const char *what)
{
	int err = errno;

	if (err == EDQUOT)
		return mclic_fail(err, "%s: your keyring is full (keyctl show; /proc/key-users)",
				  what);
	return mclic_fail(err, "%s: the kernel does not take it: %s", what, strerror(err));
}

static __s32 add_one(const struct named *k, __s32 ring)
{
	char hex[2 * MCLIC_ID_SIZE + 1], name[sizeof(MCLICFS_KEY_PREFIX) + sizeof(hex) + 16];
	__u8 *ku = mclic_secret_alloc(MCLIC_KEY_SIZE);
	__s32 serial;

	if (!ku)
		return mclic_fail(ENOMEM, "not enough locked memory for keys");
	snprintf(name, sizeof(name), MCLICFS_KEY_PREFIX "%s:%u",
		 mclic_hex(k->user_id, MCLIC_ID_SIZE, hex), k->generation);
	serial = mclic_user_key_load(k->center_id, k->user_id, k->generation, ku);
	if (!serial) {
		serial = add_key("logon", name, ku, MCLIC_KEY_SIZE, ring);
		if (serial < 0)
			serial = no_keyring(name);
	}
	mclic_secret_free(ku, MCLIC_KEY_SIZE);
	return serial;
}

int mclic_keyring_unlock(__s32 ring, int (*each)(void *ctx, __s32 serial), void *ctx)
{
	MCLIC_AUTO_FREE char *folder = mclic_config_path("user-keys");
	DIR *dir = folder ? opendir(folder) : NULL;
	int err = 0, count = 0;
	struct dirent *e;
	struct named k;
	__s32 serial;

	if (!dir)
		return 0;
	while (!err && (e = readdir(dir))) {
		if (!parse_name(e->d_name, &k))
			continue;
		serial = add_one(&k, ring);
		if (serial < 0)
			err = serial;
		else if (each)
			err = each(ctx, serial);
		count++;
	}
	closedir(dir);
	return err ? err : count;
}

/* The description reads "type;uid;gid;permissions;name". */
char *mclic_key_name(__s32 serial, const char *type)
{
	MCLIC_AUTO_FREE char *text = NULL;
	size_t len = strlen(type);

	if (keyctl_describe_alloc(serial, &text) < 0 || strncmp(text, type, len) ||
	    text[len] != ';')
		return NULL;
	return strdup(strrchr(text, ';') + 1);
}

static bool is_user_key(__s32 serial)
{
	MCLIC_AUTO_FREE char *name = mclic_key_name(serial, "logon");

	return name && !strncmp(name, MCLICFS_KEY_PREFIX, strlen(MCLICFS_KEY_PREFIX));
}

bool mclic_keyring_has(__s32 ring)
{
	bool has = false;
	__s32 *keys;
	long i, len;

	len = keyctl_read_alloc(ring, (void **)&keys);
	if (len < 0)
		return false;
	for (i = 0; !has && i < len / (long)sizeof(*keys); i++)
		has = is_user_key(keys[i]);
	free(keys);
	return has;
}

int mclic_keyring_lock(__s32 ring)
{
	int err = 0, count = 0;
	__s32 *keys = NULL;
	long i, len;

	len = keyctl_read_alloc(ring, (void **)&keys);
	if (len < 0)
		return mclic_fail(errno, "the keyring cannot be read: %s", strerror(errno));
	for (i = 0; !err && i < len / (long)sizeof(*keys); i++) {
		if (!is_user_key(keys[i]))
			continue;
		/* Whoever holds it finds it revoked, and forgets it. */
		if (keyctl_revoke(keys[i]) || keyctl_unlink(keys[i], ring))
			err = mclic_fail(errno, "key %d cannot be taken out of the keyring: %s",
					 keys[i], strerror(errno));
		count++;
	}
	free(keys);
	return err ? err : count;
}
