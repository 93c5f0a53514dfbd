// SPDX-License-Identifier: GPL-2.0-or-later
/* A product: the head of its marker, and the paths of its entries. */
#include "core.h"

#define PART_MAX	255
#define PATH_LEN_MAX	4095

_Static_assert(sizeof(struct mclic_marker) == 192, "marker");
_Static_assert(offsetof(struct mclic_marker, sig) == MCLIC_MARKER_SIGNED, "signed part");

enum mclic_why mclic_marker_check(const struct mclic_marker *m, size_t len)
{
	enum mclic_why why;

	if (len < MCLIC_MARKER_SIGNED)
		return MCLIC_BAD_LENGTH;
	why = mclic_head_check(m->magic, MCLIC_MARKER_MAGIC, m->version, m->suite);
	if (why)
		return why;
	if (m->reserved1 || !mclic_is_zero(m->reserved2, sizeof(m->reserved2)))
		return MCLIC_BAD_RESERVED;
	if (mclic_get64(m->manifest_len) > MCLIC_MANIFEST_MAX)
		return MCLIC_BAD_SIZE;
	return MCLIC_OK;
}

static int publisher_id(const struct mclic_crypto *c,
			const __u8 publisher_key[MCLIC_ED25519_PUBLIC], __u8 id[MCLIC_ID_SIZE])
{
	const struct mclic_vec v = { publisher_key, MCLIC_ED25519_PUBLIC };

	return mclic_identifier(c, MCLIC_LABEL_PUBLISHER, &v, 1, id);
}

enum mclic_why mclic_marker_make(const struct mclic_crypto *c, struct mclic_marker *m,
				 const struct mclic_title *title, __u32 km_generation,
				 const __u8 publisher_key[MCLIC_ED25519_PUBLIC],
				 __u64 manifest_len)
{
	memset(m, 0, sizeof(*m));
	memcpy(m->magic, MCLIC_MARKER_MAGIC, sizeof(m->magic));
	m->version = mclic_put16(MCLIC_VERSION);
	m->suite = mclic_put16(MCLIC_SUITE);
	m->content_version = mclic_put32(title->content_version);
	memcpy(m->did, title->did, sizeof(m->did));
	m->manifest_len = mclic_put64(manifest_len);
	m->km_generation = mclic_put32(km_generation);
	memcpy(m->publisher_key, publisher_key, sizeof(m->publisher_key));
	if (publisher_id(c, publisher_key, m->publisher_id))
		return MCLIC_CRYPTO_FAILED;
	return mclic_marker_check(m, sizeof(*m));
}

enum mclic_why mclic_publisher_check(const struct mclic_crypto *c,
				     const struct mclic_marker *m)
{
	__u8 id[MCLIC_ID_SIZE];

	if (publisher_id(c, m->publisher_key, id))
		return MCLIC_CRYPTO_FAILED;
	return mclic_equal(id, m->publisher_id, sizeof(id)) ? MCLIC_OK : MCLIC_BAD_SIG;
}

static size_t part_len(const char *p, size_t len)
{
	size_t n = 0;

	while (n < len && p[n] != '/')
		n++;
	return n;
}

/* @name is in lower case. */
static bool same_in_any_case(const char *p, size_t len, const char *name, size_t name_len)
{
	size_t i;

	if (len != name_len)
		return false;
	for (i = 0; i < len; i++) {
		char ch = p[i];

		if (ch >= 'A' && ch <= 'Z')
			ch = (char)(ch - 'A' + 'a');
		if (ch != name[i])
			return false;
	}
	return true;
}

/* FAT drops dots and spaces at the end of a name. */
static size_t without_tail(const char *p, size_t len)
{
	while (len && (p[len - 1] == '.' || p[len - 1] == ' '))
		len--;
	return len;
}

bool mclic_is_marker(const char *name, size_t len)
{
	return same_in_any_case(name, without_tail(name, len), MCLIC_MARKER_NAME,
				sizeof(MCLIC_MARKER_NAME) - 1);
}

bool mclic_is_area(const char *name, size_t len)
{
	return same_in_any_case(name, without_tail(name, len), MCLIC_AREA_DIR,
				sizeof(MCLIC_AREA_DIR) - 1);
}

static bool is_dots(const char *p, size_t len)
{
	return (len == 1 && p[0] == '.') || (len == 2 && p[0] == '.' && p[1] == '.');
}

static bool part_ok(const char *p, size_t len)
{
	if (!len || len > PART_MAX || is_dots(p, len))
		return false;
	return without_tail(p, len) && !mclic_is_marker(p, len) && !mclic_is_area(p, len);
}

enum mclic_why mclic_path_check(const char *path, size_t len)
{
	size_t i = 0, n;

	if (!len || len > PATH_LEN_MAX || !mclic_utf8_ok(path, len))
		return MCLIC_BAD_PATH;
	for (;;) {
		n = part_len(path + i, len - i);
		if (!part_ok(path + i, n))
			return MCLIC_BAD_PATH;
		i += n;
		if (i == len)
			return MCLIC_OK;
		i++;		/* a slash at the end leaves an empty part */
	}
}

enum mclic_why mclic_link_check(const char *path, size_t len, const char *target,
				size_t target_len)
{
	size_t depth = 0, i, n;
	bool down = false;

	if (!target_len || target_len > PATH_LEN_MAX || target[0] == '/' ||
	    !mclic_utf8_ok(target, target_len))
		return MCLIC_BAD_PATH;
	for (i = 0; i < len; i++)
		depth += path[i] == '/';
	for (i = 0; i < target_len; i += n + 1) {
		n = part_len(target + i, target_len - i);
		if (!n || (n == 1 && target[i] == '.'))
			continue;
		if (!is_dots(target + i, n)) {
			down = true;
		} else {
			if (down || !depth)
				return MCLIC_BAD_PATH;
			depth--;
		}
	}
	return MCLIC_OK;
}
