// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Medium identifiers (kind, then the bytes of sysfs): the canonical form is stable, does
 * not depend on what stands behind the text, and is never a poor one.
 *
 * The same bytes (kind, flags, then pieces, each behind its 16 bits of length or errno) are
 * what a disk answers when its identifier is looked for.
 */
#include <ctype.h>

#include "fuzz.h"

static void text_form(__u8 kind, const __u8 *raw, size_t len, const __u8 *in, size_t in_len)
{
	__u8 again[MCLIC_RAW_MAX], *longer;
	size_t again_len;

	HOLDS(len >= 4 && len <= MCLIC_RAW_MAX - MCLIC_ID_SIZE);
	HOLDS(raw[len - 1] && raw[len - 1] != ' ' && raw[len - 1] != '\n');
	longer = malloc(in_len + 3);
	HOLDS(longer);
	memcpy(longer, in, in_len);
	memcpy(longer + in_len, " \n", 3);
	HOLDS(mclic_medium_raw(kind, longer, in_len + 3, NULL, again, &again_len) == MCLIC_OK);
	HOLDS(again_len == len && !memcmp(again, raw, len));
	free(longer);
	if (kind == MCLIC_MEDIUM_VPD)
		return;
	HOLDS(mclic_medium_raw(kind, raw, len, NULL, again, &again_len) == MCLIC_OK);
	HOLDS(again_len == len && !memcmp(again, raw, len));
}

static void sd_form(const __u8 *raw, size_t len, const __u8 *in, size_t in_len)
{
	__u8 again[MCLIC_RAW_MAX], other[32];
	size_t again_len, i;

	HOLDS(len == 15 && in_len >= 32);
	for (i = 0; i < 32; i++)
		other[i] = (__u8)(isupper(in[i]) ? tolower(in[i]) : toupper(in[i]));
	other[30] = other[31] = '0';
	HOLDS(mclic_medium_raw(MCLIC_MEDIUM_SD, other, 32, NULL, again, &again_len) == MCLIC_OK);
	HOLDS(again_len == len && !memcmp(again, raw, len));
}

/* ---- Which identifier a medium has ---- */

#define REMOVABLE	0x01
#define AREA		0x02
#define EMULATED	0x04
#define NO_DISK		0x08
#define BY_NAME		0x10	/* each attribute has its piece; else each read takes the next */

#define ATTRIBUTE_MAX	512	/* room for an answer */
#define LEVELS_MAX	32	/* directories above the disk's device */

struct sysfs {
	const uint8_t *data;
	size_t size;
	bool by_name;
	__u8 behind;		/* what a buffer holds behind the answer */
	size_t reads;
	bool no_memory;
};

/* Number of an attribute; whatever is not in the table must not be read. */
static size_t attribute(const char *name)
{
	static const char *const disk[] = {
		"wwid", "serial", "device/type", "device/cid", "device/wwid", "device/vpd_pg80",
	};
	static const char *const usb[] = { "idVendor", "idProduct", "serial" };
	size_t i, level = 0;

	for (i = 0; i < 6; i++)
		if (!strcmp(name, disk[i]))
			return i;
	HOLDS(!strncmp(name, "device/", 7));
	for (name += 7; !strncmp(name, "../", 3); name += 3)
		level++;
	HOLDS(level <= LEVELS_MAX);
	for (i = 0; i < 2 && strcmp(name, usb[i]); i++)
		;
	HOLDS(!strcmp(name, usb[i]));
	return 6 + 3 * level + i;
}

static int answer(void *ctx, const char *name, void *buf, size_t size)
{
	struct sysfs *s = ctx;
	const uint8_t *p = s->data, *end = p + s->size;
	size_t skip = attribute(name), len = 0;
	int n;

	HOLDS(size <= ATTRIBUTE_MAX && !s->no_memory);
	memset(buf, s->behind, size);
	if (!s->by_name)
		skip = s->reads;
	s->reads++;
	do {
		p += len;
		if (end - p < 2)
			return -ENOENT;
		n = (int16_t)(p[0] | p[1] << 8);
		p += 2;
		len = n < 0 ? 0 : (size_t)n;
		if (len > (size_t)(end - p))
			len = (size_t)(end - p);
	} while (skip--);
	s->no_memory = n == -ENOMEM;
	if (n < 0)
		return n;
	if (len > size)
		return -EFBIG;
	memcpy(buf, p, len);
	return (int)len;
}

static int find(const uint8_t *data, size_t size, const struct mclic_area_header *h, __u8 kind,
		__u8 behind, struct mclic_medium *m)
{
	__u8 flags = data[1];
	struct sysfs s = {
		.data = data + 2, .size = size - 2, .by_name = flags & BY_NAME, .behind = behind,
	};
	const struct mclic_hardware hw = {
		.ctx = &s,
		.read = flags & NO_DISK ? NULL : answer,
		.removable = flags & REMOVABLE,
	};
	int err;

	memset(m, behind, sizeof(*m));
	err = mclic_medium_find(mclic_openssl(), &hw, h, kind, m);
	HOLDS(err == 0 || err == -ENODEV || err == -ENOMEM);
	HOLDS((err == -ENOMEM) == s.no_memory);
	HOLDS(!err || mclic_is_zero(m, sizeof(*m)));
	HOLDS(kind <= 7 || (err && !s.reads));
	HOLDS(!(flags & NO_DISK) || err || m->kind == MCLIC_MEDIUM_EMULATED);
	return err;
}

static void same(const struct mclic_medium *a, const struct mclic_medium *b)
{
	HOLDS(a->kind == b->kind && a->medium_class == b->medium_class);
	HOLDS(a->removable == b->removable && a->names_drive == b->names_drive);
	HOLDS(a->raw_len == b->raw_len && !memcmp(a->raw, b->raw, sizeof(a->raw)));
	HOLDS(!memcmp(a->mid, b->mid, sizeof(a->mid)));
}

/* What was found is what core makes of its own bytes. */
static void found_form(const struct mclic_medium *m, const struct mclic_area_header *h,
		       bool removable)
{
	static const __u8 no_area[MCLIC_ID_SIZE];
	__u8 mid[MCLIC_ID_SIZE], vpd[4 + MCLIC_RAW_MAX] = { 0, 0x80 };
	char digits[33] = "";
	size_t len = m->raw_len, i;

	HOLDS(m->kind >= MCLIC_MEDIUM_EMULATED && m->kind <= MCLIC_MEDIUM_VIRTIO);
	HOLDS(m->removable == removable);
	HOLDS(m->medium_class == mclic_medium_class(m->kind, removable));
	HOLDS(m->names_drive == mclic_medium_names_drive(m->kind, removable));
	HOLDS(len <= MCLIC_RAW_MAX && mclic_is_zero(m->raw + len, sizeof(m->raw) - len));
	HOLDS(mclic_medium_id(mclic_openssl(), m->kind, m->raw, len, mid) == 0);
	HOLDS(!memcmp(mid, m->mid, sizeof(mid)));
	if (m->names_drive) {
		HOLDS(len > MCLIC_ID_SIZE);
		len -= MCLIC_ID_SIZE;
		HOLDS(!memcmp(m->raw + len, h ? h->area_id : no_area, MCLIC_ID_SIZE));
	}
	if (m->kind == MCLIC_MEDIUM_EMULATED) {
		HOLDS(h && h->factory_kind == MCLIC_FACTORY_EMULATED);
		HOLDS(len == MCLIC_ID_SIZE && !memcmp(m->raw, h->factory_id, len));
	} else if (m->kind == MCLIC_MEDIUM_SD) {
		for (i = 0; i < len && i < 16; i++)
			snprintf(digits + 2 * i, 3, "%02x", m->raw[i]);
		memcpy(digits + 30, "00", 2);
		sd_form(m->raw, len, (__u8 *)digits, 32);
	} else if (m->kind == MCLIC_MEDIUM_VPD) {
		memcpy(vpd + 4, m->raw, len);
		text_form(m->kind, m->raw, len, vpd, len + 4);
	} else {
		text_form(m->kind, m->raw, len, m->raw, len);
	}
}

/* The first kind in the table's order that answers alone is the one that was found. */
static void found_first(const uint8_t *data, size_t size, const struct mclic_area_header *h,
			const struct mclic_medium *m)
{
	static const __u8 order[] = {
		MCLIC_MEDIUM_SD, MCLIC_MEDIUM_NVME, MCLIC_MEDIUM_SCSI, MCLIC_MEDIUM_VPD,
		MCLIC_MEDIUM_USB, MCLIC_MEDIUM_VIRTIO, MCLIC_MEDIUM_EMULATED,
	};
	struct mclic_medium alone;
	size_t i;

	for (i = 0; i < sizeof(order) && order[i] != m->kind; i++)
		HOLDS(find(data, size, h, order[i], 0, &alone) == -ENODEV);
	if (m->kind) {
		HOLDS(find(data, size, h, m->kind, 0, &alone) == 0);
		same(m, &alone);
	}
}

static void look_for(const uint8_t *data, size_t size)
{
	static struct mclic_area_header area;
	const struct mclic_area_header *h = NULL;
	struct mclic_medium m, again;
	__u8 flags = data[1];
	int err;

	fill(area.area_id, sizeof(area.area_id), 1);
	area.factory_kind = flags & EMULATED ? MCLIC_FACTORY_EMULATED : 0;
	take(area.factory_id, sizeof(area.factory_id), data + 2, size - 2);
	if (flags & (AREA | EMULATED))
		h = &area;
	err = find(data, size, h, data[0], 0, &m);
	HOLDS(find(data, size, h, data[0], '1', &again) == err);
	if (!err) {
		HOLDS(!data[0] || m.kind == data[0]);
		same(&m, &again);
		found_form(&m, h, flags & REMOVABLE);
	}
	if (!data[0] && (flags & BY_NAME) && err != -ENOMEM)
		found_first(data, size, h, &m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	__u8 raw[MCLIC_RAW_MAX], with[MCLIC_RAW_MAX], area_id[MCLIC_ID_SIZE], mid[MCLIC_ID_SIZE];
	size_t len, with_len;
	enum mclic_why why;
	__u8 kind;

	if (!size)
		return 0;
	if (size >= 2)
		look_for(data, size);
	kind = data[0];
	fill(area_id, sizeof(area_id), 1);
	why = mclic_medium_raw(kind, data + 1, size - 1, NULL, raw, &len);
	HOLDS(mclic_medium_raw(kind, data + 1, size - 1, area_id, with, &with_len) == why);
	HOLDS(mclic_is_zero(raw + len, sizeof(raw) - len));
	if (why) {
		HOLDS(!len && !with_len);
		HOLDS((why == MCLIC_BAD_MEDIUM_KIND) == (kind < 1 || kind > 7));
		return 0;
	}
	HOLDS(!memcmp(raw, with, len));
	HOLDS(with_len == len + (mclic_medium_names_drive(kind, true) ? MCLIC_ID_SIZE : 0));
	HOLDS(mclic_medium_id(mclic_openssl(), kind, raw, len, mid) == 0);
	if (kind == MCLIC_MEDIUM_EMULATED)
		HOLDS(len == MCLIC_ID_SIZE && !memcmp(raw, data + 1, len));
	else if (kind == MCLIC_MEDIUM_SD)
		sd_form(raw, len, data + 1, size - 1);
	else
		text_form(kind, raw, len, data + 1, size - 1);
	return 0;
}
