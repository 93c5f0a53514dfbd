// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * areactl - licence areas without a center, for tests.
 *
 *	areactl create DIR			mclic_area_create_file()
 *	areactl make FILE START SLOTS		mclic_area_create(), with an emulated id
 *	areactl where TARGET			where it lies, its slots, what is damaged
 *	areactl list TARGET			a line for each slot that is not free
 *	areactl put TARGET N SEQUENCE		a licence numbered N: its form is good, its keys
 *						are zero
 *	areactl refuse TARGET N SEQUENCE	the same, but the check says no
 *	areactl clear TARGET SLOT
 *	areactl hold TARGET			be its writer until killed; says "held"
 *
 * Messages and exit status as mclic's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "userspace/lib/area.h"
#include "userspace/lib/libmclic.h"

static enum mclic_why allow(void *ctx, const struct mclic_slot *back)
{
	(void)ctx;
	return mclic_slot_check(mclic_openssl(), back);
}

static enum mclic_why refuse(void *ctx, const struct mclic_slot *back)
{
	(void)ctx;
	(void)back;
	return MCLIC_BAD_CS;
}

static void fill(struct mclic_slot *s, unsigned long n, unsigned long sequence)
{
	memset(s, 0, sizeof(*s));
	memcpy(s->magic, MCLIC_SLOT_MAGIC, MCLIC_MAGIC_SIZE);
	s->version = mclic_put16(MCLIC_VERSION);
	s->suite = mclic_put16(MCLIC_SUITE);
	memset(s->terms.did, (int)n, MCLIC_ID_SIZE);
	memset(s->terms.licence_id, (int)n, MCLIC_ID_SIZE);
	s->terms.sequence = mclic_put32((__u32)sequence);
	s->terms.kind = MCLIC_PORTABLE;
	s->terms.medium_kind = MCLIC_MEDIUM_EMULATED;
	snprintf((char *)s->terms.title, MCLIC_TITLE_SIZE, "Title %lu", n);
	s->sig_algorithm = mclic_put16(MCLIC_SIG_RSA_SHA256);
	s->sig_len = mclic_put16(MCLIC_SIG_MIN);
	mclic_slot_finish(mclic_openssl(), s);
}

static int list(struct mclic_area *a)
{
	struct mclic_slot s;
	enum mclic_why why;
	__u32 i;
	int err;

	for (i = 1; i + 1 < mclic_area_slots(a); i++) {
		err = mclic_area_read(a, i, &s);
		if (err)
			return err;
		why = mclic_slot_check(mclic_openssl(), &s);
		if (why == MCLIC_OK)
			printf("%u: licence %u sequence %u\n", i, s.terms.licence_id[0],
			       mclic_get32(s.terms.sequence));
		else if (why != MCLIC_FREE)
			printf("%u: %s\n", i, mclic_why_name(why));
	}
	return 0;
}

static int where(struct mclic_area *a)
{
	const char *warning = mclic_area_warning(a);

	printf("%s: %u slots%s%s\n", mclic_area_where(a), mclic_area_slots(a),
	       warning ? "; " : "", warning ? warning : "");
	return 0;
}

static int make(const char *path, unsigned long start, unsigned long slots)
{
	MCLIC_AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return mclic_fail(errno, "%s: %s", path, strerror(errno));
	return mclic_area_create(fd, (off_t)start, (__u32)slots, true, "areactl");
}

static int on_area(const char *what, const char *target, unsigned long n, unsigned long sequence)
{
	bool write = strcmp(what, "list") && strcmp(what, "where");
	struct mclic_area *a;
	struct mclic_slot s;
	__u32 index;
	int err = mclic_area_open(target, write, &a);

	if (err)
		return err;
	if (!strcmp(what, "list")) {
		err = list(a);
	} else if (!strcmp(what, "where")) {
		err = where(a);
	} else if (!strcmp(what, "hold")) {
		err = mclic_area_lock(a);
		puts(err ? "not held" : "held");
		fflush(stdout);
		pause();
	} else if (!strcmp(what, "clear")) {
		err = mclic_area_clear(a, (__u32)n);
	} else {
		fill(&s, n, sequence);
		err = mclic_area_put(a, &s, *what == 'r' ? refuse : allow, NULL, &index);
		if (!err)
			printf("%u\n", index);
	}
	if (!err && write && mclic_area_warning(a))
		mclic_warn("%s", mclic_area_warning(a));
	mclic_area_close(a);
	return err;
}

int main(int argc, char **argv)
{
	static const char *const known[] = { "where", "list", "hold", "clear", "put", "refuse" };
	static const int arguments[] = { 3, 3, 3, 4, 5, 5 };
	unsigned long n = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;
	unsigned long m = argc > 4 ? strtoul(argv[4], NULL, 0) : 0;
	size_t i;

	if (argc == 3 && !strcmp(argv[1], "create"))
		return mclic_report(mclic_area_create_file(argv[2], "areactl"), false);
	if (argc == 5 && !strcmp(argv[1], "make"))
		return mclic_report(make(argv[2], n, m), false);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (argc == arguments[i] && !strcmp(argv[1], known[i]))
			return mclic_report(on_area(argv[1], argv[2], n, m), false);
	fprintf(stderr, "areactl: see the head of tests/tools/areactl.c\n");
	return MCLIC_EXIT_USAGE;
}
