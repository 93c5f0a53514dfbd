// SPDX-License-Identifier: GPL-2.0-or-later
/* What can be wrong, as an errno, as a name and in words. */
#include "core.h"

struct why {
	int err;
	const char *name;
	const char *text;
};

static const struct why table[MCLIC_WHY_COUNT] = {
	[MCLIC_OK] = { 0, "ok", "it is good" },
	[MCLIC_FREE] = { -ENOENT, "free", "the slot is free" },
	[MCLIC_BAD_LENGTH] = { -EBADMSG, "bad-length", "its length is wrong" },
	[MCLIC_BAD_MAGIC] = { -EBADMSG, "bad-magic", "it does not start with its magic number" },
	[MCLIC_BAD_VERSION] = { -EBADMSG, "bad-version",
		"it has a format version that this program does not know" },
	[MCLIC_BAD_SUITE] = { -EBADMSG, "bad-suite",
		"it uses a cipher suite that this program does not know" },
	[MCLIC_BAD_CRC] = { -EBADMSG, "bad-crc", "its CRC-32 does not match" },
	[MCLIC_BAD_RESERVED] = { -EBADMSG, "bad-reserved", "a reserved field is not zero" },
	[MCLIC_BAD_COUNT] = { -EBADMSG, "bad-count",
		"its number of slots or entries is out of range" },
	[MCLIC_BAD_KIND] = { -EBADMSG, "bad-kind",
		"its licence kind is neither portable nor personal" },
	[MCLIC_BAD_MEDIUM_KIND] = { -EBADMSG, "bad-medium-kind",
		"its kind or class of medium identifier is not known" },
	[MCLIC_BAD_MEDIUM_ID] = { -EBADMSG, "bad-medium-id",
		"the medium identifier is malformed, too short or shared by many media" },
	[MCLIC_BAD_USER] = { -EBADMSG, "bad-user",
		"its user id does not go with the kind of licence" },
	[MCLIC_BAD_FLAGS] = { -EBADMSG, "bad-flags",
		"it has a critical flag that this program does not know" },
	[MCLIC_BAD_TEXT] = { -EBADMSG, "bad-text", "a text in it is not clean UTF-8" },
	[MCLIC_BAD_SIG_FIELD] = { -EBADMSG, "bad-sig-field",
		"its signature has an unknown algorithm or a wrong length" },
	[MCLIC_BAD_OPERATION] = { -EBADMSG, "bad-operation", "it asks for an unknown operation" },
	[MCLIC_BAD_LICENCE_ID] = { -EBADMSG, "bad-licence-id",
		"its licence id is missing, or is there where none belongs" },
	[MCLIC_BAD_SEQUENCE] = { -EBADMSG, "bad-sequence",
		"its sequence number is missing, or is there where none belongs" },
	[MCLIC_BAD_FACTORY] = { -EBADMSG, "bad-factory", "its factory id is malformed" },
	[MCLIC_BAD_SIZE] = { -EBADMSG, "bad-size", "it has a size that no writer produces" },
	[MCLIC_BAD_BLOCK_SIZE] = { -EBADMSG, "bad-block-size", "its block size is not 4096" },
	[MCLIC_BAD_KEY] = { -EBADMSG, "bad-key", "it is sealed under the other kind of key" },
	[MCLIC_BAD_TITLE] = { -EBADMSG, "bad-title",
		"it belongs to another title or content version" },
	[MCLIC_BAD_GENERATION] = { -EBADMSG, "bad-generation",
		"it was made from another generation of the center's master key" },
	[MCLIC_BAD_MAC] = { -EBADMSG, "bad-mac", "its authentication code does not match" },
	[MCLIC_BAD_ORDER] = { -EBADMSG, "bad-order",
		"its entries are not sorted, or one is there twice" },
	[MCLIC_BAD_PATH] = { -EBADMSG, "bad-path",
		"a path in it is malformed or leaves the product" },
	[MCLIC_BAD_ANSWER] = { -EBADMSG, "bad-answer", "it answers another request" },
	[MCLIC_OTHER_TITLE] = { -EACCES, "other-title", "it is for another title" },
	[MCLIC_OTHER_MEDIUM] = { -EMEDIUMTYPE, "other-medium",
		"it was issued for another medium" },
	[MCLIC_LOW_CLASS] = { -EMEDIUMTYPE, "low-class",
		"it asks for a medium whose identifier can be trusted more" },
	[MCLIC_NO_CERTIFICATE] = { -ENOKEY, "no-certificate",
		"the certificate of its license center is not trusted here" },
	[MCLIC_BAD_SIG] = { -EKEYREJECTED, "bad-sig", "its signature does not match" },
	[MCLIC_NO_USER_KEY] = { -ENOKEY, "no-user-key",
		"it is personal, and the user key it needs is not here" },
	[MCLIC_BAD_EKU] = { -EKEYREJECTED, "bad-eku",
		"its certification key does not open on this medium with this user key" },
	[MCLIC_BAD_CS] = { -EKEYREJECTED, "bad-cs", "its certificate code does not match" },
	[MCLIC_BAD_EMID] = { -EKEYREJECTED, "bad-emid",
		"its medium key does not open on this medium with this user key" },
	[MCLIC_REVOKED] = { -EKEYREVOKED, "revoked", "it was revoked or returned" },
	[MCLIC_NOT_YET] = { -EKEYEXPIRED, "not-yet", "it is not valid yet" },
	[MCLIC_EXPIRED] = { -EKEYEXPIRED, "expired", "it has expired" },
	[MCLIC_OLD_TERMS] = { -EACCES, "old-terms",
		"it covers only older versions of the title" },
	[MCLIC_NO_LICENCE] = { -EACCES, "no-licence",
		"there is no licence for it on this medium" },
	[MCLIC_CRYPTO_FAILED] = { -EIO, "crypto-failed",
		"a computation or a read failed while it was checked" },
};

static const struct why *entry(enum mclic_why why)
{
	return &table[(unsigned int)why < MCLIC_WHY_COUNT ? why : MCLIC_CRYPTO_FAILED];
}

int mclic_errno(enum mclic_why why)
{
	return entry(why)->err;
}

const char *mclic_why_name(enum mclic_why why)
{
	return entry(why)->name;
}

const char *mclic_why_text(enum mclic_why why)
{
	return entry(why)->text;
}
