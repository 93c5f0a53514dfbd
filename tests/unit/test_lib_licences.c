// SPDX-License-Identifier: GPL-2.0-or-later
/* The verdict with a real medium, real certificates, real keys; and its words. */
#include "medium_fixture.h"

#define CID_A	"275048534433324760a1b2c3d4013200"
#define CID_B	"275048534433324760a1b2c3d5013200"
#define WWID	"naa.5000cca264eb01d7"

struct bench {
	struct home home;
	struct center center;
	struct mclic_medium medium;
	struct mclic_area *area;
	struct mclic_trust *trust;
	struct mclic_judge judge;
	struct mclic_verdict v;
};

/* Keys take their time to make: one center for all tests. */
static struct center center;

static int group(void **state)
{
	if (medium_namespace(state))
		return -1;
	center_make(&center, "Unit Center");
	return 0;
}

static int group_end(void **state)
{
	(void)state;
	center_free(&center);
	return 0;
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	home_make(&b->home);
	b->center = center;
	medium_set(b->home.disk, "sd", CID_A);
	must(mclic_area_create_file(b->home.disk, ""));
	must(mclic_area_open(b->home.disk, true, &b->area));
	/* the medium has an identifier of its own: no need of an emulated one */
	assert_int_equal(mclic_area_head(b->area)->factory_kind, MCLIC_FACTORY_NONE);
	must(mclic_medium_read(mclic_area_dev(b->area), mclic_area_head(b->area), 0, &b->medium));
	must(mclic_mkdirs(home_path(&b->home, ".config/mclic/centers"), 0700));
	center_write_cert(&b->center, home_path(&b->home, ".config/mclic/centers/c.pem"));
	must(mclic_trust_load(&b->trust));
	b->judge.area = b->area;
	b->judge.trust = b->trust;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	mclic_wipe(&b->v, sizeof(b->v));
	mclic_area_close(b->area);
	mclic_trust_free(b->trust);
	home_remove(&b->home);
	free(b);
	return 0;
}

static enum mclic_why anything(void *ctx, const struct mclic_slot *back)
{
	(void)ctx;
	(void)back;
	return MCLIC_OK;
}

static void put(struct bench *b, const struct mclic_terms *t)
{
	struct mclic_slot s;

	center_issue(&b->center, &b->medium, t, &s);
	must(mclic_area_put(b->area, &s, anything, NULL, NULL));
}

/* The verdict on title number @n, version 3. */
static enum mclic_why verdict(struct bench *b, __u8 n)
{
	struct mclic_title title = { .content_version = 3 };

	memset(title.did, 0xd0 + n % 16, sizeof(title.did));
	must(mclic_judge_title(&b->judge, &title, &b->v));
	return b->v.why;
}

#define refused(b, err, text) do { \
	assert_int_equal(mclic_judge_refused(&(b)->judge, &(b)->v, "\xc2\xabTitle\xc2\xbb"), err); \
	assert_non_null(strstr(mclic_message(), text)); \
	assert_non_null(strstr(mclic_message(), "\xc2\xabTitle\xc2\xbb: ")); \
} while (0)

static void test_portable(void **state)
{
	struct bench *b = *state;
	__u8 ku[MCLIC_KEY_SIZE];
	struct mclic_terms t;

	assert_int_equal(verdict(b, 1), MCLIC_NO_LICENCE);
	refused(b, -EACCES, "mclic copy");
	center_terms(&b->center, &b->medium, 1, &t);
	put(b, &t);
	assert_int_equal(verdict(b, 1), MCLIC_OK);
	assert_int_equal(b->v.slot, 1);
	must(mclic_medium_key(mclic_openssl(), b->center.km, b->medium.mid, t.did, ku));
	assert_memory_equal(ku, b->v.medium_key, sizeof(ku));
	assert_int_equal(mclic_judge_refused(&b->judge, &b->v, "x"), 0);
	assert_int_equal(verdict(b, 2), MCLIC_NO_LICENCE);
}

static void test_personal(void **state)
{
	struct bench *b = *state;
	struct mclic_terms t;

	center_terms(&b->center, &b->medium, 1, &t);
	t.kind = MCLIC_PERSONAL;
	memcpy(t.user_id, b->center.user_id, MCLIC_ID_SIZE);
	put(b, &t);
	assert_int_equal(verdict(b, 1), MCLIC_NO_USER_KEY);
	refused(b, -ENOKEY, "mclic enrol");
	must(mclic_user_key_save(b->center.id, b->center.user_id, 1, b->center.ku));
	assert_int_equal(verdict(b, 1), MCLIC_OK);
	b->center.ku[0] ^= 1;
	must(mclic_user_key_save(b->center.id, b->center.user_id, 1, b->center.ku));
	assert_int_equal(verdict(b, 1), MCLIC_BAD_EKU);
	refused(b, -EKEYREJECTED, "mclic renew");
}

/* A user key file that is no good is an error, not a licence that is not there. */
static void test_user_key_error(void **state)
{
	struct bench *b = *state;
	struct mclic_title title = { .content_version = 3 };
	struct mclic_terms t;
	char idc[33], user[33], name[128];

	center_terms(&b->center, &b->medium, 1, &t);
	t.kind = MCLIC_PERSONAL;
	memcpy(t.user_id, b->center.user_id, MCLIC_ID_SIZE);
	put(b, &t);
	must(mclic_user_key_save(b->center.id, b->center.user_id, 1, b->center.ku));
	snprintf(name, sizeof(name), ".config/mclic/user-keys/%s-%s-1.key",
		 mclic_hex(b->center.id, MCLIC_ID_SIZE, idc),
		 mclic_hex(b->center.user_id, MCLIC_ID_SIZE, user));
	assert_int_equal(chmod(home_path(&b->home, name), 0644), 0);
	memcpy(title.did, t.did, sizeof(title.did));
	assert_int_equal(mclic_judge_title(&b->judge, &title, &b->v), -EPERM);
	assert_int_equal(b->judge.err, -EPERM);
	assert_non_null(strstr(mclic_message(), "chmod 600"));
	assert_true(mclic_is_zero(b->v.medium_key, sizeof(b->v.medium_key)));
}

/* The same bytes, area included, on another medium. */
static void test_other_medium(void **state)
{
	struct bench *b = *state;
	struct mclic_terms t;

	center_terms(&b->center, &b->medium, 1, &t);
	put(b, &t);
	assert_int_equal(verdict(b, 1), MCLIC_OK);
	medium_set(b->home.disk, "sd", CID_B);
	assert_int_equal(verdict(b, 1), MCLIC_OTHER_MEDIUM);
	refused(b, -EMEDIUMTYPE, "kind \"sd\" too");
	assert_true(mclic_is_zero(b->v.medium_key, sizeof(b->v.medium_key)));
	medium_set(b->home.disk, "scsi", WWID);
	assert_int_equal(verdict(b, 1), MCLIC_OTHER_MEDIUM);
	refused(b, -EMEDIUMTYPE, "one of kind \"scsi\"");
	medium_set(b->home.disk, "none", "");
	assert_int_equal(verdict(b, 1), MCLIC_OTHER_MEDIUM);
	refused(b, -EMEDIUMTYPE, "has none");
	medium_set(b->home.disk, "sd", CID_A);
	assert_int_equal(verdict(b, 1), MCLIC_OK);
}

static void test_low_class(void **state)
{
	struct bench *b = *state;
	struct mclic_terms t;

	medium_set(b->home.disk, "scsi,removable", WWID);
	must(mclic_medium_read(mclic_area_dev(b->area), mclic_area_head(b->area), 0, &b->medium));
	assert_int_equal(b->medium.medium_class, 1);
	center_terms(&b->center, &b->medium, 1, &t);
	t.medium_class = 2;
	put(b, &t);
	assert_int_equal(verdict(b, 1), MCLIC_LOW_CLASS);
	refused(b, -EMEDIUMTYPE, "class 2");
}

static void test_certificate(void **state)
{
	struct bench *b = *state;
	struct mclic_terms t;
	struct mclic_slot s;

	center_terms(&b->center, &b->medium, 1, &t);
	center_issue(&b->center, &b->medium, &t, &s);
	s.sig[17] ^= 1;
	mclic_slot_finish(mclic_openssl(), &s);
	must(mclic_area_put(b->area, &s, anything, NULL, NULL));
	assert_int_equal(verdict(b, 1), MCLIC_BAD_SIG);
	refused(b, -EKEYREJECTED, "signature");
	must(mclic_trust_remove(b->center.id, false));
	mclic_trust_free(b->trust);
	must(mclic_trust_load(&b->trust));
	b->judge.trust = b->trust;
	assert_int_equal(verdict(b, 1), MCLIC_NO_CERTIFICATE);
	refused(b, -ENOKEY, "mclic trust add");
}

static void test_revoked(void **state)
{
	struct bench *b = *state;
	struct mclic_terms t;
	void *list;
	size_t len;

	center_terms(&b->center, &b->medium, 1, &t);
	put(b, &t);
	/* licences 0 to 2, sequence numbers below 2 */
	list = center_list(&b->center, 1, 3, (__u64)time(NULL), &len);
	assert_int_equal(mclic_trust_put_revocations(b->trust, list, len, false), 0);
	free(list);
	assert_int_equal(verdict(b, 1), MCLIC_REVOKED);
	refused(b, -EKEYREVOKED, "revoked");
	t.sequence = mclic_put32(2);
	put(b, &t);
	assert_int_equal(verdict(b, 1), MCLIC_OK);
}

static void test_time(void **state)
{
	struct bench *b = *state;
	__u64 now = (__u64)time(NULL);
	struct mclic_terms t;
	void *list;
	size_t len;

	center_terms(&b->center, &b->medium, 1, &t);
	t.not_after = mclic_put64(86400);
	t.issued_at = mclic_put64(86000);
	put(b, &t);
	assert_int_equal(verdict(b, 1), MCLIC_EXPIRED);
	refused(b, -EKEYEXPIRED, "1970-01-02 00:00 UTC");
	assert_non_null(strstr(mclic_message(), "mclic renew"));
	center_terms(&b->center, &b->medium, 2, &t);
	t.not_before = mclic_put64(now + 100000);
	put(b, &t);
	assert_int_equal(verdict(b, 2), MCLIC_NOT_YET);
	refused(b, -EKEYEXPIRED, "clock");
	/* a clock put back does not help once a newer list is here */
	center_terms(&b->center, &b->medium, 3, &t);
	t.not_after = mclic_put64(now + 50000);
	put(b, &t);
	assert_int_equal(verdict(b, 3), MCLIC_OK);
	list = center_list(&b->center, 1, 0, now + 50001, &len);
	assert_int_equal(mclic_trust_put_revocations(b->trust, list, len, false), 0);
	free(list);
	assert_int_equal(verdict(b, 3), MCLIC_EXPIRED);
}

static void test_old_terms(void **state)
{
	struct bench *b = *state;
	struct mclic_terms t;

	center_terms(&b->center, &b->medium, 1, &t);
	t.content_version = mclic_put32(2);
	put(b, &t);
	assert_int_equal(verdict(b, 1), MCLIC_OLD_TERMS);
	refused(b, -EACCES, "version 2");
}

static void test_best_wins(void **state)
{
	struct bench *b = *state;
	struct mclic_terms t;

	center_terms(&b->center, &b->medium, 1, &t);
	t.content_version = mclic_put32(2);
	put(b, &t);
	memset(t.licence_id, 0x77, sizeof(t.licence_id));
	t.content_version = mclic_put32(3);
	put(b, &t);
	assert_int_equal(verdict(b, 1), MCLIC_OK);
	assert_int_equal(b->v.slot, 2);
}

/* Every reason has its errno and says something; only none at all is success. */
static void test_words(void **state)
{
	int why;

	(void)state;
	assert_int_equal(mclic_refused(MCLIC_OK, "x"), 0);
	for (why = MCLIC_FREE; why < MCLIC_WHY_COUNT; why++) {
		assert_int_equal(mclic_refused((enum mclic_why)why, "the thing"), mclic_errno(why));
		assert_true(mclic_errno(why) < 0);
		assert_non_null(strstr(mclic_message(), "the thing: "));
		assert_true(strlen(mclic_message()) > 30);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_portable), T(test_personal), T(test_user_key_error), T(test_other_medium),
		T(test_low_class), T(test_certificate), T(test_revoked), T(test_time),
		T(test_old_terms), T(test_best_wins), cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, group, group_end);
}
