// SPDX-License-Identifier: GPL-2.0-or-later
/* The log: one JSON object a line on standard error. No token, key or body is in it. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "server.h"

#define LOG_TEXT_MAX	128

static void log_time(char *out, size_t size)
{
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, size - n, ".%03ldZ", now.tv_nsec / 1000000);
}

void log_line(const char *level, const char *event, json_t *fields)
{
	MCLIC_AUTO_JSON json_t *line = json_object();
	MCLIC_AUTO_FREE char *text = NULL;
	char now[40];
	size_t len;

	log_time(now, sizeof(now));
	json_object_set_new(line, "time", json_string(now));
	json_object_set_new(line, "level", json_string(level));
	json_object_set_new(line, "event", json_string(event));
	if (fields)
		json_object_update(line, fields);
	json_decref(fields);
	text = json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(7));
	if (!text)
		return;
	/* One write, so that lines of several threads do not mix. */
	len = strlen(text);
	text[len] = '\n';
	if (write(STDERR_FILENO, text, len + 1) < 0)
		return;
}

json_t *log_text(const char *text)
{
	char clean[LOG_TEXT_MAX + 1];
	size_t i;

	for (i = 0; i < LOG_TEXT_MAX && text[i]; i++)
		clean[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	return json_stringn(clean, i);
}
