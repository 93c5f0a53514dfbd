// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which identifier a medium has: each row of the format's table, the order, and what a disk
 * may answer besides (too much, nothing, errnos). The disk is a list of attributes here; what
 * user space makes of a real sysfs is in test_lib_medium.
 */
#include "core_fixture.h"

#define ATTRIBUTE_MAX	512	/* room for an attribute */
#define CID	"275048534433324760a1b2c3d4013200"
#define RAW_CID	"\x27\x50\x48\x53\x44\x33\x32\x47\x60\xa1\xb2\xc3\xd4\x01\x32"
#define WWID	"naa.5000cca264eb01d7"
#define USB	"0951:1666:60A44C413A8CF320"

struct attribute {
	char name[128];
	const char *text;
	size_t len;
	int err;
};

static struct {
	struct attribute a[32];
	size_t count;
	int asked;		/* reads so far */
	const char *last;	/* the attribute read last */
	struct mclic_hardware hw;
	struct mclic_area_header head;	/* no emulated id */
	struct mclic_area_header emulated;
	struct mclic_medium m;
} disk;

static int read_attribute(void *ctx, const char *name, void *buf, size_t size)
{
	size_t i;

	assert_ptr_equal(ctx, &disk);
	assert_true(size <= ATTRIBUTE_MAX);
	memset(buf, 'x', size);
	disk.asked++;
	disk.last = "none of the list";
	for (i = 0; i < disk.count && strcmp(disk.a[i].name, name); i++)
		;
	if (i == disk.count)
		return -ENOENT;
	disk.last = disk.a[i].name;
	if (disk.a[i].err)
		return disk.a[i].err;
	if (disk.a[i].len > size)
		return -EFBIG;
	memcpy(buf, disk.a[i].text, disk.a[i].len);
	return (int)disk.a[i].len;
}

static struct attribute *attribute(const char *name)
{
	struct attribute *a = disk.a;

	while (a < disk.a + disk.count && strcmp(a->name, name))
		a++;
	if (a == disk.a + disk.count)
		disk.count++;
	assert_true(disk.count <= sizeof(disk.a) / sizeof(disk.a[0]));
	assert_true(strlen(name) < sizeof(a->name));
	memset(a, 0, sizeof(*a));
	strcpy(a->name, name);
	return a;
}

static void has_bytes(const char *name, const char *text, size_t len)
{
	struct attribute *a = attribute(name);

	a->text = text;
	a->len = len;
}

static void has(const char *name, const char *text)
{
	has_bytes(name, text, strlen(text));
}

static void fails(const char *name, int err)
{
	attribute(name)->err = err;
}

/* A fixed disk without an attribute */
static void plain(void)
{
	disk.count = 0;
	disk.hw = (struct mclic_hardware){ .ctx = &disk, .read = read_attribute };
}

static void usb(const char *above, const char *vendor, const char *product, const char *serial)
{
	static const char *const names[] = { "idVendor", "idProduct", "serial" };
	const char *const text[] = { vendor, product, serial };
	char name[128];
	int i;

	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "device/%s%s", above, names[i]);
		if (text[i])
			has(name, text[i]);
	}
}

static int find(const struct mclic_area_header *h, __u8 kind)
{
	int err;

	disk.asked = 0;
	memset(&disk.m, 0xee, sizeof(disk.m));
	err = mclic_medium_find(mclic_openssl(), &disk.hw, h, kind, &disk.m);
	if (err)
		assert_true(mclic_is_zero(&disk.m, sizeof(disk.m)));
	return err;
}

static void found(const struct mclic_area_header *h, __u8 ask, __u8 kind, const void *raw,
		  size_t len)
{
	__u8 mid[MCLIC_ID_SIZE];

	assert_int_equal(find(h, ask), 0);
	assert_int_equal(disk.m.kind, kind);
	assert_int_equal(disk.m.removable, disk.hw.removable);
	assert_int_equal(disk.m.medium_class, mclic_medium_class(kind, disk.hw.removable));
	assert_int_equal(disk.m.names_drive, mclic_medium_names_drive(kind, disk.hw.removable));
	assert_int_equal(disk.m.raw_len, len);
	assert_memory_equal(disk.m.raw, raw, len);
	assert_true(mclic_is_zero(disk.m.raw + len, sizeof(disk.m.raw) - len));
	assert_int_equal(mclic_medium_id(mclic_openssl(), kind, raw, len, mid), 0);
	assert_memory_equal(disk.m.mid, mid, sizeof(mid));
}

/* Found when no kind is asked for, and when this one is */
static void is_bytes(__u8 kind, const char *raw, size_t len)
{
	found(&disk.head, 0, kind, raw, len);
	found(&disk.head, kind, kind, raw, len);
}

static void is(__u8 kind, const char *raw)
{
	is_bytes(kind, raw, strlen(raw));
}

static void is_none(void)
{
	assert_int_equal(find(&disk.head, 0), -ENODEV);
}

static int setup(void **state)
{
	__u8 area_id[MCLIC_ID_SIZE], factory[MCLIC_ID_SIZE];

	(void)state;
	fill(area_id, sizeof(area_id), 0xa0);
	fill(factory, sizeof(factory), 0x51);
	assert_why(mclic_area_header_make(mclic_openssl(), &disk.head, 8, area_id, NULL, ""),
		   MCLIC_OK);
	assert_why(mclic_area_header_make(mclic_openssl(), &disk.emulated, 8, area_id, factory, ""),
		   MCLIC_OK);
	plain();
	return 0;
}

static void test_table(void **state)
{
	/* first16(SHA-256("mclic medium id v1" 02 0f 00 and the 15 bytes)) */
	static const __u8 mid[MCLIC_ID_SIZE] = {
		0xe6, 0x88, 0x69, 0x8f, 0x4c, 0x6f, 0x85, 0x67,
		0x38, 0x74, 0xbe, 0x0f, 0xab, 0xa6, 0xb1, 0x53,
	};

	(void)state;
	has("device/type", "SD\n");
	has("device/cid", CID "\n");
	is_bytes(MCLIC_MEDIUM_SD, RAW_CID, 15);
	assert_int_equal(disk.m.medium_class, 3);
	assert_memory_equal(disk.m.mid, mid, sizeof(mid));
	plain();
	has("wwid", "eui.0025385b71b0a2c4\n");
	is(MCLIC_MEDIUM_NVME, "eui.0025385b71b0a2c4");
	plain();
	has("device/wwid", "t10.ATA     QEMU HARDDISK      MO7731    \n");
	is(MCLIC_MEDIUM_SCSI, "t10.ATA     QEMU HARDDISK      MO7731");
	assert_int_equal(disk.m.medium_class, 2);
	plain();
	has_bytes("device/vpd_pg80", "\0\x80\0\x0a  WD-WX21A\0\0", 16);
	is(MCLIC_MEDIUM_VPD, "  WD-WX21A");
	plain();
	usb("", "0951\n", "1666\n", "60A44C413A8CF320\n");
	is(MCLIC_MEDIUM_USB, USB);
	plain();
	has("serial", "disk-7731\n");
	is(MCLIC_MEDIUM_VIRTIO, "disk-7731");
	plain();
	is_none();
	found(&disk.emulated, 0, MCLIC_MEDIUM_EMULATED, disk.emulated.factory_id, MCLIC_ID_SIZE);
	found(&disk.emulated, MCLIC_MEDIUM_EMULATED, MCLIC_MEDIUM_EMULATED,
	      disk.emulated.factory_id, MCLIC_ID_SIZE);
	assert_int_equal(disk.asked, 0);
}

/* Where the drive may answer for the medium the area id follows; zeros where there is none. */
static void test_removable(void **state)
{
	char raw[sizeof(WWID) - 1 + MCLIC_ID_SIZE] = WWID;

	(void)state;
	disk.hw.removable = true;
	has("device/wwid", WWID "\n");
	found(NULL, 0, MCLIC_MEDIUM_SCSI, raw, sizeof(raw));
	memcpy(raw + sizeof(WWID) - 1, disk.head.area_id, MCLIC_ID_SIZE);
	is_bytes(MCLIC_MEDIUM_SCSI, raw, sizeof(raw));
	assert_int_equal(disk.m.medium_class, 1);
	has("wwid", "eui.0025385b71b0a2c4\n");
	is(MCLIC_MEDIUM_NVME, "eui.0025385b71b0a2c4");
}

static void test_order(void **state)
{
	static const __u8 order[] = {
		MCLIC_MEDIUM_EMULATED, MCLIC_MEDIUM_VIRTIO, MCLIC_MEDIUM_USB, MCLIC_MEDIUM_VPD,
		MCLIC_MEDIUM_SCSI, MCLIC_MEDIUM_NVME, MCLIC_MEDIUM_SD,
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(order); i++) {
		switch (order[i]) {
		case MCLIC_MEDIUM_VIRTIO:
			has("serial", "disk-7731\n");
			break;
		case MCLIC_MEDIUM_USB:
			usb("", "0951\n", "1666\n", "60A44C413A8CF320\n");
			break;
		case MCLIC_MEDIUM_VPD:
			has_bytes("device/vpd_pg80", "\0\x80\0\x08WD-WX21A", 12);
			break;
		case MCLIC_MEDIUM_SCSI:
			has("device/wwid", WWID "\n");
			break;
		case MCLIC_MEDIUM_NVME:
			has("wwid", "eui.0025385b71b0a2c4\n");
			break;
		case MCLIC_MEDIUM_SD:
			has("device/cid", CID "\n");
			has("device/type", "MMC\n");
			break;
		}
		assert_int_equal(find(&disk.emulated, 0), 0);
		assert_int_equal(disk.m.kind, order[i]);
		/* the kind that is asked for answers, whatever else there is, or nothing does */
		for (j = 0; j < sizeof(order); j++) {
			assert_int_equal(find(&disk.emulated, order[j]), j <= i ? 0 : -ENODEV);
			assert_int_equal(disk.m.kind, j <= i ? order[j] : 0);
		}
	}
	assert_int_equal(find(&disk.emulated, MCLIC_MEDIUM_SERIAL), -ENODEV);
	assert_int_equal(find(&disk.emulated, 255), -ENODEV);
	assert_int_equal(disk.asked, 0);
	/* an id that thousands share is none */
	has("device/type", "SDIO\n");
	has("wwid", "eui.0000000000000001\n");
	found(&disk.head, 0, MCLIC_MEDIUM_SCSI, WWID, sizeof(WWID) - 1);
}

/* Nothing is read of what has no device behind it. */
static void test_no_device(void **state)
{
	(void)state;
	has("serial", "disk-7731\n");
	disk.hw.read = NULL;
	is_none();
	assert_int_equal(find(NULL, 0), -ENODEV);
	assert_int_equal(find(&disk.head, MCLIC_MEDIUM_VIRTIO), -ENODEV);
	found(&disk.emulated, 0, MCLIC_MEDIUM_EMULATED, disk.emulated.factory_id, MCLIC_ID_SIZE);
}

/* A line ends at its newline, at a NUL, or where the attribute does. */
static void test_lines(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		bool card;
	} types[] = {
		{ "SD\n", 3, true }, { "SD", 2, true }, { "SD\0IO", 5, true }, { "MMC\n", 4, true },
		{ "MMC", 3, true }, { "SD\nIO\n", 6, true }, { "", 0, false }, { "\n", 1, false },
		{ "\0SD", 3, false }, { "S", 1, false }, { "SDIO\n", 5, false }, { "sd\n", 3, false },
		{ " SD\n", 4, false }, { "SD \n", 4, false }, { "MM", 2, false }, { "MMC2", 4, false },
		{ "M\0C", 3, false },
	};
	size_t i;

	(void)state;
	has("device/cid", CID);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		has_bytes("device/type", types[i].text, types[i].len);
		if (types[i].card)
			is_bytes(MCLIC_MEDIUM_SD, RAW_CID, 15);
		else
			is_none();
	}
	plain();
	usb("", "0951", "1666", "60A44C413A8CF320");
	is(MCLIC_MEDIUM_USB, USB);
	has_bytes("device/idVendor", "0951\n1666", 9);
	has_bytes("device/idProduct", "1666\0\n77", 8);
	has_bytes("device/serial", "60A44C413A8CF320\0\0\n", 19);
	is(MCLIC_MEDIUM_USB, USB);
	has("device/serial", "60A4 4C41 \n");
	is(MCLIC_MEDIUM_USB, "0951:1666:60A4 4C41");
	/* elsewhere it is the end that is stripped, and nothing before it */
	plain();
	has_bytes("serial", "disk\0-\n7731\0 \n\0", 16);
	is_bytes(MCLIC_MEDIUM_VIRTIO, "disk\0-\n7731", 11);
	has("serial", "disk-7731");
	is(MCLIC_MEDIUM_VIRTIO, "disk-7731");
}

static void test_nothing(void **state)
{
	static const char *const names[] = {
		"wwid", "device/wwid", "device/vpd_pg80", "serial", "device/idVendor",
		"device/idProduct", "device/serial", "device/type", "device/cid",
	};
	static const char *const texts[] = { "", "\n", " \n", "abc\n", "aaaaaaaa\n" };
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
			plain();
			has(names[i], texts[j]);
			is_none();
		}
	plain();
	has("device/type", "SD\n");
	is_none();
	has("device/cid", "\n");
	is_none();
	has("device/cid", "275048534433324760a1b2c3d40132\n");
	is_none();
	has_bytes("device/cid", "275048534433324760a1b2c3d401320\0", 32);
	is_none();
	plain();
	has_bytes("device/vpd_pg80", "\0\x83\0\x08WD-WX21A", 12);
	is_none();
	has_bytes("device/vpd_pg80", "\0\x80\0", 3);
	is_none();
	plain();
	usb("", "0951\n", "\n", "60A44C413A8CF320\n");
	is_none();
	usb("", "0951\n", "1666\n", "\n");
	is_none();
	usb("", "95:1\n", "1666\n", "60A44C413A8CF320\n");
	is_none();
}

static void test_long(void **state)
{
	static char text[ATTRIBUTE_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	has_bytes("serial", text, 240);
	is_bytes(MCLIC_MEDIUM_VIRTIO, text, 240);
	for (i = 241; i <= sizeof(text); i++) {
		has_bytes("serial", text, i);
		is_none();
	}
	/* blanks at the end do not count, unless they are too many to be read */
	memset(text + 240, ' ', sizeof(text) - 240);
	has_bytes("serial", text, ATTRIBUTE_MAX);
	is_bytes(MCLIC_MEDIUM_VIRTIO, text, 240);
	has_bytes("serial", text, ATTRIBUTE_MAX + 1);
	is_none();
}

/* Of the three parts each may fill the room alone, or leave too little for the next. */
static void test_long_usb(void **state)
{
	static char text[ATTRIBUTE_MAX + 1], raw[240] = "0951:1666:";
	static const char *const names[] = { "device/idVendor", "device/idProduct", "device/serial" };
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	memcpy(raw + 10, text, 230);
	usb("", "0951\n", "1666\n", NULL);
	has_bytes("device/serial", text, 230);
	is_bytes(MCLIC_MEDIUM_USB, raw, 240);
	has_bytes("device/serial", text, 231);
	is_none();
	for (i = 0; i < 3; i++)
		for (len = ATTRIBUTE_MAX - 12; len <= sizeof(text); len++) {
			plain();
			usb("", "0951\n", "1666\n", "60A44C413A8CF320\n");
			has_bytes(names[i], text, len);
			is_none();
			assert_int_equal(find(&disk.head, MCLIC_MEDIUM_USB), -ENODEV);
		}
}

/* The first directory above the disk's device with an idVendor is the USB device. */
static void test_usb_levels(void **state)
{
	char above[3 * 40 + 1];
	size_t level;

	(void)state;
	for (level = 0; level < 40; level++) {
		plain();
		memset(above, 0, sizeof(above));
		while (strlen(above) < 3 * level)
			strcat(above, "../");
		usb(above, "0951\n", "1666\n", "60A44C413A8CF320\n");
		if (level <= 32)
			is(MCLIC_MEDIUM_USB, USB);
		else
			is_none();
	}
	plain();
	usb("../", "0951\n", "1666\n", "60A44C413A8CF320\n");
	usb("../../", "1d6b\n", "0002\n", "0000:00:14.0\n");
	is(MCLIC_MEDIUM_USB, USB);
	/* without a serial number it has none, and not the hub's */
	plain();
	usb("../", "0951\n", "1666\n", NULL);
	usb("../../", "1d6b\n", "0002\n", "0000:00:14.0\n");
	is_none();
	has("device/../serial", "\n");
	is_none();
	fails("device/../serial", -EIO);
	is_none();
}

/* Whatever an attribute fails with, it is one that is not there. */
static void test_errnos(void **state)
{
	static const int errnos[] = {
		-ENOENT, -ENODEV, -ENXIO, -EIO, -EACCES, -EPERM, -EINVAL, -EFBIG, -EINTR, -EAGAIN,
		-ENOMEDIUM, -ENOTDIR, -ELOOP, -4095,
	};
	static const char *const names[] = {
		"device/type", "device/cid", "wwid", "device/wwid", "device/vpd_pg80",
		"device/idVendor", "device/idProduct", "device/serial",
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++) {
		for (j = 0; j < sizeof(names) / sizeof(names[0]); j++) {
			plain();
			if (!strcmp(names[j], "device/cid"))
				has("device/type", "SD\n");
			if (!strcmp(names[j], "device/idProduct") ||
			    !strcmp(names[j], "device/serial"))
				usb("", "0951\n", "1666\n", "60A44C413A8CF320\n");
			fails(names[j], errnos[i]);
			is_none();
			has("serial", "disk-7731\n");
			is(MCLIC_MEDIUM_VIRTIO, "disk-7731");
		}
		fails("serial", errnos[i]);
		assert_int_equal(find(&disk.head, MCLIC_MEDIUM_VIRTIO), -ENODEV);
		assert_int_equal(find(&disk.emulated, 0), 0);
		assert_int_equal(disk.m.kind, MCLIC_MEDIUM_EMULATED);
	}
}

/* Without memory nothing can be told: no other identifier is taken in its stead. */
static void test_no_memory(void **state)
{
	static const char *const names[] = {
		"device/type", "device/cid", "wwid", "device/wwid", "device/vpd_pg80",
		"device/idVendor", "device/../idVendor", "device/../idProduct", "device/../serial",
		"serial",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		plain();
		if (!strcmp(names[i], "device/cid"))
			has("device/type", "SD\n");
		if (strcmp(names[i], "serial")) {
			usb("../", "0951\n", "1666\n", "60A44C413A8CF320\n");
			usb("../../", "1d6b\n", "0002\n", "0000:00:14.0\n");
			has("serial", "disk-7731\n");
		}
		fails(names[i], -ENOMEM);
		assert_int_equal(find(&disk.emulated, 0), -ENOMEM);
		assert_string_equal(disk.last, names[i]);
	}
}

static int broken_sha(const struct mclic_crypto *c, const struct mclic_vec *v, unsigned int n,
		      __u8 out[MCLIC_HASH_SIZE])
{
	(void)c;
	(void)v;
	(void)n;
	(void)out;
	return -EIO;
}

static void test_crypto(void **state)
{
	static const struct mclic_crypto broken = { .name = "broken", .sha256 = broken_sha };

	(void)state;
	has("wwid", "eui.0025385b71b0a2c4\n");
	memset(&disk.m, 0xee, sizeof(disk.m));
	assert_int_equal(mclic_medium_find(&broken, &disk.hw, &disk.emulated, 0, &disk.m), -EIO);
	assert_true(mclic_is_zero(&disk.m, sizeof(disk.m)));
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_table), T(test_removable), T(test_order), T(test_no_device), T(test_lines),
		T(test_nothing), T(test_long), T(test_long_usb), T(test_usb_levels), T(test_errnos),
		T(test_no_memory), T(test_crypto),
	};

	return cmocka_run_group_tests_name("core: finding identifiers", tests, NULL, NULL);
}
