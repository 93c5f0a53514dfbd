// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The manifest: what a product holds, as its publisher signed it.
 *
 *	{"title": "...", "version": 1, "entries": [
 *	  {"path": "bin", "type": "dir", "mode": "0755"},
 *	  {"path": "bin/game", "type": "file", "mode": "0755", "size": 123,
 *	   "file_id": 32 hexadecimal digits, "sha256": 64 hexadecimal digits},
 *	  {"path": "bin/start", "type": "symlink", "target": "game"}]}
 *
 * A mode is a string of four octal digits, as chmod takes it: JSON has no octal numbers,
 * and 493 would tell nobody anything. Members that nobody knows are ignored; a member that
 * is missing, ill-typed or out of place is refused.
 */
#include <stdlib.h>
#include <string.h>

#include <unicase.h>
#include <uninorm.h>

#include "libmclic.h"

static int bad_entry(size_t index, const char *path, const char *what)
{
	if (path)
		return mclic_fail(EBADMSG, "the manifest's entry \"%s\" %s", path, what);
	return mclic_fail(EBADMSG, "entry %zu of the manifest %s", index + 1, what);
}

/* A member that must be absent has no meaning for the entry's type. */
static bool has_none(const json_t *entry, const char *const *names)
{
	for (; *names; names++)
		if (json_object_get(entry, *names))
			return false;
	return true;
}

static bool read_mode(const json_t *entry, __u32 *mode)
{
	const char *s = json_string_value(json_object_get(entry, "mode"));
	int i;

	if (!s || strlen(s) != 4 || s[0] != '0')
		return false;
	*mode = 0;
	for (i = 1; i < 4; i++) {
		if (s[i] < '0' || s[i] > '7')
			return false;
		*mode = *mode << 3 | (__u32)(s[i] - '0');
	}
	return true;
}

static bool read_hex(const json_t *entry, const char *name, void *p, size_t n)
{
	const char *s = json_string_value(json_object_get(entry, name));

	return s && !mclic_unhex(s, p, n);
}

static int read_file_entry(const json_t *json, size_t index, struct mclic_entry *e)
{
	static const char *const alien[] = { "target", NULL };
	const json_t *size = json_object_get(json, "size");

	e->type = MCLIC_ENTRY_FILE;
	if (!json_is_integer(size) || json_integer_value(size) < 0 ||
	    (__u64)json_integer_value(size) > MCLIC_PLAIN_MAX)
		return bad_entry(index, e->path, "has no proper size");
	e->size = (__u64)json_integer_value(size);
	if (!read_mode(json, &e->mode))
		return bad_entry(index, e->path, "has no proper mode");
	if (!read_hex(json, "file_id", e->file_id, sizeof(e->file_id)))
		return bad_entry(index, e->path, "has no proper file_id");
	if (!read_hex(json, "sha256", e->sha256, sizeof(e->sha256)))
		return bad_entry(index, e->path, "has no proper sha256");
	if (!has_none(json, alien))
		return bad_entry(index, e->path, "is a file with a link target");
	return 0;
}

static int read_dir_entry(const json_t *json, size_t index, struct mclic_entry *e)
{
	static const char *const alien[] = { "target", "size", "file_id", "sha256", NULL };

	e->type = MCLIC_ENTRY_DIR;
	if (!read_mode(json, &e->mode))
		return bad_entry(index, e->path, "has no proper mode");
	if (!has_none(json, alien))
		return bad_entry(index, e->path, "is a directory with a file's members");
	return 0;
}

static int read_link_entry(const json_t *json, size_t index, struct mclic_entry *e)
{
	static const char *const alien[] = { "mode", "size", "file_id", "sha256", NULL };
	const char *target = json_string_value(json_object_get(json, "target"));

	e->type = MCLIC_ENTRY_LINK;
	e->mode = 0777;
	if (!target)
		return bad_entry(index, e->path, "has no link target");
	if (mclic_link_check(e->path, strlen(e->path), target, strlen(target)))
		return bad_entry(index, e->path, "is a link that leaves the product");
	if (!has_none(json, alien))
		return bad_entry(index, e->path, "is a link with a file's members");
	e->target = strdup(target);
	return e->target ? 0 : mclic_fail(ENOMEM, "not enough memory");
}

static int read_entry(const json_t *json, size_t index, struct mclic_entry *e)
{
	const char *path = json_string_value(json_object_get(json, "path"));
	const char *type = json_string_value(json_object_get(json, "type"));

	if (!path)
		return bad_entry(index, NULL, "has no path");
	if (mclic_path_check(path, strlen(path)))
		return bad_entry(index, NULL, "has a path that no product may hold");
	e->path = strdup(path);
	if (!e->path)
		return mclic_fail(ENOMEM, "not enough memory");
	if (!type)
		return bad_entry(index, path, "has no type");
	if (!strcmp(type, "file"))
		return read_file_entry(json, index, e);
	if (!strcmp(type, "dir"))
		return read_dir_entry(json, index, e);
	if (!strcmp(type, "symlink"))
		return read_link_entry(json, index, e);
	return bad_entry(index, path, "has a type nobody knows");
}

static int by_path(const void *a, const void *b)
{
	const struct mclic_entry *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

const struct mclic_entry **mclic_manifest_sort(const struct mclic_manifest *m)
{
	const struct mclic_entry **sorted = calloc(m->count + 1, sizeof(*sorted));
	size_t i;

	if (!sorted) {
		mclic_fail(ENOMEM, "not enough memory");
		return NULL;
	}
	for (i = 0; i < m->count; i++)
		sorted[i] = &m->entries[i];
	qsort(sorted, m->count, sizeof(*sorted), by_path);
	return sorted;
}

const struct mclic_entry *mclic_manifest_find(const struct mclic_manifest *m,
					      const struct mclic_entry **sorted, const char *path)
{
	const struct mclic_entry key = { .path = (char *)path }, *wanted = &key, **found;

	found = bsearch(&wanted, sorted, m->count, sizeof(*sorted), by_path);
	return found ? *found : NULL;
}

/* Every parent must be a directory entry that stands before its children. */
static int check_parents(const struct mclic_manifest *m)
{
	MCLIC_AUTO_FREE const struct mclic_entry **sorted = mclic_manifest_sort(m);
	size_t i;

	if (!sorted)
		return -ENOMEM;
	for (i = 0; i < m->count; i++) {
		const char *path = m->entries[i].path, *slash = strrchr(path, '/');
		MCLIC_AUTO_FREE char *parent = NULL;
		const struct mclic_entry *found;

		if (!slash)
			continue;
		parent = strndup(path, (size_t)(slash - path));
		if (!parent)
			return mclic_fail(ENOMEM, "not enough memory");
		found = mclic_manifest_find(m, sorted, parent);
		if (!found || found->type != MCLIC_ENTRY_DIR || found >= &m->entries[i])
			return bad_entry(i, path, "does not follow its directory's entry");
	}
	return 0;
}

/* A name as a file system that folds case and composes characters would compare it. */
struct folded {
	uint8_t *text;
	size_t len;
	size_t index;
};

static int by_folded(const void *a, const void *b)
{
	const struct folded *x = a, *y = b;
	int order = memcmp(x->text, y->text, x->len < y->len ? x->len : y->len);

	if (order)
		return order;
	return (x->len > y->len) - (x->len < y->len);
}

static int check_twins(const struct mclic_manifest *m)
{
	struct folded *f = calloc(m->count + 1, sizeof(*f));
	int err = 0;
	size_t i;

	if (!f)
		return mclic_fail(ENOMEM, "not enough memory");
	for (i = 0; i < m->count; i++) {
		const char *path = m->entries[i].path;

		f[i].index = i;
		f[i].text = u8_casefold((const uint8_t *)path, strlen(path), NULL,
					UNINORM_NFKC, NULL, &f[i].len);
		if (!f[i].text) {
			err = mclic_fail(ENOMEM, "not enough memory");
			goto out;
		}
	}
	qsort(f, m->count, sizeof(*f), by_folded);
	for (i = 1; i < m->count && !err; i++)
		if (!by_folded(&f[i - 1], &f[i]))
			err = mclic_fail(EBADMSG,
					 "the manifest's entries \"%s\" and \"%s\" have the same name on a medium that does not tell case or composed characters apart; rename one",
					 m->entries[f[i - 1].index].path,
					 m->entries[f[i].index].path);
out:
	for (i = 0; i < m->count; i++)
		free(f[i].text);
	free(f);
	return err;
}

int mclic_manifest_check(const struct mclic_manifest *m)
{
	int err = check_parents(m);

	return err ? err : check_twins(m);
}

static int read_entries(const json_t *entries, struct mclic_manifest *m)
{
	size_t n = json_array_size(entries);
	int err;

	m->entries = calloc(n + 1, sizeof(*m->entries));
	if (!m->entries)
		return mclic_fail(ENOMEM, "not enough memory");
	while (m->count < n) {
		struct mclic_entry *e = &m->entries[m->count];

		/* Counted first, so that what a failing entry holds is freed. */
		m->count++;
		err = read_entry(json_array_get(entries, m->count - 1), m->count - 1, e);
		if (err)
			return err;
		if (e->size > MCLIC_PLAIN_MAX - m->total)
			return bad_entry(m->count - 1, e->path, "makes the product too large");
		m->total += e->size;
	}
	return mclic_manifest_check(m);
}

static int read_manifest(const json_t *root, struct mclic_manifest *m)
{
	const char *title = json_string_value(json_object_get(root, "title"));
	const json_t *version = json_object_get(root, "version");
	const json_t *entries = json_object_get(root, "entries");

	if (!title || !*title || strlen(title) >= MCLIC_TITLE_SIZE ||
	    !mclic_text_ok(title, strlen(title)))
		return mclic_fail(EBADMSG, "the manifest has no proper title");
	if (!json_is_integer(version) || json_integer_value(version) < 1 ||
	    json_integer_value(version) > UINT32_MAX)
		return mclic_fail(EBADMSG, "the manifest has no proper version");
	if (!json_is_array(entries))
		return mclic_fail(EBADMSG, "the manifest has no entries");
	m->version = (__u32)json_integer_value(version);
	m->title = strdup(title);
	if (!m->title)
		return mclic_fail(ENOMEM, "not enough memory");
	return read_entries(entries, m);
}

/*
 * The shortest entry has some 38 bytes, one brace and three commas. Anybody may sign a
 * manifest with a key of his own: a text that is nothing but brackets would take a hundred
 * times its length once it is parsed.
 */
static bool is_dense(const char *text, size_t len)
{
	size_t i, containers = 0, commas = 0;
	bool quoted = false;

	for (i = 0; i < len; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '{' || text[i] == '['))
			containers++;
		else if (!quoted && text[i] == ',')
			commas++;
	}
	return containers > len / 32 + 8 || commas > len / 8 + 8;
}

int mclic_manifest_parse(const void *text, size_t len, struct mclic_manifest **m)
{
	MCLIC_AUTO_JSON json_t *root = NULL;
	json_error_t where;
	int err;

	*m = NULL;
	if (len > MCLIC_MANIFEST_MAX)
		return mclic_fail(EBADMSG, "the manifest is larger than 64 MiB");
	if (is_dense(text, len))
		return mclic_fail(EBADMSG, "the manifest holds more parts than entries could have");
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
	if (!root)
		return mclic_fail(EBADMSG, "the manifest is not JSON: %s (line %d)",
				  where.text, where.line);
	*m = calloc(1, sizeof(**m));
	if (!*m)
		return mclic_fail(ENOMEM, "not enough memory");
	err = read_manifest(root, *m);
	if (err) {
		mclic_manifest_free(*m);
		*m = NULL;
	}
	return err;
}

static json_t *entry_json(const struct mclic_entry *e)
{
	char mode[8], file_id[2 * MCLIC_ID_SIZE + 1], sha256[2 * MCLIC_HASH_SIZE + 1];

	snprintf(mode, sizeof(mode), "0%03o", e->mode & 0777);
	if (e->type == MCLIC_ENTRY_DIR)
		return json_pack("{s:s, s:s, s:s}", "path", e->path, "type", "dir",
				 "mode", mode);
	if (e->type == MCLIC_ENTRY_LINK)
		return json_pack("{s:s, s:s, s:s}", "path", e->path, "type", "symlink",
				 "target", e->target);
	return json_pack("{s:s, s:s, s:s, s:I, s:s, s:s}", "path", e->path, "type", "file",
			 "mode", mode, "size", (json_int_t)e->size,
			 "file_id", mclic_hex(e->file_id, sizeof(e->file_id), file_id),
			 "sha256", mclic_hex(e->sha256, sizeof(e->sha256), sha256));
}

/* Prints @j and drops it. */
static bool print_json(json_t *j, FILE *out)
{
	bool good = j && !json_dumpf(j, out, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	json_decref(j);
	return good;
}

/* One entry's JSON in memory at a time: a large product has hundreds of thousands. */
static bool print_manifest(const struct mclic_manifest *m, FILE *out)
{
	size_t i;

	fputs("{\"entries\":[", out);
	for (i = 0; i < m->count; i++) {
		if (i)
			fputc(',', out);
		if (!print_json(entry_json(&m->entries[i]), out))
			return false;
	}
	fputs("],\"title\":", out);
	if (!print_json(json_string(m->title), out))
		return false;
	fprintf(out, ",\"version\":%u}", m->version);
	return !ferror(out);
}

/* Where the text goes: it can have 64 MiB, so it is never in memory as a whole. */
struct sink {
	int fd;			/* -1: it is counted only */
	off_t off;
	size_t len;
	EVP_MD_CTX *md;
	int err;		/* the first; its message is noted */
};

static ssize_t take(void *cookie, const char *buf, size_t n)
{
	struct sink *s = cookie;

	if (!s->err && s->fd >= 0)
		s->err = mclic_pwrite_full(s->fd, buf, n, s->off + (off_t)s->len);
	if (!s->err && EVP_DigestUpdate(s->md, buf, n) != 1)
		s->err = mclic_fail(EIO, "OpenSSL cannot compute SHA-256");
	s->len += n;
	return s->err ? 0 : (ssize_t)n;
}

static int print_to(struct sink *s, const struct mclic_manifest *m)
{
	FILE *out = fopencookie(s, "w", (cookie_io_functions_t){ .write = take });
	bool good = out && print_manifest(m, out);

	if (out && fclose(out))
		good = false;
	if (s->err || good)
		return s->err;
	return mclic_fail(ENOMEM, "not enough memory, or a name in the manifest is not UTF-8");
}

int mclic_manifest_print(const struct mclic_manifest *m, int fd, off_t off, size_t *len,
			 __u8 hash[MCLIC_HASH_SIZE])
{
	struct sink s = { .fd = fd, .off = off, .md = EVP_MD_CTX_new() };
	int err;

	if (!s.md || EVP_DigestInit_ex2(s.md, EVP_sha256(), NULL) != 1)
		err = mclic_fail(ENOMEM, "not enough memory");
	else
		err = print_to(&s, m);
	if (!err && EVP_DigestFinal_ex(s.md, hash, NULL) != 1)
		err = mclic_fail(EIO, "OpenSSL cannot compute SHA-256");
	EVP_MD_CTX_free(s.md);
	*len = s.len;
	return err;
}

void mclic_entries_free(struct mclic_entry *e, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(e[i].path);
		free(e[i].target);
	}
	free(e);
}

void mclic_manifest_free(struct mclic_manifest *m)
{
	if (!m)
		return;
	mclic_entries_free(m->entries, m->count);
	free(m->title);
	free(m);
}
