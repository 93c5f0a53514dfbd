// SPDX-License-Identifier: GPL-2.0-or-later
/* Words and JSON that several commands use. */

#include <ctype.h>
#include <time.h>

#include "mclic.h"

const char *say_kind(__u8 kind)
{
	return kind == MCLIC_PORTABLE ? "portable" : "personal";
}

const char *say_time(__u64 t, char *buf)
{
	time_t seconds = (time_t)t;
	struct tm tm;

	if (!t || seconds < 0 || !gmtime_r(&seconds, &tm) ||
	    !strftime(buf, 32, "%Y-%m-%d %H:%M:%S UTC", &tm))
		strcpy(buf, "-");
	return buf;
}

const char *say_text(const __u8 *field, size_t n, char *buf)
{
	memcpy(buf, field, n);
	buf[n] = '\0';
	return buf;
}

bool say_is_text(const __u8 *raw, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!isascii(raw[i]) || !isprint(raw[i]))
			return false;
	return true;
}

const char *say_raw(const __u8 *raw, size_t len, char *buf)
{
	return say_is_text(raw, len) ? say_text(raw, len, buf) : mclic_hex(raw, len, buf);
}

json_t *say_hex(const void *p, size_t n)
{
	char hex[2 * MCLIC_RAW_MAX + 1];

	return json_string(mclic_hex(p, n, hex));
}

json_t *say_terms(const struct mclic_terms *terms)
{
	char title[MCLIC_TITLE_SIZE + 1];

	return json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "did", say_hex(terms->did, MCLIC_ID_SIZE),
			 "licence", say_hex(terms->licence_id, MCLIC_ID_SIZE),
			 "center", say_hex(terms->center_id, MCLIC_ID_SIZE),
			 "user", say_hex(terms->user_id, MCLIC_ID_SIZE),
			 "title", say_text(terms->title, MCLIC_TITLE_SIZE, title),
			 "publisher", say_hex(terms->publisher_id, MCLIC_ID_SIZE),
			 "kind", say_kind(terms->kind),
			 "content_version", (json_int_t)mclic_get32(terms->content_version),
			 "sequence", (json_int_t)mclic_get32(terms->sequence),
			 "km_generation", (json_int_t)mclic_get32(terms->km_generation),
			 "not_before", (json_int_t)mclic_get64(terms->not_before),
			 "not_after", (json_int_t)mclic_get64(terms->not_after),
			 "issued_at", (json_int_t)mclic_get64(terms->issued_at),
			 "features", (json_int_t)mclic_get64(terms->features));
}

/* A slot that does not parse has no terms to show. */
static json_t *slot_object(__u32 index, const struct mclic_slot *s, enum mclic_why form,
			   enum mclic_why why)
{
	json_t *o = form ? json_object() : say_terms(&s->terms);

	json_object_set_new(o, "slot", json_integer(index));
	json_object_set_new(o, "state", json_string(why ? mclic_why_name(why) : "valid"));
	json_object_set_new(o, "why", why ? json_string(mclic_why_text(why)) : json_null());
	return o;
}

int say_slots(struct target *t, json_t **slots)
{
	const struct mclic_crypto *c = mclic_openssl();
	__u8 *key = mclic_secret_alloc(MCLIC_KEY_SIZE);
	MCLIC_AUTO_JSON json_t *array = json_array();
	enum mclic_why form, why;
	struct mclic_slot s;
	int err = 0;
	__u32 i;

	if (!key || !array)
		err = mclic_fail(ENOMEM, "not enough memory");
	for (i = 1; !err && i + 1 < mclic_area_slots(t->area); i++) {
		err = mclic_area_read(t->area, i, &s);
		if (err)
			break;
		form = mclic_slot_check(c, &s);
		if (form == MCLIC_FREE)
			continue;
		why = mclic_slot_verdict(c, &t->sources, NULL, (__u64)time(NULL), &s, key);
		json_array_append_new(array, slot_object(i, &s, form, why));
	}
	mclic_secret_free(key, MCLIC_KEY_SIZE);
	if (!err) {
		*slots = array;
		array = NULL;
	}
	return err;
}
