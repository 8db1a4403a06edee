/* SPDX-License-Identifier: MIT */
/* The driver: start, commit, stop. What goes on in between is in work.c. */
#include "drivers/damon/damon.h"

#include <errno.h>
#include <string.h>

#include "engine/attrs.h"
#include "engine/engine.h"
#include "engine/errors.h"
#include "engine/scheme.h"
#include "engine/target.h"

/* --- watermarks --------------------------------------------------------------------------------------------------- */

static uint32_t active_schemes(const struct damon_reclaim *ctx)
{
    uint32_t active = 0;

    for (size_t i = 0; i < ctx->engine.nr_schemes; i++)
        active |= (uint32_t)ctx->engine.schemes[i]->active << i;
    return active;
}

/* The kernel looks at its watermarks by itself; what it sees there, we see in meminfo. If it has none, the schemes that
 * are to sleep are taken out of its directories. */
int drcl_damon_check_watermarks(struct damon_reclaim *ctx, struct drcl_damon *d, uint64_t now)
{
    enum damon_reclaim_reason reason = DAMON_RECLAIM_REASON_REQUESTED;
    bool was_active = ctx->state == DAMON_RECLAIM_STATE_ACTIVE, active;
    uint32_t before = active_schemes(ctx);
    struct damon_reclaim_metrics metrics;
    int r = drcl_context_metrics(ctx, false, &metrics);

    d->next_wmark_ns = now + drcl_watermark_period(ctx, true, DRCL_DAMON_POLL_NS);
    if (r < 0 && ctx->state == DAMON_RECLAIM_STATE_DISABLED)
        return r;
    if (r < 0)
        return 0; /* stay as it is, and try again */
    active = drcl_schemes_check_watermarks(&ctx->engine, metrics.free_permille, &reason);
    d->next_wmark_ns = now + drcl_watermark_period(ctx, active, DRCL_DAMON_POLL_NS);
    if (d->own_watermarks && active_schemes(ctx) != before) {
        d->stale_tree = true;
        d->next_poll_ns = now;
    }
    if (!active || !was_active) {
        d->last_poll_ns = now;
        d->seen_working = false;
        drcl_set_state(ctx, active ? DAMON_RECLAIM_STATE_ACTIVE : DAMON_RECLAIM_STATE_INACTIVE, reason,
                       metrics.free_permille);
    }
    return 0;
}

/* --- the switch ----------------------------------------------------------------------------------------------------
 */

static int check(struct damon_reclaim *ctx, const struct damon_reclaim_params *p)
{
    const struct drcl_damon *d = ctx->backend;
    struct drcl_attrs attrs = drcl_attrs_of(p);

    if (ctx->callbacks.before_reclaim && !d->monitor_only)
        return drcl_error(&ctx->env, -EOPNOTSUPP,
                          "callbacks.before_reclaim: with the backend damon the kernel reclaims, and cannot "
                          "call it; leave it out, use filters, or DAMON_RECLAIM_DAMON_MONITOR_ONLY");
    if (p->monitor_region_end && d->nr_targets && d->targets[0].id)
        return drcl_error(&ctx->env, -EOPNOTSUPP,
                          "monitor_region_start, monitor_region_end: there are targets; give the "
                          "ranges with them");
    if (drcl_engine_reserve(&ctx->engine, &attrs) < 0)
        return drcl_error(&ctx->env, -ENOMEM, "max_nr_regions: no memory for %u regions", attrs.max_nr_regions);
    return 0;
}

/* What is asked for, with the ranges that are there, in the engine's structures. */
static int lay_down(struct damon_reclaim *ctx)
{
    drcl_apply_params(ctx);
    ctx->engine.halt = ctx->in_dispatch && ctx->engine.halt;
    drcl_engine_update_targets(&ctx->engine);
    return drcl_engine_take_error(&ctx->engine);
}

static int start(struct damon_reclaim *ctx)
{
    struct drcl_damon *d = ctx->backend;
    uint64_t now = damon_reclaim_now(ctx);
    enum damon_reclaim_reason reason;
    struct damon_reclaim_metrics metrics;
    int r;

    ctx->engine.halt = false;
    drcl_engine_take_error(&ctx->engine);
    r = lay_down(ctx);
    if (r == 0)
        r = drcl_damon_check(ctx, d);
    if (r == 0)
        r = drcl_damon_own(d);
    if (r < 0)
        return r;
    ctx->backend_enabled = true;
    drcl_damon_open_commands(d);
    d->own_watermarks = d->monitor_only; /* the engine's schemes are ours to put to sleep */
    d->paused = d->acting = false;
    d->snapshot_ns = 0;
    d->nr_written = d->nr_polls = d->bad_polls = 0;
    d->goals_dirty = false;
    d->next_poll_ns = now + DRCL_DAMON_POLL_NS;
    d->next_regions_ns = 0;
    d->last_poll_ns = now;
    d->aggregation_ns = 0;
    /* Which schemes are active decides what the kernel gets; it is told when that is what it does. */
    r = drcl_context_metrics(ctx, false, &metrics);
    if (r < 0)
        return r;
    drcl_schemes_check_watermarks(&ctx->engine, metrics.free_permille, &reason);
    r = drcl_damon_apply(ctx, d);
    return r < 0 ? r : drcl_damon_check_watermarks(ctx, d, now);
}

static int stop(struct damon_reclaim *ctx)
{
    struct drcl_damon *d = ctx->backend;
    int r;

    if (ctx->backend_enabled)
        drcl_damon_read_last_stats(ctx, d);
    ctx->backend_enabled = d->running = d->reading = false;
    d->step = NULL;
    r = drcl_damon_disown(d);
    drcl_damon_close_commands(d);
    drcl_engine_forget(&ctx->engine);
    drcl_damon_forget_pages(d);
    return r;
}

static int commit(struct damon_reclaim *ctx)
{
    struct drcl_damon *d = ctx->backend;
    int r = lay_down(ctx);

    if (r == 0)
        r = drcl_damon_apply(ctx, d);
    d->next_wmark_ns = 0;
    return r;
}

static int changed(struct damon_reclaim *ctx, enum drcl_change what)
{
    struct drcl_damon *d = ctx->backend;
    int r;

    if (what == DRCL_CHANGE_GOALS) {
        d->goals_dirty = true;
        return 0;
    }
    d->next_poll_ns = 0; /* should anything be left to do */
    if (what == DRCL_CHANGE_SCHEMES)
        d->next_wmark_ns = 0;
    if (ctx->in_dispatch) { /* at the end of the step that is running */
        r = drcl_damon_check(ctx, d);
        d->stale_tree |= r == 0;
        return r;
    }
    drcl_engine_update_targets(&ctx->engine);
    r = drcl_engine_take_error(&ctx->engine);
    return r < 0 ? r : drcl_damon_apply(ctx, d);
}

static pid_t worker(const struct damon_reclaim *ctx)
{
    const struct drcl_damon *d = ctx->backend;

    return d->running && d->kdamond ? d->kdamond : -1;
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
