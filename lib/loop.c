/* SPDX-License-Identifier: MIT */
/* The loop, and the engine's view of the world. */
#include "context.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "sys/meminfo.h"
#include "sys/psi.h"
#include "base/system.h"

#define NS_PER_US UINT64_C(1000)

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

/* --- the system ----------------------------------------------------------------------------------------------- */

uint64_t drcl_watermark_period(const struct damon_reclaim *ctx, bool active, uint64_t most_ns)
{
    uint64_t ns = UINT64_MAX;

    for (size_t i = 0; i < ctx->engine.nr_schemes; i++) {
        const struct drcl_scheme *scheme = ctx->engine.schemes[i];
        uint64_t interval = scheme->config.watermarks.interval_us * NS_PER_US;

        if (scheme->used && interval && interval < ns)
            ns = interval;
    }
    return active && ns > most_ns ? most_ns : ns;
}

int drcl_context_metrics(struct damon_reclaim *ctx, bool psi, struct damon_reclaim_metrics *ret)
{
    int r;

    *ret = (struct damon_reclaim_metrics){.size = sizeof(*ret)};
    if (ctx->ops.metrics)
        return ctx->ops.metrics(ctx->backend, ret);
    r = drcl_meminfo_free_permille(&ctx->env, &ret->free_permille);
    if (r == 0 && psi)
        ret->psi_valid = drcl_psi_some_us(&ctx->env, &ret->psi_some_us) == 0;
    return r;
}

/* --- dispatch -------------------------------------------------------------------------------------------------- */

int drcl_arm(struct damon_reclaim *ctx)
{
    uint64_t when = 0;
    int r;

    if (ctx->state != DAMON_RECLAIM_STATE_DISABLED)
        when = ctx->virtual_clock || !ctx->driver->due(ctx) ? 1 : ctx->driver->due(ctx); /* 1: long ago, so at once */
    if (when == 1 && ctx->armed_ns == when) /* a virtual clock: it has gone off already */
        return 0;
    r = ctx->env.sys.timer_set(ctx->env.system_data, ctx->timer_fd, when);
    ctx->armed_ns = r < 0 ? 0 : when;
    return r < 0 ? drcl_error(&ctx->env, r, "timer: cannot be set: %s", strerror(-r)) : 0;
}

void drcl_disarm(struct damon_reclaim *ctx)
{
    ctx->armed_ns = 0;
    ctx->env.sys.timer_set(ctx->env.system_data, ctx->timer_fd, 0);
}

int damon_reclaim_dispatch(struct damon_reclaim *ctx)
{
    int r, armed, end = 0;

    if (!ctx)
        return -EINVAL;
    if (ctx->in_dispatch || ctx->in_callback || ctx->starting)
        return drcl_error(&ctx->env, -EBUSY, "dispatch: is running; do not call it from a callback");
    if (ctx->state == DAMON_RECLAIM_STATE_DISABLED)
        return drcl_arm(ctx);
    drcl_hold(ctx);
    ctx->in_dispatch = true;
    ctx->worker = drcl_system_gettid();
    r = ctx->driver->work(ctx);
    if (r < 0)
        drcl_disable(ctx, DAMON_RECLAIM_REASON_BACKEND);
    ctx->in_dispatch = false;
    if (ctx->disable_soon)
        end = drcl_finish_disable(ctx);
    armed = drcl_arm(ctx);
    drcl_release(ctx);
    return r < 0 ? r : end < 0 ? end : armed;
}

int damon_reclaim_get_fd(const struct damon_reclaim *ctx)
{
    return ctx ? ctx->timer_fd : -EINVAL;
}

static int wait_for_work(struct damon_reclaim *ctx)
{
    struct pollfd p = {.fd = ctx->timer_fd, .events = POLLIN};
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
    if (ctx->in_dispatch || ctx->in_callback || ctx->starting)
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
