/* SPDX-License-Identifier: MIT */
/*
 * reclaim() of a process: takes out of a range exactly the pages that are there, can go, and are still idle. The range
 * is walked a window at a time.
 */
#include "backends/idle_page/physical.h"

#include <errno.h>

/* The walk over a range of a target. */
struct walk {
    struct drcl_attempt a;
    struct drcl_idle_target *t;
};

/* 1: the unit is dealt with; 0: a limit is reached and the unit is left for next time. */
static int take_unit(struct walk *w, const struct drcl_unit *unit)
{
    struct drcl_attempt *a = &w->a;
    int verdict = drcl_attempt_judge(a, unit, a->swap_bytes, a->result), r;

    if (verdict < 0)
        return verdict;
    if (verdict == DRCL_FILTERED)
        return 1;
    if (verdict == DRCL_GOES) {
        r = drcl_attempt_add(a, unit);
        if (r <= 0)
            return r;
    }
    a->result->filter_passed += drcl_unit_size(unit);
    return 1;
}

/* The frames of a window of which @entries tells: flags, idle bits, and cgroups where they are needed. */
static int look_at_frames(struct walk *w, size_t n)
{
    struct drcl_idle_page *b = w->a.b;
    size_t heads = 0;
    int r;

    drcl_frames_sort(b->frames, n);
    r = drcl_kpageflags_get(&b->kpageflags, b->frames, n);
    for (size_t i = 0; r == 0 && i < n; i++)
        b->flags[b->frames[i].index] = b->frames[i].flags;
    if (r == 0 && w->a.needs_memcg)
        r = drcl_idle_get_memcgs(b, n);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        if (!(b->frames[i].flags & DRCL_KPF_COMPOUND_TAIL)) /* tails have no bit of their own */
            b->frames[heads++] = b->frames[i];
    r = drcl_idle_get_idle(b, heads);
    for (size_t i = 0; r == 0 && i < heads; i++)
        b->flags[b->frames[i].index] = b->frames[i].flags;
    return r;
}

/* Reads @pages pages from @addr on. */
static int load_window(struct walk *w, uint64_t addr, size_t pages)
{
    struct drcl_idle_page *b = w->a.b;
    size_t n = 0;
    int r = drcl_pagemap_read(&w->t->mm.map, addr, pages, b->entries);

    if (r < 0)
        return r;
    for (size_t i = 0; i < pages; i++) {
        b->flags[i] = 0;
        b->memcgs[i] = 0;
        if (!(b->entries[i] & DRCL_PAGEMAP_PRESENT))
            continue;
        b->frames[n] = (struct drcl_frame){.pfn = b->entries[i] & DRCL_PAGEMAP_PFN, .index = (uint32_t)i};
        if (!b->frames[n++].pfn)
            return drcl_idle_no_frame_numbers(b->env);
    }
    return look_at_frames(w, n);
}

/* Whether a large page goes on behind the unit, which ends where we may not look for more of it. */
static int is_torn(struct drcl_idle_page *b, uint64_t pfn_behind)
{
    int r = drcl_kpageflags_read(&b->kpageflags, pfn_behind, 1);

    return r < 0 ? r : (b->kpageflags.buf[0] & DRCL_KPF_COMPOUND_TAIL) != 0;
}

/* The unit that begins with page @i of the window of @pages pages at @start. */
static struct drcl_unit unit_at(const struct walk *w, uint64_t start, size_t i, size_t pages)
{
    const struct drcl_idle_page *b = w->a.b;
    uint64_t addr = start + ((uint64_t)i << DRCL_PAGE_SHIFT), pfn = b->entries[i] & DRCL_PAGEMAP_PFN;
    const struct drcl_mark *mark = drcl_marks_find(&w->t->marks, addr);
    struct drcl_unit unit = {
        .addr = addr,
        .pages = 1,
        .flags = b->flags[i],
        .anon = !(b->entries[i] & DRCL_PAGEMAP_FILE),
        .young = !(b->flags[i] & DRCL_FRAME_IDLE) || (mark && mark->touched),
        .exclusive = b->entries[i] & DRCL_PAGEMAP_EXCLUSIVE, /* the kernel leaves alone what others map */
        .memcg = b->memcgs[i],
    };

    /* A run of tails without a head is what is left of a huge page that begins elsewhere. */
    if (!(unit.flags & (DRCL_KPF_COMPOUND_HEAD | DRCL_KPF_COMPOUND_TAIL)))
        return unit;
    for (size_t k = i + 1; k < pages && unit.pages < DRCL_WINDOW; k++, unit.pages++) {
        if (!(b->flags[k] & DRCL_KPF_COMPOUND_TAIL) || (b->entries[k] & DRCL_PAGEMAP_PFN) != pfn + (k - i))
            break;
        unit.exclusive = unit.exclusive && (b->entries[k] & DRCL_PAGEMAP_EXCLUSIVE);
    }
    return unit;
}

static uint64_t limit_of(const struct damon_reclaim_request *request)
{
    return request->limit_end > request->end ? request->limit_end : request->end;
}

/*
 * Deals with the units that begin in the window of @pages pages at @at and before the end asked for. Moves *at behind
 * them; stops before a unit that may go on behind the window, unless the window begins with it. 0: a limit is reached.
 */
static int walk_window(struct walk *w, uint64_t *at, size_t pages)
{
    const struct damon_reclaim_request *request = w->a.request;
    uint64_t start = *at, limit = limit_of(request), window_end = start + ((uint64_t)pages << DRCL_PAGE_SHIFT);
    struct drcl_idle_page *b = w->a.b;
    int r;

    for (size_t i = 0; i < pages && *at < request->end;) {
        struct drcl_unit unit = unit_at(w, start, i, pages);
        uint64_t end = unit.addr + drcl_unit_size(&unit);
        bool open_ended = end == window_end && (unit.flags & DRCL_KPF_COMPOUND_HEAD);

        if (open_ended && end < limit && i > 0)
            return 1; /* the next window begins with it */
        r = open_ended ? is_torn(b, (b->entries[i] & DRCL_PAGEMAP_PFN) + unit.pages) : 0;
        if (r < 0)
            return r;
        if (!(b->entries[i] & DRCL_PAGEMAP_PRESENT)) {
            w->a.result->absent += DRCL_PAGE_SIZE;
        } else if ((unit.flags & DRCL_KPF_COMPOUND_TAIL) && unit.addr == request->start) {
            /* The rest of a huge page that the range before this one takes whole. */
        } else if (r > 0) {
            /* A huge page that does not end before the limit does. */
        } else {
            r = take_unit(w, &unit);
            if (r <= 0)
                return r;
        }
        *at = end;
        i += unit.pages;
    }
    return 1;
}

/* Loads what there is time to reclaim, as looking at pages takes time as well: a window, or less of small pages. */
static int load_some(struct walk *w, uint64_t addr, size_t *ret_pages)
{
    uint64_t left = (limit_of(w->a.request) - addr) >> DRCL_PAGE_SHIFT;
    uint64_t affordable = (w->a.slice >> DRCL_PAGE_SHIFT) * DRCL_SLICE_SHARE;
    size_t whole = left < DRCL_WINDOW ? (size_t)left : DRCL_WINDOW;
    size_t pages = affordable < whole ? (size_t)affordable : whole;
    int r = load_window(w, addr, pages);

    if (r == 0 && pages < whole && (w->a.b->flags[0] & DRCL_KPF_COMPOUND_HEAD)) {
        pages = whole;
        r = load_window(w, addr, pages);
    }
    *ret_pages = pages;
    return r;
}

/* What is remembered of the blocks says nothing any more. */
static void forget_blocks(struct walk *w, uint64_t start, uint64_t end)
{
    for (uint64_t addr = start & ~(DRCL_BLOCK_SIZE - 1); addr < end; addr += DRCL_BLOCK_SIZE)
        drcl_block_forget(w->t->blocks, addr);
}

static int walk(struct walk *w, uint64_t *at)
{
    const struct damon_reclaim_request *request = w->a.request;
    uint64_t unused;
    int r = 1;

    while (r > 0 && *at < request->end && w->a.slice > 0) {
        uint64_t from = *at, tried = w->a.result->tried;
        size_t pages;

        r = drcl_pagemap_next_present(&w->t->mm.map, from, request->end, at, &unused);
        if (r < 0)
            break;
        w->a.result->absent += *at - from;
        from = *at;
        r = load_some(w, from, &pages);
        if (r == 0)
            r = walk_window(w, at, pages);
        if (r >= 0) {
            int flushed = drcl_attempt_flush(&w->a);

            r = flushed < 0 ? flushed : r;
        }
        if (w->a.result->tried > tried)
            forget_blocks(w, from, *at);
        drcl_attempt_plan(&w->a);
    }
    return r < 0 ? r : 0;
}

int drcl_idle_reclaim(void *backend, const struct damon_reclaim_request *request,
                      struct damon_reclaim_result *ret_result)
{
    struct drcl_idle_page *b = backend;
    struct walk w = {.a = {.b = b, .request = request, .result = ret_result}};
    uint64_t at = request->start;
    int r;

    w.t = drcl_idle_target_find(b, request->target);
    if (!w.t)
        return -ESRCH;
    if (drcl_idle_is_physical(w.t))
        return drcl_physical_reclaim(b, w.t, request, ret_result);
    w.a.mm = &w.t->mm;
    r = drcl_attempt_begin(&w.a);
    if (r < 0)
        return r;
    r = walk(&w, &at);
    if (r < 0 && !ret_result->tried)
        return r; /* else what was done counts, and an error that lasts comes back */
    ret_result->end = at < request->end ? at : request->end;
    drcl_marks_cut(&w.t->marks, b->env, request->start, ret_result->end);
    return 0;
}
