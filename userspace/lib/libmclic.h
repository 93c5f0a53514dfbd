/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libmclic: what the tools, the center and the FUSE daemon share around core.
 * One section a file, or a group of files (trust.c: trust_load.c and trust_edit.c too).
 * Comments here are the contract.
 *
 * Unless said otherwise a function returns 0 or a negative errno and leaves a
 * sentence for people with mclic_message(); none prints, none exits. Strings are
 * UTF-8. Functions may be called by several threads at once on different objects.
 */
#ifndef LIBMCLIC_H
#define LIBMCLIC_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "core/core.h"

#define MCLIC_RELEASE	"1.0"

/* Cleanup attributes: the variable's resource is released when it goes out of scope. */
#define __mclic_cleanup(f)	__attribute__((cleanup(f)))
#define MCLIC_AUTO_FREE		__mclic_cleanup(mclic_free_ptr)
#define MCLIC_AUTO_CLOSE	__mclic_cleanup(mclic_close_fd)
#define MCLIC_AUTO_JSON		__mclic_cleanup(mclic_json_put)

void mclic_free_ptr(void *p);		/* frees *(void **)p */
void mclic_close_fd(int *fd);		/* closes *fd unless negative; it is -1 then */
void mclic_json_put(json_t **j);	/* drops a reference to *j */

/* ---- report.c: messages, exit status ---- */

/* Exit status of every program. */
#define MCLIC_EXIT_OK		0
#define MCLIC_EXIT_FAILED	1
#define MCLIC_EXIT_USAGE	2
#define MCLIC_EXIT_REFUSED	3	/* no licence, or not allowed */
#define MCLIC_EXIT_DAMAGED	4	/* damaged data */

/**
 * mclic_fail() - note what went wrong, for this thread
 * @err: positive errno
 * @fmt: a sentence: what is wrong, with which file or slot, and what to do. No secret
 *
 * Return: -@err, so that "return mclic_fail(...)" reads well.
 */
int mclic_fail(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * mclic_usage() - the same for a word of the command line that can never be right
 *
 * Return: -EINVAL; mclic_report() ends the program with MCLIC_EXIT_USAGE then.
 */
int mclic_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** mclic_message() - the sentence of this thread's last mclic_fail(), never NULL */
const char *mclic_message(void);

/** mclic_warn() - print "PROGRAM: warning: ..." on standard error */
void mclic_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** mclic_say() - print a line on standard output; texts in it may be somebody else's */
void mclic_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** mclic_json_clean() - JSON string of a text that may be somebody else's; NULL without memory */
json_t *mclic_json_clean(const char *text);

/** mclic_exit_status() - exit status for an errno (either sign) */
int mclic_exit_status(int err);

/**
 * mclic_report() - end of a program: flush its output, and print what went wrong, if anything did
 * @err: 0 or a negative errno
 * @json: print {"error": {"message", "errno", "status"}} on standard output instead
 *
 * Return: the exit status.
 */
int mclic_report(int err, bool json);

/** mclic_print_json() - print @j on standard output, sorted keys, indented; drops @j */
int mclic_print_json(json_t *j);

/** mclic_errno_name() - "EMEDIUMTYPE" for EMEDIUMTYPE; "E?" if not known */
const char *mclic_errno_name(int err);

/* ---- progress.c ---- */

struct mclic_progress;

/**
 * mclic_progress_start() - a progress bar on standard error, if that is a terminal
 * @what: a word or two, e.g. "copying"
 * @total: bytes to come
 *
 * Return: a bar, or NULL (no terminal, no memory), which the functions below accept.
 */
struct mclic_progress *mclic_progress_start(const char *what, __u64 total);
void mclic_progress_add(struct mclic_progress *p, __u64 bytes);	/* any thread */
void mclic_progress_end(struct mclic_progress *p);

/* ---- secret.c: keys in memory ---- */

/**
 * mclic_secure_process() - first thing in main(): no core dumps, not dumpable, a
 * locked and guarded heap for keys (OpenSSL's secure heap)
 */
int mclic_secure_process(void);

/** mclic_secret_alloc() - zeroed, locked memory; NULL when there is none */
void *mclic_secret_alloc(size_t n);
/** mclic_secret_free() - wipe and free; NULL is fine */
void mclic_secret_free(void *p, size_t n);

/* ---- files.c: files written whole or not at all ---- */

/** mclic_read_file() - a whole file of at most @max bytes; *@data: free() it; a NUL follows */
int mclic_read_file(int dirfd, const char *path, size_t max, void **data, size_t *len);
/** mclic_read_fd() - the same from an open file; @name is for the message */
int mclic_read_fd(int fd, const char *name, size_t max, void **data, size_t *len);

/**
 * mclic_write_file() - temporary name, fsync, rename, fsync of the directory
 * @dirfd: or AT_FDCWD
 * @path: final name
 * @data: bytes
 * @len: their number
 * @mode: e.g. 0600; exactly this one, whatever the umask
 *
 * Temporaries of this user's that a killed writer left in the directory are removed first.
 */
int mclic_write_file(int dirfd, const char *path, const void *data, size_t len, mode_t mode);
/** mclic_create_file() - the same, but -EEXIST when there is one already */
int mclic_create_file(int dirfd, const char *path, const void *data, size_t len, mode_t mode);

/** mclic_flush_dir() - fsync, where directories have something to flush; -errno, no message */
int mclic_flush_dir(int fd);

/** mclic_set_mode() - exactly @mode, unless the file system has none to set */
int mclic_set_mode(int fd, mode_t mode);

/** mclic_mkdirs() - mkdir -p with @mode for what is missing */
int mclic_mkdirs(const char *path, mode_t mode);

/** mclic_open_beneath() - openat2() with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS */
int mclic_open_beneath(int dirfd, const char *path, int flags, mode_t mode);

/** mclic_pread_full() - read @len bytes at @off unless the file ends; returns bytes or -errno */
ssize_t mclic_pread_full(int fd, void *buf, size_t len, off_t off);
/** mclic_pwrite_full() - write all @len bytes at @off */
int mclic_pwrite_full(int fd, const void *buf, size_t len, off_t off);

/** mclic_random() - @n bytes from the system's generator */
int mclic_random(void *p, size_t n);

/* ---- encode.c: bytes as text, tokens ---- */

/** mclic_hex() - lower-case hex of @n bytes into @out of 2n + 1 bytes; returns @out */
char *mclic_hex(const void *p, size_t n, char *out);
/** mclic_unhex() - exactly @n bytes from @hex (either case, nothing behind); -EINVAL */
int mclic_unhex(const char *hex, void *p, size_t n);
/** mclic_base64() - standard base64 with padding; free() it */
char *mclic_base64(const void *p, size_t n);
/** mclic_unbase64() - exactly @n bytes; -EINVAL */
int mclic_unbase64(const char *s, void *p, size_t n);

/**
 * mclic_read_token() - the argument of --token
 * @arg: the token itself (wiped in place, so that ps shows it no more), "@FILE", or
 *	"-" for standard input
 * @token: gets a malloc'd, trimmed string
 */
int mclic_read_token(char *arg, char **token);

/* ---- crypto_openssl.c, crypto_kcapi.c: tables of core's primitives ---- */

/** mclic_openssl() - OpenSSL 3's table; contexts are kept per thread. Never NULL */
const struct mclic_crypto *mclic_openssl(void);

/** mclic_kcapi() - AF_ALG through libkcapi; NULL with mclic_message() where the kernel has none */
const struct mclic_crypto *mclic_kcapi(void);

/* ---- sign.c: signatures ---- */

/** mclic_ed25519_verify() - 0, or -EKEYREJECTED */
int mclic_ed25519_verify(const __u8 public[MCLIC_ED25519_PUBLIC], const struct mclic_vec *v,
			 unsigned int n, const __u8 sig[MCLIC_ED25519_SIG]);
/** mclic_ed25519_sign() - over the pieces */
int mclic_ed25519_sign(EVP_PKEY *key, const struct mclic_vec *v, unsigned int n,
		       __u8 sig[MCLIC_ED25519_SIG]);
/** mclic_ed25519_load() - private key from a PEM file, made (0600) if missing and @create */
int mclic_ed25519_load(const char *path, bool create, EVP_PKEY **key,
		       __u8 public[MCLIC_ED25519_PUBLIC]);

/** mclic_rsa_sign() - RSASSA-PKCS1-v1_5 with SHA-256; *@sig_len: in size, out length */
int mclic_rsa_sign(EVP_PKEY *key, const struct mclic_vec *v, unsigned int n,
		   __u8 *sig, size_t *sig_len);
/** mclic_rsa_verify() - 0, or -EKEYREJECTED */
int mclic_rsa_verify(EVP_PKEY *key, const struct mclic_vec *v, unsigned int n,
		     const __u8 *sig, size_t sig_len);

/* ---- cert.c: a center's certificate ---- */

/**
 * mclic_center_id() - IDc from a certificate
 * @cert: -EINVAL unless self-signed, RSA of 2048 to 4096 bits, with IDc as its SKI
 * @center_id: gets IDc
 */
int mclic_center_id(X509 *cert, __u8 center_id[MCLIC_ID_SIZE]);
/** mclic_cert_read() - the first certificate in @len bytes of PEM; NULL if there is none */
X509 *mclic_cert_read(const void *pem, size_t len);
/** mclic_cert_write() - in PEM, whole or not at all; replaces what is there */
int mclic_cert_write(int dirfd, const char *path, X509 *cert, mode_t mode);
/** mclic_center_cert_make() - a center's key and self-signed certificate, @bits 2048..4096 */
int mclic_center_cert_make(const char *name, int bits, EVP_PKEY **key, X509 **cert);

/* ---- answer.c: whose a token is, JSON that a center signed (Documentation/protocol.rst) ---- */

/** mclic_json_text() - member @name of @j if it is a string, else "" */
const char *mclic_json_text(const json_t *j, const char *name);

/**
 * mclic_answer_center() - does the certificate in an answer belong to that center?
 * @answer: holds "certificate". It counts only because its key hashes to IDc
 * @center_id: IDc it must have
 * @who: the center's address, for the message
 * @cert: gets the certificate; may be NULL
 *
 * Return: 0; -EKEYREJECTED for another center; -EPROTO.
 */
int mclic_answer_center(const json_t *answer, const __u8 center_id[MCLIC_ID_SIZE],
			const char *who, X509 **cert);

/**
 * mclic_answer_open() - the signed content of an answer
 * @answer: holds "certificate", @member and "signature"
 * @center_id: of the center it must be from
 * @label: signed in front of the content
 * @member: name of the content
 * @who: the center's address, for the message
 * @content: gets the content, parsed
 *
 * Return: 0; -EKEYREJECTED; -EPROTO when it is malformed.
 */
int mclic_answer_open(const json_t *answer, const __u8 center_id[MCLIC_ID_SIZE],
		      const char *label, const char *member, const char *who,
		      json_t **content);

struct mclic_account;	/* below */

/** mclic_token_center() - IDc of a token: @prefix, IDc, "-", 32 hexadecimal digits. -EINVAL */
int mclic_token_center(const char *token, const char *prefix, __u8 center_id[MCLIC_ID_SIZE]);
/**
 * mclic_center_meet() - a token goes to no center but its own: who serves at @a->url?
 *
 * Return: 0; -EKEYREJECTED when it is not @a->center_id.
 */
int mclic_center_meet(const struct mclic_account *a);

/* ---- exchange.c: a message sealed to a fresh X25519 key ---- */

#define MCLIC_BOX_OVERHEAD	(32 + MCLIC_TAG_SIZE)	/* sender's public key, tag */
#define MCLIC_KEY_BOX_SIZE	(MCLIC_KEY_SIZE + MCLIC_BOX_OVERHEAD)

/* What is signed and sealed when a device enrols, or a title is registered (protocol.rst) */
#define MCLIC_LABEL_ENROL		"mclic enrol v1"
#define MCLIC_LABEL_ENROLMENT		"mclic enrolment v1"
#define MCLIC_LABEL_KU			"mclic KU v1"
#define MCLIC_LABEL_REGISTER		"mclic register v1"
#define MCLIC_LABEL_REGISTRATION	"mclic registration v1"
#define MCLIC_LABEL_KA			"mclic Ka v1"

/** mclic_box_key() - a fresh X25519 pair */
int mclic_box_key(EVP_PKEY **key, __u8 public[32]);
/**
 * mclic_box_seal() - ephemeral X25519, HKDF-SHA256, AES-256-GCM
 * @to: receiver's public key
 * @info: context both sides know, bound into the key, e.g. "mclic KU v1" || ids
 * @info_len: bytes
 * @in: message
 * @len: bytes
 * @out: gets @len + MCLIC_BOX_OVERHEAD bytes: ephemeral public || ciphertext || tag
 *
 * Key = HKDF-SHA256(secret = X25519, salt = ephemeral public || receiver public,
 * info), 32 bytes; nonce 12 zeros; aad = info.
 */
int mclic_box_seal(const __u8 to[32], const void *info, size_t info_len,
		   const void *in, size_t len, __u8 *out);
/** mclic_box_open() - @len counts the box; -EKEYREJECTED when it does not open */
int mclic_box_open(EVP_PKEY *key, const void *info, size_t info_len,
		   const __u8 *box, size_t len, void *out);

/* ---- blocks.c: the bulk cipher of sealed files ---- */

struct mclic_blocks;	/* one thread's cipher context, keyed lazily */

/** mclic_blocks_new() - one without a key; NULL without memory */
struct mclic_blocks *mclic_blocks_new(void);
void mclic_blocks_free(struct mclic_blocks *b);		/* wipes */

/**
 * mclic_blocks_open() - decrypt and check consecutive blocks of one group
 * @b: this thread's context; set up again only when @file_key differs from the last
 * @file_key: 32 bytes
 * @first: index of the first block
 * @in: ciphertext, @len bytes
 * @len: bytes; only the last block may be short
 * @tags: 16 bytes a block
 * @out: @len bytes; may be @in
 * @bad: gets the index of the first damaged block when -EBADMSG is returned
 *
 * A damaged block's bytes in @out are zero; the others are good: all blocks are tried.
 */
int mclic_blocks_open(struct mclic_blocks *b, const __u8 file_key[MCLIC_KEY_SIZE],
		      __u64 first, const void *in, size_t len, const void *tags,
		      void *out, __u64 *bad);
/** mclic_blocks_seal() - the reverse; writes @tags */
int mclic_blocks_seal(struct mclic_blocks *b, const __u8 file_key[MCLIC_KEY_SIZE],
		      __u64 first, const void *in, size_t len, void *tags, void *out);

/* ---- paths.c: where things lie ---- */

/*
 * Each returns the malloc'd path of a folder, made (0700) if missing; NULL with
 * mclic_message() without memory or HOME.
 * config: $XDG_CONFIG_HOME/mclic or ~/.config/mclic; state: $XDG_STATE_HOME/mclic or
 * ~/.local/state/mclic. @sub is a folder in it, or NULL.
 */
char *mclic_config_path(const char *sub);
char *mclic_state_path(const char *sub);

#define MCLIC_ETC_CENTERS	"/etc/mclicfs/centers.d"	/* *.pem */
#define MCLIC_ETC_REVOCATIONS	"/etc/mclicfs/revocations.d"	/* IDc.mclrev */
/* user: CONFIG/centers/IDc.pem, STATE/revocations/IDc.mclrev */

/* ---- mount_word.c: options in fstab ---- */

/** mclic_mount_word() - is it for mount(8), udev and systemd, or what is so anyway? */
bool mclic_mount_word(const char *word);

/* ---- trust.c: center certificates and revocation lists ---- */

struct mclic_trust;	/* certificates and lists, loaded at once; refreshed when files change */

/** mclic_trust_load() - the system's and this user's; skips a bad file, fails at a folder */
int mclic_trust_load(struct mclic_trust **t);
void mclic_trust_free(struct mclic_trust *t);
/** mclic_trust_refresh() - look whether folders or lists changed; cheap. 1 if they did */
int mclic_trust_refresh(struct mclic_trust *t);
/** mclic_trust_verify() - struct mclic_sources.signature's contract */
int mclic_trust_verify(struct mclic_trust *t, const __u8 center_id[MCLIC_ID_SIZE],
		       const struct mclic_vec *v, unsigned int n, const __u8 *sig, size_t sig_len);
/** mclic_trust_revoked() - struct mclic_sources.revoked's contract */
int mclic_trust_revoked(struct mclic_trust *t, const __u8 center_id[MCLIC_ID_SIZE],
			const __u8 licence_id[MCLIC_ID_SIZE], __u32 *lowest_good, __u64 *issued_at);
/** mclic_trust_add() - copy a PEM certificate into the user's (root with @system: /etc) folder */
int mclic_trust_add(const char *pem_path, bool system, __u8 center_id[MCLIC_ID_SIZE]);
/** mclic_trust_keep() - the same from @len bytes of PEM; @from says in a message whose they are */
int mclic_trust_keep(const void *pem, size_t len, const char *from, bool system,
		     __u8 center_id[MCLIC_ID_SIZE]);
/** mclic_trust_remove() - by IDc, with its revocation list; -ENOENT */
int mclic_trust_remove(const __u8 center_id[MCLIC_ID_SIZE], bool system);
/**
 * mclic_trust_list() - JSON array of {center, subject, not_after, path, revocations:
 * {number, issued_at, next_issue, count}|null}
 */
json_t *mclic_trust_list(struct mclic_trust *t);
/**
 * mclic_trust_put_revocations() - check signature and that the number rises, then write
 *
 * Return: 1 when the list is not newer than the one there is.
 */
int mclic_trust_put_revocations(struct mclic_trust *t, const void *list, size_t len, bool system);

/** mclic_trust_warnings() - a line for each file that was skipped; NULL if none, else free() it */
char *mclic_trust_warnings(struct mclic_trust *t);
/** mclic_trust_warn() - mclic_warn() of each: what cannot be read is not trusted */
void mclic_trust_warn(struct mclic_trust *t);

/* ---- account.c: what enrolment left on this machine ---- */

/**
 * struct mclic_account - CONFIG/accounts/IDc.json
 * @center_id: IDc
 * @url: of the center, without a trailing slash
 * @cacert: PEM file for TLS, or NULL for the system's
 * @user_id: of the enrolled user
 * @user_name: as the center knows it
 * @ku_generation: newest generation held
 */
struct mclic_account {
	__u8 center_id[MCLIC_ID_SIZE];
	char *url;
	char *cacert;
	__u8 user_id[MCLIC_ID_SIZE];
	char *user_name;
	__u32 ku_generation;
};

/**
 * mclic_account_load() - by IDc; NULL IDc: the only one there is
 *
 * -ENOENT and -ENOTUNIQ say what to do.
 */
int mclic_account_load(const __u8 *center_id, struct mclic_account **a);
int mclic_account_save(const struct mclic_account *a);
void mclic_account_free(struct mclic_account *a);
/** mclic_device_key() - CONFIG/device.key, and its id; made if @create */
int mclic_device_key(bool create, EVP_PKEY **key, __u8 public[MCLIC_ED25519_PUBLIC],
		     __u8 device_id[MCLIC_ID_SIZE]);
/**
 * mclic_user_key_load() - CONFIG/user-keys/IDc-USERID-GENERATION.key (0600, 32 bytes); -ENOKEY
 *
 * A center chooses the ids of its users, so that its own is part of the name.
 */
int mclic_user_key_load(const __u8 center_id[MCLIC_ID_SIZE], const __u8 user_id[MCLIC_ID_SIZE],
			__u32 generation, __u8 ku[MCLIC_KEY_SIZE]);
int mclic_user_key_save(const __u8 center_id[MCLIC_ID_SIZE], const __u8 user_id[MCLIC_ID_SIZE],
			__u32 generation, const __u8 ku[MCLIC_KEY_SIZE]);

/* ---- money.c: ISO 4217 ---- */

/** mclic_money_parse() - "19.99" into minor units; -EINVAL with a sentence */
int mclic_money_parse(const char *text, const char *currency, __s64 *amount);
/** mclic_money_text() - the reverse: "19.99 EUR" into @out of MCLIC_MONEY_TEXT bytes, and @out */
char *mclic_money_text(__s64 amount, const char *currency, char *out);
#define MCLIC_MONEY_TEXT	40

/* ---- medium.c: the identifier burned into the medium ---- */

/**
 * mclic_medium_read() - mclic_medium_find() with this machine's sysfs
 * @dev: device number of a disk, a partition, or a file system's st_dev
 * @h: as there
 * @kind: as there
 * @m: gets it
 */
int mclic_medium_read(dev_t dev, const struct mclic_area_header *h, __u8 kind,
		      struct mclic_medium *m);

#define MCLIC_DISK_NAME	64

/** mclic_disk_name() - name of the whole disk of @dev, e.g. "sda"; "" where there is none */
const char *mclic_disk_name(dev_t dev, char name[MCLIC_DISK_NAME]);

/** mclic_medium_kind_name() - "sd", "scsi", "nvme", "usb", "virtio", "vpd", "emulated" */
const char *mclic_medium_kind_name(__u8 kind);

/* ---- area.c: the licence area of a medium ---- */

struct mclic_area;

/**
 * mclic_area_open() - find the area of a medium
 * @target: directory on the medium, block device, or image file
 * @write: for writing too
 * @area: gets it
 *
 * A GPT partition of type MCLIC_AREA_PARTITION on the medium is the area; else the
 * file .mclic/area in the directory. -ENOENT says how to format; a partition that
 * cannot be read is an error. A damaged header is replaced by its copy (and reported
 * by mclic_area_warning()); both damaged: -EBADMSG.
 */
int mclic_area_open(const char *target, bool write, struct mclic_area **area);
/** mclic_area_open_dir() - the same, to read, for an open directory; @name is for messages */
int mclic_area_open_dir(int dir, const char *name, struct mclic_area **area);
void mclic_area_close(struct mclic_area *area);
/** mclic_area_changed() - has its file another header by now, and a good one? Without the lock */
bool mclic_area_changed(struct mclic_area *area);

/** mclic_area_head() - its header, or the copy that stands in for it */
const struct mclic_area_header *mclic_area_head(const struct mclic_area *area);
/** mclic_area_slots() - their number, header and copy included */
__u32 mclic_area_slots(const struct mclic_area *area);
/** mclic_area_where() - for people: "/dev/sdb1 (partition)", "/media/x/.mclic/area" */
const char *mclic_area_where(const struct mclic_area *area);
/** mclic_area_warning() - NULL, or what is damaged but could be worked around */
const char *mclic_area_warning(const struct mclic_area *area);
/** mclic_area_dev() - device number whose whole disk names the medium */
dev_t mclic_area_dev(const struct mclic_area *area);

/** mclic_area_read() - slot @index (1 to slots - 2) */
int mclic_area_read(struct mclic_area *area, __u32 index, struct mclic_slot *s);
/** mclic_area_same() - does slot @index still hold the bytes of @s? No, while it is written */
bool mclic_area_same(struct mclic_area *area, __u32 index, const struct mclic_slot *s);

/**
 * mclic_area_put() - S3 to S6: write, flush, read back from the device, check, else undo
 * @area: opened for writing (locked against another writer meanwhile)
 * @s: complete slot
 * @check: judges what was read back; MCLIC_OK lets it stand, else the slot is zeroed. It is
 *	asked first about slots that claim to be newer than @s
 * @ctx: for @check
 * @index: gets where it lies; may be NULL
 *
 * The same bytes already there: success. An older sequence number than that of a slot of
 * the same licence that passes @check: -ESTALE. The slot it replaces is zeroed only
 * afterwards. Full: -ENOSPC, naming what to remove. A slot with a damaged CRC is reused
 * only when none is free.
 */
int mclic_area_put(struct mclic_area *area, const struct mclic_slot *s,
		   enum mclic_why (*check)(void *ctx, const struct mclic_slot *back),
		   void *ctx, __u32 *index);

/** mclic_area_clear() - zero slot @index, flushed */
int mclic_area_clear(struct mclic_area *area, __u32 index);

/**
 * mclic_area_create() - write a fresh area of 4096 * @slots bytes to an open file
 * @fd: device, image or file
 * @start: byte of it where the area begins
 * @slots: 2 to 256
 * @emulated: give it an emulated factory id
 * @label: UTF-8, at most 63 bytes
 */
int mclic_area_create(int fd, off_t start, __u32 slots, bool emulated, const char *label);

/** mclic_area_create_file() - DIR/.mclic/area, whole or not at all; -EEXIST when there is one */
int mclic_area_create_file(const char *dir, const char *label);

/* ---- licences.c: the verdict with this machine's keys, certificates and medium ---- */

/**
 * struct mclic_judge - the surroundings of a verdict in user space
 * @area: whose slots are judged
 * @trust: certificates and lists
 * @err: errno behind a MCLIC_CRYPTO_FAILED, and the caller's to read
 */
struct mclic_judge {
	struct mclic_area *area;
	struct mclic_trust *trust;
	int err;
};

/** mclic_judge_sources() - fill @src so that core asks @j (user keys from account.c) */
void mclic_judge_sources(struct mclic_judge *j, struct mclic_sources *src);

/** mclic_judge_title() - over all slots of the area; 0 and v->why, or an I/O error */
int mclic_judge_title(struct mclic_judge *j, const struct mclic_title *title,
		      struct mclic_verdict *v);

/** mclic_refused() - mclic_fail() with the errno and a remedy for @why, behind the title */
int mclic_refused(enum mclic_why why, const char *what);
/** mclic_judge_refused() - the same after mclic_judge_title(), with the licence's kinds, dates */
int mclic_judge_refused(struct mclic_judge *j, const struct mclic_verdict *v, const char *what);

/* ---- manifest.c: the manifest of a product ---- */

#define MCLIC_ENTRY_FILE	'f'
#define MCLIC_ENTRY_DIR		'd'
#define MCLIC_ENTRY_LINK	'l'

/**
 * struct mclic_entry - one file, directory or symlink
 * @path: inside the product
 * @type: MCLIC_ENTRY_*
 * @mode: permission bits, 07777 at most without setuid, setgid and sticky
 * @size: plaintext bytes (file)
 * @file_id: (file)
 * @sha256: of the plaintext (file)
 * @target: (link)
 */
struct mclic_entry {
	char *path;
	char type;
	__u32 mode;
	__u64 size;
	__u8 file_id[MCLIC_ID_SIZE];
	__u8 sha256[MCLIC_HASH_SIZE];
	char *target;
};

struct mclic_manifest {
	char *title;
	__u32 version;
	struct mclic_entry *entries;	/* parents before children */
	size_t count;
	__u64 total;			/* plaintext bytes of all files */
};

/**
 * mclic_manifest_parse() - judge and read a manifest
 * @text: JSON, need not end in NUL
 * @len: bytes, at most MCLIC_MANIFEST_MAX
 * @m: gets it
 *
 * Refuses (-EBADMSG): a path or link mclic_path_check() or mclic_link_check() refuses,
 * two paths that are equal after Unicode NFKC case folding, a parent that is not a
 * directory entry before it, unknown types, missing or ill-typed members.
 */
int mclic_manifest_parse(const void *text, size_t len, struct mclic_manifest **m);
/** mclic_manifest_check() - of entries with good paths: no twins, parents first (as above) */
int mclic_manifest_check(const struct mclic_manifest *m);
/**
 * mclic_manifest_print() - the JSON of a manifest, compact, members sorted
 * @fd: gets it, piece by piece; -1 when only its length and hash are wanted
 * @off: where in @fd
 * @len: gets its bytes
 * @hash: gets its SHA-256
 */
int mclic_manifest_print(const struct mclic_manifest *m, int fd, off_t off, size_t *len,
			 __u8 hash[MCLIC_HASH_SIZE]);
void mclic_manifest_free(struct mclic_manifest *m);
/** mclic_entries_free() - @n entries with their names; for a manifest that was not parsed */
void mclic_entries_free(struct mclic_entry *e, size_t n);
/** mclic_manifest_sort() - its entries by path, for mclic_manifest_find(); free() it */
const struct mclic_entry **mclic_manifest_sort(const struct mclic_manifest *m);
/** mclic_manifest_find() - the entry of that path, or NULL */
const struct mclic_entry *mclic_manifest_find(const struct mclic_manifest *m,
					      const struct mclic_entry **sorted, const char *path);

/**
 * struct mclic_product - a marker that was checked, and its manifest
 * @marker: its 192 bytes
 * @manifest: parsed
 * @bytes: the whole marker file, as it stands on master and target
 * @len: their number
 */
struct mclic_product {
	struct mclic_marker marker;
	struct mclic_manifest *manifest;
	void *bytes;
	size_t len;
};

/* ---- product.c: a marker and its signature ---- */

/**
 * mclic_product_sign() - the publisher's signature into a marker that is complete otherwise
 * @hash: SHA-256 of the manifest's text
 */
int mclic_product_sign(struct mclic_marker *marker, const __u8 hash[MCLIC_HASH_SIZE],
		       EVP_PKEY *publisher);
/**
 * mclic_product_parse() - marker, publisher id, signature, manifest
 * @bytes: malloc'd; the product's on success
 * @len: their number
 * @p: gets it
 */
int mclic_product_parse(void *bytes, size_t len, struct mclic_product **p);
void mclic_product_free(struct mclic_product *p);
/** mclic_product_title() - the struct core asks for */
void mclic_product_title(const struct mclic_product *p, struct mclic_title *t);

/* ---- source.c, source_dir.c, source_iso.c: a master, or any tree of products ---- */

struct mclic_source;
struct mclic_source_file;

/** mclic_source_open() - a directory, an .iso image, or a block device with ISO 9660 */
int mclic_source_open(const char *path, struct mclic_source **s);
void mclic_source_close(struct mclic_source *s);
/** mclic_iso_start() - before any other use of libisofs: UTF-8 names, nothing printed */
int mclic_iso_start(void);
/**
 * mclic_source_list() - names of the top-level directories that hold a marker
 * @s: source
 * @names: NULL-terminated; mclic_strv_free() it
 */
int mclic_source_list(struct mclic_source *s, char ***names);
void mclic_strv_free(char **v);
/** mclic_source_product() - read and check the product in top-level directory @name */
int mclic_source_product(struct mclic_source *s, const char *name, struct mclic_product **p);
/** mclic_source_file_open() - regular file PRODUCT/PATH; symlinks are not followed */
int mclic_source_file_open(struct mclic_source *s, const char *product, const char *path,
			   struct mclic_source_file **f, __u64 *len);
/** mclic_source_pread() - any thread; bytes or -errno, short only at the end */
ssize_t mclic_source_pread(struct mclic_source_file *f, void *buf, size_t len, __u64 off);
void mclic_source_file_close(struct mclic_source_file *f);
/** mclic_source_place() - where in an image the file or marker PRODUCT/PATH lies, in one piece */
int mclic_source_place(struct mclic_source *s, const char *product, const char *path,
		       __u64 *off, __u64 *len);

/* ---- work.c: a file on its way through a pipeline ---- */

/**
 * struct mclic_work - one file on its way, filled by struct mclic_pipeline.open
 * @name: for messages; lives until finish
 * @size: plaintext bytes
 * @read: any thread; bytes or -errno, short only at the end. mclic_work_read_fd() and
 *	mclic_work_read_source() are two
 * @in: what @read reads
 * @sealed: @read gives blocks and tags under @in_key, not plaintext
 * @in_key: the sealed file's key, from mclic_work_sealed()
 * @expect: SHA-256 that the plaintext must have, or NULL
 * @out: file to seal to, open for writing, or -1 to hash only
 * @out_off: where in @out the sealed file begins; what lies there is overwritten
 * @seal: (@out) how; the pipeline sets @size and a fresh @salt in it
 * @priv: the caller's
 * @sha256: the pipeline's: of the plaintext, when finish gets 0
 * @damaged: the pipeline's: number of damaged blocks
 *
 * All zero but for @out = -1 when open gets it; wiped after finish.
 */
struct mclic_work {
	const char *name;
	__u64 size;
	ssize_t (*read)(void *in, void *buf, size_t len, __u64 off);
	void *in;
	bool sealed;
	__u8 in_key[MCLIC_KEY_SIZE];
	const __u8 *expect;
	int out;
	__u64 out_off;
	struct mclic_seal seal;
	void *priv;
	__u8 sha256[MCLIC_HASH_SIZE];
	__u64 damaged;
};

/** mclic_work_read_fd() - for struct mclic_work.read; @in points to an int, the file */
ssize_t mclic_work_read_fd(void *in, void *buf, size_t len, __u64 off);
/** mclic_work_read_source() - for struct mclic_work.read; @in is a struct mclic_source_file */
ssize_t mclic_work_read_source(void *in, void *buf, size_t len, __u64 off);

/**
 * mclic_work_sealed() - judge the trailer of a sealed file that is to be read
 * @w: name, read and in are set; gets size, sealed, in_key, expect, and of seal the
 *	title, the file id and the size
 * @sealed_len: length of the sealed file
 * @e: the manifest's entry; size and file id must be the trailer's
 * @title: what the marker says
 * @km_generation: of the marker (Ka) or of the licence in force (Ku)
 * @under: MCLIC_UNDER_KA or MCLIC_UNDER_KU
 * @key: Ka or Ku
 *
 * Return: 0; -EBADMSG with what is wrong; a negative errno of the reader.
 */
int mclic_work_sealed(struct mclic_work *w, __u64 sealed_len, const struct mclic_entry *e,
		      const struct mclic_title *title, __u32 km_generation, __u8 under,
		      const __u8 key[MCLIC_KEY_SIZE]);

/* ---- pipeline.c: many files through hash and cipher, on every core ---- */

/**
 * struct mclic_pipeline - a run over @count files
 * @ctx: handed to each callback
 * @count: number of files
 * @out_key: Ka or Ku to seal under, or NULL when nothing is written
 * @open: prepare file @index; any thread, several at once. 0; 1 to leave the file out
 *	(then there is no finish for it); a negative errno ends the run
 * @finish: file @index is through; any thread, several at once; exactly once for every
 *	open that returned 0, also when the run ends early. @err is 0 when every byte was
 *	read, hashed as expected and written, trailer included (not flushed); then publish
 *	the name. Else throw the output away and close. -EBADMSG with @w->damaged != 0:
 *	damaged blocks, each reported already; without: not the expected hash, size or
 *	geometry. -ECANCELED: another file's failure or @cancel. mclic_message() has the
 *	sentence. A negative errno ends the run (return @err to give up, 0 to go on)
 * @damaged: block @block cannot be opened; one call at a time. NULL: the first damaged
 *	block of a file ends that file
 * @cancel: set by a signal handler to end the run with -EINTR; or NULL
 * @progress: counts plaintext bytes; or NULL
 */
struct mclic_pipeline {
	void *ctx;
	size_t count;
	const __u8 *out_key;
	int (*open)(void *ctx, size_t index, struct mclic_work *w);
	int (*finish)(void *ctx, size_t index, struct mclic_work *w, int err);
	void (*damaged)(void *ctx, size_t index, const struct mclic_work *w, __u64 block);
	const atomic_bool *cancel;
	struct mclic_progress *progress;
};

/**
 * mclic_pipeline_run() - do it, with one thread a core
 * @p: what to do
 *
 * The unit of work is a group of 256 blocks, so one large file is spread over the cores
 * as well as many small ones. Memory: about 2 MiB a thread, whatever the sizes.
 *
 * Return: 0, or the first error of a callback or of a file whose finish passed it on,
 * with its sentence. No thread is left when it returns.
 */
int mclic_pipeline_run(const struct mclic_pipeline *p);

/* ---- client.c: HTTP to a center (Documentation/protocol.rst) ---- */

/**
 * struct mclic_reply - what a center answered
 * @status: HTTP status
 * @body: bytes with a NUL behind them
 * @len: their number
 */
struct mclic_reply {
	long status;
	char *body;
	size_t len;
};

/**
 * mclic_http() - one exchange, with time-outs, proxies from the environment, and retries
 * @a: url and cacert
 * @method: "GET" or "POST"
 * @path: e.g. "/v1/licences"
 * @type: content type of @body, or NULL
 * @body: bytes, or NULL
 * @len: their number
 * @bearer: token for Authorization, or NULL
 * @r: gets the answer; free with mclic_reply_free()
 *
 * Retries (connection failures, 408, 429, 502, 503, 504; with back-off) repeat the same
 * bytes: every POST of the protocol is idempotent. A status of 400 or more returns a
 * negative errno with the problem's title and detail as message (403 -> -EACCES, 410 ->
 * -EKEYREVOKED, so that a licence that ended is told from a request that is refused,
 * 404 -> -ENOENT, 409 -> -ESTALE, 401 -> -EPERM, other 4xx -> -EPROTO, 5xx -> -EIO; but the
 * problems "withdrawn", "wrong-terms" and "unknown-licence" -> -EACCES: there is no licence
 * to be had, and "clock" -> -ETIME);
 * so does a redirect (-EPROTO), for none is followed. @r then holds the status only.
 * Plain http is refused but for loopback.
 */
int mclic_http(const struct mclic_account *a, const char *method, const char *path,
	       const char *type, const void *body, size_t len, const char *bearer,
	       struct mclic_reply *r);
void mclic_reply_free(struct mclic_reply *r);

/** mclic_url_check() - -EINVAL unless it can be a center's; -EPERM for plain http elsewhere */
int mclic_url_check(const char *url);

#endif /* LIBMCLIC_H */
