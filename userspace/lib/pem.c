// SPDX-License-Identifier: GPL-2.0-or-later
/* Private keys in PEM files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "pem.h"

#define KEY_FILE_MAX	65536

int mclic_ssl_fail(int err, const char *what)
{
	ERR_clear_error();
	return mclic_fail(err, "%s", what);
}

/* OpenSSL would ask on the terminal. */
static int no_passphrase(char *buf, int size, int writing, void *ctx)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

/* A group may read a key (Debian keeps those of TLS so), nobody but the owner write it. */
static int read_key_file(const char *path, void **data, size_t *len)
{
	MCLIC_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return mclic_fail(errno, "%s: cannot open it: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return mclic_fail(EINVAL, "%s: not a regular file", path);
	if (st.st_mode & (S_IWGRP | S_IRWXO))
		return mclic_fail(EPERM, "%s: others may read or change this key; if nobody did, put "
				  "that right with chmod 600", path);
	return mclic_read_fd(fd, path, KEY_FILE_MAX, data, len);
}

int mclic_key_read(const char *path, EVP_PKEY **key)
{
	void *data = NULL;
	size_t len = 0;
	BIO *bio;
	int err;

	*key = NULL;
	err = read_key_file(path, &data, &len);
	if (err)
		return err;
	bio = BIO_new_mem_buf(data, (int)len);
	if (bio)
		*key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	mclic_wipe(data, len);
	free(data);
	if (*key)
		return 0;
	ERR_clear_error();
	return mclic_fail(EINVAL, "%s: not an unencrypted private key in PEM", path);
}

int mclic_key_write(const char *path, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *text;
	long len;
	int err;

	if (!bio || PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1) {
		ERR_clear_error();
		err = mclic_fail(ENOMEM, "%s: cannot encode the key", path);
	} else {
		len = BIO_get_mem_data(bio, &text);
		err = mclic_create_file(AT_FDCWD, path, text, (size_t)len, 0600);
	}
	BIO_free(bio);
	return err;
}
