// SPDX-License-Identifier: GPL-2.0-or-later
/* mclic enrol: this machine becomes a user's at a license center. */

#include <fcntl.h>
#include <stdlib.h>

#include "enrol.h"

#define OPTION_TOKEN	OPTION_OWN
#define OPTION_CACERT	(OPTION_OWN + 1)
#define OPTION_REFRESH	(OPTION_OWN + 2)

struct arguments {
	struct options o;
	char *token;
	const char *cacert;
	bool refresh;
};

static const struct argp_option options[] = {
	{ "token", OPTION_TOKEN, "TOKEN", 0,
	  "Enrolment token of the license center: the token, @FILE, or - for standard input", 0 },
	{ "cacert", OPTION_CACERT, "FILE", 0,
	  "Certificate (PEM) to check the center's TLS by, instead of the system's; it is kept", 0 },
	{ "refresh", OPTION_REFRESH, NULL, 0,
	  "Ask again without a token, for a newer user key; URL may be left out", 0 },
	OPTION_CENTER_ENTRY,
	OPTION_JSON_ENTRY,
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case OPTION_TOKEN:
		a->token = arg;
		return 0;
	case OPTION_CACERT:
		a->cacert = arg;
		return 0;
	case OPTION_REFRESH:
		a->refresh = true;
		return 0;
	case ARGP_KEY_END:
		if (!a->refresh && (!a->token || !a->o.count))
			argp_error(state, "URL and --token are needed");
		if (a->o.count && mclic_url_check(a->o.args[0]) == -EINVAL)
			argp_error(state, "%s", mclic_message());
		return options_parse(key, arg, state);
	default:
		return options_parse(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "URL --token TOKEN\n--refresh [URL]",
	.doc = "Make this machine known to the license center at URL, and fetch the user key.\v"
	       "The token names its center: another one that answers is refused. Keys are kept in your configuration folder, readable for you alone.",
};

static int set_text(char **field, const char *text)
{
	free(*field);
	*field = strdup(text);
	return *field ? 0 : mclic_fail(ENOMEM, "not enough memory");
}

static int set_url(struct mclic_account *a, const char *url)
{
	int err = set_text(&a->url, url);
	size_t len;

	if (err)
		return err;
	for (len = strlen(a->url); len && a->url[len - 1] == '/'; len--)
		a->url[len - 1] = '\0';
	return 0;
}

static int new_account(const struct arguments *args, const char *token, struct mclic_account **a)
{
	*a = calloc(1, sizeof(**a));
	if (!*a)
		return mclic_fail(ENOMEM, "not enough memory");
	if (mclic_token_center(token, "mclic-u-", (*a)->center_id))
		return mclic_fail(EINVAL, "this is not an enrolment token; it reads mclic-u-... as the license center printed it");
	return set_url(*a, args->o.args[0]);
}

static int old_account(const struct arguments *args, struct mclic_account **a)
{
	int err = ask_account(args->o.center, a);

	return err || !args->o.count ? err : set_url(*a, args->o.args[0]);
}

/* The TLS certificate is kept beside the account, so that the file may go. */
static int keep_cacert(struct mclic_account *a)
{
	MCLIC_AUTO_FREE char *folder = mclic_config_path("cacerts");
	MCLIC_AUTO_FREE char *path = NULL;
	MCLIC_AUTO_FREE void *data = NULL;
	char hex[2 * MCLIC_ID_SIZE + 1];
	size_t len;
	int err;

	if (!folder)
		return mclic_fail(ENOENT, "%s", mclic_message());
	err = mclic_read_file(AT_FDCWD, a->cacert, 1 << 20, &data, &len);
	if (err)
		return err;
	if (asprintf(&path, "%s/%s.pem", folder, mclic_hex(a->center_id, MCLIC_ID_SIZE, hex)) < 0) {
		path = NULL;
		return mclic_fail(ENOMEM, "not enough memory");
	}
	err = mclic_write_file(AT_FDCWD, path, data, len, 0600);
	return err ? err : set_text(&a->cacert, path);
}

static int say(const struct arguments *args, const struct mclic_account *a)
{
	char hex[2 * MCLIC_ID_SIZE + 1];

	if (args->o.json)
		return mclic_print_json(json_pack("{s:o, s:s, s:o, s:s, s:I}",
			"center", say_hex(a->center_id, MCLIC_ID_SIZE), "url", a->url,
			"user", say_hex(a->user_id, MCLIC_ID_SIZE), "user_name", a->user_name,
			"ku_generation", (json_int_t)a->ku_generation));
	mclic_say("enrolled as \"%s\" at %s (center %s), user key generation %u", a->user_name, a->url,
		  mclic_hex(a->center_id, MCLIC_ID_SIZE, hex), a->ku_generation);
	return 0;
}

static int enrol(const struct arguments *args)
{
	struct mclic_account *a ACCOUNT_AUTO = NULL;
	char *token = NULL;
	int err = 0;

	if (args->token)
		err = mclic_read_token(args->token, &token);
	if (!err)
		err = args->refresh ? old_account(args, &a) : new_account(args, token, &a);
	if (!err && args->cacert)
		err = set_text(&a->cacert, args->cacert);
	if (!err)
		err = enrol_exchange(a, token);
	if (!err && args->cacert)
		err = keep_cacert(a);
	if (!err)
		err = mclic_account_save(a);
	if (!err)
		err = say(args, a);
	if (token)
		mclic_wipe(token, strlen(token));
	free(token);
	return err;
}

int cmd_enrol(int argc, char **argv)
{
	struct arguments args = { .o = { .most = 1 } };

	argp_parse(&argp, argc, argv, 0, NULL, &args);
	return mclic_report(enrol(&args), args.o.json);
}
