/* SPDX-License-Identifier: MIT */
#include "pages/frame_source.h"

#include "base/clock.h"
#include "pages/physical.h"

/* --- looking at frames ------------------------------------------------------------------------------------------- */

static uint32_t now_ms(const struct drcl_walk *w)
{
    return (uint32_t)(w->a.now_ns / DRCL_NS_PER_MS);
}

/* Passes over a block of which nothing is a user's, if that is known. */
static int skip(struct drcl_walk *w)
{
    uint64_t nr_free;

    if (w->at % DRCL_HUGE_SIZE || w->a.request->end - w->at < DRCL_HUGE_SIZE ||
        !drcl_frame_blocks_check_empty(&w->t->blocks, &w->files->kpageflags, w->at, now_ms(w), &nr_free))
        return 1;
    w->a.result->absent += nr_free << DRCL_PAGE_SHIFT;
    w->a.result->not_reclaimable += (DRCL_HUGE_PAGES - nr_free) << DRCL_PAGE_SHIFT;
    w->at += DRCL_HUGE_SIZE;
    return 0;
}

/* How many of the @whole pages of the block, of which @words tells, there is time for, and then whatever a large page
 * at the end goes on for. */
static size_t pages_to_load(const struct drcl_walk *w, const uint64_t *words, size_t whole)
{
    uint64_t affordable = drcl_walk_affordable(w), left = (drcl_request_limit(w->a.request) - w->at) >> DRCL_PAGE_SHIFT;
    size_t pages = affordable < whole ? (size_t)affordable : whole;

    if (pages > left)
        pages = (size_t)left;
    while (pages < whole && (words[pages] & DRCL_KPF_COMPOUND_TAIL))
        pages++;
    return pages;
}

static int load(struct drcl_walk *w)
{
    uint64_t pfn = w->at >> DRCL_PAGE_SHIFT, *words = w->physical->words;
    size_t whole = (size_t)(DRCL_BATCH_PAGES - pfn % DRCL_BATCH_PAGES);
    struct drcl_batch *batch = w->batch;
    int r = drcl_frame_file_read(&w->files->kpageflags, pfn, whole, words);

    if (r < 0)
        return r;
    if (whole == DRCL_BATCH_PAGES)
        drcl_frame_blocks_learn(&w->t->blocks, w->at, words, now_ms(w));
    batch->start = w->at;
    batch->pages = pages_to_load(w, words, whole);
    batch->nr_frames = 0;
    for (size_t i = 0; i < batch->pages; i++) {
        uint32_t flags = (uint32_t)words[i] & ~DRCL_FRAME_IDLE;

        batch->flags[i] = flags;
        if ((flags & DRCL_KPF_LRU) && !(flags & DRCL_KPF_COMPOUND_TAIL))
            batch->frames[batch->nr_frames++] =
                (struct drcl_frame){.pfn = pfn + i, .flags = flags, .index = (uint32_t)i};
    }
    return drcl_batch_ask(batch, w->files, w->a.needs_memcg);
}

static void describe(const struct drcl_walk *w, size_t i, struct drcl_folio *folio)
{
    uint32_t flags = w->batch->flags[i];

    folio->kind = flags & DRCL_KPF_FREE  ? DRCL_FOLIO_ABSENT
                  : flags & DRCL_KPF_LRU ? DRCL_FOLIO_USER
                                         : DRCL_FOLIO_KERNEL;
    folio->pfn = folio->addr >> DRCL_PAGE_SHIFT;
    folio->anon = flags & DRCL_KPF_ANON;
    folio->unmapped = !(flags & DRCL_KPF_MMAP);
    folio->exclusive = true; /* the owner's pagemap will tell */
}

static bool add_tail(const struct drcl_walk *w, size_t first, size_t i, struct drcl_folio *folio)
{
    (void)w;
    (void)first;
    (void)i;
    (void)folio;
    return true; /* the frames of a folio follow one another */
}

static int find_end(struct drcl_walk *w, const struct drcl_folio *folio)
{
    return drcl_folio_end(folio) > drcl_request_limit(w->a.request) ? DRCL_FOLIO_TOO_LONG : DRCL_FOLIO_ENDS;
}

/* --- claiming ---------------------------------------------------------------------------------------------------- */

/* Whether a folio of @size bytes still fits into what may be tried. As long as nothing was tried one is taken in any
 * case, if it may be at all. */
static bool fits(const struct drcl_walk *w, uint64_t size)
{
    uint64_t claimed = w->physical->claims.bytes, all = claimed + size;
    uint64_t tried = w->a.result->tried + w->physical->unmapped.bytes;

    if (tried + all > w->a.request->max_bytes)
        return false;
    return all <= w->a.slice * DRCL_SLICE_SHARE || (tried == 0 && claimed == 0);
}

static int take(struct drcl_walk *w, const struct drcl_folio *folio)
{
    struct drcl_claims *claims = &w->physical->claims;

    if (!fits(w, drcl_folio_size(folio)))
        return 0;
    claims->at[claims->n++] = (struct drcl_claim){.folio = *folio};
    claims->bytes += drcl_folio_size(folio);
    if ((folio->flags & DRCL_KPF_SWAPBACKED) && !drcl_folio_is_swapped_out(folio))
        w->a.claimed_swap_bytes += drcl_folio_size(folio);
    return 1;
}

/* --- completing a batch ------------------------------------------------------------------------------------------ */

static int reclaim_claims(struct drcl_walk *w)
{
    struct drcl_physical *physical = w->physical;
    struct drcl_claims *claims = &physical->claims;
    int r = drcl_claims_reclaim(claims, &w->a, &physical->processes, physical->search.rmap, &w->count), flushed;

    drcl_block_forget(w->t->blocks.blocks, w->batch->start);
    if (r <= 0)
        return r;
    for (size_t i = 0; i < claims->n; i++)
        if (drcl_folio_is_swapped_out(&claims->at[i].folio) && w->a.request->action == DAMON_RECLAIM_ACTION_PAGEOUT)
            drcl_attempt_adopt(&w->a, &claims->at[i].folio);
        else if (claims->at[i].folio.unmapped)
            drcl_unmapped_add(&physical->unmapped, &w->a, &claims->at[i].folio, &w->count);
    if (physical->unmapped.bytes < w->a.slice)
        return r;
    flushed = drcl_unmapped_flush(&physical->unmapped, &w->a, w->files);
    return flushed < 0 ? flushed : r;
}

static int complete(struct drcl_walk *w, int judged, uint64_t end)
{
    struct drcl_physical *physical = w->physical;
    uint64_t first = w->batch->start >> DRCL_PAGE_SHIFT;
    int r = judged;

    if (r >= 0)
        r = drcl_owner_search(&physical->search, &physical->claims, &w->a, physical->ram, first,
                              first + w->batch->pages, &w->count);
    if (r > 0 && physical->claims.n)
        r = reclaim_claims(w);
    physical->claims.n = 0;
    physical->claims.bytes = w->a.claimed_swap_bytes = 0;
    if (r <= 0)
        return r;
    drcl_walk_settle(w, end);
    return judged;
}

static const struct drcl_source source = {
    .skip = skip,
    .load = load,
    .describe = describe,
    .add_tail = add_tail,
    .find_end = find_end,
    .take = take,
    .complete = complete,
};

int drcl_frame_walk(struct drcl_walk *w)
{
    struct drcl_owner_search *search = &w->physical->search;
    uint64_t begin = w->a.now_ns, made_ns, ns;
    int r, flushed;

    w->source = &source;
    drcl_owner_search_renew(search);
    made_ns = search->made_ns;
    r = drcl_walk(w);
    flushed = drcl_unmapped_flush(&w->physical->unmapped, &w->a, w->files);
    made_ns = search->made_ns - made_ns;
    ns = drcl_elapsed(begin, w->a.now_ns);
    search->used_ns += ns > made_ns ? ns - made_ns : 0;
    return r < 0 ? r : flushed;
}
