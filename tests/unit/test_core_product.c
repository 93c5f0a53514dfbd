// SPDX-License-Identifier: GPL-2.0-or-later
/* Markers, paths of entries and targets of symlinks. */
#include "core_fixture.h"

static void marker(struct mclic_marker *m)
{
	struct mclic_title title = { .content_version = VERSION };
	__u8 key[32];

	fill(title.did, 16, 0x55);
	fill(key, 32, 0x61);
	assert_why(mclic_marker_make(mclic_openssl(), m, &title, KM_GENERATION, key, 1000),
		   MCLIC_OK);
}

static void test_marker(void **state)
{
	static const struct {
		size_t offset;
		int value;
		enum mclic_why why;
	} changes[] = {
		{ 0, 'm', MCLIC_BAD_MAGIC }, { 8, 2, MCLIC_BAD_VERSION },
		{ 10, 2, MCLIC_BAD_SUITE },
		{ 60, 1, MCLIC_BAD_RESERVED }, { 96, 1, MCLIC_BAD_RESERVED },
		{ 127, 1, MCLIC_BAD_RESERVED }, { 51, 4, MCLIC_BAD_SIZE },
		{ 55, 0x80, MCLIC_BAD_SIZE }, { 12, 9, MCLIC_OK }, { 128, 1, MCLIC_OK },
	};
	struct mclic_marker m;
	__u8 bytes[32];
	size_t i;

	(void)state;
	marker(&m);
	fill(bytes, 16, 0x55);
	assert_memory_equal((__u8 *)&m + 16, bytes, 16);
	fill(bytes, 32, 0x61);
	assert_memory_equal((__u8 *)&m + 64, bytes, 32);
	assert_memory_equal(&m, "MCLPROD\x01\x01\0\x01\0\x03\0\0\0", 16);
	assert_memory_equal((__u8 *)&m + 48, "\xe8\x03\0\0\0\0\0\0\x02\0\0\0\0\0\0\0", 16);
	assert_true(mclic_is_zero(m.sig, sizeof(m.sig)));
	assert_why(mclic_marker_check(&m, 192), MCLIC_OK);
	assert_why(mclic_marker_check(&m, 128), MCLIC_OK);
	for (i = 0; i < 128; i++)
		assert_why(mclic_marker_check(&m, i), MCLIC_BAD_LENGTH);
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		marker(&m);
		((__u8 *)&m)[changes[i].offset] = (__u8)changes[i].value;
		assert_why(mclic_marker_check(&m, 192), changes[i].why);
	}
	marker(&m);
	m.manifest_len = mclic_put64(MCLIC_MANIFEST_MAX);
	assert_why(mclic_marker_check(&m, 192), MCLIC_OK);
	m.manifest_len = mclic_put64(MCLIC_MANIFEST_MAX + 1);
	assert_why(mclic_marker_check(&m, 192), MCLIC_BAD_SIZE);
}

static void test_publisher(void **state)
{
	static const char label[] = "mclic publisher id v1";
	struct mclic_title title = { .content_version = 1 };
	struct mclic_marker m;
	__u8 key[32], hash[32], text[64];
	size_t i, len = sizeof(label) - 1;

	(void)state;
	marker(&m);
	memcpy(text, label, sizeof(label));
	memcpy(text + len, m.publisher_key, 32);
	assert_int_equal(EVP_Digest(text, len + 32, hash, NULL, EVP_sha256(), NULL), 1);
	assert_memory_equal(m.publisher_id, hash, 16);
	assert_why(mclic_publisher_check(mclic_openssl(), &m), MCLIC_OK);
	for (i = 32; i < 48; i++) {
		((__u8 *)&m)[i] ^= 1;
		assert_why(mclic_publisher_check(mclic_openssl(), &m), MCLIC_BAD_SIG);
		((__u8 *)&m)[i] ^= 1;
	}
	for (i = 64; i < 96; i++) {
		((__u8 *)&m)[i] ^= 1;
		assert_why(mclic_publisher_check(mclic_openssl(), &m), MCLIC_BAD_SIG);
		((__u8 *)&m)[i] ^= 1;
	}
	fill(key, 32, 1);
	assert_why(mclic_marker_make(mclic_openssl(), &m, &title, 1, key,
				     MCLIC_MANIFEST_MAX + 1ull), MCLIC_BAD_SIZE);
}

/* A marker under its publisher's signature: every byte counts. */
static void test_marker_damage(void **state)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	struct mclic_title title = { .content_version = 1 };
	struct mclic_marker m;
	__u8 public[32], manifest[32];
	size_t len = sizeof(public), i;
	const struct mclic_vec v[] = {
		{ MCLIC_LABEL_PRODUCT, strlen(MCLIC_LABEL_PRODUCT) },
		{ &m, MCLIC_MARKER_SIGNED },
		{ manifest, sizeof(manifest) },
	};

	(void)state;
	fill(manifest, 32, 9);
	assert_int_equal(EVP_PKEY_get_raw_public_key(key, public, &len), 1);
	assert_why(mclic_marker_make(mclic_openssl(), &m, &title, 1, public, 500), MCLIC_OK);
	assert_int_equal(mclic_ed25519_sign(key, v, 3, m.sig), 0);
	assert_int_equal(mclic_ed25519_verify(m.publisher_key, v, 3, m.sig), 0);
	for (i = 0; i < sizeof(m); i++) {
		((__u8 *)&m)[i] ^= 1;
		assert_true(mclic_marker_check(&m, sizeof(m)) ||
			    mclic_publisher_check(mclic_openssl(), &m) ||
			    mclic_ed25519_verify(m.publisher_key, v, 3, m.sig));
		((__u8 *)&m)[i] ^= 1;
	}
	EVP_PKEY_free(key);
}

static enum mclic_why path(const char *p)
{
	return mclic_path_check(p, strlen(p));
}

static void test_names(void **state)
{
	static const char *const marker[] = {
		".mclic-product", ".MCLIC-Product", ".mclic-product.", ".mclic-product . ..",
	};
	static const char *const area[] = { ".mclic", ".MCLIC", ".mclic.", ".Mclic  " };
	static const char *const neither[] = {
		"", ".", "...", " ", ".mclic-", ".mcli", ".mclic.x", " .mclic", ".mclic-product-",
		"mclic", "mclic-product",
	};
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		assert_true(mclic_is_marker(marker[i], strlen(marker[i])));
		assert_false(mclic_is_area(marker[i], strlen(marker[i])));
		assert_true(mclic_is_area(area[i], strlen(area[i])));
		assert_false(mclic_is_marker(area[i], strlen(area[i])));
	}
	for (i = 0; i < sizeof(neither) / sizeof(neither[0]); i++) {
		assert_false(mclic_is_marker(neither[i], strlen(neither[i])));
		assert_false(mclic_is_area(neither[i], strlen(neither[i])));
	}
}

static void test_paths(void **state)
{
	static const char *const good[] = {
		"a", "a/b", "bin/hello world", "märchen/ß", "a..", "..a", "a/.b", ".mclicx",
		".mclic-product2", "mclic", "x.mclic", "-", "a\\b", "日本語", "a:b",
		".mclic-products/x", ".mcl", ".mclic-p", ".mclik", ".mclic_product", "\xf4\x8f\xbf\xbf",
	};
	static const char *const bad[] = {
		"", "/", "/a", "a/", "a//b", ".", "..", "./a", "a/.", "a/..", "../a", "a/../b",
		"a/./b", ".mclic", ".MCLIC", ".mClIc/area", "a/.mclic/b", ".mclic-product",
		"a/.MCLIC-Product", ".mclic-product/x", ".mclic.", ".mclic ", ".mclic-product...",
		".mclic . .", "a\nb", "x\x7f", "a\x1b", "\xff", "\xc0\xaf", "a/\xc0\xae\xc0\xae",
		"\xed\xa0\x80", "\xc2\x85", "\xe0\x80\xaf", "\xf4\x90\x80\x80", "\xc3",
		"..../.. ./../x",
	};
	char *text = malloc(5000);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (path(good[i]) != MCLIC_OK)
			fail_msg("\"%s\" is refused", good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (path(bad[i]) != MCLIC_BAD_PATH)
			fail_msg("\"%s\" is accepted", bad[i]);
	assert_why(mclic_path_check("a\0b", 3), MCLIC_BAD_PATH);
	assert_why(mclic_path_check("a\0", 2), MCLIC_BAD_PATH);

	/* lengths: a part of 255 bytes, a path of 4095 */
	memset(text, 'a', 5000);
	assert_why(mclic_path_check(text, 255), MCLIC_OK);
	assert_why(mclic_path_check(text, 256), MCLIC_BAD_PATH);
	for (i = 200; i < 5000; i += 200)
		text[i] = '/';
	assert_why(mclic_path_check(text, 4095), MCLIC_OK);
	assert_why(mclic_path_check(text, 4096), MCLIC_BAD_PATH);
	assert_why(mclic_path_check(text, 4900), MCLIC_BAD_PATH);
	free(text);
}

/* Names that consist of dots and spaces only are nothing on FAT. */
static void test_nameless(void **state)
{
	(void)state;
	assert_why(path("..."), MCLIC_BAD_PATH);
	assert_why(path(" "), MCLIC_BAD_PATH);
	assert_why(path("a/. ./b"), MCLIC_BAD_PATH);
	assert_why(path("a./b "), MCLIC_OK);
}

static enum mclic_why link_to(const char *p, const char *target)
{
	return mclic_link_check(p, strlen(p), target, strlen(target));
}

static void test_links(void **state)
{
	static const struct {
		const char *path, *target;
		bool good;
	} links[] = {
		{ "l", "a", true }, { "l", "a/b", true }, { "l", "./a", true },
		{ "l", "a/", true }, { "l", "a//b", true }, { "l", ".", true },
		{ "d/l", "../a", true }, { "d/l", "..", true }, { "d/l", "../", true },
		{ "d/e/l", "../../a", true }, { "d/e/l", ".././../a", true },
		{ "l", "..a/b", true }, { "l", "...", true }, { "d/l", "./../a", true },
		{ "d/l", ".//../a", true }, { "d/l", "..//a", true },
		{ "l", "", false }, { "l", "/", false }, { "l", "/etc/passwd", false },
		{ "l", "..", false }, { "l", "../a", false }, { "l", "./..", false },
		{ "d/l", "../..", false }, { "d/l", "../../d/a", false },
		{ "d/e/l", "../../../a", false }, { "d/l", "a/../../..", false },
		/* "a" may lead upwards itself */
		{ "d/l", "a/../b", false }, { "l", "a/..", false }, { "d/e/l", "../a/../b", false },
		{ "l", "a\nb", false }, { "l", "\xff", false }, { "l", "\xc0\xae./a", false },
	};
	char *text = malloc(5000);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if ((link_to(links[i].path, links[i].target) == MCLIC_OK) != links[i].good)
			fail_msg("\"%s\" -> \"%s\"", links[i].path, links[i].target);
	memset(text, 'a', 5000);
	assert_why(mclic_link_check("l", 1, text, 4095), MCLIC_OK);
	assert_why(mclic_link_check("l", 1, text, 4096), MCLIC_BAD_PATH);
	assert_why(mclic_link_check("l", 1, "a\0b", 3), MCLIC_BAD_PATH);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marker),
		cmocka_unit_test(test_publisher),
		cmocka_unit_test(test_marker_damage),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_nameless),
		cmocka_unit_test(test_links),
	};

	return cmocka_run_group_tests_name("core: products", tests, NULL, NULL);
}
