// SPDX-License-Identifier: GPL-2.0-or-later
/* Obtaining what an install needs: a licence in force, and EMid(Ka). */

#include <stdlib.h>

#include "mclic.h"

void grant_drop(struct grant *g)
{
	verdict_free(&g->verdict);
	kept_drop(&g->kept);
	offer_drop(&g->offer);
}

/* Requests that were, or may have been, answered with a licence for this copy. */
struct wanted {
	const struct target *t;
	const struct title *title;
	const struct mclic_terms *terms;	/* NULL: any licence */
};

/* Was @q answered with this licence or what it renews? Not with what would be bought yet. */
static bool is_licence(const struct mclic_request *q, void *ctx)
{
	const struct mclic_terms *terms = ctx;
	__u8 id[MCLIC_ID_SIZE];

	return q->operation != MCLIC_OP_RETURN &&
	       mclic_get32(q->sequence) < mclic_get32(terms->sequence) &&
	       !kept_licence_id(q, id) && !memcmp(id, terms->licence_id, sizeof(id));
}

static bool is_wanted(const struct mclic_request *q, void *ctx)
{
	const struct wanted *w = ctx;

	if (q->operation == MCLIC_OP_RETURN || memcmp(q->did, w->title->id.did, MCLIC_ID_SIZE) ||
	    memcmp(q->mid, w->t->medium.mid, MCLIC_ID_SIZE) ||
	    mclic_get32(q->content_version) != w->title->id.content_version)
		return false;
	return !w->terms || is_licence(q, (void *)w->terms);
}

static bool is_renewal(const struct mclic_request *q, void *ctx)
{
	return q->operation == MCLIC_OP_RENEW && is_wanted(q, ctx);
}

/* A refusal that another licence cannot mend, or that the user must decide about. */
static bool is_final(enum mclic_why why)
{
	switch (why) {
	case MCLIC_LOW_CLASS:
	case MCLIC_NO_CERTIFICATE:
	case MCLIC_NO_USER_KEY:
	case MCLIC_NOT_YET:
	case MCLIC_EXPIRED:
	case MCLIC_CRYPTO_FAILED:
		return true;
	default:
		return false;
	}
}

/* The licence of a kept request is over: the next copy asks for another. */
static int ended(struct kept *k, int err)
{
	MCLIC_AUTO_FREE char *message = strdup(mclic_message());

	/* What a renewal renewed ended before it. */
	if (k->request.operation == MCLIC_OP_RENEW)
		kept_forget_licence(k->request.licence_id);
	kept_forget(k);
	return mclic_fail(-err, "%s; run again, \"mclic copy\" asks for a new licence, which is a new purchase",
			  message ? message : "the licence is over");
}

/* Send a kept request again; the center answers the same bytes and bills nothing. */
static int send_again(struct kept *k, struct mclic_response *r)
{
	struct mclic_account *a ACCOUNT_AUTO = NULL;
	int err = mclic_account_load(k->request.center_id, &a);

	if (err)
		return err;
	err = ask_send(a, k, r);
	return err == -EKEYREVOKED ? ended(k, err) : err;
}

/* The response kept beside a request, else the center's; and the user key for it. */
static int response_of(struct kept *k, struct mclic_response *r)
{
	int err = kept_answer(k, r);

	if (err == -ENOENT)
		err = send_again(k, r);
	return err ? err : ask_user_key(&k->request, r);
}

static int put_in_force(struct target *t, const struct title *title, struct grant *g)
{
	struct accepted a;
	int err;

	err = accept_response(t, &g->kept, &g->response, title->name, &a);
	if (err)
		return err;
	g->have = true;
	verdict_free(&g->verdict);
	err = verdict_new(t, &title->id, &g->verdict);
	if (!err && g->verdict->why)
		err = mclic_judge_refused(&t->judge, g->verdict, title->name);
	return err;
}

/*
 * The request of a licence that was had: a renewal that was answered and never reached the
 * medium goes before what stood there.
 */
static int find_had(struct wanted *w, struct grant *g)
{
	int err = kept_find(KEPT_PENDING, is_renewal, w, &g->kept);

	if (!err)
		err = kept_answer(&g->kept, &g->response);
	if (err != -ENOENT)
		return err;
	kept_drop(&g->kept);
	return kept_find(KEPT_SETTLED, is_wanted, w, &g->kept);
}

/* A licence that stood once and was lost or damaged on the medium. 1 when there is none. */
static int restore_licence(struct target *t, const struct title *title, struct grant *g)
{
	struct wanted w = { .t = t, .title = title };
	int err;

	err = find_had(&w, g);
	if (err)
		return err == -ENOENT ? 1 : err;
	err = response_of(&g->kept, &g->response);
	if (err)
		return err;
	err = put_in_force(t, title, g);
	return err == -EKEYEXPIRED || err == -EKEYREVOKED ? ended(&g->kept, err) : err;
}

/* A counterfeit master is refused before it is billed, not after. */
static int look_at_offer(const struct mclic_account *a, const struct title *title,
			 const struct options *o, struct grant *g)
{
	int err = offer_get(a, title->id.did, &g->offer);

	if (!err)
		err = publisher_same(g->offer.publisher_id, title);
	if (!err)
		offer_say(o, "licence", &g->offer);
	return err;
}

static int buy_licence(struct target *t, const struct title *title, const struct options *o,
		       struct grant *g)
{
	struct mclic_account *a ACCOUNT_AUTO = NULL;
	struct mclic_request want;
	int err;

	err = install_possible(t, title);
	if (!err)
		err = ask_account(o->center, &a);
	if (err)
		return err;
	ask_new(t, title, o->kind, &want);
	err = ask_pending(a, &want, true, &g->kept);
	if (!err && kept_answer(&g->kept, &g->response) == -ENOENT)
		err = look_at_offer(a, title, o, g);
	if (err)
		return err;
	err = response_of(&g->kept, &g->response);
	return err ? err : put_in_force(t, title, g);
}

/* The licence stands already: S4 and S5 were done on the slot that stands. */
static void trace_verdict(const struct mclic_verdict *v)
{
	trace_step("S4", "CS' computed with the MID and KEYc from slot %d as read", v->slot);
	if (!v->why) {
		trace_step("S5", "CS' equals CS");
		return;
	}
	trace_step("S5", "the licence does not hold: %s", mclic_why_text(v->why));
	trace_step("S6", "stopped: nothing is copied");
}

int grant_licence(struct target *t, const struct title *title, const struct options *o, bool buy,
		  struct grant *g)
{
	int err = verdict_new(t, &title->id, &g->verdict);

	if (err)
		return err;
	if (!g->verdict->why) {
		trace_verdict(g->verdict);
		return publisher_same(g->verdict->terms.publisher_id, title);
	}
	if (!buy || is_final(g->verdict->why)) {
		trace_verdict(g->verdict);
		return mclic_judge_refused(&t->judge, g->verdict, title->name);
	}
	err = restore_licence(t, title, g);
	if (err == 1)
		err = buy_licence(t, title, o, g);
	return err ? err : publisher_same(g->verdict->terms.publisher_id, title);
}

int grant_settle(struct grant *g)
{
	int err;

	if (!g->kept.path) {
		err = kept_find(KEPT_PENDING, is_licence, &g->verdict->terms, &g->kept);
		if (err)
			return err == -ENOENT ? 0 : err;
	}
	return kept_settle(&g->kept);
}

int grant_response(struct target *t, const struct title *title, struct grant *g)
{
	struct wanted w = { .t = t, .title = title, .terms = &g->verdict->terms };
	int err;

	if (g->have)
		return 0;
	err = kept_find(KEPT_PENDING | KEPT_SETTLED, is_wanted, &w, &g->kept);
	if (err == -ENOENT)
		return mclic_fail(ENOKEY, "%s: the licence is on the medium, but this machine keeps no request for it and so cannot get the master's key for another copy; copy with the machine that asked, or renew the licence, or buy another with \"mclic request\"",
				  title->name);
	if (err)
		return err;
	err = response_of(&g->kept, &g->response);
	if (!err)
		err = accept_signature(t->trust, &g->response);
	g->have = !err;
	return err;
}
