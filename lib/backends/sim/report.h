/* SPDX-License-Identifier: MIT */
#ifndef DRCL_SIM_REPORT_H
#define DRCL_SIM_REPORT_H

#include "backends/sim/memory.h"

/* Reports what is true of the simulated memory, which no monitoring knows. 0 or -ENOMEM. */
int drcl_memory_report(struct drcl_memory *m, uint64_t min_age_us, struct damon_reclaim_sim_report *ret);

#endif
