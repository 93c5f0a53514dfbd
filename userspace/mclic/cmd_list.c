// SPDX-License-Identifier: GPL-2.0-or-later
/* mclic list: titles of a master or target, licences of a target. */

#include "kernel.h"

static const struct argp_option options[] = {
	OPTION_JSON_ENTRY,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = options_parse,
	.args_doc = "SOURCE_OR_TARGET",
	.doc = "Show the titles of a master or target, and the licences of a target with the state of each.",
};

/* ---- titles ---- */

static json_t *title_json(const char *name, const struct mclic_product *p)
{
	const struct mclic_manifest *m = p->manifest;
	json_int_t files = 0;
	size_t i;

	for (i = 0; i < m->count; i++)
		files += m->entries[i].type == MCLIC_ENTRY_FILE;
	return json_pack("{s:o, s:s, s:o, s:I, s:o, s:I, s:I}",
			 "directory", mclic_json_clean(name), "title", m->title,
			 "did", say_hex(p->marker.did, MCLIC_ID_SIZE),
			 "content_version", (json_int_t)m->version,
			 "publisher", say_hex(p->marker.publisher_id, MCLIC_ID_SIZE),
			 "files", files, "bytes", (json_int_t)m->total);
}

static json_t *damaged_json(const char *name)
{
	return json_pack("{s:o, s:s}", "directory", mclic_json_clean(name),
			 "error", mclic_message());
}

static int list_titles(struct mclic_source *s, json_t *titles)
{
	struct mclic_product *p;
	char **names, **name;
	int err;

	err = mclic_source_list(s, &names);
	if (err)
		return err;
	for (name = names; *name; name++) {
		if (stage_is(*name))
			continue;
		if (!mclic_source_product(s, *name, &p)) {
			json_array_append_new(titles, title_json(*name, p));
			mclic_product_free(p);
		} else {
			json_array_append_new(titles, damaged_json(*name));
		}
	}
	mclic_strv_free(names);
	return 0;
}

/* ---- both ---- */

/* An area's absence is no error: a master has none. 1: there is none. */
static int list_licences(const char *path, json_t **slots)
{
	struct target t TARGET_AUTO = TARGET_INIT;
	int err = target_peek(&t, path);

	if (!err)
		return say_slots(&t, slots);
	return err == -ENOENT && !t.area ? 1 : err;
}

/* Markers cannot be seen through a mount. */
static int collect_mount(int fd, const char *path, json_t *all)
{
	json_t *slots;
	int err = kernel_slots(fd, path, &slots);

	if (err)
		return err;
	json_object_set_new(all, "licences", slots);
	json_object_set_new(all, "titles", json_null());
	return 0;
}

static int collect(const char *path, json_t *all)
{
	MCLIC_AUTO_JSON json_t *titles = json_array();
	MCLIC_AUTO_CLOSE int fd = mclic_kernel_open(path);
	struct mclic_source *s;
	json_t *slots = NULL;
	int err, none;

	if (fd >= 0)
		return collect_mount(fd, path, all);
	none = list_licences(path, &slots);
	if (none < 0)
		return none;
	json_object_set_new(all, "licences", slots ? slots : json_null());
	err = mclic_source_open(path, &s);
	/* An image or device of a medium is no master, but its licences can be shown. */
	if (err && none)
		return err;
	if (!err) {
		err = list_titles(s, titles);
		mclic_source_close(s);
		json_object_set(all, "titles", titles);
		return err;
	}
	json_object_set_new(all, "titles", json_null());
	return 0;
}

/* ---- text ---- */

static const char *text(const json_t *j, const char *name)
{
	return json_string_value(json_object_get(j, name));
}

static long long number(const json_t *j, const char *name)
{
	return (long long)json_integer_value(json_object_get(j, name));
}

static void print_title(const json_t *t)
{
	if (text(t, "error")) {
		mclic_say("%s: %s", text(t, "directory"), text(t, "error"));
		return;
	}
	mclic_say("%s: \"%s\" version %lld, %lld files, %lld bytes", text(t, "directory"),
		  text(t, "title"), number(t, "content_version"), number(t, "files"),
		  number(t, "bytes"));
	mclic_say("  DID %s, publisher %s", text(t, "did"), text(t, "publisher"));
}

static void print_licence(const json_t *l)
{
	char until[32], issued[32];

	if (!text(l, "licence")) {
		mclic_say("slot %lld: %s (%s)", number(l, "slot"), text(l, "state"), text(l, "why"));
		return;
	}
	mclic_say("slot %lld: \"%s\" %s%s%s%s", number(l, "slot"), text(l, "title"), text(l, "state"),
		  text(l, "why") ? " (" : "", text(l, "why") ? text(l, "why") : "",
		  text(l, "why") ? ")" : "");
	mclic_say("  licence %s, sequence %lld, %s, versions up to %lld", text(l, "licence"),
		  number(l, "sequence"), text(l, "kind"), number(l, "content_version"));
	mclic_say("  DID %s, issued %s, %s%s", text(l, "did"),
		  say_time((__u64)number(l, "issued_at"), issued),
		  number(l, "not_after") ? "until " : "no end",
		  number(l, "not_after") ? say_time((__u64)number(l, "not_after"), until) : "");
}

static void print_all(const json_t *all)
{
	const json_t *titles = json_object_get(all, "titles"), *slots, *j;
	size_t i;

	if (json_is_array(titles))
		printf("%zu %s\n", json_array_size(titles),
		       json_array_size(titles) == 1 ? "title" : "titles");
	json_array_foreach(titles, i, j)
		print_title(j);
	slots = json_object_get(all, "licences");
	if (json_is_array(slots))
		printf("%zu %s\n", json_array_size(slots),
		       json_array_size(slots) == 1 ? "licence" : "licences");
	json_array_foreach(slots, i, j)
		print_licence(j);
}

int cmd_list(int argc, char **argv)
{
	MCLIC_AUTO_JSON json_t *all = json_object();
	struct options o = { .least = 1, .most = 1 };
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	err = collect(o.args[0], all);
	if (!err && o.json)
		err = mclic_print_json(json_incref(all));
	if (!err && !o.json)
		print_all(all);
	return mclic_report(err, o.json);
}
