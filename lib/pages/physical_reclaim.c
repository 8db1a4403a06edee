/* SPDX-License-Identifier: MIT */
/*
 * reclaim() of physical memory. A window is the rest of a 2 MiB block: its pages are judged in the order of the frames,
 * those that are to go are claimed from their owners, and a window of which not all could have their turn is looked at
 * again next time.
 */
#include "backends/idle_page/physical.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"

#define STEP_NS    UINT64_C(50000000) /* of the reverse map, when nobody says how long it may take */
#define PASS_SHARE 4                  /* of the time one part is for the reverse map, and so many are for its use */
#define PIECE_NS   UINT64_C(1000000)  /* of it, until it is asked whether that was enough */

struct window {
    struct drcl_attempt a;
    struct drcl_idle_target *t;
    uint64_t start;                    /* of the window */
    size_t pages;                      /* that were looked at */
    struct damon_reclaim_result count; /* of the window: holds when all of it had its turn */
    uint64_t bytes;                    /* that are to go */
    uint64_t swap_bytes;               /* of these, swap-backed */
};

/* --- looking at frames ------------------------------------------------------------------------------------------- */

static uint64_t limit_of(const struct damon_reclaim_request *request)
{
    return request->limit_end > request->end ? request->limit_end : request->end;
}

/* Reads the kinds, idle bits and cgroups of the frames from w->start on: of as many as there is time to reclaim, and
 * then whatever a large page at the end goes on for. */
static int load_window(struct window *w)
{
    uint64_t pfn = w->start >> DRCL_PAGE_SHIFT, affordable = (w->a.slice >> DRCL_PAGE_SHIFT) * DRCL_SLICE_SHARE;
    size_t whole = (size_t)(DRCL_BLOCK_PAGES - pfn % DRCL_BLOCK_PAGES), n = 0;
    struct drcl_idle_page *b = w->a.b;
    int r = drcl_kpageflags_read(&b->kpageflags, pfn, whole);

    if (r < 0)
        return r;
    if (whole == DRCL_BLOCK_PAGES)
        drcl_physical_learn(b, w->t, w->start, (uint32_t)(w->a.now_ns / 1000000));
    w->pages = affordable < whole ? (size_t)affordable : whole;
    if (w->pages > (limit_of(w->a.request) - w->start) >> DRCL_PAGE_SHIFT)
        w->pages = (size_t)((limit_of(w->a.request) - w->start) >> DRCL_PAGE_SHIFT);
    while (w->pages < whole && (b->kpageflags.buf[w->pages] & DRCL_KPF_COMPOUND_TAIL))
        w->pages++;
    for (size_t i = 0; i < w->pages; i++) {
        b->flags[i] = (uint32_t)b->kpageflags.buf[i] & ~DRCL_FRAME_IDLE;
        b->memcgs[i] = 0;
        if ((b->flags[i] & DRCL_KPF_LRU) && !(b->flags[i] & DRCL_KPF_COMPOUND_TAIL))
            b->frames[n++] = (struct drcl_frame){.pfn = pfn + i, .flags = b->flags[i], .index = (uint32_t)i};
    }
    r = drcl_idle_get_idle(b, n);
    if (r == 0 && w->a.needs_memcg)
        r = drcl_idle_get_memcgs(b, n);
    for (size_t i = 0; r == 0 && i < n; i++)
        b->flags[b->frames[i].index] = b->frames[i].flags;
    return r;
}

/* The unit that begins with frame @i of the window. */
static struct drcl_unit unit_at(const struct window *w, size_t i)
{
    const struct drcl_idle_page *b = w->a.b;
    uint64_t addr = w->start + ((uint64_t)i << DRCL_PAGE_SHIFT);
    const struct drcl_mark *mark = drcl_marks_find(&w->t->marks, addr);
    uint32_t flags = b->flags[i];
    struct drcl_unit unit = {
        .addr = addr,
        .pages = 1,
        .flags = flags,
        .anon = flags & DRCL_KPF_ANON,
        .young = !(flags & DRCL_FRAME_IDLE) || (mark && mark->touched),
        .unmapped = !(flags & DRCL_KPF_MMAP),
        .exclusive = true, /* the owner's pagemap will tell */
        .memcg = b->memcgs[i],
    };

    if (flags & (DRCL_KPF_COMPOUND_HEAD | DRCL_KPF_COMPOUND_TAIL))
        while (i + unit.pages < w->pages && (b->flags[i + unit.pages] & DRCL_KPF_COMPOUND_TAIL))
            unit.pages++;
    return unit;
}

/* --- claiming ---------------------------------------------------------------------------------------------------- */

/* Whether a unit still fits into what may be tried. One is taken in any case as long as nothing was, if it may be at
 * all. */
static bool fits(const struct window *w, uint64_t size)
{
    uint64_t tried = w->a.result->tried + w->a.b->physical->unmapped_bytes, all = w->bytes + size;

    if (tried + all > w->a.request->max_bytes)
        return false;
    return all <= w->a.slice * DRCL_SLICE_SHARE || (tried == 0 && w->bytes == 0);
}

/* 1: the unit is dealt with; 0: a limit is reached; or an error. */
static int take_unit(struct window *w, const struct drcl_unit *unit)
{
    struct drcl_physical *physical = w->a.b->physical;
    int verdict;

    if (unit->flags & DRCL_KPF_FREE) {
        w->count.absent += drcl_unit_size(unit);
        return 1;
    }
    if (!(unit->flags & DRCL_KPF_LRU)) {
        w->count.not_reclaimable += drcl_unit_size(unit);
        return 1;
    }
    verdict = drcl_attempt_judge(&w->a, unit, w->swap_bytes, &w->count);
    if (verdict < 0)
        return verdict;
    if (verdict == DRCL_GOES) {
        if (!fits(w, drcl_unit_size(unit)))
            return 0;
        physical->claims[physical->nr_claims++] = (struct drcl_claim){.unit = *unit};
        w->bytes += drcl_unit_size(unit);
        if (unit->flags & DRCL_KPF_SWAPBACKED)
            w->swap_bytes += drcl_unit_size(unit);
    }
    if (verdict != DRCL_FILTERED)
        w->count.filter_passed += drcl_unit_size(unit);
    return 1;
}

/* Judges the units that begin in the window and before the end asked for. *ret_end is behind them. 0: a limit is
 * reached. */
static int judge_window(struct window *w, uint64_t *ret_end)
{
    const struct damon_reclaim_request *request = w->a.request;
    uint64_t limit = limit_of(request), end = w->start;
    int r = 1;

    for (size_t i = 0; i < w->pages && end < request->end;) {
        struct drcl_unit unit = unit_at(w, i);

        if (unit.addr + drcl_unit_size(&unit) > limit) {
            /* A huge page that does not end before the limit does. */
        } else if ((unit.flags & DRCL_KPF_COMPOUND_TAIL) && unit.addr == request->start) {
            /* The rest of a huge page that the range before this one takes whole. */
        } else {
            r = take_unit(w, &unit);
            if (r <= 0)
                break;
        }
        end = unit.addr + drcl_unit_size(&unit);
        i += unit.pages;
    }
    *ret_end = end;
    return r;
}

/* What a pass through the processes takes does not depend on how much is wanted. */
static void want_all(struct drcl_idle_page *b)
{
    for (size_t i = 0; i < b->ram.n; i++)
        drcl_rmap_want(b->physical->rmap, b->ram.ranges[i].start >> DRCL_PAGE_SHIFT,
                       b->ram.ranges[i].end >> DRCL_PAGE_SHIFT);
}

/* Pages that came since the reverse map was filled are missing in it, and so are those that several processes map. When
 * many are, it is filled anew, but that may take no more than a part of the time. */
static void renew_owners(struct drcl_physical *physical)
{
    if (physical->use.nr_missed <= physical->use.nr_found / 4 ||
        physical->use.used_ns < PASS_SHARE * physical->use.made_ns)
        return;
    drcl_rmap_renew(physical->rmap);
    physical->use = (struct drcl_rmap_use){0};
}

/* Looks for the owners of the mapped claims that have none yet. How many were not found; *ret_found were. */
static size_t look_for_owners(struct window *w, size_t *ret_found)
{
    struct drcl_physical *physical = w->a.b->physical;
    size_t missing = 0;

    *ret_found = 0;
    for (size_t i = 0; i < physical->nr_claims; i++) {
        struct drcl_claim *claim = &physical->claims[i];

        if (claim->unit.unmapped)
            continue;
        if (!claim->run.pid && (!drcl_rmap_find(physical->rmap, claim->unit.addr >> DRCL_PAGE_SHIFT, &claim->run) ||
                                claim->run.pages < claim->unit.pages))
            claim->run.pid = 0;
        *ret_found += claim->run.pid != 0;
        missing += claim->run.pid == 0;
    }
    return missing;
}

/* Goes on with the reverse map while owners are missing, so that it is known more and more what belongs to whom. With
 * those of a part there is something to do, and most of the time is left for that. 1; 0 when the time is over; or an
 * error. */
static int know_owners(struct window *w, size_t *missing, size_t *found)
{
    uint64_t first = w->start >> DRCL_PAGE_SHIFT, deadline = w->a.request->deadline_ns;
    struct drcl_rmap *rmap = w->a.b->physical->rmap;
    uint64_t since = w->a.now_ns;

    deadline = deadline ? deadline : since + STEP_NS;
    want_all(w->a.b);
    drcl_rmap_want(rmap, first, first + w->pages); /* wherever the target lies */
    while (*missing && !drcl_rmap_knows(rmap, first, first + w->pages)) {
        uint64_t begin = w->a.now_ns, end = *found ? since + drcl_elapsed(since, deadline) / PASS_SHARE : deadline;
        int r;

        if (begin >= end)
            return *found && w->a.slice;
        r = drcl_rmap_step(rmap, begin + (end - begin < PIECE_NS ? end - begin : PIECE_NS));
        drcl_attempt_plan(&w->a);
        w->a.b->physical->use.made_ns += drcl_elapsed(begin, w->a.now_ns);
        if (r < 0)
            return r;
        *missing = look_for_owners(w, found);
        if (r > 0)
            break; /* all is known, or it had no memory to note that the window is wanted: then nothing is found */
    }
    return w->a.slice > 0;
}

/* Asks the reverse map for the owners of the mapped claims. Those without have their turn another time. 1; 0 when the
 * time is over; or an error. */
static int find_owners(struct window *w)
{
    uint64_t first = w->start >> DRCL_PAGE_SHIFT;
    struct drcl_physical *physical = w->a.b->physical;
    size_t found, missing = look_for_owners(w, &found);
    int r = 1;

    if (missing && !drcl_rmap_knows(physical->rmap, first, first + w->pages))
        r = know_owners(w, &missing, &found);
    if (r <= 0)
        return r;
    physical->use.nr_found += found;
    if (drcl_rmap_knows(physical->rmap, first, first + w->pages))
        physical->use.nr_missed += missing;
    for (size_t i = 0; missing && i < physical->nr_claims; i++)
        if (!physical->claims[i].unit.unmapped && !physical->claims[i].run.pid)
            w->count.not_reclaimable += drcl_unit_size(&physical->claims[i].unit);
    return 1;
}

/* --- acting ------------------------------------------------------------------------------------------------------ */

static int act(struct window *w)
{
    struct drcl_physical *physical = w->a.b->physical;
    int r = drcl_claims_reclaim(&w->a, &w->count);

    for (size_t i = 0; r > 0 && i < physical->nr_claims; i++)
        if (physical->claims[i].unit.unmapped)
            drcl_unmapped_add(&w->a, &physical->claims[i].unit, &w->count);
    if (r > 0 && physical->unmapped_bytes >= w->a.slice) {
        int flushed = drcl_unmapped_flush(&w->a);

        r = flushed < 0 ? flushed : r;
    }
    return r;
}

static void add_count(struct damon_reclaim_result *to, const struct damon_reclaim_result *from)
{
    to->filter_passed += from->filter_passed;
    to->accessed += from->accessed;
    to->absent += from->absent;
    to->not_reclaimable += from->not_reclaimable;
}

/* Passes over a block of which nothing is a user's, if that is known. */
static bool pass_over(struct window *w, uint64_t *at)
{
    uint64_t nr_free;

    if (*at % DRCL_BLOCK_SIZE || w->a.request->end - *at < DRCL_BLOCK_SIZE ||
        !drcl_physical_is_nothing(w->a.b, w->t, *at, &nr_free))
        return false;
    w->a.result->absent += nr_free << DRCL_PAGE_SHIFT;
    w->a.result->not_reclaimable += (DRCL_BLOCK_PAGES - nr_free) << DRCL_PAGE_SHIFT;
    *at += DRCL_BLOCK_SIZE;
    return true;
}

/* Deals with one window and moves *at behind it. 0: the time is over, or a limit is reached. */
static int reclaim_window(struct window *w, uint64_t *at)
{
    struct drcl_physical *physical = w->a.b->physical;
    uint64_t end;
    int r, judged;

    if (pass_over(w, at))
        return 1;
    w->start = *at;
    w->count = (struct damon_reclaim_result){0};
    w->bytes = w->swap_bytes = 0;
    physical->nr_claims = 0;
    r = load_window(w);
    if (r < 0)
        return r;
    judged = judge_window(w, &end);
    r = judged < 0 ? judged : find_owners(w);
    if (r <= 0)
        return r;
    if (physical->nr_claims) {
        r = act(w);
        drcl_block_forget(w->t->blocks, w->start);
    }
    if (r <= 0)
        return r;
    add_count(w->a.result, &w->count);
    *at = end;
    return judged;
}

static uint64_t without(uint64_t ns, uint64_t part)
{
    return ns > part ? ns - part : 0;
}

int drcl_physical_reclaim(struct drcl_idle_page *b, struct drcl_idle_target *t,
                          const struct damon_reclaim_request *request, struct damon_reclaim_result *ret_result)
{
    struct window w = {.a = {.b = b, .request = request, .result = ret_result}, .t = t};
    uint64_t at = request->start, begin, made_ns;
    int r = drcl_attempt_begin(&w.a), flushed;

    begin = w.a.now_ns;
    renew_owners(b->physical);
    made_ns = b->physical->use.made_ns;
    while (r >= 0 && at < request->end && w.a.slice > 0) {
        r = reclaim_window(&w, &at);
        if (r == 0)
            break;
        drcl_attempt_plan(&w.a);
    }
    flushed = drcl_unmapped_flush(&w.a);
    b->physical->use.used_ns += without(drcl_elapsed(begin, w.a.now_ns), b->physical->use.made_ns - made_ns);
    r = r < 0 ? r : flushed;
    if (r < 0 && !ret_result->tried)
        return r; /* else what was done counts, and an error that lasts comes back */
    ret_result->end = at < request->end ? at : request->end;
    if (ret_result->end > request->start)
        drcl_marks_cut(&t->marks, b->env, request->start, ret_result->end);
    return 0;
}
