// SPDX-License-Identifier: GPL-2.0-or-later
/* mclic-master: the publisher's tool. */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master.h"

#define VOLUME_MAX	32

enum {
	OPTION_CENTER = 256, OPTION_TOKEN, OPTION_CACERT, OPTION_VERSION_NUMBER, OPTION_TITLE,
	OPTION_MANAGER, OPTION_KEY, OPTION_VOLUME, OPTION_JSON,
};

struct arguments {
	struct build build;
	char *token;
	bool json;
};

const char *argp_program_version = "mclic-master " MCLIC_RELEASE;

static const struct argp_option options[] = {
	{ "center", OPTION_CENTER, "URL", 0, "The license center to register with", 0 },
	{ "token", OPTION_TOKEN, "TOKEN", 0,
	  "The publisher's token: itself, @FILE, or - for standard input", 0 },
	{ "title", OPTION_TITLE, "NAME=DIR", 0,
	  "A title and the directory it is made from; may be given several times", 0 },
	{ "output", 'o', "FILE", 0, "The image to write", 0 },
	{ "cacert", OPTION_CACERT, "FILE", 0, "Certificates to trust for TLS, PEM", 0 },
	{ "version-number", OPTION_VERSION_NUMBER, "N", 0, "Content version (1)", 0 },
	{ "with-manager", OPTION_MANAGER, NULL, 0, "Put the mclic program on the disc", 0 },
	{ "key", OPTION_KEY, "FILE", 0,
	  "The publisher key, PEM (made on first use in ~/.config/mclic/publisher.key)", 0 },
	{ "volume", OPTION_VOLUME, "LABEL", 0,
	  "The disc's label: A-Z, 0-9 and _, at most 32 (MCLIC)", 0 },
	{ "json", OPTION_JSON, NULL, 0, "Print the result as JSON", 0 },
	{ 0 },
};

static atomic_bool cancelled;

static void on_signal(int sig)
{
	(void)sig;
	atomic_store(&cancelled, true);
}

/* ---- arguments ---- */

static void add_title(struct build *b, char *arg, struct argp_state *state)
{
	char *equals = strchr(arg, '=');
	struct title *t;

	if (!equals || equals == arg || !equals[1])
		argp_error(state, "a title is given as NAME=DIR, not \"%s\"", arg);
	t = realloc(b->titles, (b->count + 1) * sizeof(*t));
	if (!t)
		argp_failure(state, MCLIC_EXIT_FAILED, ENOMEM, "titles");
	b->titles = t;
	t += b->count++;
	*equals = '\0';
	*t = (struct title){ .name = arg, .path = equals + 1, .fd = -1 };
}

static char *without_slashes(char *url)
{
	size_t n;

	for (n = strlen(url); n && url[n - 1] == '/'; n--)
		url[n - 1] = '\0';
	return url;
}

static __u32 parse_version(const char *arg, struct argp_state *state)
{
	unsigned long long n = 0;
	const char *p;

	for (p = arg; *p >= '0' && *p <= '9' && n <= UINT32_MAX; p++)
		n = 10 * n + (unsigned int)(*p - '0');
	if (*p || !n || n > UINT32_MAX)
		argp_error(state, "a content version is a number from 1 to 4294967295, not \"%s\"",
			   arg);
	return (__u32)n;
}

static const char *parse_volume(const char *arg, struct argp_state *state)
{
	size_t n = strspn(arg, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	if (!n || arg[n] || n > VOLUME_MAX)
		argp_error(state, "a label has 1 to 32 of A-Z, 0-9 and _, unlike \"%s\"", arg);
	return arg;
}

static void check_arguments(const struct arguments *a, struct argp_state *state)
{
	if (!a->build.center.url)
		argp_error(state, "--center is missing");
	if (!a->token)
		argp_error(state, "--token is missing");
	if (!a->build.count)
		argp_error(state, "--title is missing");
	if (!a->build.output)
		argp_error(state, "-o is missing");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;
	struct build *b = &a->build;

	switch (key) {
	case OPTION_CENTER:
		if (mclic_url_check(arg) == -EINVAL)
			argp_error(state, "%s", mclic_message());
		b->center.url = without_slashes(arg);
		return 0;
	case OPTION_TOKEN:
		a->token = arg;
		return 0;
	case OPTION_CACERT:
		b->center.cacert = arg;
		return 0;
	case OPTION_VERSION_NUMBER:
		b->version = parse_version(arg, state);
		return 0;
	case OPTION_TITLE:
		add_title(b, arg, state);
		return 0;
	case OPTION_MANAGER:
		b->with_manager = true;
		return 0;
	case OPTION_KEY:
		b->key = arg;
		return 0;
	case OPTION_VOLUME:
		b->volume = parse_volume(arg, state);
		return 0;
	case OPTION_JSON:
		a->json = true;
		return 0;
	case 'o':
		b->output = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "one argument too many: %s", arg);
		return EINVAL;
	case ARGP_KEY_END:
		check_arguments(a, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- the result ---- */

static size_t count_files(const struct title *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->manifest.count; i++)
		n += t->manifest.entries[i].type == MCLIC_ENTRY_FILE;
	return n;
}

static void print_result(const struct build *b)
{
	char did[2 * MCLIC_ID_SIZE + 1];
	size_t i;

	printf("%s\n", b->output);
	for (i = 0; i < b->count; i++) {
		const struct title *t = &b->titles[i];

		printf("  %s: DID %s, version %u, %zu files, %llu bytes\n", t->name,
		       mclic_hex(t->id.did, MCLIC_ID_SIZE, did), t->id.content_version,
		       count_files(t), (unsigned long long)t->manifest.total);
	}
}

static int print_json(const struct build *b)
{
	char did[2 * MCLIC_ID_SIZE + 1];
	json_t *titles = json_array();
	size_t i;

	for (i = 0; i < b->count; i++) {
		const struct title *t = &b->titles[i];

		json_array_append_new(titles, json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I}",
			"title", t->name, "directory", t->disc_name,
			"did", mclic_hex(t->id.did, MCLIC_ID_SIZE, did),
			"content_version", (json_int_t)t->id.content_version,
			"km_generation", (json_int_t)t->km_generation,
			"files", (json_int_t)count_files(t),
			"bytes", (json_int_t)t->manifest.total));
	}
	return mclic_print_json(json_pack("{s:s, s:o}", "output", b->output, "titles", titles));
}

static void free_title(struct title *t)
{
	mclic_entries_free(t->manifest.entries, t->manifest.count);
	free(t->disc_name);
	mclic_secret_free(t->ka, MCLIC_KEY_SIZE);
	if (t->fd >= 0)
		close(t->fd);
}

static void free_build(struct build *b)
{
	size_t i;

	for (i = 0; i < b->count; i++)
		free_title(&b->titles[i]);
	free(b->titles);
	EVP_PKEY_free(b->publisher);
	if (b->token)
		mclic_wipe(b->token, strlen(b->token));
	free(b->token);
}

/* A second signal ends the program at once: what is half done bears no name. */
static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

static int cmd_build(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse, NULL,
		"Register titles with a license center, seal them, and write a master disc.",
		NULL, NULL, NULL,
	};
	struct arguments a = {
		.build = { .version = 1, .volume = "MCLIC", .image = -1,
			   .cancel = &cancelled },
	};
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	catch_signals();
	err = mclic_read_token(a.token, &a.build.token);
	if (!err)
		err = build_run(&a.build);
	if (!err && a.json)
		err = print_json(&a.build);
	else if (!err)
		print_result(&a.build);
	free_build(&a.build);
	return mclic_report(err, a.json);
}

static void usage(FILE *out)
{
	fputs("Usage: mclic-master build --center URL --token TOKEN --title NAME=DIR... -o FILE\n"
	      "Make a master disc: titles sealed for everybody, useless without a licence.\n\n"
	      "\"mclic-master build --help\" tells the options. Exit status: 0 done, 1 failed,\n"
	      "2 usage, 3 not allowed, 4 damaged data.\n", out);
}

int main(int argc, char **argv)
{
	char name[] = "mclic-master build";
	int err;

	argp_err_exit_status = MCLIC_EXIT_USAGE;
	err = mclic_secure_process();
	if (err)
		return mclic_report(err, false);
	if (argc > 1 && !strcmp(argv[1], "build")) {
		argv[1] = name;
		return cmd_build(argc - 1, argv + 1);
	}
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))) {
		usage(stdout);
		return mclic_report(0, false);
	}
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		puts(argp_program_version);
		return mclic_report(0, false);
	}
	if (argc > 1)
		fprintf(stderr, "mclic-master: there is no command \"%s\"\n", argv[1]);
	usage(stderr);
	return MCLIC_EXIT_USAGE;
}
