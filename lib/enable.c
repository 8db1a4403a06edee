/* SPDX-License-Identifier: MIT */
/* The switch. */
#include <errno.h>

#include "handle.h"
#include "lifecycle.h"
#include "settings.h"
#include "targets.h"

static int start(struct damon_reclaim *ctx)
{
    int r = 0;

    /* Who waits for targets to come does not mean all memory until then. */
    if ((ctx->ops.features & DAMON_RECLAIM_BACKEND_WHOLE) && !(ctx->flags & DAMON_RECLAIM_ALLOW_NO_TARGET))
        r = drcl_add_whole(ctx);
    if (r < 0)
        return r;
    if (!ctx->view.nr_targets && !(ctx->flags & DAMON_RECLAIM_ALLOW_NO_TARGET))
        return drcl_refuse(&ctx->env, -EINVAL, "enabled: there is no target; add one with damon_reclaim_add_target()");
    ctx->view.next_pid_ns = 0;
    r = ctx->driver->start(&ctx->view);
    if (r == 0)
        r = drcl_arm(ctx);
    return r;
}

int damon_reclaim_enable(struct damon_reclaim *ctx)
{
    struct damon_reclaim_params old;
    int r;

    if (!ctx)
        return -EINVAL;
    r = drcl_check_process(ctx);
    if (r < 0)
        return r;
    if (ctx->view.stopping)
        return drcl_error(
            &ctx->env, -EBUSY,
            "enabled: the context is being disabled; enable it after damon_reclaim_dispatch() has returned");
    if (ctx->view.state != DAMON_RECLAIM_STATE_DISABLED || ctx->view.phase == DRCL_PHASE_STARTING)
        return 0;
    r = drcl_check_staged(ctx);
    if (r < 0)
        return r;
    drcl_hold(ctx);
    old = ctx->view.active;
    ctx->view.active = ctx->staged;
    ctx->view.phase = DRCL_PHASE_STARTING;
    r = start(ctx);
    ctx->view.phase = DRCL_PHASE_RESTING;
    if (r == 0)
        drcl_warn_of_params(ctx, NULL);
    if (r == 0 && ctx->view.stopping) { /* by a callback, or because the last target is gone already */
        drcl_finish_disable(ctx);
        if (ctx->reason == DAMON_RECLAIM_REASON_NO_TARGET)
            r = drcl_error(&ctx->env, -ESRCH, "enabled: the process of the last target has exited");
    } else if (r < 0) {
        bool was_enabled = ctx->view.state != DAMON_RECLAIM_STATE_DISABLED;

        ctx->view.stopping = false;
        ctx->driver->stop(&ctx->view);
        ctx->view.active = old;
        if (was_enabled)
            drcl_set_state(ctx, DAMON_RECLAIM_STATE_DISABLED, DAMON_RECLAIM_REASON_BACKEND, 0);
    }
    drcl_release(ctx);
    return r;
}

int damon_reclaim_disable(struct damon_reclaim *ctx)
{
    int r;

    if (!ctx)
        return -EINVAL;
    drcl_hold(ctx);
    r = drcl_disable(ctx, DAMON_RECLAIM_REASON_REQUESTED);
    drcl_release(ctx);
    return r;
}
