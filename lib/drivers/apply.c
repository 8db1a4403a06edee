/* SPDX-License-Identifier: MIT */
/* The parameters in effect, as the engine takes them. */
#include "drivers/apply.h"

#include <errno.h>
#include <string.h>

#include "engine/attrs.h"
#include "engine/scheme.h"

static struct drcl_attrs attrs_of(const struct damon_reclaim_params *p)
{
    return (struct drcl_attrs){
        .sample_us = p->sample_interval,
        .aggr_us = p->aggr_interval,
        .min_nr_regions = (uint32_t)p->min_nr_regions,
        .max_nr_regions = (uint32_t)p->max_nr_regions,
        .autotune = p->autotune_monitoring_intervals,
    };
}

int drcl_reserve_params(struct drcl_view *view, const struct damon_reclaim_params *p)
{
    struct drcl_attrs attrs = attrs_of(p);

    if (p->monitor_region_end && view->nr_targets && !drcl_watches_whole(view))
        return drcl_refuse(view->env, -EOPNOTSUPP,
                           "monitor_region_start, monitor_region_end: there are targets; give the ranges with them");
    if (drcl_engine_reserve(view->engine, &attrs) < 0)
        return drcl_error(view->env, -ENOMEM, "max_nr_regions: no memory for %u regions", attrs.max_nr_regions);
    return 0;
}

/* The filters of the reclaim scheme: those of the program, and the one that skip_anon stands for. */
static size_t reclaim_filters(const struct drcl_view *view, struct damon_reclaim_filter *filters)
{
    size_t n = view->nr_filters;

    if (n)
        memcpy(filters, view->filters, n * sizeof(*filters));
    if (view->active.skip_anon)
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

/* Keeps the intervals that tuning has arrived at, unless the program has changed the intervals that tuning starts from.
 */
static void keep_tuned(struct drcl_view *view, struct drcl_attrs *attrs)
{
    const struct drcl_attrs asked = *attrs;

    if (asked.autotune && view->untuned.autotune && asked.sample_us == view->untuned.sample_us &&
        asked.aggr_us == view->untuned.aggr_us) {
        attrs->sample_us = view->engine->attrs.sample_us;
        attrs->aggr_us = view->engine->attrs.aggr_us;
    }
    view->untuned = asked;
}

void drcl_apply_params(struct drcl_view *view)
{
    const struct damon_reclaim_params *p = &view->active;
    struct damon_reclaim_filter filters[DRCL_MAX_FILTERS];
    struct damon_reclaim_goal goals[2];
    struct drcl_attrs attrs = attrs_of(p);
    struct damon_reclaim_scheme scheme = {
        .size = sizeof(scheme),
        .min_sz = view->engine->min_region_size,
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
        .nr_filters = reclaim_filters(view, filters),
    };

    keep_tuned(view, &attrs);
    drcl_engine_set_attrs(view->engine, &attrs);
    drcl_engine_set_scheme(view->engine, DAMON_RECLAIM_SCHEME_RECLAIM, &scheme);
}
