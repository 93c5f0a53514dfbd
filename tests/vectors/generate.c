// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * generate DIR: write the vectors of core to DIR.
 *
 *	DIR/good/KIND/NAME			must pass
 *	DIR/should-fail/KIND/WHY--NAME		must be refused, with that mclic_why_name()
 *
 * KIND: area (a header), slot, verdict (a slot against the world of world.h), marker,
 * sealed (a whole sealed file; its trailer is judged), request, response, revocation,
 * path, link (path, NUL, target), medium (kind, then the bytes of sysfs).
 *
 * The same bytes every time: tests/unit/test_core_vectors.c compares what lies in the
 * tree with what is written here, so a change of a format does not pass unseen.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/vectors/world.h"
#include "userspace/lib/libmclic.h"

static const struct mclic_crypto *c;
static const char *out;

/* A copy of a good file with some bytes replaced */
struct edit {
	enum mclic_why why;
	const char *name;
	size_t offset;
	size_t len;
	const char *bytes;
};

#define EDIT(why, name, offset, bytes)	{ why, name, offset, sizeof(bytes) - 1, bytes }
#define COUNT(a)			(sizeof(a) / sizeof((a)[0]))

static void must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "generate: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static void write_vector(const char *kind, enum mclic_why why, const char *name,
			 const void *bytes, size_t len)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", out, why ? "should-fail" : "good");
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/%s/%s", out, why ? "should-fail" : "good", kind);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/%s/%s/%s%s%s", out, why ? "should-fail" : "good", kind,
		 why ? mclic_why_name(why) : "", why ? "--" : "", name);
	f = fopen(path, "wbx");		/* a name twice is a mistake here */
	must(f != NULL, path);
	must(fwrite(bytes, 1, len, f) == len, path);
	must(!fclose(f), path);
}

/* CRC of a slot or header */
static void set_crc(void *block)
{
	__le32 crc = mclic_put32(c->crc32(block, MCLIC_SLOT_SIZE - 4));

	memcpy((__u8 *)block + MCLIC_SLOT_SIZE - 4, &crc, 4);
}

static void write_edits(const char *kind, const struct edit *edits, size_t n,
			const void *good, size_t len, void (*finish)(void *))
{
	__u8 *copy = malloc(len);
	size_t i;

	must(copy != NULL, kind);
	for (i = 0; i < n; i++) {
		memcpy(copy, good, len);
		memcpy(copy + edits[i].offset, edits[i].bytes, edits[i].len);
		if (finish)
			finish(copy);
		write_vector(kind, edits[i].why, edits[i].name, copy, len);
	}
	free(copy);
}

static void areas(void)
{
	static const struct edit edits[] = {
		EDIT(MCLIC_BAD_MAGIC, "another-format", 0, "MCLLICN\x01"),
		EDIT(MCLIC_BAD_MAGIC, "empty", 0, "\0\0\0\0\0\0\0"),
		EDIT(MCLIC_BAD_VERSION, "from-the-future", 8, "\x02"),
		EDIT(MCLIC_BAD_VERSION, "high-byte", 9, "\x01"),
		EDIT(MCLIC_BAD_RESERVED, "behind-version", 10, "\x01"),
		EDIT(MCLIC_BAD_RESERVED, "behind-factory-kind", 39, "\x01"),
		EDIT(MCLIC_BAD_COUNT, "no-slots", 12, "\0\0\0"),
		EDIT(MCLIC_BAD_COUNT, "one-slot", 12, "\x01\0"),
		EDIT(MCLIC_BAD_COUNT, "257-slots", 12, "\x01\x01"),
		EDIT(MCLIC_BAD_COUNT, "two-to-the-32", 12, "\xff\xff\xff\xff"),
		EDIT(MCLIC_BAD_FACTORY, "kind-2", 32, "\x02"),
		EDIT(MCLIC_BAD_FACTORY, "id-without-kind", 32, "\0"),
		EDIT(MCLIC_BAD_FACTORY, "kind-without-id", 40,
		     "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		EDIT(MCLIC_BAD_TEXT, "label-behind-nul", 119, "x"),
		EDIT(MCLIC_BAD_TEXT, "label-not-utf-8", 56, "\xc3\x28"),
		EDIT(MCLIC_BAD_TEXT, "label-escape-sequence", 56, "\x1b[2J"),
	};
	struct mclic_area_header h;
	__u8 area_id[MCLIC_ID_SIZE], factory_id[MCLIC_ID_SIZE];

	fill(area_id, sizeof(area_id), 1);
	fill(factory_id, sizeof(factory_id), 2);
	must(!mclic_area_header_make(c, &h, 2, area_id, NULL, ""), "area");
	write_vector("area", MCLIC_OK, "smallest", &h, sizeof(h));
	must(!mclic_area_header_make(c, &h, 256, area_id, factory_id, "Märchen"), "area");
	write_vector("area", MCLIC_OK, "emulated", &h, sizeof(h));
	write_edits("area", edits, COUNT(edits), &h, sizeof(h), set_crc);
	h.label[0] ^= 1;
	write_vector("area", MCLIC_BAD_CRC, "flipped-bit", &h, sizeof(h));
}

static void make_slot(const struct mclic_terms *t, struct mclic_slot *s)
{
	struct mclic_response r;

	must(!world_response(c, t, &r), "licence");
	mclic_response_slot(c, &r, s);
}

static void slots(void)
{
	static const struct edit edits[] = {
		EDIT(MCLIC_FREE, "magic-of-zeros", 0, "\0\0\0\0\0\0\0\0"),
		EDIT(MCLIC_BAD_MAGIC, "another-format", 0, "MCLAREA\x01"),
		EDIT(MCLIC_BAD_MAGIC, "almost-free", 0, "\0\0\0\0\0\0\0\x01"),
		EDIT(MCLIC_BAD_VERSION, "from-the-future", 8, "\x02"),
		EDIT(MCLIC_BAD_SUITE, "from-the-future", 10, "\x02"),
		EDIT(MCLIC_BAD_RESERVED, "head", 12, "\x01"),
		EDIT(MCLIC_BAD_RESERVED, "terms-byte", 16 + 131, "\x01"),
		EDIT(MCLIC_BAD_RESERVED, "terms-end", 16 + 255, "\x80"),
		EDIT(MCLIC_BAD_RESERVED, "before-sig", 391, "\x80"),
		EDIT(MCLIC_BAD_KIND, "none", 16 + 128, "\0"),
		EDIT(MCLIC_BAD_KIND, "third", 16 + 128, "\x03"),
		EDIT(MCLIC_BAD_USER, "portable-with-user", 16 + 128, "\x01"),
		EDIT(MCLIC_BAD_USER, "personal-without-user", 16 + 64,
		     "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		EDIT(MCLIC_BAD_FLAGS, "critical-0", 16 + 132, "\x01"),
		EDIT(MCLIC_BAD_FLAGS, "critical-15", 16 + 133, "\x80"),
		EDIT(MCLIC_BAD_MEDIUM_KIND, "none", 16 + 129, "\0"),
		EDIT(MCLIC_BAD_MEDIUM_KIND, "reserved-8", 16 + 129, "\x08"),
		EDIT(MCLIC_BAD_MEDIUM_KIND, "class-4", 16 + 130, "\x04"),
		EDIT(MCLIC_BAD_LICENCE_ID, "zero", 16 + 48, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		EDIT(MCLIC_BAD_SEQUENCE, "zero", 16 + 92, "\0\0\0\0"),
		EDIT(MCLIC_BAD_TEXT, "title-behind-nul", 16 + 231, "x"),
		EDIT(MCLIC_BAD_TEXT, "title-surrogate", 16 + 168, "\xed\xa0\x80"),
		EDIT(MCLIC_BAD_TEXT, "title-c1-control", 16 + 168, "\xc2\x9b"),
		EDIT(MCLIC_BAD_TEXT, "title-cut-in-a-character", 16 + 168,
		     "123456789 123456789 123456789 123456789 123456789 123456789 123\xc3"),
		EDIT(MCLIC_BAD_SIG_FIELD, "no-algorithm", 384, "\0"),
		EDIT(MCLIC_BAD_SIG_FIELD, "algorithm-2", 384, "\x02"),
		EDIT(MCLIC_BAD_SIG_FIELD, "no-length", 386, "\0\0"),
		EDIT(MCLIC_BAD_SIG_FIELD, "too-short", 386, "\xff\0"),
		EDIT(MCLIC_BAD_SIG_FIELD, "too-long", 386, "\x01\x02"),
		EDIT(MCLIC_BAD_SIG_FIELD, "length-64k", 386, "\xff\xff"),
		EDIT(MCLIC_BAD_SIG_FIELD, "padding", 903, "\x01"),
	};
	struct mclic_terms t;
	struct mclic_slot s;

	world_terms(MCLIC_PORTABLE, &t);
	make_slot(&t, &s);
	write_vector("slot", MCLIC_OK, "portable", &s, sizeof(s));
	world_terms(MCLIC_PERSONAL, &t);
	make_slot(&t, &s);
	write_vector("slot", MCLIC_OK, "personal", &s, sizeof(s));
	write_edits("slot", edits, COUNT(edits), &s, sizeof(s), set_crc);
	s.terms.features ^= 1;
	write_vector("slot", MCLIC_BAD_CRC, "flipped-feature", &s, sizeof(s));
	s.terms.features ^= 1;
	memset((__u8 *)&s + 512, 0, sizeof(s) - 512);
	write_vector("slot", MCLIC_BAD_CRC, "torn-write", &s, sizeof(s));
}

static void signed_verdict(enum mclic_why why, const char *name, struct mclic_slot *s)
{
	must(!world_stand_in_sign(c, &s->carried), name);
	mclic_slot_finish(c, s);
	write_vector("verdict", why, name, s, sizeof(*s));
}

/* What the world's center would have to have signed */
static void changed_terms(void)
{
	struct mclic_terms t;
	struct mclic_slot s;

#define TERMS(why, name, change) do {				\
	world_terms(MCLIC_PERSONAL, &t);			\
	change;							\
	make_slot(&t, &s);					\
	write_vector("verdict", why, name, &s, sizeof(s));	\
} while (0)
	TERMS(MCLIC_OK, "personal", (void)0);
	TERMS(MCLIC_OTHER_TITLE, "did", t.did[15] ^= 1);
	TERMS(MCLIC_LOW_CLASS, "sd-card-wanted", t.medium_kind = MCLIC_MEDIUM_USB);
	TERMS(MCLIC_NO_CERTIFICATE, "another-center", t.center_id[0] ^= 1);
	TERMS(MCLIC_NO_USER_KEY, "another-user", t.user_id[0] ^= 1);
	TERMS(MCLIC_NO_USER_KEY, "next-generation",
	      t.ku_generation = mclic_put32(KU_GENERATION + 1));
	TERMS(MCLIC_REVOKED, "older-than-the-list-allows", t.licence_id[0] = 0xff);
	TERMS(MCLIC_NOT_YET, "next-second", t.not_before = mclic_put64(NOW + 1));
	TERMS(MCLIC_EXPIRED, "last-second", t.not_after = mclic_put64(NOW - 1));
	TERMS(MCLIC_EXPIRED, "clock-set-back", t.not_after = mclic_put64(NOW + 5);
	      t.issued_at = mclic_put64(NOW + 6));
	TERMS(MCLIC_OLD_TERMS, "version-2", t.content_version = mclic_put32(VERSION - 1));
#undef TERMS
}

/*
 * By somebody with a licence for another medium, which he cannot use here: the whole
 * licence made anew for this one, tag, CS, EKU, EMid and CRC right. He cannot sign it, so
 * he takes the signature of the licence that he has.
 */
static void forged(const char *name, const struct mclic_slot *his_own,
		   const struct mclic_terms *wish)
{
	struct mclic_issue his;
	struct mclic_response r;
	struct mclic_slot s;

	world_issue(&his);
	must(!mclic_licence_make(c, &his, wish, &r), "forged");
	mclic_response_slot(c, &r, &s);
	s.sig_algorithm = his_own->sig_algorithm;
	s.sig_len = his_own->sig_len;
	memcpy(s.sig, his_own->sig, sizeof(s.sig));
	mclic_slot_finish(c, &s);
	write_vector("verdict", MCLIC_BAD_SIG, name, &s, sizeof(s));
}

static void verdicts(void)
{
	struct mclic_terms t;
	struct mclic_slot good, s;
	struct mclic_issue issue;
	struct mclic_response r;

	changed_terms();
	world_terms(MCLIC_PERSONAL, &t);
	make_slot(&t, &good);

	world_issue(&issue);
	issue.mid[0] ^= 1;
	must(!mclic_licence_make(c, &issue, &t, &r), "another medium");
	mclic_response_slot(c, &r, &s);
	signed_verdict(MCLIC_OTHER_MEDIUM, "issued-for-another", &s);
	forged("forged-for-this-medium", &s, &t);
	t.not_after = 0;
	forged("forged-without-end", &s, &t);
	world_terms(MCLIC_PERSONAL, &t);
	/* with the tag of this medium, signed by a center that errs: EKU does not open */
	memcpy(s.terms.medium_tag, good.terms.medium_tag, MCLIC_ID_SIZE);
	signed_verdict(MCLIC_BAD_EKU, "issued-for-another-mid", &s);

	s = good;
	s.sig[100] ^= 1;
	set_crc(&s);
	write_vector("verdict", MCLIC_BAD_SIG, "flipped-bit", &s, sizeof(s));
	s = good;
	s.eku[47] ^= 1;
	signed_verdict(MCLIC_BAD_EKU, "tag", &s);
	s = good;
	s.cs[0] ^= 1;
	signed_verdict(MCLIC_BAD_CS, "flipped-bit", &s);
	s = good;
	memset(s.cs, 0, sizeof(s.cs));
	signed_verdict(MCLIC_BAD_CS, "zero", &s);
	s = good;
	s.emid_ku[0] ^= 1;
	signed_verdict(MCLIC_BAD_EMID, "flipped-bit", &s);

	must(!mclic_receipt_make(c, issue.mid, &t, &r), "receipt");
	mclic_response_slot(c, &r, &s);
	memcpy(s.terms.medium_tag, good.terms.medium_tag, MCLIC_ID_SIZE);
	signed_verdict(MCLIC_BAD_EKU, "receipt-of-a-return", &s);
}

static void markers(void)
{
	static const struct edit edits[] = {
		EDIT(MCLIC_BAD_MAGIC, "text-file", 0, "Hello world"),
		EDIT(MCLIC_BAD_VERSION, "from-the-future", 8, "\x02"),
		EDIT(MCLIC_BAD_SUITE, "from-the-future", 10, "\x02"),
		EDIT(MCLIC_BAD_RESERVED, "behind-generation", 63, "\x01"),
		EDIT(MCLIC_BAD_RESERVED, "behind-key", 96, "\x01"),
		EDIT(MCLIC_BAD_SIZE, "manifest-64m-and-1", 48, "\x01\0\0\x04"),
		EDIT(MCLIC_BAD_SIZE, "manifest-huge", 48, "\xff\xff\xff\xff\xff\xff\xff\xff"),
	};
	struct mclic_marker m;
	struct mclic_title title;
	__u8 key[MCLIC_ED25519_PUBLIC];

	world_title(&title);
	fill(key, sizeof(key), 0x61);
	must(!mclic_marker_make(c, &m, &title, KM_GENERATION, key, 1000), "marker");
	write_vector("marker", MCLIC_OK, "unsigned", &m, sizeof(m));
	write_vector("marker", MCLIC_OK, "as-the-kernel-reads-it", &m, MCLIC_MARKER_SIGNED);
	write_edits("marker", edits, COUNT(edits), &m, sizeof(m), NULL);
	write_vector("marker", MCLIC_BAD_LENGTH, "empty", &m, 0);
	write_vector("marker", MCLIC_BAD_LENGTH, "cut", &m, MCLIC_MARKER_SIGNED - 1);
}

#define PLAIN	5000u		/* two blocks, the second short */
#define SEALED	(PLAIN + 2 * MCLIC_TAG_SIZE + MCLIC_TRAILER_SIZE)

/* A sealed file of PLAIN bytes 'a' */
static void seal_file(__u8 file[SEALED])
{
	__u8 ku[MCLIC_KEY_SIZE], file_key[MCLIC_KEY_SIZE], mac_key[MCLIC_KEY_SIZE];
	__u8 nonce[MCLIC_NONCE_SIZE], block[MCLIC_BLOCK_SIZE + MCLIC_TAG_SIZE];
	struct mclic_seal s;
	__u64 i;

	must(!world_seal(c, PLAIN, &s, ku, file_key, mac_key), "seal");
	for (i = 0; i < mclic_block_count(PLAIN); i++) {
		__u32 len = mclic_block_len(i, PLAIN);

		memset(block, 'a', len);
		mclic_block_nonce(i, nonce);
		must(!c->seal(c, file_key, nonce, NULL, 0, block, len, block), "block");
		memcpy(file + mclic_block_offset(i), block, len);
		memcpy(file + mclic_tag_offset(i, PLAIN), block + len, MCLIC_TAG_SIZE);
	}
	must(!mclic_trailer_make(c, &s, mac_key,
				 (struct mclic_trailer *)(file + SEALED - MCLIC_TRAILER_SIZE)),
	     "trailer");
}

/* The MAC as somebody without the key cannot make it: later checks are reached */
static void set_mac(void *file)
{
	struct mclic_trailer *t = (struct mclic_trailer *)((__u8 *)file + SEALED -
							   MCLIC_TRAILER_SIZE);
	const struct mclic_vec v = { t, offsetof(struct mclic_trailer, mac) };
	__u8 ku[MCLIC_KEY_SIZE], file_key[MCLIC_KEY_SIZE], mac_key[MCLIC_KEY_SIZE];
	struct mclic_seal s;

	must(!world_seal(c, PLAIN, &s, ku, file_key, mac_key) &&
	     !c->cmac(c, mac_key, &v, 1, t->mac), "MAC");
}

static void sealed_files(void)
{
	enum { T = SEALED - MCLIC_TRAILER_SIZE };
	static const struct edit edits[] = {
		EDIT(MCLIC_BAD_MAGIC, "another-format", T, "MCLPROD\x01"),
		EDIT(MCLIC_BAD_VERSION, "from-the-future", T + 8, "\x02"),
		EDIT(MCLIC_BAD_SUITE, "from-the-future", T + 10, "\x02"),
		EDIT(MCLIC_BAD_KEY, "of-a-master", T + 12, "\x01"),
		EDIT(MCLIC_BAD_KEY, "third-kind", T + 12, "\x03"),
		EDIT(MCLIC_BAD_BLOCK_SIZE, "8192", T + 13, "\x0d"),
		EDIT(MCLIC_BAD_BLOCK_SIZE, "two-to-the-255", T + 13, "\xff"),
		EDIT(MCLIC_BAD_RESERVED, "head", T + 14, "\x01"),
		EDIT(MCLIC_BAD_RESERVED, "before-mac", T + 111, "\x01"),
		EDIT(MCLIC_BAD_SIZE, "one-more", T + 16, "\x89\x13"),
		EDIT(MCLIC_BAD_SIZE, "huge", T + 16, "\xff\xff\xff\xff\xff\xff\xff\xff"),
		EDIT(MCLIC_BAD_TITLE, "another-did", T + 24, "\0"),
		EDIT(MCLIC_BAD_TITLE, "another-version", T + 56, "\x04"),
		EDIT(MCLIC_BAD_GENERATION, "next", T + 76, "\x03"),
	};
	static const struct edit damage[] = {
		EDIT(MCLIC_BAD_MAC, "file-id", T + 40, "\0"),
		EDIT(MCLIC_BAD_MAC, "salt", T + 60, "\0"),
		EDIT(MCLIC_BAD_MAC, "mac", T + 127, "\0"),
	};
	__u8 file[SEALED + 1] = { 0 };

	seal_file(file);
	write_vector("sealed", MCLIC_OK, "two-blocks", file, SEALED);
	write_edits("sealed", edits, COUNT(edits), file, SEALED, set_mac);
	write_edits("sealed", damage, COUNT(damage), file, SEALED, NULL);
	/* cut or grown in front: the trailer is whole, its place is not */
	write_vector("sealed", MCLIC_BAD_SIZE, "first-byte-missing", file + 1, SEALED - 1);
	memmove(file + 1, file, SEALED);
	write_vector("sealed", MCLIC_BAD_SIZE, "one-byte-more", file, SEALED + 1);
	write_vector("sealed", MCLIC_BAD_SIZE, "trailer-alone", file + 1 + T,
		     MCLIC_TRAILER_SIZE);
	write_vector("sealed", MCLIC_BAD_SIZE, "tag-without-block",
		     file + 1 + T - MCLIC_TAG_SIZE, MCLIC_TRAILER_SIZE + MCLIC_TAG_SIZE);
}

static void requests(void)
{
	static const struct edit edits[] = {
		EDIT(MCLIC_BAD_MAGIC, "a-response", 0, "MCLRESP\x01"),
		EDIT(MCLIC_BAD_VERSION, "from-the-future", 8, "\x02"),
		EDIT(MCLIC_BAD_SUITE, "from-the-future", 10, "\x02"),
		EDIT(MCLIC_BAD_OPERATION, "none", 12, "\0"),
		EDIT(MCLIC_BAD_OPERATION, "fourth", 12, "\x04"),
		EDIT(MCLIC_BAD_KIND, "none", 13, "\0"),
		EDIT(MCLIC_BAD_KIND, "third", 13, "\x03"),
		EDIT(MCLIC_BAD_MEDIUM_KIND, "none", 14, "\0"),
		EDIT(MCLIC_BAD_MEDIUM_KIND, "reserved-8", 14, "\x08"),
		EDIT(MCLIC_BAD_MEDIUM_KIND, "class-4", 15, "\x04"),
		EDIT(MCLIC_BAD_MEDIUM_ID, "zero", 32, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		EDIT(MCLIC_BAD_USER, "nobody", 64, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		EDIT(MCLIC_BAD_LICENCE_ID, "of-a-new-one", 112, "\x01"),
		EDIT(MCLIC_BAD_LICENCE_ID, "renewal-of-nothing", 12, "\x02"),
		EDIT(MCLIC_BAD_SEQUENCE, "of-a-new-one", 140, "\x01"),
		EDIT(MCLIC_BAD_RESERVED, "last-byte", 191, "\x01"),
	};
	struct mclic_request q;

	world_request(MCLIC_OP_RENEW, &q);
	write_vector("request", MCLIC_OK, "renew", &q, sizeof(q));
	q.sequence = 0;
	write_vector("request", MCLIC_BAD_SEQUENCE, "renewal-of-none", &q, sizeof(q));
	world_request(MCLIC_OP_RETURN, &q);
	write_vector("request", MCLIC_OK, "return", &q, sizeof(q));
	world_request(MCLIC_OP_NEW, &q);
	write_vector("request", MCLIC_OK, "new", &q, sizeof(q));
	write_edits("request", edits, COUNT(edits), &q, sizeof(q), NULL);
	write_vector("request", MCLIC_BAD_LENGTH, "empty", &q, 0);
	write_vector("request", MCLIC_BAD_LENGTH, "cut", &q, sizeof(q) - 1);
}

static void responses(void)
{
	static const struct edit edits[] = {
		EDIT(MCLIC_BAD_MAGIC, "a-request", 0, "MCLREQU\x01"),
		EDIT(MCLIC_BAD_VERSION, "from-the-future", 8, "\x02"),
		EDIT(MCLIC_BAD_SUITE, "from-the-future", 10, "\x02"),
		EDIT(MCLIC_BAD_LENGTH, "says-1025", 12, "\x01"),
		EDIT(MCLIC_BAD_LENGTH, "says-two-to-the-32", 12, "\xff\xff\xff\xff"),
		EDIT(MCLIC_BAD_MAGIC, "slot-is-free", 16, "\0\0\0\0\0\0\0\0"),
		EDIT(MCLIC_BAD_MAGIC, "slot-of-another-format", 16, "x"),
		EDIT(MCLIC_BAD_VERSION, "of-the-slot", 24, "\x02"),
		EDIT(MCLIC_BAD_SUITE, "of-the-slot", 26, "\x02"),
		EDIT(MCLIC_BAD_RESERVED, "of-the-slot", 28, "\x01"),
		EDIT(MCLIC_BAD_KIND, "third", 32 + 128, "\x03"),
		EDIT(MCLIC_BAD_USER, "portable-with-user", 32 + 128, "\x01"),
		EDIT(MCLIC_BAD_FLAGS, "critical", 32 + 132, "\x01"),
		EDIT(MCLIC_BAD_SIG_FIELD, "unsigned", 400, "\0\0\0\0"),
		EDIT(MCLIC_BAD_SIG_FIELD, "padding", 919, "\x01"),
	};
	struct mclic_response r;
	struct mclic_terms t;
	__u8 longer[sizeof(r) + 1] = { 0 };

	world_terms(MCLIC_PERSONAL, &t);
	must(!world_response(c, &t, &r), "response");
	write_vector("response", MCLIC_OK, "personal", &r, sizeof(r));
	write_edits("response", edits, COUNT(edits), &r, sizeof(r), NULL);
	write_vector("response", MCLIC_BAD_LENGTH, "empty", &r, 0);
	write_vector("response", MCLIC_BAD_LENGTH, "cut", &r, sizeof(r) - 1);
	memcpy(longer, &r, sizeof(r));
	write_vector("response", MCLIC_BAD_LENGTH, "one-byte-more", longer, sizeof(longer));
}

static void revocations(void)
{
	static const struct edit edits[] = {
		EDIT(MCLIC_BAD_MAGIC, "another-format", 0, "MCLRESP\x01"),
		EDIT(MCLIC_BAD_VERSION, "from-the-future", 8, "\x02"),
		EDIT(MCLIC_BAD_SUITE, "from-the-future", 10, "\x02"),
		EDIT(MCLIC_BAD_LENGTH, "one-entry-more", 12, "\x04"),
		EDIT(MCLIC_BAD_LENGTH, "one-entry-less", 12, "\x02"),
		EDIT(MCLIC_BAD_COUNT, "million-and-1", 12, "\x01\0\x10\0"),
		EDIT(MCLIC_BAD_COUNT, "two-to-the-32", 12, "\xff\xff\xff\xff"),
		EDIT(MCLIC_BAD_COUNT, "24-times-it-wraps", 12, "\xab\xaa\xaa\x0a"),
		EDIT(MCLIC_BAD_SIG_FIELD, "algorithm", 56, "\x02"),
		EDIT(MCLIC_BAD_SIG_FIELD, "no-length", 58, "\0\0"),
		EDIT(MCLIC_BAD_SIG_FIELD, "length-64k", 58, "\xff\xff"),
		EDIT(MCLIC_BAD_LENGTH, "signature-one-byte-more", 58, "\x01\x01"),
		EDIT(MCLIC_BAD_RESERVED, "last-byte", 63, "\x01"),
		EDIT(MCLIC_BAD_ORDER, "twice", 64, "\x20"),
		EDIT(MCLIC_BAD_ORDER, "unsorted", 64 + 48, "\x01"),
		EDIT(MCLIC_BAD_SEQUENCE, "revokes-nothing", 64 + 16, "\0"),
	};
	struct {
		struct mclic_revocation head;
		struct mclic_revocation_entry entries[3];
		__u8 sig[MCLIC_SIG_MIN];
	} __attribute__((packed)) l;
	__u8 i;

	memset(&l, 0, sizeof(l));
	memcpy(l.head.magic, MCLIC_REVOCATION_MAGIC, sizeof(l.head.magic));
	l.head.version = mclic_put16(MCLIC_VERSION);
	l.head.suite = mclic_put16(MCLIC_SUITE);
	l.head.count = mclic_put32(3);
	world_center_id(l.head.center_id);
	l.head.number = mclic_put64(1);
	l.head.issued_at = mclic_put64(NOW);
	l.head.next_issue = mclic_put64(NOW + 86400);
	l.head.sig_algorithm = mclic_put16(MCLIC_SIG_RSA_SHA256);
	l.head.sig_len = mclic_put16(MCLIC_SIG_MIN);
	for (i = 0; i < 3; i++) {
		l.entries[i].licence_id[0] = (__u8)(0x10 * (i + 1));
		l.entries[i].lowest_good = mclic_put32(2);
		l.entries[i].reason = mclic_put32(MCLIC_REASON_REVOKED);
	}
	fill(l.sig, sizeof(l.sig), 0xa5);
	write_vector("revocation", MCLIC_OK, "three", &l, sizeof(l));
	write_edits("revocation", edits, COUNT(edits), &l, sizeof(l), NULL);
	write_vector("revocation", MCLIC_BAD_LENGTH, "empty", &l, 0);
	write_vector("revocation", MCLIC_BAD_LENGTH, "cut-head", &l, 63);
	write_vector("revocation", MCLIC_BAD_LENGTH, "cut-signature", &l, sizeof(l) - 1);
}

struct text {
	enum mclic_why why;
	const char *name, *bytes;
	size_t len;
};

#define TEXT(why, name, bytes)	{ why, name, bytes, sizeof(bytes) - 1 }

static void write_texts(const char *kind, const struct text *texts, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		write_vector(kind, texts[i].why, texts[i].name, texts[i].bytes, texts[i].len);
}

static void paths(void)
{
	static const struct text texts[] = {
		TEXT(MCLIC_OK, "plain", "bin/program"),
		TEXT(MCLIC_OK, "utf-8", "Märchen/die Fee 🧚.txt"),
		TEXT(MCLIC_OK, "dot-file", ".config/x"),
		TEXT(MCLIC_OK, "three-dots-in-front", "...x"),
		TEXT(MCLIC_BAD_PATH, "empty", ""),
		TEXT(MCLIC_BAD_PATH, "absolute", "/etc/passwd"),
		TEXT(MCLIC_BAD_PATH, "up", "../outside"),
		TEXT(MCLIC_BAD_PATH, "up-inside", "a/../../outside"),
		TEXT(MCLIC_BAD_PATH, "here", "./a"),
		TEXT(MCLIC_BAD_PATH, "slash-at-end", "a/"),
		TEXT(MCLIC_BAD_PATH, "two-slashes", "a//b"),
		TEXT(MCLIC_BAD_PATH, "nul", "a\0b"),
		TEXT(MCLIC_BAD_PATH, "newline", "a\nb"),
		TEXT(MCLIC_BAD_PATH, "delete", "a\x7f"),
		TEXT(MCLIC_BAD_PATH, "overlong-dots", "a/\xc0\xae\xc0\xae/b"),
		TEXT(MCLIC_BAD_PATH, "latin-1", "M\xe4rchen"),
		TEXT(MCLIC_BAD_PATH, "marker", "a/.mclic-product"),
		TEXT(MCLIC_BAD_PATH, "marker-in-capitals", ".MCLIC-PRODUCT"),
		TEXT(MCLIC_BAD_PATH, "marker-on-fat", ".mclic-product."),
		TEXT(MCLIC_BAD_PATH, "area", ".Mclic/area"),
		TEXT(MCLIC_BAD_PATH, "nameless-on-fat", "a/... /b"),
	};
	char longest[256];

	write_texts("path", texts, COUNT(texts));
	memset(longest, 'a', sizeof(longest));
	write_vector("path", MCLIC_OK, "part-of-255", longest, 255);
	write_vector("path", MCLIC_BAD_PATH, "part-of-256", longest, 256);
}

static void links(void)
{
	static const struct text texts[] = {
		TEXT(MCLIC_OK, "beside", "bin/sh\0dash"),
		TEXT(MCLIC_OK, "one-up", "bin/lib\0../lib"),
		TEXT(MCLIC_OK, "here", "a/b\0."),
		TEXT(MCLIC_BAD_PATH, "to-nothing", "a\0"),
		TEXT(MCLIC_BAD_PATH, "absolute", "a\0/etc/passwd"),
		TEXT(MCLIC_BAD_PATH, "up", "a\0../b"),
		TEXT(MCLIC_BAD_PATH, "two-up-from-one", "a/b\0../../c"),
		TEXT(MCLIC_BAD_PATH, "up-behind-a-name", "a/b\0c/../../d"),
		TEXT(MCLIC_BAD_PATH, "nul-in-target", "a\0b\0c"),
		TEXT(MCLIC_BAD_PATH, "not-utf-8", "a\0\xff"),
	};

	write_texts("link", texts, COUNT(texts));
}

static void media(void)
{
	static const struct text texts[] = {
		TEXT(MCLIC_OK, "sd", "\x02" "035344535530384780" "1234abcd00c9b5\n"),
		TEXT(MCLIC_OK, "scsi", "\x03naa.5000c50015ea71aa\n"),
		TEXT(MCLIC_OK, "vpd", "\x04\0\x80\0\x10MO0001-7b      \0"),
		TEXT(MCLIC_OK, "nvme", "\x05" "eui.0025385a91b0012c\n"),
		TEXT(MCLIC_OK, "usb", "\x06" "0951:1666:60A44C413A41F3A1A97C0D72"),
		TEXT(MCLIC_OK, "virtio", "\x07" "BULK-7\n"),
		TEXT(MCLIC_OK, "emulated", "\x01" "0f1e2d3c4b5a6978"),
		TEXT(MCLIC_BAD_MEDIUM_KIND, "zero", "\0" "BULK-7"),
		TEXT(MCLIC_BAD_MEDIUM_KIND, "reserved-8", "\x08" "BULK-7"),
		TEXT(MCLIC_BAD_MEDIUM_ID, "sd-not-hex", "\x02" "035344535530384780" "1234abcd00c9bx"),
		TEXT(MCLIC_BAD_MEDIUM_ID, "sd-short", "\x02" "0353"),
		TEXT(MCLIC_BAD_MEDIUM_ID, "scsi-zeros", "\x03naa.5000000000000000\n"),
		TEXT(MCLIC_BAD_MEDIUM_ID, "scsi-placeholder", "\x03" "0123456789ABCDEF\n"),
		TEXT(MCLIC_BAD_MEDIUM_ID, "scsi-every-virtual-machine",
		     "\x03t10.ATA     QEMU HARDDISK     QM00001\n"),
		TEXT(MCLIC_BAD_MEDIUM_ID, "vpd-page-83", "\x04\0\x83\0\x04MO0001-7b"),
		TEXT(MCLIC_BAD_MEDIUM_ID, "vpd-cut", "\x04\0\x80"),
		TEXT(MCLIC_BAD_MEDIUM_ID, "usb-reader", "\x06" "058f:6366:058F63666433"),
		TEXT(MCLIC_BAD_MEDIUM_ID, "usb-no-serial", "\x06" "058f:6366:"),
		TEXT(MCLIC_BAD_MEDIUM_ID, "virtio-too-short", "\x07" "abc\n"),
		TEXT(MCLIC_BAD_MEDIUM_ID, "virtio-empty", "\x07"),
		TEXT(MCLIC_BAD_MEDIUM_ID, "emulated-short", "\x01" "0f1e2d3c4b5a697"),
		TEXT(MCLIC_BAD_MEDIUM_ID, "emulated-alike", "\x01" "aaaaaaaaaaaaaaaa"),
	};

	write_texts("medium", texts, COUNT(texts));
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: generate DIR\n");
		return 2;
	}
	c = mclic_openssl();
	out = argv[1];
	areas();
	slots();
	verdicts();
	markers();
	sealed_files();
	requests();
	responses();
	revocations();
	paths();
	links();
	media();
	return 0;
}
