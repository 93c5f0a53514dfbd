// SPDX-License-Identifier: GPL-2.0-or-later
/* A progress bar on standard error, where that is a terminal. */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

#define NSEC_PER_SEC	1000000000ull
#define DRAW_EVERY	(NSEC_PER_SEC / 10)

struct mclic_progress {
	pthread_mutex_t drawing;
	char what[32];
	__u64 total;
	_Atomic __u64 done;
	__u64 started;
	_Atomic __u64 next_draw;	/* nanoseconds, monotonic */
};

static __u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (__u64)t.tv_sec * NSEC_PER_SEC + (__u64)t.tv_nsec;
}

/* "1.4 GiB" */
static void human(double bytes, char *out, size_t size)
{
	static const char * const unit[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	size_t u = 0;

	while (bytes >= 1024 && u + 1 < sizeof(unit) / sizeof(unit[0])) {
		bytes /= 1024;
		u++;
	}
	snprintf(out, size, u ? "%.1f %s" : "%.0f %s", bytes, unit[u]);
}

static void draw(struct mclic_progress *p, __u64 at)
{
	__u64 done = atomic_load(&p->done);
	double seconds = (double)(at - p->started) / NSEC_PER_SEC;
	double rate = seconds > 0 ? (double)done / seconds : 0;
	unsigned int percent = 100;
	char have[32], all[32], eta[32] = "";

	if (done < p->total)
		percent = (unsigned int)((double)done * 100 / (double)p->total);
	if (rate > 0 && done < p->total) {
		__u64 left = (__u64)((double)(p->total - done) / rate);

		snprintf(eta, sizeof(eta), "  ETA %" PRIu64 ":%02u", (uint64_t)left / 60,
			 (unsigned int)(left % 60));
	}
	human((double)done, have, sizeof(have));
	human((double)p->total, all, sizeof(all));
	fprintf(stderr, "\r%s %3u%%  %s of %s  %.1f MB/s%s\033[K", p->what, percent, have, all,
		rate / 1e6, eta);
}

struct mclic_progress *mclic_progress_start(const char *what, __u64 total)
{
	struct mclic_progress *p;

	if (!isatty(STDERR_FILENO))
		return NULL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	pthread_mutex_init(&p->drawing, NULL);
	snprintf(p->what, sizeof(p->what), "%s", what);
	mclic_clean_text(p->what);
	p->total = total;
	p->started = now();
	atomic_store(&mclic_bar_shown, true);
	draw(p, p->started);
	atomic_store(&p->next_draw, p->started + DRAW_EVERY);
	return p;
}

void mclic_progress_add(struct mclic_progress *p, __u64 bytes)
{
	__u64 at;

	if (!p)
		return;
	atomic_fetch_add(&p->done, bytes);
	at = now();
	if (at < atomic_load(&p->next_draw) || pthread_mutex_trylock(&p->drawing))
		return;
	if (at >= atomic_load(&p->next_draw)) {
		atomic_store(&p->next_draw, at + DRAW_EVERY);
		draw(p, at);
	}
	pthread_mutex_unlock(&p->drawing);
}

void mclic_progress_end(struct mclic_progress *p)
{
	if (!p)
		return;
	draw(p, now());
	fputc('\n', stderr);
	atomic_store(&mclic_bar_shown, false);
	pthread_mutex_destroy(&p->drawing);
	free(p);
}
