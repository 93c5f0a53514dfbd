// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers that carry keys: boxed for one receiver, and signed by the center. */
#include <stdlib.h>

#include "userspace/center/center.h"

#define INFO_MAX	64

int center_box(const struct center *c, const __u8 to[32], const char *label,
	       const __u8 id[MCLIC_ID_SIZE], __u32 number, __u32 km_generation,
	       const __u8 key[MCLIC_KEY_SIZE], json_t **box)
{
	const __le32 numbers[2] = { mclic_put32(number), mclic_put32(km_generation) };
	size_t len = strlen(label);
	__u8 info[INFO_MAX], sealed[MCLIC_KEY_BOX_SIZE];
	MCLIC_AUTO_FREE char *text = NULL;
	int ret;

	if (len + 2 * MCLIC_ID_SIZE + sizeof(numbers) > sizeof(info))
		return mclic_fail(EINVAL, "the label of a box is too long");
	memcpy(info, label, len);
	memcpy(info + len, c->id, MCLIC_ID_SIZE);
	memcpy(info + len + MCLIC_ID_SIZE, id, MCLIC_ID_SIZE);
	memcpy(info + len + 2 * MCLIC_ID_SIZE, numbers, sizeof(numbers));
	len += 2 * MCLIC_ID_SIZE + sizeof(numbers);
	ret = mclic_box_seal(to, info, len, key, MCLIC_KEY_SIZE, sealed);
	if (ret)
		return ret;
	text = mclic_base64(sealed, sizeof(sealed));
	*box = text ? json_string(text) : NULL;
	return *box ? 0 : mclic_fail(ENOMEM, "not enough memory for a box");
}

int center_signed(struct center *c, const char *label, const char *member, json_t *content,
		  json_t **answer)
{
	MCLIC_AUTO_FREE char *text = json_dumps(content, JSON_COMPACT);
	MCLIC_AUTO_FREE char *sig_text = NULL;
	__u8 sig[MCLIC_SIG_MAX];
	size_t sig_len = sizeof(sig);
	struct mclic_vec v[2];
	int ret;

	if (!text)
		return mclic_fail(ENOMEM, "not enough memory for an answer");
	v[0] = (struct mclic_vec){ label, strlen(label) };
	v[1] = (struct mclic_vec){ text, strlen(text) };
	ret = mclic_rsa_sign(c->signing_key, v, 2, sig, &sig_len);
	if (ret)
		return ret;
	sig_text = mclic_base64(sig, sig_len);
	*answer = sig_text ? json_pack("{s:s, s:s, s:s}", "certificate", c->certificate,
				       member, text, "signature", sig_text) : NULL;
	return *answer ? 0 : mclic_fail(ENOMEM, "not enough memory for an answer");
}
