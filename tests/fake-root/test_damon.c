/* SPDX-License-Identifier: MIT */
/* The backend "damon": which files it writes, which results it reads, and how both change while it works. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "damon_life.h"

/* --- what is written ------------------------------------------------------------------------------------------------
 */

TEST_FOR_KERNELS(test_physical)
{
    ctx = new_context(NULL, 0, 0);
    reclaim_set(ctx, "skip_anon=Y min_age=30000000");
    reclaim_enable(ctx);
    tree_is("", "nr_kdamonds: 1\n"
                "0/state: on\n"
                "0/pid: 701\n"
                "later 0/refresh_ms: 1000\n"
                "0/contexts/nr_contexts: 1\n"
                "0/contexts/0/operations: paddr\n"
                "0/contexts/0/monitoring_attrs/intervals/update_us: *\n" /* by which the library knows its own */
                "0/contexts/0/targets/nr_targets: 1\n"
                "0/contexts/0/targets/0/regions/nr_regions: 3\n" /* trimmed to whole pages */
                "0/contexts/0/targets/0/regions/0/start: 4096\n"
                "0/contexts/0/targets/0/regions/0/end: 651264\n"
                "0/contexts/0/targets/0/regions/1/start: 1048576\n"
                "0/contexts/0/targets/0/regions/1/end: 1073741824\n"
                "0/contexts/0/targets/0/regions/2/start: 4294967296\n"
                "0/contexts/0/targets/0/regions/2/end: 5368709120\n"
                "0/contexts/0/schemes/nr_schemes: 2\n"
                /* The first monitors. */
                "0/contexts/0/schemes/0/access_pattern/sz/max: 18446744073709551615\n"
                "0/contexts/0/schemes/0/access_pattern/nr_accesses/max: 4294967295\n"
                "0/contexts/0/schemes/0/access_pattern/age/max: 4294967295\n"
                "0/contexts/0/schemes/0/quotas/reset_interval_ms: 1000\n"
                "0/contexts/0/schemes/0/watermarks/metric: free_mem_rate\n"
                "0/contexts/0/schemes/0/watermarks/interval_us: 5000000\n"
                "0/contexts/0/schemes/0/watermarks/high: 500\n"
                "0/contexts/0/schemes/0/watermarks/mid: 400\n"
                "0/contexts/0/schemes/0/watermarks/low: 200\n"
                /* The second reclaims what was not accessed in 300 aggregations. */
                "0/contexts/0/schemes/1/action: pageout\n"
                "0/contexts/0/schemes/1/access_pattern/sz/min: 4096\n"
                "0/contexts/0/schemes/1/access_pattern/sz/max: 18446744073709551615\n"
                "0/contexts/0/schemes/1/access_pattern/age/min: 300\n"
                "0/contexts/0/schemes/1/access_pattern/age/max: 4294967295\n"
                "0/contexts/0/schemes/1/quotas/ms: 10\n"
                "0/contexts/0/schemes/1/quotas/bytes: 134217728\n"
                "0/contexts/0/schemes/1/quotas/reset_interval_ms: 1000\n"
                "0/contexts/0/schemes/1/quotas/weights/age_permil: 1000\n"
                "0/contexts/0/schemes/1/watermarks/metric: free_mem_rate\n"
                "0/contexts/0/schemes/1/watermarks/interval_us: 5000000\n"
                "0/contexts/0/schemes/1/watermarks/high: 500\n"
                "0/contexts/0/schemes/1/watermarks/mid: 400\n"
                "0/contexts/0/schemes/1/watermarks/low: 200\n"
                /* The filter is of type anon. */
                "6.12 0/contexts/0/schemes/1/filters/nr_filters: 1\n"
                "6.12 0/contexts/0/schemes/1/filters/0/matching: Y\n"
                "later 0/contexts/0/schemes/1/ops_filters/nr_filters: 1\n"
                "later 0/contexts/0/schemes/1/ops_filters/0/matching: Y\n");
    ck_assert_int_eq(f->record.exists, true);
    ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_ACTIVE);
    reclaim_disable(ctx);
    nothing_left();
}

/* A part of physical memory: the largest range, or what the parameters say. */
TEST_CASES_FOR_KERNELS(test_part_of_memory, 2)
{
    enum { LARGEST, BY_PARAMETERS };

    ctx = new_context(CASE == LARGEST ? NULL : "paddr", 0, CASE == LARGEST ? DAMON_RECLAIM_LARGEST_RAM : 0);
    if (CASE == BY_PARAMETERS) {
        reclaim_set(ctx, "addr_unit=4096 monitor_region_start=0x100 monitor_region_end=0x200");
    }
    reclaim_enable(ctx);
    tree_is(CONTEXT "targets/", CASE == LARGEST ? "nr_targets: 1\n"
                                                  "0/regions/nr_regions: 1\n"
                                                  "0/regions/0/start: 4294967296\n"
                                                  "0/regions/0/end: 5368709120\n"
                                                : "nr_targets: 1\n"
                                                  "0/regions/nr_regions: 1\n"
                                                  "0/regions/0/start: 1048576\n"
                                                  "0/regions/0/end: 2097152\n");
}

TEST_FOR_KERNELS(test_processes)
{
    struct damon_reclaim_range range = {1 * MIB, 64 * MIB};
    struct damon_reclaim_target with_ranges = {
        .size = sizeof(with_ranges), .pid = 43, .ranges = &range, .nr_ranges = 1};
    struct damon_reclaim_target memory = {.size = sizeof(memory)};
    uint32_t first;

    ctx = new_context(NULL, 0, DAMON_RECLAIM_KEEP_ON_INVALID);
    first = add_process(42);
    fake_process(f, 43);
    expect_error(ctx, damon_reclaim_add_target(ctx, &memory, NULL), -EOPNOTSUPP, "");
    reclaim_enable(ctx);
    is(CONTEXT "operations", "vaddr");
    tree_is(CONTEXT "targets/", "nr_targets: 1\n0/pid_target: 42\n");
    /* The operations are the same for all targets. */
    expect_error(ctx, damon_reclaim_add_target(ctx, &with_ranges, NULL), -EOPNOTSUPP, "ranges");
    is(CONTEXT "targets/nr_targets", "1");
    add_process(43);
    tree_is(CONTEXT "targets/", "nr_targets: 2\n0/pid_target: 42\n1/pid_target: 43\n");
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, first), 0);
    tree_is(CONTEXT "targets/", "nr_targets: 1\n0/pid_target: 43\n");
    is("0/state", "on");
    reclaim_set(ctx, "monitor_region_end=0x200000");
    expect_error(ctx, damon_reclaim_commit(ctx), -EOPNOTSUPP, "");
    damon_reclaim_unref(ctx);
    nothing_left();

    ctx = new_context(NULL, 0, 0);
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &with_ranges, NULL), 0);
    reclaim_enable(ctx);
    is(CONTEXT "operations", "fvaddr");
    tree_is(CONTEXT "targets/", "nr_targets: 1\n0/pid_target: 43\n0/regions/nr_regions: 1\n"
                                "0/regions/0/start: 1048576\n0/regions/0/end: 67108864\n");
}

TEST_FOR_KERNELS(test_filters)
{
    const struct damon_reclaim_filter active = {.type = DAMON_RECLAIM_FILTER_ACTIVE, .matching = true};
    const struct damon_reclaim_filter allow = {.type = DAMON_RECLAIM_FILTER_ANON, .matching = true, .allow = true};
    const struct damon_reclaim_filter allow_first[2] = {allow, {.type = DAMON_RECLAIM_FILTER_YOUNG, .matching = true}};

    ctx = new_context(NULL, 0, 0);
    reclaim_enable(ctx);
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &allow, 1), 0);
    tree_is(RECLAIM "filters/", "6.12 nr_filters: 1\n"); /* reject all that is not anonymous */
    if (KERNEL == LATER_LINUX) {
        tree_is(RECLAIM "ops_filters/", "nr_filters: 1\n0/matching: Y\n0/allow: Y\n");
        ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &active, 1), 0);
        ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, allow_first, 2), 0);
        run(3);
        tree_is(RECLAIM "ops_filters/", "nr_filters: 2\n0/matching: Y\n0/allow: Y\n1/type: young\n1/matching: Y\n");
    } else { /* it knows neither; the filters before it are there again */
        expect_error(ctx, damon_reclaim_set_filters(ctx, 0, &active, 1), -EOPNOTSUPP, "active");
        expect_error(ctx, damon_reclaim_set_filters(ctx, 0, allow_first, 2), -EOPNOTSUPP, "");
        run(3);
        tree_is(RECLAIM "filters/", "nr_filters: 1\n");
    }
    is("0/state", "on");
}

/* A dry run: the kernel counts, and what it counts as applied was not reclaimed. */
TEST_FOR_KERNELS(test_dry_run)
{
    struct damon_reclaim_stats stats;

    ctx = new_context(NULL, 0, DAMON_RECLAIM_DRY_RUN);
    reclaim_enable(ctx);
    is(RECLAIM "action", "stat");
    is(RECLAIM "quotas/bytes", "134217728");
    warm_up(3);
    damon->counters[1].sz_tried = 8 * MIB;
    damon->counters[1].sz_applied = 8 * MIB;
    warm_up(2);
    stats = reclaim_stats(ctx);
    ck_assert_uint_eq(stats.bytes_reclaim_tried_regions, 8 * MIB);
    ck_assert_uint_eq(stats.bytes_reclaimed_regions, 0);
}

/* A counter of the kernel that is less than before, though the thread is the same, has begun anew: what it shows is
 * what has come since. */
TEST_FOR_KERNELS(test_counter_falls)
{
    static const uint64_t shown[] = {8, 8, 3, 5, 0, 2}, in_all[] = {8, 8, 11, 13, 13, 15};

    ctx = new_context(NULL, 0, 0);
    reclaim_enable(ctx);
    warm_up(3);
    for (size_t i = 0; i < NUMBER_OF(shown); i++) {
        damon->counters[1].sz_tried = shown[i] * MIB;
        damon->counters[1].sz_applied = shown[i] * MIB;
        warm_up(2);
        ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaim_tried_regions, in_all[i] * MIB);
        ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaimed_regions, in_all[i] * MIB);
    }
    ck_assert_uint_eq(damon->nr_on, 1);
}

TEST_FOR_KERNELS(test_schemes)
{
    struct damon_reclaim_scheme scheme = {
        .size = sizeof(scheme), .max_nr_accesses = UINT32_MAX, .action = DAMON_RECLAIM_ACTION_COLD};
    struct damon_reclaim_scheme_stats stats = {.size = sizeof(stats)};
    uint32_t id;

    ctx = new_context(NULL, 0, 0);
    reclaim_enable(ctx);
    warm_up(3);
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, &id), 0);
    is(CONTEXT "schemes/nr_schemes", "3");
    is(CONTEXT "schemes/2/action", "lru_deprio"); /* its name for physical memory */
    is(CONTEXT "schemes/2/watermarks/metric", "none");
    damon->counters[2].nr_tried = 12;
    warm_up(2);
    ck_assert_int_eq(damon_reclaim_get_scheme_stats(ctx, id, &stats), 0);
    ck_assert_uint_eq(stats.nr_tried, 12);
    ck_assert_int_eq(damon_reclaim_remove_scheme(ctx, id), 0);
    is(CONTEXT "schemes/nr_schemes", "2");
}

/* --- what is read ---------------------------------------------------------------------------------------------------
 */

/* The kernel does not say whose a region is: addresses tell, where the targets have ranges. */
TEST_FOR_KERNELS(test_regions_of_processes)
{
    const struct damon_reclaim_range ranges[] = {{MIB, 2 * MIB}, {4 * MIB, 5 * MIB}};
    struct damon_reclaim_region regions[4];
    uint32_t ids[2];
    size_t n;

    ctx = new_context(NULL, 0, 0);
    for (size_t i = 0; i < 2; i++) {
        struct damon_reclaim_target target = {
            .size = sizeof(target), .pid = (pid_t)(42 + i), .ranges = &ranges[i], .nr_ranges = 1};

        fake_process(f, target.pid);
        ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, &ids[i]), 0);
        add_region(ranges[i].start, ranges[i].end, 0, 0);
    }
    reclaim_enable(ctx);
    is(CONTEXT "operations", "fvaddr");
    warm_up(9);
    ck_assert_int_eq(damon_reclaim_get_regions(ctx, regions, 4, &n), 0);
    ck_assert_uint_eq(n, 2);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_uint_eq(regions[i].target, ids[i]);
        ck_assert_uint_eq(regions[i].start, ranges[i].start);
    }
}

/* A later kernel is asked once, and then updates the counters by itself. */
static void counters_are_updated(void)
{
    if (damon->later)
        echo("update_schemes_stats", "0/state");
}

TEST_FOR_KERNELS(test_statistics)
{
    struct damon_reclaim_region regions[8];
    struct damon_reclaim_stats stats;
    char pid[16];
    size_t n;

    ctx = new_context(NULL, 0, 0);
    reclaim_enable(ctx);
    damon_reclaim_get(ctx, "kdamond_pid", pid, sizeof(pid));
    ck_assert_str_eq(pid, "701");
    damon->counters[0].nr_tried = 100;
    damon->counters[1] = (struct damon_counters){7, 70 * MIB, 5, 50 * MIB, 3};
    add_region(4096, 651264, 0, 5);
    add_region(MIB, 32 * MIB, 20, 9);
    add_region(4294967296, 5368709120, 0, 44);
    counters_are_updated();
    run(2);
    counters_are_updated();
    run(6);
    stats = reclaim_stats(ctx);
    ck_assert_uint_eq(stats.nr_reclaim_tried_regions, 7);
    ck_assert_uint_eq(stats.bytes_reclaim_tried_regions, 70 * MIB);
    ck_assert_uint_eq(stats.bytes_reclaimed_regions, 50 * MIB);
    ck_assert_uint_eq(stats.nr_quota_exceeds, 3);
    ck_assert_uint_ge(stats.nr_aggregations, 60);
    ck_assert_int_eq(damon_reclaim_get_regions(ctx, regions, 8, &n), 0);
    ck_assert_uint_eq(n, 3);
    ck_assert_uint_eq(regions[1].nr_accesses, 20);
    ck_assert_uint_eq(regions[2].age, 44);
    /* The next kdamond counts from zero; the sums go on. */
    reclaim_disable(ctx);
    reclaim_enable(ctx);
    damon->counters[0].nr_tried = 100;
    damon->counters[1] = (struct damon_counters){2, 20 * MIB, 1, 10 * MIB, 0};
    counters_are_updated();
    run(2);
    ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaim_tried_regions, 90 * MIB);
    ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaimed_regions, 60 * MIB);
}

/* More regions than are read in one step, alone or while another scheme tries some of them, too. */
TEST_CASES_FOR_KERNELS(test_many_regions, 2)
{
    enum { ALONE, WITH_ANOTHER_SCHEME };

    damon->tried = CASE == WITH_ANOTHER_SCHEME;
    ctx = new_context(NULL, 0, 0);
    reclaim_enable(ctx);
    for (uint64_t i = 1; i <= 200; i++)
        add_region(i * MIB, (i + 1) * MIB, 0, 0);
    warm_up(20);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_regions, 200);
    ck_assert_uint_eq(reclaim_stats(ctx).monitored_bytes, 200 * MIB);
}

/* --- commits --------------------------------------------------------------------------------------------------------
 */

TEST_FOR_KERNELS(test_commit)
{
    ctx = new_context(NULL, 0, 0);
    reclaim_enable(ctx);
    warm_up(3);
    reclaim_set(ctx, "min_age=10s");
    reclaim_commit(ctx);
    is(RECLAIM "access_pattern/age/min", "100");
    ck_assert_uint_eq(damon->nr_commit, 1);
    ck_assert_uint_eq(damon->nr_on, 1);
    /* A kdamond that its watermarks keep inactive does not answer `commit`: it is replaced. */
    f->free_kib = 700000;
    run(6);
    ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_INACTIVE);
    reclaim_set(ctx, "wmarks_high=800");
    reclaim_commit(ctx);
    is(RECLAIM "watermarks/high", "800");
    ck_assert_uint_eq(damon->nr_commit, 1);
    ck_assert_uint_eq(damon->nr_on, 2);
}

/* Free memory has passed a watermark, and the library does not know yet that the kdamond is asleep. */
TEST_FOR_KERNELS(test_commit_unanswered)
{
    ctx = new_context(NULL, 0, 0);
    reclaim_enable(ctx);
    warm_up(3);
    damon->answer_ns = damon->later ? 5 * SEC : 10 * SEC;
    reclaim_set(ctx, "min_age=10s");
    reclaim_commit(ctx);
    is(RECLAIM "access_pattern/age/min", "100");
    is("0/state", "on");
    ck_assert_uint_eq(damon->nr_on, 2);
}

TEST_CASES_FOR_KERNELS(test_commit_refused, 2)
{
    enum { DISABLE_ON_INVALID, KEEP_ON_INVALID };

    ctx = new_context(NULL, 0, CASE == KEEP_ON_INVALID ? DAMON_RECLAIM_KEEP_ON_INVALID : 0);
    reclaim_enable(ctx);
    warm_up(3);
    damon->refuse_commit = -EINVAL;
    reclaim_set(ctx, "min_age=10s");
    expect_error(ctx, damon_reclaim_commit(ctx), -EINVAL, "");
    damon->refuse_commit = 0;
    if (CASE == DISABLE_ON_INVALID) {
        ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_DISABLED);
        ck_assert_int_eq(last_reason, DAMON_RECLAIM_REASON_INVALID_PARAMETERS);
        nothing_left();
    } else {
        run(2);
        is("0/state", "on");
        ck_assert_uint_eq(damon->nr_on, KERNEL == LATER_LINUX ? 1 : 2);
        is(RECLAIM "access_pattern/age/min", "1200"); /* the old value */
    }
}

/* --- goals and intervals --------------------------------------------------------------------------------------------
 */

static void enable_with_goals(void)
{
    ctx = new_context(NULL, 0, 0);
    reclaim_set(ctx, "quota_mem_pressure_us=1000 quota_autotune_feedback=5000");
    reclaim_enable(ctx);
}

TEST_FOR_KERNELS(test_goals)
{
    enable_with_goals();
    tree_is(RECLAIM "quotas/goals/", "nr_goals: 2\n"
                                     "0/target_metric: some_mem_psi_us\n0/target_value: 1000\n"
                                     "1/target_value: 10000\n1/current_value: 5000\n");
    is(RECLAIM "quotas/bytes", "134217728");
    warm_up(3);
    ck_assert_int_eq(damon_reclaim_report_goal(ctx, 0, 1, 9000), 0);
    warm_up(3);
    is(RECLAIM "quotas/goals/1/current_value", "9000");
}

static uint64_t value_of(const char *name)
{
    return strtoull(fake_damon_value(f, name), NULL, 10);
}

/* Without goals in the kernel the library tunes the quota: from the least on, as long as a goal is not met. */
TEST_FOR_KERNELS(test_goals_without_kernel)
{
    uint64_t before;

    damon->files.missing = "/goals/nr_goals";
    enable_with_goals();
    warm_up(3);
    before = value_of(RECLAIM "quotas/bytes");
    ck_assert_uint_lt(before, 128 * MIB);
    warm_up(15);
    ck_assert_uint_gt(value_of(RECLAIM "quotas/bytes"), before);
}

/* The intervals are tuned by a later kernel itself, on 6.12 by the library. */
TEST_FOR_KERNELS(test_intervals)
{
    struct damon_reclaim_params params = {.size = sizeof(params)};

    ctx = new_context(NULL, 0, 0);
    reclaim_set(ctx, "autotune_monitoring_intervals=Y");
    reclaim_enable(ctx);
    if (KERNEL == LATER_LINUX) {
        is(CONTEXT "monitoring_attrs/intervals/intervals_goal/access_bp", "40");
        damon->sample_us = 10000;
        damon->aggr_us = 200000;
        echo("update_tuned_intervals", "0/state");
        warm_up(3);
        is(RECLAIM "access_pattern/age/min", "600"); /* the same time in longer aggregations */
    } else {
        add_region(MIB, 512 * MIB, 0, 3); /* nothing is accessed, so both intervals grow */
        warm_up(36);
    }
    ck_assert_int_eq(damon_reclaim_get_active_params(ctx, &params), 0);
    ck_assert_uint_ge(params.sample_interval, 10000);
    ck_assert_uint_eq(value_of(CONTEXT "monitoring_attrs/intervals/sample_us"), params.sample_interval);
}
