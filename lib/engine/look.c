/* SPDX-License-Identifier: MIT */
#include "engine/look.h"

#include "base/arith.h"

/* Looks in an aggregation, where nothing asks for more. */
#define LOOKS 1u
/* Looks while a region reaches the least age at which a scheme acts on it. With so many, a region of which a tenth of
 * the pages is in use is taken for idle once in 70 times. */
#define LOOKS_TO_AGE 40u
/* Looks may take this part of one CPU. */
#define CPU_SHARE 100u

/* Whether the scheme tells memory that is accessed often from memory that is accessed seldom. */
static bool asks_how_often(const struct drcl_engine *engine, const struct damon_reclaim_scheme *config)
{
    if (!config->max_nr_accesses)
        return false;
    return config->min_nr_accesses > 1 || config->max_nr_accesses < engine->samples || config->quota.weight_nr_accesses;
}

/* Whether the memory need not be looked at once every sample interval. */
static bool may_skip(const struct drcl_engine *engine)
{
    if (engine->every_sample || !(engine->ops->features & DAMON_RECLAIM_BACKEND_ACCESSES_STAY))
        return false;
    for (size_t i = 0; i < engine->nr_schemes; i++)
        if (engine->schemes[i]->used && asks_how_often(engine, &engine->schemes[i]->config))
            return false;
    return true;
}

/* The most sample intervals between two looks with which each scheme is applied in time. */
static uint64_t most_intervals(const struct drcl_engine *engine)
{
    uint64_t most = engine->samples;

    for (size_t i = 0; i < engine->nr_schemes; i++) {
        uint64_t apply_interval = engine->schemes[i]->config.apply_interval_us;

        if (engine->schemes[i]->used && apply_interval)
            most = drcl_min(most, drcl_max(apply_interval / engine->attrs.sample_us, 1));
    }
    return most;
}

/* Looks in an aggregation that schemes need to tell idle memory. */
static uint64_t needed_looks(const struct drcl_engine *engine)
{
    uint64_t looks = LOOKS;

    for (size_t i = 0; i < engine->nr_schemes; i++) {
        const struct drcl_scheme *scheme = engine->schemes[i];

        if (scheme->used)
            looks = drcl_max(looks, scheme->min_age ? drcl_div_up(LOOKS_TO_AGE, scheme->min_age) : engine->samples);
    }
    return looks;
}

/* Looks in an aggregation that do not take more than the share of a CPU. */
static uint64_t affordable_looks(const struct drcl_engine *engine)
{
    uint64_t aggr_ns = drcl_mul(engine->attrs.aggr_us, 1000), share_ns = drcl_mul(engine->look_ns, CPU_SHARE);

    return share_ns ? drcl_max(aggr_ns / share_ns, 1) : engine->samples;
}

uint32_t drcl_look_step(const struct drcl_engine *engine)
{
    uint64_t looks, step;

    if (!may_skip(engine))
        return 1;
    looks = drcl_min(needed_looks(engine), affordable_looks(engine));
    step = drcl_min(drcl_div_up(engine->samples, looks), most_intervals(engine));
    return (uint32_t)drcl_min(step, engine->samples - engine->tick);
}

void drcl_look_cost(struct drcl_engine *engine, uint64_t cpu_ns)
{
    /* The mean of the last looks, because the one that ends an aggregation costs more than the others. */
    engine->look_ns = engine->look_ns ? engine->look_ns - engine->look_ns / 4 + cpu_ns / 4 : cpu_ns;
}

uint64_t drcl_look_pause_ns(const struct drcl_engine *engine)
{
    return may_skip(engine) ? drcl_mul(engine->look_ns, CPU_SHARE - 1) : 0;
}
