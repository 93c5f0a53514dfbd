// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tests/vectors: every file in good/ passes, every file in should-fail/ is refused for
 * the reason that its name begins with. A buffer of exactly the file's size is handed to
 * core, so that the sanitizers see a byte read too many.
 */
#include <dirent.h>
#include <fcntl.h>

#include "core_fixture.h"

#define VECTORS	"tests/vectors"

/* Sources that know the world of world.h; signatures by its stand-in */
static int medium(void *ctx, __u8 kind, __u8 mid[MCLIC_ID_SIZE], __u8 *medium_class)
{
	(void)ctx;
	world_mid(mid);
	*medium_class = mclic_medium_class(kind, true);
	return 0;
}

static int signature(void *ctx, const __u8 center_id[MCLIC_ID_SIZE], const struct mclic_vec *v,
		     unsigned int n, const __u8 *sig, size_t sig_len)
{
	__u8 id[MCLIC_ID_SIZE], expected[MCLIC_SIG_MIN];

	(void)ctx;
	world_center_id(id);
	if (memcmp(id, center_id, sizeof(id)))
		return -ENOKEY;
	assert_int_equal(world_stand_in(mclic_openssl(), v, n, expected), 0);
	return sig_len == sizeof(expected) && !memcmp(sig, expected, sig_len) ? 0 : -EKEYREJECTED;
}

static int user_key(void *ctx, const __u8 center_id[MCLIC_ID_SIZE],
		    const __u8 user_id[MCLIC_ID_SIZE], __u32 ku_generation,
		    __u8 ku[MCLIC_KEY_SIZE])
{
	struct mclic_issue issue;
	__u8 id[MCLIC_ID_SIZE];

	(void)ctx;
	world_center_id(id);
	if (memcmp(id, center_id, sizeof(id)))
		return -ENOKEY;
	world_user_id(id);
	if (memcmp(id, user_id, sizeof(id)) || ku_generation != KU_GENERATION)
		return -ENOKEY;
	world_issue(&issue);
	memcpy(ku, issue.ku, MCLIC_KEY_SIZE);
	return 0;
}

static int revoked(void *ctx, const __u8 center_id[MCLIC_ID_SIZE],
		   const __u8 licence_id[MCLIC_ID_SIZE], __u32 *lowest_good, __u64 *issued_at)
{
	(void)ctx;
	(void)center_id;
	*lowest_good = licence_id[0] == 0xff ? 2 : 0;
	*issued_at = NOW - 100;
	return 1;
}

static enum mclic_why verdict(const void *bytes)
{
	static const struct mclic_sources src = {
		.medium = medium, .signature = signature, .user_key = user_key,
		.revoked = revoked,
	};
	struct mclic_title title;
	__u8 key[MCLIC_KEY_SIZE];
	enum mclic_why why;

	world_title(&title);
	why = mclic_slot_verdict(mclic_openssl(), &src, &title, NOW, bytes, key);
	assert_int_equal(mclic_is_zero(key, sizeof(key)), why != MCLIC_OK);
	return why;
}

static enum mclic_why sealed(const __u8 *bytes, size_t len)
{
	__u8 ku[MCLIC_KEY_SIZE], file_key[MCLIC_KEY_SIZE], mac_key[MCLIC_KEY_SIZE];
	struct mclic_trailer t;
	struct mclic_seal s;

	assert_true(len >= sizeof(t));
	memcpy(&t, bytes + len - sizeof(t), sizeof(t));
	assert_int_equal(world_seal(mclic_openssl(), 0, &s, ku, file_key, mac_key), 0);
	return mclic_trailer_check(mclic_openssl(), &t, len, &s.title, KM_GENERATION,
				   MCLIC_UNDER_KU, ku, file_key, &s);
}

static enum mclic_why link_of(const char *bytes, size_t len)
{
	const char *nul = memchr(bytes, 0, len);
	size_t path_len;

	assert_non_null(nul);
	path_len = (size_t)(nul - bytes);
	assert_why(mclic_path_check(bytes, path_len), MCLIC_OK);
	return mclic_link_check(bytes, path_len, nul + 1, len - path_len - 1);
}

static enum mclic_why medium_of(const __u8 *bytes, size_t len)
{
	__u8 raw[MCLIC_RAW_MAX];
	size_t raw_len;

	return mclic_medium_raw(bytes[0], bytes + 1, len - 1, NULL, raw, &raw_len);
}

static enum mclic_why judge(const char *kind, const void *bytes, size_t len)
{
	const struct mclic_crypto *c = mclic_openssl();
	size_t sig, sig_len;

	if (!strcmp(kind, "area") || !strcmp(kind, "slot") || !strcmp(kind, "verdict"))
		assert_int_equal(len, MCLIC_SLOT_SIZE);
	if (!strcmp(kind, "area"))
		return mclic_area_header_check(c, bytes);
	if (!strcmp(kind, "slot"))
		return mclic_slot_check(c, bytes);
	if (!strcmp(kind, "verdict"))
		return verdict(bytes);
	if (!strcmp(kind, "marker"))
		return mclic_marker_check(bytes, len);
	if (!strcmp(kind, "sealed"))
		return sealed(bytes, len);
	if (!strcmp(kind, "request"))
		return mclic_request_check(bytes, len);
	if (!strcmp(kind, "response"))
		return mclic_response_check(bytes, len);
	if (!strcmp(kind, "revocation"))
		return mclic_revocation_check(bytes, len, &sig, &sig_len);
	if (!strcmp(kind, "path"))
		return mclic_path_check(bytes, len);
	if (!strcmp(kind, "link"))
		return link_of(bytes, len);
	if (!strcmp(kind, "medium"))
		return medium_of(bytes, len);
	fail_msg("nobody judges vectors of kind %s", kind);
	return MCLIC_OK;
}

static void judge_file(const char *folder, const char *kind, const char *name, bool good)
{
	char path[600];
	void *bytes, *exact;
	const char *why;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s/%s", folder, kind, name);
	assert_int_equal(mclic_read_file(AT_FDCWD, path, 1 << 20, &bytes, &len), 0);
	exact = malloc(len);
	assert_true(exact || !len);
	if (len)
		memcpy(exact, bytes, len);
	free(bytes);
	why = mclic_why_name(judge(kind, exact, len));
	free(exact);
	if (good)
		assert_string_equal(why, "ok");
	else if (strncmp(name, why, strlen(why)) || strncmp(name + strlen(why), "--", 2))
		fail_msg("%s: %s", path, why);
}

/* Number of vectors, each judged */
static int judge_folder(const char *folder, bool good)
{
	struct dirent **kinds, **names;
	int n = scandir(folder, &kinds, NULL, alphasort), m, i, k, judged = 0;
	char path[300];

	assert_true(n > 2);
	for (i = 0; i < n; i++) {
		if (kinds[i]->d_name[0] != '.') {
			snprintf(path, sizeof(path), "%s/%s", folder, kinds[i]->d_name);
			m = scandir(path, &names, NULL, alphasort);
			assert_true(m > 2);
			for (k = 0; k < m; k++) {
				if (names[k]->d_name[0] != '.') {
					judge_file(folder, kinds[i]->d_name, names[k]->d_name,
						   good);
					judged++;
				}
				free(names[k]);
			}
			free(names);
		}
		free(kinds[i]);
	}
	free(kinds);
	return judged;
}

static void test_good(void **state)
{
	(void)state;
	assert_true(judge_folder(VECTORS "/good", true) >= 25);
}

static void test_should_fail(void **state)
{
	(void)state;
	assert_true(judge_folder(VECTORS "/should-fail", false) >= 190);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_should_fail),
	};

	return cmocka_run_group_tests_name("core: vectors", tests, NULL, NULL);
}
