/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mclic-master: from directories to a master disc.
 *
 * scan.c reads what a title holds, register.c gets its key from the center, disc.c and
 * layout.c lay out the ISO 9660 image with room for every sealed file, seal.c writes EKa(Data)
 * and the marker into that room, build.c does all of it. So every byte is written once, by all
 * cores, and nothing but the image needs room on the disk.
 */
#ifndef MCLIC_MASTER_H
#define MCLIC_MASTER_H

#include <stdatomic.h>

#include "userspace/lib/libmclic.h"

/**
 * struct title - one title on its way to the disc
 * @name: as the publisher calls it
 * @path: directory it is made from
 * @disc_name: of its directory on the disc
 * @fd: of @path
 * @manifest: entries sorted by path; file ids and hashes are known once sealed
 * @id: DID and content version, from the center
 * @km_generation: of Ka
 * @ka: Ka, locked memory
 * @marker_len: bytes of its marker, manifest included
 */
struct title {
	char *name;
	char *path;
	char *disc_name;
	int fd;
	struct mclic_manifest manifest;
	struct mclic_title id;
	__u32 km_generation;
	__u8 *ka;
	size_t marker_len;
};

/**
 * struct build - one run of "mclic-master build"
 * @center: where titles are registered; its center_id is the token's
 * @token: the publisher's; wiped at the end
 * @key: path of the publisher key, or NULL for the usual one
 * @publisher: the publisher key
 * @publisher_public: and its public half
 * @version: content version
 * @titles: what is built
 * @count: their number
 * @output: path of the image
 * @volume: label of the disc
 * @with_manager: add the mclic program
 * @work: folder beside @output that holds what is not finished; NULL when there is none
 * @image: the image in it, open for writing
 * @cancel: set on SIGINT and SIGTERM
 */
struct build {
	struct mclic_account center;
	char *token;
	const char *key;
	EVP_PKEY *publisher;
	__u8 publisher_public[MCLIC_ED25519_PUBLIC];
	__u32 version;
	struct title *titles;
	size_t count;
	const char *output;
	const char *volume;
	bool with_manager;
	char *work;
	int image;
	const atomic_bool *cancel;
};

/* ---- scan.c ---- */

/**
 * scan_title() - read what @t->path holds into @t->manifest
 *
 * Everything a product cannot hold is named by a warning, with the remedy; then -EINVAL.
 */
int scan_title(struct title *t);

/* ---- register.c ---- */

/** register_center() - IDc from the token; the publisher key */
int register_center(struct build *b);

/**
 * register_title() - POST /v1/products: DID, generation and Ka of @t
 *
 * The answer counts only when the center named in the token signed it.
 */
int register_title(struct build *b, struct title *t);

/* ---- layout.c ---- */

/**
 * struct layout - what is known of an image that libisofs writes; of zeros at first
 * @root: block of the directory at the top
 * @path_table: block of the path table
 * @behind: it was there, and with it the last directory
 */
struct layout {
	__u32 root;
	__u32 path_table;
	bool behind;
};

/**
 * layout_place() - where does the next block that libisofs writes belong?
 * @block: its 2048 bytes
 * @next: block behind the last one; gets the place, which may be further behind
 *
 * Return: 0 or -EIO.
 */
int layout_place(struct layout *l, const unsigned char *block, __u32 *next);

/* ---- disc.c ---- */

/** disc_layout() - directories, names and room for all titles in @b->image */
int disc_layout(struct build *b);

/* ---- seal.c ---- */

/** marker_room() - how many bytes the marker of @t will have; -E2BIG beyond what one may */
int marker_room(struct title *t);

/**
 * seal_title() - EKa(Data) of every file of @t, and its signed marker, into @b->image
 * @disc: the image, as a reader of discs sees it: whatever it does not show is an error
 */
int seal_title(struct build *b, struct title *t, struct mclic_source *disc,
	       struct mclic_progress *progress);

/* ---- manager.c ---- */

/** manager_path() - the mclic program beside this one; malloc'd, NULL with mclic_message() */
char *manager_path(void);

/** manager_readme() - what README.txt on the disc says */
const char *manager_readme(void);

/* ---- build.c ---- */

/** build_run() - all of it; the image appears whole or not at all */
int build_run(struct build *b);

#endif /* MCLIC_MASTER_H */
