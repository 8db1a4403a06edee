/* SPDX-License-Identifier: MIT */
#include "pages/owner_search.h"

#include "base/clock.h"

#define STEP_NS    (50 * DRCL_NS_PER_MS) /* of the reverse map, when nobody says how long it may take */
#define PASS_SHARE 4                     /* of the time one part is for the reverse map, and so many are for its use */
#define PIECE_NS   DRCL_NS_PER_MS        /* of the reverse map, before the search asks whether that was enough */

/* Pages that came since the reverse map was filled are missing in it, and so are those that several processes map. When
 * many are, it is filled anew, but that may take no more than a part of the time. */
void drcl_owner_search_renew(struct drcl_owner_search *search)
{
    if (search->nr_missed <= search->nr_found / 4 || search->used_ns < PASS_SHARE * search->made_ns)
        return;
    drcl_rmap_renew(search->rmap);
    *search = (struct drcl_owner_search){.rmap = search->rmap};
}

void drcl_owner_search_reset(struct drcl_owner_search *search)
{
    drcl_rmap_reset(search->rmap);
    *search = (struct drcl_owner_search){.rmap = search->rmap};
}

/* What a pass through the processes costs does not depend on how much is wanted, so all memory is. */
static void want_all(struct drcl_rmap *rmap, const struct drcl_ram *ram)
{
    for (size_t i = 0; i < ram->n; i++)
        drcl_rmap_want(rmap, ram->ranges[i].start >> DRCL_PAGE_SHIFT, ram->ranges[i].end >> DRCL_PAGE_SHIFT);
}

/* Asks the reverse map for the owners of the mapped claims that have none yet. Returns how many were not found;
 * *ret_found were. */
static size_t ask(struct drcl_rmap *rmap, struct drcl_claims *claims, size_t *ret_found)
{
    size_t missing = 0;

    *ret_found = 0;
    for (size_t i = 0; i < claims->n; i++) {
        struct drcl_claim *claim = &claims->at[i];

        if (claim->folio.unmapped)
            continue;
        if (!claim->run.pid && (!drcl_rmap_find(rmap, claim->folio.addr >> DRCL_PAGE_SHIFT, &claim->run) ||
                                claim->run.pages < claim->folio.pages))
            claim->run.pid = 0;
        *ret_found += claim->run.pid != 0;
        missing += claim->run.pid == 0;
    }
    return missing;
}

/* Goes on filling the reverse map while owners are missing, so that more and more of them are known. As soon as some
 * are there is something to do, and most of the time is left for that. 1; 0 when the time is over; or an error. */
static int fill(struct drcl_owner_search *search, struct drcl_claims *claims, struct drcl_attempt *a, uint64_t first,
                uint64_t end, size_t *missing, size_t *found)
{
    uint64_t since = a->now_ns, deadline = a->request->deadline_ns ? a->request->deadline_ns : since + STEP_NS;

    while (*missing && !drcl_rmap_knows(search->rmap, first, end)) {
        uint64_t begin = a->now_ns;
        uint64_t until = *found ? since + drcl_elapsed(since, deadline) / PASS_SHARE : deadline;
        int r;

        if (begin >= until)
            return *found && a->slice;
        r = drcl_rmap_step(search->rmap, begin + (until - begin < PIECE_NS ? until - begin : PIECE_NS));
        drcl_attempt_plan(a);
        search->made_ns += drcl_elapsed(begin, a->now_ns);
        if (r < 0)
            return r;
        *missing = ask(search->rmap, claims, found);
        if (r > 0)
            break; /* all is known, or there was no memory to note that the frames are wanted: then nothing is found */
    }
    return a->slice > 0;
}

int drcl_owner_search(struct drcl_owner_search *search, struct drcl_claims *claims, struct drcl_attempt *a,
                      const struct drcl_ram *ram, uint64_t first, uint64_t end, struct damon_reclaim_result *count)
{
    size_t found, missing = ask(search->rmap, claims, &found);
    int r = 1;

    if (missing && !drcl_rmap_knows(search->rmap, first, end)) {
        want_all(search->rmap, ram);
        drcl_rmap_want(search->rmap, first, end); /* wherever the target lies */
        r = fill(search, claims, a, first, end, &missing, &found);
    }
    if (r <= 0)
        return r;
    search->nr_found += found;
    if (drcl_rmap_knows(search->rmap, first, end))
        search->nr_missed += missing;
    for (size_t i = 0; missing && i < claims->n; i++)
        if (!claims->at[i].folio.unmapped && !claims->at[i].run.pid)
            count->not_reclaimable += drcl_folio_size(&claims->at[i].folio);
    return 1;
}
