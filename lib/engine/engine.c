/* SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include <string.h>

#include "base/env.h"
#include "engine/apply.h"
#include "engine/huge.h"
#include "engine/look.h"
#include "engine/mark.h"
#include "engine/merge.h"
#include "engine/sample.h"
#include "engine/scheme.h"
#include "engine/split.h"
#include "engine/target.h"
#include "engine/tune.h"

#define DEFAULT_MIN_REGION_SIZE 4096u /* bytes, for a backend that gives none */

int drcl_engine_init(struct drcl_engine *engine, struct drcl_env *env, const struct damon_reclaim_backend_ops *ops,
                     void *backend, const struct drcl_host *host, uint64_t seed, bool marking)
{
    memset(engine, 0, sizeof(*engine));
    engine->env = env;
    engine->ops = ops;
    engine->backend = backend;
    engine->host = *host;
    engine->random.counter = drcl_mix64(seed + 1);
    engine->min_region_size = ops->min_region_size ? ops->min_region_size : DEFAULT_MIN_REGION_SIZE;
    engine->by_page = ops->features & DAMON_RECLAIM_BACKEND_PAGE_PRECISE;
    engine->marking = marking && ops->mark;
    engine->sequence = 1;
    engine->step = 1;
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

void drcl_engine_resume(struct drcl_engine *engine)
{
    engine->halt = false;
    engine->failed = 0;
    engine->tick = 0;
    memset(engine->regions.nr_accesses, 0, engine->regions.n * sizeof(*engine->regions.nr_accesses));
    drcl_engine_update_targets(engine);
    engine->step = drcl_look_step(engine);
    drcl_sample_prepare(engine);
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
    drcl_age_and_merge(engine);
    engine->complete = true;
    engine->nr_aggregations++;
    if (!++engine->sequence)
        engine->sequence = 1;
    engine->host.aggregated(engine->host.data);
    if (!engine->halt && engine->marking)
        drcl_mark_regions(engine);
    if (!engine->halt)
        drcl_schemes_apply(engine);
    drcl_tune_intervals(engine);
    drcl_huge_split_at_bounds(engine);
    drcl_split_at_random(engine);
    engine->complete = false;
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
    engine->complete = true;
    if (aggregations)
        engine->host.aggregated(engine->host.data);
    if (aggregations && !engine->halt && engine->marking)
        drcl_mark_regions(engine);
    if (!engine->halt)
        drcl_schemes_apply(engine);
    engine->complete = false;
    drcl_engine_drop_schemes(engine);
}

void drcl_engine_tick(struct drcl_engine *engine)
{
    drcl_sample_check(engine);
    engine->nr_samples++;
    engine->tick += engine->step;
    for (size_t i = 0; i < engine->nr_schemes; i++)
        engine->schemes[i]->ticks += engine->step;
    if (engine->tick >= engine->samples)
        aggregate(engine);
    else
        drcl_schemes_apply(engine);
    drcl_engine_drop_schemes(engine);
    if (engine->halt)
        return;
    drcl_engine_update_targets(engine);
    engine->step = drcl_look_step(engine);
    if (!engine->halt)
        drcl_sample_prepare(engine);
}
