/* SPDX-License-Identifier: MIT */
/* What the backend "damon" does in between: dispatching never waits, and the library does what the kernel lacks. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "damon_life.h"

/* Runs, and tells the longest dispatch. */
static uint64_t longest(struct damon_reclaim *ctx, unsigned int seconds)
{
    uint64_t most = 0;

    for (unsigned int i = 0; i < seconds * 100; i++) {
        uint64_t begin;

        fs->now_ns += SEC / 100;
        begin = fs->now_ns;
        if (i % 50 == 0)
            fs->counters[0].nr_tried += 10;
        ck_assert_int_eq(damon_reclaim_dispatch(ctx), 0);
        if (fs->now_ns - begin > most)
            most = fs->now_ns - begin;
    }
    return most;
}

/* All that a poll may ask for: counters, quotas, intervals, goals, regions, a commit for memory that has come. */
static struct damon_reclaim *new_busy(void)
{
    struct damon_reclaim *ctx = new_context(NULL, 0, 0);

    fs->nr_regions = 3;
    fs->regions[0] = (struct damon_reclaim_region){.start = 4096, .end = 651264, .age = 5};
    fs->regions[1] = (struct damon_reclaim_region){.start = MIB, .end = 32 * MIB, .nr_accesses = 20, .age = 9};
    fs->regions[2] = (struct damon_reclaim_region){.start = 4294967296, .end = 5368709120, .age = 44};
    set(ctx, "autotune_monitoring_intervals", "Y");
    set(ctx, "quota_autotune_feedback", "5000");
    enable(ctx);
    return ctx;
}

START_TEST(test_never_waits)
{
    struct damon_reclaim *ctx;
    unsigned int commits;

    damon_fs_new(_i % 2);
    fs->no_writer = _i / 2;
    ctx = new_busy();
    ck_assert_uint_le(longest(ctx, 3), _i / 2 ? 10 * fs->answer_ns : 0);
    ck_assert_int_eq(damon_reclaim_report_goal(ctx, 0, 0, 9000), 0);
    ck_assert_uint_le(longest(ctx, 10), _i / 2 ? 10 * fs->answer_ns : 0);
    is(RECLAIM "quotas/goals/0/current_value", "9000");
    ck_assert_uint_eq(stats_of(ctx).nr_regions, 3);
    commits = fs->nr_commit;
    damon_echo("00001000-0009fbff : System RAM\n00100000-7fffffff : System RAM", "/proc/iomem");
    ck_assert_uint_le(longest(ctx, 60), _i / 2 ? 10 * fs->answer_ns : 0);
    ck_assert_uint_gt(fs->nr_commit, commits);
    ck_assert_uint_eq(fs->nr_on, 1);
    is(CONTEXT "targets/0/regions/1/end", "2147483648");
    if (_i / 2) /* else this test could not fail */
        ck_assert_uint_ge(longest(ctx, 10), fs->answer_ns);
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

/* A scheme may cut a region at its quota after the monitoring scheme was told of it, which is then told of the rest. */
START_TEST(test_cut_after_told)
{
    static const uint64_t bounds[] = {MIB, 41 * MIB, 81 * MIB, 100 * MIB, 200 * MIB};
    struct damon_reclaim_region regions[8];
    struct damon_reclaim *ctx;
    size_t n;

    damon_fs_new(_i);
    ctx = new_context(NULL, 0, 0);
    fs->nr_regions = 4;
    fs->regions[0] = (struct damon_reclaim_region){.start = MIB, .end = 100 * MIB, .age = 5};
    fs->regions[1] = (struct damon_reclaim_region){.start = 41 * MIB, .end = 100 * MIB, .age = 5};
    fs->regions[2] = (struct damon_reclaim_region){.start = 81 * MIB, .end = 100 * MIB, .age = 5};
    fs->regions[3] = (struct damon_reclaim_region){.start = 100 * MIB, .end = 200 * MIB, .age = 9};
    enable(ctx);
    longest(ctx, 10);
    ck_assert_uint_eq(stats_of(ctx).monitored_bytes, 199 * MIB);
    ck_assert_int_eq(damon_reclaim_get_regions(ctx, regions, 8, &n), 0);
    ck_assert_uint_eq(n, 4);
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_eq(regions[i].start, bounds[i]);
        ck_assert_uint_eq(regions[i].end, bounds[i + 1]);
    }
    damon_reclaim_unref(ctx);
    damon_fs_free();
}
END_TEST

#define NR_MANY 200 /* more than are read in one step */

static void add_scheme_when_shown(struct damon_reclaim *ctx, void *userdata)
{
    const struct damon_reclaim_scheme scheme = {
        .size = sizeof(scheme), .action = DAMON_RECLAIM_ACTION_STAT, .max_nr_accesses = UINT32_MAX};
    bool *added = userdata;

    if (*added || !damon_value(CONTEXT "schemes/0/tried_regions/0/start"))
        return;
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, NULL), 0);
    *added = true;
}

/* Regions are being read when another number of schemes is written, with which the kernel takes them away. */
START_TEST(test_regions_taken_away)
{
    const struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks),
                                                      .after_aggregation = add_scheme_when_shown};
    struct damon_reclaim_config config;
    struct damon_reclaim *ctx;
    bool added = false;

    damon_fs_new(_i);
    config = damon_fs_config();
    config.callbacks = &callbacks;
    config.userdata = &added;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), 0);
    fs->nr_regions = NR_MANY;
    for (uint64_t i = 0; i < NR_MANY; i++)
        fs->regions[i] = (struct damon_reclaim_region){.start = (i + 1) * MIB, .end = (i + 2) * MIB};
    enable(ctx);
    longest(ctx, 5); /* regions that were read are not read again for as long */
    ck_assert(added);
    is(CONTEXT "schemes/nr_schemes", "3");
    ck_assert_uint_eq(stats_of(ctx).monitored_bytes, NR_MANY * MIB);
    damon_reclaim_unref(ctx);
    damon_fs_free();
}
END_TEST

/* When a command comes back to a thread that its watermarks have put to sleep: when it looks at them again, or never.
 */
static uint64_t asleep_until(void)
{
    return fs->later ? fs->now_ns + 5 * SEC : UINT64_MAX;
}

/* A command that is on its way when something else is asked for is waited for, and one that does not come back ends
 * with the thread. */
START_TEST(test_command_on_its_way)
{
    struct damon_reclaim *ctx;

    damon_fs_new(_i % 2);
    ctx = new_busy();
    longest(ctx, 3);
    for (int i = 0; i < 200 && !fs->pending; i++)
        longest(ctx, 1), fs->now_ns += SEC / 100, damon_reclaim_dispatch(ctx);
    if (!_i)
        ck_assert_ptr_nonnull(fs->pending);
    if (_i / 2)
        fs->pending_ns = asleep_until();
    set(ctx, "min_age", "10s");
    ck_assert_int_eq(damon_reclaim_commit(ctx), 0);
    ck_assert_ptr_null(fs->pending);
    is("0/state", "on");
    longest(ctx, 3);
    for (int i = 0; i < 200 && !fs->pending; i++)
        longest(ctx, 1), fs->now_ns += SEC / 100, damon_reclaim_dispatch(ctx);
    if (_i / 2)
        fs->pending_ns = asleep_until();
    ck_assert_int_eq(damon_reclaim_disable(ctx), 0);
    nothing_left();
    damon_reclaim_unref(ctx);
    damon_fs_free();
}
END_TEST

/* A commit that the kernel refuses at a later dispatch disables the context, as one that it refuses at once. */
START_TEST(test_late_refusal)
{
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    ctx = new_context(NULL, 0, 0);
    enable(ctx);
    warm_up(ctx);
    fs->refuse_commit = -ENOMEM;
    damon_echo("00001000-0009fbff : System RAM\n00100000-7fffffff : System RAM", "/proc/iomem");
    for (int i = 0; i < 60 && last_state != DAMON_RECLAIM_STATE_DISABLED; i++) {
        fs->counters[0].nr_tried += 10;
        run(ctx, 1);
    }
    ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_DISABLED);
    ck_assert_int_eq(last_reason, DAMON_RECLAIM_REASON_BACKEND);
    says(ctx, "commit");
    nothing_left();
    damon_reclaim_unref(ctx);
    damon_fs_free();
}
END_TEST

static const char *const watermark_files[] = {"metric", "interval_us", "high", "mid", "low"};

/* A kernel without watermarks: the library stops the thread, and starts it again. */
START_TEST(test_own_watermarks)
{
    struct damon_reclaim_scheme always = {
        .size = sizeof(always), .max_nr_accesses = UINT32_MAX, .action = DAMON_RECLAIM_ACTION_COLD};
    struct damon_reclaim *ctx;
    char missing[64];
    uint32_t id;

    damon_fs_new(_i % 2);
    snprintf(missing, sizeof(missing), "/watermarks/%s", watermark_files[_i / 2]);
    fs->missing = missing;
    fs->free_kib = 700000;
    ctx = new_context(NULL, 0, 0);
    enable(ctx);
    ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_INACTIVE);
    ck_assert_int_eq(last_reason, DAMON_RECLAIM_REASON_WMARK_HIGH);
    is("0/state", "off");
    set(ctx, "min_age", "10s");
    ck_assert_int_eq(damon_reclaim_commit(ctx), 0);
    run(ctx, 7);
    is("0/state", "off");
    fs->free_kib = 300000;
    run(ctx, 7);
    ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_ACTIVE);
    is("0/state", "on");
    is(CONTEXT "schemes/nr_schemes", "2");
    is(RECLAIM "access_pattern/age/min", "100");
    fs->counters[0].nr_tried = 5;
    fs->counters[1] = (struct damon_counters){7, 70 * MIB, 5, 50 * MIB, 3};
    if (_i % 2)
        damon_echo("update_schemes_stats", "0/state");
    fs->free_kib = 100000; /* what was counted until now is not lost */
    run(ctx, 7);
    ck_assert_int_eq(last_reason, DAMON_RECLAIM_REASON_WMARK_LOW);
    is("0/state", "off");
    ck_assert_uint_eq(stats_of(ctx).bytes_reclaimed_regions, 50 * MIB);
    /* A scheme without watermarks works on alone. */
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &always, &id), 0);
    run(ctx, 2);
    is("0/state", "on");
    is(CONTEXT "schemes/nr_schemes", "2");
    is(CONTEXT "schemes/1/access_pattern/age/min", "0");
    ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_ACTIVE);
    ck_assert_int_eq(damon_reclaim_remove_scheme(ctx, id), 0);
    run(ctx, 2);
    is("0/state", "off");
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

static void fill(TCase *tc)
{
    tcase_add_loop_test(tc, test_never_waits, 0, 4);
    tcase_add_loop_test(tc, test_cut_after_told, 0, 2);
    tcase_add_loop_test(tc, test_regions_taken_away, 0, 2);
    tcase_add_loop_test(tc, test_command_on_its_way, 0, 4);
    tcase_add_loop_test(tc, test_late_refusal, 0, 2);
    tcase_add_loop_test(tc, test_own_watermarks, 0, 10);
}

int main(void)
{
    return run_suite("damon-work", 120, fill);
}
