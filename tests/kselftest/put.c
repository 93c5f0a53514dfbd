// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * put MOUNT AREA FILE OLD FORGED - licences put and removed through the kernel. AREA is the
 * area's file below. It holds licences of the titles "good" and "personal" (whose key the
 * mount has not) and a slot that is damaged; FILE is a file of "good". OLD is a file
 * with the slot of an older licence of "good", FORGED one with a slot whose signature is
 * wrong. The area is full when this ends.
 *
 * put MOUNT SLOT - the file system below is read-only.
 */
#include <signal.h>
#include <sys/time.h>

#include "ktap.h"

static int mount_fd;
static const char *area;

static void read_slot(const char *path, __u32 index, void *slot)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, slot, MCLIC_SLOT_SIZE, (off_t)index * MCLIC_SLOT_SIZE) !=
		      MCLIC_SLOT_SIZE)
		ktap_die(path);
	close(fd);
}

static int put(const struct mclic_slot *s, __u32 *slot)
{
	struct mclicfs_ioc_put p = { .version = MCLICFS_IOC_VERSION };
	int err;

	memcpy(p.licence, s, sizeof(p.licence));
	err = call(mount_fd, MCLICFS_IOC_PUT_LICENCE, &p);
	*slot = p.slot;
	return err;
}

static int take(__u32 slot, const __u8 licence_id[MCLIC_ID_SIZE])
{
	struct mclicfs_ioc_remove r = { .version = MCLICFS_IOC_VERSION, .slot = slot };

	memcpy(r.licence_id, licence_id, MCLIC_ID_SIZE);
	return call(mount_fd, MCLICFS_IOC_REMOVE_LICENCE, &r);
}

static unsigned int used(void)
{
	static struct mclicfs_ioc_licence all[MCLIC_AREA_SLOTS];

	return list_all(mount_fd, all, MCLIC_AREA_SLOTS);
}

/* The slot of @title, and its bytes. */
static __u32 slot_of(const char *title, struct mclic_slot *s)
{
	static struct mclicfs_ioc_licence all[MCLIC_AREA_SLOTS];
	unsigned int n = list_all(mount_fd, all, MCLIC_AREA_SLOTS);
	const struct mclicfs_ioc_licence *l = find_title(all, n, title);

	if (!l)
		ktap_die(title);
	read_slot(area, l->slot, s);
	return l->slot;
}

static void write_slot(__u32 index, const void *slot)
{
	int fd = open(area, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || pwrite(fd, slot, MCLIC_SLOT_SIZE, (off_t)index * MCLIC_SLOT_SIZE) !=
		      MCLIC_SLOT_SIZE)
		ktap_die(area);
	close(fd);
}

static void there_and_back(const char *file)
{
	struct mclic_slot good, now;
	__u32 index = slot_of("good", &good), slot = 77;

	ktap_errno(open_errno(mount_fd, file), 0, "open");
	ktap_errno(put(&good, &slot), 0, "PUT_LICENCE of what is there");
	ktap_is(slot, index, "... in its slot");
	ktap_errno(take(index, good.terms.licence_id), 0, "REMOVE_LICENCE");
	read_slot(area, index, &now);
	ktap_ok(mclic_is_zero(&now, sizeof(now)), "its slot below is all zero");
	ktap_errno(open_errno(mount_fd, file), EACCES, "open without a licence");
	ktap_errno(put(&good, &slot), 0, "PUT_LICENCE");
	read_slot(area, slot, &now);
	ktap_ok(!memcmp(&now, &good, sizeof(now)), "its slot below is the licence");
	ktap_errno(open_errno(mount_fd, file), 0, "open with it");
}

static void refused(const char *file, const char *old, const char *forged)
{
	unsigned int before = used();
	struct mclic_slot s;
	__u32 slot;

	read_slot(old, 0, &s);
	ktap_errno(put(&s, &slot), ESTALE, "PUT_LICENCE of an older one");
	read_slot(forged, 0, &s);
	ktap_errno(put(&s, &slot), EKEYREJECTED, "PUT_LICENCE of a forged one");
	s.terms.kind = 9;
	ktap_errno(put(&s, &slot), EBADMSG, "PUT_LICENCE of a kind that nobody knows");
	ktap_is(used(), before, "slots in use, as before");
	ktap_errno(open_errno(mount_fd, file), 0, "open as before");
}

/* Steps 1 to 9 need the user key: what cannot be checked does not stay. */
static void personal(void)
{
	struct mclic_slot s, now;
	__u32 index = slot_of("personal", &s), slot;
	unsigned int before = used();

	ktap_errno(take(index, s.terms.licence_id), 0, "REMOVE_LICENCE of a personal one");
	ktap_errno(put(&s, &slot), ENOKEY, "PUT_LICENCE of it without its user key");
	read_slot(area, index, &now);
	ktap_ok(mclic_is_zero(&now, sizeof(now)), "its slot is all zero again");
	ktap_is(used(), before - 1, "slots in use, one less");
}

static void damaged(void)
{
	static struct mclicfs_ioc_licence all[MCLIC_AREA_SLOTS];
	static const __u8 none[MCLIC_ID_SIZE];
	unsigned int i, n = list_all(mount_fd, all, MCLIC_AREA_SLOTS);

	for (i = 0; i < n && all[i].valid; i++)
		;
	if (!ktap_ok(i < n, "a damaged slot is listed"))
		return;
	ktap_ok(all[i].error == EBADMSG && !strcmp(all[i].why, "bad-crc") &&
		mclic_is_zero(all[i].terms, sizeof(all[i].terms)), "... as such");
	ktap_errno(take(all[i].slot, none), 0, "REMOVE_LICENCE of it");
	ktap_is(used(), n - 1, "slots in use, one less");
}

static void nothing(int sig)
{
	(void)sig;
}

/* Another program writes the area: the kernel waits, and can be told not to. */
static void locked(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const struct itimerval every_second = { { 1, 0 }, { 1, 0 } };
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = nothing };
	int fd = open(area, O_RDWR | O_CLOEXEC);
	struct mclic_slot good;
	__u32 slot;

	slot_of("good", &good);
	if (fd < 0 || fcntl(fd, F_OFD_SETLK, &lock) || sigaction(SIGALRM, &action, NULL) ||
	    setitimer(ITIMER_REAL, &every_second, NULL))
		ktap_die(area);
	ktap_errno(put(&good, &slot), EINTR, "PUT_LICENCE into a locked area, interrupted");
	setitimer(ITIMER_REAL, &never, NULL);
	close(fd);
	ktap_errno(put(&good, &slot), 0, "PUT_LICENCE when it is free again");
}

static void full(const char *file)
{
	static struct mclicfs_ioc_licence all[MCLIC_AREA_SLOTS];
	struct mclic_slot good, other, now;
	__u32 slot, i;

	memset(&other, 0, sizeof(other));
	memcpy(other.magic, MCLIC_SLOT_MAGIC, sizeof(other.magic));
	other.version = mclic_put16(MCLIC_VERSION + 1);
	ktap_errno(take(slot_of("good", &good), good.terms.licence_id), 0, "REMOVE_LICENCE");
	for (i = 1; i + 1 < MCLIC_AREA_SLOTS; i++) {
		read_slot(area, i, &now);
		if (mclic_is_zero(now.magic, sizeof(now.magic)))
			write_slot(i, &other);
	}
	ktap_errno(put(&good, &slot), ENOSPC, "PUT_LICENCE into a full area");
	ktap_is(list_all(mount_fd, all, MCLIC_AREA_SLOTS), MCLIC_AREA_SLOTS - 2, "slots in use");
	other.magic[0] ^= 1;
	write_slot(100, &other);
	ktap_errno(put(&good, &slot), 0, "PUT_LICENCE when a slot is damaged");
	ktap_is(slot, 100, "... takes that one");
	ktap_errno(open_errno(mount_fd, file), 0, "open");
}

static void read_only(const char *file)
{
	struct mclic_slot s;
	__u32 slot;

	read_slot(file, 0, &s);
	ktap_errno(put(&s, &slot), EROFS, "PUT_LICENCE where nothing can be written");
	ktap_errno(take(1, s.terms.licence_id), EROFS, "REMOVE_LICENCE there");
}

int main(int argc, char **argv)
{
	if (argc != 6 && argc != 3)
		return 2;
	ktap_start();
	mount_fd = open_mount(argv[1]);
	area = argv[2];
	if (argc == 3) {
		read_only(argv[2]);
	} else {
		there_and_back(argv[3]);
		refused(argv[3], argv[4], argv[5]);
		personal();
		damaged();
		locked();
		full(argv[3]);
	}
	close(mount_fd);
	return ktap_end();
}
