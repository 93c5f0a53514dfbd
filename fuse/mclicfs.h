/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mclicfs-fuse: private declarations, one section a file.
 *
 * Functions return 0 or a negative errno unless said otherwise. Locks, outermost first:
 * node.lock, product.lock, judge (verdict.c), the table (node.c, product.c), worker-private
 * state. No lock that a request waits for is held while the kernel is told something
 * (notify.c, ahead.c): the kernel may first wait for an answer to another request. The one
 * exception, ahead_whole(), says why it is none.
 */
#ifndef MCLICFS_FUSE_H
#define MCLICFS_FUSE_H

#define FUSE_USE_VERSION 312

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>

#include <fuse3/fuse_lowlevel.h>

#include "userspace/lib/libmclic.h"

#define REQUEST_MAX	(1u << 20)	/* bytes a read or write request may carry */
/* Seconds that the kernel trusts names and attributes: */
#define TIMEOUT		1.0		/* as a rule */
#define TIMEOUT_LONG	60.0		/* where it is told of changes: watch.c */

/* ---- mount.c: the mount as a whole ---- */

/**
 * struct mount - what every part needs to know
 * @se: libfuse's session
 * @lower: O_PATH descriptor of LOWER, taken before the mount
 * @proc: /proc/self/fd, to open again what an O_PATH descriptor names
 * @lower_flags: ST_* of the mount that LOWER is in
 * @source: LOWER, absolute, for messages
 * @dir: DIR, absolute
 * @nodes_max: inodes that may be remembered before some are to be forgotten
 * @as_root: other users are served, under their own ids where something is created
 * @shared: others than the mounting user are let in, and the kernel judges what they may
 */
struct mount {
	struct fuse_session *se;
	int lower;
	int proc;
	unsigned long lower_flags;
	char *source;
	char *dir;
	size_t nodes_max;
	bool as_root;
	bool shared;
};

extern struct mount mnt;

/** mount_pin() - open LOWER and /proc; refuse a LOWER that is an mclicfs already */
int mount_pin(const char *lower, const char *dir);
/** mount_readahead() - let the kernel read ahead further; only root may */
void mount_readahead(void);
/** mount_nosymfollow() - follow no symbolic links in the mount, as libfuse cannot be told */
int mount_nosymfollow(void);
/** mount_limits() - as many open files as the system grants */
void mount_limits(void);

/* ---- options.c: the command line ---- */

/**
 * struct options - the command line
 * @lower: LOWER
 * @dir: DIR
 * @foreground: stay in the foreground
 * @debug: libfuse's trace of every request
 * @nosymfollow: symbolic links are not followed
 * @mount: options for the kernel and libfuse, comma-separated
 */
struct options {
	char *lower;
	char *dir;
	bool foreground;
	bool debug;
	bool nosymfollow;
	char *mount;
};

/** options_parse() - exits as argp does on --help, --version and misuse */
void options_parse(int argc, char **argv, struct options *o);
/** options_has() - is @name among the mount options? */
bool options_has(const struct options *o, const char *name);

/* ---- ops.c: the table that libfuse calls ---- */

extern const struct fuse_lowlevel_ops mclicfs_ops;

/* ---- log.c ---- */

/** log_start() - from now on to syslog instead of standard error */
void log_start(void);
/** log_limited() - a line, unless too many were written lately; those are counted */
void log_limited(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/** log_name() - where the file behind @fd lies, for a message; @buf of PATH_MAX bytes */
const char *log_name(int fd, char *buf);

/* ---- stamp.c: has a lower file changed? ---- */

/**
 * struct stamp - what changes when a lower file does
 * @ino: of the file
 * @size: of the file
 * @mtime: of the file
 * @ctime: of the file
 * @young: it had just changed, and what comes next may leave it with the same times
 */
struct stamp {
	__u64 ino;
	__u64 size;
	struct timespec mtime;
	struct timespec ctime;
	bool young;
};

/** stamp_of() - @st was asked for just now */
void stamp_of(const struct stat *st, struct stamp *s);
/** stamp_same() - is the file of @now surely the one that had the stamp @then? */
bool stamp_same(const struct stamp *then, const struct stamp *now);

/* ---- product.c: directories with a marker ---- */

/**
 * struct product - a directory that holds .mclic-product
 * @next: chain of the table
 * @refs: nodes that refer to it (table lock)
 * @dev: of the directory
 * @ino: of the directory
 * @nested: lies in another product, so nothing in it can be opened
 * @expired: the next lookup makes a new one (table lock)
 * @dir: O_PATH descriptor of the directory
 * @lock: for what follows
 * @marker: the marker when it was read last; size and times
 * @marker_read: @marker, @why and @title are set
 * @why: what is wrong with the marker
 * @title: what it says
 * @key: Ku and what it rests on, while a licence is in force; or NULL
 * @epoch: counts the keys there have been
 */
struct product {
	struct product *next;
	unsigned int refs;
	dev_t dev;
	ino_t ino;
	bool nested;
	bool expired;
	int dir;
	pthread_mutex_t lock;
	struct stamp marker;
	bool marker_read;
	enum mclic_why why;
	struct mclic_title title;
	struct title_key *key;
	__u64 epoch;
};

/** marker_name() - is it .mclic-product, in any spelling that means it somewhere? */
bool marker_name(const char *name);
/** marker_stat() - of the marker in directory @dir, which may have none: -ENOENT */
int marker_stat(int dir, struct stat *st);

/** product_get() - the product of directory @fd, with a reference */
int product_get(int fd, const struct stat *st, bool nested, struct product **p);
void product_ref(struct product *p);	/* NULL is fine, here and below */
void product_put(struct product *p);
/** product_expire() - what the kernel knows of a product (any, if NULL) is to be looked up anew */
void product_expire(struct product *p);

/**
 * product_read() - look at the marker, which may have changed
 * @p: product.lock held
 *
 * Return: 0; -EBADMSG when marker or place is bad; -ESTALE when it is no product any more.
 */
int product_read(struct product *p);

/* ---- verdict.c: may this product be opened? ---- */

/**
 * struct title_key - a licence in force
 * @medium_key: Ku, in locked memory
 * @terms: of the licence
 * @index: of its slot
 * @slot: its bytes
 * @generation: of area, certificates and lists, as verdict.c counts them
 */
struct title_key {
	__u8 *medium_key;
	struct mclic_terms terms;
	__u32 index;
	struct mclic_slot slot;
	__u64 generation;
};

/** verdict_start() - area and certificates; a medium without an area is warned about */
int verdict_start(void);
/**
 * verdict_get() - judge a product now, or find that the last verdict still holds
 * @p: product
 * @epoch: gets the number of its key
 */
int verdict_get(struct product *p, __u64 *epoch);
/** verdict_forget() - wipe the key; product.lock is held */
void verdict_forget(struct product *p);

/* ---- medium.c: is it still the same medium? ---- */

/** medium_start() - remember the disk's sequence number; @dev names the disk or a part */
void medium_start(dev_t dev);
/** medium_same() - 0, or -EMEDIUMTYPE from the moment it was exchanged until the end */
int medium_same(void);
/** medium_watched() - is there a disk whose medium can be exchanged? */
bool medium_watched(void);

/* ---- node.c: the inodes that the kernel knows ---- */

/**
 * struct node - an inode, seen from one place
 * @next: chain of the table
 * @fd: O_PATH descriptor; it keeps the lower inode, so its number is not given out again.
 *	Of a sealed file, one for reading from the first open on
 * @dev: with @ino and @product it is the key in the table: the same lower file is another
 *	file inside a product than outside
 * @ino: lower inode number
 * @type: S_IFMT bits
 * @area: .mclic at the root, or below it
 * @product: that it lies in, or NULL; fixed at instantiation
 * @refs: the kernel's and ours (table lock)
 * @lock: for what follows
 * @stamp: the lower file at the last open
 * @readable: @fd is for reading
 * @opened: it has been; only then may the kernel have pages of it
 * @content: of a sealed file that was opened; or NULL
 * @wd: watch of a directory, or -1 (lock of watch.c)
 * @watched: watch.c tells the kernel when it changes; of a file, also its directory
 */
struct node {
	struct node *next;
	int fd;
	dev_t dev;
	ino_t ino;
	mode_t type;
	bool area;
	struct product *product;
	__u64 refs;
	pthread_mutex_t lock;
	struct stamp stamp;
	bool readable;
	bool opened;
	struct content *content;
	int wd;
	atomic_bool watched;
};

/** node_of() - the node behind a number of the kernel's */
struct node *node_of(fuse_ino_t ino);
/** node_ino() - the kernel's number of a node */
fuse_ino_t node_ino(const struct node *n);
/** node_start() - the root */
int node_start(void);
/** node_end() - drop every node, wiping keys */
void node_end(void);
/** node_count() - descriptors held */
size_t node_count(void);

/**
 * struct found - a name that was looked up
 * @n: its node, with a reference for the kernel
 * @st: its attributes, as the mount shows them
 * @name_for: seconds that the name may be trusted
 * @attr_for: and the attributes
 */
struct found {
	struct node *n;
	struct stat st;
	double name_for;
	double attr_for;
};

/** node_lookup() - look @name up in @dir */
int node_lookup(struct node *dir, const char *name, struct found *f);
/** node_find() - the node of @name in @dir if the kernel knows it, with a reference; or NULL */
struct node *node_find(struct node *dir, const char *name);
/** node_at() - of a directory, the one that entries of @p (or of the area) are in */
struct node *node_at(const char *path, const struct product *p, bool area);
/** node_ref() - take a reference, unless the last is gone already */
bool node_ref(struct node *n);
/** node_put() - drop @count references */
void node_put(struct node *n, __u64 count);
/** node_stat() - attributes as the mount shows them, and for how long */
int node_stat(struct node *n, struct stat *st, double *attr_for);
/** node_sealed() - is it a regular file of a product? */
bool node_sealed(const struct node *n);
/** node_each() - call @f for every node of @p (any, if NULL), each with a reference held */
void node_each(const struct product *p, void (*f)(struct node *n));
/**
 * node_flags() - how the lower file is opened where the caller says @flags
 *
 * Not for appending (see op_write()), nor for direct I/O: that goes past the mount's page
 * cache, and then finds no aligned memory here.
 */
int node_flags(int flags);
/** node_open() - open the lower file; -errno */
int node_open(const struct node *n, int flags);
/**
 * node_hold() - open the lower file for reading, in place of the O_PATH descriptor
 * @n: a sealed file
 *
 * Once is enough until the lower file changes, and with it perhaps who may read it. The
 * descriptor keeps its number, for those who are reading.
 */
int node_hold(struct node *n);
/** node_path() - "/proc/self/fd/N" for calls that take a path only; @buf of 32 bytes */
const char *node_path(const struct node *n, char *buf);

/*
 * ---- rules.c: what may be changed through the mount ----
 *
 * A lower file system may know a file by more names than one, such as the short ones of
 * vfat. So what a name stands for counts besides how it is spelt.
 */

/** rule_change() - may attributes or contents of @n change? -EROFS, -EPERM */
int rule_change(const struct node *n);
/** rule_create() - may @name be made in @dir? -EROFS, -EPERM */
int rule_create(const struct node *dir, const char *name);
/** rule_remove() - may @name be removed from @dir? -EPERM, -ENOENT */
int rule_remove(const struct node *dir, const char *name);
/** rule_link() - may @n get the name @name in @dir? */
int rule_link(const struct node *n, const struct node *dir, const char *name);
/** rule_rename() - may @from in @dir become @to in @newdir? */
int rule_rename(const struct node *dir, const char *from, const struct node *newdir,
		const char *to, unsigned int flags);
/** rule_hidden() - is @name in @dir hidden? By its spelling alone, for listings */
bool rule_hidden(const struct node *dir, const char *name);
/** rule_area() - is @name in @dir, which may be there, the folder of the licence area? */
bool rule_area(const struct node *dir, const char *name);

/* ---- worker.c: what each thread has for itself ---- */

/**
 * struct worker - a thread's own
 * @buf: REQUEST_MAX bytes and two blocks, aligned to a page
 * @tags: tags of the blocks in @buf
 * @blocks: cipher context
 * @in_cache_only: read nothing that the lower file system would have to fetch
 */
struct worker {
	__u8 *buf;
	__u8 *tags;
	struct mclic_blocks *blocks;
	bool in_cache_only;
};

/** worker_get() - this thread's; NULL without memory */
struct worker *worker_get(void);

/**
 * worker_become() - create the next file as the caller would: ids, groups, umask
 * @req: whose
 * worker_return() goes back.
 */
int worker_become(fuse_req_t req);
void worker_return(void);

/* ---- content.c, sealed.c: sealed files ---- */

/**
 * struct content - how one sealing of a file is read
 * @refs: files open, and the node
 * @key: its file key, in locked memory
 * @size: plaintext bytes
 * @stamp: the lower file it was found in
 * @epoch: of the product's key it was derived from
 * @given: bits of ahead.c, or NULL where it leaves the file alone
 */
struct content {
	atomic_uint refs;
	__u8 *key;
	__u64 size;
	struct stamp stamp;
	__u64 epoch;
	_Atomic __u8 *given;
};

/**
 * content_get() - the content of a sealed file, checked now or before
 * @n: node, behind node_hold()
 * @epoch: from verdict_get()
 * @c: gets it, with a reference
 * @kept: gets whether what the kernel may have of the file is of this content
 */
int content_get(struct node *n, __u64 epoch, struct content **c, bool *kept);
/** content_current() - is it what an open would find now? */
bool content_current(struct node *n, const struct content *c);
void content_put(struct content *c);
/** content_drop() - wipe the key of a file that is not open */
void content_drop(struct node *n);
/** content_make_room() - locked memory is scarce: wipe the keys of all files that are not open */
void content_make_room(void);
/**
 * content_read() - plaintext of whole blocks
 * @c: content
 * @fd: lower file
 * @first: block
 * @count: blocks; at most REQUEST_MAX / MCLIC_BLOCK_SIZE + 1
 * @w: this thread's; w->buf gets the plaintext
 * @good: gets the bytes in front of the first damaged block
 *
 * Return: bytes; -EBADMSG (damaged: @good tells how far it is not), another -errno.
 */
ssize_t content_read(const struct content *c, int fd, __u64 first, __u32 count,
		     struct worker *w, size_t *good);

/* ---- handle.c: what the kernel holds open ---- */

/**
 * struct handle - what an open file or directory begins with
 * @prev: one that was opened later, or NULL
 * @next: one that was opened before, or NULL
 * @end: closes and frees it
 */
struct handle {
	struct handle *prev;
	struct handle *next;
	void (*end)(struct handle *h);
};

/** handle_add() - from now on the kernel may hold it */
void handle_add(struct handle *h, void (*end)(struct handle *h));
/** handle_end() - the kernel does not hold it any more */
void handle_end(struct handle *h);
/** handle_end_all() - nor anything else: the mount has ended, and so have all threads */
void handle_end_all(void);

/* ---- file.c: open files ---- */

/**
 * struct file - an open file
 * @handle: in the list of all that is open
 * @refs: the kernel, and ahead.c
 * @fd: lower file; that of @node where it is for reading
 * @node: what it is
 * @content: of a sealed file; NULL: plain
 * @next: block that the next read starts at, if they are in sequence
 */
struct file {
	struct handle handle;
	atomic_uint refs;
	int fd;
	struct node *node;
	struct content *content;
	_Atomic __u64 next;
};

int sealed_open(struct node *n, int flags, struct file *f, bool *keep_cache);
void sealed_read(fuse_req_t req, struct file *f, size_t size, off_t off, int flags);

/* ---- watch.c: what happens below ---- */

/** watch_start() - a descriptor to poll, or -1: there is no inotify, and no watching */
int watch_start(void);
/** watch_events() - the descriptor has something to read */
void watch_events(void);
/** watch_add() - watch @n if it is a directory of a product */
void watch_add(struct node *n);
void watch_remove(struct node *n);

/* ---- ahead.c: around random reads ---- */

int ahead_start(void);
void ahead_stop(void);
/** ahead_prepare() - a new content */
void ahead_prepare(struct content *c);
/**
 * ahead_whole() - give a small file to the kernel, while it waits for the file's first open
 * @n: never opened before; node.lock is held
 * @c: its content
 *
 * Here that is safe: while nobody has the file open, no page of it waits for an answer.
 *
 * Return: true: the kernel has it; false: it was not given, or must be dropped.
 */
bool ahead_whole(struct node *n, const struct content *c);
/** ahead_read() - the kernel asked for @count blocks from @first on */
void ahead_read(struct file *f, __u64 first, __u64 count);

/* ---- trim.c: fewer inodes ---- */

/** trim_nodes() - let the kernel forget files if there are too many */
void trim_nodes(void);

/* ---- notify.c: telling the kernel, from a thread of its own ---- */

/** notify_prepare() - before the first node; notify_start() - once it is mounted */
int notify_prepare(void);
int notify_start(void);
void notify_stop(void);
/** notify_trim() - call trim_nodes() soon */
void notify_trim(void);
/** notify_evict() - drop the plaintext of a product (all, if NULL) from the page cache */
void notify_evict(struct product *p);

/* ---- the operations, by topic: see fuse_lowlevel.h ---- */

/* entry.c */
void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count);
void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets);
void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev);
void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);
void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname);
void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
	       const char *newname, unsigned int flags);
void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	       struct fuse_file_info *fi);
/** entry_fill() - the answer about a name */
void entry_fill(const struct found *f, struct fuse_entry_param *e);

/* attr.c */
void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		struct fuse_file_info *fi);
void op_readlink(fuse_req_t req, fuse_ino_t ino);
void op_access(fuse_req_t req, fuse_ino_t ino, int mask);
void op_statfs(fuse_req_t req, fuse_ino_t ino);
void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
		 size_t size, int flags);
void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);

/* dir.c */
void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		struct fuse_file_info *fi);
void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi);
void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);

/* file.c */
void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
	     struct fuse_file_info *fi);
void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
	      struct fuse_file_info *fi);
void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len,
		  struct fuse_file_info *fi);
void op_copy_file_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in,
			struct fuse_file_info *fi_in, fuse_ino_t ino_out, off_t off_out,
			struct fuse_file_info *fi_out, size_t len, int flags);
void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence,
	      struct fuse_file_info *fi);
/** file_new() - for @fd of @n, with a reference; NULL without memory */
struct file *file_new(struct node *n, int fd);
void file_ref(struct file *f);
void file_put(struct file *f);
struct file *file_of(const struct fuse_file_info *fi);

#endif /* MCLICFS_FUSE_H */
