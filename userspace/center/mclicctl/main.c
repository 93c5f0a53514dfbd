// SPDX-License-Identifier: GPL-2.0-or-later
/* mclicctl: the operator's tool. Works on the data directory, also while mclicd serves it. */
#include <argp.h>
#include <pwd.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"

#define CTL_NAME_MAX	100

const char *argp_program_version = "mclicctl " MCLIC_RELEASE;

static const struct command commands[] = {
	{ "user", "add", "NAME", CTL_EMAIL, "make a user, and print an enrolment token", user_add },
	{ "user", "list", NULL, 0, "all users", user_list },
	{ "user", "show", "NAME", 0, "a user, with keys and devices", user_show },
	{ "user", "token", "NAME", 0, "print a new enrolment token; one not used yet is void",
	  user_token },
	{ "user", "rotate-key", "NAME", 0, "open the user's next KU generation", user_rotate_key },
	{ "user", "disable", "NAME", 0, "refuse all that the user's devices ask", user_disable },
	{ "user", "enable", "NAME", 0, "undo that", user_enable },
	{ "device", "list", NULL, CTL_USER, "enrolled devices", device_list },
	{ "device", "revoke", "DEVICE", 0, "refuse a device for ever", device_revoke },
	{ "publisher", "add", "NAME", 0, "make a publisher, and print its token", publisher_add },
	{ "publisher", "list", NULL, 0, "all publishers", publisher_list },
	{ "publisher", "token", "NAME", 0, "print a new token; the old one is void",
	  publisher_token },
	{ "product", "list", NULL, 0, "all titles", product_list },
	{ "product", "show", "DID|TITLE", 0, "a title", product_show },
	{ "product", "set", "DID|TITLE",
	  CTL_PRICE | CTL_CURRENCY | CTL_PERIOD | CTL_CLASS | CTL_KINDS,
	  "change its price and terms", product_set },
	{ "product", "sell", "DID|TITLE", 0, "put it on sale", product_sell },
	{ "product", "withdraw", "DID|TITLE", 0, "sell no new licence", product_withdraw },
	{ "licence", "list", NULL, CTL_USER, "licences", licence_list },
	{ "licence", "show", "LICENCE", 0, "a licence, with each sequence number", licence_show },
	{ "licence", "revoke", "LICENCE", CTL_REASON, "put it on the revocation list",
	  licence_revoke },
	{ "ledger", "list", NULL, CTL_USER, "what was billed", ledger_list },
	{ "ledger", "balance", NULL, CTL_USER, "sums by user and currency", ledger_balance },
	{ "audit", "list", NULL, 0, "who did what", audit_list },
	{ "key", "list", NULL, 0, "generations of KM, and the signing key", key_list },
	{ "key", "rotate", NULL, 0, "open the next generation of KM", key_rotate },
};

#define COMMANDS	(sizeof(commands) / sizeof(commands[0]))

enum { KEY_FIRST = 256 };	/* + bit number of the option */

static const struct argp_option option_list[] = {
	{ "data", 'd', "DIR", 0, "The center's data directory", 0 },
	{ "json", 'j', NULL, 0, "Print JSON", 0 },
	{ "email", KEY_FIRST, "ADDRESS", 0, "user add: where to reach the user", 1 },
	{ "user", KEY_FIRST + 1, "NAME", 0, "lists: of this user only", 1 },
	{ "price", KEY_FIRST + 2, "AMOUNT", 0, "product set: e.g. 19.99", 1 },
	{ "currency", KEY_FIRST + 3, "CODE", 0, "product set: of ISO 4217, e.g. EUR", 1 },
	{ "period-days", KEY_FIRST + 4, "N", 0, "product set: how long a licence runs; 0: for ever",
	  1 },
	{ "lowest-class", KEY_FIRST + 5, "N", 0, "product set: lowest class of medium, 0 to 3", 1 },
	{ "kinds", KEY_FIRST + 6, "LIST", 0, "product set: portable, personal, or both with a "
	  "comma", 1 },
	{ "reason", KEY_FIRST + 7, "TEXT", 0, "licence revoke: for the audit log", 1 },
	{ 0 }
};

/** struct words - the command line before it is understood */
struct words {
	struct ctl *t;
	const char *word[3];
	unsigned int count;
	const struct command *command;
};

/* ---- what the commands share ---- */

const char *ctl_option(const struct ctl *t, enum ctl_option o)
{
	return t->given & o ? t->option[__builtin_ctz(o)] : NULL;
}

int ctl_number(const char *text, const char *name, sqlite3_int64 low, sqlite3_int64 high,
	       sqlite3_int64 *n)
{
	char *end;

	errno = 0;
	*n = strtoll(text, &end, 10);
	if (*text && !*end && !errno && *n >= low && *n <= high)
		return 0;
	return mclic_usage("%s: a number from %lld to %lld expected, not %s", name, (long long)low,
			   (long long)high, text);
}

int ctl_name_check(const char *name)
{
	size_t len = strlen(name);

	if (len && len <= CTL_NAME_MAX && mclic_text_ok(name, len))
		return 0;
	return mclic_usage("a name has 1 to %d bytes of UTF-8 without control characters",
			   CTL_NAME_MAX);
}

int ctl_end(struct ctl *t, int ret)
{
	if (ret >= 0)
		return db_commit(t->db);
	db_rollback(t->db);
	return ret;
}

int ctl_rows(struct ctl *t, sqlite3_stmt *s, json_t *(*row)(sqlite3_stmt *s), json_t **rows)
{
	int ret;

	*rows = json_array();
	while ((ret = db_step(t->db, s)) > 0)
		json_array_append_new(*rows, row(s));
	if (ret < 0) {
		json_decref(*rows);
		*rows = NULL;
	}
	return ret;
}

/* ---- the command line ---- */

static const struct command *find_command(const char *noun, const char *verb)
{
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].noun, noun) && !strcmp(commands[i].verb, verb))
			return &commands[i];
	return NULL;
}

static void check_words(struct words *w, struct argp_state *state)
{
	const struct command *c;

	if (w->count < 2)
		argp_error(state, "a command of two words is needed, such as \"user list\"");
	c = find_command(w->word[0], w->word[1]);
	if (!c)
		argp_error(state, "%s %s: no such command", w->word[0], w->word[1]);
	if (!w->t->data)
		argp_error(state, "--data DIR is needed");
	if (c->argument && w->count < 3)
		argp_error(state, "%s %s: %s is needed", c->noun, c->verb, c->argument);
	if (!c->argument && w->count > 2)
		argp_error(state, "%s %s: no argument expected", c->noun, c->verb);
	if (w->t->given & ~c->options)
		argp_error(state, "%s %s: does not take one of these options", c->noun, c->verb);
	w->t->argument = c->argument ? w->word[2] : NULL;
	w->command = c;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct words *w = state->input;

	if (key >= KEY_FIRST && key < KEY_FIRST + CTL_OPTIONS) {
		w->t->given |= 1u << (key - KEY_FIRST);
		w->t->option[key - KEY_FIRST] = arg;
		return 0;
	}
	switch (key) {
	case 'd':
		w->t->data = arg;
		return 0;
	case 'j':
		w->t->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (w->count == 3)
			argp_error(state, "%s: one argument too many", arg);
		w->word[w->count++] = arg;
		return 0;
	case ARGP_KEY_END:
		check_words(w, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The commands, for --help. */
static char *help_filter(int key, const char *text, void *input)
{
	char *help = NULL;
	size_t size, i;
	FILE *f;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	f = open_memstream(&help, &size);
	if (!f)
		return NULL;
	fputs("Commands:\n", f);
	for (i = 0; i < COMMANDS; i++)
		fprintf(f, "  %-9s %-10s %-10s %s\n", commands[i].noun, commands[i].verb,
			commands[i].argument ? commands[i].argument : "", commands[i].help);
	fclose(f);
	return help;
}

/* The name of who runs this; sudo's caller too, since "root" says little. */
static void name_actor(struct ctl *t)
{
	const struct passwd *user = getpwuid(getuid());
	const char *sudo = getuid() ? NULL : getenv("SUDO_USER");
	char number[24];

	snprintf(number, sizeof(number), "uid %u", (unsigned int)getuid());
	if (sudo && !mclic_text_ok(sudo, strlen(sudo)))
		sudo = NULL;
	snprintf(t->actor, sizeof(t->actor), "operator %s%s%s", user ? user->pw_name : number,
		 sudo ? ", sudo by " : "", sudo ? sudo : "");
}

static int run(struct ctl *t, const struct command *command)
{
	int ret = mclic_secure_process();

	if (!ret)
		ret = center_attach(t->data, &t->c);
	if (ret)
		return ret;
	name_actor(t);
	t->now = (__u64)time(NULL);
	ret = center_db(t->c, &t->db);
	if (!ret)
		ret = command->run(t);
	db_close(t->db);
	center_close(t->c);
	return ret;
}

int main(int argc, char **argv)
{
	struct ctl t = { 0 };
	struct words w = { .t = &t };
	const struct argp argp = {
		option_list, parse_option, "NOUN VERB [ARGUMENT]",
		"Work on the license center in DIR, also while mclicd serves it.\v ",
		NULL, help_filter, NULL
	};

	argp_err_exit_status = MCLIC_EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &w))
		return MCLIC_EXIT_USAGE;
	return mclic_report(run(&t, w.command), t.json);
}
