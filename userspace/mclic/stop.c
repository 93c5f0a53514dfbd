// SPDX-License-Identifier: GPL-2.0-or-later
/* Ending cleanly on SIGINT and SIGTERM. */

#include <signal.h>

#include "mclic.h"

static atomic_bool wanted;

static void on_signal(int sig)
{
	(void)sig;
	atomic_store(&wanted, true);
}

const atomic_bool *stop_flag(void)
{
	/* A second signal ends the program at once: nothing half written bears a name. */
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	return &wanted;
}
