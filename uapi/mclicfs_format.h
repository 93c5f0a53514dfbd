/* SPDX-License-Identifier: GPL-2.0-or-later WITH Linux-syscall-note */
/*
 * What lies on a medium and in a message, byte for byte.
 *
 * Documentation/format.rst is the authority; these structures spell it. All
 * numbers are little-endian. The structures are packed, so that a buffer of any
 * alignment may be read through them. Only core/ judges their fields.
 */
#ifndef _UAPI_MCLICFS_FORMAT_H
#define _UAPI_MCLICFS_FORMAT_H

#include <linux/stddef.h>
#include <linux/types.h>

#define MCLIC_VERSION		1
#define MCLIC_SUITE		1	/* AES-256-CMAC, SP 800-108, AES-256-GCM, SHA-256 */

#define MCLIC_ID_SIZE		16	/* every identifier: one cipher block */
#define MCLIC_KEY_SIZE		32	/* every symmetric key */
#define MCLIC_CS_SIZE		16	/* the certificate code, and every other CMAC */
#define MCLIC_TAG_SIZE		16	/* a GCM tag */
#define MCLIC_NONCE_SIZE	12	/* a GCM nonce */
#define MCLIC_HASH_SIZE		32	/* SHA-256 */
#define MCLIC_WRAP_SIZE		48	/* a key under GCM: ciphertext || tag */
#define MCLIC_SIG_MAX		512	/* RSA with 4096 bits */
#define MCLIC_SIG_MIN		256	/* RSA with 2048 bits */
#define MCLIC_ED25519_PUBLIC	32
#define MCLIC_ED25519_SIG	64
#define MCLIC_TITLE_SIZE	64	/* UTF-8, NUL-padded */

/* ---- The licence area: predetermined region 41 of the patent ---- */

#define MCLIC_SLOT_SIZE		4096
#define MCLIC_AREA_SLOTS	256
#define MCLIC_AREA_SLOTS_MIN	2
#define MCLIC_AREA_PARTITION	"7ab331e2-4bdd-4eaf-9cfe-4ee575a11d1e"
#define MCLIC_AREA_DIR		".mclic"
#define MCLIC_AREA_FILE		".mclic/area"

#define MCLIC_AREA_MAGIC	"MCLAREA\x01"
#define MCLIC_SLOT_MAGIC	"MCLLICN\x01"
#define MCLIC_MARKER_MAGIC	"MCLPROD\x01"
#define MCLIC_TRAILER_MAGIC	"MCLSEAL\x01"
#define MCLIC_REQUEST_MAGIC	"MCLREQU\x01"
#define MCLIC_RESPONSE_MAGIC	"MCLRESP\x01"
#define MCLIC_REVOCATION_MAGIC	"MCLREVO\x01"
#define MCLIC_MAGIC_SIZE	8

#define MCLIC_FACTORY_NONE	0
#define MCLIC_FACTORY_EMULATED	1

/** struct mclic_area_header - slot 0, and its copy in the last slot */
struct mclic_area_header {
	__u8	magic[MCLIC_MAGIC_SIZE];
	__le16	version;
	__le16	reserved1;
	__le32	slots;
	__u8	area_id[MCLIC_ID_SIZE];
	__u8	factory_kind;
	__u8	reserved2[7];
	__u8	factory_id[MCLIC_ID_SIZE];
	__u8	label[64];
	__u8	ignored[3972];
	__le32	crc;
} __attribute__((packed));

#define MCLIC_PORTABLE		1
#define MCLIC_PERSONAL		2

#define MCLIC_FLAGS_CRITICAL	0x0000ffffu

/**
 * struct mclic_terms - the record that CS is computed over
 *
 * medium_tag holds the tag where the terms are stored and signed, and the MID
 * (IDk of the patent) in every other computation.
 */
struct mclic_terms {
	__u8	did[MCLIC_ID_SIZE];
	__u8	medium_tag[MCLIC_ID_SIZE];
	__u8	center_id[MCLIC_ID_SIZE];
	__u8	licence_id[MCLIC_ID_SIZE];
	__u8	user_id[MCLIC_ID_SIZE];
	__le32	km_generation;
	__le32	ku_generation;
	__le32	content_version;
	__le32	sequence;
	__le64	not_before;
	__le64	not_after;
	__le64	issued_at;
	__le64	features;
	__u8	kind;
	__u8	medium_kind;
	__u8	medium_class;
	__u8	reserved1;
	__le32	flags;
	__u8	request_hash[MCLIC_HASH_SIZE];
	__u8	title[MCLIC_TITLE_SIZE];
	__u8	publisher_id[MCLIC_ID_SIZE];
	__le32	ku_km_generation;
	__le32	reserved2;
} __attribute__((packed));

#define MCLIC_SIG_RSA_SHA256	1

/* Bytes of a slot that SIG covers, and that a response carries. */
#define MCLIC_SLOT_SIGNED	384
#define MCLIC_SLOT_CARRIED	904

/**
 * struct mclic_slot - one licence
 *
 * Its part that a response carries is also struct mclic_slot_carried.
 */
struct mclic_slot {
	__struct_group(mclic_slot_carried, carried, __attribute__((packed)),
		__u8	magic[MCLIC_MAGIC_SIZE];
		__le16	version;
		__le16	suite;
		__le32	reserved1;
		struct mclic_terms terms;
		__u8	cs[MCLIC_CS_SIZE];
		__u8	eku[MCLIC_WRAP_SIZE];
		__u8	emid_ku[MCLIC_WRAP_SIZE];
		__le16	sig_algorithm;
		__le16	sig_len;
		__le32	reserved2;
		__u8	sig[MCLIC_SIG_MAX];
	);
	__u8	ignored[3188];
	__le32	crc;
} __attribute__((packed));

/* ---- Medium identifiers ---- */

#define MCLIC_MEDIUM_EMULATED	1
#define MCLIC_MEDIUM_SD		2
#define MCLIC_MEDIUM_SCSI	3
#define MCLIC_MEDIUM_VPD	4
#define MCLIC_MEDIUM_NVME	5
#define MCLIC_MEDIUM_USB	6
#define MCLIC_MEDIUM_VIRTIO	7
#define MCLIC_MEDIUM_SERIAL	8	/* reserved: READ MEDIA SERIAL NUMBER */

/* ---- Products ---- */

#define MCLIC_MARKER_NAME	".mclic-product"
#define MCLIC_MANIFEST_MAX	(64u << 20)

/** struct mclic_marker - the head of .mclic-product; the manifest follows */
struct mclic_marker {
	__u8	magic[MCLIC_MAGIC_SIZE];
	__le16	version;
	__le16	suite;
	__le32	content_version;
	__u8	did[MCLIC_ID_SIZE];
	__u8	publisher_id[MCLIC_ID_SIZE];
	__le64	manifest_len;
	__le32	km_generation;
	__le32	reserved1;
	__u8	publisher_key[MCLIC_ED25519_PUBLIC];
	__u8	reserved2[32];
	__u8	sig[MCLIC_ED25519_SIG];
} __attribute__((packed));

/* Bytes of a marker that its signature covers, besides SHA-256(manifest). */
#define MCLIC_MARKER_SIGNED	128

/* ---- Sealed files ---- */

#define MCLIC_BLOCK_SHIFT	12
#define MCLIC_BLOCK_SIZE	4096u
#define MCLIC_GROUP_BLOCKS	256u
#define MCLIC_GROUP_SIZE	(MCLIC_GROUP_BLOCKS * MCLIC_BLOCK_SIZE)
#define MCLIC_TRAILER_SIZE	128

#define MCLIC_UNDER_KA		1	/* on the master */
#define MCLIC_UNDER_KU		2	/* on the target */

/** struct mclic_trailer - the last 128 bytes of a sealed file */
struct mclic_trailer {
	__u8	magic[MCLIC_MAGIC_SIZE];
	__le16	version;
	__le16	suite;
	__u8	key;
	__u8	block_shift;
	__le16	reserved1;
	__le64	size;
	__u8	did[MCLIC_ID_SIZE];
	__u8	file_id[MCLIC_ID_SIZE];
	__le32	content_version;
	__u8	salt[16];
	__le32	km_generation;
	__u8	reserved2[32];
	__u8	mac[MCLIC_CS_SIZE];
} __attribute__((packed));

/* ---- Messages ---- */

#define MCLIC_OP_NEW		1
#define MCLIC_OP_RENEW		2
#define MCLIC_OP_RETURN		3

/** struct mclic_request - .mclreq, and the body of POST /v1/licences */
struct mclic_request {
	__u8	magic[MCLIC_MAGIC_SIZE];
	__le16	version;
	__le16	suite;
	__u8	operation;
	__u8	kind;
	__u8	medium_kind;
	__u8	medium_class;
	__u8	did[MCLIC_ID_SIZE];
	__u8	mid[MCLIC_ID_SIZE];
	__u8	center_id[MCLIC_ID_SIZE];
	__u8	user_id[MCLIC_ID_SIZE];
	__u8	device_id[MCLIC_ID_SIZE];
	__u8	nonce[MCLIC_ID_SIZE];
	__u8	licence_id[MCLIC_ID_SIZE];
	__le64	created_at;
	__le32	content_version;
	__le32	sequence;
	__le32	km_generation;
	__u8	reserved[44];
	__u8	sig[MCLIC_ED25519_SIG];
} __attribute__((packed));

#define MCLIC_REQUEST_SIGNED	192

/** struct mclic_response - .mclres, and the answer to a request */
struct mclic_response {
	__u8	magic[MCLIC_MAGIC_SIZE];
	__le16	version;
	__le16	suite;
	__le32	length;
	struct mclic_slot_carried slot;
	__u8	emid_ka[MCLIC_WRAP_SIZE];
	__u8	reserved[56];
} __attribute__((packed));

/** struct mclic_revocation_entry - one licence of a revocation list */
struct mclic_revocation_entry {
	__u8	licence_id[MCLIC_ID_SIZE];
	__le32	lowest_good;	/* sequence numbers below this one are revoked */
	__le32	reason;
} __attribute__((packed));

/** struct mclic_revocation - the head of .mclrev; entries and signature follow */
struct mclic_revocation {
	__u8	magic[MCLIC_MAGIC_SIZE];
	__le16	version;
	__le16	suite;
	__le32	count;
	__u8	center_id[MCLIC_ID_SIZE];
	__le64	number;
	__le64	issued_at;
	__le64	next_issue;
	__le16	sig_algorithm;
	__le16	sig_len;
	__u8	reserved[4];
} __attribute__((packed));

#define MCLIC_REVOCATION_MAX	(1u << 20)	/* entries */

#define MCLIC_REASON_REVOKED	1
#define MCLIC_REASON_RETURNED	2

#endif /* _UAPI_MCLICFS_FORMAT_H */
