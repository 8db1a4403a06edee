/* SPDX-License-Identifier: MIT */
/* Schemes: which regions match, which of them are worth the quota, and what becomes of them. */
#include "engine/engine.h"

#include <string.h>

#include "base/env.h"
#include "engine/filter.h"
#include "engine/watermark.h"

/* Marking may take this part of the aggregation interval; what is left is marked in the next one. */
#define MARK_SHARE 10u
#define MARK_STEP  (UINT64_C(64) << 20)
/* Memory that was idle for so long is likely to stay so. To sample it costs far less once it is marked, so that is not
 * put off until it must be. */
#define MARK_AT_US UINT64_C(5000000)

static uint32_t in_aggregations(uint64_t us, uint64_t aggr_us)
{
    uint64_t n = us / aggr_us;

    return n > INT32_MAX ? INT32_MAX : (uint32_t)n;
}

void drcl_scheme_derive(struct drcl_engine *engine, struct drcl_scheme *scheme)
{
    const struct damon_reclaim_scheme *config = &scheme->config;

    if (!engine->attrs.aggr_us) /* not enabled yet: the attributes bring it about when they come */
        return;
    scheme->min_age = in_aggregations(config->min_age_us, engine->attrs.aggr_us);
    scheme->max_age = config->max_age_us ? in_aggregations(config->max_age_us, engine->attrs.aggr_us) : UINT32_MAX;
    /* Half of the age at least must have been spent under watch, page by page. */
    scheme->lead = scheme->min_age / 2 ? scheme->min_age / 2 : 1;
    scheme->mark_age = scheme->min_age > scheme->lead ? scheme->min_age - scheme->lead : 0;
    if (scheme->mark_age > in_aggregations(MARK_AT_US, engine->attrs.aggr_us))
        scheme->mark_age = in_aggregations(MARK_AT_US, engine->attrs.aggr_us);
    drcl_scorer_init(&scheme->scorer, &config->quota, engine->attrs.aggr_us, engine->samples);
}

static bool acts_on_pages(const struct drcl_scheme *scheme)
{
    return scheme->config.action != DAMON_RECLAIM_ACTION_STAT;
}

/* Whether the scheme acts on idle memory alone, whose pages are then to stay idle under watch. */
static bool needs_mark(const struct drcl_engine *engine, const struct drcl_scheme *scheme)
{
    return engine->marks && acts_on_pages(scheme) && !scheme->config.max_nr_accesses;
}

/* --- marking ------------------------------------------------------------------------------------------------ */

/* The age at which idle regions are marked: early enough for the scheme that acts first. */
static uint32_t mark_age(const struct drcl_engine *engine)
{
    uint32_t age = UINT32_MAX;

    for (size_t i = 0; i < engine->nr_schemes; i++) {
        const struct drcl_scheme *scheme = engine->schemes[i];

        if (scheme->used && scheme->active && needs_mark(engine, scheme) && scheme->mark_age < age)
            age = scheme->mark_age;
    }
    return age;
}

/* Marks region @i step by step until @deadline; what remains is cut off and stays unmarked. Whether to go on. */
static bool mark_region(struct drcl_engine *engine, struct drcl_target *target, size_t i, uint64_t deadline)
{
    struct drcl_regions *regions = &engine->regions;
    uint64_t start = regions->start[i], end = regions->end[i];
    bool late = false;

    while (start < end && !late) {
        uint64_t step = end - start > MARK_STEP ? start + MARK_STEP : end;

        if (!drcl_engine_went_well(engine, target, engine->ops->mark(engine->backend, target->id, start, step)))
            return false;
        start = step;
        late = engine->host.now(engine->host.data) >= deadline;
    }
    if (start < end) {
        if (drcl_engine_reserve_regions(engine, regions->n + 1) < 0)
            return false;
        drcl_regions_cut(regions, i, start);
        target->n++;
        for (struct drcl_target *t = target + 1; t < engine->targets + engine->nr_targets; t++)
            t->first++;
    }
    regions->marked[i] = engine->sequence;
    return !late;
}

void drcl_schemes_mark(struct drcl_engine *engine)
{
    uint32_t age = mark_age(engine);
    uint64_t deadline;

    if (age == UINT32_MAX)
        return;
    deadline = engine->host.now(engine->host.data) + engine->attrs.aggr_us * 1000 / MARK_SHARE;
    for (size_t t = 0; t < engine->nr_targets; t++) {
        struct drcl_target *target = &engine->targets[t];

        for (size_t i = target->first; i < target->first + target->n && !target->removed; i++) {
            if (engine->regions.marked[i] || engine->regions.nr_accesses[i] || engine->regions.age[i] < age)
                continue;
            if (!mark_region(engine, target, i, deadline))
                return;
        }
    }
}

/* --- matching ----------------------------------------------------------------------------------------------- */

/* Accesses of a window that ends now: between two aggregations the last one stands in for what is missing. */
static inline uint32_t moving_sum(const struct drcl_engine *engine, size_t i)
{
    const struct drcl_regions *regions = &engine->regions;
    uint32_t left = engine->samples - engine->tick;

    if (engine->accounted || !left)
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

/* Whether region @i has been watched page by page for long enough, where that is needed. */
static inline bool watched(const struct drcl_engine *engine, const struct drcl_scheme *scheme, size_t i)
{
    uint32_t marked = engine->regions.marked[i];

    return !needs_mark(engine, scheme) || (marked && engine->sequence - marked >= scheme->lead);
}

static inline uint32_t score(const struct drcl_engine *engine, const struct drcl_scheme *scheme, size_t i)
{
    return drcl_cold_score(&scheme->scorer, moving_sum(engine, i), engine->regions.age[i]);
}

/* What is excluded never goes: it must not use up the quota by its priority. */
static uint64_t eligible_bytes(const struct drcl_engine *engine, size_t i)
{
    uint64_t start = engine->regions.start[i], end = engine->regions.end[i];

    return end - start - drcl_excluded_bytes(&engine->excluded, start, end);
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
    size_t target;     /* index; the array may move in callbacks */
    uint64_t deadline; /* when it ends, whatever the quota allows: sampling must go on */
    bool over;         /* the window is full, or the round has to end for another reason */
};

static struct drcl_target *target_of(const struct round *round)
{
    return &round->engine->targets[round->target];
}

/* Cuts region @i of the round's target at @addr. False without memory for it. */
static bool cut(struct round *round, size_t i, uint64_t addr)
{
    struct drcl_engine *engine = round->engine;

    if (drcl_engine_reserve_regions(engine, engine->regions.n + 1) < 0)
        return false;
    drcl_regions_cut(&engine->regions, i, addr);
    target_of(round)->n++;
    for (size_t t = round->target + 1; t < engine->nr_targets; t++)
        engine->targets[t].first++;
    return true;
}

/* What the exclusions and the filters of the core say of the front part of [start, end). */
static struct drcl_filter_verdict verdict_on(const struct round *round, uint64_t start, uint64_t end)
{
    const struct drcl_scheme *scheme = round->scheme;

    if (drcl_excluded_front(&round->engine->excluded, start, &end))
        return (struct drcl_filter_verdict){.decided = true, .until = end};
    return drcl_filter_region(scheme->filters, scheme->nr_filters, target_of(round)->id, start, end);
}

/* Whether the front of region @i may be acted on; the region is cut where that changes. */
static bool passes_filters(struct round *round, size_t i, bool *ret_decided)
{
    const struct drcl_regions *regions = &round->engine->regions;
    uint64_t start = regions->start[i], unit = round->engine->unit;
    struct drcl_filter_verdict verdict = verdict_on(round, start, regions->end[i]);
    uint64_t until = verdict.until & ~(unit - 1);

    *ret_decided = verdict.decided;
    if (verdict.until >= regions->end[i])
        return verdict.allowed;
    if (until <= start) {
        /* The verdict changes inside of the first page: then that page is left alone. */
        until = start + unit;
        verdict.allowed = false;
    }
    return (until >= regions->end[i] || cut(round, i, until)) && verdict.allowed;
}

/* Without a backend that looks at pages, region @i is cut so that it fits into the window. */
static bool fits_quota(struct round *round, size_t i)
{
    const struct drcl_engine *engine = round->engine;
    uint64_t size = engine->regions.end[i] - engine->regions.start[i];
    uint64_t room = drcl_quota_room(&round->scheme->quota) & ~(engine->unit - 1);
    uint64_t huge = engine->ops->huge_size > engine->unit ? engine->ops->huge_size : engine->unit;
    uint64_t start = engine->regions.start[i], end = start + room;

    if (size <= room)
        return true;
    if ((end & ~(huge - 1)) > start)
        end &= ~(huge - 1);
    return room && cut(round, i, end);
}

/* How far a huge page that begins in region @i may be followed: through the next region, if that may go as well. */
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

/* Keeps what a backend says within what it can have done. */
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
}

/* When an attempt that begins at @now has to end. */
static uint64_t deadline(const struct round *round, uint64_t now)
{
    uint64_t quota = drcl_quota_deadline(&round->scheme->quota, now);

    return quota && quota < round->deadline ? quota : round->deadline;
}

/* Asks the backend to act on region @i, and takes the time. */
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
        .marked = needs_mark(engine, scheme),
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
    drcl_quota_charge(&scheme->quota, result->end - request.start, result->tried, result->reclaimed, ns);
    return r;
}

static void count(struct round *round, const struct damon_reclaim_result *result)
{
    struct damon_reclaim_scheme_stats *stats = &round->scheme->stats;

    stats->nr_tried += result->tried > 0;
    stats->sz_tried += result->tried;
    stats->nr_applied += result->reclaimed > 0;
    stats->sz_applied += result->reclaimed;
    stats->sz_filter_passed += result->filter_passed;
    if (round->id == DAMON_RECLAIM_SCHEME_RECLAIM) {
        round->engine->bytes_accessed += result->accessed;
        round->engine->bytes_not_reclaimable += result->not_reclaimable;
    }
}

/* The front of region @i up to @end was dealt with and starts anew; the rest waits for its turn. */
static void start_anew(struct round *round, size_t i, uint64_t end)
{
    struct drcl_regions *regions = &round->engine->regions;

    end &= ~(round->engine->unit - 1);
    if (end <= regions->start[i] || (end < regions->end[i] && !cut(round, i, end)))
        return;
    regions->age[i] = 0;
    regions->marked[i] = 0;
}

/* The window is full: the next one goes on behind @addr. */
static void stop_at(struct round *round, uint64_t addr)
{
    struct drcl_quota *quota = &round->scheme->quota;

    quota->resume = true;
    quota->resume_target = target_of(round)->id;
    quota->resume_addr = addr;
    round->over = true;
}

/* Region @i matches and is worth it. */
static void apply_to_region(struct round *round, size_t i)
{
    struct drcl_engine *engine = round->engine;
    struct damon_reclaim_result result = {.size = sizeof(result)};
    struct damon_reclaim_region region;
    bool stat = !acts_on_pages(round->scheme), decided = false;
    int r = 0;

    if (!passes_filters(round, i, &decided))
        return;
    if ((stat || !engine->by_page) && !fits_quota(round, i))
        return;
    region = describe(round, i);
    if (!stat && engine->host.has_before && !engine->host.before(engine->host.data, round->id, &region))
        return;
    if (engine->halt || target_of(round)->removed)
        return;
    if (drcl_excluded_bytes(&engine->excluded, region.start, region.end)) /* since the callback was asked */
        return;
    result.end = region.end;
    if (stat) {
        result.tried = result.reclaimed = result.filter_passed = region.end - region.start;
        drcl_quota_charge(&round->scheme->quota, result.tried, result.tried, result.tried, 0);
    } else {
        r = act(round, i, decided, &result);
        if (r == 0)
            start_anew(round, i, result.end < region.end ? result.end : region.end);
    }
    count(round, &result);
    engine->host.after(engine->host.data, round->id, &region, &result);
    if (!drcl_engine_went_well(engine, target_of(round), r))
        return;
    if (drcl_quota_full(&round->scheme->quota) || (!stat && result.end < region.end) ||
        (engine->by_page && engine->host.now(engine->host.data) >= round->deadline))
        stop_at(round, result.end);
}

/* Whether region @i lies before where the last full window stopped. Where that is inside of it, the front is cut off,
 * so that it is the rest that goes on. */
static bool had_its_turn(struct round *round, size_t i)
{
    const struct drcl_regions *regions = &round->engine->regions;
    struct drcl_quota *quota = &round->scheme->quota;
    uint64_t addr = quota->resume_addr & ~(round->engine->unit - 1);

    if (!quota->resume)
        return false;
    if (regions->end[i] <= quota->resume_addr)
        return true;
    quota->resume = false;
    return addr > regions->start[i] && cut(round, i, addr);
}

static void apply_to_target(struct round *round)
{
    struct drcl_engine *engine = round->engine;
    struct drcl_quota *quota = &round->scheme->quota;

    for (size_t i = target_of(round)->first; i < target_of(round)->first + target_of(round)->n; i++) {
        if (round->over || engine->halt || target_of(round)->removed || round->scheme->removed)
            return;
        if (had_its_turn(round, i))
            continue;
        if (matches(engine, round->scheme, i) && watched(engine, round->scheme, i) &&
            (!quota->min_score || score(engine, round->scheme, i) >= quota->min_score))
            apply_to_region(round, i);
    }
    /* The end of the target where the last window stopped: from here on everything has its turn. */
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
                            engine->by_page && acts_on_pages(scheme));
}

static void apply_scheme(struct drcl_engine *engine, uint32_t id)
{
    struct round round = {.engine = engine, .scheme = engine->schemes[id], .id = id};
    struct drcl_quota *quota = &round.scheme->quota;

    if (!begin_round(engine, round.scheme))
        return;
    find_min_score(engine, round.scheme);
    round.deadline = engine->host.now(engine->host.data) + engine->attrs.aggr_us * 1000;
    if (quota->resume && !drcl_engine_find_target(engine, quota->resume_target))
        quota->resume = false;
    for (; round.target < engine->nr_targets && !round.over && !engine->halt; round.target++) {
        if (quota->resume && target_of(&round)->id != quota->resume_target)
            continue;
        apply_to_target(&round);
    }
}

/* Whether the scheme's turn has come: every aggregation, or every apply_interval. */
static bool due(const struct drcl_engine *engine, const struct drcl_scheme *scheme)
{
    uint64_t interval = scheme->config.apply_interval_us;

    if (!interval)
        return engine->accounted;
    return scheme->ticks * engine->attrs.sample_us >= interval;
}

void drcl_schemes_apply(struct drcl_engine *engine)
{
    for (uint32_t id = 0; id < engine->nr_schemes && !engine->halt; id++) {
        struct drcl_scheme *scheme = engine->schemes[id];

        if (!scheme->used || scheme->removed || !due(engine, scheme))
            continue;
        scheme->ticks = 0;
        if (scheme->active)
            apply_scheme(engine, id);
    }
}

bool drcl_schemes_check_watermarks(struct drcl_engine *engine, uint32_t free_permille,
                                   enum damon_reclaim_reason *ret_reason)
{
    bool any = false;

    for (uint32_t id = 0; id < engine->nr_schemes; id++) {
        struct drcl_scheme *scheme = engine->schemes[id];
        const struct damon_reclaim_watermarks *marks = &scheme->config.watermarks;
        enum damon_reclaim_reason reason = DAMON_RECLAIM_REASON_REQUESTED;

        if (!scheme->used || scheme->removed)
            continue;
        if (!marks->interval_us && !marks->high && !marks->mid && !marks->low)
            scheme->active = true;
        else
            scheme->active = drcl_watermark_active(marks, scheme->active, free_permille, &reason);
        /* The reclaim scheme's reason is told, unless it is another scheme alone that keeps the context going. */
        if (id == DAMON_RECLAIM_SCHEME_RECLAIM || (scheme->active && !any))
            *ret_reason = reason;
        any = any || scheme->active;
    }
    return any;
}
