/* SPDX-License-Identifier: MIT */
#include "pages/walk.h"

/* The folio that begins with page @i of the batch. A run of tails without a head counts as one: it is what is left of a
 * huge page that begins elsewhere. */
static struct drcl_folio folio_at(const struct drcl_walk *w, size_t i)
{
    const struct drcl_batch *batch = w->batch;
    uint64_t addr = batch->start + ((uint64_t)i << DRCL_PAGE_SHIFT);
    const struct drcl_mark *mark = drcl_marks_find(&w->t->marks, addr);
    struct drcl_folio folio = {
        .addr = addr,
        .pages = 1,
        .flags = batch->flags[i],
        .young = !(batch->flags[i] & DRCL_FRAME_IDLE) || (mark && mark->touched),
        .memcg = batch->memcgs[i],
    };

    w->source->describe(w, i, &folio);
    if (!(folio.flags & (DRCL_KPF_COMPOUND_HEAD | DRCL_KPF_COMPOUND_TAIL)))
        return folio;
    for (size_t k = i + 1; k < batch->pages && (batch->flags[k] & DRCL_KPF_COMPOUND_TAIL); k++, folio.pages++)
        if (!w->source->add_tail(w, i, k, &folio))
            break;
    return folio;
}

/* 1: the folio is dealt with; 0: a limit is reached and it is left for next time; or an error. */
static int judge_folio(struct drcl_walk *w, const struct drcl_folio *folio)
{
    int verdict = drcl_attempt_judge(&w->a, folio, &w->count), r;

    if (verdict < 0)
        return verdict;
    if (verdict == DRCL_FILTERED || verdict == DRCL_HANDED_OVER)
        return 1;
    if (verdict == DRCL_GOES) {
        r = w->source->take(w, folio);
        if (r <= 0)
            return r;
    }
    w->count.filter_passed += drcl_folio_size(folio);
    return 1;
}

static int deal_with(struct drcl_walk *w, const struct drcl_folio *folio, bool too_long)
{
    bool is_rest = (folio->flags & DRCL_KPF_COMPOUND_TAIL) && folio->addr == w->a.request->start;

    if (folio->kind == DRCL_FOLIO_ABSENT) {
        w->count.absent += drcl_folio_size(folio);
    } else if (is_rest || too_long) {
        /* The rest of a huge page that the range before this one takes whole, or one that the range behind does. */
    } else if (folio->kind == DRCL_FOLIO_KERNEL) {
        w->count.not_reclaimable += drcl_folio_size(folio);
    } else {
        return judge_folio(w, folio);
    }
    return 1;
}

/* Deals with the folios that begin in the batch and before the end asked for. *ret_end is behind them. 1; 0 when a
 * limit is reached; or an error. */
static int judge_batch(struct drcl_walk *w, uint64_t *ret_end)
{
    int r = 1;

    *ret_end = w->batch->start;
    for (size_t i = 0; i < w->batch->pages && *ret_end < w->a.request->end;) {
        struct drcl_folio folio = folio_at(w, i);
        int end = w->source->find_end(w, &folio);

        if (end < 0)
            return end;
        if (end == DRCL_FOLIO_NEXT_BATCH)
            break;
        r = deal_with(w, &folio, end == DRCL_FOLIO_TOO_LONG);
        if (r <= 0)
            break;
        *ret_end = drcl_folio_end(&folio);
        i += folio.pages;
    }
    return r;
}

static int walk_batch(struct drcl_walk *w)
{
    uint64_t end;
    int r, judged;

    w->count = (struct damon_reclaim_result){0};
    r = w->source->load(w);
    if (r < 0)
        return r;
    judged = judge_batch(w, &end);
    return w->source->complete(w, judged, end);
}

int drcl_walk(struct drcl_walk *w)
{
    int r = 1;

    while (r > 0 && w->at < w->a.request->end && w->a.slice > 0) {
        r = w->source->skip(w);
        if (r > 0)
            r = walk_batch(w);
        else if (r == 0)
            r = 1;
        drcl_attempt_plan(&w->a);
    }
    return r < 0 ? r : 0;
}

void drcl_walk_settle(struct drcl_walk *w, uint64_t end)
{
    struct damon_reclaim_result *result = w->a.result;

    result->filter_passed += w->count.filter_passed;
    result->accessed += w->count.accessed;
    result->absent += w->count.absent;
    result->not_reclaimable += w->count.not_reclaimable;
    w->at = end;
}
