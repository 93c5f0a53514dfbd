// SPDX-License-Identifier: GPL-2.0-or-later
/* mclicd: serves a license center. */
#include <argp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "server.h"

#define DEFAULT_LISTEN	"127.0.0.1:8443"
#define DEFAULT_BITS	3072

const char *argp_program_version = "mclicd " MCLIC_RELEASE;

/** struct options - the command line */
struct options {
	const char *data;
	const char *listen;
	const char *tls;
	const char *name;
	bool plain;
	int bits;
};

enum { OPTION_PLAIN = 256, OPTION_BITS };

static const struct argp_option option_list[] = {
	{ "data", 'd', "DIR", 0, "Where the center's database and keys are; made if missing", 0 },
	{ "listen", 'l', "ADDR:PORT", 0, "Where to listen (" DEFAULT_LISTEN "); port 0 picks a free "
	  "one. DIR/listen has the URL while the center serves", 0 },
	{ "tls", 't', "CERT,KEY", 0, "Certificate and key for TLS, in PEM. Without it a self-signed "
	  "pair is made: DIR/tls-cert.pem, DIR/tls-key.pem", 0 },
	{ "plain-http", OPTION_PLAIN, NULL, 0, "No TLS; only on a loopback address", 0 },
	{ "name", 'n', "NAME", 0, "The center's name, for people", 0 },
	{ "rsa-bits", OPTION_BITS, "BITS", 0, "Size of the signing key that the first start makes "
	  "(3072; 2048 to 4096)", 0 },
	{ 0 }
};

static int parse_bits(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	return *end || n < 2048 || n > 4096 || n % 8 ? 0 : (int)n;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'd':
		o->data = arg;
		return 0;
	case 'l':
		o->listen = arg;
		return 0;
	case 't':
		if (!strchr(arg, ','))
			argp_error(state, "--tls %s: CERT,KEY expected: two files in PEM", arg);
		o->tls = arg;
		return 0;
	case 'n':
		o->name = arg;
		return 0;
	case OPTION_PLAIN:
		o->plain = true;
		return 0;
	case OPTION_BITS:
		o->bits = parse_bits(arg);
		if (!o->bits)
			argp_error(state, "--rsa-bits: 2048 to 4096 expected, a multiple of 8");
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: no argument expected", arg);
		return 0;
	case ARGP_KEY_END:
		if (!o->data)
			argp_error(state, "--data DIR is needed");
		if (o->plain && o->tls)
			argp_error(state, "--plain-http and --tls exclude each other");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Signals are for the main thread alone, which waits for them. */
static void block_signals(sigset_t *stop)
{
	sigemptyset(stop);
	sigaddset(stop, SIGTERM);
	sigaddset(stop, SIGINT);
	pthread_sigmask(SIG_BLOCK, stop, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int write_url(struct center *c, const char *scheme, const char *address, char **url)
{
	MCLIC_AUTO_FREE char *line = NULL;

	if (asprintf(url, "%s://%s", scheme, address) < 0) {
		*url = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	if (asprintf(&line, "%s\n", *url) < 0) {
		line = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	return mclic_write_file(c->dir, CENTER_LISTEN, line, strlen(line), 0600);
}

static void log_serving(const struct center *c, const char *url)
{
	char id[2 * MCLIC_ID_SIZE + 1];

	log_line("info", "serving", json_pack("{s:s, s:s, s:s, s:s}", "url", url,
					      "center", mclic_hex(c->id, MCLIC_ID_SIZE, id),
					      "data", c->path, "version", MCLIC_RELEASE));
}

static int finish(struct center *c)
{
	struct db *db = NULL;
	int ret;

	unlinkat(c->dir, CENTER_LISTEN, 0);
	ret = center_db(c, &db);
	if (!ret)
		ret = db_checkpoint(db);
	db_close(db);
	/* mclicctl may be reading; the log is written back at the next start then. */
	return ret == -EBUSY ? 0 : ret;
}

/* Takes @fd. */
static int serve(struct center *c, const struct tls *tls, int fd, const char *address,
		 const sigset_t *stop)
{
	MCLIC_AUTO_FREE char *url = NULL;
	struct server *s;
	int ret, signal_number = 0;

	ret = server_start(c, fd, tls, &s);
	if (ret)
		return ret;
	ret = write_url(c, tls ? "https" : "http", address, &url);
	if (!ret) {
		log_serving(c, url);
		sigwait(stop, &signal_number);
		log_line("info", "stopping", json_pack("{s:i}", "signal", signal_number));
	}
	server_stop(s);
	if (!ret)
		ret = finish(c);
	if (!ret)
		log_line("info", "stopped", json_object());
	return ret;
}

/* What can be refused, before a data directory is made. The listening socket or an errno. */
static int prepare(const struct options *o, struct tls *tls, char **address)
{
	int ret;

	ret = listen_check(o->listen, o->plain);
	if (!ret && o->tls)
		ret = tls_load(o->tls, tls);
	return ret ? ret : listen_open(o->listen, address);
}

static int run(const struct options *o)
{
	MCLIC_AUTO_FREE char *address = NULL;
	MCLIC_AUTO_CLOSE int fd = -1;
	struct center *c = NULL;
	struct tls tls = { 0 };
	sigset_t stop;
	int ret;

	ret = mclic_secure_process();
	if (ret)
		return ret;
	block_signals(&stop);
	clock_start();
	fd = prepare(o, &tls, &address);
	ret = fd < 0 ? fd : center_start(o->data, o->name, o->bits, (__u64)time(NULL), &c);
	if (!ret)
		unlinkat(c->dir, CENTER_LISTEN, 0);
	if (!ret && !o->plain && !o->tls)
		ret = tls_own(c, fd, &tls);
	if (!ret) {
		ret = serve(c, o->plain ? NULL : &tls, fd, address, &stop);
		fd = -1;
	}
	tls_free(&tls);
	center_close(c);
	return ret;
}

int main(int argc, char **argv)
{
	struct options o = { .listen = DEFAULT_LISTEN, .bits = DEFAULT_BITS };
	const struct argp argp = {
		option_list, parse_option, NULL,
		"Serve the license center in DIR.\v"
		"SIGTERM ends it cleanly. The log is one JSON object a line on standard error. "
		"mclicctl is the operator's tool for the same directory.",
		NULL, NULL, NULL
	};

	argp_err_exit_status = MCLIC_EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &o))
		return MCLIC_EXIT_USAGE;
	return mclic_report(run(&o), false);
}
