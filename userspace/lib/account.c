// SPDX-License-Identifier: GPL-2.0-or-later
/* What enrolment left on this machine: accounts, the device key, user keys. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmclic.h"

#define ACCOUNT_MAX	(64u << 10)

static char *account_folder(void)
{
	char *dir = mclic_config_path("accounts");

	if (!dir)
		mclic_fail(ENOENT, "%s", mclic_message());
	return dir;
}

/* A string member, or NULL where it is missing or null. */
static char *text_of(const json_t *j, const char *name)
{
	const char *s = json_string_value(json_object_get(j, name));

	return s ? strdup(s) : NULL;
}

static int id_of(const json_t *j, const char *name, __u8 id[MCLIC_ID_SIZE])
{
	const char *s = json_string_value(json_object_get(j, name));

	return s ? mclic_unhex(s, id, MCLIC_ID_SIZE) : -EINVAL;
}

static int parse(const char *path, const void *text, size_t len, struct mclic_account **account)
{
	struct mclic_account *a = calloc(1, sizeof(*a));
	MCLIC_AUTO_JSON json_t *j = json_loadb(text, len, 0, NULL);
	json_int_t generation;

	if (!a)
		return mclic_fail(ENOMEM, "not enough memory");
	a->url = text_of(j, "url");
	a->cacert = text_of(j, "cacert");
	a->user_name = text_of(j, "user_name");
	generation = json_integer_value(json_object_get(j, "ku_generation"));
	if (id_of(j, "center", a->center_id) || id_of(j, "user", a->user_id) || !a->url ||
	    !a->user_name || generation < 0 || generation > UINT32_MAX) {
		mclic_account_free(a);
		return mclic_fail(EBADMSG, "%s: this account is damaged; remove the file and enrol "
				  "again (mclic enrol)", path);
	}
	a->ku_generation = (__u32)generation;
	*account = a;
	return 0;
}

/* The name of the only account in @dir: 0, -ENOENT or -ENOTUNIQ. */
static int only_account(const char *dir, char name[2 * MCLIC_ID_SIZE + 8])
{
	__u8 id[MCLIC_ID_SIZE];
	struct dirent *e;
	DIR *d = opendir(dir);
	int count = 0;

	if (!d)
		return mclic_fail(errno, "%s: %s", dir, strerror(errno));
	while ((e = readdir(d))) {
		char hex[2 * MCLIC_ID_SIZE + 1];

		if (strlen(e->d_name) != 2 * MCLIC_ID_SIZE + 5 ||
		    strcmp(e->d_name + 2 * MCLIC_ID_SIZE, ".json"))
			continue;
		memcpy(hex, e->d_name, 2 * MCLIC_ID_SIZE);
		hex[2 * MCLIC_ID_SIZE] = '\0';
		if (mclic_unhex(hex, id, sizeof(id)))
			continue;
		memcpy(name, e->d_name, 2 * MCLIC_ID_SIZE + sizeof(".json"));
		count++;
	}
	closedir(d);
	if (!count)
		return mclic_fail(ENOENT, "this machine is not enrolled with any license center; see "
				  "\"mclic enrol URL --token T\"");
	if (count > 1)
		return mclic_fail(ENOTUNIQ, "this machine is enrolled with %d license centers (%s); "
				  "say which one with --center", count, dir);
	return 0;
}

int mclic_account_load(const __u8 *center_id, struct mclic_account **a)
{
	char name[2 * MCLIC_ID_SIZE + 8], hex[2 * MCLIC_ID_SIZE + 1];
	MCLIC_AUTO_FREE char *dir = account_folder();
	MCLIC_AUTO_FREE char *path = NULL;
	MCLIC_AUTO_FREE void *text = NULL;
	size_t len;
	int err;

	*a = NULL;
	if (!dir)
		return -ENOENT;
	if (center_id) {
		mclic_hex(center_id, MCLIC_ID_SIZE, hex);
		snprintf(name, sizeof(name), "%s.json", hex);
	} else {
		err = only_account(dir, name);
		if (err)
			return err;
	}
	if (asprintf(&path, "%s/%s", dir, name) < 0) {
		path = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	err = mclic_read_file(AT_FDCWD, path, ACCOUNT_MAX, &text, &len);
	if (err == -ENOENT && center_id)
		return mclic_fail(ENOENT, "this machine is not enrolled with the license center %s; see "
				  "\"mclic enrol URL --token T\"", hex);
	if (err)
		return err;
	err = parse(path, text, len, a);
	if (*a && center_id && memcmp((*a)->center_id, center_id, MCLIC_ID_SIZE)) {
		mclic_account_free(*a);
		*a = NULL;
		err = mclic_fail(EBADMSG, "%s: this account is another center's; remove the file and "
				 "enrol again (mclic enrol)", path);
	}
	return err;
}

int mclic_account_save(const struct mclic_account *a)
{
	char center[2 * MCLIC_ID_SIZE + 1], user[2 * MCLIC_ID_SIZE + 1];
	MCLIC_AUTO_FREE char *dir = account_folder();
	MCLIC_AUTO_FREE char *path = NULL;
	MCLIC_AUTO_FREE char *text = NULL;
	MCLIC_AUTO_JSON json_t *j = NULL;

	if (!dir)
		return -ENOENT;
	mclic_hex(a->center_id, MCLIC_ID_SIZE, center);
	mclic_hex(a->user_id, MCLIC_ID_SIZE, user);
	j = json_pack("{s:s, s:s, s:s?, s:s, s:s, s:I}", "center", center, "url", a->url, "cacert",
		      a->cacert, "user", user, "user_name", a->user_name, "ku_generation",
		      (json_int_t)a->ku_generation);
	if (!j)
		return mclic_fail(EINVAL, "the account's address or user name is no UTF-8 text");
	text = json_dumps(j, JSON_INDENT(2) | JSON_SORT_KEYS);
	if (!text || asprintf(&path, "%s/%s.json", dir, center) < 0) {
		path = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	return mclic_write_file(AT_FDCWD, path, text, strlen(text), 0600);
}

void mclic_account_free(struct mclic_account *a)
{
	if (!a)
		return;
	free(a->url);
	free(a->cacert);
	free(a->user_name);
	free(a);
}

int mclic_device_key(bool create, EVP_PKEY **key, __u8 public[MCLIC_ED25519_PUBLIC],
		     __u8 device_id[MCLIC_ID_SIZE])
{
	MCLIC_AUTO_FREE char *dir = mclic_config_path(NULL);
	MCLIC_AUTO_FREE char *path = NULL;
	struct mclic_vec v = { public, MCLIC_ED25519_PUBLIC };
	int err;

	*key = NULL;
	if (!dir)
		return mclic_fail(ENOENT, "%s", mclic_message());
	if (asprintf(&path, "%s/device.key", dir) < 0) {
		path = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	err = mclic_ed25519_load(path, create, key, public);
	if (err == -ENOENT)
		return mclic_fail(ENOENT, "this machine has no device key (%s); enrol it with \"mclic "
				  "enrol URL --token T\"", path);
	if (!err)
		err = mclic_identifier(mclic_openssl(), MCLIC_LABEL_DEVICE, &v, 1, device_id);
	if (err) {
		EVP_PKEY_free(*key);
		*key = NULL;
	}
	return err;
}

/* CONFIG/user-keys/IDc-USERID-GENERATION.key; free() it */
static char *user_key_path(const __u8 *center_id, const __u8 *user_id, __u32 generation)
{
	MCLIC_AUTO_FREE char *dir = mclic_config_path("user-keys");
	char center[2 * MCLIC_ID_SIZE + 1], user[2 * MCLIC_ID_SIZE + 1];
	char *path;

	if (!dir)
		return NULL;
	if (asprintf(&path, "%s/%s-%s-%u.key", dir, mclic_hex(center_id, MCLIC_ID_SIZE, center),
		     mclic_hex(user_id, MCLIC_ID_SIZE, user), generation) >= 0)
		return path;
	mclic_fail(ENOMEM, "not enough memory");
	return NULL;
}

int mclic_user_key_load(const __u8 center_id[MCLIC_ID_SIZE], const __u8 user_id[MCLIC_ID_SIZE],
			__u32 generation, __u8 ku[MCLIC_KEY_SIZE])
{
	MCLIC_AUTO_FREE char *path = user_key_path(center_id, user_id, generation);
	MCLIC_AUTO_CLOSE int fd = -1;
	struct stat st;

	if (!path)
		return mclic_fail(ENOKEY, "%s", mclic_message());
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return mclic_fail(ENOKEY, "the user key of this licence (generation %u) is not on this "
				  "machine; get it with \"mclic enrol --refresh\", or enrol as the "
				  "licence's user", generation);
	if (fd < 0 || fstat(fd, &st))
		return mclic_fail(errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size != MCLIC_KEY_SIZE)
		return mclic_fail(EBADMSG, "%s: this user key is damaged; remove the file and fetch it "
				  "again with \"mclic enrol --refresh\"", path);
	if (st.st_mode & 077)
		return mclic_fail(EPERM, "%s: others may read or write this user key; if nobody did, "
				  "put that right with chmod 600", path);
	/* Straight into the caller's memory: no buffer in between keeps a copy. */
	if (mclic_pread_full(fd, ku, MCLIC_KEY_SIZE, 0) != MCLIC_KEY_SIZE) {
		mclic_wipe(ku, MCLIC_KEY_SIZE);
		return mclic_fail(EIO, "%s: cannot be read", path);
	}
	return 0;
}

int mclic_user_key_save(const __u8 center_id[MCLIC_ID_SIZE], const __u8 user_id[MCLIC_ID_SIZE],
			__u32 generation, const __u8 ku[MCLIC_KEY_SIZE])
{
	MCLIC_AUTO_FREE char *path = user_key_path(center_id, user_id, generation);

	if (!path)
		return mclic_fail(ENOENT, "%s", mclic_message());
	return mclic_write_file(AT_FDCWD, path, ku, MCLIC_KEY_SIZE, 0600);
}
