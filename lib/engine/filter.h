/* SPDX-License-Identifier: MIT */
/* Filters that are decided for regions. Those that are decided for pages: pages/page_filter.h. Pure. */
#ifndef DRCL_FILTER_H
#define DRCL_FILTER_H

#include "damon_reclaim/damon_reclaim.h"

/* What the core's filters say of the front part of a region. */
struct drcl_filter_verdict {
    bool allowed;
    bool decided;   /* a filter said so, so that the page-level ones are not asked */
    uint64_t until; /* the verdict holds for [start, until) */
};

struct drcl_filter_verdict drcl_filter_region(const struct damon_reclaim_filter *filters, size_t n, uint32_t target,
                                              uint64_t start, uint64_t end);

/* Whether the type is decided for regions, by the core. */
static inline bool drcl_filter_is_core(enum damon_reclaim_filter_type type)
{
    return type == DAMON_RECLAIM_FILTER_ADDR || type == DAMON_RECLAIM_FILTER_TARGET;
}

#endif
