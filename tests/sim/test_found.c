/* SPDX-License-Identifier: MIT */
/* What must be found and what must be left alone on the workloads of the examples: default attributes, min_age 5 s. */
#include <check.h>

#include "sim_env.h"
#include "sim_run.h"

#define SEEDS 3

static const char *const workloads[] = {"hot_set.cfg", "stairs.cfg", "zigzag.cfg", "database.cfg"};

#define NR_WORKLOADS (int)(NUMBER_OF(workloads))

static void check_found(struct sim_run *run, const char *workload)
{
    struct damon_reclaim_sim_report report = sim_run_report(run);

    ck_assert_uint_gt(report.cold, report.touched / 3); /* there was something to find */
    ck_assert_msg(report.cold_reclaimed * 100 >= report.cold * 95, "%s: %llu of %llu cold bytes found", workload,
                  (unsigned long long)report.cold_reclaimed, (unsigned long long)report.cold);
    ck_assert_msg(report.regretted * 100 <= report.reclaimed, "%s: %llu of %llu reclaimed bytes regretted", workload,
                  (unsigned long long)report.regretted, (unsigned long long)report.reclaimed);
}

/* Half-way and at the end, just before a phase ends: there the next hot memory is still cold. */
static void run_workload(const char *workload, uint64_t seed, bool default_quotas)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};
    struct damon_reclaim_sim_report report;
    struct sim_run run;

    sim_run_open(&run, workload, seed, 0);
    if (!default_quotas) {
        sim_run_set(&run, "quota_ms", "0");
        sim_run_set(&run, "quota_sz", "0");
    }
    ck_assert_int_eq(damon_reclaim_enable(run.ctx), 0);
    report = sim_run_report(&run);
    sim_run_until(&run, report.workload_end_ns / 2 - 10000000);
    check_found(&run, workload);
    sim_run_until(&run, report.workload_end_ns - 10000000);
    check_found(&run, workload);
    ck_assert_int_eq(damon_reclaim_get_stats(run.ctx, &stats), 0);
    ck_assert_uint_eq(stats.bytes_reclaimed_regions, sim_run_report(&run).reclaimed);
    sim_run_close(&run);
}

START_TEST(test_found_with_default_quotas)
{
    run_workload(workloads[_i / SEEDS], (uint64_t)(_i % SEEDS), true);
}
END_TEST

START_TEST(test_found_without_quotas)
{
    run_workload(workloads[_i], SEEDS, false);
}
END_TEST

/*
 * All of the cold TiB goes, no page of the islands does: it would be accessed again at once, and nothing else ever is.
 * Without quotas and with cheap reclaim, so that the islands' surroundings are really tried.
 */
START_TEST(test_islands_stay)
{
    struct damon_reclaim_sim_report report;
    struct sim_run run;

    sim_run_open(&run, "islands.cfg", (uint64_t)_i, 100);
    sim_run_set(&run, "quota_ms", "0");
    sim_run_set(&run, "quota_sz", "0");
    ck_assert_int_eq(damon_reclaim_enable(run.ctx), 0);
    report = sim_run_report(&run);
    sim_run_until(&run, report.workload_end_ns - 10000000);
    report = sim_run_report(&run);
    ck_assert_uint_eq(report.refaulted, 0);
    ck_assert_uint_eq(report.regretted, 0);
    ck_assert_uint_ge(report.resident, UINT64_C(16) << 20);
    ck_assert_uint_ge(report.cold_reclaimed / 100, report.cold / 100 / 100 * 95);
    sim_run_close(&run);
}
END_TEST

START_TEST(test_skip_anon)
{
    struct damon_reclaim_sim_report report;
    struct sim_run run;

    sim_run_open(&run, "database.cfg", 1, 0);
    sim_run_set(&run, "skip_anon", "Y");
    ck_assert_int_eq(damon_reclaim_enable(run.ctx), 0);
    sim_run_until(&run, UINT64_C(170000000000));
    report = sim_run_report(&run);
    ck_assert_uint_eq(report.anon, UINT64_C(96) << 20); /* index and buffers; the job has not run yet */
    ck_assert_uint_gt(report.reclaimed, UINT64_C(200) << 20);
    sim_run_close(&run);
}
END_TEST

static void fill(TCase *tc)
{
    tcase_add_loop_test(tc, test_found_with_default_quotas, 0, SEEDS * NR_WORKLOADS);
    tcase_add_loop_test(tc, test_found_without_quotas, 0, NR_WORKLOADS);
    tcase_add_loop_test(tc, test_islands_stay, 0, SEEDS);
    tcase_add_test(tc, test_skip_anon);
}

int main(void)
{
    return sim_suite("found", fill);
}
