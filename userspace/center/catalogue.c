// SPDX-License-Identifier: GPL-2.0-or-later
/* The contents identifier file (element 33 of the patent), as clients see it. */
#include "userspace/center/center.h"

#define CATALOGUE_COLUMNS \
	"SELECT p.did, p.title, b.publisher_id, b.name, p.price, p.currency, p.period_days," \
	" p.lowest_class, p.kinds, p.on_sale FROM products p JOIN publishers b USING (publisher) "

static json_t *catalogue_kinds(int bits)
{
	json_t *kinds = json_array();

	if (bits & 1 << MCLIC_PORTABLE)
		json_array_append_new(kinds, json_string("portable"));
	if (bits & 1 << MCLIC_PERSONAL)
		json_array_append_new(kinds, json_string("personal"));
	return kinds;
}

static int catalogue_versions(struct db *db, const void *did, json_t *versions)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(db, "SELECT content_version, km_generation FROM product_versions"
		       " WHERE did = ? ORDER BY content_version", DB_ARGS(DB_ID(did)), &s);
	if (ret)
		return ret;
	while ((ret = db_step(db, s)) > 0)
		json_array_append_new(versions, json_pack("{s:o, s:o}",
				      "content_version", db_json_int(s, 0),
				      "km_generation", db_json_int(s, 1)));
	return ret;
}

static int catalogue_row(struct db *db, sqlite3_stmt *s, json_t **product)
{
	json_t *versions = json_array();
	int ret = catalogue_versions(db, sqlite3_column_blob(s, 0), versions);

	if (ret < 0) {
		json_decref(versions);
		return ret;
	}
	*product = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o}",
			     "did", db_hex(s, 0), "title", db_json_text(s, 1),
			     "publisher", db_hex(s, 2), "publisher_name", db_json_text(s, 3),
			     "price", db_json_int(s, 4), "currency", db_json_text(s, 5),
			     "period_days", db_json_int(s, 6),
			     "lowest_class", db_json_int(s, 7),
			     "kinds", catalogue_kinds(sqlite3_column_int(s, 8)),
			     "on_sale", sqlite3_column_int(s, 9), "versions", versions);
	return *product ? 0 : mclic_fail(ENOMEM, "not enough memory for a title");
}

int catalogue_product(struct db *db, const __u8 did[MCLIC_ID_SIZE], json_t **product)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	int ret;

	ret = db_query(db, CATALOGUE_COLUMNS "WHERE p.did = ?", DB_ARGS(DB_ID(did)), &s);
	if (!ret)
		ret = db_step(db, s);
	if (ret < 0)
		return ret;
	return ret ? catalogue_row(db, s, product) : mclic_fail(ENOENT, "no title has this DID");
}

int catalogue_list(struct db *db, bool all, json_t **products)
{
	DB_AUTO sqlite3_stmt *s = NULL;
	json_t *list, *product;
	int ret;

	ret = db_query(db, CATALOGUE_COLUMNS "WHERE p.on_sale OR ? ORDER BY p.title, p.did",
		       DB_ARGS(DB_INT(all)), &s);
	if (ret)
		return ret;
	list = json_array();
	while ((ret = db_step(db, s)) > 0) {
		ret = catalogue_row(db, s, &product);
		if (ret)
			break;
		json_array_append_new(list, product);
	}
	if (ret < 0)
		json_decref(list);
	else
		*products = list;
	return ret;
}
