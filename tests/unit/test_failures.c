/* SPDX-License-Identifier: MIT */
/*
 * The life of a context in which one allocation, or one system call, fails: each of them in turn. Nothing crashes,
 * nothing is left, each error has its text, and the context works afterwards.
 */
#include <errno.h>
#include <stdio.h>

#include "scripted.h"

static struct scripted s;

static const char workload[] = "hot, 1048576\ncold, 8388608\n\nfill\n500\nhot, 0, 4096, 1\ncold, 0, 4096, 8\n\nuse\n"
                               "60000\nhot, 1, 4096, 1\n";

static bool sim; /* else the scripted backend */
static uint64_t nr_failed;

static int make(struct damon_reclaim **ret)
{
    struct damon_reclaim_sim_config sim_config = {.size = sizeof(sim_config), .workload = workload};
    struct damon_reclaim_config config = scripted_config(&s);
    char error[256] = "";
    int r;

    config.error = error;
    config.error_size = sizeof(error);
    config.flags = DAMON_RECLAIM_KEEP_ON_INVALID;
    config.root = "";
    if (sim) {
        config.backend_ops = NULL;
        config.backend = "sim";
        config.sim = &sim_config;
    }
    r = damon_reclaim_new(&config, ret);
    expect(r == 0 || error[0]);
    return r;
}

static int add_ranges(struct damon_reclaim *ctx)
{
    static const struct damon_reclaim_range ranges[] = {{BASE, BASE + 4 * MIB}, {BASE + 6 * MIB, BASE + 8 * MIB}};
    struct damon_reclaim_target target = {.size = sizeof(target), .ranges = ranges, .nr_ranges = 2};

    return damon_reclaim_add_target(ctx, &target, NULL);
}

static int add_process(struct damon_reclaim *ctx)
{
    static const struct damon_reclaim_range beside = {BASE + 4 * MIB, BASE + 6 * MIB};
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = 100};

    if (sim) /* has no processes */
        target = (struct damon_reclaim_target){.size = sizeof(target), .ranges = &beside, .nr_ranges = 1};
    return damon_reclaim_add_target(ctx, &target, NULL);
}

static int add_scheme(struct damon_reclaim *ctx)
{
    struct damon_reclaim_scheme scheme = {.size = sizeof(scheme),
                                          .max_nr_accesses = UINT32_MAX,
                                          .action = DAMON_RECLAIM_ACTION_STAT,
                                          .apply_interval_us = 10000,
                                          .quota = {.sz = MIB + 3 * PAGE, .reset_interval_ms = 50}};

    return damon_reclaim_add_scheme(ctx, &scheme, NULL);
}

static int exclude(struct damon_reclaim *ctx)
{
    struct damon_reclaim_exclusion list[] = {
        {.type = DAMON_RECLAIM_EXCLUDE_RANGE, .range = {BASE + MIB, BASE + 2 * MIB}},
        {.type = DAMON_RECLAIM_EXCLUDE_CGROUP, .cgroup = "/a.slice"}};

    return damon_reclaim_set_exclusions(ctx, list, sim ? 1 : 2);
}

static int set_parameters(struct damon_reclaim *ctx)
{
    int r = damon_reclaim_set(ctx, "min_age", "300ms");

    if (r == 0) /* few ticks an aggregation: the sweeps take their number times itself */
        r = damon_reclaim_set(ctx, "sample_interval", "25ms");
    if (r == 0)
        r = damon_reclaim_set(ctx, "max_nr_regions", "50");
    if (r == 0)
        r = damon_reclaim_set(ctx, "quota_sz", "1MiB");
    return r;
}

static int many_dispatches(struct damon_reclaim *ctx)
{
    int r = 0;

    for (int i = 0; i < 24 && r == 0; i++) {
        r = damon_reclaim_dispatch(ctx);
        s.system_ns += 25 * MS;
        s.nr_acts = 0;
        if (i % 8 == 7)
            s.pattern += 7;
    }
    return r;
}

static int commit_more(struct damon_reclaim *ctx)
{
    int r = damon_reclaim_set(ctx, "max_nr_regions", "400");

    if (r == 0)
        r = damon_reclaim_set(ctx, "min_nr_regions", "40");
    if (r == 0)
        r = damon_reclaim_set(ctx, "quota_sz", "0");
    return r < 0 ? r : damon_reclaim_commit(ctx);
}

static int look(struct damon_reclaim *ctx)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};
    struct damon_reclaim_region regions[10];
    size_t n;
    int r = damon_reclaim_get_stats(ctx, &stats);

    return r < 0 ? r : damon_reclaim_get_regions(ctx, regions, 10, &n);
}

static int exit_of_process(struct damon_reclaim *ctx)
{
    int r;

    s.processes[0].exited = true;
    s.system_ns += 2 * SEC;
    s.now_ns += 2 * SEC;
    r = damon_reclaim_dispatch(ctx);
    s.processes[0].exited = false;
    return r;
}

static int (*const steps[])(struct damon_reclaim *ctx) = {set_parameters,
                                                          add_process,
                                                          add_ranges,
                                                          add_scheme,
                                                          damon_reclaim_enable,
                                                          many_dispatches,
                                                          look,
                                                          exclude,
                                                          commit_more,
                                                          many_dispatches,
                                                          add_process,
                                                          exit_of_process,
                                                          many_dispatches,
                                                          damon_reclaim_disable,
                                                          damon_reclaim_enable,
                                                          many_dispatches,
                                                          look};

/* What is added for the second time is refused. */
static bool is_there_already(int r, int (*call)(struct damon_reclaim *ctx))
{
    return call == add_process && r == (sim ? -EINVAL : -EEXIST);
}

/* A step that fails once is repeated, and then goes well. */
static void step(struct damon_reclaim *ctx, int (*call)(struct damon_reclaim *ctx))
{
    int r = call(ctx);

    if (r == 0 || is_there_already(r, call))
        return;
    nr_failed++;
    if (!damon_reclaim_last_error(ctx)[0])
        ck_abort_msg("%d without a text", r);
    if (reclaim_stats(ctx).state == DAMON_RECLAIM_STATE_DISABLED && call != damon_reclaim_enable)
        reclaim_enable(ctx);
    r = call(ctx);
    if (r < 0 && !is_there_already(r, call))
        ck_abort_msg("again: %d, %s", r, damon_reclaim_last_error(ctx));
}

/* A whole life. What is to fail is set in the scripted system and allocator. */
static void live(void)
{
    struct damon_reclaim *ctx = NULL;

    s.memory.nr_calls = s.nr_system_calls = 0;
    s.pattern = 0;
    if (make(&ctx) < 0) {
        nr_failed++;
        expect(!ctx && s.memory.nr_blocks == 0 && scripted_open_fds(&s) == 0);
        expect(make(&ctx) == 0);
    }
    for (size_t i = 0; i < NUMBER_OF(steps); i++)
        step(ctx, steps[i]);
    expect(reclaim_stats(ctx).state == DAMON_RECLAIM_STATE_ACTIVE);
    expect(reclaim_stats(ctx).nr_targets >= 1 && reclaim_stats(ctx).nr_regions > 0);
    expect(reclaim_stats(ctx).monitor_ns < 1000000 * SEC && reclaim_stats(ctx).reclaim_ns < 1000000 * SEC);
    damon_reclaim_unref(ctx);
    expect_eq(s.memory.nr_blocks, 0);
    expect_eq(s.memory.live, 0);
    expect_eq(scripted_open_fds(&s), 0);
}

/* The backend, and its clock. */
enum { SCRIPTED_VIRTUAL, SCRIPTED_SYSTEM, SIMULATED, NR_WORLDS };

static void set_up(int world)
{
    scripted_init(&s);
    sim = world == SIMULATED;
    nr_failed = 0;
    s.accessed = accessed_random;
    s.ranges[0].end = BASE + 32 * MIB;
    s.processes[0].pid = 100;
    s.cgroups[0] = (struct scripted_cgroup){"/a.slice", 77};
    scripted_can_exclude(&s);
    s.pressure = "some avg10=0.00 avg60=0.00 avg300=0.00 total=12\n";
    if (world != SCRIPTED_VIRTUAL) {
        s.ops.now = NULL;
        s.ops.advance = NULL;
        s.ops.metrics = NULL;
    }
}

TEST_CASES(test_allocations, NR_WORLDS)
{
    uint64_t total;

    set_up(_i);
    live();
    total = s.memory.nr_calls;
    ck_assert_uint_gt(total, 10);
    ck_assert_uint_eq(nr_failed, 0);
    for (uint64_t n = 1; n <= total; n++) {
        s.memory.fail_at = n;
        live();
    }
    ck_assert_uint_gt(nr_failed, 4);
    scripted_fini(&s);
}

TEST_CASES(test_system_calls, NR_WORLDS)
{
    static const int errors[] = {-EIO, -EMFILE, -EINTR, -ENOMEM, -EPERM, -EAGAIN};
    uint64_t total;

    set_up(_i);
    live();
    total = s.nr_system_calls;
    ck_assert_uint_gt(total, 50);
    ck_assert_uint_eq(nr_failed, 0);
    for (uint64_t n = 1; n <= total; n++) {
        s.system_fail_at = n;
        s.system_error = errors[n % 6];
        live();
    }
    ck_assert_uint_gt(nr_failed, 2);
    /* The first ones, which all lives go through, with each of the errors. */
    for (uint64_t n = 1; n <= 40; n++) {
        for (int e = 0; e < 6; e++) {
            s.system_fail_at = n;
            s.system_error = errors[e];
            live();
        }
    }
    scripted_fini(&s);
}

/* A clock that fails for once does not put the reclaimer out of work. */
TEST(test_clock)
{
    struct damon_reclaim *ctx;
    uint64_t before;

    for (uint64_t n = 1; n < 60; n++) {
        set_up(SCRIPTED_SYSTEM);
        s.accessed = NULL;
        s.system_error = -EINVAL;
        ctx = scripted_new(&s, 0);
        reclaim_set(ctx, "min_age=200ms quota_sz=1MiB");
        reclaim_enable(ctx);
        for (int i = 0; i < 100; i++) { /* up to and through the first attempts */
            s.system_ns += 5 * MS;
            if (i == 70)
                s.system_fail_at = s.nr_system_calls + n;
            damon_reclaim_dispatch(ctx); /* fails if it is the timer */
        }
        before = reclaim_stats(ctx).bytes_reclaimed_regions;
        expect(reclaim_stats(ctx).state == DAMON_RECLAIM_STATE_ACTIVE);
        for (int i = 0; i < 1000; i++) {
            s.system_ns += 5 * MS;
            reclaim_dispatch(ctx);
        }
        expect(reclaim_stats(ctx).bytes_reclaimed_regions >= before + 3 * MIB);
        expect(reclaim_stats(ctx).monitor_ns < 100 * SEC && reclaim_stats(ctx).reclaim_ns < 100 * SEC);
        expect(reclaim_stats(ctx).monitor_cpu_ns < 100 * SEC && reclaim_stats(ctx).reclaim_cpu_ns < 100 * SEC);
        damon_reclaim_unref(ctx);
        scripted_fini(&s);
    }
}

/* In the steady state nothing is allocated, however the regions merge, split and are cut. */
TEST_CASES(test_steady_state, NR_WORLDS)
{
    struct damon_reclaim *ctx = NULL;
    uint64_t before = 0;

    set_up(_i);
    ck_assert_int_eq(make(&ctx), 0);
    reclaim_set(ctx, "min_age=300ms quota_sz=1MiB");
    reclaim_enable(ctx);
    for (int i = 0; i < 4000; i++) {
        many_dispatches(ctx);
        if (i == 300)
            before = s.memory.nr_calls;
        if (_i == SIMULATED && i > 400)
            break;
    }
    ck_assert_uint_eq(s.memory.nr_calls, before);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
