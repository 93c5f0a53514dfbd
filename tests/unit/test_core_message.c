// SPDX-License-Identifier: GPL-2.0-or-later
/* Request, response and revocation list: each field, each byte, the match of the two. */
#include "core_fixture.h"

static void test_request(void **state)
{
	static const struct {
		size_t offset;
		int value;
		enum mclic_why why;
	} changes[] = {
		{ 0, 'm', MCLIC_BAD_MAGIC }, { 8, 2, MCLIC_BAD_VERSION },
		{ 10, 2, MCLIC_BAD_SUITE },
		{ 12, 0, MCLIC_BAD_OPERATION }, { 12, 4, MCLIC_BAD_OPERATION },
		{ 13, 0, MCLIC_BAD_KIND }, { 13, 3, MCLIC_BAD_KIND },
		{ 14, 0, MCLIC_BAD_MEDIUM_KIND }, { 14, 8, MCLIC_BAD_MEDIUM_KIND },
		{ 15, 4, MCLIC_BAD_MEDIUM_KIND }, { 112, 1, MCLIC_BAD_LICENCE_ID },
		{ 140, 1, MCLIC_BAD_SEQUENCE }, { 148, 1, MCLIC_BAD_RESERVED },
		{ 191, 1, MCLIC_BAD_RESERVED }, { 12, 2, MCLIC_BAD_LICENCE_ID },
		{ 13, 1, MCLIC_OK }, { 14, 1, MCLIC_OK }, { 14, 7, MCLIC_OK }, { 15, 0, MCLIC_OK },
	};
	struct mclic_request q;
	struct world w;
	size_t i;

	(void)state;
	world_open(&w);
	world_request(MCLIC_OP_NEW, &q);
	assert_memory_equal(&q, "MCLREQU\x01\x01\0\x01\0\x01\x02\x02\x03", 16);
	memset(q.reserved, 0xff, sizeof(q.reserved));
	assert_why(mclic_request_check(&q, 256), MCLIC_BAD_RESERVED);
	mclic_request_finish(&q);
	assert_true(mclic_is_zero((__u8 *)&q + 148, 44));
	assert_why(mclic_request_check(&q, 256), MCLIC_OK);
	assert_why(mclic_request_check(&q, 255), MCLIC_BAD_LENGTH);
	assert_why(mclic_request_check(&q, 257), MCLIC_BAD_LENGTH);
	assert_why(mclic_request_check(&q, 0), MCLIC_BAD_LENGTH);
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		world_request(MCLIC_OP_NEW, &q);
		((__u8 *)&q)[changes[i].offset] = (__u8)changes[i].value;
		assert_why(mclic_request_check(&q, 256), changes[i].why);
	}
	world_request(MCLIC_OP_NEW, &q);
	memset(q.mid, 0, 16);
	assert_why(mclic_request_check(&q, 256), MCLIC_BAD_MEDIUM_ID);
	world_request(MCLIC_OP_NEW, &q);
	memset(q.user_id, 0, 16);
	assert_why(mclic_request_check(&q, 256), MCLIC_BAD_USER);
}

static void test_renew_and_return(void **state)
{
	struct mclic_request q;
	struct world w;
	__u8 op;

	(void)state;
	world_open(&w);
	for (op = MCLIC_OP_RENEW; op <= MCLIC_OP_RETURN; op++) {
		world_request(op, &q);
		assert_why(mclic_request_check(&q, 256), MCLIC_OK);
		q.sequence = 0;
		assert_why(mclic_request_check(&q, 256), MCLIC_BAD_SEQUENCE);
		world_request(op, &q);
		memset(q.licence_id, 0, 16);
		assert_why(mclic_request_check(&q, 256), MCLIC_BAD_LICENCE_ID);
	}
}

/* A signed request: what passes the form is caught by the signature. */
static void test_request_damage(void **state)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	__u8 public[32];
	size_t len = sizeof(public), i;
	struct mclic_request q;
	const struct mclic_vec v[] = {
		{ MCLIC_LABEL_REQUEST, strlen(MCLIC_LABEL_REQUEST) },
		{ &q, MCLIC_REQUEST_SIGNED },
	};
	struct world w;

	(void)state;
	assert_int_equal(EVP_PKEY_get_raw_public_key(key, public, &len), 1);
	world_open(&w);
	world_request(MCLIC_OP_NEW, &q);
	assert_int_equal(mclic_ed25519_sign(key, v, 2, q.sig), 0);
	assert_int_equal(mclic_ed25519_verify(public, v, 2, q.sig), 0);
	for (i = 0; i < sizeof(q); i++) {
		((__u8 *)&q)[i] ^= 4;
		assert_true(mclic_request_check(&q, sizeof(q)) != MCLIC_OK ||
			    mclic_ed25519_verify(public, v, 2, q.sig) == -EKEYREJECTED);
		((__u8 *)&q)[i] ^= 4;
	}
	EVP_PKEY_free(key);
}

static void answer(const struct world *w, const struct mclic_request *q,
		   struct mclic_response *r)
{
	const struct mclic_vec whole = { q, sizeof(*q) };
	struct mclic_terms t;

	world_terms(q->kind, &t);
	assert_int_equal(w->c->sha256(w->c, &whole, 1, t.request_hash), 0);
	signed_response(w, &t, r);
}

static void test_response(void **state)
{
	static const struct {
		size_t offset;
		int value;
		enum mclic_why why;
	} changes[] = {
		{ 0, 'm', MCLIC_BAD_MAGIC }, { 8, 2, MCLIC_BAD_VERSION },
		{ 10, 2, MCLIC_BAD_SUITE },
		{ 12, 1, MCLIC_BAD_LENGTH }, { 13, 5, MCLIC_BAD_LENGTH },
		{ 16, 'm', MCLIC_BAD_MAGIC }, { 24, 2, MCLIC_BAD_VERSION },
		{ 26, 2, MCLIC_BAD_SUITE }, { 28, 1, MCLIC_BAD_RESERVED },
		{ 32 + 128, 3, MCLIC_BAD_KIND }, { 16 + 387, 0, MCLIC_BAD_SIG_FIELD },
		{ 919, 1, MCLIC_BAD_SIG_FIELD },
		{ 968, 1, MCLIC_OK }, { 1023, 1, MCLIC_OK },	/* reserved, covered by nothing */
	};
	struct mclic_request q;
	struct mclic_response r;
	struct world w;
	size_t i;

	(void)state;
	world_open(&w);
	world_request(MCLIC_OP_NEW, &q);
	answer(&w, &q, &r);
	assert_why(mclic_response_check(&r, 1024), MCLIC_OK);
	assert_why(mclic_response_check(&r, 1023), MCLIC_BAD_LENGTH);
	assert_why(mclic_response_check(&r, 1025), MCLIC_BAD_LENGTH);
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		answer(&w, &q, &r);
		((__u8 *)&r)[changes[i].offset] = (__u8)changes[i].value;
		assert_why(mclic_response_check(&r, 1024), changes[i].why);
	}
	answer(&w, &q, &r);
	memset(r.slot.magic, 0, 8);
	assert_why(mclic_response_check(&r, 1024), MCLIC_BAD_MAGIC);
}

/* What passes the form is caught by SIG or by the tag of EMid(Ka). */
static void test_response_damage(void **state)
{
	struct mclic_request q;
	struct mclic_response r;
	struct mclic_slot s;
	struct world w;
	__u8 ku[32], ka[32];
	size_t i;

	(void)state;
	world_open(&w);
	world_request(MCLIC_OP_NEW, &q);
	answer(&w, &q, &r);
	for (i = 0; i < offsetof(struct mclic_response, reserved); i++) {
		((__u8 *)&r)[i] ^= 0x20;
		mclic_response_slot(w.c, &r, &s);
		assert_true(mclic_response_check(&r, sizeof(r)) != MCLIC_OK ||
			    mclic_slot_verdict(w.c, &w.src, &w.title, NOW, &s, ku) != MCLIC_OK ||
			    mclic_master_key_open(w.c, &r, w.mid, w.issue.ku, ka) != MCLIC_OK);
		((__u8 *)&r)[i] ^= 0x20;
	}
}

static void test_match(void **state)
{
	/* A byte of each field of the request that must be the response's */
	static const size_t fields[] = { 12, 13, 16, 32, 48, 64, 96, 128, 136, 144, 200 };
	struct mclic_request q, other;
	struct mclic_response r;
	struct mclic_terms t;
	struct world w;
	size_t i;

	(void)state;
	world_open(&w);
	world_request(MCLIC_OP_NEW, &q);
	answer(&w, &q, &r);
	assert_why(mclic_response_match(w.c, &r, &q), MCLIC_OK);
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		other = q;
		((__u8 *)&other)[fields[i]] ^= 1;
		assert_why(mclic_response_match(w.c, &r, &other), MCLIC_BAD_ANSWER);
	}
	/* The right hash does not help a response with another field. */
	for (i = 0; i < 5; i++) {
		struct mclic_slot_carried *s = &r.slot;

		answer(&w, &q, &r);
		t = s->terms;
		if (i == 0)
			s->terms.did[0] ^= 1;
		else if (i == 1)
			s->terms.medium_tag[0] ^= 1;
		else if (i == 2)
			s->terms.center_id[0] ^= 1;
		else if (i == 3)
			s->terms.kind = MCLIC_PORTABLE;
		else
			s->terms.content_version = mclic_put32(VERSION + 1);
		assert_why(mclic_response_match(w.c, &r, &q), MCLIC_BAD_ANSWER);
		s->terms = t;
		assert_why(mclic_response_match(w.c, &r, &q), MCLIC_OK);
	}
}

#define SIG_LEN	256

/* A list of @n entries with even licence ids; free() it */
static __u8 *list(__u32 n, size_t *len)
{
	struct mclic_revocation *l;
	struct mclic_revocation_entry *e;
	__u32 i;

	*len = sizeof(*l) + n * sizeof(*e) + SIG_LEN;
	l = calloc(1, *len);
	assert_non_null(l);
	memcpy(l->magic, MCLIC_REVOCATION_MAGIC, 8);
	l->version = mclic_put16(1);
	l->suite = mclic_put16(1);
	l->count = mclic_put32(n);
	l->number = mclic_put64(1);
	l->issued_at = mclic_put64(NOW);
	l->sig_algorithm = mclic_put16(1);
	l->sig_len = mclic_put16(SIG_LEN);
	e = (struct mclic_revocation_entry *)(l + 1);
	for (i = 0; i < n; i++) {
		e[i].licence_id[13] = (__u8)(2 * i >> 16);
		e[i].licence_id[14] = (__u8)(2 * i >> 8);
		e[i].licence_id[15] = (__u8)(2 * i);
		e[i].lowest_good = mclic_put32(i + 1);
		e[i].reason = mclic_put32(MCLIC_REASON_REVOKED);
	}
	return (__u8 *)l;		/* a signature of zeros: no entry, if taken for one */
}

static void test_list(void **state)
{
	static const __u32 counts[] = { 0, 1, 2, 3, 7, 1000 };
	size_t len, sig, sig_len, k;
	__u8 id[16] = { 0 };
	__u8 *l;
	__u32 i;

	(void)state;
	for (k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
		l = list(counts[k], &len);
		assert_why(mclic_revocation_check(l, len, &sig, &sig_len), MCLIC_OK);
		assert_int_equal(sig_len, SIG_LEN);
		assert_int_equal(sig, len - SIG_LEN);
		for (i = 0; i <= 2 * counts[k]; i++) {
			__u32 found;

			id[14] = (__u8)(i >> 8);
			id[15] = (__u8)i;
			found = mclic_revocation_find((struct mclic_revocation *)l, id);
			assert_int_equal(found, i % 2 || i == 2 * counts[k] ? 0 : i / 2 + 1);
		}
		for (i = 0; i < len; i++)
			assert_why(mclic_revocation_check(l, i, &sig, &sig_len),
				   MCLIC_BAD_LENGTH);
		free(l);
	}
}

static void test_list_largest(void **state)
{
	struct mclic_revocation *l;
	size_t len, sig, sig_len;

	(void)state;
	l = (struct mclic_revocation *)list(MCLIC_REVOCATION_MAX, &len);
	assert_why(mclic_revocation_check(l, len, &sig, &sig_len), MCLIC_OK);
	l->count = mclic_put32(MCLIC_REVOCATION_MAX + 1);
	assert_why(mclic_revocation_check(l, len, &sig, &sig_len), MCLIC_BAD_COUNT);
	l->count = mclic_put32(0xffffffff);
	assert_why(mclic_revocation_check(l, len, &sig, &sig_len), MCLIC_BAD_COUNT);
	free(l);
}

static void test_list_fields(void **state)
{
	static const struct {
		size_t offset;
		int value;
		enum mclic_why why;
	} changes[] = {
		{ 0, 'm', MCLIC_BAD_MAGIC }, { 8, 2, MCLIC_BAD_VERSION },
		{ 10, 2, MCLIC_BAD_SUITE },
		{ 12, 4, MCLIC_BAD_LENGTH }, { 12, 2, MCLIC_BAD_LENGTH },
		{ 60, 1, MCLIC_BAD_RESERVED }, { 63, 1, MCLIC_BAD_RESERVED },
		{ 56, 0, MCLIC_BAD_SIG_FIELD }, { 59, 0, MCLIC_BAD_SIG_FIELD },
		{ 59, 3, MCLIC_BAD_SIG_FIELD }, { 58, 1, MCLIC_BAD_LENGTH },
		{ 64 + 15, 2, MCLIC_BAD_ORDER },	/* twice */
		{ 64 + 15, 3, MCLIC_BAD_ORDER }, { 64 + 24, 9, MCLIC_BAD_ORDER },
		{ 64 + 16, 0, MCLIC_BAD_SEQUENCE },
	};
	size_t len, sig = 1, sig_len = 1, i;
	__u8 *l;

	(void)state;
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		l = list(3, &len);
		l[changes[i].offset] = (__u8)changes[i].value;
		assert_why(mclic_revocation_check(l, len, &sig, &sig_len), changes[i].why);
		assert_int_equal(sig, 0);
		assert_int_equal(sig_len, 0);
		free(l);
	}
}

/* The sizes of RSA keys that an operator may choose */
static void test_list_signature(void **state)
{
	size_t len, sig, sig_len, n;
	__u8 *l = list(3, &len), *longer = calloc(1, len + 600);
	struct mclic_revocation *head = (struct mclic_revocation *)longer;

	(void)state;
	assert_non_null(longer);
	memcpy(longer, l, len);
	for (n = 0; n <= 600; n++) {
		head->sig_len = mclic_put16((__u16)n);
		assert_why(mclic_revocation_check(longer, len - SIG_LEN + n, &sig, &sig_len),
			   n >= 256 && n <= 512 ? MCLIC_OK : MCLIC_BAD_SIG_FIELD);
		assert_int_equal(sig_len, n >= 256 && n <= 512 ? n : 0);
	}
	free(longer);
	free(l);
}

/* What passes the form is caught by the signature. */
static void test_list_damage(void **state)
{
	size_t len, sig, sig_len, made = SIG_LEN, i;
	__u8 *l = list(3, &len);
	const struct mclic_vec v[] = {
		{ MCLIC_LABEL_REVOCATION, strlen(MCLIC_LABEL_REVOCATION) },
		{ l, len - SIG_LEN },
	};
	struct world w;

	(void)state;
	world_open(&w);
	assert_int_equal(mclic_rsa_sign(w.center_key, v, 2, l + len - SIG_LEN, &made), 0);
	for (i = 0; i < len; i++) {
		l[i] ^= 8;
		assert_true(mclic_revocation_check(l, len, &sig, &sig_len) != MCLIC_OK ||
			    mclic_rsa_verify(w.center_key, v, 2, l + sig, sig_len) ==
			    -EKEYREJECTED);
		l[i] ^= 8;
	}
	free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_renew_and_return),
		cmocka_unit_test(test_request_damage),
		cmocka_unit_test(test_response),
		cmocka_unit_test(test_response_damage),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_largest),
		cmocka_unit_test(test_list_fields),
		cmocka_unit_test(test_list_signature),
		cmocka_unit_test(test_list_damage),
	};

	return cmocka_run_group_tests_name("core: messages", tests, NULL, NULL);
}
