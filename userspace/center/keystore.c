// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The center's keys, each in a file of its own: KM of every generation, and the RSA
 * pair that signs licences. Names say what they hold: km-GENERATION.key,
 * signing-IDc.pem, signing-IDc.key.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "userspace/center/center.h"
#include "userspace/lib/pem.h"

#define KEYSTORE_NAME	64
#define KEYSTORE_PEM	16384

struct center_km {
	struct center_km *next;
	__u32 generation;
	__u8 *key;
};

/* ---- KM ---- */

static void km_name(__u32 generation, char name[KEYSTORE_NAME])
{
	snprintf(name, KEYSTORE_NAME, "km-%u.key", generation);
}

/* A value that names KM without telling anything about it. */
static int km_fingerprint(const __u8 *km, __u8 fingerprint[MCLIC_ID_SIZE])
{
	__u8 derived[MCLIC_KEY_SIZE];
	int ret = mclic_kdf(mclic_openssl(), km, "mclic KM check", NULL, 0, derived);

	memcpy(fingerprint, derived, MCLIC_ID_SIZE);
	mclic_wipe(derived, sizeof(derived));
	return ret ? mclic_fail(-ret, "cannot derive from a master key") : 0;
}

static int km_read(struct center *c, __u32 generation, __u8 *km)
{
	MCLIC_AUTO_CLOSE int fd = -1;
	char name[KEYSTORE_NAME];
	struct stat st;

	km_name(generation, name);
	fd = openat(c->keys_dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return mclic_fail(errno, "%s/keys/%s: cannot open it: %s%s", c->path, name,
				  strerror(errno), errno == ENOENT ? "; restore it from a backup, "
				  "licences of this generation depend on it" : "");
	if (fstat(fd, &st))
		return mclic_fail(errno, "%s/keys/%s: %s", c->path, name, strerror(errno));
	if (st.st_mode & 077)
		return mclic_fail(EPERM, "%s/keys/%s: others may read it; chmod 600 it", c->path,
				  name);
	if (st.st_size != MCLIC_KEY_SIZE ||
	    mclic_pread_full(fd, km, MCLIC_KEY_SIZE, 0) != MCLIC_KEY_SIZE)
		return mclic_fail(EBADMSG, "%s/keys/%s: not a key of %d bytes; restore it from a "
				  "backup", c->path, name, MCLIC_KEY_SIZE);
	return 0;
}

/* Root's mclicctl makes keys for mclicd's user. */
static int km_give(struct center *c, const char *name)
{
	struct stat st;

	if (geteuid())
		return 0;
	if (fstat(c->keys_dir, &st) ||
	    fchownat(c->keys_dir, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW))
		return mclic_fail(errno, "%s/keys/%s: cannot give it to the directory's owner: %s",
				  c->path, name, strerror(errno));
	return 0;
}

static int km_create(struct center *c, __u32 generation, __u8 *km)
{
	char name[KEYSTORE_NAME];
	int ret = mclic_random(km, MCLIC_KEY_SIZE);

	if (ret)
		return ret;
	km_name(generation, name);
	return mclic_create_file(c->keys_dir, name, km, MCLIC_KEY_SIZE, 0600);
}

int keystore_km_make(struct center *c, __u32 generation, __u8 fingerprint[MCLIC_ID_SIZE])
{
	__u8 *km = mclic_secret_alloc(MCLIC_KEY_SIZE);
	char name[KEYSTORE_NAME];
	int ret;

	if (!km)
		return mclic_fail(ENOMEM, "no locked memory for a key");
	km_name(generation, name);
	if (faccessat(c->keys_dir, name, F_OK, AT_SYMLINK_NOFOLLOW) && errno == ENOENT)
		ret = km_create(c, generation, km);
	else
		ret = km_read(c, generation, km);
	if (!ret)
		ret = km_give(c, name);
	if (!ret)
		ret = km_fingerprint(km, fingerprint);
	mclic_secret_free(km, MCLIC_KEY_SIZE);
	return ret;
}

static int km_load(struct center *c, __u32 generation, struct center_km **out)
{
	struct center_km *k = calloc(1, sizeof(*k));
	int ret = 0;

	if (k)
		k->key = mclic_secret_alloc(MCLIC_KEY_SIZE);
	if (!k || !k->key)
		ret = mclic_fail(ENOMEM, "no locked memory for a key");
	if (!ret)
		ret = km_read(c, generation, k->key);
	if (ret) {
		if (k)
			mclic_secret_free(k->key, MCLIC_KEY_SIZE);
		free(k);
		return ret;
	}
	k->generation = generation;
	*out = k;
	return 0;
}

int keystore_km(struct center *c, __u32 generation, const __u8 **km)
{
	struct center_km *k;
	int ret = 0;

	pthread_mutex_lock(&c->km_lock);
	for (k = c->km; k && k->generation != generation; k = k->next)
		;
	if (!k) {
		ret = km_load(c, generation, &k);
		if (!ret) {
			k->next = c->km;
			c->km = k;
		}
	}
	pthread_mutex_unlock(&c->km_lock);
	if (!ret)
		*km = k->key;
	return ret;
}

int keystore_km_check(struct center *c, __u32 generation,
		      const __u8 fingerprint[MCLIC_ID_SIZE])
{
	__u8 found[MCLIC_ID_SIZE];
	const __u8 *km;
	int ret;

	ret = keystore_km(c, generation, &km);
	if (!ret)
		ret = km_fingerprint(km, found);
	if (!ret && !mclic_equal(found, fingerprint, sizeof(found)))
		ret = mclic_fail(EBADMSG, "%s/keys/km-%u.key: not the key that this database was "
				 "made with; restore both from the same backup", c->path, generation);
	return ret;
}

int keystore_km_rotate(struct center *c, struct db *db, __u64 now, __u32 *generation)
{
	__u8 fingerprint[MCLIC_ID_SIZE];
	int ret;

	ret = keystore_current(db, generation);
	if (ret)
		return ret;
	if (*generation == UINT32_MAX)
		return mclic_fail(EOVERFLOW, "there is no generation after %u", *generation);
	ret = keystore_km_make(c, ++*generation, fingerprint);
	if (ret)
		return ret;
	ret = db_run(db, "INSERT INTO km_generations (generation, fingerprint, created_at)"
		     " VALUES (?, ?, ?)",
		     DB_ARGS(DB_INT(*generation), DB_ID(fingerprint), DB_INT(now)));
	return ret < 0 ? ret : 0;
}

int keystore_current(struct db *db, __u32 *generation)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(db, "SELECT max(generation) FROM km_generations", NULL, &s);
	if (!ret)
		ret = db_step(db, s);
	if (ret < 0)
		return ret;
	*generation = (__u32)sqlite3_column_int64(s, 0);
	return *generation ? 0 : mclic_fail(EBADMSG, "the database names no master key");
}

void keystore_free(struct center *c)
{
	struct center_km *k;

	while ((k = c->km)) {
		c->km = k->next;
		mclic_secret_free(k->key, MCLIC_KEY_SIZE);
		free(k);
	}
}

/* ---- the signing pair ---- */

static void signing_name(const __u8 id[MCLIC_ID_SIZE], const char *suffix,
			 char name[KEYSTORE_NAME])
{
	char hex[2 * MCLIC_ID_SIZE + 1];

	snprintf(name, KEYSTORE_NAME, "signing-%s.%s", mclic_hex(id, MCLIC_ID_SIZE, hex), suffix);
}

/* Is this the name of a signing key? Its IDc then. */
static bool signing_id(const char *name, __u8 id[MCLIC_ID_SIZE])
{
	char again[KEYSTORE_NAME], hex[2 * MCLIC_ID_SIZE + 1];

	if (sscanf(name, "signing-%32[0-9a-f].key", hex) != 1 || mclic_unhex(hex, id, MCLIC_ID_SIZE))
		return false;
	signing_name(id, "key", again);
	return !strcmp(name, again);
}

/* The certificate is written first, so a key found is a whole pair. */
int keystore_signing_find(struct center *c)
{
	struct dirent *e;
	int fd = openat(c->keys_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int found = 0;

	if (!d) {
		mclic_close_fd(&fd);
		return mclic_fail(errno, "%s/keys: cannot read it: %s", c->path, strerror(errno));
	}
	while (!found && (e = readdir(d)))
		found = signing_id(e->d_name, c->id);
	closedir(d);
	return found;
}

static int signing_write(struct center *c, EVP_PKEY *key, X509 *cert)
{
	MCLIC_AUTO_FREE char *path = NULL;
	char name[KEYSTORE_NAME];
	int ret;

	signing_name(c->id, "pem", name);
	ret = mclic_cert_write(c->keys_dir, name, cert, 0600);
	if (ret)
		return ret;
	signing_name(c->id, "key", name);
	if (asprintf(&path, "%s/keys/%s", c->path, name) < 0) {
		path = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	return mclic_key_write(path, key);
}

int keystore_signing_make(struct center *c, const char *name, int bits)
{
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	int ret = keystore_signing_find(c);

	if (ret)
		return ret < 0 ? ret : 0;
	ret = mclic_center_cert_make(name, bits, &key, &cert);
	if (!ret)
		ret = mclic_center_id(cert, c->id);
	if (!ret)
		ret = signing_write(c, key, cert);
	EVP_PKEY_free(key);
	X509_free(cert);
	return ret;
}

static int signing_check(struct center *c, X509 *cert)
{
	__u8 id[MCLIC_ID_SIZE];
	int ret = mclic_center_id(cert, id);

	if (ret)
		return ret;
	if (!mclic_equal(id, c->id, sizeof(id)) ||
	    (c->signing_key && X509_check_private_key(cert, c->signing_key) != 1))
		return mclic_fail(EBADMSG, "%s/keys: the signing key and its certificate do not "
				  "belong together; restore both from a backup", c->path);
	return 0;
}

int keystore_signing_load(struct center *c, bool with_key)
{
	MCLIC_AUTO_FREE char *path = NULL;
	char name[KEYSTORE_NAME];
	void *text = NULL;
	X509 *cert = NULL;
	size_t len;
	int ret = 0;

	signing_name(c->id, "key", name);
	if (asprintf(&path, "%s/keys/%s", c->path, name) < 0) {
		path = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	if (with_key)
		ret = mclic_key_read(path, &c->signing_key);
	signing_name(c->id, "pem", name);
	if (!ret)
		ret = mclic_read_file(c->keys_dir, name, KEYSTORE_PEM, &text, &len);
	if (ret)
		return ret;
	c->certificate = text;
	cert = mclic_cert_read(text, len);
	if (!cert)
		ret = mclic_fail(EBADMSG, "%s/keys/%s: not a certificate; restore it from a backup",
				 c->path, name);
	else
		ret = signing_check(c, cert);
	X509_free(cert);
	return ret;
}

/* ---- what a killed start left behind ---- */

int keystore_clean(int dirfd)
{
	const char prefix[] = ".mclic-";	/* of mclic_write_file() */
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		mclic_close_fd(&fd);
		return mclic_fail(errno, "cannot read the data directory: %s", strerror(errno));
	}
	while ((e = readdir(d)))
		if (!strncmp(e->d_name, prefix, sizeof(prefix) - 1))
			unlinkat(dirfd, e->d_name, 0);
	closedir(d);
	return 0;
}
