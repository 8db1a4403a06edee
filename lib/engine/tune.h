/* SPDX-License-Identifier: MIT */
/* Interval tuning: `Documentation/mm/damon/design.rst` of the kernel, "Monitoring Intervals Auto-tuning". */
#ifndef DRCL_TUNE_H
#define DRCL_TUNE_H

#include "engine/state.h"

/* Once in several aggregations: changes both intervals so that a wanted share of the accesses is observed. */
void drcl_tune_intervals(struct drcl_engine *engine);

/* Changes both intervals. @score_bp is observed over wanted accesses. Pure. */
void drcl_tune_scale(struct drcl_attrs *attrs, uint64_t score_bp);

#endif
