/* SPDX-License-Identifier: MIT */
#include "pages/claims.h"

#include <errno.h>

#define GAP_PAGES 32 /* reading this many entries of pagemap for nothing costs less than another call */

/* What handing over takes. */
struct handover {
    struct drcl_claims *claims;
    struct drcl_attempt *a;
    struct drcl_rmap *rmap;
    struct damon_reclaim_result *count;
};

/* Whether the frames of the claim are where they should be, and nobody else maps them. */
static bool is_there(const struct drcl_claim *claim, const uint64_t *entries)
{
    uint64_t pfn = claim->folio.addr >> DRCL_PAGE_SHIFT, wanted = DRCL_PAGEMAP_PRESENT | DRCL_PAGEMAP_EXCLUSIVE;

    for (size_t i = 0; i < claim->folio.pages; i++)
        if ((entries[i] & wanted) != wanted || (entries[i] & DRCL_PAGEMAP_PFN) != pfn + i)
            return false;
    return true;
}

/* Looks whether the claim is right, by the entries from its first page on, and puts it into the slice. 1, 0 or an
 * error. */
static int hand_over(const struct handover *h, const struct drcl_claim *claim, const uint64_t *entries)
{
    struct drcl_folio folio = claim->folio;

    if (!is_there(claim, entries)) {
        drcl_rmap_was_wrong(h->rmap);
        h->count->not_reclaimable += drcl_folio_size(&folio);
        return 1;
    }
    folio.addr = claim->run.addr;
    if (drcl_attempt_cannot_advise(h->a, &folio)) {
        h->count->not_reclaimable += drcl_folio_size(&folio);
        return 1;
    }
    return drcl_attempt_add(h->a, &folio);
}

/* How many of the owner's @n pages, from number @at on, lie close enough to each other to be read in one call;
 * *ret_pages from the first on. */
static size_t neighbours(const struct drcl_claims *claims, size_t at, size_t n, size_t *ret_pages)
{
    const struct drcl_frame *pages = claims->pages;
    uint64_t first = pages[at].pfn, end = first + claims->at[pages[at].index].folio.pages;
    size_t i = at + 1;

    for (; i < n; i++) {
        uint64_t next = pages[i].pfn + claims->at[pages[i].index].folio.pages;

        if (pages[i].pfn > end + GAP_PAGES || next - first > DRCL_BATCH_PAGES)
            break;
        end = next > end ? next : end;
    }
    *ret_pages = (size_t)(end - first);
    return i - at;
}

/* Reclaims the first @n of claims->pages, which are the attempt's owner's. */
static int reclaim_pages(const struct handover *h, size_t n)
{
    struct drcl_claims *claims = h->claims;
    int r = 1, flushed;

    for (size_t at = 0, run; r > 0 && at < n; at += run) {
        uint64_t first = claims->pages[at].pfn;
        size_t pages;

        run = neighbours(claims, at, n, &pages);
        r = drcl_pagemap_read(&h->a->mm->map, first << DRCL_PAGE_SHIFT, pages, claims->entries);
        r = r < 0 ? r : 1;
        for (size_t i = at; r > 0 && i < at + run; i++)
            r = hand_over(h, &claims->at[claims->pages[i].index], &claims->entries[claims->pages[i].pfn - first]);
    }
    flushed = drcl_attempt_flush(h->a);
    return r < 0 ? r : flushed < 0 ? flushed : r;
}

/* Takes the claims of process @pid out of the list and puts them into claims->pages in the order of their addresses. */
static size_t gather(struct drcl_claims *claims, pid_t pid, uint64_t *ret_bytes)
{
    size_t n = 0;

    *ret_bytes = 0;
    for (size_t i = 0; i < claims->n; i++) {
        struct drcl_claim *claim = &claims->at[i];

        if (claim->run.pid != pid)
            continue;
        claim->run.pid = 0;
        *ret_bytes += drcl_folio_size(&claim->folio);
        claims->pages[n++] = (struct drcl_frame){.pfn = claim->run.addr >> DRCL_PAGE_SHIFT, .index = (uint32_t)i};
    }
    drcl_frames_sort(claims->pages, n);
    return n;
}

/* All claims of one owner. */
static int reclaim_of(const struct handover *h, struct drcl_processes *processes, pid_t pid)
{
    struct drcl_env *env = h->a->env;
    struct drcl_process *process;
    uint64_t bytes;
    int r = drcl_processes_open(processes, env, pid, &process);
    size_t n;

    if (r < 0)
        return r;
    n = gather(h->claims, pid, &bytes);
    r = process ? drcl_exclude_has_process(h->a->exclude, env, pid) : 0;
    if (r < 0)
        return r;
    if (!process || r > 0) {
        h->count->not_reclaimable += bytes;
        return 1;
    }
    h->a->mm = &process->mm;
    r = reclaim_pages(h, n);
    h->a->mm = NULL;
    if (r == -ESRCH) {
        drcl_process_close(process, env);
        return 1;
    }
    if (r == -EPERM || r == -EACCES) {
        drcl_process_shut_out(process, env, pid);
        return 1;
    }
    return r;
}

int drcl_claims_reclaim(struct drcl_claims *claims, struct drcl_attempt *a, struct drcl_processes *processes,
                        struct drcl_rmap *rmap, struct damon_reclaim_result *count)
{
    const struct handover h = {.claims = claims, .a = a, .rmap = rmap, .count = count};
    int r = 1;

    a->claimed_swap_bytes = 0; /* they are counted in the slices from here on */
    for (size_t i = 0; r > 0 && i < claims->n; i++)
        if (claims->at[i].run.pid)
            r = reclaim_of(&h, processes, claims->at[i].run.pid);
    return r;
}
