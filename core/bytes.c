// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes: comparing and wiping them, and judging text and what a structure starts with. */
#include "core.h"

/* The compiler must not know the sum before the loop has seen every byte. */
static __u8 hide(__u8 v)
{
	__asm__ __volatile__("" : "+r" (v));
	return v;
}

bool mclic_equal(const void *a, const void *b, size_t n)
{
	const __u8 *x = a, *y = b;
	__u8 diff = 0;
	size_t i;

	for (i = 0; i < n; i++)
		diff = hide((__u8)(diff | (x[i] ^ y[i])));
	return !diff;
}

bool mclic_is_zero(const void *p, size_t n)
{
	const __u8 *x = p;
	__u8 any = 0;
	size_t i;

	for (i = 0; i < n; i++)
		any = hide((__u8)(any | x[i]));
	return !any;
}

void mclic_wipe(void *p, size_t n)
{
	memset(p, 0, n);
	__asm__ __volatile__("" : : "r" (p) : "memory");
}

/*
 * Bytes of the clean character that starts at p, 0 if there is none. RFC 3629's table:
 * the lead byte says how many bytes follow and which range the first of them has, which
 * leaves out overlong forms, surrogates and what lies above U+10FFFF.
 */
static size_t utf8_char(const __u8 *p, size_t n)
{
	__u8 lead = p[0], low = 0x80, high = 0xbf;
	size_t len, i;

	if (lead < 0x80)
		return lead >= 0x20 && lead != 0x7f;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	len = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if (n < len)
		return 0;
	if (lead == 0xc2 || lead == 0xe0)
		low = 0xa0;		/* C1 controls; overlong */
	else if (lead == 0xf0)
		low = 0x90;
	else if (lead == 0xed)
		high = 0x9f;		/* surrogates */
	else if (lead == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (i = 2; i < len; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return len;
}

bool mclic_utf8_ok(const void *p, size_t n)
{
	const __u8 *s = p;
	size_t i = 0, len;

	while (i < n) {
		len = utf8_char(s + i, n - i);
		if (!len)
			return false;
		i += len;
	}
	return true;
}

bool mclic_text_ok(const void *p, size_t n)
{
	const __u8 *s = p;
	size_t len = 0;

	while (len < n && s[len])
		len++;
	return mclic_utf8_ok(s, len) && mclic_is_zero(s + len, n - len);
}

enum mclic_why mclic_head_check(const __u8 magic[MCLIC_MAGIC_SIZE], const char *expected,
				__le16 version, __le16 suite)
{
	if (memcmp(magic, expected, MCLIC_MAGIC_SIZE))
		return MCLIC_BAD_MAGIC;
	if (mclic_get16(version) != MCLIC_VERSION)
		return MCLIC_BAD_VERSION;
	return mclic_get16(suite) == MCLIC_SUITE ? MCLIC_OK : MCLIC_BAD_SUITE;
}
