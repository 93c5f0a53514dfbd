// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mkmedium - make a licensed medium without a center, for tests and measurements.
 *
 *	mkmedium [--center DIR] MEDIUM TITLE=TREE[,FLAG...]...
 *
 * MEDIUM becomes a directory with a licence area (unless its disk has one, as "mclic
 * format" makes it) and one product a TITLE, sealed from the
 * directory TREE; run again it adds to what is there. An empty TREE writes a licence only.
 * The center's certificate, user keys and revocation lists go where the invoking user's
 * programs look for them (XDG_CONFIG_HOME, XDG_STATE_HOME). --center keeps the center's
 * secrets between runs (default: mkmedium.center beside MEDIUM). Flags, each a way to be
 * in force or not:
 *
 *	personal	a personal licence, with its user key
 *	no-user-key	... without it
 *	expired, future, window=SECONDS	ended, not begun, ends in SECONDS
 *	other-medium	for a medium that is not this one
 *	low-class	asks for a better medium
 *	no-cert		of a center whose certificate nobody has
 *	forged		all right but for SIG: another key's
 *	bad-crc, bad-cs, bad-eku, bad-emid, bad-flags	one byte of the slot is wrong
 *	revoked		on the center's revocation list (this run's list holds no other)
 *	old-terms	covers only older content versions
 *	seq=N		sequence number (default 1)
 *	no-licence	no slot is written
 *	no-marker	the product has no marker
 *	under-ka	files sealed under Ka instead of Ku
 *	generation=N	KM generation of the sealed files, not of the licence
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "userspace/lib/device.h"

#define CONTENT_VERSION	2
#define KM_GENERATION	1
#define KU_GENERATION	1
#define TITLES_MAX	64

struct flags {
	bool personal, no_user_key, other_medium, low_class, no_cert, forged;
	bool bad_crc, bad_cs, bad_eku, bad_emid, bad_flags;
	bool revoked, old_terms, no_licence, no_marker, under_ka;
	__s64 not_before, not_after;	/* relative to now; 0 = none */
	__u32 seq, file_generation;
};

struct job {
	const char *name, *tree;
	struct flags f;
	__u8 did[MCLIC_ID_SIZE];
};

/* A center: its key, certificate and KM. */
struct center {
	EVP_PKEY *key;
	X509 *cert;
	__u8 id[MCLIC_ID_SIZE];
	__u8 km[MCLIC_KEY_SIZE];
};

struct maker {
	const char *medium, *center_dir;
	struct job jobs[TITLES_MAX];
	size_t count;
	struct center center, stranger;
	EVP_PKEY *publisher;
	__u8 publisher_key[MCLIC_ED25519_PUBLIC];
	__u8 publisher_id[MCLIC_ID_SIZE];
	__u8 user_id[MCLIC_ID_SIZE];
	char *area;
	struct mclic_area_header head;
	struct mclic_medium m;
	struct mclic_revocation_entry revoked[TITLES_MAX];
	size_t revoked_count;
};

static const struct mclic_crypto *c;

static void die(const char *what)
{
	fprintf(stderr, "mkmedium: %s: %s\n", what, mclic_message());
	exit(1);
}

static void need(bool good, const char *what)
{
	if (!good) {
		fprintf(stderr, "mkmedium: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static void must(int err, const char *what)
{
	if (err)
		die(what);
}

/* ---- arguments ---- */

static bool number(const char *word, const char *key, __s64 *n)
{
	size_t len = strlen(key);

	if (strncmp(word, key, len) || word[len] != '=')
		return false;
	*n = strtoll(word + len + 1, NULL, 10);
	return true;
}

static bool set_flag(struct flags *f, const char *word)
{
	const struct {
		const char *name;
		bool *flag;
	} plain[] = {
		{ "personal", &f->personal }, { "no-user-key", &f->no_user_key },
		{ "other-medium", &f->other_medium }, { "low-class", &f->low_class },
		{ "no-cert", &f->no_cert }, { "forged", &f->forged },
		{ "bad-crc", &f->bad_crc }, { "bad-cs", &f->bad_cs },
		{ "bad-eku", &f->bad_eku }, { "bad-emid", &f->bad_emid },
		{ "bad-flags", &f->bad_flags }, { "revoked", &f->revoked },
		{ "old-terms", &f->old_terms }, { "no-licence", &f->no_licence },
		{ "no-marker", &f->no_marker }, { "under-ka", &f->under_ka },
	};
	__s64 n;
	size_t i;

	for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (!strcmp(word, plain[i].name)) {
			*plain[i].flag = true;
			return true;
		}
	}
	if (!strcmp(word, "expired"))
		f->not_after = -10;
	else if (!strcmp(word, "future"))
		f->not_before = 3600;
	else if (number(word, "window", &n))
		f->not_after = n;
	else if (number(word, "seq", &n))
		f->seq = (__u32)n;
	else if (number(word, "generation", &n))
		f->file_generation = (__u32)n;
	else
		return false;
	return true;
}

static int parse_job(struct job *job, char *arg)
{
	char *tree = strchr(arg, '=');
	char *word, *rest;

	if (!tree)
		return -EINVAL;
	*tree++ = '\0';
	job->name = arg;
	job->f.seq = 1;
	job->f.file_generation = KM_GENERATION;
	rest = strchr(tree, ',');
	if (rest)
		*rest++ = '\0';
	job->tree = tree;
	while ((word = strsep(&rest, ",")))
		if (!set_flag(&job->f, word))
			return -EINVAL;
	if (job->f.no_user_key)
		job->f.personal = true;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct maker *mk = state->input;

	switch (key) {
	case 'c':
		mk->center_dir = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (!mk->medium)
			mk->medium = arg;
		else if (mk->count == TITLES_MAX || parse_job(&mk->jobs[mk->count++], arg))
			argp_error(state, "%s: not TITLE=TREE[,FLAG...]", arg);
		return 0;
	case ARGP_KEY_END:
		if (!mk->medium)
			argp_error(state, "which medium?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- the center ---- */

static void hash_id(const char *label, const void *p, size_t len, __u8 id[MCLIC_ID_SIZE])
{
	struct mclic_vec v = { p, len };

	must(mclic_identifier(c, label, &v, 1, id), "identifier");
}

/* Paths live as long as the program, which is not long. */
static char *in_dir(const char *dir, const char *name)
{
	struct path {
		struct path *next;
		char text[];
	} *p = malloc(sizeof(*p) + strlen(dir) + strlen(name) + 2);
	static struct path *all;

	need(p, "memory");
	p->next = all;
	all = p;
	sprintf(p->text, "%s/%s", dir, name);
	return p->text;
}

static void new_center(struct center *ct, const char *dir, const char *name)
{
	FILE *f;

	must(mclic_center_cert_make(name, 2048, &ct->key, &ct->cert), "certificate");
	must(mclic_random(ct->km, sizeof(ct->km)), "random");
	f = fopen(in_dir(dir, "center.key"), "w");
	need(f && PEM_write_PrivateKey(f, ct->key, NULL, NULL, 0, NULL, NULL) && !fclose(f),
	     "center.key");
	f = fopen(in_dir(dir, "center.pem"), "w");
	need(f && PEM_write_X509(f, ct->cert) && !fclose(f), "center.pem");
	must(mclic_write_file(AT_FDCWD, in_dir(dir, "km"), ct->km, sizeof(ct->km), 0600), "km");
}

static void load_center(struct center *ct, const char *dir, const char *name)
{
	void *km;
	size_t len;
	FILE *f;

	must(mclic_mkdirs(dir, 0700), dir);
	if (access(in_dir(dir, "km"), F_OK)) {
		new_center(ct, dir, name);
	} else {
		must(mclic_read_file(AT_FDCWD, in_dir(dir, "km"), 32, &km, &len), "km");
		memcpy(ct->km, km, sizeof(ct->km));
		free(km);
		f = fopen(in_dir(dir, "center.key"), "r");
		need(f && (ct->key = PEM_read_PrivateKey(f, NULL, NULL, NULL)), "center.key");
		fclose(f);
		f = fopen(in_dir(dir, "center.pem"), "r");
		need(f && (ct->cert = PEM_read_X509(f, NULL, NULL, NULL)), "center.pem");
		fclose(f);
	}
	must(mclic_center_id(ct->cert, ct->id), "center id");
}

static void free_center(struct center *ct)
{
	EVP_PKEY_free(ct->key);
	X509_free(ct->cert);
	mclic_wipe(ct->km, sizeof(ct->km));
}

static void load_keys(struct maker *mk)
{
	__u8 id[MCLIC_ID_SIZE];

	load_center(&mk->center, mk->center_dir, "mkmedium");
	load_center(&mk->stranger, in_dir(mk->center_dir, "stranger"), "mkmedium stranger");
	must(mclic_ed25519_load(in_dir(mk->center_dir, "publisher.key"), true, &mk->publisher,
				mk->publisher_key), "publisher key");
	hash_id(MCLIC_LABEL_PUBLISHER, mk->publisher_key, sizeof(mk->publisher_key),
		mk->publisher_id);
	hash_id("mkmedium user", mk->center.id, sizeof(mk->center.id), mk->user_id);
	must(mclic_trust_add(in_dir(mk->center_dir, "center.pem"), false, id), "trust");
}

/* ---- the area ---- */

static void open_medium(struct maker *mk)
{
	struct mclic_area *area;

	struct stat st;

	must(mclic_mkdirs(mk->medium, 0755), mk->medium);
	need(!stat(mk->medium, &st), "medium");
	/* A disk that was formatted has a partition for it. */
	if (mclic_area_device(st.st_dev, &mk->area) <= 0)
		mk->area = strdup(in_dir(mk->medium, MCLIC_AREA_FILE));
	if (access(mk->area, F_OK))
		must(mclic_area_create_file(mk->medium, "mkmedium"), "area");
	must(mclic_area_open(mk->medium, false, &area), "area");
	mk->head = *mclic_area_head(area);
	must(mclic_medium_read(mclic_area_dev(area), &mk->head, 0, &mk->m), "medium");
	mclic_area_close(area);
}

/* Written past mclic_area_put(), which would not let a wrong slot stand. */
static void put_slot(const struct maker *mk, const struct mclic_slot *s)
{
	MCLIC_AUTO_CLOSE int fd = open(mk->area, O_RDWR | O_CLOEXEC);
	__u32 i, slots = mclic_get32(mk->head.slots);
	struct mclic_slot old;

	need(fd >= 0, "area");
	for (i = 1; i < slots - 1; i++) {
		off_t at = (off_t)i * MCLIC_SLOT_SIZE;

		need(mclic_pread_full(fd, &old, sizeof(old), at) == sizeof(old), "area");
		if (!mclic_is_zero(old.magic, sizeof(old.magic)))
			continue;
		must(mclic_pwrite_full(fd, s, sizeof(*s), at), "slot");
		return;
	}
	errno = ENOSPC;
	need(false, "area");
}

/* ---- licences ---- */

static void generation_km(const struct center *ct, __u32 generation, __u8 km[MCLIC_KEY_SIZE])
{
	__le32 le = mclic_put32(generation);
	struct mclic_vec v = { &le, sizeof(le) };

	must(mclic_kdf(c, ct->km, "mkmedium KM", &v, 1, km), "KM");
}

static void fill_terms(const struct maker *mk, const struct job *job, const struct center *ct,
		       struct mclic_terms *t)
{
	const struct flags *f = &job->f;
	__u64 now = (__u64)time(NULL);

	memset(t, 0, sizeof(*t));
	memcpy(t->did, job->did, sizeof(t->did));
	memcpy(t->center_id, ct->id, sizeof(t->center_id));
	must(mclic_licence_id(c, ct->id, mk->user_id, job->did, t->licence_id), "licence id");
	if (f->personal)
		memcpy(t->user_id, mk->user_id, sizeof(t->user_id));
	t->km_generation = mclic_put32(KM_GENERATION);
	t->ku_generation = mclic_put32(KU_GENERATION);
	t->ku_km_generation = mclic_put32(KM_GENERATION);
	t->content_version = mclic_put32(CONTENT_VERSION - (f->old_terms ? 1 : 0));
	t->sequence = mclic_put32(f->seq);
	if (f->not_before)
		t->not_before = mclic_put64(now + (__u64)f->not_before);
	if (f->not_after)
		t->not_after = mclic_put64(now + (__u64)f->not_after);
	t->issued_at = mclic_put64(now - 60);
	t->kind = f->personal ? MCLIC_PERSONAL : MCLIC_PORTABLE;
	t->medium_kind = mk->m.kind;
	t->medium_class = f->low_class ? MCLIC_CLASS_MAX : mk->m.medium_class;
	t->flags = mclic_put32(f->bad_flags ? 0x8000 : 0);
	memcpy(t->title, job->name, strnlen(job->name, sizeof(t->title) - 1));
	memcpy(t->publisher_id, mk->publisher_id, sizeof(t->publisher_id));
	memset(t->request_hash, 0x5a, sizeof(t->request_hash));
}

static void sign_slot(struct mclic_slot *s, EVP_PKEY *key)
{
	struct mclic_vec v[2] = {
		{ MCLIC_LABEL_LICENCE, strlen(MCLIC_LABEL_LICENCE) },
		{ s, MCLIC_SLOT_SIGNED },
	};
	size_t len = sizeof(s->sig);

	memset(s->sig, 0, sizeof(s->sig));
	must(mclic_rsa_sign(key, v, 2, s->sig, &len), "SIG");
	s->sig_algorithm = mclic_put16(MCLIC_SIG_RSA_SHA256);
	s->sig_len = mclic_put16((__u16)len);
}

static void write_licence(struct maker *mk, const struct job *job)
{
	const struct flags *f = &job->f;
	struct center *ct = f->no_cert ? &mk->stranger : &mk->center;
	struct mclic_response r;
	struct mclic_issue issue;
	struct mclic_terms terms;
	struct mclic_slot s;

	memset(&s, 0, sizeof(s));
	generation_km(ct, KM_GENERATION, issue.km);
	memcpy(issue.mid, mk->m.mid, sizeof(issue.mid));
	if (f->other_medium)
		issue.mid[0] ^= 1;
	must(mclic_user_key(c, issue.km, mk->user_id, KU_GENERATION, issue.ku), "KU");
	must(mclic_master_medium_key(c, issue.km, job->did, CONTENT_VERSION, issue.ka), "Ka");
	if (f->personal && !f->no_user_key)
		must(mclic_user_key_save(ct->id, mk->user_id, KU_GENERATION, issue.ku), "user key");
	fill_terms(mk, job, ct, &terms);
	must(mclic_licence_make(c, &issue, &terms, &r), "licence");
	mclic_response_slot(c, &r, &s);
	s.cs[0] ^= f->bad_cs;
	s.eku[0] ^= f->bad_eku;
	s.emid_ku[0] ^= f->bad_emid;
	sign_slot(&s, f->forged ? mk->stranger.key : ct->key);
	mclic_slot_finish(c, &s);
	if (f->bad_crc)
		s.crc = mclic_put32(mclic_get32(s.crc) ^ 1);
	put_slot(mk, &s);
}

static int entry_order(const void *a, const void *b)
{
	return memcmp(a, b, MCLIC_ID_SIZE);
}

static void write_revocations(struct maker *mk)
{
	size_t entries = mk->revoked_count * sizeof(mk->revoked[0]);
	__u8 list[sizeof(struct mclic_revocation) + sizeof(mk->revoked) + MCLIC_SIG_MAX];
	struct mclic_revocation *head = (struct mclic_revocation *)list;
	struct mclic_vec v[2] = {
		{ MCLIC_LABEL_REVOCATION, strlen(MCLIC_LABEL_REVOCATION) },
		{ list, sizeof(*head) + entries },
	};
	size_t sig_len = MCLIC_SIG_MAX;
	struct mclic_trust *trust;
	struct timespec ts;

	if (!mk->revoked_count)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	memset(head, 0, sizeof(*head));
	memcpy(head->magic, MCLIC_REVOCATION_MAGIC, sizeof(head->magic));
	head->version = mclic_put16(MCLIC_VERSION);
	head->suite = mclic_put16(MCLIC_SUITE);
	head->count = mclic_put32((__u32)mk->revoked_count);
	memcpy(head->center_id, mk->center.id, sizeof(head->center_id));
	head->number = mclic_put64((__u64)ts.tv_sec * 1000000 + (__u64)ts.tv_nsec / 1000);
	head->issued_at = mclic_put64((__u64)ts.tv_sec);
	head->next_issue = mclic_put64((__u64)ts.tv_sec + 86400);
	head->sig_algorithm = mclic_put16(MCLIC_SIG_RSA_SHA256);
	head->sig_len = mclic_put16((__u16)EVP_PKEY_size(mk->center.key));
	qsort(mk->revoked, mk->revoked_count, sizeof(mk->revoked[0]), entry_order);
	memcpy(list + sizeof(*head), mk->revoked, entries);
	must(mclic_rsa_sign(mk->center.key, v, 2, list + v[1].len, &sig_len), "list");
	must(mclic_trust_load(&trust), "trust");
	must(mclic_trust_put_revocations(trust, list, v[1].len + sig_len, false), "list");
	mclic_trust_free(trust);
}

/* ---- sealing ---- */

struct walk {
	struct mclic_manifest *m;
	const char *root;
} walk;

static int walk_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct mclic_entry *e;
	char target[PATH_MAX];
	ssize_t n;

	(void)ftw;
	if (!strcmp(path, walk.root))
		return 0;
	walk.m->entries = realloc(walk.m->entries,
				  (walk.m->count + 1) * sizeof(*walk.m->entries));
	need(walk.m->entries, "memory");
	e = &walk.m->entries[walk.m->count++];
	memset(e, 0, sizeof(*e));
	e->path = strdup(path + strlen(walk.root) + 1);
	e->mode = st->st_mode & 0777;
	if (type == FTW_D) {
		e->type = MCLIC_ENTRY_DIR;
	} else if (type == FTW_SL) {
		e->type = MCLIC_ENTRY_LINK;
		n = readlink(path, target, sizeof(target) - 1);
		need(n >= 0, path);
		target[n] = '\0';
		e->target = strdup(target);
	} else {
		e->type = MCLIC_ENTRY_FILE;
		e->size = (__u64)st->st_size;
		walk.m->total += e->size;
		must(mclic_random(e->file_id, sizeof(e->file_id)), "random");
	}
	return 0;
}

struct sealing {
	struct mclic_blocks *blocks;
	EVP_MD_CTX *md;
	struct mclic_seal seal;
	__u8 file_key[MCLIC_KEY_SIZE], mac_key[MCLIC_KEY_SIZE];
};

static void seal_groups(struct sealing *s, int in, int out, __u64 size)
{
	static __u8 data[MCLIC_GROUP_SIZE], tags[MCLIC_GROUP_BLOCKS * MCLIC_TAG_SIZE];
	__u64 g, groups = (mclic_block_count(size) + MCLIC_GROUP_BLOCKS - 1) / MCLIC_GROUP_BLOCKS;

	for (g = 0; g < groups; g++) {
		__u64 first = g * MCLIC_GROUP_BLOCKS;
		__u32 len = mclic_group_len(g, size);
		size_t tags_len = mclic_block_count(len) * MCLIC_TAG_SIZE;

		need(mclic_pread_full(in, data, len, (off_t)(g * MCLIC_GROUP_SIZE)) ==
		     (ssize_t)len, "read");
		EVP_DigestUpdate(s->md, data, len);
		must(mclic_blocks_seal(s->blocks, s->file_key, first, data, len, tags, data),
		     "seal");
		must(mclic_pwrite_full(out, data, len, (off_t)mclic_block_offset(first)), "write");
		must(mclic_pwrite_full(out, tags, tags_len, (off_t)mclic_tag_offset(first, size)),
		     "write");
	}
}

static void seal_file(const struct maker *mk, const struct job *job, struct mclic_entry *e,
		      const char *dir)
{
	MCLIC_AUTO_CLOSE int in = open(in_dir(job->tree, e->path), O_RDONLY | O_CLOEXEC);
	MCLIC_AUTO_CLOSE int out = open(in_dir(dir, e->path), O_WRONLY | O_CREAT | O_EXCL |
					O_CLOEXEC, e->mode);
	struct sealing s = { .blocks = mclic_blocks_new(), .md = EVP_MD_CTX_new() };
	struct mclic_trailer trailer;
	__u8 km[MCLIC_KEY_SIZE], key[MCLIC_KEY_SIZE];

	need(in >= 0 && out >= 0 && s.blocks && s.md, e->path);
	memcpy(s.seal.title.did, job->did, sizeof(job->did));
	s.seal.title.content_version = CONTENT_VERSION;
	s.seal.km_generation = job->f.file_generation;
	s.seal.key = job->f.under_ka ? MCLIC_UNDER_KA : MCLIC_UNDER_KU;
	s.seal.size = e->size;
	memcpy(s.seal.file_id, e->file_id, sizeof(e->file_id));
	must(mclic_random(s.seal.salt, sizeof(s.seal.salt)), "random");
	generation_km(job->f.no_cert ? &mk->stranger : &mk->center, job->f.file_generation, km);
	must(mclic_medium_key(c, km, mk->m.mid, job->did, key), "Ku");
	must(mclic_file_keys(c, key, job->did, s.seal.file_id, s.seal.salt, s.file_key,
			     s.mac_key), "file keys");
	EVP_DigestInit_ex(s.md, EVP_sha256(), NULL);
	seal_groups(&s, in, out, e->size);
	EVP_DigestFinal_ex(s.md, e->sha256, NULL);
	must(mclic_trailer_make(c, &s.seal, s.mac_key, &trailer), "trailer");
	must(mclic_pwrite_full(out, &trailer, sizeof(trailer),
			       (off_t)(mclic_sealed_len(e->size) - sizeof(trailer))), "trailer");
	EVP_MD_CTX_free(s.md);
	mclic_blocks_free(s.blocks);
}

static void write_marker(const struct maker *mk, const struct job *job, const char *dir,
			 struct mclic_manifest *m)
{
	struct mclic_title title = { .content_version = CONTENT_VERSION };
	MCLIC_AUTO_CLOSE int fd = open(in_dir(dir, MCLIC_MARKER_NAME),
				       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	__u8 hash[MCLIC_HASH_SIZE];
	struct mclic_marker marker;
	size_t len;

	need(fd >= 0, "marker");
	must(mclic_manifest_print(m, fd, sizeof(marker), &len, hash), "manifest");
	memcpy(title.did, job->did, sizeof(title.did));
	need(mclic_marker_make(c, &marker, &title, KM_GENERATION, mk->publisher_key, len) ==
	     MCLIC_OK, "marker");
	must(mclic_product_sign(&marker, hash, mk->publisher), "marker");
	must(mclic_pwrite_full(fd, &marker, sizeof(marker), 0), "marker");
}

static void write_product(const struct maker *mk, const struct job *job)
{
	char *dir = in_dir(mk->medium, job->name);
	struct mclic_manifest *m = calloc(1, sizeof(*m));
	size_t i;

	need(m, "memory");
	m->title = strdup(job->name);
	m->version = CONTENT_VERSION;
	walk.m = m;
	walk.root = job->tree;
	need(!nftw(job->tree, walk_one, 32, FTW_PHYS), job->tree);
	must(mclic_mkdirs(dir, 0755), dir);
	for (i = 0; i < m->count; i++) {
		struct mclic_entry *e = &m->entries[i];
		char *path = in_dir(dir, e->path);

		if (e->type == MCLIC_ENTRY_DIR)
			need(!mkdir(path, e->mode | 0700), path);
		else if (e->type == MCLIC_ENTRY_LINK)
			need(!symlink(e->target, path), path);
		else
			seal_file(mk, job, e, dir);
	}
	if (!job->f.no_marker)
		write_marker(mk, job, dir, m);
	mclic_manifest_free(m);
}

static void do_job(struct maker *mk, struct job *job)
{
	struct mclic_revocation_entry *r;

	hash_id("mkmedium title", job->name, strlen(job->name), job->did);
	if (*job->tree)
		write_product(mk, job);
	if (!job->f.no_licence)
		write_licence(mk, job);
	if (!job->f.revoked)
		return;
	r = &mk->revoked[mk->revoked_count++];
	must(mclic_licence_id(c, mk->center.id, mk->user_id, job->did, r->licence_id),
	     "licence id");
	r->lowest_good = mclic_put32(job->f.seq + 1);
	r->reason = mclic_put32(MCLIC_REASON_REVOKED);
}

int main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "center", 'c', "DIR", 0, "The center's secrets", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		options, parse, "MEDIUM TITLE=TREE[,FLAG...]...",
		"Make a licensed medium without a center", NULL, NULL, NULL,
	};
	static struct maker mk;
	size_t i;

	argp_err_exit_status = MCLIC_EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &mk);
	must(mclic_secure_process(), "secrets");
	umask(022);
	c = mclic_openssl();
	if (!mk.center_dir)
		mk.center_dir = in_dir(mk.medium, "../mkmedium.center");
	load_keys(&mk);
	open_medium(&mk);
	for (i = 0; i < mk.count; i++)
		do_job(&mk, &mk.jobs[i]);
	write_revocations(&mk);
	EVP_PKEY_free(mk.publisher);
	free_center(&mk.center);
	free_center(&mk.stranger);
	return 0;
}
