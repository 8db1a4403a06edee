/* SPDX-License-Identifier: MIT */
/* The driver: start, commit, stop. What goes on in between is in work.c. */

#include "drivers/damon/driver.h"

#include <errno.h>
#include <string.h>

#include "drivers/damon/awake.h"
#include "drivers/damon/check.h"
#include "drivers/damon/command.h"
#include "drivers/damon/holder.h"
#include "drivers/damon/kdamond.h"
#include "drivers/damon/precise.h"
#include "drivers/damon/stats.h"
#include "drivers/damon/work.h"
#include "drivers/apply.h"
#include "engine/engine.h"
#include "engine/scheme.h"

/* --- the switch ----------------------------------------------------------------------------------------------------
 */

static int check(struct drcl_view *view, const struct damon_reclaim_params *p)
{
    const struct drcl_damon *d = view->backend;

    if (view->engine->host.has_before && !d->monitor_only)
        return drcl_refuse(view->env, -EOPNOTSUPP,
                           "callbacks.before_reclaim: with the backend damon the kernel reclaims, and cannot "
                           "call it; leave it out, use filters, or DAMON_RECLAIM_DAMON_MONITOR_ONLY");
    return drcl_reserve_params(view, p);
}

/* Gives the parameters to the engine, and finds the ranges that are there. */
static int lay_down(struct drcl_view *view)
{
    drcl_apply_params(view);
    view->engine->halt = view->phase == DRCL_PHASE_WORKING && view->engine->halt;
    return drcl_update_ranges(view);
}

static int start(struct drcl_view *view)
{
    struct drcl_damon *d = view->backend;
    uint64_t now = drcl_view_now(view);
    enum damon_reclaim_reason reason;
    struct damon_reclaim_metrics metrics;
    int r;

    view->engine->halt = false;
    drcl_take_failure(view);
    r = lay_down(view);
    if (r == 0)
        r = drcl_damon_check(view, d);
    if (r == 0)
        r = drcl_damon_hold_pages(d);
    if (r == 0)
        r = drcl_damon_take(d);
    if (r < 0)
        return r;
    drcl_damon_open_commands(d);
    d->own_watermarks = d->monitor_only; /* the engine's schemes are ours to put to sleep */
    d->thread = DRCL_DAMON_OFF;
    d->acting = false;
    d->snapshot_ns = 0;
    d->nr_written = d->nr_polls = d->bad_polls = 0;
    d->goals_dirty = false;
    d->next_poll_ns = now + DRCL_DAMON_POLL_NS;
    d->next_regions_ns = 0;
    d->last_poll_ns = now;
    d->aggregation_ns = 0;
    /* Which schemes are active decides what the kernel gets; it is told when that is what it does. */
    r = drcl_view_metrics(view, false, &metrics);
    if (r < 0)
        return r;
    drcl_schemes_check_watermarks(view->engine, metrics.free_permille, &reason);
    r = drcl_damon_apply(view, d);
    return r < 0 ? r : drcl_damon_check_watermarks(view, d, now);
}

static int stop(struct drcl_view *view)
{
    struct drcl_damon *d = view->backend;
    int r;

    if (d->holder.fd >= 0)
        drcl_damon_read_last_stats(view, d);
    d->thread = DRCL_DAMON_OFF;
    d->reading = false;
    d->poll.next = DRCL_DAMON_NO_POLL;
    r = drcl_damon_give_back(d);
    drcl_damon_close_commands(d);
    drcl_engine_forget(view->engine);
    drcl_damon_forget_pages(d);
    return r;
}

static int commit(struct drcl_view *view)
{
    struct drcl_damon *d = view->backend;
    int r = lay_down(view);

    if (r == 0)
        r = drcl_damon_apply(view, d);
    d->next_wmark_ns = 0;
    return r;
}

static int changed(struct drcl_view *view, enum drcl_change what)
{
    struct drcl_damon *d = view->backend;
    int r;

    if (what == DRCL_CHANGE_GOALS) {
        d->goals_dirty = true;
        return 0;
    }
    d->next_poll_ns = 0; /* in case there is still something to do */
    if (what == DRCL_CHANGE_SCHEMES)
        d->next_wmark_ns = 0;
    if (view->phase == DRCL_PHASE_WORKING) { /* at the end of the step that is running */
        r = drcl_damon_check(view, d);
        d->stale_tree |= r == 0;
        return r;
    }
    r = drcl_update_ranges(view);
    return r < 0 ? r : drcl_damon_apply(view, d);
}

static pid_t worker(const struct drcl_view *view)
{
    const struct drcl_damon *d = view->backend;

    return d->thread == DRCL_DAMON_RUNNING && d->kdamond ? d->kdamond : -1;
}

const struct drcl_driver drcl_damon_driver = {
    .check = check,
    .start = start,
    .stop = stop,
    .commit = commit,
    .changed = changed,
    .due = drcl_damon_due,
    .work = drcl_damon_work,
    .worker = worker,
};
