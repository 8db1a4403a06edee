/* SPDX-License-Identifier: MIT */
#include "engine/tune.h"

#include "base/arith.h"
#include "engine/attrs.h"

#define BP UINT64_C(10000) /* one, in basis points */

/* Aggregations between two tunings, so that one odd aggregation does not decide. */
#define TUNE_AGGRS 3u
/* The share of the possible accesses that should be observed: little, because idle memory is what is looked for. */
#define TUNE_ACCESS_BP 40u
/* The bounds that the kernel documents for DAMON_RECLAIM: below 5 ms sampling costs too much. */
#define TUNE_MIN_SAMPLE_US UINT64_C(5000)
#define TUNE_MAX_SAMPLE_US UINT64_C(10000000)

void drcl_tune_scale(struct drcl_attrs *attrs, uint64_t score_bp)
{
    uint64_t factor = drcl_feedback(BP, score_bp, 1), ratio, sample;

    /* At most to the half; the feedback itself at most doubles. */
    if (factor < BP / 2)
        factor = BP / 2;
    ratio = attrs->sample_us ? attrs->aggr_us / attrs->sample_us : 1;
    sample = attrs->sample_us * factor / BP;
    if (sample < TUNE_MIN_SAMPLE_US)
        sample = TUNE_MIN_SAMPLE_US;
    if (sample > TUNE_MAX_SAMPLE_US)
        sample = TUNE_MAX_SAMPLE_US;
    attrs->sample_us = sample;
    attrs->aggr_us = sample * (ratio ? ratio : 1);
}

void drcl_tune_intervals(struct drcl_engine *engine)
{
    const struct drcl_regions *regions = &engine->regions;
    struct drcl_attrs tuned = engine->attrs;
    uint64_t wanted;

    if (!engine->attrs.autotune)
        return;
    for (size_t i = 0; i < regions->n; i++) {
        uint64_t weight = (regions->end[i] - regions->start[i]) / engine->min_region_size;

        engine->tune_events += weight * regions->nr_accesses[i];
        engine->tune_max += weight * engine->samples;
    }
    if (++engine->tune_count < TUNE_AGGRS)
        return;
    /* Small memory may have fewer possible accesses than the share tells of: one is wanted at least. */
    wanted = drcl_max(drcl_mul_div(engine->tune_max, TUNE_ACCESS_BP, BP), 1);
    if (engine->tune_max) {
        drcl_tune_scale(&tuned, drcl_mul_div(engine->tune_events, BP, wanted));
        drcl_engine_set_attrs(engine, &tuned);
    }
    engine->tune_count = 0;
    engine->tune_events = engine->tune_max = 0;
}
