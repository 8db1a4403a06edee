/* SPDX-License-Identifier: MIT */
/* When the kernel is asked to compact memory, and that nothing waits for its answer. Below a root of the test's own. */
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "common/files.h"
#include "agent/log.h"
#include "agent/loop.h"
#include "compaction.h"
#include "scratch.h"
#include "suite.h"

static const struct compaction_limits limits = {.after = 64 * MIB, .interval_ns = 60 * SECOND};
static struct loop *loop;
static struct compaction *compaction;
static const char *root;
static char file[PATH_MAX];

static void stop(struct loop_source *source, int value, void *userdata)
{
    (void)source, (void)value, (void)userdata;
    loop_stop(loop, 0);
}

static void run(void)
{
    ck_assert_int_eq(loop_add_timer(loop, SECOND / 5, 0, stop, NULL, NULL), 0);
    ck_assert_int_eq(loop_run(loop), 0);
}

static void setup(void)
{
    log_open("test", DAMON_RECLAIM_LOG_ERROR);
    root = scratch_directory();
    snprintf(file, sizeof(file), "%s", scratch_file(root, "/proc/sys/vm/compact_memory", ""));
    ck_assert_int_eq(loop_new(&loop), 0);
    ck_assert_int_eq(compaction_new(loop, root, &compaction), 0);
}

static void teardown(void)
{
    compaction_free(compaction);
    loop_free(loop);
}

FIXTURE(setup, teardown);

static void check_asked(uint64_t times)
{
    char *text;

    run();
    for (int i = 0; i < 50 && compaction_nr_requests(compaction) < times; i++) /* a busy machine takes longer */
        run();
    ck_assert_uint_eq(compaction_nr_requests(compaction), times);
    ck_assert_int_eq(file_read(file, &text, NULL), 0);
    ck_assert_str_eq(text, times ? "1" : "");
    free(text);
}

TEST(test_enough_reclaimed)
{
    compaction_consider(compaction, &limits, SECOND, 64 * MIB - 1);
    check_asked(0);
    compaction_consider(compaction, &limits, 2 * SECOND, 64 * MIB);
    check_asked(1);
}

TEST(test_not_too_often)
{
    compaction_consider(compaction, &limits, 2 * SECOND, 64 * MIB);
    check_asked(1);
    compaction_consider(compaction, &limits, 61 * SECOND, 500 * MIB);
    check_asked(1);
    compaction_consider(compaction, &limits, 62 * SECOND, 500 * MIB);
    check_asked(2);
    compaction_consider(compaction, &limits, 200 * SECOND, 500 * MIB); /* nothing was reclaimed since */
    check_asked(2);
}

TEST(test_off)
{
    compaction_consider(compaction, &(struct compaction_limits){.interval_ns = 1}, SECOND, UINT64_MAX);
    check_asked(0);
}

TEST(test_no_such_file)
{
    ck_assert_int_eq(remove(file), 0);
    compaction_consider(compaction, &limits, SECOND, 64 * MIB);
    run();
    ck_assert_uint_eq(compaction_nr_requests(compaction), 0);
}

static void free_memory(const char *movable, const char *unmovable)
{
    char text[512];

    snprintf(
        text, sizeof(text),
        "Page block order: 9\nPages per block:  512\n\n"
        "Free pages count per migrate type at order       0      1      2      3      4      5      6      7      8 "
        "     9     10 \n"
        "Node    0, zone    DMA32, type    Unmovable %s\nNode    0, zone    DMA32, type      Movable %s\n\n"
        "Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic \n"
        "Node 0, zone    DMA32  900000 900000 900000 900000\n",
        unmovable, movable);
    scratch_file(root, "/proc/pagetypeinfo", text);
}

TEST(test_whole_blocks)
{
    scratch_file(
        root, "/proc/buddyinfo",
        "Node 0, zone      DMA      0      0      0      0      0      0      0      0      0      1      3 \n"
        "Node 0, zone    DMA32   8192   4095      0      0      0      0      0      0      0  90000  90000 \n");
    compaction_consider(compaction, &limits, SECOND, 500 * MIB);
    check_asked(0); /* 16382 pages, 64 MiB are 16384 */
}

TEST(test_small_blocks)
{
    scratch_file(
        root, "/proc/buddyinfo",
        "Node 0, zone    DMA32   8192   4096      0      0      0      0      0      0      0  90000  90000 \n");
    compaction_consider(compaction, &limits, SECOND, 500 * MIB);
    check_asked(1);
}

TEST(test_order_of_reporting)
{
    scratch_file(root, "/proc/buddyinfo", "Node 0, zone    DMA32   0 0 0 0 0 0 0 0 100000 0 0 \n");
    scratch_file(root, "/sys/module/page_reporting/parameters/page_reporting_order", "8\n");
    compaction_consider(compaction, &limits, SECOND, 500 * MIB);
    check_asked(0);
    scratch_file(root, "/sys/module/page_reporting/parameters/page_reporting_order", "9\n");
    compaction_consider(compaction, &limits, 2 * SECOND, 500 * MIB);
    check_asked(1);
}

TEST(test_not_movable)
{
    scratch_file(root, "/proc/buddyinfo", "Node 0, zone    DMA32   >100000 0 0 0 0 0 0 0 0 0 0 \n");
    free_memory("1 1 1 1 1 1 1 1 1 90000 90000", ">100000 0 0 0 0 0 0 0 0 0 0");
    compaction_consider(compaction, &limits, SECOND, 500 * MIB);
    check_asked(0);
    free_memory(">100000 0 0 0 0 0 0 0 0 0 0", "0 0 0 0 0 0 0 0 0 0 0");
    compaction_consider(compaction, &limits, 60 * SECOND, 500 * MIB); /* not looked at so soon */
    check_asked(0);
    compaction_consider(compaction, &limits, 61 * SECOND, 500 * MIB);
    check_asked(1);
}

TEST(test_pressure)
{
    scratch_file(root, "/proc/pressure/memory", "some avg10=10.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00\n");
    compaction_consider(compaction, &limits, SECOND, 500 * MIB);
    check_asked(0);
    scratch_file(root, "/proc/pressure/memory", "some avg10=9.99 avg60=50.00 avg300=0.00 total=0\nfull avg10=0.00\n");
    compaction_consider(compaction, &limits, 2 * SECOND, 500 * MIB);
    check_asked(1);
}

/* The kernel takes its time: here a pipe that nobody reads. */
TEST(test_takes_long)
{
    struct timespec before, after;

    ck_assert_int_eq(remove(file), 0);
    ck_assert_int_eq(mkfifo(file, 0600), 0);
    clock_gettime(CLOCK_MONOTONIC, &before);
    compaction_consider(compaction, &limits, SECOND, 64 * MIB);
    compaction_consider(compaction, &limits, 100 * SECOND, 500 * MIB); /* one at a time */
    run();
    ck_assert_uint_eq(compaction_nr_requests(compaction), 0);
    compaction_free(compaction);
    compaction = NULL;
    clock_gettime(CLOCK_MONOTONIC, &after);
    ck_assert_int_le(after.tv_sec - before.tv_sec, 1);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
}
