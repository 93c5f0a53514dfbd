// SPDX-License-Identifier: GPL-2.0-or-later
/* The center's self-signed certificate; its Subject Key Identifier is IDc. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "libmclic.h"
#include "pem.h"

#define VALID_DAYS	(30 * 365 + 7)
#define SERIAL_BYTES	16

/* IDc of a SubjectPublicKeyInfo */
static int key_id(X509_PUBKEY *spki, __u8 id[MCLIC_ID_SIZE])
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(spki, &der);
	struct mclic_vec v;
	int err;

	if (len <= 0)
		return mclic_ssl_fail(EINVAL, "a certificate without a public key");
	v = (struct mclic_vec){ der, (size_t)len };
	err = mclic_identifier(mclic_openssl(), MCLIC_LABEL_CENTER, &v, 1, id);
	OPENSSL_free(der);
	return err;
}

/*
 * A kernel's keyring knows a certificate by serial number and issuer, too, one behind the other:
 * where they are as long as an IDc they may be that of another center, which would not be found.
 */
static bool has_name_like_an_id(X509 *cert)
{
	const unsigned char *der;
	int tag, class, ret;
	long issuer;
	size_t len;

	if (X509_NAME_get0_der(X509_get_issuer_name(cert), &der, &len) != 1)
		return true;
	ret = ASN1_get_object(&der, &issuer, &tag, &class, (long)len);
	return ret != V_ASN1_CONSTRUCTED ||	/* also one without a length in front */
	       i2d_ASN1_INTEGER(X509_get_serialNumber(cert), NULL) - 2 + issuer == MCLIC_ID_SIZE;
}

int mclic_center_id(X509 *cert, __u8 center_id[MCLIC_ID_SIZE])
{
	const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(cert);
	EVP_PKEY *key = X509_get0_pubkey(cert);
	__u8 id[MCLIC_ID_SIZE];
	int err;

	if (!key || !mclic_rsa_fits(key))
		return mclic_ssl_fail(EINVAL, "a center's certificate has an RSA key of 2048 to 4096 bits");
	if (X509_self_signed(cert, 1) != 1)
		return mclic_ssl_fail(EINVAL, "a center's certificate is signed by itself; this one is not");
	if (has_name_like_an_id(cert))
		return mclic_ssl_fail(EINVAL, "a center's certificate must not have a serial number and issuer of 16 bytes together, which could stand for another center");
	err = key_id(X509_get_X509_PUBKEY(cert), id);
	if (err)
		return err;
	if (!ski || ASN1_STRING_length(ski) != MCLIC_ID_SIZE ||
	    !mclic_equal(ASN1_STRING_get0_data(ski), id, MCLIC_ID_SIZE))
		return mclic_ssl_fail(EINVAL, "not a center's certificate: its Subject Key Identifier is not the one that its key gives");
	memcpy(center_id, id, MCLIC_ID_SIZE);
	return 0;
}

static bool set_serial(X509 *cert)
{
	__u8 bytes[SERIAL_BYTES];
	BIGNUM *n;
	bool good;

	if (mclic_random(bytes, sizeof(bytes)))
		return false;
	bytes[0] = (bytes[0] & 0x7f) | 0x40;	/* positive, never shorter */
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	good = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
	BN_free(n);
	return good;
}

static bool set_name(X509 *cert, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(cert);

	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
					  (const unsigned char *)name, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(cert, subject) == 1;
}

static bool set_key_id(X509 *cert)
{
	ASN1_OCTET_STRING *ski = ASN1_OCTET_STRING_new();
	__u8 id[MCLIC_ID_SIZE];
	bool good;

	good = ski && !key_id(X509_get_X509_PUBKEY(cert), id) &&
	       ASN1_OCTET_STRING_set(ski, id, sizeof(id)) == 1 &&
	       X509_add1_ext_i2d(cert, NID_subject_key_identifier, ski, 0, 0) == 1;
	ASN1_OCTET_STRING_free(ski);
	return good;
}

static bool set_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool good = e && X509_add_ext(cert, e, -1) == 1;

	X509_EXTENSION_free(e);
	return good;
}

/* Plain, so that a kernel's keyring takes it too. */
static bool fill(X509 *cert, const char *name, EVP_PKEY *key)
{
	return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
	       X509_gmtime_adj(X509_getm_notBefore(cert), 0) &&
	       X509_time_adj_ex(X509_getm_notAfter(cert), VALID_DAYS, 0, NULL) &&
	       set_name(cert, name) && X509_set_pubkey(cert, key) == 1 && set_key_id(cert) &&
	       set_extension(cert, NID_basic_constraints, "critical,CA:FALSE") &&
	       set_extension(cert, NID_key_usage, "critical,digitalSignature") &&
	       X509_sign(cert, key, EVP_sha256()) > 0;
}

int mclic_center_cert_make(const char *name, int bits, EVP_PKEY **key, X509 **cert)
{
	*key = NULL;
	*cert = NULL;
	if (bits < MCLIC_SIG_MIN * 8 || bits > MCLIC_SIG_MAX * 8 || bits % 8)
		return mclic_fail(EINVAL, "%d: a center's RSA key has 2048 to 4096 bits", bits);
	*key = EVP_RSA_gen((size_t)bits);
	*cert = X509_new();
	if (*key && *cert && fill(*cert, name, *key))
		return 0;
	EVP_PKEY_free(*key);
	X509_free(*cert);
	*key = NULL;
	*cert = NULL;
	ERR_clear_error();
	return mclic_fail(EINVAL, "%s: cannot make a certificate of this name (1 to 64 characters)",
			  name);
}

int mclic_cert_write(int dirfd, const char *path, X509 *cert, mode_t mode)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;
	int err;

	if (!bio || PEM_write_bio_X509(bio, cert) != 1) {
		err = mclic_ssl_fail(ENOMEM, "not enough memory for a certificate");
	} else {
		len = BIO_get_mem_data(bio, &text);
		err = mclic_write_file(dirfd, path, text, (size_t)len, mode);
	}
	BIO_free(bio);
	return err;
}

X509 *mclic_cert_read(const void *pem, size_t len)
{
	char no_password[] = "";	/* else OpenSSL would ask the terminal */
	BIO *bio = len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, no_password) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return cert;
}
