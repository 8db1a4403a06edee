/* SPDX-License-Identifier: MIT */
#include "pages/page_filter.h"

#include "base/filters.h"

/* Whether the page is of the filter's type. */
typedef bool decision(const struct damon_reclaim_filter *filter, const struct drcl_page *page);

static bool is_anon(const struct damon_reclaim_filter *filter, const struct drcl_page *page)
{
    (void)filter;
    return page->anon;
}

static bool is_active(const struct damon_reclaim_filter *filter, const struct drcl_page *page)
{
    (void)filter;
    return page->active;
}

static bool is_of_memcg(const struct damon_reclaim_filter *filter, const struct drcl_page *page)
{
    return page->memcg == filter->memcg;
}

static bool is_young(const struct damon_reclaim_filter *filter, const struct drcl_page *page)
{
    (void)filter;
    return page->young;
}

static bool is_of_size(const struct damon_reclaim_filter *filter, const struct drcl_page *page)
{
    return page->size >= filter->start && page->size <= filter->end;
}

static bool is_unmapped(const struct damon_reclaim_filter *filter, const struct drcl_page *page)
{
    (void)filter;
    return page->unmapped;
}

/* The types that are decided for pages; those that are decided for regions have no line. */
#define DECISION(x, type, name, decide, by) [DAMON_RECLAIM_FILTER_##type] = decide,
static decision *const decisions[DRCL_NR_FILTER_TYPES] = {DRCL_FILTERS(DRCL_NO_FILTER, DECISION, )};

bool drcl_page_filter_allows(const struct damon_reclaim_filter *filters, size_t n, const struct drcl_page *page)
{
    bool fallback = true;

    for (size_t i = 0; i < n; i++) {
        decision *decide = decisions[filters[i].type];

        if (!decide)
            continue;
        if (decide(&filters[i], page) == filters[i].matching)
            return filters[i].allow;
        fallback = !filters[i].allow;
    }
    return fallback;
}
