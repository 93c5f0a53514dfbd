// SPDX-License-Identifier: GPL-2.0-or-later
/* Medium identifiers: each row of the format's table, the order, and what is refused. */
#include <sys/sysmacros.h>

#include "medium_fixture.h"

#define CID_A	"275048534433324760a1b2c3d4013200"
#define WWID_A	"naa.5000cca264eb01d7"

struct bench {
	struct home home;
	struct mclic_area_header head;	/* no emulated id */
	struct mclic_area_header emulated;
	dev_t dev;
	struct mclic_medium m;
};

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	__u8 area_id[MCLIC_ID_SIZE], factory[MCLIC_ID_SIZE];
	struct stat st;
	int i;

	assert_non_null(b);
	home_make(&b->home);
	for (i = 0; i < MCLIC_ID_SIZE; i++) {
		area_id[i] = (__u8)(0xa0 + i);
		factory[i] = (__u8)(0xf0 - i);
	}
	assert_int_equal(mclic_area_header_make(mclic_openssl(), &b->head, 8, area_id, NULL, ""),
			 MCLIC_OK);
	assert_int_equal(mclic_area_header_make(mclic_openssl(), &b->emulated, 8, area_id, factory,
						""), MCLIC_OK);
	assert_int_equal(stat(b->home.disk, &st), 0);
	b->dev = st.st_dev;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	home_remove(&b->home);
	free(b);
	return 0;
}

/* Read kind @ask of a medium that shows @kind and @id. */
static int read_as(struct bench *b, const char *kind, const char *id, __u8 ask)
{
	medium_set(b->home.disk, kind, id);
	return mclic_medium_read(b->dev, &b->head, ask, &b->m);
}

/* What is read must be this, and MID must be what the format says of it. */
static void is(const struct bench *b, __u8 kind, __u8 class, const void *raw, size_t len)
{
	__u8 buf[512] = "mclic medium id v1", hash[MCLIC_HASH_SIZE];
	char disk[MCLIC_DISK_NAME];
	size_t n = strlen((char *)buf);
	struct mclic_vec v = { buf, n + 3 + len };

	assert_int_equal(b->m.kind, kind);
	assert_int_equal(b->m.medium_class, class);
	assert_int_equal(b->m.raw_len, len);
	assert_memory_equal(b->m.raw, raw, len);
	buf[n] = kind;
	buf[n + 1] = (__u8)len;
	buf[n + 2] = (__u8)(len >> 8);
	memcpy(buf + n + 3, raw, len);
	assert_int_equal(mclic_openssl()->sha256(mclic_openssl(), &v, 1, hash), 0);
	assert_memory_equal(b->m.mid, hash, MCLIC_ID_SIZE);
	assert_string_equal(mclic_disk_name(b->dev, disk), "fake0");
}

static void is_text(const struct bench *b, __u8 kind, __u8 class, const char *raw)
{
	is(b, kind, class, raw, strlen(raw));
	assert_false(b->m.names_drive);
}

/* The same where the id may be the drive's: the area id follows. */
static void is_drive(const struct bench *b, __u8 kind, const char *raw)
{
	char both[MCLIC_RAW_MAX + 1];
	int n = snprintf(both, sizeof(both), "%s", raw);

	memcpy(both + n, b->head.area_id, MCLIC_ID_SIZE);
	is(b, kind, 1, both, (size_t)n + MCLIC_ID_SIZE);
	assert_true(b->m.names_drive);
	assert_true(b->m.removable);
}

static void test_sd(void **state)
{
	static const __u8 cid[15] = { 0x27, 0x50, 0x48, 0x53, 0x44, 0x33, 0x32, 0x47,
				      0x60, 0xa1, 0xb2, 0xc3, 0xd4, 0x01, 0x32 };
	struct bench *b = *state;

	must(read_as(b, "sd", CID_A, 0));
	is(b, MCLIC_MEDIUM_SD, 3, cid, sizeof(cid));
	must(read_as(b, "mmc", CID_A, MCLIC_MEDIUM_SD));
	is(b, MCLIC_MEDIUM_SD, 3, cid, sizeof(cid));
	/* the CRC byte differs between hosts and is no part of it; removable neither */
	must(read_as(b, "sd,removable", "275048534433324760a1b2c3d40132ff", 0));
	is(b, MCLIC_MEDIUM_SD, 3, cid, sizeof(cid));
}

static void test_nvme(void **state)
{
	struct bench *b = *state;

	must(read_as(b, "nvme", "eui.0025385b71b0a2c4", 0));
	is_text(b, MCLIC_MEDIUM_NVME, 2, "eui.0025385b71b0a2c4");
}

static void test_scsi(void **state)
{
	struct bench *b = *state;

	must(read_as(b, "scsi", WWID_A, 0));
	is_text(b, MCLIC_MEDIUM_SCSI, 2, WWID_A);
	must(read_as(b, "scsi", "t10.ATA     QEMU HARDDISK      MO7731    ", 0));
	is_text(b, MCLIC_MEDIUM_SCSI, 2, "t10.ATA     QEMU HARDDISK      MO7731");
	must(read_as(b, "scsi,removable", WWID_A, 0));
	is_drive(b, MCLIC_MEDIUM_SCSI, WWID_A);
}

static void test_vpd(void **state)
{
	struct bench *b = *state;

	must(read_as(b, "vpd", "  WD-WX21A", 0));
	is_text(b, MCLIC_MEDIUM_VPD, 2, "  WD-WX21A");
	must(read_as(b, "vpd,removable", "WD-WX21A", 0));
	is_drive(b, MCLIC_MEDIUM_VPD, "WD-WX21A");
}

static void test_usb(void **state)
{
	struct bench *b = *state;

	must(read_as(b, "usb", "0951:1666:60A44C413A8CF320", 0));
	is_text(b, MCLIC_MEDIUM_USB, 2, "0951:1666:60A44C413A8CF320");
	must(read_as(b, "usb,removable", "0951:1666:60A44C413A8CF320", 0));
	is_drive(b, MCLIC_MEDIUM_USB, "0951:1666:60A44C413A8CF320");
	/* a stick without a serial number must not take the hub's above it */
	assert_int_equal(read_as(b, "usb,removable", "0951:1666", 0), -ENODEV);
	assert_int_equal(read_as(b, "usb,removable", "0951:1666", MCLIC_MEDIUM_USB), -ENODEV);
}

static void test_virtio(void **state)
{
	struct bench *b = *state;

	must(read_as(b, "virtio", "disk-7731", 0));
	is_text(b, MCLIC_MEDIUM_VIRTIO, 0, "disk-7731");
}

static void test_emulated(void **state)
{
	static const char *const without[] = { "none", "plain" };
	struct bench *b = *state;
	char disk[MCLIC_DISK_NAME];
	size_t i;

	for (i = 0; i < 2; i++) {
		medium_set(b->home.disk, without[i], "");
		assert_int_equal(mclic_medium_read(b->dev, &b->head, 0, &b->m), -ENODEV);
		assert_non_null(strstr(mclic_message(), "an identifier of its own"));
		must(mclic_medium_read(b->dev, &b->emulated, 0, &b->m));
		assert_int_equal(b->m.kind, MCLIC_MEDIUM_EMULATED);
		assert_int_equal(b->m.medium_class, 0);
		assert_int_equal(b->m.raw_len, MCLIC_ID_SIZE);
		assert_memory_equal(b->m.raw, b->emulated.factory_id, MCLIC_ID_SIZE);
		assert_string_equal(mclic_disk_name(b->dev, disk), i ? "fake0" : "");
	}
	must(mclic_medium_read(makedev(0, 4321), &b->emulated, 0, &b->m));
	assert_int_equal(b->m.kind, MCLIC_MEDIUM_EMULATED);
}

/* Attributes beside a virtual disk name something else: it has no device, so no id. */
static void test_no_device(void **state)
{
	struct bench *b = *state;

	medium_set(b->home.disk, "nvme", "eui.0025385b71b0a2c4");
	medium_shell("rm /sys/dev/block/.fake/*/port/host/target/device/block/fake0/device");
	assert_int_equal(mclic_medium_read(b->dev, &b->head, 0, &b->m), -ENODEV);
	must(mclic_medium_read(b->dev, &b->emulated, 0, &b->m));
	assert_int_equal(b->m.kind, MCLIC_MEDIUM_EMULATED);
}

/* Put an attribute of another kind beside what there is. */
static void also(const char *where, const char *text)
{
	char *command;

	assert_true(asprintf(&command, "d=$(readlink -f $(ls -d /sys/dev/block/*:* | while read -r l; "
			     "do case $(readlink $l) in *.fake*) echo $l ;; esac; done)); "
			     "printf '%s\\n' >$d/%s", text, where) > 0);
	medium_shell(command);
	free(command);
}

static void test_order(void **state)
{
	struct bench *b = *state;

	medium_set(b->home.disk, "usb", "0951:1666:60A44C413A8CF320");
	must(mclic_medium_read(b->dev, &b->head, 0, &b->m));
	assert_int_equal(b->m.kind, MCLIC_MEDIUM_USB);
	also("serial", "disk-7731");
	must(mclic_medium_read(b->dev, &b->emulated, 0, &b->m));
	assert_int_equal(b->m.kind, MCLIC_MEDIUM_USB);
	also("device/vpd_pg80", "\\000\\200\\000\\010WD-WX21A");
	must(mclic_medium_read(b->dev, &b->head, 0, &b->m));
	assert_int_equal(b->m.kind, MCLIC_MEDIUM_VPD);
	also("device/wwid", WWID_A);
	must(mclic_medium_read(b->dev, &b->head, 0, &b->m));
	assert_int_equal(b->m.kind, MCLIC_MEDIUM_SCSI);
	also("wwid", "eui.0025385b71b0a2c4");
	must(mclic_medium_read(b->dev, &b->head, 0, &b->m));
	assert_int_equal(b->m.kind, MCLIC_MEDIUM_NVME);
	also("device/cid", CID_A);
	also("device/type", "SDIO");
	must(mclic_medium_read(b->dev, &b->head, 0, &b->m));
	assert_int_equal(b->m.kind, MCLIC_MEDIUM_NVME);
	also("device/type", "SD");
	must(mclic_medium_read(b->dev, &b->head, 0, &b->m));
	assert_int_equal(b->m.kind, MCLIC_MEDIUM_SD);
	/* a reader asks for the kind that the terms name, whatever else there is */
	must(mclic_medium_read(b->dev, &b->head, MCLIC_MEDIUM_USB, &b->m));
	is_text(b, MCLIC_MEDIUM_USB, 2, "0951:1666:60A44C413A8CF320");
	must(mclic_medium_read(b->dev, &b->head, MCLIC_MEDIUM_VIRTIO, &b->m));
	is_text(b, MCLIC_MEDIUM_VIRTIO, 0, "disk-7731");
}

/* An id that thousands share is none: the next kind is asked. */
static void test_dummies(void **state)
{
	struct bench *b = *state;

	assert_int_equal(read_as(b, "scsi", "naa.5000000000000000", 0), -ENODEV);
	also("serial", "disk-7731");
	must(mclic_medium_read(b->dev, &b->head, 0, &b->m));
	is_text(b, MCLIC_MEDIUM_VIRTIO, 0, "disk-7731");
	assert_int_equal(mclic_medium_read(b->dev, &b->head, MCLIC_MEDIUM_SCSI, &b->m), -ENODEV);
	assert_non_null(strstr(mclic_message(), "\"scsi\""));
	assert_int_equal(read_as(b, "virtio", "aaaaaaaaaaaa", 0), -ENODEV);
	assert_int_equal(read_as(b, "virtio", "ab", 0), -ENODEV);
	assert_int_equal(read_as(b, "virtio", "", 0), -ENODEV);
	assert_int_equal(read_as(b, "sd", "2750485344333247", 0), -ENODEV);
}

static void test_too_long(void **state)
{
	struct bench *b = *state;
	char id[2000];

	memset(id, 'x', sizeof(id));
	memcpy(id, "abcd", 4);
	id[240] = '\0';
	must(read_as(b, "virtio", id, 0));
	is_text(b, MCLIC_MEDIUM_VIRTIO, 0, id);
	id[240] = 'x';
	id[300] = '\0';
	assert_int_equal(read_as(b, "virtio", id, 0), -ENODEV);
	id[300] = 'x';
	id[1999] = '\0';
	assert_int_equal(read_as(b, "virtio", id, 0), -ENODEV);
}

/* A partition's identifier is its disk's, and so is whether it is removable. */
static void test_partition(void **state)
{
	struct bench *b = *state;
	char *command;

	medium_set(b->home.disk, "scsi,removable", WWID_A);
	assert_true(asprintf(&command, "l=/sys/dev/block/%u:%u; d=$(readlink -f $l); mkdir $d/fake0p1 && "
			     "echo 1 >$d/fake0p1/partition && echo %u:%u >$d/fake0p1/dev && "
			     "echo 254:77 >$d/dev && ln -sfn $d/fake0p1 $l", major(b->dev),
			     minor(b->dev), major(b->dev), minor(b->dev)) > 0);
	medium_shell(command);
	free(command);
	must(mclic_medium_read(b->dev, &b->head, 0, &b->m));
	is_drive(b, MCLIC_MEDIUM_SCSI, WWID_A);
}

static void test_kind_names(void **state)
{
	(void)state;
	assert_string_equal(mclic_medium_kind_name(MCLIC_MEDIUM_SD), "sd");
	assert_string_equal(mclic_medium_kind_name(MCLIC_MEDIUM_EMULATED), "emulated");
	assert_string_equal(mclic_medium_kind_name(0), "unknown");
	assert_string_equal(mclic_medium_kind_name(255), "unknown");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_sd), T(test_nvme), T(test_scsi), T(test_vpd), T(test_usb), T(test_virtio),
		T(test_emulated), T(test_no_device), T(test_order), T(test_dummies),
		T(test_too_long), T(test_partition), cmocka_unit_test(test_kind_names),
	};

	return cmocka_run_group_tests(tests, medium_namespace, NULL);
}
