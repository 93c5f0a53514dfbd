/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's side of a machine: keyrings, and mounts of the kernel's mclicfs. For the
 * programs that touch them (mclic, mount.mclicfs). The rules of libmclic.h hold.
 */
#ifndef MCLIC_KERNEL_H
#define MCLIC_KERNEL_H

#include "libmclic.h"
#include "uapi/mclicfs.h"

/* ---- keyring.c: user keys as logon keys ---- */

/**
 * mclic_keyring_unlock() - put every user key of this user into a keyring
 * @ring: KEY_SPEC_*, or a serial number
 * @each: called with the serial number of each; ends early with its value unless that is
 *	0; or NULL
 * @ctx: for @each
 *
 * Return: how many, 0 where this user was never enrolled; or -errno.
 */
int mclic_keyring_unlock(__s32 ring, int (*each)(void *ctx, __s32 serial), void *ctx);

/** mclic_key_name() - name of a key, malloc'd; NULL if it is of another type than @type */
char *mclic_key_name(__s32 serial, const char *type);

/** mclic_keyring_has() - are there user keys in keyring @ring? */
bool mclic_keyring_has(__s32 ring);

/** mclic_keyring_lock() - revoke every user key in keyring @ring; how many, or -errno */
int mclic_keyring_lock(__s32 ring);

/* ---- keyring_trust.c: certificates for the kernel ---- */

/**
 * mclic_keyring_centers() - serial number of the keyring of center certificates
 *
 * Return: it, or -ENOKEY where the module is not loaded.
 */
__s32 mclic_keyring_centers(void);

/**
 * mclic_keyring_trust() - put certificates into that keyring, where they count for everybody
 * @t: certificates of the system and of a user
 * @own: the user's too, because that is root; else there is a warning of each
 */
int mclic_keyring_trust(struct mclic_trust *t, bool own);

/**
 * mclic_keyring_distrust() - take the certificate of a center out
 * @t: what root trusts now: what is in there stays
 * @center_id: IDc
 *
 * Return: 0, 1 if there was nothing to take out, or -errno.
 */
int mclic_keyring_distrust(struct mclic_trust *t, const __u8 center_id[MCLIC_ID_SIZE]);

/** mclic_keyring_trusts() - is the certificate of a center there? */
bool mclic_keyring_trusts(const __u8 center_id[MCLIC_ID_SIZE]);

/* ---- kernel_mount.c: ioctls of a mount ---- */

/**
 * mclic_kernel_open() - is @path on a mount of the kernel's mclicfs?
 * @path: file or directory
 *
 * Return: it, open for reading; or -1 where it is not, or cannot be opened.
 */
int mclic_kernel_open(const char *path);

/** mclic_kernel_medium() - GET_MEDIUM; @what is for the message, here and below */
int mclic_kernel_medium(int fd, const char *what, struct mclicfs_ioc_medium *m);
/** mclic_kernel_stats() - GET_STATS */
int mclic_kernel_stats(int fd, const char *what, struct mclicfs_ioc_stats *s);

/** mclic_kernel_licences() - LIST_LICENCES: all of them, malloc'd; their number or -errno */
int mclic_kernel_licences(int fd, const char *what, struct mclicfs_ioc_licence **list);

/** mclic_kernel_put() - PUT_LICENCE; @slot gets where it lies */
int mclic_kernel_put(int fd, const char *what, const struct mclic_slot_carried *licence,
		     __u32 *slot);
/** mclic_kernel_remove() - REMOVE_LICENCE: slot @slot, if it holds that licence */
int mclic_kernel_remove(int fd, const char *what, __u32 slot,
			const __u8 licence_id[MCLIC_ID_SIZE]);

/** mclic_kernel_key_add() - ADD_KEY: the logon key with that serial number */
int mclic_kernel_key_add(int fd, const char *what, __s32 serial);
/** mclic_kernel_key_remove() - @serial 0: every key; @busy gets the files still in use */
int mclic_kernel_key_remove(int fd, const char *what, __s32 serial, __u32 *busy);

/**
 * mclic_kernel_lists() - SET_REVOCATIONS of the newest list of each center
 *
 * A mount that has a newer one keeps that. The list of a center that the kernel does not know is
 * passed over: no licence of that center is in force.
 */
int mclic_kernel_lists(int fd, const char *what, struct mclic_trust *t);

#endif /* MCLIC_KERNEL_H */
