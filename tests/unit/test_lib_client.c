// SPDX-License-Identifier: GPL-2.0-or-later
/* client.c against a real server, over TLS and on loopback. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include <microhttpd.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "userspace/lib/libmclic.h"
#include "folder.h"

#define MIB	(1u << 20)

static struct MHD_Daemon *plain, *tls;
static char plain_url[64], tls_url[64], tls_ip_url[64];
static char ca_file[PATH_MAX], other_ca_file[PATH_MAX];
static X509 *server_cert;
static EVP_PKEY *server_key;
static atomic_int asked;	/* requests since a test reset it */

/* ---- the server: what it does depends on the path ---- */

struct upload {
	char body[256];
	size_t len;
};

static ssize_t endless(void *ctx, uint64_t at, char *buf, size_t max)
{
	(void)ctx;
	(void)at;
	memset(buf, 'x', max);
	return (ssize_t)max;
}

static ssize_t breaks_off(void *ctx, uint64_t at, char *buf, size_t max)
{
	(void)ctx;
	if (at >= 100 || max < 100)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	memset(buf, 'x', 100);
	return 100;
}

static struct MHD_Response *text(const char *body)
{
	return MHD_create_response_from_buffer(strlen(body), (void *)body, MHD_RESPMEM_MUST_COPY);
}

static const char *header(struct MHD_Connection *c, const char *name)
{
	const char *value = MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);

	return value ? value : "-";
}

/* What the server saw, for the test to compare. */
static struct MHD_Response *echo(struct MHD_Connection *c, const char *method,
				 const struct upload *u)
{
	char seen[1024];

	snprintf(seen, sizeof(seen), "%s|%s|%s|%s|%.*s", method, header(c, "Content-Type"),
		 header(c, "Authorization"), header(c, "Expect"), (int)u->len, u->body);
	return text(seen);
}

static struct MHD_Response *problem_of(const char *type, int status)
{
	char body[512];

	snprintf(body, sizeof(body),
		 "{\"type\": \"urn:mclic:problem:%s\", \"title\": \"Title\\u001b[31m\","
		 " \"status\": %d, \"detail\": \"The remedy.\"}", type, status);
	return text(body);
}

static struct MHD_Response *problem(int status)
{
	return problem_of("token-used", status);
}

/* Is this @prefix and a status? */
static bool status_of(const char *path, const char *prefix, unsigned int *status)
{
	size_t n = strlen(prefix);

	if (strncmp(path, prefix, n))
		return false;
	*status = (unsigned int)strtoul(path + n, NULL, 10);
	return true;
}

static struct MHD_Response *answer(struct MHD_Connection *c, const char *method, const char *path,
				   const struct upload *u, unsigned int *status)
{
	int n = atomic_fetch_add(&asked, 1);
	struct MHD_Response *r;

	*status = 200;
	if (!strcmp(path, "/echo"))
		return echo(c, method, u);
	if (status_of(path, "/type/", status))
		return problem_of(strrchr(path, '/') + 1, (int)*status);
	if (!strcmp(path, "/empty"))
		return text("");
	if (!strcmp(path, "/zeros"))
		return MHD_create_response_from_buffer(5, (void *)"a\0b\0c", MHD_RESPMEM_PERSISTENT);
	if (status_of(path, "/once/", status) && n == 0)
		return problem((int)*status);
	if (!strncmp(path, "/once/", 6)) {
		*status = 200;
		return text("ok");
	}
	if (!strcmp(path, "/broken-once") && n == 0)
		return MHD_create_response_from_callback(1000, 4096, breaks_off, NULL, NULL);
	if (!strcmp(path, "/broken"))
		return MHD_create_response_from_callback(1000, 4096, breaks_off, NULL, NULL);
	if (!strcmp(path, "/announced"))
		return MHD_create_response_from_callback(33 * MIB, 65536, endless, NULL, NULL);
	if (!strcmp(path, "/largest"))
		return MHD_create_response_from_callback(32 * MIB, 65536, endless, NULL, NULL);
	if (!strcmp(path, "/endless"))
		return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 65536, endless, NULL,
							 NULL);
	if (!strcmp(path, "/elsewhere")) {
		*status = 302;
		r = text("");
		MHD_add_response_header(r, "Location", "/echo");
		return r;
	}
	if (status_of(path, "/problem/", status))
		return problem((int)*status);
	if (status_of(path, "/page/", status))
		return text("<html>\033[2J</html>");
	if (status_of(path, "/odd/", status))
		return text("{\"title\": 7, \"detail\": [1], \"type\": null}");
	return text("ok");
}

static enum MHD_Result serve(void *ctx, struct MHD_Connection *c, const char *path,
			     const char *method, const char *version, const char *data,
			     size_t *len, void **mine)
{
	struct upload *u = *mine;
	struct MHD_Response *r;
	unsigned int status;
	enum MHD_Result result;

	(void)ctx;
	(void)version;
	if (!u) {
		*mine = calloc(1, sizeof(*u));
		return *mine ? MHD_YES : MHD_NO;
	}
	if (*len) {
		size_t n = *len < sizeof(u->body) - u->len ? *len : sizeof(u->body) - u->len;

		memcpy(u->body + u->len, data, n);
		u->len += n;
		*len = 0;
		return MHD_YES;
	}
	r = answer(c, method, path, u, &status);
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

static void done(void *ctx, struct MHD_Connection *c, void **mine,
		 enum MHD_RequestTerminationCode why)
{
	(void)ctx;
	(void)c;
	(void)why;
	free(*mine);
}

/* ---- an authority, and a certificate of it for "localhost" ---- */

static void add_extension(X509 *c, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_int_equal(X509_add_ext(c, e, -1), 1);
	X509_EXTENSION_free(e);
}

static X509 *certificate(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
	X509 *c = X509_new();

	X509_set_version(c, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(c), issuer ? 2 : 1);
	X509_gmtime_adj(X509_getm_notBefore(c), -3600);
	X509_gmtime_adj(X509_getm_notAfter(c), 86400);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(c, X509_get_subject_name(issuer ? issuer : c));
	X509_set_pubkey(c, key);
	if (issuer)
		add_extension(c, NID_subject_alt_name, "DNS:localhost");
	else
		add_extension(c, NID_basic_constraints, "critical,CA:TRUE");
	assert_true(X509_sign(c, issuer_key, EVP_sha256()) > 0);
	return c;
}

static void write_certificate(const char *path, X509 *c)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, c), 1);
	fclose(f);
}

static char *pem_of(X509 *c, EVP_PKEY *key)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *data, *out;
	long len;

	if (c)
		PEM_write_bio_X509(b, c);
	else
		PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL);
	len = BIO_get_mem_data(b, &data);
	out = calloc(1, (size_t)len + 1);
	memcpy(out, data, (size_t)len);
	BIO_free(b);
	return out;
}

static struct MHD_Daemon *start(unsigned int flags, const char *key, const char *cert)
{
	const struct sockaddr_in here = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const struct MHD_OptionItem with_tls[] = {
		{ key ? MHD_OPTION_HTTPS_MEM_KEY : MHD_OPTION_END, 0, (void *)key },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)cert },
		{ MHD_OPTION_END, 0, NULL },
	};

	return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | flags, 0, NULL,
				NULL, serve, NULL, MHD_OPTION_SOCK_ADDR, &here,
				MHD_OPTION_NOTIFY_COMPLETED, done, NULL,
				MHD_OPTION_ARRAY, with_tls, MHD_OPTION_END);
}

static unsigned int port_of(struct MHD_Daemon *d)
{
	return MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static int setup(void **state)
{
	EVP_PKEY *ca_key = EVP_RSA_gen(2048), *key = EVP_RSA_gen(2048);
	X509 *ca = certificate("Authority", ca_key, NULL, ca_key);
	X509 *other_ca = certificate("Other", key, NULL, key);
	X509 *cert = certificate("localhost", key, ca, ca_key);
	char *key_pem = pem_of(NULL, key), *cert_pem = pem_of(cert, NULL);

	if (folder_setup(state))
		return -1;
	snprintf(ca_file, sizeof(ca_file), "%s", in_folder("ca.pem"));
	snprintf(other_ca_file, sizeof(other_ca_file), "%s", in_folder("other.pem"));
	write_certificate(ca_file, ca);
	write_certificate(other_ca_file, other_ca);
	plain = start(0, NULL, NULL);
	tls = start(MHD_USE_TLS, key_pem, cert_pem);
	free(key_pem);
	free(cert_pem);
	X509_free(ca);
	X509_free(other_ca);
	server_cert = cert;
	server_key = key;
	EVP_PKEY_free(ca_key);
	if (!plain || !tls)
		return -1;
	snprintf(plain_url, sizeof(plain_url), "http://127.0.0.1:%u", port_of(plain));
	snprintf(tls_url, sizeof(tls_url), "https://localhost:%u", port_of(tls));
	snprintf(tls_ip_url, sizeof(tls_ip_url), "https://127.0.0.1:%u", port_of(tls));
	return 0;
}

static int teardown(void **state)
{
	MHD_stop_daemon(plain);
	MHD_stop_daemon(tls);
	X509_free(server_cert);
	EVP_PKEY_free(server_key);
	return folder_teardown(state);
}

/* ---- asking ---- */

static int get(const char *url, const char *cacert, const char *path, struct mclic_reply *r)
{
	const struct mclic_account a = { .url = (char *)url, .cacert = (char *)cacert };

	return mclic_http(&a, "GET", path, NULL, NULL, 0, NULL, r);
}

/* A GET that must fail with @err, after @times requests at the server. */
static void expect(const char *url, const char *cacert, const char *path, int err, int times)
{
	struct mclic_reply r;

	atomic_store(&asked, 0);
	assert_int_equal(get(url, cacert, path, &r), err);
	assert_int_equal(atomic_load(&asked), times);
	assert_true(*mclic_message());
	assert_null(r.body);
	mclic_reply_free(&r);
}

static void expect_body(const char *url, const char *cacert, const char *path, const char *body)
{
	struct mclic_reply r;

	assert_int_equal(get(url, cacert, path, &r), 0);
	assert_int_equal(r.status, 200);
	assert_int_equal(r.len, strlen(body));
	assert_string_equal(r.body, body);
	mclic_reply_free(&r);
	mclic_reply_free(&r);
	assert_null(r.body);
}

static void get_over_tls(void **state)
{
	(void)state;
	expect_body(tls_url, ca_file, "/echo", "GET|-|-|-|");
}

static void get_on_loopback(void **state)
{
	char url[64];

	(void)state;
	expect_body(plain_url, NULL, "/echo", "GET|-|-|-|");
	expect_body(plain_url, NULL, "/empty", "");
	snprintf(url, sizeof(url), "http://localhost:%u", port_of(plain));
	expect_body(url, NULL, "/echo", "GET|-|-|-|");
}

static void post_sends_type_token_and_bytes(void **state)
{
	const struct mclic_account a = { .url = tls_url, .cacert = ca_file };
	struct mclic_reply r;

	(void)state;
	assert_int_equal(mclic_http(&a, "POST", "/echo", "application/json", "{\"a\": 1}", 8,
				    "mclic-p-77", &r), 0);
	assert_string_equal(r.body, "POST|application/json|Bearer mclic-p-77|-|{\"a\": 1}");
	mclic_reply_free(&r);
	assert_int_equal(mclic_http(&a, "POST", "/echo", "application/json", NULL, 0, NULL, &r), 0);
	assert_string_equal(r.body, "POST|application/json|-|-|");
	mclic_reply_free(&r);
}

static void bytes_come_as_they_are(void **state)
{
	struct mclic_reply r;

	(void)state;
	assert_int_equal(get(plain_url, NULL, "/zeros", &r), 0);
	assert_int_equal(r.len, 5);
	assert_memory_equal(r.body, "a\0b\0c", 6);
	mclic_reply_free(&r);
}

static void a_token_cannot_carry_a_header(void **state)
{
	const struct mclic_account a = { .url = plain_url };
	struct mclic_reply r;

	(void)state;
	atomic_store(&asked, 0);
	assert_int_equal(mclic_http(&a, "GET", "/echo", NULL, NULL, 0, "x\r\nEvil: 1", &r), -EINVAL);
	assert_int_equal(mclic_http(&a, "DELETE", "/echo", NULL, NULL, 0, NULL, &r), -EINVAL);
	assert_int_equal(atomic_load(&asked), 0);
	assert_null(strstr(mclic_message(), "Evil"));
}

static void only_the_right_certificate_is_trusted(void **state)
{
	(void)state;
	expect(tls_url, other_ca_file, "/echo", -EKEYREJECTED, 0);
	expect(tls_url, NULL, "/echo", -EKEYREJECTED, 0);
	expect(tls_url, in_folder("absent.pem"), "/echo", -EKEYREJECTED, 0);
	/* the certificate names localhost, not the address */
	expect(tls_ip_url, ca_file, "/echo", -EKEYREJECTED, 0);
}

static void plain_http_leaves_this_machine_never(void **state)
{
	static const char * const url[] = {
		"http://center.example", "http://192.0.2.1:80", "http://128.0.0.1", "HTTP://example",
		"http://localhost.example", "http://127.0.0.1.example", "http://[2001:db8::1]",
		"http://0.0.0.0:1",
	};
	static const char * const odd[] = {
		"ftp://localhost", "file:///etc/passwd", "gopher://127.0.0.1",
	};
	static const char * const bad[] = {
		"", "localhost:80", "center.example", "https://", "://",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(url) / sizeof(url[0]); i++)
		expect(url[i], NULL, "/echo", -EPERM, 0);
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct mclic_reply r;
		int err = get(odd[i], NULL, "/echo", &r);

		assert_true(err == -EPERM || err == -EINVAL);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect(bad[i], NULL, "/echo", -EINVAL, 0);
}

static void statuses_become_errnos(void **state)
{
	static const struct {
		int status, err;
	} t[] = {
		{ 400, -EPROTO }, { 401, -EPERM }, { 403, -EACCES }, { 404, -ENOENT },
		{ 405, -EPROTO }, { 409, -ESTALE }, { 410, -EKEYREVOKED }, { 413, -EPROTO },
		{ 415, -EPROTO }, { 500, -EIO }, { 501, -EIO },
	};
	char path[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		snprintf(path, sizeof(path), "/problem/%d", t[i].status);
		expect(plain_url, NULL, path, t[i].err, 1);
		assert_non_null(strstr(mclic_message(), "Title?[31m: The remedy. (token-used, "));
		snprintf(path, sizeof(path), "/page/%d", t[i].status);
		expect(plain_url, NULL, path, t[i].err, 1);
		assert_null(strchr(mclic_message(), '\033'));
		snprintf(path, sizeof(path), "/odd/%d", t[i].status);
		expect(plain_url, NULL, path, t[i].err, 1);
	}
}

/* Every problem of Documentation/protocol.rst whose status does not tell all. */
static void problems_become_errnos(void **state)
{
	static const struct {
		const char *type;
		int status, err, exit;
	} t[] = {
		{ "bad-token", 401, -EPERM, MCLIC_EXIT_REFUSED },
		{ "kind-not-allowed", 403, -EACCES, MCLIC_EXIT_REFUSED },
		{ "unknown-title", 404, -ENOENT, MCLIC_EXIT_FAILED },
		{ "unknown-licence", 404, -EACCES, MCLIC_EXIT_REFUSED },
		{ "withdrawn", 409, -EACCES, MCLIC_EXIT_REFUSED },
		{ "wrong-terms", 409, -EACCES, MCLIC_EXIT_REFUSED },
		{ "wrong-generation", 409, -ESTALE, MCLIC_EXIT_FAILED },
		{ "stale-sequence", 409, -ESTALE, MCLIC_EXIT_FAILED },
		{ "nonce-reused", 409, -ESTALE, MCLIC_EXIT_FAILED },
		{ "clock", 409, -ETIME, MCLIC_EXIT_FAILED },
		{ "licence-revoked", 410, -EKEYREVOKED, MCLIC_EXIT_REFUSED },
		{ "licence-returned", 410, -EKEYREVOKED, MCLIC_EXIT_REFUSED },
	};
	char path[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		snprintf(path, sizeof(path), "/type/%d/%s", t[i].status, t[i].type);
		expect(plain_url, NULL, path, t[i].err, 1);
		assert_int_equal(mclic_exit_status(t[i].err), t[i].exit);
		assert_non_null(strstr(mclic_message(), t[i].type));
	}
}

static void redirects_are_not_followed(void **state)
{
	struct mclic_reply r;

	(void)state;
	expect(plain_url, NULL, "/elsewhere", -EPROTO, 1);
	assert_int_equal(get(plain_url, NULL, "/elsewhere", &r), -EPROTO);
	assert_int_equal(r.status, 302);
	mclic_reply_free(&r);
}

static void what_may_pass_is_asked_again(void **state)
{
	static const char *const path[] = {
		"/once/408", "/once/429", "/once/502", "/once/503", "/once/504",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
		atomic_store(&asked, 0);
		expect_body(tls_url, ca_file, path[i], "ok");
		assert_int_equal(atomic_load(&asked), 2);
	}
}

static void a_broken_answer_is_asked_for_again(void **state)
{
	(void)state;
	atomic_store(&asked, 0);
	expect_body(plain_url, NULL, "/broken-once", "ok");
	assert_int_equal(atomic_load(&asked), 2);
}

static void answers_have_a_largest_size(void **state)
{
	struct mclic_reply r;

	(void)state;
	expect(plain_url, NULL, "/announced", -EFBIG, 1);
	expect(plain_url, NULL, "/endless", -EFBIG, 1);
	assert_int_equal(get(plain_url, NULL, "/largest", &r), 0);
	assert_int_equal(r.len, 32 * MIB);
	mclic_reply_free(&r);
}

/* A port where nobody listens: bound, so that nobody else takes it, and closed to callers. */
static unsigned int dead_port(int *fd)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(*fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(*fd, (struct sockaddr *)&a, &len), 0);
	return ntohs(a.sin_port);
}

struct hopeless {
	char url[64];
	const char *path;
	int err;
	char message[256];
};

static void *ask_hopeless(void *arg)
{
	struct hopeless *h = arg;
	struct mclic_reply r;

	h->err = get(h->url, NULL, h->path, &r);
	snprintf(h->message, sizeof(h->message), "%s", mclic_message());
	mclic_reply_free(&r);
	return NULL;
}

/* Together, for each waits a few seconds between its tries. */
static void what_stays_broken_is_given_up(void **state)
{
	struct hopeless h[2] = { { .path = "/echo" }, { .path = "/broken" } };
	pthread_t t[2];
	int fd, i;

	(void)state;
	snprintf(h[0].url, sizeof(h[0].url), "http://127.0.0.1:%u", dead_port(&fd));
	snprintf(h[1].url, sizeof(h[1].url), "%s", plain_url);
	atomic_store(&asked, 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, ask_hopeless, &h[i]), 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	close(fd);
	assert_int_equal(h[0].err, -ECONNREFUSED);
	assert_non_null(strstr(h[0].message, "is the center running?"));
	assert_int_equal(h[1].err, -EIO);
	assert_int_equal(atomic_load(&asked), 5);
}

/* A center that hangs up once while it is sent a body, and takes all of it the next time. */
struct abrupt {
	int listener;
	size_t body;
	int hung_up;
};

static void take_body(SSL *ssl, size_t body)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
	char buf[65536];
	size_t got = 0;
	int n;

	while (got < body && (n = SSL_read(ssl, buf, sizeof(buf))) > 0)
		got += (size_t)n;
	SSL_write(ssl, ok, sizeof(ok) - 1);
	SSL_shutdown(ssl);
}

static void *serve_abruptly(void *arg)
{
	const struct linger reset = { 1, 0 };
	struct abrupt *a = arg;
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	int i, fd;

	SSL_CTX_use_certificate(ctx, server_cert);
	SSL_CTX_use_PrivateKey(ctx, server_key);
	for (i = 0; i < 2; i++) {
		SSL *ssl = SSL_new(ctx);

		fd = accept(a->listener, NULL, NULL);
		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) == 1 && i) {
			take_body(ssl, a->body);
		} else {
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
			a->hung_up++;
		}
		close(fd);
		SSL_free(ssl);
	}
	SSL_CTX_free(ctx);
	return NULL;
}

static void a_center_that_hangs_up_kills_nobody(void **state)
{
	struct abrupt server = { .body = 8 * MIB };
	struct mclic_account a = { .cacert = ca_file };
	char url[64], *body = calloc(1, server.body);
	struct mclic_reply r;
	pthread_t t;

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	snprintf(url, sizeof(url), "https://localhost:%u", dead_port(&server.listener));
	a.url = url;
	assert_int_equal(listen(server.listener, 8), 0);
	assert_int_equal(pthread_create(&t, NULL, serve_abruptly, &server), 0);
	assert_int_equal(mclic_http(&a, "POST", "/v1/x", "text/plain", body, server.body, NULL, &r),
			 0);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_equal(server.hung_up, 1);
	assert_string_equal(r.body, "ok");
	mclic_reply_free(&r);
	close(server.listener);
	free(body);
}

/* Proxies of the environment are asked for other hosts, and never for this machine. */
static void proxies(void **state)
{
	struct hopeless h = { .url = "https://center.invalid", .path = "/echo" };
	char proxy[64];
	int fd;

	(void)state;
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", dead_port(&fd));
	setenv("http_proxy", proxy, 1);
	setenv("https_proxy", proxy, 1);
	setenv("all_proxy", proxy, 1);
	expect_body(plain_url, NULL, "/echo", "GET|-|-|-|");
	expect_body(tls_url, ca_file, "/echo", "GET|-|-|-|");

	setenv("https_proxy", plain_url, 1);
	atomic_store(&asked, 0);
	ask_hopeless(&h);
	assert_int_equal(h.err, -EIO);
	assert_true(atomic_load(&asked) > 0);
	unsetenv("http_proxy");
	unsetenv("https_proxy");
	unsetenv("all_proxy");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(get_over_tls),
		cmocka_unit_test(get_on_loopback),
		cmocka_unit_test(post_sends_type_token_and_bytes),
		cmocka_unit_test(bytes_come_as_they_are),
		cmocka_unit_test(a_token_cannot_carry_a_header),
		cmocka_unit_test(only_the_right_certificate_is_trusted),
		cmocka_unit_test(plain_http_leaves_this_machine_never),
		cmocka_unit_test(statuses_become_errnos),
		cmocka_unit_test(problems_become_errnos),
		cmocka_unit_test(redirects_are_not_followed),
		cmocka_unit_test(what_may_pass_is_asked_again),
		cmocka_unit_test(a_broken_answer_is_asked_for_again),
		cmocka_unit_test(answers_have_a_largest_size),
		cmocka_unit_test(what_stays_broken_is_given_up),
		cmocka_unit_test(a_center_that_hangs_up_kills_nobody),
		cmocka_unit_test(proxies),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
