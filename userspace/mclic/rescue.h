/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MCLIC_RESCUE_H
#define MCLIC_RESCUE_H

#include "mclic.h"

/**
 * struct rescue - what became of a file
 * @size: plaintext bytes
 * @lost: of these
 * @losses: array of {start, end}, the end not included
 */
struct rescue {
	__u64 size;
	__u64 lost;
	json_t *losses;
};

/** rescue_file() - write the good blocks of @path to @out, which must not exist */
int rescue_file(const char *path, const char *out, struct rescue *r);

#endif /* MCLIC_RESCUE_H */
