/* SPDX-License-Identifier: MIT */
/*
 * The walk over the range of a request, a batch at a time. It is the same for processes and for physical memory: what
 * differs is where the folios come from and what is done with those that may go, which a source knows.
 */
#ifndef DRCL_PAGES_WALK_H
#define DRCL_PAGES_WALK_H

#include "pages/attempt.h"
#include "pages/batch.h"
#include "pages/target.h"

struct drcl_physical;
struct drcl_source;

struct drcl_walk {
    struct drcl_attempt a;
    const struct drcl_source *source;
    struct drcl_pages_target *t;
    struct drcl_page_files *files;
    struct drcl_batch *batch;
    struct drcl_physical *physical;    /* of physical memory */
    uint64_t at;                       /* what lies before it was dealt with */
    struct damon_reclaim_result count; /* of the batch, until it is settled */
};

/* Where a folio ends. */
enum drcl_folio_end {
    DRCL_FOLIO_ENDS,       /* it is all in the batch */
    DRCL_FOLIO_NEXT_BATCH, /* it goes on behind the batch; the next one begins with it */
    DRCL_FOLIO_TOO_LONG    /* it goes on behind what may be looked at, so it is passed over */
};

struct drcl_source {
    /* Moves walk->at over what needs no look, and counts it. 1: at walk->at there is something to look at; 0: not yet;
     * or an error. */
    int (*skip)(struct drcl_walk *walk);
    /* Fills the batch from walk->at on with no more pages than there is time to reclaim. */
    int (*load)(struct drcl_walk *walk);
    /* Fills in what the source knows of the folio that begins with page @i of the batch. */
    void (*describe)(const struct drcl_walk *walk, size_t i, struct drcl_folio *folio);
    /* Page @i of the batch is a tail: makes it part of the folio that began with page @first, or returns false if it
     * belongs to another one. */
    bool (*add_tail)(const struct drcl_walk *walk, size_t first, size_t i, struct drcl_folio *folio);
    /* Finds out where the folio ends: enum drcl_folio_end, or an error. */
    int (*find_end)(struct drcl_walk *walk, const struct drcl_folio *folio);
    /* Takes a folio that may go: 1; 0 when a limit is reached and it is left for next time; or an error. */
    int (*take)(struct drcl_walk *walk, const struct drcl_folio *folio);
    /* Completes a batch of which the folios before @end were judged with result @judged, as of take(). Calls
     * drcl_walk_settle() unless the batch is to be looked at again. 1; 0 when a limit is reached; or an error. */
    int (*complete)(struct drcl_walk *walk, int judged, uint64_t end);
};

/* The end of what may be looked at and reclaimed: folios that begin before the end of the request may go on to here. */
static inline uint64_t drcl_request_limit(const struct damon_reclaim_request *request)
{
    return request->limit_end > request->end ? request->limit_end : request->end;
}

/* How many pages there is time to reclaim now. */
static inline uint64_t drcl_walk_affordable(const struct drcl_walk *walk)
{
    return (walk->a.slice >> DRCL_PAGE_SHIFT) * DRCL_SLICE_SHARE;
}

/* Goes on until the request's end, a limit or an error. */
int drcl_walk(struct drcl_walk *walk);

/* What lies before @end was dealt with: the counts of the batch are added to the result. */
void drcl_walk_settle(struct drcl_walk *walk, uint64_t end);

#endif
