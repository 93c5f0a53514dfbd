// SPDX-License-Identifier: GPL-2.0-or-later
/* Titles: what a licence costs and grants, and whether it is sold. */
#include "ctl.h"

/* By DID, or by a title that only one publisher uses. */
static int find(struct ctl *t, __u8 did[MCLIC_ID_SIZE])
{
	DB_AUTO sqlite3_stmt *s = NULL;
	__u8 id[MCLIC_ID_SIZE];
	bool by_id = !mclic_unhex(t->argument, id, sizeof(id));
	int ret;

	ret = db_query(t->db, "SELECT did FROM products WHERE did = ?1 OR title = ?2"
		       " ORDER BY did = ?1 DESC LIMIT 2",
		       DB_ARGS(DB_BLOB(by_id ? id : NULL, sizeof(id)), DB_TEXT(t->argument)), &s);
	if (!ret)
		ret = db_step(t->db, s);
	if (ret < 0)
		return ret;
	if (!ret)
		return mclic_fail(ENOENT, "%s: no such title; mclicctl product list names them",
				  t->argument);
	ret = db_blob(s, 0, did, MCLIC_ID_SIZE);
	if (ret || (by_id && mclic_equal(did, id, sizeof(id))))
		return ret;
	ret = db_step(t->db, s);
	return ret > 0 ? mclic_fail(ENOTUNIQ, "%s: several publishers have this title; name the "
				    "DID instead", t->argument) : ret;
}

static int show(struct ctl *t, const __u8 did[MCLIC_ID_SIZE])
{
	json_t *product;
	int ret = catalogue_product(t->db, did, &product);

	return ret ? ret : print_record(t, product);
}

int product_show(struct ctl *t)
{
	__u8 did[MCLIC_ID_SIZE];
	int ret = find(t, did);

	return ret ? ret : show(t, did);
}

int product_list(struct ctl *t)
{
	static const struct column columns[] = {
		{ "DID", "did", COLUMN_PLAIN }, { "TITLE", "title", COLUMN_PLAIN },
		{ "PUBLISHER", "publisher_name", COLUMN_PLAIN }, { "PRICE", "price", COLUMN_MONEY },
		{ "DAYS", "period_days", COLUMN_PLAIN }, { "CLASS", "lowest_class", COLUMN_PLAIN },
		{ "KINDS", "kinds", COLUMN_PLAIN }, { "ON SALE", "on_sale", COLUMN_PLAIN },
		{ NULL, NULL, COLUMN_PLAIN },
	};
	json_t *products;
	int ret = catalogue_list(t->db, true, &products);

	return ret ? ret : print_table(t, "products", products, columns);
}

/** struct change - what "product set" is told; negative where it is not */
struct change {
	sqlite3_int64 period_days;
	sqlite3_int64 lowest_class;
	sqlite3_int64 kinds;
};

static int parse_kinds(const char *text, sqlite3_int64 *kinds)
{
	if (!strcmp(text, "portable"))
		*kinds = 1 << MCLIC_PORTABLE;
	else if (!strcmp(text, "personal"))
		*kinds = 1 << MCLIC_PERSONAL;
	else if (!strcmp(text, "portable,personal") || !strcmp(text, "personal,portable"))
		*kinds = 1 << MCLIC_PORTABLE | 1 << MCLIC_PERSONAL;
	else
		return mclic_usage("--kinds: portable, personal, or portable,personal expected, not %s",
				   text);
	return 0;
}

static int parse_change(const struct ctl *t, struct change *change)
{
	const char *period = ctl_option(t, CTL_PERIOD), *lowest = ctl_option(t, CTL_CLASS);
	const char *kinds = ctl_option(t, CTL_KINDS);
	int ret = 0;

	*change = (struct change){ -1, -1, -1 };
	if (!t->given)
		return mclic_usage("nothing to set: give --price, --currency, --period-days, "
				   "--lowest-class or --kinds");
	if (ctl_option(t, CTL_CURRENCY) && !ctl_option(t, CTL_PRICE))
		return mclic_usage("--currency: give --price too");
	if (period)
		ret = ctl_number(period, "--period-days", 0, 36500, &change->period_days);
	if (!ret && lowest)
		ret = ctl_number(lowest, "--lowest-class", 0, MCLIC_CLASS_MAX,
				 &change->lowest_class);
	if (!ret && kinds)
		ret = parse_kinds(kinds, &change->kinds);
	return ret;
}

/* ---- inside a transaction ---- */

static int set_price(struct ctl *t, const __u8 did[MCLIC_ID_SIZE], const char *price,
		     const char *currency)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	__s64 amount;
	int ret;

	if (!price)
		return 0;
	ret = db_query(t->db, "SELECT currency FROM products WHERE did = ?", DB_ARGS(DB_ID(did)),
		       &s);
	if (!ret)
		ret = db_step(t->db, s);
	if (ret < 0)
		return ret;
	if (!currency)
		currency = db_text(s, 0);
	ret = mclic_money_parse(price, currency, &amount);
	if (ret)
		return ret;
	ret = db_run(t->db, "UPDATE products SET price = ?, currency = ? WHERE did = ?",
		     DB_ARGS(DB_INT(amount), DB_TEXT(currency), DB_ID(did)));
	return ret < 0 ? ret : 0;
}

static int set(struct ctl *t, const __u8 did[MCLIC_ID_SIZE], const struct change *change)
{
	int ret;

	ret = set_price(t, did, ctl_option(t, CTL_PRICE), ctl_option(t, CTL_CURRENCY));
	if (!ret)
		ret = db_run(t->db, "UPDATE products SET"
			     " period_days = iif(?1 < 0, period_days, ?1),"
			     " lowest_class = iif(?2 < 0, lowest_class, ?2),"
			     " kinds = iif(?3 < 0, kinds, ?3) WHERE did = ?4",
			     DB_ARGS(DB_INT(change->period_days), DB_INT(change->lowest_class),
				     DB_INT(change->kinds), DB_ID(did)));
	return ret < 0 ? ret : 0;
}

static json_t *given_options(const struct ctl *t)
{
	return json_pack("{s:s*, s:s*, s:s*, s:s*, s:s*}",
			 "price", ctl_option(t, CTL_PRICE),
			 "currency", ctl_option(t, CTL_CURRENCY),
			 "period_days", ctl_option(t, CTL_PERIOD),
			 "lowest_class", ctl_option(t, CTL_CLASS),
			 "kinds", ctl_option(t, CTL_KINDS));
}

int product_set(struct ctl *t)
{
	__u8 did[MCLIC_ID_SIZE];
	struct change change;
	int ret;

	ret = parse_change(t, &change);
	if (!ret)
		ret = db_begin(t->db);
	if (ret)
		return ret;
	ret = find(t, did);
	if (!ret)
		ret = set(t, did, &change);
	if (!ret)
		ret = audit_id(t->db, t->now, t->actor, "title changed", did, given_options(t));
	ret = ctl_end(t, ret);
	return ret ? ret : show(t, did);
}

static int set_on_sale(struct ctl *t, bool on_sale)
{
	__u8 did[MCLIC_ID_SIZE];
	int ret;

	ret = db_begin(t->db);
	if (ret)
		return ret;
	ret = find(t, did);
	if (!ret)
		ret = db_run(t->db, "UPDATE products SET on_sale = ? WHERE did = ?",
			     DB_ARGS(DB_INT(on_sale), DB_ID(did)));
	if (ret >= 0)
		ret = audit_id(t->db, t->now, t->actor,
			       on_sale ? "title put on sale" : "title withdrawn", did, NULL);
	ret = ctl_end(t, ret);
	return ret ? ret : show(t, did);
}

int product_sell(struct ctl *t)
{
	return set_on_sale(t, true);
}

int product_withdraw(struct ctl *t)
{
	return set_on_sale(t, false);
}
