// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * abi MOUNT FILE... - the ioctls as an interface: versions, reserved bytes, pointers,
 * unknown commands, and a 32-bit caller. MOUNT has an area with an emulated id and at
 * least two licences; each FILE is a file or directory of it that may be opened.
 */
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <linux/keyctl.h>

#include "ktap.h"
#include "layout.h"

#define IA32_IOCTL	54	/* of the 32-bit system call table */

/* A range of bytes that must be zero. */
struct range {
	size_t at, len;
};

#define RESERVED(type, member)	\
	{ offsetof(struct type, member), sizeof(((struct type *)0)->member) }

static const struct command {
	const char *name;
	unsigned long cmd;
	struct range reserved[3];
} commands[] = {
	{ "GET_MEDIUM", MCLICFS_IOC_GET_MEDIUM,
	  { RESERVED(mclicfs_ioc_medium, reserved), RESERVED(mclicfs_ioc_medium, reserved1) } },
	{ "LIST_LICENCES", MCLICFS_IOC_LIST_LICENCES,
	  { RESERVED(mclicfs_ioc_list, reserved), RESERVED(mclicfs_ioc_list, reserved1) } },
	{ "PUT_LICENCE", MCLICFS_IOC_PUT_LICENCE, { RESERVED(mclicfs_ioc_put, reserved) } },
	{ "REMOVE_LICENCE", MCLICFS_IOC_REMOVE_LICENCE,
	  { RESERVED(mclicfs_ioc_remove, reserved) } },
	{ "ADD_KEY", MCLICFS_IOC_ADD_KEY,
	  { RESERVED(mclicfs_ioc_key, reserved), RESERVED(mclicfs_ioc_key, reserved1),
	    RESERVED(mclicfs_ioc_key, busy) } },
	{ "REMOVE_KEY", MCLICFS_IOC_REMOVE_KEY,
	  { RESERVED(mclicfs_ioc_key, reserved), RESERVED(mclicfs_ioc_key, reserved1) } },
	{ "SET_REVOCATIONS", MCLICFS_IOC_SET_REVOCATIONS,
	  { RESERVED(mclicfs_ioc_revocations, reserved) } },
	{ "GET_STATS", MCLICFS_IOC_GET_STATS,
	  { RESERVED(mclicfs_ioc_stats, reserved), RESERVED(mclicfs_ioc_stats, reserved1) } },
};

/* A page below 4 GiB with nothing behind it. */
static __u8 *page;
static size_t page_size;

static void make_page(void)
{
	page_size = (size_t)sysconf(_SC_PAGESIZE);
	page = mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (page == MAP_FAILED || munmap(page + page_size, page_size))
		ktap_die("mmap");
}

static void *fresh(void)
{
	static const __u32 version = MCLICFS_IOC_VERSION;

	memset(page, 0, page_size);
	memcpy(page, &version, sizeof(version));
	return page;
}

static void versions(int fd, const struct command *c)
{
	static const __u32 wrong[] = { 0, 2, 0x01000000, 0xffffffff };
	size_t i, refused = 0;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memcpy(fresh(), &wrong[i], sizeof(wrong[i]));
		refused += call(fd, c->cmd, page) == EINVAL;
	}
	ktap_ok(refused == i, "%s refuses every other version", c->name);
}

/* Of each range every byte, because a check of words may miss some. */
static void reserved(int fd, const struct command *c)
{
	size_t i, r, bytes = 0, refused = 0;

	for (r = 0; r < 3 && c->reserved[r].len; r++) {
		for (i = 0; i < c->reserved[r].len; i++) {
			fresh();
			/* A good argument but for this. */
			if (c->cmd == MCLICFS_IOC_ADD_KEY || c->cmd == MCLICFS_IOC_REMOVE_KEY)
				((struct mclicfs_ioc_key *)page)->serial = 0x7fffffff;
			page[c->reserved[r].at + i] = 1;
			bytes++;
			refused += call(fd, c->cmd, page) == EINVAL;
		}
	}
	ktap_ok(bytes && refused == bytes, "%s refuses each of %zu reserved bytes", c->name, bytes);
}

static void pointers(int fd, const struct command *c)
{
	__u8 *end = page + page_size;

	ktap_errno(call(fd, c->cmd, NULL), EFAULT, "%s of no address", c->name);
	ktap_errno(call(fd, c->cmd, (void *)(uintptr_t)0xffffffff81000000u), EFAULT,
		   "%s of a kernel address", c->name);
	memset(page, 0, page_size);
	end[-8] = MCLICFS_IOC_VERSION;
	ktap_errno(call(fd, c->cmd, end - 8), EFAULT, "%s of half a structure", c->name);
}

static void unknown(int fd, const struct command *c)
{
	unsigned int dir = _IOC_DIR(c->cmd), nr = _IOC_NR(c->cmd), size = _IOC_SIZE(c->cmd);

	ktap_errno(call(fd, _IOC(dir, MCLICFS_IOC_MAGIC, nr, size + 8), fresh()), ENOTTY,
		   "%s of another size", c->name);
	ktap_errno(call(fd, _IOC(_IOC_NONE, MCLICFS_IOC_MAGIC, nr, size), fresh()), ENOTTY,
		   "%s of another direction", c->name);
}

static void every_file(char **files)
{
	int fd;

	for (; *files; files++) {
		fd = open(*files, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			ktap_die(*files);
		ktap_errno(call(fd, MCLICFS_IOC_GET_STATS, fresh()), 0, "GET_STATS on %s", *files);
		ktap_errno(call(fd, MCLICFS_IOC_GET_MEDIUM, fresh()), 0, "GET_MEDIUM on %s",
			   *files);
		close(fd);
	}
}

/* ---- each for itself ---- */

static void medium(int fd)
{
	struct mclicfs_ioc_medium *m = fresh(), first;

	memset(m->mid, 0xff, sizeof(m->mid) + sizeof(m->area_id) + sizeof(m->raw));
	ktap_errno(call(fd, MCLICFS_IOC_GET_MEDIUM, m), 0, "GET_MEDIUM over what was there");
	first = *m;
	ktap_ok(first.kind == MCLIC_MEDIUM_EMULATED && !first.medium_class && !first.names_drive &&
		first.raw_len == MCLIC_ID_SIZE && first.slots == MCLIC_AREA_SLOTS &&
		mclic_is_zero(first.raw + first.raw_len, sizeof(first.raw) - first.raw_len),
		"GET_MEDIUM tells of the emulated id");
	m = fresh();
	m->kind = MCLIC_MEDIUM_EMULATED;
	ktap_errno(call(fd, MCLICFS_IOC_GET_MEDIUM, m), 0, "GET_MEDIUM of that kind");
	ktap_ok(!memcmp(m, &first, sizeof(first)), "... tells the same");
	m = fresh();
	m->kind = MCLIC_MEDIUM_SD;
	ktap_errno(call(fd, MCLICFS_IOC_GET_MEDIUM, m), ENODEV, "GET_MEDIUM of another kind");
	m = fresh();
	m->kind = 255;
	ktap_errno(call(fd, MCLICFS_IOC_GET_MEDIUM, m), ENODEV, "GET_MEDIUM of no kind");
}

static void one_by_one(int fd, const struct mclicfs_ioc_licence *all, unsigned int n)
{
	struct mclicfs_ioc_licence one;
	struct mclicfs_ioc_list *list;
	unsigned int i = 0, same = 0;
	__u32 next = 0;

	do {
		list = fresh();
		list->count = 1;
		list->next = next;
		list->licences = (__u64)(uintptr_t)&one;
		if (call(fd, MCLICFS_IOC_LIST_LICENCES, list))
			break;
		next = list->next;
		if (list->count && i < n)
			same += !memcmp(&one, &all[i++], sizeof(one));
	} while (next);
	ktap_ok(n >= 2 && i == n && same == n, "LIST_LICENCES one by one tells the same");
}

static void licences(int fd)
{
	static struct mclicfs_ioc_licence all[MCLIC_AREA_SLOTS];
	struct mclicfs_ioc_list *list = fresh();
	unsigned int n = list_all(fd, all, MCLIC_AREA_SLOTS);

	ktap_ok(n >= 2, "LIST_LICENCES lists them");
	one_by_one(fd, all, n);
	ktap_errno(call(fd, MCLICFS_IOC_LIST_LICENCES, list), 0, "LIST_LICENCES without room");
	ktap_ok(!list->count && list->next == 1, "... goes on with the first");
	list = fresh();
	list->count = 1;
	list->next = 0xffffffff;
	ktap_errno(call(fd, MCLICFS_IOC_LIST_LICENCES, list), 0, "LIST_LICENCES behind the last");
	ktap_ok(!list->count && !list->next, "... lists none");
	list = fresh();
	list->count = 1;
	ktap_errno(call(fd, MCLICFS_IOC_LIST_LICENCES, list), EFAULT, "LIST_LICENCES to nowhere");
	list = fresh();
	list->count = 0xffffffff;
	list->licences = (__u64)(uintptr_t)(page + page_size - sizeof(all[0]));
	ktap_errno(call(fd, MCLICFS_IOC_LIST_LICENCES, list), EFAULT,
		   "LIST_LICENCES to less room than it was told");
}

static void slots(int fd)
{
	static const __u32 none[] = { 0, MCLIC_AREA_SLOTS - 1, MCLIC_AREA_SLOTS, 0xffffffff };
	static struct mclicfs_ioc_licence all[MCLIC_AREA_SLOTS];
	unsigned int n = list_all(fd, all, MCLIC_AREA_SLOTS);
	struct mclicfs_ioc_remove *r;
	size_t i;

	ktap_errno(call(fd, MCLICFS_IOC_PUT_LICENCE, fresh()), EBADMSG, "PUT_LICENCE of zeroes");
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		r = fresh();
		r->slot = none[i];
		ktap_errno(call(fd, MCLICFS_IOC_REMOVE_LICENCE, r), EINVAL,
			   "REMOVE_LICENCE of slot %u", none[i]);
	}
	r = fresh();
	r->slot = MCLIC_AREA_SLOTS - 2;
	ktap_errno(call(fd, MCLICFS_IOC_REMOVE_LICENCE, r), ENOENT,
		   "REMOVE_LICENCE of a free slot");
	r = fresh();
	r->slot = all[0].slot;
	ktap_errno(call(fd, MCLICFS_IOC_REMOVE_LICENCE, r), ENOENT,
		   "REMOVE_LICENCE without saying which");
	memset(r->licence_id, 0x5a, sizeof(r->licence_id));
	ktap_errno(call(fd, MCLICFS_IOC_REMOVE_LICENCE, r), ENOENT,
		   "REMOVE_LICENCE of another licence");
	ktap_is(list_all(fd, all, MCLIC_AREA_SLOTS), n, "no licence was removed");
}

static int key(const char *type, const char *name, size_t len)
{
	static const __u8 payload[64];
	long serial = syscall(SYS_add_key, type, name, payload, len, KEY_SPEC_PROCESS_KEYRING);

	if (serial < 0)
		ktap_die("add_key");
	return (int)serial;
}

static int key_call(int fd, unsigned long cmd, int serial)
{
	struct mclicfs_ioc_key *k = fresh();

	k->serial = serial;
	return call(fd, cmd, k);
}

static void keys(int fd)
{
	static const char name[] = "mclic:0123456789abcdef0123456789abcdef:7";
	int good, revoked;

	ktap_errno(key_call(fd, MCLICFS_IOC_ADD_KEY, 0), EINVAL, "ADD_KEY of no key");
	ktap_errno(key_call(fd, MCLICFS_IOC_ADD_KEY, -4), EINVAL, "ADD_KEY of a special keyring");
	ktap_errno(key_call(fd, MCLICFS_IOC_REMOVE_KEY, -4), EINVAL,
		   "REMOVE_KEY of a special keyring");
	ktap_errno(key_call(fd, MCLICFS_IOC_ADD_KEY, 0x7ffffffe), ENOKEY,
		   "ADD_KEY of a key there is not");
	ktap_errno(key_call(fd, MCLICFS_IOC_REMOVE_KEY, 0x7ffffffe), ENOKEY,
		   "REMOVE_KEY of a key there is not");
	ktap_errno(key_call(fd, MCLICFS_IOC_ADD_KEY, key("user", name, 32)), EINVAL,
		   "ADD_KEY of a key that can be read");
	ktap_errno(key_call(fd, MCLICFS_IOC_ADD_KEY, key("logon", "other:1", 32)), EINVAL,
		   "ADD_KEY of a key that is not ours");
	ktap_errno(key_call(fd, MCLICFS_IOC_ADD_KEY, key("logon", "mclic:short", 31)), ENOKEY,
		   "ADD_KEY of 31 bytes");
	ktap_errno(key_call(fd, MCLICFS_IOC_ADD_KEY, key("logon", "mclic:long", 33)), ENOKEY,
		   "ADD_KEY of 33 bytes");
	good = key("logon", name, 32);
	ktap_errno(key_call(fd, MCLICFS_IOC_ADD_KEY, good), 0, "ADD_KEY");
	ktap_errno(key_call(fd, MCLICFS_IOC_ADD_KEY, good), 0, "ADD_KEY again");
	revoked = key("logon", "mclic:revoked", 32);
	if (syscall(SYS_keyctl, KEYCTL_REVOKE, revoked))
		ktap_die("revoke");
	ktap_errno(key_call(fd, MCLICFS_IOC_ADD_KEY, revoked), EKEYREVOKED, "ADD_KEY, revoked");
	syscall(SYS_keyctl, KEYCTL_UNLINK, good, KEY_SPEC_PROCESS_KEYRING);
	ktap_errno(key_call(fd, MCLICFS_IOC_REMOVE_KEY, good), 0,
		   "REMOVE_KEY of a key that no keyring has any more");
	ktap_errno(key_call(fd, MCLICFS_IOC_REMOVE_KEY, good), ENOKEY, "REMOVE_KEY again");
	ktap_errno(key_call(fd, MCLICFS_IOC_REMOVE_KEY, 0), 0, "REMOVE_KEY of every key");
}

static void lists(int fd)
{
	struct mclicfs_ioc_revocations *r = fresh();
	static const __u8 zeros[1024];

	ktap_errno(call(fd, MCLICFS_IOC_SET_REVOCATIONS, r), EBADMSG, "SET_REVOCATIONS of nothing");
	r->len = 0xffffffff;
	r->list = (__u64)(uintptr_t)zeros;
	ktap_errno(call(fd, MCLICFS_IOC_SET_REVOCATIONS, r), EBADMSG, "SET_REVOCATIONS of 4 GiB");
	r->len = sizeof(zeros);
	ktap_errno(call(fd, MCLICFS_IOC_SET_REVOCATIONS, r), EBADMSG, "SET_REVOCATIONS of zeroes");
	r->list = 0;
	ktap_errno(call(fd, MCLICFS_IOC_SET_REVOCATIONS, r), EFAULT, "SET_REVOCATIONS of nowhere");
	r->list = (__u64)(uintptr_t)(page + page_size - 8);
	ktap_errno(call(fd, MCLICFS_IOC_SET_REVOCATIONS, r), EFAULT,
		   "SET_REVOCATIONS of less than it was told");
}

/* ---- a 32-bit caller ---- */

#ifdef __x86_64__
static int call32(int fd, unsigned long cmd, void *arg)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret)
			 : "a"(IA32_IOCTL), "b"(fd), "c"(cmd), "d"(arg)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)-ret;
}

static void thirty_two_bits(int fd)
{
	struct mclicfs_ioc_licence *to = (void *)(page + page_size - sizeof(*to));
	struct mclicfs_ioc_medium *m = fresh(), native;
	struct mclicfs_ioc_list *list;
	size_t i;

	ktap_errno(call(fd, MCLICFS_IOC_GET_MEDIUM, m), 0, "GET_MEDIUM");
	native = *m;
	ktap_errno(call32(fd, MCLICFS_IOC_GET_MEDIUM, fresh()), 0, "GET_MEDIUM, 32 bits");
	ktap_ok(!memcmp(page, &native, sizeof(native)), "... tells the same");
	list = fresh();
	list->count = 1;
	list->licences = (__u64)(uintptr_t)to;
	ktap_errno(call32(fd, MCLICFS_IOC_LIST_LICENCES, list), 0, "LIST_LICENCES, 32 bits");
	ktap_ok(list->count == 1 && to->slot && to->valid && to->why[0], "... tells of a licence");
	ktap_errno(call32(fd, MCLICFS_IOC_PUT_LICENCE, fresh()), EBADMSG, "PUT_LICENCE, 32 bits");
	ktap_errno(call32(fd, MCLICFS_IOC_REMOVE_LICENCE, fresh()), EINVAL,
		   "REMOVE_LICENCE, 32 bits");
	ktap_errno(call32(fd, MCLICFS_IOC_REMOVE_KEY, fresh()), 0, "REMOVE_KEY, 32 bits");
	ktap_errno(call32(fd, MCLICFS_IOC_SET_REVOCATIONS, fresh()), EBADMSG,
		   "SET_REVOCATIONS, 32 bits");
	ktap_errno(call32(fd, MCLICFS_IOC_GET_STATS, fresh()), 0, "GET_STATS, 32 bits");
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		memset(page, 0, page_size);
		ktap_errno(call32(fd, commands[i].cmd, page), EINVAL, "%s, 32 bits, version 0",
			   commands[i].name);
		ktap_errno(call32(fd, commands[i].cmd, NULL), EFAULT, "%s, 32 bits, no address",
			   commands[i].name);
	}
	ktap_errno(call32(fd, _IO(MCLICFS_IOC_MAGIC, 99), fresh()), ENOTTY, "number 99, 32 bits");
}
#else
static void thirty_two_bits(int fd)
{
	(void)fd;
}
#endif

int main(int argc, char **argv)
{
	size_t i;
	int fd;

	if (argc < 3)
		return 2;
	ktap_start();
	fd = open_mount(argv[1]);
	make_page();
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		versions(fd, &commands[i]);
		reserved(fd, &commands[i]);
		pointers(fd, &commands[i]);
		unknown(fd, &commands[i]);
	}
	ktap_errno(call(fd, _IO(MCLICFS_IOC_MAGIC, 0), fresh()), ENOTTY, "number 0");
	ktap_errno(call(fd, _IO(MCLICFS_IOC_MAGIC, 9), fresh()), ENOTTY, "number 9");
	every_file(argv + 2);
	medium(fd);
	licences(fd);
	slots(fd);
	keys(fd);
	lists(fd);
	thirty_two_bits(fd);
	close(fd);
	return ktap_end();
}
