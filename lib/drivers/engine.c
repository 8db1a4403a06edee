/* SPDX-License-Identifier: MIT */
/* The driver that works by itself: watermarks and sample ticks on the thread that dispatches. */
#include "apply.h"
#include "base/clock.h"
#include "lifecycle.h"
#include "targets.h"

#include <errno.h>
#include <string.h>

#include "base/system.h"
#include "engine/attrs.h"
#include "engine/engine.h"
#include "engine/errors.h"
#include "engine/scheme.h"

#define NS_PER_US UINT64_C(1000)

/* --- what is asked for ----------------------------------------------------------------------------------------- */

/* Whether this backend and this system can do what the set asks for. */
static int check_support(struct damon_reclaim *ctx, const struct damon_reclaim_params *p)
{
    if (p->skip_anon && !(ctx->ops.filters & (1u << DAMON_RECLAIM_FILTER_ANON)))
        return drcl_error(&ctx->env, -EOPNOTSUPP, "skip_anon: the backend %s cannot tell which pages are anonymous",
                          ctx->ops.name);
    if (p->monitor_region_end && !(ctx->ops.features & DAMON_RECLAIM_BACKEND_WHOLE))
        return drcl_error(&ctx->env, -EOPNOTSUPP,
                          "monitor_region_start, monitor_region_end: the backend %s watches targets, not one range of "
                          "addresses; give the ranges with the targets",
                          ctx->ops.name);
    if (p->monitor_region_end && ctx->nr_targets && !ctx->whole)
        return drcl_error(&ctx->env, -EOPNOTSUPP,
                          "monitor_region_start, monitor_region_end: there are targets; give the ranges with them");
    return 0;
}

static int check(struct damon_reclaim *ctx, const struct damon_reclaim_params *p)
{
    struct drcl_attrs attrs = drcl_attrs_of(p);
    int r = check_support(ctx, p);

    if (r == 0 && drcl_engine_reserve(&ctx->engine, &attrs) < 0)
        r = drcl_error(&ctx->env, -ENOMEM, "max_nr_regions: no memory for %u regions", attrs.max_nr_regions);
    return r;
}

/* --- watermarks ------------------------------------------------------------------------------------------------ */

/* While active they are looked at once an aggregation. */
static int check_watermarks(struct damon_reclaim *ctx)
{
    enum damon_reclaim_reason reason = DAMON_RECLAIM_REASON_REQUESTED;
    struct damon_reclaim_metrics metrics;
    uint64_t now = damon_reclaim_now(ctx), aggr_ns = ctx->engine.attrs.aggr_us * NS_PER_US;
    bool was_active = ctx->state == DAMON_RECLAIM_STATE_ACTIVE, active;
    int r = drcl_context_metrics(ctx, false, &metrics);

    if (r < 0 && ctx->state == DAMON_RECLAIM_STATE_DISABLED)
        return drcl_error(&ctx->env, r, "watermarks: free memory is not known: %s", strerror(-r));
    if (r < 0) { /* stay as it is, and try again */
        drcl_log(&ctx->env, DAMON_RECLAIM_LOG_WARNING, "watermarks: free memory is not known: %s", strerror(-r));
        ctx->next_wmark_ns = now + drcl_watermark_period(ctx, was_active, aggr_ns);
        return 0;
    }
    active = drcl_schemes_check_watermarks(&ctx->engine, metrics.free_permille, &reason);
    ctx->next_wmark_ns = now + drcl_watermark_period(ctx, active, aggr_ns);
    if (active && !was_active) {
        drcl_engine_resume(&ctx->engine);
        ctx->next_ns = now + ctx->engine.attrs.sample_us * NS_PER_US;
    }
    /* Why it is active does not change as long as it is. */
    if (!active || !was_active)
        drcl_set_state(ctx, active ? DAMON_RECLAIM_STATE_ACTIVE : DAMON_RECLAIM_STATE_INACTIVE, reason,
                       metrics.free_permille);
    return 0;
}

/* --- the work -------------------------------------------------------------------------------------------------- */

static uint64_t due(const struct damon_reclaim *ctx)
{
    if (ctx->state == DAMON_RECLAIM_STATE_ACTIVE && ctx->next_ns < ctx->next_wmark_ns)
        return ctx->next_ns;
    return ctx->next_wmark_ns;
}

static uint64_t cpu_now(const struct damon_reclaim *ctx)
{
    return drcl_clock(&ctx->env, CLOCK_THREAD_CPUTIME_ID);
}

static uint64_t without(uint64_t whole, uint64_t part)
{
    return whole > part ? whole - part : 0;
}

/* One sample tick, with its cost. */
static void tick(struct damon_reclaim *ctx, uint64_t now)
{
    struct drcl_engine *engine = &ctx->engine;
    uint64_t cpu = cpu_now(ctx), reclaim_ns = engine->reclaim_ns, reclaim_cpu_ns = engine->reclaim_cpu_ns;
    uint64_t end, interval;

    drcl_engine_tick(engine);
    end = damon_reclaim_now(ctx);
    ctx->monitor_ns += without(drcl_elapsed(now, end), engine->reclaim_ns - reclaim_ns);
    ctx->monitor_cpu_ns += without(drcl_elapsed(cpu, cpu_now(ctx)), engine->reclaim_cpu_ns - reclaim_cpu_ns);
    /* A beat, as long as the work keeps up with it; else a whole interval of rest. */
    interval = engine->attrs.sample_us * NS_PER_US;
    ctx->next_ns += interval;
    if (ctx->next_ns <= end)
        ctx->next_ns = end + interval;
}

/* Puts the backend's error @r into words. */
static int failed(struct damon_reclaim *ctx, int r)
{
    if (r < 0 && !ctx->built_in) /* a backend of ours has said why */
        drcl_error(&ctx->env, r, "backend %s: failed: %s", ctx->ops.name, strerror(-r));
    return r;
}

/* What is due now. */
static int work(struct damon_reclaim *ctx)
{
    uint64_t now;
    int r = 0;

    if (ctx->virtual_clock && due(ctx) > damon_reclaim_now(ctx))
        r = ctx->ops.advance(ctx->backend, due(ctx));
    if (r == -EINTR || r == -ENOMEM) /* passing; what is due by now is done */
        r = 0;
    if (r < 0)
        return failed(ctx, r);
    now = damon_reclaim_now(ctx);
    drcl_check_pids(ctx, now);
    if (now >= ctx->next_wmark_ns && !ctx->disable_soon)
        check_watermarks(ctx);
    if (ctx->state == DAMON_RECLAIM_STATE_ACTIVE && now >= ctx->next_ns && !ctx->engine.halt)
        tick(ctx, now);
    return failed(ctx, drcl_engine_take_error(&ctx->engine));
}

/* --- the switch ------------------------------------------------------------------------------------------------ */

static int start(struct damon_reclaim *ctx)
{
    int r = drcl_check_physical(ctx);

    if (r < 0)
        return r;
    if (ctx->ops.enable) {
        r = ctx->ops.enable(ctx->backend);
        if (r < 0) /* a backend of ours has said why */
            return ctx->built_in
                       ? r
                       : drcl_error(&ctx->env, r, "enabled: the backend %s refuses: %s", ctx->ops.name, strerror(-r));
    }
    ctx->backend_enabled = true;
    drcl_apply_params(ctx);
    ctx->worker = drcl_system_gettid();
    ctx->next_ns = ctx->next_wmark_ns = 0;
    r = check_watermarks(ctx);
    return r < 0 ? r : failed(ctx, drcl_engine_take_error(&ctx->engine));
}

static int stop(struct damon_reclaim *ctx)
{
    if (ctx->backend_enabled && ctx->ops.disable)
        ctx->ops.disable(ctx->backend);
    ctx->backend_enabled = false;
    drcl_engine_forget(&ctx->engine);
    return 0;
}

static int commit(struct damon_reclaim *ctx)
{
    int r = drcl_check_physical(ctx);

    if (r < 0)
        return r;
    drcl_apply_params(ctx);
    ctx->next_wmark_ns = 0; /* the watermarks may be others now */
    return 0;
}

/* A new scheme finds out at once whether it is active. */
static int changed(struct damon_reclaim *ctx, enum drcl_change what)
{
    if (what == DRCL_CHANGE_TARGETS)
        return drcl_check_physical(ctx);
    if (what == DRCL_CHANGE_SCHEMES)
        ctx->next_wmark_ns = 0;
    return 0;
}

static pid_t worker(const struct damon_reclaim *ctx)
{
    return ctx->worker;
}

const struct drcl_driver drcl_engine_driver = {
    .check = check,
    .start = start,
    .stop = stop,
    .commit = commit,
    .changed = changed,
    .due = due,
    .work = work,
    .worker = worker,
};
