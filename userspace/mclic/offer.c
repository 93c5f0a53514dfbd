// SPDX-License-Identifier: GPL-2.0-or-later
/* What the license center says of a title, before a licence of it is bought. */

#include "mclic.h"

static int bad_offer(const struct mclic_account *a)
{
	return mclic_fail(EPROTO, "%s: what the license center says of the title is not usable; nothing was asked for",
			  a->url);
}

/* Something to show. */
static bool word(const char *text)
{
	return *text && mclic_text_ok(text, strlen(text));
}

static int parse(const struct mclic_account *a, const struct mclic_reply *r, struct offer *offer)
{
	MCLIC_AUTO_JSON json_t *j = json_loadb(r->body, r->len, JSON_REJECT_DUPLICATES, NULL);
	const char *title = mclic_json_text(j, "title");
	const char *publisher = mclic_json_text(j, "publisher_name");
	const char *currency = mclic_json_text(j, "currency");
	const json_t *price = json_object_get(j, "price");

	if (mclic_unhex(mclic_json_text(j, "publisher"), offer->publisher_id, MCLIC_ID_SIZE) ||
	    !word(title) || !word(publisher) || !word(currency) || !json_is_integer(price))
		return bad_offer(a);
	mclic_money_text(json_integer_value(price), currency, offer->price);
	offer->json = json_pack("{s:s, s:s, s:O, s:s}", "title", title, "publisher", publisher,
				"price", price, "currency", currency);
	return offer->json ? 0 : mclic_fail(ENOMEM, "not enough memory");
}

int offer_get(const struct mclic_account *a, const __u8 did[MCLIC_ID_SIZE], struct offer *offer)
{
	char hex[2 * MCLIC_ID_SIZE + 1], path[64];
	struct mclic_reply r = { 0 };
	int err;

	snprintf(path, sizeof(path), "/v1/products/%s", mclic_hex(did, MCLIC_ID_SIZE, hex));
	err = mclic_http(a, "GET", path, NULL, NULL, 0, NULL, &r);
	if (err)
		return err;
	err = parse(a, &r, offer);
	mclic_reply_free(&r);
	return err;
}

void offer_say(const struct options *o, const char *what, const struct offer *offer)
{
	if (o->json)
		return;
	mclic_say("%s of \"%s\" by %s: %s", what, mclic_json_text(offer->json, "title"),
		  mclic_json_text(offer->json, "publisher"), offer->price);
	fflush(stdout);
}

void offer_drop(struct offer *offer)
{
	json_decref(offer->json);
	offer->json = NULL;
}
