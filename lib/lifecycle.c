/* SPDX-License-Identifier: MIT */
#include "lifecycle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "members.h"

int drcl_check_process(struct damon_reclaim *ctx)
{
    if (ctx->pid == getpid())
        return 0;
    return drcl_error(
        &ctx->env, -EPERM,
        "this context belongs to pid %d, of which this process is a forked child; make a context of its own",
        (int)ctx->pid);
}

/* --- the timer ------------------------------------------------------------------------------------------------- */

/* A wake that has come in the meantime is not lost: whoever sets the timer looks at the flag afterwards, and who wakes
 * sets the flag first. */
static void keep_awake(struct damon_reclaim *ctx)
{
    if (atomic_load(&ctx->wake)) {
        ctx->env.sys.timer_set(ctx->env.system_data, ctx->timer_fd, 1);
        ctx->armed_ns = 1;
    }
}

int drcl_arm(struct damon_reclaim *ctx)
{
    uint64_t when = 0;
    int r;

    if (ctx->view.state != DAMON_RECLAIM_STATE_DISABLED)
        when = ctx->driver->due(&ctx->view);
    if (ctx->view.state != DAMON_RECLAIM_STATE_DISABLED && (!when || drcl_has_virtual_clock(&ctx->view)))
        when = 1; /* in the past, so at once; 0 would switch the timer off */
    if (ctx->group) {
        r = drcl_group_set_due(ctx->group, ctx->place, when);
        return r < 0 ? drcl_error(&ctx->env, r, "%s", ctx->group->env.error) : 0;
    }
    if (when == 1 && ctx->armed_ns == when) /* a virtual clock: the timer has expired already, and still shows that */
        return 0;
    r = ctx->env.sys.timer_set(ctx->env.system_data, ctx->timer_fd, when);
    ctx->armed_ns = r < 0 ? 0 : when;
    keep_awake(ctx);
    return r < 0 ? drcl_error(&ctx->env, r, "timer: cannot be set: %s", strerror(-r)) : 0;
}

void drcl_disarm(struct damon_reclaim *ctx)
{
    ctx->armed_ns = 0;
    if (ctx->group) {
        drcl_group_set_due(ctx->group, ctx->place, 0);
        return;
    }
    ctx->env.sys.timer_set(ctx->env.system_data, ctx->timer_fd, 0);
    keep_awake(ctx);
}

/* --- the state ------------------------------------------------------------------------------------------------- */

static const char *reason_text(const struct damon_reclaim *ctx, enum damon_reclaim_reason reason)
{
    switch (reason) {
    case DAMON_RECLAIM_REASON_REQUESTED:
        return "as requested";
    case DAMON_RECLAIM_REASON_WMARK_HIGH:
        return "free memory is above the high watermark";
    case DAMON_RECLAIM_REASON_WMARK_MID:
        return ctx->view.state == DAMON_RECLAIM_STATE_ACTIVE ? "free memory is at or below the mid watermark"
                                                             : "free memory is above the mid watermark";
    case DAMON_RECLAIM_REASON_WMARK_LOW:
        return "free memory is below the low watermark";
    case DAMON_RECLAIM_REASON_NO_TARGET:
        return "no target is left";
    case DAMON_RECLAIM_REASON_INVALID_PARAMETERS:
    case DAMON_RECLAIM_REASON_BACKEND:
        break;
    }
    return ctx->env.error;
}

void drcl_set_state(struct damon_reclaim *ctx, enum damon_reclaim_state state, enum damon_reclaim_reason reason,
                    uint32_t free_permille)
{
    struct damon_reclaim_event event = {
        .size = sizeof(event), .state = state, .reason = reason, .free_permille = free_permille};
    char text[DRCL_ERROR_SIZE + 64];
    bool same = ctx->view.state == state && ctx->reason == reason;

    ctx->view.state = state;
    ctx->reason = reason;
    if (same)
        return;
    snprintf(text, sizeof(text), "%s: %s", damon_reclaim_state_name(state), reason_text(ctx, reason));
    drcl_log(&ctx->env, DAMON_RECLAIM_LOG_INFO, "%s", text);
    event.text = text;
    ctx->in_callback++;
    if (ctx->callbacks.state_changed)
        ctx->callbacks.state_changed(ctx, &event, ctx->userdata);
    ctx->in_callback--;
}

int drcl_finish_disable(struct damon_reclaim *ctx)
{
    int r;

    ctx->view.stopping = false;
    if (ctx->pid != getpid()) { /* the kernel's side, and the timer, are the parent's */
        ctx->view.state = DAMON_RECLAIM_STATE_DISABLED;
        return 0;
    }
    r = ctx->driver->stop(&ctx->view);
    ctx->view.untuned.autotune = false; /* the next start tunes from the beginning */
    drcl_disarm(ctx);
    drcl_set_state(ctx, DAMON_RECLAIM_STATE_DISABLED, ctx->disable_reason, 0);
    return r;
}

int drcl_disable(struct damon_reclaim *ctx, enum damon_reclaim_reason reason)
{
    if ((ctx->view.state == DAMON_RECLAIM_STATE_DISABLED && ctx->view.phase != DRCL_PHASE_STARTING) ||
        ctx->view.stopping)
        return 0;
    ctx->disable_reason = reason;
    if (ctx->view.phase == DRCL_PHASE_RESTING)
        return drcl_finish_disable(ctx);
    ctx->view.stopping = true;
    ctx->engine.halt = true;
    return 0;
}

int drcl_tell_driver(struct damon_reclaim *ctx, enum drcl_change what)
{
    int r;

    if (ctx->view.state == DAMON_RECLAIM_STATE_DISABLED || ctx->view.stopping)
        return 0;
    r = drcl_check_process(ctx);
    if (r < 0)
        return r;
    r = ctx->driver->changed(&ctx->view, what);
    if (r == 0 && ctx->view.phase != DRCL_PHASE_WORKING)
        r = drcl_arm(ctx); /* there may be work at once */
    return r;
}
