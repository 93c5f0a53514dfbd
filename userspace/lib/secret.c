// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys in memory: a locked, guarded heap that is wiped, and no core dumps.
 *
 * OpenSSL's own memory is taken from that heap, too, for a cipher's key schedule begins
 * with the key itself. Where little may be locked, the heap is for our own keys alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <openssl/crypto.h>

#include "libmclic.h"

#define HEAP_SIZE	(4u << 20)
#define HEAP_SIZE_MIN	(1u << 16)	/* what old systems let a user lock */
#define HEAP_KEYS	(1u << 20)	/* OpenSSL leaves: room for some ten thousand keys */
#define HEAP_PIECE	32

/* Bytes of the heap in use at which OpenSSL gets no more of it. Set once, at the start. */
static size_t openssl_limit;

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

/* ---- what OpenSSL calls ---- */

static void *openssl_malloc(size_t n, const char *file, int line)
{
	void *p = NULL;

	(void)file;
	(void)line;
	/* A piece takes up to twice its size. OpenSSL's own end may come before the last call. */
	if (n <= openssl_limit / 2 && CRYPTO_secure_malloc_initialized() &&
	    CRYPTO_secure_used() + 2 * n <= openssl_limit)
		p = CRYPTO_secure_malloc(n, NULL, 0);	/* no error stays behind without these */
	return p ? p : malloc(n);
}

static void openssl_free(void *p, const char *file, int line)
{
	if (p && CRYPTO_secure_allocated(p))
		CRYPTO_secure_free(p, file, line);	/* wipes it */
	else
		free(p);
}

static void *openssl_realloc(void *old, size_t n, const char *file, int line)
{
	size_t had;
	void *p;

	if (!old)
		return openssl_malloc(n, file, line);
	if (!n) {
		openssl_free(old, file, line);
		return NULL;
	}
	if (!CRYPTO_secure_allocated(old))
		return realloc(old, n);
	had = CRYPTO_secure_actual_size(old);
	if (n <= had)
		return old;
	p = openssl_malloc(n, file, line);
	if (p) {
		memcpy(p, old, had);
		openssl_free(old, file, line);
	}
	return p;
}

/* ---- the process ---- */

static int heap_start(void)
{
	size_t size = heap_size();
	/* It takes these before its first allocation only. */
	bool openssl_too = CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);

	/* 2: guarded, but locking is not permitted. There are no core dumps all the same. */
	if (!CRYPTO_secure_malloc_init(size, HEAP_PIECE))
		return mclic_fail(ENOMEM, "cannot set up the heap for keys");
#ifndef __SANITIZE_ADDRESS__	/* which looks for leaks in a heap of its own */
	if (openssl_too && size > HEAP_KEYS)
		openssl_limit = size - HEAP_KEYS;
#endif
	return 0;
}

int mclic_secure_process(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none))
		return mclic_fail(errno, "cannot turn core dumps off: %s", strerror(errno));
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return mclic_fail(errno, "cannot protect this process's memory: %s",
				  strerror(errno));
	return CRYPTO_secure_malloc_initialized() ? 0 : heap_start();
}

void *mclic_secret_alloc(size_t n)
{
	return OPENSSL_secure_zalloc(n);
}

void mclic_secret_free(void *p, size_t n)
{
	OPENSSL_secure_clear_free(p, n);
}
