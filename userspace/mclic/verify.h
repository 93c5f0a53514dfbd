/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MCLIC_VERIFY_H
#define MCLIC_VERIFY_H

#include <pthread.h>

#include "mclic.h"

/**
 * struct verify - one run of mclic verify
 * @t: target
 * @source: the target, read as a tree of products
 * @json: no text
 * @report: the JSON answer
 * @title: the part of it about the title at hand
 * @lock: guards the report and the counts
 * @damaged: what is damaged
 * @refused: titles without a licence in force
 */
struct verify {
	struct target *t;
	struct mclic_source *source;
	bool json;
	json_t *report;
	json_t *title;
	pthread_mutex_t lock;
	__u64 damaged;
	__u64 refused;
};

/** verify_say_slot() - print an element of say_slots(), unless JSON is wanted, and count it */
void verify_say_slot(struct verify *v, const json_t *slot);

/** verify_new_title() - begin the part of the report about the title in directory @name */
void verify_new_title(struct verify *v, const char *name);

/** verify_problem() - report a problem of @path, or of the title at hand (NULL); any thread */
json_t *verify_problem(struct verify *v, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** verify_title() - one title; problems are reported, not returned */
int verify_title(struct verify *v, const struct title *title);

#endif /* MCLIC_VERIFY_H */
