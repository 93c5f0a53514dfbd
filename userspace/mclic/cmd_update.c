// SPDX-License-Identifier: GPL-2.0-or-later
/* mclic update: the revocation lists of the centers where this machine is enrolled. */

#include <dirent.h>
#include <stdlib.h>

#include "kernel.h"

#define OPTION_SYSTEM	OPTION_OWN

struct update {
	struct options o;
	bool system;
	struct mclic_trust *trust;
	json_t *results;
};

static const struct argp_option options[] = {
	{ "system", OPTION_SYSTEM, NULL, 0, "For every user of this machine (needs root)", 0 },
	OPTION_JSON_ENTRY,
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct update *u = state->input;

	if (key != OPTION_SYSTEM)
		return options_parse(key, arg, state);
	u->system = true;
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Fetch the lists of revoked licences from every license center where this machine is enrolled.",
};

static int say(struct update *u, const char *center, bool newer)
{
	json_t *o = json_pack("{s:s, s:b}", "center", center, "newer", newer);

	json_array_append_new(u->results, o);
	if (!u->o.json)
		printf("%s: %s\n", center, newer ? "a newer list is stored" : "the list is up to date");
	return 0;
}

static int update_account(struct update *u, const __u8 id[MCLIC_ID_SIZE])
{
	struct mclic_account *a ACCOUNT_AUTO = NULL;
	char hex[2 * MCLIC_ID_SIZE + 1], path[64];
	struct mclic_reply r = { 0 };
	int err;

	err = mclic_account_load(id, &a);
	if (err)
		return err;
	snprintf(path, sizeof(path), "/v1/revocations/%s", mclic_hex(id, MCLIC_ID_SIZE, hex));
	err = mclic_http(a, "GET", path, NULL, NULL, 0, NULL, &r);
	if (err)
		return err;
	err = mclic_trust_put_revocations(u->trust, r.body, r.len, u->system);
	mclic_reply_free(&r);
	return err < 0 ? err : say(u, hex, !err);
}

static bool account_id(const char *name, __u8 id[MCLIC_ID_SIZE])
{
	char hex[2 * MCLIC_ID_SIZE + 1];

	if (strlen(name) != 2 * MCLIC_ID_SIZE + strlen(".json") ||
	    strcmp(name + 2 * MCLIC_ID_SIZE, ".json"))
		return false;
	memcpy(hex, name, 2 * MCLIC_ID_SIZE);
	hex[2 * MCLIC_ID_SIZE] = '\0';
	return !mclic_unhex(hex, id, MCLIC_ID_SIZE);
}

/* One center that does not answer does not keep the others from being asked. */
static int update_all(struct update *u)
{
	MCLIC_AUTO_FREE char *path = mclic_config_path("accounts");
	MCLIC_AUTO_FREE char *message = NULL;
	__u8 id[MCLIC_ID_SIZE];
	struct dirent *d;
	int err = 0, one, count = 0;
	DIR *dir = path ? opendir(path) : NULL;

	if (!path)
		return mclic_fail(ENOENT, "%s", mclic_message());
	if (!dir)
		return mclic_fail(errno, "%s: %s", path, strerror(errno));
	while ((d = readdir(dir))) {
		if (!account_id(d->d_name, id))
			continue;
		count++;
		one = update_account(u, id);
		if (!one)
			continue;
		if (err)
			mclic_warn("%s", message);
		err = one;
		free(message);
		message = strdup(mclic_message());
	}
	closedir(dir);
	if (!count)
		return mclic_fail(ENOENT, "this machine is enrolled at no license center; see \"mclic enrol --help\"");
	return err ? mclic_fail(-err, "%s", message ? message : "not enough memory") : 0;
}

int cmd_update(int argc, char **argv)
{
	struct update u = { .results = json_array() };
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &u);
	err = mclic_trust_load(&u.trust);
	if (!err)
		err = update_all(&u);
	if (!err)
		err = kernel_lists(u.trust);
	mclic_trust_free(u.trust);
	if (!err && u.o.json)
		err = mclic_print_json(json_incref(u.results));
	json_decref(u.results);
	return mclic_report(err, u.o.json);
}
