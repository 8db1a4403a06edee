/* SPDX-License-Identifier: MIT */
/* Runs of the simulation over the public interface. */
#ifndef DRCL_TEST_SIM_RUN_H
#define DRCL_TEST_SIM_RUN_H

#include "reclaim.h"

#define MIN_AGE_US UINT64_C(5000000)

struct sim_run {
    struct damon_reclaim *ctx;
    char *text; /* of the workload */
};

/*
 * Makes a context for a workload of the examples, with min_age 5 s and active however much memory is free;
 * @settings may change that. @reclaim_ns is what reclaiming a page costs, 0: the default.
 */
void sim_run_open(struct sim_run *run, const char *workload, uint64_t seed, uint64_t reclaim_ns, const char *settings);
void sim_run_close(struct sim_run *run);

struct damon_reclaim_sim_report sim_run_report(struct sim_run *run);

#endif
