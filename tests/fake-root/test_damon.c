/* SPDX-License-Identifier: MIT */
/* The backend "damon" on a kernel in memory: what it writes, what it brings back, whom it leaves alone, and what it leaves behind. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_damon.h"

#define CONTEXT "0/contexts/0/"
#define RECLAIM CONTEXT "schemes/1/" /* slot 0 is the library's monitoring scheme */
#define SEC     UINT64_C(1000000000)
#define MIB     UINT64_C(1048576)

static const int errors[] = { -EINVAL, -EBUSY, -ENOMEM, -EPERM };

static char error[512];
static enum damon_reclaim_state last_state;
static enum damon_reclaim_reason last_reason;
static uint32_t gone;

static void state_changed(struct damon_reclaim *ctx, const struct damon_reclaim_event *event, void *userdata)
{
    (void)ctx;
    (void)userdata;
    last_state = event->state;
    last_reason = event->reason;
}

static void target_gone(struct damon_reclaim *ctx, uint32_t target, pid_t pid, void *userdata)
{
    (void)ctx;
    (void)pid;
    (void)userdata;
    gone = target;
}

static int try_context(struct damon_reclaim **ret, const char *operations, uint32_t damon_flags, uint32_t flags)
{
    static const struct damon_reclaim_callbacks callbacks = { .size = sizeof(callbacks), .state_changed = state_changed,
                                                              .target_gone = target_gone };
    struct damon_reclaim_damon_config damon = { .size = sizeof(damon), .operations = operations, .flags = damon_flags };
    struct damon_reclaim_config config = damon_fs_config();

    config.damon = &damon;
    config.callbacks = &callbacks;
    config.flags = flags;
    config.error = error;
    config.error_size = sizeof(error);
    return damon_reclaim_new(&config, ret);
}

static struct damon_reclaim *new_context(const char *operations, uint32_t damon_flags, uint32_t flags)
{
    struct damon_reclaim *ctx = NULL;
    int r = try_context(&ctx, operations, damon_flags, flags);

    if (r < 0)
        ck_abort_msg("no context: %s", error);
    return ctx;
}

static void set(struct damon_reclaim *ctx, const char *name, const char *value)
{
    ck_assert_int_eq(damon_reclaim_set(ctx, name, value), 0);
}

static uint32_t add_process(struct damon_reclaim *ctx, pid_t pid)
{
    struct damon_reclaim_target target = { .size = sizeof(target), .pid = pid };
    uint32_t id = UINT32_MAX;
    int r = damon_reclaim_add_target(ctx, &target, &id);

    if (r < 0)
        ck_abort_msg("no target: %s", damon_reclaim_last_error(ctx));
    return id;
}

static void enable(struct damon_reclaim *ctx)
{
    int r = damon_reclaim_enable(ctx);

    if (r < 0)
        ck_abort_msg("not enabled: %s", damon_reclaim_last_error(ctx));
}

static void run(struct damon_reclaim *ctx, unsigned int seconds)
{
    for (unsigned int i = 0; i < seconds * 100; i++) {
        fs->now_ns += SEC / 100;
        damon_reclaim_dispatch(ctx);
    }
}

static struct damon_reclaim_stats stats_of(struct damon_reclaim *ctx)
{
    struct damon_reclaim_stats stats = { .size = sizeof(stats) };

    ck_assert_int_eq(damon_reclaim_get_stats(ctx, &stats), 0);
    return stats;
}

static void is(const char *name, const char *value)
{
    const char *there = damon_value(name);

    if (!there || strcmp(there, value))
        ck_abort_msg("%s is %s, not %s", name, there ? there : "missing", value);
}

static void nothing_left(void)
{
    is("nr_kdamonds", "0");
    ck_assert(!fs->running);
    ck_assert(!fs->has_record);
    ck_assert_int_eq(fs->locked_by, 0);
}

static void says(struct damon_reclaim *ctx, const char *word)
{
    if (!strstr(damon_reclaim_last_error(ctx), word))
        ck_abort_msg("\"%s\" does not say \"%s\"", damon_reclaim_last_error(ctx), word);
}

/* --- what is written ------------------------------------------------------------------------------------------------ */

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
    struct damon_reclaim_range range = { 1 * MIB, 64 * MIB };
    struct damon_reclaim_target with_ranges = { .size = sizeof(with_ranges), .pid = 43, .ranges = &range, .nr_ranges = 1 };
    struct damon_reclaim_target memory = { .size = sizeof(memory) };
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

START_TEST(test_filters)
{
    const struct damon_reclaim_filter active = { .type = DAMON_RECLAIM_FILTER_ACTIVE, .matching = true };
    const struct damon_reclaim_filter allow = { .type = DAMON_RECLAIM_FILTER_ANON, .matching = true, .allow = true };
    const struct damon_reclaim_filter allow_first[2] = { allow, { .type = DAMON_RECLAIM_FILTER_YOUNG, .matching = true } };
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

START_TEST(test_refused)
{
    struct damon_reclaim *ctx = NULL;

    damon_fs_new(false);
    ck_assert_int_eq(try_context(&ctx, "taddr", 0, 0), -EINVAL);
    ck_assert_int_eq(try_context(&ctx, NULL, DAMON_RECLAIM_DAMON_MONITOR_ONLY, 0), -EOPNOTSUPP);
    ck_assert_int_eq(try_context(&ctx, NULL, 1u << 9, 0), -EINVAL);
    ctx = new_context("vaddr", 0, 0);
    ck_assert_int_eq(damon_reclaim_enable(ctx), -EOPNOTSUPP);
    nothing_left();
    damon_reclaim_unref(ctx);
    fs->missing = "/nr_kdamonds";
    ck_assert_int_eq(try_context(&ctx, NULL, 0, 0), -ENOENT);
    ck_assert_ptr_nonnull(strstr(error, "CONFIG_DAMON_SYSFS"));
    damon_fs_free();
}
END_TEST

/* --- what comes back ------------------------------------------------------------------------------------------------ */

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
    fs->counters[1] = (struct damon_counters){ 7, 70 * MIB, 5, 50 * MIB, 3 };
    fs->nr_regions = 3;
    fs->regions[0] = (struct damon_reclaim_region){ .start = 4096, .end = 651264, .age = 5 };
    fs->regions[1] = (struct damon_reclaim_region){ .start = MIB, .end = 32 * MIB, .nr_accesses = 20, .age = 9 };
    fs->regions[2] = (struct damon_reclaim_region){ .start = 4294967296, .end = 5368709120, .age = 44 };
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
    fs->counters[1] = (struct damon_counters){ 2, 20 * MIB, 1, 10 * MIB, 0 };
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

/* The number of regions is more than are read in one go. */
START_TEST(test_many_regions)
{
    struct damon_reclaim *ctx;

    damon_fs_new(false);
    ctx = new_context(NULL, 0, 0);
    enable(ctx);
    for (fs->nr_regions = 0; fs->nr_regions < 200; fs->nr_regions++)
        fs->regions[fs->nr_regions] = (struct damon_reclaim_region){ .start = (fs->nr_regions + 1) * MIB,
                                                                     .end = (fs->nr_regions + 2) * MIB };
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

/* --- commits --------------------------------------------------------------------------------------------------------- */

/* Lets the thread be seen at work. */
static void warm_up(struct damon_reclaim *ctx)
{
    for (int i = 0; i < 3; i++) {
        fs->counters[0].nr_tried += 10;
        run(ctx, 1);
    }
}

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
    /* An older kernel would never come back from a commit while it is inactive. */
    fs->free_kib = 700000;
    run(ctx, 6);
    ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_INACTIVE);
    set(ctx, "wmarks_high", "800");
    ck_assert_int_eq(damon_reclaim_commit(ctx), 0);
    is(RECLAIM "watermarks/high", "800");
    ck_assert_uint_eq(fs->nr_commit, _i ? 2 : 1);
    ck_assert_uint_eq(fs->nr_on, _i ? 1 : 2);
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
    struct damon_reclaim_scheme scheme = { .size = sizeof(scheme), .max_nr_accesses = UINT32_MAX,
                                           .action = DAMON_RECLAIM_ACTION_COLD };
    struct damon_reclaim_scheme_stats stats = { .size = sizeof(stats) };
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
    struct damon_reclaim_params params = { .size = sizeof(params) };
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
    } else { /* the library does it: nothing is accessed, so both grow */
        fs->nr_regions = 1;
        fs->regions[0] = (struct damon_reclaim_region){ .start = MIB, .end = 512 * MIB, .age = 3 };
        for (int i = 0; i < 12; i++)
            warm_up(ctx);
    }
    ck_assert_int_eq(damon_reclaim_get_active_params(ctx, &params), 0);
    ck_assert_uint_ge(params.sample_interval, 10000);
    ck_assert_uint_eq(strtoull(damon_value(CONTEXT "monitoring_attrs/intervals/sample_us"), NULL, 10), params.sample_interval);
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

/* --- the real world --------------------------------------------------------------------------------------------------- */

START_TEST(test_stopped_by_itself)
{
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    ctx = new_context(NULL, 0, 0);
    enable(ctx);
    run(ctx, 2);
    damon_echo("off", "0/state");
    run(ctx, 2);
    ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_DISABLED);
    ck_assert_int_eq(last_reason, DAMON_RECLAIM_REASON_BACKEND);
    nothing_left();
    enable(ctx);
    is("0/state", "on");
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

START_TEST(test_process_exits)
{
    struct damon_reclaim *ctx;
    uint32_t first, second;

    damon_fs_new(_i);
    fs->alive[0] = 42;
    fs->alive[1] = 43;
    ctx = new_context(NULL, 0, 0);
    first = add_process(ctx, 42);
    second = add_process(ctx, 43);
    enable(ctx);
    run(ctx, 1);
    fs->alive[0] = 0;
    run(ctx, 3);
    ck_assert_uint_eq(gone, first);
    is(CONTEXT "targets/nr_targets", "1");
    is(CONTEXT "targets/0/pid_target", "43");
    is("0/state", "on");
    fs->alive[1] = 0;
    damon_echo("off", "0/state"); /* without a process the kernel's thread ends */
    run(ctx, 3);
    ck_assert_uint_eq(gone, second);
    ck_assert_int_eq(last_reason, DAMON_RECLAIM_REASON_NO_TARGET);
    nothing_left();
    damon_reclaim_unref(ctx);
    damon_fs_free();
}
END_TEST

static const struct {
    const char *setup[5][2];
    const char *word;
} foreign[] = {
    { { { "1", "nr_kdamonds" } }, "nr_kdamonds" },
    { { { "2", "nr_kdamonds" }, { "1", "0/contexts/nr_contexts" } }, "2 kdamond(s)" },
};

START_TEST(test_foreign_directories)
{
    struct damon_reclaim *ctx;
    char *before, *after;

    damon_fs_new(_i % 2);
    for (int i = 0; i < 5 && foreign[_i / 2].setup[i][0]; i++)
        ck_assert_int_eq(damon_echo(foreign[_i / 2].setup[i][0], foreign[_i / 2].setup[i][1]), 0);
    before = damon_dump();
    ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
    ck_assert_int_eq(damon_reclaim_enable(ctx), -EBUSY);
    says(ctx, foreign[_i / 2].word);
    damon_reclaim_unref(ctx);
    after = damon_dump();
    ck_assert_str_eq(before, after);
    ck_assert(!fs->has_record);
    free(before);
    free(after);
    damon_fs_free();
}
END_TEST

static void foreign_kdamond(void)
{
    damon_echo("1", "nr_kdamonds");
    damon_echo("1", "0/contexts/nr_contexts");
    damon_echo("paddr", CONTEXT "operations");
    damon_echo("1", CONTEXT "targets/nr_targets");
    damon_echo("1", CONTEXT "targets/0/regions/nr_regions");
    ck_assert_int_eq(damon_echo("on", "0/state"), 0);
}

START_TEST(test_foreign_kdamond)
{
    struct damon_reclaim *ctx;
    char *before, *after;

    damon_fs_new(_i);
    foreign_kdamond();
    before = damon_dump();
    ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
    ck_assert_int_eq(damon_reclaim_enable(ctx), -EBUSY);
    says(ctx, "701");
    damon_reclaim_unref(ctx);
    after = damon_dump();
    ck_assert_str_eq(before, after);
    ck_assert(fs->running);
    ck_assert(!fs->has_record);
    free(before);
    free(after);
    damon_fs_free();
}
END_TEST

START_TEST(test_second_instance)
{
    struct damon_reclaim *ctx, *second;

    damon_fs_new(_i);
    ctx = new_context(NULL, 0, 0);
    second = new_context(NULL, 0, 0);
    enable(ctx);
    ck_assert_int_eq(damon_reclaim_enable(second), -EBUSY);
    says(second, "pid");
    damon_reclaim_unref(second);
    ck_assert(fs->has_record);
    is("0/state", "on");
    run(ctx, 2);
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

/* What a killed instance leaves: its directories, its thread, its record without a lock. */
static void leave_behind(bool with_stat)
{
    struct damon_reclaim *ctx = new_context(NULL, with_stat ? DAMON_RECLAIM_DAMON_TAKE_OVER : 0, 0);
    struct damon_fs *left = malloc(sizeof(*left));
    char *pid;

    ck_assert_ptr_nonnull(left);
    enable(ctx);
    memcpy(left, fs, sizeof(*left));
    damon_reclaim_unref(ctx);
    left->locked_by = 0;
    left->nr_open = left->nr_blocks = 0;
    memset(left->fds, 0, sizeof(left->fds));
    memcpy(fs, left, sizeof(*fs));
    free(left);
    pid = strstr(fs->record, "pid ");
    ck_assert_ptr_nonnull(pid);
    pid[4] = '9'; /* another process */
}

START_TEST(test_killed)
{
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    damon_add_module("damon_stat", true);
    leave_behind(true);
    is("/sys/module/damon_stat/parameters/enabled", "N");
    ck_assert(fs->running);
    ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
    enable(ctx);
    ck_assert_uint_eq(fs->nr_on, 2);
    is("/sys/module/damon_stat/parameters/enabled", "N");
    damon_reclaim_unref(ctx);
    nothing_left();
    is("/sys/module/damon_stat/parameters/enabled", "Y");
    damon_fs_free();
}
END_TEST

/* The thread that runs is not the one on record, or the boot is not: it is somebody else's. */
START_TEST(test_killed_and_replaced)
{
    struct damon_reclaim *ctx;
    char *before, *after;

    damon_fs_new(false);
    leave_behind(false);
    if (_i == 0) {
        damon_echo("off", "0/state");
        damon_echo("on", "0/state");
    } else if (_i == 1) {
        damon_echo("off", "0/state");
        damon_echo("0", "nr_kdamonds");
        foreign_kdamond();
    } else {
        damon_echo("off", "0/state");
        damon_echo("60000000", CONTEXT "monitoring_attrs/intervals/update_us");
    }
    before = damon_dump();
    ctx = new_context(NULL, 0, 0);
    ck_assert_int_eq(damon_reclaim_enable(ctx), -EBUSY);
    damon_reclaim_unref(ctx);
    after = damon_dump();
    ck_assert_str_eq(before, after);
    free(before);
    free(after);
    damon_fs_free();
}
END_TEST

START_TEST(test_modules)
{
    static const char *const names[] = { "damon_stat", "damon_reclaim", "damon_lru_sort" };
    struct damon_reclaim *ctx;
    char path[128];

    damon_fs_new(true);
    damon_add_module(names[_i], true);
    ctx = new_context(NULL, 0, 0);
    ck_assert_int_eq(damon_reclaim_enable(ctx), -EBUSY);
    snprintf(path, sizeof(path), "/sys/module/%s/parameters/enabled", names[_i]);
    says(ctx, path);
    is(path, "Y");
    nothing_left();
    damon_reclaim_unref(ctx);
    ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
    ck_assert_int_eq(damon_reclaim_enable(ctx), _i ? -EBUSY : 0);
    is(path, _i ? "Y" : "N");
    damon_reclaim_unref(ctx);
    is(path, "Y");
    nothing_left();
    damon_fs_free();
}
END_TEST

/* --- the choice --------------------------------------------------------------------------------------------------------- */

static bool before_reclaim(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region, void *userdata)
{
    (void)ctx, (void)scheme, (void)region, (void)userdata;
    return true;
}

START_TEST(test_auto)
{
    struct damon_reclaim_callbacks asks = { .size = sizeof(asks), .before_reclaim = before_reclaim };
    struct damon_reclaim_config config;
    struct damon_reclaim *ctx = NULL;

    damon_fs_new(_i);
    config = damon_fs_config();
    config.backend = "auto";
    config.error = error;
    config.error_size = sizeof(error);
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), 0);
    ck_assert_str_eq(damon_reclaim_backend_name(ctx), "damon");
    enable(ctx);
    damon_reclaim_unref(ctx);
    nothing_left();
    /* What a killed instance left does not keep it from being chosen. */
    leave_behind(false);
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), 0);
    ck_assert_str_eq(damon_reclaim_backend_name(ctx), "damon");
    enable(ctx);
    damon_reclaim_unref(ctx);
    nothing_left();
    /* There is no bitmap here. The error lists what each lacks. */
    config.callbacks = &asks;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -EOPNOTSUPP);
    ck_assert_ptr_nonnull(strstr(error, "damon: asks"));
    ck_assert_ptr_nonnull(strstr(error, "idle-page: "));
    config.callbacks = NULL;
    foreign_kdamond();
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -EBUSY);
    ck_assert_ptr_nonnull(strstr(error, "somebody else's"));
    ck_assert_ptr_nonnull(strstr(error, "idle-page: "));
    damon_fs_free();
}
END_TEST

/* With that callback the kernel would have to ask. */
START_TEST(test_asks)
{
    struct damon_reclaim_callbacks asks = { .size = sizeof(asks), .before_reclaim = before_reclaim };
    struct damon_reclaim_config config;
    struct damon_reclaim *ctx = NULL;

    damon_fs_new(false);
    config = damon_fs_config();
    config.callbacks = &asks;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), 0);
    ck_assert_int_eq(damon_reclaim_enable(ctx), -EOPNOTSUPP);
    says(ctx, "before_reclaim");
    nothing_left();
    damon_reclaim_unref(ctx);
    damon_fs_free();
}
END_TEST

START_TEST(test_probe)
{
    struct damon_reclaim_config config;
    char text[1024], *before, *after;

    damon_fs_new(_i);
    config = damon_fs_config();
    ck_assert_int_eq(damon_reclaim_probe(&config, text, sizeof(text)), 0);
    ck_assert_ptr_nonnull(strstr(text, "nobody uses it"));
    ck_assert_ptr_nonnull(strstr(text, "3 range(s)"));
    foreign_kdamond();
    before = damon_dump();
    ck_assert_int_eq(damon_reclaim_probe(&config, text, sizeof(text)), -EBUSY);
    after = damon_dump();
    ck_assert_str_eq(before, after);
    free(before);
    free(after);
    fs->missing = "/nr_kdamonds";
    ck_assert_int_eq(damon_reclaim_probe(&config, text, sizeof(text)), -ENOENT);
    ck_assert_ptr_nonnull(strstr(text, "CONFIG_DAMON_SYSFS"));
    damon_fs_free();
}
END_TEST

/* --- faults ------------------------------------------------------------------------------------------------------------ */

/* A life with something going wrong; afterwards all is well again. */
static void live(void)
{
    struct damon_reclaim *ctx = NULL;

    if (try_context(&ctx, NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, DAMON_RECLAIM_KEEP_ON_INVALID) < 0)
        return;
    if (damon_reclaim_enable(ctx) < 0)
        ck_assert_str_ne(damon_reclaim_last_error(ctx), "");
    fs->counters[0].nr_tried += 10;
    run(ctx, 2);
    set(ctx, "min_age", "10s");
    damon_reclaim_commit(ctx);
    fs->counters[0].nr_tried += 10;
    run(ctx, 2);
    damon_reclaim_disable(ctx);
    damon_reclaim_unref(ctx);
}

static void live_again(void)
{
    struct damon_reclaim *ctx;

    fs->fail_write = fs->fail_read = 0;
    ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
    enable(ctx);
    is("0/state", "on");
    damon_reclaim_unref(ctx);
    nothing_left();
    is("/sys/module/damon_stat/parameters/enabled", "Y");
}

START_TEST(test_write_faults)
{
    size_t n = 1;

    for (;; n++) {
        bool done;

        damon_fs_new(_i % 2);
        damon_add_module("damon_stat", true);
        fs->fail_write = n;
        fs->write_error = errors[_i / 2];
        live();
        done = fs->nr_writes < n;
        live_again();
        damon_fs_free();
        if (done)
            break;
    }
    ck_assert_uint_gt(n, 40);
}
END_TEST

START_TEST(test_read_faults)
{
    static const int read_errors[] = { 0, -EIO, -ENODEV };
    size_t n = 1;

    for (;; n++) {
        bool done;

        damon_fs_new(_i % 2);
        damon_add_module("damon_stat", true);
        fs->fail_read = n;
        fs->read_error = read_errors[_i / 2];
        live();
        done = fs->nr_reads < n;
        live_again();
        damon_fs_free();
        if (done)
            break;
    }
    ck_assert_uint_gt(n, 100);
}
END_TEST

/* Every file that a tree has, missing: either it is not needed, or the refusal names it. */
START_TEST(test_missing_files)
{
    char (*names)[PATH_LEN] = calloc(MAX_FILES, sizeof(*names));
    struct damon_reclaim *ctx;
    size_t n = 0;

    ck_assert_ptr_nonnull(names);
    damon_fs_new(_i);
    ctx = new_context(NULL, 0, 0);
    set(ctx, "skip_anon", "Y");
    set(ctx, "quota_autotune_feedback", "100");
    enable(ctx);
    for (size_t i = 0; i < fs->nr_files; i++)
        if (!strncmp(fs->files[i].path, DAMON_DIR "0/contexts", strlen(DAMON_DIR "0/contexts")))
            strcpy(names[n++], fs->files[i].path);
    damon_reclaim_unref(ctx);
    damon_fs_free();
    ck_assert_uint_gt(n, 60);
    for (size_t i = 0; i < n; i++) {
        int r;

        damon_fs_new(_i);
        ctx = new_context(NULL, 0, 0);
        set(ctx, "skip_anon", "Y");
        set(ctx, "quota_autotune_feedback", "100");
        fs->missing = names[i] + strlen(DAMON_DIR);
        r = damon_reclaim_enable(ctx);
        if (r < 0) {
            ck_assert_int_eq(r, -EOPNOTSUPP);
            says(ctx, fs->missing);
        } else {
            run(ctx, 3);
        }
        damon_reclaim_unref(ctx);
        fs->missing = NULL;
        nothing_left();
        damon_fs_free();
    }
    free(names);
}
END_TEST

static void fill(TCase *tc)
{
    tcase_add_loop_test(tc, test_physical, 0, 2);
    tcase_add_loop_test(tc, test_region, 0, 2);
    tcase_add_loop_test(tc, test_processes, 0, 2);
    tcase_add_loop_test(tc, test_filters, 0, 2);
    tcase_add_test(tc, test_refused);
    tcase_add_loop_test(tc, test_statistics, 0, 2);
    tcase_add_test(tc, test_many_regions);
    tcase_add_loop_test(tc, test_commit, 0, 2);
    tcase_add_loop_test(tc, test_commit_refused, 0, 2);
    tcase_add_test(tc, test_schemes);
    tcase_add_loop_test(tc, test_goals, 0, 2);
    tcase_add_loop_test(tc, test_intervals, 0, 2);
    tcase_add_loop_test(tc, test_stopped_by_itself, 0, 2);
    tcase_add_loop_test(tc, test_process_exits, 0, 2);
    tcase_add_loop_test(tc, test_foreign_directories, 0, 4);
    tcase_add_loop_test(tc, test_foreign_kdamond, 0, 2);
    tcase_add_loop_test(tc, test_second_instance, 0, 2);
    tcase_add_loop_test(tc, test_killed, 0, 2);
    tcase_add_loop_test(tc, test_killed_and_replaced, 0, 3);
    tcase_add_loop_test(tc, test_modules, 0, 3);
    tcase_add_loop_test(tc, test_auto, 0, 2);
    tcase_add_test(tc, test_asks);
    tcase_add_loop_test(tc, test_probe, 0, 2);
    tcase_add_loop_test(tc, test_write_faults, 0, 8);
    tcase_add_loop_test(tc, test_read_faults, 0, 6);
    tcase_add_loop_test(tc, test_missing_files, 0, 2);
}

int main(void)
{
    Suite *suite = suite_create("damon");
    TCase *tc = tcase_create("damon");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 120);
    fill(tc);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
