/* SPDX-License-Identifier: MIT */
#include "context.h"

#include "sys/meminfo.h"
#include "sys/psi.h"

void *damon_reclaim_get_userdata(const struct damon_reclaim *ctx)
{
    return ctx->userdata;
}

void damon_reclaim_set_userdata(struct damon_reclaim *ctx, void *userdata)
{
    ctx->userdata = userdata;
}

const char *damon_reclaim_last_error(const struct damon_reclaim *ctx)
{
    return ctx ? ctx->env.error : "";
}

const char *damon_reclaim_backend_name(const struct damon_reclaim *ctx)
{
    return ctx->ops.name;
}

uint64_t damon_reclaim_now(const struct damon_reclaim *ctx)
{
    return ctx->virtual_clock ? ctx->ops.now(ctx->backend) : drcl_clock(&ctx->env, CLOCK_MONOTONIC);
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
