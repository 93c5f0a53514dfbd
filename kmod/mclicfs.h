/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mclicfs.ko: private declarations, one section a file.
 *
 * Functions return 0 or a negative errno unless said otherwise.
 *
 * Locks, outermost first: mclicfs_inode.lock, mclicfs_product.lock, mclicfs_fs.world
 * (read), mclicfs_fs.lock. Evicting (sealed.c) takes a mutex of its own, then the lock of
 * one inode after the other, and is called with none held. The page cache's locks nest
 * inside mclicfs_inode.lock; the read path (read.c) takes none of ours: an open file pins
 * what it reads with.
 *
 * The lower file system is called with the mounter's credentials (mclicfs_become()), except
 * for permission(), which asks it with the caller's.
 */
#ifndef MCLICFS_H
#define MCLICFS_H

#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/key.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <crypto/aead.h>

#include "../core/core.h"
#include "../uapi/mclicfs.h"

struct mclicfs_area;
struct mclicfs_revocations;

/* ---- super.c: the mount as a whole, and the module ---- */

/**
 * struct mclicfs_fs - a mount
 * @sb: its super block
 * @lower: the pinned lower root; its mount is a private clone
 * @cred: the mounter's credentials
 * @no_negative: the lower compares names in its own way (vfat, isofs): no negative dentries
 * @diskseq: of the medium at mount (medium.c)
 * @disk_bdev: block device below, whose disk the medium is; NULL where there is none
 * @area: licence area, or NULL where the medium has none that can be used; guarded by
 *	@world
 * @area_fixed: @area is a block device, so no file counts
 * @area_path: option area=, or NULL
 * @revocations: newest list of each center; guarded by @world
 * @generation: counts exchanges of area, keys and lists; guarded by @world
 * @world: what verdicts rest on besides the slot: read to judge, written to exchange it
 * @products_lock: for @products; taken in reclaim, so a spinlock
 * @products: struct mclicfs_product.link
 * @lock: for @keys
 * @keys: struct mclicfs_user_key.link (keyring.c)
 * @put: one writer of the area at a time (ioctl.c)
 * @stats: GET_STATS
 */
struct mclicfs_fs {
	struct super_block *sb;
	struct path lower;
	const struct cred *cred;
	bool no_negative;
	u64 diskseq;
	struct block_device *disk_bdev;

	struct rw_semaphore world;
	struct mclicfs_area *area;
	bool area_fixed;
	char *area_path;
	struct mclicfs_revocations *revocations;
	u64 generation;

	spinlock_t products_lock;	/* products */
	struct list_head products;
	struct mutex lock;	/* keys */
	struct list_head keys;

	struct mutex put;	/* one writer of the area */

	struct {
		atomic64_t verdicts;
		atomic64_t verdicts_cached;
		atomic64_t verdicts_failed;
		atomic64_t blocks;
		atomic64_t blocks_bad;
		atomic64_t bytes_read;
		atomic_t sealed;
		atomic_t open;
	} stats;
};

static inline struct mclicfs_fs *mclicfs_fs(const struct super_block *sb)
{
	return sb->s_fs_info;
}

static inline const struct cred *mclicfs_become(const struct super_block *sb)
{
	return override_creds(mclicfs_fs(sb)->cred);
}

extern struct file_system_type mclicfs_type;

/**
 * mclicfs_msg() - one rate-limited line about a file or the mount
 * @sb: mount
 * @dentry: lower dentry the line is about, or NULL
 * @fmt: the rest of the line, without a newline; never a secret
 */
__printf(3, 4) void mclicfs_msg(const struct super_block *sb, struct dentry *dentry,
				const char *fmt, ...);

/* ---- params.c: mount options ---- */

/**
 * struct mclicfs_options - what mount(2) or fsconfig(2) said
 * @lower: option lower=PATH: the lower directory, where the source is only the name to show
 *	(mount.mclicfs gives /proc/self/fd/N, so it is never shown); NULL: the source is it
 * @area: option area=PATH, or NULL
 * @keys: keys of option key=SERIAL, in order
 * @key_count: their number
 * @readahead: option readahead=KIB
 */
#define MCLICFS_KEYS_MAX	16
#define MCLICFS_READAHEAD	1024	/* KiB */
struct mclicfs_options {
	char *lower;
	char *area;
	struct key *keys[MCLICFS_KEYS_MAX];
	unsigned int key_count;
	unsigned int readahead;
};

int mclicfs_init_fs_context(struct fs_context *fc);
/** mclicfs_set_readahead() - how far to read ahead, in KiB; the bdi is set up */
void mclicfs_set_readahead(struct super_block *sb, unsigned int kib);
extern const struct fs_parameter_spec mclicfs_parameters[];
/** mclicfs_fill_super() - super.c; called through get_tree_nodev() */
int mclicfs_fill_super(struct super_block *sb, struct fs_context *fc);
int mclicfs_show_options(struct seq_file *m, struct dentry *root);

/* ---- inode.c: inodes ---- */

/**
 * struct mclicfs_stamp - what changes when a lower file does
 */
struct mclicfs_stamp {
	u64 size;
	struct timespec64 mtime;
	struct timespec64 ctime;
	u64 iversion;
};

/**
 * struct mclicfs_inode - an inode, seen from one place
 * @vfs: ours
 * @lower: the lower one, with a reference
 * @product: that it lies in, with a reference, or NULL; fixed at instantiation. The
 *	product's own directory has it too. (@lower, @product) is the inode's identity
 * @lock: for what follows, which only a sealed file has
 * @stamp: of the lower file that @aead and the page cache belong to
 * @epoch: of the product's key that @aead was derived from
 * @mac: of the trailer that @aead was derived with; another sealing has another
 * @aead: under the file's key; NULL: not opened yet, or evicted
 * @size: plaintext bytes that the verified trailer says
 * @file: lower file, while @opens > 0; the read path uses it
 * @opens: open files
 * @tail_fetched: the lower page with the trailer was not cached before we read it
 * @doomed: was to be dropped while it was open, so the last close does it
 * @link: mclicfs_product.sealed, while @aead is there
 */
struct mclicfs_inode {
	struct inode *lower;
	struct mclicfs_product *product;
	struct mutex lock;	/* opening, closing, evicting */
	struct mclicfs_stamp stamp;
	u64 epoch;
	u8 mac[MCLIC_CS_SIZE];
	struct crypto_aead *aead;
	u64 size;
	struct file *file;
	unsigned int opens;
	bool tail_fetched;
	bool doomed;
	struct list_head link;
	struct inode vfs;
};

static inline struct mclicfs_inode *mclicfs_i(const struct inode *inode)
{
	return container_of(inode, struct mclicfs_inode, vfs);
}

static inline struct inode *mclicfs_lower_inode(const struct inode *inode)
{
	return mclicfs_i(inode)->lower;
}

/** mclicfs_is_sealed() - is it a regular file of a product? */
static inline bool mclicfs_is_sealed(const struct inode *inode)
{
	return S_ISREG(inode->i_mode) && mclicfs_i(inode)->product;
}

int mclicfs_inode_cache_init(void);
void mclicfs_inode_cache_exit(void);
struct inode *mclicfs_alloc_inode(struct super_block *sb);
void mclicfs_free_inode(struct inode *inode);
void mclicfs_evict_inode(struct inode *inode);
int mclicfs_drop_inode(struct inode *inode);

/**
 * mclicfs_iget() - our inode of a lower one
 * @sb: mount
 * @lower: lower inode; a reference is taken
 * @product: that it lies in, or NULL; a reference is taken
 *
 * Return: inode with a reference, or ERR_PTR().
 */
struct inode *mclicfs_iget(struct super_block *sb, struct inode *lower,
			   struct mclicfs_product *product);

/**
 * mclicfs_refresh() - bring attributes up to date with the lower inode
 * @inode: ours. A sealed file gets its plaintext size, 0 where the lower size is impossible
 */
void mclicfs_refresh(struct inode *inode);

/** mclicfs_stamp_of() - stamp of a lower inode */
void mclicfs_stamp_of(struct inode *lower, struct mclicfs_stamp *stamp);
bool mclicfs_stamp_same(const struct mclicfs_stamp *a, const struct mclicfs_stamp *b);

/* ---- xattr.c ---- */

ssize_t mclicfs_listxattr(struct dentry *dentry, char *list, size_t size);
extern mclicfs_xattr_table mclicfs_xattrs[];

/* ---- dentry.c: names; and what they stand for may change below ---- */

/**
 * struct mclicfs_dentry - d_fsdata; hashed dentries all have it
 * @lower: lower dentry, with a reference
 * @seq: its d_seq when it was last found good: a rename, a removal or an instantiation
 *	below changes it
 * @area: .mclic of the root, or something below it: never part of a product
 * @product: of a directory: the marker was there when it was looked up
 * @marker: of a directory: lower dentry of .mclic-product in it, maybe negative, with a
 *	reference; NULL where there can be none. It and @marker_seq change under d_lock
 * @marker_seq: its d_seq, as @seq
 */
struct mclicfs_dentry {
	struct dentry *lower;
	unsigned int seq;
	bool area;
	bool product;
	struct dentry *marker;
	unsigned int marker_seq;
	struct rcu_head rcu;
};

static inline struct mclicfs_dentry *mclicfs_d(const struct dentry *dentry)
{
	return dentry->d_fsdata;
}

static inline struct dentry *mclicfs_lower_dentry(const struct dentry *dentry)
{
	return mclicfs_d(dentry)->lower;
}

/** mclicfs_lower_path() - path of the lower dentry; no references are taken */
static inline struct path mclicfs_lower_path(const struct dentry *dentry)
{
	return (struct path){
		.mnt = mclicfs_fs(dentry->d_sb)->lower.mnt,
		.dentry = mclicfs_lower_dentry(dentry),
	};
}

extern const struct dentry_operations mclicfs_dops;

/** mclicfs_marker_name() - is it .mclic-product, in any case? */
bool mclicfs_marker_name(const char *name, size_t len);
/** mclicfs_dentry_root() - set up the root; its inode included */
struct dentry *mclicfs_dentry_root(struct super_block *sb);
struct dentry *mclicfs_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags);

/* ---- dir.c, file.c: open directories and plain files ---- */

extern const struct file_operations mclicfs_dir_fops;
extern const struct file_operations mclicfs_file_fops;

/**
 * mclicfs_lower_open() - open what is below, with the mounter's credentials
 * @dentry: ours
 * @flags: O_*
 *
 * Return: file, or ERR_PTR().
 */
struct file *mclicfs_lower_open(const struct dentry *dentry, int flags);
/** mclicfs_lower_llseek() - of a file whose private_data is the lower file */
loff_t mclicfs_lower_llseek(struct file *file, loff_t pos, int whence);

/* ---- crypto.c: the kernel's crypto API as core's table ---- */

/** mclicfs_crypto - SHA-256, CMAC, GCM and CRC-32 for core/; may sleep */
extern const struct mclic_crypto mclicfs_crypto;

/** mclicfs_crypto_start() - at module load: core's known answers through the table */
int mclicfs_crypto_start(void);

/**
 * mclicfs_aead_new() - a gcm(aes) transform for the blocks of one sealed file
 * @key: file key, 32 bytes
 *
 * Return: transform with its key set, a tag of 16 bytes and requests of at most
 * MCLICFS_REQUEST_MAX bytes, or ERR_PTR().
 */
#define MCLICFS_REQUEST_MAX	1536
struct crypto_aead *mclicfs_aead_new(const u8 key[MCLIC_KEY_SIZE]);

/* ---- sealed.c: opening and evicting sealed files ---- */

extern const struct file_operations mclicfs_sealed_fops;

/**
 * mclicfs_sealed_wipe() - wipe the key and the plaintext of a sealed file that is evicted
 * @inode: nobody else knows it any more. No lock is taken: this may be memory reclaim, and
 *	mclicfs_inode.lock is held while memory is allocated
 */
void mclicfs_sealed_wipe(struct inode *inode);

/**
 * mclicfs_sealed_evict() - wipe every sealed file of a product that is not in use
 * @p: product
 *
 * Return: number of files that are in use; those are wiped when they are closed.
 */
unsigned int mclicfs_sealed_evict(struct mclicfs_product *p);

/* ---- read.c: plaintext in the page cache ---- */

extern const struct address_space_operations mclicfs_sealed_aops;
int mclicfs_read_init(void);
void mclicfs_read_exit(void);

/* ---- product.c: directories with a marker ---- */

/**
 * struct mclicfs_product - a directory that holds .mclic-product
 * @fs: mount
 * @refs: inodes that refer to it
 * @link: mclicfs_fs.products (mclicfs_fs.products_lock)
 * @dir: lower directory, with a reference
 * @nested: lies in another product, so nothing in it can be opened
 * @lock: for what follows
 * @marker: the marker when it was read last
 * @marker_read: it was good; @marker and @title are set
 * @why: what was wrong with it when it was read last
 * @title: what it says
 * @key: the licence in force, or NULL
 * @epoch: counts the keys there have been
 * @sealed: mclicfs_inode.link of files with a key (@sealed_lock)
 * @sealed_lock: innermost
 */
struct mclicfs_product {
	struct mclicfs_fs *fs;
	refcount_t refs;
	struct list_head link;
	struct dentry *dir;
	bool nested;
	struct mutex lock;	/* what follows */
	struct mclicfs_stamp marker;
	bool marker_read;
	enum mclic_why why;
	struct mclic_title title;
	struct mclicfs_title_key *key;
	u64 epoch;
	spinlock_t sealed_lock;	/* sealed */
	struct list_head sealed;
};

/**
 * mclicfs_product_get() - the product of a lower directory, with a reference
 * @fs: mount
 * @dir: lower directory that holds a marker
 * @nested: its parent lies in a product
 *
 * Return: product or ERR_PTR().
 */
struct mclicfs_product *mclicfs_product_get(struct mclicfs_fs *fs, struct dentry *dir,
					    bool nested);
struct mclicfs_product *mclicfs_product_ref(struct mclicfs_product *p);	/* NULL is fine */
void mclicfs_product_put(struct mclicfs_product *p);			/* NULL is fine */

/**
 * mclicfs_product_read() - look at the marker, which may have changed
 * @p: product; its lock is held, and the mounter's credentials are in force
 *
 * Return: 0; -EBADMSG when marker or place is bad; -ESTALE when it is no product any more.
 */
int mclicfs_product_read(struct mclicfs_product *p);

/* ---- verdict.c: may a product be opened? ---- */

/**
 * struct mclicfs_title_key - a licence in force
 * @index: of its slot
 * @generation: mclicfs_fs.generation it was judged in
 * @medium_key: Ku
 * @slot: bytes of the slot that were judged
 */
struct mclicfs_title_key {
	u32 index;
	u64 generation;
	u8 medium_key[MCLIC_KEY_SIZE];
	struct mclic_slot slot;
};

/**
 * mclicfs_verdict_get() - judge a product now, or find that the last verdict still holds
 * @p: product; no lock held
 * @epoch: gets the number of its key
 *
 * Return: 0, -EMEDIUMTYPE when the medium was exchanged, else as behaviour's table. When it
 * fails where it passed before, the product's files that are not in use are evicted.
 */
int mclicfs_verdict_get(struct mclicfs_product *p, u64 *epoch);

/**
 * mclicfs_verdict_trailer() - judge a trailer under the product's key
 * @p: product; no lock of it held
 * @epoch: from mclicfs_verdict_get()
 * @t: last 128 bytes of the sealed file
 * @sealed_len: bytes of the whole sealed file
 * @file_key: gets the file key
 * @seal: gets what the trailer says
 * @why: gets what is wrong with the trailer, MCLIC_OK where that is not the reason
 *
 * Return: 0; the errno of @why; -EAGAIN when the key is of another epoch by now; an error
 * of the cipher.
 */
int mclicfs_verdict_trailer(struct mclicfs_product *p, u64 epoch, const struct mclic_trailer *t,
			    u64 sealed_len, u8 file_key[MCLIC_KEY_SIZE], struct mclic_seal *seal,
			    enum mclic_why *why);

/** mclicfs_verdict_forget() - wipe the key; the product's lock is held */
void mclicfs_verdict_forget(struct mclicfs_product *p);

/**
 * mclicfs_verdicts_forget() - forget what rests on a user key, and evict what was opened
 *	under it: also what is left over from verdicts that were forgotten before
 * @fs: mount
 * @key: logon key, which the mount has no more; NULL: what rests on any, or none
 *
 * Return: number of files that are in use.
 */
unsigned int mclicfs_verdicts_forget(struct mclicfs_fs *fs, const struct key *key);

/**
 * mclicfs_verdict_slot() - steps 1 to 9 for one slot, for any title
 * @fs: mount; its @world is held for reading
 * @slot: 4096 bytes
 */
enum mclic_why mclicfs_verdict_slot(struct mclicfs_fs *fs, const struct mclic_slot *slot);

/* ---- area.c: the licence area ---- */

/**
 * mclicfs_area_open() - find and open the area; at mount
 * @fs: mount; sets @area, which stays NULL where the medium has none
 *
 * With area=PATH: a block device of the lower's disk, or .mclic/area of the lower root.
 * Without: .mclic/area of the lower root, if it is there.
 *
 * Return: 0, also where the area is damaged or cannot be read (then a line says so, and
 * @area is NULL); an error where area=PATH is not what it may be.
 */
int mclicfs_area_open(struct mclicfs_fs *fs);
void mclicfs_area_close(struct mclicfs_fs *fs);
/**
 * mclicfs_area_refresh() - open the area anew if its file is another one by now, or newly
 *	there, or gone: then generation is counted up. No lock of ours is held but maybe @put
 */
void mclicfs_area_refresh(struct mclicfs_fs *fs);
/** mclicfs_area_header() - the good one of the two headers, as it was at open */
const struct mclic_area_header *mclicfs_area_header(const struct mclicfs_area *a);
/** mclicfs_area_slots() - number of slots, the headers included */
u32 mclicfs_area_slots(const struct mclicfs_area *a);
/** mclicfs_area_read() - slot @index; may come from the page cache */
int mclicfs_area_read(struct mclicfs_area *a, u32 index, struct mclic_slot *slot);
/** mclicfs_area_same() - does slot @index still hold these bytes? */
bool mclicfs_area_same(struct mclicfs_area *a, u32 index, const struct mclic_slot *slot);
/** mclicfs_area_read_back() - slot @index as the device has it */
int mclicfs_area_read_back(struct mclicfs_area *a, u32 index, struct mclic_slot *slot);
/**
 * mclicfs_area_write_start() - lock the area against other writers, user space's included
 * @fs: mount; put is held, and world for reading until mclicfs_area_write_end()
 *
 * Return: 0; -EROFS where the lower cannot be written; -EAGAIN when another program has it
 * locked.
 */
int mclicfs_area_write_start(struct mclicfs_fs *fs);
void mclicfs_area_write_end(struct mclicfs_fs *fs);
/** mclicfs_area_write() - write slot @index and flush it to the device; in between */
int mclicfs_area_write(struct mclicfs_area *a, u32 index, const struct mclic_slot *slot);

/* ---- medium.c: the burned-in identifier; is it still the same medium? ---- */

int mclicfs_medium_init(void);	/* the module's own mount of sysfs */
void mclicfs_medium_exit(void);

/** mclicfs_medium_start() - remember the disk and its sequence number */
void mclicfs_medium_start(struct mclicfs_fs *fs);
/** mclicfs_medium_same() - 0, or -EMEDIUMTYPE from the moment it was exchanged on */
int mclicfs_medium_same(const struct mclicfs_fs *fs);

/**
 * mclicfs_medium_read() - read the identifier from the hardware, now
 * @fs: mount; its @world is held for reading
 * @kind: MCLIC_MEDIUM_*, or 0: the first in format's order that answers
 * @m: gets it
 *
 * Return: 0, or -ENODEV when the medium has none of that kind.
 */
int mclicfs_medium_read(struct mclicfs_fs *fs, u8 kind, struct mclic_medium *m);

/* ---- keyring.c: user keys, and the certificates of centers ---- */

int mclicfs_keyring_init(void);
void mclicfs_keyring_exit(void);

/** mclicfs_key_add() - use this logon key in the mount; a reference is taken */
int mclicfs_key_add(struct mclicfs_fs *fs, struct key *key);
/**
 * mclicfs_key_take() - no longer use a logon key in the mount
 * @fs: mount
 * @serial: of the key
 *
 * Return: the key with its reference, or ERR_PTR(-ENOKEY) if it was not there.
 */
struct key *mclicfs_key_take(struct mclicfs_fs *fs, key_serial_t serial);
/** mclicfs_keys_free() - use none any more; also at umount */
void mclicfs_keys_free(struct mclicfs_fs *fs);
/** mclicfs_key_is() - is it the logon key of that user and generation? By its name */
bool mclicfs_key_is(const struct key *key, const u8 user_id[MCLIC_ID_SIZE],
		    u32 ku_generation);

/**
 * mclicfs_key_find() - KU of a user: among the mount's keys, else in the mounter's keyrings
 * @fs: mount
 * @user_id: 16 bytes
 * @ku_generation: number
 * @ku: gets 32 bytes
 *
 * Return: 0 or -ENOKEY (also when it is revoked, expired or of another length).
 */
int mclicfs_key_find(struct mclicfs_fs *fs, const u8 user_id[MCLIC_ID_SIZE],
		     u32 ku_generation, u8 ku[MCLIC_KEY_SIZE]);

/** mclicfs_center_find() - 0 if a center's certificate is in the .mclic keyring, or -ENOKEY */
int mclicfs_center_find(const u8 center_id[MCLIC_ID_SIZE]);

/**
 * mclicfs_signature_check() - a center's RSA signature (PKCS #1 v1.5, SHA-256)
 * @center_id: IDc, the Subject Key Identifier of its certificate in the .mclic keyring
 * @v: what is signed
 * @n: pieces
 * @sig: signature
 * @len: its bytes
 *
 * Return: 0, -ENOKEY without that certificate, -EKEYREJECTED for a wrong signature.
 */
int mclicfs_signature_check(const u8 center_id[MCLIC_ID_SIZE], const struct mclic_vec *v,
			    unsigned int n, const u8 *sig, size_t len);

/* ---- revocation.c: the newest list of each center ---- */

/**
 * mclicfs_revocations_set() - take a list, if its signature is good and its number rises
 * @fs: mount; world not held
 * @list: bytes, from user space
 * @len: their number
 *
 * Return: 0 (also for the list there is), -EBADMSG, -ENOKEY, -EKEYREJECTED, -ESTALE.
 */
int mclicfs_revocations_set(struct mclicfs_fs *fs, const void __user *list, size_t len);
/** mclicfs_revocations_find() - as mclic_sources.revoked; world is held for reading */
int mclicfs_revocations_find(struct mclicfs_fs *fs, const u8 center_id[MCLIC_ID_SIZE],
			     const u8 licence_id[MCLIC_ID_SIZE], u32 *lowest_good,
			     u64 *issued_at);
void mclicfs_revocations_free(struct mclicfs_fs *fs);

/* ---- ioctl.c ---- */

long mclicfs_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
#ifdef CONFIG_COMPAT
long mclicfs_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
#endif

#endif /* MCLICFS_H */
