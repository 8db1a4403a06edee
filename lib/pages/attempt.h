/* SPDX-License-Identifier: MIT */
/*
 * One call of reclaim(), whatever the memory. Folios are judged one at a time. Those that may go are collected into
 * slices of one process, small enough to stay within the deadline. After each slice the pagemap tells what is gone from
 * the process, and kpageflags which of that is free.
 */
#ifndef DRCL_PAGES_ATTEMPT_H
#define DRCL_PAGES_ATTEMPT_H

#include "pages/advise.h"
#include "pages/exclude.h"
#include "pages/files.h"
#include "pages/folio.h"
#include "pages/mm.h"
#include "pages/swap_cache.h"

#define DRCL_SLICE_SHARE 4 /* a slice takes about this part of the time left */

struct drcl_attempt {
    struct drcl_env *env;
    struct drcl_exclude *exclude;
    struct drcl_frame_file *kpageflags;
    struct drcl_swap_cache *swap_cache;
    uint64_t *page_ns; /* what reclaiming a page costs, as measured so far */
    const struct damon_reclaim_request *request;
    struct damon_reclaim_result *result;
    struct drcl_mm *mm; /* whose pages the slice has; NULL: not known yet */
    bool needs_memcg;   /* for a filter or an exclusion */
    uint64_t now_ns;    /* when the last slice was planned */
    bool knows_swap;    /* the next member is known */
    uint64_t swap_left; /* bytes that can still be swapped out */
    uint64_t slice;     /* bytes that the slice in the making may have; 0: the time is over */
    struct damon_reclaim_range ranges[DRCL_ADVISE_RANGES]; /* the slice in the making */
    size_t nr_ranges;
    struct drcl_frame frames[DRCL_HUGE_PAGES]; /* of its pages, in the order of their addresses; index: swap-backed */
    size_t nr_frames;
    uint64_t bytes;              /* in it */
    uint64_t swap_bytes;         /* of these, swap-backed */
    uint64_t claimed_swap_bytes; /* swap-backed bytes that are to go and are in no slice yet */
};

enum drcl_verdict {
    DRCL_GOES,
    DRCL_STAYS,      /* passed the filters, and was accessed or cannot go */
    DRCL_FILTERED,   /* does not pass the filters */
    DRCL_HANDED_OVER /* was reclaimed before, and is in the swap cache */
};

/* Fills in what is known before the first page; -EPERM and the like with text. */
int drcl_attempt_begin(struct drcl_attempt *a, struct drcl_page_files *files);
/* Computes anew, with what has been learnt of the cost, how much the next slice may have. */
void drcl_attempt_plan(struct drcl_attempt *a);
/* The verdict on a folio (enum drcl_verdict), or an error. Counts what stays into @count. */
int drcl_attempt_judge(struct drcl_attempt *a, const struct drcl_folio *folio, struct damon_reclaim_result *count);
/* Adds a folio of a->mm to the slice, and hands the slice to the kernel first if it is full. 1, 0 when a limit is
 * reached, or an error. */
int drcl_attempt_add(struct drcl_attempt *a, const struct drcl_folio *folio);
/* Hands the slice to the kernel and looks at what became of it. */
int drcl_attempt_flush(struct drcl_attempt *a);
/* Whether a folio of a->mm cannot be reclaimed by advice: swap-backed memory of the process is left alone for a while,
 * or the caller cannot name the address. */
bool drcl_attempt_cannot_advise(const struct drcl_attempt *a, const struct drcl_folio *folio);
/* Remembers a folio that somebody else has swapped out, so that it will be freed. */
void drcl_attempt_adopt(struct drcl_attempt *a, const struct drcl_folio *folio);

#endif
