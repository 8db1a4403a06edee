/* SPDX-License-Identifier: MIT */
#include "engine/filter.h"

/* Whether the front of [start, *until) is of the filter's type; *until shrinks to where that changes. */
static bool front_is_of_type(const struct damon_reclaim_filter *filter, uint32_t target, uint64_t start,
                             uint64_t *until)
{
    if (filter->type == DAMON_RECLAIM_FILTER_TARGET)
        return filter->target == target;
    if (start < filter->start) {
        if (filter->start < *until)
            *until = filter->start;
        return false;
    }
    if (start >= filter->end)
        return false;
    if (filter->end < *until)
        *until = filter->end;
    return true;
}

struct drcl_filter_verdict drcl_filter_region(const struct damon_reclaim_filter *filters, size_t n, uint32_t target,
                                              uint64_t start, uint64_t end)
{
    struct drcl_filter_verdict verdict = {.allowed = true, .until = end};
    bool last_allow = false, any = false, pages_follow = false;

    for (size_t i = 0; i < n; i++) {
        if (!drcl_filter_is_core(filters[i].type)) {
            pages_follow = true;
            continue;
        }
        if (front_is_of_type(&filters[i], target, start, &verdict.until) == filters[i].matching) {
            verdict.allowed = filters[i].allow;
            verdict.decided = true;
            return verdict;
        }
        last_allow = filters[i].allow;
        any = true;
    }
    /* With page-level filters behind them, it is theirs to decide what no filter of the core matched. */
    if (any && !pages_follow)
        verdict.allowed = !last_allow;
    return verdict;
}
