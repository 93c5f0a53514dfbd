// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pirate - a reader that ignores every check.
 *
 *	pirate DIR SEALED KU... -- MID...
 *
 * DIR is a medium (a folder with .mclic/area), SEALED a sealed file on it, KU files
 * with user keys somebody got hold of, MID the identifiers (hex) of the media at hand.
 * It does what a program would do that has no scruples about CS, SIG, classes, lists and
 * clocks: each slot's EMid(Ku) and EKU(KEYc) are tried under each U and each MID, and
 * under whatever 16 bytes the area itself offers for a MID; then each key found, and
 * each aligned 32 bytes of the area, is tried on the file's first block.
 *
 * Status: 0 it read the file, 1 it did not, 2 it could not try. Made for the tests of
 * "a copy of the medium is worth nothing", and of what that claim rests on.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "userspace/lib/libmclic.h"

struct loot {
	const struct mclic_crypto *c;
	struct mclic_trailer trailer;
	__u8 block[MCLIC_BLOCK_SIZE];
	__u8 tag[MCLIC_TAG_SIZE];
	__u32 block_len;
};

static int take_file(const char *path, struct loot *l)
{
	MCLIC_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	__u64 size;

	if (fd < 0 || fstat(fd, &st) < 0 ||
	    mclic_plain_size((__u64)st.st_size, &size) != MCLIC_OK || !size)
		return -1;
	l->block_len = mclic_block_len(0, size);
	if (mclic_pread_full(fd, l->block, l->block_len, 0) != l->block_len ||
	    mclic_pread_full(fd, l->tag, sizeof(l->tag), (off_t)mclic_tag_offset(0, size)) !=
		    sizeof(l->tag) ||
	    mclic_pread_full(fd, &l->trailer, sizeof(l->trailer),
			     st.st_size - MCLIC_TRAILER_SIZE) != sizeof(l->trailer))
		return -1;
	return 0;
}

/* Does @key, taken for Ku or for the file's own key, open the first block? */
static bool reads(const struct loot *l, const __u8 key[MCLIC_KEY_SIZE])
{
	__u8 in[MCLIC_BLOCK_SIZE + MCLIC_TAG_SIZE], out[MCLIC_BLOCK_SIZE];
	__u8 nonce[MCLIC_NONCE_SIZE], file_key[MCLIC_KEY_SIZE];

	memcpy(in, l->block, l->block_len);
	memcpy(in + l->block_len, l->tag, MCLIC_TAG_SIZE);
	mclic_block_nonce(0, nonce);
	if (mclic_file_keys(l->c, key, l->trailer.did, l->trailer.file_id, l->trailer.salt,
			    file_key, NULL))
		return false;
	return !l->c->open(l->c, file_key, nonce, NULL, 0, in, l->block_len, out) ||
	       !l->c->open(l->c, key, nonce, NULL, 0, in, l->block_len, out);
}

/* Unwrap under U and MID as keys.rst says, with no look at CS; then try the file. */
static bool unwraps(const struct loot *l, const struct mclic_slot *s, const __u8 *u,
		    const __u8 *mid)
{
	static const char *const labels[] = { "mclic EMid", "mclic EKU" };
	const __u8 *wrapped[] = { s->emid_ku, s->eku };
	const __u8 nonce[MCLIC_NONCE_SIZE] = { 0 };
	__u8 hash[MCLIC_HASH_SIZE], wrap[MCLIC_KEY_SIZE], key[MCLIC_KEY_SIZE];
	struct mclic_terms t;
	int i;

	mclic_terms_bind(&s->terms, mid, &t);
	if (l->c->sha256(l->c, &(struct mclic_vec){ &t, sizeof(t) }, 1, hash))
		return false;
	for (i = 0; i < 2; i++) {
		const struct mclic_vec context[] = { { mid, MCLIC_ID_SIZE },
						     { hash, sizeof(hash) } };

		if (mclic_kdf(l->c, u, labels[i], context, 2, wrap))
			return false;
		if (reads(l, wrap))
			return true;
		if (!l->c->open(l->c, wrap, nonce, &t, sizeof(t), wrapped[i], sizeof(key), key) &&
		    reads(l, key))
			return true;
	}
	return false;
}

static bool raid(const struct loot *l, const __u8 *area, size_t len, __u8 (*u)[MCLIC_KEY_SIZE],
		 int users, __u8 (*mid)[MCLIC_ID_SIZE], int media)
{
	size_t at, off;
	int i, j;

	for (at = 0; at + MCLIC_SLOT_SIZE <= len; at += MCLIC_SLOT_SIZE) {
		const struct mclic_slot *s = (const void *)(area + at);

		if (mclic_is_zero(s->magic, sizeof(s->magic)))
			continue;
		for (i = 0; i < users; i++) {
			for (j = 0; j < media; j++)
				if (unwraps(l, s, u[i], mid[j]))
					return true;
			/* whatever the copied area holds, taken for a MID */
			for (off = 0; off + MCLIC_ID_SIZE <= MCLIC_SLOT_CARRIED; off += 8)
				if (unwraps(l, s, u[i], area + at + off) ||
				    unwraps(l, s, u[i], area + off))
					return true;
		}
		/* whatever it holds, taken for a key */
		for (off = 0; off + MCLIC_KEY_SIZE <= MCLIC_SLOT_CARRIED; off += 8)
			if (reads(l, area + at + off))
				return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	__u8 u[8][MCLIC_KEY_SIZE] = { { 0 } }, mid[8][MCLIC_ID_SIZE] = { { 0 } };
	struct loot l = { .c = mclic_openssl() };
	int users = 1, media = 1, arg = 3;
	char path[4096];
	size_t len;
	void *area;

	if (argc < 4 || take_file(argv[2], &l)) {
		fprintf(stderr, "pirate: usage: pirate DIR SEALED KU... -- MID...\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%s/%s", argv[1], MCLIC_AREA_FILE);
	if (mclic_read_file(AT_FDCWD, path, 1 << 20, &area, &len)) {
		fprintf(stderr, "pirate: %s\n", mclic_message());
		return 2;
	}
	for (; arg < argc && strcmp(argv[arg], "--"); arg++, users++) {
		size_t got;
		void *ku;

		if (users == 8 || mclic_read_file(AT_FDCWD, argv[arg], MCLIC_KEY_SIZE, &ku, &got) ||
		    got != MCLIC_KEY_SIZE)
			return 2;
		memcpy(u[users], ku, got);
		free(ku);
	}
	for (arg++; arg < argc; arg++, media++)
		if (media == 8 || mclic_unhex(argv[arg], mid[media], MCLIC_ID_SIZE))
			return 2;
	if (raid(&l, area, len, u, users, mid, media)) {
		puts("the pirate reads the file");
		return 0;
	}
	puts("the pirate gets nothing");
	return 1;
}
