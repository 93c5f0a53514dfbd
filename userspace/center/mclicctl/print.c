// SPDX-License-Identifier: GPL-2.0-or-later
/* Results: JSON for programs; tables, and lists of members, for people. */
#include <stdlib.h>
#include <time.h>

#include "ctl.h"

#define CELL_MAX	512
#define COLUMNS_MAX	12

static void time_cell(json_int_t t, char *out)
{
	time_t seconds = (time_t)t;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(out, CELL_MAX, "%Y-%m-%d %H:%M:%SZ", &tm);
}

/* Words with commas, as --kinds takes them. */
static void list_cell(const json_t *v, char *out)
{
	const json_t *word;
	size_t i, len = 0;

	out[0] = '\0';
	json_array_foreach(v, i, word) {
		snprintf(out + len, CELL_MAX - len, "%s%s", i ? "," : "",
			 json_string_value(word));
		len = strlen(out);
	}
}

static void object_cell(const json_t *v, char *out)
{
	MCLIC_AUTO_FREE char *text = json_dumps(v, JSON_COMPACT);

	snprintf(out, CELL_MAX, "%s", text ? text : "");
}

static void plain_cell(const json_t *v, char *out)
{
	if (json_is_string(v))
		snprintf(out, CELL_MAX, "%s", json_string_value(v));
	else if (json_is_integer(v))
		snprintf(out, CELL_MAX, "%lld", (long long)json_integer_value(v));
	else if (json_is_boolean(v))
		snprintf(out, CELL_MAX, "%s", json_is_true(v) ? "yes" : "no");
	else if (!v || json_is_null(v))
		snprintf(out, CELL_MAX, "-");
	else if (json_is_array(v))
		list_cell(v, out);
	else
		object_cell(v, out);
}

static void cell(const json_t *row, const struct column *c, char *out)
{
	const json_t *v = json_object_get(row, c->member);
	const char *currency = json_string_value(json_object_get(row, "currency"));

	/* 0 is no time: a licence without end */
	if (c->type == COLUMN_TIME && !json_integer_value(v))
		plain_cell(NULL, out);
	else if (c->type == COLUMN_TIME)
		time_cell(json_integer_value(v), out);
	else if (c->type == COLUMN_MONEY && json_is_integer(v) && currency)
		mclic_money_text(json_integer_value(v), currency, out);
	else
		plain_cell(v, out);
}

/* Characters, not bytes: a title in Greek is not twice as wide. */
static size_t width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static void put_cell(const char *text, size_t wide, bool last)
{
	size_t n = width(text);

	printf("%s%*s%s", text, last || n >= wide ? 0 : (int)(wide - n), "", last ? "\n" : "  ");
}

static void put_table(const json_t *rows, const struct column *columns)
{
	size_t wide[COLUMNS_MAX], i, n, count;
	char text[CELL_MAX];
	const json_t *row;

	for (count = 0; columns[count].heading; count++)
		wide[count] = width(columns[count].heading);
	json_array_foreach(rows, n, row)
		for (i = 0; i < count; i++) {
			cell(row, &columns[i], text);
			if (width(text) > wide[i])
				wide[i] = width(text);
		}
	for (i = 0; i < count; i++)
		put_cell(columns[i].heading, wide[i], i + 1 == count);
	json_array_foreach(rows, n, row)
		for (i = 0; i < count; i++) {
			cell(row, &columns[i], text);
			put_cell(text, wide[i], i + 1 == count);
		}
}

int print_table(const struct ctl *t, const char *member, json_t *rows,
		const struct column *columns)
{
	if (t->json)
		return mclic_print_json(json_pack("{s:o}", member, rows));
	if (!rows)
		return mclic_fail(ENOMEM, "not enough memory for a table");
	put_table(rows, columns);
	json_decref(rows);
	return 0;
}

int print_rows(struct ctl *t, const char *member, sqlite3_stmt *s, json_t *(*row)(sqlite3_stmt *s),
	       const struct column *columns)
{
	json_t *rows;
	int ret = ctl_rows(t, s, row, &rows);

	return ret ? ret : print_table(t, member, rows, columns);
}

/* A member is a time when its name says so. */
static bool names_time(const char *member)
{
	size_t len = strlen(member);

	return (len > 3 && !strcmp(member + len - 3, "_at")) || !strcmp(member, "not_after");
}

/* @mark stands at the end of the first line's indent. */
static void put_record(const json_t *record, int indent, const char *mark)
{
	struct column c = { .heading = "" };
	char text[CELL_MAX];
	const char *key;
	const json_t *v;
	json_t *item;
	size_t i;

	json_object_foreach((json_t *)record, key, v) {
		printf("%*s%s:", indent, mark, key);
		mark = "";
		if (json_is_array(v) && json_is_object(json_array_get(v, 0))) {
			putchar('\n');
			json_array_foreach(v, i, item)
				put_record(item, indent + 4, "- ");
			continue;
		}
		c.member = key;
		c.type = !strcmp(key, "price") || !strcmp(key, "amount") ? COLUMN_MONEY :
			 names_time(key) ? COLUMN_TIME : COLUMN_PLAIN;
		cell(record, &c, text);
		printf(" %s\n", text);
	}
}

int print_record(const struct ctl *t, json_t *record)
{
	if (t->json)
		return mclic_print_json(record);
	if (!record)
		return mclic_fail(ENOMEM, "not enough memory for the result");
	put_record(record, 0, "");
	json_decref(record);
	return 0;
}
