// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the blocks that libisofs writes belong.
 *
 * What a long name has no room for in its record goes on in blocks behind its directory.
 * Version 1.5.4 counts more of these than it then writes: all that follows comes earlier than
 * the records say, and no reader finds it. But every directory begins with a record of its own
 * place, and the volume descriptor names the place of the path table, which comes behind the
 * last directory. What comes too early is put there.
 */
#include <byteswap.h>
#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "master.h"

#define DESCRIPTOR	16		/* block of the primary volume descriptor */
#define PATH_TABLE_AT	140		/* byte in it; also ECMA-119, 8.4.14 */
#define ROOT_AT		(156 + 2)	/* place of the directory at the top; 8.4.18 and 9.1.3 */

static uint32_t number_at(const unsigned char *at)
{
	uint32_t n;

	memcpy(&n, at, sizeof(n));
	return le32toh(n);
}

/* Its own record, "\0"; its place stands there in both byte orders (ECMA-119, 7.3.3 and 9.1). */
static bool is_directory(const unsigned char *block)
{
	return block[0] >= 34 && (block[25] & 2) && block[32] == 1 && !block[33] &&
	       number_at(block + 2) == bswap_32(number_at(block + 6));
}

/* The record of the directory at the top, which is its own parent (ECMA-119, 9.4). */
static bool is_path_table(const struct layout *l, const unsigned char *block)
{
	return block[0] == 1 && !block[1] && number_at(block + 2) == l->root && block[6] == 1 &&
	       !block[7] && !block[8];
}

static __u32 place_of(struct layout *l, const unsigned char *block, __u32 next)
{
	if (l->behind || next < DESCRIPTOR)
		return next;
	if (next == DESCRIPTOR) {
		l->path_table = number_at(block + PATH_TABLE_AT);
		l->root = number_at(block + ROOT_AT);
		return next;
	}
	if (is_directory(block))
		return number_at(block + 2);
	l->behind = is_path_table(l, block);
	return l->behind ? l->path_table : next;
}

int layout_place(struct layout *l, const unsigned char *block, __u32 *next)
{
	__u32 place = place_of(l, block, *next);

	if (place < *next)
		return mclic_fail(EIO, "the image could not be laid out: libisofs says that block %u lies at %u",
				  *next, place);
	*next = place;
	return 0;
}
