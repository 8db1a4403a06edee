/* SPDX-License-Identifier: MIT */
#include "engine/mark.h"

#include "engine/errors.h"
#include "engine/pass.h"
#include "engine/scheme.h"

/* Marking may take this part of the aggregation interval; the rest is marked in the next one. */
#define MARK_SHARE 10u
/* Bytes that are marked before the clock is read again: some milliseconds of work. */
#define MARK_STEP (UINT64_C(64) << 20)
/* Steps in an aggregation, 1 TiB, whatever the clock says: ranges may be larger than any memory. */
#define MAX_STEPS 16384u

/* The age at which idle regions are marked: early enough for each scheme, so the least of theirs. */
static uint32_t mark_age(const struct drcl_engine *engine)
{
    uint32_t age = UINT32_MAX;

    for (size_t i = 0; i < engine->nr_schemes; i++) {
        const struct drcl_scheme *scheme = engine->schemes[i];

        if (scheme->used && scheme->active && drcl_scheme_needs_mark(engine, scheme) && scheme->mark_age < age)
            age = scheme->mark_age;
    }
    return age;
}

/* Marks region @i step by step until @deadline or as many @steps as are allowed, and splits off what it does not reach.
 * Returns whether to go on. */
static bool mark_region(struct drcl_engine *engine, size_t t, size_t i, uint64_t deadline, unsigned int *steps)
{
    struct drcl_target *target = &engine->targets[t];
    uint64_t start = engine->regions.start[i], end = engine->regions.end[i];
    bool late = false;

    while (start < end && !late) {
        uint64_t step = end - start > MARK_STEP ? start + MARK_STEP : end;

        if (!drcl_engine_take_result(engine, target, engine->ops->mark(engine->backend, target->id, start, step)))
            return false;
        start = step;
        late = ++*steps >= MAX_STEPS || engine->host.now(engine->host.data) >= deadline;
    }
    if (start < end && drcl_engine_split_region(engine, t, i, start) < 0)
        return false;
    engine->regions.marked[i] = engine->sequence;
    return !late;
}

void drcl_mark_regions(struct drcl_engine *engine)
{
    const struct drcl_regions *regions = &engine->regions;
    uint32_t age = mark_age(engine);
    unsigned int steps = 0;
    uint64_t deadline;

    if (age == UINT32_MAX)
        return;
    deadline = engine->host.now(engine->host.data) + engine->attrs.aggr_us * 1000 / MARK_SHARE;
    for (size_t t = 0; t < engine->nr_targets; t++) {
        const struct drcl_target *target = &engine->targets[t];

        for (size_t i = target->first; i < target->first + target->n && !target->removed; i++) {
            if (regions->marked[i] || regions->nr_accesses[i] || regions->age[i] < age)
                continue;
            if (!mark_region(engine, t, i, deadline, &steps))
                return;
        }
    }
}
