// SPDX-License-Identifier: GPL-2.0-or-later
/* mclic selftest: the known answers of the cryptography. */

#include "mclic.h"

#define OPTION_CRYPTO	OPTION_OWN

struct selftest {
	struct options o;
	const char *crypto;
};

static const struct argp_option options[] = {
	{ "crypto", OPTION_CRYPTO, "NAME", 0,
	  "openssl or kcapi (the running kernel's AF_ALG); default: openssl, and kcapi where there is one", 0 },
	OPTION_JSON_ENTRY,
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct selftest *t = state->input;

	if (key != OPTION_CRYPTO)
		return options_parse(key, arg, state);
	if (strcmp(arg, "openssl") && strcmp(arg, "kcapi"))
		argp_error(state, "--crypto is \"openssl\" or \"kcapi\", not \"%s\"", arg);
	t->crypto = arg;
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Run the published known answers of SHA-256, AES-256-CMAC, the key derivation, AES-256-GCM and CRC-32.",
};

static int test(const struct mclic_crypto *c, json_t *results)
{
	const char *failed = NULL;
	int err = mclic_core_selftest(c, &failed);

	if (err)
		return mclic_fail(-err, "%s: the known answer of %s is not what it computes; do not use this machine for licences",
				  c->name, failed ? failed : "its first primitive");
	json_object_set_new(results, c->name, json_string("good"));
	return 0;
}

/* Where the kernel offers none of it, that is said and OpenSSL is used. */
static int test_all(const struct selftest *t, json_t *results)
{
	bool all = !t->crypto, kernel = all || !strcmp(t->crypto, "kcapi");
	const struct mclic_crypto *c = kernel ? mclic_kcapi() : NULL;
	int err;

	if (c) {
		err = test(c, results);
		if (err || !all)
			return err;
	} else if (kernel) {
		json_object_set_new(results, "kcapi", json_string("not offered by this kernel"));
		if (!all)
			mclic_warn("%s; OpenSSL is used", mclic_message());
	}
	return test(mclic_openssl(), results);
}

int cmd_selftest(int argc, char **argv)
{
	MCLIC_AUTO_JSON json_t *results = json_object();
	struct selftest t = { .crypto = NULL };
	const char *name;
	json_t *value;
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &t);
	err = test_all(&t, results);
	if (err)
		return mclic_report(err, t.o.json);
	if (t.o.json)
		return mclic_report(mclic_print_json(json_incref(results)), true);
	json_object_foreach(results, name, value)
		printf("%s: %s\n", name, json_string_value(value));
	return mclic_report(0, false);
}
