/* SPDX-License-Identifier: MIT */
#include "context.h"

#include <errno.h>

#include "schemes.h"
#include "base/arith.h"
#include "base/structs.h"

int damon_reclaim_get_regions(struct damon_reclaim *ctx, struct damon_reclaim_region *regions, size_t capacity,
                              size_t *ret_n)
{
    const struct drcl_regions *r;
    const uint32_t *nr_accesses;
    size_t n = 0;

    if (!ctx)
        return -EINVAL;
    if ((!regions && capacity) || !ret_n)
        return drcl_refuse(&ctx->env, -EINVAL, "%s: NULL", ret_n ? "regions" : "ret_n");
    r = &ctx->engine.regions;
    nr_accesses = ctx->engine.complete ? r->nr_accesses : r->last_nr_accesses;
    for (size_t t = 0; t < ctx->engine.nr_targets; t++) {
        const struct drcl_target *target = &ctx->engine.targets[t];

        if (target->removed)
            continue;
        for (size_t i = target->first; i < target->first + target->n; i++, n++) {
            if (n < capacity)
                regions[n] = (struct damon_reclaim_region){.start = r->start[i],
                                                           .end = r->end[i],
                                                           .target = target->id,
                                                           .nr_accesses = nr_accesses[i],
                                                           .age = r->age[i]};
        }
    }
    *ret_n = n;
    return 0;
}

/* Without the regions of removed targets, which lie there until the aggregation ends. */
static void count_regions(const struct drcl_engine *engine, struct damon_reclaim_stats *stats)
{
    for (size_t t = 0; t < engine->nr_targets; t++) {
        const struct drcl_target *target = &engine->targets[t];

        if (target->removed)
            continue;
        stats->nr_regions += target->n;
        for (size_t i = target->first; i < target->first + target->n; i++)
            stats->monitored_bytes =
                drcl_add(stats->monitored_bytes, engine->regions.end[i] - engine->regions.start[i]);
    }
}

int damon_reclaim_get_stats(struct damon_reclaim *ctx, struct damon_reclaim_stats *ret_stats)
{
    const struct drcl_engine *engine;
    const struct drcl_scheme *scheme;
    struct damon_reclaim_stats stats;

    if (!ctx)
        return -EINVAL;
    engine = &ctx->engine;
    scheme = engine->schemes[DAMON_RECLAIM_SCHEME_RECLAIM];
    stats = (struct damon_reclaim_stats){
        .size = sizeof(stats),
        .state = ctx->view.state,
        .reason = ctx->reason,
        .nr_reclaim_tried_regions = scheme->stats.nr_tried,
        .bytes_reclaim_tried_regions = scheme->stats.sz_tried,
        .nr_reclaimed_regions = scheme->stats.nr_applied,
        .bytes_reclaimed_regions = scheme->stats.sz_applied,
        .nr_quota_exceeds = scheme->quota.exceeds,
        .bytes_filter_passed = scheme->stats.sz_filter_passed,
        .bytes_accessed = engine->bytes_accessed,
        .bytes_not_reclaimable = engine->bytes_not_reclaimable,
        .nr_targets = ctx->view.nr_targets,
        .effective_quota = scheme->quota.effective,
        .charged_bytes = scheme->quota.charged,
        .nr_samples = engine->nr_samples,
        .nr_aggregations = engine->nr_aggregations,
        .monitor_ns = ctx->view.monitor_ns,
        .monitor_cpu_ns = ctx->view.monitor_cpu_ns,
        .reclaim_ns = engine->reclaim_ns,
        .reclaim_cpu_ns = engine->reclaim_cpu_ns,
        .bytes_swapcached = scheme->stats.sz_swapcached,
    };
    count_regions(engine, &stats);
    return drcl_struct_give(&ctx->env, "stats", ret_stats, &stats, sizeof(stats));
}

int damon_reclaim_get_scheme_stats(struct damon_reclaim *ctx, uint32_t id, struct damon_reclaim_scheme_stats *ret_stats)
{
    struct damon_reclaim_scheme_stats stats;
    const struct drcl_scheme *scheme;

    if (!ctx)
        return -EINVAL;
    scheme = drcl_find_scheme(ctx, id);
    if (!scheme)
        return -ENOENT;
    stats = scheme->stats;
    stats.size = sizeof(stats);
    stats.qt_exceeds = scheme->quota.exceeds;
    stats.effective_quota = scheme->quota.effective;
    stats.active = scheme->active;
    return drcl_struct_give(&ctx->env, "stats", ret_stats, &stats, sizeof(stats));
}

int damon_reclaim_sim_get_report(struct damon_reclaim *ctx, uint64_t min_age_us,
                                 struct damon_reclaim_sim_report *ret_report)
{
    struct damon_reclaim_sim_report report = {.size = sizeof(report)};
    int r;

    if (!ctx)
        return -EINVAL;
    if (!ret_report)
        return drcl_error(&ctx->env, -EINVAL, "report: NULL");
    if (!ctx->view.kind->report)
        return drcl_error(&ctx->env, -EOPNOTSUPP, "report: the backend %s is not a simulation", ctx->ops.name);
    r = ctx->view.kind->report(ctx->view.backend, min_age_us, &report);
    return r < 0 ? r : drcl_struct_give(&ctx->env, "report", ret_report, &report, sizeof(report));
}
