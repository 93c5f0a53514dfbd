// SPDX-License-Identifier: GPL-2.0-or-later
/* What mount(8) and fstab write behind -o, and who is to obey it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mount.h"

/* Attributes of the mount, and options of every super block. */
static const struct {
	const char *name;
	__u64 set;
	__u64 clear;
} attributes[] = {
	{ "nosuid", MOUNT_ATTR_NOSUID, 0 },
	{ "suid", 0, MOUNT_ATTR_NOSUID },
	{ "nodev", MOUNT_ATTR_NODEV, 0 },
	{ "dev", 0, MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC, 0 },
	{ "exec", 0, MOUNT_ATTR_NOEXEC },
	{ "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
	{ "atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "norelatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
	{ "strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
	{ "nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME, 0 },
	{ "diratime", 0, MOUNT_ATTR_NODIRATIME },
	{ "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW },
	{ "ro", MOUNT_ATTR_RDONLY, 0 },
	{ "rw", 0, MOUNT_ATTR_RDONLY },
};

/* mount(8) drops them too where there is no SELinux. */
static bool for_selinux(const char *word)
{
	static const char *const names[] = {
		"context=", "fscontext=", "defcontext=", "rootcontext=", "seclabel",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(word, names[i], strlen(names[i])))
			return access("/sys/fs/selinux/enforce", F_OK) != 0;
	return false;
}

static bool take_attribute(struct options *o, const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if (strcmp(word, attributes[i].name))
			continue;
		o->set = (o->set & ~attributes[i].clear) | attributes[i].set;
		o->clear = (o->clear & ~attributes[i].set) | attributes[i].clear;
		return true;
	}
	return false;
}

static int add_param(struct options *o, const char *word)
{
	const char *equals = strchr(word, '=');
	struct param *more = reallocarray(o->params, o->count + 1, sizeof(*more)), *p;

	if (!more)
		return mclic_fail(ENOMEM, "not enough memory");
	o->params = more;
	p = &more[o->count];
	p->key = equals ? strndup(word, (size_t)(equals - word)) : strdup(word);
	p->value = equals ? strdup(equals + 1) : NULL;
	o->count++;
	if (!p->key || (equals && !p->value))
		return mclic_fail(ENOMEM, "not enough memory");
	o->keys |= equals && !strcmp(p->key, "key");
	o->area |= equals && !strcmp(p->key, "area");
	return 0;
}

static int add_word(struct options *o, const char *word)
{
	if (!*word || mclic_mount_word(word) || for_selinux(word) || take_attribute(o, word))
		return 0;
	if (!strcmp(word, "remount")) {
		o->remount = true;
		return 0;
	}
	if (!strcmp(word, "nofail") || !strcmp(word, "fail")) {
		o->nofail = *word == 'n';
		return 0;
	}
	/* The helper gives it, and no path of another's would be any use. */
	if (!strncmp(word, "lower=", 6) || !strncmp(word, "source=", 7))
		return mclic_fail(EINVAL, "-o %s: the lower directory is what is to be mounted; name it as SOURCE",
				   word);
	return add_param(o, word);
}

/* A security context may hold commas, inside double quotes. */
static char *next_word(char **list)
{
	char *from = *list, *to = from, *word = from;
	bool quoted = false;

	if (!from)
		return NULL;
	for (; *from && (quoted || *from != ','); from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	}
	*list = *from ? from + 1 : NULL;
	*to = '\0';
	return word;
}

int options_add(struct options *o, const char *list)
{
	MCLIC_AUTO_FREE char *copy = strdup(list);
	char *rest = copy, *word;
	int err = 0;

	if (!copy)
		return mclic_fail(ENOMEM, "not enough memory");
	while (!err && (word = next_word(&rest)))
		err = add_word(o, word);
	return err;
}

void options_free(struct options *o)
{
	size_t i;

	for (i = 0; i < o->count; i++) {
		free(o->params[i].key);
		free(o->params[i].value);
	}
	free(o->params);
}
