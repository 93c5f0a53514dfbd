// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel says about a medium and its licences. */

#include <stdlib.h>

#include "kernel.h"

/* ---- licences ---- */

/* The clause that goes with a name of mclic_why_name(). */
static const char *why_text(const char *name)
{
	enum mclic_why why;

	for (why = MCLIC_OK; why < MCLIC_WHY_COUNT; why++)
		if (!strcmp(mclic_why_name(why), name))
			return mclic_why_text(why);
	return name;
}

static json_t *slot_json(const struct mclicfs_ioc_licence *l)
{
	json_t *o = l->valid ? say_terms((const struct mclic_terms *)l->terms) : json_object();
	char name[sizeof(l->why) + 1] = "";

	memcpy(name, l->why, sizeof(l->why));
	json_object_set_new(o, "slot", json_integer(l->slot));
	json_object_set_new(o, "state", json_string(l->error ? name : "valid"));
	json_object_set_new(o, "why", l->error ? json_string(why_text(name)) : json_null());
	return o;
}

int kernel_slots(int fd, const char *path, json_t **slots)
{
	MCLIC_AUTO_FREE struct mclicfs_ioc_licence *list = NULL;
	int i, n = mclic_kernel_licences(fd, path, &list);

	if (n < 0)
		return n;
	*slots = json_array();
	for (i = 0; i < n; i++)
		json_array_append_new(*slots, slot_json(&list[i]));
	return *slots ? 0 : mclic_fail(ENOMEM, "not enough memory");
}

/* ---- the medium ---- */

static int print_json(const struct mclicfs_ioc_medium *m, bool mid, int used,
		      const struct mclicfs_ioc_stats *s)
{
	char raw[2 * MCLICFS_RAW_SIZE + 1];

	return mclic_print_json(json_pack(
		"{s:{s:s, s:i, s:b, s:s, s:o, s:o}, s:o, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}}",
		"medium",
			"kind", mclic_medium_kind_name(m->kind), "class", m->medium_class,
			"names_drive", m->names_drive, "raw", say_raw(m->raw, m->raw_len, raw),
			"raw_hex", say_hex(m->raw, m->raw_len),
			"mid", mid ? say_hex(m->mid, MCLIC_ID_SIZE) : json_null(),
		"area", !m->slots ? json_null() : json_pack("{s:o, s:i, s:i, s:i}",
			"area_id", say_hex(m->area_id, MCLIC_ID_SIZE), "slots", (int)m->slots,
			"used", used, "free", (int)m->slots - 2 - used),
		"stats",
			"sealed", (json_int_t)s->sealed, "open", (json_int_t)s->open,
			"verdicts", (json_int_t)s->verdicts,
			"verdicts_cached", (json_int_t)s->verdicts_cached,
			"verdicts_failed", (json_int_t)s->verdicts_failed,
			"blocks", (json_int_t)s->blocks, "blocks_bad", (json_int_t)s->blocks_bad,
			"bytes_read", (json_int_t)s->bytes_read));
}

static void print_text(const struct mclicfs_ioc_medium *m, bool mid, int used,
		       const struct mclicfs_ioc_stats *s)
{
	char buf[2 * MCLICFS_RAW_SIZE + 1];

	printf("medium:  %s, as the kernel reads it\n", mclic_medium_kind_name(m->kind));
	printf("class:   %u\n", m->medium_class);
	printf("raw:     %s%s\n", say_raw(m->raw, m->raw_len, buf),
	       say_is_text(m->raw, m->raw_len) ? "" : " (hex)");
	if (mid)
		printf("MID:     %s\n", mclic_hex(m->mid, MCLIC_ID_SIZE, buf));
	if (m->names_drive)
		printf("warning: this names the drive, not the disc: the area's id is made part of the MID\n");
	if (m->slots)
		printf("slots:   %d used, %d free\n", used, (int)m->slots - 2 - used);
	else
		printf("area:    none; make one with \"mclic format\"\n");
	printf("files:   %u with a key in memory, %u open\n", s->sealed, s->open);
	printf("judged:  %llu times, %llu refused, %llu opens under a verdict that held\n",
	       (unsigned long long)s->verdicts, (unsigned long long)s->verdicts_failed,
	       (unsigned long long)s->verdicts_cached);
	printf("read:    %llu bytes, %llu blocks, %llu of them damaged\n",
	       (unsigned long long)s->bytes_read, (unsigned long long)s->blocks,
	       (unsigned long long)s->blocks_bad);
}

int kernel_info(int fd, const struct options *o)
{
	MCLIC_AUTO_FREE struct mclicfs_ioc_licence *list = NULL;
	struct mclicfs_ioc_medium m;
	struct mclicfs_ioc_stats s;
	int used, err;
	bool mid;

	err = mclic_kernel_medium(fd, o->args[0], &m);
	if (!err && m.raw_len > sizeof(m.raw))
		err = mclic_fail(EPROTO, "%s: the kernel answers what it must not", o->args[0]);
	if (!err)
		err = mclic_kernel_stats(fd, o->args[0], &s);
	if (err)
		return err;
	used = m.slots ? mclic_kernel_licences(fd, o->args[0], &list) : 0;
	if (used < 0)
		return used;
	mid = !mclic_is_zero(m.mid, sizeof(m.mid));
	if (o->json)
		return print_json(&m, mid, used, &s);
	print_text(&m, mid, used, &s);
	return 0;
}
