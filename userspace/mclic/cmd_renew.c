// SPDX-License-Identifier: GPL-2.0-or-later
/* mclic renew, mclic return: a licence that is on the medium, continued or given back. */

#include <stdlib.h>
#include <time.h>

#include "mclic.h"

#define OPTION_DELETE	OPTION_OWN

struct again {
	struct options o;
	__u8 operation;
	bool delete;
};

static const struct argp_option renew_options[] = {
	OPTION_OUTPUT_ENTRY("Write the request to FILE, to be carried, instead of sending it"),
	OPTION_TRACE_ENTRY,
	OPTION_JSON_ENTRY,
	{ 0 }
};

static const struct argp_option return_options[] = {
	OPTION_OUTPUT_ENTRY("Write the request to FILE, to be carried, instead of sending it"),
	{ "delete", OPTION_DELETE, NULL, 0, "Remove the title's files too, once it is returned", 0 },
	OPTION_TRACE_ENTRY,
	OPTION_JSON_ENTRY,
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct again *a = state->input;

	if (key != OPTION_DELETE)
		return options_parse(key, arg, state);
	a->delete = true;
	return 0;
}

static const struct argp renew_argp = {
	.options = renew_options,
	.parser = parse,
	.args_doc = "TITLE TARGET",
	.doc = "Renew the licence of TITLE on the medium of the directory TARGET.\v"
	       "The files stay as they are. TITLE may also be a licence id. With -o the answer to the request is put on the medium with \"mclic import\".",
};

static const struct argp return_argp = {
	.options = return_options,
	.parser = parse,
	.args_doc = "TITLE TARGET",
	.doc = "Give the licence of TITLE on the medium of the directory TARGET back to the license center.\v"
	       "Once the center has confirmed it, the licence is removed from the medium; the files that it opened cannot be read any more. TITLE may also be a licence id. With -o the receipt is imported with \"mclic import\".",
};

/* ---- which licence ---- */

/**
 * struct choice - the licence that TITLE names
 * @want: what the user said
 * @title: the title at the target; its product is NULL when it is not there
 * @terms: of the licence
 * @why: its state
 * @found: there is one
 */
struct choice {
	const char *want;
	struct title title;
	struct mclic_terms terms;
	enum mclic_why why;
	bool found;
};

static bool is_title_of(const struct choice *c, const struct mclic_terms *terms)
{
	return c->title.product && !memcmp(c->title.id.did, terms->did, MCLIC_ID_SIZE);
}

static bool names_licence(const struct choice *c, const struct mclic_terms *terms)
{
	char title[MCLIC_TITLE_SIZE + 1], hex[2 * MCLIC_ID_SIZE + 1];

	if (!strcasecmp(c->want, mclic_hex(terms->licence_id, MCLIC_ID_SIZE, hex)))
		return true;
	/* What is called so on the medium is meant, not what other terms say of themselves. */
	if (c->title.product)
		return is_title_of(c, terms);
	return !strcmp(c->want, say_text(terms->title, MCLIC_TITLE_SIZE, title)) ||
	       !strcasecmp(c->want, mclic_hex(terms->did, MCLIC_ID_SIZE, hex));
}

static int two_titles(const struct choice *c, const struct mclic_terms *other)
{
	char one[2 * MCLIC_ID_SIZE + 1], two[2 * MCLIC_ID_SIZE + 1];

	return mclic_fail(ENOTUNIQ, "there are licences of two titles that \"%s\" can mean; name one by its DID, %s or %s",
			  c->want, mclic_hex(c->terms.did, MCLIC_ID_SIZE, one),
			  mclic_hex(other->did, MCLIC_ID_SIZE, two));
}

/* A licence in force first, then the one that comes closest, then the newest. */
static bool is_better(const struct choice *c, enum mclic_why why, const struct mclic_terms *terms)
{
	__u32 version = mclic_get32(terms->content_version);

	if (!c->found)
		return true;
	if (why != c->why)
		return !why || (c->why && why > c->why);
	if (version != mclic_get32(c->terms.content_version))
		return version > mclic_get32(c->terms.content_version);
	return mclic_get32(terms->sequence) > mclic_get32(c->terms.sequence);
}

static void find_title(const char *path, const char *want, struct choice *c)
{
	struct mclic_source *s;

	if (mclic_source_open(path, &s))
		return;
	/* The licence may be there without the title: then its terms are searched. */
	if (title_find(s, want, &c->title))
		title_drop(&c->title);
	mclic_source_close(s);
}

static int find_licence(struct target *t, struct choice *c, __u8 *medium_key)
{
	struct mclic_slot s;
	enum mclic_why why;
	__u32 i;
	int err;

	for (i = 1; i + 1 < mclic_area_slots(t->area); i++) {
		err = mclic_area_read(t->area, i, &s);
		if (err)
			return err;
		if (mclic_slot_check(mclic_openssl(), &s) || !names_licence(c, &s.terms))
			continue;
		why = mclic_slot_verdict(mclic_openssl(), &t->sources, NULL, (__u64)time(NULL),
					 &s, medium_key);
		if (why == MCLIC_OTHER_MEDIUM)
			continue;
		if (c->found && memcmp(c->terms.did, s.terms.did, MCLIC_ID_SIZE))
			return two_titles(c, &s.terms);
		if (!is_better(c, why, &s.terms))
			continue;
		c->found = true;
		c->why = why;
		c->terms = s.terms;
	}
	return c->found ? 0 :
		mclic_fail(EACCES, "there is no licence of \"%s\" for this medium; \"mclic list\" shows those there are",
			   c->want);
}

static int choose(struct target *t, const char *path, struct choice *c)
{
	__u8 *key = mclic_secret_alloc(MCLIC_KEY_SIZE);
	char did[2 * MCLIC_ID_SIZE + 1];
	int err;

	if (!key)
		return mclic_fail(ENOMEM, "not enough locked memory for keys");
	find_title(path, c->want, c);
	err = find_licence(t, c, key);
	mclic_secret_free(key, MCLIC_KEY_SIZE);
	if (!err && !is_title_of(c, &c->terms)) {
		title_drop(&c->title);
		find_title(path, mclic_hex(c->terms.did, MCLIC_ID_SIZE, did), c);
	}
	return err;
}

/* ---- asking ---- */

static bool of_licence(const struct mclic_request *q, void *ctx)
{
	const struct choice *c = ctx;
	__u8 id[MCLIC_ID_SIZE];

	return q->content_version == c->terms.content_version && !kept_licence_id(q, id) &&
	       !memcmp(id, c->terms.licence_id, sizeof(id));
}

/*
 * The generation of Ka, which the terms do not hold: from the request that this machine
 * keeps, else from the marker, else what it is unless KM was rotated in between.
 */
static __u32 ka_generation(struct choice *c)
{
	struct kept k KEPT_AUTO = { 0 };

	if (!kept_find(KEPT_PENDING | KEPT_SETTLED, of_licence, c, &k))
		return mclic_get32(k.request.km_generation);
	if (c->title.product &&
	    c->title.product->marker.content_version == c->terms.content_version)
		return mclic_get32(c->title.product->marker.km_generation);
	return mclic_get32(c->terms.km_generation);
}

static int delete_files(struct target *t, const struct choice *c, bool *deleted)
{
	struct mclic_verdict *v VERDICT_AUTO = NULL;
	int err;

	if (!is_title_of(c, &c->terms)) {
		mclic_warn("%s: the title is not on the medium; no files are removed", c->want);
		return 0;
	}
	err = verdict_new(t, &c->title.id, &v);
	if (err)
		return err;
	if (!v->why) {
		mclic_warn("%s: another licence still opens it; its files are kept", c->title.name);
		return 0;
	}
	err = tree_remove(t->dirfd, c->title.name);
	*deleted = !err;
	return err;
}

static int exchange(const struct again *a, struct target *t, const struct choice *c,
		    const struct mclic_account *account, struct kept *k)
{
	struct mclic_response r;
	struct offer offer OFFER_AUTO = { 0 };
	struct accepted done;
	int err = 0, kept = 0;

	if (a->operation == MCLIC_OP_RENEW)
		err = offer_get(account, c->terms.did, &offer);
	if (!err && offer.json)
		offer_say(&a->o, "renewal", &offer);
	if (!err)
		err = ask_send(account, k, &r);
	if (err == -EKEYREVOKED)
		kept_forget(k);
	if (!err && a->operation == MCLIC_OP_RENEW)
		err = ask_user_key(&k->request, &r);
	if (!err)
		err = accept_response(t, k, &r, a->o.args[0], &done);
	if (!err)
		err = import_done(k, &r);
	/* The licence is returned, whatever becomes of the files. */
	if (!err && a->delete)
		kept = delete_files(t, c, &done.deleted);
	if (!err)
		err = import_say(&a->o, &done, &offer);
	return err ? err : kept;
}

static int ask(const struct again *a)
{
	struct mclic_account *account ACCOUNT_AUTO = NULL;
	struct target t TARGET_AUTO = TARGET_INIT;
	struct kept k KEPT_AUTO = { 0 };
	struct choice c = { .want = a->o.args[0] };
	char title[MCLIC_TITLE_SIZE + 1];
	struct mclic_request want;
	int err;

	err = target_open(&t, a->o.args[1]);
	if (!err)
		err = choose(&t, a->o.args[1], &c);
	if (!err)
		err = mclic_account_load(c.terms.center_id, &account);
	if (!err) {
		say_text(c.terms.title, MCLIC_TITLE_SIZE, title);
		ask_again(&t, a->operation, &c.terms, ka_generation(&c), &want);
		err = ask_pending(account, &want, false, &k);
	}
	if (!err)
		err = a->o.output ? request_write(&a->o, &k, title) :
				    exchange(a, &t, &c, account, &k);
	title_drop(&c.title);
	return err;
}

static int run(const struct argp *argp, int argc, char **argv, __u8 operation)
{
	struct again a = { .o = { .least = 2, .most = 2 }, .operation = operation };

	argp_parse(argp, argc, argv, 0, NULL, &a);
	return mclic_report(ask(&a), a.o.json);
}

int cmd_renew(int argc, char **argv)
{
	return run(&renew_argp, argc, argv, MCLIC_OP_RENEW);
}

int cmd_return(int argc, char **argv)
{
	return run(&return_argp, argc, argv, MCLIC_OP_RETURN);
}
