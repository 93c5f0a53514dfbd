// SPDX-License-Identifier: GPL-2.0-or-later
/* The identifier burned into a medium, in its one form. */
#include "core.h"

#define CID_DIGITS	32	/* as sysfs shows an SD card's CID */
#define CID_BYTES	15	/* the 16th is a CRC that some hosts leave out */
#define VPD_HEADER	4
#define VPD_SERIAL_PAGE	0x80
#define SIGNIFICANT_MIN	4

/*
 * Serial numbers that thousands of devices share: placeholders that nobody filled in,
 * and bridges and card readers whose maker burned the same number into each. In lower
 * case; compared with the whole identifier, with what follows its type ("naa.", USB's
 * "1234:5678:"), and with its last word, because a SCSI designator of type t10 names
 * vendor and model before the serial number.
 */
static const char *const dummies[] = {
	"5000000000000000", "5000000000000001", "5000000000000002", "5000c50000000000",
	"500a075100000000", "0000000000000001", "0000000000000002", "1234567890abcdef",
	"0123456789abcdef", "fedcba9876543210", "abcdef0123456789", "abcdef1234567890",
	"0123456789abcde", "0123456789abc", "0123456789ab", "01234567890123456789",
	"0123456789", "012345678901", "012345678912", "012345678999", "01234567", "012345",
	"1234", "12345", "123456", "1234567", "12345678", "123456789", "1234567890",
	"12345678901", "123456789012", "1234567890123", "12345678901234567890",
	"1234567890ab", "1234567890abc", "987654321", "9876543210", "a1b2c3d4e5",
	"abcdef", "abcdefgh", "abcdefghij", "deadbeef", "baadf00d", "cafebabe", "0badcafe",
	"sn0123456789", "sn1234567890", "none", "null", "test", "empty", "serial",
	"unknown", "default", "default string", "not specified", "not available",
	"serial number", "system serial number", "to be filled by o.e.m.",
	/* readers */
	"058f0o1111b1", "058f312d81b", "058f63356336", "058f63616476", "058f63626370",
	"058f63626371", "058f63626372", "058f63626373", "058f63626376", "058f63646476",
	"058f63666433", "058f63666435", "058f63666438", "058f63666471", "058f63666485",
	"058f84688461", "0a88000000000", "130818v01", "801130168383", "105000000000",
	"2004888", "20021111153705700", "20060413092100000", "20070818000000000",
	"20071114173400000", "20080509000000000", "20090516388200000", "20090815198100000",
	"200902001230", "201003310001", "201006010301", "20100201396000000",
	"20100818841300000", "20110930", "20120501030900000", "20120926571200000",
	"201404081410", "201412031452", "201506301013", "201612010054f",
	"000000000033", "000000000250", "000000000272", "000000000563", "000000000820",
	"000000000821", "000000000903", "000000009051", "000000009407", "000000009451",
	"000000009454", "000000009744", "0000000000001", "00000000000006", "000000264001",
	"aa00000000000001", "aa00000000000485", "aa00000000000489", "aa00000000012108",
	/* bridges and virtual disks */
	"152d00539000", "152d203380b6", "dd56419883891", "dd56419883915", "dd564198838b8",
	"qm00001", "qm00002", "qm00003", "qm00004", "vb0-01f003f6",
};

static char lower(__u8 ch)
{
	return (char)(ch >= 'A' && ch <= 'Z' ? ch - 'A' + 'a' : ch);
}

static bool same(const __u8 *p, size_t len, const char *text)
{
	size_t i;

	for (i = 0; i < len && text[i]; i++)
		if (lower(p[i]) != text[i])
			return false;
	return i == len && !text[i];
}

static bool is_blank(__u8 ch)
{
	return !ch || ch == ' ' || ch == '\n';
}

/* Length without the newline, spaces and NULs at the end */
static size_t stripped(const __u8 *p, size_t len)
{
	while (len && is_blank(p[len - 1]))
		len--;
	return len;
}

/* Realtek's card readers: the date of their firmware and five zeros */
static bool is_realtek(const __u8 *p, size_t len)
{
	size_t i;

	if (len != 17 || memcmp(p, "20", 2) || memcmp(p + 12, "00000", 5))
		return false;
	for (i = 2; i < 12; i++)
		if (p[i] < '0' || p[i] > '9')
			return false;
	return true;
}

static bool is_dummy(const __u8 *p, size_t len)
{
	size_t i;

	while (len && is_blank(*p)) {
		p++;
		len--;
	}
	for (i = 0; i < sizeof(dummies) / sizeof(dummies[0]); i++)
		if (same(p, len, dummies[i]))
			return true;
	return is_realtek(p, len);
}

static bool last_word_is_dummy(const __u8 *p, size_t len)
{
	size_t start = len;

	while (start && !is_blank(p[start - 1]))
		start--;
	return is_dummy(p + start, len - start);
}

/* Fewer than four bytes that say something, or the same one all the way? */
static bool is_poor(const __u8 *p, size_t len)
{
	size_t i, significant = 0;
	bool alike = true;
	__u8 first = 0;

	for (i = 0; i < len; i++) {
		if (is_blank(p[i]))
			continue;
		if (!significant++)
			first = p[i];
		alike = alike && p[i] == first;
	}
	return significant < SIGNIFICANT_MIN || alike;
}

static int digit(__u8 ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	ch = (__u8)lower(ch);
	return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

/* The first 15 bytes of a CID in hexadecimal digits */
static enum mclic_why cid(const __u8 *in, size_t len, __u8 *raw, size_t *raw_len)
{
	size_t i;

	len = stripped(in, len);
	if (len != CID_DIGITS)
		return MCLIC_BAD_MEDIUM_ID;
	for (i = 0; i < CID_DIGITS; i++)
		if (digit(in[i]) < 0)
			return MCLIC_BAD_MEDIUM_ID;
	for (i = 0; i < CID_BYTES; i++)
		raw[i] = (__u8)(digit(in[2 * i]) << 4 | digit(in[2 * i + 1]));
	*raw_len = CID_BYTES;
	return is_poor(raw, CID_BYTES) ? MCLIC_BAD_MEDIUM_ID : MCLIC_OK;
}

/* Where "1234:5678:" ends, 0 if it is not there */
static size_t usb_prefix(const __u8 *p, size_t len)
{
	size_t i;

	if (len < 10)
		return 0;
	for (i = 0; i < 10; i++)
		if (i % 5 == 4 ? p[i] != ':' : digit(p[i]) < 0)
			return 0;
	return 10;
}

/* Where the type of a designator ends: "naa.", "eui.", "t10.", "nvme.", "uuid." */
static size_t designator_prefix(const __u8 *p, size_t len)
{
	size_t i;

	for (i = 0; i < len && i < 5; i++)
		if (p[i] == '.')
			return i + 1;
	return 0;
}

static size_t prefix_len(__u8 kind, const __u8 *p, size_t len)
{
	switch (kind) {
	case MCLIC_MEDIUM_USB:
		return usb_prefix(p, len);
	case MCLIC_MEDIUM_SCSI:
	case MCLIC_MEDIUM_NVME:
		return designator_prefix(p, len);
	default:
		return 0;
	}
}

static enum mclic_why text(__u8 kind, const __u8 *in, size_t len, __u8 *raw, size_t *raw_len)
{
	size_t skip;

	if (kind == MCLIC_MEDIUM_VPD) {
		if (len < VPD_HEADER || in[1] != VPD_SERIAL_PAGE)
			return MCLIC_BAD_MEDIUM_ID;
		in += VPD_HEADER;
		len -= VPD_HEADER;
	}
	len = stripped(in, len);
	if (len > MCLIC_RAW_MAX - MCLIC_ID_SIZE)
		return MCLIC_BAD_MEDIUM_ID;
	skip = prefix_len(kind, in, len);
	if ((kind == MCLIC_MEDIUM_USB && !skip) || is_poor(in + skip, len - skip) ||
	    is_dummy(in + skip, len - skip) || last_word_is_dummy(in + skip, len - skip))
		return MCLIC_BAD_MEDIUM_ID;
	memcpy(raw, in, len);
	*raw_len = len;
	return MCLIC_OK;
}

/* Random bytes: none of them is a blank to strip. */
static enum mclic_why emulated(const __u8 *in, size_t len, __u8 *raw, size_t *raw_len)
{
	if (len != MCLIC_ID_SIZE || is_poor(in, len))
		return MCLIC_BAD_MEDIUM_ID;
	memcpy(raw, in, len);
	*raw_len = len;
	return MCLIC_OK;
}

static enum mclic_why canonical(__u8 kind, const __u8 *in, size_t len, __u8 *raw,
				size_t *raw_len)
{
	switch (kind) {
	case MCLIC_MEDIUM_EMULATED:
		return emulated(in, len, raw, raw_len);
	case MCLIC_MEDIUM_SD:
		return cid(in, len, raw, raw_len);
	case MCLIC_MEDIUM_SCSI:
	case MCLIC_MEDIUM_VPD:
	case MCLIC_MEDIUM_NVME:
	case MCLIC_MEDIUM_USB:
	case MCLIC_MEDIUM_VIRTIO:
		return text(kind, in, len, raw, raw_len);
	default:
		return MCLIC_BAD_MEDIUM_KIND;
	}
}

enum mclic_why mclic_medium_raw(__u8 kind, const void *in, size_t len,
				const __u8 area_id[MCLIC_ID_SIZE],
				__u8 raw[MCLIC_RAW_MAX], size_t *raw_len)
{
	enum mclic_why why;

	memset(raw, 0, MCLIC_RAW_MAX);
	*raw_len = 0;
	why = canonical(kind, in, len, raw, raw_len);
	if (why) {
		memset(raw, 0, MCLIC_RAW_MAX);
		*raw_len = 0;
	} else if (area_id && mclic_medium_names_drive(kind, true)) {
		memcpy(raw + *raw_len, area_id, MCLIC_ID_SIZE);
		*raw_len += MCLIC_ID_SIZE;
	}
	return why;
}

int mclic_medium_id(const struct mclic_crypto *c, __u8 kind, const __u8 *raw, size_t len,
		    __u8 mid[MCLIC_ID_SIZE])
{
	__le16 length = mclic_put16((__u16)len);
	const struct mclic_vec v[] = {
		{ &kind, sizeof(kind) },
		{ &length, sizeof(length) },
		{ raw, len },
	};

	memset(mid, 0, MCLIC_ID_SIZE);
	if (!len || len > MCLIC_RAW_MAX)
		return -EINVAL;
	return mclic_identifier(c, MCLIC_LABEL_MEDIUM_ID, v, 3, mid);
}

bool mclic_medium_known(__u8 kind, __u8 medium_class)
{
	return kind >= MCLIC_MEDIUM_EMULATED && kind <= MCLIC_MEDIUM_VIRTIO &&
	       medium_class <= MCLIC_CLASS_MAX;
}

bool mclic_medium_names_drive(__u8 kind, bool removable)
{
	return removable && (kind == MCLIC_MEDIUM_SCSI || kind == MCLIC_MEDIUM_VPD ||
			     kind == MCLIC_MEDIUM_USB);
}

__u8 mclic_medium_class(__u8 kind, bool removable)
{
	if (mclic_medium_names_drive(kind, removable))
		return 1;
	if (kind >= MCLIC_MEDIUM_SCSI && kind <= MCLIC_MEDIUM_USB)
		return 2;
	return kind == MCLIC_MEDIUM_SD ? MCLIC_CLASS_MAX : 0;
}
