/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What core/ needs of its surroundings: the kernel's headers, or three of libc's. */
#ifndef MCLIC_PORT_H
#define MCLIC_PORT_H

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/math64.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <linux/types.h>
#endif

static inline __u16 mclic_get16(__le16 v)
{
	const __u8 *p = (const __u8 *)&v;

	return (__u16)(p[0] | p[1] << 8);
}

static inline __u32 mclic_get32(__le32 v)
{
	const __u8 *p = (const __u8 *)&v;

	return p[0] | (__u32)p[1] << 8 | (__u32)p[2] << 16 | (__u32)p[3] << 24;
}

static inline __u64 mclic_get64(__le64 v)
{
	const __u8 *p = (const __u8 *)&v;
	__u64 n = 0;
	int i;

	for (i = 7; i >= 0; i--)
		n = n << 8 | p[i];
	return n;
}

static inline __le16 mclic_put16(__u16 n)
{
	__le16 v;
	__u8 *p = (__u8 *)&v;

	p[0] = (__u8)n;
	p[1] = (__u8)(n >> 8);
	return v;
}

static inline __le32 mclic_put32(__u32 n)
{
	__le32 v;
	__u8 *p = (__u8 *)&v;
	int i;

	for (i = 0; i < 4; i++)
		p[i] = (__u8)(n >> 8 * i);
	return v;
}

static inline __le64 mclic_put64(__u64 n)
{
	__le64 v;
	__u8 *p = (__u8 *)&v;
	int i;

	for (i = 0; i < 8; i++)
		p[i] = (__u8)(n >> 8 * i);
	return v;
}

/* 32-bit kernels have no 64-bit division of their own. */
static inline __u64 mclic_divide(__u64 n, __u32 divisor, __u32 *rest)
{
#ifdef __KERNEL__
	return div_u64_rem(n, divisor, rest);
#else
	*rest = (__u32)(n % divisor);
	return n / divisor;
#endif
}

#endif /* MCLIC_PORT_H */
