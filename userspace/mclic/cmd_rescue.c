// SPDX-License-Identifier: GPL-2.0-or-later
/* mclic rescue: the plaintext of every good block of a damaged sealed file. */

#include "rescue.h"

static const struct argp_option options[] = {
	OPTION_OUTPUT_ENTRY("Write the plaintext to OUT, which must not exist yet"),
	OPTION_JSON_ENTRY,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = options_parse,
	.args_doc = "FILE",
	.doc = "Write the plaintext of every good block of the sealed file FILE, of a title on a licensed medium, to OUT; zeros stand for the rest, and what is lost is listed.\v"
	       "OUT cannot lie on the medium. A file that lost its trailer cannot be rescued. Exit status 4 when something is lost.",
};

static int say(const struct options *o, const struct rescue *r)
{
	const json_t *loss;
	size_t i;

	if (o->json)
		return mclic_print_json(json_pack("{s:s, s:s, s:I, s:I, s:O}", "file", o->args[0],
						  "output", o->output, "size", (json_int_t)r->size,
						  "lost", (json_int_t)r->lost, "losses", r->losses));
	json_array_foreach(r->losses, i, loss)
		printf("lost: bytes %lld to %lld\n",
		       (long long)json_integer_value(json_object_get(loss, "start")),
		       (long long)json_integer_value(json_object_get(loss, "end")) - 1);
	printf("%s: %llu of %llu bytes rescued\n", o->output,
	       (unsigned long long)(r->size - r->lost), (unsigned long long)r->size);
	return 0;
}

int cmd_rescue(int argc, char **argv)
{
	struct options o = { .least = 1, .most = 1 };
	struct rescue r = { .losses = json_array() };
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (!o.output) {
		fprintf(stderr, "mclic rescue: -o OUT is missing\n");
		json_decref(r.losses);
		return MCLIC_EXIT_USAGE;
	}
	err = rescue_file(o.args[0], o.output, &r);
	if (!err)
		err = say(&o, &r);
	json_decref(r.losses);
	err = mclic_report(err, o.json);
	return !err && r.lost ? MCLIC_EXIT_DAMAGED : err;
}
