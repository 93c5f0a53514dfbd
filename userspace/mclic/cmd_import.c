// SPDX-License-Identifier: GPL-2.0-or-later
/* mclic import: a license center's answer, carried by hand, to the medium. */

#include <fcntl.h>

#include "kernel.h"

static const struct argp_option options[] = {
	OPTION_TRACE_ENTRY,
	OPTION_JSON_ENTRY,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = options_parse,
	.args_doc = "FILE TARGET",
	.doc = "Put the license center's answer FILE (.mclres) to a request of this machine on the medium of the directory TARGET.\v"
	       "The licence is written, read back from the medium and checked; one that does not hold is taken out again. The receipt of a return removes its licence.",
};

static bool is_answered(const struct mclic_request *q, void *ctx)
{
	return !mclic_response_match(mclic_openssl(), ctx, q);
}

static int load_response(const char *path, struct mclic_response *r)
{
	MCLIC_AUTO_FREE void *data = NULL;
	enum mclic_why why;
	size_t len;
	int err;

	err = mclic_read_file(AT_FDCWD, path, sizeof(*r), &data, &len);
	if (err)
		return err;
	why = mclic_response_check(data, len);
	if (why)
		return mclic_fail(EBADMSG, "%s is not a license center's answer: %s", path,
				  mclic_why_text(why));
	memcpy(r, data, sizeof(*r));
	return 0;
}

int import_say(const struct options *o, const struct accepted *a, const struct offer *offer)
{
	char title[MCLIC_TITLE_SIZE + 1], id[2 * MCLIC_ID_SIZE + 1];

	if (o->json)
		return mclic_print_json(json_pack("{s:s, s:o, s:o, s:O?}",
			"done", a->operation == MCLIC_OP_RETURN ? "returned" : "licensed",
			"slot", a->index ? json_integer(a->index) : json_null(),
			"licence", say_terms(&a->terms),
			"offer", offer ? offer->json : NULL));
	say_text(a->terms.title, MCLIC_TITLE_SIZE, title);
	mclic_hex(a->terms.licence_id, MCLIC_ID_SIZE, id);
	if (a->operation == MCLIC_OP_RETURN)
		mclic_say("licence %s of \"%s\" is returned and removed; %s", id, title, a->deleted ?
			  "its files are deleted" :
			  "its files on the medium cannot be read any more and may be deleted");
	else
		mclic_say("licence %s of \"%s\", sequence %u, stands in slot %u", id, title,
			  mclic_get32(a->terms.sequence), a->index);
	return 0;
}

int import_done(struct kept *k, const struct mclic_response *r)
{
	switch (k->request.operation) {
	case MCLIC_OP_RETURN:
		return kept_forget_licence(k->request.licence_id);
	case MCLIC_OP_RENEW:
		return kept_settle(k);
	default:
		return k->settled ? 0 : kept_answer_put(k, r);
	}
}

static int import(const struct options *o)
{
	struct target t TARGET_AUTO = TARGET_INIT;
	struct kept k KEPT_AUTO = { 0 };
	MCLIC_AUTO_CLOSE int fd = -1;
	struct mclic_response r;
	struct accepted a;
	int err;

	err = load_response(o->args[0], &r);
	if (err)
		return err;
	fd = mclic_kernel_open(o->args[1]);
	if (fd < 0)
		err = target_open(&t, o->args[1]);
	if (err)
		return err;
	err = kept_find(KEPT_PENDING | KEPT_SETTLED, is_answered, &r, &k);
	if (err == -ENOENT)
		return mclic_fail(ENOENT, "%s: no request of this machine fits this answer; import it where \"mclic request\" was run",
				  o->args[0]);
	if (err)
		return err;
	trace_response(&k.request, &r);
	if (fd >= 0)
		err = kernel_import(fd, o->args[1], &k, &r, &a);
	else
		err = accept_response(&t, &k, &r, o->args[0], &a);
	if (!err)
		err = import_done(&k, &r);
	return err ? err : import_say(o, &a, NULL);
}

int cmd_import(int argc, char **argv)
{
	struct options o = { .least = 2, .most = 2 };

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	return mclic_report(import(&o), o.json);
}
