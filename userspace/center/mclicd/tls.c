// SPDX-License-Identifier: GPL-2.0-or-later
/* The pair for TLS: the operator's, or a self-signed one that is made on the first start. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/x509v3.h>

#include "server.h"
#include "userspace/lib/pem.h"

#define TLS_CERT	"tls-cert.pem"
#define TLS_KEY		"tls-key.pem"
#define TLS_FILE_MAX	(256u << 10)
#define TLS_DAYS	(10 * 365 + 3)

static int tls_path(const struct center *c, const char *name, char **path)
{
	if (asprintf(path, "%s/%s", c->path, name) >= 0)
		return 0;
	*path = NULL;
	return mclic_fail(ENOMEM, "not enough memory");
}

/* ---- making a pair ---- */

static bool tls_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool good = e && X509_add_ext(cert, e, -1) == 1;

	X509_EXTENSION_free(e);
	return good;
}

/*
 * What clients may call this host. Its name goes into the certificate only if it reads
 * like one, the address it listens on if it is a certain one.
 */
static bool tls_names(X509 *cert, int listening)
{
	const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
	char host[HOST_NAME_MAX + 1] = "", address[INET6_ADDRSTRLEN], value[512];
	int len;

	if (gethostname(host, sizeof(host) - 1) || strspn(host, plain) != strlen(host))
		host[0] = '\0';
	listen_host(listening, address);
	if (!strcmp(address, "127.0.0.1") || !strcmp(address, "::1"))
		address[0] = '\0';
	len = snprintf(value, sizeof(value), "DNS:localhost,IP:127.0.0.1,IP:::1%s%s%s%s",
		       *host ? ",DNS:" : "", host, *address ? ",IP:" : "", address);
	return len < (int)sizeof(value) && tls_extension(cert, NID_subject_alt_name, value);
}

static bool tls_fill(X509 *cert, EVP_PKEY *key, int listening)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	__u64 serial;

	if (mclic_random(&serial, sizeof(serial)))
		return false;
	return X509_set_version(cert, X509_VERSION_3) == 1 &&
	       ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1 | 1) == 1 &&
	       X509_time_adj_ex(X509_getm_notBefore(cert), -1, 0, NULL) &&
	       X509_time_adj_ex(X509_getm_notAfter(cert), TLS_DAYS, 0, NULL) &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
					  (const unsigned char *)"mclicd", -1, -1, 0) == 1 &&
	       X509_set_issuer_name(cert, subject) == 1 && X509_set_pubkey(cert, key) == 1 &&
	       tls_names(cert, listening) &&
	       tls_extension(cert, NID_basic_constraints, "critical,CA:FALSE") &&
	       tls_extension(cert, NID_key_usage, "critical,digitalSignature") &&
	       tls_extension(cert, NID_ext_key_usage, "serverAuth") &&
	       X509_sign(cert, key, EVP_sha256()) > 0;
}

static int tls_write_cert(const struct center *c, EVP_PKEY *key, int listening)
{
	X509 *cert = X509_new();
	int ret;

	if (cert && tls_fill(cert, key, listening))
		ret = mclic_cert_write(c->dir, TLS_CERT, cert, 0644);
	else
		ret = mclic_fail(ENOMEM, "cannot make a certificate for TLS");
	X509_free(cert);
	return ret;
}

/* The key first: a start that was killed in between goes on with the key it finds. */
static int tls_make(const struct center *c, int listening)
{
	MCLIC_AUTO_FREE char *path = NULL;
	EVP_PKEY *key = NULL;
	int ret;

	ret = tls_path(c, TLS_KEY, &path);
	if (ret)
		return ret;
	if (!access(path, F_OK)) {
		ret = mclic_key_read(path, &key);
	} else {
		key = EVP_EC_gen("P-256");
		ret = key ? mclic_key_write(path, key) :
		      mclic_fail(ENOMEM, "cannot make a key for TLS");
	}
	if (!ret)
		ret = tls_write_cert(c, key, listening);
	EVP_PKEY_free(key);
	return ret;
}

/* ---- loading one ---- */

static int tls_check(const struct tls *t, const char *cert_path, const char *key_path)
{
	X509 *cert = mclic_cert_read(t->cert, strlen(t->cert));
	EVP_PKEY *key = NULL;
	int ret;

	if (!cert)
		ret = mclic_fail(EINVAL, "%s: not a certificate in PEM", cert_path);
	else
		ret = mclic_key_read(key_path, &key);
	if (!ret && X509_check_private_key(cert, key) != 1)
		ret = mclic_fail(EINVAL, "%s is not the key of %s", key_path, cert_path);
	EVP_PKEY_free(key);
	X509_free(cert);
	return ret;
}

static int tls_read_key(struct tls *t, const char *path)
{
	void *text;
	size_t len;
	int ret;

	ret = mclic_read_file(AT_FDCWD, path, TLS_FILE_MAX, &text, &len);
	if (ret)
		return ret;
	t->key_len = len + 1;
	t->key = mclic_secret_alloc(t->key_len);
	if (t->key)
		memcpy(t->key, text, len);
	else
		ret = mclic_fail(ENOMEM, "no locked memory for a key");
	mclic_wipe(text, len);
	free(text);
	return ret;
}

static int tls_read(struct tls *t, const char *cert_path, const char *key_path)
{
	void *text;
	size_t len;
	int ret;

	ret = mclic_read_file(AT_FDCWD, cert_path, TLS_FILE_MAX, &text, &len);
	if (ret)
		return ret;
	t->cert = text;
	ret = tls_read_key(t, key_path);
	return ret ? ret : tls_check(t, cert_path, key_path);
}

int tls_own(const struct center *c, int listening, struct tls *t)
{
	MCLIC_AUTO_FREE char *cert = NULL;
	MCLIC_AUTO_FREE char *key = NULL;
	int ret;

	ret = tls_path(c, TLS_CERT, &cert);
	if (!ret)
		ret = tls_path(c, TLS_KEY, &key);
	if (!ret && access(cert, F_OK))
		ret = tls_make(c, listening);
	return ret ? ret : tls_read(t, cert, key);
}

int tls_load(const char *arg, struct tls *t)
{
	MCLIC_AUTO_FREE char *copy = strdup(arg);
	char *comma = copy ? strchr(copy, ',') : NULL;

	if (!comma)
		return mclic_fail(ENOMEM, "not enough memory");
	*comma = '\0';
	return tls_read(t, copy, comma + 1);
}

void tls_free(struct tls *t)
{
	if (t->key)
		mclic_secret_free(t->key, t->key_len);
	free(t->cert);
	memset(t, 0, sizeof(*t));
}
