// SPDX-License-Identifier: GPL-2.0-or-later
/* Options that several commands have. */

#include "mclic.h"

static error_t add_argument(struct options *o, const char *arg, struct argp_state *state)
{
	if (o->count == o->most)
		argp_error(state, "one argument too many: %s", arg);
	o->args[o->count++] = arg;
	return 0;
}

static __u8 parse_kind(const char *arg, struct argp_state *state)
{
	if (!strcmp(arg, "personal"))
		return MCLIC_PERSONAL;
	if (!strcmp(arg, "portable"))
		return MCLIC_PORTABLE;
	argp_error(state, "the kind of a licence is \"personal\" or \"portable\", not \"%s\"", arg);
	return 0;
}

error_t options_parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case OPTION_JSON:
		o->json = true;
		return 0;
	case OPTION_TRACE:
		trace_enable();
		return 0;
	case OPTION_KIND:
		o->kind = parse_kind(arg, state);
		return 0;
	case OPTION_CENTER:
		o->center = arg;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case ARGP_KEY_ARG:
		return add_argument(o, arg, state);
	case ARGP_KEY_END:
		if (o->count < o->least)
			argp_error(state, "an argument is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}
