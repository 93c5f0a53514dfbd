// SPDX-License-Identifier: GPL-2.0-or-later
/* Making a licence area. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "area.h"

static int make_header(struct mclic_area_header *h, __u32 slots, bool emulated, const char *label)
{
	__u8 area_id[MCLIC_ID_SIZE], factory_id[MCLIC_ID_SIZE];
	enum mclic_why why;
	int err = mclic_random(area_id, sizeof(area_id));

	if (!err)
		err = mclic_random(factory_id, sizeof(factory_id));
	if (err)
		return err;
	why = mclic_area_header_make(mclic_openssl(), h, slots, area_id,
				     emulated ? factory_id : NULL, label);
	if (why == MCLIC_BAD_TEXT)
		return mclic_fail(EINVAL, "a label is UTF-8 text of at most 63 bytes without control "
				  "characters");
	if (why != MCLIC_OK)
		return mclic_fail(EINVAL, "no licence area can be made so: %s", mclic_why_text(why));
	return 0;
}

/* All bytes of a fresh area; free() them. */
static int make_bytes(__u32 slots, bool emulated, const char *label, __u8 **bytes, size_t *len)
{
	struct mclic_area_header h;
	int err = make_header(&h, slots, emulated, label);

	if (err)
		return err;
	*len = (size_t)slots * MCLIC_SLOT_SIZE;
	*bytes = calloc(1, *len);
	if (!*bytes)
		return mclic_fail(ENOMEM, "not enough memory");
	memcpy(*bytes, &h, sizeof(h));
	memcpy(*bytes + *len - sizeof(h), &h, sizeof(h));
	return 0;
}

int mclic_area_create(int fd, off_t start, __u32 slots, bool emulated, const char *label)
{
	MCLIC_AUTO_FREE __u8 *bytes = NULL;
	size_t head = sizeof(struct mclic_area_header), len;
	int err = make_bytes(slots, emulated, label, &bytes, &len);

	if (err)
		return err;
	/* The header last: with it the area is there, and whole. */
	err = mclic_pwrite_full(fd, bytes + head, len - head, start + (off_t)head);
	if (!err && fsync(fd))
		err = -errno;
	if (!err)
		err = mclic_pwrite_full(fd, bytes, head, start);
	if (!err && fsync(fd))
		err = -errno;
	if (err)
		return mclic_fail(-err, "cannot write the licence area: %s", strerror(-err));
	return 0;
}

/* Has the medium under @dir an identifier of its own? 1, 0 or -errno. */
static int has_identifier(int dir, const char *label)
{
	struct mclic_area_header draft;
	struct mclic_medium m;
	struct stat st;
	int err = make_header(&draft, MCLIC_AREA_SLOTS, false, label);

	if (err)
		return err;
	if (fstat(dir, &st))
		return -errno;
	err = mclic_medium_read(st.st_dev, &draft, 0, &m);
	if (err == -ENODEV)
		return 0;
	return err ? err : 1;
}

/* .mclic below @dir, opened and locked; -errno. */
static int open_area_dir(int dir, const char *name)
{
	bool made = !mkdirat(dir, MCLIC_AREA_DIR, 0755);
	int fd, err;

	if (!made && errno != EEXIST)
		return mclic_fail(errno, "%s: cannot make the directory %s: %s", name, MCLIC_AREA_DIR,
				  strerror(errno));
	fd = mclic_open_beneath(dir, MCLIC_AREA_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return mclic_fail(-fd, "%s/%s: cannot be opened as a directory: %s", name,
				  MCLIC_AREA_DIR, strerror(-fd));
	/* Whatever the umask says: other users of the medium read the area. */
	err = made ? mclic_set_mode(fd, 0755) : 0;
	if (err) {
		close(fd);
		return mclic_fail(-err, "%s/%s: %s", name, MCLIC_AREA_DIR, mclic_message());
	}
	while (flock(fd, LOCK_EX)) {
		if (errno == EINTR)
			continue;
		close(fd);
		return mclic_fail(errno, "%s/%s: cannot be locked", name, MCLIC_AREA_DIR);
	}
	return fd;
}

/* With .mclic locked, nobody else makes one between the look and the rename. */
static int write_area_file(int sub, const char *name, bool emulated, const char *label)
{
	MCLIC_AUTO_FREE __u8 *bytes = NULL;
	size_t len;
	int err;

	if (!faccessat(sub, "area", F_OK, AT_SYMLINK_NOFOLLOW))
		return mclic_fail(EEXIST, "%s/%s exists already; its licences would be lost. Remove it "
				  "first if that is meant", name, MCLIC_AREA_FILE);
	err = make_bytes(MCLIC_AREA_SLOTS, emulated, label, &bytes, &len);
	if (!err)
		err = mclic_write_file(sub, "area", bytes, len, 0644);
	if (err)
		return mclic_fail(-err, "%s/%s: cannot be made: %s", name, MCLIC_AREA_FILE,
				  strerror(-err));
	return 0;
}

int mclic_area_create_file(const char *name, const char *label)
{
	MCLIC_AUTO_CLOSE int dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MCLIC_AUTO_FREE char *partition = NULL;
	MCLIC_AUTO_CLOSE int sub = -1;
	int ret, hardware;

	if (dir < 0)
		return mclic_fail(errno, "%s: %s", name, strerror(errno));
	ret = mclic_area_partition(dir, &partition);
	if (ret > 0)
		return mclic_fail(EEXIST, "the partition %s is the licence area of this medium; a file "
				  "beside it would not be looked at", partition);
	if (ret < 0)
		return ret;
	hardware = has_identifier(dir, label);
	if (hardware < 0)
		return hardware;
	sub = open_area_dir(dir, name);
	if (sub < 0)
		return sub;
	ret = write_area_file(sub, name, !hardware, label);
	if (ret)
		return ret;
	ret = mclic_flush_dir(dir);
	return ret ? mclic_fail(-ret, "%s: %s", name, strerror(-ret)) : 0;
}
