// SPDX-License-Identifier: GPL-2.0-or-later
/* mclic copy, mclic install: a title of a master to a medium. */

#include "mclic.h"

static const struct argp_option copy_options[] = {
	OPTION_KIND_ENTRY,
	OPTION_CENTER_ENTRY,
	OPTION_TRACE_ENTRY,
	OPTION_JSON_ENTRY,
	{ 0 }
};

static const struct argp copy_argp = {
	.options = copy_options,
	.parser = options_parse,
	.args_doc = "SOURCE TITLE TARGET",
	.doc = "Get a licence for TITLE of the master SOURCE, write it to the medium of the directory TARGET, check what the medium gives back, and copy the title.\v"
	       "SOURCE is a directory, an .iso image or an optical drive; TITLE is the name of a title's directory, its title or its DID. Interrupted, the same command goes on where it was; nothing is billed twice. A licence that is already there is used; a title that is there is checked, and what it lacks is copied.",
};

static const struct argp_option install_options[] = {
	OPTION_TRACE_ENTRY,
	OPTION_JSON_ENTRY,
	{ 0 }
};

static const struct argp install_argp = {
	.options = install_options,
	.parser = options_parse,
	.args_doc = "SOURCE TITLE TARGET",
	.doc = "Copy TITLE of the master SOURCE to the medium of the directory TARGET, whose licence was imported before.\v"
	       "Interrupted, the same command goes on where it was. Nothing is bought.",
};

static int say_done(const struct options *o, const struct title *title, const struct grant *g,
		    const struct installed *done)
{
	const struct mclic_manifest *m = title->product->manifest;
	char id[2 * MCLIC_ID_SIZE + 1];

	if (o->json)
		return mclic_print_json(json_pack("{s:s, s:o, s:I, s:b, s:I, s:I, s:o, s:O?}",
						  "title", m->title,
						  "directory", mclic_json_clean(title->name),
						  "content_version", (json_int_t)m->version,
						  "already_installed", done->already,
						  "mended", (json_int_t)done->mended,
						  "bytes", (json_int_t)m->total,
						  "licence", say_terms(&g->verdict->terms),
						  "offer", g->offer.json));
	if (done->already)
		mclic_say("%s: already installed, version %u, and good", title->name, m->version);
	else if (done->mended)
		mclic_say("%s: mended: %zu of %zu entries were missing or damaged", title->name,
			  done->mended, m->count);
	else
		mclic_say("%s: \"%s\" version %u is installed under licence %s (%s)", title->name,
			  m->title, m->version,
			  mclic_hex(g->verdict->terms.licence_id, MCLIC_ID_SIZE, id),
			  say_kind(g->verdict->terms.kind));
	return 0;
}

static int copy_title(const struct options *o, struct mclic_source *s, bool buy)
{
	struct target t TARGET_AUTO = TARGET_INIT;
	struct title title TITLE_AUTO = { 0 };
	struct grant g GRANT_AUTO = { 0 };
	struct installed done = { 0 };
	int err;

	err = master_damaged(o->args[1], title_find(s, o->args[1], &title));
	if (!err)
		err = target_open(&t, o->args[2]);
	if (!err)
		err = grant_licence(&t, &title, o, buy, &g);
	if (!err)
		err = install_title(&t, s, &title, &g, &done);
	if (!err)
		err = grant_settle(&g);
	return err ? err : say_done(o, &title, &g, &done);
}

static int run(const struct argp *argp, int argc, char **argv, bool buy)
{
	struct options o = { .least = 3, .most = 3, .kind = MCLIC_PERSONAL };
	struct mclic_source *s;
	int err;

	argp_parse(argp, argc, argv, 0, NULL, &o);
	err = mclic_source_open(o.args[0], &s);
	if (!err) {
		err = copy_title(&o, s, buy);
		mclic_source_close(s);
	}
	return mclic_report(err, o.json);
}

int cmd_copy(int argc, char **argv)
{
	return run(&copy_argp, argc, argv, true);
}

int cmd_install(int argc, char **argv)
{
	return run(&install_argp, argc, argv, false);
}
