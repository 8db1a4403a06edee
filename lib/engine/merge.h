/* SPDX-License-Identifier: MIT */
/* Aging and merging: `Documentation/mm/damon/design.rst` of the kernel, "Age Tracking" and "Adaptive Regions
 * Adjustment". */
#ifndef DRCL_MERGE_H
#define DRCL_MERGE_H

#include "engine/state.h"

/* At the end of an aggregation: updates the ages, then merges regions that were accessed about as often. */
void drcl_age_and_merge(struct drcl_engine *engine);

#endif
