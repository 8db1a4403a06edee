/* SPDX-License-Identifier: MIT */
/* The data that the engine's passes share. It holds no code; each .c file of the engine has a header of its own. */
#ifndef DRCL_STATE_H
#define DRCL_STATE_H

#include "damon_reclaim/damon_reclaim.h"

#include "engine/exclusion.h"
#include "engine/quota.h"
#include "base/random.h"
#include "engine/region.h"

#define DRCL_MAX_SCHEMES 17 /* the reclaim scheme, and 16 that the host program adds */
#define DRCL_MAX_FILTERS 33 /* 32 that the host program gives, and the one that skip_anon stands for */

struct drcl_env;

/*
 * What the engine needs of the world besides the memory. @data is passed to each function. A function may add and
 * remove targets and schemes and set engine->halt: the engine acts on that between two steps, when no pass is running.
 */
struct drcl_host {
    uint64_t (*now)(void *data);     /* the context's clock, ns */
    uint64_t (*cpu_now)(void *data); /* CPU time of this thread, ns */
    int (*metrics)(void *data, struct damon_reclaim_metrics *ret_metrics);
    void (*aggregated)(void *data);
    bool (*before)(void *data, uint32_t scheme, const struct damon_reclaim_region *region);
    void (*after)(void *data, uint32_t scheme, const struct damon_reclaim_region *region,
                  const struct damon_reclaim_result *result);
    void (*released)(void *data, uint32_t scheme, uint32_t target, uint64_t bytes);
    void (*vanished)(void *data, uint32_t target); /* the target's process has exited; the engine drops the target */
    bool has_before;                               /* whether before() may refuse */
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
    bool fixed;        /* the host program gave the ranges; else the backend gives them */
    bool stale;        /* the regions do not follow the ranges yet */
    bool removed;      /* dropped before the next step */
    bool vanished;     /* removed because its process has exited; the host is told so */
    bool prepared;     /* the last prepare() succeeded */
    uint64_t released; /* bytes that the host program is to be told of */
    uint64_t next_update_ns;
    struct damon_reclaim_range *ranges;
    size_t nr_ranges;
    size_t first; /* its regions stand together, in engine->regions from here on */
    size_t n;
};

struct drcl_scheme {
    bool used;
    bool removed;                       /* dropped when the running tick has ended */
    bool active;                        /* by its watermarks */
    struct damon_reclaim_scheme config; /* without `filters` and `quota.goals`, which are copied below */
    struct damon_reclaim_filter filters[DRCL_MAX_FILTERS];
    size_t nr_filters;
    struct drcl_quota quota;
    struct drcl_scorer scorer;
    uint32_t min_age; /* in aggregations, as the next three */
    uint32_t max_age;
    uint32_t mark_age;    /* idle regions of this age are marked */
    uint32_t min_watched; /* a region stays marked at least for so long before the scheme acts on it */
    uint64_t ticks;       /* sample intervals since it was last applied */
    struct damon_reclaim_scheme_stats stats;
};

struct drcl_engine {
    struct drcl_env *env;
    const struct damon_reclaim_backend_ops *ops;
    void *backend;
    struct drcl_host host;
    struct drcl_attrs attrs;
    struct drcl_random random;
    uint32_t samples;         /* sample intervals in an aggregation */
    uint64_t min_region_size; /* bytes, a power of two */
    bool by_page;             /* the backend looks at single pages */
    bool marking;             /* idle regions are marked before a scheme acts on them */
    bool every_sample;        /* the memory is looked at once every sample interval */
    bool dry_run;             /* schemes count what they would act on, and leave it alone */

    struct drcl_target *targets;
    size_t nr_targets;
    size_t targets_cap;
    struct damon_reclaim_range *range_buf; /* the backend's answer to ranges() */
    size_t range_cap;
    struct drcl_regions regions;
    struct drcl_regions spare; /* the set that a pass writes; see pass.h */
    uint64_t *sample;          /* the address that is watched in each region */
    uint64_t *held_sample;     /* what `sample` was at the last prepare(), if it was replaced since */
    uint8_t *accessed;         /* the backend's answer to check(), for each region */
    size_t sample_cap;

    struct drcl_scheme *schemes[DRCL_MAX_SCHEMES]; /* by number; each keeps its place, used or not */
    uint32_t nr_schemes;                           /* places in use; the first is the reclaim scheme's */
    struct drcl_exclusion exclusion;               /* addresses that no scheme acts on */

    uint32_t tick;        /* sample intervals of this aggregation so far */
    uint32_t step;        /* sample intervals from the last look at the memory to the next one; see look.h */
    uint64_t look_ns;     /* what a look costs, CPU time; 0: not known */
    bool complete;        /* the counters are those of a whole aggregation: it has just ended */
    uint32_t sequence;    /* number of the aggregation, never 0 */
    uint64_t total;       /* bytes of all regions */
    size_t last_n;        /* regions at the last split */
    uint32_t tune_count;  /* aggregations since the intervals were tuned */
    uint64_t tune_events; /* accesses that were observed since then, weighted by the size of the regions */
    uint64_t tune_max;    /* as many as could have been observed */
    bool halt;            /* the host wants the engine to stop at the next step */
    int failed;           /* the backend's error until drcl_engine_take_error(), or 0 */
    bool explained;       /* it has a text already */

    uint64_t nr_samples;
    uint64_t nr_aggregations;
    uint64_t reclaim_ns;
    uint64_t reclaim_cpu_ns;
    uint64_t bytes_accessed;        /* of the reclaim scheme */
    uint64_t bytes_not_reclaimable; /* of the reclaim scheme */
};

#endif
