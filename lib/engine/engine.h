/* SPDX-License-Identifier: MIT */
/*
 * The engine: regions, aging, schemes, quotas. It makes no system call; it knows the memory through a backend's
 * operations and the rest of the world through struct drcl_host. Data goes one way:
 *
 *     drcl_engine_tick()  check (monitor.c) -> age and merge (monitor.c) -> mark (scheme.c) -> schemes (scheme.c)
 *                         -> interval tuning (tune.c) -> split (monitor.c) -> new ranges (target.c) -> prepare
 * (monitor.c)
 *
 * A callback of the host may add and remove targets and schemes and ask for a halt; all of it takes effect between two
 * steps, when no pass is running.
 */
#ifndef DRCL_ENGINE_H
#define DRCL_ENGINE_H

#include "damon_reclaim/damon_reclaim.h"

#include "base/clock.h"
#include "engine/excluded.h"
#include "engine/quota.h"
#include "engine/random.h"
#include "engine/region.h"

#define DRCL_MAX_SCHEMES 17 /* the reclaim scheme and 16 of the host program */
#define DRCL_MAX_FILTERS 33 /* 32 of the host program and the one that skip_anon makes */

struct drcl_env;

/* What the engine needs of the world. @data is passed to each. */
struct drcl_host {
    uint64_t (*now)(void *data);     /* the context's clock, ns */
    uint64_t (*cpu_now)(void *data); /* CPU time of this thread, ns */
    int (*metrics)(void *data, struct damon_reclaim_metrics *ret_metrics);
    void (*aggregated)(void *data);
    bool (*before)(void *data, uint32_t scheme, const struct damon_reclaim_region *region);
    void (*after)(void *data, uint32_t scheme, const struct damon_reclaim_region *region,
                  const struct damon_reclaim_result *result);
    void (*vanished)(void *data, uint32_t target); /* its process is gone, and so is it for the engine */
    bool has_before;                               /* whether before() may say no */
    void *data;
};

/* The monitoring attributes. */
struct drcl_attrs {
    uint64_t sample_us;
    uint64_t aggr_us;
    uint32_t min_nr_regions;
    uint32_t max_nr_regions;
    bool autotune;
};

struct drcl_target {
    uint32_t id;
    bool fixed;    /* the ranges are the caller's */
    bool stale;    /* ranges were never laid out */
    bool removed;  /* to be dropped before the next step */
    bool vanished; /* removed because its process is gone; the host is told */
    bool prepared; /* the last prepare() went well */
    uint64_t next_update_ns;
    struct damon_reclaim_range *ranges; /* as laid out, or to be laid out */
    size_t nr_ranges;
    size_t first; /* its regions */
    size_t n;
};

struct drcl_scheme {
    bool used;
    bool removed;
    bool active;                        /* as the watermarks have it */
    struct damon_reclaim_scheme config; /* `filters` and `quota.goals` point nowhere; they are below and in the quota */
    struct damon_reclaim_filter filters[DRCL_MAX_FILTERS];
    size_t nr_filters;
    struct drcl_quota quota;
    struct drcl_scorer scorer;
    uint32_t min_age; /* aggregations */
    uint32_t max_age;
    uint32_t mark_age; /* aggregations after which idle memory is marked */
    uint32_t lead;     /* aggregations at least between marking a region and acting on it */
    uint64_t ticks;    /* sample ticks since it was last applied */
    struct damon_reclaim_scheme_stats stats;
};

struct drcl_engine {
    struct drcl_env *env;
    const struct damon_reclaim_backend_ops *ops;
    void *backend;
    struct drcl_host host;
    struct drcl_attrs attrs;
    struct drcl_random random;
    uint32_t samples; /* sample ticks an aggregation */
    uint64_t unit;    /* minimum region size */
    bool by_page;     /* the backend looks at single pages */
    bool marks;       /* regions are marked before they are acted on */

    struct drcl_target *targets;
    size_t nr_targets;
    size_t targets_cap;
    struct damon_reclaim_range *range_buf;
    size_t range_cap;
    struct drcl_regions regions;
    struct drcl_regions spare; /* the other set, which passes write */
    uint64_t *sample;          /* address sampled in each region */
    uint64_t *held_sample;     /* the array of the last prepare(), if that has been replaced; freed by the next one */
    uint8_t *accessed;         /* what became of it */
    size_t sample_cap;

    struct drcl_scheme *schemes[DRCL_MAX_SCHEMES]; /* by number; once there, each stays in its place, used or not */
    uint32_t nr_schemes;                           /* that are there; the reclaim scheme always is */
    struct drcl_excluded excluded;

    uint32_t tick;        /* in this aggregation */
    bool accounted;       /* this aggregation is accounted for, its counters not yet reset */
    uint32_t sequence;    /* number of the aggregation, never 0 */
    uint64_t total;       /* bytes monitored */
    size_t last_n;        /* regions at the last split */
    uint32_t tune_count;  /* aggregations since the intervals were tuned */
    uint64_t tune_events; /* what was observed since, in units times accesses */
    uint64_t tune_max;
    bool halt;  /* leave off at the next chance */
    int failed; /* the backend's error, or 0 */

    uint64_t nr_samples;
    uint64_t nr_aggregations;
    uint64_t reclaim_ns;
    uint64_t reclaim_cpu_ns;
    uint64_t bytes_accessed;        /* of the reclaim scheme */
    uint64_t bytes_not_reclaimable; /* of the reclaim scheme */
};

/* engine.c */
int drcl_engine_init(struct drcl_engine *engine, struct drcl_env *env, const struct damon_reclaim_backend_ops *ops,
                     void *backend, const struct drcl_host *host, uint64_t seed, bool marks);
void drcl_engine_fini(struct drcl_engine *engine);
/* Makes room for an attribute set, so that drcl_engine_set_attrs() cannot fail. */
int drcl_engine_reserve(struct drcl_engine *engine, const struct drcl_attrs *attrs);
/* Takes the attributes; what was learnt is scaled. */
void drcl_engine_set_attrs(struct drcl_engine *engine, const struct drcl_attrs *attrs);
/* Makes room for the scheme, so that drcl_engine_set_scheme() cannot fail. Numbers are given in order. 0 or -ENOMEM. */
int drcl_engine_reserve_scheme(struct drcl_engine *engine, uint32_t id);
/* Takes a scheme; charges and statistics of the one that was there stay. Everything in it is valid. */
void drcl_engine_set_scheme(struct drcl_engine *engine, uint32_t id, const struct damon_reclaim_scheme *scheme);
/* Removes a scheme: @now, or when the tick that is running has ended. */
void drcl_engine_remove_scheme(struct drcl_engine *engine, uint32_t id, bool now);
/* The regions are somebody else's, who has laid them out anew after so many aggregations, or not at all (0): the
 * schemes act on them. Errors are in engine->failed. */
void drcl_engine_observed(struct drcl_engine *engine, uint64_t aggregations);
/* One sample tick. Errors are in engine->failed. */
void drcl_engine_tick(struct drcl_engine *engine);
/* Monitoring begins, or goes on after a pause: what was sampled before it counts no longer. */
void drcl_engine_resume(struct drcl_engine *engine);
/* Forgets what was learnt of the memory. */
void drcl_engine_forget(struct drcl_engine *engine);
/* What a backend call returned: true if it went well. Else the target is dropped, or the engine fails, or it passes. */
bool drcl_engine_went_well(struct drcl_engine *engine, struct drcl_target *target, int r);

/* target.c */
int drcl_engine_add_target(struct drcl_engine *engine, uint32_t id, const struct damon_reclaim_range *ranges, size_t n);
/* Replaces the caller's ranges of a target (none: the backend's); regions that still intersect them stay. */
int drcl_engine_set_ranges(struct drcl_engine *engine, uint32_t id, const struct damon_reclaim_range *ranges, size_t n);
bool drcl_engine_remove_target(struct drcl_engine *engine, uint32_t id);
struct drcl_target *drcl_engine_find_target(struct drcl_engine *engine, uint32_t id);
/* Drops removed targets and lays out new ranges where it is due. */
void drcl_engine_update_targets(struct drcl_engine *engine);
int drcl_engine_reserve_regions(struct drcl_engine *engine, size_t n);

/* monitor.c */
void drcl_monitor_check(struct drcl_engine *engine);
void drcl_monitor_prepare(struct drcl_engine *engine);
void drcl_monitor_age_and_merge(struct drcl_engine *engine);
void drcl_monitor_split(struct drcl_engine *engine);
/* What should lie in one region: a huge page, where the backend looks at pages and regions may be as large; else the
 * least region. */
uint64_t drcl_monitor_grain(const struct drcl_engine *engine);
/* The greatest size of a region. */
uint64_t drcl_monitor_size_limit(const struct drcl_engine *engine);
/* Cuts what is larger than the limit. */
void drcl_monitor_cut_large(struct drcl_engine *engine);

/* huge.c */
/* Leaves no huge page divided among idle regions. */
void drcl_huge_keep_whole(struct drcl_engine *engine);
/* Now and then: cuts where a huge page on the bound of idle memory and memory in use begins or ends. */
void drcl_huge_cut_at_bounds(struct drcl_engine *engine);

/* scheme.c */
void drcl_schemes_mark(struct drcl_engine *engine);
void drcl_schemes_apply(struct drcl_engine *engine);
/* Sets which schemes are active at so much free memory, and why. Whether any is. */
bool drcl_schemes_check_watermarks(struct drcl_engine *engine, uint32_t free_permille,
                                   enum damon_reclaim_reason *ret_reason);
/* Sets what a scheme derives from the attributes. */
void drcl_scheme_derive(struct drcl_engine *engine, struct drcl_scheme *scheme);

/* tune.c */
void drcl_tune_intervals(struct drcl_engine *engine);
/* Both intervals after tuning: @score_bp is observed over wanted access events. Pure. */
void drcl_tune_scale(struct drcl_attrs *attrs, uint64_t score_bp);

#endif
