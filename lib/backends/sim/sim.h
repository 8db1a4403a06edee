/* SPDX-License-Identifier: MIT */
/* What the context may ask of the backend "sim" besides its operations. */
#ifndef DRCL_SIM_H
#define DRCL_SIM_H

#include "base/env.h"

/* Reports what is true of the simulated memory. @backend is what drcl_backend_sim.create() made. Returns 0 or -ENOMEM.
 */
int drcl_sim_report(void *backend, uint64_t min_age_us, struct damon_reclaim_sim_report *ret);

#endif
