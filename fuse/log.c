// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of a running file system: not more of them than somebody would read. */
#include <limits.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "mclicfs.h"
#include "userspace/lib/report.h"

#define BURST		20	/* lines that may come at once */
#define LINE_EVERY_S	5	/* seconds until one more may */

static struct {
	pthread_mutex_t lock;
	bool to_syslog;
	int left;
	time_t filled;
	unsigned long dropped;
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .left = BURST };

void log_start(void)
{
	openlog("mclicfs-fuse", LOG_PID, LOG_DAEMON);
	state.to_syslog = true;
}

/* May a line be written? @dropped gets how many were not since the last one. */
static bool may_write(unsigned long *dropped)
{
	struct timespec ts;
	long more;
	bool yes;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	pthread_mutex_lock(&state.lock);
	more = (ts.tv_sec - state.filled) / LINE_EVERY_S;
	if (more > 0) {
		state.left = more > BURST - state.left ? BURST : state.left + (int)more;
		state.filled = ts.tv_sec;
	}
	yes = state.left > 0;
	if (yes) {
		state.left--;
		*dropped = state.dropped;
		state.dropped = 0;
	} else {
		state.dropped++;
	}
	pthread_mutex_unlock(&state.lock);
	return yes;
}

void log_limited(const char *fmt, ...)
{
	MCLIC_AUTO_FREE char *text = NULL;
	unsigned long dropped;
	va_list ap;

	if (!may_write(&dropped))
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (!text)
		return;
	mclic_clean_text(text);	/* file names are what somebody else chose */
	if (state.to_syslog && dropped)
		syslog(LOG_WARNING, "%s (%lu more messages left out)", text, dropped);
	else if (state.to_syslog)
		syslog(LOG_WARNING, "%s", text);
	else if (dropped)
		mclic_warn("%s (%lu more messages left out)", text, dropped);
	else
		mclic_warn("%s", text);
}

const char *log_name(int fd, char *buf)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "%d", fd);
	n = readlinkat(mnt.proc, link, buf, PATH_MAX - 1);
	if (n < 0)
		return "a file";
	buf[n] = '\0';
	return buf;
}
