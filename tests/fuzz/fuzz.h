/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzz targets share. A target is built by "make fuzz" and run by tests/fuzz/run. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/vectors/world.h"
#include "userspace/lib/libmclic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that must hold whatever the input is */
#define HOLDS(condition) do {						\
	if (!(condition)) {						\
		fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__,	\
			__LINE__, #condition);				\
		abort();						\
	}								\
} while (0)

/* As much of the input as fits, zeros behind it */
static inline void take(void *p, size_t n, const uint8_t *data, size_t size)
{
	memset(p, 0, n);
	if (size)
		memcpy(p, data, size < n ? size : n);
}

/* The byte at @index of an input that repeats itself; 0 of an empty one */
static inline uint8_t pick(const uint8_t *data, size_t size, size_t index)
{
	return size ? data[index % size] : 0;
}

/* 64 bits of the input from @index */
static inline uint64_t pick64(const uint8_t *data, size_t size, size_t index)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < 8; i++)
		n = n << 8 | pick(data, size, index + i);
	return n;
}

#endif /* FUZZ_H */
