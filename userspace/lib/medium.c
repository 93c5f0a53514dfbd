// SPDX-License-Identifier: GPL-2.0-or-later
/* The identifier burned into the medium: core's table, read from sysfs. */
#include <errno.h>
#include <string.h>

#include "disk.h"
#include "libmclic.h"

const char *mclic_medium_kind_name(__u8 kind)
{
	static const char *const names[] = {
		[MCLIC_MEDIUM_EMULATED] = "emulated",
		[MCLIC_MEDIUM_SD] = "sd",
		[MCLIC_MEDIUM_SCSI] = "scsi",
		[MCLIC_MEDIUM_VPD] = "vpd",
		[MCLIC_MEDIUM_NVME] = "nvme",
		[MCLIC_MEDIUM_USB] = "usb",
		[MCLIC_MEDIUM_VIRTIO] = "virtio",
		[MCLIC_MEDIUM_SERIAL] = "serial",
	};

	return kind < sizeof(names) / sizeof(names[0]) && names[kind] ? names[kind] : "unknown";
}

static int no_such_kind(const char *disk, __u8 kind)
{
	if (kind == MCLIC_MEDIUM_EMULATED)
		return mclic_fail(ENODEV, "the licence area has no emulated factory id; it was made "
				  "for a medium with an id of its own");
	if (kind)
		return mclic_fail(ENODEV, "this medium (%s) has no identifier of kind \"%s\"; put "
				  "in the medium that the licence was issued for",
				  disk[0] ? disk : "no disk", mclic_medium_kind_name(kind));
	if (!disk[0])
		return mclic_fail(ENODEV, "the licence area was made for a medium with an identifier of "
				  "its own, but lies on no disk here (an overlay, network or FUSE file "
				  "system?); give the directory of the medium itself");
	return mclic_fail(ENODEV, "the licence area was made for a medium with an identifier of its "
			  "own, and this one (%s) has none; put in the medium it was made for", disk);
}

static int read_attribute(void *ctx, const char *name, void *buf, size_t size)
{
	const struct mclic_disk *d = ctx;

	return (int)mclic_sysfs_read(d->fd, name, buf, size);
}

int mclic_medium_read(dev_t dev, const struct mclic_area_header *h, __u8 kind,
		      struct mclic_medium *m)
{
	struct mclic_hardware hw = { 0 };
	struct mclic_disk d;
	int err;

	if (!mclic_disk_open(dev, &d))
		hw = (struct mclic_hardware){
			.ctx = &d,
			.read = d.hardware ? read_attribute : NULL,
			.removable = d.removable,
		};
	err = mclic_medium_find(mclic_openssl(), &hw, h, kind, m);
	mclic_disk_close(&d);
	return err == -ENODEV ? no_such_kind(d.name, kind) : err;
}

const char *mclic_disk_name(dev_t dev, char name[MCLIC_DISK_NAME])
{
	struct mclic_disk d;

	mclic_disk_open(dev, &d);
	memcpy(name, d.name, MCLIC_DISK_NAME);
	mclic_disk_close(&d);
	return name;
}
