// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes as text: hexadecimal, base64, and a token from the command line. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmclic.h"

#define TOKEN_MAX	4096

char *mclic_hex(const void *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const __u8 *b = p;
	size_t i;

	for (i = 0; i < n; i++) {
		out[2 * i] = digits[b[i] >> 4];
		out[2 * i + 1] = digits[b[i] & 15];
	}
	out[2 * n] = '\0';
	return out;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int mclic_unhex(const char *hex, void *p, size_t n)
{
	__u8 *b = p;
	size_t i;

	for (i = 0; i < n; i++) {
		int high = digit(hex[2 * i]);
		int low = high < 0 ? -1 : digit(hex[2 * i + 1]);

		if (low < 0)
			break;
		b[i] = (__u8)(high << 4 | low);
	}
	if (i < n || hex[2 * n])
		return mclic_fail(EINVAL, "not %zu hexadecimal digits", 2 * n);
	return 0;
}

/* Characters of the base64 of @n bytes; 0 when that is more than OpenSSL's int can count. */
static size_t base64_len(size_t n)
{
	return n < INT_MAX / 2 ? (n + 2) / 3 * 4 : 0;
}

char *mclic_base64(const void *p, size_t n)
{
	size_t len = base64_len(n);
	char *out;

	if (n > 0 && !len)
		return NULL;
	out = malloc(len + 1);
	if (!out)
		return NULL;
	out[0] = '\0';
	if (n > 0)
		EVP_EncodeBlock((unsigned char *)out, p, (int)n);
	return out;
}

/* OpenSSL's decoder forgives; encoding again tells whether there was something to forgive. */
static bool same_text(const void *p, size_t n, const char *s)
{
	char *again = mclic_base64(p, n);
	bool same = again && !strcmp(again, s);

	if (again)
		mclic_wipe(again, strlen(again));
	free(again);
	return same;
}

int mclic_unbase64(const char *s, void *p, size_t n)
{
	size_t len = strlen(s);
	__u8 *whole;
	bool good;

	if (len != base64_len(n) || (n > 0 && !len))
		return mclic_fail(EINVAL, "not the base64 of %zu bytes", n);
	whole = malloc(len + 1);
	if (!whole)
		return mclic_fail(ENOMEM, "not enough memory");
	good = !len || EVP_DecodeBlock(whole, (const unsigned char *)s, (int)len) >= (int)n;
	good = good && same_text(whole, n, s);
	if (good)
		memcpy(p, whole, n);
	mclic_wipe(whole, len + 1);
	free(whole);
	return good ? 0 : mclic_fail(EINVAL, "not the base64 of %zu bytes", n);
}

/* Take @text (@len bytes and a NUL) as a token, without the white space around it. */
static int trim(const char *text, size_t len, char **token)
{
	static const char space[] = " \t\r\n";

	if (strlen(text) != len)
		return mclic_fail(EINVAL, "the token has a NUL in it");
	text += strspn(text, space);
	len = strlen(text);
	while (len > 0 && strchr(space, text[len - 1]))
		len--;
	if (!len)
		return mclic_fail(EINVAL, "the token is empty");
	*token = strndup(text, len);
	return *token ? 0 : mclic_fail(ENOMEM, "not enough memory");
}

int mclic_read_token(char *arg, char **token)
{
	void *data;
	size_t len;
	int err;

	*token = NULL;
	if (!strcmp(arg, "-")) {
		err = mclic_read_fd(STDIN_FILENO, "standard input", TOKEN_MAX, &data, &len);
	} else if (*arg == '@') {
		err = mclic_read_file(AT_FDCWD, arg + 1, TOKEN_MAX, &data, &len);
	} else {
		err = trim(arg, strlen(arg), token);
		mclic_wipe(arg, strlen(arg));
		return err;
	}
	if (err)
		return err;
	err = trim(data, len, token);
	mclic_wipe(data, len);
	free(data);
	return err;
}
