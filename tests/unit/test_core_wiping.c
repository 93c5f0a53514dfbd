// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What core leaves on the stack. Its functions run on a stack of our own with a table
 * whose results are known; afterwards nothing of a key, a certificate code, a MAC or a
 * MID may lie there, whichever computation failed.
 *
 * The table computes nothing of worth: each result is a new random-looking pattern that
 * the test remembers, and is written straight to where core wants it.
 */
#include <ucontext.h>

#include "core_fixture.h"

#define STACK_SIZE	(256 * 1024)
#define SECRETS		64

static struct {
	__u8 stack[STACK_SIZE] __attribute__((aligned(64)));
	__u8 secrets[SECRETS][16];
	unsigned int count;
	int calls_left;
	ucontext_t back, there;
	void (*job)(void);
} run;

/* The next secret, 16 bytes, straight to @out */
static void new_secret(__u8 *out)
{
	__u8 *s = run.secrets[run.count];
	int i;

	assert_true(run.count < SECRETS);
	for (i = 0; i < 16; i++)
		s[i] = (__u8)(0x9d + 31 * run.count + 17 * i + (i * i << run.count % 5));
	run.count++;
	for (i = 0; i < 16; i++)
		out[i] = s[i];
}

static bool fails(void)
{
	return !run.calls_left--;
}

static int pattern_cmac(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
			const struct mclic_vec *v, unsigned int n, __u8 out[MCLIC_CS_SIZE])
{
	(void)c;
	(void)key;
	(void)v;
	(void)n;
	if (fails())
		return -ENOMEM;
	new_secret(out);
	return 0;
}

static int pattern_sha(const struct mclic_crypto *c, const struct mclic_vec *v, unsigned int n,
		       __u8 out[MCLIC_HASH_SIZE])
{
	(void)c;
	(void)v;
	(void)n;
	if (fails())
		return -ENOMEM;
	memset(out, 0x3c, MCLIC_HASH_SIZE);
	return 0;
}

static int pattern_open(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
			const __u8 nonce[MCLIC_NONCE_SIZE], const void *aad, size_t aad_len,
			const void *in, size_t len, void *out)
{
	(void)c;
	(void)key;
	(void)nonce;
	(void)aad;
	(void)aad_len;
	(void)in;
	if (fails())
		return -EBADMSG;
	assert_int_equal(len, MCLIC_KEY_SIZE);
	new_secret(out);
	new_secret((__u8 *)out + 16);
	return 0;
}

static int pattern_seal(const struct mclic_crypto *c, const __u8 key[MCLIC_KEY_SIZE],
			const __u8 nonce[MCLIC_NONCE_SIZE], const void *aad, size_t aad_len,
			const void *in, size_t len, void *out)
{
	(void)c;
	(void)key;
	(void)nonce;
	(void)aad;
	(void)aad_len;
	(void)in;
	if (fails())
		return -ENOMEM;
	memset(out, 0x5a, len + MCLIC_TAG_SIZE);
	return 0;
}

static __u32 no_crc(const void *p, size_t len)
{
	(void)p;
	(void)len;
	return 0;
}

static const struct mclic_crypto table = {
	.name = "patterns", .sha256 = pattern_sha, .cmac = pattern_cmac,
	.seal = pattern_seal, .open = pattern_open, .crc32 = no_crc,
};

static bool on_stack(const void *secret)
{
	size_t i;

	for (i = 0; i + 16 <= sizeof(run.stack); i++)
		if (!memcmp(run.stack + i, secret, 16))
			return true;
	return false;
}

static void start(void)
{
	run.job();
}

/* @job on the stack of our own, its @fail-th computation failing */
static __attribute__((noinline)) void run_job(void (*job)(void), int fail)
{
	memset(&run.stack, 0, sizeof(run.stack));
	run.count = 0;
	run.calls_left = fail;
	run.job = job;
	assert_int_equal(getcontext(&run.there), 0);
	run.there.uc_stack.ss_sp = run.stack;
	run.there.uc_stack.ss_size = sizeof(run.stack);
	run.there.uc_link = &run.back;
	makecontext(&run.there, start, 0);
	assert_int_equal(swapcontext(&run.back, &run.there), 0);
	assert_false(mclic_is_zero(run.stack, sizeof(run.stack)));
}

/*
 * @job once for each of its computations that may fail, and once without a failure;
 * @known is one more secret, which the job was given.
 */
static void leaves_nothing(void (*job)(void), const void *known, int computations)
{
	unsigned int i;
	int n;

	for (n = 0; n <= computations; n++) {
		run_job(job, n);
		assert_int_equal(run.calls_left < 0, n < computations);
		for (i = 0; i < run.count; i++)
			if (on_stack(run.secrets[i]))
				fail_msg("result %u is left when computation %d fails", i, n);
		if (on_stack(known))
			fail_msg("what was given is left when computation %d fails", n);
	}
	assert_true(run.count > 0);
}

/* Everything a job works with; on no stack that is looked at */
static struct {
	struct mclic_slot s;
	struct mclic_response r;
	struct mclic_issue issue;
	struct mclic_terms terms;
	struct mclic_title title;
	struct mclic_trailer t;
	struct mclic_seal seal;
	struct mclic_verdict v;
	__u8 mid[MCLIC_ID_SIZE], key[MCLIC_KEY_SIZE], ku[MCLIC_KEY_SIZE];
	enum mclic_why why;
} w;

static int medium(void *ctx, __u8 kind, __u8 mid[MCLIC_ID_SIZE], __u8 *medium_class)
{
	int i;

	(void)ctx;
	(void)kind;
	for (i = 0; i < MCLIC_ID_SIZE; i++)
		mid[i] = w.mid[i];
	*medium_class = 3;
	return 0;
}

static int signature(void *ctx, const __u8 center_id[MCLIC_ID_SIZE], const struct mclic_vec *v,
		     unsigned int n, const __u8 *sig, size_t sig_len)
{
	(void)ctx;
	(void)center_id;
	(void)v;
	(void)n;
	(void)sig;
	(void)sig_len;
	return 0;
}

static int user_key(void *ctx, const __u8 center_id[MCLIC_ID_SIZE],
		    const __u8 user_id[MCLIC_ID_SIZE], __u32 ku_generation,
		    __u8 ku[MCLIC_KEY_SIZE])
{
	(void)ctx;
	(void)center_id;
	(void)user_id;
	(void)ku_generation;
	new_secret(ku);
	new_secret(ku + 16);
	return 0;
}

static int revoked(void *ctx, const __u8 center_id[MCLIC_ID_SIZE],
		   const __u8 licence_id[MCLIC_ID_SIZE], __u32 *lowest_good, __u64 *issued_at)
{
	(void)ctx;
	(void)center_id;
	(void)licence_id;
	*lowest_good = 0;
	*issued_at = 0;
	return 0;
}

static void job_verdict(void)
{
	static const struct mclic_sources src = {
		.medium = medium, .signature = signature, .user_key = user_key,
		.revoked = revoked,
	};

	mclic_verdict_start(&w.v);
	w.why = mclic_verdict_add(&w.v, &table, &src, &w.title, NOW, 1, &w.s);
}

static void job_make(void)
{
	w.why = mclic_licence_make(&table, &w.issue, &w.terms, &w.r) ? MCLIC_CRYPTO_FAILED :
								       MCLIC_OK;
}

static void job_master_key(void)
{
	w.why = mclic_master_key_open(&table, &w.r, w.mid, w.ku, w.key);
}

static void job_trailer(void)
{
	w.why = mclic_trailer_check(&table, &w.t, MCLIC_TRAILER_SIZE, &w.title, KM_GENERATION,
				    MCLIC_UNDER_KU, w.ku, w.key, &w.seal);
}

static void set_up(void)
{
	struct mclic_slot_carried *s = &w.s.carried;

	memset(&w, 0, sizeof(w));
	world_title(&w.title);
	world_mid(w.mid);
	fill(w.ku, sizeof(w.ku), 0x56);
	world_issue(&w.issue);
	world_terms(MCLIC_PERSONAL, &w.terms);
	memcpy(s->magic, MCLIC_SLOT_MAGIC, sizeof(s->magic));
	s->version = mclic_put16(MCLIC_VERSION);
	s->suite = mclic_put16(MCLIC_SUITE);
	s->terms = w.terms;
	memset(s->terms.medium_tag, 0x3c, MCLIC_ID_SIZE);	/* as pattern_sha() says */
	s->sig_algorithm = mclic_put16(MCLIC_SIG_RSA_SHA256);
	s->sig_len = mclic_put16(MCLIC_SIG_MIN);
}

static void test_verdict(void **state)
{
	unsigned int i;

	(void)state;
	set_up();
	/* CS' never equals CS: tag; hash, two CMACs, open; CS' */
	leaves_nothing(job_verdict, w.mid, 6);
	assert_why(w.why, MCLIC_BAD_CS);
	/* CS as the sixth computation gives it, and on to Ku: hash, two CMACs, open */
	for (i = 0; i < 16; i++)
		w.s.cs[i] = run.secrets[run.count - 1][i];
	leaves_nothing(job_verdict, w.mid, 10);
	assert_why(w.why, MCLIC_OK);
	assert_memory_equal(w.v.medium_key, run.secrets[run.count - 2], 16);
}

static void test_issue(void **state)
{
	(void)state;
	set_up();
	leaves_nothing(job_make, w.issue.mid, 18);
	assert_why(w.why, MCLIC_OK);
}

static void test_master_key(void **state)
{
	(void)state;
	set_up();
	leaves_nothing(job_make, w.issue.mid, 18);
	leaves_nothing(job_master_key, w.mid, 4);
	assert_why(w.why, MCLIC_OK);
	assert_memory_equal(w.key, run.secrets[run.count - 2], 16);
}

static void test_trailer(void **state)
{
	__u8 mac_key[MCLIC_KEY_SIZE] = { 0 };
	struct mclic_seal seal = { 0 };
	unsigned int i;

	(void)state;
	set_up();
	seal.title = w.title;
	seal.km_generation = KM_GENERATION;
	seal.key = MCLIC_UNDER_KU;
	assert_int_equal(mclic_trailer_make(mclic_openssl(), &seal, mac_key, &w.t), 0);
	leaves_nothing(job_trailer, w.ku, 5);
	assert_why(w.why, MCLIC_BAD_MAC);
	for (i = 0; i < 16; i++)
		w.t.mac[i] = run.secrets[run.count - 1][i];
	leaves_nothing(job_trailer, w.ku, 5);
	assert_why(w.why, MCLIC_OK);
	assert_memory_equal(w.key, run.secrets[0], 16);
}

/* The test itself: a function that leaves its key is found out. */
static __attribute__((noinline)) void job_careless(void)
{
	volatile __u8 key[MCLIC_KEY_SIZE];

	if (!table.cmac(&table, w.ku, NULL, 0, (__u8 *)key))
		w.why = key[3] ? MCLIC_OK : MCLIC_BAD_KEY;
}

static void test_finds(void **state)
{
	(void)state;
	set_up();
	run_job(job_careless, 1);
	assert_true(on_stack(run.secrets[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds),
		cmocka_unit_test(test_verdict),
		cmocka_unit_test(test_issue),
		cmocka_unit_test(test_master_key),
		cmocka_unit_test(test_trailer),
	};

	return cmocka_run_group_tests_name("core: what is left on the stack", tests, NULL, NULL);
}
