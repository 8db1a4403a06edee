/* SPDX-License-Identifier: MIT */
/* What both drivers do. */
#include "drivers/view.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "engine/errors.h"
#include "engine/scheme.h"
#include "engine/target.h"
#include "sys/iomem.h"
#include "sys/meminfo.h"
#include "sys/psi.h"

#define NS_PER_US       UINT64_C(1000)
#define PID_INTERVAL_NS UINT64_C(1000000000) /* how often to look for processes that have exited */

uint64_t drcl_view_now(const struct drcl_view *view)
{
    return drcl_has_virtual_clock(view) ? view->ops->now(view->backend) : drcl_clock(view->env, CLOCK_MONOTONIC);
}

int drcl_view_metrics(struct drcl_view *view, bool psi, struct damon_reclaim_metrics *ret)
{
    int r;

    *ret = (struct damon_reclaim_metrics){.size = sizeof(*ret)};
    if (view->ops->metrics)
        return view->ops->metrics(view->backend, ret);
    if (view->shared_metrics) {
        const char *text;

        r = view->shared_metrics(view->shared, psi, ret, &text);
        return r < 0 ? drcl_error(view->env, r, "%s", text) : 0;
    }
    r = drcl_meminfo_free_permille(view->env, &ret->free_permille);
    if (r == 0 && psi)
        ret->psi_valid = drcl_psi_some_us(view->env, &ret->psi_some_us) == 0;
    return r;
}

/* --- targets --------------------------------------------------------------------------------------------------- */

void drcl_remove_exited(struct drcl_view *view, uint64_t now)
{
    struct drcl_host *host = &view->engine->host;

    if (now < view->next_pid_ns)
        return;
    view->next_pid_ns = now + PID_INTERVAL_NS;
    /* From the end: vanished() takes targets out of the list, and a callback of the program may take out more. */
    for (size_t i = view->nr_targets; i-- > 0;) {
        const struct drcl_view_target *target = i < view->nr_targets ? &view->targets[i] : NULL;

        if (target && target->pidfd >= 0 && drcl_pidfd_exited(view->env, target->pidfd) > 0) {
            drcl_engine_remove_target(view->engine, target->id);
            host->vanished(host->data, target->id);
        }
    }
}

int drcl_check_physical(struct drcl_view *view)
{
    int r = 0;

    for (size_t i = 0; view->kind->physical && r == 0 && i < view->nr_targets; i++) {
        uint32_t id = view->targets[i].id;
        const struct drcl_target *target = drcl_engine_find_target(view->engine, id);
        char what[32];

        snprintf(what, sizeof(what), "target %u", id);
        for (size_t j = 0; r == 0 && !view->targets[i].pid && target && target->fixed && j < target->nr_ranges; j++)
            r = drcl_iomem_check(view->env, id ? what : "monitor_region_start, monitor_region_end",
                                 target->ranges[j].start, target->ranges[j].end);
    }
    return r;
}

/* --- the engine ------------------------------------------------------------------------------------------------ */

int drcl_backend_error(struct drcl_view *view, int r, const char *format, ...)
{
    char text[DRCL_ERROR_SIZE];
    va_list ap;

    if (view->kind->sets_errors)
        return r;
    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    return drcl_error(view->env, r, "%s", text);
}

int drcl_backend_failed(struct drcl_view *view, int r)
{
    return r < 0 ? drcl_backend_error(view, r, "backend %s: failed: %s", view->ops->name, strerror(-r)) : r;
}

int drcl_take_failure(struct drcl_view *view)
{
    bool explained = view->engine->explained;
    int r = drcl_engine_take_error(view->engine);

    return explained ? r : drcl_backend_failed(view, r);
}

int drcl_update_ranges(struct drcl_view *view)
{
    drcl_engine_update_targets(view->engine);
    return drcl_take_failure(view);
}

/* --- watermarks ------------------------------------------------------------------------------------------------ */

/* Time between two looks: the shortest wmarks_interval of all schemes; while active no more than @most_ns. */
static uint64_t watermark_period(const struct drcl_engine *engine, bool active, uint64_t most_ns)
{
    uint64_t ns = UINT64_MAX;

    for (size_t i = 0; i < engine->nr_schemes; i++) {
        const struct drcl_scheme *scheme = engine->schemes[i];
        uint64_t interval = scheme->config.watermarks.interval_us * NS_PER_US;

        if (scheme->used && interval && interval < ns)
            ns = interval;
    }
    return active && ns > most_ns ? most_ns : ns;
}

static uint32_t active_schemes(const struct drcl_engine *engine)
{
    uint32_t active = 0;

    for (size_t i = 0; i < engine->nr_schemes; i++)
        active |= (uint32_t)engine->schemes[i]->active << i;
    return active;
}

int drcl_look_at_watermarks(struct drcl_view *view, uint64_t now, uint64_t most_ns, struct drcl_wmark_look *ret)
{
    struct drcl_wmark_look look = {.reason = DAMON_RECLAIM_REASON_REQUESTED};
    bool was_active = view->state == DAMON_RECLAIM_STATE_ACTIVE, active;
    uint32_t before = active_schemes(view->engine);
    struct damon_reclaim_metrics metrics;
    int r = drcl_view_metrics(view, false, &metrics);

    if (r < 0) {
        const char *why = view->ops->metrics ? strerror(-r) : view->env->error;

        if (view->state == DAMON_RECLAIM_STATE_DISABLED)
            return drcl_error(view->env, r, "watermarks: free memory is not known: %s", why);
        drcl_log(view->env, DAMON_RECLAIM_LOG_WARNING, "watermarks: free memory is not known: %s", why);
        look.next_ns = now + watermark_period(view->engine, was_active, most_ns);
        *ret = look;
        return 0;
    }
    active = drcl_schemes_check_watermarks(view->engine, metrics.free_permille, &look.reason);
    look.known = true;
    look.activated = active && !was_active;
    look.schemes_changed = active_schemes(view->engine) != before;
    look.new_state = !active || !was_active; /* why it is active does not change as long as it is */
    look.state = active ? DAMON_RECLAIM_STATE_ACTIVE : DAMON_RECLAIM_STATE_INACTIVE;
    look.free_permille = metrics.free_permille;
    look.next_ns = now + watermark_period(view->engine, active, most_ns);
    *ret = look;
    return 0;
}

void drcl_set_wmark_state(struct drcl_view *view, const struct drcl_wmark_look *look)
{
    if (look->new_state)
        view->set_state(view->handle, look->state, look->reason, look->free_permille);
}

/* --- cost ------------------------------------------------------------------------------------------------------ */

static uint64_t without(uint64_t whole, uint64_t part)
{
    return whole > part ? whole - part : 0;
}

void drcl_cost_begin(const struct drcl_view *view, uint64_t now, struct drcl_cost *ret)
{
    *ret = (struct drcl_cost){
        .ns = now,
        .cpu_ns = drcl_clock(view->env, CLOCK_THREAD_CPUTIME_ID),
        .reclaim_ns = view->engine->reclaim_ns,
        .reclaim_cpu_ns = view->engine->reclaim_cpu_ns,
    };
}

void drcl_cost_end(struct drcl_view *view, uint64_t now, const struct drcl_cost *begin)
{
    const struct drcl_engine *engine = view->engine;
    uint64_t cpu_ns = drcl_elapsed(begin->cpu_ns, drcl_clock(view->env, CLOCK_THREAD_CPUTIME_ID));

    view->monitor_ns += without(drcl_elapsed(begin->ns, now), engine->reclaim_ns - begin->reclaim_ns);
    view->monitor_cpu_ns += without(cpu_ns, engine->reclaim_cpu_ns - begin->reclaim_cpu_ns);
}
