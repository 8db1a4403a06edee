/* SPDX-License-Identifier: MIT */
#include "pages/page_filter.h"

static bool is_of_type(const struct damon_reclaim_filter *filter, const struct drcl_page *page)
{
    switch (filter->type) {
    case DAMON_RECLAIM_FILTER_ANON:
        return page->anon;
    case DAMON_RECLAIM_FILTER_ACTIVE:
        return page->active;
    case DAMON_RECLAIM_FILTER_MEMCG:
        return page->memcg == filter->memcg;
    case DAMON_RECLAIM_FILTER_YOUNG:
        return page->young;
    case DAMON_RECLAIM_FILTER_HUGEPAGE_SIZE:
        return page->size >= filter->start && page->size <= filter->end;
    case DAMON_RECLAIM_FILTER_UNMAPPED:
        return page->unmapped;
    case DAMON_RECLAIM_FILTER_ADDR:
    case DAMON_RECLAIM_FILTER_TARGET:
        break;
    }
    return false;
}

bool drcl_page_filter_allows(const struct damon_reclaim_filter *filters, size_t n, const struct drcl_page *page)
{
    bool fallback = true;

    for (size_t i = 0; i < n; i++) {
        if (filters[i].type == DAMON_RECLAIM_FILTER_ADDR || filters[i].type == DAMON_RECLAIM_FILTER_TARGET)
            continue;
        if (is_of_type(&filters[i], page) == filters[i].matching)
            return filters[i].allow;
        fallback = !filters[i].allow;
    }
    return fallback;
}
