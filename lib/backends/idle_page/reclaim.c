/* SPDX-License-Identifier: MIT */
/*
 * reclaim(): takes out of a range exactly the pages that are there, can go, and are still idle.
 *
 * The range is walked a window at a time. What the kernel treats as one (a small page, or a huge page with all its
 * tails) is one unit and is never torn: advice on a part of a huge page splits it and reclaims next to nothing. Units
 * are collected into slices, small enough to stay within the deadline, and after each slice the pagemap tells what is
 * really gone.
 */
#include "backends/idle_page/idle_page.h"

#include <errno.h>
#include <time.h>

#include "backends/idle_page/advise.h"
#include "engine/filter.h"
#include "sys/meminfo.h"

#define NS_PER_S        UINT64_C(1000000000)
#define MIN_SLICE_PAGES 8
#define SLICE_SHARE     4 /* a slice takes about this part of the time left */
#define MAX_POOR        4 /* slices in a row of which less than a half went, before giving up for a while */
#define MAX_HOPELESS    (64 * NS_PER_S)

struct attempt {
    struct drcl_idle_page *b;
    struct drcl_idle_target *t;
    const struct damon_reclaim_request *request;
    struct damon_reclaim_result *result;
    uint64_t swap_left; /* bytes that can still be swapped out */
    uint64_t slice;     /* bytes that the slice in the making may have; 0: the time is over */
    struct damon_reclaim_range ranges[DRCL_ADVISE_RANGES]; /* the slice in the making */
    size_t nr_ranges;
    uint64_t bytes;      /* in it */
    uint64_t swap_bytes; /* of these, swap-backed */
};

/* A small page, or a huge page whole. */
struct unit {
    uint64_t addr;
    size_t pages;
    uint32_t flags; /* of the head */
    uint64_t entry; /* of the head, with EXCLUSIVE only if all have it */
};

static uint64_t size_of(const struct unit *unit)
{
    return (uint64_t)unit->pages << DRCL_PAGE_SHIFT;
}

/* How much the next slice may have. Recomputed after each, with what has been learnt of the cost. */
static void plan_slice(struct attempt *a)
{
    uint64_t now, pages = DRCL_WINDOW;

    if (a->request->deadline_ns) {
        now = drcl_clock(a->b->env, CLOCK_MONOTONIC);
        pages = 0;
        if (now < a->request->deadline_ns) {
            pages = (a->request->deadline_ns - now) / SLICE_SHARE / a->b->page_ns;
            if (pages < MIN_SLICE_PAGES)
                pages = MIN_SLICE_PAGES;
        }
        if (pages > DRCL_WINDOW)
            pages = DRCL_WINDOW;
    }
    a->slice = pages << DRCL_PAGE_SHIFT;
}

/* How much can be swapped out. Nothing while that was tried in vain not long ago (a cgroup without swap, pages pinned
 * by a device): trying it again and again would use up the quota. */
static int look_at_swap(struct attempt *a)
{
    struct drcl_meminfo info;
    int r;

    a->swap_left = 0;
    if (a->request->action == DAMON_RECLAIM_ACTION_COLD) {
        a->swap_left = UINT64_MAX;
        return 0;
    }
    if (drcl_clock(a->b->env, CLOCK_MONOTONIC) < a->t->hopeless_until)
        return 0;
    r = drcl_meminfo_read(a->b->env, &info);
    if (r == 0)
        a->swap_left = info.swap_free;
    return r;
}

/* What is gone of the slice, in bytes. It lies within one window. */
static int measure(struct attempt *a, uint64_t *ret_gone)
{
    uint64_t first = a->ranges[0].start, gone = 0;
    size_t pages = (size_t)((a->ranges[a->nr_ranges - 1].end - first) >> DRCL_PAGE_SHIFT);
    int r = drcl_pagemap_read(&a->t->map, first, pages, a->b->after);

    if (r < 0)
        return r;
    for (size_t i = 0; i < a->nr_ranges; i++) {
        for (uint64_t addr = a->ranges[i].start; addr < a->ranges[i].end; addr += DRCL_PAGE_SIZE)
            if (!(a->b->after[(addr - first) >> DRCL_PAGE_SHIFT] & DRCL_PAGEMAP_PRESENT))
                gone += DRCL_PAGE_SIZE;
        drcl_block_forget(a->t->blocks, a->ranges[i].start);
        drcl_block_forget(a->t->blocks, a->ranges[i].end - 1);
    }
    *ret_gone = gone;
    return 0;
}

/* Draws the conclusions of a slice of which @gone bytes of @tried went in @ns. */
static int learn(struct attempt *a, uint64_t tried, uint64_t gone, uint64_t ns)
{
    struct drcl_idle_target *t = a->t;

    if (!tried)
        return 0;
    a->b->page_ns = (3 * a->b->page_ns + ns / (tried >> DRCL_PAGE_SHIFT)) / 4 + 1;
    if (gone * 2 >= tried) {
        t->nr_poor = 0;
        t->hopeless_ns = 0;
        a->swap_left = a->swap_left > a->swap_bytes ? a->swap_left - a->swap_bytes : 0;
        return 0;
    }
    if (a->swap_bytes * 2 < tried)
        return 0;
    if (++t->nr_poor >= MAX_POOR) {
        t->hopeless_ns = t->hopeless_ns ? t->hopeless_ns * 2 : NS_PER_S;
        if (t->hopeless_ns > MAX_HOPELESS)
            t->hopeless_ns = MAX_HOPELESS;
        t->hopeless_until = drcl_clock(a->b->env, CLOCK_MONOTONIC) + t->hopeless_ns;
        drcl_log(
            a->b->env, DAMON_RECLAIM_LOG_WARNING,
            "pid %d: memory does not go when reclaimed (no swap left for its cgroup, or pinned?); left alone for %u s",
            (int)t->map.pid, (unsigned int)(t->hopeless_ns / NS_PER_S));
    }
    return look_at_swap(a);
}

/* Hands the slice to the kernel and looks at what became of it. */
static int flush(struct attempt *a)
{
    bool pageout = a->request->action == DAMON_RECLAIM_ACTION_PAGEOUT;
    uint64_t begin, tried, refused, gone = 0;
    int r;

    if (!a->nr_ranges)
        return 0;
    begin = drcl_clock(a->b->env, CLOCK_MONOTONIC);
    r = drcl_advise(a->b->env, a->t->map.pid, a->t->map.pidfd, pageout ? DRCL_MADV_PAGEOUT : DRCL_MADV_COLD, a->ranges,
                    a->nr_ranges, &tried, &refused);
    if (r == 0 && pageout)
        r = measure(a, &gone);
    if (r < 0)
        return r;
    if (gone > tried || !pageout)
        gone = tried;
    a->result->tried += tried;
    a->result->reclaimed += gone;
    a->result->not_reclaimable += refused;
    if (pageout)
        r = learn(a, tried, gone, drcl_clock(a->b->env, CLOCK_MONOTONIC) - begin);
    a->nr_ranges = 0;
    a->bytes = a->swap_bytes = 0;
    plan_slice(a);
    return r;
}

/* Makes room for a unit in a slice: 1, or 0 when a limit is reached. One unit is always taken as long as there is any
 * time at all, or a huge page would never go under a small quota. */
static int make_room(struct attempt *a, uint64_t size)
{
    bool full = a->bytes + size > a->slice || a->nr_ranges == DRCL_ADVISE_RANGES;
    bool last = a->result->tried + a->bytes + size > a->request->max_bytes;

    if (a->nr_ranges && (full || last)) {
        int r = flush(a);

        if (r < 0)
            return r;
        last = a->result->tried + size > a->request->max_bytes;
    }
    if (last || a->slice == 0)
        return 0;
    return a->bytes + size <= a->slice * SLICE_SHARE || a->result->tried == 0;
}

static int add_unit(struct attempt *a, const struct unit *unit)
{
    uint64_t end = unit->addr + size_of(unit);
    int r = make_room(a, size_of(unit));

    if (r <= 0)
        return r;
    if (a->nr_ranges && a->ranges[a->nr_ranges - 1].end == unit->addr)
        a->ranges[a->nr_ranges - 1].end = end;
    else
        a->ranges[a->nr_ranges++] = (struct damon_reclaim_range){ unit->addr, end };
    a->bytes += size_of(unit);
    if (unit->flags & DRCL_KPF_SWAPBACKED)
        a->swap_bytes += size_of(unit);
    return 1;
}

static bool can_go(const struct attempt *a, const struct unit *unit)
{
    uint32_t flags = unit->flags;

    if (!(flags & DRCL_KPF_LRU) || (flags & (DRCL_KPF_UNEVICTABLE | DRCL_KPF_HUGE | DRCL_KPF_COMPOUND_TAIL)))
        return false;
    if (!(unit->entry & DRCL_PAGEMAP_EXCLUSIVE)) /* the kernel leaves alone what others map */
        return false;
    if (unit->addr + size_of(unit) - 1 > UINTPTR_MAX) /* a 32-bit caller cannot name it */
        return false;
    if (flags & DRCL_KPF_SWAPBACKED)
        return a->swap_left >= a->swap_bytes + size_of(unit);
    return !(flags &
             (DRCL_KPF_DIRTY | DRCL_KPF_WRITEBACK)); /* a file's page must be written first, which is not up to us */
}

/* 1: the unit is dealt with; 0: a limit is reached and the unit is left for next time. */
static int take_unit(struct attempt *a, const struct unit *unit)
{
    const struct drcl_mark *mark = drcl_marks_find(&a->t->marks, unit->addr);
    bool young = !(unit->flags & DRCL_FRAME_IDLE) || (mark && mark->touched);
    struct drcl_page page = {
        .anon = !(unit->entry & DRCL_PAGEMAP_FILE),
        .active = unit->flags & DRCL_KPF_ACTIVE,
        .young = young,
        .size = size_of(unit),
    };
    int r;

    if (!drcl_filter_page(a->request->filters, a->request->nr_filters, &page))
        return 1;
    if (!can_go(a, unit)) {
        a->result->not_reclaimable += size_of(unit);
    } else if (young && a->request->marked) {
        a->result->accessed += size_of(unit);
    } else {
        r = add_unit(a, unit);
        if (r <= 0)
            return r;
    }
    a->result->filter_passed += size_of(unit);
    return 1;
}

/* Reads @pages pages from @addr on: entries, flags and idle bits. */
static int load_window(struct attempt *a, uint64_t addr, size_t pages)
{
    struct drcl_idle_page *b = a->b;
    size_t n = 0, heads = 0;
    int r = drcl_pagemap_read(&a->t->map, addr, pages, b->entries);

    if (r < 0)
        return r;
    for (size_t i = 0; i < pages; i++) {
        b->flags[i] = 0;
        if (!(b->entries[i] & DRCL_PAGEMAP_PRESENT))
            continue;
        b->frames[n] = (struct drcl_frame){ .pfn = b->entries[i] & DRCL_PAGEMAP_PFN, .index = (uint32_t)i };
        if (!b->frames[n++].pfn)
            return drcl_idle_no_frame_numbers(b->env);
    }
    drcl_frames_sort(b->frames, n);
    r = drcl_kpageflags_get(&b->kpageflags, b->frames, n);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++) {
        b->flags[b->frames[i].index] = b->frames[i].flags;
        if (!(b->frames[i].flags & DRCL_KPF_COMPOUND_TAIL)) /* tails have no bit of their own */
            b->frames[heads++] = b->frames[i];
    }
    r = b->idle.fd < 0 ? 0 : drcl_page_idle_get(&b->idle, b->frames, heads); /* else nothing is idle */
    for (size_t i = 0; r == 0 && i < heads; i++)
        b->flags[b->frames[i].index] = b->frames[i].flags;
    return r;
}

/* Whether a large page goes on behind the unit, which ends where we may not look for more of it. */
static int is_torn(struct attempt *a, const struct unit *unit)
{
    int r = drcl_kpageflags_read(&a->b->kpageflags, (unit->entry & DRCL_PAGEMAP_PFN) + unit->pages, 1);

    return r < 0 ? r : (a->b->kpageflags.buf[0] & DRCL_KPF_COMPOUND_TAIL) != 0;
}

/* The unit that begins with page @i of the window at @start. */
static struct unit unit_at(const struct drcl_idle_page *b, uint64_t start, size_t i, size_t pages)
{
    struct unit unit = { start + ((uint64_t)i << DRCL_PAGE_SHIFT), 1, b->flags[i], b->entries[i] };
    uint64_t pfn = b->entries[i] & DRCL_PAGEMAP_PFN;

    /* A run of tails without a head is what is left of a huge page that begins elsewhere. */
    if (!(unit.flags & (DRCL_KPF_COMPOUND_HEAD | DRCL_KPF_COMPOUND_TAIL)))
        return unit;
    for (size_t k = i + 1; k < pages && unit.pages < DRCL_WINDOW; k++, unit.pages++) {
        if (!(b->flags[k] & DRCL_KPF_COMPOUND_TAIL) || (b->entries[k] & DRCL_PAGEMAP_PFN) != pfn + (k - i))
            break;
        if (!(b->entries[k] & DRCL_PAGEMAP_EXCLUSIVE))
            unit.entry &= ~DRCL_PAGEMAP_EXCLUSIVE;
    }
    return unit;
}

/*
 * Deals with the units that begin in the window of @pages pages at @at and before the end asked for. Moves *at behind
 * them; stops before a unit that may go on behind the window, unless the window begins with it. 0: a limit is reached.
 */
static int walk_window(struct attempt *a, uint64_t *at, size_t pages)
{
    const struct damon_reclaim_request *request = a->request;
    uint64_t start = *at, limit = request->limit_end > request->end ? request->limit_end : request->end;
    uint64_t window_end = start + ((uint64_t)pages << DRCL_PAGE_SHIFT);
    int r;

    for (size_t i = 0; i < pages && *at < request->end;) {
        struct unit unit = unit_at(a->b, start, i, pages);
        uint64_t end = unit.addr + size_of(&unit);
        bool open_ended = end == window_end && (unit.flags & DRCL_KPF_COMPOUND_HEAD);

        if (open_ended && end < limit && i > 0)
            return 1; /* the next window begins with it */
        r = open_ended ? is_torn(a, &unit) : 0;
        if (r < 0)
            return r;
        if (!(a->b->entries[i] & DRCL_PAGEMAP_PRESENT)) {
            a->result->absent += DRCL_PAGE_SIZE;
        } else if ((unit.flags & DRCL_KPF_COMPOUND_TAIL) && unit.addr == request->start) {
            /* The rest of a huge page that the range before this one takes whole. */
        } else if (r > 0) {
            /* A huge page that does not end before the limit does. */
        } else {
            r = take_unit(a, &unit);
            if (r <= 0)
                return r;
        }
        *at = end;
        i += unit.pages;
    }
    return 1;
}

/* Loads what there is time to reclaim, as looking at pages takes time as well: a window, or less of small pages. */
static int load_some(struct attempt *a, uint64_t addr, uint64_t limit, size_t *ret_pages)
{
    uint64_t left = (limit - addr) >> DRCL_PAGE_SHIFT, affordable = (a->slice >> DRCL_PAGE_SHIFT) * SLICE_SHARE;
    size_t whole = left < DRCL_WINDOW ? (size_t)left : DRCL_WINDOW;
    size_t pages = affordable < whole ? (size_t)affordable : whole;
    int r = load_window(a, addr, pages);

    if (r == 0 && pages < whole && (a->b->flags[0] & DRCL_KPF_COMPOUND_HEAD)) {
        pages = whole;
        r = load_window(a, addr, pages);
    }
    *ret_pages = pages;
    return r;
}

static int walk(struct attempt *a, uint64_t *at)
{
    const struct damon_reclaim_request *request = a->request;
    uint64_t limit = request->limit_end > request->end ? request->limit_end : request->end, unused;
    int r = 1;

    while (r > 0 && *at < request->end && a->slice > 0) {
        uint64_t from = *at;
        size_t pages;

        r = drcl_pagemap_next_present(&a->t->map, from, request->end, at, &unused);
        if (r < 0)
            break;
        a->result->absent += *at - from;
        r = load_some(a, *at, limit, &pages);
        if (r == 0)
            r = walk_window(a, at, pages);
        if (r >= 0) {
            int flushed = flush(a);

            r = flushed < 0 ? flushed : r;
        }
        plan_slice(a);
    }
    return r < 0 ? r : 0;
}

int drcl_idle_reclaim(void *backend, const struct damon_reclaim_request *request,
                      struct damon_reclaim_result *ret_result)
{
    struct drcl_idle_page *b = backend;
    struct attempt a = { .b = b, .request = request, .result = ret_result };
    uint64_t at = request->start;
    int r;

    a.t = drcl_idle_target_find(b, request->target);
    if (!a.t)
        return -ESRCH;
    r = look_at_swap(&a);
    if (r < 0)
        return r;
    plan_slice(&a);
    r = walk(&a, &at);
    if (r < 0 && !ret_result->tried)
        return r; /* else what was done counts, and an error that lasts comes back */
    ret_result->end = at < request->end ? at : request->end;
    drcl_marks_cut(&a.t->marks, b->env, request->start, ret_result->end);
    return 0;
}
