/* SPDX-License-Identifier: MIT */
/* The loop: what is due when, and the engine's view of the world. */
#include "context.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "sys/meminfo.h"
#include "sys/psi.h"
#include "system.h"

#define NS_PER_US UINT64_C(1000)
#define PID_INTERVAL_NS UINT64_C(1000000000) /* how often it is looked whether processes have exited */

/* --- the engine's host ---------------------------------------------------------------------------------------- */

static uint64_t host_now(void *data)
{
    return damon_reclaim_now(data);
}

static uint64_t host_cpu_now(void *data)
{
    struct damon_reclaim *ctx = data;

    return drcl_clock(&ctx->env, CLOCK_THREAD_CPUTIME_ID);
}

static int host_metrics(void *data, struct damon_reclaim_metrics *ret_metrics)
{
    return drcl_context_metrics(data, true, ret_metrics);
}

static void host_aggregated(void *data)
{
    struct damon_reclaim *ctx = data;

    if (ctx->callbacks.after_aggregation)
        ctx->callbacks.after_aggregation(ctx, ctx->userdata);
}

static bool host_before(void *data, uint32_t scheme, const struct damon_reclaim_region *region)
{
    struct damon_reclaim *ctx = data;

    return !ctx->callbacks.before_reclaim || ctx->callbacks.before_reclaim(ctx, scheme, region, ctx->userdata);
}

static void host_after(void *data, uint32_t scheme, const struct damon_reclaim_region *region,
                       const struct damon_reclaim_result *result)
{
    struct damon_reclaim *ctx = data;

    if (ctx->callbacks.after_reclaim)
        ctx->callbacks.after_reclaim(ctx, scheme, region, result, ctx->userdata);
}

static void host_vanished(void *data, uint32_t target)
{
    drcl_target_vanished(data, target);
}

const struct drcl_host drcl_context_host = {
    .now = host_now,
    .cpu_now = host_cpu_now,
    .metrics = host_metrics,
    .aggregated = host_aggregated,
    .before = host_before,
    .after = host_after,
    .vanished = host_vanished,
};

/* --- watermarks ------------------------------------------------------------------------------------------------ */

int drcl_context_metrics(struct damon_reclaim *ctx, bool psi, struct damon_reclaim_metrics *ret)
{
    int r;

    *ret = (struct damon_reclaim_metrics){ .size = sizeof(*ret) };
    if (ctx->ops.metrics)
        return ctx->ops.metrics(ctx->backend, ret);
    r = drcl_meminfo_free_permille(&ctx->env, &ret->free_permille);
    if (r == 0 && psi)
        ret->psi_valid = drcl_psi_some_us(&ctx->env, &ret->psi_some_us) == 0;
    return r;
}

/* While active the watermarks are looked at once an aggregation, else once a wmarks_interval, the shortest of all schemes. */
static uint64_t watermark_period(const struct damon_reclaim *ctx, bool active)
{
    uint64_t us = UINT64_MAX;

    for (size_t i = 0; i < DRCL_MAX_SCHEMES; i++) {
        const struct drcl_scheme *scheme = &ctx->engine.schemes[i];

        if (scheme->used && scheme->config.watermarks.interval_us && scheme->config.watermarks.interval_us < us)
            us = scheme->config.watermarks.interval_us;
    }
    if (active && ctx->engine.attrs.aggr_us < us)
        us = ctx->engine.attrs.aggr_us;
    return us * NS_PER_US;
}

int drcl_check_watermarks(struct damon_reclaim *ctx)
{
    enum damon_reclaim_reason reason = DAMON_RECLAIM_REASON_REQUESTED;
    struct damon_reclaim_metrics metrics;
    uint64_t now = damon_reclaim_now(ctx);
    bool was_active = ctx->state == DAMON_RECLAIM_STATE_ACTIVE, active;
    int r = drcl_context_metrics(ctx, false, &metrics);

    if (r < 0 && ctx->state == DAMON_RECLAIM_STATE_DISABLED)
        return drcl_error(&ctx->env, r, "watermarks: free memory is not known: %s", strerror(-r));
    if (r < 0) { /* stay as it is, and try again */
        drcl_log(&ctx->env, DAMON_RECLAIM_LOG_WARNING, "watermarks: free memory is not known: %s", strerror(-r));
        ctx->next_wmark_ns = now + watermark_period(ctx, was_active);
        return 0;
    }
    active = drcl_schemes_check_watermarks(&ctx->engine, metrics.free_permille, &reason);
    ctx->next_wmark_ns = now + watermark_period(ctx, active);
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

/* --- dispatch -------------------------------------------------------------------------------------------------- */

static uint64_t due(const struct damon_reclaim *ctx)
{
    if (ctx->state == DAMON_RECLAIM_STATE_ACTIVE && ctx->next_ns < ctx->next_wmark_ns)
        return ctx->next_ns;
    return ctx->next_wmark_ns;
}

int drcl_arm(struct damon_reclaim *ctx)
{
    uint64_t when = 0;
    int r;

    if (ctx->state != DAMON_RECLAIM_STATE_DISABLED)
        when = ctx->virtual_clock || !due(ctx) ? 1 : due(ctx); /* 1: long ago, so at once */
    if (when == 1 && ctx->armed_ns == when) /* a virtual clock: it has gone off already */
        return 0;
    ctx->armed_ns = when;
    r = ctx->env.sys.timer_set(ctx->env.system_data, ctx->timer_fd, when);
    return r < 0 ? drcl_error(&ctx->env, r, "timer: cannot be set: %s", strerror(-r)) : 0;
}

void drcl_disarm(struct damon_reclaim *ctx)
{
    ctx->armed_ns = 0;
    ctx->env.sys.timer_set(ctx->env.system_data, ctx->timer_fd, 0);
}

/* One sample tick, with its cost. */
static void tick(struct damon_reclaim *ctx, uint64_t now)
{
    struct drcl_engine *engine = &ctx->engine;
    uint64_t cpu = host_cpu_now(ctx), reclaim_ns = engine->reclaim_ns, reclaim_cpu_ns = engine->reclaim_cpu_ns;
    uint64_t end, interval;

    drcl_engine_tick(engine);
    end = damon_reclaim_now(ctx);
    ctx->monitor_ns += (end - now) - (engine->reclaim_ns - reclaim_ns);
    ctx->monitor_cpu_ns += (host_cpu_now(ctx) - cpu) - (engine->reclaim_cpu_ns - reclaim_cpu_ns);
    /* A beat, as long as the work keeps up with it; else a whole interval of rest. */
    interval = engine->attrs.sample_us * NS_PER_US;
    ctx->next_ns += interval;
    if (ctx->next_ns <= end)
        ctx->next_ns = end + interval;
}

int drcl_backend_error(struct damon_reclaim *ctx)
{
    int r = ctx->engine.failed;

    ctx->engine.failed = 0;
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
    if (r < 0)
        ctx->engine.failed = r;
    now = damon_reclaim_now(ctx);
    if (r == 0 && now >= ctx->next_pid_ns) {
        ctx->next_pid_ns = now + PID_INTERVAL_NS;
        drcl_check_pids(ctx);
    }
    if (r == 0 && now >= ctx->next_wmark_ns && !ctx->disable_soon)
        drcl_check_watermarks(ctx);
    if (r == 0 && ctx->state == DAMON_RECLAIM_STATE_ACTIVE && now >= ctx->next_ns && !ctx->engine.halt)
        tick(ctx, now);
    r = drcl_backend_error(ctx);
    if (r < 0)
        drcl_disable(ctx, DAMON_RECLAIM_REASON_BACKEND);
    return r;
}

int damon_reclaim_dispatch(struct damon_reclaim *ctx)
{
    int r, armed;

    if (!ctx)
        return -EINVAL;
    if (ctx->in_dispatch)
        return drcl_error(&ctx->env, -EBUSY, "dispatch: is running; do not call it from a callback");
    if (ctx->state == DAMON_RECLAIM_STATE_DISABLED)
        return drcl_arm(ctx);
    drcl_hold(ctx);
    ctx->in_dispatch = true;
    ctx->worker = drcl_system_gettid();
    r = work(ctx);
    ctx->in_dispatch = false;
    if (ctx->disable_soon)
        drcl_finish_disable(ctx);
    armed = drcl_arm(ctx);
    drcl_release(ctx);
    return r < 0 ? r : armed;
}

int damon_reclaim_get_fd(const struct damon_reclaim *ctx)
{
    return ctx ? ctx->timer_fd : -EINVAL;
}

static int wait_for_work(struct damon_reclaim *ctx)
{
    struct pollfd p = { .fd = ctx->timer_fd, .events = POLLIN };
    int r;

    if (ctx->virtual_clock)
        return 0;
    r = ctx->env.sys.poll(ctx->env.system_data, &p, 1, -1);
    if (r < 0 && r != -EINTR)
        return drcl_error(&ctx->env, r, "run: cannot wait: %s", strerror(-r));
    return 0;
}

int damon_reclaim_run(struct damon_reclaim *ctx)
{
    int r = 0;

    if (!ctx)
        return -EINVAL;
    if (ctx->in_dispatch)
        return drcl_error(&ctx->env, -EBUSY, "run: a dispatch is running; do not call it from a callback");
    drcl_hold(ctx);
    /* The timer is armed before the flag is looked at: a stop that comes in between finds the timer to wake us by. */
    while (r == 0 && !atomic_load(&ctx->stop) && ctx->state != DAMON_RECLAIM_STATE_DISABLED) {
        r = wait_for_work(ctx);
        if (r == 0 && !atomic_load(&ctx->stop))
            r = damon_reclaim_dispatch(ctx);
    }
    atomic_store(&ctx->stop, false);
    drcl_release(ctx);
    return r;
}

void damon_reclaim_stop(struct damon_reclaim *ctx)
{
    if (!ctx)
        return;
    atomic_store(&ctx->stop, true);
    ctx->env.sys.timer_set(ctx->env.system_data, ctx->timer_fd, 1);
}
