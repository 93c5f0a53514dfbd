/* SPDX-License-Identifier: GPL-2.0-or-later WITH Linux-syscall-note */
/*
 * ioctls of a mounted mclicfs, and names that its users need.
 *
 * Every ioctl is called on any file or directory of the mount. Each structure starts
 * with its version and is the same for 32-bit and 64-bit callers; what is reserved must
 * be zero. Documentation/mclicfs.rst has the errors of each.
 */
#ifndef _UAPI_MCLICFS_H
#define _UAPI_MCLICFS_H

#include <linux/ioctl.h>
#include <linux/types.h>

#include "mclicfs_format.h"

#define MCLICFS_NAME		"mclicfs"
/* "MCLF": f_type of the module's mounts; those of mclicfs-fuse have FUSE's */
#define MCLICFS_SUPER_MAGIC	0x4d434c46
#define MCLICFS_KEYRING		".mclic"	/* certificates of license centers */
#define MCLICFS_KEY_PREFIX	"mclic:"	/* logon key "mclic:<user id hex>:<KU generation>" */

#define MCLICFS_IOC_VERSION	1
#define MCLICFS_WHY_SIZE	24		/* longest name of mclic_why_name(), and NUL */
#define MCLICFS_RAW_SIZE	256		/* longest canonical medium identifier */

/**
 * struct mclicfs_ioc_medium - the medium below the mount, as its hardware names it
 * @version: in: MCLICFS_IOC_VERSION
 * @kind: in: MCLIC_MEDIUM_*, or 0 for the first that answers; out: which it is
 * @medium_class: out: 0 to 3
 * @names_drive: out: 1 where @raw may name the drive instead of the medium in it
 * @slots: out: slots of the licence area; 0 where there is none
 * @raw_len: out: bytes of @raw
 * @mid: out: MID (IDk); zero where @names_drive is 1 and there is no area
 * @area_id: out: of the licence area, zero where there is none
 * @raw: out: the identifier in its canonical form
 * @reserved: 0
 */
struct mclicfs_ioc_medium {
	__u32	version;
	__u8	kind;
	__u8	medium_class;
	__u8	names_drive;
	__u8	reserved1;
	__u32	slots;
	__u32	raw_len;
	__u8	mid[MCLIC_ID_SIZE];
	__u8	area_id[MCLIC_ID_SIZE];
	__u8	raw[MCLICFS_RAW_SIZE];
	__u64	reserved[4];
};

/**
 * struct mclicfs_ioc_licence - one slot that is not free
 * @slot: index of the slot
 * @error: 0 if its licence is in force here and now, else a positive errno
 * @why: what is wrong, as mclic_why_name() puts it; "ok" if nothing
 * @terms: as stored; only where @valid
 * @valid: 1 if the slot is well formed, so that @terms may be read
 */
struct mclicfs_ioc_licence {
	__u32	slot;
	__u32	error;
	__u32	valid;
	__u32	reserved1;
	char	why[MCLICFS_WHY_SIZE];
	__u64	reserved[3];
	__u8	terms[256];
};

/**
 * struct mclicfs_ioc_list - the licences on the medium
 * @version: in: MCLICFS_IOC_VERSION
 * @count: in: how many @licences has room for; out: how many were written to it
 * @next: in: slot to begin with (0: the first); out: slot to go on with, 0 at the end
 * @licences: in: address of an array of struct mclicfs_ioc_licence
 * @reserved: 0
 */
struct mclicfs_ioc_list {
	__u32	version;
	__u32	count;
	__u32	next;
	__u32	reserved1;
	__u64	licences;
	__u64	reserved[4];
};

/**
 * struct mclicfs_ioc_put - put a licence on the medium (S3 to S6)
 * @version: in: MCLICFS_IOC_VERSION
 * @slot: out: where it lies
 * @licence: in: the slot's first MCLIC_SLOT_CARRIED bytes, as a response carries them
 * @reserved: 0
 */
struct mclicfs_ioc_put {
	__u32	version;
	__u32	slot;
	__u8	licence[MCLIC_SLOT_CARRIED];
	__u64	reserved[4];
};

/**
 * struct mclicfs_ioc_remove - empty a slot
 * @version: in: MCLICFS_IOC_VERSION
 * @slot: in: which
 * @licence_id: in: of the licence in it; zero for a slot that is damaged
 * @reserved: 0
 */
struct mclicfs_ioc_remove {
	__u32	version;
	__u32	slot;
	__u8	licence_id[MCLIC_ID_SIZE];
	__u64	reserved[4];
};

/**
 * struct mclicfs_ioc_key - a user key of the mount
 * @version: in: MCLICFS_IOC_VERSION
 * @serial: in: of a logon key "mclic:..."; for REMOVE_KEY 0 means every key of the mount,
 *	and those of portable titles
 * @busy: out, REMOVE_KEY: sealed files that are open and so keep their keys until closed
 * @reserved: 0
 */
struct mclicfs_ioc_key {
	__u32	version;
	__s32	serial;
	__u32	busy;
	__u32	reserved1;
	__u64	reserved[4];
};

/**
 * struct mclicfs_ioc_revocations - a signed revocation list of one center
 * @version: in: MCLICFS_IOC_VERSION
 * @len: in: bytes
 * @list: in: address of the list: head, entries, signature
 * @reserved: 0
 */
struct mclicfs_ioc_revocations {
	__u32	version;
	__u32	len;
	__u64	list;
	__u64	reserved[4];
};

/**
 * struct mclicfs_ioc_stats - what the mount did so far
 * @version: in: MCLICFS_IOC_VERSION
 * @sealed: out: sealed files with a key in memory
 * @open: out: sealed files that are open
 * @verdicts: out: times that a title's slots were judged
 * @verdicts_cached: out: opens that found a verdict still in force
 * @verdicts_failed: out: times that no slot passed
 * @blocks: out: blocks decrypted
 * @blocks_bad: out: blocks whose tag did not match
 * @bytes_read: out: bytes read from sealed files below
 * @reserved: 0
 */
struct mclicfs_ioc_stats {
	__u32	version;
	__u32	sealed;
	__u32	open;
	__u32	reserved1;
	__u64	verdicts;
	__u64	verdicts_cached;
	__u64	verdicts_failed;
	__u64	blocks;
	__u64	blocks_bad;
	__u64	bytes_read;
	__u64	reserved[8];
};

#define MCLICFS_IOC_MAGIC		0xc5
#define MCLICFS_IOC_GET_MEDIUM		_IOWR(MCLICFS_IOC_MAGIC, 1, struct mclicfs_ioc_medium)
#define MCLICFS_IOC_LIST_LICENCES	_IOWR(MCLICFS_IOC_MAGIC, 2, struct mclicfs_ioc_list)
#define MCLICFS_IOC_PUT_LICENCE		_IOWR(MCLICFS_IOC_MAGIC, 3, struct mclicfs_ioc_put)
#define MCLICFS_IOC_REMOVE_LICENCE	_IOW(MCLICFS_IOC_MAGIC, 4, struct mclicfs_ioc_remove)
#define MCLICFS_IOC_ADD_KEY		_IOW(MCLICFS_IOC_MAGIC, 5, struct mclicfs_ioc_key)
#define MCLICFS_IOC_REMOVE_KEY		_IOWR(MCLICFS_IOC_MAGIC, 6, struct mclicfs_ioc_key)
#define MCLICFS_IOC_SET_REVOCATIONS	_IOW(MCLICFS_IOC_MAGIC, 7, struct mclicfs_ioc_revocations)
#define MCLICFS_IOC_GET_STATS		_IOWR(MCLICFS_IOC_MAGIC, 8, struct mclicfs_ioc_stats)

#endif /* _UAPI_MCLICFS_H */
