// SPDX-License-Identifier: GPL-2.0-or-later
/* mclic verify: licences, markers, manifests, every entry and every block. */

#include <stdlib.h>

#include "kernel.h"
#include "verify.h"

static const struct argp_option options[] = {
	OPTION_JSON_ENTRY,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = options_parse,
	.args_doc = "TARGET [TITLE]",
	.doc = "Check the licences on the medium of the directory TARGET, and of every title (or of TITLE alone) the marker, the publisher, every entry of the manifest and every block of every file.\v"
	       "Exit status 4 when something is damaged, 3 when a title has no licence in force.",
};

/* ---- licences ---- */

/* @did: of the title asked for, then the other licences do not matter; or NULL */
static int verify_slots(struct verify *v, const __u8 *did)
{
	MCLIC_AUTO_JSON json_t *slots = NULL;
	char hex[2 * MCLIC_ID_SIZE + 1];
	json_t *slot;
	size_t i;
	int err;

	err = say_slots(v->t, &slots);
	if (err)
		return err;
	if (mclic_area_warning(v->t->area))
		v->damaged++;
	if (did)
		mclic_hex(did, MCLIC_ID_SIZE, hex);
	json_array_foreach(slots, i, slot) {
		const char *of = json_string_value(json_object_get(slot, "did"));

		if (did && (!of || strcmp(of, hex)))
			continue;
		verify_say_slot(v, slot);
		json_array_append(json_object_get(v->report, "licences"), slot);
	}
	return 0;
}

/* ---- titles ---- */

static int verify_name(struct verify *v, const char *name)
{
	struct mclic_product *p;
	struct title title = { .name = (char *)name };
	int err;

	verify_new_title(v, name);
	err = mclic_source_product(v->source, name, &p);
	if (err) {
		verify_problem(v, MCLIC_MARKER_NAME, "%s", mclic_message());
		v->damaged++;
		return 0;
	}
	title.product = p;
	mclic_product_title(p, &title.id);
	err = verify_title(v, &title);
	mclic_product_free(p);
	return err;
}

static int verify_all(struct verify *v)
{
	char **names, **name;
	int err;

	err = verify_slots(v, NULL);
	if (!err)
		err = mclic_source_list(v->source, &names);
	if (err)
		return err;
	for (name = names; !err && *name; name++)
		err = stage_is(*name) ? 0 : verify_name(v, *name);
	mclic_strv_free(names);
	return err;
}

static int verify_one(struct verify *v, const char *want)
{
	struct title title TITLE_AUTO = { 0 };
	int err = title_find(v->source, want, &title);

	if (!err)
		err = verify_slots(v, title.id.did);
	return err ? err : verify_name(v, title.name);
}

static int verify(struct verify *v, const struct options *o)
{
	struct target t TARGET_AUTO = TARGET_INIT;
	MCLIC_AUTO_CLOSE int fd = mclic_kernel_open(o->args[0]);
	int err;

	if (fd >= 0)
		return kernel_verify(v, fd, o);
	v->t = &t;
	err = target_open(&t, o->args[0]);
	if (!err)
		err = mclic_source_open(o->args[0], &v->source);
	if (err)
		return err;
	err = o->count == 2 ? verify_one(v, o->args[1]) : verify_all(v);
	mclic_source_close(v->source);
	return err;
}

static int outcome(const struct verify *v)
{
	if (v->damaged)
		return mclic_fail(EBADMSG, "%llu damaged; \"mclic copy\" of a damaged title from its master "
				  "mends it", (unsigned long long)v->damaged);
	if (v->refused)
		return mclic_fail(EACCES, "%llu refused for want of a licence in force",
				  (unsigned long long)v->refused);
	return 0;
}

int cmd_verify(int argc, char **argv)
{
	struct options o = { .least = 1, .most = 2 };
	struct verify v = { .report = json_pack("{s:[], s:[]}", "licences", "titles") };
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	pthread_mutex_init(&v.lock, NULL);
	v.json = o.json;
	err = verify(&v, &o);
	if (!err && o.json) {
		json_object_set_new(v.report, "damaged", json_integer((json_int_t)v.damaged));
		json_object_set_new(v.report, "refused", json_integer((json_int_t)v.refused));
		err = mclic_print_json(json_incref(v.report));
	}
	json_decref(v.report);
	if (err)
		return mclic_report(err, o.json);
	/* The report is the JSON answer also where something is damaged. */
	err = outcome(&v);
	return o.json ? mclic_exit_status(err) : mclic_report(err, false);
}
