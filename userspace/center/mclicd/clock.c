// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine's clock, as far as it is believed.
 *
 * A time that was once written into a licence or a revocation list is never taken back:
 * the center's clock does not go back, nor do those of the clients that have read it, and
 * what they hold may end too early. So a clock that is put ahead while the center runs is
 * not taken for time. The time since the machine started tells.
 */
#include "server.h"

#define AHEAD_MAX	86400	/* seconds that may be put right without a restart */

static time_t boot_time;	/* by the clock, when the center started */

static time_t clock_boot_time(void)
{
	struct timespec now, since;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &since);
	return now.tv_sec - since.tv_sec;
}

void clock_start(void)
{
	boot_time = clock_boot_time();
}

enum problem clock_now(__u64 *now)
{
	time_t ahead = clock_boot_time() - boot_time, t = time(NULL);

	if (ahead > AHEAD_MAX)
		return problem_refuse(PROBLEM_CLOCK, "The center's clock was put ahead by %lld days "
				      "while it ran; its operator sets it right, or starts mclicd "
				      "again if it is right now", (long long)ahead / 86400);
	*now = t > 0 ? (__u64)t : 0;
	return PROBLEM_NONE;
}
