// SPDX-License-Identifier: GPL-2.0-or-later
/* mclic trust: certificates of license centers. */

#include <unistd.h>

#include "kernel.h"

#define OPTION_SYSTEM	OPTION_OWN

struct trust {
	struct options o;
	bool system;
};

static const struct argp_option options[] = {
	{ "system", OPTION_SYSTEM, NULL, 0, "For every user of this machine (needs root)", 0 },
	OPTION_JSON_ENTRY,
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct trust *t = state->input;

	if (key != OPTION_SYSTEM)
		return options_parse(key, arg, state);
	t->system = true;
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "add CERTIFICATE\nlist\nremove IDc",
	.doc = "License centers whose licences this machine believes, besides those where it is enrolled.\v"
	       "CERTIFICATE is the center's PEM file, got from the center in a way you trust, never from a medium.",
};

static int say_changed(const struct trust *t, const char *what, const __u8 id[MCLIC_ID_SIZE])
{
	char hex[2 * MCLIC_ID_SIZE + 1];

	if (t->o.json)
		return mclic_print_json(json_pack("{s:s, s:o}", "done", what, "center",
						  say_hex(id, MCLIC_ID_SIZE)));
	printf("%s %s\n", what, mclic_hex(id, MCLIC_ID_SIZE, hex));
	return 0;
}

/* The kernel's mclicfs believes what root does. Without it there is nothing to tell. */
static bool kernel_listens(void)
{
	return !geteuid() && mclic_keyring_centers() > 0;
}

static int tell_kernel(void)
{
	struct mclic_trust *trust;
	int err;

	if (!kernel_listens())
		return 0;
	err = mclic_trust_load(&trust);
	if (err)
		return err;
	err = mclic_keyring_trust(trust, true);
	/* What is mounted was not given the lists of a center that was not known. */
	if (!err)
		err = kernel_lists(trust);
	mclic_trust_free(trust);
	return err;
}

static int tell_kernel_out(const __u8 id[MCLIC_ID_SIZE])
{
	struct mclic_trust *trust;
	int ret;

	if (!kernel_listens())
		return 1;
	ret = mclic_trust_load(&trust);
	if (ret)
		return ret;
	ret = mclic_keyring_distrust(trust, id);
	mclic_trust_free(trust);
	return ret;
}

static int add(const struct trust *t)
{
	__u8 id[MCLIC_ID_SIZE];
	int err = mclic_trust_add(t->o.args[1], t->system, id);

	if (!err)
		err = tell_kernel();
	return err ? err : say_changed(t, "added", id);
}

static int remove_center(const struct trust *t)
{
	__u8 id[MCLIC_ID_SIZE];
	int err, ret;

	if (mclic_unhex(t->o.args[1], id, sizeof(id)))
		return mclic_usage("\"%s\" is not a license center's id; \"mclic trust list\" shows them",
				   t->o.args[1]);
	err = mclic_trust_remove(id, t->system);
	if (err && err != -ENOENT)
		return err;
	/* The kernel may have one whose file is gone, or was elsewhere. */
	ret = tell_kernel_out(id);
	if (ret < 0)
		return ret;
	if (err && ret)
		return mclic_fail(ENOENT, "no certificate of the center %s in %s; \"mclic trust list\" shows those there are",
				  t->o.args[1], t->system ? MCLIC_ETC_CENTERS : "your settings");
	return say_changed(t, "removed", id);
}

/* Whether the kernel has them too; null where that cannot be seen. */
static void add_kernel(json_t *centers)
{
	bool listens = kernel_listens();
	__u8 id[MCLIC_ID_SIZE];
	json_t *c;
	size_t i;

	json_array_foreach(centers, i, c) {
		bool known = listens && !mclic_unhex(mclic_json_text(c, "center"), id, sizeof(id)) &&
			     mclic_keyring_trusts(id);

		json_object_set_new(c, "kernel", listens ? json_boolean(known) : json_null());
	}
}

static void say_center(const json_t *c)
{
	const json_t *list = json_object_get(c, "revocations");
	char buf[32];

	printf("%s  %s\n  until %s, %s\n", json_string_value(json_object_get(c, "center")),
	       json_string_value(json_object_get(c, "subject")),
	       say_time((__u64)json_integer_value(json_object_get(c, "not_after")), buf),
	       json_string_value(json_object_get(c, "path")));
	if (json_is_boolean(json_object_get(c, "kernel")))
		printf("  the kernel %s it\n",
		       json_is_true(json_object_get(c, "kernel")) ? "knows" : "does not know");
	if (json_is_object(list))
		printf("  revocation list %lld of %s, %lld licences\n",
		       (long long)json_integer_value(json_object_get(list, "number")),
		       say_time((__u64)json_integer_value(json_object_get(list, "issued_at")), buf),
		       (long long)json_integer_value(json_object_get(list, "count")));
	else
		printf("  no revocation list yet; where this machine is enrolled there, \"mclic update\" "
		       "fetches it\n");
}

static int list(const struct trust *t)
{
	struct mclic_trust *trust;
	json_t *centers, *c;
	size_t i;
	int err;

	err = mclic_trust_load(&trust);
	if (err)
		return err;
	mclic_trust_warn(trust);
	centers = mclic_trust_list(trust);
	mclic_trust_free(trust);
	if (!centers)
		return mclic_fail(ENOMEM, "not enough memory");
	add_kernel(centers);
	if (t->o.json)
		return mclic_print_json(centers);
	json_array_foreach(centers, i, c)
		say_center(c);
	json_decref(centers);
	return 0;
}

int cmd_trust(int argc, char **argv)
{
	static const struct {
		const char *name;
		unsigned int args;
		int (*run)(const struct trust *t);
	} verbs[] = { { "add", 2, add }, { "list", 1, list }, { "remove", 2, remove_center } };
	struct trust t = { .o = { .least = 1, .most = 2 } };
	size_t i;

	argp_parse(&argp, argc, argv, 0, NULL, &t);
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(t.o.args[0], verbs[i].name) && t.o.count == verbs[i].args)
			return mclic_report(verbs[i].run(&t), t.o.json);
	argp_help(&argp, stderr, ARGP_HELP_STD_USAGE & ~(unsigned int)ARGP_HELP_EXIT_ERR, argv[0]);
	return MCLIC_EXIT_USAGE;
}
