// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happens below. Products rarely change, and seldom through the mount; so their names
 * and attributes are left to the kernel for long where inotify says when they change.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "mclicfs.h"

#define NAME_EVENTS	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
#define FILE_EVENTS	(IN_ATTRIB | IN_MODIFY | IN_CLOSE_WRITE)

static struct {
	pthread_mutex_t lock;
	int fd;
	struct node **nodes;	/* by watch descriptor; they count up, and stay small */
	int size;
} map = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1 };

int watch_start(void)
{
	map.fd = inotify_init1(IN_CLOEXEC);
	return map.fd;
}

/* Where all changes are made by this machine: elsewhere inotify tells half of them. */
static bool local(int fd)
{
	static const __u64 types[] = {
		EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC,
		MSDOS_SUPER_MAGIC, EXFAT_SUPER_MAGIC, UDF_SUPER_MAGIC, ISOFS_SUPER_MAGIC,
		TMPFS_MAGIC, OVERLAYFS_SUPER_MAGIC,
	};
	struct statfs st;
	size_t i;

	if (fstatfs(fd, &st))
		return false;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((__u64)st.f_type == types[i])
			return true;
	return false;
}

/* The map's lock is held. */
static bool room_for(int wd)
{
	int size = map.size ? map.size : 64;
	struct node **more;

	while (size <= wd)
		size *= 2;
	if (size == map.size)
		return true;
	more = reallocarray(map.nodes, (size_t)size, sizeof(*more));
	if (!more)
		return false;
	memset(more + map.size, 0, (size_t)(size - map.size) * sizeof(*more));
	map.nodes = more;
	map.size = size;
	return true;
}

void watch_add(struct node *n)
{
	char path[32];
	int wd;

	if (map.fd < 0 || !n->product || !S_ISDIR(n->type) || !local(n->fd))
		return;
	pthread_mutex_lock(&map.lock);
	wd = inotify_add_watch(map.fd, node_path(n, path),
			       NAME_EVENTS | FILE_EVENTS | IN_ONLYDIR);
	if (wd >= 0 && !room_for(wd)) {
		inotify_rm_watch(map.fd, wd);
		wd = -1;
	}
	/* One inode has one watch; the node that came last gets it. */
	if (wd >= 0 && map.nodes[wd])
		atomic_store(&map.nodes[wd]->watched, false);
	if (wd >= 0)
		map.nodes[wd] = n;
	n->wd = wd;
	atomic_store(&n->watched, wd >= 0);
	pthread_mutex_unlock(&map.lock);
}

void watch_remove(struct node *n)
{
	if (!n->product || !S_ISDIR(n->type))
		return;
	pthread_mutex_lock(&map.lock);
	if (n->wd >= 0 && map.nodes && map.nodes[n->wd] == n) {
		map.nodes[n->wd] = NULL;
		inotify_rm_watch(map.fd, n->wd);
	}
	pthread_mutex_unlock(&map.lock);
}

/* The watched directory, with a reference. */
static struct node *node_of_watch(int wd)
{
	struct node *n = NULL;

	pthread_mutex_lock(&map.lock);
	if (wd >= 0 && wd < map.size && map.nodes[wd] && node_ref(map.nodes[wd]))
		n = map.nodes[wd];
	pthread_mutex_unlock(&map.lock);
	return n;
}

static void file_changed(struct node *dir, const char *name, bool data)
{
	struct node *n = node_find(dir, name);

	if (!n)
		return;
	fuse_lowlevel_notify_inval_inode(mnt.se, node_ino(n), data ? 0 : -1, 0);
	node_put(n, 1);
}

static int expire_name(fuse_ino_t dir, const char *name)
{
#if FUSE_VERSION < FUSE_MAKE_VERSION(3, 15)
	return fuse_lowlevel_notify_expire_entry(mnt.se, dir, name, strlen(name),
						 FUSE_LL_EXPIRE_ONLY);
#else
	return fuse_lowlevel_notify_expire_entry(mnt.se, dir, name, strlen(name));
#endif
}

/*
 * The change may have come through the mount, and the kernel know it: where it can, it only
 * looks again, for a name taken from it is lost to those who work in that directory.
 */
static void name_changed(fuse_ino_t dir, const char *name)
{
	if (expire_name(dir, name) == -ENOSYS)
		fuse_lowlevel_notify_inval_entry(mnt.se, dir, name, strlen(name));
}

static void dir_changed(struct node *dir, const struct inotify_event *e)
{
	const char *name = e->len ? e->name : "";

	if (!*name) {
		fuse_lowlevel_notify_inval_inode(mnt.se, node_ino(dir), -1, 0);
	} else if (marker_name(name)) {
		/* Another product, or none: everything in it is looked up anew. */
		product_expire(dir->product);
	} else if (e->mask & NAME_EVENTS) {
		fuse_lowlevel_notify_inval_inode(mnt.se, node_ino(dir), 0, 0);
		name_changed(node_ino(dir), name);
	} else if (e->mask & FILE_EVENTS) {
		file_changed(dir, name, e->mask & (IN_MODIFY | IN_CLOSE_WRITE));
	}
}

static void one_event(const struct inotify_event *e)
{
	struct node *dir;

	if (e->mask & IN_Q_OVERFLOW) {
		product_expire(NULL);
		return;
	}
	dir = node_of_watch(e->wd);
	if (!dir)
		return;
	dir_changed(dir, e);
	node_put(dir, 1);
}

void watch_events(void)
{
	char buf[16384] __attribute__((aligned(8)));
	ssize_t n = read(map.fd, buf, sizeof(buf)), at = 0;

	while (at < n) {
		const struct inotify_event *e = (const struct inotify_event *)(buf + at);

		one_event(e);
		at += (ssize_t)(sizeof(*e) + e->len);
	}
}
