/* SPDX-License-Identifier: MIT */
/* Finds the owners of claimed frames with the reverse map, in a part of the time that there is. */
#ifndef DRCL_PAGES_OWNER_SEARCH_H
#define DRCL_PAGES_OWNER_SEARCH_H

#include "pages/attempt.h"
#include "pages/claims.h"
#include "pages/owners/rmap.h"
#include "pages/ram.h"

struct drcl_owner_search {
    struct drcl_rmap *rmap;
    uint64_t made_ns;             /* what it took to fill the reverse map */
    uint64_t used_ns;             /* how long it has been used since */
    uint64_t nr_found, nr_missed; /* claims since then */
};

/* The reverse map is filled anew if too many owners were missing in it: call it before an attempt. */
void drcl_owner_search_renew(struct drcl_owner_search *search);

/* Forgets all that was learnt of processes. */
void drcl_owner_search_reset(struct drcl_owner_search *search);

/* Looks for the owners of the mapped claims, which lie in frames [first, end). Counts those without into @count. @ram:
 * all memory there is. 1; 0 when the time is over; or an error. */
int drcl_owner_search(struct drcl_owner_search *search, struct drcl_claims *claims, struct drcl_attempt *a,
                      const struct drcl_ram *ram, uint64_t first, uint64_t end, struct damon_reclaim_result *count);

#endif
