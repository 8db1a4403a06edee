/* SPDX-License-Identifier: MIT */
/* What is found of the balloon and the swap, below roots of the test's own. */
#include "common/giving.h"
#include "scratch.h"
#include "suite.h"

#define NO_REPORT "0100000000000000000000000000110010000000100000000000000000000000\n"
#define REPORT    "0100010000000000000000000000110010000000100000000000000000000000\n"
#define HEAD      "Filename Type Size Used Priority\n"

static struct giving_finding findings[GIVING_MAX];
static size_t nr_findings;
static const char *root;

static void setup(void)
{
    root = scratch_directory();
    scratch_file(root, "/proc/swaps", HEAD "/dev/zram0 partition 1024 0 -2\n");
}

FIXTURE(setup, NULL);

static const struct giving_finding *find(const char *name)
{
    nr_findings = giving_look(root, findings);
    for (size_t i = 0; i < nr_findings; i++)
        if (!strcmp(findings[i].name, name))
            return &findings[i];
    ck_abort_msg("nothing is said of %s", name);
}

static void check(const char *name, enum giving_verdict verdict, const char *word)
{
    const struct giving_finding *finding = find(name);

    ck_assert_msg(finding->verdict == verdict, "%s: %d: %s", name, finding->verdict, finding->text);
    says(finding->text, word);
}

static void balloon(const char *features)
{
    scratch_file(root, "/sys/bus/virtio/devices/virtio0/device", "0x0002\n");
    scratch_file(root, "/sys/bus/virtio/devices/virtio0/features", REPORT);
    scratch_file(root, "/sys/bus/virtio/devices/virtio3/device", "0x0005\n");
    scratch_file(root, "/sys/bus/virtio/devices/virtio3/features", features);
    scratch_file(root, "/sys/bus/virtio/devices/virtio3/driver", "");
}

TEST(test_no_balloon)
{
    check("free page reporting", GIVING_NOTE, "free-page-reporting=on");
    scratch_file(root, "/sys/bus/virtio/devices/virtio0/device", "0x0002\n");
    scratch_file(root, "/sys/bus/virtio/devices/virtio0/features", REPORT);
    check("free page reporting", GIVING_NOTE, "no balloon device");
}

TEST(test_balloon)
{
    balloon(REPORT);
    check("free page reporting", GIVING_WORKS,
          "virtio3 reports free memory to the host, in blocks of at least 2048 KiB");
    scratch_file(root, "/sys/module/page_reporting/parameters/page_reporting_order", "0\n");
    check("free page reporting", GIVING_WORKS, "at least 4 KiB");
}

TEST(test_balloon_without_reporting)
{
    balloon(NO_REPORT);
    check("free page reporting", GIVING_MISSING, "free-page-reporting=on");
    scratch_file(root, "/sys/bus/virtio/devices/virtio3/features", "010\n");
    check("free page reporting", GIVING_MISSING, "does not report");
}

TEST(test_balloon_without_driver)
{
    scratch_file(root, "/sys/bus/virtio/devices/virtio3/device", "0x0005\n");
    scratch_file(root, "/sys/bus/virtio/devices/virtio3/features", NO_REPORT);
    check("free page reporting", GIVING_MISSING, "virtio_balloon");
}

TEST(test_order)
{
    static const char file[] = "/sys/module/page_reporting/parameters/page_reporting_order";

    ck_assert_uint_eq(giving_order(root), 9);
    scratch_file(root, file, "4\n");
    ck_assert_uint_eq(giving_order(root), 4);
    scratch_file(root, file, "-1\n");
    ck_assert_uint_eq(giving_order(root), 9);
    scratch_file(root, file, "4294967295\n");
    ck_assert_uint_eq(giving_order(root), 9);
}

TEST(test_zram)
{
    check("swap on /dev/zram0", GIVING_WORKS, "free at once");
    scratch_file(root, "/proc/swaps", HEAD "/dev/zram0 partition 1024 1024 -2\n");
    check("swap on /dev/zram0", GIVING_MISSING, "full");
}

TEST(test_disk)
{
    scratch_file(root, "/proc/swaps", HEAD "/dev/vda2 partition 1024 0 -2\n/swap\\040file file 1024 0 -3\n");
    check("swap on /dev/vda2", GIVING_MISSING, "6.17");
    check("swap on /swap\\040file", GIVING_MISSING, "zram or zswap");
    scratch_file(root, "/sys/fs/cgroup/memory.reclaim", ""); /* the root cgroup has none; one here would be no answer */
    check("swap on /dev/vda2", GIVING_MISSING, "6.17");
    scratch_file(root, "/sys/fs/cgroup/system.slice/memory.reclaim", "");
    check("swap on /dev/vda2", GIVING_NOTE, "root cgroup");
    scratch_file(root, "/sys/devices/system/node/node0/reclaim", "");
    check("swap on /dev/vda2", GIVING_WORKS, "node0/reclaim");
    scratch_file(root, "/sys/module/zswap/parameters/enabled", "N\n");
    check("swap on /dev/vda2", GIVING_WORKS, "node0/reclaim");
    scratch_file(root, "/sys/module/zswap/parameters/enabled", "Y\n");
    scratch_file(root, "/sys/module/zswap/parameters/max_pool_percent", "20\n");
    check("swap on /dev/vda2", GIVING_WORKS, "until it has 20 % of the memory");
}

TEST(test_no_swap)
{
    scratch_file(root, "/proc/swaps", HEAD);
    check("swap", GIVING_MISSING, "add swap");
}

/* A machine with more of them than there is room for. */
TEST(test_many)
{
    char text[4096] = HEAD;

    for (int i = 0; i < 30; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "/dev/sd%d partition 1024 0 -2\n", i);
    scratch_file(root, "/proc/swaps", text);
    ck_assert_uint_eq(giving_look(root, findings), GIVING_MAX);
}

TEST(test_nothing)
{
    ck_assert_uint_eq(giving_look("/nonexistent", findings), 1);
    ck_assert_int_eq(findings[0].verdict, GIVING_NOTE);
}
