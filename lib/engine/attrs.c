/* SPDX-License-Identifier: MIT */
#include "engine/attrs.h"

#include "engine/pass.h"
#include "engine/scheme.h"

int drcl_engine_reserve(struct drcl_engine *engine, const struct drcl_attrs *attrs)
{
    return drcl_engine_reserve_regions(engine, attrs->max_nr_regions);
}

/* @value * @num / @denom, at most INT32_MAX. */
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
        engine->step = scaled(engine->step, engine->samples, old_samples);
        if (engine->step > engine->samples - engine->tick)
            engine->step = engine->samples - engine->tick;
        if (!engine->step)
            engine->step = 1;
    }
    for (size_t i = 0; i < engine->nr_schemes; i++)
        if (engine->schemes[i]->used)
            drcl_scheme_derive(engine, engine->schemes[i]);
}
