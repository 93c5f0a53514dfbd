// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys in memory: a locked, guarded heap that is wiped, and no core dumps. */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <openssl/crypto.h>

#include "libmclic.h"

#define HEAP_SIZE	(1u << 20)	/* room for some ten thousand keys */
#define HEAP_SIZE_MIN	(1u << 16)	/* what old systems let a user lock */
#define HEAP_PIECE	32

/* As large as may be locked: a heap that is too large would not be locked at all. */
static size_t heap_size(void)
{
	struct rlimit lock;
	size_t size = HEAP_SIZE;

	if (getrlimit(RLIMIT_MEMLOCK, &lock))
		return HEAP_SIZE_MIN;
	while (size > HEAP_SIZE_MIN && size > lock.rlim_cur)
		size /= 2;
	return size;
}

int mclic_secure_process(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none))
		return mclic_fail(errno, "cannot turn core dumps off: %s", strerror(errno));
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return mclic_fail(errno, "cannot protect this process's memory: %s",
				  strerror(errno));
	if (CRYPTO_secure_malloc_initialized())
		return 0;
	/* 2: guarded, but locking is not permitted. The above still keeps keys off disks. */
	if (!CRYPTO_secure_malloc_init(heap_size(), HEAP_PIECE))
		return mclic_fail(ENOMEM, "cannot set up the heap for keys");
	return 0;
}

void *mclic_secret_alloc(size_t n)
{
	return OPENSSL_secure_zalloc(n);
}

void mclic_secret_free(void *p, size_t n)
{
	OPENSSL_secure_clear_free(p, n);
}
