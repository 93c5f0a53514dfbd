// SPDX-License-Identifier: GPL-2.0-or-later
/* mclic: licences and copies of titles, for the user of a medium. */

#include <stdlib.h>

#include "mclic.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *args;
	const char *what;
} commands[] = {
	{ "enrol", cmd_enrol, "URL --token TOKEN", "make this machine known to a license center" },
	{ "trust", cmd_trust, "add|list|remove ...", "license centers whose licences are believed" },
	{ "info", cmd_info, "TARGET", "show a medium's identifier and its licence area" },
	{ "format", cmd_format, "DEVICE_OR_IMAGE | --area-file DIR", "prepare a medium" },
	{ "list", cmd_list, "SOURCE_OR_TARGET", "show titles and licences" },
	{ "copy", cmd_copy, "SOURCE TITLE TARGET", "get a licence for a title and copy it" },
	{ "request", cmd_request, "SOURCE TITLE TARGET -o FILE", "write a licence request to carry" },
	{ "import", cmd_import, "FILE TARGET", "put the answer to a request on the medium" },
	{ "install", cmd_install, "SOURCE TITLE TARGET", "copy a title whose licence is there" },
	{ "renew", cmd_renew, "TITLE TARGET", "renew a licence" },
	{ "return", cmd_return, "TITLE TARGET", "give a licence back" },
	{ "update", cmd_update, "", "fetch the lists of revoked licences" },
	{ "verify", cmd_verify, "TARGET [TITLE]", "check licences, titles and every block" },
	{ "rescue", cmd_rescue, "FILE -o OUT", "save what is good of a damaged file" },
	{ "unlock", cmd_unlock, "[TARGET]", "give user keys to the kernel, or to a mount" },
	{ "lock", cmd_lock, "[TARGET]", "take them from it" },
	{ "selftest", cmd_selftest, "", "run the known answers of the cryptography" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

const char *argp_program_version = "mclic " MCLIC_RELEASE;

static void usage(FILE *out)
{
	size_t i;

	fputs("Usage: mclic COMMAND [OPTION...] [ARGUMENT...]\n"
	      "Licences and licensed copies for media with an identifier of their own.\n\n", out);
	for (i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-9s%-38s%s\n", commands[i].name, commands[i].args,
			commands[i].what);
	fputs("\n\"mclic COMMAND --help\" tells the options of a command. Exit status: 0 done,\n"
	      "1 failed, 2 usage, 3 no licence or not allowed, 4 damaged data.\n", out);
}

int main(int argc, char **argv)
{
	char name[32];
	size_t i;
	int err;

	argp_err_exit_status = MCLIC_EXIT_USAGE;
	err = mclic_secure_process();
	if (err)
		return mclic_report(err, false);
	if (argc < 2) {
		usage(stderr);
		return MCLIC_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return mclic_report(0, false);
	}
	if (!strcmp(argv[1], "--version")) {
		puts(argp_program_version);
		return mclic_report(0, false);
	}
	for (i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		snprintf(name, sizeof(name), "mclic %s", commands[i].name);
		argv[1] = name;
		return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "mclic: there is no command \"%s\"; \"mclic --help\" lists them\n", argv[1]);
	return MCLIC_EXIT_USAGE;
}
