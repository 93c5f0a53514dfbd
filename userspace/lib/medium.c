// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The identifier burned into the medium, from sysfs, as the table of
 * Documentation/format.rst has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "libmclic.h"

#define RAW_FILE_MAX	1024	/* longer than any id that core accepts */
#define USB_DEPTH_MAX	32	/* directories between a disk and its USB device */

/* The first kind that answers is the medium's. */
static const __u8 order[] = {
	MCLIC_MEDIUM_SD, MCLIC_MEDIUM_NVME, MCLIC_MEDIUM_SCSI, MCLIC_MEDIUM_VPD,
	MCLIC_MEDIUM_USB, MCLIC_MEDIUM_VIRTIO, MCLIC_MEDIUM_EMULATED,
};

static ssize_t read_sd(const struct mclic_disk *d, char *buf, size_t size)
{
	char type[16];
	ssize_t n = mclic_sysfs_read(d->fd, "device/type", type, sizeof(type) - 1);

	if (n <= 0)
		return -ENODEV;
	type[n] = '\0';
	type[strcspn(type, "\n")] = '\0';
	if (strcmp(type, "SD") && strcmp(type, "MMC"))
		return -ENODEV;
	return mclic_sysfs_read(d->fd, "device/cid", buf, size);
}

/* Text of an attribute without its newline, for "idVendor:idProduct:serial". */
static int usb_text(int dir, const char *name, char *text, size_t size)
{
	ssize_t n = mclic_sysfs_read(dir, name, text, size - 1);

	if (n <= 0)
		return -ENODEV;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

/*
 * The first directory above the disk's device with an idVendor is the USB device; one
 * without a serial number does not answer, and the hub above it must not in its stead.
 */
static ssize_t read_usb(const struct mclic_disk *d, char *buf, size_t size)
{
	char vendor[16], product[16], serial[256];
	int depth, len;
	MCLIC_AUTO_CLOSE int dir = openat(d->fd, "device", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (depth = 0; dir >= 0 && depth < USB_DEPTH_MAX; depth++) {
		struct stat here, above;
		int up;

		if (!usb_text(dir, "idVendor", vendor, sizeof(vendor)))
			break;
		up = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (up < 0 || fstat(dir, &here) || fstat(up, &above) ||
		    (here.st_ino == above.st_ino && here.st_dev == above.st_dev)) {
			mclic_close_fd(&up);
			return -ENODEV;
		}
		close(dir);
		dir = up;
	}
	if (dir < 0 || depth == USB_DEPTH_MAX ||
	    usb_text(dir, "idProduct", product, sizeof(product)) ||
	    usb_text(dir, "serial", serial, sizeof(serial)))
		return -ENODEV;
	len = snprintf(buf, size, "%s:%s:%s", vendor, product, serial);
	return len < 0 || (size_t)len >= size ? -EFBIG : len;
}

/* What the hardware says under @kind, as sysfs shows it; its length or -errno. */
static ssize_t read_kind(const struct mclic_disk *d, __u8 kind, char *buf, size_t size)
{
	switch (kind) {
	case MCLIC_MEDIUM_SD:
		return read_sd(d, buf, size);
	case MCLIC_MEDIUM_NVME:
		return mclic_sysfs_read(d->fd, "wwid", buf, size);
	case MCLIC_MEDIUM_SCSI:
		return mclic_sysfs_read(d->fd, "device/wwid", buf, size);
	case MCLIC_MEDIUM_VPD:
		return mclic_sysfs_read(d->fd, "device/vpd_pg80", buf, size);
	case MCLIC_MEDIUM_USB:
		return read_usb(d, buf, size);
	case MCLIC_MEDIUM_VIRTIO:
		return mclic_sysfs_read(d->fd, "serial", buf, size);
	default:
		return -ENODEV;
	}
}

/* Does the medium answer under @kind? Fills kind, class, raw and MID. */
static int try_kind(const struct mclic_disk *d, const struct mclic_area_header *h, __u8 kind,
		    struct mclic_medium *m)
{
	bool emulated = kind == MCLIC_MEDIUM_EMULATED;
	char buf[RAW_FILE_MAX];
	const void *in = buf;
	ssize_t n;

	if (emulated) {
		if (h->factory_kind != MCLIC_FACTORY_EMULATED)
			return -ENODEV;
		in = h->factory_id;
		n = MCLIC_ID_SIZE;
	} else {
		if (!d->hardware)
			return -ENODEV;
		n = read_kind(d, kind, buf, sizeof(buf));
		if (n <= 0)
			return -ENODEV;
	}
	m->kind = kind;
	m->names_drive = mclic_medium_names_drive(kind, m->removable);
	m->medium_class = mclic_medium_class(kind, m->removable);
	if (mclic_medium_raw(kind, in, (size_t)n, m->names_drive ? h->area_id : NULL, m->raw,
			     &m->raw_len) != MCLIC_OK)
		return -ENODEV;
	return mclic_medium_id(mclic_openssl(), kind, m->raw, m->raw_len, m->mid);
}

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

static int no_such_kind(const struct mclic_medium *m, __u8 kind)
{
	const char *disk = m->disk[0] ? m->disk : "no disk";

	if (kind == MCLIC_MEDIUM_EMULATED)
		return mclic_fail(ENODEV, "the licence area has no emulated factory id; it was made "
				  "for a medium with an id of its own");
	if (kind)
		return mclic_fail(ENODEV, "this medium (%s) has no identifier of kind \"%s\"; put "
				  "in the medium that the licence was issued for", disk,
				  mclic_medium_kind_name(kind));
	if (!m->disk[0])
		return mclic_fail(ENODEV, "the licence area was made for a medium with an identifier of "
				  "its own, but lies on no disk here (an overlay, network or FUSE file "
				  "system?); give the directory of the medium itself");
	return mclic_fail(ENODEV, "the licence area was made for a medium with an identifier of its "
			  "own, and this one (%s) has none; put in the medium it was made for", disk);
}

int mclic_medium_read(dev_t dev, const struct mclic_area_header *h, __u8 kind,
		      struct mclic_medium *m)
{
	struct mclic_disk d;
	int err = -ENODEV;
	size_t i;

	memset(m, 0, sizeof(*m));
	if (!mclic_disk_open(dev, &d)) {
		m->removable = d.removable;
		memcpy(m->disk, d.name, sizeof(d.name));
	}
	if (kind) {
		err = try_kind(&d, h, kind, m);
	} else {
		for (i = 0; err == -ENODEV && i < sizeof(order); i++)
			err = try_kind(&d, h, order[i], m);
	}
	mclic_disk_close(&d);
	return err == -ENODEV ? no_such_kind(m, kind) : err;
}
