// SPDX-License-Identifier: GPL-2.0-or-later
/* manifest.c, product.c: what is accepted, what is refused and why, and whose it is. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "userspace/lib/libmclic.h"

#define ID	"00112233445566778899aabbccddeeff"
#define HASH	ID ID
#define HEAD	"{\"title\":\"T\",\"version\":1,\"entries\":["
#define TAIL	"]}"
#define DIRECTORY(p)	"{\"path\":\"" p "\",\"type\":\"dir\",\"mode\":\"0755\"}"
#define FILE_WITH(p, more)	"{\"path\":\"" p "\",\"type\":\"file\"," more "}"
#define REST	"\"mode\":\"0644\",\"size\":5,\"file_id\":\"" ID "\",\"sha256\":\"" HASH "\""
#define AFILE(p)	FILE_WITH(p, REST)
#define LINK(p, t)	"{\"path\":\"" p "\",\"type\":\"symlink\",\"target\":\"" t "\"}"

static int parse(const char *text, struct mclic_manifest **m)
{
	return mclic_manifest_parse(text, strlen(text), m);
}

static void a_manifest_is_read(void **state)
{
	static const char text[] =
		HEAD DIRECTORY("bin") "," AFILE("bin/game") "," LINK("bin/start", "game") ","
		FILE_WITH("other", REST ",\"unknown\":[1,2]") TAIL;
	struct mclic_manifest *m;
	__u8 id[MCLIC_ID_SIZE];

	(void)state;
	assert_int_equal(parse(text, &m), 0);
	assert_string_equal(m->title, "T");
	assert_int_equal(m->version, 1);
	assert_int_equal(m->count, 4);
	assert_int_equal(m->total, 10);
	assert_int_equal(m->entries[0].type, MCLIC_ENTRY_DIR);
	assert_int_equal(m->entries[0].mode, 0755);
	assert_string_equal(m->entries[1].path, "bin/game");
	assert_int_equal(m->entries[1].type, MCLIC_ENTRY_FILE);
	assert_int_equal(m->entries[1].mode, 0644);
	assert_int_equal(m->entries[1].size, 5);
	assert_int_equal(mclic_unhex(ID, id, sizeof(id)), 0);
	assert_memory_equal(m->entries[1].file_id, id, sizeof(id));
	assert_memory_equal(m->entries[1].sha256, id, sizeof(id));
	assert_memory_equal(m->entries[1].sha256 + 16, id, sizeof(id));
	assert_int_equal(m->entries[2].type, MCLIC_ENTRY_LINK);
	assert_string_equal(m->entries[2].target, "game");
	mclic_manifest_free(m);
}

/* @n times @what between head and tail */
static int parse_many(const char *what, size_t n)
{
	size_t size = sizeof(HEAD TAIL) + n * (strlen(what) + 8), at;
	char *text = malloc(size);
	struct mclic_manifest *m;
	size_t i;
	int err;

	assert_non_null(text);
	at = (size_t)snprintf(text, size, HEAD);
	for (i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, size - at, what, i ? "," : "", i);
	snprintf(text + at, size - at, TAIL);
	err = parse(text, &m);
	if (!err)
		mclic_manifest_free(m);
	free(text);
	return err;
}

/* Nothing but brackets or commas would fill the memory; the shortest entries may come. */
static void a_text_of_brackets_is_refused(void **state)
{
	static const char *const bombs[] = { "%s{}", "%s[]", "%s1", "%s\"\"", "%s[[[]]]" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
		assert_int_equal(parse_many(bombs[i], 100000), -EBADMSG);
		assert_non_null(strstr(mclic_message(), "more parts"));
	}
	assert_int_equal(parse_many("%s{\"path\":\"%zx\",\"type\":\"dir\",\"mode\":\"0755\"}", 5000), 0);
	assert_int_equal(parse_many("%s{\"path\":\"%zx\\\",{,[,{,[,{,[,{,[,{,[,\",\"type\":\"dir\","
				    "\"mode\":\"0755\"}", 100), 0);
}

static int memory_file(void)
{
	int fd = memfd_create("manifest", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void sha256(const void *p, size_t n, __u8 hash[MCLIC_HASH_SIZE])
{
	assert_int_equal(EVP_Digest(p, n, hash, NULL, EVP_sha256(), NULL), 1);
}

/* The manifest's text, whose length and hash must be those that were told; free() it. */
static char *text_of(const struct mclic_manifest *m)
{
	__u8 told[MCLIC_HASH_SIZE], hash[MCLIC_HASH_SIZE];
	int fd = memory_file();
	size_t len, read;
	void *text;

	assert_int_equal(mclic_manifest_print(m, fd, 0, &len, told), 0);
	assert_int_equal(mclic_read_fd(fd, "text", MCLIC_MANIFEST_MAX, &text, &read), 0);
	close(fd);
	sha256(text, read, hash);
	assert_int_equal(len, read);
	assert_memory_equal(told, hash, sizeof(hash));
	return text;
}

static void what_is_written_is_read_again(void **state)
{
	struct mclic_entry e[] = {
		{ .path = "d", .type = MCLIC_ENTRY_DIR, .mode = 0700 },
		{ .path = "d/\"quoted\" \\ ünï", .type = MCLIC_ENTRY_FILE, .mode = 04, .size = 1ull << 33 },
		{ .path = "d/l", .type = MCLIC_ENTRY_LINK, .mode = 0777, .target = "../d/x" },
	};
	char longest[] = "Titel ß " ID "0123456789012345678901";	/* 63 bytes */
	struct mclic_manifest m = { longest, 4294967295u, e, 3, 0 }, *back;
	char *text, *again;
	size_t i;

	(void)state;
	memset(e[1].file_id, 0xab, sizeof(e[1].file_id));
	memset(e[1].sha256, 0xcd, sizeof(e[1].sha256));
	text = text_of(&m);
	assert_int_equal(parse(text, &back), 0);
	assert_int_equal(strlen(longest), MCLIC_TITLE_SIZE - 1);
	assert_string_equal(back->title, m.title);
	assert_int_equal(back->version, m.version);
	assert_int_equal(back->count, 3);
	assert_int_equal(back->total, 1ull << 33);
	for (i = 0; i < 3; i++) {
		assert_string_equal(back->entries[i].path, e[i].path);
		assert_int_equal(back->entries[i].type, e[i].type);
		assert_int_equal(back->entries[i].mode, e[i].mode);
		assert_memory_equal(back->entries[i].file_id, e[i].file_id, MCLIC_ID_SIZE);
		assert_memory_equal(back->entries[i].sha256, e[i].sha256, MCLIC_HASH_SIZE);
	}
	assert_string_equal(back->entries[2].target, "../d/x");
	again = text_of(back);
	assert_string_equal(again, text);
	free(again);
	free(text);
	mclic_manifest_free(back);
}

/* One with more text than is written at once. */
static struct mclic_manifest *long_manifest(void)
{
	struct mclic_manifest *m = calloc(1, sizeof(*m));
	size_t i, n = 2000;
	int len;

	assert_non_null(m);
	m->title = strdup("T");
	m->version = 1;
	m->entries = calloc(n, sizeof(*m->entries));
	assert_non_null(m->entries);
	for (i = 0; i < n; i++) {
		len = asprintf(&m->entries[i].path, "file number %zu", i);
		assert_true(len > 0);
		m->entries[i].type = MCLIC_ENTRY_FILE;
	}
	m->count = n;
	return m;
}

/* In its place, and nothing beside it. */
static void a_manifest_is_written_to_its_place(void **state)
{
	enum { OFF = 2240, BEHIND = 100 };
	__u8 counted_hash[MCLIC_HASH_SIZE], hash[MCLIC_HASH_SIZE];
	struct mclic_manifest *m = long_manifest();
	char *text = text_of(m), *filled, *got;
	size_t counted, len, size, n;
	int fd = memory_file();

	(void)state;
	assert_int_equal(mclic_manifest_print(m, -1, 0, &counted, counted_hash), 0);
	assert_int_equal(counted, strlen(text));
	size = OFF + counted + BEHIND;
	filled = malloc(size);
	assert_non_null(filled);
	memset(filled, 0xee, size);
	assert_int_equal(mclic_pwrite_full(fd, filled, size, 0), 0);
	assert_int_equal(mclic_manifest_print(m, fd, OFF, &len, hash), 0);
	assert_int_equal(len, counted);
	assert_memory_equal(hash, counted_hash, sizeof(hash));
	assert_int_equal(mclic_read_fd(fd, "file", size, (void **)&got, &n), 0);
	assert_int_equal(n, size);
	memcpy(filled + OFF, text, len);
	assert_memory_equal(got, filled, size);
	close(fd);
	free(got);
	free(filled);
	free(text);
	mclic_manifest_free(m);
}

static void what_cannot_be_written_is_told(void **state)
{
	struct mclic_manifest *m = long_manifest();
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), fd = memory_file();
	__u8 hash[MCLIC_HASH_SIZE];
	size_t len, all = m->count;

	(void)state;
	assert_int_equal(mclic_manifest_print(m, full, 0, &len, hash), -ENOSPC);
	assert_non_null(strstr(mclic_message(), strerror(ENOSPC)));
	m->count = 1;		/* less than is written at once */
	assert_int_equal(mclic_manifest_print(m, full, 0, &len, hash), -ENOSPC);
	assert_non_null(strstr(mclic_message(), strerror(ENOSPC)));
	m->entries[0].path[0] = (char)0xff;
	assert_int_equal(mclic_manifest_print(m, fd, 0, &len, hash), -ENOMEM);
	assert_non_null(strstr(mclic_message(), "not UTF-8"));
	m->count = all;
	close(full);
	close(fd);
	mclic_manifest_free(m);
}

static void an_empty_product_is_one(void **state)
{
	struct mclic_manifest *m;

	(void)state;
	assert_int_equal(parse(HEAD TAIL, &m), 0);
	assert_int_equal(m->count, 0);
	mclic_manifest_free(m);
}

static const struct {
	const char *text, *why;
} bad[] = {
	{ "", "not JSON" },
	{ "[]", "no proper title" },
	{ HEAD TAIL " x", "not JSON" },
	{ "{\"version\":1,\"entries\":[]}", "title" },
	{ "{\"title\":1,\"version\":1,\"entries\":[]}", "title" },
	{ "{\"title\":\"\",\"version\":1,\"entries\":[]}", "title" },
	{ "{\"title\":\"a\\u0007\",\"version\":1,\"entries\":[]}", "title" },
	{ "{\"title\":\"a\\u0000b\",\"version\":1,\"entries\":[]}", "not JSON" },
	{ "{\"title\":\"" HASH "\",\"version\":1,\"entries\":[]}", "title" },
	{ "{\"title\":\"T\",\"title\":\"U\",\"version\":1,\"entries\":[]}", "not JSON" },
	{ "{\"title\":\"T\",\"entries\":[]}", "version" },
	{ "{\"title\":\"T\",\"version\":0,\"entries\":[]}", "version" },
	{ "{\"title\":\"T\",\"version\":1.0,\"entries\":[]}", "version" },
	{ "{\"title\":\"T\",\"version\":\"1\",\"entries\":[]}", "version" },
	{ "{\"title\":\"T\",\"version\":4294967296,\"entries\":[]}", "version" },
	{ "{\"title\":\"T\",\"version\":1}", "no entries" },
	{ "{\"title\":\"T\",\"version\":1,\"entries\":{}}", "no entries" },
	{ HEAD "1" TAIL, "no path" },
	{ HEAD "{\"type\":\"dir\",\"mode\":\"0755\"}" TAIL, "no path" },
	{ HEAD "{\"path\":5,\"type\":\"dir\",\"mode\":\"0755\"}" TAIL, "no path" },
	{ HEAD DIRECTORY("") TAIL, "no product may hold" },
	{ HEAD DIRECTORY("/abs") TAIL, "no product may hold" },
	{ HEAD DIRECTORY("..") TAIL, "no product may hold" },
	{ HEAD DIRECTORY("a/../b") TAIL, "no product may hold" },
	{ HEAD DIRECTORY("a//b") TAIL, "no product may hold" },
	{ HEAD DIRECTORY("a/") TAIL, "no product may hold" },
	{ HEAD DIRECTORY("a\\nb") TAIL, "no product may hold" },
	{ HEAD AFILE(".mclic-product") TAIL, "no product may hold" },
	{ HEAD AFILE(".MCLIC-Product") TAIL, "no product may hold" },
	{ HEAD DIRECTORY("a") "," AFILE("a/.mclic") TAIL, "no product may hold" },
	{ HEAD "{\"path\":\"a\",\"mode\":\"0755\"}" TAIL, "no type" },
	{ HEAD "{\"path\":\"a\",\"type\":\"fifo\",\"mode\":\"0755\"}" TAIL, "type nobody knows" },
	{ HEAD "{\"path\":\"a\",\"type\":\"dir\"}" TAIL, "mode" },
	{ HEAD "{\"path\":\"a\",\"type\":\"dir\",\"mode\":493}" TAIL, "mode" },
	{ HEAD "{\"path\":\"a\",\"type\":\"dir\",\"mode\":\"755\"}" TAIL, "mode" },
	{ HEAD "{\"path\":\"a\",\"type\":\"dir\",\"mode\":\"4755\"}" TAIL, "mode" },
	{ HEAD "{\"path\":\"a\",\"type\":\"dir\",\"mode\":\"0785\"}" TAIL, "mode" },
	{ HEAD "{\"path\":\"a\",\"type\":\"dir\",\"mode\":\"07550\"}" TAIL, "mode" },
	{ HEAD "{\"path\":\"a\",\"type\":\"dir\",\"mode\":\"0755\",\"size\":1}" TAIL, "a file's members" },
	{ HEAD FILE_WITH("a", REST ",\"target\":\"b\"") TAIL, "link target" },
	{ HEAD FILE_WITH("a", "\"mode\":\"0644\"") TAIL, "size" },
	{ HEAD FILE_WITH("a", "\"mode\":\"0644\",\"size\":-1,\"file_id\":\"" ID "\",\"sha256\":\"" HASH "\"") TAIL, "size" },
	{ HEAD FILE_WITH("a", "\"mode\":\"0644\",\"size\":1.5,\"file_id\":\"" ID "\",\"sha256\":\"" HASH "\"") TAIL, "size" },
	{ HEAD FILE_WITH("a", "\"mode\":\"0644\",\"size\":\"1\",\"file_id\":\"" ID "\",\"sha256\":\"" HASH "\"") TAIL, "size" },
	{ HEAD FILE_WITH("a", "\"mode\":\"0644\",\"size\":4611686018427387905,\"file_id\":\"" ID "\",\"sha256\":\"" HASH "\"") TAIL, "size" },
	{ HEAD FILE_WITH("a", "\"mode\":\"0644\",\"size\":9223372036854775808,\"file_id\":\"" ID "\",\"sha256\":\"" HASH "\"") TAIL, "not JSON" },
	{ HEAD FILE_WITH("a", "\"mode\":\"0644\",\"size\":1,\"file_id\":\"0\",\"sha256\":\"" HASH "\"") TAIL, "file_id" },
	{ HEAD FILE_WITH("a", "\"mode\":\"0644\",\"size\":1,\"file_id\":\"" ID "\",\"sha256\":\"" ID "\"") TAIL, "sha256" },
	{ HEAD FILE_WITH("a", "\"mode\":\"0644\",\"size\":4611686018427387904,\"file_id\":\"" ID "\",\"sha256\":\"" HASH "\"") ","
	  AFILE("b") TAIL, "too large" },
	{ HEAD LINK("a", "/etc/passwd") TAIL, "leaves the product" },
	{ HEAD LINK("a", "../b") TAIL, "leaves the product" },
	{ HEAD DIRECTORY("d") "," LINK("d/a", "../../b") TAIL, "leaves the product" },
	{ HEAD "{\"path\":\"a\",\"type\":\"symlink\"}" TAIL, "no link target" },
	{ HEAD "{\"path\":\"a\",\"type\":\"symlink\",\"target\":\"b\",\"mode\":\"0777\"}" TAIL, "a file's members" },
	{ HEAD AFILE("a/b") TAIL, "directory's entry" },
	{ HEAD AFILE("a/b") "," DIRECTORY("a") TAIL, "directory's entry" },
	{ HEAD AFILE("a") "," AFILE("a/b") TAIL, "directory's entry" },
	{ HEAD LINK("a", "b") "," DIRECTORY("b") "," AFILE("a/x") TAIL, "directory's entry" },
	{ HEAD AFILE("a") "," AFILE("a") TAIL, "same name" },
	{ HEAD AFILE("Readme") "," AFILE("README") TAIL, "same name" },
	{ HEAD AFILE("stra\\u00dfe") "," AFILE("STRASSE") TAIL, "same name" },
	{ HEAD AFILE("\\u00fc") "," AFILE("u\\u0308") TAIL, "same name" },
	{ HEAD AFILE("\\uff21") "," AFILE("a") TAIL, "same name" },
	{ HEAD DIRECTORY("D") "," DIRECTORY("d") "," AFILE("d/x") TAIL, "same name" },
};

static void what_is_bad_is_refused_and_named(void **state)
{
	struct mclic_manifest *m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(bad[i].text, &m) != -EBADMSG || m ||
		    !strstr(mclic_message(), bad[i].why))
			fail_msg("%s\nshould fail for \"%s\", but: %s", bad[i].text, bad[i].why,
				 mclic_message());
	}
}

/* A manifest that is cut anywhere, or has a byte that is no UTF-8, is refused. */
static void every_cut_is_refused(void **state)
{
	static const char text[] = HEAD DIRECTORY("a") "," AFILE("a/b") TAIL;
	struct mclic_manifest *m;
	char copy[sizeof(text)];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(text) - 1; i++) {
		assert_int_equal(mclic_manifest_parse(text, i, &m), -EBADMSG);
		memcpy(copy, text, sizeof(text));
		copy[i] = (char)0xff;
		assert_int_equal(mclic_manifest_parse(copy, sizeof(text) - 1, &m), -EBADMSG);
	}
}

/* ---- products ---- */

static EVP_PKEY *publisher;
static __u8 public[MCLIC_ED25519_PUBLIC];

static int make_key(void **state)
{
	size_t len = sizeof(public);

	(void)state;
	publisher = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return publisher && EVP_PKEY_get_raw_public_key(publisher, public, &len) == 1 ? 0 : -1;
}

static int drop_key(void **state)
{
	(void)state;
	EVP_PKEY_free(publisher);
	return 0;
}

static void sign(struct mclic_marker *m, const char *manifest, EVP_PKEY *key)
{
	__u8 hash[MCLIC_HASH_SIZE];

	sha256(manifest, strlen(manifest), hash);
	assert_int_equal(mclic_product_sign(m, hash, key), 0);
}

static char *product(const char *manifest, __u32 version, size_t *len)
{
	struct mclic_title title = { .did = { 1, 2, 3 }, .content_version = version };
	size_t n = strlen(manifest);
	struct mclic_marker m;
	char *bytes = malloc(sizeof(m) + n);

	assert_non_null(bytes);
	assert_int_equal(mclic_marker_make(mclic_openssl(), &m, &title, 1, public, n), MCLIC_OK);
	sign(&m, manifest, publisher);
	memcpy(bytes, &m, sizeof(m));
	memcpy(bytes + sizeof(m), manifest, n);
	*len = sizeof(m) + n;
	return bytes;
}

#define GOOD	HEAD AFILE("a") TAIL

static void a_product_is_read(void **state)
{
	struct mclic_title title;
	struct mclic_product *p;
	size_t len;
	char *bytes = product(GOOD, 1, &len);

	(void)state;
	assert_int_equal(mclic_product_parse(bytes, len, &p), 0);
	assert_int_equal(p->manifest->count, 1);
	assert_ptr_equal(p->bytes, bytes);
	mclic_product_title(p, &title);
	assert_int_equal(title.did[1], 2);
	assert_int_equal(title.content_version, 1);
	mclic_product_free(p);
}

static void every_changed_byte_is_noticed(void **state)
{
	struct mclic_product *p;
	size_t len, i;
	char *bytes = product(GOOD, 1, &len);

	(void)state;
	for (i = 0; i < len; i++) {
		bytes[i] ^= 1;
		assert_int_equal(mclic_product_parse(bytes, len, &p), -EBADMSG);
		assert_null(p);
		bytes[i] ^= 1;
	}
	for (i = 0; i < len; i++)
		assert_int_equal(mclic_product_parse(bytes, i, &p), -EBADMSG);
	bytes = realloc(bytes, len + 1);
	assert_non_null(bytes);
	bytes[len] = ' ';
	assert_int_equal(mclic_product_parse(bytes, len + 1, &p), -EBADMSG);
	free(bytes);
}

/* Someone else's good signature does not make it the named publisher's. */
static void another_key_is_another_publisher(void **state)
{
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	size_t len, n = MCLIC_ED25519_PUBLIC;
	char *bytes = product(GOOD, 1, &len);
	struct mclic_marker m;
	struct mclic_product *p;

	(void)state;
	memcpy(&m, bytes, sizeof(m));
	assert_int_equal(EVP_PKEY_get_raw_public_key(other, m.publisher_key, &n), 1);
	sign(&m, GOOD, other);
	memcpy(bytes, &m, sizeof(m));
	assert_int_equal(mclic_product_parse(bytes, len, &p), -EBADMSG);
	assert_non_null(strstr(mclic_message(), "another publisher"));
	free(bytes);
	EVP_PKEY_free(other);
}

static void versions_must_agree(void **state)
{
	struct mclic_product *p;
	size_t len;
	char *bytes = product(GOOD, 2, &len);

	(void)state;
	assert_int_equal(mclic_product_parse(bytes, len, &p), -EBADMSG);
	assert_non_null(strstr(mclic_message(), "different versions"));
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manifest_is_read),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(a_manifest_is_written_to_its_place),
		cmocka_unit_test(what_cannot_be_written_is_told),
		cmocka_unit_test(an_empty_product_is_one),
		cmocka_unit_test(what_is_bad_is_refused_and_named),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(a_text_of_brackets_is_refused),
		cmocka_unit_test(a_product_is_read),
		cmocka_unit_test(every_changed_byte_is_noticed),
		cmocka_unit_test(another_key_is_another_publisher),
		cmocka_unit_test(versions_must_agree),
	};

	return cmocka_run_group_tests(tests, make_key, drop_key);
}
