// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * keyscan - look for keys where none may be.
 *
 *	keyscan KMFILE USERID KUGEN DID VERSION MID SLOTFILE PATH...
 *
 * Derives from KM what the center derives for one licence (KU, Ka, Ku, KEYc, the three
 * wrap keys; identifiers in hex, SLOTFILE a file that starts with the licence's slot) and
 * searches every regular file and block device below each PATH for those bytes, raw or
 * as hex text. Prints "SYMBOL PATH OFFSET" for each find.
 *
 * Status: 0 nothing found, 1 found, 2 could not look.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "userspace/lib/libmclic.h"

#define KEYS	8
#define WINDOW	(1 << 20)
#define LONGEST	(2 * MCLIC_KEY_SIZE)

static const char *const symbols[KEYS] = { "KM", "KU", "Ka", "Ku", "KEYc", "wrap-KEYc",
					   "wrap-Ku", "wrap-Ka" };
static __u8 keys[KEYS][MCLIC_KEY_SIZE];
static char hex[KEYS][LONGEST + 1];
static int found, failed;

static void hit(const char *symbol, const char *path, off_t at)
{
	printf("%s %s %lld\n", symbol, path, (long long)at);
	found = 1;
}

static void search(const char *path, char *buf, size_t len, off_t base)
{
	const char *p;
	size_t i;
	int k;

	for (k = 0; k < KEYS; k++) {
		p = memmem(buf, len, keys[k], MCLIC_KEY_SIZE);
		if (p)
			hit(symbols[k], path, base + (p - buf));
	}
	for (i = 0; i < len; i++)
		buf[i] = (char)tolower((unsigned char)buf[i]);
	for (k = 0; k < KEYS; k++) {
		p = memmem(buf, len, hex[k], LONGEST);
		if (p)
			hit(symbols[k], path, base + (p - buf));
	}
}

static int look(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	static char buf[WINDOW + LONGEST];
	MCLIC_AUTO_CLOSE int fd = -1;
	ssize_t n;
	off_t at;

	(void)ftw;
	if (type != FTW_F || !(S_ISREG(st->st_mode) || S_ISBLK(st->st_mode)))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	for (at = 0; fd >= 0; at += WINDOW) {
		n = mclic_pread_full(fd, buf, sizeof(buf), at);
		if (n <= 0)
			break;
		search(path, buf, (size_t)n, at);
		if ((size_t)n < sizeof(buf))
			return 0;
	}
	if (fd < 0 || n < 0) {
		fprintf(stderr, "keyscan: %s: %s\n", path, strerror(errno));
		failed = 1;
	}
	return 0;
}

static int read_key(const char *path, __u8 key[MCLIC_KEY_SIZE])
{
	MCLIC_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && mclic_pread_full(fd, key, MCLIC_KEY_SIZE, 0) == MCLIC_KEY_SIZE ? 0 : -1;
}

static int derive(char **arg)
{
	const struct mclic_crypto *c = mclic_openssl();
	__u8 user[MCLIC_ID_SIZE], did[MCLIC_ID_SIZE], mid[MCLIC_ID_SIZE], hash[MCLIC_HASH_SIZE];
	const struct mclic_vec context[] = { { mid, sizeof(mid) }, { hash, sizeof(hash) } };
	const __u8 zero[MCLIC_KEY_SIZE] = { 0 };
	const __u8 *u;
	struct mclic_slot s;
	struct mclic_terms t;
	MCLIC_AUTO_CLOSE int fd = open(arg[6], O_RDONLY | O_CLOEXEC);
	int k;

	if (read_key(arg[0], keys[0]) || mclic_unhex(arg[1], user, sizeof(user)) ||
	    mclic_unhex(arg[3], did, sizeof(did)) || mclic_unhex(arg[5], mid, sizeof(mid)) ||
	    fd < 0 || mclic_pread_full(fd, &s, sizeof(s), 0) < MCLIC_SLOT_CARRIED)
		return -1;
	mclic_terms_bind(&s.terms, mid, &t);
	if (mclic_user_key(c, keys[0], user, (__u32)strtoul(arg[2], NULL, 10), keys[1]) ||
	    mclic_master_medium_key(c, keys[0], did, (__u32)strtoul(arg[4], NULL, 10), keys[2]) ||
	    mclic_medium_key(c, keys[0], mid, did, keys[3]) ||
	    mclic_certification_key(c, keys[0], s.terms.licence_id,
				    mclic_get32(s.terms.sequence), keys[4]) ||
	    c->sha256(c, &(struct mclic_vec){ &t, sizeof(t) }, 1, hash))
		return -1;
	u = s.terms.kind == MCLIC_PERSONAL ? keys[1] : zero;
	if (mclic_kdf(c, u, "mclic EKU", context, 2, keys[5]) ||
	    mclic_kdf(c, u, "mclic EMid", context, 2, keys[6]) ||
	    mclic_kdf(c, keys[1], "mclic EMid Ka", context, 2, keys[7]))
		return -1;
	for (k = 0; k < KEYS; k++)
		mclic_hex(keys[k], MCLIC_KEY_SIZE, hex[k]);
	return 0;
}

int main(int argc, char **argv)
{
	int i;

	if (argc < 9 || derive(argv + 1)) {
		fprintf(stderr, "keyscan: usage: keyscan KMFILE USERID KUGEN DID VERSION MID "
				"SLOTFILE PATH...\n");
		return 2;
	}
	for (i = 8; i < argc; i++)
		if (nftw(argv[i], look, 16, FTW_PHYS) < 0)
			failed = 1;
	return failed ? 2 : found;
}
