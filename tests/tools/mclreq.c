// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mclreq - a client of the license center with no scruples, for tests/center
 *
 *	mclreq id KEY				device id; KEY is made if missing
 *	mclreq enrol KEY BOX FIELD...		body of POST /v1/enrol
 *	mclreq register KEY BOX FIELD...	body of POST /v1/products
 *	mclreq request KEY FIELD...		256 bytes of a request
 *	mclreq unbox KEY BOX ANSWER		check the answer to enrol or register; its keys
 *	mclreq open RESPONSE REQUEST CERT KU	check a response as a client does; what it says
 *	mclreq list LIST CERT			check a revocation list; what it says
 *
 * KEY and BOX are PEM files of an Ed25519 and an X25519 key, made if missing. FIELD is
 * NAME=VALUE; values that the protocol forbids are passed on. "sign=no" spoils the signature,
 * "exchange=zero" puts zeros for BOX's public key.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/pem.h>

#include "userspace/lib/libmclic.h"
#include "userspace/lib/pem.h"

#define CHECK(call) do { if (call) die(#call); } while (0)

static __attribute__((noreturn)) void die(const char *what)
{
	fprintf(stderr, "mclreq: %s: %s\n", what, mclic_message());
	exit(1);
}

/* ---- fields ---- */

static char **fields;

static const char *field(const char *name, const char *otherwise)
{
	size_t len = strlen(name);
	char **f;

	for (f = fields; *f; f++)
		if (!strncmp(*f, name, len) && (*f)[len] == '=')
			return *f + len + 1;
	return otherwise;
}

static __u64 number(const char *name, __u64 otherwise)
{
	const char *v = field(name, NULL);

	return v ? strtoull(v, NULL, 0) : otherwise;
}

static void identifier(const char *name, __u8 id[MCLIC_ID_SIZE])
{
	const char *v = field(name, NULL);

	if (v && !strcmp(v, "random"))
		CHECK(mclic_random(id, MCLIC_ID_SIZE));
	else if (v)
		CHECK(mclic_unhex(v, id, MCLIC_ID_SIZE));
}

/* ---- keys ---- */

static EVP_PKEY *signing_key(const char *path, __u8 public[MCLIC_ED25519_PUBLIC])
{
	EVP_PKEY *key;

	CHECK(mclic_ed25519_load(path, true, &key, public));
	return key;
}

static EVP_PKEY *box_key(const char *path, __u8 public[32])
{
	size_t len = 32;
	EVP_PKEY *key;

	if (access(path, F_OK)) {
		CHECK(mclic_box_key(&key, public));
		CHECK(mclic_key_write(path, key));
		return key;
	}
	CHECK(mclic_key_read(path, &key));
	if (EVP_PKEY_get_raw_public_key(key, public, &len) != 1)
		die("public key");
	return key;
}

static void derive_id(const char *label, const __u8 public[MCLIC_ED25519_PUBLIC],
		      __u8 id[MCLIC_ID_SIZE])
{
	const struct mclic_vec v = { public, MCLIC_ED25519_PUBLIC };

	CHECK(mclic_identifier(mclic_openssl(), label, &v, 1, id));
}

static void sign(EVP_PKEY *key, const struct mclic_vec *v, unsigned int n,
		 __u8 sig[MCLIC_ED25519_SIG])
{
	CHECK(mclic_ed25519_sign(key, v, n, sig));
	if (!strcmp(field("sign", "yes"), "no"))
		sig[5] ^= 1;
}

static X509 *certificate(const char *path, __u8 center_id[MCLIC_ID_SIZE])
{
	BIO *bio = BIO_new_file(path, "r");
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	if (!cert)
		die(path);
	CHECK(mclic_center_id(cert, center_id));
	return cert;
}

/* ---- JSON bodies ---- */

static void exchange_key(const char *box_path, __u8 public[32])
{
	box_key(box_path, public);
	if (field("exchange", NULL))
		memset(public, 0, 32);
}

static void member(json_t *j, const char *name, const void *p, size_t n)
{
	char *text = mclic_base64(p, n);

	json_object_set_new(j, name, json_string(text));
	free(text);
}

static int enrol(const char *key_path, const char *box_path)
{
	__u8 public[MCLIC_ED25519_PUBLIC], exchange[32], center[MCLIC_ID_SIZE] = { 0 };
	__u8 sig[MCLIC_ED25519_SIG];
	EVP_PKEY *key = signing_key(key_path, public);
	json_t *j = json_object();

	exchange_key(box_path, exchange);
	identifier("center", center);
	sign(key, (const struct mclic_vec[]){
		{ "mclic enrol v1", strlen("mclic enrol v1") }, { center, sizeof(center) },
		{ public, sizeof(public) }, { exchange, sizeof(exchange) } }, 4, sig);
	if (field("token", NULL))
		json_object_set_new(j, "token", json_string(field("token", NULL)));
	member(j, "device_key", public, sizeof(public));
	member(j, "exchange_key", exchange, sizeof(exchange));
	member(j, "signature", sig, sizeof(sig));
	return mclic_print_json(j);
}

static int enlist(const char *key_path, const char *box_path)
{
	__u8 public[MCLIC_ED25519_PUBLIC], exchange[32], center[MCLIC_ID_SIZE] = { 0 };
	__u8 sig[MCLIC_ED25519_SIG];
	EVP_PKEY *key = signing_key(key_path, public);
	const char *title = field("title", "Title");
	__u64 version = number("version", 1);
	const __le32 le_version = mclic_put32((__u32)version);
	json_t *j = json_object();

	exchange_key(box_path, exchange);
	identifier("center", center);
	sign(key, (const struct mclic_vec[]){
		{ "mclic register v1", strlen("mclic register v1") }, { center, sizeof(center) },
		{ &le_version, sizeof(le_version) }, { exchange, sizeof(exchange) },
		{ title, strlen(title) } }, 5, sig);
	json_object_set_new(j, "title", json_string(title));
	json_object_set_new(j, "content_version", json_integer((json_int_t)version));
	member(j, "publisher_key", public, sizeof(public));
	member(j, "exchange_key", exchange, sizeof(exchange));
	member(j, "signature", sig, sizeof(sig));
	return mclic_print_json(j);
}

/* ---- requests ---- */

static int request(const char *key_path)
{
	__u8 public[MCLIC_ED25519_PUBLIC];
	EVP_PKEY *key = signing_key(key_path, public);
	struct mclic_request q;

	memset(&q, 0, sizeof(q));
	q.operation = (__u8)number("op", MCLIC_OP_NEW);
	q.kind = (__u8)number("kind", MCLIC_PERSONAL);
	q.medium_kind = (__u8)number("medium_kind", MCLIC_MEDIUM_EMULATED);
	q.medium_class = (__u8)number("medium_class", 0);
	memset(q.mid, 0x4d, sizeof(q.mid));
	CHECK(mclic_random(q.nonce, sizeof(q.nonce)));
	derive_id(MCLIC_LABEL_DEVICE, public, q.device_id);
	identifier("did", q.did);
	identifier("mid", q.mid);
	identifier("center", q.center_id);
	identifier("user", q.user_id);
	identifier("device", q.device_id);
	identifier("nonce", q.nonce);
	identifier("licence", q.licence_id);
	q.created_at = mclic_put64(number("created_at", (__u64)time(NULL)));
	q.content_version = mclic_put32((__u32)number("version", 1));
	q.sequence = mclic_put32((__u32)number("sequence", 0));
	q.km_generation = mclic_put32((__u32)number("km_generation", 1));
	mclic_request_finish(&q);
	q.suite = mclic_put16((__u16)number("suite", MCLIC_SUITE));
	sign(key, (const struct mclic_vec[]){
		{ MCLIC_LABEL_REQUEST, strlen(MCLIC_LABEL_REQUEST) },
		{ &q, MCLIC_REQUEST_SIGNED } }, 2, q.sig);
	return fwrite(&q, sizeof(q), 1, stdout) == 1 ? 0 : -EIO;
}

/* ---- answers ---- */

static json_t *json_file(const char *path)
{
	json_error_t error;
	json_t *j = json_load_file(path, 0, &error);

	if (!j) {
		fprintf(stderr, "mclreq: %s: %s\n", path, error.text);
		exit(1);
	}
	return j;
}

static const char *text_of(const json_t *j, const char *name)
{
	const char *v = json_string_value(json_object_get(j, name));

	if (!v)
		die(name);
	return v;
}

static __u32 number_of(const json_t *j, const char *name)
{
	return (__u32)json_integer_value(json_object_get(j, name));
}

/* Opens a box; @info must hold 128 bytes, filled up to @len. */
static json_t *unboxed(EVP_PKEY *key, __u8 *info, size_t len, __u32 number1, __u32 km,
		       const json_t *in)
{
	const __le32 numbers[2] = { mclic_put32(number1), mclic_put32(km) };
	__u8 box[MCLIC_KEY_SIZE + MCLIC_BOX_OVERHEAD], secret[MCLIC_KEY_SIZE];
	char hex[2 * MCLIC_KEY_SIZE + 1];

	memcpy(info + len, numbers, sizeof(numbers));
	CHECK(mclic_unbase64(text_of(in, "box"), box, sizeof(box)));
	CHECK(mclic_box_open(key, info, len + sizeof(numbers), box, sizeof(box), secret));
	return json_pack("{s:s, s:I, s:I}", "key", mclic_hex(secret, sizeof(secret), hex),
			 "number", (json_int_t)number1, "km_generation", (json_int_t)km);
}

static size_t info_start(__u8 *info, const char *label, const json_t *j, const char *id)
{
	size_t len = strlen(label);

	memcpy(info, label, len);
	CHECK(mclic_unhex(text_of(j, "center"), info + len, MCLIC_ID_SIZE));
	CHECK(mclic_unhex(text_of(j, id), info + len + MCLIC_ID_SIZE, MCLIC_ID_SIZE));
	return len + 2 * MCLIC_ID_SIZE;
}

/* The text that the center signed, as JSON. */
static json_t *signed_part(const json_t *answer, const char *name, const char *label)
{
	const char *pem = text_of(answer, "certificate"), *text = text_of(answer, name);
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	const char *sig_text = text_of(answer, "signature");
	size_t sig_len = (size_t)EVP_PKEY_get_size(X509_get0_pubkey(cert));
	__u8 sig[MCLIC_SIG_MAX], id[MCLIC_ID_SIZE];
	char hex[2 * MCLIC_ID_SIZE + 1];
	json_t *j;

	CHECK(mclic_center_id(cert, id));
	CHECK(mclic_unbase64(sig_text, sig, sig_len));
	CHECK(mclic_rsa_verify(X509_get0_pubkey(cert), (const struct mclic_vec[]){
		{ label, strlen(label) }, { text, strlen(text) } }, 2, sig, sig_len));
	j = json_loads(text, 0, NULL);
	if (!j || strcmp(text_of(j, "center"), mclic_hex(id, sizeof(id), hex)))
		die("center id");
	X509_free(cert);
	BIO_free(bio);
	return j;
}

static int unbox(const char *key_path, const char *box_path, const char *answer_path)
{
	__u8 public[MCLIC_ED25519_PUBLIC], exchange[32], info[128];
	json_t *answer = json_file(answer_path), *j, *keys = json_array(), *k;
	EVP_PKEY *box = box_key(box_path, exchange);
	size_t len, i;

	signing_key(key_path, public);
	if (json_object_get(answer, "enrolment")) {
		j = signed_part(answer, "enrolment", "mclic enrolment v1");
		len = info_start(info, "mclic KU v1", j, "user");
		json_array_foreach(json_object_get(j, "user_keys"), i, k)
			json_array_append_new(keys, unboxed(box, info, len,
					      number_of(k, "generation"),
					      number_of(k, "km_generation"), k));
	} else {
		j = signed_part(answer, "registration", "mclic registration v1");
		len = info_start(info, "mclic Ka v1", j, "did");
		json_array_append_new(keys, unboxed(box, info, len,
				      number_of(j, "content_version"),
				      number_of(j, "km_generation"), j));
	}
	json_object_set_new(j, "keys", keys);
	return mclic_print_json(j);
}

static void *whole(const char *path, size_t *len)
{
	void *p;

	CHECK(mclic_read_file(AT_FDCWD, path, 64u << 20, &p, len));
	return p;
}

static void add_hex(json_t *j, const char *name, const void *p, size_t n)
{
	char hex[2 * 64 + 1];

	json_object_set_new(j, name, json_string(mclic_hex(p, n, hex)));
}

static json_t *terms_json(const struct mclic_terms *t)
{
	json_t *j = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:i, s:s}",
		"km_generation", (json_int_t)mclic_get32(t->km_generation),
		"ku_generation", (json_int_t)mclic_get32(t->ku_generation),
		"sequence", (json_int_t)mclic_get32(t->sequence),
		"content_version", (json_int_t)mclic_get32(t->content_version),
		"issued_at", (json_int_t)mclic_get64(t->issued_at),
		"not_after", (json_int_t)mclic_get64(t->not_after),
		"kind", t->kind, "medium_kind", t->medium_kind,
		"medium_class", t->medium_class, "title", (const char *)t->title);

	add_hex(j, "licence", t->licence_id, MCLIC_ID_SIZE);
	add_hex(j, "user", t->user_id, MCLIC_ID_SIZE);
	add_hex(j, "publisher", t->publisher_id, MCLIC_ID_SIZE);
	return j;
}

static int open_response(const char *response, const char *request_path, const char *cert_path,
			 const char *ku_hex)
{
	const struct mclic_crypto *c = mclic_openssl();
	__u8 id[MCLIC_ID_SIZE], ku[MCLIC_KEY_SIZE], key[MCLIC_KEY_SIZE];
	X509 *cert = certificate(cert_path, id);
	size_t len, q_len;
	struct mclic_response *r = whole(response, &len);
	struct mclic_request *q = whole(request_path, &q_len);
	struct mclic_slot slot;
	enum mclic_why why;
	json_t *j;

	if (mclic_response_check(r, len) || mclic_response_match(c, r, q))
		die("not the response to this request");
	mclic_response_slot(c, r, &slot);
	CHECK(mclic_slot_check(c, &slot));
	CHECK(mclic_rsa_verify(X509_get0_pubkey(cert), (const struct mclic_vec[]){
		{ MCLIC_LABEL_LICENCE, strlen(MCLIC_LABEL_LICENCE) },
		{ &slot, MCLIC_SLOT_SIGNED } }, 2, slot.sig, mclic_get16(slot.sig_len)));
	CHECK(mclic_unhex(ku_hex, ku, sizeof(ku)));
	j = terms_json(&slot.terms);
	why = mclic_licence_open(c, &slot, q->mid, ku, key);
	json_object_set_new(j, "licence_open", json_string(mclic_why_name(why)));
	if (!why)
		add_hex(j, "medium_key", key, sizeof(key));
	why = mclic_master_key_open(c, r, q->mid, ku, key);
	json_object_set_new(j, "master_key_open", json_string(mclic_why_name(why)));
	if (!why)
		add_hex(j, "master_medium_key", key, sizeof(key));
	return mclic_print_json(j);
}

static int list(const char *path, const char *cert_path)
{
	size_t len, sig, sig_len, i;
	__u8 id[MCLIC_ID_SIZE];
	X509 *cert = certificate(cert_path, id);
	const __u8 *bytes = whole(path, &len);
	const struct mclic_revocation *head = (const struct mclic_revocation *)bytes;
	const struct mclic_revocation_entry *e = (const struct mclic_revocation_entry *)(head + 1);
	json_t *rows = json_array(), *row;

	CHECK(mclic_revocation_check(bytes, len, &sig, &sig_len));
	CHECK(mclic_rsa_verify(X509_get0_pubkey(cert), (const struct mclic_vec[]){
		{ MCLIC_LABEL_REVOCATION, strlen(MCLIC_LABEL_REVOCATION) }, { bytes, sig } }, 2,
		bytes + sig, sig_len));
	for (i = 0; i < mclic_get32(head->count); i++) {
		row = json_pack("{s:I, s:I}",
				"lowest_good", (json_int_t)mclic_get32(e[i].lowest_good),
				"reason", (json_int_t)mclic_get32(e[i].reason));
		add_hex(row, "licence", e[i].licence_id, MCLIC_ID_SIZE);
		json_array_append_new(rows, row);
	}
	return mclic_print_json(json_pack("{s:I, s:I, s:I, s:o}",
		"number", (json_int_t)mclic_get64(head->number),
		"issued_at", (json_int_t)mclic_get64(head->issued_at),
		"next_issue", (json_int_t)mclic_get64(head->next_issue), "entries", rows));
}

static int print_id(const char *path)
{
	__u8 public[MCLIC_ED25519_PUBLIC], id[MCLIC_ID_SIZE];
	char hex[2 * MCLIC_ID_SIZE + 1];

	signing_key(path, public);
	derive_id(MCLIC_LABEL_DEVICE, public, id);
	return puts(mclic_hex(id, sizeof(id), hex)) < 0 ? -EIO : 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	fields = argv + 2;
	if (!strcmp(what, "id"))
		return print_id(argv[2]) != 0;
	if (!strcmp(what, "request"))
		return request(argv[2]) != 0;
	if (!strcmp(what, "enrol") && argc > 3)
		return enrol(argv[2], argv[3]) != 0;
	if (!strcmp(what, "register") && argc > 3)
		return enlist(argv[2], argv[3]) != 0;
	if (!strcmp(what, "unbox") && argc > 4)
		return unbox(argv[2], argv[3], argv[4]) != 0;
	if (!strcmp(what, "open") && argc > 5)
		return open_response(argv[2], argv[3], argv[4], argv[5]) != 0;
	if (!strcmp(what, "list") && argc > 3)
		return list(argv[2], argv[3]) != 0;
	fprintf(stderr, "mclreq: the head of tests/tools/mclreq.c tells the arguments\n");
	return 2;
}
