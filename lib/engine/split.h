/* SPDX-License-Identifier: MIT */
/* Splitting regions: `Documentation/mm/damon/design.rst` of the kernel, "Adaptive Regions Adjustment". */
#ifndef DRCL_SPLIT_H
#define DRCL_SPLIT_H

#include "engine/state.h"

/* The greatest size of a region. */
uint64_t drcl_split_size_limit(const struct drcl_engine *engine);

/* Splits regions that are larger than the limit. */
void drcl_split_large(struct drcl_engine *engine);

/* Ends the aggregation: its counters become the last ones, and regions are split at random places for the next one. */
void drcl_split_at_random(struct drcl_engine *engine);

#endif
