// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The inodes that the kernel knows.
 *
 * A node holds an O_PATH descriptor, so it names its lower inode whatever happens to
 * paths. The kernel counts its references by lookups and gives them back by forgets.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "mclicfs.h"

#define BUCKETS_MIN	1024

static struct node root;

static struct {
	pthread_mutex_t lock;
	struct node **buckets;
	size_t size;		/* a power of two */
	size_t count;
} table = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct node *node_of(fuse_ino_t ino)
{
	return ino == FUSE_ROOT_ID ? &root : (struct node *)(uintptr_t)ino;
}

fuse_ino_t node_ino(const struct node *n)
{
	return n == &root ? FUSE_ROOT_ID : (fuse_ino_t)(uintptr_t)n;
}

bool node_sealed(const struct node *n)
{
	return n->product && S_ISREG(n->type);
}

size_t node_count(void)
{
	size_t count;

	pthread_mutex_lock(&table.lock);
	count = table.count;
	pthread_mutex_unlock(&table.lock);
	return count;
}

/* ---- the table; its lock is held ---- */

static struct node **bucket(dev_t dev, ino_t ino)
{
	__u64 hash = ((__u64)ino ^ (__u64)dev << 32) * 0x9e3779b97f4a7c15u;

	return &table.buckets[(hash >> 32) & (table.size - 1)];
}

static bool grow(void)
{
	size_t i, old_size = table.size, size = old_size ? old_size * 2 : BUCKETS_MIN;
	struct node **old = table.buckets, *n, *next;
	struct node **fresh = calloc(size, sizeof(struct node *));

	if (!fresh)
		return old_size != 0;
	table.buckets = fresh;
	table.size = size;
	for (i = 0; i < old_size; i++) {
		for (n = old[i]; n; n = next) {
			struct node **at = bucket(n->dev, n->ino);

			next = n->next;
			n->next = *at;
			*at = n;
		}
	}
	free(old);
	return true;
}

/* With a reference. @any: in whatever product. */
static struct node *find(const struct stat *st, bool area, const struct product *p, bool any)
{
	struct node *n;

	for (n = *bucket(st->st_dev, st->st_ino); n; n = n->next) {
		if (n->ino == st->st_ino && n->dev == st->st_dev && n->area == area &&
		    (any || n->product == p)) {
			n->refs++;
			return n;
		}
	}
	return NULL;
}

static void insert(struct node *n)
{
	struct node **at;

	if (table.count >= table.size)
		grow();
	at = bucket(n->dev, n->ino);
	n->next = *at;
	*at = n;
	table.count++;
}

static void take_out(struct node *n)
{
	struct node **at = bucket(n->dev, n->ino);

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	table.count--;
}

/* ---- making and dropping nodes ---- */

/* Takes @fd and a reference to @p. */
static void node_init(struct node *n, int fd, const struct stat *st, bool area,
		      struct product *p)
{
	n->fd = fd;
	n->dev = st->st_dev;
	n->ino = st->st_ino;
	n->type = st->st_mode & S_IFMT;
	n->area = area;
	n->product = p;
	n->refs = 1;
	n->wd = -1;
	pthread_mutex_init(&n->lock, NULL);
}

static void node_clear(struct node *n)
{
	watch_remove(n);
	content_put(n->content);
	product_put(n->product);
	pthread_mutex_destroy(&n->lock);
	close(n->fd);
}

void node_put(struct node *n, __u64 count)
{
	bool last;

	if (n == &root)
		return;
	pthread_mutex_lock(&table.lock);
	n->refs -= count < n->refs ? count : n->refs;
	last = !n->refs;
	if (last)
		take_out(n);
	pthread_mutex_unlock(&table.lock);
	if (!last)
		return;
	node_clear(n);
	free(n);
}

bool node_ref(struct node *n)
{
	bool there;

	pthread_mutex_lock(&table.lock);
	there = n->refs > 0;
	if (there)
		n->refs++;
	pthread_mutex_unlock(&table.lock);
	return there;
}

/* ---- looking up ---- */

/*
 * The product that a directory entry belongs to: its own, or that of the directory. The
 * licence area is part of none, also where the whole medium is one.
 */
static int product_of(const struct node *dir, bool area, int fd, const struct stat *st,
		      struct product **p)
{
	struct stat marker;
	int err = -ENOENT;

	*p = NULL;
	if (area)
		return 0;
	if (S_ISDIR(st->st_mode))
		err = marker_stat(fd, &marker);
	if (!err)
		return product_get(fd, st, dir->product != NULL, p);
	if (err != -ENOENT && err != -EACCES)
		return err;
	product_ref(dir->product);
	*p = dir->product;
	return 0;
}

/*
 * A directory that gained or lost a marker is another node than the kernel's. @marker gets
 * its marker, if it has one.
 */
static int still_same(const struct node *dir, struct stat *marker)
{
	int err = marker_stat(dir->fd, marker);
	bool product_root = dir->product && dir->product->ino == dir->ino &&
			    dir->product->dev == dir->dev;

	if (err)
		*marker = (struct stat){ 0 };
	if (err == -EACCES)
		return 0;
	if (err && err != -ENOENT)
		return err;
	return product_root == !err ? 0 : -ESTALE;
}

/* The kernel knows the file already, perhaps as one outside the product. */
static struct node *known(const struct node *dir, const struct stat *st, bool area)
{
	struct node *n;

	pthread_mutex_lock(&table.lock);
	n = find(st, area, area ? NULL : dir->product, S_ISDIR(st->st_mode));
	pthread_mutex_unlock(&table.lock);
	return n;
}

/* Takes @fd and the reference to @p. */
static int join(int fd, const struct stat *st, bool area, struct product *p, struct node **node)
{
	struct node *n = calloc(1, sizeof(*n)), *there;

	if (!n) {
		close(fd);
		product_put(p);
		return -ENOMEM;
	}
	node_init(n, fd, st, area, p);
	pthread_mutex_lock(&table.lock);
	there = find(st, area, p, false);
	if (!there)
		insert(n);
	pthread_mutex_unlock(&table.lock);
	if (there) {
		node_clear(n);
		free(n);
		n = there;
	} else {
		watch_add(n);
		if (node_count() > mnt.nodes_max)
			notify_trim();
	}
	*node = n;
	return 0;
}

static int meet(struct node *dir, const char *name, bool area, struct node **n, struct stat *st)
{
	struct product *p;
	int fd, err;

	fd = openat(dir->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EMFILE)
		notify_trim();
	if (fd < 0)
		return -errno;
	err = fstatat(fd, "", st, AT_EMPTY_PATH) ? -errno : product_of(dir, area, fd, st, &p);
	if (err) {
		close(fd);
		return err;
	}
	return join(fd, st, area, p, n);
}

/* A directory's node stands only if its product is the one that a lookup finds now. */
static int meet_again(struct node *dir, struct node **n, const struct stat *st)
{
	struct node *was = *n;
	struct product *p;
	int fd, err;

	if (!S_ISDIR(st->st_mode))
		return 0;
	err = product_of(dir, was->area, was->fd, st, &p);
	if (!err && p == was->product) {
		product_put(p);
		return 0;
	}
	if (!err) {
		fd = fcntl(was->fd, F_DUPFD_CLOEXEC, 0);
		err = fd < 0 ? -errno : 0;
		if (err)
			product_put(p);
		else
			err = join(fd, st, was->area, p, n);
	}
	node_put(was, 1);
	return err;
}

/* Sizes are those of the plaintext. A length that no writer produces shows as empty. */
static void show(const struct node *n, struct stat *st)
{
	__u64 size;

	if (node_sealed(n))
		st->st_size = mclic_plain_size((__u64)st->st_size, &size) ? 0 : (off_t)size;
}

/* Only what is told of all changes, and that is not so of a file with another name elsewhere. */
static double attr_for(const struct stat *st, bool watched)
{
	return watched && (S_ISDIR(st->st_mode) || st->st_nlink == 1) ? TIMEOUT_LONG : TIMEOUT;
}

int node_lookup(struct node *dir, const char *name, struct found *f)
{
	struct stat marker;
	bool area, watched = atomic_load(&dir->watched);	/* before anything is looked at */
	int err;

	if (rule_hidden(dir, name))
		return -ENOENT;
	err = still_same(dir, &marker);
	if (err)
		return err;
	if (fstatat(dir->fd, name, &f->st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (f->st.st_ino == marker.st_ino && f->st.st_dev == marker.st_dev)
		return -ENOENT;
	area = dir->area || rule_area(dir, name);
	f->attr_for = TIMEOUT;
	f->name_for = watched ? TIMEOUT_LONG : TIMEOUT;
	f->n = known(dir, &f->st, area);
	if (f->n && S_ISDIR(f->st.st_mode))
		f->attr_for = attr_for(&f->st, atomic_load(&f->n->watched));
	err = f->n ? meet_again(dir, &f->n, &f->st) : meet(dir, name, area, &f->n, &f->st);
	if (err)
		return err;
	if (!S_ISDIR(f->st.st_mode)) {
		atomic_store(&f->n->watched, watched);
		f->attr_for = attr_for(&f->st, watched);
	}
	show(f->n, &f->st);
	return 0;
}

struct node *node_find(struct node *dir, const char *name)
{
	struct stat st;
	struct node *n;

	if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return NULL;
	pthread_mutex_lock(&table.lock);
	n = find(&st, dir->area, dir->product, false);
	pthread_mutex_unlock(&table.lock);
	return n;
}

struct node *node_at(const char *path, const struct product *p, bool area)
{
	struct stat st;
	struct node *n;

	if (!*path)
		return &root;
	if (fstatat(mnt.lower, path, &st, AT_SYMLINK_NOFOLLOW))
		return NULL;
	pthread_mutex_lock(&table.lock);
	n = find(&st, area, p, false);
	pthread_mutex_unlock(&table.lock);
	return n;
}

int node_stat(struct node *n, struct stat *st, double *seconds)
{
	bool watched = atomic_load(&n->watched);

	if (fstatat(n->fd, "", st, AT_EMPTY_PATH))
		return -errno;
	*seconds = attr_for(st, watched);
	show(n, st);
	return 0;
}

/* ---- using a node ---- */

const char *node_path(const struct node *n, char *buf)
{
	snprintf(buf, 32, "/proc/self/fd/%d", n->fd);
	return buf;
}

int node_flags(int flags)
{
	return (flags & ~(O_NOFOLLOW | O_CREAT | O_EXCL | O_APPEND | O_DIRECT)) | O_CLOEXEC;
}

int node_open(const struct node *n, int flags)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "%d", n->fd);
	fd = openat(mnt.proc, name, node_flags(flags));
	return fd < 0 ? -errno : fd;
}

static int reopen(const struct node *n)
{
	MCLIC_AUTO_CLOSE int fd = node_open(n, O_RDONLY);

	if (fd < 0)
		return fd;
	return dup3(fd, n->fd, O_CLOEXEC) < 0 ? -errno : 0;
}

int node_hold(struct node *n)
{
	struct stamp now;
	struct stat st;
	int err;

	pthread_mutex_lock(&n->lock);
	err = fstat(n->fd, &st) ? -errno : 0;
	if (!err) {
		stamp_of(&st, &now);
		if (!n->readable || !stamp_same(&n->stamp, &now))
			err = reopen(n);
	}
	if (!err) {
		n->readable = true;
		n->stamp = now;
	}
	pthread_mutex_unlock(&n->lock);
	return err;
}

void node_each(const struct product *p, void (*f)(struct node *n))
{
	struct node **all, *n;
	size_t i, count = 0;

	pthread_mutex_lock(&table.lock);
	all = calloc(table.count + 1, sizeof(*all));
	for (i = 0; all && i < table.size; i++) {
		for (n = table.buckets[i]; n; n = n->next) {
			if (p && n->product != p)
				continue;
			n->refs++;
			all[count++] = n;
		}
	}
	pthread_mutex_unlock(&table.lock);
	for (i = 0; i < count; i++) {
		f(all[i]);
		node_put(all[i], 1);
	}
	free(all);
}

int node_start(void)
{
	struct product *p = NULL;
	struct stat st;
	int err;

	if (!grow())
		return mclic_fail(ENOMEM, "not enough memory");
	err = fstatat(mnt.lower, "", &st, AT_EMPTY_PATH) ? -errno : 0;
	if (!err)
		err = product_of(&root, false, mnt.lower, &st, &p);
	if (err)
		return mclic_fail(-err, "%s: %s", mnt.source, strerror(-err));
	node_init(&root, mnt.lower, &st, false, p);
	watch_add(&root);
	return 0;
}

void node_end(void)
{
	struct node *n, *next;
	size_t i;

	for (i = 0; i < table.size; i++) {
		for (n = table.buckets[i]; n; n = next) {
			next = n->next;
			node_clear(n);
			free(n);
		}
	}
	free(table.buckets);
	node_clear(&root);
}
