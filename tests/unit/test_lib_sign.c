// SPDX-License-Identifier: GPL-2.0-or-later
/* sign.c, cert.c, pem.c: Ed25519, RSA, the center's certificate. */
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
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "userspace/lib/libmclic.h"
#include "folder.h"

static EVP_PKEY *rsa;
static X509 *cert;

static int setup(void **state)
{
	umask(077);
	return folder_setup(state) || mclic_center_cert_make("Test Center", 2048, &rsa, &cert);
}

static int teardown(void **state)
{
	EVP_PKEY_free(rsa);
	X509_free(cert);
	return folder_teardown(state);
}

/* ---- Ed25519 ---- */

/* RFC 8032, section 7.1, tests 1 to 3 */
static const struct {
	const char *private, *public, *message, *signature;
} rfc8032[] = {
	{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
	  "1cf9b46bd25bf5f0595bbe24655141438e7a100b" },
	{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
	  "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
	{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	  "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
	  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760"
	  "984dc6594a7c15e9716ed28dc027beceea1ec40a" },
};

static void ed25519_known_answers(void **state)
{
	__u8 private[32], public[32], msg[2], want[64], sig[64];
	const struct mclic_vec v[] = { { msg, 0 }, { NULL, 0 }, { msg, 1 }, { msg + 1, 1 } };
	unsigned int pieces;
	size_t i, n, bit;

	(void)state;
	for (i = 0; i < 3; i++) {
		EVP_PKEY *key;

		pieces = 2 + (unsigned int)i;	/* a message of 0, 1, 2 bytes */
		n = strlen(rfc8032[i].message) / 2;
		mclic_unhex(rfc8032[i].private, private, 32);
		mclic_unhex(rfc8032[i].public, public, 32);
		mclic_unhex(rfc8032[i].message, msg, n);
		mclic_unhex(rfc8032[i].signature, want, 64);
		key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private, 32);
		assert_int_equal(mclic_ed25519_sign(key, v, pieces, sig), 0);
		assert_memory_equal(sig, want, 64);
		assert_int_equal(mclic_ed25519_verify(public, v, pieces, sig), 0);
		for (bit = 0; bit < 512; bit += 37) {
			sig[bit / 8] ^= 1 << bit % 8;
			assert_int_equal(mclic_ed25519_verify(public, v, pieces, sig),
					 -EKEYREJECTED);
			sig[bit / 8] ^= 1 << bit % 8;
		}
		EVP_PKEY_free(key);
	}
	assert_int_equal(mclic_ed25519_sign(rsa, NULL, 0, sig), -EIO);
	assert_int_equal(ERR_peek_error(), 0);
}

static void a_key_file_is_made_once(void **state)
{
	const char *path = in_folder("device.key");
	__u8 a[32], b[32], sig[64];
	const struct mclic_vec v = { "message", 7 };
	EVP_PKEY *key;
	struct stat st;

	(void)state;
	assert_int_equal(mclic_ed25519_load(path, false, &key, a), -ENOENT);
	assert_null(key);
	assert_int_equal(mclic_ed25519_load(path, true, &key, a), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(mclic_ed25519_sign(key, &v, 1, sig), 0);
	EVP_PKEY_free(key);
	assert_int_equal(mclic_ed25519_load(path, true, &key, b), 0);
	EVP_PKEY_free(key);
	assert_memory_equal(a, b, 32);
	assert_int_equal(mclic_ed25519_verify(b, &v, 1, sig), 0);
}

static void *make_key(void *public)
{
	EVP_PKEY *key;

	if (mclic_ed25519_load(in_folder("race.key"), true, &key, public))
		memset(public, 0, 32);
	EVP_PKEY_free(key);
	return NULL;
}

static void makers_at_once_agree_on_one_key(void **state)
{
	__u8 public[4][32], zero[32] = { 0 };
	pthread_t t[4];
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, make_key, public[i]), 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	assert_memory_not_equal(public[0], zero, 32);
	for (i = 1; i < 4; i++)
		assert_memory_equal(public[0], public[i], 32);
}

static void other_key_files_are_refused(void **state)
{
	const char *path = in_folder("other.key");
	__u8 public[32];
	EVP_PKEY *key;
	FILE *f;

	(void)state;
	f = fopen(path, "w");
	assert_int_equal(PEM_write_PrivateKey(f, rsa, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
	assert_int_equal(mclic_ed25519_load(path, true, &key, public), -EINVAL);
	assert_null(key);
	f = fopen(path, "w");
	assert_int_equal(PEM_write_PrivateKey(f, rsa, EVP_aes_128_cbc(),
					      (const unsigned char *)"pass", 4, NULL, NULL), 1);
	fclose(f);
	assert_int_equal(mclic_ed25519_load(path, true, &key, public), -EINVAL);
	assert_int_equal(mclic_write_file(AT_FDCWD, path, "junk", 4, 0600), 0);
	assert_int_equal(mclic_ed25519_load(path, true, &key, public), -EINVAL);
	assert_int_equal(mclic_write_file(AT_FDCWD, path, "", 0, 0600), 0);
	assert_int_equal(mclic_ed25519_load(path, true, &key, public), -EINVAL);
	assert_int_equal(ERR_peek_error(), 0);
}

static void a_key_that_others_may_read_is_refused(void **state)
{
	static const struct {
		mode_t mode;
		int err;
	} t[] = {
		{ 0600, 0 }, { 0400, 0 }, { 0640, 0 }, { 0644, -EPERM }, { 0604, -EPERM },
		{ 0660, -EPERM }, { 0602, -EPERM },
	};
	const char *path = in_folder("shared.key");
	__u8 public[32];
	EVP_PKEY *key;
	size_t i;

	(void)state;
	assert_int_equal(mclic_ed25519_load(path, true, &key, public), 0);
	EVP_PKEY_free(key);
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(chmod(path, t[i].mode), 0);
		assert_int_equal(mclic_ed25519_load(path, true, &key, public), t[i].err);
		EVP_PKEY_free(key);
	}
	assert_int_equal(mclic_ed25519_load(folder, true, &key, public), -EINVAL);
}

/* ---- RSA ---- */

static void rsa_signs_and_verifies(void **state)
{
	const struct mclic_vec v[] = { { "mclic licence v1", 16 }, { "body", 4 } };
	const struct mclic_vec joined = { "mclic licence v1body", 20 };
	const struct mclic_vec other = { "mclic licence v1bodY", 20 };
	__u8 sig[MCLIC_SIG_MAX], again[MCLIC_SIG_MAX];
	size_t len = sizeof(sig), len2 = sizeof(again), bit;

	(void)state;
	assert_int_equal(mclic_rsa_sign(rsa, v, 2, sig, &len), 0);
	assert_int_equal(len, 256);
	assert_int_equal(mclic_rsa_sign(rsa, &joined, 1, again, &len2), 0);
	assert_memory_equal(sig, again, 256);
	assert_int_equal(mclic_rsa_verify(rsa, &joined, 1, sig, len), 0);
	assert_int_equal(mclic_rsa_verify(rsa, &other, 1, sig, len), -EKEYREJECTED);
	assert_int_equal(mclic_rsa_verify(rsa, v, 2, sig, len - 1), -EKEYREJECTED);
	assert_int_equal(mclic_rsa_verify(rsa, v, 2, sig, 0), -EKEYREJECTED);
	sig[len] = 0;
	assert_int_equal(mclic_rsa_verify(rsa, v, 2, sig, len + 1), -EKEYREJECTED);
	for (bit = 0; bit < len * 8; bit += 61) {
		sig[bit / 8] ^= 1 << bit % 8;
		assert_int_equal(mclic_rsa_verify(rsa, v, 2, sig, len), -EKEYREJECTED);
		sig[bit / 8] ^= 1 << bit % 8;
	}
	len = 255;
	assert_int_equal(mclic_rsa_sign(rsa, v, 2, sig, &len), -EIO);
	assert_int_equal(ERR_peek_error(), 0);
}

/* The openssl command takes part: PKCS #1 v1.5 with SHA-256 is what it says it is. */
static void the_openssl_command_verifies(void **state)
{
	const struct mclic_vec v = { "text", 4 };
	__u8 sig[MCLIC_SIG_MAX];
	size_t len = sizeof(sig);
	int status;
	pid_t child;
	FILE *f;

	(void)state;
	assert_int_equal(mclic_rsa_sign(rsa, &v, 1, sig, &len), 0);
	assert_int_equal(mclic_write_file(AT_FDCWD, in_folder("sig"), sig, len, 0600), 0);
	assert_int_equal(mclic_write_file(AT_FDCWD, in_folder("text"), "text", 4, 0600), 0);
	f = fopen(in_folder("public.pem"), "w");
	assert_int_equal(PEM_write_PUBKEY(f, rsa), 1);
	fclose(f);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
		execlp("openssl", "openssl", "dgst", "-sha256", "-verify",
		       in_folder("public.pem"), "-signature", in_folder("sig"),
		       in_folder("text"), NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void keys_of_another_kind_do_not_sign(void **state)
{
	EVP_PKEY *small = EVP_RSA_gen(1024), *ec = EVP_EC_gen("P-256");
	EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	const struct mclic_vec v = { "text", 4 };
	__u8 sig[MCLIC_SIG_MAX];
	size_t len = sizeof(sig);

	(void)state;
	assert_int_equal(mclic_rsa_sign(small, &v, 1, sig, &len), -EIO);
	assert_int_equal(mclic_rsa_sign(ec, &v, 1, sig, &len), -EIO);
	assert_int_equal(mclic_rsa_sign(ed, &v, 1, sig, &len), -EIO);
	assert_int_equal(mclic_rsa_verify(ec, &v, 1, sig, 256), -EKEYREJECTED);
	EVP_PKEY_free(small);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(ed);
}

/* ---- the center's certificate ---- */

static void a_center_names_itself_by_its_key(void **state)
{
	__u8 id[16], want[32];
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(rsa, &der);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	(void)state;
	EVP_DigestInit_ex2(ctx, EVP_sha256(), NULL);
	EVP_DigestUpdate(ctx, "mclic center id v1", 18);
	EVP_DigestUpdate(ctx, der, (size_t)len);
	EVP_DigestFinal_ex(ctx, want, NULL);
	EVP_MD_CTX_free(ctx);
	OPENSSL_free(der);
	assert_int_equal(mclic_center_id(cert, id), 0);
	assert_memory_equal(id, want, 16);
}

static void the_certificate_is_plain(void **state)
{
	int days, seconds;
	char name[64];

	(void)state;
	assert_int_equal(X509_get_version(cert), X509_VERSION_3);
	assert_int_equal(X509_get_ext_count(cert), 3);
	assert_int_equal(X509_get_key_usage(cert), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_check_ca(cert), 0);
	assert_int_equal(X509_get_signature_nid(cert), NID_sha256WithRSAEncryption);
	X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name, sizeof(name));
	assert_string_equal(name, "Test Center");
	assert_int_equal(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(cert),
					X509_get0_notAfter(cert)), 1);
	assert_in_range(days, 30 * 365, 30 * 366);
	assert_true(X509_cmp_current_time(X509_get0_notBefore(cert)) < 0);
}

static void impossible_certificates_are_not_made(void **state)
{
	static char longest[] = "0123456789012345678901234567890123456789012345678901234567890123";
	EVP_PKEY *key;
	X509 *c;

	(void)state;
	assert_int_equal(mclic_center_cert_make("x", 1024, &key, &c), -EINVAL);
	assert_int_equal(mclic_center_cert_make("x", 8192, &key, &c), -EINVAL);
	assert_int_equal(mclic_center_cert_make("", 2048, &key, &c), -EINVAL);
	assert_null(key);
	assert_null(c);
	assert_int_equal(mclic_center_cert_make(longest, 2048, &key, &c), 0);
	EVP_PKEY_free(key);
	X509_free(c);
	assert_int_equal(mclic_center_cert_make("Zentrale Köln", 2048, &key, &c), 0);
	EVP_PKEY_free(key);
	X509_free(c);
	assert_int_equal(ERR_peek_error(), 0);
}

/* A copy of the certificate, changed by @change and signed again with @key. */
static X509 *changed(void (*change)(X509 *c), EVP_PKEY *key)
{
	X509 *c = X509_dup(cert);

	assert_non_null(c);
	change(c);
	if (key)
		assert_true(X509_sign(c, key, EVP_sha256()) > 0);
	return c;
}

static void no_change(X509 *c)
{
	(void)c;
}

static void drop_ski(X509 *c)
{
	X509_EXTENSION_free(X509_delete_ext(c, X509_get_ext_by_NID(c, NID_subject_key_identifier,
								   -1)));
}

static void set_ski(X509 *c, size_t len, __u8 flip)
{
	ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
	__u8 id[20] = { 0 };

	mclic_center_id(cert, id);
	id[15] ^= flip;
	ASN1_OCTET_STRING_set(s, id, (int)len);
	drop_ski(c);
	X509_add1_ext_i2d(c, NID_subject_key_identifier, s, 0, 0);
	ASN1_OCTET_STRING_free(s);
}

static void other_ski(X509 *c)
{
	set_ski(c, 16, 1);
}

static void longer_ski(X509 *c)
{
	set_ski(c, 20, 0);
}

static void shorter_ski(X509 *c)
{
	set_ski(c, 15, 0);
}

static void other_issuer(X509 *c)
{
	X509_NAME *n = X509_NAME_new();

	X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const unsigned char *)"Other", -1, -1,
				   0);
	X509_set_issuer_name(c, n);
	X509_NAME_free(n);
}

static void other_subject(X509 *c)
{
	X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "O", MBSTRING_UTF8,
				   (const unsigned char *)"Other", -1, -1, 0);
}

/* No names, and a serial number of @len bytes. */
static void nameless(X509 *c, int len)
{
	static const __u8 serial[16] = { 0x40, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	X509_NAME *n = X509_NAME_new();

	X509_set_subject_name(c, n);
	X509_set_issuer_name(c, n);
	X509_NAME_free(n);
	ASN1_STRING_set(X509_get_serialNumber(c), serial, len);
}

static void shorter_than_an_id(X509 *c)
{
	nameless(c, 15);
}

static void as_long_as_an_id(X509 *c)
{
	nameless(c, 16);
}

static void expect_refused(X509 *c)
{
	__u8 id[16];

	assert_int_equal(mclic_center_id(c, id), -EINVAL);
	X509_free(c);
}

static void certificates_that_are_no_centers(void **state)
{
	EVP_PKEY *other = EVP_RSA_gen(2048), *small = EVP_RSA_gen(1024);
	EVP_PKEY *ec = EVP_EC_gen("P-256");
	X509 *c;
	__u8 id[16];

	(void)state;
	c = changed(no_change, rsa);
	assert_int_equal(mclic_center_id(c, id), 0);
	X509_free(c);
	expect_refused(changed(drop_ski, rsa));
	expect_refused(changed(other_ski, rsa));
	expect_refused(changed(longer_ski, rsa));
	expect_refused(changed(shorter_ski, rsa));
	expect_refused(changed(other_issuer, rsa));
	expect_refused(changed(other_subject, rsa));
	c = changed(shorter_than_an_id, rsa);
	assert_int_equal(mclic_center_id(c, id), 0);
	X509_free(c);
	expect_refused(changed(as_long_as_an_id, rsa));
	/* signed by another key */
	expect_refused(changed(no_change, other));
	/* another key in the same certificate */
	c = X509_dup(cert);
	X509_set_pubkey(c, other);
	assert_true(X509_sign(c, other, EVP_sha256()) > 0);
	expect_refused(c);
	c = X509_dup(cert);
	X509_set_pubkey(c, small);
	assert_true(X509_sign(c, small, EVP_sha256()) > 0);
	expect_refused(c);
	c = X509_dup(cert);
	X509_set_pubkey(c, ec);
	assert_true(X509_sign(c, ec, EVP_sha256()) > 0);
	expect_refused(c);
	EVP_PKEY_free(other);
	EVP_PKEY_free(small);
	EVP_PKEY_free(ec);
	assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ed25519_known_answers),
		cmocka_unit_test(a_key_file_is_made_once),
		cmocka_unit_test(makers_at_once_agree_on_one_key),
		cmocka_unit_test(other_key_files_are_refused),
		cmocka_unit_test(a_key_that_others_may_read_is_refused),
		cmocka_unit_test(rsa_signs_and_verifies),
		cmocka_unit_test(the_openssl_command_verifies),
		cmocka_unit_test(keys_of_another_kind_do_not_sign),
		cmocka_unit_test(a_center_names_itself_by_its_key),
		cmocka_unit_test(the_certificate_is_plain),
		cmocka_unit_test(impossible_certificates_are_not_made),
		cmocka_unit_test(certificates_that_are_no_centers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
