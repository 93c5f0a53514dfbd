// SPDX-License-Identifier: GPL-2.0-or-later
/* mclic format: a licence area for a medium, and a data file system for a disk. */

#include <stdlib.h>

#include "format.h"

#define OPTION_AREA_FILE	OPTION_OWN
#define OPTION_FS		(OPTION_OWN + 1)
#define OPTION_LABEL		(OPTION_OWN + 2)
#define OPTION_SIZE		(OPTION_OWN + 3)
#define OPTION_FORCE		(OPTION_OWN + 4)

struct arguments {
	struct options o;
	const char *dir;
	struct format_job job;
};

static const struct argp_option options[] = {
	{ "area-file", OPTION_AREA_FILE, "DIR", 0,
	  "Make the area the file .mclic/area of the file system mounted at DIR; nothing is erased", 0 },
	{ "fs", OPTION_FS, "TYPE", 0, "Data file system: ext4 (default), vfat or udf", 0 },
	{ "label", OPTION_LABEL, "TEXT", 0, "Label of the area and the file system", 0 },
	{ "size", OPTION_SIZE, "BYTES", 0, "Make the image, of this size; suffixes K, M, G, T", 0 },
	{ "force", OPTION_FORCE, NULL, 0, "Erase what is on the device or image", 0 },
	OPTION_JSON_ENTRY,
	{ 0 }
};

static __u64 parse_size(const char *arg, struct argp_state *state)
{
	static const char units[] = "KMGT";
	const char *unit;
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(arg, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (errno || !n || *arg == '-' || (*end && (!unit || end[1])) || n > 1ULL << 62)
		argp_error(state, "\"%s\" is not a size", arg);
	for (; unit && unit >= units; unit--) {
		if (n > 1ULL << 52)
			argp_error(state, "\"%s\" is too large", arg);
		n <<= 10;
	}
	return n;
}

/* Before anything is erased. */
static const char *parse_label(const char *arg, struct argp_state *state)
{
	size_t len = strlen(arg), most = sizeof(((struct mclic_area_header *)NULL)->label) - 1;

	if (len > most || (len && !mclic_text_ok(arg, len)))
		argp_error(state, "a label is UTF-8 text of at most %zu bytes without control characters",
			   most);
	return arg;
}

static const char *parse_fs(const char *arg, struct argp_state *state)
{
	if (strcmp(arg, "ext4") && strcmp(arg, "vfat") && strcmp(arg, "udf"))
		argp_error(state, "the file system is ext4, vfat or udf, not \"%s\"", arg);
	return arg;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case OPTION_AREA_FILE:
		a->dir = arg;
		return 0;
	case OPTION_FS:
		a->job.fs = parse_fs(arg, state);
		return 0;
	case OPTION_LABEL:
		a->job.label = parse_label(arg, state);
		return 0;
	case OPTION_SIZE:
		a->job.size = parse_size(arg, state);
		return 0;
	case OPTION_FORCE:
		a->job.force = true;
		return 0;
	case ARGP_KEY_END:
		if (!a->dir == !a->o.count)
			argp_error(state, "name either a device or image, or --area-file DIR");
		if (a->dir && (a->job.fs || a->job.size || a->job.force))
			argp_error(state, "--fs, --size and --force are for a device or image; --area-file makes and erases no file system");
		return options_parse(key, arg, state);
	default:
		return options_parse(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "DEVICE_OR_IMAGE\n--area-file DIR",
	.doc = "Give a medium a licence area.\v"
	       "A device or image gets a GPT with a partition of 1 MiB for the area and one for the data file system: what was on it is lost. A medium without an identifier of its own gets an emulated one.",
};

static int say(const struct arguments *a, const char *what, bool emulated)
{
	if (a->o.json)
		return mclic_print_json(json_pack("{s:s, s:b}", "formatted", what, "emulated_id",
						  emulated));
	printf("%s: the licence area is made%s\n", what,
	       emulated ? ", with an emulated identifier (the medium has none of its own)" : "");
	return 0;
}

static int format_directory(const struct arguments *a)
{
	struct mclic_area *area;
	bool emulated;
	int err;

	err = mclic_area_create_file(a->dir, a->job.label ? a->job.label : "");
	if (!err)
		err = mclic_area_open(a->dir, false, &area);
	if (err)
		return err;
	emulated = mclic_area_head(area)->factory_kind == MCLIC_FACTORY_EMULATED;
	mclic_area_close(area);
	return say(a, a->dir, emulated);
}

static int format_device(struct arguments *a)
{
	bool emulated = false;
	int err;

	a->job.path = a->o.args[0];
	err = format_disk(&a->job, &emulated);
	return err ? err : say(a, a->job.path, emulated);
}

int cmd_format(int argc, char **argv)
{
	struct arguments a = { .o = { .most = 1 } };

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	if (!a.job.fs)
		a.job.fs = "ext4";
	return mclic_report(a.dir ? format_directory(&a) : format_device(&a), a.o.json);
}
