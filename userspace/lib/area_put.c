// SPDX-License-Identifier: GPL-2.0-or-later
/* Writing licences: the order of it is core's, the slots and the words are ours. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "area.h"

#define NAMED_MAX	3	/* expired licences that a message names */

/* A put that goes on: the caller's judgement, and what a message may have to say. */
struct putting {
	struct mclic_area *area;
	enum mclic_why (*check)(void *ctx, const struct mclic_slot *slot);
	void *ctx;
	char reason[512];	/* of the first failure of reading or writing */
	__u32 licences;		/* others on the medium */
	__u32 expired;		/* ... of them */
	char named[NAMED_MAX * 100];
};

/* ---- core's table ---- */

static int note(struct putting *k, int err)
{
	if (err && !k->reason[0])
		snprintf(k->reason, sizeof(k->reason), "%s", mclic_message());
	return err;
}

static int io_read_back(void *ctx, __u32 index, struct mclic_slot *slot)
{
	struct putting *k = ctx;

	return note(k, mclic_area_read_back(k->area, index, slot));
}

static int io_write(void *ctx, __u32 index, const struct mclic_slot *slot)
{
	struct putting *k = ctx;

	return note(k, mclic_area_write(k->area, index, slot));
}

static enum mclic_why io_check(void *ctx, const struct mclic_slot *slot)
{
	struct putting *k = ctx;

	return k->check(k->ctx, slot);
}

static void io_other(void *ctx, __u32 index, const struct mclic_slot *s)
{
	struct putting *k = ctx;
	__u64 end = mclic_get64(s->terms.not_after);
	size_t used = strlen(k->named);

	k->licences++;
	if (!end || end >= (__u64)time(NULL) || k->expired++ >= NAMED_MAX)
		return;
	snprintf(k->named + used, sizeof(k->named) - used, "%s\"%.*s\" (slot %u)", used ? ", " : "",
		 MCLIC_TITLE_SIZE, (const char *)s->terms.title, index);
}

/* ---- words for how it ended ---- */

static int no_room(const struct mclic_area *a, const struct putting *k)
{
	if (k->expired)
		return mclic_fail(ENOSPC, "%s is full (%u licences), and %u of them expired: %s%s; give "
				  "one back with \"mclic return TITLE TARGET\"", a->where, k->licences,
				  k->expired, k->named, k->expired > NAMED_MAX ? ", ..." : "");
	return mclic_fail(ENOSPC, "%s is full (%u licences); give one back with \"mclic return TITLE "
			  "TARGET\" (\"mclic list TARGET\" shows them)", a->where, k->licences);
}

static int say(const struct mclic_area *a, const struct putting *k, const struct mclic_put *p,
	       const struct mclic_slot *s)
{
	switch (p->end) {
	case MCLIC_PUT_NO_LICENCE:
		return mclic_fail(EINVAL, "this is no licence: %s", mclic_why_text(p->why));
	case MCLIC_PUT_OLD:
		return mclic_fail(ESTALE, "%s: slot %u holds a newer renewal of this licence; this one "
				  "(sequence number %u) is out of date", a->where, p->index,
				  mclic_get32(s->terms.sequence));
	case MCLIC_PUT_FULL:
		return no_room(a, k);
	case MCLIC_PUT_CHANGED:
		return mclic_fail(EIO, "%s: slot %u does not hold what was written to it; the medium is "
				  "worn out, or pretends to be larger than it is", a->where, p->index);
	case MCLIC_PUT_REFUSED:
		return mclic_refused(p->why, a->where);
	default:
		return mclic_fail(-p->err, "%s", k->reason);
	}
}

/* The reason why it did not pass comes first, then that it is still there. */
static int say_left(const struct mclic_put *p, int err)
{
	char reason[512];

	snprintf(reason, sizeof(reason), "%s", mclic_message());
	return mclic_fail(-err, "%s; and slot %u could not be emptied again", reason, p->index);
}

static int put_locked(struct putting *k, const struct mclic_slot *s, __u32 *index)
{
	const struct mclic_put_io io = {
		.ctx = k,
		.read_back = io_read_back,
		.write = io_write,
		.check = io_check,
		.other = io_other,
	};
	struct mclic_put p;
	int err;

	if (mclic_licence_put(mclic_openssl(), &io, mclic_area_slots(k->area), s, &p)) {
		err = say(k->area, k, &p, s);
		return p.left ? say_left(&p, err) : err;
	}
	if (p.kept)
		mclic_area_warn(k->area, "the new licence is in force, but the one it replaces is "
				"still there: %s", k->reason);
	if (index)
		*index = p.index;
	return 0;
}

int mclic_area_put(struct mclic_area *a, const struct mclic_slot *s,
		   enum mclic_why (*check)(void *ctx, const struct mclic_slot *slot),
		   void *ctx, __u32 *index)
{
	struct putting k = { .area = a, .check = check, .ctx = ctx };
	int err;

	if (!a->write)
		return mclic_fail(EBADF, "%s was not opened for writing", a->where);
	err = mclic_area_lock(a);
	if (err)
		return err;
	err = put_locked(&k, s, index);
	mclic_area_unlock(a);
	return err;
}

int mclic_area_clear(struct mclic_area *a, __u32 index)
{
	static const __u8 zeros[MCLIC_SLOT_SIZE];
	int err;

	if (index < 1 || index >= mclic_area_slots(a) - 1)
		return mclic_fail(EINVAL, "%s has no licence slot %u", a->where, index);
	if (!a->write)
		return mclic_fail(EBADF, "%s was not opened for writing", a->where);
	err = mclic_area_lock(a);
	if (err)
		return err;
	err = mclic_area_write(a, index, zeros);
	mclic_area_unlock(a);
	return err;
}
