/* SPDX-License-Identifier: MIT */
#include "engine/release.h"

#include "base/arith.h"
#include "base/clock.h"
#include "engine/errors.h"
#include "engine/target.h"

struct report {
    struct drcl_engine *engine;
    struct damon_reclaim_scheme_stats *stats;
};

/* Counts what became of memory of a target. It may be more than the backend has said before. */
static void take_report(void *data, const struct damon_reclaim_released *released)
{
    const struct report *report = data;
    struct damon_reclaim_scheme_stats *stats = report->stats;
    uint64_t freed = drcl_min(released->freed, stats->sz_swapcached);
    struct drcl_target *target = drcl_engine_find_target(report->engine, released->target);

    stats->sz_swapcached -= freed;
    stats->sz_swapcached -= drcl_min(released->returned, stats->sz_swapcached);
    stats->sz_applied += freed;
    if (target)
        target->released += freed;
}

/* Tells the host program, which may add and remove targets meanwhile. */
static void tell_host(struct drcl_engine *engine, uint32_t scheme)
{
    for (size_t i = 0; i < engine->nr_targets && !engine->halt; i++) {
        uint64_t bytes = engine->targets[i].released;

        engine->targets[i].released = 0;
        if (bytes)
            engine->host.released(engine->host.data, scheme, engine->targets[i].id, bytes);
    }
}

void drcl_engine_release(struct drcl_engine *engine, uint32_t id, uint64_t deadline)
{
    struct drcl_scheme *scheme = engine->schemes[id];
    struct report report = {engine, &scheme->stats};
    uint64_t begin, cpu, ns;
    int r;

    if (!scheme->stats.sz_swapcached || !engine->ops->release)
        return;
    begin = engine->host.now(engine->host.data);
    cpu = engine->host.cpu_now(engine->host.data);
    r = engine->ops->release(engine->backend, id, deadline, take_report, &report);
    ns = drcl_elapsed(begin, engine->host.now(engine->host.data));
    engine->reclaim_ns += ns;
    engine->reclaim_cpu_ns += drcl_elapsed(cpu, engine->host.cpu_now(engine->host.data));
    scheme->stats.time_ns += ns;
    drcl_quota_charge(&scheme->quota, 0, 0, 0, ns);
    drcl_engine_take_failure(engine, r);
    tell_host(engine, id);
}

void drcl_engine_release_all(struct drcl_engine *engine)
{
    uint64_t deadline = engine->host.now(engine->host.data) + engine->attrs.aggr_us * 1000;

    for (uint32_t id = 0; id < engine->nr_schemes && !engine->halt; id++)
        if (engine->schemes[id]->used && !engine->schemes[id]->removed)
            drcl_engine_release(engine, id, deadline);
}
