// SPDX-License-Identifier: GPL-2.0-or-later
/* HTTP to a center: TLS that is checked, no redirects, bounded in size and time. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "libmclic.h"

#define REPLY_MAX		(32u << 20)	/* the longest revocation list has 24 MiB */
#define REPLY_FIRST		4096
#define CONNECT_SECONDS		10L
#define TOTAL_SECONDS		300L
#define SLOW_BYTES		64L		/* a second, ... */
#define SLOW_SECONDS		30L		/* ... for so long: given up */
#define TRIES			5
#define RETRY_FIRST_MS		500u
#define RETRY_AFTER_MAX_MS	10000u		/* what a center may ask us to wait */
#define RETRY_UNTIL_MS		30000u

/** struct exchange - one request, however often it is tried */
struct exchange {
	CURL *curl;
	char *url;
	struct curl_slist *headers;
	bool loopback;
	struct mclic_reply *reply;
	size_t room;
	bool too_large;
	char error[CURL_ERROR_SIZE];
};

/* Header lines hold the bearer token. */
static void free_headers(struct curl_slist *headers)
{
	struct curl_slist *h;

	for (h = headers; h; h = h->next)
		mclic_wipe(h->data, strlen(h->data));
	curl_slist_free_all(headers);
}

static void exchange_end(struct exchange *x)
{
	curl_easy_cleanup(x->curl);
	free_headers(x->headers);
	free(x->url);
}

static int no_memory(void)
{
	return mclic_fail(ENOMEM, "not enough memory to talk to the center");
}

/* ---- where to ---- */

static bool is_loopback(const char *host)
{
	struct in_addr a;

	if (!strcasecmp(host, "localhost") || !strcmp(host, "[::1]"))
		return true;
	return inet_pton(AF_INET, host, &a) == 1 && ntohl(a.s_addr) >> 24 == 127;
}

/* TLS, or a host that is this machine. */
static int check_url(const char *url, bool *loopback)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL;
	int err = 0;

	if (!u)
		return no_memory();
	if (curl_url_set(u, CURLUPART_URL, url, 0) ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0)) {
		err = mclic_fail(EINVAL, "%s: not the address of a center; it reads https://HOST:PORT",
				 url);
	} else {
		*loopback = is_loopback(host);
		if (strcmp(scheme, "https") && (strcmp(scheme, "http") || !*loopback))
			err = mclic_fail(EPERM, "%s: a center is asked over https only, unless it is "
					 "on this machine", url);
	}
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(u);
	return err;
}

int mclic_url_check(const char *url)
{
	bool loopback;

	return check_url(url, &loopback);
}

/* ---- setting up ---- */

static bool add_header(struct exchange *x, const char *name, const char *value)
{
	MCLIC_AUTO_FREE char *line = NULL;
	struct curl_slist *more;

	if (asprintf(&line, "%s%s", name, value) < 0) {
		line = NULL;
		return false;
	}
	more = curl_slist_append(x->headers, line);
	mclic_wipe(line, strlen(line));
	if (more)
		x->headers = more;
	return more;
}

/* A token goes into a header line: printable ASCII without spaces. */
static bool token_fits(const char *bearer)
{
	for (; *bearer; bearer++)
		if (*bearer <= ' ' || *bearer > '~')
			return false;
	return true;
}

static int set_headers(struct exchange *x, const char *type, const char *bearer)
{
	if (bearer && !token_fits(bearer))
		return mclic_fail(EINVAL, "the token has characters that no token has");
	/* no Expect: a center answers at once or not at all */
	if (!add_header(x, "Expect:", "") ||
	    (type && !add_header(x, "Content-Type: ", type)) ||
	    (bearer && !add_header(x, "Authorization: Bearer ", bearer)))
		return no_memory();
	return 0;
}

static size_t take(char *data, size_t one, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	struct mclic_reply *r = x->reply;

	(void)one;
	if (n > REPLY_MAX - r->len) {
		x->too_large = true;
		return 0;
	}
	if (r->len + n + 1 > x->room) {
		size_t room = x->room ? x->room : REPLY_FIRST;
		char *body;

		while (room < r->len + n + 1)
			room *= 2;
		body = realloc(r->body, room);
		if (!body)
			return 0;
		r->body = body;
		x->room = room;
	}
	memcpy(r->body + r->len, data, n);
	r->len += n;
	r->body[r->len] = '\0';
	return n;
}

#define SET(option, value)	(curl_easy_setopt(x->curl, CURLOPT_ ## option, value) == CURLE_OK)

static bool set_transport(struct exchange *x, const char *cacert)
{
	return SET(URL, x->url) && SET(PROTOCOLS_STR, x->loopback ? "http,https" : "https") &&
	       SET(FOLLOWLOCATION, 0L) && SET(DISALLOW_USERNAME_IN_URL, 1L) &&
	       SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
	       SET(SSL_VERIFYPEER, 1L) && SET(SSL_VERIFYHOST, 2L) &&
	       SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
	       /* an account's certificate stands alone, not beside the system's */
	       (!cacert || (SET(CAINFO, cacert) && SET(CAPATH, NULL))) &&
	       (!x->loopback || SET(PROXY, "")) &&
	       SET(NOSIGNAL, 1L) && SET(CONNECTTIMEOUT, CONNECT_SECONDS) &&
	       SET(TIMEOUT, TOTAL_SECONDS) && SET(LOW_SPEED_LIMIT, SLOW_BYTES) &&
	       SET(LOW_SPEED_TIME, SLOW_SECONDS);
}

static bool set_message(struct exchange *x, const char *method, const void *body, size_t len)
{
	bool good = SET(USERAGENT, "mclic/" MCLIC_RELEASE) && SET(HTTPHEADER, x->headers) &&
		    SET(ERRORBUFFER, x->error) && SET(WRITEFUNCTION, take) && SET(WRITEDATA, x);

	if (good && !strcmp(method, "POST"))
		good = SET(POST, 1L) && SET(POSTFIELDSIZE_LARGE, (curl_off_t)len) &&
		       SET(POSTFIELDS, len ? body : "");
	return good;
}

/* ---- once more? ---- */

static bool may_pass(CURLcode code, long status)
{
	switch (code) {
	case CURLE_OK:
		return status == 408 || status == 429 || (status >= 502 && status <= 504);
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		return true;
	default:
		return false;
	}
}

static __u64 now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (__u64)t.tv_sec * 1000 + (__u64)t.tv_nsec / 1000000;
}

/* Between half and all of a time that doubles, or what the center asks for. */
static __u64 pause_ms(struct exchange *x, unsigned int tried)
{
	__u64 most = (__u64)RETRY_FIRST_MS << (tried - 1);
	curl_off_t asked = 0;
	__u16 random = 0;

	mclic_random(&random, sizeof(random));
	most = most / 2 + most / 2 * random / 0xffff;
	curl_easy_getinfo(x->curl, CURLINFO_RETRY_AFTER, &asked);
	if (asked > RETRY_AFTER_MAX_MS / 1000)
		asked = RETRY_AFTER_MAX_MS / 1000;
	return most > (__u64)asked * 1000 ? most : (__u64)asked * 1000;
}

static void wait_ms(__u64 ms)
{
	struct timespec t = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

static CURLcode once(struct exchange *x)
{
	CURLcode code;

	x->reply->len = 0;
	x->reply->status = 0;
	x->error[0] = '\0';
	code = curl_easy_perform(x->curl);
	if (!code)
		curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &x->reply->status);
	return code;
}

static CURLcode exchange(struct exchange *x)
{
	__u64 started = now_ms(), pause;
	unsigned int tried = 1;
	CURLcode code;

	for (;; tried++) {
		code = once(x);
		if (!may_pass(code, x->reply->status) || tried == TRIES)
			return code;
		pause = pause_ms(x, tried);
		if (now_ms() - started + pause > RETRY_UNTIL_MS)
			return code;
		wait_ms(pause);
	}
}

/* ---- what came of it ---- */

static int no_answer(struct exchange *x, CURLcode code)
{
	const char *why = x->error[0] ? x->error : curl_easy_strerror(code);

	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
		return mclic_fail(EHOSTUNREACH, "%s: %s; check the address and the network",
				  x->url, why);
	case CURLE_COULDNT_CONNECT:
		return mclic_fail(ECONNREFUSED, "%s: %s; is the center running?", x->url, why);
	case CURLE_OPERATION_TIMEDOUT:
		return mclic_fail(ETIMEDOUT, "%s: %s; try again", x->url, why);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return mclic_fail(EKEYREJECTED, "%s: its TLS certificate is not trusted (%s); give "
				  "the right one with --cacert", x->url, why);
	case CURLE_WRITE_ERROR:
		if (x->too_large)
			return mclic_fail(EFBIG, "%s: the answer is larger than %u MiB, which no "
					  "answer of a center is", x->url, REPLY_MAX >> 20);
		return no_memory();
	case CURLE_OUT_OF_MEMORY:
		return no_memory();
	default:
		return mclic_fail(EIO, "%s: %s; try again", x->url, why);
	}
}

/* A problem says more than its status where a status has several. */
static int problem_errno(const char *type, long status)
{
	static const struct {
		const char *type;
		int err;
	} problems[] = {
		{ "withdrawn", EACCES },
		{ "wrong-terms", EACCES },
		{ "unknown-licence", EACCES },
		{ "clock", ETIME },
	};
	size_t i;

	for (i = 0; i < sizeof(problems) / sizeof(problems[0]); i++)
		if (!strcmp(type, problems[i].type))
			return problems[i].err;
	switch (status) {
	case 401:
		return EPERM;
	case 403:
		return EACCES;
	case 404:
		return ENOENT;
	case 409:
		return ESTALE;
	case 410:
		return EKEYREVOKED;
	default:
		return status >= 500 ? EIO : EPROTO;
	}
}

/* A problem of RFC 9457, or whatever else a web server or proxy says. */
static int refused(struct exchange *x)
{
	const struct mclic_reply *r = x->reply;
	MCLIC_AUTO_JSON json_t *j = r->len ? json_loadb(r->body, r->len, 0, NULL) : NULL;
	const char *title = mclic_json_text(j, "title"), *detail = mclic_json_text(j, "detail");
	const char *colon = strrchr(mclic_json_text(j, "type"), ':');
	const char *type = colon ? colon + 1 : "of unknown type";
	int err = problem_errno(type, r->status);

	if (!*title && !*detail)
		return mclic_fail(err, "%s: the answer is HTTP status %ld, and not a license "
				  "center's; check the address", x->url, r->status);
	return mclic_fail(err, "the center refuses: %s%s%s (%s, HTTP status %ld)", title,
			  *title && *detail ? ": " : "", detail, type, r->status);
}

static void global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int prepare(struct exchange *x, const struct mclic_account *a, const char *method,
		   const char *path, const char *type, const void *body, size_t len,
		   const char *bearer)
{
	int err;

	if (strcmp(method, "GET") && strcmp(method, "POST"))
		return mclic_fail(EINVAL, "%s: not a method of the protocol", method);
	err = check_url(a->url, &x->loopback);
	if (!err)
		err = set_headers(x, type, bearer);
	if (err)
		return err;
	if (asprintf(&x->url, "%s%s", a->url, path) < 0) {
		x->url = NULL;
		return no_memory();
	}
	x->curl = curl_easy_init();
	if (!x->curl || !set_transport(x, a->cacert) || !set_message(x, method, body, len))
		return no_memory();
	return 0;
}

int mclic_http(const struct mclic_account *a, const char *method, const char *path,
	       const char *type, const void *body, size_t len, const char *bearer,
	       struct mclic_reply *r)
{
	static pthread_once_t initialised = PTHREAD_ONCE_INIT;
	struct exchange x = { .reply = r };
	CURLcode code;
	int err;

	memset(r, 0, sizeof(*r));
	pthread_once(&initialised, global_init);
	err = prepare(&x, a, method, path, type, body, len, bearer);
	if (!err) {
		code = exchange(&x);
		if (code)
			err = no_answer(&x, code);
		else if (r->status < 200 || r->status >= 300)
			err = refused(&x);
	}
	if (!err && !r->body) {
		r->body = calloc(1, 1);
		if (!r->body)
			err = no_memory();
	}
	if (err) {
		free(r->body);
		r->body = NULL;
		r->len = 0;
	}
	exchange_end(&x);
	return err;
}

void mclic_reply_free(struct mclic_reply *r)
{
	free(r->body);
	memset(r, 0, sizeof(*r));
}
