// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Medium identifiers (kind, then the bytes of sysfs): the canonical form is stable, does
 * not depend on what stands behind the text, and is never a poor one.
 */
#include <ctype.h>

#include "fuzz.h"

static void text_form(__u8 kind, const __u8 *raw, size_t len, const __u8 *in, size_t in_len)
{
	__u8 again[MCLIC_RAW_MAX], *longer;
	size_t again_len;

	HOLDS(len >= 4 && len <= MCLIC_RAW_MAX - MCLIC_ID_SIZE);
	HOLDS(raw[len - 1] && raw[len - 1] != ' ' && raw[len - 1] != '\n');
	longer = malloc(in_len + 3);
	HOLDS(longer);
	memcpy(longer, in, in_len);
	memcpy(longer + in_len, " \n", 3);
	HOLDS(mclic_medium_raw(kind, longer, in_len + 3, NULL, again, &again_len) == MCLIC_OK);
	HOLDS(again_len == len && !memcmp(again, raw, len));
	free(longer);
	if (kind == MCLIC_MEDIUM_VPD)
		return;
	HOLDS(mclic_medium_raw(kind, raw, len, NULL, again, &again_len) == MCLIC_OK);
	HOLDS(again_len == len && !memcmp(again, raw, len));
}

static void sd_form(const __u8 *raw, size_t len, const __u8 *in, size_t in_len)
{
	__u8 again[MCLIC_RAW_MAX], other[32];
	size_t again_len, i;

	HOLDS(len == 15 && in_len >= 32);
	for (i = 0; i < 32; i++)
		other[i] = (__u8)(isupper(in[i]) ? tolower(in[i]) : toupper(in[i]));
	other[30] = other[31] = '0';
	HOLDS(mclic_medium_raw(MCLIC_MEDIUM_SD, other, 32, NULL, again, &again_len) == MCLIC_OK);
	HOLDS(again_len == len && !memcmp(again, raw, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	__u8 raw[MCLIC_RAW_MAX], with[MCLIC_RAW_MAX], area_id[MCLIC_ID_SIZE], mid[MCLIC_ID_SIZE];
	size_t len, with_len;
	enum mclic_why why;
	__u8 kind;

	if (!size)
		return 0;
	kind = data[0];
	fill(area_id, sizeof(area_id), 1);
	why = mclic_medium_raw(kind, data + 1, size - 1, NULL, raw, &len);
	HOLDS(mclic_medium_raw(kind, data + 1, size - 1, area_id, with, &with_len) == why);
	HOLDS(mclic_is_zero(raw + len, sizeof(raw) - len));
	if (why) {
		HOLDS(!len && !with_len);
		HOLDS((why == MCLIC_BAD_MEDIUM_KIND) == (kind < 1 || kind > 7));
		return 0;
	}
	HOLDS(!memcmp(raw, with, len));
	HOLDS(with_len == len + (mclic_medium_names_drive(kind, true) ? MCLIC_ID_SIZE : 0));
	HOLDS(mclic_medium_id(mclic_openssl(), kind, raw, len, mid) == 0);
	if (kind == MCLIC_MEDIUM_EMULATED)
		HOLDS(len == MCLIC_ID_SIZE && !memcmp(raw, data + 1, len));
	else if (kind == MCLIC_MEDIUM_SD)
		sd_form(raw, len, data + 1, size - 1);
	else
		text_form(kind, raw, len, data + 1, size - 1);
	return 0;
}
