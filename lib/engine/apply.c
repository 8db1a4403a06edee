/* SPDX-License-Identifier: MIT */
#include "engine/apply.h"

#include "base/clock.h"
#include "base/env.h"
#include "engine/errors.h"
#include "engine/filter.h"
#include "engine/huge.h"
#include "engine/pass.h"
#include "engine/release.h"
#include "engine/scheme.h"
#include "engine/target.h"

/* --- matching ----------------------------------------------------------------------------------------------- */

/* Accesses in the last aggregation interval up to now. Within an aggregation, what is missing is taken from the one
 * before, in proportion. */
static inline uint32_t moving_sum(const struct drcl_engine *engine, size_t i)
{
    const struct drcl_regions *regions = &engine->regions;
    uint32_t left = engine->samples - engine->tick;

    if (engine->complete || !left)
        return regions->nr_accesses[i];
    return regions->nr_accesses[i] + (uint32_t)((uint64_t)regions->last_nr_accesses[i] * left / engine->samples);
}

static inline bool matches(const struct drcl_engine *engine, const struct drcl_scheme *scheme, size_t i)
{
    const struct drcl_regions *regions = &engine->regions;
    const struct damon_reclaim_scheme *config = &scheme->config;
    uint64_t size = regions->end[i] - regions->start[i];
    uint32_t nr_accesses = moving_sum(engine, i), age = regions->age[i];

    return age >= scheme->min_age && age <= scheme->max_age && nr_accesses >= config->min_nr_accesses &&
           nr_accesses <= config->max_nr_accesses && size >= config->min_sz &&
           (!config->max_sz || size <= config->max_sz);
}

/* Whether region @i was marked long enough ago, if the scheme needs marks. */
static inline bool watched(const struct drcl_engine *engine, const struct drcl_scheme *scheme, size_t i)
{
    uint32_t marked = engine->regions.marked[i];

    return !drcl_scheme_needs_mark(engine, scheme) || (marked && engine->sequence - marked >= scheme->min_watched);
}

static inline uint32_t score(const struct drcl_engine *engine, const struct drcl_scheme *scheme, size_t i)
{
    return drcl_cold_score(&scheme->scorer, moving_sum(engine, i), engine->regions.age[i]);
}

/* What is excluded is never reclaimed, and must not take a share of the quota by its priority. */
static uint64_t eligible_bytes(const struct drcl_engine *engine, size_t i)
{
    uint64_t start = engine->regions.start[i], end = engine->regions.end[i];

    return end - start - drcl_exclusion_bytes(&engine->exclusion, start, end);
}

static void find_min_score(struct drcl_engine *engine, struct drcl_scheme *scheme)
{
    const struct drcl_regions *regions = &engine->regions;
    struct drcl_quota *quota = &scheme->quota;

    quota->min_score = 0;
    if (quota->cover == DRCL_NO_LIMIT)
        return;
    drcl_quota_clear_scores(quota);
    for (size_t i = 0; i < regions->n; i++)
        if (matches(engine, scheme, i) && watched(engine, scheme, i))
            quota->histogram[score(engine, scheme, i)] += eligible_bytes(engine, i);
    drcl_quota_find_min_score(quota);
}

/* --- acting ------------------------------------------------------------------------------------------------- */

/* One round of a scheme over the regions. */
struct round {
    struct drcl_engine *engine;
    struct drcl_scheme *scheme;
    uint32_t id;       /* of the scheme */
    size_t target;     /* number of the target; callbacks may move the array */
    uint64_t deadline; /* when the round ends, whatever the quota allows, because samples are due */
    bool over;         /* the window is full, or the round has to end for another reason */
};

static struct drcl_target *target_of(const struct round *round)
{
    return &round->engine->targets[round->target];
}

/* Splits region @i of the round's target at @addr. False without memory for it. */
static bool split(struct round *round, size_t i, uint64_t addr)
{
    return drcl_engine_split_region(round->engine, round->target, i, addr) == 0;
}

/* What the exclusions and the filters of the core say of the front part of [start, end). */
static struct drcl_filter_verdict verdict_on(const struct round *round, uint64_t start, uint64_t end)
{
    const struct drcl_scheme *scheme = round->scheme;

    if (drcl_exclusion_front(&round->engine->exclusion, start, &end))
        return (struct drcl_filter_verdict){.decided = true, .until = end};
    return drcl_filter_region(scheme->filters, scheme->nr_filters, target_of(round)->id, start, end);
}

/* Shortens region @i to the front part for which the filters decide alike. Returns whether they let it pass. */
static bool trim_to_filters(struct round *round, size_t i, bool *ret_decided)
{
    const struct drcl_regions *regions = &round->engine->regions;
    uint64_t start = regions->start[i], page = round->engine->min_region_size;
    struct drcl_filter_verdict verdict = verdict_on(round, start, regions->end[i]);
    uint64_t until = verdict.until & ~(page - 1);

    *ret_decided = verdict.decided;
    if (verdict.until >= regions->end[i])
        return verdict.allowed;
    if (until <= start) {
        /* The verdict changes inside of the first page, which is left alone then. */
        until = start + page;
        verdict.allowed = false;
    }
    return (until >= regions->end[i] || split(round, i, until)) && verdict.allowed;
}

/* Shortens region @i to what the quota's window has room for, for a backend that does not look at pages. Returns
 * whether anything remains. */
static bool trim_to_quota(struct round *round, size_t i)
{
    const struct drcl_engine *engine = round->engine;
    uint64_t start = engine->regions.start[i], end = engine->regions.end[i];
    uint64_t room = drcl_quota_room(&round->scheme->quota) & ~(engine->min_region_size - 1);

    if (end - start <= room)
        return true;
    return room && split(round, i, drcl_huge_trim(engine, start, start + room));
}

/* The end of what may be touched. A huge page that begins in region @i may be reclaimed as a whole if the rest of it
 * lies in the next region and the scheme may act on that as well. */
static uint64_t limit_end(const struct round *round, size_t i)
{
    const struct drcl_engine *engine = round->engine;
    const struct drcl_regions *regions = &engine->regions;
    const struct drcl_target *target = target_of(round);
    struct drcl_filter_verdict verdict;

    if (i + 1 >= target->first + target->n || regions->start[i + 1] != regions->end[i] || engine->host.has_before ||
        !matches(engine, round->scheme, i + 1))
        return regions->end[i];
    verdict = verdict_on(round, regions->start[i + 1], regions->end[i + 1]);
    return verdict.allowed ? verdict.until : regions->end[i];
}

static struct damon_reclaim_region describe(const struct round *round, size_t i)
{
    const struct drcl_regions *regions = &round->engine->regions;

    return (struct damon_reclaim_region){
        .start = regions->start[i],
        .end = regions->end[i],
        .target = target_of(round)->id,
        .nr_accesses = regions->nr_accesses[i],
        .age = regions->age[i],
    };
}

/* Bounds what a backend reports by what it can have done. */
static void sanitize(struct damon_reclaim_result *result, uint64_t start, uint64_t end)
{
    if (result->end > end)
        result->end = end;
    if (result->end < start)
        result->end = start;
    if (result->reclaimed > end - start)
        result->reclaimed = end - start;
    if (result->tried > end - start)
        result->tried = end - start;
    if (result->tried < result->reclaimed)
        result->tried = result->reclaimed;
    if (result->swapcached > result->tried - result->reclaimed)
        result->swapcached = result->tried - result->reclaimed;
}

/* When an attempt that begins at @now must end. */
static uint64_t deadline(const struct round *round, uint64_t now)
{
    uint64_t quota = drcl_quota_deadline(&round->scheme->quota, now);

    return quota && quota < round->deadline ? quota : round->deadline;
}

/* First of all, frees what earlier rounds have left in the swap cache, unless the window's time is used up. */
static void release(struct round *round)
{
    const struct drcl_quota *quota = &round->scheme->quota;

    if (!quota->limits.ms || quota->spent_ns < quota->budget_ns)
        drcl_engine_release(round->engine, round->id,
                            deadline(round, round->engine->host.now(round->engine->host.data)));
}

/* Has the backend act on region @i, and charges the quota. */
static int act(struct round *round, size_t i, bool decided, struct damon_reclaim_result *result)
{
    struct drcl_engine *engine = round->engine;
    struct drcl_scheme *scheme = round->scheme;
    void *data = engine->host.data;
    uint64_t begin = engine->host.now(data), cpu = engine->host.cpu_now(data), ns;
    struct damon_reclaim_request request = {
        .size = sizeof(request),
        .target = target_of(round)->id,
        .scheme = round->id,
        .action = scheme->config.action,
        .start = engine->regions.start[i],
        .end = engine->regions.end[i],
        .limit_end = engine->regions.end[i],
        .marked = drcl_scheme_needs_mark(engine, scheme),
        .max_bytes = drcl_quota_room(&scheme->quota),
        .deadline_ns = engine->by_page ? deadline(round, begin) : 0,
        .filters = scheme->filters,
        .nr_filters = decided ? 0 : scheme->nr_filters,
    };
    int r;

    if (engine->by_page)
        request.limit_end = limit_end(round, i);
    r = engine->ops->reclaim(engine->backend, &request, result);
    sanitize(result, request.start, request.limit_end);
    ns = drcl_elapsed(begin, engine->host.now(data));
    engine->reclaim_ns += ns;
    engine->reclaim_cpu_ns += drcl_elapsed(cpu, engine->host.cpu_now(data));
    scheme->stats.time_ns += ns;
    /* What is in the swap cache was written there, as much as what is free. */
    drcl_quota_charge(&scheme->quota, result->end - request.start, result->tried,
                      result->reclaimed + result->swapcached, ns);
    return r;
}

static void count(struct round *round, const struct damon_reclaim_result *result)
{
    struct damon_reclaim_scheme_stats *stats = &round->scheme->stats;

    stats->nr_tried += result->tried > 0;
    stats->sz_tried += result->tried;
    stats->nr_applied += result->reclaimed + result->swapcached > 0;
    stats->sz_applied += result->reclaimed;
    stats->sz_swapcached += result->swapcached;
    stats->sz_filter_passed += result->filter_passed;
    if (round->id == DAMON_RECLAIM_SCHEME_RECLAIM) {
        round->engine->bytes_accessed += result->accessed;
        round->engine->bytes_not_reclaimable += result->not_reclaimable;
    }
}

/* The scheme has acted on region @i up to @end: splits it there, and lets the front begin at age 0. */
static void start_anew(struct round *round, size_t i, uint64_t end)
{
    struct drcl_regions *regions = &round->engine->regions;

    end &= ~(round->engine->min_region_size - 1);
    if (end <= regions->start[i] || (end < regions->end[i] && !split(round, i, end)))
        return;
    regions->age[i] = 0;
    regions->marked[i] = 0;
}

/* Ends the round. The next window goes on at @addr. */
static void stop_at(struct round *round, uint64_t addr)
{
    struct drcl_quota *quota = &round->scheme->quota;

    quota->resume = true;
    quota->resume_target = target_of(round)->id;
    quota->resume_addr = addr;
    round->over = true;
}

/* Region @i matches, and its priority is high enough. */
static void apply_to_region(struct round *round, size_t i)
{
    struct drcl_engine *engine = round->engine;
    struct damon_reclaim_result result = {.size = sizeof(result)};
    struct damon_reclaim_region region;
    bool acts = drcl_scheme_acts_on_pages(round->scheme), counts = !acts || engine->dry_run, decided = false;
    uint64_t end;
    int r = 0;

    if (!trim_to_filters(round, i, &decided))
        return;
    end = engine->regions.end[i];
    if ((counts || !engine->by_page) && !trim_to_quota(round, i))
        return;
    region = describe(round, i);
    if (acts && engine->host.has_before && !engine->host.before(engine->host.data, round->id, &region)) {
        if (region.end < end) /* else the rest would be trimmed and refused, a page at a time, within this round */
            stop_at(round, region.end);
        return;
    }
    if (engine->halt || target_of(round)->removed)
        return;
    if (drcl_exclusion_bytes(&engine->exclusion, region.start, region.end)) /* by the callback, just now */
        return;
    result.end = region.end;
    if (counts) {
        result.tried = result.filter_passed = region.end - region.start;
        result.reclaimed = acts ? 0 : result.tried;
        drcl_quota_charge(&round->scheme->quota, result.tried, result.tried, result.tried, 0);
    } else {
        r = act(round, i, decided, &result);
        if (r == 0)
            start_anew(round, i, result.end < region.end ? result.end : region.end);
    }
    count(round, &result);
    engine->host.after(engine->host.data, round->id, &region, &result);
    if (!drcl_engine_take_result(engine, target_of(round), r))
        return;
    /* A region that was trimmed to the quota has filled it, even if the callback has raised the quota since. */
    if (drcl_quota_full(&round->scheme->quota) || region.end < end || (!counts && result.end < region.end) ||
        (engine->by_page && engine->host.now(engine->host.data) >= round->deadline))
        stop_at(round, result.end);
}

/* Skips region @i if it lies before the address where the last window stopped. If that address lies inside of the
 * region, splits it there, so that the rest is next. Returns whether the region is skipped. */
static bool skip_front(struct round *round, size_t i)
{
    const struct drcl_regions *regions = &round->engine->regions;
    struct drcl_quota *quota = &round->scheme->quota;
    uint64_t addr = quota->resume_addr & ~(round->engine->min_region_size - 1);

    if (!quota->resume)
        return false;
    if (regions->end[i] <= quota->resume_addr)
        return true;
    quota->resume = false;
    return addr > regions->start[i] && split(round, i, addr);
}

static void apply_to_target(struct round *round)
{
    struct drcl_engine *engine = round->engine;
    struct drcl_quota *quota = &round->scheme->quota;

    for (size_t i = target_of(round)->first; i < target_of(round)->first + target_of(round)->n; i++) {
        if (round->over || engine->halt || target_of(round)->removed || round->scheme->removed)
            return;
        if (skip_front(round, i))
            continue;
        if (matches(engine, round->scheme, i) && watched(engine, round->scheme, i) &&
            (!quota->min_score || score(engine, round->scheme, i) >= quota->min_score))
            apply_to_region(round, i);
    }
    /* The end of the target in which the last window stopped: no region behind it is skipped. */
    if (!round->over)
        quota->resume = false;
}

static bool begin_round(struct drcl_engine *engine, struct drcl_scheme *scheme)
{
    struct damon_reclaim_metrics metrics = {.size = sizeof(metrics)};
    struct drcl_quota *quota = &scheme->quota;

    for (size_t i = 0; i < quota->limits.nr_goals; i++) {
        if (quota->goals[i].metric == DAMON_RECLAIM_GOAL_SOME_MEM_PSI_US) {
            if (engine->host.metrics(engine->host.data, &metrics) < 0)
                metrics.psi_valid = false;
            break;
        }
    }
    return drcl_quota_begin(quota, engine->host.now(engine->host.data), metrics.psi_valid, metrics.psi_some_us,
                            engine->by_page && drcl_scheme_acts_on_pages(scheme) && !engine->dry_run);
}

static void apply_scheme(struct drcl_engine *engine, uint32_t id)
{
    struct round round = {.engine = engine, .scheme = engine->schemes[id], .id = id};
    struct drcl_quota *quota = &round.scheme->quota;
    bool has_room = begin_round(engine, round.scheme);

    round.deadline = engine->host.now(engine->host.data) + engine->attrs.aggr_us * 1000;
    release(&round);
    if (!has_room || drcl_quota_full(quota) || engine->halt)
        return;
    find_min_score(engine, round.scheme);
    if (quota->resume && !drcl_engine_find_target(engine, quota->resume_target))
        quota->resume = false;
    for (; round.target < engine->nr_targets && !round.over && !engine->halt; round.target++) {
        if (quota->resume && target_of(&round)->id != quota->resume_target)
            continue;
        apply_to_target(&round);
    }
}

/* Whether the scheme is to be applied: at the end of each aggregation, or every apply_interval. */
static bool is_due(const struct drcl_engine *engine, const struct drcl_scheme *scheme)
{
    uint64_t interval = scheme->config.apply_interval_us;

    if (!interval)
        return engine->complete;
    return scheme->ticks * engine->attrs.sample_us >= interval;
}

void drcl_schemes_apply(struct drcl_engine *engine)
{
    for (uint32_t id = 0; id < engine->nr_schemes && !engine->halt; id++) {
        struct drcl_scheme *scheme = engine->schemes[id];

        if (!scheme->used || scheme->removed || !is_due(engine, scheme))
            continue;
        scheme->ticks = 0;
        if (scheme->active)
            apply_scheme(engine, id);
    }
}
