// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * killat - kill a command at its N-th call that changes storage.
 *
 *	killat [-a] [-v] N COMMAND [ARGUMENT...]
 *
 * Counted are, over all threads and children: opening for creation or with truncation,
 * writes, fsync, rename, link, unlink, mkdir, truncate and their kin; writes and flushes
 * only where they go to a regular file, a directory or a block device. At the N-th,
 * every process of the command gets SIGKILL: before the call is made, or with -a when it
 * has returned. -v says on standard error which call it was. Signals that killat itself
 * gets (INT, TERM, HUP) are passed to the command. It waits for the last child, also for
 * one in the background.
 *
 * Exit status: 0 killed; 10 the command ended with status 0 before it came so far (its
 * calls are all tried); 11 it ended otherwise; 1 killat failed; 2 usage. So
 *
 *	n=1; while killat $n cmd; do check; n=$((n + 1)); done; [ $? = 10 ]
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLED		0
#define FAILED		1
#define USAGE		2
#define DONE		10
#define DONE_BADLY	11

#define TRACE_OPTIONS	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | \
			 PTRACE_O_TRACEVFORK | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL)

/* How a call tells whether it changes storage. */
enum how {
	ALWAYS,		/* by its name */
	BY_FD,		/* by what its first argument is open on */
	BY_FLAGS1,	/* by the open flags in this argument */
	BY_FLAGS2,
	BY_HOW,		/* by the flags that its third argument points at */
};

static const struct call {
	int nr;
	enum how how;
	const char *name;
} calls[] = {
#define CALL(name, how) { SYS_ ## name, how, #name }
	CALL(openat, BY_FLAGS2), CALL(openat2, BY_HOW),
	CALL(write, BY_FD), CALL(writev, BY_FD), CALL(pwrite64, BY_FD), CALL(pwritev, BY_FD),
	CALL(pwritev2, BY_FD), CALL(sendfile, BY_FD), CALL(fsync, BY_FD), CALL(fdatasync, BY_FD),
	CALL(sync_file_range, BY_FD), CALL(ftruncate, BY_FD), CALL(fallocate, BY_FD),
	CALL(copy_file_range, ALWAYS), CALL(splice, ALWAYS), CALL(syncfs, ALWAYS),
	CALL(sync, ALWAYS), CALL(truncate, ALWAYS), CALL(renameat2, ALWAYS),
	CALL(linkat, ALWAYS), CALL(unlinkat, ALWAYS), CALL(mkdirat, ALWAYS),
	CALL(symlinkat, ALWAYS), CALL(mknodat, ALWAYS), CALL(fchmod, ALWAYS),
	CALL(fchmodat, ALWAYS), CALL(fchown, ALWAYS), CALL(fchownat, ALWAYS),
	CALL(utimensat, ALWAYS), CALL(fsetxattr, ALWAYS), CALL(setxattr, ALWAYS),
#ifdef SYS_open		/* an old architecture, with the calls of before *at() */
	CALL(open, BY_FLAGS1), CALL(creat, ALWAYS), CALL(rename, ALWAYS), CALL(renameat, ALWAYS),
	CALL(link, ALWAYS), CALL(unlink, ALWAYS), CALL(mkdir, ALWAYS), CALL(rmdir, ALWAYS),
	CALL(symlink, ALWAYS), CALL(mknod, ALWAYS), CALL(chmod, ALWAYS), CALL(chown, ALWAYS),
	CALL(lchown, ALWAYS),
#endif
#undef CALL
};

#define CALLS	(sizeof(calls) / sizeof(calls[0]))

static pid_t command;

static void die(const char *what)
{
	fprintf(stderr, "killat: %s: %s\n", what, strerror(errno));
	exit(FAILED);
}

/* Stop at the calls of the table and at no other: the rest runs at full speed. */
static void install_filter(void)
{
	struct sock_filter code[CALLS + 3];
	struct sock_fprog program = { .len = CALLS + 3, .filter = code };
	size_t i;

	code[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					       offsetof(struct seccomp_data, nr));
	for (i = 0; i < CALLS; i++)
		code[1 + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							   (__u32)calls[i].nr,
							   (__u8)(CALLS - i), 0);
	code[CALLS + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[CALLS + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		die("seccomp");
}

static bool stores(pid_t tid, uint64_t fd)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", tid, (int)fd);
	return !stat(path, &st) && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ||
				    S_ISBLK(st.st_mode));
}

static bool creates(uint64_t flags)
{
	return flags & (O_CREAT | O_TRUNC) || (flags & O_TMPFILE) == O_TMPFILE;
}

static bool how_creates(pid_t tid, uint64_t address)
{
	struct open_how how = { 0 };
	struct iovec here = { &how, sizeof(how.flags) };
	struct iovec there = { (void *)(uintptr_t)address, sizeof(how.flags) };

	return process_vm_readv(tid, &here, 1, &there, 1, 0) == (ssize_t)sizeof(how.flags) &&
	       creates(how.flags);
}

/* The call that @tid is about to make, if it is one that counts. */
static const struct call *counted(pid_t tid)
{
	struct __ptrace_syscall_info info;
	const uint64_t *arg = info.seccomp.args;
	const struct call *c = NULL;
	size_t i;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_SECCOMP)
		return NULL;
	for (i = 0; i < CALLS && !c; i++)
		if (calls[i].nr == (int)info.seccomp.nr)
			c = &calls[i];
	if (!c)
		return NULL;
	switch (c->how) {
	case BY_FD:
		return stores(tid, arg[0]) ? c : NULL;
	case BY_FLAGS1:
		return creates(arg[1]) ? c : NULL;
	case BY_FLAGS2:
		return creates(arg[2]) ? c : NULL;
	case BY_HOW:
		return how_creates(tid, arg[2]) ? c : NULL;
	default:
		return c;
	}
}

/* ---- every process of the command, to kill them all ---- */

static pid_t *tracees;
static size_t tracee_count;

static void remember(pid_t tid)
{
	size_t i;

	for (i = 0; i < tracee_count; i++)
		if (tracees[i] == tid)
			return;
	tracees = reallocarray(tracees, tracee_count + 1, sizeof(*tracees));
	if (!tracees)
		die("memory");
	tracees[tracee_count++] = tid;
}

static void forget(pid_t tid)
{
	size_t i;

	for (i = 0; i < tracee_count; i++)
		if (tracees[i] == tid)
			tracees[i] = tracees[--tracee_count];
}

/* Kill them, new ones too that a clone under way still brings, and wait for the last. */
static void kill_all(void)
{
	int status;
	pid_t tid;
	size_t i;

	for (i = 0; i < tracee_count; i++)
		kill(tracees[i], SIGKILL);
	while ((tid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR)
		if (tid > 0 && WIFSTOPPED(status))
			kill(tid, SIGKILL);
}

static void pass_on(int sig)
{
	if (command > 0)
		kill(command, sig);
}

/* A command built with the address sanitizer cannot look for leaks while it is traced. */
static void no_leak_check(void)
{
	const char *options = getenv("ASAN_OPTIONS");
	char *all;

	if (asprintf(&all, "%s:detect_leaks=0", options ? options : "") < 0 ||
	    setenv("ASAN_OPTIONS", all, 1))
		die("memory");
	free(all);
}

static void start(char **argv)
{
	int gate[2];
	char go = 0;

	/* Orphans become our children, so that the last of them is waited for. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) || pipe2(gate, O_CLOEXEC))
		die("pipe");
	command = fork();
	if (command < 0)
		die("fork");
	if (!command) {
		close(gate[1]);
		if (read(gate[0], &go, 1) != 1)
			_exit(FAILED);
		no_leak_check();
		install_filter();
		execvp(argv[0], argv);
		die(argv[0]);
	}
	close(gate[0]);
	if (ptrace(PTRACE_SEIZE, command, 0, TRACE_OPTIONS))
		die("ptrace");
	remember(command);
	if (write(gate[1], &go, 1) != 1)
		die("pipe");
	close(gate[1]);
}

/* How a stopped thread goes on when nothing is to be done about it. */
static void resume(pid_t tid, int status)
{
	int event = status >> 16, sig = WSTOPSIG(status);

	if (event == PTRACE_EVENT_STOP && (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN ||
					   sig == SIGTTOU))
		ptrace(PTRACE_LISTEN, tid, 0, 0);
	else
		ptrace(PTRACE_CONT, tid, 0, event || sig == (SIGTRAP | 0x80) ? 0 : sig);
}

/* Until the N-th call, or the end of the command. */
static int run(unsigned long n, bool after, bool verbose)
{
	unsigned long count = 0;
	const struct call *c;
	int status, result = DONE_BADLY;
	pid_t tid, last = 0;

	for (;;) {
		tid = waitpid(-1, &status, __WALL);
		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			return result;
		if (!WIFSTOPPED(status)) {
			forget(tid);
			if (tid == command)
				result = WIFEXITED(status) && !WEXITSTATUS(status) ? DONE :
					 DONE_BADLY;
			continue;
		}
		remember(tid);
		if (last && tid == last && WSTOPSIG(status) == (SIGTRAP | 0x80))
			break;
		if (last || status >> 8 != (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) {
			resume(tid, status);
			continue;
		}
		c = counted(tid);
		if (!c || ++count != n) {
			ptrace(PTRACE_CONT, tid, 0, 0);
			continue;
		}
		if (verbose)
			fprintf(stderr, "killat: %lu: %s %s\n", n, after ? "after" : "before",
				c->name);
		if (!after)
			break;
		last = tid;
		ptrace(PTRACE_SYSCALL, tid, 0, 0);
	}
	kill_all();
	return KILLED;
}

int main(int argc, char **argv)
{
	struct sigaction pass = { .sa_handler = pass_on };
	bool after = false, verbose = false;
	unsigned long n;
	char *end;
	int opt;

	while ((opt = getopt(argc, argv, "+av")) != -1) {
		if (opt == 'a')
			after = true;
		else if (opt == 'v')
			verbose = true;
		else
			return USAGE;
	}
	if (argc - optind < 2) {
		fprintf(stderr, "Usage: killat [-a] [-v] N COMMAND [ARGUMENT...]\n");
		return USAGE;
	}
	n = strtoul(argv[optind], &end, 10);
	if (!n || *end) {
		fprintf(stderr, "killat: %s: a number from 1 on\n", argv[optind]);
		return USAGE;
	}
	start(argv + optind + 1);
	sigaction(SIGINT, &pass, NULL);
	sigaction(SIGTERM, &pass, NULL);
	sigaction(SIGHUP, &pass, NULL);
	return run(n, after, verbose);
}
