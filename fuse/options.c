// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line, also as mount(8) and fstab write it. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "mclicfs.h"

const char *argp_program_version = "mclicfs-fuse " MCLIC_RELEASE;

static const char doc[] =
	"Show the media-bound titles on a medium in the clear where their licences allow it.\v"
	"LOWER is a directory of a medium that holds a licence area, e.g. where it is mounted; "
	"DIR is where it appears, and may be LOWER itself. Files outside of titles pass through, "
	"for reading and writing.\n"
	"\n"
	"Mount options (-o) are those of every file system (ro, nosuid, nodev, noexec, noatime, "
	"...) and of FUSE (allow_other, default_permissions, auto_unmount, ...). Those that "
	"concern mount(8) and systemd alone (user, nofail, _netdev, x-systemd.*, ...) are "
	"accepted. In fstab the type is fuse.mclicfs-fuse. Root's mounts are open to all "
	"users, under the permissions of the files.\n"
	"\n"
	"Unmount with \"fusermount3 -u DIR\" or umount(8).";

static const struct argp_option keys[] = {
	{ NULL, 'o', "OPTION[,...]", 0, "Mount options", 0 },
	{ "foreground", 'f', NULL, 0, "Stay in the foreground", 0 },
	{ "debug", 'd', NULL, 0, "Trace every request on standard error; implies -f", 0 },
	{ 0 },
};

/* Options that say when and by whom to mount, or what is so anyway: libfuse refuses them. */
static bool for_mount_program(const char *word)
{
	static const char *const words[] = {
		"auto", "noauto", "defaults", "fail", "nofail", "user", "nouser", "users", "owner",
		"group", "_netdev", "rw", "relatime", "diratime", "nostrictatime", "nolazytime",
		"noiversion", "nomand", "silent", "loud",
	};
	static const char *const prefixes[] = { "x-", "X-", "comment=", "user=", "helper=",
						"uhelper=" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i]))
			return true;
	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(word, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

static int add_words(struct options *o, char *list)
{
	char *word, *more;

	while ((word = strsep(&list, ","))) {
		if (!*word || for_mount_program(word))
			continue;
		if (asprintf(&more, "%s%s%s", o->mount ? o->mount : "", o->mount ? "," : "",
			     word) < 0)
			return ENOMEM;
		free(o->mount);
		o->mount = more;
	}
	return 0;
}

bool options_has(const struct options *o, const char *name)
{
	size_t len = strlen(name);
	const char *at = o->mount;

	while (at) {
		if (!strncmp(at, name, len) && (at[len] == ',' || !at[len]))
			return true;
		at = strchr(at, ',');
		at = at ? at + 1 : NULL;
	}
	return false;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'o':
		return add_words(o, arg);
	case 'd':
		o->debug = true;
		o->foreground = true;
		return 0;
	case 'f':
		o->foreground = true;
		return 0;
	case ARGP_KEY_ARG:
		if (!o->lower)
			o->lower = arg;
		else if (!o->dir)
			o->dir = arg;
		else
			return ARGP_ERR_UNKNOWN;
		return 0;
	case ARGP_KEY_END:
		if (!o->dir)
			argp_error(state, "LOWER and DIR are needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void options_parse(int argc, char **argv, struct options *o)
{
	static const struct argp argp = { keys, parse, "LOWER DIR", doc, NULL, NULL, NULL };

	argp_err_exit_status = MCLIC_EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, o);
}
