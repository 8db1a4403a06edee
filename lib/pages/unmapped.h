/* SPDX-License-Identifier: MIT */
/*
 * Pages of files that no process maps: there is no process to give advice on, so the cgroup that they are charged to is
 * asked to reclaim as many bytes of file pages as were found idle. The kernel takes the coldest of that cgroup, so no
 * cgroup is asked whose other pages are not to be touched.
 */
#ifndef DRCL_PAGES_UNMAPPED_H
#define DRCL_PAGES_UNMAPPED_H

#include "pages/attempt.h"
#include "pages/batch.h"
#include "pages/cgroups.h"
#include "pages/folio.h"

#define DRCL_NR_UNMAPPED DRCL_BATCH_PAGES /* folios that are collected before their cgroups are asked */

struct drcl_unmapped {
    struct drcl_frame heads[DRCL_NR_UNMAPPED]; /* of the folios, ascending; index: number of the folio */
    uint32_t pages[DRCL_NR_UNMAPPED];          /* of each folio; 0: its cgroup was asked */
    uint64_t memcgs[DRCL_NR_UNMAPPED];         /* of each folio, once they are looked up */
    size_t n;
    uint64_t bytes;
    struct drcl_frame asked[DRCL_NR_UNMAPPED]; /* the heads of one cgroup's folios */
    size_t nr_asked;
    struct drcl_cgroups *cgroups; /* not ours */
};

/* Collects an unmapped folio. There is room for those of a batch; counts it into @count if it cannot go. */
void drcl_unmapped_add(struct drcl_unmapped *unmapped, const struct drcl_attempt *a, const struct drcl_folio *folio,
                       struct damon_reclaim_result *count);
/* Asks the cgroups to reclaim what was collected, as far as there is time. 0 or an error. */
int drcl_unmapped_flush(struct drcl_unmapped *unmapped, struct drcl_attempt *a, struct drcl_page_files *files);

#endif
