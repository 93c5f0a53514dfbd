/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys inside libmclic: pem.c, sign.c. */
#ifndef MCLIC_PEM_H
#define MCLIC_PEM_H

#include "libmclic.h"

/** mclic_key_read() - an unencrypted private key; -ENOENT, -EINVAL, -EPERM when others may too */
int mclic_key_read(const char *path, EVP_PKEY **key);

/** mclic_key_write() - PKCS #8, mode 0600; -EEXIST when there is a file already */
int mclic_key_write(const char *path, EVP_PKEY *key);

/** mclic_ssl_fail() - mclic_fail(), and OpenSSL's own errors forgotten */
int mclic_ssl_fail(int err, const char *what);

/* sign.c */

/** mclic_rsa_fits() - RSA, and of a size whose signatures fit the formats? */
bool mclic_rsa_fits(EVP_PKEY *key);

#endif /* MCLIC_PEM_H */
