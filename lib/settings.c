/* SPDX-License-Identifier: MIT */
/* Parameters of a context: staging, checking, committing. */
#include "settings.h"

#include <errno.h>

#include "drivers/apply.h"
#include "handle.h"
#include "lifecycle.h"
#include "targets.h"
#include "params/check.h"
#include "params/table.h"
#include "base/structs.h"
#include "sys/psi.h"

/* --- staging -------------------------------------------------------------------------------------------------- */

int damon_reclaim_set_params(struct damon_reclaim *ctx, const struct damon_reclaim_params *params)
{
    char why[DRCL_ERROR_SIZE] = "";
    struct damon_reclaim_params copy;
    int r;

    if (!ctx)
        return -EINVAL;
    copy = ctx->staged; /* what an older program does not have stays as it is */
    r = drcl_struct_take(&ctx->env, "params", &copy, sizeof(copy), params);
    if (r < 0)
        return r;
    r = drcl_params_check_ranges(&copy, &(struct drcl_error_text){why, sizeof(why)});
    if (r < 0)
        return drcl_refuse(&ctx->env, r, "%s", why);
    ctx->staged = copy;
    return 0;
}

int damon_reclaim_get_params(struct damon_reclaim *ctx, struct damon_reclaim_params *params)
{
    if (!ctx)
        return -EINVAL;
    return drcl_struct_give(&ctx->env, "params", params, &ctx->staged, sizeof(ctx->staged));
}

int damon_reclaim_get_active_params(struct damon_reclaim *ctx, struct damon_reclaim_params *params)
{
    struct damon_reclaim_params active;

    if (!ctx)
        return -EINVAL;
    active = ctx->view.active;
    if (ctx->engine.attrs.autotune) {
        active.sample_interval = ctx->engine.attrs.sample_us;
        active.aggr_interval = ctx->engine.attrs.aggr_us;
    }
    return drcl_struct_give(&ctx->env, "params", params, &active, sizeof(active));
}

/* --- committing ---------------------------------------------------------------------------------------------- */

/* Whether the memory pressure that the quota is to be tuned to is measured. */
static int check_pressure(struct damon_reclaim *ctx)
{
    struct damon_reclaim_metrics metrics = {.size = sizeof(metrics)};
    struct drcl_quiet quiet;
    uint64_t us;
    int r;

    if (!ctx->staged.quota_mem_pressure_us)
        return 0;
    if (ctx->ops.metrics) {
        r = ctx->ops.metrics(ctx->view.backend, &metrics);
        return r == 0 && metrics.psi_valid
                   ? 0
                   : drcl_refuse(&ctx->env, -EOPNOTSUPP,
                                 "quota_mem_pressure_us: the backend %s does not measure memory pressure",
                                 ctx->ops.name);
    }
    drcl_quiet_begin(&ctx->env, &quiet);
    r = drcl_psi_some_us(&ctx->env, &us);
    drcl_quiet_end(&ctx->env, &quiet);
    return r < 0 ? drcl_refuse(&ctx->env, -EOPNOTSUPP, "quota_mem_pressure_us: %s", quiet.error) : 0;
}

int drcl_check_staged(struct damon_reclaim *ctx)
{
    char why[DRCL_ERROR_SIZE] = "";
    int r = drcl_params_check(&ctx->staged, &(struct drcl_error_text){why, sizeof(why)});

    if (r < 0)
        return drcl_refuse(&ctx->env, r, "%s", why);
    r = check_pressure(ctx);
    return r < 0 ? r : ctx->driver->check(&ctx->view, &ctx->staged);
}

static bool has_tiny_quota(const struct damon_reclaim *ctx, const struct damon_reclaim_params *p)
{
    return p->quota_sz && p->quota_sz < ctx->ops.min_region_size;
}

static bool has_long_rounds(const struct damon_reclaim_params *p)
{
    return (p->quota_ms || p->quota_sz) && p->aggr_interval / 1000 > p->quota_reset_interval_ms;
}

void drcl_warn_of_params(struct damon_reclaim *ctx, const struct damon_reclaim_params *old)
{
    const struct damon_reclaim_params *p = &ctx->view.active;

    if (has_tiny_quota(ctx, p) && !(old && has_tiny_quota(ctx, old)))
        drcl_log(&ctx->env, DAMON_RECLAIM_LOG_WARNING,
                 "quota_sz: %llu is less than a page of %u bytes, so that nothing is reclaimed; raise it, or set 0 for "
                 "no limit",
                 (unsigned long long)p->quota_sz, ctx->ops.min_region_size);
    if (has_long_rounds(p) && !(old && has_long_rounds(old)))
        drcl_log(
            &ctx->env, DAMON_RECLAIM_LOG_WARNING,
            "aggr_interval: %llu us is longer than quota_reset_interval_ms, %llu ms: of the quota of all windows in "
            "an aggregation, one is used; make the window longer and the quota larger, or the aggregation shorter",
            (unsigned long long)p->aggr_interval, (unsigned long long)p->quota_reset_interval_ms);
}

/* Puts the staged set, which could run, into effect; when that fails the old one goes on. */
static int take_staged(struct damon_reclaim *ctx)
{
    const struct damon_reclaim_params old = ctx->view.active;
    bool enabled = ctx->view.state != DAMON_RECLAIM_STATE_DISABLED;
    int r = 0;

    ctx->view.active = ctx->staged;
    if (!enabled)
        return 0;
    if (drcl_watches_whole(&ctx->view))
        r = drcl_add_whole(ctx);
    if (r == 0)
        r = ctx->driver->commit(&ctx->view);
    if (r < 0) {
        ctx->view.active = old;
        if (drcl_watches_whole(&ctx->view))
            drcl_add_whole(ctx);
        drcl_apply_params(&ctx->view);
        return r;
    }
    drcl_warn_of_params(ctx, &old);
    return ctx->view.phase == DRCL_PHASE_WORKING ? 0 : drcl_arm(ctx);
}

int damon_reclaim_commit(struct damon_reclaim *ctx)
{
    int r;

    if (!ctx)
        return -EINVAL;
    r = drcl_check_process(ctx);
    if (r < 0)
        return r;
    drcl_hold(ctx);
    r = drcl_check_staged(ctx);
    if (r == 0)
        r = take_staged(ctx);
    if (r < 0 && !(ctx->flags & DAMON_RECLAIM_KEEP_ON_INVALID))
        drcl_disable(ctx, DAMON_RECLAIM_REASON_INVALID_PARAMETERS);
    drcl_release(ctx);
    return r;
}
