// SPDX-License-Identifier: GPL-2.0-or-later
/* Accounts, the device key and user keys on this machine. */
#include <fcntl.h>

#include "licence_fixture.h"

#define CONFIG	".config/mclic"

static int setup(void **state)
{
	struct home *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	home_make(h);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	home_remove(*state);
	free(*state);
	return 0;
}

static struct mclic_account account(__u8 n, char *cacert)
{
	struct mclic_account a = {
		.url = "https://center.example:8443",
		.cacert = cacert,
		.user_name = "Z\xc3\xb6" "e \"Q\" O'Brien",
		.ku_generation = 4000000000u,
	};

	memset(a.center_id, n, MCLIC_ID_SIZE);
	memset(a.user_id, 0x33, MCLIC_ID_SIZE);
	return a;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void test_round_trip(void **state)
{
	struct home *h = *state;
	struct mclic_account a = account(0x11, "/etc/ssl/my ca.pem"), *b;

	umask(022);
	must(mclic_account_save(&a));
	assert_int_equal(mode_of(home_path(h, CONFIG "/accounts/11111111111111111111111111111111.json")),
			 0600);
	assert_int_equal(mode_of(home_path(h, CONFIG)), 0700);
	must(mclic_account_load(a.center_id, &b));
	assert_memory_equal(a.center_id, b->center_id, MCLIC_ID_SIZE);
	assert_memory_equal(a.user_id, b->user_id, MCLIC_ID_SIZE);
	assert_string_equal(a.url, b->url);
	assert_string_equal(a.cacert, b->cacert);
	assert_string_equal(a.user_name, b->user_name);
	assert_int_equal(a.ku_generation, b->ku_generation);
	mclic_account_free(b);
	a.cacert = NULL;
	must(mclic_account_save(&a));
	must(mclic_account_load(NULL, &b));
	assert_null(b->cacert);
	mclic_account_free(b);
	mclic_account_free(NULL);
}

static void test_which(void **state)
{
	struct mclic_account a = account(1, NULL), c = account(2, NULL), *b;

	(void)state;
	assert_int_equal(mclic_account_load(NULL, &b), -ENOENT);
	assert_non_null(strstr(mclic_message(), "mclic enrol"));
	assert_null(b);
	must(mclic_account_save(&a));
	assert_int_equal(mclic_account_load(c.center_id, &b), -ENOENT);
	assert_non_null(strstr(mclic_message(), "02020202020202020202020202020202"));
	must(mclic_account_save(&c));
	assert_int_equal(mclic_account_load(NULL, &b), -ENOTUNIQ);
	must(mclic_account_load(c.center_id, &b));
	mclic_account_free(b);
}

static void test_damaged(void **state)
{
	static const char *const texts[] = {
		"", "{", "[]", "{}", "\xff\xfe",
		"{\"center\": \"01\", \"url\": \"u\", \"user\": \"x\", \"user_name\": \"n\"}",
		/* all there, but a generation that is none */
		"{\"center\": \"01010101010101010101010101010101\", \"url\": \"u\", \"user_name\": "
		"\"n\", \"user\": \"01010101010101010101010101010101\", \"ku_generation\": -1}",
		/* good, but another center's */
		"{\"center\": \"02020202020202020202020202020202\", \"url\": \"u\", \"user_name\": "
		"\"n\", \"user\": \"01010101010101010101010101010101\", \"ku_generation\": 1}",
	};
	struct home *h = *state;
	struct mclic_account a = account(1, NULL), *b;
	size_t i;

	must(mclic_account_save(&a));
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		must(mclic_write_file(AT_FDCWD, home_path(h, CONFIG
				      "/accounts/01010101010101010101010101010101.json"),
				      texts[i], strlen(texts[i]), 0600));
		assert_int_equal(mclic_account_load(a.center_id, &b), -EBADMSG);
		assert_non_null(strstr(mclic_message(), "enrol again"));
		assert_null(b);
	}
}

static void test_device_key(void **state)
{
	struct home *h = *state;
	__u8 public[MCLIC_ED25519_PUBLIC], again[MCLIC_ED25519_PUBLIC];
	__u8 id[MCLIC_ID_SIZE], id2[MCLIC_ID_SIZE], want[MCLIC_ID_SIZE];
	struct mclic_vec v = { public, sizeof(public) };
	EVP_PKEY *key;

	assert_int_equal(mclic_device_key(false, &key, public, id), -ENOENT);
	assert_non_null(strstr(mclic_message(), "mclic enrol"));
	assert_null(key);
	must(mclic_device_key(true, &key, public, id));
	EVP_PKEY_free(key);
	assert_int_equal(mode_of(home_path(h, CONFIG "/device.key")), 0600);
	must(mclic_identifier(mclic_openssl(), "mclic device id v1", &v, 1, want));
	assert_memory_equal(id, want, sizeof(id));
	must(mclic_device_key(true, &key, again, id2));
	EVP_PKEY_free(key);
	assert_memory_equal(public, again, sizeof(public));
	assert_memory_equal(id, id2, sizeof(id));
	must(mclic_write_file(AT_FDCWD, home_path(h, CONFIG "/device.key"), "x", 1, 0600));
	assert_true(mclic_device_key(true, &key, public, id) < 0);
	assert_null(key);
}

static void test_user_keys(void **state)
{
	struct home *h = *state;
	__u8 center[MCLIC_ID_SIZE], user[MCLIC_ID_SIZE], ku[MCLIC_KEY_SIZE], back[MCLIC_KEY_SIZE];
	const char *path;
	__u32 generation;

	memset(center, 0xce, sizeof(center));
	memset(user, 0xab, sizeof(user));
	assert_int_equal(mclic_user_key_load(center, user, 1, back), -ENOKEY);
	assert_non_null(strstr(mclic_message(), "--refresh"));
	for (generation = 1; generation < 4; generation++) {
		memset(ku, (int)generation, sizeof(ku));
		must(mclic_user_key_save(center, user, generation, ku));
	}
	path = home_path(h, CONFIG "/user-keys/cececececececececececececececece-"
			 "abababababababababababababababab-2.key");
	assert_int_equal(mode_of(path), 0600);
	must(mclic_user_key_load(center, user, 2, back));
	memset(ku, 2, sizeof(ku));
	assert_memory_equal(ku, back, sizeof(ku));
	assert_int_equal(mclic_user_key_load(center, user, 4, back), -ENOKEY);
	user[0] ^= 1;
	assert_int_equal(mclic_user_key_load(center, user, 2, back), -ENOKEY);
	user[0] ^= 1;
	/* another center may have a user of that id, and keeps its own keys */
	center[0] ^= 1;
	assert_int_equal(mclic_user_key_load(center, user, 2, back), -ENOKEY);
	memset(back, 9, sizeof(back));
	must(mclic_user_key_save(center, user, 2, back));
	center[0] ^= 1;
	must(mclic_user_key_load(center, user, 2, back));
	assert_memory_equal(ku, back, sizeof(ku));
	/* a key that others may have read is used only when that was looked into */
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(mclic_user_key_load(center, user, 2, back), -EPERM);
	assert_non_null(strstr(mclic_message(), "chmod 600"));
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, 31), 0);
	assert_int_equal(mclic_user_key_load(center, user, 2, back), -EBADMSG);
	assert_int_equal(truncate(path, 33), 0);
	assert_int_equal(mclic_user_key_load(center, user, 2, back), -EBADMSG);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(mclic_user_key_load(center, user, 2, back), -EBADMSG);
}

static void test_without_home(void **state)
{
	struct mclic_account a = account(1, NULL), *b;
	__u8 id[MCLIC_ID_SIZE] = { 1 }, public[32], ku[MCLIC_KEY_SIZE] = { 0 };
	EVP_PKEY *key;

	(void)state;
	unsetenv("HOME");
	assert_int_equal(mclic_account_load(NULL, &b), -ENOENT);
	assert_int_equal(mclic_account_save(&a), -ENOENT);
	assert_int_equal(mclic_device_key(true, &key, public, id), -ENOENT);
	assert_int_equal(mclic_user_key_load(id, id, 1, ku), -ENOKEY);
	assert_int_equal(mclic_user_key_save(id, id, 1, ku), -ENOENT);
	assert_non_null(strstr(mclic_message(), "HOME"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_round_trip), T(test_which), T(test_damaged), T(test_device_key),
		T(test_user_keys), T(test_without_home),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
