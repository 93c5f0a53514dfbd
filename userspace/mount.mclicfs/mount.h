/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of mount.mclicfs(8) share. One section a file. As in libmclic a function
 * returns 0 or a negative errno and leaves a sentence with mclic_fail().
 */
#ifndef MOUNT_MCLICFS_H
#define MOUNT_MCLICFS_H

#include <sys/mount.h>
#include <sys/stat.h>

#include "userspace/lib/device.h"
#include "userspace/lib/kernel.h"

/* ---- options.c: what mount(8) and fstab write behind -o ---- */

/**
 * struct param - an option for the kernel's file system context
 * @key: name
 * @value: what follows "=", or NULL
 */
struct param {
	char *key;
	char *value;
};

/**
 * struct options - the options, sorted by who is to obey them
 * @set: MOUNT_ATTR_* asked for
 * @clear: MOUNT_ATTR_* asked not to be; MOUNT_ATTR__ATIME where one of its values is asked for
 * @remount: change what is mounted
 * @nofail: a medium that is not there is no failure: mount(8) leaves that to its helpers
 * @keys: there is a key=
 * @area: there is an area=
 * @params: for the kernel, in order
 * @count: their number
 */
struct options {
	__u64 set;
	__u64 clear;
	bool remount;
	bool nofail;
	bool keys;
	bool area;
	struct param *params;
	size_t count;
};

/** options_add() - take a comma-separated list; a later word overrides an earlier one */
int options_add(struct options *o, const char *list);
void options_free(struct options *o);

/* ---- source.c: what SOURCE is ---- */

/**
 * struct source - where the lower directory comes from
 * @name: to show in the table of mounts
 * @dir: lower directory, O_PATH, where SOURCE is a directory; else -1
 * @refused: MOUNT_ATTR_* that the mount of that directory has and none on it may lack
 * @device: else, what to mount; and the area in both cases
 * @loop: open loop device of an image, which is detached when the last user is gone; or -1
 * @write_protected: the image can only be read
 */
struct source {
	char *name;
	int dir;
	__u64 refused;
	struct mclic_device device;
	int loop;
	bool write_protected;
};

#define SOURCE_INIT	{ .dir = -1, .loop = -1 }

/**
 * source_open() - look at SOURCE; attach it where it is an image
 * @s: gets it; source_close() it also after a failure
 * @path: directory, block device or image
 * @read_only: nothing is to be written
 */
int source_open(struct source *s, const char *path, bool read_only);
void source_close(struct source *s);

/* ---- loop.c: images ---- */

/**
 * loop_attach() - make an image a disk with partitions
 * @path: of the image
 * @read_only: attach it so; set where the image cannot be written
 * @fd: gets the loop device, open: it goes when the last user closes it
 * @device: gets its node; free() it
 *
 * An image that is attached already, as a whole, is used as it is.
 */
int loop_attach(const char *path, bool *read_only, int *fd, char **device);

/* ---- context.c: file system contexts ---- */

/** context_open() - fsopen(2); the descriptor or -errno */
int context_open(const char *type);
/** context_set() - one parameter; @value NULL: a flag */
int context_set(int context, const char *type, const char *key, const char *value);
/** context_create() - make the super block; @what is for the message */
int context_create(int context, const char *type, const char *what);
/** context_mount() - fsmount(2): a mount that is nowhere yet; the descriptor or -errno */
int context_mount(int context, const char *what, __u64 attributes);
/** context_remount() - give a mounted super block the parameters */
int context_remount(const char *dir, const struct options *o);

/* ---- lower.c: a mount that nobody else sees ---- */

/**
 * struct lower - the lower directory, while mclicfs is mounted on it
 * @dir: O_PATH
 * @namespace: own mount namespace of before, or -1
 * @root: root directory of before
 * @cwd: working directory of before
 */
struct lower {
	int dir;
	int namespace;
	int root;
	int cwd;
};

#define LOWER_INIT	{ .dir = -1, .namespace = -1, .root = -1, .cwd = -1 }

/**
 * lower_open() - mount the data file system in a namespace of our own
 * @l: gets it; lower_close() it also after a failure
 * @s: source
 * @o: options
 *
 * Until lower_close() the process sees that namespace. Nothing of it outlives the process,
 * however that ends; the file system stays for as long as mclicfs, which clones the mount.
 */
int lower_open(struct lower *l, const struct source *s, const struct options *o);
int lower_close(struct lower *l);

/* ---- keys.c: keys, certificates and lists ---- */

/**
 * struct keys - what the mounter has
 * @trust: certificates and lists of the system and of the user
 * @root: the mounter is root, who may say whom the kernel believes
 * @serials: user keys in the process keyring, which goes with the process
 * @serial_count: their number
 */
struct keys {
	struct mclic_trust *trust;
	bool root;
	__s32 serials[64];
	size_t serial_count;
};

/** keys_load() - read the user's files as that user, with user keys unless @no_user_keys */
int keys_load(struct keys *k, bool no_user_keys);
/** keys_trust() - certificates into the kernel, to stay; the module is there */
int keys_trust(struct keys *k);
/**
 * keys_forget() - empty the process keyring, before the mount is anywhere
 *
 * The mount has its own hold on the keys, and keeps the mounter's credentials with that keyring.
 * What is in there it would find again when it is told to forget its keys, and nobody else could
 * reach it any more: so there is no moment at which a mount and keys in there outlive the process.
 */
int keys_forget(const struct keys *k);
void keys_free(struct keys *k);

#endif /* MOUNT_MCLICFS_H */
