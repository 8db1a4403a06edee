/* SPDX-License-Identifier: MIT */
/* Filters that are decided for pages. Pure, so that every backend can use it. */
#ifndef DRCL_PAGE_FILTER_H
#define DRCL_PAGE_FILTER_H

#include "damon_reclaim/damon_reclaim.h"

/* What page-level filters may ask about a page. */
struct drcl_page {
    bool anon;
    bool active;
    bool young;
    bool unmapped;
    uint64_t size;  /* of the whole folio, in bytes */
    uint64_t memcg; /* inode number of the cgroup that it is charged to, 0: not known */
};

/* Whether the page-level filters let the page pass. Filters that are decided for regions (by address, by target) are
 * left out. */
bool drcl_page_filter_allows(const struct damon_reclaim_filter *filters, size_t n, const struct drcl_page *page);

#endif
