// SPDX-License-Identifier: GPL-2.0-or-later
/* files.c, encode.c, paths.c: whole files, confined paths, bytes as text. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "userspace/lib/libmclic.h"
#include "folder.h"

static unsigned int entries(const char *path)
{
	DIR *d = opendir(path);
	unsigned int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void expect_content(const char *path, const char *want)
{
	void *data;
	size_t len;

	assert_int_equal(mclic_read_file(AT_FDCWD, path, 1000, &data, &len), 0);
	assert_int_equal(len, strlen(want));
	assert_string_equal(data, want);
	free(data);
}

static void a_file_is_written_whole(void **state)
{
	const char *dir = in_folder("whole"), *path = in_folder("whole/file");
	struct stat st;

	(void)state;
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(mclic_write_file(AT_FDCWD, path, "one", 3, 0600), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	expect_content(path, "one");
	assert_int_equal(mclic_write_file(AT_FDCWD, path, "other", 5, 0600), 0);
	expect_content(path, "other");
	assert_int_equal(mclic_write_file(AT_FDCWD, path, NULL, 0, 0600), 0);
	expect_content(path, "");
	assert_int_equal(entries(dir), 1);
}

static void a_mode_is_exact(void **state)
{
	const char *path = in_folder("mode");
	mode_t mask = umask(077);
	struct stat st;

	(void)state;
	assert_int_equal(mclic_write_file(AT_FDCWD, path, "x", 1, 0644), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	umask(0);
	assert_int_equal(mclic_write_file(AT_FDCWD, path, "x", 1, 0600), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	umask(mask);
}

static void a_path_is_relative_to_its_folder(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(mkdir(in_folder("rel"), 0700), 0);
	fd = open(in_folder("rel"), O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	assert_int_equal(mclic_write_file(fd, "file", "x", 1, 0644), 0);
	expect_content(in_folder("rel/file"), "x");
	close(fd);
}

static void a_link_is_replaced_not_followed(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(mclic_write_file(AT_FDCWD, in_folder("aim"), "aim", 3, 0600), 0);
	assert_int_equal(symlink("aim", in_folder("link")), 0);
	assert_int_equal(mclic_write_file(AT_FDCWD, in_folder("link"), "new", 3, 0600), 0);
	assert_int_equal(lstat(in_folder("link"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	expect_content(in_folder("aim"), "aim");
}

static void create_does_not_replace(void **state)
{
	const char *path = in_folder("create/file");

	(void)state;
	assert_int_equal(mkdir(in_folder("create"), 0700), 0);
	assert_int_equal(mclic_create_file(AT_FDCWD, path, "first", 5, 0600), 0);
	assert_int_equal(mclic_create_file(AT_FDCWD, path, "second", 6, 0600), -EEXIST);
	expect_content(path, "first");
	assert_int_equal(entries(in_folder("create")), 1);
}

/* A write that fails midway: the old file stands, nothing else is there. */
static void a_failed_write_leaves_the_old_file(void **state)
{
	const char *path = in_folder("full/file");
	static const char big[65536];
	struct rlimit was, small;
	int err;

	(void)state;
	assert_int_equal(mkdir(in_folder("full"), 0700), 0);
	assert_int_equal(mclic_write_file(AT_FDCWD, path, "old", 3, 0600), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = (struct rlimit){ 4096, was.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	err = mclic_write_file(AT_FDCWD, path, big, sizeof(big), 0600);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(err, -EFBIG);
	assert_non_null(strstr(mclic_message(), path));
	expect_content(path, "old");
	assert_int_equal(entries(in_folder("full")), 1);
}

static void leave(const char *path, int *fd)
{
	*fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(*fd >= 0);
	assert_int_equal(write(*fd, "key", 3), 3);
}

/* What a killed writer left goes with the next write; what one is writing stays. */
static void what_was_left_behind_is_removed(void **state)
{
	const char *mine = in_folder("left/.mclic-0123456789abcdef");
	const char *busy = in_folder("left/.mclic-fedcba9876543210");
	const char *other = in_folder("left/.mclic-0123456789abcdef0");
	const char *link = in_folder("left/.mclic-aaaaaaaaaaaaaaaa");
	int fd[3];

	(void)state;
	assert_int_equal(mkdir(in_folder("left"), 0700), 0);
	leave(mine, &fd[0]);
	leave(busy, &fd[1]);
	leave(other, &fd[2]);
	assert_int_equal(symlink("file", link), 0);
	assert_int_equal(flock(fd[1], LOCK_EX), 0);
	assert_int_equal(mclic_create_file(AT_FDCWD, in_folder("left/file"), "x", 1, 0600), 0);
	assert_int_equal(access(mine, F_OK), -1);
	assert_int_equal(access(busy, F_OK), 0);
	assert_int_equal(access(other, F_OK), 0);
	assert_int_equal(access(link, F_OK), 0);
	close(fd[1]);
	assert_int_equal(mclic_write_file(AT_FDCWD, in_folder("left/file"), "y", 1, 0600), 0);
	assert_int_equal(access(busy, F_OK), -1);
	expect_content(in_folder("left/file"), "y");
	close(fd[0]);
	close(fd[2]);
}

#define WRITERS	8
#define WRITES	200

/* Nobody takes another's file for one that was left behind. */
static void many_write_into_one_folder(void **state)
{
	int w, i, status;

	(void)state;
	assert_int_equal(mkdir(in_folder("many"), 0700), 0);
	for (w = 0; w < WRITERS; w++) {
		if (!fork()) {
			const char *path = in_folder(w & 1 ? "many/odd" : "many/even");
			int err = 0;

			for (i = 0; i < WRITES && !err; i++)
				err = mclic_write_file(AT_FDCWD, path, path, strlen(path), 0600);
			_exit(err ? 1 : 0);
		}
	}
	for (w = 0; w < WRITERS; w++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(entries(in_folder("many")), 2);
	expect_content(in_folder("many/odd"), in_folder("many/odd"));
}

static void what_is_no_file_name_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_folder("dir"), 0700), 0);
	assert_int_equal(mclic_write_file(AT_FDCWD, in_folder("dir/"), "x", 1, 0600), -EISDIR);
	assert_int_equal(mclic_write_file(AT_FDCWD, in_folder("none/x"), "x", 1, 0600), -ENOENT);
	assert_int_equal(mclic_write_file(AT_FDCWD, in_folder("dir"), "x", 1, 0600), -EISDIR);
	assert_int_equal(entries(in_folder("dir")), 0);
}

static void a_file_is_read_up_to_its_limit(void **state)
{
	const char *path = in_folder("limit");
	void *data;
	size_t len;

	(void)state;
	assert_int_equal(mclic_write_file(AT_FDCWD, path, "12345678", 8, 0600), 0);
	assert_int_equal(mclic_read_file(AT_FDCWD, path, 7, &data, &len), -EFBIG);
	assert_null(data);
	assert_int_equal(mclic_read_file(AT_FDCWD, path, 8, &data, &len), 0);
	assert_int_equal(len, 8);
	free(data);
	assert_int_equal(mclic_read_file(AT_FDCWD, in_folder("absent"), 8, &data, &len), -ENOENT);
	assert_int_equal(mclic_read_file(AT_FDCWD, folder, 8, &data, &len), -EISDIR);
	/* a file that has no size until it is read */
	assert_int_equal(mclic_read_file(AT_FDCWD, "/proc/self/status", 100000, &data, &len), 0);
	assert_true(len > 100);
	assert_int_equal(((char *)data)[len], 0);
	free(data);
}

static void a_pipe_is_read_whole(void **state)
{
	static char big[300000];
	void *data;
	size_t len, i;
	int p[2];
	pid_t child;

	(void)state;
	for (i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7 >> 3);
	assert_int_equal(pipe(p), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		for (i = 0; i < sizeof(big);) {
			ssize_t n = write(p[1], big + i, sizeof(big) - i);

			if (n <= 0)
				_exit(1);
			i += (size_t)n;
		}
		_exit(0);
	}
	close(p[1]);
	assert_int_equal(mclic_read_fd(p[0], "pipe", sizeof(big), &data, &len), 0);
	assert_int_equal(len, sizeof(big));
	assert_memory_equal(data, big, sizeof(big));
	free(data);
	close(p[0]);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void folders_are_made_down_the_path(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(mclic_mkdirs(in_folder("a/b//c/"), 0700), 0);
	assert_int_equal(stat(in_folder("a/b/c"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(mclic_mkdirs(in_folder("a/b/c"), 0700), 0);
	assert_int_equal(mclic_write_file(AT_FDCWD, in_folder("a/file"), "", 0, 0600), 0);
	assert_int_equal(mclic_mkdirs(in_folder("a/file"), 0700), -ENOTDIR);
	assert_int_equal(mclic_mkdirs(in_folder("a/file/x"), 0700), -ENOTDIR);
	assert_int_equal(mclic_mkdirs("/", 0700), 0);
}

static void nothing_opens_outside(void **state)
{
	int dir, fd;

	(void)state;
	assert_int_equal(mclic_mkdirs(in_folder("in/sub"), 0700), 0);
	assert_int_equal(mclic_write_file(AT_FDCWD, in_folder("secret"), "s", 1, 0600), 0);
	assert_int_equal(symlink("../secret", in_folder("in/out")), 0);
	assert_int_equal(symlink("sub", in_folder("in/hop")), 0);
	dir = open(in_folder("in"), O_RDONLY | O_DIRECTORY);
	assert_true(dir >= 0);
	assert_int_equal(mclic_open_beneath(dir, "../secret", O_RDONLY, 0), -EXDEV);
	assert_int_equal(mclic_open_beneath(dir, "sub/../../secret", O_RDONLY, 0), -EXDEV);
	assert_int_equal(mclic_open_beneath(dir, "/etc/passwd", O_RDONLY, 0), -EXDEV);
	assert_int_equal(mclic_open_beneath(dir, "out", O_RDONLY, 0), -ELOOP);
	assert_int_equal(mclic_open_beneath(dir, "hop/x", O_CREAT | O_WRONLY, 0600), -ELOOP);
	fd = mclic_open_beneath(dir, "sub/new", O_CREAT | O_EXCL | O_WRONLY, 0640);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	/* a mode without O_CREAT would be refused by the system call */
	fd = mclic_open_beneath(dir, "sub", O_RDONLY | O_DIRECTORY, 0700);
	assert_true(fd >= 0);
	close(fd);
	close(dir);
}

static void bytes_go_where_they_are_told(void **state)
{
	char got[8] = "";
	int fd = open(in_folder("bytes"), O_RDWR | O_CREAT, 0600);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(mclic_pwrite_full(fd, "abcdef", 6, 2), 0);
	assert_int_equal(mclic_pread_full(fd, got, 4, 2), 4);
	assert_memory_equal(got, "abcd", 4);
	assert_int_equal(mclic_pread_full(fd, got, 8, 6), 2);
	assert_int_equal(mclic_pread_full(fd, got, 8, 100), 0);
	close(fd);
	assert_int_equal(mclic_pread_full(fd, got, 8, 0), -EBADF);
	assert_int_equal(mclic_pwrite_full(fd, got, 8, 0), -EBADF);
}

static void hexadecimal(void **state)
{
	__u8 b[3];
	char text[7];

	(void)state;
	assert_string_equal(mclic_hex("\x00\xab\xff", 3, text), "00abff");
	assert_int_equal(mclic_unhex("00aBFf", b, 3), 0);
	assert_memory_equal(b, "\x00\xab\xff", 3);
	assert_int_equal(mclic_unhex("00abf", b, 3), -EINVAL);
	assert_int_equal(mclic_unhex("00abff0", b, 3), -EINVAL);
	assert_int_equal(mclic_unhex("00abfg", b, 3), -EINVAL);
	assert_int_equal(mclic_unhex(" 0abff", b, 3), -EINVAL);
	assert_int_equal(mclic_unhex("", b, 3), -EINVAL);
	assert_int_equal(mclic_unhex("", b, 0), 0);
}

/* RFC 4648, section 10 */
static void base64(void **state)
{
	static const char * const vector[][2] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
	};
	static const char * const bad[] = {
		"Zm9vYg", "Zm9vYg=", "Zm9vYh==", "Zm9v\nYg", " Zm9vYg=", "Zm9v-_==", "Zm9v====",
		"Zm9vYg==Zg==", "====Zm9v", "",
	};
	__u8 got[8];
	size_t i;
	char *text;

	(void)state;
	for (i = 0; i < sizeof(vector) / sizeof(vector[0]); i++) {
		size_t n = strlen(vector[i][0]);

		text = mclic_base64(vector[i][0], n);
		assert_string_equal(text, vector[i][1]);
		free(text);
		assert_int_equal(mclic_unbase64(vector[i][1], got, n), 0);
		assert_memory_equal(got, vector[i][0], n);
		assert_int_equal(mclic_unbase64(vector[i][1], got, n + 1), -EINVAL);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(mclic_unbase64(bad[i], got, 4), -EINVAL);
}

static void a_token_is_taken_and_wiped(void **state)
{
	char arg[] = " mclic-u-1234 ", at[PATH_MAX], empty[] = "  ", plain[] = "-";
	static const char zero[sizeof(arg)];
	char *token;
	int p[2], saved;

	(void)state;
	assert_int_equal(mclic_read_token(arg, &token), 0);
	assert_string_equal(token, "mclic-u-1234");
	assert_memory_equal(arg, zero, sizeof(arg));
	free(token);
	assert_int_equal(mclic_read_token(empty, &token), -EINVAL);
	assert_null(token);

	assert_int_equal(mclic_write_file(AT_FDCWD, in_folder("token"), "abc\r\n", 5, 0600), 0);
	snprintf(at, sizeof(at), "@%s", in_folder("token"));
	assert_int_equal(mclic_read_token(at, &token), 0);
	assert_string_equal(token, "abc");
	free(token);
	assert_int_equal(mclic_write_file(AT_FDCWD, in_folder("token"), "a\0b", 3, 0600), 0);
	assert_int_equal(mclic_read_token(at, &token), -EINVAL);
	assert_int_equal(unlink(in_folder("token")), 0);
	assert_int_equal(mclic_read_token(at, &token), -ENOENT);

	saved = dup(0);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], "piped\n", 6), 6);
	close(p[1]);
	dup2(p[0], 0);
	assert_int_equal(mclic_read_token(plain, &token), 0);
	assert_string_equal(token, "piped");
	free(token);
	dup2(saved, 0);
	close(saved);
	close(p[0]);
}

static void random_bytes_differ(void **state)
{
	__u8 a[32], b[32];

	(void)state;
	assert_int_equal(mclic_random(a, sizeof(a)), 0);
	assert_int_equal(mclic_random(b, sizeof(b)), 0);
	assert_memory_not_equal(a, b, sizeof(a));
}

static void a_users_folders(void **state)
{
	char want[PATH_MAX];
	struct stat st;
	char *path;

	(void)state;
	setenv("HOME", in_folder("home"), 1);
	unsetenv("XDG_CONFIG_HOME");
	setenv("XDG_STATE_HOME", "relative/is/ignored", 1);
	snprintf(want, sizeof(want), "%s/home/.config/mclic/centers", folder);
	path = mclic_config_path("centers");
	assert_string_equal(path, want);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	free(path);
	snprintf(want, sizeof(want), "%s/home/.local/state/mclic", folder);
	path = mclic_state_path(NULL);
	assert_string_equal(path, want);
	free(path);
	setenv("XDG_STATE_HOME", in_folder("xdg"), 1);
	snprintf(want, sizeof(want), "%s/xdg/mclic/x", folder);
	path = mclic_state_path("x");
	assert_string_equal(path, want);
	free(path);
	unsetenv("HOME");
	assert_null(mclic_config_path(NULL));
	assert_non_null(strstr(mclic_message(), "HOME"));
}

/* A process that cannot be dumped has a /proc/self that is not its own. */
static void files_work_in_a_secure_process(void **state)
{
	pid_t child;
	int status;

	(void)state;
	assert_int_equal(mclic_mkdirs(in_folder("user"), 0777), 0);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(chmod(in_folder("user"), 0777), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		int dir, fd;

		if (mclic_secure_process() || (!getuid() && (setgid(65534) || setuid(65534))) ||
		    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
			_exit(1);
		if (mclic_create_file(AT_FDCWD, in_folder("user/file"), "x", 1, 0600))
			_exit(2);
		dir = open(in_folder("user"), O_RDONLY | O_DIRECTORY);
		fd = dir < 0 ? -1 : mclic_open_beneath(dir, "file", O_RDONLY, 0);
		_exit(fd < 0 ? 3 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_written_whole),
		cmocka_unit_test(a_mode_is_exact),
		cmocka_unit_test(a_path_is_relative_to_its_folder),
		cmocka_unit_test(a_link_is_replaced_not_followed),
		cmocka_unit_test(create_does_not_replace),
		cmocka_unit_test(a_failed_write_leaves_the_old_file),
		cmocka_unit_test(what_was_left_behind_is_removed),
		cmocka_unit_test(many_write_into_one_folder),
		cmocka_unit_test(what_is_no_file_name_is_refused),
		cmocka_unit_test(a_file_is_read_up_to_its_limit),
		cmocka_unit_test(a_pipe_is_read_whole),
		cmocka_unit_test(folders_are_made_down_the_path),
		cmocka_unit_test(nothing_opens_outside),
		cmocka_unit_test(bytes_go_where_they_are_told),
		cmocka_unit_test(hexadecimal),
		cmocka_unit_test(base64),
		cmocka_unit_test(a_token_is_taken_and_wiped),
		cmocka_unit_test(random_bytes_differ),
		cmocka_unit_test(a_users_folders),
		cmocka_unit_test(files_work_in_a_secure_process),
	};

	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
