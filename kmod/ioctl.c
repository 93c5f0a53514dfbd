// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctls on any file or directory of the mount; Documentation/mclicfs.rst has their errors.
 *
 * The owner of the medium's root directory and CAP_SYS_ADMIN may use them. Revocation
 * lists are for CAP_SYS_ADMIN alone, because they count for every user of the mount;
 * GET_STATS is for everybody who can open a file. GET_MEDIUM is not, although sysfs is:
 * what it tells is all that stands between a reader of the area and a portable licence.
 */
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "mclicfs.h"

#define LOCK_PATIENCE	(30 * HZ)	/* for other writers, as in user space */
#define LOCK_PAUSE	msecs_to_jiffies(5)

/* ---- the medium ---- */

static int get_medium(struct mclicfs_fs *fs, void *p)
{
	struct mclic_medium *m = kmalloc(sizeof(*m), GFP_KERNEL);
	struct mclicfs_ioc_medium *arg = p;
	bool area;
	int err;

	BUILD_BUG_ON(MCLICFS_RAW_SIZE != MCLIC_RAW_MAX);
	if (!m)
		return -ENOMEM;
	*arg = (struct mclicfs_ioc_medium){ .version = arg->version, .kind = arg->kind };
	mclicfs_area_refresh(fs);
	down_read(&fs->world);
	area = fs->area;
	if (area) {
		arg->slots = mclicfs_area_slots(fs->area);
		memcpy(arg->area_id, mclicfs_area_header(fs->area)->area_id, sizeof(arg->area_id));
	}
	err = mclicfs_medium_read(fs, arg->kind, m);
	up_read(&fs->world);
	if (err)
		goto out;
	arg->kind = m->kind;
	arg->medium_class = m->medium_class;
	arg->names_drive = m->names_drive;
	arg->raw_len = m->raw_len;
	memcpy(arg->raw, m->raw, sizeof(arg->raw));
	/* Without an area there is no area id, and so no MID where that is part of it. */
	if (area || !m->names_drive)
		memcpy(arg->mid, m->mid, sizeof(arg->mid));
out:
	kfree(m);
	return err;
}

/* ---- licences ---- */

/* What LIST_LICENCES works on. */
struct listing {
	struct mclicfs_ioc_licence licence;
	struct mclic_slot slot;
};

/*
 * Judge slot @index: 1 if there is something to tell, 0 if it is free, -ENOENT if the area
 * ends before it.
 */
static int list_slot(struct mclicfs_fs *fs, u32 index, struct listing *l)
{
	const struct cred *old = mclicfs_become(fs->sb);
	enum mclic_why why = MCLIC_CRYPTO_FAILED;
	int ret = -ENOENT, err;

	memset(&l->licence, 0, sizeof(l->licence));
	down_read(&fs->world);
	if (!fs->area || index + 1 >= mclicfs_area_slots(fs->area))
		goto out;
	err = mclicfs_area_read(fs->area, index, &l->slot);
	if (!err)
		why = mclic_slot_check(&mclicfs_crypto, &l->slot);
	if (!why) {
		l->licence.valid = 1;
		memcpy(l->licence.terms, &l->slot.terms, sizeof(l->licence.terms));
		why = mclicfs_verdict_slot(fs, &l->slot);
	}
	l->licence.slot = index;
	l->licence.error = err ? -err : -mclic_errno(why);
	strscpy(l->licence.why, mclic_why_name(why), sizeof(l->licence.why));
	ret = why != MCLIC_FREE;
out:
	up_read(&fs->world);
	revert_creds(old);
	return ret;
}

static int list_licences(struct mclicfs_fs *fs, void *p)
{
	struct mclicfs_ioc_list *arg = p;
	struct mclicfs_ioc_licence __user *to = u64_to_user_ptr(arg->licences);
	u32 room = arg->count, index = max(arg->next, 1U);
	struct listing *l = kzalloc(sizeof(*l), GFP_KERNEL);
	int ret = 0;

	if (!l)
		return -ENOMEM;
	mclicfs_area_refresh(fs);
	for (arg->count = 0; arg->count < room; index++) {
		ret = index < MCLIC_AREA_SLOTS ? list_slot(fs, index, l) : -ENOENT;
		if (ret < 0)
			break;
		if (!ret)
			continue;
		ret = -EFAULT;
		if (copy_to_user(&to[arg->count], &l->licence, sizeof(l->licence)))
			break;
		arg->count++;
		ret = -EINTR;
		if (fatal_signal_pending(current))
			break;
		ret = 0;
	}
	kfree(l);
	arg->next = ret == -ENOENT ? 0 : index;
	return ret == -ENOENT ? 0 : ret;
}

static int area_try(struct mclicfs_fs *fs)
{
	int err;

	mclicfs_area_refresh(fs);
	down_read(&fs->world);
	err = fs->area ? mclicfs_area_write_start(fs) : -ENOENT;
	if (err)
		up_read(&fs->world);
	return err;
}

/*
 * The area for writing; undo with area_unlock(). No area: -ENOENT. A read-only lower file
 * system: -EROFS.
 *
 * Writers hold its lock for the time of some flushes. Whoever may read the area can lock it
 * too, and for ever: so there is an end to the patience, and nobody else waits for it.
 */
static int area_lock(struct mclicfs_fs *fs)
{
	unsigned long end = jiffies + LOCK_PATIENCE;
	int err;

	if (mutex_lock_interruptible(&fs->put))
		return -EINTR;
	for (;;) {
		err = area_try(fs);
		if (err != -EAGAIN)
			break;
		err = -EBUSY;
		if (time_after(jiffies, end))
			break;
		schedule_timeout_interruptible(LOCK_PAUSE);
		err = -EINTR;
		if (signal_pending(current))
			break;
	}
	if (err)
		mutex_unlock(&fs->put);
	return err;
}

static void area_unlock(struct mclicfs_fs *fs)
{
	mclicfs_area_write_end(fs);
	up_read(&fs->world);
	mutex_unlock(&fs->put);
}

static int put_read_back(void *ctx, u32 index, struct mclic_slot *slot)
{
	struct mclicfs_fs *fs = ctx;

	return mclicfs_area_read_back(fs->area, index, slot);
}

static int put_write(void *ctx, u32 index, const struct mclic_slot *slot)
{
	struct mclicfs_fs *fs = ctx;

	return mclicfs_area_write(fs->area, index, slot);
}

static enum mclic_why put_check(void *ctx, const struct mclic_slot *slot)
{
	return mclicfs_verdict_slot(ctx, slot);
}

/* What PUT_LICENCE works on. */
struct putting {
	struct work_struct work;
	struct mclicfs_fs *fs;
	struct mclic_slot slot;
	struct mclic_put put;
	int err;
};

static void put_work(struct work_struct *work)
{
	struct putting *k = container_of(work, struct putting, work);
	const struct mclic_put_io io = {
		.ctx = k->fs,
		.read_back = put_read_back,
		.write = put_write,
		.check = put_check,
	};
	const struct cred *old = mclicfs_become(k->fs->sb);

	k->err = mclic_licence_put(&mclicfs_crypto, &io, mclicfs_area_slots(k->fs->area),
				   &k->slot, &k->put);
	revert_creds(old);
}

static void put_report(struct mclicfs_fs *fs, const struct mclic_put *p)
{
	if (p->left)
		mclicfs_msg(fs->sb, NULL,
			    "slot %u holds a licence that did not pass, and cannot be emptied",
			    p->index);
	else if (p->kept)
		mclicfs_msg(fs->sb, NULL,
			    "the licence in slot %u is in force, but what it replaces is still there",
			    p->index);
}

static int put_licence(struct mclicfs_fs *fs, void *p)
{
	struct putting *k = kzalloc(sizeof(*k), GFP_KERNEL);
	struct mclicfs_ioc_put *arg = p;
	int err;

	if (!k)
		return -ENOMEM;
	memcpy(&k->slot.carried, arg->licence, sizeof(arg->licence));
	mclic_slot_finish(&mclicfs_crypto, &k->slot);
	err = area_lock(fs);
	if (err)
		goto out;
	/* By a thread that cannot be killed: no write succeeds after that, and S6 undoes one. */
	k->fs = fs;
	INIT_WORK(&k->work, put_work);
	queue_work(system_unbound_wq, &k->work);
	flush_work(&k->work);
	area_unlock(fs);
	put_report(fs, &k->put);
	arg->slot = k->put.index;
	err = k->err;
out:
	kfree(k);
	return err;
}

/* Empty a slot, if what is in it is what the caller says. */
static int empty_slot(struct mclicfs_fs *fs, const struct mclicfs_ioc_remove *arg)
{
	struct mclic_slot *slot;
	enum mclic_why why;
	int err = -EINVAL;

	if (arg->slot < 1 || arg->slot >= mclicfs_area_slots(fs->area) - 1)
		return -EINVAL;
	slot = kmalloc(sizeof(*slot), GFP_KERNEL);
	if (!slot)
		return -ENOMEM;
	err = mclicfs_area_read_back(fs->area, arg->slot, slot);
	if (err)
		goto out;
	why = mclic_slot_check(&mclicfs_crypto, slot);
	err = -ENOENT;
	if (why == MCLIC_FREE)
		goto out;
	if (why ? !mclic_is_zero(arg->licence_id, MCLIC_ID_SIZE) :
		  memcmp(slot->terms.licence_id, arg->licence_id, MCLIC_ID_SIZE))
		goto out;
	memset(slot, 0, sizeof(*slot));
	err = mclicfs_area_write(fs->area, arg->slot, slot);
out:
	kfree(slot);
	return err;
}

static int remove_licence(struct mclicfs_fs *fs, void *arg)
{
	const struct cred *old = mclicfs_become(fs->sb);
	int err = area_lock(fs);

	if (!err) {
		err = empty_slot(fs, arg);
		area_unlock(fs);
	}
	revert_creds(old);
	return err;
}

/* ---- keys ---- */

/* A key that the caller may search, so that nobody adds the key of somebody else. */
static struct key *callers_key(key_serial_t serial)
{
	key_ref_t ref = lookup_user_key(serial, 0, KEY_NEED_SEARCH);

	return IS_ERR(ref) ? ERR_CAST(ref) : key_ref_to_ptr(ref);
}

static int add_key(struct mclicfs_fs *fs, void *p)
{
	const struct mclicfs_ioc_key *arg = p;
	struct key *key;
	int err;

	if (arg->serial <= 0 || arg->busy)
		return -EINVAL;
	key = callers_key(arg->serial);
	if (IS_ERR(key))
		return PTR_ERR(key);
	err = mclicfs_key_add(fs, key);
	key_put(key);
	return err;
}

static int remove_one(struct mclicfs_fs *fs, key_serial_t serial, u32 *busy)
{
	struct key *key = mclicfs_key_take(fs, serial);

	/* Not of the mount: one that was found in its mounter's keyrings, perhaps. */
	if (IS_ERR(key))
		key = callers_key(serial);
	if (IS_ERR(key))
		return -ENOKEY;
	*busy = mclicfs_verdicts_forget(fs, key);
	key_put(key);
	return 0;
}

static int remove_key(struct mclicfs_fs *fs, void *p)
{
	struct mclicfs_ioc_key *arg = p;

	if (arg->serial < 0)
		return -EINVAL;
	if (arg->serial)
		return remove_one(fs, arg->serial, &arg->busy);
	mclicfs_keys_free(fs);
	arg->busy = mclicfs_verdicts_forget(fs, NULL);
	return 0;
}

/* ---- the rest ---- */

static int set_revocations(struct mclicfs_fs *fs, void *p)
{
	const struct mclicfs_ioc_revocations *arg = p;

	return mclicfs_revocations_set(fs, u64_to_user_ptr(arg->list), arg->len);
}

static int get_stats(struct mclicfs_fs *fs, void *p)
{
	*(struct mclicfs_ioc_stats *)p = (struct mclicfs_ioc_stats){
		.version = MCLICFS_IOC_VERSION,
		.sealed = atomic_read(&fs->stats.sealed),
		.open = atomic_read(&fs->stats.open),
		.verdicts = atomic64_read(&fs->stats.verdicts),
		.verdicts_cached = atomic64_read(&fs->stats.verdicts_cached),
		.verdicts_failed = atomic64_read(&fs->stats.verdicts_failed),
		.blocks = atomic64_read(&fs->stats.blocks),
		.blocks_bad = atomic64_read(&fs->stats.blocks_bad),
		.bytes_read = atomic64_read(&fs->stats.bytes_read),
	};
	return 0;
}

/* ---- all of them ---- */

enum who { ANYBODY, OWNER, ADMIN };

/**
 * struct command - an ioctl
 * @cmd: its number. Its structure begins with the version
 * @reserved: offset from which on the structure is zero
 * @reserved1: offset of a field that is zero, too, which ends at @reserved1_end
 * @reserved1_end: 0 where there is none
 * @who: may call it
 * @medium: it needs the medium that was mounted
 * @run: does it; the structure is written back where @cmd says so
 */
struct command {
	unsigned int cmd;
	u16 reserved;
	u16 reserved1;
	u16 reserved1_end;
	u8 who;
	bool medium;
	int (*run)(struct mclicfs_fs *fs, void *arg);
};

#define RESERVED(type)	.reserved = offsetof(struct type, reserved)
#define RESERVED1(type) \
	RESERVED(type), .reserved1 = offsetof(struct type, reserved1), \
	.reserved1_end = offsetofend(struct type, reserved1)

static const struct command commands[] = {
	{ MCLICFS_IOC_GET_MEDIUM, RESERVED1(mclicfs_ioc_medium), .who = OWNER, .medium = true,
	  .run = get_medium },
	{ MCLICFS_IOC_LIST_LICENCES, RESERVED1(mclicfs_ioc_list), .who = OWNER, .medium = true,
	  .run = list_licences },
	{ MCLICFS_IOC_PUT_LICENCE, RESERVED(mclicfs_ioc_put), .who = OWNER, .medium = true,
	  .run = put_licence },
	{ MCLICFS_IOC_REMOVE_LICENCE, RESERVED(mclicfs_ioc_remove), .who = OWNER, .medium = true,
	  .run = remove_licence },
	{ MCLICFS_IOC_ADD_KEY, RESERVED1(mclicfs_ioc_key), .who = OWNER, .run = add_key },
	{ MCLICFS_IOC_REMOVE_KEY, RESERVED1(mclicfs_ioc_key), .who = OWNER, .run = remove_key },
	{ MCLICFS_IOC_SET_REVOCATIONS, RESERVED(mclicfs_ioc_revocations), .who = ADMIN,
	  .run = set_revocations },
	{ MCLICFS_IOC_GET_STATS, RESERVED1(mclicfs_ioc_stats), .who = ANYBODY, .run = get_stats },
};

static bool may(const struct mclicfs_fs *fs, enum who who)
{
	if (who == ANYBODY)
		return true;
	if (who == OWNER && uid_eq(current_fsuid(), d_inode(fs->lower.dentry)->i_uid))
		return true;
	return capable(CAP_SYS_ADMIN);
}

static int run(struct mclicfs_fs *fs, const struct command *c, u8 *arg)
{
	int err;

	if (*(__u32 *)arg != MCLICFS_IOC_VERSION ||
	    memchr_inv(arg + c->reserved, 0, _IOC_SIZE(c->cmd) - c->reserved) ||
	    memchr_inv(arg + c->reserved1, 0, c->reserved1_end - c->reserved1))
		return -EINVAL;
	if (!may(fs, c->who))
		return -EPERM;
	err = c->medium ? mclicfs_medium_same(fs) : 0;
	return err ? err : c->run(fs, arg);
}

static const struct command *find(unsigned int cmd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].cmd == cmd)
			return &commands[i];
	return NULL;
}

long mclicfs_ioctl(struct file *file, unsigned int cmd, unsigned long address)
{
	void __user *to = (void __user *)address;
	const struct command *c = find(cmd);
	void *arg;
	int err;

	if (!c)
		return -ENOTTY;
	arg = memdup_user(to, _IOC_SIZE(cmd));
	if (IS_ERR(arg))
		return PTR_ERR(arg);
	err = run(mclicfs_fs(file_inode(file)->i_sb), c, arg);
	if (!err && _IOC_DIR(cmd) & _IOC_READ && copy_to_user(to, arg, _IOC_SIZE(cmd)))
		err = -EFAULT;
	kfree(arg);
	return err;
}

#ifdef CONFIG_COMPAT
/* The structures are the same for 32-bit callers. */
long mclicfs_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return mclicfs_ioctl(file, cmd, (unsigned long)compat_ptr(arg));
}
#endif
