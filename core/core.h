/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * core: the formats, the key schedule and the licence check.
 *
 * Compiled into the kernel module as it is: no allocation, no I/O, no globals, no
 * recursion, less than 1 KiB of stack a function. Whatever it needs of the world
 * comes through struct mclic_crypto and struct mclic_sources.
 *
 * Untrusted bytes are judged here and nowhere else. A check of bytes answers an
 * enum mclic_why (0 is good); mclic_errno() and mclic_why_text() turn that into
 * the errno of a system call and into words.
 */
#ifndef MCLIC_CORE_H
#define MCLIC_CORE_H

#include "port.h"
#include "../uapi/mclicfs_format.h"

/* ---- why.c: what can be wrong ---- */

/** enum mclic_why - what is wrong with some bytes, or with a licence */
enum mclic_why {
	MCLIC_OK = 0,
	/* the bytes are not what they should be */
	MCLIC_FREE,		/* a free slot: all of its magic is zero */
	MCLIC_BAD_LENGTH,
	MCLIC_BAD_MAGIC,
	MCLIC_BAD_VERSION,
	MCLIC_BAD_SUITE,
	MCLIC_BAD_CRC,
	MCLIC_BAD_RESERVED,
	MCLIC_BAD_COUNT,	/* number of slots or of entries */
	MCLIC_BAD_KIND,		/* licence kind */
	MCLIC_BAD_MEDIUM_KIND,
	MCLIC_BAD_MEDIUM_ID,	/* too short, all alike, or a known dummy */
	MCLIC_BAD_USER,		/* user id zero in a personal licence, or not in a portable one */
	MCLIC_BAD_FLAGS,	/* a critical flag nobody knows */
	MCLIC_BAD_TEXT,		/* not UTF-8, a control character, or no NUL padding */
	MCLIC_BAD_SIG_FIELD,	/* signature algorithm or length */
	MCLIC_BAD_OPERATION,
	MCLIC_BAD_LICENCE_ID,	/* must be zero, or must not */
	MCLIC_BAD_SEQUENCE,
	MCLIC_BAD_FACTORY,	/* factory id kind, or an id where there is none */
	MCLIC_BAD_SIZE,		/* a size that no writer produces */
	MCLIC_BAD_BLOCK_SIZE,
	MCLIC_BAD_KEY,		/* sealed under the other key */
	MCLIC_BAD_TITLE,	/* a file of another title or content version */
	MCLIC_BAD_GENERATION,	/* KM generation differs from the licence's */
	MCLIC_BAD_MAC,
	MCLIC_BAD_ORDER,	/* entries not sorted, or one twice */
	MCLIC_BAD_PATH,
	MCLIC_BAD_ANSWER,	/* a response to another request */
	/* the verdict, in the order of the checks */
	MCLIC_OTHER_TITLE,
	MCLIC_OTHER_MEDIUM,
	MCLIC_LOW_CLASS,
	MCLIC_NO_CERTIFICATE,
	MCLIC_BAD_SIG,
	MCLIC_NO_USER_KEY,
	MCLIC_BAD_EKU,
	MCLIC_BAD_CS,
	MCLIC_BAD_EMID,
	MCLIC_REVOKED,
	MCLIC_NOT_YET,
	MCLIC_EXPIRED,
	MCLIC_OLD_TERMS,	/* covers only older content versions */
	MCLIC_NO_LICENCE,	/* no slot is a candidate */
	/* not the bytes' fault */
	MCLIC_CRYPTO_FAILED,	/* the crypto table or a source failed: I/O, memory */
	MCLIC_WHY_COUNT
};

/**
 * mclic_errno() - the errno a system call answers with
 * @why: what is wrong
 *
 * Return: 0 for MCLIC_OK, else a negative errno (behaviour: "The verdict").
 */
int mclic_errno(enum mclic_why why);

/**
 * mclic_why_name() - a stable name for programs, e.g. "bad-crc", "other-medium"
 * @why: what is wrong
 */
const char *mclic_why_name(enum mclic_why why);

/**
 * mclic_why_text() - one clause in English, e.g. "its CRC-32 does not match"
 * @why: what is wrong
 */
const char *mclic_why_text(enum mclic_why why);

/* ---- bytes.c: comparing and wiping ---- */

/** mclic_equal() - compare @n bytes in time that depends on @n alone */
bool mclic_equal(const void *a, const void *b, size_t n);

/** mclic_is_zero() - are all @n bytes zero? Time depends on @n alone */
bool mclic_is_zero(const void *p, size_t n);

/** mclic_wipe() - zero @n bytes in a way that the compiler keeps */
void mclic_wipe(void *p, size_t n);

/**
 * mclic_text_ok() - is a NUL-padded field clean text?
 * @p: the field
 * @n: its size in bytes; NULs may follow the text, nothing may follow a NUL
 *
 * Clean: UTF-8 (RFC 3629: no surrogates, no overlong forms) without control
 * characters (C0, DEL, C1).
 */
bool mclic_text_ok(const void *p, size_t n);

/** mclic_utf8_ok() - clean text as above, of exactly @n bytes and without a NUL */
bool mclic_utf8_ok(const void *p, size_t n);

/**
 * mclic_head_check() - judge what every structure but the area's header starts with
 * @magic: its first bytes
 * @expected: MCLIC_*_MAGIC
 * @version: as stored
 * @suite: as stored
 */
enum mclic_why mclic_head_check(const __u8 magic[MCLIC_MAGIC_SIZE], const char *expected,
				__le16 version, __le16 suite);

/* ---- the crypto table ---- */

/** struct mclic_vec - a piece of a message */
struct mclic_vec {
	const void *base;
	size_t len;
};

/**
 * struct mclic_crypto - the primitives, as the surroundings provide them
 * @name: of the provider, for messages: "openssl", "kcapi", "kernel"
 * @sha256: SHA-256 (FIPS 180-4) over @n pieces
 * @cmac: AES-256-CMAC (SP 800-38B) over @n pieces
 * @seal: AES-256-GCM (SP 800-38D): @in of @len bytes to @out of @len + 16 bytes,
 *	ciphertext || tag. @in and @out may be the same buffer
 * @open: the reverse: @in of @len + 16 bytes to @out of @len bytes; -EBADMSG when
 *	the tag does not match, and then @out holds no plaintext
 * @crc32: zlib's crc32(), starting from 0
 *
 * Each gets the table itself, so that a provider may keep its state around it.
 * They return 0 or a negative errno, and may be called by several threads at once.
 */
struct mclic_crypto {
	const char *name;
	int (*sha256)(const struct mclic_crypto *c, const struct mclic_vec *v,
		      unsigned int n, __u8 out[MCLIC_HASH_SIZE]);
	int (*cmac)(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
		    const struct mclic_vec *v, unsigned int n, __u8 out[MCLIC_CS_SIZE]);
	int (*seal)(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
		    const __u8 nonce[MCLIC_NONCE_SIZE], const void *aad, size_t aad_len,
		    const void *in, size_t len, void *out);
	int (*open)(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
		    const __u8 nonce[MCLIC_NONCE_SIZE], const void *aad, size_t aad_len,
		    const void *in, size_t len, void *out);
	__u32 (*crc32)(const void *p, size_t len);
};

/* ---- keys.c: the key schedule (Documentation/keys.rst) ---- */

/**
 * mclic_kdf() - SP 800-108r1 in counter mode with AES-256-CMAC
 * @c: crypto table
 * @key: key derivation key, 32 bytes
 * @label: text, without its NUL
 * @context: at most 4 pieces
 * @n: number of pieces
 * @out: 32 bytes
 *
 * Return: 0 or a negative errno of the table.
 */
int mclic_kdf(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
	      const char *label, const struct mclic_vec *context, unsigned int n,
	      __u8 out[MCLIC_KEY_SIZE]);

/**
 * mclic_kdf_fixed() - the same, without a layout of its own: as published answers need it
 * @c: crypto table
 * @key: key derivation key, 32 bytes
 * @fixed: at most 6 pieces of what follows the counter
 * @n: number of pieces
 * @out: 32 bytes
 *
 * Return: 0 or a negative errno of the table.
 */
int mclic_kdf_fixed(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
		    const struct mclic_vec *fixed, unsigned int n, __u8 out[MCLIC_KEY_SIZE]);

/** mclic_user_key() - KU of a user: KDF(KM, "mclic KU", user id, le32 generation) */
int mclic_user_key(const struct mclic_crypto *c, const __u8 km[MCLIC_KEY_SIZE],
		   const __u8 user_id[MCLIC_ID_SIZE], __u32 ku_generation,
		   __u8 ku[MCLIC_KEY_SIZE]);

/** mclic_master_medium_key() - Ka of a title: KDF(KM, "mclic Ka", DID, le32 version) */
int mclic_master_medium_key(const struct mclic_crypto *c, const __u8 km[MCLIC_KEY_SIZE],
			    const __u8 did[MCLIC_ID_SIZE], __u32 content_version,
			    __u8 ka[MCLIC_KEY_SIZE]);

/** mclic_medium_key() - Ku of a title on a medium: KDF(KM, "mclic Ku", MID, DID) */
int mclic_medium_key(const struct mclic_crypto *c, const __u8 km[MCLIC_KEY_SIZE],
		     const __u8 mid[MCLIC_ID_SIZE], const __u8 did[MCLIC_ID_SIZE],
		     __u8 ku[MCLIC_KEY_SIZE]);

/** mclic_certification_key() - KEYc: KDF(KM, "mclic KEYc", licence id, le32 sequence) */
int mclic_certification_key(const struct mclic_crypto *c, const __u8 km[MCLIC_KEY_SIZE],
			    const __u8 licence_id[MCLIC_ID_SIZE], __u32 sequence,
			    __u8 keyc[MCLIC_KEY_SIZE]);

/**
 * mclic_file_keys() - the two keys of one sealing of one file
 * @c: crypto table
 * @key: Ka or Ku, 32 bytes
 * @did: title, 16 bytes
 * @file_id: from the trailer, 16 bytes
 * @salt: from the trailer, 16 bytes
 * @file_key: gets the key of the blocks; may be NULL
 * @mac_key: gets the key of the trailer's MAC; may be NULL
 *
 * Return: 0 or a negative errno of the table.
 */
int mclic_file_keys(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
		    const __u8 did[MCLIC_ID_SIZE], const __u8 file_id[MCLIC_ID_SIZE],
		    const __u8 salt[16], __u8 file_key[MCLIC_KEY_SIZE],
		    __u8 mac_key[MCLIC_KEY_SIZE]);

/*
 * Identifiers: the first 16 bytes of SHA-256 over a label and some pieces.
 */
#define MCLIC_LABEL_MEDIUM_TAG	"mclic medium tag v1"
#define MCLIC_LABEL_MEDIUM_ID	"mclic medium id v1"
#define MCLIC_LABEL_PUBLISHER	"mclic publisher id v1"
#define MCLIC_LABEL_DEVICE	"mclic device id v1"
#define MCLIC_LABEL_CENTER	"mclic center id v1"
#define MCLIC_LABEL_LICENCE_ID	"mclic licence id"

/** mclic_identifier() - first 16 bytes of SHA-256(label || pieces), at most 4 pieces */
int mclic_identifier(const struct mclic_crypto *c, const char *label,
		     const struct mclic_vec *v, unsigned int n, __u8 id[MCLIC_ID_SIZE]);

/** mclic_medium_tag() - what the area stores in place of the MID */
int mclic_medium_tag(const struct mclic_crypto *c, const __u8 mid[MCLIC_ID_SIZE],
		     __u8 tag[MCLIC_ID_SIZE]);

/** mclic_licence_id() - from IDc, the requester's user id and the nonce */
int mclic_licence_id(const struct mclic_crypto *c, const __u8 center_id[MCLIC_ID_SIZE],
		     const __u8 user_id[MCLIC_ID_SIZE], const __u8 nonce[MCLIC_ID_SIZE],
		     __u8 id[MCLIC_ID_SIZE]);

/* What is signed: a label, then the bytes. */
#define MCLIC_LABEL_LICENCE	"mclic licence v1"
#define MCLIC_LABEL_PRODUCT	"mclic product v1"
#define MCLIC_LABEL_REQUEST	"mclic request v1"
#define MCLIC_LABEL_REVOCATION	"mclic revocation v1"

/* ---- medium.c: the burned-in identifier ---- */

#define MCLIC_RAW_MAX	256
#define MCLIC_CLASS_MAX	3

/**
 * mclic_medium_raw() - bring a medium identifier into its one form
 * @kind: MCLIC_MEDIUM_*
 * @in: the bytes as sysfs shows them (for MCLIC_MEDIUM_EMULATED: the factory id)
 * @len: their number
 * @area_id: appended where the id may name a drive rather than the medium in it
 *	(removable, kinds SCSI, VPD and USB); else NULL
 * @raw: gets the canonical bytes, at most MCLIC_RAW_MAX
 * @raw_len: gets their number
 *
 * Return: MCLIC_OK; MCLIC_BAD_MEDIUM_KIND; MCLIC_BAD_MEDIUM_ID for an id that is
 * malformed, too long, too short, all alike or a known dummy.
 */
enum mclic_why mclic_medium_raw(__u8 kind, const void *in, size_t len,
				const __u8 area_id[MCLIC_ID_SIZE],
				__u8 raw[MCLIC_RAW_MAX], size_t *raw_len);

/** mclic_medium_id() - MID (IDk) from kind and canonical raw bytes; 0 or negative errno */
int mclic_medium_id(const struct mclic_crypto *c, __u8 kind, const __u8 *raw, size_t len,
		    __u8 mid[MCLIC_ID_SIZE]);

/** mclic_medium_known() - are kind and class among those that terms and requests may name? */
bool mclic_medium_known(__u8 kind, __u8 medium_class);

/** mclic_medium_class() - how far the id can be trusted, 0 to 3 */
__u8 mclic_medium_class(__u8 kind, bool removable);

/** mclic_medium_names_drive() - may the id name the drive instead of the medium? */
bool mclic_medium_names_drive(__u8 kind, bool removable);

/* ---- medium_find.c: which identifier a medium has ---- */

/**
 * struct mclic_hardware - a whole disk, as sysfs shows it
 * @ctx: handed to @read
 * @read: an attribute, named by its path from the disk's directory; "device/.." is the
 *	directory above that of its device. Its length in bytes, or a negative errno (-EFBIG
 *	if it is longer than @size). NULL where no device is behind the disk, or is no disk
 * @removable: what the attribute of this name says
 */
struct mclic_hardware {
	void *ctx;
	int (*read)(void *ctx, const char *name, void *buf, size_t size);
	bool removable;
};

/**
 * struct mclic_medium - a medium, as it is identified
 * @kind: MCLIC_MEDIUM_*
 * @medium_class: 0 to 3
 * @removable: of the whole disk
 * @names_drive: the id may name the drive, so the area id is part of raw
 * @mid: MID
 * @raw: canonical bytes
 * @raw_len: their number
 */
struct mclic_medium {
	__u8 kind;
	__u8 medium_class;
	bool removable;
	bool names_drive;
	__u8 mid[MCLIC_ID_SIZE];
	__u8 raw[MCLIC_RAW_MAX];
	size_t raw_len;
};

/**
 * mclic_medium_find() - read a medium's identifier now (Documentation/format.rst)
 * @c: crypto table
 * @hw: the disk that the medium is, or is in
 * @h: header of the licence area (area id, emulated factory id); NULL: there is no area
 * @kind: MCLIC_MEDIUM_* to read, or 0 for the first that answers
 * @m: gets it; zeros when there is none
 *
 * Return: 0; -ENODEV when the medium has none of that kind; -ENOMEM of @hw, or an errno of
 * the table.
 */
int mclic_medium_find(const struct mclic_crypto *c, const struct mclic_hardware *hw,
		      const struct mclic_area_header *h, __u8 kind, struct mclic_medium *m);

/* ---- area.c: the licence area ---- */

/**
 * mclic_area_header_check() - judge slot 0 or its copy
 * @c: crypto table
 * @h: 4096 bytes
 */
enum mclic_why mclic_area_header_check(const struct mclic_crypto *c,
				       const struct mclic_area_header *h);

/**
 * mclic_area_header_make() - write a header
 * @c: crypto table
 * @h: gets 4096 bytes
 * @slots: MCLIC_AREA_SLOTS_MIN to MCLIC_AREA_SLOTS
 * @area_id: random, 16 bytes
 * @factory_id: emulated factory id, 16 bytes, or NULL
 * @label: UTF-8, at most 63 bytes
 */
enum mclic_why mclic_area_header_make(const struct mclic_crypto *c,
				      struct mclic_area_header *h, __u32 slots,
				      const __u8 area_id[MCLIC_ID_SIZE],
				      const __u8 *factory_id, const char *label);

/**
 * mclic_slot_check() - step 1 of the verdict: is this slot well formed?
 * @c: crypto table
 * @s: 4096 bytes
 *
 * Magic, version, suite, CRC, reserved, kind, user id, critical flags.
 */
enum mclic_why mclic_slot_check(const struct mclic_crypto *c, const struct mclic_slot *s);

/** mclic_slot_head_check() - of it, magic, version and suite */
enum mclic_why mclic_slot_head_check(const struct mclic_slot_carried *s);

/** mclic_slot_body_check() - of it, what follows the CRC: fields that a response has too */
enum mclic_why mclic_slot_body_check(const struct mclic_slot_carried *s);

/** mclic_slot_finish() - zero what is ignored and set the CRC */
void mclic_slot_finish(const struct mclic_crypto *c, struct mclic_slot *s);

/** mclic_same_licence() - of one center and with one number, whatever the renewal */
bool mclic_same_licence(const struct mclic_terms *a, const struct mclic_terms *b);

/* ---- licence.c: making a licence, opening a licence ---- */

/**
 * mclic_terms_bind() - T: the terms with the MID in place of the medium tag
 * @stored: as in the slot
 * @mid: MID just read from the medium
 * @t: gets T
 */
void mclic_terms_bind(const struct mclic_terms *stored, const __u8 mid[MCLIC_ID_SIZE],
		      struct mclic_terms *t);

/** mclic_certificate_code() - CS = CMAC(KEYc, T), elements 14 and 17 of FIG. 4 */
int mclic_certificate_code(const struct mclic_crypto *c, const __u8 keyc[MCLIC_KEY_SIZE],
			   const struct mclic_terms *t, __u8 cs[MCLIC_CS_SIZE]);

/**
 * struct mclic_issue - what a center puts into a licence besides the terms
 * @km: KM of terms->km_generation
 * @ku: KU of the requester (of terms->ku_generation), also for a portable licence
 * @ka: Ka of the content version asked for
 * @mid: MID the licence is for
 */
struct mclic_issue {
	__u8 km[MCLIC_KEY_SIZE];
	__u8 ku[MCLIC_KEY_SIZE];
	__u8 ka[MCLIC_KEY_SIZE];
	__u8 mid[MCLIC_ID_SIZE];
};

/**
 * mclic_licence_make() - S2 and S13/S14 at the center: everything but SIG
 * @c: crypto table
 * @i: keys and MID
 * @terms: complete but for medium_tag, which is set here
 * @r: gets head, terms, CS, EKU(KEYc), EMid(Ku), EMid(Ka); SIG fields are zero
 *
 * The same input gives the same bytes. Return: 0 or a negative errno.
 */
int mclic_licence_make(const struct mclic_crypto *c, const struct mclic_issue *i,
		       const struct mclic_terms *terms, struct mclic_response *r);

/**
 * mclic_receipt_make() - the center's answer to a return: terms, no keys
 * @c: crypto table
 * @mid: MID of the licence
 * @terms: the terms as they end
 * @r: gets head and terms; CS and wrapped keys are zero, so it is never in force
 */
int mclic_receipt_make(const struct mclic_crypto *c, const __u8 mid[MCLIC_ID_SIZE],
		       const struct mclic_terms *terms, struct mclic_response *r);

/**
 * mclic_licence_open() - S4, S5 and S15: step 6 of the verdict
 * @c: crypto table
 * @s: a slot that passed mclic_slot_check()
 * @mid: MID just read
 * @ku: KU, or NULL in a portable licence
 * @medium_key: gets Ku; wiped unless MCLIC_OK is returned
 *
 * Opens EKU(KEYc), compares CS' with CS in constant time, opens EMid(Ku).
 *
 * Return: MCLIC_OK, MCLIC_BAD_EKU, MCLIC_BAD_CS, MCLIC_BAD_EMID or
 * MCLIC_CRYPTO_FAILED.
 */
enum mclic_why mclic_licence_open(const struct mclic_crypto *c, const struct mclic_slot *s,
				  const __u8 mid[MCLIC_ID_SIZE], const __u8 *ku,
				  __u8 medium_key[MCLIC_KEY_SIZE]);

/**
 * mclic_master_key_open() - the other half of S15: EMid(Ka) of a response
 * @c: crypto table
 * @r: a response that passed mclic_response_check()
 * @mid: MID just read
 * @ku: KU of the requester (also for a portable licence)
 * @ka: gets Ka
 */
enum mclic_why mclic_master_key_open(const struct mclic_crypto *c,
				     const struct mclic_response *r,
				     const __u8 mid[MCLIC_ID_SIZE],
				     const __u8 ku[MCLIC_KEY_SIZE],
				     __u8 ka[MCLIC_KEY_SIZE]);

/* ---- verdict.c: may this title be opened here? ---- */

/**
 * struct mclic_sources - what the verdict asks its surroundings
 * @ctx: handed to each
 * @medium: read the medium's identifier of @kind *now*; 0 with @mid and @medium_class,
 *	or -ENODEV when the medium has none of that kind
 * @signature: verify SIG under the certificate named @center_id; 0, -ENOKEY when the
 *	certificate is not known, -EKEYREJECTED when the signature is wrong
 * @user_key: KU of that center's user and generation; 0 or -ENOKEY
 * @revoked: what the newest list of that center says; 0 when there is no list, else 1
 *	with @lowest_good (0 when the licence is not on it) and @issued_at of the list
 *
 * Another negative errno from any of them (-EIO, -ENOMEM) ends the check with
 * MCLIC_CRYPTO_FAILED; the caller keeps its own note of which it was.
 */
struct mclic_sources {
	void *ctx;
	int (*medium)(void *ctx, __u8 kind, __u8 mid[MCLIC_ID_SIZE], __u8 *medium_class);
	int (*signature)(void *ctx, const __u8 center_id[MCLIC_ID_SIZE],
			 const struct mclic_vec *v, unsigned int n,
			 const __u8 *sig, size_t sig_len);
	int (*user_key)(void *ctx, const __u8 center_id[MCLIC_ID_SIZE],
			const __u8 user_id[MCLIC_ID_SIZE], __u32 ku_generation,
			__u8 ku[MCLIC_KEY_SIZE]);
	int (*revoked)(void *ctx, const __u8 center_id[MCLIC_ID_SIZE],
		       const __u8 licence_id[MCLIC_ID_SIZE], __u32 *lowest_good,
		       __u64 *issued_at);
};

/**
 * struct mclic_title - the title somebody wants to open, from its marker
 * @did: DID
 * @content_version: of the marker
 */
struct mclic_title {
	__u8 did[MCLIC_ID_SIZE];
	__u32 content_version;
};

/**
 * struct mclic_verdict - the outcome over all slots
 * @why: MCLIC_OK, or the error furthest down the order of checks
 * @slot: index of the slot in force, or of the one that gave @why; -1 if none
 * @terms: of the slot in force, as stored
 * @medium_key: Ku; only when MCLIC_OK. Wipe the whole struct after use
 */
struct mclic_verdict {
	enum mclic_why why;
	int slot;
	struct mclic_terms terms;
	__u8 medium_key[MCLIC_KEY_SIZE];
};

/**
 * mclic_slot_verdict() - steps 1 to 9 for one slot
 * @c: crypto table
 * @src: surroundings
 * @title: what is to be opened, or NULL for any title (steps 2 and 9 are left out)
 * @now: clock, Unix seconds
 * @s: 4096 bytes
 * @medium_key: gets Ku when MCLIC_OK is returned, else zeros
 *
 * The order of the checks is the order of enum mclic_why.
 */
enum mclic_why mclic_slot_verdict(const struct mclic_crypto *c,
				  const struct mclic_sources *src,
				  const struct mclic_title *title, __u64 now,
				  const struct mclic_slot *s,
				  __u8 medium_key[MCLIC_KEY_SIZE]);

/** mclic_verdict_start() - nothing looked at yet: MCLIC_NO_LICENCE */
void mclic_verdict_start(struct mclic_verdict *v);

/**
 * mclic_verdict_add() - look at one more slot
 * @v: verdict so far
 * @c: crypto table
 * @src: surroundings
 * @title: what is to be opened
 * @now: clock, Unix seconds
 * @index: of the slot, for the report
 * @s: 4096 bytes
 *
 * Among the slots that pass, the highest sequence number wins; if none passes, the
 * error furthest down the list stands.
 *
 * Return: what mclic_slot_verdict() said of this slot.
 */
enum mclic_why mclic_verdict_add(struct mclic_verdict *v, const struct mclic_crypto *c,
				 const struct mclic_sources *src,
				 const struct mclic_title *title, __u64 now, int index,
				 const struct mclic_slot *s);

/**
 * mclic_time_check() - step 8, also for a cached verdict
 * @terms: of the licence
 * @clock: Unix seconds
 * @list_issued_at: of the newest revocation list, 0 if none
 *
 * Return: MCLIC_OK, MCLIC_NOT_YET or MCLIC_EXPIRED.
 */
enum mclic_why mclic_time_check(const struct mclic_terms *terms, __u64 clock,
				__u64 list_issued_at);

/* ---- put.c: a licence to its slot ---- */

/**
 * struct mclic_put_io - how the slots of an area are reached
 * @ctx: handed to each
 * @read_back: slot @index as the device has it, not a cache
 * @write: write slot @index and flush it to the device
 * @check: judge a licence; MCLIC_OK lets it stand
 * @other: a slot with another licence, on the way; or NULL
 *
 * @read_back and @write return 0 or a negative errno. Nobody else writes meanwhile.
 */
struct mclic_put_io {
	void *ctx;
	int (*read_back)(void *ctx, __u32 index, struct mclic_slot *slot);
	int (*write)(void *ctx, __u32 index, const struct mclic_slot *slot);
	enum mclic_why (*check)(void *ctx, const struct mclic_slot *slot);
	void (*other)(void *ctx, __u32 index, const struct mclic_slot *slot);
};

/** enum mclic_put_end - how putting a licence ended */
enum mclic_put_end {
	MCLIC_PUT_DONE,		/* in force */
	MCLIC_PUT_NO_LICENCE,	/* what was to be put is none: @why */
	MCLIC_PUT_OLD,		/* a newer one of the same licence is there, in slot @index */
	MCLIC_PUT_FULL,		/* no slot is free */
	MCLIC_PUT_IO,		/* @err of read_back or write, or of the crypto table */
	MCLIC_PUT_CHANGED,	/* the device does not hold what was written to it */
	MCLIC_PUT_REFUSED,	/* what the device holds did not pass: @why */
};

/**
 * struct mclic_put - what came of it, and scratch; 4 KiB, so not for a kernel's stack
 * @end: how it ended
 * @why: behind it
 * @err: behind it: 0 or a negative errno, as put returns it
 * @index: slot it lies in, or was tried in, or that is newer; 0 if none
 * @left: slot @index could not be emptied again
 * @kept: older ones of the same licence that could not be emptied
 */
struct mclic_put {
	enum mclic_put_end end;
	enum mclic_why why;
	int err;
	__u32 index;
	bool left;
	__u32 kept;
	__u8 older[MCLIC_AREA_SLOTS / 8];
	struct mclic_slot slot;
};

/**
 * mclic_licence_put() - S3 to S6: write, flush, read back, check, else undo
 * @c: crypto table
 * @io: the area, opened for writing
 * @slots: its slots, the headers included
 * @s: a whole slot
 * @p: gets what came of it
 *
 * To a free slot, or to a damaged one where none is free; only when it stands there and
 * passes are the ones it replaces emptied. A cut at any moment leaves the old licence,
 * both, or the new one. The same bytes already there are checked and left. A slot that
 * claims to be newer counts only if it passes: else whoever may write to the medium could
 * keep every renewal out with a number of his own.
 *
 * Return: 0, -EBADMSG, -ESTALE, -ENOSPC, -EIO, an errno of @io, or mclic_errno() of what
 * @check said.
 */
int mclic_licence_put(const struct mclic_crypto *c, const struct mclic_put_io *io,
		      __u32 slots, const struct mclic_slot *s, struct mclic_put *p);

/* ---- product.c: markers and paths ---- */

/**
 * mclic_marker_check() - judge the head of a marker, but not its signature
 * @m: its first bytes
 * @len: how many there are: 192, or 128 and more where the signature is not wanted
 */
enum mclic_why mclic_marker_check(const struct mclic_marker *m, size_t len);

/**
 * mclic_marker_make() - fill a marker but for its signature
 * @c: crypto table
 * @m: gets 192 bytes
 * @title: DID and content version
 * @km_generation: of Ka
 * @publisher_key: Ed25519 public key, 32 bytes
 * @manifest_len: at most MCLIC_MANIFEST_MAX
 */
enum mclic_why mclic_marker_make(const struct mclic_crypto *c, struct mclic_marker *m,
				 const struct mclic_title *title, __u32 km_generation,
				 const __u8 publisher_key[MCLIC_ED25519_PUBLIC],
				 __u64 manifest_len);

/** mclic_publisher_check() - is publisher_id that of publisher_key? MCLIC_BAD_SIG if not */
enum mclic_why mclic_publisher_check(const struct mclic_crypto *c,
				     const struct mclic_marker *m);

/**
 * mclic_is_marker() - may a file system take this name for the marker's?
 * @name: of a file, without slashes
 * @len: of the name
 *
 * It may stand in any case, and have dots and spaces at its end, which FAT drops.
 */
bool mclic_is_marker(const char *name, size_t len);
/** mclic_is_area() - the same for the name of the licence area's folder */
bool mclic_is_area(const char *name, size_t len);

/**
 * mclic_path_check() - is this a path inside a product?
 * @path: bytes
 * @len: their number
 *
 * Relative, UTF-8 without control characters, no empty part, no "." or "..", no part
 * longer than 255 bytes, at most 4095 bytes, no part that mclic_is_marker() or
 * mclic_is_area() knows.
 */
enum mclic_why mclic_path_check(const char *path, size_t len);

/**
 * mclic_link_check() - does this symlink stay inside the product?
 * @path: of the link, good by mclic_path_check()
 * @len: of the path
 * @target: what it says
 * @target_len: at most 4095
 *
 * Relative, UTF-8, no control characters, and ".." only in front, as often as the link
 * lies deep: "a/../b" is refused, because a may be a link to a place higher up, and
 * together they would leave the product.
 */
enum mclic_why mclic_link_check(const char *path, size_t len, const char *target,
				size_t target_len);

/* ---- sealed.c: geometry and trailer of a sealed file ---- */

/* Largest plaintext: its sealed file still fits a signed 64-bit offset. */
#define MCLIC_PLAIN_MAX	((__u64)1 << 62)

/** mclic_block_count() - blocks of a plaintext of @size bytes */
__u64 mclic_block_count(__u64 size);

/** mclic_sealed_len() - length of the sealed file of a plaintext of @size bytes */
__u64 mclic_sealed_len(__u64 size);

/** mclic_plain_size() - plaintext size from the length of the sealed file alone */
enum mclic_why mclic_plain_size(__u64 sealed_len, __u64 *size);

/** mclic_block_offset() - where block @i starts */
__u64 mclic_block_offset(__u64 i);

/** mclic_block_len() - bytes of block @i of a plaintext of @size bytes; 0 past its end */
__u32 mclic_block_len(__u64 i, __u64 size);

/** mclic_tag_offset() - where the tag of block @i of a plaintext of @size bytes stands */
__u64 mclic_tag_offset(__u64 i, __u64 size);

/** mclic_group_len() - ciphertext bytes of group @g (without its tags) */
__u32 mclic_group_len(__u64 g, __u64 size);

/** mclic_block_nonce() - le64(i) || le32(0) */
void mclic_block_nonce(__u64 i, __u8 nonce[MCLIC_NONCE_SIZE]);

/**
 * struct mclic_seal - one sealing of one file
 * @title: DID and content version
 * @km_generation: of @key's KM
 * @key: MCLIC_UNDER_KA or MCLIC_UNDER_KU
 * @size: plaintext bytes
 * @file_id: of the file
 * @salt: of this sealing, random
 */
struct mclic_seal {
	struct mclic_title title;
	__u32 km_generation;
	__u8 key;
	__u64 size;
	__u8 file_id[MCLIC_ID_SIZE];
	__u8 salt[16];
};

/** mclic_trailer_make() - 128 bytes with their MAC; @mac_key from mclic_file_keys() */
int mclic_trailer_make(const struct mclic_crypto *c, const struct mclic_seal *s,
		       const __u8 mac_key[MCLIC_KEY_SIZE], struct mclic_trailer *t);

/**
 * mclic_trailer_check() - judge a trailer and derive the file's key
 * @c: crypto table
 * @t: 128 bytes
 * @sealed_len: length of the whole sealed file
 * @title: what the marker says
 * @km_generation: of the licence in force (Ku), or of the marker (Ka)
 * @under: MCLIC_UNDER_KA or MCLIC_UNDER_KU
 * @key: Ka or Ku; NULL checks all but the MAC
 * @file_key: gets the key of the blocks; may be NULL when @key is
 * @s: gets what the trailer says; may be NULL
 *
 * Return: MCLIC_OK or why not (each is EBADMSG at open).
 */
enum mclic_why mclic_trailer_check(const struct mclic_crypto *c, const struct mclic_trailer *t,
				   __u64 sealed_len, const struct mclic_title *title,
				   __u32 km_generation, __u8 under, const __u8 *key,
				   __u8 *file_key, struct mclic_seal *s);

/* ---- message.c: request, response, revocation list ---- */

/** mclic_request_check() - judge 256 bytes, but not their signature */
enum mclic_why mclic_request_check(const void *p, size_t len);

/** mclic_request_finish() - set magic, version and suite, and zero what is reserved */
void mclic_request_finish(struct mclic_request *r);

/** mclic_response_check() - judge 1024 bytes, but neither CS nor SIG */
enum mclic_why mclic_response_check(const void *p, size_t len);

/**
 * mclic_response_match() - is this the answer to that request?
 * @c: crypto table
 * @r: good by mclic_response_check()
 * @q: the request that was kept, good by mclic_request_check()
 *
 * Compares request hash, DID, medium tag, kind, content version and IDc.
 * Return: MCLIC_OK, MCLIC_BAD_ANSWER or MCLIC_CRYPTO_FAILED.
 */
enum mclic_why mclic_response_match(const struct mclic_crypto *c,
				    const struct mclic_response *r,
				    const struct mclic_request *q);

/** mclic_response_slot() - the 4096 bytes to write to a slot, CRC included */
void mclic_response_slot(const struct mclic_crypto *c, const struct mclic_response *r,
			 struct mclic_slot *s);

/**
 * mclic_revocation_check() - judge a whole list, but not its signature
 * @p: head, entries, signature
 * @len: bytes
 * @sig: gets where the signature starts (offset in bytes)
 * @sig_len: gets its length
 */
enum mclic_why mclic_revocation_check(const void *p, size_t len, size_t *sig, size_t *sig_len);

/** mclic_revocation_find() - lowest good sequence number of a licence, 0 if not on the list */
__u32 mclic_revocation_find(const struct mclic_revocation *list,
			    const __u8 licence_id[MCLIC_ID_SIZE]);

/* ---- selftest.c: known answers ---- */

/**
 * mclic_core_selftest() - run the published known answers through a crypto table
 * @c: crypto table
 * @failed: gets the name of the first that fails
 *
 * FIPS 180-4, SP 800-38B, SP 800-38D, SP 800-108 and CRC-32. Return: 0, -EBADMSG when
 * an answer differs, or the table's errno.
 */
int mclic_core_selftest(const struct mclic_crypto *c, const char **failed);

#endif /* MCLIC_CORE_H */
