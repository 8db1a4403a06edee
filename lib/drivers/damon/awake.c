/* SPDX-License-Identifier: MIT */
#include "drivers/damon/awake.h"

#define MARGIN 20 /* permille between free memory and a watermark, from which on the thread certainly works */

/* Whether free memory is so far from the watermarks that the kernel's thread cannot be asleep now. */
bool drcl_damon_is_awake(struct drcl_view *view, const struct drcl_damon *d)
{
    struct damon_reclaim_metrics metrics;

    if (d->own_watermarks)
        return true;
    if (drcl_view_metrics(view, false, &metrics) < 0)
        return false;
    for (size_t slot = 0; slot < d->nr_slots; slot++) {
        const struct damon_reclaim_watermarks *w = &d->slots[slot].watermarks;
        uint32_t scheme = d->slots[slot].scheme;

        if (!w->interval_us && !w->high && !w->mid && !w->low)
            return true;
        if (view->engine->schemes[scheme == DRCL_DAMON_MONITOR ? DAMON_RECLAIM_SCHEME_RECLAIM : scheme]->active &&
            (w->high >= 1000 || metrics.free_permille + MARGIN <= w->high) &&
            (!w->low || metrics.free_permille >= w->low + MARGIN))
            return true;
    }
    return false;
}

/* Whether the thread works. If it does, it answers soon. */
bool drcl_damon_is_working(struct drcl_view *view, const struct drcl_damon *d)
{
    if (d->thread != DRCL_DAMON_RUNNING)
        return false;
    if (d->own_watermarks)
        return true;
    return view->state == DAMON_RECLAIM_STATE_ACTIVE &&
           (d->refreshes || (d->seen_working && drcl_damon_is_awake(view, d)));
}
