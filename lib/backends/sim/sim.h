/* SPDX-License-Identifier: MIT */
/* The backend "sim" as the context sees it, beside its table in backends.h. */
#ifndef DRCL_SIM_H
#define DRCL_SIM_H

#include "base/env.h"

/* Fills in the truth about a run. @backend is what drcl_backend_sim.create() made. Returns 0 or -ENOMEM. */
int drcl_sim_report(void *backend, uint64_t min_age_us, struct damon_reclaim_sim_report *ret);

#endif
