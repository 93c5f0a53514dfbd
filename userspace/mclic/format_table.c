// SPDX-License-Identifier: GPL-2.0-or-later
/* The partition table of a licensed medium. */

#include <strings.h>

#include <libfdisk/libfdisk.h>

#include "format.h"

#define MIB		(1ULL << 20)
#define LINUX_DATA	"0FC63DAF-8483-4772-8E79-3D69D8477DE4"
#define BASIC_DATA	"EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"

static int add_partition(struct fdisk_context *cxt, size_t number, const char *type,
			 const char *name, __u64 start, __u64 size)
{
	struct fdisk_label *label = fdisk_get_label(cxt, "gpt");
	struct fdisk_parttype *t = fdisk_label_get_parttype_from_string(label, type);
	struct fdisk_partition *p = fdisk_new_partition();
	__u64 sector = fdisk_get_sector_size(cxt);
	int err = -ENOMEM;

	/* Known types come from the label's table, others only from their string. */
	if (!t)
		t = fdisk_new_unknown_parttype(0, type);
	if (!p || !t)
		goto out;
	fdisk_partition_set_partno(p, number);
	fdisk_partition_set_start(p, start / sector);
	fdisk_partition_set_size(p, size / sector);
	fdisk_partition_size_explicit(p, 1);
	fdisk_partition_set_name(p, name);
	err = fdisk_partition_set_type(p, t);
	if (!err)
		err = fdisk_add_partition(cxt, p, NULL);
out:
	fdisk_unref_partition(p);
	fdisk_unref_parttype(t);
	return err;
}

static int write_table(struct fdisk_context *cxt, const struct format_job *job, struct layout *l)
{
	__u64 end;
	int err;

	err = fdisk_create_disklabel(cxt, "gpt");
	if (err)
		return err;
	l->sector = (unsigned int)fdisk_get_sector_size(cxt);
	l->area = MIB;
	l->data = 2 * MIB;
	end = fdisk_get_last_lba(cxt) * fdisk_get_sector_size(cxt);
	if (end < 10 * MIB)
		return -ENOSPC;
	l->data_size = (end - l->data) / MIB * MIB;
	err = add_partition(cxt, 0, MCLIC_AREA_PARTITION, "mclic area", l->area, MIB);
	if (!err)
		err = add_partition(cxt, 1, strcmp(job->fs, "ext4") ? BASIC_DATA : LINUX_DATA,
				    "mclic data", l->data, l->data_size);
	return err ? err : fdisk_write_disklabel(cxt);
}

int format_table(const struct format_job *job, int fd, struct layout *l)
{
	struct fdisk_context *cxt = fdisk_new_context();
	int err = cxt ? fdisk_assign_device_by_fd(cxt, fd, job->path, 0) : -ENOMEM;

	if (!err) {
		fdisk_disable_dialogs(cxt, 1);
		fdisk_enable_wipe(cxt, 1);
		err = write_table(cxt, job, l);
		fdisk_deassign_device(cxt, 1);
	}
	fdisk_unref_context(cxt);
	if (err == -ENOSPC)
		return mclic_fail(ENOSPC, "%s is too small; a medium has at least 12 MiB", job->path);
	return err ? mclic_fail(-err, "%s: cannot write the partition table: %s", job->path,
				strerror(-err)) : 0;
}
