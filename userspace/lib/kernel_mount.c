// SPDX-License-Identifier: GPL-2.0-or-later
/* The ioctls of a mount of the kernel's mclicfs, with words for what goes wrong. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel.h"
#include "trust.h"

#define LIST_STEP	64u

int mclic_kernel_open(const char *path)
{
	struct statfs s;
	struct stat st;
	int fd;

	if (stat(path, &st) || (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)))
		return -1;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (!fstatfs(fd, &s) && (__u32)s.f_type == MCLICFS_SUPER_MAGIC)
		return fd;
	close(fd);
	return -1;
}

static int call(int fd, unsigned long request, void *arg, const char *what, const char *doing)
{
	int err;

	while (ioctl(fd, request, arg)) {
		err = errno;
		if (err == EINTR)
			continue;
		if (err == EPERM)
			return mclic_fail(err, "%s: only the owner of the medium's root directory, or root, "
					  "may %s", what, doing);
		if (err == EMEDIUMTYPE)
			return mclic_fail(err, "%s: the medium was exchanged; unmount it and mount it again",
					  what);
		return mclic_fail(err, "%s: the kernel cannot %s: %s", what, doing, strerror(err));
	}
	return 0;
}

int mclic_kernel_medium(int fd, const char *what, struct mclicfs_ioc_medium *m)
{
	int err;

	*m = (struct mclicfs_ioc_medium){ .version = MCLICFS_IOC_VERSION };
	err = call(fd, MCLICFS_IOC_GET_MEDIUM, m, what, "read the medium's identifier");
	if (err == -ENODEV)
		return mclic_fail(ENODEV, "%s: the medium has no identifier of its own", what);
	return err;
}

int mclic_kernel_stats(int fd, const char *what, struct mclicfs_ioc_stats *s)
{
	*s = (struct mclicfs_ioc_stats){ .version = MCLICFS_IOC_VERSION };
	return call(fd, MCLICFS_IOC_GET_STATS, s, what, "count");
}

int mclic_kernel_licences(int fd, const char *what, struct mclicfs_ioc_licence **list)
{
	struct mclicfs_ioc_list l = { .version = MCLICFS_IOC_VERSION };
	struct mclicfs_ioc_licence *more;
	size_t count = 0;
	int err;

	*list = NULL;
	do {
		more = reallocarray(*list, count + LIST_STEP, sizeof(**list));
		if (!more) {
			err = mclic_fail(ENOMEM, "not enough memory");
			goto fail;
		}
		*list = more;
		l.count = LIST_STEP;
		l.licences = (__u64)(uintptr_t)(more + count);
		err = call(fd, MCLICFS_IOC_LIST_LICENCES, &l, what, "list the licences");
		if (err)
			goto fail;
		count += l.count;
	} while (l.next && count < MCLIC_AREA_SLOTS);
	return (int)count;
fail:
	free(*list);
	*list = NULL;
	return err;
}

/* What the kernel's answer to a licence means; the licence is not on the medium then. */
static int put_failed(int err, const char *what)
{
	static const struct {
		int err;
		const char *text;
	} reasons[] = {
		{ EPERM, "only the owner of the medium's root directory, or root, may put a licence on it" },
		{ EMEDIUMTYPE, "the licence is for another medium, or this one was exchanged since it was mounted" },
		{ ENOKEY, "the kernel lacks the certificate of the licence's center (as root: mclic trust add CERT) or the key of its user (mclic unlock TARGET)" },
		{ EKEYREJECTED, "the kernel rejects the licence: it is not what its center signed, or not for this user; fetch it again" },
		{ EKEYREVOKED, "the license center revoked the licence, or it was returned" },
		{ EKEYEXPIRED, "the licence has ended, or not begun" },
		{ EBADMSG, "the licence is damaged; fetch it again" },
		{ ENOENT, "the medium has no licence area; make one with \"mclic format\"" },
		{ ENOSPC, "every slot of the licence area is used; return a licence that is not needed" },
		{ ESTALE, "a newer licence of the same number stands on the medium" },
		{ EROFS, "the medium is mounted read-only" },
	};
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].err == err)
			return mclic_fail(err, "%s: %s", what, reasons[i].text);
	return mclic_fail(err, "%s: the kernel cannot put the licence on the medium: %s", what,
			  strerror(err));
}

int mclic_kernel_put(int fd, const char *what, const struct mclic_slot_carried *licence,
		     __u32 *slot)
{
	struct mclicfs_ioc_put p = { .version = MCLICFS_IOC_VERSION };

	memcpy(p.licence, licence, sizeof(p.licence));
	if (ioctl(fd, MCLICFS_IOC_PUT_LICENCE, &p))
		return put_failed(errno, what);
	*slot = p.slot;
	return 0;
}

int mclic_kernel_remove(int fd, const char *what, __u32 slot,
			const __u8 licence_id[MCLIC_ID_SIZE])
{
	struct mclicfs_ioc_remove r = { .version = MCLICFS_IOC_VERSION, .slot = slot };

	memcpy(r.licence_id, licence_id, sizeof(r.licence_id));
	return call(fd, MCLICFS_IOC_REMOVE_LICENCE, &r, what, "remove the licence from the medium");
}

int mclic_kernel_key_add(int fd, const char *what, __s32 serial)
{
	struct mclicfs_ioc_key k = { .version = MCLICFS_IOC_VERSION, .serial = serial };

	return call(fd, MCLICFS_IOC_ADD_KEY, &k, what, "give it keys");
}

int mclic_kernel_key_remove(int fd, const char *what, __s32 serial, __u32 *busy)
{
	struct mclicfs_ioc_key k = { .version = MCLICFS_IOC_VERSION, .serial = serial };
	int err = call(fd, MCLICFS_IOC_REMOVE_KEY, &k, what, "take its keys");

	*busy = k.busy;
	return err;
}

static int set_list(int fd, const char *what, const struct mclic_list *l)
{
	struct mclicfs_ioc_revocations r = {
		.version = MCLICFS_IOC_VERSION,
		.len = (__u32)l->len,
		.list = (__u64)(uintptr_t)l->bytes,
	};
	int err = call(fd, MCLICFS_IOC_SET_REVOCATIONS, &r, what, "take a revocation list");

	/* It knows a newer one; or not the center, none of whose licences is in force then. */
	return err == -ESTALE || err == -ENOKEY ? 0 : err;
}

int mclic_kernel_lists(int fd, const char *what, struct mclic_trust *t)
{
	int err = 0;
	size_t i;

	pthread_rwlock_rdlock(&t->lock);
	for (i = 0; !err && i < t->state->list_count; i++)
		err = set_list(fd, what, &t->state->lists[i]);
	pthread_rwlock_unlock(&t->lock);
	return err;
}
