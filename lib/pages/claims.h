/* SPDX-License-Identifier: MIT */
/* Claims: frames that are to go, and where their owners have them. What the reverse map says may be old, so each page
 * is looked for where it should be before it is touched. */
#ifndef DRCL_PAGES_CLAIMS_H
#define DRCL_PAGES_CLAIMS_H

#include "pages/attempt.h"
#include "pages/batch.h"
#include "pages/folio.h"
#include "pages/owners/rmap.h"
#include "pages/processes.h"

struct drcl_claim {
    struct drcl_folio folio; /* at its physical address */
    struct drcl_run run;     /* where its owner has it; pid 0: not known, or dealt with */
};

struct drcl_claims {
    struct drcl_claim at[DRCL_BATCH_PAGES]; /* of the batch at hand */
    size_t n;
    uint64_t bytes; /* of them */
    /* Room to work in, for one owner's claims. */
    struct drcl_frame pages[DRCL_BATCH_PAGES]; /* pfn: number of the page in the owner's memory; index: of the claim */
    uint64_t entries[DRCL_BATCH_PAGES];        /* of the owner's pagemap */
};

/* Hands the claims that have an owner to the kernel, process by process. 1; 0 when the time is over before all of them
 * were handed over; or an error. Those that turn out to be somebody else's, or of a process that cannot be touched, are
 * counted into @count. */
int drcl_claims_reclaim(struct drcl_claims *claims, struct drcl_attempt *a, struct drcl_processes *processes,
                        struct drcl_rmap *rmap, struct damon_reclaim_result *count);

#endif
