// SPDX-License-Identifier: GPL-2.0-or-later
/* Compare, wipe, and UTF-8 against libunistring for every short string. */
#include <unistr.h>

#include "core_fixture.h"

static void test_equal(void **state)
{
	__u8 a[40], b[40];
	size_t i;
	int bit;

	(void)state;
	fill(a, sizeof(a), 1);
	memcpy(b, a, sizeof(b));
	assert_true(mclic_equal(a, b, sizeof(a)));
	assert_true(mclic_equal(a, a + 1, 0));
	for (i = 0; i < sizeof(a); i++)
		for (bit = 0; bit < 8; bit++) {
			b[i] ^= (__u8)(1 << bit);
			assert_false(mclic_equal(a, b, sizeof(a)));
			assert_true(mclic_equal(a, b, i));
			b[i] ^= (__u8)(1 << bit);
		}
}

static void test_zero(void **state)
{
	__u8 a[40] = { 0 };
	size_t i;

	(void)state;
	assert_true(mclic_is_zero(a, sizeof(a)));
	for (i = 0; i < sizeof(a); i++) {
		a[i] = 0x80;
		assert_false(mclic_is_zero(a, sizeof(a)));
		assert_true(mclic_is_zero(a, i));
		a[i] = 0;
	}
	fill(a, sizeof(a), 1);
	mclic_wipe(a + 1, sizeof(a) - 2);
	assert_true(mclic_is_zero(a + 1, sizeof(a) - 2));
	assert_int_equal(a[0], 1);
	assert_false(mclic_is_zero(a, sizeof(a)));
}

/* The same by libunistring, and no control characters */
static bool reference(const __u8 *s, size_t n)
{
	size_t i = 0;
	ucs4_t ch;

	if (u8_check(s, n))
		return false;
	while (i < n) {
		i += (size_t)u8_mbtouc(&ch, s + i, n - i);
		if (ch < 0x20 || (ch >= 0x7f && ch < 0xa0))
			return false;
	}
	return true;
}

static void compare(const __u8 *s, size_t n)
{
	if (mclic_utf8_ok(s, n) != reference(s, n))
		fail_msg("%02x %02x %02x %02x (%zu bytes)", s[0], s[1], s[2], s[3], n);
}

/* Every string of one, two and three bytes; of four, every one that starts like UTF-8 */
static void test_utf8(void **state)
{
	__u8 s[4] = { 0 };
	unsigned int i, last;

	(void)state;
	assert_true(mclic_utf8_ok(s, 0));
	for (i = 0; i < 1u << 24; i++) {
		s[0] = (__u8)(i >> 16);
		s[1] = (__u8)(i >> 8);
		s[2] = (__u8)i;
		compare(s, 3);
		if (!s[2])
			compare(s, 2);
		if (!s[1] && !s[2])
			compare(s, 1);
	}
	for (i = 0; i < 1u << 20; i++)
		for (last = 0x7f; last <= 0xc0; last += last == 0x7f || last == 0xbf ? 1 : 63) {
			s[0] = (__u8)(0xf0 | i >> 16);
			s[1] = (__u8)(i >> 8);
			s[2] = (__u8)i;
			s[3] = (__u8)last;
			compare(s, 4);
		}
}

static void test_text(void **state)
{
	(void)state;
	assert_true(mclic_text_ok("abc\0\0\0", 6));
	assert_true(mclic_text_ok("abcdef", 6));
	assert_true(mclic_text_ok("\0\0\0\0\0\0", 6));
	assert_true(mclic_text_ok("", 0));
	assert_false(mclic_text_ok("abc\0\0x", 6));
	assert_false(mclic_text_ok("\0bcdef", 6));
	assert_false(mclic_text_ok("abcde\xc3", 6));
	assert_false(mclic_text_ok("abc\xc3\0\0", 6));
	assert_false(mclic_text_ok("a\tcdef", 6));
	assert_true(mclic_text_ok("abcd\xc3\xa4", 6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_zero),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests_name("core: bytes", tests, NULL, NULL);
}
