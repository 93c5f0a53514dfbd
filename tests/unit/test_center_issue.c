// SPDX-License-Identifier: GPL-2.0-or-later
/* issue.c, answer.c, revocation.c: clocks that jump, threads, and the same bytes again. */
#include "center_fixture.h"

#define THREADS	8

static struct scene scene;

static int setup(void **state)
{
	(void)state;
	scene_set(&scene);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scene_clear(&scene);
	return 0;
}

static enum problem issue_at(__u64 now, const struct mclic_request *q, struct mclic_response *r)
{
	struct issue_note note;

	return center_issue(scene.c, scene.db, now, q, sizeof(*q), r, &note);
}

/* A new licence at @now; when it says it was issued. */
static __u64 issued_at(__u64 now, __u8 nonce)
{
	struct mclic_request q = scene.q;
	struct mclic_response r;

	scene_sign(&scene, &q, nonce);
	assert_int_equal(issue_at(now, &q, &r), PROBLEM_NONE);
	assert_int_equal(mclic_get64(response_terms(&r)->not_after),
			 mclic_get64(response_terms(&r)->issued_at) + 30 * CENTER_DAY);
	return mclic_get64(response_terms(&r)->issued_at);
}

static void clock_never_goes_back(void **state)
{
	(void)state;
	assert_int_equal(issued_at(START + 10, 1), START + 10);
	assert_int_equal(issued_at(START + 5, 2), START + 10);
	assert_int_equal(issued_at(0, 3), START + 10);
	assert_int_equal(issued_at(START + 11, 4), START + 11);
	/* ten years ahead, and back */
	assert_int_equal(issued_at(START + 3650 * CENTER_DAY, 5), START + 3650 * CENTER_DAY);
	assert_int_equal(issued_at(START + 12, 6), START + 3650 * CENTER_DAY);
	/* also after a restart */
	scene_close(&scene);
	scene_open(&scene, START + 13);
	assert_int_equal(issued_at(START + 14, 7), START + 3650 * CENTER_DAY);
}

static void request_from_the_future(void **state)
{
	struct mclic_request q = scene.q;
	struct mclic_response r;

	(void)state;
	q.created_at = mclic_put64(START + CENTER_DAY + 1);
	scene_sign(&scene, &q, 1);
	assert_int_equal(issue_at(START, &q, &r), PROBLEM_CLOCK);
	assert_int_equal(count(scene.db, "SELECT count(*) FROM issues"), 0);
	/* the same bytes, when their time has come */
	assert_int_equal(issue_at(START + 1, &q, &r), PROBLEM_NONE);
	q.created_at = mclic_put64(UINT64_MAX);
	scene_sign(&scene, &q, 2);
	assert_int_equal(issue_at(START, &q, &r), PROBLEM_CLOCK);
}

static void same_bytes_at_any_time(void **state)
{
	struct mclic_request q = scene.q;
	struct mclic_response first, again;

	(void)state;
	scene_sign(&scene, &q, 1);
	assert_int_equal(issue_at(START, &q, &first), PROBLEM_NONE);
	assert_int_equal(issue_at(START + 1000, &q, &again), PROBLEM_NONE);
	assert_memory_equal(&first, &again, sizeof(first));
	scene_close(&scene);
	scene_open(&scene, START + 2000);
	assert_int_equal(issue_at(0, &q, &again), PROBLEM_NONE);
	assert_memory_equal(&first, &again, sizeof(first));
	assert_int_equal(count(scene.db, "SELECT count(*) FROM ledger"), 1);
	/* whatever becomes of the title */
	GOOD(db_run(scene.db, "UPDATE products SET price = 7, title = 'New', period_days = 1,"
		    " on_sale = 0", NULL));
	GOOD(db_run(scene.db, "INSERT INTO user_keys VALUES (?, 2, 1, 1)",
		    DB_ARGS(DB_ID(scene_user))));
	assert_int_equal(issue_at(START, &q, &again), PROBLEM_NONE);
	assert_memory_equal(&first, &again, sizeof(first));
}

/* ---- threads ---- */

struct asker {
	pthread_t thread;
	struct mclic_request q;
	struct mclic_response r;
	enum problem p;
};

static void *ask(void *arg)
{
	struct asker *a = arg;
	struct issue_note note;
	struct db *db;

	a->p = PROBLEM_INTERNAL;
	if (center_db(scene.c, &db))
		return NULL;
	a->p = center_issue(scene.c, db, START, &a->q, sizeof(a->q), &a->r, &note);
	db_close(db);
	return NULL;
}

static void ask_at_once(struct asker *a)
{
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&a[i].thread, NULL, ask, &a[i]), 0);
	for (i = 0; i < THREADS; i++) {
		pthread_join(a[i].thread, NULL);
		assert_int_equal(a[i].p, PROBLEM_NONE);
	}
}

static void one_request_in_many_threads(void **state)
{
	static struct asker a[THREADS];
	unsigned int i;

	(void)state;
	for (i = 0; i < THREADS; i++) {
		a[i].q = scene.q;
		scene_sign(&scene, &a[i].q, 1);
	}
	ask_at_once(a);
	for (i = 1; i < THREADS; i++)
		assert_memory_equal(&a[0].r, &a[i].r, sizeof(a[0].r));
	assert_int_equal(count(scene.db, "SELECT count(*) FROM ledger"), 1);
}

static void many_requests_in_many_threads(void **state)
{
	static struct asker a[THREADS];
	unsigned int i;

	(void)state;
	for (i = 0; i < THREADS; i++) {
		a[i].q = scene.q;
		scene_sign(&scene, &a[i].q, (__u8)i);
	}
	ask_at_once(a);
	assert_int_equal(count(scene.db, "SELECT count(DISTINCT licence_id) FROM ledger"), THREADS);
}

/* ---- revocation lists ---- */

static void list_at(__u64 now, struct center_list **list)
{
	GOOD(revocation_get(scene.c, scene.db, now, list));
}

static void return_licence(__u64 now, __u8 nonce)
{
	struct mclic_request q = scene.q;
	struct mclic_response r;

	scene_sign(&scene, &q, nonce);
	assert_int_equal(issue_at(now, &q, &r), PROBLEM_NONE);
	q.operation = MCLIC_OP_RETURN;
	memcpy(q.licence_id, response_terms(&r)->licence_id, MCLIC_ID_SIZE);
	q.sequence = mclic_put32(1);
	scene_sign(&scene, &q, nonce + 1);
	assert_int_equal(issue_at(now, &q, &r), PROBLEM_NONE);
}

static const struct mclic_revocation *head(const struct center_list *list)
{
	return (const struct mclic_revocation *)list->bytes;
}

static void list_numbers_only_rise(void **state)
{
	struct center_list *first, *second, *third;

	(void)state;
	list_at(START, &first);
	list_at(START + CENTER_LIST_LIFE - 1, &second);
	assert_int_equal(first->number, second->number);
	revocation_put(scene.c, second);
	return_licence(START + 5, 1);
	list_at(START + 6, &second);
	assert_int_equal(second->number, first->number + 1);
	assert_int_equal(mclic_get32(head(second)->count), 1);
	assert_int_equal(mclic_get64(head(second)->issued_at), START + 5);
	/* its time has passed */
	list_at(START + 5 + CENTER_LIST_LIFE, &third);
	assert_int_equal(third->number, second->number + 1);
	assert_int_equal(mclic_get64(head(third)->issued_at), START + 5 + CENTER_LIST_LIFE);
	revocation_put(scene.c, third);
	/* a clock that went back makes no older list */
	list_at(START, &third);
	assert_int_equal(third->number, second->number + 1);
	revocation_put(scene.c, first);
	revocation_put(scene.c, second);
	revocation_put(scene.c, third);
}

static void list_of_a_number_is_the_same(void **state)
{
	struct center_list *before, *after;

	(void)state;
	return_licence(START, 1);
	return_licence(START, 3);
	list_at(START + 9, &before);
	scene_close(&scene);
	scene_open(&scene, START + 10);
	list_at(START + 11, &after);
	assert_int_equal(before->len, after->len);
	assert_memory_equal(before->bytes, after->bytes, before->len);
	free(before);		/* its center is gone */
	revocation_put(scene.c, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(clock_never_goes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(request_from_the_future, setup, teardown),
		cmocka_unit_test_setup_teardown(same_bytes_at_any_time, setup, teardown),
		cmocka_unit_test_setup_teardown(one_request_in_many_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(many_requests_in_many_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(list_numbers_only_rise, setup, teardown),
		cmocka_unit_test_setup_teardown(list_of_a_number_is_the_same, setup, teardown),
	};

	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
