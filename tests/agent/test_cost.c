/* SPDX-License-Identifier: MIT */
/* The kernel's counters of what came back: their files, and what is made of them. */
#include <errno.h>
#include <unistd.h>

#include "agent/cost.h"
#include "scratch.h"
#include "suite.h"

static struct cost_counters c;
static struct agent_error error;

#define PAGE ((uint64_t)sysconf(_SC_PAGESIZE))

static const char vmstat[] = "nr_free_pages 123\npswpin 7\npswpout 9\nworkingset_refault_anon 5\n"
                             "workingset_refault_file 3\npgmajfault 1\n";

TEST(test_vmstat)
{
    c = (struct cost_counters){0};
    ck_assert_int_eq(cost_parse_vmstat(vmstat, &c), 0);
    ck_assert_int_eq(c.has_refaults, true);
    ck_assert_int_eq(c.has_swapped_in, true);
    ck_assert_int_eq(c.has_major_faults, false);
    ck_assert_int_eq(c.has_swapped, false);
    ck_assert_uint_eq(c.refaulted_anon, 5 * PAGE);
    ck_assert_uint_eq(c.refaulted_file, 3 * PAGE);
    ck_assert_uint_eq(c.swapped_in, 7 * PAGE);
}

TEST(test_vmstat_others)
{
    c = (struct cost_counters){0};
    ck_assert_int_eq(cost_parse_vmstat("anon 4096\nworkingset_refault 6\n", &c), 0);
    ck_assert_uint_eq(c.refaulted_file, 6 * PAGE);
    ck_assert_int_eq(c.has_swapped_in, false);
    ck_assert_int_eq(cost_parse_vmstat("", &c), -EINVAL);
    ck_assert_int_eq(cost_parse_vmstat("my_pswpin 4\npswpinx 5\n", &c), -EINVAL);
    ck_assert_int_eq(cost_parse_vmstat("pswpin\n", &c), -EINVAL);
    ck_assert_int_eq(cost_parse_vmstat("pswpin -4\n", &c), -EINVAL);
    ck_assert_int_eq(cost_parse_vmstat("pswpin 99999999999999999999\n", &c), -EINVAL);
    ck_assert_int_eq(cost_parse_vmstat("pswpin 18446744073709551615\n", &c), -EINVAL); /* pages: too many bytes */
}

TEST(test_stat)
{
    c = (struct cost_counters){0};
    ck_assert_int_eq(cost_parse_stat("42 (a ) b) S 1 2 3 4 5 6 70 80 9 100 11", &c), 0);
    ck_assert_int_eq(c.has_major_faults, true);
    ck_assert_uint_eq(c.major_faults, 9 * PAGE);
    ck_assert_int_eq(cost_parse_stat("42 (x) S 1 2", &c), -EINVAL);
    ck_assert_int_eq(cost_parse_stat("", &c), -EINVAL);
}

TEST(test_status)
{
    c = (struct cost_counters){0};
    ck_assert_int_eq(cost_parse_status("Name:\tx\nVmRSS:\t  8 kB\nVmSwap:\t   12 kB\nThreads:\t4\n", &c), 0);
    ck_assert_uint_eq(c.swapped, 12 * 1024);
    ck_assert_int_eq(cost_parse_status("VmRSS: 1 kB\n", &c), -EINVAL);
}

TEST(test_files)
{
    const char *root = scratch_directory();

    scratch_file(root, "proc/vmstat", vmstat);
    scratch_file(root, "sys/fs/cgroup/machine.slice/vm1/memory.stat", "workingset_refault_anon 2\n");
    scratch_file(root, "proc/77/stat", "77 (qemu) S 1 2 3 4 5 6 7 8 9 10\n");
    scratch_file(root, "proc/77/status", "Name:\tqemu\nVmSwap:\t 40 kB\n");
    ck_assert_int_eq(cost_read_system(root, &c, &error), 0);
    ck_assert_uint_eq(c.swapped_in, 7 * PAGE);
    ck_assert_int_eq(cost_read_cgroup(root, "/machine.slice/vm1", &c, &error), 0);
    ck_assert_uint_eq(c.refaulted_anon, 2 * PAGE);
    ck_assert_int_eq(c.has_swapped_in, false);
    ck_assert_int_eq(cost_read_cgroup(root, "machine.slice/vm1", &c, &error), 0);
    ck_assert_int_eq(cost_read_process(root, 77, &c, &error), 0);
    ck_assert_uint_eq(c.swapped, 40 * 1024);
    ck_assert_int_eq(c.has_major_faults, true);
    scratch_file(root, "proc/77/status", "Name:\tqemu\n");
    ck_assert_int_eq(cost_read_process(root, 77, &c, &error), 0);
    ck_assert_int_eq(c.has_swapped, false);
    ck_assert_int_eq(c.has_major_faults, true);
}

TEST(test_files_missing)
{
    const char *root = scratch_directory();

    ck_assert_int_eq(cost_read_system(root, &c, &error), -ENOENT);
    says(error.text, "/proc/vmstat: No such file");
    ck_assert_int_eq(cost_read_process(root, 78, &c, &error), -ENOENT);
    scratch_file(root, "sys/fs/cgroup/empty/memory.stat", "anon 0\n");
    ck_assert_int_eq(cost_read_cgroup(root, "empty", &c, NULL), -EINVAL);
}

TEST(test_update)
{
    struct cost cost = {0};
    struct cost_counters now = {
        .refaulted_anon = 10, .refaulted_file = 5, .swapped_in = 100, .has_refaults = true, .has_swapped_in = true};

    ck_assert_uint_eq(cost_update(&cost, &now), 0);
    now.refaulted_anon += 20;
    now.refaulted_file += 1;
    now.swapped_in += 15;
    ck_assert_uint_eq(cost_update(&cost, &now), 21);
    now.swapped_in += 15; /* no shadow entries: the swap-ins tell */
    ck_assert_uint_eq(cost_update(&cost, &now), 15);
    now.refaulted_anon = 0; /* the cgroup was made anew */
    ck_assert_uint_eq(cost_update(&cost, &now), 0);
    ck_assert_uint_eq(cost.refaulted, 36);
}

TEST(test_update_process)
{
    struct cost cost = {0};
    struct cost_counters now = {
        .major_faults = 4096, .swapped = 1 << 20, .has_major_faults = true, .has_swapped = true};

    cost_update(&cost, &now);
    now.major_faults += 8192;
    now.swapped -= 65536; /* readahead brought more than was faulted */
    ck_assert_uint_eq(cost_update(&cost, &now), 65536);
    now.major_faults += 8192;
    now.swapped += 65536; /* more went out meanwhile */
    ck_assert_uint_eq(cost_update(&cost, &now), 8192);
    now.has_swapped = false;
    now.swapped = 0;
    ck_assert_uint_eq(cost_update(&cost, &now), 0);
}
