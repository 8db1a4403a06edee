/* SPDX-License-Identifier: MIT */
/*
 * Regions and huge pages. A huge page has one accessed bit and is reclaimed as a whole or not at all, while regions
 * begin and end at any small page. A huge page that lies in several regions would never be reclaimed although it is
 * idle. Either its regions are idle and never due at the same time. Or a few pages of it stand at the end of a region
 * in use, where samples rarely hit them. This file has all rules against that.
 */
#ifndef DRCL_HUGE_H
#define DRCL_HUGE_H

#include "engine/state.h"

/* What should lie in one region: a huge page, if the backend looks at pages and regions may be as large as that; else
 * min_region_size. */
uint64_t drcl_huge_grain(const struct drcl_engine *engine);

/* Leaves no huge page in several idle regions. */
void drcl_huge_keep_whole(struct drcl_engine *engine);

/*
 * Does the same in a set, with the regions from number @first on and huge pages of @huge bytes: moves the bounds
 * between idle regions to where a huge page may begin. The page on a bound goes to the younger region. A region may
 * vanish.
 */
void drcl_huge_keep_whole_in(struct drcl_regions *regions, size_t first, uint64_t huge);

/* Once in several aggregations: splits regions where memory in use borders on idle memory, so that the huge page on the
 * bound becomes a region. */
void drcl_huge_split_at_bounds(struct drcl_engine *engine);

/* Moves @end down to where a huge page may begin, if anything behind @start remains. For a backend that does not look
 * at pages: what is only a part of a huge page would make the kernel divide it. */
uint64_t drcl_huge_trim(const struct drcl_engine *engine, uint64_t start, uint64_t end);

#endif
