/* SPDX-License-Identifier: MIT */
/*
 * What reclaiming by process and by frame have in common. Pages are judged one unit at a time: what the kernel treats
 * as one, a small page or a huge page with all its tails, which is never torn, as advice on a part of a huge page
 * splits it and reclaims next to nothing. Those that may go are collected into slices of one process, small enough to
 * stay within the deadline, and after each slice the pagemap tells what is really gone.
 */
#ifndef DRCL_IDLE_ATTEMPT_H
#define DRCL_IDLE_ATTEMPT_H

#include "pages/advise.h"
#include "backends/idle_page/idle_page.h"

#define DRCL_SLICE_SHARE 4 /* a slice takes about this part of the time left */

struct drcl_attempt {
    struct drcl_idle_page *b;
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
    uint64_t bytes;      /* in it */
    uint64_t swap_bytes; /* of these, swap-backed */
};

struct drcl_unit {
    uint64_t addr; /* where its owner has it */
    size_t pages;
    uint32_t flags; /* of the head, with DRCL_FRAME_IDLE */
    bool anon;
    bool young;
    bool unmapped;
    bool exclusive; /* as far as is known nobody else maps it */
    uint64_t memcg; /* 0: not known */
};

enum drcl_verdict {
    DRCL_GOES,
    DRCL_STAYS,   /* passed the filters, and was accessed or cannot go */
    DRCL_FILTERED /* does not pass the filters */
};

static inline uint64_t drcl_unit_size(const struct drcl_unit *unit)
{
    return (uint64_t)unit->pages << DRCL_PAGE_SHIFT;
}

/* Fills in what is known before the first page; -EPERM and the like with text. */
int drcl_attempt_begin(struct drcl_attempt *a);
/* How much the next slice may have. Recomputed with what has been learnt of the cost. */
void drcl_attempt_plan(struct drcl_attempt *a);
/* Whether a unit is to go, while @swap_bytes swap-backed ones are about to: enum drcl_verdict, or an error. Counts what
 * stays into @count. */
int drcl_attempt_judge(struct drcl_attempt *a, const struct drcl_unit *unit, uint64_t swap_bytes,
                       struct damon_reclaim_result *count);
/* Puts a unit of the owner behind the others. 1, 0 when a limit is reached, or an error. */
int drcl_attempt_add(struct drcl_attempt *a, const struct drcl_unit *unit);
/* Hands the slice to the kernel and looks at what became of it. */
int drcl_attempt_flush(struct drcl_attempt *a);
/* Whether swap-backed memory of the owner is left alone for a while. */
bool drcl_attempt_hopeless(const struct drcl_attempt *a);

#endif
