// SPDX-License-Identifier: GPL-2.0-or-later
/* Making requests and sending them. */

#include <stdlib.h>
#include <time.h>

#include "enrol.h"

void account_drop(struct mclic_account **a)
{
	mclic_account_free(*a);
	*a = NULL;
}

int ask_account(const char *center, struct mclic_account **a)
{
	__u8 id[MCLIC_ID_SIZE];

	if (!center)
		return mclic_account_load(NULL, a);
	if (mclic_unhex(center, id, sizeof(id)))
		return mclic_usage("--center wants the 32 hexadecimal digits of a license center's id, not \"%s\"",
				   center);
	return mclic_account_load(id, a);
}

void ask_new(const struct target *t, const struct title *title, __u8 kind,
	     struct mclic_request *want)
{
	memset(want, 0, sizeof(*want));
	want->operation = MCLIC_OP_NEW;
	want->kind = kind;
	want->medium_kind = t->medium.kind;
	want->medium_class = t->medium.medium_class;
	memcpy(want->did, title->id.did, MCLIC_ID_SIZE);
	memcpy(want->mid, t->medium.mid, MCLIC_ID_SIZE);
	want->content_version = mclic_put32(title->id.content_version);
	want->km_generation = title->product->marker.km_generation;
}

void ask_again(const struct target *t, __u8 operation, const struct mclic_terms *terms,
	       __u32 ka_generation, struct mclic_request *want)
{
	memset(want, 0, sizeof(*want));
	want->operation = operation;
	want->kind = terms->kind;
	want->medium_kind = terms->medium_kind;
	want->medium_class = terms->medium_class;
	memcpy(want->did, terms->did, MCLIC_ID_SIZE);
	memcpy(want->mid, t->medium.mid, MCLIC_ID_SIZE);
	memcpy(want->licence_id, terms->licence_id, MCLIC_ID_SIZE);
	want->sequence = terms->sequence;
	want->content_version = terms->content_version;
	want->km_generation = mclic_put32(ka_generation);
}

/* Add to a request what this machine knows, and sign it. */
static int complete(const struct mclic_account *a, struct mclic_request *q)
{
	struct mclic_vec v[2] = {
		{ MCLIC_LABEL_REQUEST, strlen(MCLIC_LABEL_REQUEST) },
		{ q, MCLIC_REQUEST_SIGNED },
	};
	__u8 public[MCLIC_ED25519_PUBLIC];
	EVP_PKEY *key;
	int err;

	err = mclic_device_key(false, &key, public, q->device_id);
	if (err)
		return err;
	memcpy(q->center_id, a->center_id, MCLIC_ID_SIZE);
	memcpy(q->user_id, a->user_id, MCLIC_ID_SIZE);
	q->created_at = mclic_put64((__u64)time(NULL));
	err = mclic_random(q->nonce, sizeof(q->nonce));
	if (!err) {
		mclic_request_finish(q);
		err = mclic_ed25519_sign(key, v, 2, q->sig);
	}
	EVP_PKEY_free(key);
	return err;
}

/*
 * Would asking again be the kept request @q? Whatever the clock says of its date: it may
 * have been granted, and another one would be billed again.
 */
static bool asks_for(const struct mclic_request *q, const struct mclic_request *want)
{
	return q->operation == want->operation && q->kind == want->kind &&
	       q->medium_kind == want->medium_kind && q->medium_class == want->medium_class &&
	       !memcmp(q->did, want->did, MCLIC_ID_SIZE) &&
	       !memcmp(q->mid, want->mid, MCLIC_ID_SIZE) &&
	       !memcmp(q->licence_id, want->licence_id, MCLIC_ID_SIZE) &&
	       q->content_version == want->content_version && q->sequence == want->sequence &&
	       q->km_generation == want->km_generation;
}

struct same {
	const struct mclic_account *a;
	const struct mclic_request *want;
	__u8 device_id[MCLIC_ID_SIZE];
};

static bool is_same(const struct mclic_request *q, void *ctx)
{
	const struct same *s = ctx;

	return !memcmp(q->center_id, s->a->center_id, MCLIC_ID_SIZE) &&
	       !memcmp(q->user_id, s->a->user_id, MCLIC_ID_SIZE) &&
	       !memcmp(q->device_id, s->device_id, MCLIC_ID_SIZE) && asks_for(q, s->want);
}

/* Has a licence of this title for this medium been had? */
static bool is_had(const struct mclic_request *q, void *ctx)
{
	const struct mclic_request *want = ctx;

	return q->operation != MCLIC_OP_RETURN && !memcmp(q->did, want->did, MCLIC_ID_SIZE) &&
	       !memcmp(q->mid, want->mid, MCLIC_ID_SIZE) &&
	       q->content_version == want->content_version;
}

/* With the lock: another mclic may have asked, and settled it, since it was looked for. */
static int nobody_else(const struct mclic_request *want)
{
	struct mclic_request wanted = *want;
	struct kept k;
	int err = kept_find(KEPT_SETTLED, is_had, &wanted, &k);

	kept_drop(&k);
	if (err)
		return err == -ENOENT ? 0 : err;
	return mclic_fail(EBUSY, "another mclic has just got a licence for this copy; run again");
}

int ask_pending(const struct mclic_account *a, const struct mclic_request *want, bool alone,
		struct kept *k)
{
	struct same s = { .a = a, .want = want };
	__u8 public[MCLIC_ED25519_PUBLIC];
	MCLIC_AUTO_CLOSE int lock = -1;
	EVP_PKEY *key;
	int err;

	err = mclic_device_key(false, &key, public, s.device_id);
	if (err)
		return err;
	EVP_PKEY_free(key);
	err = kept_lock(&lock);
	if (err)
		return err;
	err = kept_find(KEPT_PENDING, is_same, &s, k);
	if (err != -ENOENT)
		return err;
	err = alone ? nobody_else(want) : 0;
	if (err)
		return err;
	k->request = *want;
	err = complete(a, &k->request);
	return err ? err : kept_put(k);
}

int ask_send(const struct mclic_account *a, const struct kept *k, struct mclic_response *r)
{
	struct mclic_reply reply = { 0 };
	enum mclic_why why;
	int err;

	trace_request(&k->request);
	err = mclic_http(a, "POST", "/v1/licences", "application/vnd.mclic.request", &k->request,
			 sizeof(k->request), NULL, &reply);
	/* Refused for the clock it was made by, so never granted: there may be another. */
	if (err == -ETIME && !k->settled)
		kept_forget(k);
	if (err)
		return err;
	why = mclic_response_check(reply.body, reply.len);
	if (!why)
		why = mclic_response_match(mclic_openssl(), (void *)reply.body, &k->request);
	if (why) {
		err = mclic_fail(EPROTO, "%s: the license center's answer is not one to this request: %s",
				 a->url, mclic_why_text(why));
	} else {
		memcpy(r, reply.body, sizeof(*r));
		trace_response(&k->request, r);
		err = kept_answer_put(k, r);
	}
	mclic_reply_free(&reply);
	return err;
}

static int have_user_key(const struct mclic_request *q, __u32 generation)
{
	__u8 *ku = mclic_secret_alloc(MCLIC_KEY_SIZE);
	int err;

	if (!ku)
		return mclic_fail(ENOMEM, "not enough locked memory for keys");
	err = mclic_user_key_load(q->center_id, q->user_id, generation, ku);
	mclic_secret_free(ku, MCLIC_KEY_SIZE);
	return err;
}

int ask_user_key(const struct mclic_request *q, const struct mclic_response *r)
{
	struct mclic_account *a ACCOUNT_AUTO = NULL;
	int err = have_user_key(q, mclic_get32(r->slot.terms.ku_generation));

	if (err != -ENOKEY)
		return err;
	err = mclic_account_load(q->center_id, &a);
	if (!err)
		err = enrol_exchange(a, NULL);
	if (!err)
		err = mclic_account_save(a);
	return err ? mclic_fail(-err, "the licence is granted, but not the user key that opens it: %s; the same command goes on from here, and nothing is billed twice",
				mclic_message()) : 0;
}
