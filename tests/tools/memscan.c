// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * memscan - where in a process's memory do keys lie?
 *
 *	memscan PID KEY...
 *
 * Searches all that the process may read, in mappings of up to 1 GiB, for each KEY (64 hex
 * digits) and prints, for each find, "N locked" or "N unlocked": N counts the keys from 1.
 * Of words whose bytes are turned, as a cipher in C keeps them, "N turned locked" and so on.
 *
 * Status: 0 looked, 2 could not look.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "userspace/lib/libmclic.h"

#define MAPPING_MAX	(1ull << 30)	/* what is larger is a sanitizer's, and no heap */

static char **hex;
static int memory;

static void search(const __u8 *key, const char *name, const __u8 *at, size_t len, bool locked)
{
	const __u8 *end = at + len;

	while ((at = memmem(at, (size_t)(end - at), key, MCLIC_KEY_SIZE))) {
		printf("%s%s\n", name, locked ? "locked" : "unlocked");
		at++;
	}
}

static void search_all(const __u8 *at, size_t len, bool locked)
{
	__u8 key[MCLIC_KEY_SIZE], turned[MCLIC_KEY_SIZE];
	char name[32];
	int i, k;

	for (k = 0; hex[k]; k++) {
		if (mclic_unhex(hex[k], key, sizeof(key)))
			exit(2);
		for (i = 0; i < MCLIC_KEY_SIZE; i++)
			turned[i] = key[i ^ 3];
		snprintf(name, sizeof(name), "%d ", k + 1);
		search(key, name, at, len, locked);
		snprintf(name, sizeof(name), "%d turned ", k + 1);
		search(turned, name, at, len, locked);
	}
}

static void look(uint64_t from, uint64_t to, bool locked)
{
	__u8 *buf;
	ssize_t n;

	if (to - from > MAPPING_MAX)
		return;
	buf = malloc(to - from);
	if (!buf)
		exit(2);
	/* some mappings cannot be read, as those of devices; our own keep no key there */
	n = pread(memory, buf, to - from, (off_t)from);
	if (n > 0)
		search_all(buf, (size_t)n, locked);
	free(buf);
}

/* Each mapping: a line of addresses, some of facts, and a last one of flags. */
static void look_through(FILE *maps)
{
	uint64_t from = 0, to = 0, a, b;
	bool readable = false;
	char line[8192], mode;

	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %c", &a, &b, &mode) == 3) {
			from = a;
			to = b;
			readable = mode == 'r' && !strstr(line, " [v");
		} else if (!strncmp(line, "VmFlags:", 8) && readable) {
			look(from, to, strstr(line, " lo"));
		}
	}
}

int main(int argc, char **argv)
{
	char path[64];
	FILE *maps;

	if (argc < 3) {
		fprintf(stderr, "memscan: usage: memscan PID KEY...\n");
		return 2;
	}
	hex = argv + 2;
	snprintf(path, sizeof(path), "/proc/%d/mem", atoi(argv[1]));
	memory = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/smaps", atoi(argv[1]));
	maps = fopen(path, "r");
	if (memory < 0 || !maps) {
		perror("memscan");
		return 2;
	}
	look_through(maps);
	return 0;
}
