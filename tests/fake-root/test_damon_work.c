/* SPDX-License-Identifier: MIT */
/* The backend "damon" while it works: dispatching never waits for the kernel, and the library does what a kernel lacks.
 */
#include <errno.h>
#include <stdio.h>

#include "damon_life.h"

/* Runs; returns how long the longest dispatch took. */
static uint64_t longest(unsigned int seconds)
{
    uint64_t most = 0;

    for (unsigned int i = 0; i < seconds * 100; i++) {
        uint64_t start;

        f->now_ns += SEC / 100;
        start = f->now_ns;
        if (i % 50 == 0)
            damon->counters[0].nr_tried += 10;
        ck_assert_int_eq(damon_reclaim_dispatch(ctx), 0);
        if (f->now_ns - start > most)
            most = f->now_ns - start;
    }
    return most;
}

/* With all that the library may ask the kernel for: counters, quotas, intervals, goals, regions, and a commit when
 * memory is plugged in. */
static void enable_busy(void)
{
    ctx = new_context(NULL, 0, 0);
    add_region(4096, 651264, 0, 5);
    add_region(MIB, 32 * MIB, 20, 9);
    add_region(4294967296, 5368709120, 0, 44);
    reclaim_set(ctx, "autotune_monitoring_intervals=Y quota_autotune_feedback=5000");
    reclaim_enable(ctx);
}

static void plug_memory_in(void)
{
    f->iomem = "00001000-0009fbff : System RAM\n00100000-7fffffff : System RAM\n";
}

/* With a writer no dispatch takes any time. Without one some take as long as the kernel takes for an answer, which
 * shows that the test can fail. */
TEST_CASES_FOR_KERNELS(test_never_waits, 2)
{
    enum { WITH_WRITER, WITHOUT_WRITER };
    unsigned int commits;
    uint64_t most;

    f->no_writer = CASE == WITHOUT_WRITER;
    most = CASE == WITHOUT_WRITER ? 10 * damon->answer_ns : 0;
    enable_busy();
    ck_assert_uint_le(longest(3), most);
    ck_assert_int_eq(damon_reclaim_report_goal(ctx, 0, 0, 9000), 0);
    ck_assert_uint_le(longest(10), most);
    is(RECLAIM "quotas/goals/0/current_value", "9000");
    ck_assert_uint_eq(reclaim_stats(ctx).nr_regions, 3);
    commits = damon->nr_commit;
    plug_memory_in();
    ck_assert_uint_le(longest(60), most);
    ck_assert_uint_gt(damon->nr_commit, commits);
    ck_assert_uint_eq(damon->nr_on, 1);
    is(CONTEXT "targets/0/regions/1/end", "2147483648");
    if (CASE == WITHOUT_WRITER)
        ck_assert_uint_ge(longest(10), damon->answer_ns);
}

/* At its quota a scheme may split a region that the monitoring scheme was told of already, which is then told of the
 * rest as well. */
TEST_FOR_KERNELS(test_split_after_told)
{
    static const uint64_t bounds[] = {MIB, 41 * MIB, 81 * MIB, 100 * MIB, 200 * MIB};
    struct damon_reclaim_region regions[8];
    size_t n;

    ctx = new_context(NULL, 0, 0);
    add_region(MIB, 100 * MIB, 0, 5);
    add_region(41 * MIB, 100 * MIB, 0, 5);
    add_region(81 * MIB, 100 * MIB, 0, 5);
    add_region(100 * MIB, 200 * MIB, 0, 9);
    reclaim_enable(ctx);
    longest(10);
    ck_assert_uint_eq(reclaim_stats(ctx).monitored_bytes, 199 * MIB);
    ck_assert_int_eq(damon_reclaim_get_regions(ctx, regions, 8, &n), 0);
    ck_assert_uint_eq(n, 4);
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_eq(regions[i].start, bounds[i]);
        ck_assert_uint_eq(regions[i].end, bounds[i + 1]);
    }
}

#define NR_MANY 200 /* more regions than are read in one step */

static void add_scheme_when_shown(struct damon_reclaim *c, void *userdata)
{
    const struct damon_reclaim_scheme scheme = {
        .size = sizeof(scheme), .action = DAMON_RECLAIM_ACTION_STAT, .max_nr_accesses = UINT32_MAX};
    bool *added = userdata;

    if (*added || !fake_damon_value(f, CONTEXT "schemes/0/tried_regions/0/start"))
        return;
    ck_assert_int_eq(damon_reclaim_add_scheme(c, &scheme, NULL), 0);
    *added = true;
}

/* While regions are being read, a scheme is added, and the kernel takes the directories of all regions away. */
TEST_FOR_KERNELS(test_regions_taken_away)
{
    const struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks),
                                                      .after_aggregation = add_scheme_when_shown};
    bool added = false;

    ctx = with_callbacks(&callbacks, &added);
    for (uint64_t i = 1; i <= NR_MANY; i++)
        add_region(i * MIB, (i + 1) * MIB, 0, 0);
    reclaim_enable(ctx);
    longest(5); /* regions that were read are not read again for as long */
    ck_assert_int_eq(added, true);
    is(CONTEXT "schemes/nr_schemes", "3");
    ck_assert_uint_eq(reclaim_stats(ctx).monitored_bytes, NR_MANY * MIB);
}

static void run_until_asked(void)
{
    for (int i = 0; i < 200 && !damon->pending; i++)
        longest(1), f->now_ns += SEC / 100, damon_reclaim_dispatch(ctx);
}

/* The watermarks have put the kdamond to sleep: on a later kernel it answers when it looks at them again, else never.
 */
static void fall_asleep(void)
{
    damon->pending_ns = damon->later ? f->now_ns + 5 * SEC : UINT64_MAX;
}

/* A command is not answered yet when something else is asked for: the library waits for it and, if no answer comes,
 * ends the kdamond. */
TEST_CASES_FOR_KERNELS(test_command_pending, 2)
{
    enum { AWAKE, ASLEEP };

    enable_busy();
    longest(3);
    run_until_asked();
    if (KERNEL == LINUX_6_12 && CASE == AWAKE)
        ck_assert_ptr_nonnull(damon->pending);
    if (CASE == ASLEEP)
        fall_asleep();
    reclaim_set(ctx, "min_age=10s");
    reclaim_commit(ctx);
    ck_assert_ptr_null(damon->pending);
    is("0/state", "on");
    longest(3);
    run_until_asked();
    if (CASE == ASLEEP)
        fall_asleep();
    reclaim_disable(ctx);
    nothing_left();
}

/* A commit that the kernel refuses at a later dispatch disables the context, like one that it refuses at once. */
TEST_FOR_KERNELS(test_late_refusal)
{
    ctx = new_context(NULL, 0, 0);
    reclaim_enable(ctx);
    warm_up(3);
    damon->refuse_commit = -ENOMEM;
    plug_memory_in();
    for (int i = 0; i < 60 && last_state != DAMON_RECLAIM_STATE_DISABLED; i++)
        warm_up(1);
    ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_DISABLED);
    ck_assert_int_eq(last_reason, DAMON_RECLAIM_REASON_BACKEND);
    says(damon_reclaim_last_error(ctx), "commit");
    nothing_left();
}

static void state_is(enum damon_reclaim_state state, enum damon_reclaim_reason reason)
{
    ck_assert_int_eq(last_state, state);
    ck_assert_int_eq(last_reason, reason);
    is("0/state", state == DAMON_RECLAIM_STATE_ACTIVE ? "on" : "off");
}

static const char *const watermark_files[] = {"metric", "interval_us", "high", "mid", "low"};

/* On a kernel without watermarks the library stops the kdamond, and starts it again. */
TEST_CASES_FOR_KERNELS(test_own_watermarks, NUMBER_OF(watermark_files))
{
    struct damon_reclaim_scheme always = {
        .size = sizeof(always), .max_nr_accesses = UINT32_MAX, .action = DAMON_RECLAIM_ACTION_COLD};
    static char missing[64];
    uint32_t id;

    snprintf(missing, sizeof(missing), "/watermarks/%s", watermark_files[CASE]);
    damon->files.missing = missing;
    f->free_kib = 700000;
    ctx = new_context(NULL, 0, 0);
    reclaim_enable(ctx);
    state_is(DAMON_RECLAIM_STATE_INACTIVE, DAMON_RECLAIM_REASON_WMARK_HIGH);
    reclaim_set(ctx, "min_age=10s");
    reclaim_commit(ctx);
    run(7);
    is("0/state", "off");
    f->free_kib = 300000;
    run(7);
    state_is(DAMON_RECLAIM_STATE_ACTIVE, DAMON_RECLAIM_REASON_WMARK_MID);
    is(CONTEXT "schemes/nr_schemes", "2");
    is(RECLAIM "access_pattern/age/min", "100");
    damon->counters[0].nr_tried = 5;
    damon->counters[1] = (struct damon_counters){7, 70 * MIB, 5, 50 * MIB, 3};
    if (KERNEL == LATER_LINUX)
        echo("update_schemes_stats", "0/state");
    f->free_kib = 100000;
    run(7);
    state_is(DAMON_RECLAIM_STATE_INACTIVE, DAMON_RECLAIM_REASON_WMARK_LOW);
    ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaimed_regions, 50 * MIB); /* read before the end */
    /* A scheme without watermarks works on alone. */
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &always, &id), 0);
    run(2);
    is("0/state", "on");
    is(CONTEXT "schemes/nr_schemes", "2");
    is(CONTEXT "schemes/1/access_pattern/age/min", "0");
    ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_ACTIVE);
    ck_assert_int_eq(damon_reclaim_remove_scheme(ctx, id), 0);
    run(2);
    is("0/state", "off");
}

/* Linux 6.12 has no limit in the first window of a quota. Where that could matter a scheme waits until the kernel has
 * begun one: whenever it gets a new thread, and when it gets a quota. */
TEST_FOR_KERNELS(test_first_window)
{
    struct damon_reclaim_quota quota = {.sz = MIB, .reset_interval_ms = 60000};
    struct damon_reclaim_scheme scheme = {.size = sizeof(scheme), .action = DAMON_RECLAIM_ACTION_COLD};
    uint32_t id;

    ctx = new_context(NULL, 0, 0);
    reclaim_set(ctx, "quota_sz=1MiB quota_ms=0 quota_reset_interval_ms=60000 min_age=2s");
    reclaim_enable(ctx);
    is(RECLAIM "quotas/reset_interval_ms", "1");
    is(RECLAIM "access_pattern/age/min", "4294967295");
    is(RECLAIM "quotas/bytes", "1048576");
    warm_up(6);
    is(RECLAIM "quotas/reset_interval_ms", "60000");
    is(RECLAIM "access_pattern/age/min", "20");
    ck_assert_uint_eq(damon->nr_on, 1);
    reclaim_set(ctx, "min_age=3s"); /* the window that has begun goes on */
    reclaim_commit(ctx);
    is(RECLAIM "quotas/reset_interval_ms", "60000");
    is(RECLAIM "access_pattern/age/min", "30");
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, &id), 0);
    is(CONTEXT "schemes/2/quotas/reset_interval_ms", "1000");
    is(CONTEXT "schemes/2/access_pattern/age/min", "0");
    scheme.quota = quota;
    ck_assert_int_eq(damon_reclaim_set_scheme(ctx, id, &scheme), 0);
    is(CONTEXT "schemes/2/quotas/reset_interval_ms", "1");
    is(CONTEXT "schemes/2/access_pattern/age/min", "4294967295");
    is(RECLAIM "quotas/reset_interval_ms", "60000");
    warm_up(6);
    is(CONTEXT "schemes/2/quotas/reset_interval_ms", "60000");
    is(CONTEXT "schemes/2/access_pattern/age/min", "0");
    ck_assert_int_eq(damon_reclaim_disable(ctx), 0);
    reclaim_set(ctx, "min_age=120s");
    reclaim_enable(ctx); /* the window is over long before anything is a candidate */
    is(RECLAIM "quotas/reset_interval_ms", "60000");
    is(RECLAIM "access_pattern/age/min", "1200");
    is(CONTEXT "schemes/2/quotas/reset_interval_ms", "1");
}
