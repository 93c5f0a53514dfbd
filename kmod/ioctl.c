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

static bool may(const struct mclicfs_fs *fs)
{
	return uid_eq(current_fsuid(), d_inode(fs->lower.dentry)->i_uid) || capable(CAP_SYS_ADMIN);
}

/* ---- the medium ---- */

static int get_medium(struct mclicfs_fs *fs, struct mclicfs_ioc_medium *arg)
{
	struct mclicfs_medium *m = kmalloc(sizeof(*m), GFP_KERNEL);
	bool area;
	int err;

	if (!m)
		return -ENOMEM;
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

static long ioc_get_medium(struct mclicfs_fs *fs, void __user *to)
{
	struct mclicfs_ioc_medium *arg = memdup_user(to, sizeof(*arg));
	u8 kind;
	int err;

	BUILD_BUG_ON(MCLICFS_RAW_SIZE != MCLIC_RAW_MAX);
	if (IS_ERR(arg))
		return PTR_ERR(arg);
	err = -EINVAL;
	if (arg->version != MCLICFS_IOC_VERSION || arg->reserved1 ||
	    memchr_inv(arg->reserved, 0, sizeof(arg->reserved)))
		goto out;
	err = -EPERM;
	if (!may(fs))
		goto out;
	kind = arg->kind;
	memset(arg, 0, sizeof(*arg));
	arg->version = MCLICFS_IOC_VERSION;
	arg->kind = kind;
	err = mclicfs_medium_same(fs);
	if (!err)
		err = get_medium(fs, arg);
	if (!err && copy_to_user(to, arg, sizeof(*arg)))
		err = -EFAULT;
out:
	kfree(arg);
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

static int list_slots(struct mclicfs_fs *fs, struct mclicfs_ioc_list *arg)
{
	struct mclicfs_ioc_licence __user *to = u64_to_user_ptr(arg->licences);
	u32 room = arg->count, index = max(arg->next, 1U);
	struct listing *l = kzalloc(sizeof(*l), GFP_KERNEL);
	int ret = 0;

	if (!l)
		return -ENOMEM;
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

static long ioc_list(struct mclicfs_fs *fs, void __user *to)
{
	struct mclicfs_ioc_list arg;
	int err;

	if (copy_from_user(&arg, to, sizeof(arg)))
		return -EFAULT;
	if (arg.version != MCLICFS_IOC_VERSION || arg.reserved1 ||
	    memchr_inv(arg.reserved, 0, sizeof(arg.reserved)))
		return -EINVAL;
	if (!may(fs))
		return -EPERM;
	err = mclicfs_medium_same(fs);
	if (err)
		return err;
	mclicfs_area_refresh(fs);
	err = list_slots(fs, &arg);
	if (!err && copy_to_user(to, &arg, sizeof(arg)))
		err = -EFAULT;
	return err;
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
	struct mclicfs_ioc_put arg;
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

static int put_licence(struct mclicfs_fs *fs, struct putting *k)
{
	int err;

	memcpy(&k->slot.carried, k->arg.licence, sizeof(k->arg.licence));
	mclic_slot_finish(&mclicfs_crypto, &k->slot);
	err = area_lock(fs);
	if (err)
		return err;
	/* By a thread that cannot be killed: no write succeeds after that, and S6 undoes one. */
	k->fs = fs;
	INIT_WORK(&k->work, put_work);
	queue_work(system_unbound_wq, &k->work);
	flush_work(&k->work);
	area_unlock(fs);
	if (k->put.left)
		mclicfs_msg(fs->sb, NULL,
			    "slot %u holds a licence that did not pass, and cannot be emptied",
			    k->put.index);
	else if (k->put.kept)
		mclicfs_msg(fs->sb, NULL,
			    "the licence in slot %u is in force, but what it replaces is still there",
			    k->put.index);
	return k->err;
}

static long ioc_put(struct mclicfs_fs *fs, void __user *to)
{
	struct mclicfs_ioc_put __user *out = to;
	struct putting *k = kzalloc(sizeof(*k), GFP_KERNEL);
	int err = -EFAULT;

	if (!k)
		return -ENOMEM;
	if (copy_from_user(&k->arg, to, sizeof(k->arg)))
		goto out;
	err = -EINVAL;
	if (k->arg.version != MCLICFS_IOC_VERSION ||
	    memchr_inv(k->arg.reserved, 0, sizeof(k->arg.reserved)))
		goto out;
	err = -EPERM;
	if (!may(fs))
		goto out;
	err = mclicfs_medium_same(fs);
	if (!err)
		err = put_licence(fs, k);
	if (!err && put_user(k->put.index, &out->slot))
		err = -EFAULT;
out:
	kfree(k);
	return err;
}

/* Empty slot @index, if what is in it is what the caller says. */
static int remove_licence(struct mclicfs_fs *fs, const struct mclicfs_ioc_remove *arg)
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

static long ioc_remove(struct mclicfs_fs *fs, void __user *from)
{
	struct mclicfs_ioc_remove arg;
	const struct cred *old;
	int err;

	if (copy_from_user(&arg, from, sizeof(arg)))
		return -EFAULT;
	if (arg.version != MCLICFS_IOC_VERSION ||
	    memchr_inv(arg.reserved, 0, sizeof(arg.reserved)))
		return -EINVAL;
	if (!may(fs))
		return -EPERM;
	err = mclicfs_medium_same(fs);
	if (err)
		return err;
	old = mclicfs_become(fs->sb);
	err = area_lock(fs);
	if (!err) {
		err = remove_licence(fs, &arg);
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

static int key_arg(struct mclicfs_fs *fs, struct mclicfs_ioc_key *arg, void __user *from)
{
	if (copy_from_user(arg, from, sizeof(*arg)))
		return -EFAULT;
	if (arg->version != MCLICFS_IOC_VERSION || arg->serial < 0 || arg->reserved1 ||
	    memchr_inv(arg->reserved, 0, sizeof(arg->reserved)))
		return -EINVAL;
	return may(fs) ? 0 : -EPERM;
}

static long ioc_add_key(struct mclicfs_fs *fs, void __user *from)
{
	struct mclicfs_ioc_key arg;
	struct key *key;
	int err = key_arg(fs, &arg, from);

	if (!err && (!arg.serial || arg.busy))
		err = -EINVAL;
	if (err)
		return err;
	key = callers_key(arg.serial);
	if (IS_ERR(key))
		return PTR_ERR(key);
	err = mclicfs_key_add(fs, key);
	key_put(key);
	return err;
}

/* The product behind @p on the list, with a reference; that of @p is given back. */
static struct mclicfs_product *next_product(struct mclicfs_fs *fs, struct mclicfs_product *p)
{
	struct mclicfs_product *next;

	spin_lock(&fs->products_lock);
	if (p)
		next = list_next_entry(p, link);
	else
		next = list_first_entry(&fs->products, struct mclicfs_product, link);
	if (list_entry_is_head(next, &fs->products, link))
		next = NULL;
	mclicfs_product_ref(next);
	spin_unlock(&fs->products_lock);
	mclicfs_product_put(p);
	return next;
}

/* Does the verdict on a product rest on @key? NULL: on any, or none */
static bool rests_on(const struct mclicfs_product *p, const struct key *key)
{
	const struct mclic_terms *t;

	if (!key || !p->key)
		return true;
	t = &p->key->slot.terms;
	return t->kind == MCLIC_PERSONAL &&
	       mclicfs_key_is(key, t->user_id, mclic_get32(t->ku_generation));
}

/*
 * Forget the verdicts that rest on @key, and evict what was opened under them: also what
 * is left over from verdicts that were forgotten before. Returns how many files are in use.
 */
static unsigned int forget(struct mclicfs_fs *fs, const struct key *key)
{
	struct mclicfs_product *p = NULL;
	unsigned int busy = 0;
	bool drop;

	while ((p = next_product(fs, p))) {
		mutex_lock(&p->lock);
		drop = rests_on(p, key);
		if (drop && p->key)
			mclicfs_verdict_forget(p);
		mutex_unlock(&p->lock);
		if (drop)
			busy += mclicfs_sealed_evict(p);
	}
	return busy;
}

static int remove_key(struct mclicfs_fs *fs, key_serial_t serial, u32 *busy)
{
	struct key *key = mclicfs_key_take(fs, serial);

	/* Not of the mount: one that was found in its mounter's keyrings, perhaps. */
	if (IS_ERR(key))
		key = callers_key(serial);
	if (IS_ERR(key))
		return -ENOKEY;
	*busy = forget(fs, key);
	key_put(key);
	return 0;
}

static long ioc_remove_key(struct mclicfs_fs *fs, void __user *to)
{
	struct mclicfs_ioc_key arg;
	int err = key_arg(fs, &arg, to);

	if (err)
		return err;
	if (arg.serial) {
		err = remove_key(fs, arg.serial, &arg.busy);
	} else {
		mclicfs_keys_free(fs);
		arg.busy = forget(fs, NULL);
	}
	if (!err && copy_to_user(to, &arg, sizeof(arg)))
		err = -EFAULT;
	return err;
}

/* ---- the rest ---- */

static long ioc_set_revocations(struct mclicfs_fs *fs, void __user *from)
{
	struct mclicfs_ioc_revocations arg;

	if (copy_from_user(&arg, from, sizeof(arg)))
		return -EFAULT;
	if (arg.version != MCLICFS_IOC_VERSION ||
	    memchr_inv(arg.reserved, 0, sizeof(arg.reserved)))
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return mclicfs_revocations_set(fs, u64_to_user_ptr(arg.list), arg.len);
}

static long ioc_get_stats(struct mclicfs_fs *fs, void __user *to)
{
	struct mclicfs_ioc_stats arg;

	if (copy_from_user(&arg, to, sizeof(arg)))
		return -EFAULT;
	if (arg.version != MCLICFS_IOC_VERSION || arg.reserved1 ||
	    memchr_inv(arg.reserved, 0, sizeof(arg.reserved)))
		return -EINVAL;
	arg = (struct mclicfs_ioc_stats){
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
	return copy_to_user(to, &arg, sizeof(arg)) ? -EFAULT : 0;
}

long mclicfs_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct mclicfs_fs *fs = mclicfs_fs(file_inode(file)->i_sb);
	void __user *p = (void __user *)arg;

	switch (cmd) {
	case MCLICFS_IOC_GET_MEDIUM:
		return ioc_get_medium(fs, p);
	case MCLICFS_IOC_LIST_LICENCES:
		return ioc_list(fs, p);
	case MCLICFS_IOC_PUT_LICENCE:
		return ioc_put(fs, p);
	case MCLICFS_IOC_REMOVE_LICENCE:
		return ioc_remove(fs, p);
	case MCLICFS_IOC_ADD_KEY:
		return ioc_add_key(fs, p);
	case MCLICFS_IOC_REMOVE_KEY:
		return ioc_remove_key(fs, p);
	case MCLICFS_IOC_SET_REVOCATIONS:
		return ioc_set_revocations(fs, p);
	case MCLICFS_IOC_GET_STATS:
		return ioc_get_stats(fs, p);
	default:
		return -ENOTTY;
	}
}

#ifdef CONFIG_COMPAT
/* The structures are the same for 32-bit callers. */
long mclicfs_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return mclicfs_ioctl(file, cmd, (unsigned long)compat_ptr(arg));
}
#endif
