// SPDX-License-Identifier: GPL-2.0-or-later
/* source.c, source_dir.c, source_iso.c: the same products from a directory and from an image. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "userspace/lib/libmclic.h"

#include "folder.h"

#define MANIFEST	"{\"title\":\"T\",\"version\":1,\"entries\":[]}"
#define BIG		(3u << 20)

static __u8 *content;

static void put(const char *path, const void *data, size_t len)
{
	assert_int_equal(mclic_write_file(AT_FDCWD, in_folder(path), data, len, 0644), 0);
}

static void put_marker(const char *path, const char *manifest)
{
	struct mclic_title title = { .did = { 1 }, .content_version = 1 };
	size_t n = strlen(manifest), len = MCLIC_ED25519_PUBLIC;
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	__u8 public[MCLIC_ED25519_PUBLIC], hash[MCLIC_HASH_SIZE];
	char bytes[sizeof(struct mclic_marker) + 256];
	struct mclic_marker m;

	assert_int_equal(EVP_PKEY_get_raw_public_key(key, public, &len), 1);
	assert_int_equal(mclic_marker_make(mclic_openssl(), &m, &title, 1, public, n), MCLIC_OK);
	assert_int_equal(EVP_Digest(manifest, n, hash, NULL, EVP_sha256(), NULL), 1);
	assert_int_equal(mclic_product_sign(&m, hash, key), 0);
	EVP_PKEY_free(key);
	memcpy(bytes, &m, sizeof(m));
	memcpy(bytes + sizeof(m), manifest, n);
	put(path, bytes, sizeof(m) + n);
}

static void make_dirs(void)
{
	static const char *const dirs[] = {
		"tree", "tree/Alpha Büch", "tree/Alpha Büch/deep", "tree/beta", "tree/plain",
		"tree/broken", "tree/odd", "tree/.mclic", "outside",
	};
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		assert_int_equal(mkdir(in_folder(dirs[i]), 0755), 0);
}

static int setup(void **state)
{
	if (folder_setup(state))
		return -1;
	content = malloc(BIG);
	if (!content || mclic_random(content, BIG))
		return -1;
	make_dirs();
	put_marker("tree/Alpha Büch/.mclic-product", MANIFEST);
	put("tree/Alpha Büch/deep/big", content, BIG);
	put("tree/Alpha Büch/none", "", 0);
	put_marker("tree/beta/.mclic-product", MANIFEST);
	put_marker("tree/.mclic/.mclic-product", MANIFEST);
	put("tree/broken/.mclic-product", "MCLPROD", 7);
	put("tree/plain/file", "x", 1);
	put("tree/file", "x", 1);
	put("outside/secret", "secret", 6);
	if (symlink("../outside", in_folder("tree/beta/away")) ||
	    symlink("../../outside/secret", in_folder("tree/beta/link")))
		return -1;
	/* On the image only: a mounted medium has no such thing among its products. */
	if (chdir(folder) ||
	    system("xorriso -as mkisofs -quiet -R -iso-level 3 -o t.iso tree >/dev/null 2>&1"))
		return -1;
	if (mkfifo(in_folder("tree/odd/.mclic-product"), 0644) ||
	    symlink("../outside", in_folder("tree/linked")))
		return -1;
	return 0;
}

static int teardown(void **state)
{
	free(content);
	return folder_teardown(state);
}

static void check_list(const char *path, const char *const *wanted)
{
	struct mclic_source *s;
	char **names;
	size_t i;

	assert_int_equal(mclic_source_open(path, &s), 0);
	assert_int_equal(mclic_source_list(s, &names), 0);
	for (i = 0; wanted[i]; i++) {
		assert_non_null(names[i]);
		assert_string_equal(names[i], wanted[i]);
	}
	assert_null(names[i]);
	mclic_strv_free(names);
	mclic_source_close(s);
}

static void products_are_listed(void **state)
{
	static const char *const in_dir[] = { "Alpha Büch", "beta", "broken", "odd", NULL };
	static const char *const in_iso[] = { "Alpha Büch", "beta", "broken", NULL };

	(void)state;
	check_list(in_folder("tree"), in_dir);
	check_list(in_folder("t.iso"), in_iso);
}

static void check_reads(const char *path)
{
	struct mclic_source_file *f;
	struct mclic_product *p;
	struct mclic_source *s;
	__u8 *back = malloc(BIG + 10);
	__u64 len;

	assert_non_null(back);
	assert_int_equal(mclic_source_open(path, &s), 0);
	assert_int_equal(mclic_source_product(s, "Alpha Büch", &p), 0);
	assert_string_equal(p->manifest->title, "T");
	mclic_product_free(p);

	assert_int_equal(mclic_source_file_open(s, "Alpha Büch", "deep/big", &f, &len), 0);
	assert_int_equal(len, BIG);
	assert_int_equal(mclic_source_pread(f, back, BIG + 10, 0), BIG);
	assert_memory_equal(back, content, BIG);
	assert_int_equal(mclic_source_pread(f, back, 5000, 12345), 5000);
	assert_memory_equal(back, content + 12345, 5000);
	assert_int_equal(mclic_source_pread(f, back, 100, BIG - 7), 7);
	assert_int_equal(mclic_source_pread(f, back, 100, BIG), 0);
	assert_int_equal(mclic_source_pread(f, back, 100, BIG + 99999), 0);
	mclic_source_file_close(f);

	assert_int_equal(mclic_source_file_open(s, "Alpha Büch", "none", &f, &len), 0);
	assert_int_equal(len, 0);
	assert_int_equal(mclic_source_pread(f, back, 100, 0), 0);
	mclic_source_file_close(f);
	mclic_source_close(s);
	free(back);
}

static void files_are_read(void **state)
{
	(void)state;
	check_reads(in_folder("tree"));
	check_reads(in_folder("t.iso"));
}

static const struct {
	const char *product, *path;
	int err;
} refused[] = {
	{ "beta", "absent", -ENOENT },
	{ "absent", "file", -ENOENT },
	{ "Alpha Büch", "none/below", -ENOENT },
	{ "beta", "../Alpha Büch/none", -EBADMSG },
	{ "beta", "/etc/passwd", -EBADMSG },
	{ "beta", "", -EBADMSG },
	{ "beta", ".mclic-product", -EBADMSG },
	{ "..", "outside/secret", -EBADMSG },
	{ ".", "file", -EBADMSG },
	{ "Alpha Büch/deep", "big", -EBADMSG },
	{ ".mclic", "x", -EBADMSG },
};

static void check_refused(const char *path)
{
	struct mclic_source_file *f;
	struct mclic_source *s;
	size_t i;
	__u64 len;

	assert_int_equal(mclic_source_open(path, &s), 0);
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(mclic_source_file_open(s, refused[i].product, refused[i].path,
							&f, &len), refused[i].err);
	/* Links are not followed, and a directory is no file. */
	assert_true(mclic_source_file_open(s, "beta", "link", &f, &len) < 0);
	assert_true(mclic_source_file_open(s, "beta", "away/secret", &f, &len) < 0);
	assert_true(mclic_source_file_open(s, "linked", "secret", &f, &len) < 0);
	assert_true(mclic_source_file_open(s, "Alpha Büch", "deep", &f, &len) < 0);
	mclic_source_close(s);
}

static void nothing_else_is_opened(void **state)
{
	(void)state;
	check_refused(in_folder("tree"));
	check_refused(in_folder("t.iso"));
}

static void bad_products_are_named(void **state)
{
	struct mclic_product *p;
	struct mclic_source *s;

	(void)state;
	assert_int_equal(mclic_source_open(in_folder("tree"), &s), 0);
	assert_int_equal(mclic_source_product(s, "broken", &p), -EBADMSG);
	assert_non_null(strstr(mclic_message(), "tree/broken: "));
	assert_int_equal(mclic_source_product(s, "odd", &p), -EBADMSG);
	assert_int_equal(mclic_source_product(s, "plain", &p), -ENOENT);
	assert_int_equal(mclic_source_product(s, "no such", &p), -ENOENT);
	assert_int_equal(mclic_source_product(s, "../outside", &p), -ENOENT);
	/* A marker that would fill the memory is refused before it is read. */
	assert_int_equal(truncate(in_folder("tree/broken/.mclic-product"),
				  (off_t)sizeof(struct mclic_marker) + MCLIC_MANIFEST_MAX + 1), 0);
	assert_int_equal(mclic_source_product(s, "broken", &p), -EBADMSG);
	assert_non_null(strstr(mclic_message(), "larger than any manifest"));
	mclic_source_close(s);
}

static void what_is_no_source_is_refused(void **state)
{
	struct mclic_source *s;

	(void)state;
	assert_int_equal(mclic_source_open(in_folder("absent"), &s), -ENOENT);
	assert_int_equal(mclic_source_open("/dev/null", &s), -EINVAL);
	assert_int_equal(mclic_source_open(in_folder("tree/odd/.mclic-product"), &s), -EINVAL);
	assert_int_equal(mclic_source_open(in_folder("tree/file"), &s), -EBADMSG);
	assert_int_equal(mclic_source_open(in_folder("tree/Alpha Büch/deep/big"), &s), -EBADMSG);
}

/* The first directory of the root is made the root itself: a tree without end. */
static void a_tree_without_end_is_refused(void **state)
{
	struct mclic_source *s;
	void *data;
	__u8 *image, *root, *child;
	size_t len;

	(void)state;
	assert_int_equal(mclic_read_file(AT_FDCWD, in_folder("t.iso"), 64u << 20, &data, &len), 0);
	image = data;
	root = image + 16 * 2048 + 156;
	child = image + 2048 * (root[2] | (size_t)root[3] << 8);
	child += child[0];
	child += child[0];
	while (!(child[25] & 2))
		child += child[0];
	memcpy(child + 2, root + 2, 16);
	put("loop.iso", image, len);
	free(data);
	assert_int_equal(mclic_source_open(in_folder("loop.iso"), &s), -EBADMSG);
}

#define ISO_ROOT	20	/* where the directory at the top of a hand-made image lies */

/* A number in either byte order, one behind the other */
static void iso_both(__u8 *at, __u32 n)
{
	int i;

	for (i = 0; i < 4; i++)
		at[i] = at[7 - i] = (__u8)(n >> 8 * i);
}

static __u8 *iso_record(__u8 *at, const char *name, __u32 block, __u32 len, bool dir)
{
	__u8 n = (__u8)strlen(name);

	at[0] = (__u8)((34 + n) & ~1);
	iso_both(at + 2, block);
	iso_both(at + 10, len);
	at[25] = dir ? 2 : 0;
	at[28] = 1;
	at[32] = n;
	memcpy(at + 33, name, n);
	return at + at[0];
}

/* A directory that lies at @own: @n names, of directories or files that all lie at @block. */
static void iso_directory(__u8 *image, __u32 own, __u32 own_len, const char *form, int n,
			  __u32 block, __u32 len)
{
	__u8 *at = image + own * 2048, *end = at + 2048;
	bool dir = len > 2048;
	char name[16];
	int i;

	at = iso_record(at, "", own, own_len, true);
	at[-2] = 1;		/* the name "\0", in the byte that made the length even */
	at = iso_record(at, "\1", ISO_ROOT, own_len, true);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), form, i);
		if (end - at < 64) {
			at = end;
			end += 2048;
		}
		at = iso_record(at, name, block, len, dir);
	}
}

/* An image of @len bytes, zeros but for its head; free() it. */
static __u8 *iso_image(size_t len, __u32 root_len)
{
	__u8 *image = calloc(1, len), *head;

	assert_non_null(image);
	head = image + 16 * 2048;
	memcpy(head, "\1CD001\1", 7);
	iso_both(head + 80, (__u32)(len / 2048));
	memcpy(head + 128, "\0\10\10\0", 4);
	iso_record(head + 156, "\1", ISO_ROOT, root_len, true);
	head[881] = 1;
	memcpy(head + 2048, "\377CD001\1", 7);
	return image;
}

/* @dirs directories at the top, all of them the same one of @blocks blocks of names. */
static void put_twins(const char *name, int dirs, int blocks)
{
	__u32 root_len = ((__u32)dirs / 40 + 1) * 2048, twin = ISO_ROOT + root_len / 2048;
	const size_t len = (twin + (size_t)blocks + 1) * 2048;
	__u8 *image = iso_image(len, root_len);

	iso_directory(image, ISO_ROOT, root_len, "D%06d", dirs, twin, (__u32)blocks * 2048);
	iso_directory(image, twin, (__u32)blocks * 2048, "F%06d", blocks * 48,
		      twin + (__u32)blocks, 4);
	put(name, image, len);
	free(image);
}

/* Each of many directories is the same large one: some hundred names for every byte. */
static void a_tree_of_twins_is_refused(void **state)
{
	struct mclic_source *s;

	(void)state;
	put_twins("twins.iso", 200, 200);
	assert_int_equal(mclic_source_open(in_folder("twins.iso"), &s), -EBADMSG);
}

/* A hole makes an image as long as one likes: names are limited whatever its length. */
static void a_long_image_has_not_more_names(void **state)
{
	struct mclic_source *s;

	(void)state;
	put_twins("long.iso", 1000, 30);
	assert_int_equal(truncate(in_folder("long.iso"), (off_t)64 << 30), 0);
	assert_int_equal(mclic_source_open(in_folder("long.iso"), &s), -EFBIG);
	assert_non_null(strstr(mclic_message(), "has more names than are read at once"));
}

/* ---- images with Rock Ridge, made by hand: entries in the system use of a record ---- */

/* An entry of @len bytes, of zeros but for its head. */
static __u8 *iso_use(__u8 *record, const char *signature, __u8 len)
{
	__u8 *use = record + record[0];

	memcpy(use, signature, 2);
	use[2] = len;
	use[3] = 1;
	record[0] += len;
	return use;
}

static void iso_mode(__u8 *record, __u32 mode)
{
	__u8 *use = iso_use(record, "PX", 36);

	iso_both(use + 4, mode);
	iso_both(use + 12, 1);
}

/* A record goes on with the first @len bytes of @block. */
static void iso_go_on(__u8 *use, __u32 block, __u32 len)
{
	iso_both(use + 4, block);
	iso_both(use + 20, len);
}

/* The first two names of the directory at the top; returns where the third comes. */
static __u8 *iso_rock_ridge(__u8 *image, __u32 root_len)
{
	__u8 *own = image + ISO_ROOT * 2048, *parent;

	iso_record(own, "", ISO_ROOT, root_len, true);
	own[32] = 1;
	memcpy(iso_use(own, "SP", 7) + 4, "\276\357", 2);
	iso_mode(own, S_IFDIR | 0755);
	memcpy(iso_use(own, "ER", 19) + 4, "\12\0\0\1RRIP_1991A", 14);
	parent = own + own[0];
	iso_record(parent, "\1", ISO_ROOT, root_len, true);
	iso_mode(parent, S_IFDIR | 0755);
	return parent + parent[0];
}

/* What libisofs hands out half made it never frees. */
static void leaks_are_not_ours(bool really)
{
#ifdef __SANITIZE_ADDRESS__
	if (really)
		__lsan_disable();
	else
		__lsan_enable();
#else
	(void)really;
#endif
}

/* "A" lies elsewhere, where a part of a file is. */
static void a_directory_moved_into_a_file_is_refused(void **state)
{
	const size_t len = (ISO_ROOT + 2) * 2048;
	__u8 *image = iso_image(len, 2048), *part = image + (ISO_ROOT + 1) * 2048, *name;
	struct mclic_source *s;

	(void)state;
	name = iso_rock_ridge(image, 2048);
	iso_record(name, "A", ISO_ROOT + 1, 0, false);
	iso_mode(name, S_IFREG | 0644);
	iso_both(iso_use(name, "CL", 12) + 4, ISO_ROOT + 1);
	iso_record(part, "", ISO_ROOT + 1, 2048, false);
	part[25] = 0x80;
	part[32] = 1;
	iso_mode(part, S_IFDIR | 0755);
	put("moved.iso", image, len);
	free(image);
	leaks_are_not_ours(true);
	assert_int_equal(mclic_source_open(in_folder("moved.iso"), &s), -EBADMSG);
	leaks_are_not_ours(false);
}

/* @names in as many blocks; each goes on in the same @links behind them, or back from there. */
static void put_chain(const char *path, __u32 names, __u32 links, bool forward)
{
	const __u32 root_len = names * 2048, first = ISO_ROOT + names, last = first + links - 1;
	const size_t len = (first + links) * 2048;
	__u8 *image = iso_image(len, root_len), *name = iso_rock_ridge(image, root_len);
	__u32 i;

	for (i = 0; i < names; i++) {
		iso_record(name, "A", first, 0, false);
		iso_mode(name, S_IFREG | 0644);
		iso_go_on(iso_use(name, "CE", 28), forward ? first : last, 28);
		name = image + (ISO_ROOT + i + 1) * 2048;
	}
	for (i = first; i <= last; i++) {
		__u8 *use = image + i * 2048;

		memcpy(use, "CE\34\1", 4);
		iso_go_on(use, forward ? i + 1 : i - 1, 28);
	}
	memcpy(image + (forward ? last : first) * 2048, "PD", 2);
	put(path, image, len);
	free(image);
}

static void a_name_goes_on_in_few_blocks(void **state)
{
	struct mclic_source *s;

	(void)state;
	put_chain("short.iso", 1, 500, false);
	assert_int_equal(mclic_source_open(in_folder("short.iso"), &s), 0);
	mclic_source_close(s);
	put_chain("chain.iso", 1, 520, false);
	assert_int_equal(mclic_source_open(in_folder("chain.iso"), &s), -EBADMSG);
	put_chain("chain.iso", 1, 520, true);
	assert_int_equal(mclic_source_open(in_folder("chain.iso"), &s), -EBADMSG);
}

/* A record that ends behind its block, or whose name ends behind it, is read from the heap. */
static void records_have_to_end(void **state)
{
	const size_t len = (ISO_ROOT + 2) * 2048;
	__u8 *image = iso_image(len, 2048), *name = iso_rock_ridge(image, 2048);
	__u8 *const end = image + (ISO_ROOT + 1) * 2048;
	struct mclic_source *s;

	(void)state;
	iso_record(name, "A", ISO_ROOT, 0, false);
	iso_mode(name, S_IFREG | 0644);
	put("ends.iso", image, len);
	assert_int_equal(mclic_source_open(in_folder("ends.iso"), &s), 0);
	mclic_source_close(s);
	name[32] = name[0] - 32;
	put("ends.iso", image, len);
	assert_int_equal(mclic_source_open(in_folder("ends.iso"), &s), -EBADMSG);
	name[32] = 1;
	name[0] = 254;
	for (; name + 510 < end; name += name[0])
		memcpy(name + name[0], name, name[0]);
	name[0] = 255;
	put("ends.iso", image, len);
	assert_int_equal(mclic_source_open(in_folder("ends.iso"), &s), -EBADMSG);
	free(image);
}

/* What the blocks of a small image may fill is limited also where they are no names. */
static void many_names_do_not_go_on_in_many_blocks(void **state)
{
	struct mclic_source *s;

	(void)state;
	put_chain("few.iso", 50, 20, false);
	assert_int_equal(mclic_source_open(in_folder("few.iso"), &s), 0);
	mclic_source_close(s);
	put_chain("many.iso", 200, 100, false);
	assert_int_equal(mclic_source_open(in_folder("many.iso"), &s), -EBADMSG);
}

#define ISO_DATA	(ISO_ROOT + 2)

/* D0/F in two extents, a block and 100 bytes; the second begins @gap blocks behind the first. */
static void put_extents(const char *name, __u32 gap)
{
	const __u32 dir = ISO_ROOT + 1, rest = ISO_DATA + 1 + gap;
	const size_t len = (rest + 1) * 2048;
	__u8 *image = iso_image(len, 2048), *first = image + dir * 2048 + 2 * 34, *second;

	iso_directory(image, ISO_ROOT, 2048, "D%d", 1, dir, 4096);
	iso_directory(image, dir, 2048, "", 0, 0, 0);
	second = iso_record(first, "F", ISO_DATA, 2048, false);
	first[25] = 0x80;	/* it goes on */
	iso_record(second, "F", rest, 100, false);
	memcpy(image + ISO_DATA * 2048, content, 2048);
	memcpy(image + rest * 2048, content + 2048, 100);
	put(name, image, len);
	free(image);
}

/* Extents that follow each other are one piece; others are refused, by name. */
static void extents_are_one_piece_or_refused(void **state)
{
	struct mclic_source_file *f;
	struct mclic_source *s;
	__u8 back[2200];
	__u64 off, len;

	(void)state;
	put_extents("whole.iso", 0);
	assert_int_equal(mclic_source_open(in_folder("whole.iso"), &s), 0);
	assert_int_equal(mclic_source_file_open(s, "D0", "F", &f, &len), 0);
	assert_int_equal(len, 2148);
	assert_int_equal(mclic_source_pread(f, back, sizeof(back), 0), 2148);
	assert_memory_equal(back, content, 2148);
	mclic_source_file_close(f);
	assert_int_equal(mclic_source_place(s, "D0", "F", &off, &len), 0);
	assert_int_equal(off, ISO_DATA * 2048);
	assert_int_equal(len, 2148);
	mclic_source_close(s);

	put_extents("apart.iso", 1);
	assert_int_equal(mclic_source_open(in_folder("apart.iso"), &s), 0);
	assert_int_equal(mclic_source_file_open(s, "D0", "F", &f, &len), -EBADMSG);
	assert_non_null(strstr(mclic_message(), "\"D0/F\" does not lie in one piece"));
	mclic_source_close(s);

	assert_int_equal(mclic_source_open(in_folder("tree"), &s), 0);
	assert_int_equal(mclic_source_place(s, "plain", "file", &off, &len), -EINVAL);
	mclic_source_close(s);
}

/* An image cut anywhere: an error, or a source whose files behind the cut cannot be opened. */
static void a_cut_image_is_noticed(void **state)
{
	struct mclic_source_file *f;
	struct mclic_source *s;
	struct stat st;
	off_t len;
	__u64 n;

	(void)state;
	assert_int_equal(stat(in_folder("t.iso"), &st), 0);
	for (len = st.st_size - (off_t)BIG / 2; len > 0; len -= len > 100000 ? 98765 : 2048) {
		assert_int_equal(truncate(in_folder("t.iso"), len), 0);
		if (mclic_source_open(in_folder("t.iso"), &s)) {
			assert_null(s);
			continue;
		}
		assert_int_equal(mclic_source_file_open(s, "Alpha Büch", "deep/big", &f, &n),
				 -EBADMSG);
		mclic_source_close(s);
	}
}

static void *read_all(void *arg)
{
	struct mclic_source_file *f;
	struct mclic_source *s = arg;
	__u8 *back = malloc(BIG);
	bool good = true;
	__u64 len;
	int i;

	for (i = 0; good && i < 20; i++) {
		good = back && !mclic_source_file_open(s, "Alpha Büch", "deep/big", &f, &len);
		if (good) {
			good = mclic_source_pread(f, back, BIG, 0) == BIG &&
			       !memcmp(back, content, BIG);
			mclic_source_file_close(f);
		}
	}
	free(back);
	return good ? arg : NULL;
}

static void threads_read_at_once(void **state)
{
	static const char *const paths[] = { "tree", "t.iso" };
	struct mclic_source *s;
	pthread_t t[4];
	void *good;
	int i, j;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(mclic_source_open(in_folder(paths[i]), &s), 0);
		for (j = 0; j < 4; j++)
			assert_int_equal(pthread_create(&t[j], NULL, read_all, s), 0);
		for (j = 0; j < 4; j++) {
			assert_int_equal(pthread_join(t[j], &good), 0);
			assert_non_null(good);
		}
		mclic_source_close(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(products_are_listed),
		cmocka_unit_test(files_are_read),
		cmocka_unit_test(nothing_else_is_opened),
		cmocka_unit_test(bad_products_are_named),
		cmocka_unit_test(what_is_no_source_is_refused),
		cmocka_unit_test(threads_read_at_once),
		cmocka_unit_test(a_tree_without_end_is_refused),
		cmocka_unit_test(a_tree_of_twins_is_refused),
		cmocka_unit_test(a_long_image_has_not_more_names),
		cmocka_unit_test(a_directory_moved_into_a_file_is_refused),
		cmocka_unit_test(a_name_goes_on_in_few_blocks),
		cmocka_unit_test(records_have_to_end),
		cmocka_unit_test(many_names_do_not_go_on_in_many_blocks),
		cmocka_unit_test(extents_are_one_piece_or_refused),
		cmocka_unit_test(a_cut_image_is_noticed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
