/* SPDX-License-Identifier: MIT */
/* What the library must find and must leave alone, over the public interface, on the workloads of the examples. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "damon_reclaim/damon_reclaim.h"

#define SEEDS 5

static const char *workloads; /* the directory */

static char *read_text(const char *name)
{
    char path[4096], *text = malloc(65536);
    size_t n;
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", workloads, name);
    f = fopen(path, "re");
    ck_assert_msg(f != NULL, "%s cannot be opened", path);
    n = fread(text, 1, 65535, f);
    fclose(f);
    text[n] = '\0';
    return text;
}

struct run {
    struct damon_reclaim *ctx;
    char *text;
    char error[256];
    uint64_t hot_reclaimed; /* pages reclaimed where is_hot() says so */
};

static void after_reclaim(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                          const struct damon_reclaim_result *result, void *userdata);

static void set(struct run *run, const char *name, const char *value)
{
    ck_assert_msg(damon_reclaim_set(run->ctx, name, value) == 0, "%s", damon_reclaim_last_error(run->ctx));
}

/* Starts a workload with min_age 5 s, active whatever memory is free, default attributes and quotas. */
static void start(struct run *run, const char *workload, uint64_t seed)
{
    struct damon_reclaim_sim_config sim = {.size = sizeof(sim), .workload_name = workload};
    struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks), .after_reclaim = after_reclaim};
    struct damon_reclaim_config config = {.size = sizeof(config),
                                          .backend = "sim",
                                          .seed = seed,
                                          .sim = &sim,
                                          .callbacks = &callbacks,
                                          .userdata = run,
                                          .error = run->error,
                                          .error_size = sizeof(run->error)};

    sim.workload = run->text = read_text(workload);
    ck_assert_msg(damon_reclaim_new(&config, &run->ctx) == 0, "%s", run->error);
    set(run, "min_age", "5s");
    set(run, "wmarks_high", "1000");
    set(run, "wmarks_mid", "1000");
    set(run, "wmarks_low", "0");
}

/* Runs up to @ms before the workload's end, or behind it. */
static void run_until(struct run *run, int64_t ms)
{
    struct damon_reclaim_sim_report report = {.size = sizeof(report)};
    uint64_t end;

    ck_assert_int_eq(damon_reclaim_sim_get_report(run->ctx, 5000000, &report), 0);
    end = report.workload_end_ns + (uint64_t)(ms * 1000000);
    while (damon_reclaim_now(run->ctx) < end)
        if (damon_reclaim_dispatch(run->ctx) < 0)
            ck_abort_msg("%s", damon_reclaim_last_error(run->ctx));
}

static void finish(struct run *run)
{
    run->ctx = damon_reclaim_unref(run->ctx);
    free(run->text);
}

static void after_reclaim(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                          const struct damon_reclaim_result *result, void *userdata)
{
    (void)ctx, (void)scheme, (void)region, (void)result, (void)userdata;
}

int main(int argc, char **argv)
{
    workloads = argv[1];
    for (int i = 0; i < (argc > 4 ? atoi(argv[4]) : 1); i++) {
        struct run run = {0};
        struct damon_reclaim_sim_report r = {.size = sizeof(r)};
        struct damon_reclaim_stats st = {.size = sizeof(st)};
        start(&run, argv[2], i);
        if (argc > 3 && *argv[3] == 'q') {
            set(&run, "quota_ms", "0");
            set(&run, "quota_sz", "0");
        }
        ck_assert_int_eq(damon_reclaim_enable(run.ctx), 0);
        run_until(&run, -1);
        damon_reclaim_sim_get_report(run.ctx, 5000000, &r);
        damon_reclaim_get_stats(run.ctx, &st);
        printf("%s seed %d: touched %.1f resident %.1f cold %.1f found %.2f%% reclaimed %.1f refaulted %.1f regretted "
               "%.3f%% tried %.1f; nr_regions %llu exceeds %llu\n",
               argv[2], i, r.touched / 1048576., r.resident / 1048576., r.cold / 1048576.,
               100. * r.cold_reclaimed / r.cold, r.reclaimed / 1048576., r.refaulted / 1048576.,
               100. * r.regretted / r.reclaimed, st.bytes_reclaim_tried_regions / 1048576.,
               (unsigned long long)st.nr_regions, (unsigned long long)st.nr_quota_exceeds);
        finish(&run);
    }
}
