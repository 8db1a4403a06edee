/* SPDX-License-Identifier: MIT */
/* Parameters of a context: staging, committing, and the switch. */
#include "context.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "params/params.h"
#include "base/size.h"
#include "sys/psi.h"

/* --- by name ------------------------------------------------------------------------------------------------- */

static const struct drcl_param *find(struct damon_reclaim *ctx, const char *name)
{
    const struct drcl_param *param = drcl_param_find(name);

    if (!param)
        drcl_error(&ctx->env, -ENOENT, "%.60s: there is no such parameter", name);
    return param;
}

int damon_reclaim_set(struct damon_reclaim *ctx, const char *name, const char *text)
{
    const struct drcl_param *param;
    uint64_t value;
    int r;

    if (!ctx || !name || !text)
        return -EINVAL;
    param = find(ctx, name);
    if (!param)
        return -ENOENT;
    if (param->info.read_only)
        return drcl_error(&ctx->env, -EACCES, "%s: can only be read", param->info.name);
    r = drcl_param_parse(&ctx->env, param, text, &value);
    if (r < 0)
        return r;
    if (param->kind == DRCL_PARAM_ENABLED)
        return value ? damon_reclaim_enable(ctx) : damon_reclaim_disable(ctx);
    if (param->kind == DRCL_PARAM_COMMIT)
        return value ? damon_reclaim_commit(ctx) : 0;
    drcl_param_set(param, &ctx->staged, value);
    return 0;
}

static int print_counter(struct damon_reclaim *ctx, const struct drcl_param *param, char *buf, size_t size)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};
    uint64_t value;

    damon_reclaim_get_stats(ctx, &stats);
    memcpy(&value, (const char *)&stats + param->offset, sizeof(value));
    if (param->bytes)
        value /= ctx->active.addr_unit;
    return snprintf(buf, size, "%llu", (unsigned long long)value);
}

int damon_reclaim_get(struct damon_reclaim *ctx, const char *name, char *buf, size_t size)
{
    const struct drcl_param *param;
    bool enabled;
    uint64_t value;

    if (!ctx || !name || (!buf && size))
        return -EINVAL;
    param = find(ctx, name);
    if (!param)
        return -ENOENT;
    enabled = ctx->state != DAMON_RECLAIM_STATE_DISABLED;
    switch (param->kind) {
    case DRCL_PARAM_ENABLED:
        return snprintf(buf, size, "%s", enabled ? "Y" : "N");
    case DRCL_PARAM_COMMIT:
        return snprintf(buf, size, "N");
    case DRCL_PARAM_KDAMOND_PID:
        return snprintf(buf, size, "%d", enabled ? (int)ctx->driver->worker(ctx) : -1);
    case DRCL_PARAM_COUNTER:
        return print_counter(ctx, param, buf, size);
    case DRCL_PARAM_SETTING:
        break;
    }
    value = drcl_param_get(param, &ctx->staged);
    if (param->info.type == DAMON_RECLAIM_PARAM_BOOL)
        return snprintf(buf, size, "%s", value ? "Y" : "N");
    return snprintf(buf, size, "%llu", (unsigned long long)value);
}

/* --- as a struct --------------------------------------------------------------------------------------------- */

int damon_reclaim_set_params(struct damon_reclaim *ctx, const struct damon_reclaim_params *params)
{
    struct damon_reclaim_params copy = {.size = sizeof(copy)};
    int r;

    if (!ctx || !params)
        return -EINVAL;
    damon_reclaim_params_init(&copy);
    r = drcl_size_copy(&copy, sizeof(copy), params, params->size);
    if (r < 0)
        return drcl_error(&ctx->env, r, "params: size %zu is not one that this library knows", params->size);
    r = drcl_params_check_ranges(&ctx->env, &copy);
    if (r == 0)
        ctx->staged = copy;
    return r;
}

int damon_reclaim_get_params(struct damon_reclaim *ctx, struct damon_reclaim_params *params)
{
    if (!ctx || !params)
        return -EINVAL;
    return drcl_size_give(params, params->size, &ctx->staged, sizeof(ctx->staged));
}

int damon_reclaim_get_active_params(struct damon_reclaim *ctx, struct damon_reclaim_params *params)
{
    struct damon_reclaim_params active;

    if (!ctx || !params)
        return -EINVAL;
    active = ctx->active;
    if (ctx->engine.attrs.autotune) {
        active.sample_interval = ctx->engine.attrs.sample_us;
        active.aggr_interval = ctx->engine.attrs.aggr_us;
    }
    return drcl_size_give(params, params->size, &active, sizeof(active));
}

/* --- committing ---------------------------------------------------------------------------------------------- */

struct drcl_attrs drcl_attrs_of(const struct damon_reclaim_params *p)
{
    return (struct drcl_attrs){
        .sample_us = p->sample_interval,
        .aggr_us = p->aggr_interval,
        .min_nr_regions = (uint32_t)p->min_nr_regions,
        .max_nr_regions = (uint32_t)p->max_nr_regions,
        .autotune = p->autotune_monitoring_intervals,
    };
}

/* Whether the memory pressure that the quota is to be tuned to is measured. */
static int check_pressure(struct damon_reclaim *ctx)
{
    struct damon_reclaim_metrics metrics = {.size = sizeof(metrics)};
    struct drcl_hush hush;
    uint64_t us;
    int r;

    if (!ctx->staged.quota_mem_pressure_us)
        return 0;
    if (ctx->ops.metrics) {
        r = ctx->ops.metrics(ctx->backend, &metrics);
        return r == 0 && metrics.psi_valid
                   ? 0
                   : drcl_error(&ctx->env, -EOPNOTSUPP,
                                "quota_mem_pressure_us: the backend %s knows no memory pressure", ctx->ops.name);
    }
    drcl_hush(&ctx->env, &hush);
    r = drcl_unhush(&ctx->env, &hush, drcl_psi_some_us(&ctx->env, &us));
    return r < 0 ? drcl_error(&ctx->env, -EOPNOTSUPP, "quota_mem_pressure_us: %s", ctx->env.error) : 0;
}

/* Whether the staged set could run. Makes room for it, changes nothing else. */
static int check_staged(struct damon_reclaim *ctx)
{
    int r = drcl_params_validate(&ctx->env, &ctx->staged);

    if (r == 0)
        r = check_pressure(ctx);
    return r < 0 ? r : ctx->driver->check(ctx, &ctx->staged);
}

/* The filters of the reclaim scheme: the host program's, and the one that skip_anon makes. */
static size_t reclaim_filters(const struct damon_reclaim *ctx, struct damon_reclaim_filter *filters)
{
    size_t n = ctx->nr_filters;

    if (n)
        memcpy(filters, ctx->filters, n * sizeof(*filters));
    if (ctx->active.skip_anon)
        filters[n++] = (struct damon_reclaim_filter){.type = DAMON_RECLAIM_FILTER_ANON, .matching = true};
    return n;
}

static size_t reclaim_goals(const struct damon_reclaim_params *p, struct damon_reclaim_goal *goals)
{
    size_t n = 0;

    if (p->quota_mem_pressure_us)
        goals[n++] = (struct damon_reclaim_goal){.metric = DAMON_RECLAIM_GOAL_SOME_MEM_PSI_US,
                                                 .target = p->quota_mem_pressure_us};
    if (p->quota_autotune_feedback)
        goals[n++] = (struct damon_reclaim_goal){
            .metric = DAMON_RECLAIM_GOAL_USER_INPUT, .target = 10000, .current = p->quota_autotune_feedback};
    return n;
}

/* The intervals that tuning has found stay, as long as those that it began with are the same. */
static void keep_tuned(struct damon_reclaim *ctx, struct drcl_attrs *attrs)
{
    const struct drcl_attrs asked = *attrs;

    if (asked.autotune && ctx->untuned.autotune && asked.sample_us == ctx->untuned.sample_us &&
        asked.aggr_us == ctx->untuned.aggr_us) {
        attrs->sample_us = ctx->engine.attrs.sample_us;
        attrs->aggr_us = ctx->engine.attrs.aggr_us;
    }
    ctx->untuned = asked;
}

void drcl_apply_params(struct damon_reclaim *ctx)
{
    const struct damon_reclaim_params *p = &ctx->active;
    struct damon_reclaim_filter filters[DRCL_MAX_FILTERS];
    struct damon_reclaim_goal goals[2];
    struct drcl_attrs attrs = drcl_attrs_of(p);
    struct damon_reclaim_scheme scheme = {
        .size = sizeof(scheme),
        .min_sz = ctx->engine.unit,
        .min_age_us = p->min_age,
        .action = DAMON_RECLAIM_ACTION_PAGEOUT,
        .quota = {.ms = p->quota_ms,
                  .sz = p->quota_sz,
                  .reset_interval_ms = p->quota_reset_interval_ms,
                  .weight_age = 1,
                  .goals = goals,
                  .nr_goals = reclaim_goals(p, goals)},
        .watermarks = {.interval_us = p->wmarks_interval,
                       .high = (uint32_t)p->wmarks_high,
                       .mid = (uint32_t)p->wmarks_mid,
                       .low = (uint32_t)p->wmarks_low},
        .filters = filters,
        .nr_filters = reclaim_filters(ctx, filters),
    };

    keep_tuned(ctx, &attrs);
    drcl_engine_set_attrs(&ctx->engine, &attrs);
    drcl_engine_set_scheme(&ctx->engine, DAMON_RECLAIM_SCHEME_RECLAIM, &scheme);
}

int drcl_changed(struct damon_reclaim *ctx, enum drcl_change what)
{
    int r = 0;

    if (ctx->state == DAMON_RECLAIM_STATE_DISABLED || ctx->disable_soon)
        return 0;
    if (ctx->driver->changed)
        r = ctx->driver->changed(ctx, what);
    if (r == 0 && !ctx->in_dispatch)
        r = drcl_arm(ctx); /* there may be work at once */
    return r;
}

/* Puts the staged set, which could run, into effect; when that fails the old one goes on. */
static int take_staged(struct damon_reclaim *ctx)
{
    const struct damon_reclaim_params old = ctx->active;
    bool enabled = ctx->state != DAMON_RECLAIM_STATE_DISABLED;
    int r = 0;

    ctx->active = ctx->staged;
    if (!enabled)
        return 0;
    if (ctx->whole)
        r = drcl_add_whole(ctx);
    if (r == 0)
        r = ctx->driver->commit(ctx);
    if (r < 0) {
        ctx->active = old;
        if (ctx->whole)
            drcl_add_whole(ctx);
        drcl_apply_params(ctx);
        return r;
    }
    return ctx->in_dispatch ? 0 : drcl_arm(ctx);
}

int damon_reclaim_commit(struct damon_reclaim *ctx)
{
    int r;

    if (!ctx)
        return -EINVAL;
    drcl_hold(ctx);
    r = check_staged(ctx);
    if (r == 0)
        r = take_staged(ctx);
    if (r < 0 && !(ctx->flags & DAMON_RECLAIM_KEEP_ON_INVALID))
        drcl_disable(ctx, DAMON_RECLAIM_REASON_INVALID_PARAMETERS);
    drcl_release(ctx);
    return r;
}

/* --- the switch ---------------------------------------------------------------------------------------------- */

static const char *reason_text(const struct damon_reclaim *ctx, enum damon_reclaim_reason reason)
{
    switch (reason) {
    case DAMON_RECLAIM_REASON_REQUESTED:
        return "as requested";
    case DAMON_RECLAIM_REASON_WMARK_HIGH:
        return "free memory is above the high watermark";
    case DAMON_RECLAIM_REASON_WMARK_MID:
        return ctx->state == DAMON_RECLAIM_STATE_ACTIVE ? "free memory is at or below the mid watermark"
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
    static const char *const names[] = {"disabled", "inactive", "active"};
    struct damon_reclaim_event event = {
        .size = sizeof(event), .state = state, .reason = reason, .free_permille = free_permille};
    char text[DRCL_ERROR_SIZE + 64];
    bool same = ctx->state == state && ctx->reason == reason;

    ctx->state = state;
    ctx->reason = reason;
    if (same)
        return;
    snprintf(text, sizeof(text), "%s: %s", names[state], reason_text(ctx, reason));
    drcl_log(&ctx->env, DAMON_RECLAIM_LOG_INFO, "%s", text);
    event.text = text;
    ctx->in_callback++;
    if (ctx->callbacks.state_changed)
        ctx->callbacks.state_changed(ctx, &event, ctx->userdata);
    ctx->in_callback--;
}

static int start(struct damon_reclaim *ctx)
{
    int r = 0;

    /* Who waits for targets to come does not mean all memory until then. */
    if ((ctx->ops.features & DAMON_RECLAIM_BACKEND_WHOLE) && !(ctx->flags & DAMON_RECLAIM_ALLOW_NO_TARGET))
        r = drcl_add_whole(ctx);
    if (r < 0)
        return r;
    if (!ctx->nr_targets && !(ctx->flags & DAMON_RECLAIM_ALLOW_NO_TARGET))
        return drcl_error(&ctx->env, -EINVAL, "enabled: there is no target; add one with damon_reclaim_add_target()");
    ctx->next_pid_ns = 0;
    r = ctx->driver->start(ctx);
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
    if (ctx->disable_soon)
        return drcl_error(&ctx->env, -EBUSY, "enabled: being disabled; enable it after damon_reclaim_dispatch()");
    if (ctx->state != DAMON_RECLAIM_STATE_DISABLED || ctx->starting)
        return 0;
    r = check_staged(ctx);
    if (r < 0)
        return r;
    drcl_hold(ctx);
    old = ctx->active;
    ctx->active = ctx->staged;
    ctx->starting = true;
    r = start(ctx);
    ctx->starting = false;
    if (r == 0 && ctx->disable_soon) { /* by a callback, or because the last target is gone already */
        drcl_finish_disable(ctx);
        if (ctx->reason == DAMON_RECLAIM_REASON_NO_TARGET)
            r = drcl_error(&ctx->env, -ESRCH, "enabled: the process of the last target has exited");
    } else if (r < 0) {
        bool was_enabled = ctx->state != DAMON_RECLAIM_STATE_DISABLED;

        ctx->disable_soon = false;
        ctx->driver->stop(ctx);
        ctx->active = old;
        if (was_enabled)
            drcl_set_state(ctx, DAMON_RECLAIM_STATE_DISABLED, DAMON_RECLAIM_REASON_BACKEND, 0);
    }
    drcl_release(ctx);
    return r;
}

int drcl_finish_disable(struct damon_reclaim *ctx)
{
    int r;

    ctx->disable_soon = false;
    r = ctx->driver->stop(ctx);
    ctx->untuned.autotune = false; /* tuning begins anew */
    drcl_disarm(ctx);
    drcl_set_state(ctx, DAMON_RECLAIM_STATE_DISABLED, ctx->disable_reason, 0);
    return r;
}

int drcl_disable(struct damon_reclaim *ctx, enum damon_reclaim_reason reason)
{
    if ((ctx->state == DAMON_RECLAIM_STATE_DISABLED && !ctx->starting) || ctx->disable_soon)
        return 0;
    ctx->disable_reason = reason;
    if (!ctx->in_dispatch && !ctx->starting)
        return drcl_finish_disable(ctx);
    ctx->disable_soon = true;
    ctx->engine.halt = true;
    return 0;
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
