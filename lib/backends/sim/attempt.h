/* SPDX-License-Identifier: MIT */
#ifndef DRCL_SIM_ATTEMPT_H
#define DRCL_SIM_ATTEMPT_H

#include "backends/sim/memory.h"

/* Tries to reclaim a range of the simulated memory: see struct damon_reclaim_backend_ops. Looks at the memory as it is
 * at the beginning; the time that the attempt takes passes at its end. */
int drcl_memory_reclaim(struct drcl_memory *m, const struct damon_reclaim_request *request,
                        struct damon_reclaim_result *result);

#endif
