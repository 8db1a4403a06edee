/* SPDX-License-Identifier: MIT */
#include "engine/sample.h"

#include <string.h>

#include "base/env.h"
#include "engine/errors.h"

void drcl_sample_check(struct drcl_engine *engine)
{
    uint32_t *restrict nr_accesses = engine->regions.nr_accesses;
    const uint8_t *restrict accessed = engine->accessed;
    const uint32_t step = engine->step;

    for (size_t i = 0; i < engine->nr_targets; i++) {
        struct drcl_target *target = &engine->targets[i];
        uint8_t *hits = engine->accessed + target->first;

        if (!target->n)
            continue;
        if (target->removed)
            memset(hits, 0, target->n);
        else if (!target->prepared ||
                 !drcl_engine_take_result(
                     engine, target,
                     engine->ops->check(engine->backend, target->id, engine->sample + target->first, target->n, hits)))
            memset(hits, 1, target->n); /* without evidence nothing counts as cold */
    }
    for (size_t i = 0; i < engine->regions.n; i++)
        nr_accesses[i] += accessed[i] ? step : 0;
}

static void draw_addresses(struct drcl_engine *engine)
{
    const uint64_t *restrict start = engine->regions.start;
    const uint64_t *restrict end = engine->regions.end;
    uint64_t *restrict sample = engine->sample;
    uint32_t shift = (uint32_t)__builtin_ctzll(engine->min_region_size);
    struct drcl_random random = engine->random;
    uint64_t bits = 0;

    for (size_t i = 0; i < engine->regions.n; i++) {
        uint64_t n = (end[i] - start[i]) >> shift;

        /* 32 random bits are enough for all but the largest regions, so each random number serves two of them. */
        bits = i & 1 ? bits << 32 : drcl_random64(&random);
        sample[i] = start[i] + (drcl_scale(n > UINT32_MAX ? drcl_random64(&random) : bits, n) << shift);
    }
    engine->random = random;
}

void drcl_sample_prepare(struct drcl_engine *engine)
{
    drcl_free(engine->env, engine->held_sample);
    engine->held_sample = NULL;
    draw_addresses(engine);
    for (size_t i = 0; i < engine->nr_targets; i++) {
        struct drcl_target *target = &engine->targets[i];

        if (!target->n || target->removed)
            continue;
        target->prepared = drcl_engine_take_result(
            engine, target,
            engine->ops->prepare(engine->backend, target->id, engine->sample + target->first, target->n));
    }
}
