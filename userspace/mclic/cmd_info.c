// SPDX-License-Identifier: GPL-2.0-or-later
/* mclic info: a medium's identifier and its licence area. */

#include "kernel.h"

static const struct argp_option options[] = {
	OPTION_JSON_ENTRY,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = options_parse,
	.args_doc = "TARGET",
	.doc = "Show the identifier of the medium of TARGET, and its licence area.\v"
	       "TARGET is a directory on the medium, a block device, or an image. Classes: 0 emulated or virtual, 1 names a drive or reader, 2 fixed disk, 3 the medium itself.",
};

/**
 * struct info - what there is to say
 * @area: or NULL
 * @medium: identifier, when @known
 * @known: the medium has one
 * @disk: name of its disk, or ""
 * @used: slots with a licence
 * @free: slots without
 * @damaged: slots that are neither
 */
struct info {
	struct mclic_area *area;
	struct mclic_medium medium;
	bool known;
	char disk[MCLIC_DISK_NAME];
	__u32 used;
	__u32 free;
	__u32 damaged;
};

static int count_slots(struct info *in)
{
	struct mclic_slot s;
	enum mclic_why why;
	__u32 i;
	int err;

	for (i = 1; i + 1 < mclic_area_slots(in->area); i++) {
		err = mclic_area_read(in->area, i, &s);
		if (err)
			return err;
		why = mclic_slot_check(mclic_openssl(), &s);
		if (!why)
			in->used++;
		else if (why == MCLIC_FREE)
			in->free++;
		else
			in->damaged++;
	}
	return 0;
}

/* No area yet: what the hardware says. An image has no hardware. */
static int look_without_area(const struct stat *st, struct info *in)
{
	dev_t dev = S_ISBLK(st->st_mode) ? st->st_rdev : st->st_dev;
	int err;

	if (S_ISREG(st->st_mode))
		return 0;
	err = mclic_medium_read(dev, NULL, 0, &in->medium);
	in->known = !err;
	mclic_disk_name(dev, in->disk);
	return err == -ENODEV ? 0 : err;
}

static int look(const char *path, struct info *in)
{
	struct stat st;
	int err;

	if (stat(path, &st))
		return mclic_fail(errno, "%s: %s", path, strerror(errno));
	err = mclic_area_open(path, false, &in->area);
	if (err == -ENOENT)
		return look_without_area(&st, in);
	if (err)
		return err;
	err = mclic_medium_read(mclic_area_dev(in->area), mclic_area_head(in->area), 0,
				&in->medium);
	in->known = !err;
	mclic_disk_name(mclic_area_dev(in->area), in->disk);
	if (err && err != -ENODEV)
		return err;
	return count_slots(in);
}

/* ---- JSON ---- */

static json_t *medium_json(const struct info *in)
{
	const struct mclic_medium *m = &in->medium;
	char raw[2 * MCLIC_RAW_MAX + 1];
	/* Without an area there is no area id, and so no MID where that is part of it. */
	bool mid = in->area || !m->names_drive;

	if (!in->known)
		return json_null();
	return json_pack("{s:s, s:i, s:b, s:b, s:s, s:o, s:o, s:s}",
			 "kind", mclic_medium_kind_name(m->kind), "class", m->medium_class,
			 "removable", m->removable, "names_drive", m->names_drive,
			 "raw", say_raw(m->raw, m->raw_len, raw), "raw_hex", say_hex(m->raw, m->raw_len),
			 "mid", mid ? say_hex(m->mid, MCLIC_ID_SIZE) : json_null(),
			 "disk", in->disk);
}

static json_t *area_json(const struct info *in)
{
	const struct mclic_area_header *h;
	char label[sizeof(h->label) + 1];
	const char *warning;

	if (!in->area)
		return json_null();
	h = mclic_area_head(in->area);
	warning = mclic_area_warning(in->area);
	return json_pack("{s:s, s:s, s:o, s:b, s:i, s:i, s:i, s:i, s:s?}",
			 "where", mclic_area_where(in->area),
			 "label", say_text(h->label, sizeof(h->label), label),
			 "area_id", say_hex(h->area_id, MCLIC_ID_SIZE),
			 "emulated_id", h->factory_kind == MCLIC_FACTORY_EMULATED,
			 "slots", (int)mclic_area_slots(in->area), "used", (int)in->used,
			 "free", (int)in->free, "damaged", (int)in->damaged, "warning", warning);
}

/* ---- text ---- */

static const char *const classes[] = {
	"emulated or virtual: a copy of the medium may have it too",
	"names a drive or reader",
	"a fixed disk",
	"the medium itself",
};

static void print_medium(const struct info *in)
{
	const struct mclic_medium *m = &in->medium;
	char buf[2 * MCLIC_RAW_MAX + 1];

	if (!in->known) {
		printf("medium:  no identifier of its own; \"mclic format\" gives it an emulated one\n");
		return;
	}
	mclic_say("medium:  %s%s%s", mclic_medium_kind_name(m->kind), in->disk[0] ? ", disk " : "",
		  in->disk);
	printf("class:   %u (%s)\n", m->medium_class,
	       m->medium_class < 4 ? classes[m->medium_class] : "unknown");
	printf("raw:     %s%s\n", say_raw(m->raw, m->raw_len, buf),
	       say_is_text(m->raw, m->raw_len) ? "" : " (hex)");
	if (in->area || !m->names_drive)
		printf("MID:     %s\n", mclic_hex(m->mid, MCLIC_ID_SIZE, buf));
	if (m->names_drive)
		printf("warning: this names the drive, not the disc: the area's id is made part of the MID\n");
}

static void print_area(const struct info *in)
{
	const struct mclic_area_header *h;
	char label[sizeof(h->label) + 1];

	if (!in->area) {
		printf("area:    none; make one with \"mclic format\"\n");
		return;
	}
	h = mclic_area_head(in->area);
	mclic_say("area:    %s", mclic_area_where(in->area));
	mclic_say("label:   %s", say_text(h->label, sizeof(h->label), label));
	printf("slots:   %u used, %u free, %u damaged\n", in->used, in->free, in->damaged);
	if (mclic_area_warning(in->area))
		mclic_say("warning: %s", mclic_area_warning(in->area));
}

int cmd_info(int argc, char **argv)
{
	struct options o = { .least = 1, .most = 1 };
	struct info in = { .area = NULL };
	MCLIC_AUTO_CLOSE int fd = -1;
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	fd = mclic_kernel_open(o.args[0]);
	if (fd >= 0)
		return mclic_report(kernel_info(fd, &o), o.json);
	err = look(o.args[0], &in);
	if (!err && o.json)
		err = mclic_print_json(json_pack("{s:o, s:o}", "medium", medium_json(&in),
						 "area", area_json(&in)));
	if (!err && !o.json) {
		print_medium(&in);
		print_area(&in);
	}
	mclic_area_close(in.area);
	return mclic_report(err, o.json);
}
