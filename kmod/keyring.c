// SPDX-License-Identifier: GPL-2.0-only
/*
 * User keys (KU), which are logon keys, and the certificates of license centers, which
 * root puts into the keyring .mclic.
 */
#include <crypto/public_key.h>
#include <keys/asymmetric-type.h>
#include <keys/user-type.h>
#include <linux/slab.h>

#include "mclicfs.h"

static struct key *centers;

int mclicfs_keyring_init(void)
{
	centers = keyring_alloc(MCLICFS_KEYRING, GLOBAL_ROOT_UID, GLOBAL_ROOT_GID, current_cred(),
				KEY_POS_SEARCH | KEY_USR_VIEW | KEY_USR_READ | KEY_USR_WRITE |
				KEY_USR_SEARCH | KEY_USR_SETATTR,
				KEY_ALLOC_NOT_IN_QUOTA, NULL, NULL);
	return PTR_ERR_OR_ZERO(centers);
}

void mclicfs_keyring_exit(void)
{
	key_put(centers);
}

/* ---- user keys ---- */

/* A key of the mount; guarded by mclicfs_fs.lock */
struct mclicfs_user_key {
	struct list_head link;
	struct key *key;
};

#define NAME_SIZE	(sizeof(MCLICFS_KEY_PREFIX) + 2 * MCLIC_ID_SIZE + sizeof(":4294967295"))

static void key_name(const u8 user_id[MCLIC_ID_SIZE], u32 ku_generation, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, MCLICFS_KEY_PREFIX "%*phN:%u", MCLIC_ID_SIZE, user_id,
		 ku_generation);
}

bool mclicfs_key_is(const struct key *key, const u8 user_id[MCLIC_ID_SIZE], u32 ku_generation)
{
	char name[NAME_SIZE];

	key_name(user_id, ku_generation, name);
	return !strcmp(key->description, name);
}

/* Copy KU out of a logon key that is still good. */
static int key_payload(struct key *key, u8 ku[MCLIC_KEY_SIZE])
{
	const struct user_key_payload *payload;
	int err = -ENOKEY;

	down_read(&key->sem);
	payload = key_validate(key) ? NULL : user_key_payload_locked(key);
	if (payload && payload->datalen == MCLIC_KEY_SIZE) {
		memcpy(ku, payload->data, MCLIC_KEY_SIZE);
		err = 0;
	}
	up_read(&key->sem);
	return err;
}

static struct mclicfs_user_key *find_serial(struct mclicfs_fs *fs, key_serial_t serial)
{
	struct mclicfs_user_key *u;

	list_for_each_entry(u, &fs->keys, link)
		if (u->key->serial == serial)
			return u;
	return NULL;
}

/* A verdict may fall out otherwise now. */
static void keys_changed(struct mclicfs_fs *fs)
{
	down_write(&fs->world);
	fs->generation++;
	up_write(&fs->world);
}

int mclicfs_key_add(struct mclicfs_fs *fs, struct key *key)
{
	struct mclicfs_user_key *u;
	u8 ku[MCLIC_KEY_SIZE];
	int err;

	if (key->type != &key_type_logon ||
	    strncmp(key->description, MCLICFS_KEY_PREFIX, strlen(MCLICFS_KEY_PREFIX)))
		return -EINVAL;
	err = key_payload(key, ku);
	memzero_explicit(ku, sizeof(ku));
	if (err)
		return err;
	u = kmalloc(sizeof(*u), GFP_KERNEL);
	if (!u)
		return -ENOMEM;
	mutex_lock(&fs->lock);
	if (find_serial(fs, key->serial)) {
		kfree(u);
	} else {
		u->key = key_get(key);
		list_add_tail(&u->link, &fs->keys);
	}
	mutex_unlock(&fs->lock);
	keys_changed(fs);
	return 0;
}

struct key *mclicfs_key_take(struct mclicfs_fs *fs, key_serial_t serial)
{
	struct key *key = ERR_PTR(-ENOKEY);
	struct mclicfs_user_key *u;

	mutex_lock(&fs->lock);
	u = find_serial(fs, serial);
	if (u) {
		list_del(&u->link);
		key = u->key;
		kfree(u);
	}
	mutex_unlock(&fs->lock);
	keys_changed(fs);
	return key;
}

void mclicfs_keys_free(struct mclicfs_fs *fs)
{
	struct mclicfs_user_key *u, *next;

	mutex_lock(&fs->lock);
	list_for_each_entry_safe(u, next, &fs->keys, link) {
		list_del(&u->link);
		key_put(u->key);
		kfree(u);
	}
	mutex_unlock(&fs->lock);
	keys_changed(fs);
}

static int find_in_mount(struct mclicfs_fs *fs, const char *name, u8 ku[MCLIC_KEY_SIZE])
{
	struct mclicfs_user_key *u;
	int err = -ENOKEY;

	mutex_lock(&fs->lock);
	list_for_each_entry(u, &fs->keys, link) {
		if (strcmp(u->key->description, name))
			continue;
		err = key_payload(u->key, ku);
		if (!err)
			break;
	}
	mutex_unlock(&fs->lock);
	return err;
}

/* No upcall: a key that is not there yet is not there. */
static int find_in_keyrings(struct mclicfs_fs *fs, const char *name, u8 ku[MCLIC_KEY_SIZE])
{
	const struct cred *old = mclicfs_become(fs->sb);
	struct key *found = request_key(&key_type_logon, name, NULL);
	int err;

	revert_creds(old);
	if (IS_ERR(found)) {
		err = PTR_ERR(found);
		return err == -ENOMEM || err == -ERESTARTSYS ? err : -ENOKEY;
	}
	err = key_payload(found, ku);
	key_put(found);
	return err;
}

int mclicfs_key_find(struct mclicfs_fs *fs, const u8 user_id[MCLIC_ID_SIZE], u32 ku_generation,
		     u8 ku[MCLIC_KEY_SIZE])
{
	char name[NAME_SIZE];
	int err;

	key_name(user_id, ku_generation, name);
	err = find_in_mount(fs, name, ku);
	return err == -ENOKEY ? find_in_keyrings(fs, name, ku) : err;
}

/* ---- certificates ---- */

/* A center's certificate, by the Subject Key Identifier that names its key. */
static struct key *find_center(const u8 center_id[MCLIC_ID_SIZE])
{
	struct asymmetric_key_id *skid;
	struct key *key;

	skid = asymmetric_key_generate_id(center_id, MCLIC_ID_SIZE, "", 0);
	if (IS_ERR(skid))
		return ERR_CAST(skid);
	/* Given twice it must be the second of the key's names, which is the identifier. */
	key = find_asymmetric_key(centers, skid, skid, NULL, false);
	kfree(skid);
	if (IS_ERR(key) && PTR_ERR(key) != -ENOMEM)
		return ERR_PTR(-ENOKEY);	/* also a key that is revoked or expired */
	return key;
}

int mclicfs_center_find(const u8 center_id[MCLIC_ID_SIZE])
{
	struct key *key = find_center(center_id);

	if (IS_ERR(key))
		return PTR_ERR(key);
	key_put(key);
	return 0;
}

/* What the cipher reads through a scatter list must be neither stack nor vmalloc memory. */
struct signed_hash {
	struct public_key_signature sig;
	u8 hash[MCLIC_HASH_SIZE];
	u8 s[MCLIC_SIG_MAX];
};

static int verify(struct key *key, struct signed_hash *h, const u8 *s, size_t len)
{
	int err;

	memcpy(h->s, s, len);
	h->sig = (struct public_key_signature){
		.s = h->s,
		.s_size = len,
		.digest = h->hash,
		.digest_size = sizeof(h->hash),
		.pkey_algo = "rsa",
		.hash_algo = "sha256",
		.encoding = "pkcs1",
	};
	err = verify_signature(key, &h->sig);
	/* Not of this key's length, not below its modulus, no padding: all of them wrong. */
	return err == -EBADMSG || err == -EINVAL ? -EKEYREJECTED : err;
}

int mclicfs_signature_check(const u8 center_id[MCLIC_ID_SIZE], const struct mclic_vec *v,
			    unsigned int n, const u8 *sig, size_t len)
{
	struct signed_hash *h;
	struct key *key;
	int err;

	if (len > MCLIC_SIG_MAX)
		return -EKEYREJECTED;
	key = find_center(center_id);
	if (IS_ERR(key))
		return PTR_ERR(key);
	h = kzalloc(sizeof(*h), GFP_KERNEL);
	err = h ? mclicfs_crypto.sha256(&mclicfs_crypto, v, n, h->hash) : -ENOMEM;
	if (!err)
		err = verify(key, h, sig, len);
	kfree(h);
	key_put(key);
	return err;
}
