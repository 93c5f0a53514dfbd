// SPDX-License-Identifier: GPL-2.0-or-later
/* report.c, progress.c, secret.c: what people are told, and what nobody is. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <openssl/crypto.h>

#include "userspace/lib/libmclic.h"
#include "folder.h"

static void a_failure_leaves_its_sentence(void **state)
{
	(void)state;
	assert_int_equal(mclic_fail(ENOSPC, "%s: full by %d", "slot", 3), -ENOSPC);
	assert_string_equal(mclic_message(), "slot: full by 3");
	/* the last message may be part of the next */
	assert_int_equal(mclic_fail(EIO, "title: %s", mclic_message()), -EIO);
	assert_string_equal(mclic_message(), "title: slot: full by 3");
	/* no failure becomes a success because errno was not set */
	assert_int_equal(mclic_fail(0, "why?"), -EIO);
}

static void *fail_elsewhere(void *arg)
{
	*(bool *)arg = !*mclic_message();
	mclic_fail(EIO, "another thread's");
	return NULL;
}

static void each_thread_has_its_own(void **state)
{
	bool was_empty = false;
	pthread_t t;

	(void)state;
	mclic_fail(EIO, "mine");
	assert_int_equal(pthread_create(&t, NULL, fail_elsewhere, &was_empty), 0);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_true(was_empty);
	assert_string_equal(mclic_message(), "mine");
}

static void foreign_text_gives_no_orders(void **state)
{
	static const struct {
		const char *text, *want;
	} t[] = {
		{ "a\033[2Jb", "a?[2Jb" },
		{ "two\nlines\tof\rtext", "two lines of?text" },
		{ "C1 \xc2\x9b" "31m", "C1 ?31m" },
		{ "raw \x9b" "31m", "raw ?31m" },
		{ "del\x7f", "del?" },
		{ "\xe2\x80\xae" "desrever", "?desrever" },
		{ "\xe2\x81\xa6isolate", "?isolate" },
		{ "Zauberflöte ☃ 𝄞", "Zauberflöte ☃ 𝄞" },
		{ "cut \xe2\x82", "cut ??" },
		{ "overlong \xc0\xaf", "overlong ??" },
		{ "surrogate \xed\xa0\x80", "surrogate ???" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		json_t *j = mclic_json_clean(t[i].text);

		mclic_fail(EIO, "%s", t[i].text);
		assert_string_equal(mclic_message(), t[i].want);
		assert_string_equal(json_string_value(j), t[i].want);
		json_decref(j);
	}
}

static void a_long_message_is_cut(void **state)
{
	char text[5000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	mclic_fail(EIO, "%s", text);
	assert_int_equal(strlen(mclic_message()), 1023);
	/* also in the middle of a character, and it stays valid */
	memcpy(text + 1022, "☃", 3);
	mclic_fail(EIO, "%s", text);
	assert_int_equal(mclic_message()[1022], '?');
}

static void exit_statuses(void **state)
{
	(void)state;
	assert_int_equal(mclic_exit_status(0), MCLIC_EXIT_OK);
	assert_int_equal(mclic_exit_status(-EIO), MCLIC_EXIT_FAILED);
	assert_int_equal(mclic_exit_status(EIO), MCLIC_EXIT_FAILED);
	assert_int_equal(mclic_exit_status(-EACCES), MCLIC_EXIT_REFUSED);
	assert_int_equal(mclic_exit_status(-EPERM), MCLIC_EXIT_REFUSED);
	assert_int_equal(mclic_exit_status(-EMEDIUMTYPE), MCLIC_EXIT_REFUSED);
	assert_int_equal(mclic_exit_status(-ENOKEY), MCLIC_EXIT_REFUSED);
	assert_int_equal(mclic_exit_status(-EKEYREJECTED), MCLIC_EXIT_REFUSED);
	assert_int_equal(mclic_exit_status(-EKEYREVOKED), MCLIC_EXIT_REFUSED);
	assert_int_equal(mclic_exit_status(-EKEYEXPIRED), MCLIC_EXIT_REFUSED);
	assert_int_equal(mclic_exit_status(-EBADMSG), MCLIC_EXIT_DAMAGED);
	assert_string_equal(mclic_errno_name(-EMEDIUMTYPE), "EMEDIUMTYPE");
	assert_string_equal(mclic_errno_name(EBADMSG), "EBADMSG");
	assert_string_equal(mclic_errno_name(123456), "E?");
}

/* Run @what with @fd (1 or 2) going to a file; returns what was printed. */
static char *printed(int fd, int (*what)(void), int *result)
{
	int file = open(in_folder("printed"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	int saved = dup(fd);
	void *data;
	size_t len;

	fflush(NULL);
	assert_true(file >= 0 && saved >= 0 && dup2(file, fd) == fd);
	*result = what();
	fflush(NULL);
	dup2(saved, fd);
	close(saved);
	close(file);
	assert_int_equal(mclic_read_file(AT_FDCWD, in_folder("printed"), 100000, &data, &len), 0);
	return data;
}

static int report_same(void)
{
	return mclic_report(mclic_fail(ENOKEY, "no key for «%s»", "A\033c"), false);
}

static int report_other(void)
{
	mclic_fail(ENOKEY, "no key");
	return mclic_report(-ENOMEM, false);
}

static int report_nothing(void)
{
	return mclic_report(0, true) + mclic_report(0, false);
}

static int report_usage(void)
{
	return mclic_report(mclic_usage("--size wants a number, not %s", "x"), false);
}

/* Only what is noted last counts, and only for its own errno. */
static int report_after_usage(void)
{
	int err = mclic_usage("--size wants a number");

	return mclic_report(-EIO, false) + mclic_report(mclic_fail(-err, "no"), false);
}

static int report_json(void)
{
	return mclic_report(mclic_fail(EBADMSG, "block \"7\" of %s", "\xff\x1b"), true);
}

static int warn(void)
{
	mclic_warn("list is %s", "old\nfake: line");
	return 0;
}

static void expect_printed(int fd, int (*what)(void), int status, const char *want)
{
	char line[256];
	int result;
	char *got = printed(fd, what, &result);

	snprintf(line, sizeof(line), "%s%s%s", *want ? program_invocation_short_name : "",
		 *want ? ": " : "", want);
	assert_string_equal(got, line);
	assert_int_equal(result, status);
	free(got);
}

static void reports(void **state)
{
	(void)state;
	expect_printed(2, report_same, MCLIC_EXIT_REFUSED, "no key for «A?c»\n");
	expect_printed(2, report_other, MCLIC_EXIT_FAILED, "no key (Cannot allocate memory)\n");
	expect_printed(2, report_usage, MCLIC_EXIT_USAGE, "--size wants a number, not x\n");
	expect_printed(2, report_nothing, 0, "");
	expect_printed(1, report_nothing, 0, "");
	expect_printed(2, warn, 0, "warning: list is old fake: line\n");
}

static void reports_in_json(void **state)
{
	int status;
	char *got = printed(1, report_json, &status);
	json_t *j = json_loads(got, 0, NULL), *e = json_object_get(j, "error");

	(void)state;
	assert_int_equal(status, MCLIC_EXIT_DAMAGED);
	assert_string_equal(json_string_value(json_object_get(e, "message")),
			    "block \"7\" of ??");
	assert_string_equal(json_string_value(json_object_get(e, "errno")), "EBADMSG");
	assert_int_equal(json_integer_value(json_object_get(e, "status")), 4);
	json_decref(j);
	free(got);
}

static void usage_is_forgotten(void **state)
{
	int status;

	(void)state;
	free(printed(2, report_after_usage, &status));
	assert_int_equal(status, 2 * MCLIC_EXIT_FAILED);
}

static int print_to_full(void)
{
	return mclic_print_json(json_pack("{s:i}", "a", 1));
}

static void output_that_cannot_be_written_is_an_error(void **state)
{
	int saved = dup(1), full = open("/dev/full", O_WRONLY), err;

	(void)state;
	fflush(stdout);
	assert_true(full >= 0 && dup2(full, 1) == 1);
	err = print_to_full();
	dup2(saved, 1);
	close(saved);
	close(full);
	clearerr(stdout);
	assert_int_equal(err, -EIO);
}

static int progress_without_terminal(void)
{
	struct mclic_progress *p = mclic_progress_start("copying", 100);

	mclic_progress_add(p, 50);
	mclic_progress_end(p);
	return p != NULL;
}

static void no_progress_bar_without_a_terminal(void **state)
{
	(void)state;
	expect_printed(2, progress_without_terminal, 0, "");
}

static void a_progress_bar_on_a_terminal(void **state)
{
	int pty = posix_openpt(O_RDWR | O_NOCTTY), tty, saved, i;
	struct mclic_progress *p;
	char got[65536] = "";
	size_t used = 0;
	ssize_t n;

	(void)state;
	assert_true(pty >= 0 && !grantpt(pty) && !unlockpt(pty));
	tty = open(ptsname(pty), O_RDWR | O_NOCTTY);
	saved = dup(2);
	assert_true(tty >= 0 && dup2(tty, 2) == 2);
	p = mclic_progress_start("copying", 4096000);
	for (i = 0; i < 1000; i++)
		mclic_progress_add(p, 4096);
	mclic_progress_end(p);
	dup2(saved, 2);
	close(saved);
	assert_non_null(p);
	/* the terminal hands over piece by piece, and the line ends with the bar */
	while (!strchr(got, '\n')) {
		n = read(pty, got + used, sizeof(got) - 1 - used);
		assert_true(n > 0);
		used += (size_t)n;
		got[used] = '\0';
	}
	close(tty);
	close(pty);
	assert_non_null(strstr(got, "copying   0%"));
	assert_non_null(strstr(got, "copying 100%  3.9 MiB of 3.9 MiB"));
}

/* Status 0 when a secure process keeps what it promises. */
static int secure_child(void)
{
	struct rlimit core;
	__u8 *key;

	if (mclic_secure_process() || mclic_secure_process())
		return 1;
	if (prctl(PR_GET_DUMPABLE) || getrlimit(RLIMIT_CORE, &core) || core.rlim_cur ||
	    core.rlim_max)
		return 2;
	key = mclic_secret_alloc(MCLIC_KEY_SIZE);
	if (!key || !CRYPTO_secure_allocated(key) || !mclic_is_zero(key, MCLIC_KEY_SIZE))
		return 3;
	memset(key, 0x5a, MCLIC_KEY_SIZE);
	mclic_secret_free(key, MCLIC_KEY_SIZE);
	/* the heap wipes what it takes back: the same piece comes again, empty */
	key = mclic_secret_alloc(MCLIC_KEY_SIZE);
	if (!key || !mclic_is_zero(key, MCLIC_KEY_SIZE))
		return 4;
	mclic_secret_free(key, MCLIC_KEY_SIZE);
	mclic_secret_free(NULL, MCLIC_KEY_SIZE);
	return 0;
}

static void expect_child(int (*what)(void))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child)
		_exit(what());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void keys_lie_in_a_locked_heap(void **state)
{
	(void)state;
	expect_child(secure_child);
}

/* Where no memory may be locked, the process runs on, still not dumpable. */
static int unlockable_child(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_MEMLOCK, &none) ||
	    (!getuid() && (setgid(65534) || setuid(65534))))
		return 10;
	return secure_child();
}

static void it_goes_on_where_locking_is_not_permitted(void **state)
{
	(void)state;
	expect_child(unlockable_child);
}

/* More keys than the heap holds: refused, not put elsewhere. */
static int exhausting_child(void)
{
	size_t n = 0;

	if (mclic_secure_process())
		return 1;
	while (n < 1000000 && mclic_secret_alloc(MCLIC_KEY_SIZE))
		n++;
	return n > 1000 && n < 1000000 ? 0 : 2;
}

static void a_full_heap_gives_nothing(void **state)
{
	(void)state;
	expect_child(exhausting_child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_leaves_its_sentence),
		cmocka_unit_test(each_thread_has_its_own),
		cmocka_unit_test(foreign_text_gives_no_orders),
		cmocka_unit_test(a_long_message_is_cut),
		cmocka_unit_test(exit_statuses),
		cmocka_unit_test(reports),
		cmocka_unit_test(usage_is_forgotten),
		cmocka_unit_test(reports_in_json),
		cmocka_unit_test(output_that_cannot_be_written_is_an_error),
		cmocka_unit_test(no_progress_bar_without_a_terminal),
		cmocka_unit_test(a_progress_bar_on_a_terminal),
		cmocka_unit_test(keys_lie_in_a_locked_heap),
		cmocka_unit_test(it_goes_on_where_locking_is_not_permitted),
		cmocka_unit_test(a_full_heap_gives_nothing),
	};

	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
