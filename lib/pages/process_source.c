/* SPDX-License-Identifier: MIT */
#include "pages/process_source.h"

#define MAX_SPAN (UINT64_C(1) << 46) /* bytes */

/* The kernel looks on to the end of the pages that are there, and that once for each batch. So it is asked for a batch
 * at first, and for more as long as nothing is there. */
static int skip(struct drcl_walk *w)
{
    const struct damon_reclaim_request *request = w->a.request;
    uint64_t from = w->at, span = (uint64_t)DRCL_BATCH_PAGES << DRCL_PAGE_SHIFT, end, unused;
    int r;

    do {
        end = request->end - w->at > span ? w->at + span : request->end;
        r = drcl_pagemap_next_present(&w->t->mm.map, w->at, end, &w->at, &unused);
        if (r < 0)
            return r;
        span = span < MAX_SPAN ? span * 8 : span;
    } while (w->at == end && end < request->end);
    w->a.result->absent += w->at - from;
    return w->at < request->end;
}

static int load_pages(struct drcl_walk *w, size_t pages)
{
    struct drcl_batch *batch = w->batch;
    int r = drcl_batch_read_pagemap(batch, &w->t->mm.map, w->at, pages);

    for (size_t i = 0; i < pages; i++)
        batch->flags[i] = 0;
    if (r == 0)
        r = drcl_kpageflags_get(&w->files->kpageflags, batch->frames, batch->nr_frames);
    if (r < 0)
        return r;
    for (size_t i = 0; i < batch->nr_frames; i++)
        batch->flags[batch->frames[i].index] = batch->frames[i].flags;
    return drcl_batch_ask(batch, w->files, w->a.needs_memcg);
}

/* Less than a whole batch if time is short, but a huge page at the front is taken whole. */
static int load(struct drcl_walk *w)
{
    uint64_t left = (drcl_request_limit(w->a.request) - w->at) >> DRCL_PAGE_SHIFT;
    uint64_t affordable = drcl_walk_affordable(w);
    size_t whole = left < DRCL_BATCH_PAGES ? (size_t)left : DRCL_BATCH_PAGES;
    size_t pages = affordable < whole ? (size_t)affordable : whole;
    int r = load_pages(w, pages);

    if (r == 0 && pages < whole && (w->batch->flags[0] & DRCL_KPF_COMPOUND_HEAD))
        r = load_pages(w, whole);
    return r;
}

static void describe(const struct drcl_walk *w, size_t i, struct drcl_folio *folio)
{
    uint64_t entry = w->batch->entries[i];

    folio->kind = entry & DRCL_PAGEMAP_PRESENT ? DRCL_FOLIO_USER : DRCL_FOLIO_ABSENT;
    folio->pfn = entry & DRCL_PAGEMAP_PFN;
    folio->anon = !(entry & DRCL_PAGEMAP_FILE);
    folio->exclusive = entry & DRCL_PAGEMAP_EXCLUSIVE; /* the kernel leaves alone what others map */
}

static bool add_tail(const struct drcl_walk *w, size_t first, size_t i, struct drcl_folio *folio)
{
    const uint64_t *entries = w->batch->entries;

    if ((entries[i] & DRCL_PAGEMAP_PFN) != (entries[first] & DRCL_PAGEMAP_PFN) + (i - first))
        return false;
    folio->exclusive = folio->exclusive && (entries[i] & DRCL_PAGEMAP_EXCLUSIVE);
    return true;
}

/* A huge page that reaches the end of the batch may go on behind it. */
static int find_end(struct drcl_walk *w, const struct drcl_folio *folio)
{
    const struct drcl_batch *batch = w->batch;
    uint64_t end = drcl_folio_end(folio), word;
    size_t first = (size_t)((folio->addr - batch->start) >> DRCL_PAGE_SHIFT);
    int r;

    if (!(folio->flags & DRCL_KPF_COMPOUND_HEAD) || first + folio->pages < batch->pages)
        return DRCL_FOLIO_ENDS;
    if (end < drcl_request_limit(w->a.request) && first > 0)
        return DRCL_FOLIO_NEXT_BATCH;
    r = drcl_frame_file_read(&w->files->kpageflags, (batch->entries[first] & DRCL_PAGEMAP_PFN) + folio->pages, 1,
                             &word);
    if (r < 0)
        return r;
    return word & DRCL_KPF_COMPOUND_TAIL ? DRCL_FOLIO_TOO_LONG : DRCL_FOLIO_ENDS;
}

static int take(struct drcl_walk *w, const struct drcl_folio *folio)
{
    return drcl_attempt_add(&w->a, folio);
}

/* What was judged counts, whatever becomes of it. */
static int complete(struct drcl_walk *w, int judged, uint64_t end)
{
    int r;

    drcl_walk_settle(w, end);
    if (judged < 0)
        return judged;
    r = drcl_attempt_flush(&w->a);
    return r < 0 ? r : judged;
}

const struct drcl_source drcl_process_source = {
    .skip = skip,
    .load = load,
    .describe = describe,
    .add_tail = add_tail,
    .find_end = find_end,
    .take = take,
    .complete = complete,
};

/* Tails of huge pages are set too: the kernel passes them over for less than it takes to find out which they are. */
static int mark_batch(struct drcl_pages_target *t, struct drcl_page_files *files, struct drcl_batch *batch,
                      uint64_t start, size_t pages)
{
    int r = drcl_batch_read_pagemap(batch, &t->mm.map, start, pages);

    return r < 0 ? r : drcl_page_idle_set(&files->idle, batch->frames, batch->nr_frames);
}

int drcl_process_mark(struct drcl_pages_target *t, struct drcl_page_files *files, struct drcl_batch *batch,
                      uint64_t start, uint64_t end)
{
    uint64_t at = start, present_end;
    int r = 0;

    while (r == 0 && at < end) {
        r = drcl_pagemap_next_present(&t->mm.map, at, end, &at, &present_end);
        while (r == 0 && at < present_end) {
            uint64_t left = (present_end - at) >> DRCL_PAGE_SHIFT;
            size_t pages = left < DRCL_BATCH_PAGES ? (size_t)left : DRCL_BATCH_PAGES;

            r = mark_batch(t, files, batch, at, pages);
            at += (uint64_t)pages << DRCL_PAGE_SHIFT;
        }
    }
    return r;
}
