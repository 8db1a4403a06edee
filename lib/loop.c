/* SPDX-License-Identifier: MIT */
/* The loop. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "handle.h"
#include "lifecycle.h"
#include "members.h"

/* Tells the program that it was woken. In the callback it may do with the context what it likes. */
static void tell_woken(struct damon_reclaim *ctx)
{
    if (!atomic_exchange(&ctx->wake, false) || !ctx->callbacks.woken)
        return;
    ctx->in_callback++;
    ctx->callbacks.woken(ctx, ctx->userdata);
    ctx->in_callback--;
}

int damon_reclaim_dispatch(struct damon_reclaim *ctx)
{
    int r, armed, end = 0;

    if (!ctx)
        return -EINVAL;
    r = drcl_check_process(ctx);
    if (r < 0)
        return r;
    if (ctx->view.phase != DRCL_PHASE_RESTING || ctx->in_callback)
        return drcl_error(&ctx->env, -EBUSY, "dispatch: is running; do not call it from a callback");
    drcl_hold(ctx);
    tell_woken(ctx);
    if (ctx->view.state != DAMON_RECLAIM_STATE_DISABLED && ctx->refs > ctx->held) {
        ctx->view.phase = DRCL_PHASE_WORKING;
        r = ctx->driver->work(&ctx->view);
        if (r < 0)
            drcl_disable(ctx, DAMON_RECLAIM_REASON_BACKEND);
        ctx->view.phase = DRCL_PHASE_RESTING;
        if (ctx->view.stopping)
            end = drcl_finish_disable(ctx);
    }
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

    if (drcl_has_virtual_clock(&ctx->view))
        return 0;
    r = ctx->env.sys.poll(ctx->env.system_data, &p, 1, -1);
    if (r < 0 && r != -EINTR)
        return drcl_error(&ctx->env, r, "run: cannot wait: %s", strerror(-r));
    return 0;
}

int damon_reclaim_run(struct damon_reclaim *ctx)
{
    int r;

    if (!ctx)
        return -EINVAL;
    r = drcl_check_process(ctx);
    if (r < 0)
        return r;
    if (ctx->view.phase != DRCL_PHASE_RESTING || ctx->in_callback)
        return drcl_error(&ctx->env, -EBUSY, "run: a dispatch is running; do not call it from a callback");
    if (ctx->group)
        return drcl_error(&ctx->env, -EINVAL,
                          "run: the context is a member of a group; poll the group's descriptor and call "
                          "damon_reclaim_group_dispatch()");
    drcl_hold(ctx);
    /* The timer is armed before the flag is looked at: a stop that comes in between finds the timer to wake us by. */
    while (r == 0 && !atomic_load(&ctx->stop) && ctx->view.state != DAMON_RECLAIM_STATE_DISABLED) {
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
    if (!ctx->group) /* a member does not run, so that it has nothing to stop */
        ctx->env.sys.timer_set(ctx->env.system_data, ctx->timer_fd, 1);
}

void damon_reclaim_wake(struct damon_reclaim *ctx)
{
    if (!ctx)
        return;
    atomic_store(&ctx->wake, true);
    if (ctx->group)
        atomic_store(&ctx->group->woken, true);
    ctx->env.sys.timer_set(ctx->env.system_data, ctx->timer_fd, 1);
}
