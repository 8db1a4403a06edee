/* SPDX-License-Identifier: MIT */
#include "engine/scheme.h"

#include <errno.h>
#include <string.h>

#include "base/env.h"
#include "engine/watermark.h"

/* The pages of a region must have been watched one by one for this part of min_age before the scheme acts on it: long
 * enough to see what samples miss. */
#define WATCHED_SHARE 2u
/* Idle regions are marked at this age at the latest, even if no scheme needs that yet. Memory that was idle for so long
 * is likely to stay so, and to sample it costs far less once it is marked. */
#define MARK_AT_US UINT64_C(5000000)

static uint32_t in_aggregations(uint64_t us, uint64_t aggr_us)
{
    uint64_t n = us / aggr_us;

    return n > INT32_MAX ? INT32_MAX : (uint32_t)n;
}

void drcl_scheme_derive(struct drcl_engine *engine, struct drcl_scheme *scheme)
{
    const struct damon_reclaim_scheme *config = &scheme->config;

    if (!engine->attrs.aggr_us) /* not enabled yet: drcl_engine_set_attrs() calls this again */
        return;
    scheme->min_age = in_aggregations(config->min_age_us, engine->attrs.aggr_us);
    scheme->max_age = config->max_age_us ? in_aggregations(config->max_age_us, engine->attrs.aggr_us) : UINT32_MAX;
    scheme->min_watched = scheme->min_age / WATCHED_SHARE ? scheme->min_age / WATCHED_SHARE : 1;
    scheme->mark_age = scheme->min_age > scheme->min_watched ? scheme->min_age - scheme->min_watched : 0;
    if (scheme->mark_age > in_aggregations(MARK_AT_US, engine->attrs.aggr_us))
        scheme->mark_age = in_aggregations(MARK_AT_US, engine->attrs.aggr_us);
    drcl_scorer_init(&scheme->scorer, &config->quota, engine->attrs.aggr_us, engine->samples);
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
    drcl_quota_set(&scheme->quota, &config->quota, engine->min_region_size);
    scheme->config.quota.goals = NULL;
    drcl_scheme_derive(engine, scheme);
}

void drcl_engine_drop_schemes(struct drcl_engine *engine)
{
    for (size_t i = 0; i < engine->nr_schemes; i++)
        if (engine->schemes[i]->removed)
            memset(engine->schemes[i], 0, sizeof(*engine->schemes[i]));
}

void drcl_engine_remove_scheme(struct drcl_engine *engine, uint32_t id, bool now)
{
    engine->schemes[id]->removed = true;
    if (now)
        drcl_engine_drop_schemes(engine);
}

bool drcl_schemes_check_watermarks(struct drcl_engine *engine, uint32_t free_permille,
                                   enum damon_reclaim_reason *ret_reason)
{
    bool any = false;

    for (uint32_t id = 0; id < engine->nr_schemes; id++) {
        struct drcl_scheme *scheme = engine->schemes[id];
        const struct damon_reclaim_watermarks *wmarks = &scheme->config.watermarks;
        enum damon_reclaim_reason reason = DAMON_RECLAIM_REASON_REQUESTED;

        if (!scheme->used || scheme->removed)
            continue;
        if (!wmarks->interval_us && !wmarks->high && !wmarks->mid && !wmarks->low)
            scheme->active = true;
        else
            scheme->active = drcl_watermark_active(wmarks, scheme->active, free_permille, &reason);
        /* The reason is that of the reclaim scheme, unless only another scheme is active. */
        if (id == DAMON_RECLAIM_SCHEME_RECLAIM || (scheme->active && !any))
            *ret_reason = reason;
        any = any || scheme->active;
    }
    return any;
}
