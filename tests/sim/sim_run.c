/* SPDX-License-Identifier: MIT */
#include "sim_run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* The text of a workload, which the caller frees. The directory comes from the build. */
static char *read_workload(const char *name)
{
    const size_t capacity = 65536;
    const char *dir = getenv("DRCL_WORKLOADS");
    char path[4096], *text = malloc(capacity);
    size_t n;
    FILE *f;

    ck_assert_msg(dir != NULL, "DRCL_WORKLOADS is not set; run me with: meson test");
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "re");
    ck_assert_msg(f != NULL, "%s cannot be opened", path);
    n = fread(text, 1, capacity - 1, f);
    fclose(f);
    text[n] = '\0';
    return text;
}

void sim_run_open(struct sim_run *run, const char *workload, uint64_t seed, uint64_t reclaim_ns, const char *settings)
{
    struct damon_reclaim_sim_config sim = {.size = sizeof(sim), .workload_name = workload, .reclaim_ns = reclaim_ns};
    struct damon_reclaim_config config = {.size = sizeof(config), .backend = "sim", .seed = seed, .sim = &sim};

    sim.workload = run->text = read_workload(workload);
    run->ctx = reclaim_new(&config);
    reclaim_set(run->ctx, "min_age=5s wmarks_high=1000 wmarks_mid=1000 wmarks_low=0");
    if (settings)
        reclaim_set(run->ctx, "%s", settings);
}

void sim_run_close(struct sim_run *run)
{
    run->ctx = damon_reclaim_unref(run->ctx);
    free(run->text);
}

struct damon_reclaim_sim_report sim_run_report(struct sim_run *run)
{
    struct damon_reclaim_sim_report report = {.size = sizeof(report)};

    ck_assert_int_eq(damon_reclaim_sim_get_report(run->ctx, MIN_AGE_US, &report), 0);
    return report;
}
