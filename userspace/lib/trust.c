// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whom this machine trusts: center certificates, and the newest revocation list of
 * each. Many threads ask; the files are looked at again when they change.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trust.h"

#define LOOK_EVERY_MS	250	/* a look at the folders costs some system calls a file */

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int mclic_trust_load(struct mclic_trust **trust)
{
	struct mclic_trust *t = calloc(1, sizeof(*t));
	int err;

	*trust = NULL;
	if (!t)
		return mclic_fail(ENOMEM, "not enough memory");
	pthread_rwlock_init(&t->lock, NULL);
	pthread_mutex_init(&t->refreshing, NULL);
	t->places.centers[MCLIC_SYSTEM] = strdup(MCLIC_ETC_CENTERS);
	t->places.lists[MCLIC_SYSTEM] = strdup(MCLIC_ETC_REVOCATIONS);
	t->places.centers[MCLIC_USER] = mclic_config_path("centers");
	t->places.lists[MCLIC_USER] = mclic_state_path("revocations");
	if (!t->places.centers[MCLIC_SYSTEM] || !t->places.lists[MCLIC_SYSTEM])
		err = mclic_fail(ENOMEM, "not enough memory");
	else
		err = mclic_trust_state_load(&t->places, &t->state);
	atomic_store(&t->looked, now_ms());
	if (err)
		mclic_trust_free(t);
	else
		*trust = t;
	return err;
}

void mclic_trust_free(struct mclic_trust *t)
{
	int i;

	if (!t)
		return;
	mclic_trust_state_free(t->state);
	for (i = 0; i < MCLIC_PLACES; i++) {
		free(t->places.centers[i]);
		free(t->places.lists[i]);
	}
	pthread_mutex_destroy(&t->refreshing);
	pthread_rwlock_destroy(&t->lock);
	free(t);
}

int mclic_trust_reload(struct mclic_trust *t)
{
	struct mclic_trust_state *fresh = NULL, *old;
	MCLIC_AUTO_FREE char *print = NULL;
	size_t len;
	int err;

	pthread_mutex_lock(&t->refreshing);
	err = mclic_trust_print(&t->places, &print, &len);
	/* Only this function exchanges the state, under @refreshing: no lock to look at it. */
	if (!err && len == t->state->print_len && !memcmp(print, t->state->print, len)) {
		pthread_mutex_unlock(&t->refreshing);
		return 0;
	}
	if (!err)
		err = mclic_trust_state_load(&t->places, &fresh);
	if (!err) {
		pthread_rwlock_wrlock(&t->lock);
		old = t->state;
		t->state = fresh;
		pthread_rwlock_unlock(&t->lock);
		mclic_trust_state_free(old);
	}
	pthread_mutex_unlock(&t->refreshing);
	return err ? err : 1;
}

int mclic_trust_refresh(struct mclic_trust *t)
{
	long long now = now_ms(), looked = atomic_load(&t->looked);

	if (now - looked < LOOK_EVERY_MS ||
	    !atomic_compare_exchange_strong(&t->looked, &looked, now))
		return 0;
	return mclic_trust_reload(t);
}

int mclic_trust_verify(struct mclic_trust *t, const __u8 center_id[MCLIC_ID_SIZE],
		       const struct mclic_vec *v, unsigned int n, const __u8 *sig, size_t sig_len)
{
	const struct mclic_center *c;
	char hex[2 * MCLIC_ID_SIZE + 1];
	EVP_PKEY *key = NULL;
	int err;

	pthread_rwlock_rdlock(&t->lock);
	c = mclic_center_find(t->state, center_id);
	if (c)
		key = X509_get_pubkey(c->cert);
	pthread_rwlock_unlock(&t->lock);
	if (!c)
		return mclic_fail(ENOKEY, "the certificate of the license center %s is not known here; "
				  "add it with \"mclic trust add CERT\"",
				  mclic_hex(center_id, MCLIC_ID_SIZE, hex));
	if (!key)
		return mclic_fail(ENOMEM, "not enough memory");
	err = mclic_rsa_verify(key, v, n, sig, sig_len);
	EVP_PKEY_free(key);
	return err;
}

int mclic_trust_revoked(struct mclic_trust *t, const __u8 center_id[MCLIC_ID_SIZE],
			const __u8 licence_id[MCLIC_ID_SIZE], __u32 *lowest_good, __u64 *issued_at)
{
	const struct mclic_list *l;

	*lowest_good = 0;
	*issued_at = 0;
	pthread_rwlock_rdlock(&t->lock);
	l = mclic_list_find(t->state, center_id);
	if (l) {
		*lowest_good = mclic_revocation_find(l->bytes, licence_id);
		*issued_at = mclic_get64(l->bytes->issued_at);
	}
	pthread_rwlock_unlock(&t->lock);
	return l != NULL;
}

char *mclic_trust_warnings(struct mclic_trust *t)
{
	char *text = NULL;

	pthread_rwlock_rdlock(&t->lock);
	if (t->state->warnings)
		text = strdup(t->state->warnings);
	pthread_rwlock_unlock(&t->lock);
	return text;
}

void mclic_trust_warn(struct mclic_trust *t)
{
	MCLIC_AUTO_FREE char *lines = mclic_trust_warnings(t);
	char *line, *rest;

	if (lines)
		for (line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
			mclic_warn("%s", line);
}
