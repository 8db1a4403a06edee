/* SPDX-License-Identifier: MIT */
#include "engine/filter.h"

#include "base/filters.h"

/* Whether the front of [start, *until) in @target is of the filter's type. Lowers *until to where that changes. */
typedef bool decision(const struct damon_reclaim_filter *filter, uint32_t target, uint64_t start, uint64_t *until);

static bool is_in_range(const struct damon_reclaim_filter *filter, uint32_t target, uint64_t start, uint64_t *until)
{
    (void)target;
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

static bool is_of_target(const struct damon_reclaim_filter *filter, uint32_t target, uint64_t start, uint64_t *until)
{
    (void)start;
    (void)until;
    return filter->target == target;
}

/* The types that are decided for regions. */
#define DECISION(x, type, name, decide) [DAMON_RECLAIM_FILTER_##type] = decide,
static decision *const decisions[DRCL_NR_FILTER_TYPES] = {DRCL_FILTERS(DECISION, DRCL_NO_FILTER, )};

bool drcl_filter_is_core(enum damon_reclaim_filter_type type)
{
    return (size_t)type < DRCL_NR_FILTER_TYPES && decisions[type];
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
        if (decisions[filters[i].type](&filters[i], target, start, &verdict.until) == filters[i].matching) {
            verdict.allowed = filters[i].allow;
            verdict.decided = true;
            return verdict;
        }
        last_allow = filters[i].allow;
        any = true;
    }
    /* What no filter of the core matched is left to the page-level filters, if there are any. */
    if (any && !pages_follow)
        verdict.allowed = !last_allow;
    return verdict;
}
