/* SPDX-License-Identifier: MIT */
/*
 * Filters that are decided for regions, by the core: by address and by target. All other types are decided for pages,
 * see pages/page_filter.h. Pure.
 */
#ifndef DRCL_FILTER_H
#define DRCL_FILTER_H

#include "damon_reclaim/damon_reclaim.h"

/* What the core's filters decide for the front part of a region. */
struct drcl_filter_verdict {
    bool allowed;
    bool decided;   /* a filter matched, so that the page-level ones are not asked */
    uint64_t until; /* the verdict holds for [start, until) */
};

struct drcl_filter_verdict drcl_filter_region(const struct damon_reclaim_filter *filters, size_t n, uint32_t target,
                                              uint64_t start, uint64_t end);

/* Whether filters of the type are decided for regions. */
bool drcl_filter_is_core(enum damon_reclaim_filter_type type);

#endif
