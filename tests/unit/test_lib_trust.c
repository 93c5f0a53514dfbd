// SPDX-License-Identifier: GPL-2.0-or-later
/* Center certificates and revocation lists: loaded, checked, refreshed, changed. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "medium_fixture.h"

#define PEMS	".config/mclic/centers"
#define LISTS	".local/state/mclic/revocations"

struct bench {
	struct home home;
	struct center a, b;
	struct mclic_trust *t;
};

/* Keys take their time to make: two centers for all tests. */
static struct center first, second;

static int group(void **state)
{
	if (medium_namespace(state))
		return -1;
	center_make(&first, "Center \xc3\x84rger, Inc.");
	center_make(&second, "Other Center");
	return 0;
}

static int group_end(void **state)
{
	(void)state;
	center_free(&first);
	center_free(&second);
	return 0;
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	/* an empty /etc of this test's own */
	assert_int_equal(mount("etc", "/etc", "tmpfs", 0, "mode=755"), 0);
	home_make(&b->home);
	b->a = first;
	b->b = second;
	must(mclic_mkdirs(home_path(&b->home, PEMS), 0700));
	must(mclic_mkdirs(home_path(&b->home, LISTS), 0700));
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	mclic_trust_free(b->t);
	home_remove(&b->home);
	assert_int_equal(umount("/etc"), 0);
	free(b);
	return 0;
}

static void write_bytes(const char *path, const void *p, size_t n)
{
	must(mclic_write_file(AT_FDCWD, path, p, n, 0644));
}

static const char *in(const struct bench *b, const char *dir, const char *name)
{
	char both[256];

	snprintf(both, sizeof(both), "%s/%s", dir, name);
	return home_path(&b->home, both);
}

static int verify(struct bench *b, const struct center *c, int flip_bit)
{
	__u8 sig[MCLIC_SIG_MAX];
	size_t len = sizeof(sig);
	struct mclic_vec v = { "some bytes", 10 };

	must(mclic_rsa_sign(c->key, &v, 1, sig, &len));
	if (flip_bit >= 0)
		sig[flip_bit / 8] ^= (__u8)(1 << flip_bit % 8);
	return mclic_trust_verify(b->t, c->id, &v, 1, sig, len);
}

/* The refresh looks at the files at most a few times a second: wait for its next look. */
static int refresh(struct bench *b)
{
	struct timespec ts = { 0, 20000000 };
	int i, ret = 0;

	for (i = 0; i < 500 && !ret; i++) {
		ret = mclic_trust_refresh(b->t);
		if (!ret)
			nanosleep(&ts, NULL);
	}
	return ret;
}

static void test_empty(void **state)
{
	struct bench *b = *state;
	__u32 lowest;
	__u64 issued;
	json_t *j;

	must(mclic_trust_load(&b->t));
	assert_int_equal(verify(b, &b->a, -1), -ENOKEY);
	assert_non_null(strstr(mclic_message(), "mclic trust add"));
	assert_int_equal(mclic_trust_revoked(b->t, b->a.id, b->a.user_id, &lowest, &issued), 0);
	assert_null(mclic_trust_warnings(b->t));
	j = mclic_trust_list(b->t);
	assert_int_equal(json_array_size(j), 0);
	json_decref(j);
}

static void test_verify(void **state)
{
	struct bench *b = *state;
	int bit;

	center_write_cert(&b->a, in(b, PEMS, "whatever name.pem"));
	must(mclic_trust_load(&b->t));
	assert_int_equal(verify(b, &b->a, -1), 0);
	for (bit = 0; bit < 2048; bit += 97)
		assert_int_equal(verify(b, &b->a, bit), -EKEYREJECTED);
	assert_int_equal(verify(b, &b->b, -1), -ENOKEY);
}

/* What is no good certificate is skipped with a warning, and spoils nothing else. */
static void test_garbage(void **state)
{
	struct bench *b = *state;
	X509 *other = X509_dup(b->b.cert);
	MCLIC_AUTO_FREE char *warnings = NULL;
	FILE *f;

	center_write_cert(&b->a, in(b, PEMS, "good.pem"));
	write_bytes(in(b, PEMS, "text.pem"), "hello", 5);
	write_bytes(in(b, PEMS, "empty.pem"), "", 0);
	write_bytes(in(b, PEMS, "not-looked-at.txt"), "hello", 5);
	assert_int_equal(mkdir(in(b, PEMS, "folder.pem"), 0755), 0);
	assert_int_equal(mkfifo(in(b, PEMS, "pipe.pem"), 0600), 0);
	/* signed by another key than the one in it */
	assert_true(X509_sign(other, b->a.key, EVP_sha256()) > 0);
	f = fopen(in(b, PEMS, "other.pem"), "w");
	assert_int_equal(PEM_write_X509(f, other), 1);
	fclose(f);
	f = fopen(in(b, PEMS, "two.pem"), "w");
	assert_int_equal(PEM_write_X509(f, b->b.cert), 1);
	assert_int_equal(PEM_write_X509(f, b->a.cert), 1);
	fclose(f);
	must(mclic_trust_load(&b->t));
	warnings = mclic_trust_warnings(b->t);
	assert_non_null(warnings);
	assert_non_null(strstr(warnings, "text.pem"));
	assert_non_null(strstr(warnings, "empty.pem"));
	assert_non_null(strstr(warnings, "other.pem"));
	assert_non_null(strstr(warnings, "two.pem"));
	assert_null(strstr(warnings, "good.pem"));
	assert_null(strstr(warnings, "not-looked-at"));
	assert_int_equal(verify(b, &b->a, -1), 0);
	assert_int_equal(verify(b, &b->b, -1), -ENOKEY);
	X509_free(other);
}

static void test_add_and_remove(void **state)
{
	struct bench *b = *state;
	__u8 id[MCLIC_ID_SIZE];
	char hex[33], name[64];
	json_t *j, *one;
	FILE *f;
	int system;

	for (system = 0; system < 2; system++) {
		/* a private key in the same file must not be copied */
		f = fopen(home_path(&b->home, "in.pem"), "w");
		assert_int_equal(PEM_write_PrivateKey(f, b->a.key, NULL, NULL, 0, NULL, NULL), 1);
		assert_int_equal(PEM_write_X509(f, b->a.cert), 1);
		fclose(f);
		must(mclic_trust_add(home_path(&b->home, "in.pem"), system, id));
		assert_memory_equal(id, b->a.id, sizeof(id));
		must(mclic_trust_load(&b->t));
		assert_int_equal(verify(b, &b->a, -1), 0);
		j = mclic_trust_list(b->t);
		assert_int_equal(json_array_size(j), 1);
		one = json_array_get(j, 0);
		mclic_hex(id, sizeof(id), hex);
		assert_string_equal(json_string_value(json_object_get(one, "center")), hex);
		assert_non_null(strstr(json_string_value(json_object_get(one, "subject")),
				       "Center \xc3\x84rger"));
		assert_true(json_integer_value(json_object_get(one, "not_after")) > time(NULL));
		assert_true(json_is_null(json_object_get(one, "revocations")));
		snprintf(name, sizeof(name), "%s/%s.pem",
			 system ? MCLIC_ETC_CENTERS : PEMS, hex);
		assert_non_null(strstr(json_string_value(json_object_get(one, "path")), name));
		{
			MCLIC_AUTO_FREE void *text = NULL;
			size_t len;

			must(mclic_read_file(AT_FDCWD,
					     json_string_value(json_object_get(one, "path")),
					     1 << 16, &text, &len));
			assert_null(strstr(text, "PRIVATE"));
		}
		json_decref(j);
		assert_int_equal(mclic_trust_remove(id, !system), -ENOENT);
		must(mclic_trust_remove(id, system));
		assert_int_equal(mclic_trust_remove(id, system), -ENOENT);
		assert_int_equal(refresh(b), 1);
		assert_int_equal(verify(b, &b->a, -1), -ENOKEY);
		mclic_trust_free(b->t);
		b->t = NULL;
	}
	assert_int_equal(mclic_trust_add(home_path(&b->home, "missing.pem"), false, id), -ENOENT);
	write_bytes(home_path(&b->home, "text.pem"), "hello", 5);
	assert_int_equal(mclic_trust_add(home_path(&b->home, "text.pem"), false, id), -EINVAL);
	assert_non_null(strstr(mclic_message(), "text.pem"));
}

static void put_list(struct bench *b, const char *name, const struct center *c, __u64 number,
		     __u32 n, __u64 issued)
{
	size_t len;
	void *list = center_list(c, number, n, issued, &len);

	write_bytes(in(b, LISTS, name), list, len);
	free(list);
}

static __u32 lowest(struct bench *b, const struct center *c, __u8 licence, __u64 *issued)
{
	__u8 id[MCLIC_ID_SIZE];
	__u32 low;

	memset(id, licence, sizeof(id));
	assert_int_equal(mclic_trust_revoked(b->t, c->id, id, &low, issued), 1);
	return low;
}

static void test_lists(void **state)
{
	struct bench *b = *state;
	MCLIC_AUTO_FREE char *warnings = NULL;
	__u64 issued;
	__u32 low;

	center_write_cert(&b->a, in(b, PEMS, "a.pem"));
	put_list(b, "one.mclrev", &b->a, 7, 3, 1000);
	put_list(b, "two.mclrev", &b->a, 9, 5, 2000);
	put_list(b, "three.mclrev", &b->a, 8, 10, 3000);
	put_list(b, "unknown.mclrev", &b->b, 1, 1, 3000);
	must(mclic_trust_load(&b->t));
	assert_int_equal(lowest(b, &b->a, 5, &issued), 2);
	assert_int_equal(issued, 2000);
	assert_int_equal(lowest(b, &b->a, 6, &issued), 0);
	warnings = mclic_trust_warnings(b->t);
	assert_non_null(strstr(warnings, "unknown.mclrev"));
	assert_null(strstr(warnings, "three.mclrev"));
	assert_int_equal(mclic_trust_revoked(b->t, b->b.id, b->b.id, &low, &issued), 0);
}

/* A list counts only with its center's signature, whatever bit was changed. */
static void test_forged_list(void **state)
{
	struct bench *b = *state;
	MCLIC_AUTO_FREE __u8 *list = NULL;
	__u64 issued;
	__u32 low;
	size_t len, i;

	center_write_cert(&b->a, in(b, PEMS, "a.pem"));
	list = center_list(&b->a, 7, 3, 1000, &len);
	for (i = 0; i < len; i += i < 64 ? 4 : 23) {
		list[i] ^= 0x10;
		write_bytes(in(b, LISTS, "x.mclrev"), list, len);
		list[i] ^= 0x10;
		must(mclic_trust_load(&b->t));
		assert_int_equal(mclic_trust_revoked(b->t, b->a.id, b->a.id, &low, &issued), 0);
		mclic_trust_free(b->t);
	}
	for (i = 0; i < len; i += 61) {
		write_bytes(in(b, LISTS, "x.mclrev"), list, i);
		must(mclic_trust_load(&b->t));
		assert_int_equal(mclic_trust_revoked(b->t, b->a.id, b->a.id, &low, &issued), 0);
		mclic_trust_free(b->t);
	}
	b->t = NULL;
}

static void test_refresh(void **state)
{
	struct bench *b = *state;
	__u64 issued;
	__u32 low;

	must(mclic_trust_load(&b->t));
	assert_int_equal(mclic_trust_refresh(b->t), 0);
	center_write_cert(&b->a, in(b, PEMS, "a.pem"));
	assert_int_equal(refresh(b), 1);
	assert_int_equal(verify(b, &b->a, -1), 0);
	put_list(b, "a.mclrev", &b->a, 1, 1, 1000);
	assert_int_equal(refresh(b), 1);
	assert_int_equal(lowest(b, &b->a, 1, &issued), 2);
	put_list(b, "a.mclrev", &b->a, 2, 0, 1000);	/* the same name and length but for one entry */
	assert_int_equal(refresh(b), 1);
	assert_int_equal(lowest(b, &b->a, 1, &issued), 0);
	assert_int_equal(unlink(in(b, LISTS, "a.mclrev")), 0);
	assert_int_equal(refresh(b), 1);
	assert_int_equal(mclic_trust_revoked(b->t, b->a.id, b->a.id, &low, &issued), 0);
}

/* No list is believed away: a folder that cannot be read is not one without lists. */
static void test_unreadable(void **state)
{
	struct bench *b = *state;
	struct rlimit was, none;
	__u64 issued;
	int err;

	center_write_cert(&b->a, in(b, PEMS, "a.pem"));
	put_list(b, "a.mclrev", &b->a, 1, 1, 1000);
	must(mclic_trust_load(&b->t));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = (struct rlimit){ 0, was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	err = refresh(b);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(err, -EMFILE);
	assert_int_equal(lowest(b, &b->a, 1, &issued), 2);
	mclic_trust_free(b->t);

	must(mclic_mkdirs("/etc/mclicfs", 0755));
	write_bytes(MCLIC_ETC_REVOCATIONS, "", 0);
	assert_int_equal(mclic_trust_load(&b->t), -ENOTDIR);
	assert_non_null(strstr(mclic_message(), MCLIC_ETC_REVOCATIONS));
	assert_int_equal(mclic_trust_remove(b->a.id, false), -ENOTDIR);
}

static void test_put_revocations(void **state)
{
	struct bench *b = *state;
	__u64 issued;
	void *list;
	size_t len;
	json_t *j, *r;
	int system;

	for (system = 0; system < 2; system++) {
		center_write_cert(&b->a, in(b, PEMS, "a.pem"));
		must(mclic_trust_load(&b->t));
		list = center_list(&b->b, 5, 2, 1000, &len);
		assert_int_equal(mclic_trust_put_revocations(b->t, list, len, system), -ENOKEY);
		free(list);
		list = center_list(&b->a, 5 + system * 10, 2, 1000, &len);
		((__u8 *)list)[len - 1] ^= 1;
		assert_int_equal(mclic_trust_put_revocations(b->t, list, len, system),
				 -EKEYREJECTED);
		((__u8 *)list)[len - 1] ^= 1;
		assert_int_equal(mclic_trust_put_revocations(b->t, list, len - 1, system),
				 -EBADMSG);
		assert_int_equal(mclic_trust_put_revocations(b->t, list, len, system), 0);
		assert_int_equal(lowest(b, &b->a, 2, &issued), 2);
		assert_int_equal(mclic_trust_put_revocations(b->t, list, len, system), 1);
		free(list);
		list = center_list(&b->a, 4, 9, 9000, &len);
		assert_int_equal(mclic_trust_put_revocations(b->t, list, len, system), 1);
		free(list);
		assert_int_equal(lowest(b, &b->a, 9, &issued), 0);
		j = mclic_trust_list(b->t);
		r = json_object_get(json_array_get(j, 0), "revocations");
		assert_int_equal(json_integer_value(json_object_get(r, "number")), 5 + system * 10);
		assert_int_equal(json_integer_value(json_object_get(r, "count")), 2);
		assert_int_equal(json_integer_value(json_object_get(r, "issued_at")), 1000);
		json_decref(j);
		mclic_trust_free(b->t);
		b->t = NULL;
	}
}

static void test_without_home(void **state)
{
	struct bench *b = *state;

	unsetenv("HOME");
	must(mclic_trust_load(&b->t));
	assert_int_equal(verify(b, &b->a, -1), -ENOKEY);
	assert_true(mclic_trust_remove(b->a.id, false) < 0);
}

struct asker {
	struct bench *b;
	atomic_bool *stop;
	int wrong;
};

static void *ask_on(void *arg)
{
	struct asker *a = arg;
	__u8 id[MCLIC_ID_SIZE] = { 0 };
	__u64 issued;
	__u32 low;

	while (!*a->stop) {
		if (verify(a->b, &a->b->a, -1) ||
		    mclic_trust_revoked(a->b->t, a->b->a.id, id, &low, &issued) != 1 || low)
			a->wrong++;
		mclic_trust_refresh(a->b->t);
	}
	return NULL;
}

/* Many threads ask while lists come in: each gets an answer, the old or the new one. */
static void test_threads(void **state)
{
	struct bench *b = *state;
	atomic_bool stop = false;
	struct asker askers[4];
	pthread_t threads[4];
	int i, wrong = 0;
	void *list;
	size_t len;

	center_write_cert(&b->a, in(b, PEMS, "a.pem"));
	put_list(b, "a.mclrev", &b->a, 1, 1, 1000);
	must(mclic_trust_load(&b->t));
	for (i = 0; i < 4; i++) {
		askers[i] = (struct asker){ b, &stop, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, ask_on, &askers[i]), 0);
	}
	for (i = 2; i < 60; i++) {
		list = center_list(&b->a, (__u64)i, (__u32)i, 1000, &len);
		wrong += mclic_trust_put_revocations(b->t, list, len, false) != 0;
		free(list);
	}
	stop = true;
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		wrong += askers[i].wrong;
	}
	assert_int_equal(wrong, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_empty), T(test_verify), T(test_garbage), T(test_add_and_remove),
		T(test_lists), T(test_forged_list), T(test_refresh), T(test_unreadable),
		T(test_put_revocations), T(test_without_home), T(test_threads),
	};

	return cmocka_run_group_tests(tests, group, group_end);
}
