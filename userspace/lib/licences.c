// SPDX-License-Identifier: GPL-2.0-or-later
/* The verdict on a title with this machine's keys, certificates and medium. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libmclic.h"

/* Keep what core has no room for: the errno behind MCLIC_CRYPTO_FAILED. */
static int note(struct mclic_judge *j, int err)
{
	if (err < 0)
		j->err = err;
	return err;
}

static int judge_medium(void *ctx, __u8 kind, __u8 mid[MCLIC_ID_SIZE], __u8 *medium_class)
{
	struct mclic_judge *j = ctx;
	struct mclic_medium m;
	int err = mclic_medium_read(mclic_area_dev(j->area), mclic_area_head(j->area), kind, &m);

	if (err)
		return err == -ENODEV ? err : note(j, err);
	memcpy(mid, m.mid, MCLIC_ID_SIZE);
	*medium_class = m.medium_class;
	return 0;
}

static int judge_signature(void *ctx, const __u8 center_id[MCLIC_ID_SIZE],
			   const struct mclic_vec *v, unsigned int n, const __u8 *sig,
			   size_t sig_len)
{
	struct mclic_judge *j = ctx;
	int err = mclic_trust_verify(j->trust, center_id, v, n, sig, sig_len);

	return err == -ENOKEY || err == -EKEYREJECTED ? err : note(j, err);
}

static int judge_user_key(void *ctx, const __u8 center_id[MCLIC_ID_SIZE],
			  const __u8 user_id[MCLIC_ID_SIZE], __u32 ku_generation,
			  __u8 ku[MCLIC_KEY_SIZE])
{
	int err = mclic_user_key_load(center_id, user_id, ku_generation, ku);

	return err == -ENOKEY ? err : note(ctx, err);
}

static int judge_revoked(void *ctx, const __u8 center_id[MCLIC_ID_SIZE],
			 const __u8 licence_id[MCLIC_ID_SIZE], __u32 *lowest_good,
			 __u64 *issued_at)
{
	struct mclic_judge *j = ctx;

	return mclic_trust_revoked(j->trust, center_id, licence_id, lowest_good, issued_at);
}

void mclic_judge_sources(struct mclic_judge *j, struct mclic_sources *src)
{
	*src = (struct mclic_sources){
		.ctx = j,
		.medium = judge_medium,
		.signature = judge_signature,
		.user_key = judge_user_key,
		.revoked = judge_revoked,
	};
}

int mclic_judge_title(struct mclic_judge *j, const struct mclic_title *title,
		      struct mclic_verdict *v)
{
	__u32 i, slots = mclic_area_slots(j->area);
	__u64 now = (__u64)time(NULL);
	struct mclic_sources src;
	struct mclic_slot s;
	enum mclic_why why;
	int err, unread = 0;

	j->err = 0;
	mclic_judge_sources(j, &src);
	mclic_verdict_start(v);
	for (i = 1; i + 1 < slots; i++) {
		err = mclic_area_read(j->area, i, &s);
		if (err) {
			unread = err;	/* it matters if no other will do */
			continue;
		}
		why = mclic_verdict_add(v, mclic_openssl(), &src, title, now, (int)i, &s);
		if (why == MCLIC_CRYPTO_FAILED) {
			err = j->err ? j->err : mclic_fail(EIO, "the cipher library failed");
			goto fail;
		}
	}
	if (!v->why || !unread)
		return 0;
	err = unread;
fail:
	mclic_wipe(v, sizeof(*v));
	mclic_verdict_start(v);
	return err;
}

#define NEWER	"it was written by a newer version of this program; update this one"

static const char *const remedies[MCLIC_WHY_COUNT] = {
	[MCLIC_FREE] = "there is no licence in this slot",
	[MCLIC_BAD_VERSION] = NEWER,
	[MCLIC_BAD_SUITE] = NEWER,
	[MCLIC_BAD_FLAGS] = NEWER,
	[MCLIC_BAD_MEDIUM_ID] = "the medium's identifier is too short, or thousands of media share "
		"it; use another medium",
	[MCLIC_OTHER_TITLE] = "the licence is for another title; get one for this title with \"mclic "
		"copy\"",
	[MCLIC_CRYPTO_FAILED] = "a key, a certificate, the medium or the cipher library could not be "
		"used; see the errors before this one, and try again",
	[MCLIC_OTHER_MEDIUM] = "the licence is for another medium; put in the one it was issued for, "
		"or buy a licence for this one with \"mclic copy\"",
	[MCLIC_LOW_CLASS] = "the licence wants a medium whose identifier can be trusted more than "
		"this one's (\"mclic info\" shows its class)",
	[MCLIC_NO_CERTIFICATE] = "the certificate of the license center that issued the licence is "
		"not known here; add it with \"mclic trust add CERT\", or enrol with \"mclic enrol\"",
	[MCLIC_BAD_SIG] = "the license center's signature on the licence is wrong: somebody else "
		"wrote it, or it is damaged; fetch it again with \"mclic renew\"",
	[MCLIC_NO_USER_KEY] = "the licence is personal and its user's key is not on this machine; "
		"run \"mclic enrol\" as that user, or \"mclic enrol --refresh\"",
	[MCLIC_BAD_EKU] = "the licence does not open with this medium and user key; fetch it again "
		"with \"mclic renew\"",
	[MCLIC_BAD_CS] = "the certificate code of the licence does not match; fetch it again with "
		"\"mclic renew\"",
	[MCLIC_BAD_EMID] = "the medium key in the licence does not open; fetch it again with \"mclic "
		"renew\"",
	[MCLIC_REVOKED] = "the license center revoked the licence, or it was returned; buy a new one "
		"with \"mclic copy\", or ask the center",
	[MCLIC_NOT_YET] = "the licence is not valid yet; wait, or set this machine's clock right",
	[MCLIC_EXPIRED] = "the licence has expired; renew it with \"mclic renew\"",
	[MCLIC_OLD_TERMS] = "the licence covers older versions of the title only; buy a licence for "
		"this version with \"mclic copy\"",
	[MCLIC_NO_LICENCE] = "there is no licence for it on this medium; get one with \"mclic copy\"",
	[MCLIC_BAD_ANSWER] = "this is the answer to another request; import it for the medium and "
		"title that it was asked for",
	[MCLIC_BAD_GENERATION] = "it was sealed under another licence than the one on this medium; "
		"copy the title again with \"mclic copy\"",
};

int mclic_refused(enum mclic_why why, const char *what)
{
	const char *text = why < MCLIC_WHY_COUNT ? remedies[why] : NULL;
	int err = mclic_errno(why);

	if (!err)
		return 0;
	if (text)
		return mclic_fail(-err, "%s: %s", what, text);
	return mclic_fail(-err, "%s: damaged: %s; copy it again from the master or a backup", what,
			  mclic_why_text(why));
}

/* A day as people write it. */
static const char *day(__u64 seconds, char text[32])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(text, 32, "%Y-%m-%d %H:%M UTC", &tm))
		snprintf(text, 32, "%llu", (unsigned long long)seconds);
	return text;
}

static int refused_medium(struct mclic_judge *j, const struct mclic_terms *t, const char *what)
{
	const char *wanted = mclic_medium_kind_name(t->medium_kind);
	struct mclic_medium m;
	int err = mclic_medium_read(mclic_area_dev(j->area), mclic_area_head(j->area), 0, &m);

	if (err || m.kind != t->medium_kind)
		return mclic_fail(EMEDIUMTYPE, "%s: the licence is for a medium with an identifier of "
				  "kind \"%s\", and this one has %s%s%s; put in the medium it was "
				  "issued for, or buy a licence for this one with \"mclic copy\"",
				  what, wanted, err ? "none" : "one of kind \"",
				  err ? "" : mclic_medium_kind_name(m.kind), err ? "" : "\"");
	return mclic_fail(EMEDIUMTYPE, "%s: the licence is for another medium: this one has an "
			  "identifier of kind \"%s\" too, but not the one the licence was issued "
			  "for; put that medium in, or buy a licence for this one with \"mclic "
			  "copy\"", what, wanted);
}

int mclic_judge_refused(struct mclic_judge *j, const struct mclic_verdict *v, const char *what)
{
	const struct mclic_terms *t;
	struct mclic_slot s;
	char when[32];

	if (v->slot < 1 || mclic_area_read(j->area, (__u32)v->slot, &s))
		return mclic_refused(v->why, what);
	t = &s.terms;
	switch (v->why) {
	case MCLIC_OTHER_MEDIUM:
		return refused_medium(j, t, what);
	case MCLIC_LOW_CLASS:
		return mclic_fail(EMEDIUMTYPE, "%s: the licence wants a medium of class %u or higher; "
				  "\"mclic info\" shows this one's class", what, t->medium_class);
	case MCLIC_NOT_YET:
		return mclic_fail(EKEYEXPIRED, "%s: the licence is valid from %s on; wait, or set this "
				  "machine's clock right", what, day(mclic_get64(t->not_before), when));
	case MCLIC_EXPIRED:
		return mclic_fail(EKEYEXPIRED, "%s: the licence expired on %s; renew it with \"mclic "
				  "renew\"", what, day(mclic_get64(t->not_after), when));
	case MCLIC_OLD_TERMS:
		return mclic_fail(EACCES, "%s: the licence covers the title up to version %u only; buy "
				  "one for this version with \"mclic copy\"", what,
				  mclic_get32(t->content_version));
	case MCLIC_NO_USER_KEY:
		return mclic_fail(ENOKEY, "%s: the licence is personal, and key generation %u of its "
				  "user is not on this machine; run \"mclic enrol --refresh\", or "
				  "\"mclic enrol\" as that user", what, mclic_get32(t->ku_generation));
	default:
		return mclic_refused(v->why, what);
	}
}
