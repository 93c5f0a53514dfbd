// SPDX-License-Identifier: GPL-2.0-or-later
/* mclicfs-fuse: from the command line to the mount, and back. */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mclicfs.h"

#define THREADS_MIN	4u
#define THREADS_MAX	16u
#define STOPPED_EVERY_MS	10	/* look whether threads have ended */

/* ---- background: the first process waits until the mount works ---- */

/* Return: the descriptor to tell the waiting process by; it does not return there. */
static int into_background(void)
{
	int ends[2], status = MCLIC_EXIT_FAILED;
	char done;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return mclic_fail(errno, "cannot go to the background: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		return mclic_fail(errno, "cannot go to the background: %s", strerror(errno));
	if (!pid) {
		close(ends[0]);
		return ends[1];
	}
	close(ends[1]);
	if (read(ends[0], &done, 1) == 1)
		_exit(MCLIC_EXIT_OK);
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	_exit(MCLIC_EXIT_FAILED);
}

/* Let the waiting process go, and the terminal and the working directory with it. */
static int leave_terminal(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || setsid() < 0 || chdir("/"))
		return mclic_fail(errno, "cannot go to the background: %s", strerror(errno));
	log_start();
	if (write(fd, "", 1) != 1)
		return mclic_fail(errno, "the program that started this one is gone");
	close(fd);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	close(null);
	return 0;
}

/* ---- the session ---- */

static int add_source(struct fuse_args *args)
{
	char *opts = NULL, *name;
	int err;

	if (asprintf(&name, "fsname=%s", mnt.source) < 0)
		return -ENOMEM;
	err = fuse_opt_add_opt_escaped(&opts, name) || fuse_opt_add_arg(args, "-o") ||
	      fuse_opt_add_arg(args, opts);
	free(name);
	free(opts);
	return err ? -ENOMEM : 0;
}

static int add_arg(struct fuse_args *args, const char *arg)
{
	return fuse_opt_add_arg(args, "-o") || fuse_opt_add_arg(args, arg) ? -ENOMEM : 0;
}

/*
 * What LOWER's mount refuses is refused here: behind what was asked for, because mount.fuse3
 * asks for suid and dev where fstab says nothing.
 */
static int add_refused(struct fuse_args *args)
{
	int err = 0;

	if (mnt.lower_flags & ST_NOSUID)
		err = add_arg(args, "nosuid");
	if (!err && mnt.lower_flags & ST_NODEV)
		err = add_arg(args, "nodev");
	if (!err && mnt.lower_flags & ST_NOEXEC)
		err = add_arg(args, "noexec");
	return err;
}

static int make_args(const struct options *o, struct fuse_args *args)
{
	int err;

	mnt.shared = mnt.as_root || options_has(o, "allow_other") || options_has(o, "allow_root");
	err = fuse_opt_add_arg(args, "mclicfs-fuse") ? -ENOMEM : add_source(args);

	if (!err && o->mount)
		err = add_arg(args, o->mount);
	/* Behind what was asked for: by its type a mount is known here, and in fstab. */
	if (!err)
		err = add_arg(args, "subtype=mclicfs-fuse");
	if (!err && mnt.as_root && !options_has(o, "allow_root"))
		err = add_arg(args, "allow_other");
	/* The kernel must judge for others: here they would all be the mounting user. */
	if (!err && mnt.shared)
		err = add_arg(args, "default_permissions");
	if (!err)
		err = add_refused(args);
	if (!err && o->debug)
		err = fuse_opt_add_arg(args, "-d") ? -ENOMEM : 0;
	return err ? mclic_fail(ENOMEM, "not enough memory") : 0;
}

static int make_session(const struct options *o)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	int err = make_args(o, &args);

	if (!err) {
		mnt.se = fuse_session_new(&args, &mclicfs_ops, sizeof(mclicfs_ops), NULL);
		if (!mnt.se)
			err = mclic_usage("the mount options are not all understood; see "
					  "mclicfs-fuse --help");
	}
	fuse_opt_free_args(&args);
	return err;
}

/*
 * The kernel's first request settles what both sides can do. It is answered here, so
 * that a mount that cannot work fails before anybody is told that it does.
 */
static int first_request(void)
{
	struct fuse_buf buf = { .mem = NULL };
	int n;

	do
		n = fuse_session_receive_buf(mnt.se, &buf);
	while (n == -EINTR && !fuse_session_exited(mnt.se));
	if (n > 0)
		fuse_session_process_buf(mnt.se, &buf);
	free(buf.mem);
	if (n <= 0 || fuse_session_exited(mnt.se))
		return mclic_fail(n < 0 ? -n : ECONNABORTED, "%s: the mount ended at once", mnt.dir);
	return 0;
}

/*
 * The kernel wakes those that wait in turn, so each thread more than are needed finds
 * colder caches. None ends when it has nothing to do: making the next one costs more.
 */
static unsigned int threads(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int n = cores > 0 ? (unsigned int)cores + 2 : THREADS_MIN;

	if (n < THREADS_MIN)
		return THREADS_MIN;
	return n < THREADS_MAX ? n : THREADS_MAX;
}

static int loop(void)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	unsigned int n = threads();
	int err;

	if (!config)
		return mclic_fail(ENOMEM, "not enough memory");
	fuse_loop_cfg_set_clone_fd(config, !access("/dev/fuse", R_OK | W_OK));
	fuse_loop_cfg_set_max_threads(config, n);
	fuse_loop_cfg_set_idle_threads(config, n);
	err = fuse_session_loop_mt(mnt.se, config);
	fuse_loop_cfg_destroy(config);
	/* A signal's number: the usual way to end a file system. */
	return err < 0 ? mclic_fail(-err, "%s: %s", mnt.dir, strerror(-err)) : 0;
}

static void *stop_threads(void *arg)
{
	ahead_stop();
	notify_stop();
	return arg;
}

/*
 * What tells the kernel something may be waiting there, out of reach of any signal, for a
 * page that another process asked for. After a signal nobody else answers: so it is done here.
 */
static void stop(void)
{
	struct pollfd fd = { .fd = fuse_session_fd(mnt.se), .events = POLLIN };
	struct fuse_buf buf = { .mem = NULL };
	pthread_t thread;

	fcntl(fd.fd, F_SETFL, fcntl(fd.fd, F_GETFL) | O_NONBLOCK);
	if (pthread_create(&thread, NULL, stop_threads, NULL)) {
		stop_threads(NULL);
		return;
	}
	while (pthread_tryjoin_np(thread, NULL)) {
		if (poll(&fd, 1, STOPPED_EVERY_MS) != 1)
			continue;
		if (!(fd.revents & POLLIN))
			fd.fd = -1;	/* unmounted: nothing is asked any more */
		else if (fuse_session_receive_buf(mnt.se, &buf) > 0)
			fuse_session_process_buf(mnt.se, &buf);
	}
	free(buf.mem);
}

static int serve_mounted(const struct options *o, int background)
{
	int err = first_request();

	if (!err && o->nosymfollow)
		err = mount_nosymfollow();
	if (err)
		return err;
	if (mnt.as_root)
		mount_readahead();
	if (background >= 0)
		err = leave_terminal(background);
	if (!err)
		err = notify_start();
	if (!err)
		err = ahead_start();
	if (!err)
		err = loop();
	stop();
	return err;
}

static int serve(const struct options *o, int background)
{
	int err = mclic_secure_process();

	if (err)
		return err;
	mount_limits();
	err = mount_pin(o->lower, o->dir);
	if (!err)
		err = verdict_start();
	if (!err)
		err = notify_prepare();
	if (!err)
		err = node_start();
	if (!err)
		err = make_session(o);
	if (err)
		return err;
	if (fuse_set_signal_handlers(mnt.se))
		err = mclic_fail(EINVAL, "cannot set up signal handlers");
	else if (fuse_session_mount(mnt.se, mnt.dir))
		err = mclic_fail(EPERM, "%s cannot be mounted", mnt.dir);
	if (!err) {
		err = serve_mounted(o, background);
		fuse_session_unmount(mnt.se);
	}
	fuse_remove_signal_handlers(mnt.se);
	fuse_session_destroy(mnt.se);
	handle_end_all();
	node_end();
	return err;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	int background = -1, err = 0;

	options_parse(argc, argv, &o);
	if (!o.foreground) {
		background = into_background();
		err = background < 0 ? background : 0;
	}
	if (!err)
		err = serve(&o, background);
	free(o.mount);
	return mclic_report(err, false);
}
