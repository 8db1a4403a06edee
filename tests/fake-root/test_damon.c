/* SPDX-License-Identifier: MIT */
/* The backend "damon" on a kernel in memory: what it writes, what it brings back, how it changes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "damon_life.h"
#include "sys/iomem.h"

/* --- what is written ------------------------------------------------------------------------------------------------
 */

START_TEST(test_physical)
{
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    ctx = new_context(NULL, 0, 0);
    set(ctx, "skip_anon", "Y");
    set(ctx, "min_age", "30000000");
    enable(ctx);
    is("nr_kdamonds", "1");
    is("0/state", "on");
    is(CONTEXT "operations", "paddr");
    is(CONTEXT "targets/nr_targets", "1");
    is(CONTEXT "targets/0/regions/nr_regions", "3"); /* inwards, to whole pages */
    is(CONTEXT "targets/0/regions/0/start", "4096");
    is(CONTEXT "targets/0/regions/0/end", "651264");
    is(CONTEXT "targets/0/regions/2/start", "4294967296");
    is(CONTEXT "targets/0/regions/2/end", "5368709120");
    is(CONTEXT "schemes/0/action", "stat");
    is(CONTEXT "schemes/0/watermarks/high", "500");
    is(RECLAIM "action", "pageout");
    is(RECLAIM "access_pattern/sz/min", "4096");
    is(RECLAIM "access_pattern/sz/max", "18446744073709551615");
    is(RECLAIM "access_pattern/nr_accesses/max", "0");
    is(RECLAIM "access_pattern/age/min", "300");
    is(RECLAIM "quotas/ms", "10");
    is(RECLAIM "quotas/bytes", "134217728");
    is(RECLAIM "quotas/reset_interval_ms", "1000");
    is(RECLAIM "quotas/weights/age_permil", "1000");
    is(RECLAIM "watermarks/metric", "free_mem_rate");
    is(RECLAIM "watermarks/interval_us", "5000000");
    is(RECLAIM "watermarks/low", "200");
    is(_i ? RECLAIM "ops_filters/0/type" : RECLAIM "filters/0/type", "anon");
    is(_i ? RECLAIM "ops_filters/0/matching" : RECLAIM "filters/0/matching", "Y");
    if (_i)
        is("0/refresh_ms", "1000");
    ck_assert(fs->has_record);
    ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_ACTIVE);
    ck_assert_int_eq(damon_reclaim_disable(ctx), 0);
    nothing_left();
    damon_reclaim_unref(ctx);
    damon_fs_free();
}
END_TEST

START_TEST(test_iomem)
{
    static const char ram[] =
        "00001000-0009fbff : System RAM\n00100000-001fffff : System RAM\n  00180000-001bffff : System RAM\n"
        "00200000-002fffff : System RAM\n00300000-003fffff : System RAM cache\n";
    /* Two blocks of memory that was plugged in, which are parts of a device's. */
    static const char plugged[] =
        "00100000-001fffff : System RAM\n  00180000-001bffff : Kernel code\n140000000-33fffffff : virtio0\n"
        "  140000000-1bfffffff : System RAM (virtio_mem)\n  1c0000000-1c7ffffff : System RAM (virtio_mem)\n"
        "400000000-4ffffffff : dax0.0\n  400000000-4ffffffff : System RAM (kmem)\n";
    static const char hidden[] = "00000000-00000000 : Reserved\n00000000-00000000 : System RAM\n";
    static const char backwards[] = "00200000-002fffff : System RAM\n00100000-001fffff : System RAM\n";
    static const char huge[] = "00100000-ffffffffffffffff : System RAM";
    struct damon_reclaim_range ranges[3];
    size_t n = 77;

    ck_assert_int_eq(drcl_iomem_parse(plugged, sizeof(plugged) - 1, ranges, 3, &n), 0);
    ck_assert_uint_eq(n, 3);
    ck_assert_uint_eq(ranges[1].start, 0x140000000);
    ck_assert_uint_eq(ranges[1].end, 0x1c8000000);
    ck_assert_uint_eq(ranges[2].end, 0x500000000);
    ck_assert_int_eq(drcl_iomem_parse(ram, sizeof(ram) - 1, ranges, 2, &n), 0);
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(ranges[0].end, 0x9fc00);
    ck_assert_uint_eq(ranges[1].start, 0x100000);
    ck_assert_uint_eq(ranges[1].end, 0x300000); /* two that touch are one */
    ck_assert_int_eq(drcl_iomem_parse(ram, sizeof(ram) - 1, NULL, 0, &n), 0);
    ck_assert_uint_eq(n, 2);
    ck_assert_int_eq(drcl_iomem_parse(huge, sizeof(huge) - 1, ranges, 2, &n), 0);
    ck_assert_uint_eq(ranges[0].end, UINT64_MAX);
    ck_assert_int_eq(drcl_iomem_parse(hidden, sizeof(hidden) - 1, ranges, 2, &n), -EPERM);
    ck_assert_int_eq(drcl_iomem_parse(backwards, sizeof(backwards) - 1, ranges, 2, &n), -EINVAL);
    ck_assert_int_eq(drcl_iomem_parse("", 0, ranges, 2, &n), -EINVAL);
    /* Any prefix, and any byte that is another, does no harm. */
    for (size_t len = 0; len < sizeof(ram); len++) {
        char text[sizeof(ram)];

        drcl_iomem_parse(ram, len, ranges, 2, &n);
        memcpy(text, ram, sizeof(ram));
        text[len] ^= 0x15;
        drcl_iomem_parse(text, sizeof(text), ranges, 2, &n);
    }
}
END_TEST

START_TEST(test_largest)
{
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    ctx = new_context(NULL, 0, DAMON_RECLAIM_LARGEST_RAM);
    enable(ctx);
    is(CONTEXT "targets/0/regions/nr_regions", "1"); /* of three */
    is(CONTEXT "targets/0/regions/0/start", "4294967296");
    is(CONTEXT "targets/0/regions/0/end", "5368709120");
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

START_TEST(test_region)
{
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    ctx = new_context("paddr", 0, 0);
    set(ctx, "addr_unit", "4096");
    set(ctx, "monitor_region_start", "0x100");
    set(ctx, "monitor_region_end", "0x200");
    enable(ctx);
    is(CONTEXT "targets/0/regions/nr_regions", "1");
    is(CONTEXT "targets/0/regions/0/start", "1048576");
    is(CONTEXT "targets/0/regions/0/end", "2097152");
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

START_TEST(test_processes)
{
    struct damon_reclaim_range range = {1 * MIB, 64 * MIB};
    struct damon_reclaim_target with_ranges = {
        .size = sizeof(with_ranges), .pid = 43, .ranges = &range, .nr_ranges = 1};
    struct damon_reclaim_target memory = {.size = sizeof(memory)};
    struct damon_reclaim *ctx;
    uint32_t first;

    damon_fs_new(_i);
    fs->alive[0] = 42;
    fs->alive[1] = 43;
    ctx = new_context(NULL, 0, DAMON_RECLAIM_KEEP_ON_INVALID);
    first = add_process(ctx, 42);
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &memory, NULL), -EOPNOTSUPP);
    enable(ctx);
    is(CONTEXT "operations", "vaddr");
    is(CONTEXT "targets/0/pid_target", "42");
    is(CONTEXT "targets/0/regions/nr_regions", "0");
    /* One operation for all of them. */
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &with_ranges, NULL), -EOPNOTSUPP);
    says(ctx, "ranges");
    is(CONTEXT "targets/nr_targets", "1");
    add_process(ctx, 43);
    is(CONTEXT "targets/1/pid_target", "43");
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, first), 0);
    is(CONTEXT "targets/nr_targets", "1");
    is(CONTEXT "targets/0/pid_target", "43");
    is("0/state", "on");
    set(ctx, "monitor_region_end", "0x200000");
    ck_assert_int_eq(damon_reclaim_commit(ctx), -EOPNOTSUPP);
    damon_reclaim_unref(ctx);
    nothing_left();

    ctx = new_context(NULL, 0, 0);
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &with_ranges, NULL), 0);
    enable(ctx);
    is(CONTEXT "operations", "fvaddr");
    is(CONTEXT "targets/0/regions/0/end", "67108864");
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

/* The kernel does not say whose a region is: addresses tell, where the targets have ranges. */
START_TEST(test_regions_of_processes)
{
    const struct damon_reclaim_range ranges[] = {{MIB, 2 * MIB}, {4 * MIB, 5 * MIB}};
    struct damon_reclaim_region regions[4];
    struct damon_reclaim *ctx;
    uint32_t ids[2];
    size_t n;

    damon_fs_new(_i);
    ctx = new_context(NULL, 0, 0);
    for (size_t i = 0; i < 2; i++) {
        struct damon_reclaim_target target = {
            .size = sizeof(target), .pid = (pid_t)(42 + i), .ranges = &ranges[i], .nr_ranges = 1};

        fs->alive[i] = target.pid;
        ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, &ids[i]), 0);
        fs->regions[i] = (struct damon_reclaim_region){.start = ranges[i].start, .end = ranges[i].end};
    }
    fs->nr_regions = 2;
    enable(ctx);
    is(CONTEXT "operations", "fvaddr");
    for (int i = 0; i < 3; i++)
        warm_up(ctx);
    ck_assert_int_eq(damon_reclaim_get_regions(ctx, regions, 4, &n), 0);
    ck_assert_uint_eq(n, 2);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_uint_eq(regions[i].target, ids[i]);
        ck_assert_uint_eq(regions[i].start, ranges[i].start);
    }
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

START_TEST(test_filters)
{
    const struct damon_reclaim_filter active = {.type = DAMON_RECLAIM_FILTER_ACTIVE, .matching = true};
    const struct damon_reclaim_filter allow = {.type = DAMON_RECLAIM_FILTER_ANON, .matching = true, .allow = true};
    const struct damon_reclaim_filter allow_first[2] = {allow, {.type = DAMON_RECLAIM_FILTER_YOUNG, .matching = true}};
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    ctx = new_context(NULL, 0, 0);
    enable(ctx);
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &allow, 1), 0);
    is(_i ? RECLAIM "ops_filters/0/matching" : RECLAIM "filters/0/matching", _i ? "Y" : "N");
    if (_i)
        is(RECLAIM "ops_filters/0/allow", "Y");
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &active, 1), _i ? 0 : -EOPNOTSUPP);
    if (!_i)
        says(ctx, "active");
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, allow_first, 2), _i ? 0 : -EOPNOTSUPP);
    run(ctx, 3);
    is("0/state", "on");
    if (!_i) /* the old ones are there again */
        is(RECLAIM "filters/0/type", "anon");
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

/* --- what comes back ------------------------------------------------------------------------------------------------
 */

START_TEST(test_statistics)
{
    struct damon_reclaim_region regions[8];
    struct damon_reclaim *ctx;
    char pid[16];
    size_t n;

    damon_fs_new(_i);
    ctx = new_context(NULL, 0, 0);
    enable(ctx);
    damon_reclaim_get(ctx, "kdamond_pid", pid, sizeof(pid));
    ck_assert_str_eq(pid, "701");
    fs->counters[0].nr_tried = 100;
    fs->counters[1] = (struct damon_counters){7, 70 * MIB, 5, 50 * MIB, 3};
    fs->nr_regions = 3;
    fs->regions[0] = (struct damon_reclaim_region){.start = 4096, .end = 651264, .age = 5};
    fs->regions[1] = (struct damon_reclaim_region){.start = MIB, .end = 32 * MIB, .nr_accesses = 20, .age = 9};
    fs->regions[2] = (struct damon_reclaim_region){.start = 4294967296, .end = 5368709120, .age = 44};
    if (_i) { /* this kernel writes them by itself */
        damon_echo("update_schemes_stats", "0/state");
    }
    run(ctx, 2);
    if (_i)
        damon_echo("update_schemes_stats", "0/state");
    run(ctx, 6);
    ck_assert_uint_eq(stats_of(ctx).nr_reclaim_tried_regions, 7);
    ck_assert_uint_eq(stats_of(ctx).bytes_reclaim_tried_regions, 70 * MIB);
    ck_assert_uint_eq(stats_of(ctx).bytes_reclaimed_regions, 50 * MIB);
    ck_assert_uint_eq(stats_of(ctx).nr_quota_exceeds, 3);
    ck_assert_uint_ge(stats_of(ctx).nr_aggregations, 60);
    ck_assert_int_eq(damon_reclaim_get_regions(ctx, regions, 8, &n), 0);
    ck_assert_uint_eq(n, 3);
    ck_assert_uint_eq(regions[1].nr_accesses, 20);
    ck_assert_uint_eq(regions[2].age, 44);
    /* A thread that begins anew counts from zero; what was counted stays. */
    ck_assert_int_eq(damon_reclaim_disable(ctx), 0);
    enable(ctx);
    fs->counters[0].nr_tried = 100;
    fs->counters[1] = (struct damon_counters){2, 20 * MIB, 1, 10 * MIB, 0};
    if (_i)
        damon_echo("update_schemes_stats", "0/state");
    run(ctx, 2);
    ck_assert_uint_eq(stats_of(ctx).bytes_reclaim_tried_regions, 90 * MIB);
    ck_assert_uint_eq(stats_of(ctx).bytes_reclaimed_regions, 60 * MIB);
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

/* The number of regions is more than are read in one go; what other schemes try at the same time makes no difference.
 */
START_TEST(test_many_regions)
{
    struct damon_reclaim *ctx;

    damon_fs_new(_i & 1);
    fs->tried = _i & 2;
    ctx = new_context(NULL, 0, 0);
    enable(ctx);
    for (fs->nr_regions = 0; fs->nr_regions < 200; fs->nr_regions++)
        fs->regions[fs->nr_regions] =
            (struct damon_reclaim_region){.start = (fs->nr_regions + 1) * MIB, .end = (fs->nr_regions + 2) * MIB};
    for (int i = 0; i < 20; i++) { /* the thread is at work, so that it may be asked */
        fs->counters[0].nr_tried += 10;
        run(ctx, 1);
    }
    ck_assert_uint_eq(stats_of(ctx).nr_regions, 200);
    ck_assert_uint_eq(stats_of(ctx).monitored_bytes, 200 * MIB);
    damon_reclaim_unref(ctx);
    damon_fs_free();
}
END_TEST

/* --- commits ---------------------------------------------------------------------------------------------------------
 */

START_TEST(test_commit)
{
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    ctx = new_context(NULL, 0, 0);
    enable(ctx);
    warm_up(ctx);
    set(ctx, "min_age", "10s");
    ck_assert_int_eq(damon_reclaim_commit(ctx), 0);
    is(RECLAIM "access_pattern/age/min", "100");
    ck_assert_uint_eq(fs->nr_commit, 1);
    ck_assert_uint_eq(fs->nr_on, 1);
    /* While it is inactive an older kernel would never come back from a commit, a later one after wmarks_interval. */
    fs->free_kib = 700000;
    run(ctx, 6);
    ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_INACTIVE);
    set(ctx, "wmarks_high", "800");
    ck_assert_int_eq(damon_reclaim_commit(ctx), 0);
    is(RECLAIM "watermarks/high", "800");
    ck_assert_uint_eq(fs->nr_commit, 1);
    ck_assert_uint_eq(fs->nr_on, 2);
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

/* Free memory has passed a watermark, which the library has not seen yet. */
START_TEST(test_commit_unanswered)
{
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    ctx = new_context(NULL, 0, 0);
    enable(ctx);
    warm_up(ctx);
    fs->answer_ns = fs->later ? 5 * SEC : 10 * SEC; /* an interval of the watermarks */
    set(ctx, "min_age", "10s");
    ck_assert_int_eq(damon_reclaim_commit(ctx), 0);
    is(RECLAIM "access_pattern/age/min", "100");
    is("0/state", "on");
    ck_assert_uint_eq(fs->nr_on, 2);
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

START_TEST(test_commit_refused)
{
    struct damon_reclaim *ctx;

    damon_fs_new(true);
    ctx = new_context(NULL, 0, _i ? DAMON_RECLAIM_KEEP_ON_INVALID : 0);
    enable(ctx);
    warm_up(ctx);
    fs->refuse_commit = -EINVAL;
    set(ctx, "min_age", "10s");
    ck_assert_int_eq(damon_reclaim_commit(ctx), -EINVAL);
    fs->refuse_commit = 0;
    if (!_i) {
        ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_DISABLED);
        ck_assert_int_eq(last_reason, DAMON_RECLAIM_REASON_INVALID_PARAMETERS);
        nothing_left();
    } else {
        run(ctx, 2);
        is("0/state", "on");
        ck_assert_uint_eq(fs->nr_on, 1);
        is(RECLAIM "access_pattern/age/min", "1200"); /* the old set */
    }
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

START_TEST(test_schemes)
{
    struct damon_reclaim_scheme scheme = {
        .size = sizeof(scheme), .max_nr_accesses = UINT32_MAX, .action = DAMON_RECLAIM_ACTION_COLD};
    struct damon_reclaim_scheme_stats stats = {.size = sizeof(stats)};
    struct damon_reclaim *ctx;
    uint32_t id;

    damon_fs_new(false);
    ctx = new_context(NULL, 0, 0);
    enable(ctx);
    warm_up(ctx);
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, &id), 0);
    is(CONTEXT "schemes/nr_schemes", "3");
    is(CONTEXT "schemes/2/action", "lru_deprio"); /* the name for physical memory */
    is(CONTEXT "schemes/2/watermarks/metric", "none");
    fs->counters[2].nr_tried = 12;
    run(ctx, 2);
    ck_assert_int_eq(damon_reclaim_get_scheme_stats(ctx, id, &stats), 0);
    ck_assert_uint_eq(stats.nr_tried, 12);
    ck_assert_int_eq(damon_reclaim_remove_scheme(ctx, id), 0);
    is(CONTEXT "schemes/nr_schemes", "2");
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

START_TEST(test_goals)
{
    struct damon_reclaim *ctx;

    damon_fs_new(false);
    fs->missing = _i ? "/goals/nr_goals" : NULL;
    ctx = new_context(NULL, 0, 0);
    set(ctx, "quota_mem_pressure_us", "1000");
    set(ctx, "quota_autotune_feedback", "5000");
    enable(ctx);
    if (!_i) {
        is(RECLAIM "quotas/goals/nr_goals", "2");
        is(RECLAIM "quotas/goals/0/target_metric", "some_mem_psi_us");
        is(RECLAIM "quotas/goals/1/current_value", "5000");
        is(RECLAIM "quotas/bytes", "134217728");
        warm_up(ctx);
        ck_assert_int_eq(damon_reclaim_report_goal(ctx, 0, 1, 9000), 0);
        warm_up(ctx);
        is(RECLAIM "quotas/goals/1/current_value", "9000");
    } else { /* the library follows them: from the least, as long as the goal is not met */
        uint64_t before;

        warm_up(ctx);
        before = strtoull(damon_value(RECLAIM "quotas/bytes"), NULL, 10);
        ck_assert_uint_lt(before, 128 * MIB);
        for (int i = 0; i < 5; i++)
            warm_up(ctx);
        ck_assert_uint_gt(strtoull(damon_value(RECLAIM "quotas/bytes"), NULL, 10), before);
    }
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

START_TEST(test_intervals)
{
    struct damon_reclaim_params params = {.size = sizeof(params)};
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    ctx = new_context(NULL, 0, 0);
    set(ctx, "autotune_monitoring_intervals", "Y");
    enable(ctx);
    if (_i) {
        is(CONTEXT "monitoring_attrs/intervals/intervals_goal/access_bp", "40");
        fs->sample_us = 10000;
        fs->aggr_us = 200000;
        damon_echo("update_tuned_intervals", "0/state");
        warm_up(ctx);
        is(RECLAIM "access_pattern/age/min", "600"); /* the same time in longer aggregations */
    } else {                                         /* the library does it: nothing is accessed, so both grow */
        fs->nr_regions = 1;
        fs->regions[0] = (struct damon_reclaim_region){.start = MIB, .end = 512 * MIB, .age = 3};
        for (int i = 0; i < 12; i++)
            warm_up(ctx);
    }
    ck_assert_int_eq(damon_reclaim_get_active_params(ctx, &params), 0);
    ck_assert_uint_ge(params.sample_interval, 10000);
    ck_assert_uint_eq(strtoull(damon_value(CONTEXT "monitoring_attrs/intervals/sample_us"), NULL, 10),
                      params.sample_interval);
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

static void fill(TCase *tc)
{
    tcase_add_loop_test(tc, test_physical, 0, 2);
    tcase_add_test(tc, test_iomem);
    tcase_add_loop_test(tc, test_largest, 0, 2);
    tcase_add_loop_test(tc, test_region, 0, 2);
    tcase_add_loop_test(tc, test_processes, 0, 2);
    tcase_add_loop_test(tc, test_regions_of_processes, 0, 2);
    tcase_add_loop_test(tc, test_filters, 0, 2);
    tcase_add_loop_test(tc, test_statistics, 0, 2);
    tcase_add_loop_test(tc, test_many_regions, 0, 4);
    tcase_add_loop_test(tc, test_commit, 0, 2);
    tcase_add_loop_test(tc, test_commit_unanswered, 0, 2);
    tcase_add_loop_test(tc, test_commit_refused, 0, 2);
    tcase_add_test(tc, test_schemes);
    tcase_add_loop_test(tc, test_goals, 0, 2);
    tcase_add_loop_test(tc, test_intervals, 0, 2);
}

int main(void)
{
    return run_suite("damon", 120, fill);
}
