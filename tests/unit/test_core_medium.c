// SPDX-License-Identifier: GPL-2.0-or-later
/* Medium identifiers: the one form of each kind, and what is no identifier at all. */
#include "core_fixture.h"

static const __u8 area_id[16] = "this area's idnt";

struct result {
	enum mclic_why why;
	__u8 raw[MCLIC_RAW_MAX];
	size_t len;
};

static struct result read_raw(__u8 kind, const void *in, size_t len, const __u8 *area)
{
	struct result r;

	memset(&r, 0xee, sizeof(r));
	r.why = mclic_medium_raw(kind, in, len, area, r.raw, &r.len);
	if (r.why)
		assert_int_equal(r.len, 0);
	assert_true(mclic_is_zero(r.raw + r.len, sizeof(r.raw) - r.len));
	return r;
}

static void good(__u8 kind, const char *in, const char *expected)
{
	struct result r = read_raw(kind, in, strlen(in), NULL);

	if (r.why)
		fail_msg("\"%s\" is refused", in);
	assert_int_equal(r.len, strlen(expected));
	assert_memory_equal(r.raw, expected, r.len);
}

static void bad(__u8 kind, const char *in)
{
	struct result r = read_raw(kind, in, strlen(in), NULL);

	if (r.why != MCLIC_BAD_MEDIUM_ID)
		fail_msg("\"%s\" is accepted", in);
}

static void test_forms(void **state)
{
	(void)state;
	good(MCLIC_MEDIUM_SCSI, "naa.5000c50015ea71aa\n", "naa.5000c50015ea71aa");
	good(MCLIC_MEDIUM_SCSI, "t10.ATA     Samsung SSD 860 EVO 500GB  S3Z1NB0K   \n",
	     "t10.ATA     Samsung SSD 860 EVO 500GB  S3Z1NB0K");
	good(MCLIC_MEDIUM_NVME, "eui.0025385a91b0012c\n", "eui.0025385a91b0012c");
	good(MCLIC_MEDIUM_NVME, "nvme.1b36-4e564d4530303031-51454d55-00000001\n",
	     "nvme.1b36-4e564d4530303031-51454d55-00000001");
	good(MCLIC_MEDIUM_NVME, "uuid.3c1a7a2e-9d0e-4a53-9a4e-1f6b3d0c7a51\n",
	     "uuid.3c1a7a2e-9d0e-4a53-9a4e-1f6b3d0c7a51");
	good(MCLIC_MEDIUM_USB, "0951:1666:60A44C413A41F3A1A97C0D72",
	     "0951:1666:60A44C413A41F3A1A97C0D72");
	good(MCLIC_MEDIUM_USB, "0951:1666:S3Z1NB0K-77", "0951:1666:S3Z1NB0K-77");
	good(MCLIC_MEDIUM_VIRTIO, "BULK-7\n", "BULK-7");
}

static void test_sd(void **state)
{
	static const __u8 raw[15] = {
		0x03, 0x53, 0x44, 0x53, 0x55, 0x30, 0x38, 0x47, 0x80, 0x12, 0x34, 0xab, 0xcd, 0x00,
		0xc9,
	};
	struct result r;

	(void)state;
	/* the 16th byte, which hosts differ about, makes no difference */
	r = read_raw(MCLIC_MEDIUM_SD, "035344535530384780" "1234abcd00c9" "b5\n", 33, NULL);
	assert_why(r.why, MCLIC_OK);
	assert_int_equal(r.len, 15);
	assert_memory_equal(r.raw, raw, 15);
	r = read_raw(MCLIC_MEDIUM_SD, "035344535530384780" "1234ABCD00C9" "00", 32, NULL);
	assert_why(r.why, MCLIC_OK);
	assert_memory_equal(r.raw, raw, 15);
	r = read_raw(MCLIC_MEDIUM_SD, "0a1b2c3d4e5f6F7E8D9CABBAF00F55" "00", 32, NULL);
	assert_why(r.why, MCLIC_OK);
	assert_memory_equal(r.raw, "\x0a\x1b\x2c\x3d\x4e\x5f\x6f\x7e\x8d\x9c\xab\xba\xf0\x0f\x55",
			    15);
	bad(MCLIC_MEDIUM_SD, "");
	bad(MCLIC_MEDIUM_SD, "0353445355303847801234abcd00c9");	/* 15 bytes */
	bad(MCLIC_MEDIUM_SD, "0353445355303847801234abcd00c9b5b5");
	bad(MCLIC_MEDIUM_SD, "0353445355303847801234abcd00c9bx");
	bad(MCLIC_MEDIUM_SD, "x353445355303847801234abcd00c9b5");
	bad(MCLIC_MEDIUM_SD, "00000000000000000000000000000000");
	bad(MCLIC_MEDIUM_SD, "ffffffffffffffffffffffffffffffff");
	bad(MCLIC_MEDIUM_SD, "ffffffffffffffffffffffffffffff00");
	bad(MCLIC_MEDIUM_SD, "01020300000000000000000000000000");
}

static void test_vpd(void **state)
{
	struct result r;

	(void)state;
	r = read_raw(MCLIC_MEDIUM_VPD, "\0\x80\0\x10  MO0001-7b      \0", 21, NULL);
	assert_why(r.why, MCLIC_OK);
	assert_int_equal(r.len, 11);
	assert_memory_equal(r.raw, "  MO0001-7b", 11);
	assert_why(read_raw(MCLIC_MEDIUM_VPD, "\0\x83\0\x04" "MO0001", 10, NULL).why,
		   MCLIC_BAD_MEDIUM_ID);
	assert_why(read_raw(MCLIC_MEDIUM_VPD, "\0\x80\0", 3, NULL).why, MCLIC_BAD_MEDIUM_ID);
	assert_why(read_raw(MCLIC_MEDIUM_VPD, "\0\x80\0\0", 4, NULL).why, MCLIC_BAD_MEDIUM_ID);
	assert_why(read_raw(MCLIC_MEDIUM_VPD, "\0\x80\0\x04    ", 8, NULL).why,
		   MCLIC_BAD_MEDIUM_ID);
}

/* Random bytes: nothing is stripped, whatever they look like. */
static void test_emulated(void **state)
{
	__u8 id[17];
	struct result r;

	(void)state;
	fill(id, 17, 0x81);
	id[15] = '\n';
	r = read_raw(MCLIC_MEDIUM_EMULATED, id, 16, NULL);
	assert_why(r.why, MCLIC_OK);
	assert_int_equal(r.len, 16);
	assert_memory_equal(r.raw, id, 16);
	r = read_raw(MCLIC_MEDIUM_EMULATED, id, 16, area_id);
	assert_int_equal(r.len, 16);
	assert_why(read_raw(MCLIC_MEDIUM_EMULATED, id, 15, NULL).why, MCLIC_BAD_MEDIUM_ID);
	assert_why(read_raw(MCLIC_MEDIUM_EMULATED, id, 17, NULL).why, MCLIC_BAD_MEDIUM_ID);
	memset(id, 0, 16);
	assert_why(read_raw(MCLIC_MEDIUM_EMULATED, id, 16, NULL).why, MCLIC_BAD_MEDIUM_ID);
	memset(id, 0xff, 16);
	assert_why(read_raw(MCLIC_MEDIUM_EMULATED, id, 16, NULL).why, MCLIC_BAD_MEDIUM_ID);
}

static void test_kinds(void **state)
{
	(void)state;
	assert_why(read_raw(0, "MO0001-7b", 9, NULL).why, MCLIC_BAD_MEDIUM_KIND);
	assert_why(read_raw(MCLIC_MEDIUM_SERIAL, "MO0001-7b", 9, NULL).why,
		   MCLIC_BAD_MEDIUM_KIND);
	assert_why(read_raw(255, "MO0001-7b", 9, NULL).why, MCLIC_BAD_MEDIUM_KIND);
}

static void test_area_id(void **state)
{
	static const __u8 with[] = { MCLIC_MEDIUM_SCSI, MCLIC_MEDIUM_USB };
	static const __u8 without[] = { MCLIC_MEDIUM_NVME, MCLIC_MEDIUM_VIRTIO };
	static const char text[] = "0951:1666:60A44C413A41F3A1A97C0D72";
	size_t len = sizeof(text) - 1, i;
	struct result r;

	(void)state;
	for (i = 0; i < 2; i++) {
		r = read_raw(with[i], text, len, area_id);
		assert_why(r.why, MCLIC_OK);
		assert_int_equal(r.len, len + 16);
		assert_memory_equal(r.raw, text, len);
		assert_memory_equal(r.raw + len, area_id, 16);
		r = read_raw(without[i], text, len, area_id);
		assert_int_equal(r.len, len);
	}
	r = read_raw(MCLIC_MEDIUM_VPD, "\0\x80\0\x04MO0001-7b", 13, area_id);
	assert_int_equal(r.len, 25);
	/* an area id does not make an identifier of a placeholder */
	r = read_raw(MCLIC_MEDIUM_USB, "058f:6366:058F63666433", 22, area_id);
	assert_why(r.why, MCLIC_BAD_MEDIUM_ID);
	r = read_raw(MCLIC_MEDIUM_USB, "058f:6366:", 10, area_id);
	assert_why(r.why, MCLIC_BAD_MEDIUM_ID);
}

static void test_dummies(void **state)
{
	static const char *const usb[] = {
		"058f:6366:058F63666433", "058f:6366:058f63666433", "0bda:0158:20071114173400000",
		"0bda:0158:20991231235900000", "0bda:0306:201506301013", "152d:0578:0123456789ABCDEF",
		"1234:5678:0000000000000000", "1234:5678:000000000000", "1234:5678:   ",
		"1234:5678:abc", "1234:5678:1234567890", "1234:5678:None", "05e3:0749:000000000821",
		"1234:5678:", "1234:5678", "", "12345678:S3Z1NB0K", "123g:5678:S3Z1NB0K",
		"1234.5678:S3Z1NB0K",
	};
	static const char *const scsi[] = {
		"naa.5000000000000000", "naa.0000000000000000", "naa.", "naa.ffffffffffffffff",
		"0123456789abcdef", "0123456789ABCDEF\n", "t10.ATA     QEMU HARDDISK QM00001\n",
		"t10.Generic-SD/MMC 058F63666433", "\n", "   ", "", "eui.0000000000000001",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(usb) / sizeof(usb[0]); i++)
		bad(MCLIC_MEDIUM_USB, usb[i]);
	for (i = 0; i < sizeof(scsi) / sizeof(scsi[0]); i++)
		bad(MCLIC_MEDIUM_SCSI, scsi[i]);
	bad(MCLIC_MEDIUM_VIRTIO, "abc");
	bad(MCLIC_MEDIUM_VIRTIO, "aaaaaaaa");
	bad(MCLIC_MEDIUM_VIRTIO, "to be filled by O.E.M.");
	good(MCLIC_MEDIUM_VIRTIO, "aaab", "aaab");
	bad(MCLIC_MEDIUM_USB, "1234:5678:To be filled by O.E.M.");
	/* neither the first dot nor the digits of a reader alone make a dummy */
	good(MCLIC_MEDIUM_SCSI, "abcdefgh.aaaa", "abcdefgh.aaaa");
	good(MCLIC_MEDIUM_USB, "1234:5678:200711141734000001", "1234:5678:200711141734000001");
	good(MCLIC_MEDIUM_USB, "1234:5678:20071114173400100", "1234:5678:20071114173400100");
	good(MCLIC_MEDIUM_USB, "1234:5678:2007111417x400000", "1234:5678:2007111417x400000");
}

static void test_long(void **state)
{
	char text[400];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	assert_why(read_raw(MCLIC_MEDIUM_SCSI, text, 240, NULL).why, MCLIC_OK);
	assert_why(read_raw(MCLIC_MEDIUM_SCSI, text, 240, area_id).why, MCLIC_OK);
	assert_why(read_raw(MCLIC_MEDIUM_SCSI, text, 241, NULL).why, MCLIC_BAD_MEDIUM_ID);
	assert_why(read_raw(MCLIC_MEDIUM_SCSI, text, 400, area_id).why, MCLIC_BAD_MEDIUM_ID);
}

static void test_class(void **state)
{
	static const struct {
		__u8 kind;
		__u8 fixed, removable;
		bool drive;
	} classes[] = {
		{ MCLIC_MEDIUM_EMULATED, 0, 0, false }, { MCLIC_MEDIUM_SD, 3, 3, false },
		{ MCLIC_MEDIUM_SCSI, 2, 1, true }, { MCLIC_MEDIUM_VPD, 2, 1, true },
		{ MCLIC_MEDIUM_NVME, 2, 2, false }, { MCLIC_MEDIUM_USB, 2, 1, true },
		{ MCLIC_MEDIUM_VIRTIO, 0, 0, false }, { 0, 0, 0, false }, { 99, 0, 0, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		assert_int_equal(mclic_medium_class(classes[i].kind, false), classes[i].fixed);
		assert_int_equal(mclic_medium_class(classes[i].kind, true), classes[i].removable);
		assert_false(mclic_medium_names_drive(classes[i].kind, false));
		assert_int_equal(mclic_medium_names_drive(classes[i].kind, true),
				 classes[i].drive);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_sd),
		cmocka_unit_test(test_vpd),
		cmocka_unit_test(test_emulated),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_area_id),
		cmocka_unit_test(test_dummies),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_class),
	};

	return cmocka_run_group_tests_name("core: medium identifiers", tests, NULL, NULL);
}
