// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages for people: the last failure of a thread, warnings, the end of a program. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <unistr.h>

#include "report.h"

#define MESSAGE_SIZE	1024

static _Thread_local struct {
	int err;
	bool usage;
	char text[MESSAGE_SIZE];
} last;

/* A progress bar is on the screen: a message must first clear its line. */
atomic_bool mclic_bar_shown;

/* What a terminal would obey, or show in another order than it was written. */
static bool harmful(ucs4_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c ||
	       (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

/*
 * Messages quote names and texts that other people wrote. Replace whatever is not
 * clean UTF-8, so that a message is one line, valid in JSON, and cannot give orders
 * to a terminal.
 */
void mclic_clean_text(char *text)
{
	size_t left = strlen(text);
	const uint8_t *in = (const uint8_t *)text;
	char *out = text;

	while (left > 0) {
		ucs4_t c;
		int n = u8_mbtoucr(&c, in, left);

		if (n <= 0) {
			*out++ = '?';
			n = 1;
		} else if (harmful(c)) {
			*out++ = c == '\n' || c == '\t' ? ' ' : '?';
		} else {
			memmove(out, in, (size_t)n);
			out += n;
		}
		in += n;
		left -= (size_t)n;
	}
	*out = '\0';
}

void mclic_say(const char *fmt, ...)
{
	MCLIC_AUTO_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text)
		mclic_clean_text(text);
	puts(text ? text : "not enough memory");
}

json_t *mclic_json_clean(const char *text)
{
	MCLIC_AUTO_FREE char *copy = strdup(text);

	if (!copy)
		return NULL;
	mclic_clean_text(copy);
	return json_string(copy);
}

static int note(int err, bool usage, const char *fmt, va_list ap)
{
	char text[MESSAGE_SIZE];	/* the arguments may point into the last message */

	vsnprintf(text, sizeof(text), fmt, ap);
	mclic_clean_text(text);
	memcpy(last.text, text, sizeof(last.text));
	last.err = err;
	last.usage = usage;
	return -err;
}

int mclic_fail(int err, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = note(err ? err : EIO, false, fmt, ap);
	va_end(ap);
	return ret;
}

int mclic_usage(const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = note(EINVAL, true, fmt, ap);
	va_end(ap);
	return ret;
}

const char *mclic_message(void)
{
	return last.text;
}

/* On standard error, in one write, on a line of its own. */
static void say(const char *kind, const char *text)
{
	const char *clear = atomic_load(&mclic_bar_shown) ? "\r\033[K" : "";

	fprintf(stderr, "%s%s: %s%s\n", clear, program_invocation_short_name, kind, text);
}

void mclic_warn(const char *fmt, ...)
{
	char text[MESSAGE_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mclic_clean_text(text);
	say("warning: ", text);
}

const char *mclic_errno_name(int err)
{
	const char *name = strerrorname_np(abs(err));

	return name ? name : "E?";
}

int mclic_exit_status(int err)
{
	switch (abs(err)) {
	case 0:
		return MCLIC_EXIT_OK;
	case EACCES:
	case EPERM:
	case ENOKEY:
	case EKEYREJECTED:
	case EKEYREVOKED:
	case EKEYEXPIRED:
	case EMEDIUMTYPE:
		return MCLIC_EXIT_REFUSED;
	case EBADMSG:
		return MCLIC_EXIT_DAMAGED;
	default:
		return MCLIC_EXIT_FAILED;
	}
}

/* The sentence for @err: the noted one, and the errno's own where they are not of a piece. */
static void describe(int err, char *text, size_t size)
{
	const char *name = strerrordesc_np(abs(err));

	if (!name)
		name = "unknown error";
	if (!last.text[0])
		snprintf(text, size, "%s", name);
	else if (abs(err) == abs(last.err))
		snprintf(text, size, "%s", last.text);
	else
		snprintf(text, size, "%s (%s)", last.text, name);
}

/* What a program printed has arrived only when it could be flushed. */
static int flush_output(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	return mclic_fail(EIO, "cannot write to standard output");
}

int mclic_report(int err, bool json)
{
	char text[MESSAGE_SIZE + 128];
	int status;

	if (!err)
		err = flush_output();
	status = mclic_exit_status(err);
	if (!err)
		return status;
	if (last.usage && abs(err) == last.err)
		status = MCLIC_EXIT_USAGE;
	describe(err, text, sizeof(text));
	if (!json || mclic_print_json(json_pack("{s:{s:s, s:s, s:i}}", "error",
						"message", text,
						"errno", mclic_errno_name(err),
						"status", status)))
		say("", text);
	return status;
}

int mclic_print_json(json_t *j)
{
	MCLIC_AUTO_JSON json_t *owned = j;

	if (!owned)
		return mclic_fail(ENOMEM, "not enough memory for the JSON output");
	/* A failing write is flush_output()'s to report. */
	if (json_dumpf(owned, stdout, JSON_INDENT(2) | JSON_SORT_KEYS) && !ferror(stdout))
		return mclic_fail(ENOMEM, "not enough memory for the JSON output");
	putchar('\n');
	return flush_output();
}
