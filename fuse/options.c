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

/* Means nothing to FUSE, which leaves times to the lower file system; or libfuse refuses it. */
static bool for_nobody(const char *word)
{
	static const char *const words[] = {
		"fail", "nofail", "rw", "relatime", "norelatime", "strictatime", "nostrictatime",
		"diratime", "nodiratime", "lazytime", "nolazytime",
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i]))
			return true;
	return false;
}

static void refuse(struct argp_state *state, const char *word)
{
	if (!strcmp(word, "remount"))
		argp_error(state, "-o remount: \"mount -i -o remount,...\" changes what is mounted");
	if (!strncmp(word, "max_read=", 9))
		argp_error(state, "-o max_read: the size of requests is fixed");
}

static int add_words(struct options *o, char *list, struct argp_state *state)
{
	char *word, *more;

	while ((word = strsep(&list, ","))) {
		if (!*word || mclic_mount_word(word) || for_nobody(word))
			continue;
		refuse(state, word);
		if (!strcmp(word, "symfollow") || !strcmp(word, "nosymfollow")) {
			o->nosymfollow = *word == 'n';
			continue;
		}
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
		return add_words(o, arg, state);
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
