/* SPDX-License-Identifier: MIT */
#include "host.h"

#include "targets.h"

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
    struct damon_reclaim *ctx = data;

    return drcl_view_metrics(&ctx->view, true, ret_metrics);
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

static void host_released(void *data, uint32_t scheme, uint32_t target, uint64_t bytes)
{
    struct damon_reclaim *ctx = data;

    if (ctx->callbacks.after_release)
        ctx->callbacks.after_release(ctx, scheme, target, bytes, ctx->userdata);
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
    .released = host_released,
    .vanished = host_vanished,
};
