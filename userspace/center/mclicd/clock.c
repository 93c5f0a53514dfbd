// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine's clock, as far as it is believed.
 *
 * A time that was once written into a licence or a revocation list is never taken back:
 * the center's clock does not go back, nor do those of the clients that have read it, and
 * what they hold may end too early. So a clock that is put far ahead while the center runs
 * is not followed; the time since the machine started goes on from where it was right.
 */
#include <stdatomic.h>

#include "server.h"

#define AHEAD_MAX	86400	/* seconds at once that are taken for a correction */

static _Atomic time_t boot_time;	/* when the machine started, by the believed clock */
static atomic_bool told;

struct timespec clock_monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now;
}

static time_t clock_boot_time(void)
{
	struct timespec now, since;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &since);
	return now.tv_sec - since.tv_sec;
}

void clock_start(void)
{
	atomic_store(&boot_time, clock_boot_time());
}

static void clock_tell(time_t ahead)
{
	if (!atomic_exchange(&told, true))
		log_line("error", "clock",
			 json_pack("{s:s, s:I}", "message", "the clock was put far ahead and is not "
				   "followed; set it right, or start mclicd again if it is right now",
				   "seconds", (json_int_t)ahead));
}

__u64 clock_now(void)
{
	time_t believed = atomic_load(&boot_time), ahead = clock_boot_time() - believed;
	time_t t = time(NULL);

	if (ahead > AHEAD_MAX) {
		clock_tell(ahead);
		t -= ahead;
	} else {
		atomic_store(&told, false);
		if (ahead > 0)
			atomic_compare_exchange_strong(&boot_time, &believed, believed + ahead);
	}
	return t > 0 ? (__u64)t : 0;
}
