/* SPDX-License-Identifier: MIT */
/* How often the engine looks at the memory, where an access stays seen until it does, and what it counts then. */
#include "scripted.h"

#define SAMPLES 20 /* sample intervals in an aggregation, by default */

SCRIPTED_FIXTURE(s);

/* A context that watches 64 MiB from BASE on, of which the first 16 MiB are accessed all the time. */
static struct damon_reclaim *start(uint32_t features, uint32_t flags, const char *settings)
{
    struct damon_reclaim *ctx;

    s.ops.features |= features;
    s.accessed = accessed_hot;
    s.hot_start = BASE;
    s.hot_end = BASE + 16 * MIB;
    ctx = scripted_new(&s, flags);
    reclaim_set(ctx, "%s", settings);
    reclaim_enable(ctx);
    return ctx;
}

static uint64_t looks_of(struct damon_reclaim *ctx, uint64_t aggregations)
{
    uint64_t before = s.nr_calls[OP_CHECK];

    reclaim_aggregate(ctx, aggregations);
    return s.nr_calls[OP_CHECK] - before;
}

static void add_scheme(struct damon_reclaim *ctx, struct damon_reclaim_scheme scheme)
{
    uint32_t id;

    scheme.size = sizeof(scheme);
    scheme.action = DAMON_RECLAIM_ACTION_STAT;
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, &id), 0);
}

static const struct {
    const char *settings;
    uint32_t features, flags;
    uint64_t looks; /* in ten aggregations */
} cases[] = {
    {"min_age=120s", 0, 0, 200}, /* an access that nobody looks for in time is lost */
    {"min_age=120s", DAMON_RECLAIM_BACKEND_ACCESSES_STAY, 0, 10},
    {"min_age=120s", DAMON_RECLAIM_BACKEND_ACCESSES_STAY, DAMON_RECLAIM_EVERY_SAMPLE, 200},
    {"min_age=2s", DAMON_RECLAIM_BACKEND_ACCESSES_STAY, 0, 20},
    {"min_age=1s", DAMON_RECLAIM_BACKEND_ACCESSES_STAY, 0, 40}, /* 40 while it gets old enough */
    {"min_age=200000", DAMON_RECLAIM_BACKEND_ACCESSES_STAY, 0, 200},
    {"min_age=0", DAMON_RECLAIM_BACKEND_ACCESSES_STAY, 0, 200},
    /* 7 sample intervals, and 70 ms x 20 of min_age: looks after 4 and 7 */
    {"min_age=1400000 sample_interval=10000 aggr_interval=70000", DAMON_RECLAIM_BACKEND_ACCESSES_STAY, 0, 20},
    {"min_age=120s sample_interval=100000", DAMON_RECLAIM_BACKEND_ACCESSES_STAY, 0, 10},
};

TEST_CASES(test_looks, NUMBER_OF(cases))
{
    struct damon_reclaim *ctx = start(cases[_i].features, cases[_i].flags, cases[_i].settings);
    uint64_t begin = s.now_ns, aggr_interval = reclaim_get(ctx, "aggr_interval");

    ck_assert_uint_eq(looks_of(ctx, 10), cases[_i].looks);
    ck_assert_uint_eq(s.now_ns - begin, 10 * aggr_interval * US);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_samples, cases[_i].looks);
}

/* A scheme that asks how often memory is accessed, or acts more often, needs more looks. */
static const struct {
    struct damon_reclaim_scheme scheme;
    uint64_t looks; /* in ten aggregations */
} schemes[] = {
    {{.max_nr_accesses = UINT32_MAX, .min_age_us = 5000000}, 10},
    {{.min_nr_accesses = 1, .max_nr_accesses = SAMPLES, .min_age_us = 5000000}, 10},
    {{.max_nr_accesses = 3, .min_age_us = 5000000}, 200},
    {{.min_nr_accesses = 15, .max_nr_accesses = UINT32_MAX, .min_age_us = 5000000}, 200},
    {{.max_nr_accesses = UINT32_MAX, .quota.weight_nr_accesses = 1, .min_age_us = 5000000}, 200},
    {{.quota.weight_nr_accesses = 1, .min_age_us = 5000000}, 10}, /* of memory without accesses */
    {{.min_age_us = 1000000}, 40},
    {{.min_age_us = 5000000, .apply_interval_us = 20000}, 50},
};

TEST_CASES(test_schemes, NUMBER_OF(schemes))
{
    struct damon_reclaim *ctx = start(DAMON_RECLAIM_BACKEND_ACCESSES_STAY, 0, "min_age=120s");

    add_scheme(ctx, schemes[_i].scheme);
    looks_of(ctx, 1); /* the look that was due stays due */
    ck_assert_uint_eq(looks_of(ctx, 10), schemes[_i].looks);
}

/* However many looks there are, memory that is accessed all the time has the highest count, and idle memory none. */
TEST_CASES(test_counts, NUMBER_OF(cases))
{
    struct damon_reclaim *ctx = start(DAMON_RECLAIM_BACKEND_ACCESSES_STAY, 0, cases[_i].settings);
    uint32_t samples = (uint32_t)(reclaim_get(ctx, "aggr_interval") / reclaim_get(ctx, "sample_interval"));
    struct damon_reclaim_region *regions;
    uint64_t hot = 0, idle = 0;
    size_t n;

    reclaim_aggregate(ctx, 100);
    regions = reclaim_regions(ctx, &n);
    for (size_t i = 0; i < n; i++) {
        uint64_t bytes = regions[i].end - regions[i].start;

        ck_assert_uint_le(regions[i].nr_accesses, samples);
        hot += regions[i].end <= s.hot_end && regions[i].nr_accesses == samples ? bytes : 0;
        idle += regions[i].start >= s.hot_end && regions[i].nr_accesses == 0 ? bytes : 0;
    }
    free(regions);
    ck_assert_uint_ge(hot, 12 * MIB);
    ck_assert_uint_ge(idle, 40 * MIB);
}

/* Looks take a hundredth of a CPU at most: so dear that one an aggregation is too many, they come later. */
TEST_CASES(test_bounded_cost, 3)
{
    static const struct {
        uint64_t cpu_ns, every_ns; /* what one costs, and how often they come */
    } costs[] = {{100 * US, 100 * MS}, {750 * US, 100 * MS}, {10 * MS, 1000 * MS}};
    struct damon_reclaim *ctx;
    uint64_t begin = 0;

    s.ops.now = NULL;
    s.ops.advance = NULL;
    s.ns_per_check = 2 * costs[_i].cpu_ns; /* the system in memory takes half of the time for CPU time */
    ctx = start(DAMON_RECLAIM_BACKEND_ACCESSES_STAY, 0, "min_age=120s");
    while (s.nr_calls[OP_CHECK] < 40) {
        if (s.nr_calls[OP_CHECK] <= 20)
            begin = s.system_ns;
        s.system_ns = s.timer_ns;
        reclaim_dispatch(ctx);
    }
    ck_assert_uint_ge(s.system_ns - begin, 19 * costs[_i].every_ns);
    ck_assert_uint_le(s.system_ns - begin, 21 * (costs[_i].every_ns + 2 * costs[_i].cpu_ns));
}

/* New intervals while a look is due: it counts for no more than what the aggregation has left. */
TEST(test_new_intervals)
{
    struct damon_reclaim *ctx = start(DAMON_RECLAIM_BACKEND_ACCESSES_STAY, 0, "min_age=120s");
    struct damon_reclaim_region *regions;
    size_t n;

    for (int i = 0; i < 3; i++)
        reclaim_dispatch(ctx);
    reclaim_set(ctx, "sample_interval=50000 aggr_interval=100000");
    reclaim_commit(ctx);
    reclaim_aggregate(ctx, 20);
    regions = reclaim_regions(ctx, &n);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_le(regions[i].nr_accesses, 2);
    free(regions);
    ck_assert_uint_eq(looks_of(ctx, 10), 10);
}

/* Shorter intervals take effect at once: a look that was due in a minute and a half comes within the new aggregation.
 */
TEST(test_much_shorter_intervals)
{
    struct damon_reclaim *ctx =
        start(DAMON_RECLAIM_BACKEND_ACCESSES_STAY, 0, "min_age=1d sample_interval=5s aggr_interval=100s");
    uint64_t before = s.nr_calls[OP_CHECK];

    reclaim_set(ctx, "sample_interval=5000 aggr_interval=100000");
    reclaim_commit(ctx);
    reclaim_run_until(ctx, s.now_ns + 1 * SEC);
    ck_assert_uint_ge(s.nr_calls[OP_CHECK] - before, 9);
}
