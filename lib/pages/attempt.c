/* SPDX-License-Identifier: MIT */
#include "pages/attempt.h"

#include <errno.h>
#include <time.h>

#include "base/arith.h"
#include "base/clock.h"
#include "pages/batch.h"
#include "pages/page_filter.h"
#include "sys/meminfo.h"

#define MIN_SLICE_PAGES 8
#define MAX_POOR        4 /* slices in a row of which less than a half went, before giving up for a while */
#define MAX_HOPELESS    (64 * DRCL_NS_PER_S)

void drcl_attempt_plan(struct drcl_attempt *a)
{
    uint64_t pages = DRCL_BATCH_PAGES;

    a->now_ns = drcl_clock(a->env, CLOCK_MONOTONIC);
    if (a->request->deadline_ns) {
        pages = 0;
        if (a->now_ns < a->request->deadline_ns) {
            pages = (a->request->deadline_ns - a->now_ns) / DRCL_SLICE_SHARE / *a->page_ns;
            if (pages < MIN_SLICE_PAGES)
                pages = MIN_SLICE_PAGES;
        }
        if (pages > DRCL_BATCH_PAGES)
            pages = DRCL_BATCH_PAGES;
    }
    a->slice = pages << DRCL_PAGE_SHIFT;
}

/* How much can be swapped out: looked at when it matters. */
static int look_at_swap(struct drcl_attempt *a)
{
    struct drcl_meminfo info;
    int r = 0;

    if (a->knows_swap)
        return 0;
    a->swap_left = UINT64_MAX;
    if (a->request->action == DAMON_RECLAIM_ACTION_PAGEOUT) {
        r = drcl_meminfo_read(a->env, &info);
        a->swap_left = r == 0 ? info.swap_free : 0;
    }
    a->knows_swap = r == 0;
    return r;
}

static bool filters_by_memcg(const struct damon_reclaim_request *request)
{
    for (size_t i = 0; i < request->nr_filters; i++)
        if (request->filters[i].type == DAMON_RECLAIM_FILTER_MEMCG)
            return true;
    return false;
}

int drcl_attempt_begin(struct drcl_attempt *a, struct drcl_page_files *files)
{
    int r = drcl_exclude_refresh(a->exclude, a->env);

    a->needs_memcg = filters_by_memcg(a->request) || a->exclude->nr_paths > 0;
    if (r == 0 && a->needs_memcg)
        r = drcl_page_files_need_kpagecgroup(files);
    drcl_attempt_plan(a);
    return r;
}

/* --- judging ----------------------------------------------------------------------------------------------------- */

bool drcl_attempt_cannot_advise(const struct drcl_attempt *a, const struct drcl_folio *folio)
{
    bool hopeless = a->mm && a->request->action == DAMON_RECLAIM_ACTION_PAGEOUT && a->now_ns < a->mm->hopeless_until;

    if (drcl_folio_end(folio) - 1 > UINTPTR_MAX) /* of a process with 64 bits, and the caller has 32 */
        return true;
    return (folio->flags & DRCL_KPF_SWAPBACKED) && hopeless;
}

/* 1, 0 or an error. */
static int can_go(const struct drcl_attempt *a, const struct drcl_folio *folio)
{
    uint32_t flags = folio->flags;
    int r;

    if (!(flags & DRCL_KPF_LRU) || (flags & (DRCL_KPF_UNEVICTABLE | DRCL_KPF_HUGE | DRCL_KPF_COMPOUND_TAIL)))
        return false;
    if (!folio->exclusive || drcl_attempt_cannot_advise(a, folio))
        return false;
    r = drcl_exclude_has_memcg(a->exclude, a->env, folio->memcg);
    if (r != 0)
        return r < 0 ? r : false;
    /* A file's page must be written first, which is not up to us. */
    return (flags & DRCL_KPF_SWAPBACKED) || !(flags & (DRCL_KPF_DIRTY | DRCL_KPF_WRITEBACK));
}

/* Whether the folio needs no new place in swap. */
static bool has_swap(const struct drcl_folio *folio)
{
    return !(folio->flags & DRCL_KPF_SWAPBACKED) || drcl_folio_is_swapped_out(folio);
}

int drcl_attempt_judge(struct drcl_attempt *a, const struct drcl_folio *folio, struct damon_reclaim_result *count)
{
    struct drcl_page page = {
        .anon = folio->anon,
        .active = folio->flags & DRCL_KPF_ACTIVE,
        .young = folio->young,
        .unmapped = folio->unmapped,
        .size = drcl_folio_size(folio),
        .memcg = folio->memcg,
    };
    int r;

    if (drcl_folio_is_swapped_out(folio) && drcl_swap_cache_has(a->swap_cache, folio->pfn))
        return DRCL_HANDED_OVER;
    if (!drcl_page_filter_allows(a->request->filters, a->request->nr_filters, &page))
        return DRCL_FILTERED;
    r = can_go(a, folio);
    if (r < 0)
        return r;
    if (!r) {
        count->not_reclaimable += drcl_folio_size(folio);
        return DRCL_STAYS;
    }
    if (folio->young && a->request->marked) {
        count->accessed += drcl_folio_size(folio);
        return DRCL_STAYS;
    }
    if (has_swap(folio))
        return DRCL_GOES;
    r = look_at_swap(a);
    if (r < 0)
        return r;
    if (a->swap_left >= a->swap_bytes + a->claimed_swap_bytes + drcl_folio_size(folio))
        return DRCL_GOES;
    count->not_reclaimable += drcl_folio_size(folio);
    return DRCL_STAYS;
}

/* --- slices ------------------------------------------------------------------------------------------------------ */

/* What has become of a slice, in bytes. */
struct outcome {
    uint64_t gone;       /* from the process; of these: */
    uint64_t free;       /* not in memory any more */
    uint64_t swapcached; /* in the swap cache, and remembered now */
    uint64_t unwritten;  /* of these: nobody writes them */
    uint64_t kept;       /* still in memory for another reason: a page of a file was written to, or is in use */
};

/* Keeps of the frames of @range, from number @at on, those that are gone by the entries from @first on: their number
 * grows to the value returned. */
static size_t keep_gone(struct drcl_attempt *a, const uint64_t *entries, uint64_t first,
                        const struct damon_reclaim_range *range, size_t at, size_t nr_gone)
{
    for (uint64_t addr = range->start; addr < range->end; addr += DRCL_PAGE_SIZE, at++)
        if (!(entries[(addr - first) >> DRCL_PAGE_SHIFT] & DRCL_PAGEMAP_PRESENT))
            a->frames[nr_gone++] = a->frames[at];
    return nr_gone;
}

/* Keeps of the slice's frames those that are gone from the process. Ranges that are near to each other are looked at
 * together. */
static int find_gone(struct drcl_attempt *a)
{
    uint64_t entries[DRCL_BATCH_PAGES];
    size_t at = 0, nr_gone = 0;

    for (size_t i = 0, next; i < a->nr_ranges; i = next) {
        uint64_t first = a->ranges[i].start, end = a->ranges[i].end;
        int r;

        for (next = i + 1; next < a->nr_ranges && a->ranges[next].end - first <= DRCL_BATCH_PAGES << DRCL_PAGE_SHIFT;
             next++)
            end = a->ranges[next].end;
        r = drcl_pagemap_read(&a->mm->map, first, (size_t)((end - first) >> DRCL_PAGE_SHIFT), entries);
        if (r < 0)
            return r;
        for (size_t k = i; k < next; k++) {
            nr_gone = keep_gone(a, entries, first, &a->ranges[k], at, nr_gone);
            at += (a->ranges[k].end - a->ranges[k].start) >> DRCL_PAGE_SHIFT;
        }
    }
    a->nr_frames = nr_gone;
    return 0;
}

/* Whether a frame, swap-backed or not, still has the page that is gone from its process. A frame that is free may have
 * got another page meanwhile. */
static bool is_kept(const struct drcl_frame *frame)
{
    bool swap_backed = frame->flags & DRCL_KPF_SWAPBACKED;

    return (frame->flags & (DRCL_KPF_LRU | DRCL_KPF_MMAP)) == DRCL_KPF_LRU && swap_backed == (frame->index != 0);
}

/* Whether a frame of the swap cache is not even being written: where it goes there is no room. */
static bool is_unwritten(const struct drcl_frame *frame)
{
    return (frame->flags & (DRCL_KPF_DIRTY | DRCL_KPF_WRITEBACK)) == DRCL_KPF_DIRTY;
}

/* Remembers that a frame is in the swap cache: the bytes that were not remembered before. */
static uint64_t remember(struct drcl_attempt *a, uint64_t pfn)
{
    return drcl_swap_cache_add(a->swap_cache, a->env, a->request->scheme, a->request->target, pfn) ? DRCL_PAGE_SIZE : 0;
}

/* Looks at what became of the slice. The frames in the swap cache are remembered. */
static int measure(struct drcl_attempt *a, struct outcome *ret)
{
    struct outcome outcome = {0};
    int r = find_gone(a);

    if (r < 0)
        return r;
    outcome.gone = (uint64_t)a->nr_frames << DRCL_PAGE_SHIFT;
    drcl_frames_sort(a->frames, a->nr_frames);
    r = drcl_kpageflags_get(a->kpageflags, a->frames, a->nr_frames);
    for (size_t i = 0; r == 0 && i < a->nr_frames; i++) {
        const struct drcl_frame *frame = &a->frames[i];

        if ((frame->flags & (DRCL_KPF_SWAPCACHE | DRCL_KPF_MMAP)) == DRCL_KPF_SWAPCACHE) {
            outcome.swapcached += remember(a, frame->pfn);
            outcome.unwritten += is_unwritten(frame) ? DRCL_PAGE_SIZE : 0;
        } else if (is_kept(frame)) {
            outcome.kept += DRCL_PAGE_SIZE;
        } else {
            outcome.free += DRCL_PAGE_SIZE;
        }
    }
    *ret = outcome;
    return r;
}

/* Trying again and again what does not go (a cgroup without swap, pages pinned by a device, zswap that is full and may
 * not use the disk) would use up the quota. */
static void give_up_for_a_while(struct drcl_attempt *a)
{
    struct drcl_mm *mm = a->mm;

    mm->hopeless_ns = mm->hopeless_ns ? mm->hopeless_ns * 2 : DRCL_NS_PER_S;
    if (mm->hopeless_ns > MAX_HOPELESS)
        mm->hopeless_ns = MAX_HOPELESS;
    mm->hopeless_until = drcl_clock(a->env, CLOCK_MONOTONIC) + mm->hopeless_ns;
    drcl_log(a->env, DAMON_RECLAIM_LOG_WARNING,
             "pid %d: the kernel keeps memory that it should reclaim (no swap left for the cgroup, zswap full, or "
             "pinned pages?); retried after %u s",
             (int)mm->map.pid, (unsigned int)(mm->hopeless_ns / DRCL_NS_PER_S));
}

/* Learns from a slice of which @gone bytes of @tried went in @ns. */
static int learn(struct drcl_attempt *a, uint64_t tried, uint64_t gone, uint64_t ns)
{
    struct drcl_mm *mm = a->mm;

    if (!tried)
        return 0;
    *a->page_ns = (3 * *a->page_ns + ns / (tried >> DRCL_PAGE_SHIFT)) / 4 + 1;
    if (gone * 2 >= tried) {
        mm->nr_poor = 0;
        mm->hopeless_ns = 0;
        a->swap_left = a->swap_left > a->swap_bytes ? a->swap_left - a->swap_bytes : 0;
        return 0;
    }
    if (a->swap_bytes * 2 < tried)
        return 0;
    if (++mm->nr_poor >= MAX_POOR)
        give_up_for_a_while(a);
    a->knows_swap = false;
    return 0;
}

int drcl_attempt_flush(struct drcl_attempt *a)
{
    bool pageout = a->request->action == DAMON_RECLAIM_ACTION_PAGEOUT;
    struct outcome outcome = {0};
    uint64_t begin, tried, refused;
    int r;

    if (!a->nr_ranges)
        return 0;
    begin = drcl_clock(a->env, CLOCK_MONOTONIC);
    r = drcl_advise(a->env, a->mm->map.pid, a->mm->map.pidfd, pageout ? DRCL_MADV_PAGEOUT : DRCL_MADV_COLD, a->ranges,
                    a->nr_ranges, &tried, &refused);
    if (r == 0 && pageout)
        r = measure(a, &outcome);
    if (r == 0) {
        a->result->tried += tried;
        a->result->reclaimed += pageout ? drcl_min(outcome.free, tried) : tried;
        a->result->swapcached += outcome.swapcached;
        a->result->not_reclaimable += refused + outcome.kept;
        if (pageout)
            r = learn(a, tried, outcome.gone - outcome.unwritten, drcl_clock(a->env, CLOCK_MONOTONIC) - begin);
    }
    a->nr_frames = 0;
    a->nr_ranges = 0;
    a->bytes = a->swap_bytes = 0;
    drcl_attempt_plan(a);
    return r;
}

/* Makes room for a folio in a slice: 1, or 0 when a limit is reached. One folio is always taken as long as there is any
 * time at all, or a huge page would never go under a small quota. */
static int make_room(struct drcl_attempt *a, uint64_t size)
{
    bool full = a->bytes + size > a->slice || a->nr_ranges == DRCL_ADVISE_RANGES || a->bytes + size > DRCL_HUGE_SIZE;
    bool last = a->result->tried + a->bytes + size > a->request->max_bytes;

    if (a->nr_ranges && (full || last)) {
        int r = drcl_attempt_flush(a);

        if (r < 0)
            return r;
        last = a->result->tried + size > a->request->max_bytes;
    }
    if (last || a->slice == 0)
        return 0;
    return a->bytes + size <= a->slice * DRCL_SLICE_SHARE || a->result->tried == 0;
}

int drcl_attempt_add(struct drcl_attempt *a, const struct drcl_folio *folio)
{
    uint64_t end = drcl_folio_end(folio);
    int r = make_room(a, drcl_folio_size(folio));

    if (r <= 0)
        return r;
    if (a->nr_ranges && a->ranges[a->nr_ranges - 1].end == folio->addr)
        a->ranges[a->nr_ranges - 1].end = end;
    else
        a->ranges[a->nr_ranges++] = (struct damon_reclaim_range){folio->addr, end};
    for (size_t i = 0; i < folio->pages; i++)
        a->frames[a->nr_frames++] = (struct drcl_frame){
            .pfn = folio->pfn + i,
            .index = (folio->flags & DRCL_KPF_SWAPBACKED) != 0,
        };
    a->bytes += drcl_folio_size(folio);
    if (folio->flags & DRCL_KPF_SWAPBACKED)
        a->swap_bytes += drcl_folio_size(folio);
    return 1;
}

void drcl_attempt_adopt(struct drcl_attempt *a, const struct drcl_folio *folio)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < folio->pages; i++)
        bytes += remember(a, folio->pfn + i);
    a->result->tried += bytes;
    a->result->swapcached += bytes;
}
