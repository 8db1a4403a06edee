/* SPDX-License-Identifier: MIT */
/* What must be found and what must be left alone on the workloads of the examples: default attributes, min_age 5 s. */

#include "sim_env.h"
#include "sim_run.h"
#include "suite.h"

#define SEEDS     3
#define BEFORE_NS UINT64_C(100000000) /* a look takes no longer to come */

static const char no_quotas[] = "quota_ms=0 quota_sz=0";

static void check_found(struct sim_run *run, const char *workload)
{
    struct damon_reclaim_sim_report report = sim_run_report(run);

    ck_assert_uint_gt(report.cold, report.touched / 3); /* there was something to find */
    ck_assert_msg(report.cold_reclaimed * 100 >= report.cold * 95, "%s: %llu of %llu cold bytes found", workload,
                  (unsigned long long)report.cold_reclaimed, (unsigned long long)report.cold);
    ck_assert_msg(report.regretted * 100 <= report.reclaimed, "%s: %llu of %llu reclaimed bytes regretted", workload,
                  (unsigned long long)report.regretted, (unsigned long long)report.reclaimed);
}

static const struct {
    const char *workload;
    const char *settings;
    uint64_t seed;
} runs[] = {
    {"hot_set.cfg", NULL, 0},       {"hot_set.cfg", NULL, 1},     {"hot_set.cfg", NULL, 2},
    {"stairs.cfg", NULL, 0},        {"stairs.cfg", NULL, 1},      {"stairs.cfg", NULL, 2},
    {"zigzag.cfg", NULL, 0},        {"zigzag.cfg", NULL, 1},      {"zigzag.cfg", NULL, 2},
    {"database.cfg", NULL, 0},      {"database.cfg", NULL, 1},    {"database.cfg", NULL, 2},
    {"hot_set.cfg", no_quotas, 3},  {"stairs.cfg", no_quotas, 3}, {"zigzag.cfg", no_quotas, 3},
    {"database.cfg", no_quotas, 3},
};

/* Half-way and at the end, just before a phase ends: there the next hot memory is still cold. */
TEST_CASES(test_found, NUMBER_OF(runs))
{
    uint64_t end;
    struct sim_run run;

    sim_run_open(&run, runs[_i].workload, runs[_i].seed, 0, runs[_i].settings);
    reclaim_enable(run.ctx);
    end = sim_run_report(&run).workload_end_ns;
    reclaim_run_until(run.ctx, end / 2 - BEFORE_NS);
    check_found(&run, runs[_i].workload);
    reclaim_run_until(run.ctx, end - BEFORE_NS);
    check_found(&run, runs[_i].workload);
    ck_assert_uint_eq(reclaim_stats(run.ctx).bytes_reclaimed_regions, sim_run_report(&run).reclaimed);
    sim_run_close(&run);
}

/*
 * All of the cold TiB goes, no page of the islands does: it would be accessed again at once, and nothing else ever is.
 * Without quotas and with cheap reclaim, so that the islands' surroundings are really tried.
 */
TEST_CASES(test_islands_stay, SEEDS)
{
    struct damon_reclaim_sim_report report;
    struct sim_run run;

    sim_run_open(&run, "islands.cfg", (uint64_t)_i, 100, no_quotas);
    reclaim_enable(run.ctx);
    reclaim_run_until(run.ctx, sim_run_report(&run).workload_end_ns - BEFORE_NS);
    report = sim_run_report(&run);
    ck_assert_uint_eq(report.refaulted, 0);
    ck_assert_uint_eq(report.regretted, 0);
    ck_assert_uint_ge(report.resident, UINT64_C(16) << 20);
    ck_assert_uint_ge(report.cold_reclaimed / 100, report.cold / 100 / 100 * 95);
    sim_run_close(&run);
}

TEST(test_skip_anon)
{
    struct sim_run run;

    sim_run_open(&run, "database.cfg", 1, 0, "skip_anon=Y");
    reclaim_enable(run.ctx);
    reclaim_run_until(run.ctx, UINT64_C(170000000000));
    ck_assert_uint_eq(sim_run_report(&run).anon, UINT64_C(96) << 20); /* index and buffers; the job comes later */
    ck_assert_uint_gt(sim_run_report(&run).reclaimed, UINT64_C(200) << 20);
    sim_run_close(&run);
}
