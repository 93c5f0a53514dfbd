// SPDX-License-Identifier: GPL-2.0-only
/* The newest revocation list of each center. */
#include <linux/mm.h>
#include <linux/slab.h>

#include "mclicfs.h"

#define LIST_MAX	(sizeof(struct mclic_revocation) + MCLIC_SIG_MAX + \
			 MCLIC_REVOCATION_MAX * sizeof(struct mclic_revocation_entry))

/**
 * struct mclicfs_revocations - a list, judged and its signature checked
 * @next: of another center
 * @len: of its bytes
 * @list: head; entries and signature follow
 */
struct mclicfs_revocations {
	struct mclicfs_revocations *next;
	size_t len;
	struct mclic_revocation list;
};

static struct mclicfs_revocations *list_copy(const void __user *list, size_t len)
{
	struct mclicfs_revocations *r;

	r = kvmalloc(offsetof(struct mclicfs_revocations, list) + len, GFP_KERNEL_ACCOUNT);
	if (!r)
		return ERR_PTR(-ENOMEM);
	r->len = len;
	if (copy_from_user(&r->list, list, len)) {
		kvfree(r);
		return ERR_PTR(-EFAULT);
	}
	return r;
}

static int list_check(const struct mclicfs_revocations *r)
{
	size_t sig, sig_len;
	enum mclic_why why = mclic_revocation_check(&r->list, r->len, &sig, &sig_len);
	const struct mclic_vec v[] = {
		{ MCLIC_LABEL_REVOCATION, sizeof(MCLIC_LABEL_REVOCATION) - 1 },
		{ &r->list, sig },
	};

	if (why)
		return mclic_errno(why);
	return mclicfs_signature_check(r->list.center_id, v, ARRAY_SIZE(v),
				       (const u8 *)&r->list + sig, sig_len);
}

static bool same_center(const struct mclicfs_revocations *r, const u8 center_id[MCLIC_ID_SIZE])
{
	return !memcmp(r->list.center_id, center_id, MCLIC_ID_SIZE);
}

/* Where the list of a center stands, or where it is to be put; world is held. */
static struct mclicfs_revocations **place_of(struct mclicfs_fs *fs,
					     const u8 center_id[MCLIC_ID_SIZE])
{
	struct mclicfs_revocations **at = &fs->revocations;

	while (*at && !same_center(*at, center_id))
		at = &(*at)->next;
	return at;
}

/* Put a list in the place of an older one; what is left over is in *@r afterwards. */
static int list_use(struct mclicfs_fs *fs, struct mclicfs_revocations **r)
{
	struct mclicfs_revocations *new = *r, **at = place_of(fs, new->list.center_id);
	struct mclicfs_revocations *old = *at;

	if (old && old->len == new->len && !memcmp(&old->list, &new->list, new->len))
		return 0;
	if (old && mclic_get64(new->list.number) <= mclic_get64(old->list.number))
		return -ESTALE;
	new->next = old ? old->next : NULL;
	*at = new;
	*r = old;
	fs->generation++;
	return 0;
}

int mclicfs_revocations_set(struct mclicfs_fs *fs, const void __user *list, size_t len)
{
	struct mclicfs_revocations *r;
	int err;

	if (len < sizeof(struct mclic_revocation) || len > LIST_MAX)
		return -EBADMSG;
	r = list_copy(list, len);
	if (IS_ERR(r))
		return PTR_ERR(r);
	err = list_check(r);
	if (!err) {
		down_write(&fs->world);
		err = list_use(fs, &r);
		up_write(&fs->world);
	}
	kvfree(r);
	return err;
}

int mclicfs_revocations_find(struct mclicfs_fs *fs, const u8 center_id[MCLIC_ID_SIZE],
			     const u8 licence_id[MCLIC_ID_SIZE], u32 *lowest_good,
			     u64 *issued_at)
{
	const struct mclicfs_revocations *r = *place_of(fs, center_id);

	if (!r)
		return 0;
	*lowest_good = mclic_revocation_find(&r->list, licence_id);
	*issued_at = mclic_get64(r->list.issued_at);
	return 1;
}

void mclicfs_revocations_free(struct mclicfs_fs *fs)
{
	struct mclicfs_revocations *r;

	while ((r = fs->revocations)) {
		fs->revocations = r->next;
		kvfree(r);
	}
}
