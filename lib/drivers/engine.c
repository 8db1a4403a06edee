/* SPDX-License-Identifier: MIT */
#include "drivers/engine.h"

#include <errno.h>
#include <string.h>

#include "drivers/apply.h"
#include "drivers/view.h"
#include "base/arith.h"
#include "base/system.h"
#include "engine/engine.h"
#include "engine/look.h"
#include "engine/release.h"

#define NS_PER_US UINT64_C(1000)

/* --- what is asked for ----------------------------------------------------------------------------------------- */

/* Whether the backend can do what the set asks for. */
static int check(struct drcl_view *view, const struct damon_reclaim_params *p)
{
    if (p->skip_anon && !(view->ops->filters & (1u << DAMON_RECLAIM_FILTER_ANON)))
        return drcl_refuse(view->env, -EOPNOTSUPP, "skip_anon: the backend %s cannot tell which pages are anonymous",
                           view->ops->name);
    if (p->monitor_region_end && !(view->ops->features & DAMON_RECLAIM_BACKEND_WHOLE))
        return drcl_refuse(view->env, -EOPNOTSUPP,
                           "monitor_region_start, monitor_region_end: the backend %s watches targets, not one range of "
                           "addresses; give the ranges with the targets",
                           view->ops->name);
    return drcl_reserve_params(view, p);
}

/* From the last look at the memory to the next one. */
static uint64_t look_interval_ns(const struct drcl_engine *engine)
{
    return engine->step * engine->attrs.sample_us * NS_PER_US;
}

/* Members of a group look at the same time if their intervals are equal: at multiples of the interval. */
static uint64_t together(const struct drcl_view *view, uint64_t when)
{
    uint64_t interval = look_interval_ns(view->engine);

    if (!view->shared || drcl_has_virtual_clock(view) || !interval)
        return when;
    return drcl_add(when, (interval - when % interval) % interval);
}

/* --- watermarks ------------------------------------------------------------------------------------------------ */

/* While active, once an aggregation. */
static int check_watermarks(struct drcl_view *view)
{
    struct drcl_ticks *ticks = &view->ticks;
    struct drcl_wmark_look look;
    uint64_t now = drcl_view_now(view);
    int r = drcl_look_at_watermarks(view, now, view->engine->attrs.aggr_us * NS_PER_US, &look);

    if (r < 0)
        return r;
    ticks->next_wmark_ns = look.next_ns;
    if (look.activated) {
        drcl_engine_resume(view->engine);
        ticks->next_ns = together(view, now + look_interval_ns(view->engine));
    }
    drcl_set_wmark_state(view, &look);
    if (view->state == DAMON_RECLAIM_STATE_INACTIVE) /* what was begun is completed */
        drcl_engine_release_all(view->engine);
    return 0;
}

/* --- the work -------------------------------------------------------------------------------------------------- */

static uint64_t due(const struct drcl_view *view)
{
    if (view->state == DAMON_RECLAIM_STATE_ACTIVE && view->ticks.next_ns < view->ticks.next_wmark_ns)
        return view->ticks.next_ns;
    return view->ticks.next_wmark_ns;
}

/* One look at the memory, and what it leads to, with its cost. */
static void tick(struct drcl_view *view, uint64_t now)
{
    struct drcl_ticks *ticks = &view->ticks;
    uint64_t monitor_cpu_ns = view->monitor_cpu_ns, interval, end;
    struct drcl_cost cost;

    drcl_cost_begin(view, now, &cost);
    drcl_engine_tick(view->engine);
    end = drcl_view_now(view);
    drcl_cost_end(view, end, &cost);
    if (!drcl_has_virtual_clock(view)) /* else a run would not depend on its seed alone */
        drcl_look_cost(view->engine, view->monitor_cpu_ns - monitor_cpu_ns);
    /* Ticks keep their beat as long as the work keeps up with it. After a tick that took too long a whole interval
     * passes. */
    interval = look_interval_ns(view->engine);
    ticks->next_ns += interval;
    if (ticks->next_ns <= end)
        ticks->next_ns = end + interval;
    ticks->next_ns = drcl_max(ticks->next_ns, drcl_add(end, drcl_look_pause_ns(view->engine)));
    ticks->next_ns = together(view, ticks->next_ns);
}

/* Whether a look at the memory is due, and one at the watermarks soon after: they are done in one go. */
static bool is_soon(const struct drcl_view *view, uint64_t now)
{
    return view->state == DAMON_RECLAIM_STATE_ACTIVE && now >= view->ticks.next_ns &&
           view->ticks.next_wmark_ns - now <= look_interval_ns(view->engine) / 2;
}

static int work(struct drcl_view *view)
{
    uint64_t now;
    int r = 0;

    view->ticks.worker = drcl_system_gettid();
    if (drcl_has_virtual_clock(view) && due(view) > drcl_view_now(view))
        r = view->ops->advance(view->backend, due(view));
    if (r == -EINTR || r == -ENOMEM) /* these pass; the work that is due by now can be done */
        r = 0;
    if (r < 0)
        return drcl_backend_failed(view, r);
    now = drcl_view_now(view);
    drcl_remove_exited(view, now);
    if (!view->stopping && (now >= view->ticks.next_wmark_ns || is_soon(view, now)))
        check_watermarks(view);
    if (view->state == DAMON_RECLAIM_STATE_ACTIVE && now >= view->ticks.next_ns && !view->engine->halt)
        tick(view, now);
    return drcl_take_failure(view);
}

/* --- the switch ------------------------------------------------------------------------------------------------ */

static int start(struct drcl_view *view)
{
    int r = drcl_check_physical(view);

    if (r < 0)
        return r;
    if (view->ops->enable) {
        r = view->ops->enable(view->backend);
        if (r < 0)
            return drcl_backend_error(view, r, "enabled: the backend %s refuses: %s", view->ops->name, strerror(-r));
    }
    view->ticks.backend_enabled = true;
    drcl_apply_params(view);
    view->ticks.worker = drcl_system_gettid();
    view->ticks.next_ns = view->ticks.next_wmark_ns = 0;
    r = check_watermarks(view);
    return r < 0 ? r : drcl_take_failure(view);
}

static int stop(struct drcl_view *view)
{
    if (view->ticks.backend_enabled && view->ops->disable)
        view->ops->disable(view->backend);
    view->ticks.backend_enabled = false;
    drcl_engine_forget(view->engine);
    return 0;
}

static int commit(struct drcl_view *view)
{
    int r = drcl_check_physical(view);

    if (r < 0)
        return r;
    drcl_apply_params(view);
    view->ticks.next_wmark_ns = 0; /* the watermarks may have changed */
    /* With shorter intervals the next look comes earlier. */
    view->ticks.next_ns = drcl_min(view->ticks.next_ns, drcl_view_now(view) + look_interval_ns(view->engine));
    return 0;
}

/* Whether a new scheme is active shows at once. */
static int changed(struct drcl_view *view, enum drcl_change what)
{
    if (what == DRCL_CHANGE_TARGETS)
        return drcl_check_physical(view);
    if (what == DRCL_CHANGE_SCHEMES)
        view->ticks.next_wmark_ns = 0;
    return 0;
}

static pid_t worker(const struct drcl_view *view)
{
    return view->ticks.worker;
}

const struct drcl_driver drcl_engine_driver = {
    .check = check,
    .start = start,
    .stop = stop,
    .commit = commit,
    .changed = changed,
    .due = due,
    .work = work,
    .worker = worker,
};
