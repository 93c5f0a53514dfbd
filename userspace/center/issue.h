/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between issue.c, which judges who asks, and issue_terms.c, which grants what is asked. */
#ifndef MCLIC_CENTER_ISSUE_H
#define MCLIC_CENTER_ISSUE_H

#include "userspace/center/center.h"

/**
 * struct issue - a request on its way through the center
 * @c: center
 * @db: connection
 * @now: clock, Unix seconds
 * @q: the request, good by mclic_request_check()
 * @hash: SHA-256 of it
 * @tag: medium tag of its MID
 * @terms: what is granted, as stored
 */
struct issue {
	struct center *c;
	struct db *db;
	__u64 now;
	const struct mclic_request *q;
	__u8 hash[MCLIC_HASH_SIZE];
	__u8 tag[MCLIC_ID_SIZE];
	struct mclic_terms terms;
};

/** issue_grant() - judge what is asked for, and record it; inside a transaction */
enum problem issue_grant(struct issue *i);

#endif /* MCLIC_CENTER_ISSUE_H */
