/* SPDX-License-Identifier: MIT */
#include "engine/pass.h"

#include <errno.h>
#include <string.h>

#include "base/arith.h"
#include "base/env.h"

/* Room beyond what a pass needs. Schemes split single regions, and each must not allocate. */
#define SLACK 64u

int drcl_engine_reserve_regions(struct drcl_engine *engine, size_t n)
{
    int r;

    n += SLACK;
    r = drcl_regions_reserve(engine->env, &engine->regions, n);
    if (r == 0)
        r = drcl_regions_reserve(engine->env, &engine->spare, n);
    if (r == 0 && n > engine->sample_cap) {
        uint64_t *sample = drcl_realloc_array(engine->env, NULL, n, sizeof(*sample));
        uint8_t *accessed;

        if (!sample)
            return -ENOMEM;
        if (engine->sample_cap)
            memcpy(sample, engine->sample, engine->sample_cap * sizeof(*sample));
        /* The backend may refer to the addresses of the last prepare() until check() asks about them. */
        if (!engine->held_sample)
            engine->held_sample = engine->sample;
        else
            drcl_free(engine->env, engine->sample);
        engine->sample = sample;
        accessed = drcl_realloc_array(engine->env, engine->accessed, n, sizeof(*accessed));
        if (!accessed)
            return -ENOMEM;
        engine->accessed = accessed;
        engine->sample_cap = n;
    }
    return r;
}

void drcl_pass(struct drcl_engine *engine, drcl_pass_fn *each, void *data)
{
    struct drcl_regions *out = &engine->spare;

    out->n = 0;
    for (size_t t = 0; t < engine->nr_targets; t++) {
        struct drcl_target *target = &engine->targets[t];
        size_t first = out->n;

        each(engine, target, out, data);
        target->first = first;
        target->n = out->n - first;
    }
    drcl_regions_swap(&engine->regions, &engine->spare);
}

void drcl_pass_copy(struct drcl_engine *engine, const struct drcl_target *target, struct drcl_regions *out, void *data)
{
    (void)data;
    for (size_t i = target->first; i < target->first + target->n; i++)
        drcl_regions_append(out, drcl_regions_get(&engine->regions, i));
}

void drcl_engine_count_total(struct drcl_engine *engine)
{
    engine->total = 0;
    for (size_t i = 0; i < engine->regions.n; i++)
        engine->total = drcl_add(engine->total, engine->regions.end[i] - engine->regions.start[i]);
}

uint64_t drcl_engine_even_size(const struct drcl_engine *engine)
{
    return engine->total / (engine->attrs.min_nr_regions ? engine->attrs.min_nr_regions : 1);
}

size_t drcl_engine_max_regions(const struct drcl_engine *engine)
{
    size_t most = engine->attrs.max_nr_regions, needed = most / 2;

    for (size_t t = 0; t < engine->nr_targets; t++)
        needed += engine->targets[t].nr_ranges;
    return needed > most ? needed : most;
}

int drcl_engine_split_region(struct drcl_engine *engine, size_t target, size_t i, uint64_t addr)
{
    int r = drcl_engine_reserve_regions(engine, engine->regions.n + 1);

    if (r < 0)
        return r;
    drcl_regions_split(&engine->regions, i, addr);
    engine->targets[target].n++;
    for (size_t t = target + 1; t < engine->nr_targets; t++)
        engine->targets[t].first++;
    return 0;
}
