/* SPDX-License-Identifier: MIT */
/* The kernel's counters of what came back: their files, and what is made of them. */
#include <errno.h>
#include <unistd.h>

#include "agent/cost.h"
#include "scratch.h"
#include "suite.h"

static struct cost_counters c;
static struct error_text error;

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

/* What refaulted since the last call. */
static uint64_t update(struct cost *cost, const struct cost_counters *now)
{
    struct cost_flow flow = cost_update(cost, now, 0);

    return flow.refaulted_anon + flow.refaulted_file;
}

TEST(test_update)
{
    struct cost cost = {0};
    struct cost_counters now = {
        .refaulted_anon = 10, .refaulted_file = 5, .swapped_in = 100, .has_refaults = true, .has_swapped_in = true};

    ck_assert_uint_eq(update(&cost, &now), 0);
    now.refaulted_anon += 20;
    now.refaulted_file += 1;
    now.swapped_in += 15;
    ck_assert_uint_eq(update(&cost, &now), 21);
    now.swapped_in += 15; /* no shadow entries: the swap-ins tell */
    ck_assert_uint_eq(update(&cost, &now), 15);
    now.refaulted_anon = 0; /* the cgroup was made anew */
    ck_assert_uint_eq(update(&cost, &now), 0);
    ck_assert_uint_eq(cost.refaulted, 36);
}

TEST(test_update_process)
{
    struct cost cost = {0};
    struct cost_counters now = {
        .major_faults = 4096, .swapped = 1 << 20, .has_major_faults = true, .has_swapped = true};

    update(&cost, &now);
    now.major_faults += 8192;
    now.swapped -= 65536; /* readahead brought more than was faulted */
    ck_assert_uint_eq(update(&cost, &now), 65536);
    now.major_faults += 8192;
    now.swapped += 65536; /* more went out meanwhile */
    ck_assert_uint_eq(update(&cost, &now), 8192);
    now.has_swapped = false;
    now.swapped = 0;
    ck_assert_uint_eq(update(&cost, &now), 0);
}

/* Counters of real kernels at some moments; a process of 250 MiB was in the cgroup. Between the first two the backend
 * idle-page reclaimed 56,345 pages, and on a disk asked memory.reclaim to free them; then memory.high and a machine
 * short of memory made the kernel evict some; at last somebody else wrote to memory.reclaim. */
struct recorded {
    const char *what;
    uint64_t reclaimed; /* by us, pages, until the next one */
    const char *text;
    uint64_t evicted_anon, evicted_file; /* since the one before, pages */
};

static const struct recorded zram_cgroup[] = {
    {"begin", 0, "workingset_refault_anon 0\npgscan 0\npgsteal 0\npgsteal_kswapd 0\npgsteal_direct 0\n", 0, 0},
    {"ours", 56345, "workingset_refault_anon 2\npgscan 0\npgsteal 0\npgsteal_kswapd 0\npgsteal_direct 0\n", 0, 0},
    {"memory.high", 0,
     "workingset_refault_anon 56323\npgscan 118540\npgsteal 47280\npgsteal_kswapd 0\npgsteal_direct 47280\n", 47280,
     47280},
    {"short of memory", 0,
     "workingset_refault_anon 103603\npgscan 196406\npgsteal 76335\npgsteal_kswapd 3514\npgsteal_direct 72821\n", 29055,
     29055},
};

static const struct recorded disk_cgroup[] = {
    {"begin", 0, "workingset_refault_anon 0\npgsteal 0\npgsteal_kswapd 0\npgsteal_direct 0\n", 0, 0},
    {"ours", 56356, "workingset_refault_anon 0\npgscan 109722\npgsteal 56340\npgsteal_kswapd 0\npgsteal_direct 56340\n",
     0, 0},
    {"memory.high", 0,
     "workingset_refault_anon 64060\npgscan 248391\npgsteal 102759\npgsteal_kswapd 0\npgsteal_direct 102759\n", 46419,
     46419},
    /* Had we reclaimed as much meanwhile, what kswapd did would surely still be the kernel's. */
    {"short of memory", 46000,
     "workingset_refault_anon 110693\npgscan 373836\npgsteal 138116\npgsteal_kswapd 20152\npgsteal_direct 117964\n",
     20152, 20152},
};

static const struct recorded zram_system[] = {
    {"begin", 0,
     "pswpin 0\npswpout 0\npgsteal_kswapd 0\npgsteal_direct 0\npgsteal_khugepaged 0\npgsteal_anon 0\npgsteal_file 0\n",
     0, 0},
    {"ours", 56345,
     "pswpin 2\npswpout 56345\npgsteal_kswapd 0\npgsteal_direct 0\npgsteal_khugepaged 0\npgsteal_anon 0\n"
     "pgsteal_file 0\n",
     0, 0},
    {"memory.high", 0,
     "pswpin 56323\npswpout 103625\npgsteal_kswapd 0\npgsteal_direct 0\npgsteal_khugepaged 0\npgsteal_anon 47280\n"
     "pgsteal_file 0\n",
     47280, 0},
    {"short of memory", 0,
     "pswpin 103635\npswpout 238188\npgsteal_kswapd 4474\npgsteal_direct 130090\npgsteal_khugepaged 0\n"
     "pgsteal_anon 181843\npgsteal_file 1\n",
     134563, 1},
};

static const struct recorded disk_system[] = {
    {"begin", 0,
     "pswpin 0\npswpout 0\npgsteal_kswapd 0\npgsteal_direct 0\npgsteal_khugepaged 0\npgsteal_anon 0\npgsteal_file 0\n",
     0, 0},
    {"ours", 56356,
     "pswpin 0\npswpout 56356\npgsteal_kswapd 0\npgsteal_direct 0\npgsteal_khugepaged 0\npgsteal_anon 56340\n"
     "pgsteal_file 0\n",
     0, 0},
    {"memory.high", 0,
     "pswpin 64060\npswpout 103002\npgsteal_kswapd 0\npgsteal_direct 0\npgsteal_khugepaged 0\npgsteal_anon 102759\n"
     "pgsteal_file 0\n",
     46419, 0},
};

/* Linux 7.3, which counts apart what was asked for. */
static const struct recorded new_cgroup[] = {
    {"begin", 0,
     "pgsteal_kswapd 0\npgsteal_direct 0\npgsteal_proactive 0\npgsteal_khugepaged 0\npgsteal 0\npswpin 0\npswpout 0\n",
     0, 0},
    {"memory.high", 0,
     "pgsteal_kswapd 0\npgsteal_direct 38602\npgsteal_proactive 0\npgsteal_khugepaged 0\npgsteal 38602\npswpin 0\n"
     "pswpout 38602\n",
     38602, 0},
    {"short of memory", 0,
     "pgsteal_kswapd 8332\npgsteal_direct 74331\npgsteal_proactive 0\npgsteal_khugepaged 0\npgsteal 82663\n"
     "pswpin 38584\npswpout 82663\n",
     44061, 0},
    /* Had it been us who wrote to memory.reclaim, nothing would be the kernel's. */
    {"memory.reclaim", 12824,
     "pgsteal_kswapd 8332\npgsteal_direct 74331\npgsteal_proactive 12824\npgsteal_khugepaged 0\npgsteal 95487\n"
     "pswpin 82645\npswpout 95487\n",
     0, 0},
};

static void check_recorded(const struct recorded *moments, size_t n,
                           int (*parse)(const char *text, struct cost_counters *ret))
{
    struct cost cost = {0};

    for (size_t i = 0; i < n; i++) {
        struct cost_counters now = {0};
        struct cost_flow flow;

        ck_assert_int_eq(parse(moments[i].text, &now), 0);
        ck_assert_int_eq(now.has_stolen, true);
        flow = cost_update(&cost, &now, moments[i].reclaimed * PAGE);
        ck_assert_msg(flow.evicted_anon == moments[i].evicted_anon * PAGE, "%s: %llu pages", moments[i].what,
                      (unsigned long long)(flow.evicted_anon / PAGE));
        ck_assert_msg(flow.evicted_file == moments[i].evicted_file * PAGE, "%s: %llu pages of files", moments[i].what,
                      (unsigned long long)(flow.evicted_file / PAGE));
    }
}

#define CHECK_RECORDED(moments, parse) check_recorded(moments, sizeof(moments) / sizeof(*(moments)), parse)

TEST(test_evicted_from_a_cgroup)
{
    CHECK_RECORDED(zram_cgroup, cost_parse_memory_stat);
    CHECK_RECORDED(disk_cgroup, cost_parse_memory_stat);
    CHECK_RECORDED(new_cgroup, cost_parse_memory_stat);
}

TEST(test_evicted_from_the_system)
{
    CHECK_RECORDED(zram_system, cost_parse_vmstat);
    CHECK_RECORDED(disk_system, cost_parse_vmstat);
}

/* A stream of files: the kernel evicts them, we swap out, and nobody is to think that the kernel did that. */
TEST(test_evicted_files)
{
    struct cost cost = {0};
    struct cost_counters now = {.has_stolen = true, .has_stolen_kinds = true, .has_swapped_out = true};
    struct cost_flow flow;

    cost_update(&cost, &now, 0);
    now.stolen = now.stolen_unasked = now.stolen_file = 1000 * MIB;
    now.swapped_out = 100 * MIB;
    flow = cost_update(&cost, &now, 100 * MIB);
    ck_assert_uint_eq(flow.evicted_anon, 0);
    ck_assert_uint_eq(flow.evicted_file, 1000 * MIB);
    now.has_stolen_kinds = false; /* a cgroup of a new kernel */
    cost = (struct cost){.last = now, .seen = true};
    now.stolen += 1000 * MIB;
    now.stolen_unasked += 1000 * MIB;
    now.swapped_out += 100 * MIB;
    flow = cost_update(&cost, &now, 100 * MIB);
    ck_assert_uint_eq(flow.evicted_anon, 0);
    ck_assert_uint_eq(flow.evicted_file, 900 * MIB);
    now.has_stolen = false; /* a process */
    flow = cost_update(&cost, &now, 100 * MIB);
    ck_assert_uint_eq(flow.evicted_anon + flow.evicted_file, 0);
}
