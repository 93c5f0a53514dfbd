// SPDX-License-Identifier: GPL-2.0-or-later
/* The mount as a whole: LOWER, limits, readahead. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "mclicfs.h"

#define READAHEAD_KB	"4096"	/* measured best for sealed files */
#define FILES_MAX	(1u << 20)

struct mount mnt = { .lower = -1, .proc = -1 };

/* Undo mountinfo's \040 and the like, in place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* One line of /proc/self/mountinfo. */
struct info {
	int id;
	unsigned int major, minor;
	char *point;
	char *type;
};

static bool parse_info(char *line, struct info *i)
{
	char *type = strstr(line, " - ");
	int at = 0;

	if (!type || sscanf(line, "%d %*d %u:%u %*s %n", &i->id, &i->major, &i->minor, &at) < 3 ||
	    !at)
		return false;
	i->point = line + at;
	i->point[strcspn(i->point, " ")] = '\0';
	unescape(i->point);
	i->type = type + 3;
	i->type[strcspn(i->type, " ")] = '\0';
	return true;
}

/* Calls @f for each mount, oldest first. */
static void each_mount(void (*f)(const struct info *i, void *ctx), void *ctx)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	MCLIC_AUTO_FREE char *line = NULL;
	size_t size = 0;
	struct info i;

	if (!file)
		return;
	while (getline(&line, &size, file) > 0)
		if (parse_info(line, &i))
			f(&i, ctx);
	fclose(file);
}

/* ---- LOWER ---- */

static int mount_id(int fd)
{
	char path[64], line[128];
	int id = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "mnt_id: %d", &id);
	if (f)
		fclose(f);
	return id;
}

struct sought {
	int id;
	bool ours;
};

static void is_ours(const struct info *i, void *ctx)
{
	struct sought *s = ctx;

	if (i->id == s->id)
		s->ours = !strcmp(i->type, "fuse.mclicfs-fuse") || !strcmp(i->type, "mclicfs");
}

static bool on_mclicfs(int fd)
{
	struct sought s = { .id = mount_id(fd) };

	each_mount(is_ours, &s);
	return s.ours;
}

int mount_pin(const char *lower, const char *dir)
{
	struct statvfs fs;
	struct stat st;

	mnt.as_root = geteuid() == 0;
	mnt.source = realpath(lower, NULL);
	if (!mnt.source)
		return mclic_fail(errno, "%s: %s", lower, strerror(errno));
	mnt.dir = realpath(dir, NULL);
	if (!mnt.dir)
		return mclic_fail(errno, "%s: %s", dir, strerror(errno));
	if (stat(mnt.dir, &st))
		return mclic_fail(errno, "%s: %s", mnt.dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return mclic_fail(ENOTDIR, "%s: not a directory", mnt.dir);
	mnt.lower = open(mnt.source, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mnt.lower < 0)
		return mclic_fail(errno, "%s: %s", mnt.source, strerror(errno));
	if (fstatvfs(mnt.lower, &fs))
		return mclic_fail(errno, "%s: %s", mnt.source, strerror(errno));
	mnt.lower_flags = fs.f_flag;
	mnt.proc = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mnt.proc < 0)
		return mclic_fail(errno, "/proc must be mounted: %s", strerror(errno));
	if (on_mclicfs(mnt.lower))
		return mclic_fail(ELOOP, "%s is shown by mclicfs already; mount the directory "
				  "below it", mnt.source);
	return 0;
}

int mount_nosymfollow(void)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSYMFOLLOW };

	if (mount_setattr(AT_FDCWD, mnt.dir, 0, &attr, sizeof(attr)))
		return mclic_fail(errno, "%s: -o nosymfollow: %s", mnt.dir, strerror(errno));
	return 0;
}

/* ---- readahead ---- */

static void is_dir(const struct info *i, void *ctx)
{
	dev_t *dev = ctx;

	if (!strcmp(i->point, mnt.dir) && !strcmp(i->type, "fuse.mclicfs-fuse"))
		*dev = makedev(i->major, i->minor);
}

void mount_readahead(void)
{
	MCLIC_AUTO_CLOSE int fd = -1;
	char path[64];
	dev_t dev = 0;

	each_mount(is_dir, &dev);
	snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb", major(dev), minor(dev));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, READAHEAD_KB, strlen(READAHEAD_KB)) < 0)
		mclic_warn("%s: the readahead cannot be raised: %s; reading in sequence is slower",
			   mnt.dir, strerror(errno));
}

/* ---- limits ---- */

/* Every inode that the kernel keeps costs a descriptor here. */
void mount_limits(void)
{
	struct rlimit files = { 0 };
	struct rlimit more = { FILES_MAX, FILES_MAX };

	getrlimit(RLIMIT_NOFILE, &files);
	if (geteuid() == 0 && files.rlim_max < FILES_MAX && !setrlimit(RLIMIT_NOFILE, &more)) {
		files = more;
	} else {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	/* The kernel forgets while it asks for more: what is left must do for as long. */
	mnt.nodes_max = files.rlim_cur / 4;
}
