// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing licences (S3 to S6 of the patent): to a free slot, flushed, read back from
 * the device and checked; only then the slot it replaces is zeroed. A cut at any moment
 * leaves the old licence, both, or the new one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "area.h"

#define NAMED_MAX	3	/* expired licences that a message names */

/* The caller's judgement */
struct checker {
	enum mclic_why (*check)(void *ctx, const struct mclic_slot *slot);
	void *ctx;
};

/* What a look over all slots found; indices are 0 where there is none. */
struct survey {
	__u32 free;
	__u32 damaged;
	__u32 same;
	__u32 newer;
	__u32 older[MCLIC_AREA_SLOTS];
	__u32 olders;
	__u32 licences;
	__u32 expired;
	char named[NAMED_MAX * 100];
};

static void survey_other(struct survey *v, __u32 index, const struct mclic_slot *s)
{
	__u64 end = mclic_get64(s->terms.not_after);
	size_t used = strlen(v->named);

	v->licences++;
	if (!end || end >= (__u64)time(NULL) || v->expired++ >= NAMED_MAX)
		return;
	snprintf(v->named + used, sizeof(v->named) - used, "%s\"%.*s\" (slot %u)", used ? ", " : "",
		 MCLIC_TITLE_SIZE, (const char *)s->terms.title, index);
}

static bool same_licence(const struct mclic_terms *a, const struct mclic_terms *b)
{
	return !memcmp(a->licence_id, b->licence_id, MCLIC_ID_SIZE) &&
	       !memcmp(a->center_id, b->center_id, MCLIC_ID_SIZE);
}

/*
 * A slot of the same licence. One that claims to be newer counts only if it passes: else
 * whoever may write to the medium could keep every renewal out with a number of his own.
 */
static int survey_same(struct survey *v, __u32 index, const struct mclic_slot *s,
		       const struct mclic_slot *there, const struct checker *c)
{
	enum mclic_why why;

	if (!memcmp(there, s, sizeof(*there)) && !v->same) {
		v->same = index;
	} else if (mclic_get32(there->terms.sequence) > mclic_get32(s->terms.sequence)) {
		why = c->check(c->ctx, there);
		if (why == MCLIC_CRYPTO_FAILED)
			return mclic_errno(why);
		if (why == MCLIC_OK)
			v->newer = index;
	} else {
		v->older[v->olders++] = index;
	}
	return 0;
}

static int survey_slots(struct mclic_area *a, const struct mclic_slot *s, const struct checker *c,
			struct survey *v)
{
	__u32 i, slots = mclic_area_slots(a);
	struct mclic_slot there;
	int err;

	memset(v, 0, sizeof(*v));
	for (i = 1; i + 1 < slots; i++) {
		err = mclic_area_read_back(a, i, &there);
		if (err)
			return err;
		switch (mclic_slot_check(mclic_openssl(), &there)) {
		case MCLIC_FREE:
			if (!v->free)
				v->free = i;
			continue;
		case MCLIC_BAD_MAGIC:
		case MCLIC_BAD_CRC:
			if (!v->damaged)
				v->damaged = i;
			continue;
		case MCLIC_CRYPTO_FAILED:
			return mclic_fail(EIO, "%s: the cipher library failed", a->where);
		case MCLIC_OK:
			break;
		default:
			continue;	/* of a later version: not ours to touch */
		}
		if (same_licence(&there.terms, &s->terms))
			err = survey_same(v, i, s, &there, c);
		else
			survey_other(v, i, &there);
		if (err)
			return err;
	}
	return 0;
}

static int no_room(const struct mclic_area *a, const struct survey *v)
{
	if (v->expired)
		return mclic_fail(ENOSPC, "%s is full (%u licences), and %u of them expired: %s%s; give "
				  "one back with \"mclic return TITLE TARGET\"", a->where, v->licences,
				  v->expired, v->named, v->expired > NAMED_MAX ? ", ..." : "");
	return mclic_fail(ENOSPC, "%s is full (%u licences); give one back with \"mclic return TITLE "
			  "TARGET\" (\"mclic list TARGET\" shows them)", a->where, v->licences);
}

/* Is what the device has now what was written, and is it good? */
static int read_and_check(struct mclic_area *a, __u32 index, const struct mclic_slot *s,
			  const struct checker *c)
{
	struct mclic_slot back;
	enum mclic_why why;
	int err = mclic_area_read_back(a, index, &back);

	if (err)
		return err;
	if (memcmp(&back, s, sizeof(back)))
		return mclic_fail(EIO, "%s: slot %u does not hold what was written to it; the medium is "
				  "worn out, or pretends to be larger than it is", a->where, index);
	why = c->check(c->ctx, &back);
	return why == MCLIC_OK ? 0 : mclic_refused(why, a->where);
}

static int zero_slot(struct mclic_area *a, __u32 index)
{
	static const __u8 zeros[MCLIC_SLOT_SIZE];

	return mclic_area_write(a, index, zeros);
}

/* A licence that did not pass must not stay; the reason it did not is what counts. */
static int undo(struct mclic_area *a, __u32 index, int err)
{
	char reason[512];

	snprintf(reason, sizeof(reason), "%s", mclic_message());
	if (!zero_slot(a, index))
		return err;	/* and its message */
	return mclic_fail(-err, "%s; and slot %u could not be emptied again", reason, index);
}

static int put_locked(struct mclic_area *a, const struct mclic_slot *s, const struct checker *c,
		      __u32 *index)
{
	struct survey v;
	__u32 i, at;
	int err = survey_slots(a, s, c, &v);

	if (err)
		return err;
	if (v.newer)
		return mclic_fail(ESTALE, "%s: slot %u holds a newer renewal of this licence; this one "
				  "(sequence number %u) is out of date", a->where, v.newer,
				  mclic_get32(s->terms.sequence));
	at = v.same ? v.same : v.free ? v.free : v.damaged;
	if (!at)
		return no_room(a, &v);
	if (!v.same)
		err = mclic_area_write(a, at, s);
	if (!err)
		err = read_and_check(a, at, s, c);
	if (err)
		return v.same ? err : undo(a, at, err);
	for (i = 0; i < v.olders; i++) {
		if (zero_slot(a, v.older[i]))
			mclic_area_warn(a, "the new licence is in force, but the one it replaces is "
					"still there: %s", mclic_message());
	}
	if (index)
		*index = at;
	return 0;
}

int mclic_area_put(struct mclic_area *a, const struct mclic_slot *s,
		   enum mclic_why (*check)(void *ctx, const struct mclic_slot *slot),
		   void *ctx, __u32 *index)
{
	const struct checker c = { .check = check, .ctx = ctx };
	enum mclic_why why = mclic_slot_check(mclic_openssl(), s);
	int err;

	if (why != MCLIC_OK)
		return mclic_fail(EINVAL, "this is no licence: %s", mclic_why_text(why));
	if (!a->write)
		return mclic_fail(EBADF, "%s was not opened for writing", a->where);
	err = mclic_area_lock(a);
	if (err)
		return err;
	err = put_locked(a, s, &c, index);
	mclic_area_unlock(a);
	return err;
}

int mclic_area_clear(struct mclic_area *a, __u32 index)
{
	int err;

	if (index < 1 || index >= mclic_area_slots(a) - 1)
		return mclic_fail(EINVAL, "%s has no licence slot %u", a->where, index);
	if (!a->write)
		return mclic_fail(EBADF, "%s was not opened for writing", a->where);
	err = mclic_area_lock(a);
	if (err)
		return err;
	err = zero_slot(a, index);
	mclic_area_unlock(a);
	return err;
}
