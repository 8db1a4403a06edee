/* SPDX-License-Identifier: MIT */
/* An attempt to reclaim a range of the simulated memory. */
#include "backends/sim/attempt.h"

#include "pages/page_filter.h"

#define SKIP_PAGES   512u  /* absent pages that a walk of page tables steps over at once */
#define SETTLE_PAGES 4096u /* refaults taken at once, so that a limit is not noticed only after a long count */

/* Neighbouring pages of one kind. */
struct piece {
    uint64_t end; /* page behind the last */
    bool absent;
    bool young; /* accessed since they were marked */
    bool anon;
};

/* An attempt under way. The queries are kept, because neighbouring pages need the same ones. */
struct attempt {
    struct drcl_memory *m;
    const struct damon_reclaim_request *request;
    struct damon_reclaim_result *result;
    struct drcl_query ever, since_gone, since_mark;
    uint64_t cost;  /* ns so far */
    bool own_young; /* a filter of the scheme decides about young pages */
};

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Finds out whether the pages from @page on are present, and lowers piece->end to where that changes. */
static int look_presence(struct attempt *a, uint64_t page, uint32_t region, struct piece *piece)
{
    struct drcl_memory *m = a->m;
    uint64_t end, since, run;

    if (!drcl_spans_find(&m->gone, page, &end, &since)) {
        drcl_query_set(&a->ever, &m->model, region, 0, m->now);
        piece->absent = !drcl_query_touched(&a->ever, page, &run);
        piece->end = least(piece->end, least(end, page + run));
        return 0;
    }
    drcl_query_set(&a->since_gone, &m->model, region, since, m->now);
    piece->absent = !drcl_query_touched(&a->since_gone, page, &run);
    piece->end = least(piece->end, least(end, page + run));
    if (piece->absent)
        return 0;
    piece->end = least(piece->end, page + SETTLE_PAGES);
    m->looks -= least(m->looks, piece->end - page);
    return drcl_memory_refault(m, page, piece->end, since);
}

/* Finds out what is at @page, and up to which page before @end that holds. */
static int look(struct attempt *a, uint64_t page, uint64_t end, struct piece *ret)
{
    uint32_t region = drcl_model_region(&a->m->model, page);
    const struct drcl_model_region *in = &a->m->model.regions[region];
    uint64_t mark_end, mark, run;
    int r;

    *ret = (struct piece){.end = least(end, in->first_page + in->nr_pages), .anon = !in->file};
    r = look_presence(a, page, region, ret);
    if (r < 0 || ret->absent)
        return r;
    if (!a->request->marked && !a->own_young)
        return 0;
    /* Of a page that was never marked, only the age of its region is known. */
    if (drcl_spans_find(&a->m->marked, page, &mark_end, &mark)) {
        drcl_query_set(&a->since_mark, &a->m->model, region, mark, a->m->now);
        ret->young = drcl_query_touched(&a->since_mark, page, &run);
        mark_end = least(mark_end, page + run);
    }
    ret->end = least(ret->end, mark_end);
    return 0;
}

/* How many pages that cost @page_ns each can be started before the deadline. */
static uint64_t pages_in_time(const struct attempt *a, uint64_t page_ns)
{
    uint64_t now = a->m->now + a->cost;

    if (!a->request->deadline_ns || !page_ns)
        return UINT64_MAX;
    if (now >= a->request->deadline_ns)
        return 0;
    return (a->request->deadline_ns - now - 1) / page_ns + 1;
}

/* Acts on @n pages from @page on, which may be reclaimed. */
static int take(struct attempt *a, uint64_t page, uint64_t n)
{
    struct drcl_memory *m = a->m;
    int r;

    if (a->request->action == DAMON_RECLAIM_ACTION_PAGEOUT) {
        r = drcl_spans_set(&m->gone, page, page + n, m->now);
        if (r < 0)
            return r;
        m->nr_reclaimed += n;
    }
    a->result->tried += n * DRCL_SIM_PAGE;
    a->result->reclaimed += n * DRCL_SIM_PAGE;
    return 0;
}

/* Acts on a piece as far as the limits allow. Returns the number of pages that are done, or a negative errno. */
static int64_t act(struct attempt *a, uint64_t page, const struct piece *piece)
{
    const struct damon_reclaim_request *request = a->request;
    const struct drcl_page facts = {.anon = piece->anon, .young = piece->young, .size = DRCL_SIM_PAGE};
    uint64_t page_ns = a->m->config.check_ns, n = piece->end - page;
    bool passes, takes;
    int r;

    if (piece->absent) {
        uint64_t steps = least((n + SKIP_PAGES - 1) / SKIP_PAGES, pages_in_time(a, page_ns));

        n = least(n, steps * SKIP_PAGES);
        a->cost += steps * page_ns;
        a->result->absent += n * DRCL_SIM_PAGE;
        return (int64_t)n;
    }
    passes = drcl_page_filter_allows(request->filters, request->nr_filters, &facts);
    takes = passes && (!piece->young || a->own_young);
    if (takes) {
        n = least(n, (request->max_bytes - a->result->tried) / DRCL_SIM_PAGE);
        if (request->action == DAMON_RECLAIM_ACTION_PAGEOUT)
            page_ns += a->m->config.reclaim_ns;
    }
    n = least(n, pages_in_time(a, page_ns));
    r = takes && n ? take(a, page, n) : 0;
    if (r < 0)
        return r;
    a->cost += n * page_ns;
    a->result->filter_passed += passes ? n * DRCL_SIM_PAGE : 0;
    a->result->accessed += piece->young && !takes ? n * DRCL_SIM_PAGE : 0;
    return (int64_t)n;
}

static int walk(struct attempt *a, uint64_t *page, uint64_t end)
{
    while (*page < end && a->m->looks) { /* else the rest is for later: a dispatch must not take long */
        struct piece piece;
        int64_t n;
        int r;

        a->m->looks--;
        r = look(a, *page, end, &piece);
        if (r < 0)
            return r;
        n = act(a, *page, &piece);
        if (n < 0)
            return (int)n;
        *page += (uint64_t)n;
        if (*page < piece.end)
            break; /* a limit */
    }
    return 0;
}

/* The number of the first page that begins at or behind @address, at most that behind the last. */
static uint64_t page_from(const struct drcl_memory *m, uint64_t address)
{
    uint64_t page;

    if (address <= DRCL_SIM_BASE)
        return 0;
    page = (address - DRCL_SIM_BASE - 1) / DRCL_SIM_PAGE + 1;
    return least(page, m->model.nr_pages);
}

int drcl_memory_reclaim(struct drcl_memory *m, const struct damon_reclaim_request *request,
                        struct damon_reclaim_result *result)
{
    struct attempt a = {.m = m, .request = request, .result = result};
    uint64_t page = page_from(m, request->start), end = page_from(m, request->end);
    int r;

    if (end > 0 && DRCL_SIM_BASE + end * DRCL_SIM_PAGE > request->limit_end)
        end--; /* the last page ends behind what may be touched */
    for (size_t i = 0; i < request->nr_filters; i++)
        a.own_young |= request->filters[i].type == DAMON_RECLAIM_FILTER_YOUNG;
    r = walk(&a, &page, end);
    m->now += a.cost;
    m->reclaim_ns += a.cost;
    if (r < 0)
        return r;
    if (page < end)
        result->end = DRCL_SIM_BASE + page * DRCL_SIM_PAGE;
    return 0;
}
