// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the cipher of sealed files costs, beside the bare cipher.
 *
 * bench_blocks [SECONDS]: one line a row, "NAME MB/s", median of five rounds that
 * alternate between the rows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "userspace/lib/libmclic.h"

#define ROUNDS	5
#define GROUP	MCLIC_GROUP_SIZE
#define TAGS	(MCLIC_GROUP_BLOCKS * MCLIC_TAG_SIZE)

static __u8 key[MCLIC_KEY_SIZE];
static __u8 *plain, *sealed, *opened, *tags;
static struct mclic_blocks *blocks;
static EVP_CIPHER_CTX *raw_encrypt, *raw_decrypt;

static int bench_seal(void)
{
	return mclic_blocks_seal(blocks, key, 0, plain, GROUP, tags, sealed);
}

static int bench_open(void)
{
	__u64 bad;

	return mclic_blocks_open(blocks, key, 0, sealed, GROUP, tags, opened, &bad);
}

/* One block, as a reader of small pieces asks for it. */
static int bench_open_single(void)
{
	__u64 i, bad;
	int err = 0;

	for (i = 0; i < MCLIC_GROUP_BLOCKS && !err; i++)
		err = mclic_blocks_open(blocks, key, i, sealed + i * MCLIC_BLOCK_SIZE,
					MCLIC_BLOCK_SIZE, tags + i * MCLIC_TAG_SIZE,
					opened, &bad);
	return err;
}

/* The cipher alone, in the same pieces, without nonces and tags. */
static int raw(EVP_CIPHER_CTX *ctx, const __u8 *in, __u8 *out)
{
	__u64 i;
	int put;

	for (i = 0; i < MCLIC_GROUP_BLOCKS; i++)
		if (EVP_CipherUpdate(ctx, out + i * MCLIC_BLOCK_SIZE, &put,
				     in + i * MCLIC_BLOCK_SIZE, MCLIC_BLOCK_SIZE) != 1)
			return -EIO;
	return 0;
}

static int bench_raw_encrypt(void)
{
	return raw(raw_encrypt, plain, opened);
}

static int bench_raw_decrypt(void)
{
	return raw(raw_decrypt, sealed, opened);
}

static const struct {
	const char *name;
	int (*run)(void);
} row[] = {
	{ "blocks-open", bench_open },
	{ "blocks-open-single", bench_open_single },
	{ "blocks-seal", bench_seal },
	{ "raw-decrypt", bench_raw_decrypt },
	{ "raw-encrypt", bench_raw_encrypt },
};

#define ROWS	(sizeof(row) / sizeof(row[0]))

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* MB/s, or a negative number */
static double measure(int (*run)(void), double limit)
{
	double start = seconds(), took;
	unsigned int n = 0;

	do {
		if (run())
			return -1;
		n++;
		took = seconds() - start;
	} while (took < limit);
	return (double)n * GROUP / took / 1e6;
}

static EVP_CIPHER_CTX *raw_context(int enc)
{
	static const __u8 nonce[MCLIC_NONCE_SIZE];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	bool good = ctx && gcm && EVP_CipherInit_ex2(ctx, gcm, key, nonce, enc, NULL) == 1;

	EVP_CIPHER_free(gcm);
	if (good)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

static bool prepare(void)
{
	plain = calloc(1, GROUP);
	sealed = calloc(1, GROUP);
	opened = calloc(1, GROUP);
	tags = calloc(1, TAGS);
	blocks = mclic_blocks_new();
	raw_encrypt = raw_context(1);
	raw_decrypt = raw_context(0);
	return plain && sealed && opened && tags && blocks && raw_encrypt && raw_decrypt &&
	       !mclic_random(plain, GROUP) && !mclic_random(key, sizeof(key)) && !bench_seal();
}

static int rising(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	double limit = argc > 1 ? strtod(argv[1], NULL) : 0.3;
	double rate[ROWS][ROUNDS];
	size_t i, r;

	if (mclic_secure_process() || !prepare())
		return mclic_report(-ENOMEM, false);
	for (r = 0; r < ROUNDS; r++)
		for (i = 0; i < ROWS; i++) {
			rate[i][r] = measure(row[i].run, limit);
			if (rate[i][r] < 0)
				return mclic_report(-EIO, false);
		}
	for (i = 0; i < ROWS; i++) {
		qsort(rate[i], ROUNDS, sizeof(rate[i][0]), rising);
		printf("%-20s %8.0f MB/s\n", row[i].name, rate[i][ROUNDS / 2]);
	}
	free(plain);
	free(sealed);
	free(opened);
	free(tags);
	mclic_blocks_free(blocks);
	EVP_CIPHER_CTX_free(raw_encrypt);
	EVP_CIPHER_CTX_free(raw_decrypt);
	return 0;
}
