// SPDX-License-Identifier: GPL-2.0-or-later
/* Area headers and slots: each field, each byte, and the order in which they are judged. */
#include "core_fixture.h"

struct change {
	size_t offset;
	int value;		/* the byte is set to it */
	enum mclic_why why;
};

static void header(struct mclic_area_header *h)
{
	__u8 area_id[16], factory_id[16];

	fill(area_id, 16, 1);
	fill(factory_id, 16, 2);
	assert_why(mclic_area_header_make(mclic_openssl(), h, 256, area_id, factory_id, "Größe"),
		   MCLIC_OK);
}

static void header_crc(struct mclic_area_header *h)
{
	h->crc = mclic_put32(mclic_openssl()->crc32(h, 4092));
}

static void test_header_bytes(void **state)
{
	struct mclic_area_header h;
	__u8 id[16];

	(void)state;
	header(&h);
	fill(id, 16, 1);
	assert_memory_equal((__u8 *)&h + 16, id, 16);
	fill(id, 16, 2);
	assert_memory_equal((__u8 *)&h + 40, id, 16);
	assert_memory_equal(&h, "MCLAREA\x01\x01\0\0\0\0\x01\0\0", 16);
	assert_int_equal(((__u8 *)&h)[32], 1);
	assert_memory_equal((__u8 *)&h + 56, "Größe\0", 8);
	assert_true(mclic_is_zero(h.ignored, sizeof(h.ignored)));
	assert_why(mclic_area_header_check(mclic_openssl(), &h), MCLIC_OK);
}

static void test_header_fields(void **state)
{
	static const struct change changes[] = {
		{ 0, 'm', MCLIC_BAD_MAGIC }, { 7, 2, MCLIC_BAD_MAGIC }, { 8, 2, MCLIC_BAD_VERSION },
		{ 9, 1, MCLIC_BAD_VERSION }, { 10, 1, MCLIC_BAD_RESERVED },
		{ 33, 1, MCLIC_BAD_RESERVED }, { 39, 1, MCLIC_BAD_RESERVED },
		{ 12, 1, MCLIC_BAD_COUNT }, { 13, 0, MCLIC_BAD_COUNT }, { 15, 1, MCLIC_BAD_COUNT },
		{ 32, 0, MCLIC_BAD_FACTORY }, { 32, 2, MCLIC_BAD_FACTORY },
		{ 57, 0, MCLIC_BAD_TEXT }, { 57, 0xff, MCLIC_BAD_TEXT }, { 57, 7, MCLIC_BAD_TEXT },
		{ 119, 'x', MCLIC_BAD_TEXT },
		{ 16, 0, MCLIC_OK }, { 120, 1, MCLIC_OK }, { 4091, 1, MCLIC_OK },
	};
	struct mclic_area_header h;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		header(&h);
		((__u8 *)&h)[changes[i].offset] = (__u8)changes[i].value;
		header_crc(&h);
		assert_why(mclic_area_header_check(mclic_openssl(), &h), changes[i].why);
	}
}

static void test_header_damage(void **state)
{
	struct mclic_area_header h;
	size_t i;

	(void)state;
	header(&h);
	for (i = 0; i < sizeof(h); i++) {
		((__u8 *)&h)[i] ^= 0x10;
		assert_true(mclic_area_header_check(mclic_openssl(), &h) != MCLIC_OK);
		((__u8 *)&h)[i] ^= 0x10;
	}
	header_crc(&h);
	assert_why(mclic_area_header_check(mclic_openssl(), &h), MCLIC_OK);
}

static void test_header_make(void **state)
{
	static const __u8 zero[16];
	const struct mclic_crypto *c = mclic_openssl();
	struct mclic_area_header h;
	__u8 id[16];
	char label[66];

	(void)state;
	fill(id, 16, 1);
	assert_why(mclic_area_header_make(c, &h, 2, id, NULL, ""), MCLIC_OK);
	assert_int_equal(h.factory_kind, MCLIC_FACTORY_NONE);
	assert_why(mclic_area_header_check(c, &h), MCLIC_OK);
	assert_why(mclic_area_header_make(c, &h, 1, id, NULL, ""), MCLIC_BAD_COUNT);
	assert_why(mclic_area_header_make(c, &h, 257, id, NULL, ""), MCLIC_BAD_COUNT);
	assert_why(mclic_area_header_make(c, &h, 2, id, zero, ""), MCLIC_BAD_FACTORY);
	assert_why(mclic_area_header_make(c, &h, 2, id, NULL, "a\nb"), MCLIC_BAD_TEXT);
	memset(label, 'a', sizeof(label));
	label[63] = 0;
	assert_why(mclic_area_header_make(c, &h, 2, id, NULL, label), MCLIC_OK);
	label[63] = 'a';
	label[64] = 0;
	assert_why(mclic_area_header_make(c, &h, 2, id, NULL, label), MCLIC_BAD_TEXT);
}

static void personal_slot(struct mclic_slot *s)
{
	struct mclic_terms t;
	struct world w;

	world_open(&w);
	world_terms(MCLIC_PERSONAL, &t);
	signed_slot(&w, &t, s);
}

static void test_slot_fields(void **state)
{
	static const struct change changes[] = {
		{ 0, 'm', MCLIC_BAD_MAGIC }, { 8, 2, MCLIC_BAD_VERSION },
		{ 10, 2, MCLIC_BAD_SUITE },
		{ 12, 1, MCLIC_BAD_RESERVED }, { 15, 1, MCLIC_BAD_RESERVED },
		{ 16 + 131, 1, MCLIC_BAD_RESERVED }, { 16 + 252, 1, MCLIC_BAD_RESERVED },
		{ 388, 1, MCLIC_BAD_RESERVED },
		{ 16 + 128, 0, MCLIC_BAD_KIND }, { 16 + 128, 3, MCLIC_BAD_KIND },
		{ 16 + 128, 1, MCLIC_BAD_USER },	/* portable with a user id */
		{ 16 + 132, 1, MCLIC_BAD_FLAGS }, { 16 + 133, 0x80, MCLIC_BAD_FLAGS },
		{ 16 + 135, 0x80, MCLIC_OK },
		{ 16 + 129, 0, MCLIC_BAD_MEDIUM_KIND }, { 16 + 129, 8, MCLIC_BAD_MEDIUM_KIND },
		{ 16 + 130, 4, MCLIC_BAD_MEDIUM_KIND },
		{ 16 + 129, 1, MCLIC_OK }, { 16 + 129, 7, MCLIC_OK }, { 16 + 130, 0, MCLIC_OK },
		{ 16 + 92, 0, MCLIC_BAD_SEQUENCE },
		{ 16 + 168, 0, MCLIC_BAD_TEXT }, { 16 + 168, 0x1b, MCLIC_BAD_TEXT },
		{ 16 + 231, 'x', MCLIC_BAD_TEXT },
		{ 384, 2, MCLIC_BAD_SIG_FIELD }, { 385, 1, MCLIC_BAD_SIG_FIELD },
		{ 387, 0, MCLIC_BAD_SIG_FIELD }, { 387, 3, MCLIC_BAD_SIG_FIELD },
		{ 386, 255, MCLIC_OK },			/* 511: the padding is zero */
		{ 392 + 256, 1, MCLIC_BAD_SIG_FIELD }, { 903, 1, MCLIC_BAD_SIG_FIELD },
		{ 904, 1, MCLIC_OK }, { 4091, 1, MCLIC_OK },
	};
	const struct mclic_crypto *c = mclic_openssl();
	struct mclic_slot s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		personal_slot(&s);
		((__u8 *)&s)[changes[i].offset] = (__u8)changes[i].value;
		s.crc = mclic_put32(c->crc32(&s, 4092));
		if (mclic_slot_check(c, &s) != changes[i].why)
			fail_msg("byte %zu: %s", changes[i].offset,
				 mclic_why_name(mclic_slot_check(c, &s)));
	}
}

/* Magic, version and suite speak before the CRC, everything else after it. */
static void test_slot_order(void **state)
{
	const struct mclic_crypto *c = mclic_openssl();
	struct mclic_slot s;

	(void)state;
	personal_slot(&s);
	s.terms.kind = 9;
	assert_why(mclic_slot_check(c, &s), MCLIC_BAD_CRC);
	s.suite = mclic_put16(7);
	assert_why(mclic_slot_check(c, &s), MCLIC_BAD_SUITE);
	s.version = mclic_put16(7);
	assert_why(mclic_slot_check(c, &s), MCLIC_BAD_VERSION);
	s.magic[3] = 0;
	assert_why(mclic_slot_check(c, &s), MCLIC_BAD_MAGIC);
	memset(s.magic, 0, sizeof(s.magic));
	assert_why(mclic_slot_check(c, &s), MCLIC_FREE);
	personal_slot(&s);
	memset(s.terms.user_id, 0, 16);
	mclic_slot_finish(c, &s);
	assert_why(mclic_slot_check(c, &s), MCLIC_BAD_USER);
	personal_slot(&s);
	memset(s.terms.licence_id, 0, 16);
	mclic_slot_finish(c, &s);
	assert_why(mclic_slot_check(c, &s), MCLIC_BAD_LICENCE_ID);
}

static void test_slot_finish(void **state)
{
	const struct mclic_crypto *c = mclic_openssl();
	struct mclic_slot s;

	(void)state;
	personal_slot(&s);
	memset(s.ignored, 0x5a, sizeof(s.ignored));
	s.crc = 0;
	mclic_slot_finish(c, &s);
	assert_true(mclic_is_zero(s.ignored, sizeof(s.ignored)));
	assert_why(mclic_slot_check(c, &s), MCLIC_OK);
}

/* The sizes of RSA keys that an operator may choose */
static void test_signature_lengths(void **state)
{
	const struct mclic_crypto *c = mclic_openssl();
	struct mclic_slot s;
	int len;

	(void)state;
	personal_slot(&s);
	memset(s.sig, 0, sizeof(s.sig));
	for (len = 0; len < 600; len++) {
		s.sig_len = mclic_put16((__u16)len);
		mclic_slot_finish(c, &s);
		assert_why(mclic_slot_check(c, &s),
			   len >= 256 && len <= 512 ? MCLIC_OK : MCLIC_BAD_SIG_FIELD);
	}
}

/* Every reason has an errno, a name of its own and words. */
static void test_reasons(void **state)
{
	int i, j;

	(void)state;
	assert_int_equal(mclic_errno(MCLIC_OK), 0);
	for (i = 1; i < MCLIC_WHY_COUNT; i++) {
		enum mclic_why why = (enum mclic_why)i;

		assert_true(mclic_errno(why) < 0);
		assert_true(strlen(mclic_why_text(why)) > 10);
		if (why > MCLIC_FREE && why < MCLIC_OTHER_TITLE)
			assert_int_equal(mclic_errno(why), -EBADMSG);
		for (j = 0; j < i; j++)
			assert_string_not_equal(mclic_why_name(why),
						mclic_why_name((enum mclic_why)j));
	}
	assert_int_equal(mclic_errno((enum mclic_why)1000), -EIO);
	assert_int_equal(mclic_errno((enum mclic_why)-1), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_bytes),
		cmocka_unit_test(test_header_fields),
		cmocka_unit_test(test_header_damage),
		cmocka_unit_test(test_header_make),
		cmocka_unit_test(test_slot_fields),
		cmocka_unit_test(test_slot_order),
		cmocka_unit_test(test_slot_finish),
		cmocka_unit_test(test_signature_lengths),
		cmocka_unit_test(test_reasons),
	};

	return cmocka_run_group_tests_name("core: licence area", tests, NULL, NULL);
}
