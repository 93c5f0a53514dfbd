// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The verdict: what each step answers, in which order they come, what they may not ask
 * before their turn, and which of several slots wins.
 */
#include "core_fixture.h"

static enum mclic_why judge(struct world *w, const struct mclic_slot *s, __u64 now)
{
	__u8 key[MCLIC_KEY_SIZE], expected[MCLIC_KEY_SIZE];
	enum mclic_why why;

	memset(key, 0xee, sizeof(key));
	why = mclic_slot_verdict(w->c, &w->src, &w->title, now, s, key);
	if (why) {
		assert_true(mclic_is_zero(key, sizeof(key)));
	} else {
		assert_int_equal(mclic_medium_key(w->c, w->issue.km, w->issue.mid, w->title.did,
						  expected), 0);
		assert_memory_equal(key, expected, sizeof(key));
	}
	return why;
}

static void slot_of(struct world *w, __u8 kind, struct mclic_slot *s)
{
	struct mclic_terms t;

	world_open(w);
	world_terms(kind, &t);
	signed_slot(w, &t, s);
}

static void test_good(void **state)
{
	struct mclic_slot s;
	struct world w;

	(void)state;
	slot_of(&w, MCLIC_PERSONAL, &s);
	assert_why(judge(&w, &s, NOW), MCLIC_OK);
	assert_int_equal(w.medium_asked + w.signature_asked + w.user_key_asked + w.revoked_asked,
			 4);
	slot_of(&w, MCLIC_PORTABLE, &s);
	w.user_key_err = -ENOKEY;
	assert_why(judge(&w, &s, NOW), MCLIC_OK);
	assert_int_equal(w.user_key_asked, 0);
}

/* What is wrong, or goes wrong, at each step; the steps in their order. */
enum step {
	BAD_FORM, WRONG_DID, NO_MEDIUM, WRONG_MEDIUM, CLASS, CERTIFICATE, SIGNATURE, NO_KEY,
	EKU, CS, EMID, LIST, EARLY, LATE, TERMS, STEPS
};

static const struct {
	enum mclic_why why;
	int err;
	int medium, signature, user_key, revoked;	/* asked so far */
} expected[STEPS] = {
	[BAD_FORM] = { MCLIC_BAD_CRC, -EBADMSG, 0, 0, 0, 0 },
	[WRONG_DID] = { MCLIC_OTHER_TITLE, -EACCES, 0, 0, 0, 0 },
	[NO_MEDIUM] = { MCLIC_OTHER_MEDIUM, -EMEDIUMTYPE, 1, 0, 0, 0 },
	[WRONG_MEDIUM] = { MCLIC_OTHER_MEDIUM, -EMEDIUMTYPE, 1, 0, 0, 0 },
	[CLASS] = { MCLIC_LOW_CLASS, -EMEDIUMTYPE, 1, 0, 0, 0 },
	[CERTIFICATE] = { MCLIC_NO_CERTIFICATE, -ENOKEY, 1, 1, 0, 0 },
	[SIGNATURE] = { MCLIC_BAD_SIG, -EKEYREJECTED, 1, 1, 0, 0 },
	[NO_KEY] = { MCLIC_NO_USER_KEY, -ENOKEY, 1, 1, 1, 0 },
	[EKU] = { MCLIC_BAD_EKU, -EKEYREJECTED, 1, 1, 1, 0 },
	[CS] = { MCLIC_BAD_CS, -EKEYREJECTED, 1, 1, 1, 0 },
	[EMID] = { MCLIC_BAD_EMID, -EKEYREJECTED, 1, 1, 1, 0 },
	[LIST] = { MCLIC_REVOKED, -EKEYREVOKED, 1, 1, 1, 1 },
	[EARLY] = { MCLIC_NOT_YET, -EKEYEXPIRED, 1, 1, 1, 1 },
	[LATE] = { MCLIC_EXPIRED, -EKEYEXPIRED, 1, 1, 1, 1 },
	[TERMS] = { MCLIC_OLD_TERMS, -EACCES, 1, 1, 1, 1 },
};

/*
 * Break step @n. Fields are broken before SIG is made and the CRC set, so that the later
 * steps are reached; CS and the wrapped keys afterwards the licence is signed again.
 */
static void break_step(struct world *w, enum step n, struct mclic_slot *s)
{
	switch (n) {
	case NO_MEDIUM:
		w->medium_err = -ENODEV;
		break;
	case WRONG_MEDIUM:
		w->mid[15] ^= 1;
		break;
	case CLASS:
		w->medium_class = 2;
		break;
	case CERTIFICATE:
		w->center_id[0] ^= 1;
		break;
	case SIGNATURE:
		s->sig[7] ^= 1;
		break;
	case NO_KEY:
		w->user_key_err = -ENOKEY;
		break;
	case EKU:
		s->eku[0] ^= 1;
		break;
	case CS:
		s->cs[15] ^= 0x80;
		break;
	case EMID:
		s->emid_ku[47] ^= 1;
		break;
	case LIST:
		w->have_list = true;
		w->lowest_good = 2;
		break;
	case EARLY:
		s->terms.not_before = mclic_put64(NOW + 10);
		break;
	case LATE:
		s->terms.not_after = mclic_put64(NOW - 10);
		break;
	case TERMS:
		w->title.content_version++;
		break;
	default:
		break;
	}
}

/* A licence in which the terms are broken, but that its center made so */
static void slot_with(struct world *w, __u8 kind, const bool broken[STEPS],
		      struct mclic_slot *s)
{
	struct mclic_slot edited;
	struct mclic_terms t;
	unsigned int i;

	world_open(w);
	world_terms(kind, &t);
	memset(&edited, 0, sizeof(edited));
	edited.terms = t;
	for (i = EARLY; i <= LATE; i++)
		if (broken[i])
			break_step(w, (enum step)i, &edited);
	signed_slot(w, &edited.terms, s);
	for (i = EKU; i <= EMID; i++)
		if (broken[i])
			break_step(w, (enum step)i, s);
	world_sign(w, &s->carried);
	for (i = 0; i < STEPS; i++)
		if ((i < EKU || i == LIST || i == TERMS) && broken[i])
			break_step(w, (enum step)i, s);
	mclic_slot_finish(w->c, s);
	if (broken[BAD_FORM])
		s->crc = mclic_put32(mclic_get32(s->crc) ^ 1);
	if (broken[WRONG_DID])
		w->title.did[3] ^= 1;
}

static void test_each_step(void **state)
{
	struct mclic_slot s;
	struct world w;
	int i;

	(void)state;
	for (i = 0; i < STEPS; i++) {
		bool broken[STEPS] = { false };

		broken[i] = true;
		slot_with(&w, MCLIC_PERSONAL, broken, &s);
		assert_why(judge(&w, &s, NOW), expected[i].why);
		assert_int_equal(mclic_errno(expected[i].why), expected[i].err);
		assert_int_equal(w.medium_asked, expected[i].medium);
		assert_int_equal(w.signature_asked, expected[i].signature);
		assert_int_equal(w.user_key_asked, expected[i].user_key);
		assert_int_equal(w.revoked_asked, expected[i].revoked);
	}
}

/* Of two things wrong the earlier step speaks. */
static void test_precedence(void **state)
{
	struct mclic_slot s;
	struct world w;
	int i, j;

	(void)state;
	for (i = 0; i < STEPS; i++)
		for (j = i + 1; j < STEPS; j++) {
			bool broken[STEPS] = { false };

			/* One cause, two answers: which they give is said elsewhere. */
			if (i == EARLY && j == LATE)
				continue;
			broken[i] = broken[j] = true;
			slot_with(&w, MCLIC_PERSONAL, broken, &s);
			assert_why(judge(&w, &s, NOW), expected[i].why);
		}
}

static void test_sources_fail(void **state)
{
	struct mclic_slot s;
	struct world w;

	(void)state;
	slot_of(&w, MCLIC_PERSONAL, &s);
	w.medium_err = -EIO;
	assert_why(judge(&w, &s, NOW), MCLIC_CRYPTO_FAILED);
	slot_of(&w, MCLIC_PERSONAL, &s);
	w.signature_err = -ENOMEM;
	assert_why(judge(&w, &s, NOW), MCLIC_CRYPTO_FAILED);
	slot_of(&w, MCLIC_PERSONAL, &s);
	w.user_key_err = -EIO;
	assert_why(judge(&w, &s, NOW), MCLIC_CRYPTO_FAILED);
	slot_of(&w, MCLIC_PERSONAL, &s);
	w.revoked_err = -EIO;
	assert_why(judge(&w, &s, NOW), MCLIC_CRYPTO_FAILED);
	assert_int_equal(mclic_errno(MCLIC_CRYPTO_FAILED), -EIO);
}

static void time_case(__u64 not_before, __u64 not_after, __u64 issued_at, __u64 clock,
		      __u64 list, enum mclic_why why)
{
	struct mclic_terms t = {
		.not_before = mclic_put64(not_before),
		.not_after = mclic_put64(not_after),
		.issued_at = mclic_put64(issued_at),
	};

	assert_why(mclic_time_check(&t, clock, list), why);
}

static void test_time(void **state)
{
	(void)state;
	time_case(0, 0, 0, 0, 0, MCLIC_OK);
	time_case(0, 0, 0, ~0ull, 0, MCLIC_OK);
	time_case(100, 0, 0, 99, 0, MCLIC_NOT_YET);
	time_case(100, 0, 0, 100, 0, MCLIC_OK);
	time_case(0, 100, 0, 100, 0, MCLIC_OK);		/* inclusive */
	time_case(0, 100, 0, 101, 0, MCLIC_EXPIRED);
	/* a clock set back is not believed */
	time_case(0, 100, 101, 5, 0, MCLIC_EXPIRED);
	time_case(0, 100, 0, 5, 101, MCLIC_EXPIRED);
	time_case(0, 100, 100, 5, 100, MCLIC_OK);
	time_case(50, 0, 50, 5, 0, MCLIC_OK);
	time_case(50, 0, 0, 5, 50, MCLIC_OK);
	/* an empty window: never valid */
	time_case(200, 100, 0, 150, 0, MCLIC_NOT_YET);
	time_case(200, 100, 0, 250, 0, MCLIC_EXPIRED);
	time_case(0, ~0ull, 0, ~0ull, ~0ull, MCLIC_OK);
}

static void test_revocation(void **state)
{
	struct mclic_slot s;
	struct world w;

	(void)state;
	slot_of(&w, MCLIC_PORTABLE, &s);
	w.have_list = true;
	assert_why(judge(&w, &s, NOW), MCLIC_OK);	/* a list without it */
	w.lowest_good = 1;
	assert_why(judge(&w, &s, NOW), MCLIC_OK);
	w.lowest_good = 2;
	assert_why(judge(&w, &s, NOW), MCLIC_REVOKED);
	w.lowest_good = 0;
	w.list_issued_at = NOW + 1001;			/* the list is newer than not_after */
	assert_why(judge(&w, &s, NOW), MCLIC_EXPIRED);
}

static void test_version(void **state)
{
	struct mclic_slot s;
	struct world w;
	__u8 key[MCLIC_KEY_SIZE];

	(void)state;
	slot_of(&w, MCLIC_PORTABLE, &s);
	w.title.content_version = VERSION - 1;
	assert_why(judge(&w, &s, NOW), MCLIC_OK);
	w.title.content_version = VERSION + 1;
	assert_why(judge(&w, &s, NOW), MCLIC_OLD_TERMS);
	/* no title: any version of any title */
	assert_why(mclic_slot_verdict(w.c, &w.src, NULL, NOW, &s, key), MCLIC_OK);
	assert_false(mclic_is_zero(key, sizeof(key)));
}

/* Every byte of a licence changed in turn, the CRC made good again each time */
static void test_every_byte(void **state)
{
	struct mclic_slot good, s;
	struct world w;
	size_t i;

	(void)state;
	slot_of(&w, MCLIC_PERSONAL, &good);
	for (i = 0; i < MCLIC_SLOT_SIZE; i++) {
		enum mclic_why why;

		s = good;
		((__u8 *)&s)[i] ^= 0x40;
		assert_true(mclic_slot_check(w.c, &s) != MCLIC_OK);	/* by the CRC */
		s.crc = mclic_put32(w.c->crc32(&s, MCLIC_SLOT_SIZE - 4));
		why = judge(&w, &s, NOW);
		if (i >= MCLIC_SLOT_CARRIED)
			assert_why(why, MCLIC_OK);	/* ignored, and the CRC itself */
		else
			assert_true(why != MCLIC_OK);
	}
}

/* Without SIG, too, each byte of terms, CS and wrapped keys counts. */
static void test_every_byte_unsigned(void **state)
{
	struct mclic_slot good, s;
	struct world w;
	__u8 key[MCLIC_KEY_SIZE];
	size_t i;

	(void)state;
	slot_of(&w, MCLIC_PERSONAL, &good);
	for (i = offsetof(struct mclic_slot, terms); i < MCLIC_SLOT_SIGNED; i++) {
		enum mclic_why why;

		s = good;
		((__u8 *)&s)[i] ^= 1;
		why = mclic_licence_open(w.c, &s, w.mid, w.issue.ku, key);
		if (i >= 32 && i < 48)
			assert_why(why, MCLIC_OK);	/* the tag is not part of T */
		else
			assert_true(why != MCLIC_OK);
		assert_int_equal(mclic_is_zero(key, sizeof(key)), why != MCLIC_OK);
	}
	for (i = 0; i < MCLIC_ID_SIZE; i++) {
		w.mid[i] ^= 1;
		assert_why(mclic_licence_open(w.c, &good, w.mid, w.issue.ku, key), MCLIC_BAD_EKU);
		w.mid[i] ^= 1;
	}
	for (i = 0; i < MCLIC_KEY_SIZE; i++) {
		w.issue.ku[i] ^= 1;
		assert_why(mclic_licence_open(w.c, &good, w.mid, w.issue.ku, key), MCLIC_BAD_EKU);
		w.issue.ku[i] ^= 1;
	}
	assert_why(mclic_licence_open(w.c, &good, w.mid, NULL, key), MCLIC_NO_USER_KEY);
}

/*
 * What somebody who knows Ku writes for another medium. He makes up a KEYc (here: out of
 * a master key of his own), and wraps the Ku he knows, for the portable licence's U of
 * zeros: everything fits but SIG.
 */
static void forge(struct world *w, const struct mclic_slot *honest, const __u8 *known_ku,
		  const __u8 *other_mid, struct mclic_slot *forged)
{
	static const __u8 nonce[MCLIC_NONCE_SIZE], nobody[MCLIC_KEY_SIZE];
	struct mclic_issue his = w->issue;
	struct mclic_response r;
	struct mclic_terms t;
	__u8 hash[MCLIC_HASH_SIZE], key[MCLIC_KEY_SIZE];
	const struct mclic_vec whole = { &t, sizeof(t) };
	const struct mclic_vec context[] = {
		{ other_mid, MCLIC_ID_SIZE }, { hash, sizeof(hash) },
	};

	fill(his.km, sizeof(his.km), 0xc1);
	memcpy(his.mid, other_mid, sizeof(his.mid));
	assert_int_equal(mclic_licence_make(w->c, &his, &honest->terms, &r), 0);
	mclic_response_slot(w->c, &r, forged);
	mclic_terms_bind(&honest->terms, other_mid, &t);
	assert_int_equal(w->c->sha256(w->c, &whole, 1, hash), 0);
	assert_int_equal(mclic_kdf(w->c, nobody, "mclic EMid", context, 2, key), 0);
	assert_int_equal(w->c->seal(w->c, key, nonce, &t, sizeof(t), known_ku, MCLIC_KEY_SIZE,
				    forged->emid_ku), 0);
	forged->sig_algorithm = honest->sig_algorithm;
	forged->sig_len = honest->sig_len;
	memcpy(forged->sig, honest->sig, sizeof(forged->sig));
	mclic_slot_finish(w->c, forged);
}

static void test_forged_for_another_medium(void **state)
{
	struct mclic_slot honest, forged;
	struct mclic_terms t;
	struct world w;
	EVP_PKEY *center;
	__u8 ku[MCLIC_KEY_SIZE], key[MCLIC_KEY_SIZE], other_mid[MCLIC_ID_SIZE];

	(void)state;
	world_open(&w);
	world_terms(MCLIC_PORTABLE, &t);
	signed_slot(&w, &t, &honest);
	assert_why(mclic_slot_verdict(w.c, &w.src, &w.title, NOW, &honest, ku), MCLIC_OK);
	fill(other_mid, sizeof(other_mid), 0xc2);
	forge(&w, &honest, ku, other_mid, &forged);
	memcpy(w.mid, other_mid, sizeof(w.mid));

	/* well formed, with the honest licence's signature */
	assert_why(mclic_slot_check(w.c, &forged), MCLIC_OK);
	assert_why(judge(&w, &forged, NOW), MCLIC_BAD_SIG);

	/* with a signature of his own */
	center = w.center_key;
	w.center_key = EVP_RSA_gen(2048);
	world_sign(&w, &forged.carried);
	EVP_PKEY_free(w.center_key);
	w.center_key = center;
	mclic_slot_finish(w.c, &forged);
	assert_why(judge(&w, &forged, NOW), MCLIC_BAD_SIG);

	/* nothing but SIG stands in his way: what he wrote opens, and gives the true Ku */
	assert_why(mclic_licence_open(w.c, &forged, other_mid, NULL, key), MCLIC_OK);
	assert_memory_equal(key, ku, sizeof(key));
}

/* The bytes of a medium, area and all, on a medium with another id */
static void test_copied_medium(void **state)
{
	struct mclic_slot s;
	struct world w;
	__u8 key[MCLIC_KEY_SIZE];

	(void)state;
	slot_of(&w, MCLIC_PORTABLE, &s);
	fill(w.mid, sizeof(w.mid), 0xd1);
	assert_why(judge(&w, &s, NOW), MCLIC_OTHER_MEDIUM);
	/* a program that leaves out every check still needs the MID to get at Ku */
	assert_why(mclic_licence_open(w.c, &s, w.mid, NULL, key), MCLIC_BAD_EKU);
	assert_why(mclic_licence_open(w.c, &s, s.terms.medium_tag, NULL, key), MCLIC_BAD_EKU);
}

static void slot_numbered(struct world *w, __u32 sequence, __u64 not_after, struct mclic_slot *s)
{
	struct mclic_terms t;

	world_terms(MCLIC_PORTABLE, &t);
	t.sequence = mclic_put32(sequence);
	t.not_after = mclic_put64(not_after);
	signed_slot(w, &t, s);
}

static void test_several_slots(void **state)
{
	struct mclic_slot old, new, expired, damaged, free_slot, other;
	struct mclic_verdict v;
	struct world w;

	(void)state;
	world_open(&w);
	slot_numbered(&w, 7, 0, &old);
	slot_numbered(&w, 8, 0, &new);
	slot_numbered(&w, 9, NOW - 1, &expired);
	damaged = new;
	damaged.cs[0] ^= 1;
	memset(&free_slot, 0, sizeof(free_slot));
	world_terms(MCLIC_PORTABLE, &other.terms);
	other.terms.did[0] ^= 1;
	signed_slot(&w, &other.terms, &other);

#define ADD(index, slot) mclic_verdict_add(&v, w.c, &w.src, &w.title, NOW, index, &(slot))
	/* nothing, and nothing that counts */
	mclic_verdict_start(&v);
	assert_why(v.why, MCLIC_NO_LICENCE);
	assert_int_equal(v.slot, -1);
	assert_why(ADD(1, free_slot), MCLIC_FREE);
	assert_why(ADD(2, damaged), MCLIC_BAD_CRC);
	assert_why(ADD(3, other), MCLIC_OTHER_TITLE);
	assert_why(v.why, MCLIC_NO_LICENCE);
	assert_int_equal(v.slot, -1);
	assert_int_equal(mclic_errno(v.why), -EACCES);

	/* any that passes wins, the highest sequence number of them, in any order */
	mclic_verdict_start(&v);
	ADD(1, old);
	ADD(2, new);
	ADD(3, expired);
	assert_why(v.why, MCLIC_OK);
	assert_int_equal(v.slot, 2);
	assert_int_equal(mclic_get32(v.terms.sequence), 8);
	assert_false(mclic_is_zero(v.medium_key, sizeof(v.medium_key)));
	mclic_verdict_start(&v);
	ADD(1, expired);
	assert_why(v.why, MCLIC_EXPIRED);
	ADD(2, new);
	ADD(3, old);
	assert_why(v.why, MCLIC_OK);
	assert_int_equal(v.slot, 2);

	/* else the error furthest down the list, in any order */
	memcpy(w.mid, "another medium..", sizeof(w.mid));
	mclic_verdict_start(&v);
	ADD(1, new);
	assert_why(v.why, MCLIC_OTHER_MEDIUM);
	memcpy(w.mid, w.issue.mid, sizeof(w.mid));
	ADD(2, expired);
	assert_why(v.why, MCLIC_EXPIRED);
	assert_int_equal(v.slot, 2);
	w.signature_err = -EKEYREJECTED;
	ADD(3, new);
	assert_why(v.why, MCLIC_EXPIRED);
	assert_int_equal(v.slot, 2);
	assert_true(mclic_is_zero(v.medium_key, sizeof(v.medium_key)));
	w.signature_err = 0;
	w.title.content_version = VERSION + 1;
	ADD(4, new);
	assert_why(v.why, MCLIC_OLD_TERMS);
	w.title.content_version = VERSION;
	ADD(5, damaged);
	assert_why(v.why, MCLIC_OLD_TERMS);
#undef ADD
}

/* A receipt has the form of a licence and is never in force. */
static void test_receipt(void **state)
{
	struct mclic_response r;
	struct mclic_terms t;
	struct mclic_slot s;
	struct world w;

	(void)state;
	world_open(&w);
	world_terms(MCLIC_PORTABLE, &t);
	assert_int_equal(mclic_receipt_make(w.c, w.mid, &t, &r), 0);
	world_sign(&w, &r.slot);
	assert_why(mclic_response_check(&r, sizeof(r)), MCLIC_OK);
	mclic_response_slot(w.c, &r, &s);
	assert_why(judge(&w, &s, NOW), MCLIC_BAD_EKU);
}

static void test_master_key(void **state)
{
	struct mclic_response r;
	struct mclic_terms t;
	struct world w;
	__u8 ka[MCLIC_KEY_SIZE];

	(void)state;
	world_open(&w);
	world_terms(MCLIC_PORTABLE, &t);
	signed_response(&w, &t, &r);
	assert_why(mclic_master_key_open(w.c, &r, w.mid, w.issue.ku, ka), MCLIC_OK);
	assert_memory_equal(ka, w.issue.ka, sizeof(ka));
	/* KU is needed for a portable licence as well */
	w.issue.ku[0] ^= 1;
	assert_why(mclic_master_key_open(w.c, &r, w.mid, w.issue.ku, ka), MCLIC_BAD_EMID);
	assert_true(mclic_is_zero(ka, sizeof(ka)));
	w.issue.ku[0] ^= 1;
	w.mid[0] ^= 1;
	assert_why(mclic_master_key_open(w.c, &r, w.mid, w.issue.ku, ka), MCLIC_BAD_EMID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_each_step),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_sources_fail),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_revocation),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_every_byte_unsigned),
		cmocka_unit_test(test_forged_for_another_medium),
		cmocka_unit_test(test_copied_medium),
		cmocka_unit_test(test_several_slots),
		cmocka_unit_test(test_receipt),
		cmocka_unit_test(test_master_key),
	};

	return cmocka_run_group_tests_name("core: verdict", tests, NULL, NULL);
}
