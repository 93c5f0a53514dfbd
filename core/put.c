// SPDX-License-Identifier: GPL-2.0-or-later
/* Putting a licence on a medium (S3 to S6 of the patent): which slot, and in what order. */
#include "core.h"

/* What a put works with. */
struct put {
	const struct mclic_crypto *c;
	const struct mclic_put_io *io;
	__u32 slots;
	const struct mclic_slot *s;
	struct mclic_put *p;
	/* indices; 0 where there is none */
	__u32 free;
	__u32 damaged;
	__u32 same;
	__u32 newer;
};

static int end(struct mclic_put *p, enum mclic_put_end how, int err)
{
	p->end = how;
	p->err = err;
	return err;
}

/* A slot of the same licence */
static int survey_same(struct put *k, __u32 index, const struct mclic_slot *there)
{
	enum mclic_why why;

	if (!memcmp(there, k->s, sizeof(*there)) && !k->same) {
		k->same = index;
	} else if (mclic_get32(there->terms.sequence) > mclic_get32(k->s->terms.sequence)) {
		why = k->io->check(k->io->ctx, there);
		if (why == MCLIC_CRYPTO_FAILED) {
			k->p->why = why;
			return end(k->p, MCLIC_PUT_REFUSED, mclic_errno(why));
		}
		if (why == MCLIC_OK)
			k->newer = index;
	} else {
		k->p->older[index / 8] |= (__u8)(1u << index % 8);
	}
	return 0;
}

static int survey_slot(struct put *k, __u32 index)
{
	const struct mclic_slot *there = &k->p->slot;
	int err = k->io->read_back(k->io->ctx, index, &k->p->slot);

	if (err)
		return end(k->p, MCLIC_PUT_IO, err);
	switch (mclic_slot_check(k->c, there)) {
	case MCLIC_FREE:
		if (!k->free)
			k->free = index;
		return 0;
	case MCLIC_BAD_MAGIC:
	case MCLIC_BAD_CRC:
		if (!k->damaged)
			k->damaged = index;
		return 0;
	case MCLIC_OK:
		break;
	default:
		return 0;	/* of a later version: not ours to touch */
	}
	if (mclic_same_licence(&there->terms, &k->s->terms))
		return survey_same(k, index, there);
	if (k->io->other)
		k->io->other(k->io->ctx, index, there);
	return 0;
}

static int survey(struct put *k)
{
	__u32 i;
	int err = 0;

	for (i = 1; !err && i + 1 < k->slots; i++)
		err = survey_slot(k, i);
	return err;
}

/* Is what the device has now what was written, and is it good? */
static int read_and_check(struct put *k)
{
	struct mclic_put *p = k->p;
	int err = k->io->read_back(k->io->ctx, p->index, &p->slot);

	if (err)
		return end(p, MCLIC_PUT_IO, err);
	if (memcmp(&p->slot, k->s, sizeof(p->slot)))
		return end(p, MCLIC_PUT_CHANGED, -EIO);
	p->why = k->io->check(k->io->ctx, &p->slot);
	return p->why ? end(p, MCLIC_PUT_REFUSED, mclic_errno(p->why)) : 0;
}

static int empty(struct put *k, __u32 index)
{
	memset(&k->p->slot, 0, sizeof(k->p->slot));
	return k->io->write(k->io->ctx, index, &k->p->slot);
}

static int write_and_check(struct put *k)
{
	int err = k->io->write(k->io->ctx, k->p->index, k->s);

	err = err ? end(k->p, MCLIC_PUT_IO, err) : read_and_check(k);
	/* One that did not pass must not stay; the reason it did not is what counts. */
	if (err)
		k->p->left = empty(k, k->p->index);
	return err;
}

static void empty_older(struct put *k)
{
	__u32 i;

	for (i = 1; i + 1 < k->slots; i++)
		if (k->p->older[i / 8] >> i % 8 & 1 && empty(k, i))
			k->p->kept++;
}

int mclic_licence_put(const struct mclic_crypto *c, const struct mclic_put_io *io,
		      __u32 slots, const struct mclic_slot *s, struct mclic_put *p)
{
	struct put k = { .c = c, .io = io, .slots = slots, .s = s, .p = p };
	int err;

	memset(p, 0, sizeof(*p));
	p->why = mclic_slot_check(c, s);
	if (p->why)
		return end(p, MCLIC_PUT_NO_LICENCE, -EBADMSG);
	err = survey(&k);
	if (err)
		return err;
	p->index = k.newer ? k.newer : k.same ? k.same : k.free ? k.free : k.damaged;
	if (k.newer)
		return end(p, MCLIC_PUT_OLD, -ESTALE);
	if (!p->index)
		return end(p, MCLIC_PUT_FULL, -ENOSPC);
	err = k.same ? read_and_check(&k) : write_and_check(&k);
	if (!err)
		empty_older(&k);
	return err;
}
