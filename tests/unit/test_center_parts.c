// SPDX-License-Identifier: GPL-2.0-or-later
/* money.c, token.c, body.c, schema.c, db.c: the parts of a center. */
#include "center_fixture.h"

/* ---- money ---- */

static void amounts(void **state)
{
	static const struct {
		const char *text, *currency;
		__s64 amount;
		const char *again;
	} good[] = {
		{ "19.99", "EUR", 1999, "19.99 EUR" },
		{ "19.9", "EUR", 1990, "19.90 EUR" },
		{ "19", "EUR", 1900, "19.00 EUR" },
		{ "0", "EUR", 0, "0.00 EUR" },
		{ "0.05", "USD", 5, "0.05 USD" },
		{ "007", "EUR", 700, "7.00 EUR" },
		{ "1500", "JPY", 1500, "1500 JPY" },
		{ "1.234", "KWD", 1234, "1.234 KWD" },
		{ "9999999999999.99", "EUR", 999999999999999, "9999999999999.99 EUR" },
	};
	static const struct {
		const char *text, *currency;
	} bad[] = {
		{ "", "EUR" }, { ".", "EUR" }, { ".5", "EUR" }, { "5.", "EUR" }, { "1.999", "EUR" },
		{ "1.5", "JPY" }, { "-1", "EUR" }, { "+1", "EUR" }, { "1,5", "EUR" }, { "1e3", "EUR" },
		{ " 1", "EUR" }, { "1 ", "EUR" }, { "1.2.3", "EUR" }, { "0x10", "EUR" },
		{ "99999999999999999999999", "EUR" }, { "10000000000000000", "JPY" },
		{ "10000000000001", "EUR" }, { "1", "XXX" }, { "1", "eur" }, { "1", "EURO" },
		{ "1", "" }, { "1", "R U" }, { "1", "UR " }, { "1", "SDE" },
	};
	char text[MCLIC_MONEY_TEXT];
	__s64 amount;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		GOOD(mclic_money_parse(good[i].text, good[i].currency, &amount));
		assert_int_equal(amount, good[i].amount);
		assert_string_equal(mclic_money_text(amount, good[i].currency, text),
				    good[i].again);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (mclic_money_parse(bad[i].text, bad[i].currency, &amount) != -EINVAL)
			fail_msg("\"%s\" %s was accepted", bad[i].text, bad[i].currency);
	assert_string_equal(mclic_money_text(-5, "EUR", text), "-0.05 EUR");
	mclic_money_text(INT64_MIN, "EUR", text);
	assert_string_equal(text, "-92233720368547758.08 EUR");
}

/* ---- tokens ---- */

static void tokens(void **state)
{
	struct center c = { .id = "identifier of it" }, other = { .id = "another one's id" };
	char token[TOKEN_SIZE + 1], changed[TOKEN_SIZE + 2];
	__u8 hash[MCLIC_HASH_SIZE], again[MCLIC_HASH_SIZE];
	size_t i;

	(void)state;
	GOOD(token_make(&c, TOKEN_USER, token, hash));
	assert_int_equal(strlen(token), TOKEN_SIZE);
	assert_int_equal(token_hash(&c, TOKEN_USER, token, again), PROBLEM_NONE);
	assert_memory_equal(hash, again, sizeof(hash));
	assert_int_equal(token_hash(&c, TOKEN_PUBLISHER, token, again), PROBLEM_BAD_TOKEN);
	assert_int_equal(token_hash(&other, TOKEN_USER, token, again), PROBLEM_UNKNOWN_CENTER);
	assert_int_equal(token_hash(&c, TOKEN_USER, "", again), PROBLEM_BAD_TOKEN);
	/* any other byte is another token, or none */
	for (i = 0; i < TOKEN_SIZE; i++) {
		strcpy(changed, token);
		changed[i] = changed[i] == '0' ? '1' : '0';
		if (token_hash(&c, TOKEN_USER, changed, again) == PROBLEM_NONE)
			assert_memory_not_equal(hash, again, sizeof(hash));
		changed[i] = '\0';
		assert_int_equal(token_hash(&c, TOKEN_USER, changed, again), PROBLEM_BAD_TOKEN);
	}
	snprintf(changed, sizeof(changed), "%s0", token);
	assert_int_equal(token_hash(&c, TOKEN_USER, changed, again), PROBLEM_BAD_TOKEN);
}

/* ---- problems ---- */

static void problems(void **state)
{
	enum problem p;
	json_t *j;

	(void)state;
	for (p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++) {
		assert_non_null(problem_name(p));
		assert_in_range(problem_status(p), 400, 505);
		j = problem_json(p, "detail");
		assert_int_equal(json_integer_value(json_object_get(j, "status")),
				 problem_status(p));
		json_decref(j);
	}
	assert_int_equal(problem_of(0), PROBLEM_NONE);
	assert_int_equal(problem_of(-EBUSY), PROBLEM_BUSY);
	assert_int_equal(problem_of(-ENOSPC), PROBLEM_BUSY);
	assert_int_equal(problem_of(-EIO), PROBLEM_INTERNAL);
}

/* ---- the database ---- */

static void transactions(void **state)
{
	struct db *a, *b;

	(void)state;
	GOOD(db_open(in_folder("t.db"), true, NULL, &a));
	GOOD(db_open(in_folder("t.db"), false, NULL, &b));
	GOOD(db_script(a, "CREATE TABLE t (x INTEGER NOT NULL) STRICT"));
	GOOD(db_begin(a));
	assert_int_equal(db_run(a, "INSERT INTO t VALUES (?)", DB_ARGS(DB_INT(1))), 1);
	assert_int_equal(count(b, "SELECT count(*) FROM t"), 0);
	db_rollback(a);
	assert_int_equal(count(a, "SELECT count(*) FROM t"), 0);
	GOOD(db_begin(a));
	assert_int_equal(db_run(a, "INSERT INTO t VALUES (?)", DB_ARGS(DB_INT(1))), 1);
	GOOD(db_commit(a));
	assert_int_equal(count(b, "SELECT count(*) FROM t"), 1);
	/* a value of another type, and none */
	assert_int_equal(db_run(a, "INSERT INTO t VALUES (?)", DB_ARGS(DB_TEXT("x"))), -EEXIST);
	assert_int_equal(db_run(a, "INSERT INTO t VALUES (?)", DB_ARGS(DB_TEXT(NULL))), -EEXIST);
	/* a rollback without a transaction does nothing */
	db_rollback(a);
	db_close(b);
	db_close(a);
	db_close(NULL);
	assert_int_equal(db_open(in_folder("none.db"), false, NULL, &a), -ENOENT);
}

static void not_a_database(void **state)
{
	FILE *f = fopen(in_folder("text.db"), "w");
	struct db *db;

	(void)state;
	fputs("this is certainly not a database, whatever its name may say about it", f);
	fclose(f);
	assert_int_equal(db_open(in_folder("text.db"), false, NULL, &db), -EBADMSG);
}

static void schema(void **state)
{
	struct db *db;

	(void)state;
	GOOD(db_open(in_folder("s.db"), true, NULL, &db));
	assert_int_equal(schema_version(db), 0);
	assert_int_equal(schema_check(db), -ENOENT);
	/* undone, it is as if it had not been */
	GOOD(db_begin(db));
	GOOD(schema_migrate(db));
	db_rollback(db);
	assert_int_equal(schema_version(db), 0);
	GOOD(db_begin(db));
	GOOD(schema_migrate(db));
	GOOD(db_commit(db));
	GOOD(schema_check(db));
	GOOD(schema_migrate(db));
	assert_int_equal(count(db, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main'"
			       " AND type = 'table' AND name NOT LIKE 'sqlite%' AND NOT strict"), 0);
	GOOD(db_script(db, "PRAGMA user_version = 1000"));
	assert_int_equal(schema_check(db), -EPROTO);
	assert_int_equal(schema_migrate(db), -EPROTO);
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amounts),
		cmocka_unit_test(tokens),
		cmocka_unit_test(problems),
		cmocka_unit_test(transactions),
		cmocka_unit_test(not_a_database),
		cmocka_unit_test(schema),
	};

	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
