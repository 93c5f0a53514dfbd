// SPDX-License-Identifier: GPL-2.0-or-later
/* Finding the data file system of a medium: the partition that is not the licence area. */
#include <blkid/blkid.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "disk.h"

/* What libblkid sees on a device: 1 a file system, 0 none. Two at once count as none. */
static int probe_type(const char *path, char **type)
{
	blkid_probe pr = blkid_new_probe_from_filename(path);
	const char *usage, *name;
	int ret = 0;

	if (!pr)
		return mclic_fail(errno, "%s: cannot be read: %s", path, strerror(errno));
	blkid_probe_enable_superblocks(pr, 1);
	blkid_probe_set_superblocks_flags(pr, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE);
	if (!blkid_do_safeprobe(pr) && !blkid_probe_lookup_value(pr, "USAGE", &usage, NULL) &&
	    !strcmp(usage, "filesystem") && !blkid_probe_lookup_value(pr, "TYPE", &name, NULL)) {
		*type = strdup(name);
		ret = *type ? 1 : mclic_fail(ENOMEM, "not enough memory");
	}
	blkid_free_probe(pr);
	return ret;
}

static int use_whole(const char *target, const struct mclic_disk *d, dev_t dev,
		     struct mclic_device *m)
{
	int ret;

	m->data = strdup(target);
	if (!m->data)
		return mclic_fail(ENOMEM, "not enough memory");
	ret = probe_type(m->data, &m->type);
	if (ret)
		return ret < 0 ? ret : 0;
	return mclic_fail(EINVAL, "%s holds no file system that can be recognised%s", target,
			  dev == d->dev ? ", and the kernel knows no partitions of it" : "");
}

/* Looks at one partition more. */
static int consider(const char *target, const struct mclic_part *p, struct mclic_device *m)
{
	MCLIC_AUTO_FREE char *path = NULL;
	MCLIC_AUTO_FREE char *type = NULL;
	int ret = mclic_disk_node(p->name, p->dev, &path);

	if (ret)
		return mclic_fail(-ret, "%s: partition %d has no device node", target, p->number);
	if (m->area && !strcmp(path, m->area))
		return 0;
	ret = probe_type(path, &type);
	if (ret <= 0)
		return ret;
	if (m->data)
		return mclic_fail(EINVAL, "%s has more than one partition with a file system (%s, %s); name "
				  "the one that holds the titles", target, m->data, path);
	m->data = path;
	m->type = type;
	path = NULL;
	type = NULL;
	return 0;
}

static int use_partition(const char *target, const struct mclic_part *parts, int count,
			 struct mclic_device *m)
{
	int i, err = 0;

	for (i = 0; !err && i < count; i++)
		err = consider(target, &parts[i], m);
	if (!err && !m->data)
		err = mclic_fail(EINVAL, "%s has no partition with a file system", target);
	return err;
}

int mclic_device_find(const char *target, dev_t dev, struct mclic_device *m)
{
	MCLIC_AUTO_FREE struct mclic_part *parts = NULL;
	struct mclic_disk d;
	int n, err;

	memset(m, 0, sizeof(*m));
	if (mclic_disk_open(dev, &d))
		return mclic_fail(ENODEV, "%s: the kernel knows no such disk", target);
	err = mclic_area_device(dev, &m->area);
	if (err < 0)
		goto out;
	n = dev == d.dev ? mclic_disk_parts(&d, &parts) : 0;
	if (n < 0)
		err = mclic_fail(-n, "%s: its partitions cannot be listed: %s", target, strerror(-n));
	else if (n)
		err = use_partition(target, parts, n, m);
	else
		err = use_whole(target, &d, dev, m);
out:
	mclic_disk_close(&d);
	if (err)
		mclic_device_free(m);
	return err;
}

void mclic_device_free(struct mclic_device *m)
{
	free(m->data);
	free(m->type);
	free(m->area);
	memset(m, 0, sizeof(*m));
}
