/* SPDX-License-Identifier: MIT */
/* The backend "sim" as a program meets it: its refusals, its ranges and targets, and that a run repeats to the byte. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim_env.h"
#include "sim_run.h"
#include "suite.h"

static char error[512];

static int open_sim(const struct damon_reclaim_sim_config *sim, struct damon_reclaim **ret)
{
    struct damon_reclaim_config config = {
        .size = sizeof(config), .backend = "sim", .sim = sim, .error = error, .error_size = sizeof(error)};

    *ret = NULL;
    return damon_reclaim_new(&config, ret);
}

TEST(test_refused_configs)
{
#define SIM(...) ((struct damon_reclaim_sim_config){.size = sizeof(struct damon_reclaim_sim_config), __VA_ARGS__})
    const struct {
        struct damon_reclaim_sim_config sim;
        const char *culprit;
    } cases[] = {
        {SIM(.workload = "a, 1\nb\n", .workload_name = "my.cfg"),
         "my.cfg:2: \"b\" is no region; write: name, size in bytes[, file]"},
        {SIM(.accesses_per_second = UINT64_C(10000000001)), "accesses_per_second"},
        {SIM(.check_ns = 10000001), "check_ns"},
        {SIM(.memory_bytes = 4095), "memory_bytes"},
        {{.size = 1}, "config.sim"},
    };
    struct {
        struct damon_reclaim_sim_config sim;
        char tail[8];
    } newer = {.sim = {.size = sizeof(newer)}, .tail = {1}};
    struct damon_reclaim *ctx;

    for (size_t i = 0; i < NUMBER_OF(cases); i++) {
        ck_assert_int_eq(open_sim(&cases[i].sim, &ctx), -EINVAL);
        ck_assert_ptr_null(ctx);
        ck_assert_msg(strstr(error, cases[i].culprit) != NULL, "\"%s\" does not name %s", error, cases[i].culprit);
    }
    ck_assert_int_eq(open_sim(&newer.sim, &ctx), -E2BIG);
    newer.tail[0] = 0;
    ck_assert_int_eq(open_sim(&newer.sim, &ctx), 0);
    damon_reclaim_unref(ctx);
}

/* @workload_len says where the text ends, also when it is not a NUL. */
TEST(test_workload_len)
{
    struct damon_reclaim_sim_config sim = {
        .size = sizeof(sim), .workload = "a, 4096\n\np\n1\na, 0, 1, 1\nrubbish", .workload_len = 24};
    struct damon_reclaim *ctx;

    ck_assert_msg(open_sim(&sim, &ctx) == 0, "%s", error);
    damon_reclaim_unref(ctx);
    sim.workload_len = 0;
    ck_assert_int_eq(open_sim(&sim, &ctx), -EINVAL);
}

TEST(test_targets)
{
    struct damon_reclaim_range range = {UINT64_C(4) << 30, (UINT64_C(4) << 30) + (UINT64_C(16) << 20)};
    struct damon_reclaim_target process = {.size = sizeof(process), .pid = 1};
    struct damon_reclaim_target ranges = {.size = sizeof(ranges), .ranges = &range, .nr_ranges = 1};
    struct damon_reclaim_stats stats;
    struct sim_run run;
    int r;

    sim_run_open(&run, "hot_set.cfg", 0, 0, NULL);
    r = damon_reclaim_add_target(run.ctx, &process, NULL);
    /* Older valgrinds do not know pidfd_open(), so that it does not come to the backend. */
    ck_assert_msg(r == -EOPNOTSUPP || r == -ENOSYS, "%d", r);
    if (r == -EOPNOTSUPP)
        ck_assert_ptr_nonnull(strstr(damon_reclaim_last_error(run.ctx), "pid 1: simulated memory has no processes"));
    ck_assert_int_eq(damon_reclaim_add_target(run.ctx, &ranges, NULL), 0);
    reclaim_enable(run.ctx);
    reclaim_run_until(run.ctx, UINT64_C(60000000000));
    stats = reclaim_stats(run.ctx);
    ck_assert_uint_eq(stats.monitored_bytes, UINT64_C(16) << 20);
    ck_assert_uint_eq(stats.bytes_reclaimed_regions, 0); /* it is the part that is always hot */
    sim_run_close(&run);
}

/* The default watermarks: inactive until the workload has filled the machine, and again when enough is free. */
TEST(test_default_watermarks)
{
    struct damon_reclaim_stats stats;
    struct sim_run run;

    sim_run_open(&run, "hot_set.cfg", 0, 0, "wmarks_high=500 wmarks_mid=400 wmarks_low=200");
    reclaim_enable(run.ctx);
    reclaim_run_until(run.ctx, UINT64_C(60000000000)); /* 80 of 260 MiB */
    stats = reclaim_stats(run.ctx);
    ck_assert_int_eq(stats.state, DAMON_RECLAIM_STATE_INACTIVE);
    ck_assert_uint_eq(stats.nr_samples, 0);
    reclaim_run_until(run.ctx, UINT64_C(170000000000)); /* 208 MiB, had nothing been done */
    stats = reclaim_stats(run.ctx);
    ck_assert_uint_gt(stats.bytes_reclaimed_regions, UINT64_C(20) << 20);
    ck_assert_uint_lt(sim_run_report(&run).resident, UINT64_C(160) << 20);
    ck_assert_uint_gt(sim_run_report(&run).resident, UINT64_C(100) << 20);
    sim_run_close(&run);
}

#define MAX_REGIONS 1000

struct outcome {
    struct damon_reclaim_region regions[MAX_REGIONS];
    size_t nr_regions;
    struct damon_reclaim_sim_report report;
};

static struct outcome *outcome(uint64_t seed)
{
    struct outcome *o = calloc(1, sizeof(*o));
    struct sim_run run;

    sim_run_open(&run, "database.cfg", seed, 0, NULL);
    reclaim_enable(run.ctx);
    reclaim_run_until(run.ctx, UINT64_C(30000000000));
    ck_assert_int_eq(damon_reclaim_get_regions(run.ctx, o->regions, MAX_REGIONS, &o->nr_regions), 0);
    o->report = sim_run_report(&run);
    sim_run_close(&run);
    return o;
}

TEST(test_a_run_repeats)
{
    struct outcome *first = outcome(7), *second = outcome(7), *other = outcome(8);

    ck_assert_int_eq(memcmp(first, second, sizeof(*first)), 0);
    ck_assert_int_ne(memcmp(first, other, sizeof(*first)), 0);
    free(first);
    free(second);
    free(other);
}

/* Each allocation of a whole run fails once: the call says so or the run goes on, and nothing is left. */
TEST(test_every_allocation_fails)
{
    struct counted memory = {0};
    struct damon_reclaim_allocator allocator = counted_allocator(&memory);
    struct damon_reclaim_sim_config sim = {
        .size = sizeof(sim),
        .workload = "a, 40960000\nb, 4096000\n\np\n200\na, 0, 4096, 9\nb, 0, 4096, 1\n\nq\n9000\nb, 1, 0, 1\n"};
    struct damon_reclaim_config config = {
        .size = sizeof(config), .backend = "sim", .sim = &sim, .allocator = &allocator};
    struct damon_reclaim_sim_report report = {.size = sizeof(report)};

    for (memory.fail_at = 1;; memory.fail_at++) {
        struct damon_reclaim *ctx = NULL;
        int r;

        memory.nr_calls = 0;
        r = damon_reclaim_new(&config, &ctx);
        expect(r == 0 || r == -ENOMEM);
        if (r == 0) {
            reclaim_set(ctx, "min_age=300ms wmarks_high=1000 wmarks_mid=1000 wmarks_low=0 quota_ms=0");
            r = damon_reclaim_enable(ctx);
        }
        expect(r == 0 || r == -ENOMEM);
        while (r == 0 && damon_reclaim_now(ctx) < UINT64_C(2000000000)) {
            r = damon_reclaim_dispatch(ctx);
            expect(r == 0 || r == -ENOMEM);
        }
        if (r == 0) {
            size_t last = memory.nr_calls;

            expect(damon_reclaim_sim_get_report(ctx, 300000, &report) == 0 || memory.nr_calls >= memory.fail_at);
            expect(report.cold_reclaimed * 10 > report.cold * 9 || last >= memory.fail_at);
        }
        damon_reclaim_unref(ctx);
        expect(memory.live == 0);
        if (memory.nr_calls < memory.fail_at)
            break;
    }
    ck_assert_uint_gt(memory.fail_at, 20);
}
