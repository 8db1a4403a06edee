/* SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include <errno.h>
#include <string.h>

#include "base/env.h"

#define DEFAULT_UNIT 4096u

int drcl_engine_init(struct drcl_engine *engine, struct drcl_env *env, const struct damon_reclaim_backend_ops *ops,
                     void *backend, const struct drcl_host *host, uint64_t seed, bool marks)
{
    memset(engine, 0, sizeof(*engine));
    engine->env = env;
    engine->ops = ops;
    engine->backend = backend;
    engine->host = *host;
    engine->random.counter = drcl_mix64(seed + 1);
    engine->unit = ops->min_region_size ? ops->min_region_size : DEFAULT_UNIT;
    engine->by_page = ops->features & DAMON_RECLAIM_BACKEND_PAGE_PRECISE;
    engine->marks = marks && ops->mark;
    engine->sequence = 1;
    return drcl_engine_reserve_scheme(engine, DAMON_RECLAIM_SCHEME_RECLAIM);
}

void drcl_engine_fini(struct drcl_engine *engine)
{
    for (size_t i = 0; i < engine->nr_targets; i++)
        drcl_free(engine->env, engine->targets[i].ranges);
    for (size_t i = 0; i < engine->nr_schemes; i++)
        drcl_free(engine->env, engine->schemes[i]);
    drcl_free(engine->env, engine->targets);
    drcl_free(engine->env, engine->range_buf);
    drcl_free(engine->env, engine->sample);
    drcl_free(engine->env, engine->held_sample);
    drcl_free(engine->env, engine->accessed);
    drcl_regions_free(engine->env, &engine->regions);
    drcl_regions_free(engine->env, &engine->spare);
}

int drcl_engine_reserve(struct drcl_engine *engine, const struct drcl_attrs *attrs)
{
    return drcl_engine_reserve_regions(engine, attrs->max_nr_regions);
}

static uint32_t scaled(uint32_t value, uint64_t num, uint64_t denom)
{
    uint64_t v;

    while (num >> 32) {
        num >>= 1;
        denom >>= 1;
    }
    v = denom ? value * num / denom : value;
    return v > INT32_MAX ? INT32_MAX : (uint32_t)v;
}

void drcl_engine_set_attrs(struct drcl_engine *engine, const struct drcl_attrs *attrs)
{
    const struct drcl_attrs old = engine->attrs;
    uint32_t old_samples = engine->samples;
    struct drcl_regions *regions = &engine->regions;

    engine->attrs = *attrs;
    engine->samples = (uint32_t)(attrs->aggr_us / (attrs->sample_us ? attrs->sample_us : 1));
    if (!engine->samples)
        engine->samples = 1;
    if (old_samples && (old_samples != engine->samples || old.aggr_us != attrs->aggr_us)) {
        for (size_t i = 0; i < regions->n; i++) {
            regions->nr_accesses[i] = scaled(regions->nr_accesses[i], engine->samples, old_samples);
            regions->last_nr_accesses[i] = scaled(regions->last_nr_accesses[i], engine->samples, old_samples);
            regions->age[i] = scaled(regions->age[i], old.aggr_us, attrs->aggr_us);
        }
        engine->tick = scaled(engine->tick, engine->samples, old_samples);
        if (engine->tick >= engine->samples)
            engine->tick = engine->samples - 1;
    }
    for (size_t i = 0; i < engine->nr_schemes; i++)
        if (engine->schemes[i]->used)
            drcl_scheme_derive(engine, engine->schemes[i]);
}

int drcl_engine_reserve_scheme(struct drcl_engine *engine, uint32_t id)
{
    if (id < engine->nr_schemes)
        return 0;
    engine->schemes[id] = drcl_zalloc(engine->env, sizeof(*engine->schemes[id]));
    if (!engine->schemes[id])
        return -ENOMEM;
    engine->nr_schemes = id + 1;
    return 0;
}

void drcl_engine_set_scheme(struct drcl_engine *engine, uint32_t id, const struct damon_reclaim_scheme *config)
{
    struct drcl_scheme *scheme = engine->schemes[id];

    if (!scheme->used) {
        memset(scheme, 0, sizeof(*scheme));
        scheme->used = true;
    }
    scheme->config = *config;
    scheme->nr_filters = config->nr_filters;
    if (config->nr_filters)
        memcpy(scheme->filters, config->filters, config->nr_filters * sizeof(scheme->filters[0]));
    scheme->config.filters = NULL;
    drcl_quota_set(&scheme->quota, &config->quota, engine->unit);
    scheme->config.quota.goals = NULL;
    drcl_scheme_derive(engine, scheme);
}

static void drop_schemes(struct drcl_engine *engine)
{
    for (size_t i = 0; i < engine->nr_schemes; i++)
        if (engine->schemes[i]->removed)
            memset(engine->schemes[i], 0, sizeof(*engine->schemes[i]));
}

void drcl_engine_remove_scheme(struct drcl_engine *engine, uint32_t id, bool now)
{
    engine->schemes[id]->removed = true;
    if (now)
        drop_schemes(engine);
}

bool drcl_engine_went_well(struct drcl_engine *engine, struct drcl_target *target, int r)
{
    if (r >= 0)
        return true;
    switch (r) {
    case -ESRCH:
        if (!target->removed) {
            target->removed = true;
            target->vanished = true;
        }
        break;
    case -ENOMEM:
    case -EINTR:
    case -EAGAIN:
        break; /* passing */
    default:
        engine->failed = r;
        engine->halt = true;
    }
    return false;
}

void drcl_engine_resume(struct drcl_engine *engine)
{
    engine->halt = false;
    engine->failed = 0;
    engine->tick = 0;
    memset(engine->regions.nr_accesses, 0, engine->regions.n * sizeof(*engine->regions.nr_accesses));
    drcl_engine_update_targets(engine);
    drcl_monitor_prepare(engine);
}

void drcl_engine_forget(struct drcl_engine *engine)
{
    engine->regions.n = 0;
    engine->total = 0;
    engine->last_n = 0;
    engine->tick = 0;
    for (size_t i = 0; i < engine->nr_targets; i++) {
        engine->targets[i].first = engine->targets[i].n = 0;
        engine->targets[i].stale = true;
        engine->targets[i].prepared = false;
    }
    for (size_t i = 0; i < engine->nr_schemes; i++) {
        engine->schemes[i]->quota.resume = false;
        engine->schemes[i]->quota.started = false;
        engine->schemes[i]->active = false;
    }
}

static void aggregate(struct drcl_engine *engine)
{
    drcl_monitor_age_and_merge(engine);
    engine->accounted = true;
    engine->nr_aggregations++;
    if (!++engine->sequence)
        engine->sequence = 1;
    engine->host.aggregated(engine->host.data);
    if (!engine->halt && engine->marks)
        drcl_schemes_mark(engine);
    if (!engine->halt)
        drcl_schemes_apply(engine);
    drcl_tune_intervals(engine);
    drcl_huge_cut_at_bounds(engine);
    drcl_monitor_split(engine);
    engine->accounted = false;
    engine->tick = 0;
}

void drcl_engine_observed(struct drcl_engine *engine, uint64_t aggregations)
{
    if (aggregations) {
        engine->sequence += (uint32_t)aggregations;
        if (!engine->sequence)
            engine->sequence = 1;
        for (size_t i = 0; i < engine->nr_schemes; i++)
            engine->schemes[i]->ticks += aggregations * engine->samples;
    }
    engine->accounted = true;
    if (aggregations)
        engine->host.aggregated(engine->host.data);
    if (aggregations && !engine->halt && engine->marks)
        drcl_schemes_mark(engine);
    if (!engine->halt)
        drcl_schemes_apply(engine);
    engine->accounted = false;
    drop_schemes(engine);
}

void drcl_engine_tick(struct drcl_engine *engine)
{
    drcl_monitor_check(engine);
    engine->nr_samples++;
    engine->tick++;
    for (size_t i = 0; i < engine->nr_schemes; i++)
        engine->schemes[i]->ticks++;
    if (engine->tick >= engine->samples)
        aggregate(engine);
    else
        drcl_schemes_apply(engine);
    drop_schemes(engine);
    if (engine->halt)
        return;
    drcl_engine_update_targets(engine);
    if (!engine->halt)
        drcl_monitor_prepare(engine);
}
