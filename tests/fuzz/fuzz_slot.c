// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Slots, their CRC made good, through the whole verdict with a certificate that believes
 * every signature. The only bytes that may be in force are those that the world's center
 * makes: terms, CS, EKU and EMid vouch for themselves, SIG apart.
 */
#include "fuzz.h"

static int medium(void *ctx, __u8 kind, __u8 mid[MCLIC_ID_SIZE], __u8 *medium_class)
{
	(void)ctx;
	(void)kind;
	world_mid(mid);
	*medium_class = 3;
	return 0;
}

static int signature(void *ctx, const __u8 center_id[MCLIC_ID_SIZE], const struct mclic_vec *v,
		     unsigned int n, const __u8 *sig, size_t sig_len)
{
	(void)ctx;
	(void)center_id;
	HOLDS(n == 2 && v[1].len == MCLIC_SLOT_SIGNED);
	HOLDS(sig_len >= MCLIC_SIG_MIN && sig_len <= MCLIC_SIG_MAX);
	return sig[sig_len - 1] == 0xff ? -EKEYREJECTED : 0;
}

static int user_key(void *ctx, const __u8 center_id[MCLIC_ID_SIZE],
		    const __u8 user_id[MCLIC_ID_SIZE], __u32 ku_generation,
		    __u8 ku[MCLIC_KEY_SIZE])
{
	struct mclic_issue issue;

	(void)ctx;
	(void)center_id;
	(void)ku_generation;
	HOLDS(!mclic_is_zero(user_id, MCLIC_ID_SIZE));
	world_issue(&issue);
	memcpy(ku, issue.ku, MCLIC_KEY_SIZE);
	return 0;
}

static int revoked(void *ctx, const __u8 center_id[MCLIC_ID_SIZE],
		   const __u8 licence_id[MCLIC_ID_SIZE], __u32 *lowest_good, __u64 *issued_at)
{
	(void)ctx;
	(void)center_id;
	(void)licence_id;
	*lowest_good = 1;
	*issued_at = NOW;
	return 1;
}

/* Is it, byte for byte, what the center issues for these terms? */
static bool is_genuine(const struct mclic_crypto *c, const struct mclic_slot *s)
{
	struct mclic_response r;

	HOLDS(!world_response(c, &s->terms, &r));
	return !memcmp(s, &r.slot, MCLIC_SLOT_SIGNED);
}

static void judge(const struct mclic_crypto *c, const struct mclic_slot *s)
{
	static const struct mclic_sources src = {
		.medium = medium, .signature = signature, .user_key = user_key,
		.revoked = revoked,
	};
	struct mclic_title title;
	struct mclic_verdict v;
	enum mclic_why form = mclic_slot_check(c, s), why;

	world_title(&title);
	mclic_verdict_start(&v);
	why = mclic_verdict_add(&v, c, &src, &title, NOW, 1, s);
	HOLDS(mclic_is_zero(v.medium_key, sizeof(v.medium_key)) == (why != MCLIC_OK));
	if (form) {
		HOLDS(why == form && v.why == MCLIC_NO_LICENCE && v.slot == -1);
		return;
	}
	HOLDS(why == MCLIC_OK || why >= MCLIC_OTHER_TITLE);
	HOLDS(why != MCLIC_CRYPTO_FAILED && why != MCLIC_NO_LICENCE);
	if (why == MCLIC_OK)
		HOLDS(v.slot == 1);
	if (why == MCLIC_OK || why >= MCLIC_REVOKED)
		HOLDS(is_genuine(c, s));
	else if (why > MCLIC_BAD_SIG)
		HOLDS(!is_genuine(c, s));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mclic_crypto *c = mclic_openssl();
	struct mclic_slot s;

	take(&s, sizeof(s), data, size);
	judge(c, &s);
	s.crc = mclic_put32(c->crc32(&s, sizeof(s) - sizeof(s.crc)));
	judge(c, &s);
	/* on to EKU: the medium's own tag */
	if (!mclic_slot_check(c, &s)) {
		__u8 mid[MCLIC_ID_SIZE];

		world_mid(mid);
		HOLDS(!mclic_medium_tag(c, mid, s.terms.medium_tag));
		world_did(s.terms.did);
		mclic_slot_finish(c, &s);
		HOLDS(mclic_slot_check(c, &s) == MCLIC_OK);
		judge(c, &s);
	}
	return 0;
}
