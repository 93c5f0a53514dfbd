// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * permission MOUNT OWNER OTHER LIST - who may call which ioctl: OWNER (a user id) owns the
 * medium's root directory, OTHER does not, LIST is a revocation list of its center.
 */
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "ktap.h"

enum who { ROOT, OWNER, OTHER, ROOT_WITHOUT, WHO_COUNT };

static const char *const names[WHO_COUNT] = {
	"root", "the owner", "another user", "root without CAP_SYS_ADMIN",
};

/* What each of them gets; each call is a good one, or fails for a reason that comes later. */
static const struct row {
	const char *name;
	unsigned long cmd;
	int want[WHO_COUNT];
} rows[] = {
	{ "GET_MEDIUM", MCLICFS_IOC_GET_MEDIUM, { 0, 0, EPERM, EPERM } },
	{ "LIST_LICENCES", MCLICFS_IOC_LIST_LICENCES, { 0, 0, EPERM, EPERM } },
	{ "PUT_LICENCE", MCLICFS_IOC_PUT_LICENCE, { EBADMSG, EBADMSG, EPERM, EPERM } },
	{ "REMOVE_LICENCE", MCLICFS_IOC_REMOVE_LICENCE, { EINVAL, EINVAL, EPERM, EPERM } },
	{ "ADD_KEY", MCLICFS_IOC_ADD_KEY, { ENOKEY, ENOKEY, EPERM, EPERM } },
	{ "REMOVE_KEY", MCLICFS_IOC_REMOVE_KEY, { 0, 0, EPERM, EPERM } },
	{ "SET_REVOCATIONS", MCLICFS_IOC_SET_REVOCATIONS, { 0, EPERM, EPERM, EPERM } },
	{ "GET_STATS", MCLICFS_IOC_GET_STATS, { 0, 0, 0, 0 } },
};

static void *list;
static size_t list_len;

static void drop_admin(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		ktap_die("capget");
	data[0].effective &= ~(1u << CAP_SYS_ADMIN);
	data[0].permitted &= ~(1u << CAP_SYS_ADMIN);
	if (syscall(SYS_capset, &head, data))
		ktap_die("capset");
}

static void become(enum who who, uid_t uid)
{
	if (who == ROOT_WITHOUT)
		drop_admin();
	else if (who != ROOT && (setresgid(uid, uid, uid) || setresuid(uid, uid, uid)))
		ktap_die("setresuid");
}

/* The argument of a call that anybody who may call it can make. */
static int try(int fd, unsigned long cmd)
{
	union {
		__u32 version;
		struct mclicfs_ioc_key key;
		struct mclicfs_ioc_revocations revocations;
		struct mclicfs_ioc_put biggest;
	} arg;

	memset(&arg, 0, sizeof(arg));
	arg.version = MCLICFS_IOC_VERSION;
	if (cmd == MCLICFS_IOC_ADD_KEY)
		arg.key.serial = 0x7ffffffe;
	if (cmd == MCLICFS_IOC_SET_REVOCATIONS) {
		arg.revocations.list = (__u64)(uintptr_t)list;
		arg.revocations.len = (__u32)list_len;
	}
	return call(fd, cmd, &arg);
}

static int as(enum who who, uid_t uid, int fd, unsigned long cmd)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		ktap_die("fork");
	if (!child) {
		become(who, uid);
		_exit(try(fd, cmd));
	}
	if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
		ktap_die("the child");
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	uid_t uids[WHO_COUNT] = { 0 };
	size_t i, who;
	int fd;

	if (argc != 5)
		return 2;
	uids[OWNER] = (uid_t)atoi(argv[2]);
	uids[OTHER] = (uid_t)atoi(argv[3]);
	if (mclic_read_file(AT_FDCWD, argv[4], 1 << 20, &list, &list_len))
		ktap_die(argv[4]);
	ktap_start();
	fd = open_mount(argv[1]);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (who = 0; who < WHO_COUNT; who++)
			ktap_errno(as((enum who)who, uids[who], fd, rows[i].cmd),
				   rows[i].want[who], "%s by %s", rows[i].name, names[who]);
	close(fd);
	free(list);
	return ktap_end();
}
