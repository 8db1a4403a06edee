/* SPDX-License-Identifier: MIT */
/* Schemes of the host program beside the reclaim scheme. */
#include <errno.h>

#include "scripted.h"

SCRIPTED_FIXTURE(s);

static struct damon_reclaim_scheme stat_scheme(void)
{
    return (struct damon_reclaim_scheme){.size = sizeof(struct damon_reclaim_scheme),
                                         .max_nr_accesses = UINT32_MAX,
                                         .action = DAMON_RECLAIM_ACTION_STAT};
}

/* A context whose reclaim scheme has nothing to do. */
static struct damon_reclaim *start(const struct damon_reclaim_scheme *scheme, uint32_t *id)
{
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    reclaim_set(ctx, "min_age=1d");
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, scheme, id), 0);
    reclaim_enable(ctx);
    return ctx;
}

/* STAT counts and touches nothing: no mark, no reclaim, and ages go on. */
TEST(test_stat)
{
    struct damon_reclaim_scheme scheme = stat_scheme();
    struct damon_reclaim_scheme_stats stats;
    struct damon_reclaim_region *regions;
    uint32_t id;
    struct damon_reclaim *ctx = start(&scheme, &id);
    size_t n;

    ck_assert_uint_eq(id, 1);
    reclaim_aggregate(ctx, 10);
    stats = reclaim_scheme_stats(ctx, id);
    ck_assert_uint_eq(stats.sz_tried, 10 * 64 * MIB);
    ck_assert_uint_eq(stats.sz_applied, stats.sz_tried);
    ck_assert_uint_eq(stats.nr_applied, stats.nr_tried);
    ck_assert_uint_eq(s.nr_acts, 0);
    ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaim_tried_regions, 0);
    regions = reclaim_regions(ctx, &n);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(regions[i].age, 10);
    free(regions);
}

/* Bytes by size, accesses and age: each bound holds, both included. */
TEST_CASES(test_pattern, 11)
{
    static const struct {
        uint32_t min_nr, max_nr;
        uint64_t min_age_us, max_age_us;
        uint64_t bytes;
    } cases[] = {
        {20, 20, 0, 0, 16 * MIB}, /* the hot part is seen in each sample */
        {1, UINT32_MAX, 0, 0, 16 * MIB},
        {0, 0, 0, 0, 48 * MIB},
        {0, UINT32_MAX, 0, 0, 64 * MIB},
        {21, UINT32_MAX, 0, 0, 0},
        {0, 0, 1000000, 0, 48 * MIB},
        {0, 0, 1000001, 0, 48 * MIB}, /* in aggregations: 10 */
        {0, 0, 1100000, 0, 0},
        {0, 0, 0, 1000000, 48 * MIB},
        {0, 0, 0, 999999, 0},
        {0, 0, 1000000, 1000000, 48 * MIB},
    };
    struct damon_reclaim_scheme scheme = stat_scheme();
    struct damon_reclaim *ctx;
    uint64_t before;
    uint32_t id;

    s.accessed = accessed_hot;
    s.hot_start = BASE;
    s.hot_end = BASE + 16 * MIB;
    s.ranges[0].end = BASE + 16 * MIB;
    s.ranges[1] = (struct damon_reclaim_range){BASE + 32 * MIB, BASE + 80 * MIB};
    s.nr_ranges = 2;
    scheme.min_nr_accesses = cases[_i].min_nr;
    scheme.max_nr_accesses = cases[_i].max_nr;
    scheme.min_age_us = cases[_i].min_age_us;
    scheme.max_age_us = cases[_i].max_age_us;
    ctx = start(&scheme, &id);
    reclaim_aggregate(ctx, 9);
    before = reclaim_scheme_stats(ctx, id).sz_tried;
    reclaim_aggregate(ctx, 1); /* the cold part is 10 aggregations old */
    ck_assert_uint_eq(reclaim_scheme_stats(ctx, id).sz_tried - before, cases[_i].bytes);
}

TEST_CASES(test_size_bounds, 2)
{
    static const struct {
        uint64_t min_sz, max_sz, tried;
    } cases[] = {{4 * PAGE, 0, 64 * PAGE}, {0, 4 * PAGE - 1, 0}};
    struct damon_reclaim_scheme scheme = stat_scheme();
    struct damon_reclaim *ctx;
    uint32_t id;

    s.ranges[0].end = BASE + 64 * PAGE;
    scheme.min_sz = cases[_i].min_sz;
    scheme.max_sz = cases[_i].max_sz;
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "min_age=1d min_nr_regions=16");
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, &id), 0);
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 1); /* pieces of four pages, the size limit */
    ck_assert_uint_eq(reclaim_scheme_stats(ctx, id).sz_tried, cases[_i].tried);
}

/* COLD goes to the backend as such; memory that is in use is acted on without being marked first. */
TEST_CASES(test_cold, 2)
{
    static const struct {
        uint32_t max_nr_accesses;
        bool marked;
    } cases[] = {{0, .marked = true}, {5, .marked = false}};
    struct damon_reclaim_scheme scheme = stat_scheme();
    struct damon_reclaim *ctx;
    uint32_t id;

    scheme.action = DAMON_RECLAIM_ACTION_COLD;
    scheme.max_nr_accesses = cases[_i].max_nr_accesses;
    ctx = start(&scheme, &id);
    reclaim_aggregate(ctx, 5);
    ck_assert_uint_gt(tried_bytes(&s, 0, s.nr_acts), 64 * MIB);
    for (size_t i = 0; i < s.nr_acts; i++) {
        if (!s.acts[i].reclaim)
            continue;
        ck_assert_int_eq(s.acts[i].request.action, DAMON_RECLAIM_ACTION_COLD);
        ck_assert_uint_eq(s.acts[i].request.scheme, id);
        ck_assert_int_eq(s.acts[i].request.marked, cases[_i].marked);
    }
    ck_assert_uint_eq(reclaim_scheme_stats(ctx, id).sz_tried, tried_bytes(&s, 0, s.nr_acts));
    ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaim_tried_regions, 0);
    ck_assert_uint_eq(reclaim_stats(ctx).bytes_accessed, 0);
}

/* apply_interval: between aggregations, or only in every so many. */
TEST_CASES(test_apply_interval, 7)
{
    static const struct {
        uint64_t us, times;
    } cases[] = {{0, 20}, {100000, 20}, {5000, 400}, {1, 400}, {50000, 40}, {200000, 10}, {1000000, 2}};
    struct damon_reclaim_scheme scheme = stat_scheme();
    struct damon_reclaim *ctx;
    uint32_t id;

    scheme.apply_interval_us = cases[_i].us;
    ctx = start(&scheme, &id);
    reclaim_aggregate(ctx, 20);
    ck_assert_uint_eq(reclaim_scheme_stats(ctx, id).sz_tried, cases[_i].times * 64 * MIB);
}

/* Between aggregations too, memory that was in use a moment ago is not idle. */
TEST(test_apply_between)
{
    struct damon_reclaim_scheme scheme = stat_scheme();
    struct damon_reclaim *ctx;
    uint64_t before;
    uint32_t id;

    s.accessed = accessed_hot;
    s.hot_end = UINT64_MAX;
    scheme.max_nr_accesses = 0;
    scheme.apply_interval_us = 5000;
    ctx = start(&scheme, &id);
    reclaim_aggregate(ctx, 2);
    s.hot_end = 0;
    before = reclaim_scheme_stats(ctx, id).sz_tried;
    for (int i = 0; i < 18; i++)
        reclaim_dispatch(ctx);
    ck_assert_uint_eq(reclaim_scheme_stats(ctx, id).sz_tried, before);
    reclaim_aggregate(ctx, 1);
    ck_assert_uint_eq(reclaim_scheme_stats(ctx, id).sz_tried, before + 64 * MIB);
}

TEST(test_add_remove)
{
    struct damon_reclaim_scheme scheme = stat_scheme();
    struct damon_reclaim_scheme_stats stats = {.size = sizeof(stats)};
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    uint32_t id;

    for (uint32_t i = 1; i <= 16; i++) {
        ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, &id), 0);
        ck_assert_uint_eq(id, i);
    }
    id = 77;
    expect_error(ctx, damon_reclaim_add_scheme(ctx, &scheme, &id), -ENOSPC, "16");
    ck_assert_uint_eq(id, 77);
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 2);
    for (uint32_t i = 1; i <= 16; i++)
        ck_assert_uint_eq(reclaim_scheme_stats(ctx, i).sz_tried, 128 * MIB);
    ck_assert_int_eq(damon_reclaim_remove_scheme(ctx, 7), 0);
    expect_error(ctx, damon_reclaim_remove_scheme(ctx, 7), -ENOENT, "scheme 7");
    expect_error(ctx, damon_reclaim_get_scheme_stats(ctx, 7, &stats), -ENOENT, "scheme 7");
    expect_error(ctx, damon_reclaim_set_filters(ctx, 7, NULL, 0), -ENOENT, "scheme 7");
    expect_error(ctx, damon_reclaim_remove_scheme(ctx, 17), -ENOENT, "scheme 17");
    expect_error(ctx, damon_reclaim_remove_scheme(ctx, UINT32_MAX), -ENOENT, "scheme");
    expect_error(ctx, damon_reclaim_remove_scheme(ctx, 0), -EPERM, "scheme 0");
    reclaim_aggregate(ctx, 1);
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, NULL), 0);
    reclaim_aggregate(ctx, 1); /* the new one begins at nothing */
    ck_assert_uint_eq(reclaim_scheme_stats(ctx, 7).sz_tried, 64 * MIB);
    ck_assert_int_eq(damon_reclaim_get_scheme_stats(ctx, 1, NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_get_scheme_stats(NULL, 1, &stats), -EINVAL);
    stats.size = 4;
    ck_assert_int_eq(damon_reclaim_get_scheme_stats(ctx, 1, &stats), -EINVAL);
}

/* The statistics of a caller that knows less or more of the struct. */
TEST(test_stats_sizes)
{
    struct {
        struct damon_reclaim_scheme_stats stats;
        uint64_t beyond;
    } large;
    struct damon_reclaim_scheme_stats small;
    struct damon_reclaim_scheme scheme = stat_scheme();
    uint32_t id;
    struct damon_reclaim *ctx = start(&scheme, &id);

    reclaim_aggregate(ctx, 1);
    memset(&large, 0x55, sizeof(large));
    large.stats.size = sizeof(large);
    ck_assert_int_eq(damon_reclaim_get_scheme_stats(ctx, id, &large.stats), 0);
    ck_assert_uint_eq(large.stats.size, sizeof(large));
    ck_assert_uint_eq(large.beyond, 0);
    ck_assert_uint_eq(large.stats.sz_tried, 64 * MIB);
    memset(&small, 0x55, sizeof(small));
    small.size = offsetof(struct damon_reclaim_scheme_stats, sz_tried);
    ck_assert_int_eq(damon_reclaim_get_scheme_stats(ctx, id, &small), 0);
    ck_assert_uint_eq(small.size, offsetof(struct damon_reclaim_scheme_stats, sz_tried));
    ck_assert_uint_eq(small.sz_tried, UINT64_C(0x5555555555555555));
}

static void expect_refused(struct damon_reclaim *ctx, const struct damon_reclaim_scheme *scheme, int error,
                           const char *culprit)
{
    uint32_t id = 99;

    expect_error(ctx, damon_reclaim_add_scheme(ctx, scheme, &id), error, culprit);
    ck_assert_uint_eq(id, 99);
}

TEST(test_bad)
{
    struct {
        struct damon_reclaim_scheme scheme;
        uint64_t beyond;
    } large = {.scheme = stat_scheme()};
    const struct damon_reclaim_scheme good = stat_scheme();
    struct damon_reclaim_goal goals[9] = {{.target = 5}};
    struct damon_reclaim_filter filter = {.type = DAMON_RECLAIM_FILTER_ANON};
    struct damon_reclaim_scheme bad;
    struct damon_reclaim *ctx = scripted_new(&s, 0);

#define REFUSED(error, culprit, ...)                                                                                   \
    do {                                                                                                               \
        bad = good;                                                                                                    \
        __VA_ARGS__;                                                                                                   \
        expect_refused(ctx, &bad, error, culprit);                                                                     \
    } while (0)
    REFUSED(-EINVAL, "action", bad.action = (uint32_t)3);
    REFUSED(-EINVAL, "action", bad.action = UINT32_MAX);
    REFUSED(-EINVAL, "min_sz", (bad.min_sz = 2, bad.max_sz = 1));
    REFUSED(-EINVAL, "min_nr_accesses", (bad.min_nr_accesses = 2, bad.max_nr_accesses = 1));
    REFUSED(-EINVAL, "min_age_us", (bad.min_age_us = 2, bad.max_age_us = 1));
    REFUSED(-EINVAL, "watermarks", bad.watermarks.low = 1);
    REFUSED(-EINVAL, "watermarks", (bad.watermarks.mid = 5, bad.watermarks.high = 4));
    REFUSED(-EINVAL, "watermarks", bad.watermarks.high = 1001);
    REFUSED(-EINVAL, "goals", bad.quota.nr_goals = 1);
    REFUSED(-EINVAL, "goals", (bad.quota.nr_goals = 9, bad.quota.goals = goals));
    REFUSED(-EINVAL, "goals[1].target", (bad.quota.nr_goals = 2, bad.quota.goals = goals));
    goals[0].metric = (uint32_t)2;
    REFUSED(-EINVAL, "goals[0].metric", (bad.quota.nr_goals = 1, bad.quota.goals = goals));
    REFUSED(-EINVAL, "tuner", bad.quota.tuner = (uint32_t)2);
    REFUSED(-EOPNOTSUPP, "anon", (bad.nr_filters = 1, bad.filters = &filter));
    REFUSED(-EINVAL, "filters", bad.nr_filters = 1);
    REFUSED(-EINVAL, "scheme", bad.size = 4);
    large.scheme.size = sizeof(large);
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &large.scheme, NULL), 0);
    large.beyond = 1;
    expect_refused(ctx, &large.scheme, -E2BIG, "scheme");
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, NULL, NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_add_scheme(NULL, &good, NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_remove_scheme(NULL, 1), -EINVAL);
}

/* Filters and goals are copied: the caller's may go. */
TEST(test_copied)
{
    struct damon_reclaim_filter *filter = calloc(1, sizeof(*filter));
    struct damon_reclaim_goal *goal = calloc(1, sizeof(*goal));
    struct damon_reclaim_scheme scheme = stat_scheme();
    struct damon_reclaim *ctx;
    uint32_t id;

    *filter = (struct damon_reclaim_filter){.matching = true, .start = BASE, .end = BASE + 60 * MIB};
    *goal = (struct damon_reclaim_goal){.target = 100};
    scheme.filters = filter;
    scheme.nr_filters = 1;
    scheme.quota.goals = goal;
    scheme.quota.nr_goals = 1;
    ctx = start(&scheme, &id);
    memset(filter, 0xff, sizeof(*filter));
    memset(goal, 0xff, sizeof(*goal));
    free(filter);
    free(goal);
    reclaim_aggregate(ctx, 1);
    ck_assert_uint_eq(reclaim_scheme_stats(ctx, id).sz_tried, 2 * PAGE);
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, id, NULL, 0), 0);
    reclaim_aggregate(ctx, 30);
    ck_assert_uint_gt(reclaim_scheme_stats(ctx, id).sz_tried, 2 * PAGE);
}

/* Two schemes share the regions: what one has reclaimed is young for the other. */
TEST(test_two)
{
    struct damon_reclaim_scheme scheme = stat_scheme();
    struct damon_reclaim *ctx;
    uint32_t id;

    scheme.action = DAMON_RECLAIM_ACTION_PAGEOUT;
    scheme.max_nr_accesses = 0;
    scheme.min_age_us = 500000;
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "min_age=500ms quota_ms=0");
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, &id), 0);
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 5);
    ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaim_tried_regions, 64 * MIB);
    ck_assert_uint_eq(reclaim_scheme_stats(ctx, id).sz_tried, 0);
}

/* A scheme that is changed in place goes on: another quota does not hand the window out anew. */
TEST(test_set_scheme)
{
    struct damon_reclaim_scheme scheme = stat_scheme();
    struct damon_reclaim_goal goal = {.metric = DAMON_RECLAIM_GOAL_USER_INPUT};
    struct damon_reclaim_filter filter = {.type = DAMON_RECLAIM_FILTER_ADDR, .end = PAGE};
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    uint32_t id;

    scheme.quota = (struct damon_reclaim_quota){.sz = MIB, .reset_interval_ms = 1000000};
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, &id), 0);
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 5);
    for (uint64_t i = 1; i <= 4; i++) {
        ck_assert_uint_eq(reclaim_scheme_stats(ctx, id).sz_tried, i * MIB);
        ck_assert_int_eq(damon_reclaim_set_scheme(ctx, id, &scheme), 0);
        reclaim_aggregate(ctx, 5);
        ck_assert_uint_eq(reclaim_scheme_stats(ctx, id).sz_tried, i * MIB);
        scheme.quota.sz += MIB;
        ck_assert_int_eq(damon_reclaim_set_scheme(ctx, id, &scheme), 0);
        reclaim_aggregate(ctx, 5);
    }
    scheme.quota.sz = MIB; /* more was charged already */
    ck_assert_int_eq(damon_reclaim_set_scheme(ctx, id, &scheme), 0);
    reclaim_aggregate(ctx, 5);
    ck_assert_uint_eq(reclaim_scheme_stats(ctx, id).sz_tried, 5 * MIB);
    /* What is refused changes nothing. */
    scheme.quota.ms = UINT64_MAX;
    expect_error(ctx, damon_reclaim_set_scheme(ctx, id, &scheme), -ERANGE, "quota.ms");
    scheme.quota = (struct damon_reclaim_quota){.goals = &goal, .nr_goals = 1};
    expect_error(ctx, damon_reclaim_set_scheme(ctx, id, &scheme), -EINVAL, "quota.goals[0].target");
    expect_error(ctx, damon_reclaim_set_scheme(ctx, id, NULL), -EINVAL, "scheme: NULL");
    scheme.quota = (struct damon_reclaim_quota){0};
    scheme.filters = &filter;
    scheme.nr_filters = 1;
    filter.type = DAMON_RECLAIM_FILTER_ANON;
    expect_error(ctx, damon_reclaim_set_scheme(ctx, id, &scheme), -EOPNOTSUPP, "filters[0].type");
    expect_error(ctx, damon_reclaim_set_scheme(ctx, 0, &scheme), -EPERM, "quota_ms");
    expect_error(ctx, damon_reclaim_set_scheme(ctx, 9, &scheme), -ENOENT, "scheme 9");
    ck_assert_int_eq(damon_reclaim_set_scheme(NULL, id, &scheme), -EINVAL);
    reclaim_aggregate(ctx, 5);
    ck_assert_uint_eq(reclaim_scheme_stats(ctx, id).sz_tried, 5 * MIB);
    /* All members are replaced: no limit, and nothing left to act on. */
    filter = (struct damon_reclaim_filter){.type = DAMON_RECLAIM_FILTER_ADDR, .end = UINT64_MAX, .matching = true};
    ck_assert_int_eq(damon_reclaim_set_scheme(ctx, id, &scheme), 0);
    reclaim_aggregate(ctx, 5);
    ck_assert_uint_eq(reclaim_scheme_stats(ctx, id).sz_tried, 5 * MIB);
    scheme.nr_filters = 0;
    ck_assert_int_eq(damon_reclaim_set_scheme(ctx, id, &scheme), 0);
    reclaim_aggregate(ctx, 1);
    ck_assert_uint_gt(reclaim_scheme_stats(ctx, id).sz_tried, 60 * MIB);
}
