// SPDX-License-Identifier: GPL-2.0-or-later
/* Center certificates in the module's keyring, where the kernel checks signatures with them. */
#include <errno.h>
#include <keyutils.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "kernel.h"
#include "trust.h"

#define NAME_SIZE	(sizeof("mclic center ") + 2 * MCLIC_ID_SIZE)

static const char *center_name(const __u8 *center_id, char name[NAME_SIZE])
{
	char hex[2 * MCLIC_ID_SIZE + 1];

	snprintf(name, NAME_SIZE, "mclic center %s", mclic_hex(center_id, MCLIC_ID_SIZE, hex));
	return name;
}

__s32 mclic_keyring_centers(void)
{
	__s32 ring = find_key_by_type_and_desc("keyring", MCLICFS_KEYRING, 0);

	if (ring <= 0)
		return mclic_fail(ENOKEY, "the kernel has no keyring %s: the module mclicfs is not loaded",
				  MCLICFS_KEYRING);
	return ring;
}

static bool is_called(__s32 serial, const char *name)
{
	MCLIC_AUTO_FREE char *has = mclic_key_name(serial, "asymmetric");

	return has && !strcmp(has, name);
}

/*
 * Serial number of a center's certificate in @ring, or 0. The kernel would not search it for
 * us: nobody possesses the keyring, and so what is in it.
 */
static __s32 find(__s32 ring, const __u8 *center_id)
{
	char name[NAME_SIZE];
	__s32 *keys, found = 0;
	long i, len = keyctl_read_alloc(ring, (void **)&keys);

	if (len < 0)
		return 0;
	center_name(center_id, name);
	for (i = 0; !found && i < len / (long)sizeof(*keys); i++)
		if (is_called(keys[i], name))
			found = keys[i];
	free(keys);
	return found;
}

static int add(__s32 ring, const struct mclic_center *c)
{
	unsigned char *der = NULL;
	char name[NAME_SIZE];
	int len = i2d_X509(c->cert, &der), err = 0;

	if (len < 0) {
		ERR_clear_error();
		return mclic_fail(ENOMEM, "not enough memory");
	}
	if (add_key("asymmetric", center_name(c->id, name), der, (size_t)len, ring) < 0)
		err = mclic_fail(errno, "%s: the kernel does not take this certificate: %s", c->path,
				 strerror(errno));
	OPENSSL_free(der);
	return err;
}

static void pass_over(const struct mclic_center *c)
{
	mclic_warn("%s: only one user trusts this center, and the kernel's mclicfs is everybody's; as root: mclic trust add --system %s",
		   c->path, c->path);
}

int mclic_keyring_trust(struct mclic_trust *t, bool own)
{
	const struct mclic_trust_state *s;
	__s32 ring = mclic_keyring_centers();
	int err = 0;
	size_t i;

	if (ring < 0)
		return ring;
	pthread_rwlock_rdlock(&t->lock);
	s = t->state;
	for (i = 0; !err && i < s->center_count; i++) {
		/* Another certificate of the same key has the same IDc, and does the same. */
		if (find(ring, s->centers[i].id))
			continue;
		if (own || i < s->system_count)
			err = add(ring, &s->centers[i]);
		else
			pass_over(&s->centers[i]);
	}
	pthread_rwlock_unlock(&t->lock);
	return err;
}

int mclic_keyring_distrust(struct mclic_trust *t, const __u8 center_id[MCLIC_ID_SIZE])
{
	__s32 ring = mclic_keyring_centers(), serial;
	bool trusted;

	if (ring < 0)
		return ring;
	pthread_rwlock_rdlock(&t->lock);
	trusted = mclic_center_find(t->state, center_id);
	pthread_rwlock_unlock(&t->lock);
	serial = find(ring, center_id);
	if (trusted || !serial)
		return 1;
	if (keyctl_unlink(serial, ring))
		return mclic_fail(errno, "the certificate cannot be taken out of the kernel's keyring %s: %s",
				  MCLICFS_KEYRING, strerror(errno));
	return 0;
}

bool mclic_keyring_trusts(const __u8 center_id[MCLIC_ID_SIZE])
{
	__s32 ring = mclic_keyring_centers();

	return ring > 0 && find(ring, center_id);
}
