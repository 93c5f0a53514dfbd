/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates and lists inside libmclic: trust.c, trust_load.c, trust_edit.c. */
#ifndef MCLIC_TRUST_H
#define MCLIC_TRUST_H

#include <pthread.h>
#include <stdatomic.h>

#include "libmclic.h"

#define MCLIC_PEM_MAX	(64u << 10)
#define MCLIC_LIST_MAX	(sizeof(struct mclic_revocation) + MCLIC_SIG_MAX + \
			 (size_t)MCLIC_REVOCATION_MAX * sizeof(struct mclic_revocation_entry))

/* Where certificates and lists are looked for: the system's, then the user's. */
enum { MCLIC_SYSTEM, MCLIC_USER, MCLIC_PLACES };

/** struct mclic_places - folders; NULL where there is no home */
struct mclic_places {
	char *centers[MCLIC_PLACES];
	char *lists[MCLIC_PLACES];
};

/** struct mclic_center - a certificate */
struct mclic_center {
	__u8 id[MCLIC_ID_SIZE];
	X509 *cert;
	char *path;
};

/** struct mclic_list - a revocation list whose signature was good */
struct mclic_list {
	struct mclic_revocation *bytes;
	size_t len;
	char *path;
};

/**
 * struct mclic_trust_state - what was found at one time; never changed afterwards
 * @centers: one a center; the system's come first
 * @center_count: their number
 * @system_count: of these the system's
 * @lists: the newest of each center
 * @warnings: NULL, or a line for each file that was skipped
 * @print: names, numbers and times of all files, to see whether any changed
 */
struct mclic_trust_state {
	struct mclic_center *centers;
	size_t center_count;
	size_t system_count;
	struct mclic_list *lists;
	size_t list_count;
	char *warnings;
	char *print;
	size_t print_len;
};

/**
 * struct mclic_trust - shared by threads
 * @places: where to look
 * @lock: of @state, held only while it is looked at or exchanged
 * @refreshing: one thread looks at the files at a time
 * @state: newest
 * @looked: CLOCK_MONOTONIC in ms of the last look at the files
 */
struct mclic_trust {
	struct mclic_places places;
	pthread_rwlock_t lock;
	pthread_mutex_t refreshing;
	struct mclic_trust_state *state;
	atomic_llong looked;
};

/* trust.c */

/** mclic_trust_reload() - look at the files now; 1 when they changed */
int mclic_trust_reload(struct mclic_trust *t);

/* trust_load.c */

int mclic_trust_state_load(const struct mclic_places *p, struct mclic_trust_state **s);
void mclic_trust_state_free(struct mclic_trust_state *s);
/** mclic_trust_print() - the fingerprint of all files as they are now; free() it */
int mclic_trust_print(const struct mclic_places *p, char **print, size_t *len);
const struct mclic_center *mclic_center_find(const struct mclic_trust_state *s, const __u8 *id);
const struct mclic_list *mclic_list_find(const struct mclic_trust_state *s, const __u8 *id);
/** mclic_cert_parse() - the only certificate of a PEM file's bytes, and its IDc */
int mclic_cert_parse(const void *pem, size_t len, const char *path, X509 **cert,
		     __u8 id[MCLIC_ID_SIZE]);
/** mclic_list_check() - form and signature, under the certificate that @s knows */
int mclic_list_check(const struct mclic_trust_state *s, const void *list, size_t len,
		     const char *path);

/* trust_edit.c needs to walk folders too */

/**
 * mclic_folder_walk() - call @fn for every regular file of @folder that ends in @suffix
 *
 * @folder may be NULL, for there is none. One that is not there is empty; one that cannot be
 * read is an error. Ends early, with its value, when @fn returns anything but 0.
 */
int mclic_folder_walk(const char *folder, const char *suffix,
		      int (*fn)(void *ctx, int dir, const char *name, const char *path), void *ctx);

#endif /* MCLIC_TRUST_H */
