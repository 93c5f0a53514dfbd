// SPDX-License-Identifier: GPL-2.0-or-later
/* Which identifier a medium has: the table of Documentation/format.rst, read from sysfs. */
#include "core.h"

#define ATTRIBUTE_MAX	512	/* longer than any identifier that is accepted */
#define USB_LEVELS	32	/* directories between a disk's device and its USB device */

/* Text of an attribute without its newline: its length, or a negative errno */
static int read_line(const struct mclic_hardware *hw, const char *name, char *buf, size_t size)
{
	int n = hw->read(hw->ctx, name, buf, size), i = 0;

	while (i < n && buf[i] && buf[i] != '\n')
		i++;
	return n < 0 ? n : i;
}

static int read_sd(const struct mclic_hardware *hw, char *buf, size_t size)
{
	int n = read_line(hw, "device/type", buf, size);

	if (!(n == 2 && !memcmp(buf, "SD", 2)) && !(n == 3 && !memcmp(buf, "MMC", 3)))
		return n < 0 ? n : -ENODEV;
	return hw->read(hw->ctx, "device/cid", buf, size);
}

/*
 * "idVendor:idProduct:serial". The first directory above the disk's device with an idVendor
 * is the USB device; one without a serial number does not answer, and the hub above it must
 * not in its stead.
 */
static int read_usb(const struct mclic_hardware *hw, char *buf, size_t size)
{
	static const char names[3][10] = { "idVendor", "idProduct", "serial" };
	char path[sizeof("device/") + 3 * USB_LEVELS + sizeof(names[0])] = "device/";
	char *end = path + sizeof("device/") - 1;
	size_t used = 0;
	int level, i, n;

	for (level = 0; level < USB_LEVELS; level++) {
		memcpy(end, names[0], sizeof(names[0]));
		n = read_line(hw, path, buf, size);
		if (n == -ENOMEM)
			return n;
		if (n > 0)
			break;
		memcpy(end, "../", 3);
		end += 3;
	}
	for (i = 0; i < 3; i++) {
		memcpy(end, names[i], sizeof(names[i]));
		n = read_line(hw, path, buf + used, size - used);
		if (n <= 0)
			return n ? n : -ENODEV;
		used += (size_t)n;
		if (used == size)
			return -EFBIG;
		buf[used++] = ':';
	}
	return (int)used - 1;
}

/* In this order: the first kind that answers is the medium's. */
static const struct {
	__u8 kind;
	const char *attribute;	/* NULL: more than one, or none */
} kinds[] = {
	{ MCLIC_MEDIUM_SD, NULL },
	{ MCLIC_MEDIUM_NVME, "wwid" },
	{ MCLIC_MEDIUM_SCSI, "device/wwid" },
	{ MCLIC_MEDIUM_VPD, "device/vpd_pg80" },
	{ MCLIC_MEDIUM_USB, NULL },
	{ MCLIC_MEDIUM_VIRTIO, "serial" },
	{ MCLIC_MEDIUM_EMULATED, NULL },
};

/* What is there under kinds[@i], as it is found; its length, or a negative errno */
static int read_kind(const struct mclic_hardware *hw, const struct mclic_area_header *h,
		     size_t i, char buf[ATTRIBUTE_MAX])
{
	if (kinds[i].kind == MCLIC_MEDIUM_EMULATED) {
		if (!h || h->factory_kind != MCLIC_FACTORY_EMULATED)
			return -ENODEV;
		memcpy(buf, h->factory_id, sizeof(h->factory_id));
		return sizeof(h->factory_id);
	}
	if (!hw->read)
		return -ENODEV;
	if (kinds[i].kind == MCLIC_MEDIUM_SD)
		return read_sd(hw, buf, ATTRIBUTE_MAX);
	if (kinds[i].kind == MCLIC_MEDIUM_USB)
		return read_usb(hw, buf, ATTRIBUTE_MAX);
	return hw->read(hw->ctx, kinds[i].attribute, buf, ATTRIBUTE_MAX);
}

/* Does the medium answer under kinds[@i]? */
static int try_kind(const struct mclic_crypto *c, const struct mclic_hardware *hw,
		    const struct mclic_area_header *h, size_t i, struct mclic_medium *m)
{
	static const __u8 no_area[MCLIC_ID_SIZE];
	const __u8 *area_id = h ? h->area_id : no_area;
	char buf[ATTRIBUTE_MAX];
	int n = read_kind(hw, h, i, buf);

	if (n <= 0)
		return n == -ENOMEM ? n : -ENODEV;
	m->kind = kinds[i].kind;
	m->medium_class = mclic_medium_class(m->kind, hw->removable);
	m->removable = hw->removable;
	m->names_drive = mclic_medium_names_drive(m->kind, hw->removable);
	if (mclic_medium_raw(m->kind, buf, (size_t)n, m->names_drive ? area_id : NULL, m->raw,
			     &m->raw_len))
		return -ENODEV;
	return mclic_medium_id(c, m->kind, m->raw, m->raw_len, m->mid);
}

int mclic_medium_find(const struct mclic_crypto *c, const struct mclic_hardware *hw,
		      const struct mclic_area_header *h, __u8 kind, struct mclic_medium *m)
{
	int err = -ENODEV;
	size_t i;

	for (i = 0; err == -ENODEV && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!kind || kind == kinds[i].kind)
			err = try_kind(c, hw, h, i, m);
	if (err)
		memset(m, 0, sizeof(*m));
	return err;
}
