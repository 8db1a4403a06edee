/* SPDX-License-Identifier: MIT */
#include "context.h"

void *damon_reclaim_get_userdata(const struct damon_reclaim *ctx)
{
    return ctx ? ctx->userdata : NULL;
}

void damon_reclaim_set_userdata(struct damon_reclaim *ctx, void *userdata)
{
    if (ctx)
        ctx->userdata = userdata;
}

const char *damon_reclaim_last_error(const struct damon_reclaim *ctx)
{
    return ctx ? ctx->env.error : "";
}

const char *damon_reclaim_last_culprit(const struct damon_reclaim *ctx)
{
    return ctx ? ctx->env.culprit : "";
}

const char *damon_reclaim_backend_name(const struct damon_reclaim *ctx)
{
    return ctx ? ctx->ops.name : NULL;
}

uint64_t damon_reclaim_now(const struct damon_reclaim *ctx)
{
    return ctx ? drcl_view_now(&ctx->view) : 0;
}
