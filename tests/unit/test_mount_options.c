// SPDX-License-Identifier: GPL-2.0-or-later
/* The options of mount.mclicfs: who obeys which, and which word is the last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "userspace/mount.mclicfs/options.c"

static void parse(struct options *o, const char *list)
{
	*o = (struct options){ .set = 0 };
	assert_int_equal(options_add(o, list), 0);
}

static void test_attributes(void **state)
{
	struct options o;

	(void)state;
	parse(&o, "nosuid,nodev,noexec,nosymfollow,nodiratime");
	assert_int_equal(o.set, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
			 MOUNT_ATTR_NOSYMFOLLOW | MOUNT_ATTR_NODIRATIME);
	assert_int_equal(o.clear, 0);
	assert_int_equal(options_add(&o, "suid,exec"), 0);
	assert_int_equal(o.set, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSYMFOLLOW |
			 MOUNT_ATTR_NODIRATIME);
	assert_int_equal(o.clear, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	assert_int_equal(o.count, 0);
	options_free(&o);
}

/* One of its values, of which the kernel wants the whole field cleared. */
static void test_atime(void **state)
{
	static const struct {
		const char *list;
		__u64 set;
	} cases[] = {
		{ "noatime", MOUNT_ATTR_NOATIME },
		{ "strictatime", MOUNT_ATTR_STRICTATIME },
		{ "noatime,relatime", MOUNT_ATTR_RELATIME },
		{ "strictatime,noatime", MOUNT_ATTR_NOATIME },
		{ "noatime,norelatime", MOUNT_ATTR_STRICTATIME },
		{ "noatime,atime", MOUNT_ATTR_RELATIME },
	};
	struct options o;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parse(&o, cases[i].list);
		assert_int_equal(o.set, cases[i].set);
		assert_int_equal((o.set | o.clear) & MOUNT_ATTR__ATIME, MOUNT_ATTR__ATIME);
		options_free(&o);
	}
}

static void test_read_only(void **state)
{
	struct options o;

	(void)state;
	parse(&o, "noexec");
	assert_false((o.set | o.clear) & MOUNT_ATTR_RDONLY);
	options_free(&o);
	parse(&o, "rw,ro");
	assert_true(o.set & MOUNT_ATTR_RDONLY);
	assert_false(o.clear & MOUNT_ATTR_RDONLY);
	assert_int_equal(options_add(&o, "rw"), 0);
	assert_false(o.set & MOUNT_ATTR_RDONLY);
	assert_true(o.clear & MOUNT_ATTR_RDONLY);
	options_free(&o);
}

static void test_others(void **state)
{
	struct options o;

	(void)state;
	parse(&o, "defaults,,auto,noauto,nofail,user,users,owner,group,_netdev,user=alice,loop,"
	      "comment=a b,x-systemd.automount,x-gvfs-show,X-mount.mkdir,helper=h,uhelper=u,silent");
	assert_int_equal(o.count, 0);
	assert_int_equal(o.set | o.clear, 0);
	assert_false(o.remount);
	assert_true(o.nofail);
	options_free(&o);
}

static void test_kernel(void **state)
{
	struct options o;

	(void)state;
	parse(&o, "readahead=64,ro,key=1,key=2,flavour,area=/dev/sdb1,remount,x=a=b,sync");
	assert_int_equal(o.count, 7);
	assert_string_equal(o.params[0].key, "readahead");
	assert_string_equal(o.params[0].value, "64");
	assert_string_equal(o.params[2].value, "2");
	assert_string_equal(o.params[3].key, "flavour");
	assert_null(o.params[3].value);
	assert_string_equal(o.params[5].key, "x");
	assert_string_equal(o.params[5].value, "a=b");
	assert_string_equal(o.params[6].key, "sync");
	assert_true(o.remount && o.keys && o.area);
	options_free(&o);
}

static void test_quotes(void **state)
{
	struct options o;

	(void)state;
	parse(&o, "label=\"a,b\",noexec,open=\"c,d");
	assert_int_equal(o.count, 2);
	assert_string_equal(o.params[0].value, "a,b");
	assert_string_equal(o.params[1].value, "c,d");
	assert_true(o.set & MOUNT_ATTR_NOEXEC);
	options_free(&o);
}

static void test_refused(void **state)
{
	struct options o;

	(void)state;
	parse(&o, "");
	assert_int_equal(options_add(&o, "ro,lower=/"), -EINVAL);
	assert_int_equal(options_add(&o, "source=/"), -EINVAL);
	options_free(&o);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_atime),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("mount options", tests, NULL, NULL);
}
