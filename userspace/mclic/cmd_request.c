// SPDX-License-Identifier: GPL-2.0-or-later
/* mclic request: a licence request to be carried to the center. */

#include <fcntl.h>
#include <time.h>

#include "mclic.h"

#define DAY	86400	/* that a center allows a clock to be ahead of its own */

static const struct argp_option options[] = {
	OPTION_OUTPUT_ENTRY("Write the request to FILE (.mclreq)"),
	OPTION_KIND_ENTRY,
	OPTION_CENTER_ENTRY,
	OPTION_TRACE_ENTRY,
	OPTION_JSON_ENTRY,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = options_parse,
	.args_doc = "SOURCE TITLE TARGET",
	.doc = "Write the request for a new licence of TITLE on the medium of the directory TARGET.\v"
	       "Carry it to the license center, and put the answer on the medium with \"mclic import\"; then \"mclic install\". Until then the same request is written again, so that nothing is billed twice; afterwards a new request is a new purchase.",
};

/* Only who carries it learns whether the center refused it. */
static void warn_of_date(const struct kept *k)
{
	__u64 created_at = mclic_get64(k->request.created_at);
	char when[32];

	if (created_at > (__u64)time(NULL) + DAY)
		mclic_warn("this is the request made before, dated %s, which is ahead of this machine's clock; if the center refused it for its date, remove %s and ask again",
			   say_time(created_at, when), k->path);
}

/* What is written takes the place of what bears the name: a device or a link is not for that. */
static int check_output(const char *path)
{
	struct stat st;

	if (lstat(path, &st) || S_ISREG(st.st_mode))
		return 0;
	return mclic_fail(EEXIST, "%s is not the name of a file; name the request to write", path);
}

int request_write(const struct options *o, const struct kept *k, const char *title)
{
	int err = check_output(o->output);

	if (!err)
		err = mclic_write_file(AT_FDCWD, o->output, &k->request, sizeof(k->request), 0600);
	if (err)
		return err;
	warn_of_date(k);
	trace_request(&k->request);
	if (o->json)
		return mclic_print_json(json_pack("{s:s, s:s, s:o, s:o, s:o}",
			"request", o->output,
			"title", title,
			"did", say_hex(k->request.did, MCLIC_ID_SIZE),
			"mid", say_hex(k->request.mid, MCLIC_ID_SIZE),
			"center", say_hex(k->request.center_id, MCLIC_ID_SIZE)));
	mclic_say("%s written, about \"%s\"; carry it to the license center, then: mclic import ANSWER TARGET",
		  o->output, title);
	return 0;
}

static int make_request(const struct options *o, struct mclic_source *s)
{
	struct mclic_account *a ACCOUNT_AUTO = NULL;
	struct target t TARGET_AUTO = TARGET_INIT;
	struct title title TITLE_AUTO = { 0 };
	struct kept k KEPT_AUTO = { 0 };
	struct mclic_request want;
	int err;

	err = master_damaged(o->args[1], title_find(s, o->args[1], &title));
	if (!err)
		err = target_open(&t, o->args[2]);
	if (!err)
		err = ask_account(o->center, &a);
	if (err)
		return err;
	ask_new(&t, &title, o->kind, &want);
	err = ask_pending(a, &want, false, &k);
	return err ? err : request_write(o, &k, title.product->manifest->title);
}

int cmd_request(int argc, char **argv)
{
	struct options o = { .least = 3, .most = 3, .kind = MCLIC_PERSONAL };
	struct mclic_source *s;
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (!o.output) {
		fprintf(stderr, "mclic request: -o FILE is missing\n");
		return MCLIC_EXIT_USAGE;
	}
	err = mclic_source_open(o.args[0], &s);
	if (!err) {
		err = make_request(&o, s);
		mclic_source_close(s);
	}
	return mclic_report(err, o.json);
}
