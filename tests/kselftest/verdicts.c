// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * verdicts MOUNT FILE TITLE=ERRNO[:WHY]... - open MOUNT/TITLE/FILE and see it fail as said
 * (0: it does not), twice, and what LIST_LICENCES says of the title's licence (WHY).
 */
#include "ktap.h"

static struct mclicfs_ioc_licence all[MCLIC_AREA_SLOTS];
static unsigned int count;

static int number_of(const char *name)
{
	int err;

	if (!strcmp(name, "0"))
		return 0;
	for (err = 1; err < 200; err++)
		if (!strcmp(mclic_errno_name(err), name))
			return err;
	fprintf(stderr, "%s: no errno\n", name);
	exit(2);
}

/* The verdict of a licence for any title knows nothing of the content version. */
static void listed(const char *title, int want, const char *why)
{
	const struct mclicfs_ioc_licence *l = find_title(all, count, title);

	if (!ktap_ok(l, "%s has a slot that is well formed", title))
		return;
	ktap_ok(!strncmp(l->why, why, sizeof(l->why)), "%s is listed as %s", title, why);
	ktap_errno((int)l->error, want, "%s, listed", title);
}

static void one(int fd, const char *file, char *arg)
{
	char *name = strchr(arg, '='), *why, path[256];
	int want;

	if (!name)
		exit(2);
	*name++ = '\0';
	why = strchr(name, ':');
	if (why)
		*why++ = '\0';
	want = number_of(name);
	snprintf(path, sizeof(path), "%s/%s", arg, file);
	ktap_errno(open_errno(fd, path), want, "open %s", arg);
	ktap_errno(open_errno(fd, path), want, "open %s again", arg);
	if (why)
		listed(arg, want, why);
}

int main(int argc, char **argv)
{
	int fd, i;

	if (argc < 4)
		return 2;
	ktap_start();
	fd = open_mount(argv[1]);
	count = list_all(fd, all, MCLIC_AREA_SLOTS);
	for (i = 3; i < argc; i++)
		one(fd, argv[2], argv[i]);
	close(fd);
	return ktap_end();
}
